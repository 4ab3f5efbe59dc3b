//! An evaluation: `report.json` with every figure, `predictions.csv` with every patch.

use crate::dataset::{Dataset, Part};
use crate::metrics::{
    Labelled, average_precision, confusion, operating_point, rates, roc_auc, roc_auc_interval,
};
use anyhow::{Context, Result};
use nodulens::classifier::{Classifier, Prediction};
use nodulens::method::PAPER_SPECIFICITY;
use nodulens::weights::{CardMetrics, Confusion};
use serde::Serialize;
use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Drawings behind the confidence interval.
const RESAMPLES: usize = 2000;
/// Seed of those drawings: one for all reports, so that one model has one interval.
const BOOTSTRAP_SEED: u64 = 1;
/// Patches classified at once.
const BATCH: usize = 96;

/// Figures of a model on a part of a data set. Rates are in [0, 1].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Weights that were measured: network and the start of the file's hash.
    pub model_id: String,
    /// SHA-256 of the weights file.
    pub weights_sha256: String,
    /// Part of the data.
    pub split: String,
    /// SHA-256 over the rows and classes measured.
    pub split_sha256: String,
    /// Commit of this program.
    pub commit: String,
    /// Seed of the bootstrap.
    pub seed: u64,
    /// Patches.
    pub n: usize,
    /// Nodules among them.
    pub positives: usize,
    /// Scans.
    pub series: usize,
    /// Rows without a usable picture.
    pub skipped: Vec<String>,
    /// Smallest probability called a nodule.
    pub threshold: f64,
    /// Counts at the threshold.
    pub confusion: Confusion,
    /// Share decided rightly.
    pub accuracy: f64,
    /// Share of nodules among what is called one.
    pub precision: f64,
    /// Sensitivity.
    pub recall: f64,
    /// Share of the others that are not called one.
    pub specificity: f64,
    /// Harmonic mean of precision and recall.
    pub f1: f64,
    /// `null` where a class is absent.
    pub roc_auc: Option<f64>,
    /// Bootstrap over scans, percentiles 2.5 and 97.5.
    pub roc_auc_ci95: Option<[f64; 2]>,
    /// Drawings behind the interval.
    pub bootstrap_resamples: usize,
    /// Precision summed over the steps of recall; `null` without nodules.
    pub average_precision: Option<f64>,
    /// Recall at the smallest threshold whose specificity here is at least the paper's.
    #[serde(rename = "recall_at_specificity_0.9709")]
    pub recall_at_paper_specificity: Option<f64>,
}

impl Report {
    /// Measures probabilities against labels.
    pub fn new(dataset: &Dataset, labelled: &[Labelled], threshold: f64, part: &Part) -> Self {
        let series: Vec<&str> = dataset.examples.iter().map(|e| e.row.series()).collect();
        let counts = confusion(labelled, threshold);
        let rates = rates(counts);
        let mut distinct = series.clone();
        distinct.sort_unstable();
        distinct.dedup();
        Self {
            model_id: String::new(),
            weights_sha256: String::new(),
            split: part.to_string(),
            split_sha256: dataset.hash.clone(),
            commit: commit(),
            seed: BOOTSTRAP_SEED,
            n: labelled.len(),
            positives: dataset.positives(),
            series: distinct.len(),
            skipped: dataset.skipped.clone(),
            threshold,
            confusion: counts,
            accuracy: rates.accuracy,
            precision: rates.precision,
            recall: rates.recall,
            specificity: rates.specificity,
            f1: rates.f1,
            roc_auc: roc_auc(labelled),
            roc_auc_ci95: roc_auc_interval(labelled, &series, RESAMPLES, BOOTSTRAP_SEED),
            bootstrap_resamples: RESAMPLES,
            average_precision: average_precision(labelled),
            recall_at_paper_specificity: operating_point(labelled, PAPER_SPECIFICITY)
                .map(|(_, recall)| recall),
        }
    }

    /// Says which weights were measured.
    #[must_use]
    pub fn of_model(self, classifier: &Classifier) -> Self {
        let (model_id, weights_sha256) = (classifier.model_id(), classifier.sha256().to_owned());
        Self { model_id, weights_sha256, ..self }
    }

