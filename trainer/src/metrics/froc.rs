//! Free-response ROC and the competition performance metric (CPM) by LUNA16's rule (Setio et al.
//! 2017): how many nodules of whole scans are found at how many false positives a scan.
//!
//! - A finding hits a nodule where it lies nearer to its centre than half its diameter.
//! - Several findings on one nodule count once, with the highest probability; the others are
//!   neither hits nor false positives.
//! - Findings on excluded annotations are ignored.
//! - Between the measured points the curve is a straight line, after the last one level.
//! - CPM is the mean sensitivity at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false positives a scan.

use super::bootstrap::{Interval, draws, percentiles};
use nodulens_imaging::geometry::WorldMm;
use serde::{Deserialize, Serialize};

/// False positives a scan at which the sensitivity is read.
pub const RATES: [f64; 7] = [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0];
/// Diameter of an excluded annotation without one (LUNA16 writes -1), as LUNA16's own script.
const UNKNOWN_DIAMETER_MM: f64 = 10.0;

/// A sphere: a nodule, or an annotation that is excluded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sphere {
    /// Centre.
    pub center_mm: WorldMm,
    /// Diameter; below 0 where it is not known.
    pub diameter_mm: f64,
}

impl Sphere {
    fn holds(&self, point: WorldMm) -> bool {
        let diameter = if self.diameter_mm < 0.0 { UNKNOWN_DIAMETER_MM } else { self.diameter_mm };
        let (center, squared) = (self.center_mm, |mm: f64| mm * mm);
        let distance =
            squared(center.x - point.x) + squared(center.y - point.y) + squared(center.z - point.z);
        distance < (diameter / 2.0) * (diameter / 2.0)
    }
}

/// A finding in a scan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// Where.
    pub point_mm: WorldMm,
    /// Probability of a nodule.
    pub probability: f64,
}

/// One scan: what was found, and what is there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scan {
    /// What was found.
    pub findings: Vec<Found>,
    /// What is there.
    pub nodules: Vec<Sphere>,
    /// What counts neither way.
    pub excluded: Vec<Sphere>,
}

/// A point of the curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrocPoint {
    /// Mean number of false positives a scan.
    pub false_positives_per_scan: f64,
    /// Share of nodules found.
    pub sensitivity: f64,
    /// Smallest probability that counts as a finding here.
    pub threshold: f64,
}

/// Sensitivity at one rate of false positives.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrocRate {
    /// False positives a scan.
    pub false_positives_per_scan: f64,
    /// Share of nodules found.
    pub sensitivity: f64,
    /// 95 % interval by bootstrap over scans.
    pub sensitivity_ci95: Option<Interval>,
}

/// The result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Froc {
    /// Scans.
    pub scans: usize,
    /// Nodules in them.
    pub nodules: usize,
    /// Nodules with at least one finding.
    pub found: usize,
    /// Findings in all.
    pub findings: usize,
    /// Findings that hit nothing.
    pub false_positives: usize,
    /// Findings beyond the best one on a nodule, and those on excluded annotations.
    pub ignored: usize,
    /// The curve, threshold falling.
    pub curve: Vec<FrocPoint>,
    /// At 1/8 to 8 false positives a scan.
    pub sensitivities: Vec<FrocRate>,
    /// Mean of those sensitivities.
    pub cpm: f64,
    /// 95 % interval by bootstrap over scans.
    pub cpm_ci95: Option<Interval>,
    /// Drawings behind the intervals.
    pub bootstrap_resamples: usize,
    /// Their seed.
    pub seed: u64,
}

/// A nodule found or a false positive, in its scan.
struct Event {
    probability: f64,
    scan: usize,
    hit: bool,
}

/// Return the events of a scan by the rule above.
fn events(number: usize, scan: &Scan) -> impl Iterator<Item = Event> {
    let hits = scan.nodules.iter().filter_map(|nodule| {
        let on = scan.findings.iter().filter(|found| nodule.holds(found.point_mm));
        on.map(|found| found.probability).max_by(f64::total_cmp)
    });
    let false_positives = scan.findings.iter().filter(|found| {
        !scan.nodules.iter().chain(&scan.excluded).any(|sphere| sphere.holds(found.point_mm))
    });
    let event = move |hit| move |probability| Event { probability, scan: number, hit };
    hits.map(event(true)).chain(false_positives.map(|found| found.probability).map(event(false)))
}

