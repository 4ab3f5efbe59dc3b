//! Patches and the networks that classify them.

use super::convert::{given, internal, plain, refused, set};
use js_sys::{Float32Array, Object, Uint8Array};
use nodulens::classifier::{Classifier, Prediction, compare_known_answer, known_answer_inputs};
use nodulens::constants::{self, PATCH_SIZE};
use nodulens::model::NetworkKind;
use nodulens::patch::{PatchFile, SizePolicy};
use nodulens::phantom;
use nodulens::preprocess::{display_bytes, model_values, view_values};
use nodulens::weights::{Operating, WeightsError};
use serde::Serialize;
use wasm_bindgen::prelude::*;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MethodInfo {
    patch_size: usize,
    window_low_hu: f32,
    window_high_hu: f32,
    preprocess_id: String,
    version: &'static str,
}

/// Return the method's constants, for the page's texts.
#[wasm_bindgen]
pub fn method() -> Result<JsValue, JsValue> {
    plain(&MethodInfo {
        patch_size: PATCH_SIZE,
        window_low_hu: constants::WINDOW_LOW_HU,
        window_high_hu: constants::WINDOW_HIGH_HU,
        preprocess_id: constants::preprocess_id(),
        version: env!("CARGO_PKG_VERSION"),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NetworkInfo {
    network: &'static str,
    parameters: usize,
    macs_per_patch: usize,
}

/// Return what each network costs, so that one can be chosen before its weights are loaded.
#[wasm_bindgen]
pub fn networks() -> Result<JsValue, JsValue> {
    plain(&NetworkKind::ALL.map(|kind| NetworkInfo {
        network: kind.name(),
        parameters: kind.parameters(),
        macs_per_patch: kind.macs_per_patch(),
    }))
}

/// `count` synthetic patches as PNG files, alternately with and without a nodule.
#[wasm_bindgen(js_name = makePhantoms)]
pub fn make_phantoms(seed: u32, count: u32) -> Result<Vec<JsValue>, JsValue> {
    let phantoms = phantom::patches(u64::from(seed), count as usize);
    phantoms.iter().map(phantom_file).collect()
}

fn phantom_file(phantom: &phantom::Phantom) -> Result<JsValue, JsValue> {
    let label = if phantom.nodule { "nodule" } else { "no nodule" };
    let object = JsValue::from(Object::new());
    set(&object, "name", format!("synthetic-{}-{}.png", phantom.seed, label.replace(' ', "-")));
    set(&object, "label", label);
    set(&object, "seed", phantom.seed as f64);
    set(&object, "png", Uint8Array::from(&phantom.png().map_err(internal)?[..]));
    Ok(object)
}

/// Decode a picture and take its patch. `policy`: "refuse" or "center-crop" for larger images.
#[wasm_bindgen(js_name = decodePatch)]
pub fn decode_patch(bytes: &[u8], policy: &str) -> Result<JsValue, JsValue> {
    let policy = match policy {
        "center-crop" => SizePolicy::CenterCrop,
        _ => SizePolicy::Refuse,
    };
    let PatchFile { image, patch, notes, sha256 } =
        PatchFile::read(bytes, policy).map_err(refused)?;
    let (values, view) = (model_values(&patch), view_values(&patch));
    let object = JsValue::from(Object::new());
    set(&object, "width", image.width as f64);
    set(&object, "height", image.height as f64);
    set(&object, "format", image.format);
    set(&object, "bitDepth", image.bit_depth);
    set(&object, "colour", image.colour);
    set(&object, "sha256", sha256);
    set(&object, "grey", Uint8Array::from(&display_bytes(&values)[..]));
    set(&object, "values", Float32Array::from(&view[..]));
    set(&object, "notes", plain(&notes)?);
    Ok(object)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ModelInfo<'a> {
    model_id: String,
    network: &'a str,
    parameters: usize,
    macs_per_patch: usize,
    threshold: f32,
    temperature: f32,
    /// Both where the surroundings are seen; nothing of a network that does not look at them.
    context: Option<Operating>,
    preprocess_id: &'a str,
    weights_sha256: &'a str,
    weights_bytes: usize,
    engine: &'static str,
}

/// A network with its weights, on this module's device. Each module has its own way to `load` one.
#[wasm_bindgen(js_name = Classifier)]
pub struct JsClassifier {
    pub(super) classifier: Classifier,
    weights_bytes: usize,
    engine: &'static str,
}

impl JsClassifier {
    /// Hand a classifier to the page; `engine` says where it runs.
    pub(super) fn of(
        classifier: Result<Classifier, WeightsError>,
        weights: &[u8],
        engine: &'static str,
    ) -> Result<Self, JsValue> {
        let classifier = classifier.map_err(refused)?;
        Ok(Self { classifier, weights_bytes: weights.len(), engine })
    }
}

#[wasm_bindgen(js_class = Classifier)]
impl JsClassifier {
    /// Return what is loaded, and where it runs.
    pub fn info(&self) -> Result<JsValue, JsValue> {
        let (header, kind) = (self.classifier.header(), self.classifier.kind());
        let info = plain(&ModelInfo {
            model_id: self.classifier.model_id(),
            network: &header.network,
            parameters: kind.parameters(),
            macs_per_patch: kind.macs_per_patch(),
            threshold: header.threshold,
            temperature: header.temperature,
            context: header.context,
            preprocess_id: &header.preprocess_id,
            weights_sha256: self.classifier.sha256(),
            weights_bytes: self.weights_bytes,
            engine: self.engine,
        })?;
        set(&info, "card", js_sys::JSON::parse(header.card.json())?);
        Ok(info)
    }

    /// Predictions of one batch of views, 5,000 values a patch: not-a-number where its surroundings
    /// are not known.
    pub async fn classify(&self, views: Vec<f32>) -> Result<JsValue, JsValue> {
        let predictions = self.classifier.classify_views(views).await;
        plain(&predictions.map_err(refused)?)
    }

    /// Logits of one batch of model values, two a patch: for comparisons between engines.
    pub async fn logits(&self, values: Vec<f32>) -> Result<Vec<f32>, JsValue> {
        let logits = self.classifier.logits(values).await;
        logits.map_err(refused)
    }

    /// Logits of every patch of a picture in one pass, two a place; nothing where the network
    /// has no such pass or the picture is too small.
    #[wasm_bindgen(js_name = denseLogits)]
    pub async fn dense_logits(
        &self,
        values: Vec<f32>,
        width: usize,
        height: usize,
    ) -> Result<Option<Vec<f32>>, JsValue> {
        let logits = self.classifier.dense_logits(values, [width, height]).await;
        logits.map_err(refused)
    }

    /// The same of patches with their surroundings, of which the picture holds those of the outermost
    /// patches, too: 100 stands for 50 then.
    #[wasm_bindgen(js_name = denseLogitsInContext)]
    pub async fn dense_logits_in_context(
        &self,
        values: Vec<f32>,
        width: usize,
        height: usize,
    ) -> Result<Option<Vec<f32>>, JsValue> {
        let logits = self.classifier.dense_logits_in_context(values, [width, height]).await;
        logits.map_err(refused)
    }

    /// Inputs of the start-up check of an engine against the CPU.
    #[wasm_bindgen(js_name = knownAnswerInputs)]
    pub fn known_answer_inputs(&self) -> Vec<f32> {
        known_answer_inputs()
    }

    /// Return whether two engines' predictions for these inputs agree.
    #[wasm_bindgen(js_name = checkKnownAnswer)]
    pub fn check_known_answer(
        &self,
        reference: JsValue,
        ours: JsValue,
    ) -> Result<JsValue, JsValue> {
        let (reference, ours): (Vec<Prediction>, Vec<Prediction>) =
            (given(reference)?, given(ours)?);
        plain(&compare_known_answer(&reference, &ours))
    }
}
