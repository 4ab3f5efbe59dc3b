//! Weights where they compute, ready to classify.

use crate::constants::{
    CLASS_NODULE, CLASSES, CONTEXT_SIZE, LOGIT_TOLERANCE, PATCH_SAMPLES, PATCH_SIZE, VIEW_SAMPLES,
};
use crate::inference::{ClassifyError, Inference};
use crate::model::NetworkKind;
use crate::on_engine::OnEngine;
use crate::patch::Patch;
use crate::phantom;
use crate::preprocess::{has_surroundings, lone_view, model_values, view, view_values};
use crate::weights::{
    CardText, Head, Operating, Parameters, WeightsError, WeightsFile, WeightsHeader,
    read_weights_as,
};
use serde::{Deserialize, Serialize};

/// What the network says of one patch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Probability of a nodule in [0, 1]: softmax of the logits after temperature.
    pub probability: f32,
    /// Whether the probability reaches the threshold.
    pub decision: Decision,
    /// Which part of the network answered: the one that sees the surroundings, where they are known
    /// and the network looks at them.
    #[serde(default)]
    pub head: Head,
    /// Smallest probability that this part calls a nodule.
    #[serde(default)]
    pub threshold: f32,
    /// Before temperature and softmax: no nodule, nodule.
    pub logits: [f32; CLASSES],
}

/// The answer at the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    /// Probability at or above the threshold.
    #[serde(rename = "nodule")]
    Nodule,
    /// Probability below it.
    #[serde(rename = "no nodule")]
    NoNodule,
}

/// Result of comparing two engines on the same inputs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KnownAnswer {
    /// Whether every logit agrees within the tolerance.
    pub ok: bool,
    /// Largest difference in a logit.
    pub max_difference: f32,
    /// Largest difference that counts as equal.
    pub tolerance: f32,
}

/// A network with its weights, where it computes.
#[derive(Debug)]
pub struct Classifier {
    inference: Box<dyn Inference>,
    kind: NetworkKind,
    header: WeightsHeader<CardText>,
    sha256: String,
}

impl Classifier {
    /// Read a weights file for our own CPU engine.
    ///
    /// # Errors
    /// As [`crate::weights::read_weights`].
    pub fn on_engine(weights: &[u8]) -> Result<Self, WeightsError> {
        Self::read(weights, |kind, parameters| Ok(Box::new(OnEngine::new(kind, parameters)?)))
    }

    /// Read a weights file, and hand its network to whatever executes it.
    ///
    /// # Errors
    /// As [`crate::weights::read_weights`], and what `executor` refuses.
    pub fn read(
        weights: &[u8],
        executor: impl FnOnce(NetworkKind, Parameters) -> Result<Box<dyn Inference>, WeightsError>,
    ) -> Result<Self, WeightsError> {
        let WeightsFile { header, kind, parameters, sha256 } = read_weights_as(weights)?;
        Ok(Self { inference: executor(kind, parameters)?, kind, header, sha256 })
    }

    /// Return where it computes, as it is shown.
    #[must_use]
    pub fn engine(&self) -> String {
        self.inference.name()
    }

    /// Return what the weights file says of itself.
    #[must_use]
    pub fn header(&self) -> &WeightsHeader<CardText> {
        &self.header
    }

    /// Return which network it is.
    #[must_use]
    pub fn kind(&self) -> NetworkKind {
        self.kind
    }

    /// Return the smallest probability that is called a nodule in slices and scans, where surroundings
    /// are known.
    #[must_use]
    pub fn threshold(&self) -> f32 {
        self.header.operating(Head::Context).threshold
    }

    /// SHA-256 of the weights file, hex.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Network and the first eight digits of the file's hash: names these very weights.
    #[must_use]
    pub fn model_id(&self) -> String {
        format!("{}-{}", self.header.network, &self.sha256[..8])
    }

    /// Classify patches as one batch, with their surroundings where they are known and the network
    /// looks at them. No patches, no predictions.
    ///
    /// # Errors
    /// [`ClassifyError`] where the device fails or gives numbers that are not finite.
    pub async fn classify(&self, patches: &[Patch]) -> Result<Vec<Prediction>, ClassifyError> {
        self.classify_views(patches.iter().flat_map(view_values).collect()).await
    }

    /// Classify model values, 2,500 a patch, as one batch of patches alone; see
    /// [`model_values`].
    ///
    /// # Errors
    /// As [`Self::classify`].
    pub async fn classify_values(
        &self,
        values: Vec<f32>,
    ) -> Result<Vec<Prediction>, ClassifyError> {
        Ok(self.predictions(Head::Patch, &self.logits(values).await?))
    }

