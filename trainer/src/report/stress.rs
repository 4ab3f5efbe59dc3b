//! The stress table: what is left of a network's figures where the scanner, or the place of the
//! patch, is another.

use crate::dataset::Dataset;
use crate::metrics::bootstrap::{self, Interval, Paired, RESAMPLES, SEED, paired};
use crate::metrics::{Labelled, operating_point, roc_auc};
use crate::scanner::changes::{CHANGES, Change};
use anyhow::Result;
use nodulens::classifier::{Classifier, Decision, Prediction};
use nodulens::constants::{CLASS_NODULE, PAPER_SPECIFICITY};
use nodulens::weights::Head;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Patches that are changed and classified at once.
const BATCH: usize = 96;

/// The table of one head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stress {
    /// Which part of the network answered, where it could.
    pub head: Head,
    /// Seed of the noise and of the sides on which slices end.
    pub seed: u64,
    /// The first row is of nothing changed.
    pub rows: Vec<Row>,
    /// How far a logit moves under a small change.
    pub steadiness: Steadiness,
}

/// One change. Differences are this row less the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What is changed.
    pub change: String,
    /// How far; empty where nothing is changed.
    pub strength: String,
    /// `null` where a class is absent.
    pub roc_auc: Option<f64>,
    /// Its 95 % interval by bootstrap over patients.
    pub roc_auc_ci95: Option<Interval>,
    /// Recall at the smallest threshold with at least the paper's specificity under this change.
    #[serde(rename = "recall_at_specificity_0.9709")]
    pub recall_at_paper_specificity: Option<f64>,
    /// Share of nodules called at the threshold in the weights file.
    pub recall: Option<f64>,
    /// Share of the others not called there.
    pub specificity: Option<f64>,
    /// Differences of AUC and of the recall at that specificity, by paired bootstrap.
    pub difference: Paired,
    /// Difference of the recall at the threshold.
    pub recall_difference: Option<f64>,
    /// Difference of the specificity at the threshold.
    pub specificity_difference: Option<f64>,
}

/// How far the logit (nodule less no nodule, before temperature) moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Steadiness {
    /// Mean over patches of its standard deviation over nine shifts of up to one pixel.
    pub shift: f64,
    /// Standard deviation over patches of its change by a turn of 45 degrees.
    pub turn45: f64,
    /// The same by a scale of 7 %, the mean of larger and smaller.
    pub scale7: f64,
    /// Distance of the medians of nodules and others, by which networks whose logits spread
    /// differently are compared.
    pub gap: f64,
}

/// What a head says of all patches under one change.
struct Answered {
    labelled: Vec<Labelled>,
    called: Vec<bool>,
    logits: Vec<f64>,
}

/// Measure a network under every change, a table for each head asked for.
///
/// # Errors
/// Where the device fails.
pub fn stress(classifier: &Classifier, dataset: &Dataset, heads: &[Head]) -> Result<Vec<Stress>> {
    let unit = dataset.units().0;
    heads.iter().map(|head| table(classifier, dataset, *head, &unit)).collect()
}

fn table(classifier: &Classifier, dataset: &Dataset, head: Head, unit: &[usize]) -> Result<Stress> {
    let asked = |change: Change| answered(classifier, dataset, head, change);
    let plain = asked(Change::Plain)?;
    let concerned = CHANGES.into_iter().filter(|change| change.concerns(head));
    let mut all: Vec<(Change, Answered)> =
        concerned.map(|change| Ok((change, asked(change)?))).collect::<Result<_>>()?;
    let of = |wanted: Change, all: &[(Change, Answered)]| -> Result<Vec<f64>> {
        let found = all.iter().find(|(change, _)| *change == wanted);
        found.map_or_else(|| Ok(asked(wanted)?.logits), |(_, one)| Ok(one.logits.clone()))
    };
    let mut shifts = vec![plain.logits.clone()];
    for (x, y) in (-1..=1).flat_map(|x| (-1..=1).map(move |y| (x, y))) {
        if (x, y) != (0, 0) {
            shifts.push(of(Change::Shift { x, y }, &all)?);
        }
    }
    let turned = of(Change::Turn { degrees: 45.0 }, &all)?;
    let scaled = [1.07, 1.0 / 1.07].map(|scale| of(Change::Scale { scale }, &all));
    let [smaller, larger] = scaled;
    let steadiness = steadiness(&plain, &shifts, &turned, [&smaller?, &larger?]);
    all.insert(0, (Change::Plain, plain));
    let (_, plain) = &all[0];
    let rows = all.par_iter().map(|(change, one)| row(*change, one, plain, unit)).collect();
    Ok(Stress { head, seed: SEED, rows, steadiness })
}

