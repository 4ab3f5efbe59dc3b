//! An evaluation: `report.json` with every figure, `report.html` rendered from it,
//! `predictions.csv` with every patch.
//!
//! | module | what |
//! |---|---|
//! | [`answers`] | what the network says of every patch; shards of it and their merging |
//! | [`measure`] | answers and labels -> [`Report`] |
//! | [`contested`] | the figures without contested negatives |
//! | [`leak`] | which patches come from scans that the network learned from |
//! | [`stress`] | the figures where the scanner or the place is another |
//! | [`paper`] | the figures that the paper prints |
//! | [`page`] | [`Report`] -> HTML, from the pieces of [`html`]; [`plots`] its pictures |
//! | [`froc`] | sensitivity against false positives in whole scans, as JSON and HTML |
//! | [`card`] | what a weights file says of itself; [`card_markdown`] the same as a text |

pub mod answers;
pub mod card;
pub mod card_markdown;
pub mod contested;
pub mod froc;
pub mod html;
pub mod leak;
pub mod measure;
pub mod page;
pub mod paper;
pub mod plots;
pub mod stress;

use crate::dataset::description::DataCard;
use crate::metrics::NetBenefit;
use crate::metrics::bootstrap::{BandPoint, Interval, Paired};
use crate::metrics::calibration::CrossFit;
use crate::metrics::curves::{PrPoint, RocPoint};
use crate::metrics::reliability::ReliabilityBin;
use crate::metrics::subgroups::{GroupedBy, Subgroup};
use nodulens::classifier::Classifier;
use nodulens::weights::{CardEpoch, Confusion};
use serde::{Deserialize, Serialize};
use std::fmt;

pub use crate::metrics::bootstrap::{RESAMPLES, SEED as BOOTSTRAP_SEED};

/// How far the surroundings of the patches were shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surroundings {
    /// Patches whose surroundings are not known: they were judged alone.
    pub unknown: usize,
}

/// Figures of a model on a part of a data set. Rates are in [0, 1]; `*_ci95` are 95 % intervals
/// by bootstrap over [`Report::bootstrap_units`], percentiles 2.5 and 97.5.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Weights that were measured: network and the start of the file's hash.
    pub model_id: String,
    /// What the weights' card calls itself.
    pub model_title: String,
    /// SHA-256 of the weights file.
    pub weights_sha256: String,
    /// Whether each probability is the mean over the eight flips and quarter turns of the patch.
    pub symmetry: bool,
    /// Whether surroundings were shown, and for how many they were not known; `null` where patches were
    /// judged alone.
    pub surroundings: Option<Surroundings>,
    /// Part of the data.
    pub split: String,
    /// SHA-256 over what was measured: rows, labels and the bytes of the pictures.
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
    /// Units of the bootstrap.
    pub units: usize,
    /// What they are: `patients`, `scans` where the manifest names no patient, or `patches`.
    pub bootstrap_units: String,
    /// Rows without a usable picture.
    pub skipped: Vec<String>,
    /// Smallest probability called a nodule.
    pub threshold: f64,
    /// Counts at the threshold.
    pub confusion: Confusion,
    /// Share decided rightly.
    pub accuracy: f64,
    /// Its interval.
    pub accuracy_ci95: Option<Interval>,
    /// Share of nodules among what is called one.
    pub precision: f64,
    /// Its interval.
    pub precision_ci95: Option<Interval>,
    /// Sensitivity.
    pub recall: f64,
    /// Its interval.
    pub recall_ci95: Option<Interval>,
    /// Share of the others that are not called one.
    pub specificity: f64,
    /// Its interval.
    pub specificity_ci95: Option<Interval>,
    /// Harmonic mean of precision and recall.
    pub f1: f64,
    /// Its interval.
    pub f1_ci95: Option<Interval>,
    /// `null` where a class is absent.
    pub roc_auc: Option<f64>,
    /// Its interval.
    pub roc_auc_ci95: Option<Interval>,
    /// Drawings behind the intervals.
    pub bootstrap_resamples: usize,
    /// Precision summed over the steps of recall; `null` without nodules.
    pub average_precision: Option<f64>,
    /// Its interval.
    pub average_precision_ci95: Option<Interval>,
    /// Recall at the smallest threshold with at least the paper's specificity here.
    #[serde(rename = "recall_at_specificity_0.9709")]
    pub recall_at_paper_specificity: Option<f64>,
    /// Its interval; the threshold is chosen again in each resample.
    #[serde(rename = "recall_at_specificity_0.9709_ci95")]
    pub recall_at_paper_specificity_ci95: Option<Interval>,
    /// Expected calibration error: 15 bins of equal width on the probability of a nodule.
    pub ece: Option<f64>,
    /// Its interval; leans upward, because resampling adds noise to every bin.
    pub ece_ci95: Option<Interval>,
    /// The same over 15 bins of equal count.
    pub ece_equal_mass: Option<f64>,
    /// Mean squared distance of probability and outcome.
    pub brier: Option<f64>,
    /// Its interval.
    pub brier_ci95: Option<Interval>,
    /// Mean negative log-likelihood in nats.
    pub log_loss: Option<f64>,
    /// The probabilities as probabilities.
    pub calibration: Calibration,
    /// ROC curve (thinned to its corners, at most 2,000) and its band.
    pub roc: RocCurve,
    /// Precision-recall curve (at most 2,000 points) and its band.
    pub pr: PrCurve,
    /// Net benefit over thresholds.
    pub decision_curve: Vec<NetBenefit>,
    /// What the answers mean where nodules are rarer or more frequent than here.
    pub prevalence: Vec<Prevalence>,
    /// Probabilities by class.
    pub histogram: Histogram,
    /// Results group by group at the threshold.
    pub subgroups: Vec<Subgroup>,
    /// The figures without contested negatives; `null` where the data does not say which they are.
    pub without_contested: Option<contested::WithoutContested>,
    /// Patches that come from scans the network may have learned from.
    pub leaks: Vec<leak::Leak>,
    /// The learning curve that the weights file carries; empty in older files.
    pub history: Vec<CardEpoch>,
    /// Epoch that these weights are from.
    pub epoch: usize,
    /// The errors furthest from the threshold.
    pub worst: Worst,
    /// What the data says of itself.
    pub data: DataCard,
    /// What the paper prints.
    pub paper: paper::PaperFigures,
    /// The same patches by other weights.
    pub compare: Option<Comparison>,
    /// Under physical changes, a table a head; empty where none was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stress: Vec<stress::Stress>,
}

