//! What a weights file says of itself: [`Card`], from a run ([`origin`]) and its evaluation.

pub mod origin;
mod sides;

use crate::metrics::calibration::FOLDS;
use crate::metrics::curves::compact_roc;
use crate::metrics::subgroups::GroupedBy;
use crate::report::Report;
use nodulens::weights::{
    Card, CardCalibration, CardContext, CardIntervals, CardMetrics, CardSubgroup,
};

/// Corners of the ROC curve that a card keeps.
const ROC_POINTS: usize = 200;

/// Round to five digits: a card is read by people, and every digit is bytes that the page waits
/// for.
pub fn short(value: f64) -> f64 {
    (value * 1e5).round() / 1e5
}

/// Return what a user must know of the figures.
fn limits(calibration: Option<&CardCalibration>, report: &Report) -> Vec<String> {
    let calibrated = calibration.map_or_else(
        || "The probability is not calibrated.".to_owned(),
        |done| {
            format!(
                "The probability is calibrated by one temperature ({:.3}) fitted on {}: expected calibration error {:.3} before, {:.3} after (cross-fitted over {} folds of {}, 15 bins). It holds for that mix of patches.",
                done.temperature, done.part, done.ece[0], done.ece[1], done.folds, report.bootstrap_units
            )
        },
    );
    vec![
        calibrated,
        format!(
            "{} of the {} patches measured are nodules ({:.0} %): the same probability means less where nodules are rarer.",
            report.positives,
            report.n,
            100.0 * report.positives as f64 / report.n.max(1) as f64
        ),
    ]
}

/// Put the figures of an evaluation into the card.
pub fn measured(card: Card, report: &Report) -> Card {
    let calibration = calibration(report);
    Card {
        metrics: metrics(report),
        limits: card.limits.into_iter().chain(limits(calibration.as_ref(), report)).collect(),
        calibration,
        roc: compact_roc(&report.roc.points, ROC_POINTS)
            .iter()
            // Above every probability nothing is called a nodule.
            .map(|point| [point.fpr, point.tpr, point.threshold.unwrap_or(1.0)].map(short))
            .collect(),
        subgroups: report.subgroups.iter().map(subgroup).collect(),
        ..card
    }
}

/// Put the figures of an evaluation with surroundings into the card, beside those of patches alone.
pub fn measured_in_context(card: Card, report: &Report) -> Card {
    let Card { metrics, calibration, roc, subgroups, limits, .. } =
        measured(Card::default(), report);
    let alone = report.surroundings.as_ref().map_or(0, |surroundings| surroundings.unknown);
    let limits = limits.into_iter().take(1).map(|limit| format!("With surroundings: {limit}"));
    let own = card.limits.iter().cloned();
    Card {
        limits: own.chain(limits).collect(),
        context: Some(CardContext { alone, metrics, calibration, roc, subgroups }),
        ..card
    }
}

/// Return the figures that a card carries; `None` where a class is absent.
fn metrics(report: &Report) -> Option<CardMetrics> {
    Some(CardMetrics {
        part: report.split.clone(),
        data_sha256: report.split_sha256.clone(),
        n: report.n,
        positives: report.positives,
        roc_auc: report.roc_auc?,
        roc_auc_ci95: Some(report.roc_auc_ci95?),
        average_precision: report.average_precision?,
        accuracy: report.accuracy,
        precision: report.precision,
        recall: report.recall,
        specificity: report.specificity,
        f1: report.f1,
        threshold: report.threshold,
        confusion: report.confusion,
        recall_at_specificity: report.recall_at_paper_specificity,
        ci95: intervals(report),
        bootstrap_units: report.bootstrap_units.clone(),
        without_contested: report.without_contested.as_ref().map(|without| without.card()),
    })
}

fn intervals(report: &Report) -> Option<CardIntervals> {
    let digits = |interval: Option<[f64; 2]>| interval.map(|ends| ends.map(short));
    Some(CardIntervals {
        average_precision: digits(report.average_precision_ci95)?,
        accuracy: digits(report.accuracy_ci95)?,
        precision: digits(report.precision_ci95)?,
        recall: digits(report.recall_ci95)?,
        specificity: digits(report.specificity_ci95)?,
        f1: digits(report.f1_ci95)?,
        recall_at_specificity: digits(report.recall_at_paper_specificity_ci95)?,
    })
}

fn calibration(report: &Report) -> Option<CardCalibration> {
    let fit = report.calibration.cross_fit.as_ref()?;
    let pair = |before: f64, after: f64| [before, after].map(short);
    let bins = report.calibration.bins.iter().filter(|bin| bin.n > 0);
    Some(CardCalibration {
        part: report.split.clone(),
        temperature: short(report.calibration.temperature),
        folds: FOLDS,
        ece: pair(fit.before.ece, fit.after.ece),
        brier: pair(fit.before.brier, fit.after.brier),
        log_loss: pair(fit.before.log_loss, fit.after.log_loss),
        bins: bins
            .map(|bin| [short(bin.mean_probability), short(bin.observed()), bin.n as f64])
            .collect(),
    })
}

fn subgroup(group: &crate::metrics::subgroups::Subgroup) -> CardSubgroup {
    let by = match group.by {
        GroupedBy::DiameterMm => "Nodule diameter",
        GroupedBy::SliceThicknessMm => "Slice thickness",
        GroupedBy::Luna16Fold => "LUNA16 fold",
    };
    CardSubgroup {
        by: by.to_owned(),
        label: group.label.clone(),
        n: group.n,
        positives: group.positives,
        roc_auc: group.roc_auc.map(short),
        recall: group.recall.map(short),
        recall_ci95: group.recall_ci95.map(|ends| ends.map(short)),
        specificity: group.specificity.map(short),
        specificity_ci95: group.specificity_ci95.map(|ends| ends.map(short)),
    }
}
