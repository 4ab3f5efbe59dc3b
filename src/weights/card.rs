//! The model card that travels inside the weights file.

use super::error::WeightsError;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A card as JSON that nobody has taken apart. Who only shows it needs no code for its many fields,
/// which in the page's first module would be 17 kB after brotli.
#[derive(Clone, Debug, Deserialize)]
pub struct CardText(Box<RawValue>);

impl CardText {
    /// Return the JSON.
    #[must_use]
    pub fn json(&self) -> &str {
        self.0.get()
    }

    /// Take it apart.
    ///
    /// # Errors
    /// [`WeightsError::Corrupt`] where it is no card.
    pub fn read(&self) -> Result<Card, WeightsError> {
        serde_json::from_str(self.json())
            .map_err(|error| WeightsError::Corrupt(format!("header: {error}")))
    }
}

/// Where the weights are from, what they are for, and how good they were when measured. A field
/// that an older file lacks is empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Card {
    /// One line: network and training data.
    pub title: String,
    /// What it may be used for, and what not.
    pub intended_use: String,
    /// Data set with its source.
    pub data: String,
    /// Which scans were used for what.
    pub split: String,
    /// How it was trained.
    pub recipe: String,
    /// Seed of the run.
    pub seed: u64,
    /// Epochs behind these weights.
    pub epochs: usize,
    /// Why this epoch was taken, such as `best by validation AUC` or `last`; empty in older files.
    pub epoch_rule: String,
    /// Day of the export, ISO 8601.
    pub date: String,
    /// Day and commit of a card that was written again for weights that stayed as they were; empty
    /// where it was not.
    pub rewritten: String,
    /// Commit of the trainer; ends in `-dirty` where the tree had changes.
    pub commit: String,
    /// Part that it learned from, such as `patientwise-train`.
    pub train_part: String,
    /// Whom it learnt from; empty in older files.
    pub learnt: CardLearnt,
    /// Figures on the part on which the threshold was chosen; absent where nothing was measured.
    pub metrics: Option<CardMetrics>,
    /// How far its probabilities can be taken at their word; absent where nothing was calibrated.
    pub calibration: Option<CardCalibration>,
    /// ROC curve on that part: `[false-positive rate, recall, threshold]`, at most 200 corners.
    pub roc: Vec<[f64; 3]>,
    /// The same figures group by group.
    pub subgroups: Vec<CardSubgroup>,
    /// The figures where the surroundings are seen; those above are of patches alone then. Absent of a
    /// network that does not look at them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<CardContext>,
    /// The learning curve, an entry an epoch, up to the last one that was run.
    pub history: Vec<CardEpoch>,
    /// Settings of the run, resolved: TOML, as `cargo trainer train --config` reads it.
    pub settings: String,
    /// Commands that make these weights and figures again, in order.
    pub reproduce: Vec<String>,
    /// What a user must know before relying on it, one sentence each.
    pub limits: Vec<String>,
    /// Works to cite.
    pub citations: Vec<String>,
    /// Licence of the weights.
    pub license: String,
}

/// Whom a network learnt from, its teachers included: so that it does not teach a run about the
/// very patients that the run is judged on. Each list is base64 of the first four bytes of SHA-256
/// of each name, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CardLearnt {
    /// Patients.
    pub patients: String,
    /// Scans, by series UID.
    pub series: String,
    /// Why the lists may not be complete, a reason each; empty where they are.
    pub gaps: Vec<String>,
}

/// Figures of one evaluation. Rates are in [0, 1].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CardMetrics {
    /// Part of the data, such as `patientwise-valid`.
    pub part: String,
    /// SHA-256, hex, over the rows, labels and pictures that were measured; empty in older files.
    pub data_sha256: String,
    /// Patches.
    pub n: usize,
    /// Nodules among them.
    pub positives: usize,
    /// Area under the ROC curve.
    pub roc_auc: f64,
    /// Its 95 % interval by bootstrap; absent where none was drawn.
    pub roc_auc_ci95: Option<[f64; 2]>,
    /// Area under the precision-recall curve (average precision).
    pub average_precision: f64,
    /// Share decided rightly at the threshold.
    pub accuracy: f64,
    /// Share of nodules among what is called one.
    pub precision: f64,
    /// Share of nodules that are called one (sensitivity).
    pub recall: f64,
    /// Share of the others that are not.
    pub specificity: f64,
    /// Harmonic mean of precision and recall.
    pub f1: f64,
    /// Threshold behind these rates.
    pub threshold: f64,
    /// Counts at the threshold.
    pub confusion: Confusion,
    /// Recall at the smallest threshold with the paper's specificity (97.09 %).
    pub recall_at_specificity: Option<f64>,
    /// 95 % intervals of all but the AUC by bootstrap; absent in older files.
    pub ci95: Option<CardIntervals>,
    /// What the bootstrap draws: `patients`, `scans` or `patches`; empty in older files.
    pub bootstrap_units: String,
    /// The same without contested negatives; absent where the data does not say which they are.
    pub without_contested: Option<CardContested>,
}

