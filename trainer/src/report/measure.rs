//! Answers and labels -> [`Report`].

use super::answers::Answer;
use super::contested::WithoutContested;
use super::{
    BOOTSTRAP_SEED, Calibration, Histogram, PrCurve, Prevalence, RESAMPLES, Report, RocCurve,
    Surroundings, Worst, WorstPatch, leak, paper,
};
use crate::dataset::{Dataset, ManifestRow, Part, unit_word};
use crate::environment::commit;
use crate::metrics::bootstrap::{self, Intervals, percentiles};
use crate::metrics::calibration::{Logit, cross_fit};
use crate::metrics::counts::{negative_predictive_value, predictive_value};
use crate::metrics::curves::{compact_roc, pr_curve, roc_curve, thin};
use crate::metrics::reliability::{
    brier, calibration_error, calibration_error_equal_mass, log_loss, reliability_bins,
};
use crate::metrics::subgroups::{Traits, subgroups};
use crate::metrics::{
    Labelled, Rates, average_precision, confusion, decision_curve, operating_point, rates, roc_auc,
};
use nodulens::constants::PAPER_SPECIFICITY;
use nodulens::weights::{Head, Operating, WeightsHeader};
use std::collections::HashSet;

/// Points of a curve that a report keeps.
const CURVE_POINTS: usize = 2000;
/// Bins of the histogram of probabilities.
const HISTOGRAM_BINS: usize = 25;
/// Errors of each kind that are shown.
const WORST: usize = 20;
/// Shares of nodules that are marked: here by construction, and among all LUNA16 candidates.
pub const MARKED_PREVALENCE: [f64; 2] = [1.0 / 6.0, 1.0 / 408.0];

/// Pair probabilities with labels.
pub fn labelled(dataset: &Dataset, answers: &[Answer]) -> Vec<Labelled> {
    let pairs = dataset.examples.iter().zip(answers);
    pairs
        .map(|(example, answer)| Labelled {
            probability: f64::from(answer.probability),
            nodule: example.row.nodule(),
        })
        .collect()
}

/// Pair logits before temperature with labels.
pub fn logits(dataset: &Dataset, answers: &[Answer]) -> Vec<Logit> {
    let pairs = dataset.examples.iter().zip(answers);
    pairs
        .map(|(example, answer)| Logit { value: answer.logit, nodule: example.row.nodule() })
        .collect()
}

impl Report {
    /// Measure answers against labels; `head` is the part of the network that gave them where all was
    /// known, and `rows` the whole manifest, for the leak.
    pub fn new(
        dataset: &Dataset,
        answers: &[Answer],
        (header, head): (&WeightsHeader, Head),
        part: &Part,
        rows: &[ManifestRow],
    ) -> Self {
        let labelled = labelled(dataset, answers);
        let Operating { threshold, temperature } = header.operating(head);
        let threshold = f64::from(threshold);
        let context = header.card.context.as_ref().filter(|_| head == Head::Context);
        let (unit, units) = dataset.units();
        let bootstrap = (RESAMPLES, BOOTSTRAP_SEED);
        let intervals =
            bootstrap::intervals(&labelled, &unit, threshold, PAPER_SPECIFICITY, bootstrap);
        let confusion = confusion(&labelled, threshold);
        let rates = rates(confusion);
        let series: HashSet<&str> = dataset.examples.iter().map(|e| e.row.series()).collect();
        let traits: Vec<Traits<'_>> = dataset.examples.iter().map(|e| traits(&e.row)).collect();
        let fitted = match context {
            Some(context) => context.calibration.as_ref(),
            None => header.card.calibration.as_ref(),
        };
        let sees = header.context.is_some() && head == Head::Context;
        let unknown = dataset.examples.iter().filter(|example| !example.has_surroundings()).count();
        Self {
            split: part.to_string(),
            split_sha256: dataset.hash.clone(),
            commit: commit(),
            seed: BOOTSTRAP_SEED,
            n: labelled.len(),
            positives: dataset.positives(),
            series: series.len(),
            units,
            bootstrap_units: unit_word(dataset.examples.iter().map(|e| &e.row)).to_owned(),
            skipped: dataset.skipped.clone(),
            surroundings: sees.then_some(Surroundings { unknown }),
            threshold,
            confusion,
            accuracy: rates.accuracy,
            accuracy_ci95: intervals.accuracy,
            precision: rates.precision,
            precision_ci95: intervals.precision,
            recall: rates.recall,
            recall_ci95: intervals.recall,
            specificity: rates.specificity,
            specificity_ci95: intervals.specificity,
            f1: rates.f1,
            f1_ci95: intervals.f1,
            roc_auc: roc_auc(&labelled),
            roc_auc_ci95: intervals.roc_auc,
            bootstrap_resamples: RESAMPLES,
            average_precision: average_precision(&labelled),
            average_precision_ci95: intervals.average_precision,
            recall_at_paper_specificity: operating_point(&labelled, PAPER_SPECIFICITY)
                .map(|(_, recall)| recall),
            recall_at_paper_specificity_ci95: intervals.recall_at_specificity,
            ece: calibration_error(&labelled),
            ece_ci95: intervals.ece,
            ece_equal_mass: calibration_error_equal_mass(&labelled),
            brier: brier(&labelled),
            brier_ci95: intervals.brier,
            log_loss: log_loss(&labelled),
            calibration: Calibration {
                temperature: f64::from(temperature),
                fitted_on: fitted.map(|calibration| calibration.part.clone()),
                bins: reliability_bins(&labelled),
                cross_fit: cross_fit(&logits(dataset, answers), &unit, BOOTSTRAP_SEED),
            },
            prevalence: prevalence(rates, &intervals),
            roc: RocCurve {
                points: compact_roc(&roc_curve(&labelled), CURVE_POINTS),
                band: intervals.roc_band,
            },
            pr: PrCurve {
                points: thin(&pr_curve(&labelled), CURVE_POINTS),
                band: intervals.pr_band,
            },
            decision_curve: decision_curve(&labelled),
            histogram: histogram(&labelled),
            subgroups: subgroups(&labelled, &traits, threshold, bootstrap),
            without_contested: WithoutContested::of(dataset, &labelled, threshold),
            leaks: leak::leaks(rows, dataset, &header.card, part),
            history: header.card.history.clone(),
            epoch: header.card.epochs,
            worst: worst(dataset, &labelled, threshold),
            paper: paper::PaperFigures::default(),
            ..Self::default()
        }
    }
}

