//! A frame in HU with its place in the body.

use super::dataset::DataSet;
use super::error::DicomError;
use super::groups::{Group, Groups};
use super::header;
use super::hounsfield::{self, Odd, Padding, Rescale};
use super::phase::Phase;
use super::picture::is_secondary;
use super::pixels::{Frame, Pixels};
use super::shape::{Photometric, Shape};
use crate::decode::series::{HeaderLine, PatientAttribute, Warning};
use crate::geometry::Vec3;
use crate::tags;
use crate::volume::Samples;
use std::sync::Arc;

/// What all frames of a file share.
#[derive(Debug, Default)]
pub(crate) struct FileFacts {
    pub name: String,
    pub class_uid: Option<String>,
    pub instance_uid: Option<String>,
    pub study_uid: Option<String>,
    pub series_uid: Option<String>,
    pub frame_of_reference_uid: Option<String>,
    pub modality: Option<String>,
    pub description: Option<String>,
    pub series_number: Option<i64>,
    pub patient: Vec<PatientAttribute>,
    /// Of the texts (0008,0005), as it stands there.
    pub charset: Option<String>,
    pub window: Option<(f64, f64)>,
    pub tags: Vec<HeaderLine>,
    pub identifies: bool,
    pub burned_in: bool,
    pub warnings: Vec<Warning>,
}

impl Slice {
    /// Its place in hundredths of a millimetre along all three axes: to be compared where files round.
    pub fn place(&self) -> Option<[i64; 3]> {
        self.position.map(|position| position.0.map(|side| (side * 100.0).round() as i64))
    }

    /// What to call it: the file, and its frame where it has several.
    pub fn name(&self) -> String {
        match self.frame {
            Some(frame) => format!("{}, frame {frame}", self.file.name),
            None => self.file.name.clone(),
        }
    }
}

impl FileFacts {
    /// What tells patients apart: the ID, or the name where there is none.
    pub fn patient_id(&self) -> Option<&str> {
        let value = |tag| self.patient.iter().find(|one| one.tag == tag).map(|one| &*one.value);
        value(tags::PATIENT_ID).or_else(|| value(tags::PATIENT_NAME))
    }
}

/// One frame.
#[derive(Debug)]
pub(crate) struct Slice {
    pub file: Arc<FileFacts>,
    /// Of the file, in lower-case hexadecimal; set by whoever has the file's bytes.
    pub sha256: Arc<str>,
    /// From 1; `None` where the file has one.
    pub frame: Option<usize>,
    /// Columns, rows.
    pub size: [usize; 2],
    /// Centre of the first pixel, LPS, mm.
    pub position: Option<Vec3>,
    /// Directions of a row and of a column.
    pub orientation: Option<[f64; 6]>,
    /// Between rows, between columns, mm.
    pub spacing: Option<[f64; 2]>,
    pub location: Option<f64>,
    pub instance: Option<i64>,
    pub phase: Phase,
    pub kernel: Option<String>,
    /// Image Type, as it stands there.
    pub image_type: Option<String>,
    pub localizer: bool,
    pub odd: Odd,
    pub thickness: Option<f64>,
    /// Spacing Between Slices, mm.
    pub between: Option<f64>,
    pub samples: Samples,
}

