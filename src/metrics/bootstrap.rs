//! Intervals and bands by drawing whole patients (or scans) with replacement, for patches of one
//! patient are alike: drawing patches would give intervals that are too narrow.
//!
//! Patches are sorted once. A resample is only a weight for each unit, so all its figures come
//! from one walk over the sorted patches: 2,000 resamples of 6,500 patches take a second.

use super::labelled::Labelled;
use super::reliability::{BINS, bin_of};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Drawings behind the confidence intervals.
pub const RESAMPLES: usize = 2000;
/// Seed of those drawings: one for all, so that one model has one interval on one set.
pub const SEED: u64 = 1;

/// A 95 % interval: percentiles 2.5 and 97.5 over the resamples.
pub type Interval = [f64; 2];

/// Numbers names by first appearance: `(number of each, how many there are)`.
pub fn number(names: &[&str]) -> (Vec<usize>, usize) {
    let mut seen = HashMap::new();
    let numbers = names
        .iter()
        .map(|name| {
            let next = seen.len();
            *seen.entry(*name).or_insert(next)
        })
        .collect();
    (numbers, seen.len())
}

/// Return how often each of `units` is drawn, one vector a resample.
pub fn draws(units: usize, resamples: usize, seed: u64) -> impl Iterator<Item = Vec<u32>> {
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    (0..resamples).map(move |_| {
        let mut weights = vec![0; units];
        for _ in 0..units {
            weights[rng.random_range(0..units)] += 1;
        }
        weights
    })
}

/// Percentiles 2.5 and 97.5; `None` of nothing.
pub fn percentiles(mut values: Vec<f64>) -> Option<Interval> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let at = |share: f64| values[(share * last as f64).round() as usize];
    Some([at(0.025), at(0.975)])
}

/// Patches by falling probability, ready for many weightings.
struct Ranked {
    unit: Vec<usize>,
    nodule: Vec<bool>,
    probability: Vec<f64>,
    /// How many of them reach the threshold.
    called: usize,
    specificity: f64,
}

/// Figures of one resample; `None` where a class is absent or a denominator is 0.
#[derive(Clone, Debug, Default)]
struct Drawn {
    roc_auc: Option<f64>,
    average_precision: Option<f64>,
    recall_at_specificity: Option<f64>,
    accuracy: Option<f64>,
    precision: Option<f64>,
    recall: Option<f64>,
    specificity: Option<f64>,
    f1: Option<f64>,
    ece: Option<f64>,
    brier: Option<f64>,
    tpr: Vec<f64>,
    pr: Vec<f64>,
}

fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

impl Ranked {
    fn new(labelled: &[Labelled], unit: &[usize], threshold: f64, specificity: f64) -> Self {
        let mut order: Vec<usize> = (0..labelled.len()).collect();
        order.sort_by(|a, b| labelled[*b].probability.total_cmp(&labelled[*a].probability));
        Self {
            unit: order.iter().map(|i| unit[*i]).collect(),
            nodule: order.iter().map(|i| labelled[*i].nodule).collect(),
            probability: order.iter().map(|i| labelled[*i].probability).collect(),
            called: labelled.iter().filter(|one| one.probability >= threshold).count(),
            specificity,
        }
    }

    /// Return whether the patch at `i` is the last of its probability.
    fn ends(&self, i: usize) -> bool {
        self.probability.get(i + 1) != Some(&self.probability[i])
    }

