//! Scans: files in, slices out. This module holds no network.

mod export;

use super::shapes::GeometryShape;
use super::{error, given, plain, set};
use crate::method::MODEL_WINDOW;
use crate::scan::{Facts, suitability};
use crate::weights::hex;
use export::export;
use js_sys::{Float32Array, Int16Array, Object, Uint8Array};
use nodulens_imaging::decode::Limits;
use nodulens_imaging::decode::import::Import;
use nodulens_imaging::decode::series::{Picture, Series, SeriesInfo};
use nodulens_imaging::geometry::{VolumeGeometry, VoxelPoint, WorldMm};
use nodulens_imaging::intensity::Window;
use nodulens_imaging::lungs::lung_mask;
use nodulens_imaging::phantom::thorax::{SYNTHETIC, Thorax};
use nodulens_imaging::reformat::{Plane, Reformat};
use nodulens_imaging::volume::{Samples, Volume};
use serde::Serialize;
use sha2::{Digest, Sha256};
use wasm_bindgen::prelude::*;

/// What was opened; one a worker.
#[wasm_bindgen]
pub struct Reader {
    import: Option<Import>,
    series: Vec<Series>,
    pictures: Vec<Picture>,
    example: Option<Example>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlaneOut {
    width: usize,
    height: usize,
    count: usize,
    pitch_mm: [f64; 3],
    letters: [char; 4],
    world: Vec<f64>,
    voxel: Vec<f64>,
    pixel: Vec<f64>,
    as_acquired: bool,
}

/// Three rows of four: an affine map, from what it does to the origin and to a step along each axis.
fn affine(map: impl Fn([f64; 3]) -> [f64; 3]) -> Vec<f64> {
    let zero = map([0.0; 3]);
    let steps = [map([1.0, 0.0, 0.0]), map([0.0, 1.0, 0.0]), map([0.0, 0.0, 1.0])];
    (0..3)
        .flat_map(|k| {
            [steps[0][k] - zero[k], steps[1][k] - zero[k], steps[2][k] - zero[k], zero[k]]
        })
        .collect()
}

fn plane(geometry: &VolumeGeometry, plane: Plane) -> PlaneOut {
    let reformat = Reformat::new(geometry, plane);
    let array = |VoxelPoint { x, y, z }: VoxelPoint| [x, y, z];
    PlaneOut {
        width: reformat.width(),
        height: reformat.height(),
        count: reformat.count(),
        pitch_mm: reformat.pitch_mm(),
        letters: reformat.letters(),
        world: affine(|[column, row, index]| {
            let WorldMm { x, y, z } = geometry.world_from_voxel(reformat.voxel(column, row, index));
            [x, y, z]
        }),
        voxel: affine(|[column, row, index]| array(reformat.voxel(column, row, index))),
        pixel: affine(|[x, y, z]| reformat.pixel(VoxelPoint { x, y, z })),
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
    error("internal", "the reader has no such series or slice", "Please report this.")
}

#[wasm_bindgen]
impl Reader {
    /// Nothing yet.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Reader {
        let import = Some(Import::new(Limits::default()));
        Self { import, series: Vec::new(), pictures: Vec::new(), example: None }
    }

    /// Takes a file; says what it was, or why it was refused.
    pub fn add(&mut self, name: &str, bytes: Vec<u8>) -> Result<JsValue, JsValue> {
        match &mut self.import {
            Some(import) => plain(&import.add(name, bytes)),
            None => Err(gone()),
        }
    }

    /// Begins a synthetic scan of the chest; returns its slices, to be drawn in order.
    #[wasm_bindgen(js_name = beginExample)]
    pub fn begin_example(&mut self, seed: u32) -> Result<usize, JsValue> {
        let thorax = Thorax::example(u64::from(seed))
            .map_err(|reason| error("internal", &reason.to_string(), "Please report this."))?;
        let depth = thorax.geometry().size()[2];
        self.example = Some(Example { thorax, samples: Vec::new() });
        Ok(depth)
    }

    /// Draws a slice of it.
    #[wasm_bindgen(js_name = drawExample)]
    pub fn draw_example(&mut self, index: usize) {
        if let Some(example) = &mut self.example {
            example.samples.extend(example.thorax.slice(index));
        }
    }

    /// Sorts what was added into series.
    pub fn finish(&mut self) -> Result<JsValue, JsValue> {
        let imported = self.import.take().ok_or_else(gone)?.finish();
        self.series = imported.series;
        self.pictures = imported.pictures;
        self.series.extend(self.example.take().and_then(Example::series));
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

    /// What was found, as a file: "csv", "json", "html", "dicom-sr" or "heat-map".
    #[wasm_bindgen(js_name = exportFindings)]
    pub fn export_findings(
        &self,
        series: usize,
        format: &str,
        request: &str,
        maps: JsValue,
    ) -> Result<Uint8Array, JsValue> {
        let series = self.series.get(series).ok_or_else(gone)?;
        let written = export(series, format, request, given(maps)?);
        let bytes = written.map_err(|(code, message)| error(code, &message, ""))?;
        Ok(Uint8Array::from(&bytes[..]))
    }

    /// Which pixels of an acquired slice are lung.
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

/// The example scan on its way.
struct Example {
    thorax: Thorax,
    samples: Vec<i16>,
}

impl Example {
    /// The scan; `None` unless every slice was drawn.
    fn series(self) -> Option<Series> {
        let sha256 = self
            .samples
            .iter()
            .fold(Sha256::new(), |hash, sample| hash.chain_update(sample.to_le_bytes()));
        let info = SeriesInfo {
            format: "synthetic",
            title: SYNTHETIC.to_owned(),
            modality: Some("CT".to_owned()),
            synthetic: true,
            sha256: hex(&sha256.finalize()),
            ..SeriesInfo::default()
        };
        let geometry = self.thorax.geometry().clone();
        let volume = Volume::new(Samples::Int16(self.samples), geometry).ok()?;
        Some(Series { volume, info, warnings: Vec::new() })
    }
}
