//! Scans: files in, slices out.

use super::convert::{error, given, internal, plain, set};
use super::export::export;
use super::shapes::GeometryShape;
use js_sys::{Float32Array, Int16Array, Object, Uint8Array};
use nodulens::constants::MODEL_WINDOW;
use nodulens::detection::{Facts, suitability};
use nodulens_imaging::decode::Limits;
use nodulens_imaging::decode::import::Import;
use nodulens_imaging::decode::series::{Picture, Series};
use nodulens_imaging::geometry::VolumeGeometry;
use nodulens_imaging::intensity::Window;
use nodulens_imaging::lungs::lung_mask;
use nodulens_imaging::phantom::example::ExampleScan;
use nodulens_imaging::reformat::{Plane, PlaneMaps, Reformat};
use nodulens_imaging::volume::{Samples, Volume};
use serde::Serialize;
use wasm_bindgen::prelude::*;

/// What was opened; one a worker.
#[wasm_bindgen]
pub struct Loader {
    import: Option<Import>,
    series: Vec<Series>,
    pictures: Vec<Picture>,
    example: Option<ExampleScan>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlaneOut {
    width: usize,
    height: usize,
    count: usize,
    pitch_mm: [f64; 3],
    letters: [char; 4],
    voxel: [f64; 12],
    pixel: [f64; 12],
    as_acquired: bool,
}

fn plane(geometry: &VolumeGeometry, plane: Plane) -> PlaneOut {
    let reformat = Reformat::new(geometry, plane);
    let PlaneMaps { voxel, pixel } = reformat.maps();
    PlaneOut {
        width: reformat.width(),
        height: reformat.height(),
        count: reformat.count(),
        pitch_mm: reformat.pitch_mm(),
        letters: reformat.letters(),
        voxel,
        pixel,
        as_acquired: reformat.as_acquired(),
    }
}

#[derive(Serialize)]
struct PlanesOut {
    axial: PlaneOut,
    coronal: PlaneOut,
    sagittal: PlaneOut,
}

fn series_out(series: &Series) -> Result<JsValue, JsValue> {
    let geometry = series.volume.geometry();
    let object = JsValue::from(Object::new());
    let facts = Facts::of(&series.volume, series.info.modality.as_deref());
    set(&object, "info", plain(&series.info)?);
    set(&object, "warnings", plain(&series.warnings)?);
    set(&object, "concerns", plain(&suitability(&facts))?);
    set(&object, "geometry", plain(&GeometryShape::from(geometry))?);
    let planes = PlanesOut {
        axial: plane(geometry, Plane::Axial),
        coronal: plane(geometry, Plane::Coronal),
        sagittal: plane(geometry, Plane::Sagittal),
    };
    set(&object, "planes", plain(&planes)?);
    Ok(object)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PictureOut<'a> {
    name: &'a str,
    width: usize,
    height: usize,
    format: &'a str,
    bit_depth: u8,
    colour: bool,
    sha256: &'a str,
    notes: &'a [String],
}

fn samples_out(samples: &Samples) -> JsValue {
    match samples {
        Samples::Int16(samples) => Int16Array::from(&samples[..]).into(),
        Samples::Float32(samples) => Float32Array::from(&samples[..]).into(),
    }
}

fn gone() -> JsValue {
    internal("the loader has no such series or slice")
}

#[wasm_bindgen]
impl Loader {
    /// Nothing yet.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Loader {
        let import = Some(Import::new(Limits::default()));
        Self { import, series: Vec::new(), pictures: Vec::new(), example: None }
    }

    /// Take a file; says what it was, or why it was refused.
    pub fn add(&mut self, name: &str, bytes: Vec<u8>) -> Result<JsValue, JsValue> {
        match &mut self.import {
            Some(import) => plain(&import.add(name, bytes)),
            None => Err(gone()),
        }
    }

    /// Begin a synthetic scan of the chest; returns its slices, to be drawn in order.
    #[wasm_bindgen(js_name = beginExample)]
    pub fn begin_example(&mut self, seed: u32) -> Result<usize, JsValue> {
        let example = ExampleScan::new(u64::from(seed)).map_err(internal)?;
        let depth = example.depth();
        self.example = Some(example);
        Ok(depth)
    }

