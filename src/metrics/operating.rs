//! A threshold on the curve that a weights file keeps, and what a probability means at another
//! share of nodules.
//!
//! The curve keeps the corners of the ROC, and between two corners the number of nodules and of
//! others that reach a threshold lies between theirs. Where they differ, the counts here are on the
//! straight line between them, with both ends said. At the file's own threshold they are exact.

use super::counts::{Rates, negative_predictive_value, predictive_value, rates, wilson};
use super::reliability::{BINS, bin_of};
use crate::weights::{Card, CardMetrics, Confusion};
use serde::Serialize;

/// Bins are joined until so many patches stand behind a share.
const LEAST_PATCHES: usize = 20;
/// Points of a precision-recall curve between two corners of the ROC, where it bends.
const PR_STEPS: usize = 6;
/// A threshold is the file's own within this: it is kept in single precision.
const SAME_THRESHOLD: f64 = 1e-7;
/// The normal quantile behind a 95 % interval.
const Z95: f64 = 1.959_963_984_540_054;

/// A share of counts with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Proportion {
    /// In [0, 1]; `None` where there is nothing to count.
    pub value: Option<f64>,
    /// 95 %.
    pub ci95: [f64; 2],
    /// The part.
    pub hits: usize,
    /// The whole.
    pub n: usize,
}

impl Proportion {
    /// With Wilson's interval.
    #[must_use]
    pub fn wilson(hits: usize, n: usize) -> Self {
        let value = (n > 0).then(|| hits as f64 / n as f64);
        Self { value, ci95: wilson(hits, n), hits, n }
    }
}

/// A figure that is no share of counts, with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Value {
    /// `None` where it is not defined.
    pub value: Option<f64>,
    /// 95 %; `None` where there is none.
    pub ci95: Option<[f64; 2]>,
}

/// What a threshold does.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Operating {
    /// In [0, 1].
    pub threshold: f64,
    /// Counts at it.
    pub confusion: Confusion,
    /// Whether the file says these counts exactly.
    pub exact: bool,
    /// Least and most nodules that reach it.
    pub tp_between: [usize; 2],
    /// Least and most others that reach it.
    pub fp_between: [usize; 2],
    /// Share of nodules found.
    pub recall: Proportion,
    /// Share of the others that are not called one.
    pub specificity: Proportion,
    /// Share of nodules among what is called one, here.
    pub precision: Proportion,
    /// Share decided rightly, here.
    pub accuracy: Proportion,
    /// Harmonic mean of precision and recall, here.
    pub f1: f64,
    /// Chance that what is called a nodule is one, at the prevalence asked for.
    pub ppv: Value,
    /// Chance that what is not called one is none.
    pub npv: Value,
    /// Of 1,000 patches at that prevalence: nodules found, nodules missed, others called nodules,
    /// others not.
    pub of_thousand: [f64; 4],
}

/// The kept curve as counts: probability, nodules and others that reach it, falling.
struct Kept {
    corners: Vec<(f64, usize, usize)>,
    positives: usize,
    negatives: usize,
    own: (f64, Confusion),
}

impl Kept {
    fn new(roc: &[[f64; 3]], metrics: &CardMetrics) -> Option<Self> {
        let positives = metrics.positives;
        let negatives = metrics.n.checked_sub(positives)?;
        let own = (metrics.threshold, metrics.confusion);
        let sound = roc.iter().flatten().all(|number| number.is_finite())
            && own.1.tp + own.1.fn_ == positives
            && own.1.fp + own.1.tn == negatives;
        if roc.is_empty() || positives == 0 || negatives == 0 || !sound {
            return None;
        }
        let count = |share: f64, n: usize| (share.clamp(0.0, 1.0) * n as f64).round() as usize;
        let mut corners: Vec<(f64, usize, usize)> = roc
            .iter()
            .map(|[fpr, recall, at]| (*at, count(*recall, positives), count(*fpr, negatives)))
            .collect();
        corners.push((own.0, own.1.tp, own.1.fp));
        corners.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
        // Thresholds are rounded in the file: a corner may not fall behind the one before it.
        let (mut tp, mut fp) = (0, 0);
        for corner in &mut corners {
            (tp, fp) = (corner.1.max(tp), corner.2.max(fp));
            if corner.0 != own.0 {
                (corner.1, corner.2) = (tp, fp);
            }
        }
        Some(Self { corners, positives, negatives, own })
    }