/// The probabilities as probabilities.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Divisor of the logits that the weights file carries.
    pub temperature: f64,
    /// Part on which it was fitted; `null` where nothing was.
    pub fitted_on: Option<String>,
    /// Bins of equal width, empty ones included.
    pub bins: Vec<ReliabilityBin>,
    /// What a temperature fitted on this very part would give, judged by folds of whole
    /// patients. `null` with fewer patients than folds.
    pub cross_fit: Option<CrossFit>,
}

/// A ROC curve.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RocCurve {
    /// From (0, 0) to (1, 1).
    pub points: Vec<RocPoint>,
    /// Sensitivity at fixed false-positive rates.
    pub band: Vec<BandPoint>,
}

/// A precision-recall curve.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PrCurve {
    /// Recall rising.
    pub points: Vec<PrPoint>,
    /// Precision at fixed recall.
    pub band: Vec<BandPoint>,
}

/// Predictive values at the threshold for one share of nodules.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prevalence {
    /// Share of nodules among the candidates.
    pub prevalence: f64,
    /// Chance that what is called a nodule is one.
    pub ppv: Option<f64>,
    /// Its interval.
    pub ppv_ci95: Option<Interval>,
    /// Chance that what is not called one is none.
    pub npv: Option<f64>,
}

/// Counts of probabilities in bins of equal width over [0, 1].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// Nodules in each bin.
    pub nodules: Vec<usize>,
    /// Others in each bin.
    pub others: Vec<usize>,
}

/// The errors furthest from the threshold, the worst first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Worst {
    /// Nodules missed.
    pub false_negatives: Vec<WorstPatch>,
    /// Others called nodules.
    pub false_positives: Vec<WorstPatch>,
}

/// One error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorstPatch {
    /// Row of the manifest; names its picture.
    pub candidate_row: String,
    /// Its scan.
    pub seriesuid: String,
    /// Probability of a nodule.
    pub probability: f64,
    /// Of the nodule, mm.
    pub diameter_mm: Option<f64>,
    /// Of the scan, mm.
    pub slice_thickness_mm: Option<f64>,
}

/// The same patches by other weights, on the same resamples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The other weights: network and the start of the file's hash.
    pub model_id: String,
    /// What their card calls itself.
    pub model_title: String,
    /// SHA-256 of the other weights file.
    pub weights_sha256: String,
    /// Whether the patches come from scans that the other network may have learned from.
    pub leaks: Vec<leak::Leak>,
    /// Ours (first) against the other (second).
    #[serde(flatten)]
    pub paired: Paired,
}

