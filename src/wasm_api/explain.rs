//! Why this answer.

use super::convert::{given, plain, refused, set};
use super::network::make_phantoms;
use super::opened::{LabNetwork, patch_object};
use js_sys::{Object, Uint8Array};
use nodulens::lab::explain::{
    ExplainError, Explainer, MapWeights, Occlusion, canvas_of, correlation, layers_with_maps,
    share_outside, shuffled,
};
use nodulens::lab::looked_at;
use nodulens::lab::variant::{PatchContext, Variant};
use nodulens::on_engine::OnEngine;
use nodulens::preprocess::display_bytes;
use nodulens::weights::{Head, WeightsFile};
use nodulens_imaging::decode::decode_raster;
use serde::Serialize;
use wasm_bindgen::prelude::*;

#[derive(Serialize)]
struct LayersWithMaps {
    layers: Vec<&'static str>,
    best: &'static str,
    weights: MapWeights,
}

#[wasm_bindgen(js_class = LabNetwork)]
impl LabNetwork {
    /// Layers that Grad-CAM can look at where these values are answered for, and the one to begin with.
    #[wasm_bindgen(js_name = layersWithMaps)]
    pub fn layers_with_maps(&self, values: &[f32]) -> Result<JsValue, JsValue> {
        let (_, head) = looked_at(self.opened.kind, values)
            .ok_or_else(|| refused(ExplainError::Size(values.len())))?;
        let (layers, best, weights) = layers_with_maps(self.opened.kind, head);
        plain(&LayersWithMaps { layers, best, weights })
    }

    /// Return the same network with the numbers of each parameter shuffled: the sanity check.
    pub fn explainer(&self, shuffle_by: Option<u32>) -> Result<JsExplainer, JsValue> {
        let opened = match shuffle_by {
            Some(seed) => shuffled(&self.opened, u64::from(seed)),
            None => self.opened.clone(),
        };
        let explainer = Explainer::new(&opened).map_err(refused)?;
        Ok(JsExplainer { opened, explainer, occlusion: None })
    }
}

/// Explains the answers of one network.
#[wasm_bindgen(js_name = Explainer)]
pub struct JsExplainer {
    opened: WeightsFile,
    explainer: Explainer,
    occlusion: Option<Covering>,
}

struct Covering {
    occlusion: Occlusion,
    engine: OnEngine,
}

#[wasm_bindgen(js_class = Explainer)]
impl JsExplainer {
    /// Return how fast the evidence grows with each pixel of a patch, 50 x 50, or where the network sees
    /// its surroundings of the canvas, 100 x 100.
    pub fn gradient(&self, patch: &[f32]) -> Result<Vec<f32>, JsValue> {
        self.explainer.gradient(patch).map_err(refused)
    }

    /// Return the same, averaged over noisy copies.
    #[wasm_bindgen(js_name = smoothGradient)]
    pub fn smooth_gradient(&self, patch: &[f32], seed: u32) -> Result<Vec<f32>, JsValue> {
        self.explainer.smooth_gradient(patch, u64::from(seed)).map_err(refused)
    }

    /// Grad-CAM at a layer.
    #[wasm_bindgen(js_name = classActivation)]
    pub fn class_activation(
        &self,
        patch: &[f32],
        layer: &str,
        weights: JsValue,
    ) -> Result<Vec<f32>, JsValue> {
        self.explainer.class_activation(patch, layer, given(weights)?).map_err(refused)
    }

    /// Begin to cover a patch square by square.
    #[wasm_bindgen(js_name = beginOcclusion)]
    pub fn begin_occlusion(&mut self, patch: &[f32]) -> Result<(), JsValue> {
        let occlusion = Occlusion::of(&self.opened, patch).map_err(refused)?;
        let engine = OnEngine::new(self.opened.kind, self.opened.parameters.clone());
        self.occlusion = Some(Covering { occlusion, engine: engine.map_err(refused)? });
        Ok(())
    }