    /// Nodules and others that reach a threshold: as counted or on the line, the least, the most.
    fn at(&self, threshold: f64) -> [(usize, usize); 3] {
        if (threshold - self.own.0).abs() < SAME_THRESHOLD {
            return [(self.own.1.tp, self.own.1.fp); 3];
        }
        let after = self.corners.partition_point(|corner| corner.0 >= threshold);
        let above = after.checked_sub(1).map_or((1.0, 0, 0), |last| self.corners[last]);
        let Some(below) = self.corners.get(after).copied() else {
            return [(above.1, above.2); 3];
        };
        let along =
            if above.0 > below.0 { (above.0 - threshold) / (above.0 - below.0) } else { 0.0 };
        let between = |from: usize, to: usize| {
            (from as f64 + along * (to as f64 - from as f64)).round() as usize
        };
        let on_line = (between(above.1, below.1), between(above.2, below.2));
        [on_line, (above.1, above.2), (below.1, below.2)]
    }
}

/// Return what a threshold does, from the curve in a card. `prevalence` in (0, 1) is the share of
/// nodules among the patches that the network is to be used on. `None` where the card keeps no
/// curve, or one that contradicts its counts.
#[must_use]
pub fn at_threshold(card: &Card, threshold: f64, prevalence: f64) -> Option<Operating> {
    let kept = Kept::new(&card.roc, card.metrics.as_ref()?)?;
    let [(tp, fp), least, most] = kept.at(threshold);
    let Kept { positives, negatives, .. } = kept;
    let confusion = Confusion { tp, fn_: positives - tp, fp, tn: negatives - fp };
    Some(Operating {
        exact: least == most,
        tp_between: [least.0, most.0],
        fp_between: [least.1, most.1],
        ..operating(confusion, threshold, prevalence)
    })
}

/// Return what a threshold does, from exact counts.
#[must_use]
pub fn operating(confusion: Confusion, threshold: f64, prevalence: f64) -> Operating {
    let Confusion { tp, fn_, fp, tn } = confusion;
    let Rates { f1, recall, specificity, .. } = rates(confusion);
    let [ppv_ci95, npv_ci95] = predictive_intervals(confusion, prevalence);
    let ppv = predictive_value(recall, specificity, prevalence);
    let npv = negative_predictive_value(recall, specificity, prevalence);
    Operating {
        threshold,
        confusion,
        exact: true,
        tp_between: [tp; 2],
        fp_between: [fp; 2],
        recall: Proportion::wilson(tp, tp + fn_),
        specificity: Proportion::wilson(tn, fp + tn),
        precision: Proportion::wilson(tp, tp + fp),
        accuracy: Proportion::wilson(tp + tn, tp + fn_ + fp + tn),
        f1,
        ppv: Value { value: ppv, ci95: ppv.map(|ppv| around(ppv, ppv_ci95)) },
        npv: Value { value: npv, ci95: npv.map(|npv| around(npv, npv_ci95)) },
        of_thousand: [
            recall * prevalence,
            (1.0 - recall) * prevalence,
            (1.0 - specificity) * (1.0 - prevalence),
            specificity * (1.0 - prevalence),
        ]
        .map(|share| 1000.0 * share),
    }
}

/// Return the kept curves: ROC as `[fpr, recall]`, precision-recall as `[recall, precision]`. Empty
/// where [`at_threshold`] has nothing.
#[must_use]
pub fn kept_curves(card: &Card) -> (Vec<[f64; 2]>, Vec<[f64; 2]>) {
    let kept = card.metrics.as_ref().and_then(|metrics| Kept::new(&card.roc, metrics));
    let Some(Kept { corners, positives, negatives, .. }) = kept else {
        return (Vec::new(), Vec::new());
    };
    let (positives, negatives) = (positives as f64, negatives as f64);
    let corners: Vec<(f64, f64)> =
        corners.iter().map(|(_, tp, fp)| (*tp as f64, *fp as f64)).collect();
    let roc = corners.iter().map(|(tp, fp)| [fp / negatives, tp / positives]).collect();
    let mut recalls: Vec<[f64; 2]> = Vec::new();
    for pair in corners.windows(2) {
        for step in 1..=PR_STEPS {
            let along = step as f64 / PR_STEPS as f64;
            let tp = pair[0].0 + along * (pair[1].0 - pair[0].0);
            let fp = pair[0].1 + along * (pair[1].1 - pair[0].1);
            let point = [tp / positives, if tp > 0.0 { tp / (tp + fp) } else { 0.0 }];
            if tp + fp > 0.0 && recalls.last() != Some(&point) {
                recalls.push(point);
            }
        }
    }
    (roc, recalls)
}

