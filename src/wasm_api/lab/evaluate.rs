//! Weights of the user's own, and figures: of a weights file's curve, and of a labelled set.

use super::super::engine::JsClassifier;
use super::super::{error, given, plain, set};
use super::refused;
use crate::lab::Opened;
use crate::metrics::bootstrap::{RESAMPLES, SEED, number};
use crate::metrics::evaluation::evaluate;
use crate::metrics::operating::{
    CameTrue, Share, at_prevalence, at_threshold, came_true, kept_curves, operating,
};
use crate::metrics::{Labelled, confusion};
use crate::phantom;
use crate::preprocess::model_values;
use crate::weights::{
    Card, Given, WeightsError, header_text, network_of, read_safetensors, write_weights,
};
use burn::tensor::Device;
use js_sys::{Object, Uint8Array};
use serde::Serialize;
use serde_json::Value;
use wasm_bindgen::prelude::*;

/// A weights file, or a safetensors file, as a weights file that every engine of the page takes:
/// its bytes and what it says of itself.
#[wasm_bindgen(js_name = openWeights)]
pub async fn open_weights(bytes: Vec<u8>) -> Result<JsValue, JsValue> {
    let bytes = match Opened::read(&bytes) {
        Ok(opened) if is_whole(&opened, &bytes) => bytes,
        Ok(Opened { header, kind, parameters, .. }) => {
            let network = network_of(kind, parameters, &Device::flex()).map_err(refused)?;
            write_weights(&header, &network).map_err(refused)?
        }
        Err(WeightsError::Foreign) => converted(&bytes).map_err(refused)?,
        Err(reason) => return Err(refused(reason)),
    };
    let weights = Uint8Array::from(&bytes[..]);
    // Refuses what lacks a parameter.
    let network = JsClassifier::load(bytes).await?;
    // Numbers that are finite one by one may overflow together.
    let patches = phantom::patches(1, 2);
    let values: Vec<f32> = patches.iter().flat_map(|one| model_values(&one.patch)).collect();
    if network.logits(values).await?.iter().any(|logit| !logit.is_finite()) {
        let reason = "its answers are not finite: training has gone wrong".to_owned();
        return Err(refused(WeightsError::Corrupt(reason)));
    }
    let opened = JsValue::from(Object::new());
    set(&opened, "weights", weights);
    set(&opened, "info", network.info()?);
    Ok(opened)
}

/// Whether its header has all fields: the page takes the card as it stands there. One that was
/// written by hand, or long ago, is written anew, with what was missing empty.
fn is_whole(opened: &Opened, bytes: &[u8]) -> bool {
    fn holds(found: &Value, wanted: &Value) -> bool {
        match (found, wanted) {
            (Value::Object(found), Value::Object(wanted)) => wanted
                .iter()
                .all(|(key, wanted)| found.get(key).is_some_and(|found| holds(found, wanted))),
            (Value::Array(found), Value::Array(wanted)) => {
                found.iter().zip(wanted).all(|(found, wanted)| holds(found, wanted))
            }
            _ => true,
        }
    }
    let found = serde_json::from_str(header_text(bytes));
    let wanted = serde_json::to_value(&opened.header);
    matches!((found, wanted), (Ok(found), Ok(wanted)) if holds(&found, &wanted))
}

fn converted(document: &[u8]) -> Result<Vec<u8>, WeightsError> {
    let (header, network) = read_safetensors(document, Given::default(), &Device::flex())?;
    write_weights(&header, &network)
}

/// What a threshold does, by the curve in a card; nothing where the card keeps none.
#[wasm_bindgen(js_name = atThreshold)]
pub fn at_kept_threshold(
    card: JsValue,
    threshold: f64,
    prevalence: f64,
) -> Result<JsValue, JsValue> {
    let card: Card = given(card)?;
    let found = at_threshold(&card, threshold, share(prevalence)?);
    found.map_or(Ok(JsValue::UNDEFINED), |found| plain(&found))
}