    /// Draw a slice of it.
    #[wasm_bindgen(js_name = drawExample)]
    pub fn draw_example(&mut self, index: usize) {
        if let Some(example) = &mut self.example {
            example.draw(index);
        }
    }

    /// Sort what was added into series.
    pub fn finish(&mut self) -> Result<JsValue, JsValue> {
        let imported = self.import.take().ok_or_else(gone)?.finish();
        self.series = imported.series;
        self.pictures = imported.pictures;
        self.series.extend(self.example.take().and_then(ExampleScan::finish));
        let object = JsValue::from(Object::new());
        let series: Vec<JsValue> = self.series.iter().map(series_out).collect::<Result<_, _>>()?;
        set(&object, "series", js_sys::Array::from_iter(series));
        let pictures: Vec<PictureOut<'_>> = self.pictures.iter().map(picture_out).collect();
        set(&object, "pictures", plain(&pictures)?);
        set(&object, "problems", plain(&imported.problems)?);
        Ok(object)
    }

    /// A picture as a series of one slice; a width of 0 stands for the model's own window.
    #[wasm_bindgen(js_name = readPicture)]
    pub fn read_picture(
        &mut self,
        picture: usize,
        center: f32,
        width: f32,
        pixel_mm: f64,
    ) -> Result<JsValue, JsValue> {
        let picture = self.pictures.get(picture).ok_or_else(gone)?;
        let window = if width > 0.0 { Window { center, width } } else { MODEL_WINDOW };
        let series = picture.read(window, pixel_mm).ok_or_else(|| {
            error("picture-pixel", "a pixel must have a size", "Say how large a pixel is, in mm.")
        })?;
        let object = JsValue::from(Object::new());
        set(&object, "series", series_out(&series)?);
        self.series.push(series);
        set(&object, "index", (self.series.len() - 1) as f64);
        Ok(object)
    }

    fn volume(&self, series: usize) -> Result<&Volume, JsValue> {
        self.series.get(series).map(|series| &series.volume).ok_or_else(gone)
    }

    /// HU of a slice as it is shown.
    pub fn slice(&self, series: usize, plane: &str, index: usize) -> Result<JsValue, JsValue> {
        let plane = match plane {
            "coronal" => Plane::Coronal,
            "sagittal" => Plane::Sagittal,
            _ => Plane::Axial,
        };
        let volume = self.volume(series)?;
        let slice = Reformat::new(volume.geometry(), plane).slice(volume, index);
        Ok(samples_out(&slice.ok_or_else(gone)?))
    }

    /// HU of a slice as it was acquired.
    pub fn acquired(&self, series: usize, z: usize) -> Result<Float32Array, JsValue> {
        Ok(Float32Array::from(&self.volume(series)?.slice(z)[..]))
    }

    /// Return what was found, as a file: "csv", "json", "html", "dicom-sr" or "heat-map".
    #[wasm_bindgen(js_name = exportFindings)]
    pub fn export_findings(
        &self,
        series: usize,
        format: &str,
        request: &str,
        maps: JsValue,
    ) -> Result<Uint8Array, JsValue> {
        let series = self.series.get(series).ok_or_else(gone)?;
        let bytes = export(series, format, request, given(maps)?)?;
        Ok(Uint8Array::from(&bytes[..]))
    }

    /// Return which pixels of an acquired slice are lung.
    pub fn lungs(&self, series: usize, z: usize) -> Result<JsValue, JsValue> {
        let volume = self.volume(series)?;
        let ([width, height, _], spacing) =
            (volume.geometry().size(), volume.geometry().spacing_mm());
        let mask = lung_mask(&volume.slice(z), width, height, [spacing.x, spacing.y]);
        let object = JsValue::from(Object::new());
        set(&object, "inside", Uint8Array::from(&mask.inside[..]));
        set(&object, "share", mask.share_of_body());
        Ok(object)
    }
}

fn picture_out(picture: &Picture) -> PictureOut<'_> {
    let Picture { name, image, sha256 } = picture;
    PictureOut {
        name,
        width: image.width,
        height: image.height,
        format: image.format,
        bit_depth: image.bit_depth,
        colour: image.colour,
        sha256,
        notes: &image.notes,
    }
}