/// Where half a count was added, the interval ends beside a value of 0 or 1.
fn around(value: f64, [low, high]: [f64; 2]) -> [f64; 2] {
    [low.min(value), high.max(value)]
}

/// 95 % intervals of PPV and NPV at a prevalence: the delta method on their log odds (Mercaldo, Lau
/// and Zhou 2007, the standard logit interval), with half a count added where one is 0.
#[must_use]
pub fn predictive_intervals(confusion: Confusion, prevalence: f64) -> [[f64; 2]; 2] {
    let counts = [confusion.tp, confusion.fn_, confusion.fp, confusion.tn];
    let more = if counts.contains(&0) { 0.5 } else { 0.0 };
    let [tp, fn_, fp, tn] = counts.map(|count| count as f64 + more);
    let (nodules, others) = (tp + fn_, fp + tn);
    let (recall, specificity) = (tp / nodules, tn / others);
    let odds = prevalence / (1.0 - prevalence);
    let interval = |odds: f64, variance: f64| {
        let half = Z95 * variance.sqrt();
        [odds.ln() - half, odds.ln() + half].map(|log| 1.0 / (1.0 + (-log).exp()))
    };
    let called = (1.0 - recall) / (nodules * recall) + specificity / (others * (1.0 - specificity));
    let passed = recall / (nodules * (1.0 - recall)) + (1.0 - specificity) / (others * specificity);
    [
        interval(odds * recall / (1.0 - specificity), called),
        interval(specificity / (1.0 - recall) / odds, passed),
    ]
}

/// Return the probability of a nodule at another share of nodules than the one behind
/// `probability`: Bayes' rule on the odds, for patches that are otherwise alike. All in (0, 1).
#[must_use]
pub fn at_prevalence(probability: f64, learned: f64, wanted: f64) -> f64 {
    if probability <= 0.0 || probability >= 1.0 {
        return probability;
    }
    let odds = |share: f64| share / (1.0 - share);
    let shifted = odds(probability) * odds(wanted) / odds(learned);
    shifted / (1.0 + shifted)
}

/// What came true of probabilities like one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CameTrue {
    /// Patches with a probability above this ...
    pub low: f64,
    /// ... up to this.
    pub high: f64,
    /// Those that held a nodule, of all of them.
    pub share: Proportion,
}

/// What came true of probabilities like this one, by the bins of a card's calibration
/// (`[mean probability, share of nodules, patches]`). The bin's neighbours are joined to it until
/// `LEAST_PATCHES` stand behind the share. `None` where there are no bins.
#[must_use]
pub fn came_true(probability: f64, bins: &[[f64; 3]]) -> Option<CameTrue> {
    let mut counted = [(0usize, 0usize); BINS];
    for [mean, share, n] in bins {
        let bin = &mut counted[bin_of(*mean)];
        bin.0 += n.max(0.0) as usize;
        bin.1 += (share * n).max(0.0).round() as usize;
    }
    let (mut first, mut last) = (bin_of(probability), bin_of(probability));
    loop {
        let n: usize = counted[first..=last].iter().map(|bin| bin.0).sum();
        let hits: usize = counted[first..=last].iter().map(|bin| bin.1).sum();
        let whole = first == 0 && last == BINS - 1;
        if n >= LEAST_PATCHES || whole {
            let [low, high] = [first, last + 1].map(|edge| edge as f64 / BINS as f64);
            return (n > 0).then(|| CameTrue {
                low,
                high,
                share: Proportion::wilson(hits.min(n), n),
            });
        }
        first = first.saturating_sub(1);
        last = (last + 1).min(BINS - 1);
    }
}

