use super::*;

fn at(x: f64) -> WorldMm {
    WorldMm { x, y: 0.0, z: 0.0 }
}

fn sphere(x: f64, diameter_mm: f64) -> Sphere {
    Sphere { center_mm: at(x), diameter_mm }
}

fn found(x: f64, probability: f64) -> Found {
    Found { point_mm: at(x), probability }
}

/// Two scans, worked by hand.
///
/// Scan A: nodules at x = 0 (10 mm) and x = 100 (6 mm), an excluded one at x = 200 (unknown
/// size, so 10 mm).
/// - 0.9 at x = 1: hits the first.
/// - 0.5 at x = 4.9: on the first again, ignored.
/// - 0.8 at x = 5.0: exactly on the radius, so outside: a false positive.
/// - 0.7 at x = 204: on the excluded one, ignored.
/// - 0.4 at x = 102: hits the second.
///
/// Scan B: a nodule at x = 0 (4 mm) that nothing hits.
/// - 0.6 at x = 50 and 0.3 at x = 60: false positives.
///
/// So 3 nodules in 2 scans; by falling probability hit .9, false .8, false .6, hit .4,
/// false .3: (false positives a scan, sensitivity) = (0, 1/3) (1/2, 1/3) (1, 1/3) (1, 2/3)
/// (3/2, 2/3).
fn two_scans() -> Vec<Scan> {
    let a = Scan {
        findings: vec![
            found(1.0, 0.9),
            found(4.9, 0.5),
            found(5.0, 0.8),
            found(204.0, 0.7),
            found(102.0, 0.4),
        ],
        nodules: vec![sphere(0.0, 10.0), sphere(100.0, 6.0)],
        excluded: vec![sphere(200.0, -1.0)],
        patient: None,
    };
    let b = Scan {
        findings: vec![found(50.0, 0.6), found(60.0, 0.3)],
        nodules: vec![sphere(0.0, 4.0)],
        excluded: vec![],
        patient: None,
    };
    vec![a, b]
}

#[test]
fn the_hand_worked_case() {
    let froc = froc(&two_scans(), 200, 1);
    assert_eq!((froc.scans, froc.nodules, froc.found), (2, 3, 2));
    assert_eq!((froc.findings, froc.false_positives, froc.ignored), (7, 3, 2));
    let points: Vec<_> =
        froc.curve.iter().map(|p| (p.false_positives_per_scan, p.sensitivity * 3.0)).collect();
    assert_eq!(points, [(0.0, 1.0), (0.5, 1.0), (1.0, 1.0), (1.0, 2.0), (1.5, 2.0)]);
    let read: Vec<f64> = froc.sensitivities.iter().map(|at| at.sensitivity * 3.0).collect();
    // At 1 the curve jumps: the upper end counts.
    assert_eq!(read, [1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0]);
    // (3 * 1/3 + 4 * 2/3) / 7 = 11/21.
    assert!((froc.cpm - 11.0 / 21.0).abs() < 1e-12);
    let [low, high] = froc.cpm_ci95.unwrap();
    assert!(low <= froc.cpm && froc.cpm <= high);
}

#[test]
fn between_two_points_the_curve_is_straight() {
    // Hit .9; then a false positive and a hit tied at .5: from (0, 1/2) straight to (1, 1).
    let scan = Scan {
        findings: vec![found(0.0, 0.9), found(50.0, 0.5), found(100.0, 0.5)],
        nodules: vec![sphere(0.0, 10.0), sphere(100.0, 10.0)],
        excluded: vec![],
        patient: None,
    };
    let froc = froc(&[scan], 0, 1);
    let read: Vec<f64> = froc.sensitivities.iter().map(|at| at.sensitivity).collect();
    assert_eq!(read, [0.5625, 0.625, 0.75, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(froc.cpm_ci95, None);
}

#[test]
fn nothing_found_is_a_sensitivity_of_nothing() {
    let froc = froc(&[Scan { nodules: vec![sphere(0.0, 5.0)], ..Scan::default() }], 10, 1);
    assert_eq!((froc.cpm, froc.curve.len()), (0.0, 0));
    assert_eq!(super::froc(&[], 10, 1).cpm, 0.0);
}

/// 99 false positives, a hit, and of two more that are tied with the 101st the hit would be one.
#[test]
fn a_scan_has_a_hundred_marks_and_no_order_among_equals() {
    let nodules = vec![sphere(0.0, 10.0), sphere(1000.0, 10.0)];
    let mut findings: Vec<Found> =
        (0..99).map(|i| found(20.0 + f64::from(i), 0.9 - f64::from(i) / 1000.0)).collect();
    findings.push(found(0.0, 0.5));
    let whole = |findings: &[Found]| {
        froc(
            &[Scan { findings: findings.to_vec(), nodules: nodules.clone(), ..Scan::default() }],
            0,
            1,
        )
    };
    let full = whole(&findings);
    assert_eq!((full.found, full.false_positives, full.beyond_marks), (1, 99, 0));
    // The 101st: it counts no more, whatever it hits.
    findings.push(found(1000.0, 0.4));
    let over = whole(&findings);
    assert_eq!((over.found, over.false_positives, over.beyond_marks), (1, 99, 1));
    // Tied with the 100th: neither counts.
    findings[100].probability = 0.5;
    let tied = whole(&findings);
    assert_eq!((tied.found, tied.false_positives, tied.beyond_marks), (0, 99, 2));
    assert_eq!(tied.findings, 101);
}

#[test]
fn patients_are_drawn_where_every_scan_has_one() {
    let scan = |patient: Option<&str>, hit: bool| Scan {
        findings: if hit { vec![found(0.0, 0.9)] } else { vec![] },
        nodules: vec![sphere(0.0, 10.0)],
        patient: patient.map(str::to_owned),
        ..Scan::default()
    };
    // Nine scans of one patient are found and one of another is not: drawing patients, a quarter
    // of the drawings hold the other alone; drawing scans, hardly one does.
    let of = |known: bool| -> Froc {
        let scans: Vec<Scan> =
            (0..10).map(|i| scan(known.then_some(["a", "b"][i / 9]), i < 9)).collect();
        froc(&scans, 500, 1)
    };
    assert_eq!(
        (of(true).bootstrap_units.as_str(), of(true).cpm_ci95),
        ("patients", Some([0.0, 1.0]))
    );
    let by_scan = of(false);
    assert_eq!(by_scan.bootstrap_units, "scans");
    assert!(by_scan.cpm_ci95.unwrap()[0] > 0.5, "{:?}", by_scan.cpm_ci95);
}
