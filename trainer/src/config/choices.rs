//! What some training keys choose among.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// The rule by which gradients move the parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum OptimizerKind {
    /// Adam; weight decay is added to the gradient.
    #[default]
    Adam,
    /// Adam with decoupled weight decay.
    AdamW,
}

/// How the learning rate moves over a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// The same at every step, as in the paper.
    #[default]
    Constant,
    /// Warm-up from 0, then half a cosine down to 0.
    Cosine,
    /// Smith's one cycle: from 1/25 of it up by half a cosine, then down to almost nothing.
    OneCycle,
}

/// How classes weigh in the loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeights {
    /// Every patch the same.
    #[default]
    None,
    /// Both classes the same in sum: each patch by the inverse frequency of its class.
    Balanced,
}

/// What becomes of contested negatives in training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Contested {
    /// They are negatives like others.
    #[default]
    Keep,
    /// They are not learnt from.
    Drop,
    /// Their target is the share of four readers who outlined a nodule there.
    Soften,
}

/// The figure on validation by which the best epoch is chosen, and early stopping decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Monitor {
    /// Area under the ROC curve.
    #[default]
    Auc,
    /// Cross-entropy; the lower the better.
    Loss,
    /// Area under the curve of precision and recall.
    AveragePrecision,
    /// Recall at the paper's specificity, 97.09 %.
    Recall,
}

impl Monitor {
    /// Return what the figure is called in a sentence.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auc => "AUC",
            Self::Loss => "loss",
            Self::AveragePrecision => "average precision",
            Self::Recall => "recall at specificity 0.9709",
        }
    }

    /// Tell whether a figure is better than the best so far. One that cannot be computed, for want
    /// of a class, is better than none before it.
    #[must_use]
    pub fn is_better(self, figure: Option<f64>, best: Option<f64>) -> bool {
        match (figure, best) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(figure), Some(best)) if self == Self::Loss => figure < best,
            (Some(figure), Some(best)) => figure > best,
        }
    }
}
