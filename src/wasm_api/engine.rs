//! The networks: one engine a module.

use super::{error, given, plain, set};
use crate::classifier::{Classifier, Prediction, compare_known_answer, known_answer_inputs};
use crate::method::{self, PATCH_SIZE};
use crate::model::NetworkKind;
use crate::patch::{Patch, SizePolicy};
use crate::phantom;
use crate::preprocess::{display_bytes, model_values};
use crate::weights::{header_text, hex};
#[cfg(not(feature = "engine"))]
use burn::tensor::Device;
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use js_sys::{Float32Array, Object, Reflect, Uint8Array};
use nodulens_imaging::decode::decode_raster;
use serde::Serialize;
use sha2::{Digest, Sha256};
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

/// The method's constants, for the page's texts.
#[wasm_bindgen]
pub fn method() -> Result<JsValue, JsValue> {
    plain(&MethodInfo {
        patch_size: PATCH_SIZE,
        window_low_hu: method::WINDOW_LOW_HU,
        window_high_hu: method::WINDOW_HIGH_HU,
        preprocess_id: method::preprocess_id(),
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

/// What each network costs, so that one can be chosen before its weights are loaded.
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
    let grey = display_bytes(&model_values(&phantom.patch));
    let mut png = Vec::new();
    let side = PATCH_SIZE as u32;
    PngEncoder::new(&mut png)
        .write_image(&grey, side, side, ExtendedColorType::L8)
        .map_err(|reason| error("internal", &reason.to_string(), "Please report this."))?;
    let label = if phantom.nodule { "nodule" } else { "no nodule" };
    let object = JsValue::from(Object::new());
    set(&object, "name", format!("synthetic-{}-{}.png", phantom.seed, label.replace(' ', "-")));
    set(&object, "label", label);
    set(&object, "seed", phantom.seed as f64);
    set(&object, "png", Uint8Array::from(&png[..]));
    Ok(object)
}

/// Decodes a picture and takes its patch. `policy`: "refuse" or "center-crop" for larger images.
#[wasm_bindgen(js_name = decodePatch)]
pub fn decode_patch(bytes: &[u8], policy: &str) -> Result<JsValue, JsValue> {
    let policy = match policy {
        "center-crop" => SizePolicy::CenterCrop,
        _ => SizePolicy::Refuse,
    };
    let image = decode_raster(bytes)
        .map_err(|reason| error(reason.code(), &reason.to_string(), reason.hint()))?;
    let patch = Patch::from_image(&image, policy)
        .map_err(|reason| error(reason.code(), &reason.to_string(), reason.hint()))?;
    let mut notes = image.notes.clone();
    if image.width != PATCH_SIZE || image.height != PATCH_SIZE {
        let (width, height) = (image.width, image.height);
        notes.push(format!(
            "The centre {PATCH_SIZE} x {PATCH_SIZE} of {width} x {height} pixels was taken."
        ));
    }
    let values = model_values(&patch);
    let object = JsValue::from(Object::new());
    set(&object, "width", image.width as f64);
    set(&object, "height", image.height as f64);
    set(&object, "format", image.format);
    set(&object, "bitDepth", image.bit_depth);
    set(&object, "colour", image.colour);
    set(&object, "sha256", hex(&Sha256::digest(bytes)));
    set(&object, "grey", Uint8Array::from(&display_bytes(&values)[..]));
    set(&object, "values", Float32Array::from(&values[..]));
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
    preprocess_id: &'a str,
    weights_sha256: &'a str,
    weights_bytes: usize,
    engine: &'static str,
}

/// A network with its weights, on this module's device.
#[wasm_bindgen(js_name = Classifier)]
pub struct JsClassifier {
    pub(super) classifier: Classifier,
    weights_bytes: usize,
    /// The card of the weights file, a plain object.
    card: JsValue,
}

#[wasm_bindgen(js_class = Classifier)]
impl JsClassifier {
    /// Reads a weights file and puts its network on the device.
    pub async fn load(weights: Vec<u8>) -> Result<JsClassifier, JsValue> {
        #[cfg(feature = "engine")]
        let classifier = Classifier::fast(&weights);
        #[cfg(not(feature = "engine"))]
        let classifier = Classifier::load(&weights, &device().await?);
        let classifier = classifier
            .map_err(|reason| error(reason.code(), &reason.to_string(), reason.hint()))?;
        let card = Reflect::get(&js_sys::JSON::parse(header_text(&weights))?, &"card".into())?;
        Ok(JsClassifier { classifier, weights_bytes: weights.len(), card })
    }

    /// What is loaded, and where it runs.
    pub fn info(&self) -> Result<JsValue, JsValue> {
        let (header, kind) = (self.classifier.header(), self.classifier.kind());
        let info = plain(&ModelInfo {
            model_id: self.classifier.model_id(),
            network: &header.network,
            parameters: kind.parameters(),
            macs_per_patch: kind.macs_per_patch(),
            threshold: header.threshold,
            temperature: header.temperature,
            preprocess_id: &header.preprocess_id,
            weights_sha256: self.classifier.sha256(),
            weights_bytes: self.weights_bytes,
            engine: ENGINE,
        })?;
        set(&info, "card", self.card.clone());
        Ok(info)
    }

    /// Predictions of one batch of model values, 2,500 a patch.
    pub async fn classify(&self, values: Vec<f32>) -> Result<JsValue, JsValue> {
        let predictions = self.classifier.classify_values(values).await;
        plain(
            &predictions
                .map_err(|reason| error(reason.code(), &reason.to_string(), reason.hint()))?,
        )
    }

    /// Logits of one batch of model values, two a patch: for comparisons between engines.
    pub async fn logits(&self, values: Vec<f32>) -> Result<Vec<f32>, JsValue> {
        let logits = self.classifier.logits(values).await;
        logits.map_err(|reason| error(reason.code(), &reason.to_string(), reason.hint()))
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
        logits.map_err(|reason| error(reason.code(), &reason.to_string(), reason.hint()))
    }

    /// Inputs of the start-up check of an engine against the CPU.
    #[wasm_bindgen(js_name = knownAnswerInputs)]
    pub fn known_answer_inputs(&self) -> Vec<f32> {
        known_answer_inputs()
    }

    /// Whether two engines' predictions for these inputs agree.
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

#[cfg(all(feature = "webgpu", not(feature = "engine")))]
const ENGINE: &str = "burn-wgpu (WebGPU)";
#[cfg(feature = "engine")]
const ENGINE: &str = "Nodulens engine (CPU)";
#[cfg(all(feature = "flex", not(any(feature = "webgpu", feature = "engine"))))]
const ENGINE: &str = "burn-flex (CPU)";
#[cfg(all(
    feature = "ndarray",
    not(any(feature = "flex", feature = "webgpu", feature = "engine"))
))]
const ENGINE: &str = "burn-ndarray (CPU)";

#[cfg(all(feature = "webgpu", not(feature = "engine")))]
thread_local! {
    /// Burn opens the adapter once; a second network shares it.
    static DEVICE: std::cell::RefCell<Option<Device>> = const { std::cell::RefCell::new(None) };
}

#[cfg(all(feature = "webgpu", not(feature = "engine")))]
async fn device() -> Result<Device, JsValue> {
    if let Some(device) = DEVICE.with_borrow(Clone::clone) {
        return Ok(device);
    }
    let device = Device::wgpu_options().init_async().await.map_err(|reason| {
        let message = format!("no WebGPU device: {reason:?}");
        error("no-device", &message, "Choose the CPU engine.")
    })?;
    DEVICE.set(Some(device.clone()));
    Ok(device)
}

#[cfg(not(any(feature = "webgpu", feature = "engine")))]
async fn device() -> Result<Device, JsValue> {
    #[cfg(feature = "flex")]
    return Ok(Device::flex());
    #[cfg(not(feature = "flex"))]
    #[allow(deprecated)]
    return Ok(Device::ndarray());
}
