//! The model card that travels inside the weights file.

use serde::{Deserialize, Serialize};

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
    /// Day of the export, ISO 8601.
    pub date: String,
    /// Commit of the trainer; ends in `-dirty` where the tree had changes.
    pub commit: String,
    /// Figures on the part on which the threshold was chosen; absent where nothing was measured.
    pub metrics: Option<CardMetrics>,
    /// What a user must know before relying on it, one sentence each.
    pub limits: Vec<String>,
    /// Works to cite.
    pub citations: Vec<String>,
    /// Licence of the weights.
    pub license: String,
}

/// Figures of one evaluation. Rates are in [0, 1].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CardMetrics {
    /// Part of the data, such as `patientwise-valid`.
    pub part: String,
    /// Patches.
    pub n: usize,
    /// Nodules among them.
    pub positives: usize,
    /// Area under the ROC curve.
    pub roc_auc: f64,
    /// Its 95 % interval by bootstrap over scans.
    pub roc_auc_ci95: [f64; 2],
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
