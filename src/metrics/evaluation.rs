//! Everything that is said of a labelled set.

use super::bootstrap::{Intervals, intervals};
use super::counts::wilson;
use super::curves::{PrPoint, RocPoint, compact_roc, pr_curve, roc_curve, thin};
use super::operating::Value;
use super::reliability::{brier, calibration_error, reliability_bins};
use super::{Labelled, average_precision, confusion, operating, rates, roc_auc};
use crate::constants::PAPER_SPECIFICITY;
use crate::weights::Confusion;
use serde::Serialize;

/// Points of a curve that are kept.
const CURVE_POINTS: usize = 500;
/// The corners of a ROC are sought among so many points: the search is quadratic.
const DRAWN_FROM: usize = 5000;
/// Fewer units say nothing by being drawn anew.
const LEAST_UNITS: usize = 10;

/// A share of counts, maybe with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// In [0, 1]; `None` where there is nothing to count.
    pub value: Option<f64>,
    /// 95 %; `None` where there is none.
    pub ci95: Option<[f64; 2]>,
    /// The part.
    pub hits: usize,
    /// The whole.
    pub n: usize,
}

/// Figures of a labelled set at a threshold.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evaluation {
    /// Patches.
    pub n: usize,
    /// Nodules among them.
    pub positives: usize,
    /// Patients (or what else was drawn whole); `n` where nothing is known of them.
    pub units: usize,
    /// Smallest probability called a nodule.
    pub threshold: f64,
    /// Counts at it.
    pub confusion: Confusion,
    /// Area under the ROC curve.
    pub roc_auc: Value,
    /// Average precision.
    pub average_precision: Value,
    /// Share decided rightly.
    pub accuracy: Estimate,
    /// Share of nodules found.
    pub recall: Estimate,
    /// Share of the others that are not called one.
    pub specificity: Estimate,
    /// Share of nodules among what is called one.
    pub precision: Estimate,
    /// Harmonic mean of precision and recall.
    pub f1: Value,
    /// Brier score.
    pub brier: Value,
    /// Expected calibration error, 15 bins of equal width.
    pub ece: Value,
    /// Corners of the ROC curve.
    pub roc: Vec<RocPoint>,
    /// The precision-recall curve.
    pub pr: Vec<PrPoint>,
    /// Bins with patches in them: mean probability, and the share of nodules.
    pub bins: Vec<(f64, operating::Proportion)>,
}