    /// So many squares more: how many are done, and how many there are.
    #[wasm_bindgen(js_name = stepOcclusion)]
    pub fn step_occlusion(&mut self, most: usize) -> Result<Vec<usize>, JsValue> {
        let Some(Covering { occlusion, engine }) = &mut self.occlusion else {
            return Ok(vec![0, 0]);
        };
        let values = occlusion.next(most);
        if !values.is_empty() {
            let logits = match occlusion.head() {
                Head::Patch => engine.patches(&values),
                Head::Context => engine.views(&values),
            };
            occlusion.take(&logits.map_err(refused)?);
        }
        let (done, all) = occlusion.progress();
        Ok(vec![done, all])
    }

    /// Evidence lost where a pixel is covered, as far as it is known.
    #[wasm_bindgen(js_name = occlusionMap)]
    pub fn occlusion_map(&self) -> Vec<f32> {
        self.occlusion.as_ref().map(|covering| covering.occlusion.map()).unwrap_or_default()
    }
}

/// Return which share of a map of a canvas lies around the patch; nothing of a patch alone.
#[wasm_bindgen(js_name = shareOutside)]
pub fn js_share_outside(map: &[f32]) -> Option<f32> {
    share_outside(map)
}

/// Return what a view's canvas looks like, 100 x 100 in 8 bits: the patch as it is, and around it what
/// is left at half the resolution; nothing where its surroundings are not known.
#[wasm_bindgen(js_name = canvasGrey)]
pub fn canvas_grey(view: &[f32]) -> Option<Uint8Array> {
    canvas_of(view).map(|canvas| Uint8Array::from(&display_bytes(&canvas)[..]))
}

/// Correlation of two maps.
#[wasm_bindgen(js_name = correlation)]
pub fn js_correlation(a: &[f32], b: &[f32]) -> f32 {
    correlation(a, b)
}

/// A patch with what surrounds it.
#[wasm_bindgen(js_name = Region)]
pub struct JsRegion {
    region: PatchContext,
}

#[wasm_bindgen(js_class = Region)]
impl JsRegion {
    /// Around the centre of a picture.
    #[wasm_bindgen(js_name = ofPicture)]
    pub fn of_picture(bytes: &[u8]) -> Result<JsRegion, JsValue> {
        let image = decode_raster(bytes).map_err(refused)?;
        Ok(Self { region: PatchContext::of_picture(&image) })
    }

    /// Around a pixel of a slice.
    #[wasm_bindgen(js_name = ofSlice)]
    pub fn of_slice(
        hu: &[f32],
        width: usize,
        height: usize,
        pixel_mm: JsValue,
        x: f64,
        y: f64,
    ) -> Result<JsRegion, JsValue> {
        let region = PatchContext::of_slice(hu, [width, height], given(pixel_mm)?, [x, y]);
        let region = region.map_err(refused)?;
        Ok(Self { region })
    }

    /// Around the synthetic patch of this seed, as `makePhantoms` makes it.
    #[wasm_bindgen(js_name = ofPhantom)]
    pub fn of_phantom(seed: u32) -> Result<JsRegion, JsValue> {
        let phantoms = make_phantoms(seed, 1)?;
        let png = phantoms.first().map(|file| js_sys::Reflect::get(file, &"png".into()));
        let png = Uint8Array::new(&png.transpose()?.unwrap_or_default());
        Self::of_picture(&png.to_vec())
    }

    /// Size, corner of the patch, grey through the model's window.
    pub fn shown(&self) -> Result<JsValue, JsValue> {
        let (object, shown) = (JsValue::from(Object::new()), self.region.shown());
        set(&object, "size", plain(&shown.size())?);
        set(&object, "corner", plain(&shown.corner())?);
        set(&object, "grey", Uint8Array::from(&shown.display_bytes()[..]));
        Ok(object)
    }

    /// Return the patch, changed: the view of it, and its grey.
    pub fn patch(&self, variant: JsValue) -> Result<JsValue, JsValue> {
        let variant: Variant = given(variant)?;
        Ok(patch_object(&self.region.view(&variant)))
    }
}