/// Decodes every frame of a file. `told`: what is to be said of the file already.
pub(crate) fn read(
    name: &str,
    set: &DataSet<'_>,
    shape: &Shape,
    pixels: &Pixels<'_>,
    told: Vec<Warning>,
) -> Result<Vec<Slice>, DicomError> {
    let first = Groups { set, frame: 0 };
    let facts = Arc::new(facts(name, set, shape, &first, told));
    let padding = Padding::read(set, shape).filter(|_| in_hu(set, &first));
    let mut slices = Vec::with_capacity(shape.frames);
    for frame in 0..shape.frames {
        let groups = Groups { set, frame };
        let Frame::Grey(bits) = pixels.frame(frame)? else {
            return Err(DicomError::Damaged("its pixels are coloured, its header not".to_owned()));
        };
        let rescale = Rescale::of(&groups.find(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE));
        let rescale = rescale.unwrap_or(Rescale { slope: 1.0, intercept: 0.0 });
        let measures = groups.find(tags::PIXEL_MEASURES_SEQUENCE);
        let plane = groups.find(tags::PLANE_POSITION_SEQUENCE);
        let several = shape.frames > 1;
        // Frames without places of their own would all lie in one.
        let position = match (plane.own, several) {
            (Some(own), true) => own.vector(tags::IMAGE_POSITION_PATIENT),
            (None, true) => None,
            _ => plane.vector(tags::IMAGE_POSITION_PATIENT),
        };
        let number = |tag| set.decimal(tag).map(|number| number as i64);
        let image_type = frame_type(&groups);
        let (samples, odd) = hounsfield::samples(bits, shape, rescale, padding);
        slices.push(Slice {
            file: Arc::clone(&facts),
            sha256: Arc::from(""),
            frame: several.then_some(frame + 1),
            size: [shape.columns, shape.rows],
            position: position.map(Vec3),
            orientation: groups
                .find(tags::PLANE_ORIENTATION_SEQUENCE)
                .vector(tags::IMAGE_ORIENTATION_PATIENT),
            spacing: spacing(&measures).or_else(|| {
                set.vector(tags::IMAGER_PIXEL_SPACING)
                    .filter(|sides| sides.iter().all(|side| *side > 0.0))
            }),
            location: set.decimal(tags::SLICE_LOCATION).filter(|_| !several),
            instance: if several { Some(frame as i64 + 1) } else { number(tags::INSTANCE_NUMBER) },
            phase: Phase::read(&groups),
            kernel: groups.find(tags::CT_RECONSTRUCTION_SEQUENCE).text(tags::CONVOLUTION_KERNEL),
            localizer: image_type.as_deref().is_some_and(is_localizer),
            image_type,
            odd,
            thickness: measures.decimal(tags::SLICE_THICKNESS).filter(|mm| *mm > 0.0),
            between: measures
                .decimal(tags::SPACING_BETWEEN_SLICES)
                .map(f64::abs)
                .filter(|mm| *mm > 0.0),
            samples,
        });
    }
    Ok(slices)
}

/// Whether the values are HU. Padding is air only there; a black border elsewhere is just black.
fn in_hu(set: &DataSet<'_>, first: &Groups<'_, '_>) -> bool {
    let ct = set.text(tags::MODALITY).is_none_or(|modality| modality == "CT");
    let values = first.find(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE);
    let unit = values.text(tags::RESCALE_TYPE).is_none_or(|unit| unit == "HU");
    ct && unit && Rescale::of(&values).is_some()
}

fn frame_type(groups: &Groups<'_, '_>) -> Option<String> {
    let frame = groups.find(tags::CT_IMAGE_FRAME_TYPE_SEQUENCE);
    frame.text(tags::FRAME_TYPE).or_else(|| frame.text(tags::IMAGE_TYPE))
}

fn is_localizer(image_type: &str) -> bool {
    image_type.split('\\').any(|part| matches!(part.trim(), "LOCALIZER" | "SCOUT"))
}

fn spacing(group: &Group<'_, '_>) -> Option<[f64; 2]> {
    group.vector(tags::PIXEL_SPACING).filter(|sides| sides.iter().all(|side| *side > 0.0))
}