/// What a probability has meant, and would mean.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Meaning {
    /// What came true of such probabilities where the network was calibrated.
    pub came_true: Option<CameTrue>,
    /// Share of nodules where the network was calibrated.
    pub learned: Option<f64>,
    /// The probability at the prevalence asked for.
    pub shifted: Option<f64>,
    /// Mean probability of each bin, and what came true.
    pub bins: Vec<(f64, Proportion)>,
}

/// Say what a probability has meant where a network was calibrated, by its card, and what it would
/// mean at another share of nodules, in (0, 1).
#[must_use]
pub fn meaning(card: &Card, probability: f64, prevalence: f64) -> Meaning {
    let bins =
        card.calibration.as_ref().map(|calibration| &calibration.bins[..]).unwrap_or_default();
    let measured = card.metrics.as_ref().filter(|metrics| metrics.n > 0 && metrics.positives > 0);
    let learned = measured.map(|metrics| metrics.positives as f64 / metrics.n as f64);
    let learned = learned.filter(|learned| *learned < 1.0 && !bins.is_empty());
    let shares = bins.iter().map(|[mean, share, n]| {
        let n = n.max(0.0) as usize;
        (*mean, Proportion::wilson(((share * n as f64).round() as usize).min(n), n))
    });
    Meaning {
        came_true: came_true(probability, bins),
        learned,
        shifted: learned.map(|learned| at_prevalence(probability, learned, prevalence)),
        bins: shares.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::curves::{compact_roc, pr_curve, roc_curve};
    use crate::metrics::{Labelled, confusion};
    use crate::weights::read_weights;

    fn short(value: f64) -> f64 {
        (value * 1e5).round() / 1e5
    }

    /// 3,000 patches, and the card that the trainer would keep of them.
    fn kept(most: usize) -> (Vec<Labelled>, Card) {
        let set: Vec<Labelled> = (0..3000u32)
            .map(|i| {
                let nodule = i % 5 == 0;
                let noise = f64::from(i.wrapping_mul(2_654_435_761) >> 8) / f64::from(1u32 << 24);
                let probability = if nodule { 1.0 - noise * noise } else { noise * noise };
                Labelled { probability, nodule }
            })
            .collect();
        let threshold = 0.61;
        let metrics = CardMetrics {
            n: set.len(),
            positives: set.iter().filter(|one| one.nodule).count(),
            threshold,
            confusion: confusion(&set, threshold),
            ..CardMetrics::default()
        };
        let roc = compact_roc(&roc_curve(&set), most)
            .iter()
            .map(|p| [short(p.fpr), short(p.tpr), short(p.threshold.unwrap_or(1.0))])
            .collect();
        (set, Card { roc, metrics: Some(metrics), ..Card::default() })
    }

    #[test]
    fn the_shipped_files_say_at_their_threshold_what_they_counted() {
        for file in ["compact", "paper"] {
            let path = format!("{}/www/models/{file}.nodulens", env!("CARGO_MANIFEST_DIR"));
            let header = read_weights(&std::fs::read(path).unwrap()).unwrap().header;
            let metrics = header.card.metrics.clone().unwrap();
            for threshold in [metrics.threshold, f64::from(header.threshold)] {
                let at = at_threshold(&header.card, threshold, 0.1).unwrap();
                assert_eq!(at.confusion, metrics.confusion, "{file}");
                assert!(at.exact);
                assert!((at.recall.value.unwrap() - metrics.recall).abs() < 1e-5);
                assert!((at.f1 - metrics.f1).abs() < 1e-5);
            }
            let calibration = header.card.calibration.unwrap();
            let near = came_true(0.99, &calibration.bins).unwrap();
            assert!(near.share.n >= LEAST_PATCHES && near.share.value.unwrap() > 0.8);
        }
    }

    #[test]
    fn the_truth_lies_between_the_corners() {
        for most in [10_000, 200, 40] {
            let (set, card) = kept(most);
            let mut worst = 0;
            for i in 0..=1000 {
                let threshold = f64::from(i) / 1000.0;
                let truth = confusion(&set, threshold);
                let at = at_threshold(&card, threshold, 0.2).unwrap();
                let counted = at.confusion;
                assert_eq!(counted.tp + counted.fn_, truth.tp + truth.fn_);
                worst = worst.max(counted.tp.abs_diff(truth.tp)).max(counted.fp.abs_diff(truth.fp));
                // One more or less: thresholds are rounded in the file.
                let holds =
                    |[low, high]: [usize; 2], count: usize| low <= count + 1 && count <= high + 1;
                if most == 10_000 {
                    assert!(holds(at.tp_between, truth.tp), "{threshold}: {at:?} {truth:?}");
                    assert!(holds(at.fp_between, truth.fp), "{threshold}: {at:?} {truth:?}");
                }
            }
            println!("{most} corners: worst count off by {worst} of 3,000");
            assert!(worst <= 120, "{worst}");
            assert_eq!(at_threshold(&card, 0.61, 0.2).unwrap().confusion, confusion(&set, 0.61));
        }
    }

    #[test]
    fn the_kept_precision_recall_curve_is_the_full_one() {
        let (set, card) = kept(10_000);
        let (roc, recalls) = kept_curves(&card);
        assert!(roc.len() > 50 && roc[0] == [0.0, 0.0]);
        // At every recall of the full curve there is a point of the kept one at its precision.
        for full in pr_curve(&set).iter().filter(|point| point.recall > 0.05) {
            let near = recalls
                .iter()
                .filter(|[recall, _]| (recall - full.recall).abs() < 0.01)
                .map(|[_, precision]| (precision - full.precision).abs())
                .fold(f64::MAX, f64::min);
            assert!(near < 0.02, "{full:?}: {near}");
        }
    }

    #[test]
    fn predictive_values_and_their_intervals_by_hand() {
        // Mercaldo et al.: recall 0.8 of 100, specificity 0.9 of 100, prevalence 1/2:
        // PPV odds 8, variance 0.2 / 80 + 0.9 / 10 = 0.0925, so 8 e^+-0.5961.
        let counts = Confusion { tp: 80, fn_: 20, fp: 10, tn: 90 };
        let [[low, high], _] = predictive_intervals(counts, 0.5);
        let share = |odds: f64| odds / (1.0 + odds);
        assert!((low - share(8.0 * (-0.596_1f64).exp())).abs() < 1e-4, "{low}");
        assert!((high - share(8.0 * 0.596_1f64.exp())).abs() < 1e-4, "{high}");
        let none = Confusion { tp: 10, fn_: 0, fp: 0, tn: 10 };
        assert!(predictive_intervals(none, 0.01).iter().flatten().all(|end| end.is_finite()));
    }

    #[test]
    fn another_prevalence_moves_the_odds() {
        // Odds 4 at one in two; at one in ten they are 4 / 9.
        assert!((at_prevalence(0.8, 0.5, 0.1) - 4.0 / 13.0).abs() < 1e-12);
        assert!((at_prevalence(0.37, 0.2, 0.2) - 0.37).abs() < 1e-12);
        assert_eq!(at_prevalence(1.0, 0.5, 0.1), 1.0);
    }

    #[test]
    fn bins_are_joined_until_there_are_enough() {
        let bins = [[0.03, 0.0, 500.0], [0.5, 0.5, 4.0], [0.57, 0.75, 8.0], [0.97, 1.0, 60.0]];
        let high = came_true(0.96, &bins).unwrap();
        assert_eq!((high.share.hits, high.share.n, high.high), (60, 60, 1.0));
        // 4 + 8 are too few; wider by a bin at each side until the 500 or the 60 are reached.
        let middle = came_true(0.5, &bins).unwrap();
        assert!(middle.share.n >= LEAST_PATCHES && middle.low < 0.4 && middle.high > 0.6);
        assert_eq!(came_true(0.5, &[]), None);
        // A card of somebody else's may hold anything.
        assert!(came_true(0.5, &[[f64::NAN, 7.0, -3.0]]).is_none());
    }

    #[test]
    fn cards_that_contradict_themselves_give_nothing() {
        let (_, card) = kept(200);
        let broken = |change: fn(&mut Card)| {
            let mut card = card.clone();
            change(&mut card);
            (at_threshold(&card, 0.5, 0.1), kept_curves(&card).0.len())
        };
        for change in [
            |card: &mut Card| card.metrics = None,
            |card: &mut Card| card.roc.clear(),
            |card: &mut Card| card.roc[3][1] = f64::NAN,
            |card: &mut Card| {
                if let Some(metrics) = &mut card.metrics {
                    metrics.positives = metrics.n + 1;
                }
            },
        ] {
            assert_eq!(broken(change), (None, 0));
        }
    }
}
