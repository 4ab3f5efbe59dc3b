//! Whether a probability of 0.8 comes true in 8 of 10 cases.
//!
//! "The" expected calibration error here is over [`BINS`] bins of equal width on the probability
//! of a nodule: the mean of |mean probability - share of nodules| weighted by the bins' counts.
//! The one over bins of equal count is given beside it, for most patches lie near 0 and 1.

use super::labelled::Labelled;
use serde::{Deserialize, Serialize};

/// Bins of the calibration errors and of the reliability diagram.
pub const BINS: usize = 15;

/// Patches whose probabilities lie in (low, high]; 0 belongs to the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Lower end of the bin.
    pub low: f64,
    /// Upper end of the bin.
    pub high: f64,
    /// Patches in it.
    pub n: usize,
    /// Nodules among them.
    pub positives: usize,
    /// Mean probability; 0 where the bin is empty.
    pub mean_probability: f64,
}

impl ReliabilityBin {
    /// Share of nodules; 0 where the bin is empty.
    pub fn observed(&self) -> f64 {
        if self.n == 0 { 0.0 } else { self.positives as f64 / self.n as f64 }
    }
}

/// Bin of a probability in [0, 1], of [`BINS`] of equal width, each with its upper end.
pub fn bin_of(probability: f64) -> usize {
    let bin = (probability * BINS as f64).ceil() as usize;
    bin.clamp(1, BINS) - 1
}

/// Return the bins of equal width, empty ones included.
pub fn reliability_bins(labelled: &[Labelled]) -> Vec<ReliabilityBin> {
    let mut bins: Vec<ReliabilityBin> = (0..BINS)
        .map(|i| ReliabilityBin {
            low: i as f64 / BINS as f64,
            high: (i + 1) as f64 / BINS as f64,
            ..ReliabilityBin::default()
        })
        .collect();
    for one in labelled {
        let bin = &mut bins[bin_of(one.probability)];
        bin.n += 1;
        bin.positives += usize::from(one.nodule);
        bin.mean_probability += one.probability;
    }
    for bin in &mut bins {
        bin.mean_probability /= bin.n.max(1) as f64;
    }
    bins
}

/// Mean distance of probability and outcome over bins, weighted by count; `None` of nothing.
fn weighted_gap(bins: &[ReliabilityBin]) -> Option<f64> {
    let n: usize = bins.iter().map(|bin| bin.n).sum();
    let gap = |bin: &ReliabilityBin| bin.n as f64 * (bin.mean_probability - bin.observed()).abs();
    (n > 0).then(|| bins.iter().map(gap).sum::<f64>() / n as f64)
}

/// Expected calibration error over bins of equal width, in [0, 1]; `None` of nothing.
pub fn calibration_error(labelled: &[Labelled]) -> Option<f64> {
    weighted_gap(&reliability_bins(labelled))
}

/// Expected calibration error over [`BINS`] bins of equal count: a patch of rank r (from 0, equal
/// probabilities share their lowest rank) of n is in bin floor(15 r / n).
pub fn calibration_error_equal_mass(labelled: &[Labelled]) -> Option<f64> {
    let mut sorted = labelled.to_vec();
    sorted.sort_by(|a, b| a.probability.total_cmp(&b.probability));
    let mut bins = vec![ReliabilityBin::default(); BINS];
    let mut rank = 0;
    for (i, one) in sorted.iter().enumerate() {
        if one.probability != sorted[rank].probability {
            rank = i;
        }
        let bin = &mut bins[rank * BINS / sorted.len()];
        bin.n += 1;
        bin.positives += usize::from(one.nodule);
        bin.mean_probability += one.probability;
    }
    for bin in &mut bins {
        bin.mean_probability /= bin.n.max(1) as f64;
    }
    weighted_gap(&bins)
}

/// Brier score: mean squared distance of probability and outcome; `None` of nothing.
pub fn brier(labelled: &[Labelled]) -> Option<f64> {
    let square = |one: &Labelled| (one.probability - f64::from(u8::from(one.nodule))).powi(2);
    (!labelled.is_empty()).then(|| labelled.iter().map(square).sum::<f64>() / labelled.len() as f64)
}

/// Mean cross-entropy in nats, probabilities kept a rounding error away from 0 and 1 as
/// scikit-learn does; `None` of nothing.
pub fn log_loss(labelled: &[Labelled]) -> Option<f64> {
    let loss = |one: &Labelled| {
        let probability = one.probability.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
        if one.nodule { -probability.ln() } else { -(-probability).ln_1p() }
    };
    (!labelled.is_empty()).then(|| labelled.iter().map(loss).sum::<f64>() / labelled.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::labelled::labelled;

    #[test]
    fn bins_take_their_upper_end() {
        assert_eq!([0.0, 1e-9, 1.0 / 15.0, 0.07, 0.999, 1.0].map(bin_of), [0, 0, 0, 1, 14, 14]);
    }

    #[test]
    fn a_hand_worked_case() {
        // One bin holds 0.82 and 0.84 (mean 0.83, half of them nodules: gap 0.33), another 0.1
        // twice (no nodule: gap 0.1).
        let set = labelled(&[(0.82, 1), (0.84, 0), (0.1, 0), (0.1, 0)]);
        let expected = (2.0 * 0.33 + 2.0 * 0.1) / 4.0;
        assert!((calibration_error(&set).unwrap() - expected).abs() < 1e-12);
        // Equal mass: 0.1 and 0.1 share a bin, 0.82 and 0.84 do not: gaps 0.18 and 0.84.
        let expected = (2.0 * 0.1 + 0.18 + 0.84) / 4.0;
        assert!((calibration_error_equal_mass(&set).unwrap() - expected).abs() < 1e-12);
        let expected = (0.18 * 0.18 + 0.84 * 0.84 + 2.0 * 0.01) / 4.0;
        assert!((brier(&set).unwrap() - expected).abs() < 1e-12);
        let expected = -(0.82f64.ln() + 0.16f64.ln() + 2.0 * 0.9f64.ln()) / 4.0;
        assert!((log_loss(&set).unwrap() - expected).abs() < 1e-12);
        let bins = reliability_bins(&set);
        assert_eq!((bins.len(), bins[12].n, bins[12].positives, bins[1].n), (15, 2, 1, 2));
        assert_eq!((bins[12].observed(), bins[5].observed()), (0.5, 0.0));
    }

    #[test]
    fn nothing_has_no_figure_and_certainty_is_finite() {
        assert_eq!((calibration_error(&[]), brier(&[]), log_loss(&[])), (None, None, None));
        assert!(log_loss(&labelled(&[(0.0, 1), (1.0, 0)])).unwrap() < 40.0);
    }
}