#[derive(Serialize)]
struct Curves {
    /// False-positive rate and recall.
    roc: Vec<[f64; 2]>,
    /// Recall and precision.
    pr: Vec<[f64; 2]>,
}

/// The curves that a card keeps, to be drawn; empty where it keeps none.
#[wasm_bindgen(js_name = keptCurves)]
pub fn curves(card: JsValue) -> Result<JsValue, JsValue> {
    let (roc, pr) = kept_curves(&given(card)?);
    plain(&Curves { roc, pr })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Meaning {
    came_true: Option<CameTrue>,
    /// Share of nodules where the network was calibrated.
    learned: Option<f64>,
    /// The probability at the prevalence asked for.
    shifted: Option<f64>,
    /// Mean probability of each bin, and what came true.
    bins: Vec<(f64, Share)>,
}

/// What a probability has meant where a network was calibrated, and what it would mean at another
/// share of nodules.
#[wasm_bindgen]
pub fn meaning(card: JsValue, probability: f64, prevalence: f64) -> Result<JsValue, JsValue> {
    let card: Card = given(card)?;
    let prevalence = share(prevalence)?;
    let bins = card.calibration.map(|calibration| calibration.bins).unwrap_or_default();
    let measured = card.metrics.filter(|metrics| metrics.n > 0 && metrics.positives > 0);
    let learned = measured.map(|metrics| metrics.positives as f64 / metrics.n as f64);
    let learned = learned.filter(|learned| *learned < 1.0 && !bins.is_empty());
    let shares = bins.iter().map(|[mean, share, n]| {
        let n = n.max(0.0) as usize;
        (*mean, Share::wilson(((share * n as f64).round() as usize).min(n), n))
    });
    plain(&Meaning {
        came_true: came_true(probability, &bins),
        learned,
        shifted: learned.map(|learned| at_prevalence(probability, learned, prevalence)),
        bins: shares.collect(),
    })
}

/// Figures of a labelled set. `nodule[i]` is 1 where patch i holds one; `patients` names the patient
/// of each, or is empty. Without `intervals` there are only those that need no resampling.
#[wasm_bindgen(js_name = evaluateSet)]
pub fn evaluate_set(
    probability: &[f64],
    nodule: &[u8],
    patients: Vec<String>,
    threshold: f64,
    intervals: bool,
) -> Result<JsValue, JsValue> {
    let set = labelled(probability, nodule);
    let names: Vec<&str> = patients.iter().map(String::as_str).collect();
    let unit = if names.is_empty() { (0..set.len()).collect() } else { number(&names).0 };
    let resamples = if intervals { RESAMPLES } else { 0 };
    let found = evaluate(&set, &unit, threshold, (resamples, SEED)).ok_or_else(|| {
        error("internal", "there are not as many patients as patches", "Please report this.")
    })?;
    plain(&found)
}

/// What a threshold does on a labelled set.
#[wasm_bindgen(js_name = setAtThreshold)]
pub fn set_at_threshold(
    probability: &[f64],
    nodule: &[u8],
    threshold: f64,
    prevalence: f64,
) -> Result<JsValue, JsValue> {
    let counts = confusion(&labelled(probability, nodule), threshold);
    plain(&operating(counts, threshold, share(prevalence)?))
}

fn labelled(probability: &[f64], nodule: &[u8]) -> Vec<Labelled> {
    let pairs = probability.iter().zip(nodule);
    pairs
        .map(|(probability, nodule)| Labelled { probability: *probability, nodule: *nodule == 1 })
        .collect()
}

fn share(prevalence: f64) -> Result<f64, JsValue> {
    if prevalence > 0.0 && prevalence < 1.0 {
        return Ok(prevalence);
    }
    let message = format!("a share of nodules of {prevalence} is not possible");
    Err(error("prevalence", &message, "Give one above 0 % and below 100 %."))
}