    /// Classify views, 5,000 values each, as one batch; see [`view_values`].
    ///
    /// # Errors
    /// As [`Self::classify`].
    pub async fn classify_views(&self, views: Vec<f32>) -> Result<Vec<Prediction>, ClassifyError> {
        let (views, _) = views.as_chunks::<VIEW_SAMPLES>();
        let looks = self.kind.context().is_some();
        let (mut patches, mut whole) = (Vec::new(), Vec::new());
        for view in views {
            if looks && has_surroundings(view) {
                whole.extend_from_slice(view);
            } else {
                patches.extend_from_slice(&view[..PATCH_SAMPLES]);
            }
        }
        let mut alone = self.classify_values(patches).await?.into_iter();
        let logits = match whole.is_empty() {
            true => Vec::new(),
            false => finite(self.inference.logits_in_context(whole).await?)?,
        };
        let mut in_context = self.predictions(Head::Context, &logits).into_iter();
        let answers: Option<Vec<Prediction>> = views
            .iter()
            .map(|view| match looks && has_surroundings(view) {
                true => in_context.next(),
                false => alone.next(),
            })
            .collect();
        answers.ok_or_else(|| ClassifyError::Device("fewer answers than patches".to_owned()))
    }

    /// Classify every patch of a picture at [`NetworkKind::dense_stride`] in one pass: row-major,
    /// `(height - 50) / stride + 1` rows of `(width - 50) / stride + 1`. The picture of a network with a
    /// context holds the surroundings of the outermost patches, too: 100 stands for 50 then. `None`
    /// where the network has no such stride, or the picture is smaller than that or does not hold
    /// `width * height` values in [0, 1].
    ///
    /// # Errors
    /// As [`Self::classify`].
    pub async fn classify_dense(
        &self,
        values: Vec<f32>,
        size: [usize; 2],
    ) -> Result<Option<Vec<Prediction>>, ClassifyError> {
        let (head, logits) = match self.kind.context() {
            Some(_) => (Head::Context, self.dense_logits_in_context(values, size).await?),
            None => (Head::Patch, self.dense_logits(values, size).await?),
        };
        Ok(logits.map(|logits| self.predictions(head, &logits)))
    }

    /// Return the logits of model values, 2,500 a patch, as one batch: two a patch, no nodule
    /// first.
    ///
    /// # Errors
    /// As [`Self::classify`].
    pub async fn logits(&self, values: Vec<f32>) -> Result<Vec<f32>, ClassifyError> {
        let mut values = values;
        values.truncate(values.len() / PATCH_SAMPLES * PATCH_SAMPLES);
        if values.is_empty() {
            return Ok(Vec::new());
        }
        finite(self.inference.logits(values).await?)
    }

    /// The logits of every patch of a picture alone, two a place; `None` as for
    /// [`Self::classify_dense`].
    ///
    /// # Errors
    /// As [`Self::classify`].
    pub async fn dense_logits(
        &self,
        values: Vec<f32>,
        [width, height]: [usize; 2],
    ) -> Result<Option<Vec<f32>>, ClassifyError> {
        let whole = width.checked_mul(height) == Some(values.len());
        if !whole || width.min(height) < PATCH_SIZE {
            return Ok(None);
        }
        let Some(stride) = self.kind.dense_stride() else { return Ok(None) };
        let logits = self.inference.dense_logits(values, [width, height], stride).await?;
        finite(logits).map(Some)
    }

    /// The logits of every patch of a picture with its surroundings, two a place:
    /// `(height - 100) / stride + 1` rows; `None` of a network without a context, too.
    ///
    /// # Errors
    /// As [`Self::classify`].
    pub async fn dense_logits_in_context(
        &self,
        values: Vec<f32>,
        [width, height]: [usize; 2],
    ) -> Result<Option<Vec<f32>>, ClassifyError> {
        let whole = width.checked_mul(height) == Some(values.len());
        let looks = self.kind.context().is_some();
        let Some(stride) = self.kind.dense_stride().filter(|_| looks && whole) else {
            return Ok(None);
        };
        if width.min(height) < CONTEXT_SIZE {
            return Ok(None);
        }
        let logits =
            self.inference.dense_logits_in_context(values, [width, height], stride).await?;
        finite(logits).map(Some)
    }