fn traits(row: &ManifestRow) -> Traits<'_> {
    Traits {
        unit: row.unit(),
        diameter_mm: row.diameter_mm,
        slice_thickness_mm: row.slice_thickness_mm,
        fold: row.luna_subset,
    }
}

fn prevalence(rates: Rates, intervals: &Intervals) -> Vec<Prevalence> {
    // From 1 in 1,000 to 1 in 2, twenty steps a decade, and the marked ones.
    let mut shares: Vec<f64> = (0..=54).map(|i| 0.5 * 0.002f64.powf(f64::from(i) / 54.0)).collect();
    shares.extend(MARKED_PREVALENCE);
    shares.sort_by(f64::total_cmp);
    let at = |prevalence: f64| Prevalence {
        prevalence,
        ppv: predictive_value(rates.recall, rates.specificity, prevalence),
        ppv_ci95: percentiles(
            intervals
                .rates
                .iter()
                .filter_map(|(recall, specificity)| {
                    predictive_value(*recall, *specificity, prevalence)
                })
                .collect(),
        ),
        npv: negative_predictive_value(rates.recall, rates.specificity, prevalence),
    };
    shares.into_iter().map(at).collect()
}

fn histogram(labelled: &[Labelled]) -> Histogram {
    let mut counts =
        Histogram { nodules: vec![0; HISTOGRAM_BINS], others: vec![0; HISTOGRAM_BINS] };
    for one in labelled {
        let bin = ((one.probability * HISTOGRAM_BINS as f64) as usize).min(HISTOGRAM_BINS - 1);
        let class = if one.nodule { &mut counts.nodules } else { &mut counts.others };
        class[bin] += 1;
    }
    counts
}

fn worst(dataset: &Dataset, labelled: &[Labelled], threshold: f64) -> Worst {
    let errors = |nodule: bool| -> Vec<WorstPatch> {
        let mut wrong: Vec<_> = labelled
            .iter()
            .zip(&dataset.examples)
            .filter(|(one, _)| one.nodule == nodule && (one.probability >= threshold) != nodule)
            .collect();
        wrong.sort_by(|a, b| {
            let rising = a.0.probability.total_cmp(&b.0.probability);
            if nodule { rising } else { rising.reverse() }
        });
        let shown = wrong.into_iter().take(WORST).map(|(one, example)| WorstPatch {
            candidate_row: example.row.candidate_row.clone(),
            seriesuid: example.row.series().to_owned(),
            probability: one.probability,
            diameter_mm: example.row.diameter_mm,
            slice_thickness_mm: example.row.slice_thickness_mm,
        });
        shown.collect()
    };
    Worst { false_negatives: errors(true), false_positives: errors(false) }
}
