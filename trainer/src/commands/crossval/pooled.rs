//! Figures of cross-validation: each patch judged once, by the network that has not learnt from its
//! fold.

use crate::config::TrainConfig;
use crate::dataset::Fold;
use crate::metrics::bootstrap::{self, Interval, Paired, number, paired};
use crate::metrics::{Labelled, average_precision, operating_point, roc_auc};
use crate::report::{BOOTSTRAP_SEED, RESAMPLES};
use anyhow::{Context, Result, ensure};
use nodulens::constants::{DIAMETER_BINS_MM, PAPER_SPECIFICITY};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::Path;

/// Predictions of a fold's test part, in its folder, and of all in the folder above.
pub const PREDICTIONS: &str = "predictions.csv";

/// A patch of a test part with what the fold's network says of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// Fold whose test part it stands in.
    pub fold: Fold,
    /// As in the manifest.
    pub candidate_row: String,
    /// As in the manifest.
    pub seriesuid: String,
    /// What the bootstrap draws: the patient, where the manifest names one.
    pub unit: String,
    /// 1 for a nodule, 0 for none.
    pub class: u8,
    /// Whether it is a contested negative; empty where that is not known.
    pub contested: Option<bool>,
    /// Of a nodule, mm; empty where it is not known.
    #[serde(default)]
    pub diameter_mm: Option<f64>,
    /// As the network answers: with the surroundings where it looks at them and they are known.
    pub probability: f64,
    /// Of the patch alone; empty of a network that looks at nothing else.
    #[serde(default)]
    pub probability_patch: Option<f64>,
}

/// Which answer is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// The network's own.
    Own,
    /// That of the patch alone.
    Patch,
}

/// Figures of some patches; absent where a class is.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// Patches.
    pub n: usize,
    /// Nodules among them.
    pub positives: usize,
    /// Area under the ROC curve.
    pub roc_auc: Option<f64>,
    /// Area under the precision-recall curve.
    pub average_precision: Option<f64>,
    /// Share of nodules found at the smallest threshold with the paper's specificity.
    #[serde(rename = "recall_at_specificity_0.9709")]
    pub recall: Option<f64>,
    /// Recall at the same threshold by nodule diameter: below 6 mm, to 8, to 15, above.
    pub recall_by_diameter: [Option<f64>; DIAMETER_BINS_MM.len() + 1],
}

/// Figures of all patches, with 95 % intervals over patients.
#[derive(Clone, Debug, Serialize)]
pub struct Pooled {
    /// The figures themselves.
    #[serde(flatten)]
    pub figures: Figures,
    /// Of the AUC.
    pub roc_auc_ci95: Option<Interval>,
    /// Of the recall, its threshold chosen anew in each resample.
    #[serde(rename = "recall_at_specificity_0.9709_ci95")]
    pub recall_ci95: Option<Interval>,
    /// Without contested negatives; `null` where it is not known which they are.
    pub without_contested: Option<Figures>,
}

/// Figures of one fold.
#[derive(Clone, Debug, Serialize)]
pub struct FoldFigures {
    /// The fold.
    pub fold: Fold,
    /// Of its test part.
    #[serde(flatten)]
    pub figures: Figures,
    /// Without contested negatives; `null` where it is not known which they are.
    pub without_contested: Option<Figures>,
}

/// `crossval.json`
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Commit of the program.
    pub commit: String,
    /// Configuration of the runs; the split is each fold's.
    pub config: TrainConfig,
    /// Teachers that could not be checked for having seen the patients of a fold, and were trusted.
    pub unchecked_teachers: Vec<String>,
    /// Fold by fold.
    pub folds: Vec<FoldFigures>,
    /// Every patch once, each judged by the network that never saw its fold.
    pub pooled: Pooled,
    /// The same by the patch alone; `null` of a network that looks at nothing else.
    pub pooled_patch: Option<Pooled>,
    /// Drawings behind the intervals.
    pub bootstrap_resamples: usize,
    /// What they draw: patients, where the manifest names them.
    pub bootstrap_units: String,
    /// Mean of the folds' AUC.
    pub roc_auc_mean: f64,
    /// Between folds, with n - 1.
    pub roc_auc_sd: f64,
}

