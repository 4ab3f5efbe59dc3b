//! Free-response ROC and the competition performance metric (CPM) by LUNA16's rule (Setio et al.
//! 2017): how many nodules of whole scans are found at how many false positives a scan.
//!
//! - Of a scan the 100 most probable findings count. Where the 101st is as probable as some of
//!   them, those are left out too, as LUNA16's script does: no order is made up among equals.
//! - A finding hits a nodule where it lies nearer to its centre than half its diameter.
//! - Several findings on one nodule count once, with the highest probability; the others are
//!   neither hits nor false positives.
//! - Findings on excluded annotations are ignored.
//! - Every scan that was searched counts, whether or not anything was found in it.
//! - Between the measured points the curve is a straight line, after the last one level.
//! - CPM is the mean sensitivity at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false positives a scan.
//!
//! `tests/reference/froc.py` is an independent implementation. Intervals are percentiles over
//! drawings of whole patients where they are known and of scans elsewhere; LUNA16's script draws
//! scans, 1,000 times.

use super::bootstrap::{Interval, draws, number, percentiles};
use nodulens_imaging::geometry::WorldMm;
use serde::{Deserialize, Serialize};

/// False positives a scan at which the sensitivity is read.
pub const RATES: [f64; 7] = [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0];
/// Findings of a scan that count at most.
pub const MARKS: usize = 100;
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
    /// Whose scan it is, where that is known.
    pub patient: Option<String>,
}

impl Scan {
    /// Return the findings that count: the [`MARKS`] most probable, without those that are tied
    /// with the first one left out.
    fn marks(&self) -> Vec<Found> {
        let mut falling: Vec<f64> = self.findings.iter().map(|found| found.probability).collect();
        falling.sort_by(|a, b| b.total_cmp(a));
        let counts = |found: &&Found| falling.get(MARKS).is_none_or(|p| found.probability > *p);
        self.findings.iter().filter(counts).copied().collect()
    }
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
    /// 95 % interval by bootstrap over [`Froc::bootstrap_units`].
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
    /// Of them, those beyond the [`MARKS`] most probable of their scan.
    pub beyond_marks: usize,
    /// Findings that hit nothing.
    pub false_positives: usize,
    /// Of those that count: beyond the best one on a nodule, or on excluded annotations.
    pub ignored: usize,
    /// The curve, threshold falling.
    pub curve: Vec<FrocPoint>,
    /// At 1/8 to 8 false positives a scan.
    pub sensitivities: Vec<FrocRate>,
    /// Mean of those sensitivities.
    pub cpm: f64,
    /// 95 % interval by bootstrap over [`Froc::bootstrap_units`].
    pub cpm_ci95: Option<Interval>,
    /// Drawings behind the intervals.
    pub bootstrap_resamples: usize,
    /// What is drawn: `patients` where each scan's patient is known, otherwise `scans`.
    pub bootstrap_units: String,
    /// Their seed.
    pub seed: u64,
}

/// A nodule found or a false positive, in its scan.
struct Event {
    probability: f64,
    scan: usize,
    hit: bool,
}

/// Return the events of a scan by the rule above; `marks` are the findings that count.
fn events<'a>(
    number: usize,
    scan: &'a Scan,
    marks: &'a [Found],
) -> impl Iterator<Item = Event> + 'a {
    let hits = scan.nodules.iter().filter_map(|nodule| {
        let on = marks.iter().filter(|found| nodule.holds(found.point_mm));
        on.map(|found| found.probability).max_by(f64::total_cmp)
    });
    let false_positives = marks.iter().filter(|found| {
        !scan.nodules.iter().chain(&scan.excluded).any(|sphere| sphere.holds(found.point_mm))
    });
    let event = move |hit| move |probability| Event { probability, scan: number, hit };
    hits.map(event(true)).chain(false_positives.map(|found| found.probability).map(event(false)))
}

/// Number what the bootstrap draws: the unit of each scan, how many there are, and their name.
fn units(scans: &[Scan]) -> (Vec<usize>, usize, &'static str) {
    match scans.iter().map(|scan| scan.patient.as_deref()).collect::<Option<Vec<&str>>>() {
        Some(patients) if !patients.is_empty() => {
            let (unit, count) = number(&patients);
            (unit, count, "patients")
        }
        _ => ((0..scans.len()).collect(), scans.len(), "scans"),
    }
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
    let marks: Vec<Vec<Found>> = scans.iter().map(Scan::marks).collect();
    let mut found: Vec<Event> = (scans.iter().zip(&marks).enumerate())
        .flat_map(|(i, (scan, marks))| events(i, scan, marks))
        .collect();
    found.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    let nodules: Vec<usize> = scans.iter().map(|scan| scan.nodules.len()).collect();
    let read = |points: &[FrocPoint]| RATES.map(|rate| sensitivity_at(points, rate));
    let whole = curve(&found, &nodules, &vec![1; scans.len()]);
    let sensitivities = read(&whole);
    let (unit, count, drawn) = units(scans);
    let resampled: Vec<[f64; 7]> = draws(count, if scans.is_empty() { 0 } else { resamples }, seed)
        .map(|weights| unit.iter().map(|unit| weights[*unit]).collect::<Vec<u32>>())
        // A drawing without nodules has no sensitivity.
        .filter(|weights| weights.iter().zip(&nodules).any(|(w, n)| *w > 0 && *n > 0))
        .map(|weights| read(&curve(&found, &nodules, &weights)))
        .collect();
    let (hits, misses): (Vec<&Event>, Vec<&Event>) = found.iter().partition(|event| event.hit);
    let findings: usize = scans.iter().map(|scan| scan.findings.len()).sum();
    let counted: usize = marks.iter().map(Vec::len).sum();
    Froc {
        scans: scans.len(),
        nodules: nodules.iter().sum(),
        found: hits.len(),
        findings,
        beyond_marks: findings - counted,
        false_positives: misses.len(),
        // A finding may lie on two nodules at once and so give two hits.
        ignored: counted.saturating_sub(hits.len() + misses.len()),
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
        bootstrap_units: drawn.to_owned(),
        seed,
    }
}

#[cfg(test)]
mod tests;
