//! Weights of the user's own, and figures: of a weights file's curve, and of a labelled set.

use super::convert::{error, given, internal, plain, refused, set};
use super::network::JsClassifier;
use js_sys::{Object, Uint8Array};
use nodulens::lab::own_weights::own_weights;
use nodulens::metrics::bootstrap::{RESAMPLES, SEED, number};
use nodulens::metrics::evaluation::evaluate;
use nodulens::metrics::operating::{at_threshold, kept_curves, meaning, operating};
use nodulens::metrics::{Labelled, confusion};
use nodulens::weights::Card;
use serde::Serialize;
use wasm_bindgen::prelude::*;

/// Read weights of the user's own, a weights file or a safetensors file, as a weights file that every
/// engine of the page takes: its bytes and what it says of itself.
#[wasm_bindgen(js_name = openWeights)]
pub fn open_weights(bytes: &[u8]) -> Result<JsValue, JsValue> {
    let bytes = own_weights(bytes).map_err(refused)?;
    let opened = JsValue::from(Object::new());
    set(&opened, "weights", Uint8Array::from(&bytes[..]));
    set(&opened, "info", JsClassifier::load(&bytes)?.info()?);
    Ok(opened)
}

/// Return what a threshold does, by the curve in a card; nothing where the card keeps none.
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

/// Return the curves that a card keeps, to be drawn; empty where it keeps none.
#[wasm_bindgen(js_name = keptCurves)]
pub fn curves(card: JsValue) -> Result<JsValue, JsValue> {
    let (roc, pr) = kept_curves(&given(card)?);
    plain(&Curves { roc, pr })
}

/// Return what a probability has meant where a network was calibrated, and what it would mean at
/// another share of nodules.
#[wasm_bindgen(js_name = meaning)]
pub fn js_meaning(card: JsValue, probability: f64, prevalence: f64) -> Result<JsValue, JsValue> {
    plain(&meaning(&given(card)?, probability, share(prevalence)?))
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
    let found = evaluate(&set, &unit, threshold, (resamples, SEED))
        .ok_or_else(|| internal("there are not as many patients as patches"))?;
    plain(&found)
}

/// Return what a threshold does on a labelled set.
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
