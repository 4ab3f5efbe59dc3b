//! Slices for the networks: a click, a heat map, findings.

use super::convert::{given, internal, plain, refused, set};
use super::network::JsClassifier;
use super::shapes::{FindingShape, GeometryShape};
use js_sys::{Float32Array, Object, Uint8Array};
use nodulens::constants::{FINDING_DISTANCE_MM, SCAN_STRIDE_PX};
use nodulens::detection::{Peak, SliceImage, SliceSearch, measured_peaks, merge, slice_order};
use nodulens::preprocess::display_bytes;
use nodulens_imaging::geometry::VolumeGeometry;
use nodulens_imaging::lungs::LungMask;
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

pub(super) fn image(
    hu: &[f32],
    width: usize,
    height: usize,
    pixel_mm: [f64; 2],
) -> Result<SliceImage, JsValue> {
    SliceImage::from_hu(hu, [width, height], pixel_mm).map_err(refused)
}

#[wasm_bindgen(js_class = Classifier)]
impl JsClassifier {
    /// Return the patch around a pixel of a slice: what the model sees, and its answer.
    #[wasm_bindgen(js_name = classifyAt)]
    pub async fn classify_at(
        &self,
        hu: Vec<f32>,
        width: usize,
        height: usize,
        pixel_mm: JsValue,
        x: f64,
        y: f64,
    ) -> Result<JsValue, JsValue> {
        let image = image(&hu, width, height, given(pixel_mm)?)?;
        let values = image.patch([x, y]);
        let answers = self.classifier.classify_views(image.view([x, y])).await;
        let answers = answers.map_err(refused)?;
        let spot = JsValue::from(Object::new());
        set(&spot, "grey", Uint8Array::from(&display_bytes(&values)[..]));
        set(&spot, "prediction", plain(&answers.first())?);
        set(&spot, "note", image.note().map_or(JsValue::NULL, JsValue::from));
        Ok(spot)
    }
}

/// The scan of one slice, step by step.
#[wasm_bindgen(js_name = SliceSearch)]
pub struct JsSliceSearch {
    scan: SliceSearch,
    hu: Vec<f32>,
    size: [usize; 2],
    pixel_mm: [f64; 2],
    mask: Option<LungMask>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsPeak {
    pixel: [f64; 2],
    probability: f32,
    diameter_mm: Option<f64>,
}

#[wasm_bindgen(js_class = SliceSearch)]
impl JsSliceSearch {
    /// Plan the scan; `mask` has a byte a pixel, 1 where to look. Of the work this one does
    /// `part` of `parts`.
    #[wasm_bindgen(constructor)]
    #[allow(clippy::too_many_arguments)]
    pub fn new(
        classifier: &JsClassifier,
        hu: Vec<f32>,
        width: usize,
        height: usize,
        pixel_mm: JsValue,
        mask: Option<Vec<u8>>,
        part: usize,
        parts: usize,
    ) -> Result<JsSliceSearch, JsValue> {
        let pixel_mm = given(pixel_mm)?;
        let image = image(&hu, width, height, pixel_mm)?;
        let mask = mask.map(|inside| LungMask { width, height, inside, body: 0 });
        let scan = SliceSearch::new(image, mask.as_ref(), &classifier.classifier, SCAN_STRIDE_PX);
        let scan = scan.part(part, parts);
        Ok(Self { scan, hu, size: [width, height], pixel_mm, mask })
    }

    /// Do a bounded piece of work.
    pub async fn step(&mut self, classifier: &JsClassifier) -> Result<JsValue, JsValue> {
        let progress = self.scan.step(&classifier.classifier).await;
        let progress = progress.map_err(refused)?;
        let object = JsValue::from(Object::new());
        set(&object, "done", progress.done as f64);
        set(&object, "total", progress.total as f64);
        Ok(object)
    }

    /// Return whether this one has nothing left to do.
    pub fn idle(&self) -> bool {
        self.scan.idle()
    }

    /// Take over what another part has found: the probabilities of its map.
    pub fn absorb(&mut self, probability: &[f32]) {
        self.scan.absorb(probability);
    }

    /// Return the heat map so far.
    pub fn map(&self) -> Result<JsValue, JsValue> {
        let map = self.scan.map();
        let object = JsValue::from(Object::new());
        set(&object, "width", map.width as f64);
        set(&object, "height", map.height as f64);
        set(&object, "stepPx", plain(&map.step_px)?);
        set(&object, "probability", Float32Array::from(&map.probability[..]));
        Ok(object)
    }

    /// Places at or above the threshold of the weights, with their diameters.
    pub fn peaks(&self, classifier: &JsClassifier) -> Result<JsValue, JsValue> {
        let threshold = classifier.classifier.threshold();
        let (mask, map) = (self.mask.as_ref(), self.scan.map());
        let found = measured_peaks(map, &self.hu, self.size, self.pixel_mm, mask, threshold);
        let found: Vec<JsPeak> = found
            .into_iter()
            .map(|Peak { pixel, probability, diameter_mm }| JsPeak {
                pixel,
                probability,
                diameter_mm,
            })
            .collect();
        plain(&found)
    }

    /// Return what was done to the slice before it was scanned; nothing where it was taken as it
    /// is.
    pub fn note(&self) -> Option<String> {
        self.scan.image().note().map(str::to_owned)
    }
}

/// Slices of a volume of `depth`, coarse first.
#[wasm_bindgen(js_name = sliceOrder)]
pub fn js_slice_order(depth: usize) -> Vec<u32> {
    slice_order(depth).into_iter().map(|z| z as u32).collect()
}

/// Peaks of slices, `[z, peak]`, as places in the body.
#[wasm_bindgen(js_name = mergePeaks)]
pub fn merge_peaks(peaks: JsValue, geometry: JsValue) -> Result<JsValue, JsValue> {
    let peaks: Vec<(usize, JsPeak)> = given(peaks)?;
    let geometry: GeometryShape = given(geometry)?;
    let geometry = VolumeGeometry::try_from(geometry).map_err(internal)?;
    let peaks: Vec<(usize, Peak)> = peaks
        .into_iter()
        .map(|(z, JsPeak { pixel, probability, diameter_mm })| {
            (z, Peak { pixel, probability, diameter_mm })
        })
        .collect();
    let findings = merge(&peaks, &geometry, FINDING_DISTANCE_MM);
    let findings: Vec<FindingShape> = findings.into_iter().map(Into::into).collect();
    plain(&findings)
}