/// Figures of a [`Card`] where the surroundings are seen, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CardContext {
    /// Patches of the part whose surroundings are not known: they were answered for by the patch alone.
    pub alone: usize,
    /// As [`Card::metrics`].
    pub metrics: Option<CardMetrics>,
    /// As [`Card::calibration`].
    pub calibration: Option<CardCalibration>,
    /// As [`Card::roc`].
    pub roc: Vec<[f64; 3]>,
    /// As [`Card::subgroups`].
    pub subgroups: Vec<CardSubgroup>,
}

/// Figures of [`CardMetrics`] without contested negatives: those near a finding that fewer than
/// three of four readers marked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CardContested {
    /// Contested negatives, which are left out.
    pub contested: usize,
    /// Of them, those called nodules at the threshold.
    pub contested_called: usize,
    /// Patches that are left.
    pub n: usize,
    /// Area under the ROC curve.
    pub roc_auc: Option<f64>,
    /// Recall at the smallest threshold with the paper's specificity (97.09 %).
    pub recall_at_specificity: Option<f64>,
    /// Share of the others that are not called nodules, at the same threshold.
    pub specificity: f64,
    /// Share of nodules among what is called one, at the same threshold.
    pub precision: f64,
}

/// 95 % intervals of [`CardMetrics`] by bootstrap over [`CardMetrics::bootstrap_units`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CardIntervals {
    /// Of the average precision.
    pub average_precision: [f64; 2],
    /// Of the accuracy.
    pub accuracy: [f64; 2],
    /// Of the precision.
    pub precision: [f64; 2],
    /// Of the recall.
    pub recall: [f64; 2],
    /// Of the specificity.
    pub specificity: [f64; 2],
    /// Of F1.
    pub f1: [f64; 2],
    /// Of the recall at the paper's specificity.
    pub recall_at_specificity: [f64; 2],
}

/// Temperature scaling: one divisor of the logits, fitted on the part of [`CardMetrics`]. The
/// figures "after" are cross-fitted: no patch is judged by a temperature it helped to choose.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CardCalibration {
    /// Part that it was fitted on.
    pub part: String,
    /// The divisor.
    pub temperature: f64,
    /// Folds of whole patients behind the figures "after".
    pub folds: usize,
    /// Expected calibration error in 15 bins of equal width at temperature 1, and after.
    pub ece: [f64; 2],
    /// Brier score at temperature 1, and after.
    pub brier: [f64; 2],
    /// Mean negative log-likelihood in nats at temperature 1, and after.
    pub log_loss: [f64; 2],
    /// Bins with patches in them, of the probabilities as shipped:
    /// `[mean probability, share of nodules, patches]`.
    pub bins: Vec<[f64; 3]>,
}

/// Figures of a group of patches at the threshold; absent where the class is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CardSubgroup {
    /// What divides, such as `Diameter`.
    pub by: String,
    /// Which group, with unit.
    pub label: String,
    /// Patches.
    pub n: usize,
    /// Nodules among them.
    pub positives: usize,
    /// Area under the ROC curve.
    pub roc_auc: Option<f64>,
    /// Sensitivity.
    pub recall: Option<f64>,
    /// Its 95 % interval (Wilson).
    pub recall_ci95: Option<[f64; 2]>,
    /// Share of the others that are not called one.
    pub specificity: Option<f64>,
    /// Its 95 % interval (Wilson).
    pub specificity_ci95: Option<[f64; 2]>,
}

/// One epoch of the learning curve.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CardEpoch {
    /// Counted from 1.
    pub epoch: usize,
    /// Mean cross-entropy over the steps, augmented and with dropout.
    pub train_loss: f64,
    /// Share right at probability 0.5 on what was trained on; absent where it was not kept.
    pub train_accuracy: Option<f64>,
    /// Cross-entropy on the validation part.
    pub valid_loss: f64,
    /// Share right at probability 0.5 there.
    pub valid_accuracy: f64,
    /// ROC AUC there.
    pub valid_auc: f64,
}

/// Counts at a threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// Nodules called nodules.
    pub tp: usize,
    /// Nodules missed.
    #[serde(rename = "fn")]
    pub fn_: usize,
    /// Others called nodules.
    pub fp: usize,
    /// Others called so.
    pub tn: usize,
}
