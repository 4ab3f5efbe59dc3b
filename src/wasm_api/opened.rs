//! A weights file that is looked into. Every call takes what it needs and answers whole, so that the
//! page may replace its worker at any time.

use super::convert::{given, plain, refused, set};
use super::network::JsClassifier;
use super::search::image;
use js_sys::{Float32Array, Object, Uint8Array};
use nodulens::constants::PATCH_SAMPLES;
use nodulens::lab::inside::{Inside, Trace};
use nodulens::preprocess::display_bytes;
use nodulens::weights::{WeightsFile, read_weights};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// What was looked at last: whoever moves over a map asks for the same patch at every place.
#[derive(Default)]
pub(super) struct Looked {
    /// Where the patch answers alone, and with its surroundings.
    pub(super) inside: [RefCell<Option<Rc<Inside>>>; 2],
    /// Of which values.
    pub(super) trace: RefCell<Option<(Vec<f32>, Rc<Trace>)>>,
}

/// A network of a weights file.
#[wasm_bindgen(js_name = LabNetwork)]
pub struct LabNetwork {
    pub(super) opened: WeightsFile,
    /// The same on our engine: for many patches at once.
    shown: JsClassifier,
    pub(super) looked: Looked,
}

#[wasm_bindgen(js_class = LabNetwork)]
impl LabNetwork {
    /// Read a weights file.
    pub fn load(weights: &[u8]) -> Result<LabNetwork, JsValue> {
        let opened = read_weights(weights).map_err(refused)?;
        Ok(Self { opened, shown: JsClassifier::load(weights)?, looked: Looked::default() })
    }

    /// Return what the weights file says of itself, as of an engine's.
    pub fn info(&self) -> Result<JsValue, JsValue> {
        self.shown.info()
    }

    /// Predictions of one batch of views, 5,000 values a patch.
    pub async fn classify(&self, views: Vec<f32>) -> Result<JsValue, JsValue> {
        self.shown.classify(views).await
    }

    /// Return the layers from a patch to its logits, in order: name, operation, shape of the output,
    /// parameters, multiply-adds.
    pub fn layers(&self) -> Result<JsValue, JsValue> {
        plain(&self.opened.kind.layers())
    }
}

/// Return the patch around a pixel of a slice, as `classifyAt` cuts it.
#[wasm_bindgen(js_name = slicePatch)]
pub fn slice_patch(
    hu: &[f32],
    width: usize,
    height: usize,
    pixel_mm: JsValue,
    x: f64,
    y: f64,
) -> Result<JsValue, JsValue> {
    Ok(patch_object(&image(hu, width, height, given(pixel_mm)?)?.view([x, y])))
}

/// A view, 5,000 model values, and how its patch looks.
pub(super) fn patch_object(view: &[f32]) -> JsValue {
    let patch = JsValue::from(Object::new());
    let own = view.get(..PATCH_SAMPLES).unwrap_or(view);
    set(&patch, "grey", Uint8Array::from(&display_bytes(own)[..]));
    set(&patch, "values", Float32Array::from(view));
    patch
}