/// Read the rows of a file of predictions.
///
/// # Errors
/// A file that is missing or of another build.
pub fn read(path: &Path) -> Result<Vec<Row>> {
    let mut reader = csv::Reader::from_path(path).with_context(|| path.display().to_string())?;
    let row = |row: csv::Result<Row>| {
        row.with_context(|| format!("{} is no result of this build; remove it", path.display()))
    };
    reader.deserialize().map(row).collect()
}

/// Pair answers with labels.
pub fn labelled(rows: &[&Row], judged: Judged) -> Vec<Labelled> {
    let one = |row: &&Row| {
        let alone = row.probability_patch.filter(|_| judged == Judged::Patch);
        Labelled { probability: alone.unwrap_or(row.probability), nodule: row.class == 1 }
    };
    rows.iter().map(one).collect()
}

impl Figures {
    /// Measure answers, each threshold chosen on these very patches.
    pub fn of(rows: &[&Row], judged: Judged) -> Self {
        let labelled = labelled(rows, judged);
        let point = operating_point(&labelled, PAPER_SPECIFICITY);
        let bin = |row: &Row| {
            let diameter = row.diameter_mm?;
            Some(DIAMETER_BINS_MM.iter().filter(|end| diameter >= **end).count())
        };
        let recall = |wanted: usize| {
            let threshold = point?.0;
            let nodules = rows.iter().zip(&labelled).filter(|(_, one)| one.nodule);
            let of_bin = nodules.filter(|(row, _)| bin(row) == Some(wanted));
            let found: Vec<bool> = of_bin.map(|(_, one)| one.probability >= threshold).collect();
            let hits = found.iter().filter(|found| **found).count();
            (!found.is_empty()).then(|| hits as f64 / found.len() as f64)
        };
        Self {
            n: labelled.len(),
            positives: labelled.iter().filter(|one| one.nodule).count(),
            roc_auc: roc_auc(&labelled),
            average_precision: average_precision(&labelled),
            recall: point.map(|(_, recall)| recall),
            recall_by_diameter: std::array::from_fn(recall),
        }
    }

    /// Measure without contested negatives; `None` where no row tells.
    pub fn without_contested(rows: &[&Row], judged: Judged) -> Option<Self> {
        rows.iter().any(|row| row.contested.is_some()).then(|| {
            let kept = rows.iter().filter(|row| row.contested != Some(true)).copied();
            Self::of(&kept.collect::<Vec<_>>(), judged)
        })
    }
}

impl Pooled {
    /// Measure answers, with intervals.
    pub fn of(rows: &[&Row], judged: Judged) -> Self {
        let units: Vec<&str> = rows.iter().map(|row| row.unit.as_str()).collect();
        let draws = (RESAMPLES, BOOTSTRAP_SEED);
        let labelled = labelled(rows, judged);
        let intervals =
            bootstrap::intervals(&labelled, &number(&units).0, 0.5, PAPER_SPECIFICITY, draws);
        Self {
            figures: Figures::of(rows, judged),
            roc_auc_ci95: intervals.roc_auc,
            recall_ci95: intervals.recall_at_specificity,
            without_contested: Figures::without_contested(rows, judged),
        }
    }

    /// Say it in a line of a table in Markdown: AUC, average precision, recall, recall by diameter.
    pub fn cells(&self) -> [String; 4] {
        let Figures { roc_auc, average_precision, recall, recall_by_diameter, .. } = &self.figures;
        let figure = |value: Option<f64>, digits: usize| match value {
            None => "-".to_owned(),
            Some(value) => format!("{value:.digits$}"),
        };
        let with = |value: Option<f64>, digits: usize, interval: Option<Interval>| match interval {
            None => figure(value, digits),
            Some([low, high]) => {
                format!("{} ({low:.digits$} to {high:.digits$})", figure(value, digits))
            }
        };
        [
            with(*roc_auc, 4, self.roc_auc_ci95),
            figure(*average_precision, 3),
            with(*recall, 3, self.recall_ci95),
            recall_by_diameter.map(|recall| figure(recall, 2)).join(" "),
        ]
    }
}

