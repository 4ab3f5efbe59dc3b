//! Counts at a threshold and what follows from them.

use super::labelled::Labelled;
use crate::weights::Confusion;

/// The normal quantile behind a 95 % interval.
const Z95: f64 = 1.959_963_984_540_054;

/// Count at `probability >= threshold`.
pub fn confusion(labelled: &[Labelled], threshold: f64) -> Confusion {
    let mut counts = Confusion::default();
    for one in labelled {
        match (one.nodule, one.probability >= threshold) {
            (true, true) => counts.tp += 1,
            (true, false) => counts.fn_ += 1,
            (false, true) => counts.fp += 1,
            (false, false) => counts.tn += 1,
        }
    }
    counts
}

/// `part / (part + rest)`; 0 where both are 0.
pub(super) fn share(part: usize, rest: usize) -> f64 {
    if part + rest == 0 { 0.0 } else { part as f64 / (part + rest) as f64 }
}

/// Rates at a threshold, each in [0, 1]; 0 where the denominator is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Share decided rightly.
    pub accuracy: f64,
    /// Share of nodules among what is called one.
    pub precision: f64,
    /// Share of nodules that are called one (sensitivity).
    pub recall: f64,
    /// Share of the others that are not called one.
    pub specificity: f64,
    /// Harmonic mean of precision and recall.
    pub f1: f64,
}

/// Rates from counts.
pub fn rates(counts: Confusion) -> Rates {
    let Confusion { tp, fn_, fp, tn } = counts;
    Rates {
        accuracy: share(tp + tn, fp + fn_),
        precision: share(tp, fp),
        recall: share(tp, fn_),
        specificity: share(tn, fp),
        f1: share(2 * tp, fp + fn_),
    }
}

/// Wilson's score interval at 95 % for a share of counts (Wilson 1927): sound near 0 and 1,
/// where the usual one is not. `[0, 1]` where there is nothing to count.
pub fn wilson(hits: usize, n: usize) -> [f64; 2] {
    if n == 0 {
        return [0.0, 1.0];
    }
    let (share, n) = (hits as f64 / n as f64, n as f64);
    let scale = 1.0 + Z95 * Z95 / n;
    let center = (share + Z95 * Z95 / (2.0 * n)) / scale;
    let half = Z95 / scale * (share * (1.0 - share) / n + Z95 * Z95 / (4.0 * n * n)).sqrt();
    // At the ends the formula gives 0 and 1 but for rounding.
    let low = if hits == 0 { 0.0 } else { (center - half).max(0.0) };
    let high = if hits as f64 == n { 1.0 } else { (center + half).min(1.0) };
    [low, high]
}

/// Chance that what is called a nodule is one (PPV), where `prevalence` in (0, 1) of all are:
/// Bayes' rule on recall and specificity. `None` where nothing is called a nodule.
pub fn predictive_value(recall: f64, specificity: f64, prevalence: f64) -> Option<f64> {
    let right = recall * prevalence;
    let called = right + (1.0 - specificity) * (1.0 - prevalence);
    (called > 0.0).then(|| right / called)
}

/// Chance that what is not called a nodule is none (NPV); `None` where everything is called one.
pub fn negative_predictive_value(recall: f64, specificity: f64, prevalence: f64) -> Option<f64> {
    predictive_value(specificity, recall, 1.0 - prevalence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::labelled::labelled;

    #[test]
    fn the_papers_counts_give_the_papers_rates() {
        // SOURCES.md: TP 226, FN 56, FP 39, TN 1301.
        let rates = rates(Confusion { tp: 226, fn_: 56, fp: 39, tn: 1301 });
        assert!((rates.precision - 0.8528).abs() < 5e-5);
        assert!((rates.recall - 0.8014).abs() < 5e-5);
        assert!((rates.specificity - 0.9709).abs() < 5e-5);
        assert!((rates.accuracy - 0.941).abs() < 5e-4);
        assert!((rates.f1 - 0.826).abs() < 5e-4);
    }

    #[test]
    fn a_probability_at_the_threshold_is_called_a_nodule() {
        let set = labelled(&[(0.9, 1), (0.8, 0), (0.7, 1), (0.7, 0), (0.2, 0)]);
        assert_eq!(confusion(&set, 0.7), Confusion { tp: 2, fn_: 0, fp: 2, tn: 1 });
    }

    #[test]
    fn wilson_by_hand_and_at_the_ends() {
        // 8 of 10: center (0.8 + 0.19207) / 1.38415 = 0.71674,
        // half 1.41600 * sqrt(0.016 + 0.0096036) = 0.22658.
        let [low, high] = wilson(8, 10);
        assert!((low - 0.490_16).abs() < 1e-4 && (high - 0.943_32).abs() < 1e-4, "{low} {high}");
        // 10 of 10: the upper end is 1, the lower 1 / (1 + z^2 / n) = 0.72246.
        let [low, high] = wilson(10, 10);
        assert!((low - 0.722_46).abs() < 1e-4 && (high - 1.0).abs() < 1e-12);
        assert_eq!(wilson(0, 0), [0.0, 1.0]);
    }

    #[test]
    fn predictive_values_are_bayes() {
        // Of 1,000 patches 100 are nodules: 80 found, 45 of 900 others called nodules.
        let ppv = predictive_value(0.8, 0.95, 0.1).unwrap();
        assert!((ppv - 80.0 / 125.0).abs() < 1e-12);
        let npv = negative_predictive_value(0.8, 0.95, 0.1).unwrap();
        assert!((npv - 855.0 / 875.0).abs() < 1e-12);
        assert_eq!(predictive_value(0.0, 1.0, 0.5), None);
    }
}
