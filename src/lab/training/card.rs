//! What the weights file of a network that was trained on the page says of itself.

use super::run::{EVEN_ODDS, SHIFT, Settings, Training, TrainingError};
use crate::constants::PAPER_SPECIFICITY;
use crate::metrics::bootstrap::{RESAMPLES, SEED, intervals};
use crate::metrics::{
    Labelled, average_precision, confusion, curves, operating_point, rates, roc_auc,
};
use crate::model::NetworkKind;
use crate::weights::{Card, CardEpoch, CardIntervals, CardMetrics, WeightsHeader, write_weights};
use burn::module::Module;

/// Corners of the ROC curve that are kept.
const ROC_CORNERS: usize = 200;

impl Training {
    /// A weights file of the network as it is now, with a card that says what it is. `date` is
    /// ISO 8601.
    ///
    /// # Errors
    /// [`TrainingError`].
    pub fn weights(&self, data: &str, date: &str) -> Result<Vec<u8>, TrainingError> {
        let network = self.network.valid();
        let kind = network.kind();
        let header = WeightsHeader::uncalibrated(kind, card(self, kind, data, date)?);
        Ok(write_weights(&header, &network.parameters()?)?)
    }
}

/// Return the card of a network as it is now.
fn card(
    training: &Training,
    kind: NetworkKind,
    data: &str,
    date: &str,
) -> Result<Card, TrainingError> {
    let Settings { epochs, batch, learning_rate, hold_out, seed, augment } = training.settings;
    let labelled = labelled(training)?;
    let roc = curves::compact_roc(&curves::roc_curve(&labelled), ROC_CORNERS);
    let begun = match &training.began_with {
        Some(weights) => format!("Begun with the weights {weights}."),
        None => "Begun with random weights.".to_owned(),
    };
    let altered = if augment {
        format!("Patches turned by quarters, mirrored and moved by up to {SHIFT} pixels.")
    } else {
        "Patches as they are.".to_owned()
    };
    let history = training.history.iter().map(|epoch| CardEpoch {
        epoch: epoch.epoch,
        train_loss: epoch.train_loss,
        train_accuracy: Some(epoch.train_accuracy),
        valid_loss: epoch.held_loss,
        valid_accuracy: epoch.held_accuracy,
        ..CardEpoch::default()
    });
    let groups = if training.examples.patients.is_empty() { "patches" } else { "patients" };
    Ok(Card {
        title: format!("The {} network, trained in a browser", kind.name()),
        intended_use: "Teaching: to see how a network learns. Not for any diagnosis.".to_owned(),
        data: data.to_owned(),
        split: format!(
            "{} patches learnt from, {} held out ({:.0} %, by {groups}).",
            training.learnt.len(),
            training.held.len(),
            100.0 * hold_out
        ),
        recipe: format!(
            "Adam, learning rate {learning_rate}, {batch} patches a step, {} of {epochs} epochs. \
             {begun} {altered}",
            training.history.len()
        ),
        seed: u64::from(seed),
        epochs: training.history.len(),
        date: date.to_owned(),
        train_part: "the patches learnt from".to_owned(),
        metrics: metrics(training, &labelled),
        roc: roc
            .iter()
            .map(|point| [point.fpr, point.tpr, point.threshold.unwrap_or(1.0)])
            .collect(),
        history: history.collect(),
        limits: vec![
            format!("Measured on {} patches only, by the one who trained it.", training.held.len()),
            "The threshold is even odds; it was not chosen, and nothing was calibrated.".to_owned(),
        ],
        license: "Whoever trained it decides.".to_owned(),
        ..Card::default()
    })
}

/// Return the patches held out, with what the network says of them.
fn labelled(training: &Training) -> Result<Vec<Labelled>, TrainingError> {
    let probabilities = training.held_probabilities()?;
    let labelled = training.held.iter().zip(probabilities).map(|(place, probability)| Labelled {
        probability: f64::from(probability),
        nodule: training.examples.nodule[*place],
    });
    Ok(labelled.collect())
}

/// Figures on the patches held out; intervals once the last epoch is done, for they take longer
/// than an epoch. `None` where a figure has no value.
fn metrics(training: &Training, labelled: &[Labelled]) -> Option<CardMetrics> {
    let threshold = f64::from(EVEN_ODDS);
    let counts = confusion(labelled, threshold);
    let found = rates(counts);
    let patients = &training.examples.patients;
    let mut names: Vec<u32> =
        training.held.iter().map(|i| patients.get(*i).copied().unwrap_or(*i as u32)).collect();
    let unit: Vec<usize> = {
        let all = names.clone();
        names.sort_unstable();
        names.dedup();
        all.iter().map(|name| names.partition_point(|other| other < name)).collect()
    };
    let drawn = training
        .done()
        .then(|| intervals(labelled, &unit, threshold, PAPER_SPECIFICITY, (RESAMPLES, SEED)));
    let ci95 = drawn.as_ref().and_then(|drawn| {
        Some(CardIntervals {
            average_precision: drawn.average_precision?,
            accuracy: drawn.accuracy?,
            precision: drawn.precision?,
            recall: drawn.recall?,
            specificity: drawn.specificity?,
            f1: drawn.f1?,
            recall_at_specificity: drawn.recall_at_specificity?,
        })
    });
    Some(CardMetrics {
        part: "held out in the browser".to_owned(),
        n: labelled.len(),
        positives: counts.tp + counts.fn_,
        roc_auc: roc_auc(labelled)?,
        roc_auc_ci95: drawn.and_then(|drawn| drawn.roc_auc),
        average_precision: average_precision(labelled)?,
        accuracy: found.accuracy,
        precision: found.precision,
        recall: found.recall,
        specificity: found.specificity,
        f1: found.f1,
        threshold,
        confusion: counts,
        recall_at_specificity: operating_point(labelled, PAPER_SPECIFICITY)
            .map(|(_, recall)| recall),
        ci95,
        without_contested: None,
        data_sha256: String::new(),
        bootstrap_units: if patients.is_empty() { "patches" } else { "patients" }.to_owned(),
    })
}