/// Return the curve where scan `i` counts `weights[i]` times; `events` by falling probability.
fn curve(events: &[Event], nodules: &[usize], weights: &[u32]) -> Vec<FrocPoint> {
    let scans: u32 = weights.iter().sum();
    let all: f64 = nodules.iter().zip(weights).map(|(n, w)| *n as f64 * f64::from(*w)).sum();
    let (mut hits, mut misses) = (0.0, 0.0);
    let mut points = Vec::new();
    for (i, event) in events.iter().enumerate() {
        let weight = f64::from(weights[event.scan]);
        if event.hit {
            hits += weight
        } else {
            misses += weight
        }
        if events.get(i + 1).is_none_or(|next| next.probability != event.probability) {
            points.push(FrocPoint {
                false_positives_per_scan: misses / f64::from(scans),
                sensitivity: if all > 0.0 { hits / all } else { 0.0 },
                threshold: event.probability,
            });
        }
    }
    points
}

/// Return the sensitivity at a rate: the highest reached with at most so many false positives, and
/// from there on the straight line to the next point.
fn sensitivity_at(points: &[FrocPoint], rate: f64) -> f64 {
    let reached = points.partition_point(|point| point.false_positives_per_scan <= rate);
    let (x0, y0) = reached.checked_sub(1).map_or((0.0, 0.0), |last| {
        (points[last].false_positives_per_scan, points[last].sensitivity)
    });
    points.get(reached).map_or(y0, |next| {
        let along = (rate - x0) / (next.false_positives_per_scan - x0);
        y0 + along * (next.sensitivity - y0)
    })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Measure whole scans; scans without findings or nodules count too.
pub fn froc(scans: &[Scan], resamples: usize, seed: u64) -> Froc {
    let mut found: Vec<Event> =
        scans.iter().enumerate().flat_map(|(i, scan)| events(i, scan)).collect();
    found.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    let nodules: Vec<usize> = scans.iter().map(|scan| scan.nodules.len()).collect();
    let read = |points: &[FrocPoint]| RATES.map(|rate| sensitivity_at(points, rate));
    let whole = curve(&found, &nodules, &vec![1; scans.len()]);
    let sensitivities = read(&whole);
    let resampled: Vec<[f64; 7]> =
        draws(scans.len(), if scans.is_empty() { 0 } else { resamples }, seed)
            // A drawing without nodules has no sensitivity.
            .filter(|weights| weights.iter().zip(&nodules).any(|(w, n)| *w > 0 && *n > 0))
            .map(|weights| read(&curve(&found, &nodules, &weights)))
            .collect();
    let (hits, misses): (Vec<&Event>, Vec<&Event>) = found.iter().partition(|event| event.hit);
    let findings: usize = scans.iter().map(|scan| scan.findings.len()).sum();
    Froc {
        scans: scans.len(),
        nodules: nodules.iter().sum(),
        found: hits.len(),
        findings,
        false_positives: misses.len(),
        // A finding may lie on two nodules at once and so give two hits.
        ignored: findings.saturating_sub(hits.len() + misses.len()),
        cpm: mean(&sensitivities),
        cpm_ci95: percentiles(resampled.iter().map(|drawn| mean(drawn)).collect()),
        sensitivities: (0..RATES.len())
            .map(|i| FrocRate {
                false_positives_per_scan: RATES[i],
                sensitivity: sensitivities[i],
                sensitivity_ci95: percentiles(resampled.iter().map(|drawn| drawn[i]).collect()),
            })
            .collect(),
        curve: whole,
        bootstrap_resamples: resamples,
        seed,
    }
}

#[cfg(test)]
mod tests {
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
        };
        let b = Scan {
            findings: vec![found(50.0, 0.6), found(60.0, 0.3)],
            nodules: vec![sphere(0.0, 4.0)],
            excluded: vec![],
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
}