/// Measure a labelled set. `unit[i]` is the number of the patient of `labelled[i]`, counted from 0
/// ([`super::bootstrap::number`]); where every patch is a unit of its own, shares have Wilson's
/// interval, and otherwise all but 0 and 1 have the one over resampled units. There is no interval of
/// fewer than 10 units, nor where all resamples are equal, nor without resamples, but for Wilson's of
/// units that are patches. `None` where `unit` is not as long as `labelled`.
#[must_use]
pub fn evaluate(
    labelled: &[Labelled],
    unit: &[usize],
    threshold: f64,
    bootstrap: (usize, u64),
) -> Option<Evaluation> {
    if unit.len() != labelled.len() {
        return None;
    }
    let units = unit.iter().max().map_or(0, |last| last + 1);
    let alone = units == labelled.len();
    let found = intervals(labelled, unit, threshold, PAPER_SPECIFICITY, bootstrap);
    let counts = confusion(labelled, threshold);
    let Confusion { tp, fn_, fp, tn } = counts;
    let enough = units >= LEAST_UNITS;
    let usable = |drawn: Option<[f64; 2]>| drawn.filter(|[low, high]| enough && low < high);
    let share = |hits: usize, n: usize, drawn: Option<[f64; 2]>| {
        // Drawings of what has no error have none.
        let counted = alone || (enough && bootstrap.0 > 0 && (hits == 0 || hits == n));
        let ci95 = if counted { Some(wilson(hits, n)) } else { usable(drawn) };
        Estimate { value: (n > 0).then(|| hits as f64 / n as f64), ci95, hits, n }
    };
    let Intervals { accuracy, recall, specificity, precision, .. } = found;
    let some = !labelled.is_empty();
    Some(Evaluation {
        n: labelled.len(),
        positives: tp + fn_,
        units,
        threshold,
        confusion: counts,
        roc_auc: Value { value: roc_auc(labelled), ci95: usable(found.roc_auc) },
        average_precision: Value {
            value: average_precision(labelled),
            ci95: usable(found.average_precision),
        },
        accuracy: share(tp + tn, labelled.len(), accuracy),
        recall: share(tp, tp + fn_, recall),
        specificity: share(tn, tn + fp, specificity),
        precision: share(tp, tp + fp, precision),
        f1: Value { value: some.then(|| rates(counts).f1), ci95: usable(found.f1) },
        brier: Value { value: brier(labelled), ci95: usable(found.brier) },
        ece: Value { value: calibration_error(labelled), ci95: usable(found.ece) },
        roc: compact_roc(&thin(&roc_curve(labelled), DRAWN_FROM), CURVE_POINTS),
        pr: thin(&pr_curve(labelled), CURVE_POINTS),
        bins: reliability_bins(labelled)
            .iter()
            .filter(|bin| bin.n > 0)
            .map(|bin| (bin.mean_probability, operating::Proportion::wilson(bin.positives, bin.n)))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::labelled::labelled;

    #[test]
    fn it_says_what_the_parts_say() {
        let once = [(0.9, 1), (0.8, 0), (0.7, 1), (0.7, 0), (0.2, 0), (0.1, 1)];
        let set = labelled(&once.repeat(4));
        let alone: Vec<usize> = (0..24).collect();
        let found = evaluate(&set, &alone, 0.7, (200, 1)).unwrap();
        assert_eq!(found.confusion, Confusion { tp: 8, fn_: 4, fp: 8, tn: 4 });
        assert_eq!((found.n, found.positives, found.units), (24, 12, 24));
        assert_eq!(found.recall.ci95, Some(wilson(8, 12)));
        assert_eq!(found.roc_auc.value, roc_auc(&set));
        assert!(found.roc_auc.ci95.is_some());
        assert_eq!(found.bins.iter().map(|(_, share)| share.n).sum::<usize>(), 24);
        // Patches of a patient are drawn together, and the shares' intervals follow.
        let two: Vec<usize> = alone.iter().map(|i| i / 2).collect();
        let pairs = evaluate(&set, &two, 0.7, (200, 1)).unwrap();
        assert_eq!((pairs.units, pairs.recall.value), (12, found.recall.value));
        assert!(pairs.recall.ci95.is_some() && pairs.recall.ci95 != found.recall.ci95);
        assert!(evaluate(&set, &two, 0.7, (0, 1)).unwrap().recall.ci95.is_none());
        // One class has no area, and nothing has no figure at all.
        let one = evaluate(&labelled(&[(0.5, 1)]), &[0], 0.5, (50, 1)).unwrap();
        assert!(one.roc_auc.value.is_none() && one.specificity.value.is_none());
        assert!(evaluate(&[], &[], 0.5, (50, 1)).unwrap().f1.value.is_none());
        assert!(evaluate(&set, &[0], 0.5, (50, 1)).is_none());
    }

    #[test]
    fn drawings_that_say_nothing_give_no_interval() {
        let mixed = labelled(&[(0.9, 1), (0.8, 0), (0.7, 1), (0.2, 0)].repeat(5));
        // One patient, and nine: drawn anew they are the same, or nearly.
        for units in [1, 9] {
            let unit: Vec<usize> = (0..20).map(|i| i % units).collect();
            let found = evaluate(&mixed, &unit, 0.75, (200, 1)).unwrap();
            assert_eq!((found.recall.value, found.recall.ci95), (Some(0.5), None));
            assert!(found.specificity.ci95.is_none() && found.roc_auc.ci95.is_none());
        }
        // Separated classes: every drawing has an area of 1.
        let apart = labelled(&[(0.9, 1), (0.2, 0)].repeat(7));
        let alone: Vec<usize> = (0..14).collect();
        let found = evaluate(&apart, &alone, 0.5, (200, 1)).unwrap();
        assert_eq!((found.roc_auc.value, found.roc_auc.ci95), (Some(1.0), None));
        assert_eq!(found.recall.ci95, Some(wilson(7, 7)));
    }
}