impl Report {
    /// Say which weights were measured.
    #[must_use]
    pub fn of_model(self, classifier: &Classifier) -> Self {
        Self {
            model_id: classifier.model_id(),
            model_title: classifier.header().card.read().map(|card| card.title).unwrap_or_default(),
            weights_sha256: classifier.sha256().to_owned(),
            ..self
        }
    }
}

impl Surroundings {
    /// Say how far they were shown, of so many patches.
    pub fn sentence(self, patches: usize) -> String {
        let alone = match self.unknown {
            0 => "all are known".to_owned(),
            unknown => {
                format!("{unknown} of {patches} have none that are known and are judged alone")
            }
        };
        format!("Patches are shown with their surroundings: {alone}.")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Confusion { tp, fn_, fp, tn } = self.confusion;
        let with = if self.symmetry { ", mean over eight symmetries" } else { "" };
        writeln!(out, "{} on {}{with}", self.model_id, self.split)?;
        writeln!(
            out,
            "n {} ({} nodules, {} scans, {} skipped)",
            self.n,
            self.positives,
            self.series,
            self.skipped.len()
        )?;
        if let Some(surroundings) = self.surroundings {
            writeln!(out, "{}", surroundings.sentence(self.n))?;
        }
        writeln!(
            out,
            "                              95 % by {RESAMPLES} resamples of {}",
            self.bootstrap_units
        )?;
        let mut line = |name: &str, value: Option<f64>, interval: Option<Interval>| {
            let value = value.map_or("-".to_owned(), |value| format!("{value:.4}"));
            let interval = interval.map_or(String::new(), |[a, b]| format!("{a:.4} to {b:.4}"));
            writeln!(out, "{name:<22}{value:<8}{interval}")
        };
        line("ROC AUC", self.roc_auc, self.roc_auc_ci95)?;
        line("average precision", self.average_precision, self.average_precision_ci95)?;
        let recall = self.recall_at_paper_specificity;
        line("recall at spec .9709", recall, self.recall_at_paper_specificity_ci95)?;
        line("calibration error", self.ece, self.ece_ci95)?;
        line("Brier score", self.brier, self.brier_ci95)?;
        line("sensitivity (recall)", Some(self.recall), self.recall_ci95)?;
        line("specificity", Some(self.specificity), self.specificity_ci95)?;
        line("precision", Some(self.precision), self.precision_ci95)?;
        line("accuracy", Some(self.accuracy), self.accuracy_ci95)?;
        line("F1", Some(self.f1), self.f1_ci95)?;
        for group in self.subgroups.iter().filter(|group| group.by == GroupedBy::DiameterMm) {
            line(&format!("recall, {}", group.label), group.recall, group.recall_ci95)?;
        }
        if let Some(without) = &self.without_contested {
            writeln!(out, "without {} contested negatives (n {})", without.contested, without.n)?;
            let mut line = |name: &str, value: Option<f64>, interval: Option<Interval>| {
                let value = value.map_or("-".to_owned(), |value| format!("{value:.4}"));
                let interval = interval.map_or(String::new(), |[a, b]| format!("{a:.4} to {b:.4}"));
                writeln!(out, "  {name:<22}{value:<8}{interval}")
            };
            line("ROC AUC", without.roc_auc, without.roc_auc_ci95)?;
            let recall = without.recall_at_paper_specificity;
            line("recall at spec .9709", recall, without.recall_at_paper_specificity_ci95)?;
            line("specificity", Some(without.specificity), None)?;
            line("precision", Some(without.precision), None)?;
        } else {
            writeln!(out, "which negatives are contested is not known of this data")?;
        }
        if let Some(other) = &self.compare {
            let named = [
                ("AUC", other.paired.roc_auc),
                ("recall at spec .9709", other.paired.recall_at_specificity),
            ];
            for (name, difference) in named.into_iter().filter_map(|(n, d)| Some((n, d?))) {
                let [low, high] = difference.difference_ci95;
                writeln!(
                    out,
                    "against {}: {name} {:+.4} ({low:+.4} to {high:+.4}; not better in {:.1} % of resamples)",
                    other.model_id,
                    difference.difference,
                    100.0 * difference.share_not_better
                )?;
            }
        }
        for stress in &self.stress {
            writeln!(out, "{stress}")?;
        }
        for leak in &self.leaks {
            writeln!(out, "NOTE  {}", leak.sentence)?;
        }
        write!(out, "at threshold {:.4}: TP {tp}  FN {fn_}  FP {fp}  TN {tn}", self.threshold)
    }
}
