//! Figures from probabilities and labels. Pure: no files, no networks.
//!
//! | module | what |
//! |---|---|
//! | here | net benefit: is it better to act on the model than on every patch, or on none? |
//! | [`subgroups`] | results by diameter, slice thickness, fold |
//! | [`froc`] | sensitivity against false positives a scan, CPM |
//!
//! The rest is [`nodulens::metrics`], which the page has, too.
//!
//! Tests compare them with scikit-learn's figures (`tests/reference/metrics.py`) and with cases
//! worked by hand.

pub mod froc;
pub mod subgroups;

pub use nodulens::metrics::*;

use serde::{Deserialize, Serialize};

/// Net benefit at one threshold, in true positives a patch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetBenefit {
    /// Probability from which one would act; `t / (1 - t)` false alarms weigh as one nodule.
    pub threshold: f64,
    /// Acting where the model's probability reaches the threshold.
    pub model: f64,
    /// Acting on every patch. Acting on none has a net benefit of 0.
    pub all: f64,
}

/// Return the decision curve (Vickers and Elkin 2006): net benefit at thresholds 0.01, 0.02 ...
/// 0.99; empty where there are no patches.
pub fn decision_curve(labelled: &[Labelled]) -> Vec<NetBenefit> {
    if labelled.is_empty() {
        return Vec::new();
    }
    let n = labelled.len() as f64;
    let share = labelled.iter().filter(|one| one.nodule).count() as f64 / n;
    (1..100)
        .map(|percent| {
            let threshold = f64::from(percent) / 100.0;
            let odds = threshold / (1.0 - threshold);
            let counts = confusion(labelled, threshold);
            NetBenefit {
                threshold,
                model: counts.tp as f64 / n - counts.fp as f64 / n * odds,
                all: share - (1.0 - share) * odds,
            }
        })
        .collect()
}

/// Cases for the modules' tests: pairs of probability and class.
#[cfg(test)]
pub(crate) fn labelled(pairs: &[(f64, u8)]) -> Vec<Labelled> {
    pairs
        .iter()
        .map(|(probability, class)| Labelled { probability: *probability, nodule: *class == 1 })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn net_benefit_by_hand() {
        let set = labelled(&[(0.9, 1), (0.6, 0), (0.3, 1), (0.1, 0)]);
        let curve = decision_curve(&set);
        // At 0.2 the odds are 1/4: two nodules found, one false alarm, of four patches.
        let point = curve[19];
        assert!((point.threshold - 0.2).abs() < 1e-12);
        assert!((point.model - (0.5 - 0.25 * 0.25)).abs() < 1e-12);
        assert!((point.all - (0.5 - 0.5 * 0.25)).abs() < 1e-12);
        // At 0.8 the odds are 4: one nodule, no false alarm; acting on all does harm.
        assert!((curve[79].model - 0.25).abs() < 1e-12);
        assert!((curve[79].all - (0.5 - 0.5 * 4.0)).abs() < 1e-12);
        assert!(decision_curve(&[]).is_empty());
    }
}