fn answered(
    classifier: &Classifier,
    dataset: &Dataset,
    head: Head,
    change: Change,
) -> Result<Answered> {
    let mut found: Vec<Prediction> = Vec::with_capacity(dataset.examples.len());
    for (batch, chunk) in dataset.examples.chunks(BATCH).enumerate() {
        let seen = |(i, example): (usize, &crate::dataset::Example)| {
            // The same for every strength, so that rows differ in what they say alone.
            let place = ((batch * BATCH + i) as u64) << 8;
            let mut rng = Pcg64Mcg::seed_from_u64(SEED + place);
            change.seen(&example.canvas, head, &mut rng)
        };
        let views: Vec<Vec<f32>> = chunk.par_iter().enumerate().map(seen).collect();
        found.extend(pollster::block_on(classifier.classify_views(views.concat()))?);
    }
    let nodule = dataset.examples.iter().map(|example| example.row.nodule());
    let labelled = |(one, nodule): (&Prediction, bool)| Labelled {
        probability: f64::from(one.probability),
        nodule,
    };
    Ok(Answered {
        labelled: found.iter().zip(nodule).map(labelled).collect(),
        called: found.iter().map(|one| one.decision == Decision::Nodule).collect(),
        logits: found.iter().map(logit).collect(),
    })
}

fn logit(one: &Prediction) -> f64 {
    f64::from(one.logits[CLASS_NODULE]) - f64::from(one.logits[1 - CLASS_NODULE])
}

fn row(change: Change, one: &Answered, plain: &Answered, unit: &[usize]) -> Row {
    let draws = (RESAMPLES, SEED);
    let (change, strength) = change.words();
    let intervals = bootstrap::intervals(&one.labelled, unit, 0.5, PAPER_SPECIFICITY, draws);
    let [recall, specificity] = rates(one);
    let [plain_recall, plain_specificity] = rates(plain);
    let less = |a: Option<f64>, b: Option<f64>| Some(a? - b?);
    Row {
        change: change.to_owned(),
        strength,
        roc_auc: roc_auc(&one.labelled),
        roc_auc_ci95: intervals.roc_auc,
        recall_at_paper_specificity: operating_point(&one.labelled, PAPER_SPECIFICITY)
            .map(|(_, recall)| recall),
        recall,
        specificity,
        difference: paired(&one.labelled, &plain.labelled, unit, PAPER_SPECIFICITY, draws),
        recall_difference: less(recall, plain_recall),
        specificity_difference: less(specificity, plain_specificity),
    }
}

/// Recall and specificity, each answer at the threshold of the head that gave it.
fn rates(answered: &Answered) -> [Option<f64>; 2] {
    [true, false].map(|nodule| {
        let of = answered.labelled.iter().zip(&answered.called).filter(|p| p.0.nodule == nodule);
        let (n, right) = of.fold((0, 0), |(n, right), (_, called)| {
            (n + 1, right + usize::from(*called == nodule))
        });
        (n > 0).then(|| f64::from(right as u32) / f64::from(n))
    })
}

fn steadiness(
    plain: &Answered,
    shifts: &[Vec<f64>],
    turned: &[f64],
    scaled: [&[f64]; 2],
) -> Steadiness {
    let moved = |other: &[f64]| {
        deviation(&other.iter().zip(&plain.logits).map(|(a, b)| a - b).collect::<Vec<_>>())
    };
    let of_patch = |i: usize| deviation(&shifts.iter().map(|shift| shift[i]).collect::<Vec<_>>());
    let n = plain.logits.len();
    let median = |nodule: bool| {
        let of = plain.labelled.iter().zip(&plain.logits).filter(|p| p.0.nodule == nodule);
        let mut logits: Vec<f64> = of.map(|(_, logit)| *logit).collect();
        logits.sort_by(f64::total_cmp);
        let last = logits.len().saturating_sub(1);
        let at = |i: usize| logits.get(i).copied().unwrap_or(0.0);
        (at(last / 2) + at(last.div_ceil(2))) / 2.0
    };
    Steadiness {
        shift: (0..n).map(of_patch).sum::<f64>() / n.max(1) as f64,
        turn45: moved(turned),
        scale7: (moved(scaled[0]) + moved(scaled[1])) / 2.0,
        gap: median(true) - median(false),
    }
}