fn facts(
    name: &str,
    set: &DataSet<'_>,
    shape: &Shape,
    first: &Groups<'_, '_>,
    told: Vec<Warning>,
) -> FileFacts {
    let number = |tag| set.decimal(tag).map(|number| number as i64);
    let class_uid = set.text(tags::SOP_CLASS_UID);
    let modality = set.text(tags::MODALITY);
    let window = first.find(tags::FRAME_VOI_LUT_SEQUENCE);
    let center = window.decimal(tags::WINDOW_CENTER);
    let secondary = class_uid.as_deref().is_some_and(is_secondary);
    let mut warnings = warnings(set, shape, first, modality.as_deref(), secondary);
    warnings.extend(told);
    FileFacts {
        name: name.to_owned(),
        instance_uid: set.text(tags::SOP_INSTANCE_UID),
        study_uid: set.text(tags::STUDY_INSTANCE_UID),
        series_uid: set.text(tags::SERIES_INSTANCE_UID),
        frame_of_reference_uid: set.text(tags::FRAME_OF_REFERENCE_UID),
        description: header::text(set, tags::SERIES_DESCRIPTION),
        series_number: number(tags::SERIES_NUMBER),
        patient: header::patient(set),
        charset: set.text(tags::SPECIFIC_CHARACTER_SET),
        window: center.zip(window.decimal(tags::WINDOW_WIDTH).filter(|width| *width > 0.0)),
        tags: header::lines(set),
        identifies: header::names_patient(set),
        burned_in: secondary || set.text(tags::BURNED_IN_ANNOTATION).as_deref() == Some("YES"),
        warnings,
        class_uid,
        modality,
    }
}

/// What the file's own header makes doubtful.
fn warnings(
    set: &DataSet<'_>,
    shape: &Shape,
    first: &Groups<'_, '_>,
    modality: Option<&str>,
    secondary: bool,
) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut warn = |code, message: String| warnings.push(Warning::new(code, message));
    match modality {
        Some("CT") => {}
        Some(other) => {
            let other: String = other.chars().take(16).collect();
            warn("not-ct", format!("Its modality is {other}, not CT: its numbers are not HU."));
        }
        None => warn("no-modality", "The files do not say whether they are CT.".to_owned()),
    }
    let values = first.find(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE);
    match Rescale::of(&values) {
        None => {
            let message =
                "Rescale slope and intercept are missing: the stored values are taken as HU.";
            warn("no-rescale", message.to_owned());
        }
        Some(_) => {
            let slope = values.decimal(tags::RESCALE_SLOPE);
            if slope.is_none_or(|slope| slope == 0.0) {
                let message = "Rescale Slope is 0, missing or no number: it is taken as 1.";
                warn("rescale", message.to_owned());
            }
            if values.decimal(tags::RESCALE_INTERCEPT).is_none() {
                let message = "Rescale Intercept is missing or no number: it is taken as 0.";
                warn("rescale", message.to_owned());
            }
        }
    }
    if !set.items(tags::MODALITY_LUT_SEQUENCE).is_empty() {
        let message = "It has a modality lookup table, which is not applied: values may not be HU.";
        warn("modality-lut", message.to_owned());
    }
    if spacing(&first.find(tags::PIXEL_MEASURES_SEQUENCE)).is_none() {
        match set.text(tags::PIXEL_SPACING) {
            Some(text) => {
                let text: String = text.chars().take(40).collect();
                warn("pixel-spacing", format!("Its Pixel Spacing cannot be read: {text:?}."));
            }
            None if set.vector::<2>(tags::IMAGER_PIXEL_SPACING).is_some() => {
                let message = "Only the size of a pixel at the detector is known (Imager Pixel \
                               Spacing): lengths in the body may be smaller.";
                warn("pixel-spacing", message.to_owned());
            }
            None => {}
        }
    }
    let unit = values.text(tags::RESCALE_TYPE).filter(|unit| unit != "HU");
    if let Some(unit) = unit.filter(|_| modality == Some("CT")) {
        let unit: String = unit.chars().take(16).collect();
        warn("not-hu", format!("Its values are given in {unit}, not in HU."));
    }
    if shape.photometric == Photometric::Monochrome1 {
        let message =
            "Its pixels are meant to be shown inverted (MONOCHROME1); HU are not affected.";
        warn("monochrome1", message.to_owned());
    }
    if secondary {
        let message = "It is a secondary capture: its numbers may have been changed on the way.";
        warn("secondary-capture", message.to_owned());
    }
    if set.text(tags::LOSSY_IMAGE_COMPRESSION).as_deref() == Some("01") {
        let message = "It was compressed with loss at some time: fine detail may be missing.";
        warn("lossy", message.to_owned());
    }
    warnings
}
