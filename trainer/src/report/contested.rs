//! The figures without contested negatives, beside those with all patches: a network that calls a
//! contested negative a nodule may be right.

use crate::dataset::{Dataset, ManifestRow};
use crate::metrics::bootstrap::{self, Interval, RESAMPLES, SEED, number};
use crate::metrics::{Labelled, confusion, operating_point, rates, roc_auc};
use nodulens::constants::PAPER_SPECIFICITY;
use nodulens::weights::{CardContested, Confusion};
use serde::{Deserialize, Serialize};

/// Figures without contested negatives, at the same threshold. Rates are in [0, 1].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WithoutContested {
    /// Contested negatives, which are left out.
    pub contested: usize,
    /// Of them, those called nodules at the threshold.
    pub contested_called: usize,
    /// Patches that are left.
    pub n: usize,
    /// Nodules among them.
    pub positives: usize,
    /// Counts at the threshold.
    pub confusion: Confusion,
    /// `null` where a class is absent.
    pub roc_auc: Option<f64>,
    /// Its interval.
    pub roc_auc_ci95: Option<Interval>,
    /// `null` where there is no nodule.
    pub average_precision: Option<f64>,
    /// Recall at the smallest threshold with at least the paper's specificity here.
    #[serde(rename = "recall_at_specificity_0.9709")]
    pub recall_at_paper_specificity: Option<f64>,
    /// Its interval.
    #[serde(rename = "recall_at_specificity_0.9709_ci95")]
    pub recall_at_paper_specificity_ci95: Option<Interval>,
    /// Share of the others that are not called nodules.
    pub specificity: f64,
    /// Share of nodules among what is called one.
    pub precision: f64,
    /// Share decided rightly.
    pub accuracy: f64,
}

impl WithoutContested {
    /// Measure; `None` where no row says whether it is contested.
    pub fn of(dataset: &Dataset, labelled: &[Labelled], threshold: f64) -> Option<Self> {
        let rows: Vec<&ManifestRow> = dataset.examples.iter().map(|one| &one.row).collect();
        rows.iter().any(|row| row.contested.is_some()).then(|| {
            let kept = |i: &usize| !rows[*i].is_contested_negative();
            let (kept, contested): (Vec<usize>, Vec<usize>) = (0..rows.len()).partition(kept);
            let called = contested.iter().filter(|i| labelled[**i].probability >= threshold);
            let names: Vec<&str> = kept.iter().map(|i| rows[*i].unit()).collect();
            let left: Vec<Labelled> = kept.iter().map(|i| labelled[*i]).collect();
            Self {
                contested: contested.len(),
                contested_called: called.count(),
                ..Self::measure(&left, &names, threshold)
            }
        })
    }

    fn measure(left: &[Labelled], names: &[&str], threshold: f64) -> Self {
        let draws = (RESAMPLES, SEED);
        let unit = number(names).0;
        let intervals = bootstrap::intervals(left, &unit, threshold, PAPER_SPECIFICITY, draws);
        let counts = confusion(left, threshold);
        let rates = rates(counts);
        Self {
            n: left.len(),
            positives: counts.tp + counts.fn_,
            confusion: counts,
            roc_auc: roc_auc(left),
            roc_auc_ci95: intervals.roc_auc,
            average_precision: crate::metrics::average_precision(left),
            recall_at_paper_specificity: operating_point(left, PAPER_SPECIFICITY).map(|p| p.1),
            recall_at_paper_specificity_ci95: intervals.recall_at_specificity,
            specificity: rates.specificity,
            precision: rates.precision,
            accuracy: rates.accuracy,
            ..Self::default()
        }
    }

    /// Return what a card says of it.
    pub fn card(&self) -> CardContested {
        CardContested {
            contested: self.contested,
            contested_called: self.contested_called,
            n: self.n,
            roc_auc: self.roc_auc,
            recall_at_specificity: self.recall_at_paper_specificity,
            specificity: self.specificity,
            precision: self.precision,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Part;

    /// Two nodules at .9 and .4; others at .8 (contested), .3 (contested) and .2. With all the AUC
    /// is 5 of 6 pairs, without the contested ones 2 of 2.
    #[test]
    fn a_hand_worked_case() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("crops50")).unwrap();
        for row in 1..6 {
            let path = folder.path().join(format!("crops50/{row}.png"));
            image::GrayImage::new(50, 50).save(path).unwrap();
        }
        let load = |cells: [&str; 5]| {
            let lines: String =
                cells.iter().enumerate().map(|(i, cells)| format!("{},{cells}\n", i + 1)).collect();
            let text = format!("candidate_row,class,contested\n{lines}");
            std::fs::write(folder.path().join("manifest.csv"), text).unwrap();
            Dataset::load(folder.path(), &Part::All).unwrap()
        };
        let labelled =
            crate::metrics::labelled(&[(0.9, 1), (0.4, 1), (0.8, 0), (0.3, 0), (0.2, 0)]);
        let set = load(["1,1", "1,0", "0,1", "0,1", "0,0"]);
        let found = WithoutContested::of(&set, &labelled, 0.5).unwrap();
        assert_eq!((found.contested, found.contested_called), (2, 1));
        assert_eq!((found.n, found.positives), (3, 2));
        assert_eq!(found.roc_auc, Some(1.0));
        assert_eq!(found.confusion, Confusion { tp: 1, fn_: 1, fp: 0, tn: 1 });
        assert_eq!((found.specificity, found.precision), (1.0, 1.0));
        assert!((found.accuracy - 2.0 / 3.0).abs() < 1e-12);
        // The threshold of this specificity falls to .4.
        assert_eq!(found.recall_at_paper_specificity, Some(1.0));
        assert_eq!(
            WithoutContested::of(&load(["1,", "1,", "0,", "0,", "0,"]), &labelled, 0.5),
            None
        );
    }
}