    fn predictions(&self, head: Head, logits: &[f32]) -> Vec<Prediction> {
        let Operating { threshold, temperature } = self.header.operating(head);
        let (pairs, _) = logits.as_chunks::<CLASSES>();
        let prediction = |logits: &[f32; CLASSES]| {
            let probability = nodule_probability(*logits, temperature);
            let called = probability >= threshold;
            let decision = if called { Decision::Nodule } else { Decision::NoNodule };
            Prediction { probability, decision, logits: *logits, head, threshold }
        };
        pairs.iter().map(prediction).collect()
    }
}

/// A device that computes wrongly must not pass for one that answers.
fn finite(logits: Vec<f32>) -> Result<Vec<f32>, ClassifyError> {
    if logits.iter().any(|logit| !logit.is_finite()) {
        return Err(ClassifyError::NotFinite);
    }
    Ok(logits)
}

/// Softmax of two logits after temperature: the share of the class "nodule", in [0, 1].
#[must_use]
pub fn nodule_probability(logits: [f32; CLASSES], temperature: f32) -> f32 {
    let difference = (logits[CLASS_NODULE] - logits[1 - CLASS_NODULE]) / temperature;
    1.0 / (1.0 + libm::expf(-difference))
}

/// Views of two synthetic patches, one with and one without a nodule, for the start-up check of an
/// engine against the CPU; and the first doubled in size, as a canvas, so that every part of a network
/// answers. What its view holds at half the resolution is the patch again, each pixel of which is four
/// of the canvas.
#[must_use]
pub fn known_answer_inputs() -> Vec<f32> {
    let patches = phantom::patches(0, 2);
    let patches: Vec<Vec<f32>> = patches.iter().map(|made| model_values(&made.patch)).collect();
    let mut views: Vec<f32> = patches.iter().flat_map(|patch| lone_view(patch)).collect();
    let pixel = |at: usize| at / CONTEXT_SIZE / 2 * PATCH_SIZE + at % CONTEXT_SIZE / 2;
    let canvas: Vec<f32> =
        (0..CONTEXT_SIZE * CONTEXT_SIZE).map(|at| patches[0][pixel(at)]).collect();
    views.extend(view(&canvas));
    views
}

/// Return whether an engine's predictions equal the reference's within [`LOGIT_TOLERANCE`]. A
/// missing prediction or one that is not a number is a difference without bound.
#[must_use]
pub fn compare_known_answer(reference: &[Prediction], ours: &[Prediction]) -> KnownAnswer {
    let complete = reference.len() == ours.len() && !reference.is_empty();
    let max_difference = reference
        .iter()
        .zip(ours)
        .flat_map(|(reference, ours)| reference.logits.into_iter().zip(ours.logits))
        .map(|(reference, ours)| (reference - ours).abs())
        // Not `f32::max`, which would drop a not-a-number.
        .fold(0.0, |most: f32, next| if next > most || next.is_nan() { next } else { most });
    let max_difference = if complete { max_difference } else { f32::INFINITY };
    let tolerance = LOGIT_TOLERANCE;
    KnownAnswer { ok: max_difference <= tolerance, max_difference, tolerance }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prediction(logits: [f32; 2]) -> Prediction {
        let (probability, decision) = (0.5, Decision::NoNodule);
        Prediction { probability, decision, logits, head: Head::Patch, threshold: 0.5 }
    }

    #[test]
    fn probability_is_softmax_after_temperature() {
        assert_eq!(nodule_probability([0.3, 0.3], 1.0), 0.5);
        // By hand: 1 / (1 + e^-2).
        assert!((nodule_probability([-1.0, 1.0], 1.0) - 0.880_797_1).abs() < 1e-6);
        assert!((nodule_probability([-1.0, 1.0], 2.0) - 0.731_058_6).abs() < 1e-6);
        assert_eq!(nodule_probability([0.0, 1e6], 1.0), 1.0);
        assert_eq!(nodule_probability([1e6, 0.0], 1.0), 0.0);
    }

    #[test]
    fn known_answers_agree_only_within_the_tolerance() {
        let reference = [prediction([1.0, -1.0]), prediction([0.0, 2.0])];
        let close = [prediction([1.0, -1.0]), prediction([0.0, 2.0005])];
        assert!(compare_known_answer(&reference, &close).ok);
        let far = [prediction([1.0, -1.0]), prediction([0.0, 2.1])];
        let compared = compare_known_answer(&reference, &far);
        assert!(!compared.ok && (compared.max_difference - 0.1).abs() < 1e-6);
        let broken = [prediction([f32::NAN, -1.0]), prediction([0.0, 2.0])];
        assert!(!compare_known_answer(&reference, &broken).ok);
        assert!(!compare_known_answer(&reference, &close[..1]).ok);
        assert!(!compare_known_answer(&[], &[]).ok);
    }
}
