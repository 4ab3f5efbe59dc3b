//! What the paper prints. It gives precision .8528, recall .8014 and specificity .9709 on 1,622
//! patches with 282 nodules; only one set of counts gives all three.

use nodulens::weights::Confusion;
use serde::{Deserialize, Serialize};

/// Counts behind the paper's figures.
const CONFUSION: Confusion = Confusion { tp: 226, fn_: 56, fp: 39, tn: 1301 };

/// The paper's figures. Rates are in [0, 1].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaperFigures {
    /// Patches of its test part.
    pub n: usize,
    /// Nodules among them.
    pub positives: usize,
    /// Area under the ROC curve, as printed.
    pub roc_auc: f64,
    /// Share decided rightly.
    pub accuracy: f64,
    /// Precision; its abstract calls this number accuracy.
    pub precision: f64,
    /// Recall.
    pub recall: f64,
    /// Specificity.
    pub specificity: f64,
    /// F1.
    pub f1: f64,
    /// Counts at its threshold.
    pub confusion: Confusion,
}

impl Default for PaperFigures {
    fn default() -> Self {
        let Confusion { tp, fn_, fp, tn } = CONFUSION;
        let rates = crate::metrics::rates(CONFUSION);
        Self {
            n: tp + fn_ + fp + tn,
            positives: tp + fn_,
            roc_auc: 0.97,
            accuracy: rates.accuracy,
            precision: rates.precision,
            recall: rates.recall,
            specificity: rates.specificity,
            f1: rates.f1,
            confusion: CONFUSION,
        }
    }
}