/// Return the standard deviation of all there is (not of a sample).
fn deviation(values: &[f64]) -> f64 {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt()
}

impl Stress {
    /// Say what was shown.
    pub fn title(&self) -> &'static str {
        match self.head {
            Head::Patch => "patches alone",
            Head::Context => "with surroundings",
        }
    }
}

impl fmt::Display for Stress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "under change, {}", self.title())?;
        writeln!(
            out,
            "{:<20}{:<22}{:<25}{:<28}{:<17}at the threshold: recall, specificity",
            "", "", "ROC AUC (95 %)", "less the plain (95 %)", "recall at .9709"
        )?;
        for row in &self.rows {
            let number = |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{v:.4}"));
            let range =
                row.roc_auc_ci95.map_or(String::new(), |[a, b]| format!(" ({a:.4}-{b:.4})"));
            let changed = row.difference.roc_auc.filter(|_| !row.strength.is_empty());
            let less = changed.map_or(String::new(), |less| {
                let [a, b] = less.difference_ci95;
                format!("{:+.4} ({a:+.4} {b:+.4})", less.difference)
            });
            let recall = row.recall_at_paper_specificity;
            writeln!(
                out,
                "{:<20}{:<22}{:<25}{less:<28}{:<17}{}, {}",
                row.change,
                row.strength,
                number(row.roc_auc) + &range,
                number(recall),
                number(row.recall),
                number(row.specificity)
            )?;
        }
        let Steadiness { shift, turn45, scale7, gap } = self.steadiness;
        write!(
            out,
            "logit moves by {shift:.3} (shifts of a pixel), {turn45:.3} (45 degrees), {scale7:.3} (7 % \
             scale); medians of the classes lie {gap:.2} apart"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::labelled;

    fn answered(logits: &[f64], called: &[bool]) -> Answered {
        let pairs = [(0.9, 1), (0.6, 1), (0.2, 0), (0.7, 0)];
        Answered { labelled: labelled(&pairs), called: called.to_vec(), logits: logits.to_vec() }
    }

    #[test]
    fn steadiness_by_hand() {
        let plain = answered(&[3.0, 1.0, -2.0, 0.0], &[true; 4]);
        let moved = |by: [f64; 4]| -> Vec<f64> {
            plain.logits.iter().zip(by).map(|(logit, by)| logit + by).collect()
        };
        // Two shifts, of which the first patch moves by 2 and the last by 4: deviations 1 and 2.
        let shifts = [plain.logits.clone(), moved([2.0, 0.0, 0.0, 4.0])];
        let found = steadiness(
            &plain,
            &shifts,
            &moved([1.0, -1.0, 1.0, -1.0]),
            [&moved([5.0; 4]), &moved([3.0, -3.0, 3.0, -3.0])],
        );
        // What moves all alike does not count. Medians: 2 and -1.
        let expected = Steadiness { shift: 0.75, turn45: 1.0, scale7: 1.5, gap: 3.0 };
        assert_eq!(found, expected);
    }

    #[test]
    fn a_row_counts_by_the_answers_own_thresholds_and_differs_from_the_plain() {
        let plain = answered(&[0.0; 4], &[true, true, false, true]);
        let changed = answered(&[0.0; 4], &[true, false, false, false]);
        let change = Change::Grey { levels: -1 };
        let row = row(change, &changed, &plain, &[0, 1, 2, 3]);
        assert_eq!((row.recall, row.specificity), (Some(0.5), Some(1.0)));
        assert_eq!(row.recall_difference, Some(-0.5));
        assert_eq!(row.specificity_difference, Some(0.5));
        // Three of four pairs in order; the same probabilities, so no difference.
        assert_eq!(row.roc_auc, Some(0.75));
        assert_eq!(row.difference.roc_auc.unwrap().difference, 0.0);
        assert_eq!((row.change.as_str(), row.strength.as_str()), ("grey level", "-1"));
    }
}