    /// Areas, curves and the recall at the fixed specificity, from the steps of the weighted
    /// ROC curve; then everything that needs no order.
    fn weigh(&self, weights: &[u32], fpr: &[f64], recall: &[f64]) -> Drawn {
        let weight = |i: usize| f64::from(weights[self.unit[i]]);
        let of = |nodule: bool| -> f64 {
            (0..self.unit.len()).filter(|i| self.nodule[*i] == nodule).map(weight).sum()
        };
        let (nodules, others) = (of(true), of(false));
        let mut drawn = self.unordered(weights, nodules, others);
        if nodules == 0.0 {
            return drawn;
        }
        let (mut tp, mut fp, mut before) = (0.0, 0.0, (0.0, 0.0));
        let (mut area, mut precisions, mut allowed) = (0.0, 0.0, 0.0);
        for i in 0..self.unit.len() {
            if self.nodule[i] {
                tp += weight(i)
            } else {
                fp += weight(i)
            }
            if !self.ends(i) || (tp, fp) == before {
                continue;
            }
            area += (fp - before.1) * (tp + before.0) / 2.0;
            precisions += tp / (tp + fp) * (tp - before.0);
            if 1.0 - fp / others >= self.specificity {
                allowed = tp;
            }
            while fpr.get(drawn.tpr.len()).is_some_and(|at| *at < fp / others) {
                // On the straight line from the step before.
                let along = (fpr[drawn.tpr.len()] * others - before.1) / (fp - before.1);
                drawn.tpr.push((before.0 + along * (tp - before.0)) / nodules);
            }
            while recall.get(drawn.pr.len()).is_some_and(|at| *at <= tp / nodules) {
                drawn.pr.push(tp / (tp + fp));
            }
            before = (tp, fp);
        }
        drawn.tpr.resize(fpr.len(), 1.0);
        drawn.average_precision = Some(precisions / nodules);
        drawn.roc_auc = ratio(area / nodules, others);
        drawn.recall_at_specificity = drawn.roc_auc.map(|_| allowed / nodules);
        drawn
    }

    fn unordered(&self, weights: &[u32], nodules: f64, others: f64) -> Drawn {
        let (mut tp, mut fp, mut squares) = (0.0, 0.0, 0.0);
        let mut bins = [(0.0, 0.0); BINS];
        for i in 0..self.unit.len() {
            let weight = f64::from(weights[self.unit[i]]);
            let outcome = f64::from(u8::from(self.nodule[i]));
            if i < self.called {
                tp += weight * outcome;
                fp += weight * (1.0 - outcome);
            }
            squares += weight * (self.probability[i] - outcome).powi(2);
            let bin = &mut bins[bin_of(self.probability[i])];
            bin.0 += weight * self.probability[i];
            bin.1 += weight * outcome;
        }
        let n = nodules + others;
        Drawn {
            accuracy: ratio(tp + others - fp, n),
            precision: ratio(tp, tp + fp),
            recall: ratio(tp, nodules),
            specificity: ratio(others - fp, others),
            f1: ratio(2.0 * tp, tp + fp + nodules),
            ece: ratio(bins.iter().map(|bin| (bin.0 - bin.1).abs()).sum(), n),
            brier: ratio(squares, n),
            ..Drawn::default()
        }
    }
}

/// Intervals of the figures at a threshold; `None` where no resample has the figure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Intervals {
    /// Area under the ROC curve.
    pub roc_auc: Option<Interval>,
    /// Average precision.
    pub average_precision: Option<Interval>,
    /// Recall at the fixed specificity, the threshold chosen anew in each resample.
    pub recall_at_specificity: Option<Interval>,
    /// Share decided rightly.
    pub accuracy: Option<Interval>,
    /// Precision.
    pub precision: Option<Interval>,
    /// Recall.
    pub recall: Option<Interval>,
    /// Specificity.
    pub specificity: Option<Interval>,
    /// F1.
    pub f1: Option<Interval>,
    /// Expected calibration error. Leans upward: resampling adds noise to every bin.
    pub ece: Option<Interval>,
    /// Brier score.
    pub brier: Option<Interval>,
    /// Recall and specificity at the threshold of every resample, for what follows from both.
    pub rates: Vec<(f64, f64)>,
    /// Band of the ROC curve: sensitivity at fixed false-positive rates (vertical averaging).
    pub roc_band: Vec<BandPoint>,
    /// Band of the precision-recall curve: precision at fixed recall.
    pub pr_band: Vec<BandPoint>,
}

/// A band at one position: 95 % of the resampled curves pass between `low` and `high`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BandPoint {
    /// Position on the horizontal axis, in [0, 1].
    pub x: f64,
    /// Percentile 2.5.
    pub low: f64,
    /// Percentile 97.5.
    pub high: f64,
}

fn band(x: &[f64], drawn: &[Drawn], of: impl Fn(&Drawn) -> &Vec<f64>) -> Vec<BandPoint> {
    let point = |(i, x): (usize, &f64)| {
        let values = drawn.iter().filter_map(|one| of(one).get(i).copied()).collect();
        percentiles(values).map(|[low, high]| BandPoint { x: *x, low, high })
    };
    x.iter().enumerate().filter_map(point).collect()
}