    /// The figures that a card carries; `None` where a class is absent.
    pub fn card_metrics(&self) -> Option<CardMetrics> {
        Some(CardMetrics {
            part: self.split.clone(),
            n: self.n,
            positives: self.positives,
            roc_auc: self.roc_auc?,
            roc_auc_ci95: self.roc_auc_ci95?,
            average_precision: self.average_precision?,
            accuracy: self.accuracy,
            precision: self.precision,
            recall: self.recall,
            specificity: self.specificity,
            f1: self.f1,
            threshold: self.threshold,
            confusion: self.confusion,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figure =
            |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.4}"));
        let Confusion { tp, fn_, fp, tn } = self.confusion;
        writeln!(out, "{} on {}", self.model_id, self.split)?;
        writeln!(
            out,
            "n {} ({} nodules, {} scans, {} skipped)",
            self.n,
            self.positives,
            self.series,
            self.skipped.len()
        )?;
        write!(out, "ROC AUC               {}", figure(self.roc_auc))?;
        if let Some([low, high]) = self.roc_auc_ci95 {
            write!(out, "  (95 % {low:.4} to {high:.4}, {RESAMPLES} resamples by scan)")?;
        }
        writeln!(out, "\naverage precision     {}", figure(self.average_precision))?;
        writeln!(out, "recall at spec .9709  {}", figure(self.recall_at_paper_specificity))?;
        writeln!(out, "at threshold {:.4}: TP {tp}  FN {fn_}  FP {fp}  TN {tn}", self.threshold)?;
        writeln!(out, "sensitivity (recall)  {:.4}", self.recall)?;
        writeln!(out, "specificity           {:.4}", self.specificity)?;
        writeln!(out, "precision             {:.4}", self.precision)?;
        write!(out, "accuracy              {:.4}    F1 {:.4}", self.accuracy, self.f1)
    }
}

/// Classifies every patch, in the data set's order.
///
/// # Errors
/// Where the device fails.
pub fn predict(classifier: &Classifier, dataset: &Dataset) -> Result<Vec<Prediction>> {
    let mut predictions = Vec::with_capacity(dataset.examples.len());
    for chunk in dataset.examples.chunks(BATCH) {
        let values = chunk.iter().flat_map(|example| example.values.iter().copied()).collect();
        predictions.extend(pollster::block_on(classifier.classify_values(values))?);
    }
    Ok(predictions)
}

/// Pairs probabilities with labels.
pub fn labelled(dataset: &Dataset, predictions: &[Prediction]) -> Vec<Labelled> {
    dataset
        .examples
        .iter()
        .zip(predictions)
        .map(|(example, prediction)| Labelled {
            probability: f64::from(prediction.probability),
            nodule: example.row.nodule(),
        })
        .collect()
}

/// Writes `report.json` and `predictions.csv`.
///
/// # Errors
/// Where the disk refuses.
pub fn write(
    folder: &Path,
    report: &Report,
    dataset: &Dataset,
    predictions: &[Prediction],
) -> Result<()> {
    let path = folder.join("report.json");
    fs::write(&path, serde_json::to_vec_pretty(report)?)
        .with_context(|| path.display().to_string())?;
    let mut writer = csv::Writer::from_path(folder.join("predictions.csv"))?;
    writer.write_record(["candidate_row", "seriesuid", "class", "probability"])?;
    for (example, prediction) in dataset.examples.iter().zip(predictions) {
        let row = &example.row;
        let (class, probability) = (row.class.to_string(), prediction.probability.to_string());
        writer.write_record([row.candidate_row.as_str(), row.series(), &class, &probability])?;
    }
    writer.flush()?;
    Ok(())
}

/// The commit that this program was run from, `-dirty` with changes, or `unknown`.
pub fn commit() -> String {
    let git = |arguments: &[&str]| {
        // Of the sources this was built from, wherever it is run.
        let sources = ["-C", env!("CARGO_MANIFEST_DIR")];
        let output = Command::new("git").args(sources).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    match git(&["rev-parse", "--short=12", "HEAD"]) {
        Some(commit)
            if git(&["status", "--porcelain", "--untracked-files=no"]).as_deref() == Some("") =>
        {
            commit
        }
        Some(commit) => format!("{commit}-dirty"),
        None => "unknown".to_owned(),
    }
}
