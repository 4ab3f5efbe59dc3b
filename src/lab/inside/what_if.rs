//! What a network would say with something changed on the way: units switched off, another
//! temperature, another window.

use super::steps::{Does, Step};
use super::trace::{Inside, InsideError, Trace};
use crate::classifier::nodule_probability;
use crate::constants::{CLASSES, MODEL_WINDOW};
use crate::model::Operation;
use nodulens_imaging::intensity::{Grey, Window};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde::Serialize;

/// A class in softmax: `exp = e^(logit / temperature - shift)`, `share = exp / sum of both`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SoftmaxTerm {
    /// Before temperature.
    pub logit: f32,
    /// Divided by the temperature.
    pub scaled: f64,
    /// Taken off both before the power, which changes no share and keeps large powers finite; 0
    /// where they are small.
    pub shift: f64,
    /// The power.
    pub exp: f64,
    /// Of both powers, in [0, 1].
    pub share: f64,
}

/// Powers up to this are written out as they are.
const LARGEST_EXPONENT: f64 = 20.0;

/// Softmax, step by step.
///
/// # Errors
/// [`InsideError::Range`] where the temperature is not above 0.
pub fn shares(
    logits: [f32; CLASSES],
    temperature: f32,
) -> Result<[SoftmaxTerm; CLASSES], InsideError> {
    if !(temperature > 0.0 && temperature.is_finite()) {
        return Err(InsideError::Range { what: "the temperature", range: "above 0" });
    }
    let scaled = logits.map(|logit| f64::from(logit) / f64::from(temperature));
    let largest = scaled[0].max(scaled[1]);
    let small = scaled.iter().all(|value| value.abs() <= LARGEST_EXPONENT);
    let shift = if small { 0.0 } else { largest };
    let exps = scaled.map(|value| libm::exp(value - shift));
    let sum: f64 = exps.iter().sum();
    Ok([0, 1].map(|i| SoftmaxTerm {
        logit: logits[i],
        scaled: scaled[i],
        shift,
        exp: exps[i],
        share: exps[i] / sum,
    }))
}

/// An answer with some units switched off.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Dropped {
    /// Of each feature in front of the last dense layer: whether it was switched off. Where
    /// surroundings are seen, those in front of both of them, the patch's own first.
    pub off: Vec<bool>,
    /// No nodule, nodule.
    pub logits: [f32; CLASSES],
    /// Of a nodule, after the temperature of the weights file.
    pub probability: f32,
}

impl Inside {
    /// Return the answer where each feature in front of the last dense layers is switched off with
    /// probability `share`, and the others are raised by `1 / (1 - share)`, as in training. The
    /// same seed switches the same off; a larger share switches the same ones off and more.
    ///
    /// # Errors
    /// [`InsideError::Range`] where the share is not in [0, 1).
    pub fn dropped(&self, trace: &Trace, share: f32, seed: u64) -> Result<Dropped, InsideError> {
        if !(0.0..1.0).contains(&share) {
            return Err(InsideError::Range { what: "the share", range: "from 0 to below 1" });
        }
        // Those that give logits.
        let last =
            |step: &Step| matches!(step.operation, Does::Layer(Operation::Dense { relu: false }));
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let (mut all_off, mut logits) = (Vec::new(), [0.0_f64; CLASSES]);
        let raised = 1.0 / (1.0 - f64::from(share));
        for layer in (1..=self.steps.len()).filter(|layer| self.step(*layer).is_some_and(last)) {
            let features = trace.layers.get(self.before(layer));
            let (Some([weights, bias]), Some(features)) = (self.kernels_of(layer), features) else {
                continue;
            };
            let off: Vec<bool> =
                features.values.iter().map(|_| random.random::<f32>() < share).collect();
            for (unit, logit) in logits.iter_mut().enumerate() {
                *logit += f64::from(bias.values.get(unit).copied().unwrap_or_default());
                let rows = weights.values.chunks_exact(CLASSES);
                for ((feature, off), row) in features.values.iter().zip(&off).zip(rows) {
                    if !off {
                        *logit += f64::from(*feature) * raised * f64::from(row[unit]);
                    }
                }
            }
            all_off.extend(off);
        }
        if all_off.is_empty() {
            let (what, range) = ("the network", "one with a dense layer");
            return Err(InsideError::Range { what, range });
        }
        let off = all_off;
        let logits = logits.map(|logit| logit as f32);
        Ok(Dropped { off, logits, probability: nodule_probability(logits, self.temperature) })
    }
}

/// A patch as another window would show it: model values are taken back to HU through the window
/// that the networks were trained behind, and shown through the other one. What lay outside the
/// networks' window is lost already and stays at its end. Of halved surroundings each mean is shown so;
/// surroundings that are not known stay so.
///
/// # Errors
/// [`InsideError::Range`] where the width is not above 0.
pub fn rewindowed(values: &[f32], window: Window) -> Result<Vec<f32>, InsideError> {
    if !(window.width > 0.0 && window.width.is_finite() && window.center.is_finite()) {
        return Err(InsideError::Range { what: "the width", range: "above 0" });
    }
    let shown = |value: &f32| match value.is_nan() {
        true => *value,
        false => window.apply(MODEL_WINDOW.hu(Grey(*value))).0,
    };
    Ok(values.iter().map(shown).collect())
}