/// Intervals and bands over `resamples` drawings of whole units; `unit[i]` is the number of the
/// patient or scan of `labelled[i]` (see [`number`]).
pub fn intervals(
    labelled: &[Labelled],
    unit: &[usize],
    threshold: f64,
    specificity: f64,
    (resamples, seed): (usize, u64),
) -> Intervals {
    let ranked = Ranked::new(labelled, unit, threshold, specificity);
    // Finer where classifiers are used: few false positives.
    let fpr: Vec<f64> = (0..40)
        .map(|i| f64::from(i) / 400.0)
        .chain((10..=100).map(|i| f64::from(i) / 100.0))
        .collect();
    let recall: Vec<f64> = (1..=100).map(|i| f64::from(i) / 100.0).collect();
    let units = unit.iter().max().map_or(0, |last| last + 1);
    let drawn: Vec<Drawn> = draws(units, if units == 0 { 0 } else { resamples }, seed)
        .map(|weights| ranked.weigh(&weights, &fpr, &recall))
        .collect();
    let of =
        |figure: fn(&Drawn) -> Option<f64>| percentiles(drawn.iter().filter_map(figure).collect());
    Intervals {
        roc_auc: of(|one| one.roc_auc),
        average_precision: of(|one| one.average_precision),
        recall_at_specificity: of(|one| one.recall_at_specificity),
        accuracy: of(|one| one.accuracy),
        precision: of(|one| one.precision),
        recall: of(|one| one.recall),
        specificity: of(|one| one.specificity),
        f1: of(|one| one.f1),
        ece: of(|one| one.ece),
        brier: of(|one| one.brier),
        rates: drawn.iter().filter_map(|one| Some((one.recall?, one.specificity?))).collect(),
        roc_band: band(&fpr, &drawn, |one| &one.tpr),
        pr_band: band(&recall, &drawn, |one| &one.pr),
    }
}

/// 95 % interval of the ROC AUC alone; `units[i]` names the patient or scan of `labelled[i]`.
pub fn roc_auc_interval(
    labelled: &[Labelled],
    units: &[&str],
    resamples: usize,
    seed: u64,
) -> Option<Interval> {
    intervals(labelled, &number(units).0, 0.5, 1.0, (resamples, seed)).roc_auc
}

/// A figure of two classifiers on the same patches. The difference is first minus second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Of the first.
    pub first: f64,
    /// Of the second.
    pub second: f64,
    /// First minus second.
    pub difference: f64,
    /// Its 95 % interval over paired resamples.
    pub difference_ci95: Interval,
    /// Share of resamples in which the first is not better (difference at most 0).
    pub share_not_better: f64,
}

/// Two classifiers compared on the same resamples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Paired {
    /// Area under the ROC curve.
    pub roc_auc: Option<Difference>,
    /// Recall at the fixed specificity, each at its own threshold, chosen anew in each resample.
    pub recall_at_specificity: Option<Difference>,
}

/// Paired bootstrap: both classifiers see the same drawings. `first[i]` and `second[i]` are the
/// same patch. Figures are `None` where a class is absent.
pub fn paired(
    first: &[Labelled],
    second: &[Labelled],
    unit: &[usize],
    specificity: f64,
    (resamples, seed): (usize, u64),
) -> Paired {
    let ranked = [first, second].map(|set| Ranked::new(set, unit, 0.5, specificity));
    let units = unit.iter().max().map_or(0, |last| last + 1);
    let both = |weights: &[u32]| ranked.each_ref().map(|set| set.weigh(weights, &[], &[]));
    let whole = both(&vec![1; units]);
    let drawn: Vec<[Drawn; 2]> = draws(units, if units == 0 { 0 } else { resamples }, seed)
        .map(|weights| both(&weights))
        .collect();
    let difference = |figure: fn(&Drawn) -> Option<f64>| -> Option<Difference> {
        let (first, second) = (figure(&whole[0])?, figure(&whole[1])?);
        let differences: Vec<f64> =
            drawn.iter().filter_map(|pair| Some(figure(&pair[0])? - figure(&pair[1])?)).collect();
        let not_better = differences.iter().filter(|difference| **difference <= 0.0).count();
        let share_not_better = ratio(not_better as f64, differences.len() as f64)?;
        let difference_ci95 = percentiles(differences)?;
        let difference = first - second;
        Some(Difference { first, second, difference, difference_ci95, share_not_better })
    };
    Paired {
        roc_auc: difference(|one| one.roc_auc),
        recall_at_specificity: difference(|one| one.recall_at_specificity),
    }
}

#[cfg(test)]
mod tests;