/// Compare two cross-validations on the patches that both have judged, each patch by its own answer.
///
/// # Errors
/// No patch in common, or one that has another class there.
pub fn compare(
    ours: &[Row],
    judged: Judged,
    others: &[Row],
    other: Judged,
) -> Result<(usize, Paired)> {
    let known: HashMap<&str, &Row> =
        others.iter().map(|row| (row.candidate_row.as_str(), row)).collect();
    let pairs: Vec<(&Row, &Row)> = ours
        .iter()
        .filter_map(|row| Some((row, *known.get(row.candidate_row.as_str())?)))
        .collect();
    ensure!(!pairs.is_empty(), "the two have judged no patch in common");
    ensure!(
        pairs.iter().all(|(a, b)| a.class == b.class),
        "the two are of different data: a patch has one class here and another there"
    );
    let (ours, others): (Vec<&Row>, Vec<&Row>) = pairs.into_iter().unzip();
    let units: Vec<&str> = ours.iter().map(|row| row.unit.as_str()).collect();
    let (first, second) = (labelled(&ours, judged), labelled(&others, other));
    let draws = (RESAMPLES, BOOTSTRAP_SEED);
    let paired = paired(&first, &second, &number(&units).0, PAPER_SPECIFICITY, draws);
    Ok((first.len(), paired))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(at: usize, nodule: bool, probability: f64, patch: f64) -> Row {
        Row {
            fold: Fold::of(3).unwrap(),
            candidate_row: at.to_string(),
            seriesuid: format!("s{at}"),
            unit: format!("p{}", at / 2),
            class: u8::from(nodule),
            contested: None,
            diameter_mm: nodule.then_some(if at.is_multiple_of(2) { 5.0 } else { 20.0 }),
            probability,
            probability_patch: Some(patch),
        }
    }

    /// 20 nodules: every third is missed by the patch alone, none with its surroundings.
    fn rows() -> Vec<Row> {
        let one = |at: usize| {
            let nodule = at < 20;
            let jitter = (at % 7) as f64 / 100.0;
            let patch = if nodule && !at.is_multiple_of(3) { 0.9 } else { 0.2 } + jitter;
            row(at, nodule, if nodule { 0.8 } else { 0.1 } + jitter, patch)
        };
        (0..120).map(one).collect()
    }

    #[test]
    fn each_head_has_its_own_figures() {
        let rows = rows();
        let rows: Vec<&Row> = rows.iter().collect();
        let own = Pooled::of(&rows, Judged::Own);
        assert_eq!((own.figures.roc_auc, own.figures.recall), (Some(1.0), Some(1.0)));
        assert_eq!(own.figures.recall_by_diameter, [Some(1.0), None, None, Some(1.0)]);
        let patch = Figures::of(&rows, Judged::Patch);
        // 7 of 20 lie among the others: 3, 9 and 15 are large, 0, 6, 12 and 18 small.
        assert_eq!(patch.recall, Some(13.0 / 20.0));
        assert_eq!(patch.recall_by_diameter, [Some(6.0 / 10.0), None, None, Some(7.0 / 10.0)]);
        assert!(patch.roc_auc.is_some_and(|auc| (0.7..0.95).contains(&auc)), "{patch:?}");
    }

    #[test]
    fn two_are_compared_on_what_both_have_judged() {
        let (ours, others) = (rows(), rows().split_off(5));
        let (n, paired) = compare(&ours, Judged::Own, &others, Judged::Patch).unwrap();
        let difference = paired.roc_auc.unwrap();
        assert!(n == 115 && difference.difference > 0.05 && difference.share_not_better < 0.05);
        let strange: Vec<Row> = rows().into_iter().map(|row| Row { class: 0, ..row }).collect();
        assert!(compare(&ours, Judged::Own, &strange, Judged::Own).is_err());
    }
}
