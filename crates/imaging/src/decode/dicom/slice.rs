//! A frame in HU with its place in the body.

use super::dataset::DataSet;
use super::error::DicomError;
use super::header;
use super::hounsfield::{self, Padding, Rescale};
use super::picture::is_secondary;
use super::pixels::{Frame, Pixels};
use super::shape::{Photometric, Shape};
use crate::decode::series::{HeaderLine, Warning};
use crate::geometry::Vec3;
use crate::tags::{self, Tag};
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
    pub acquisition: Option<i64>,
    pub kernel: Option<String>,
    pub window: Option<(f64, f64)>,
    pub tags: Vec<HeaderLine>,
    pub identifies: bool,
    pub burned_in: bool,
    pub localizer: bool,
    pub warnings: Vec<Warning>,
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
    pub thickness: Option<f64>,
    /// Spacing Between Slices, mm.
    pub between: Option<f64>,
    pub samples: Samples,
}

/// Where an attribute of a frame is looked for: its own functional groups, those that all
/// frames share, the file itself (PS3.3, C.7.6.16).
struct Groups<'a, 's> {
    set: &'s DataSet<'a>,
    frame: usize,
}

impl<'a, 's> Groups<'a, 's> {
    fn find(&self, sequence: Tag) -> &'s DataSet<'a> {
        let own = self.set.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).get(self.frame);
        let shared = self.set.items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE).first();
        let within = |group: Option<&'s DataSet<'a>>| group?.items(sequence).first();
        within(own).or_else(|| within(shared)).unwrap_or(self.set)
    }
}

/// Decodes every frame of a file.
pub(crate) fn read(
    name: &str,
    set: &DataSet<'_>,
    shape: &Shape,
    pixels: &Pixels<'_>,
) -> Result<Vec<Slice>, DicomError> {
    let first = Groups { set, frame: 0 };
    let facts = Arc::new(facts(name, set, shape, &first));
    // Padding is air only where the numbers are HU; a black border elsewhere is just black.
    let is_ct = facts.modality.as_deref().is_none_or(|modality| modality == "CT");
    let padding = Padding::read(set, shape).filter(|_| is_ct);
    let mut slices = Vec::with_capacity(shape.frames);
    for frame in 0..shape.frames {
        let groups = Groups { set, frame };
        let Frame::Grey(bits) = pixels.frame(frame)? else {
            return Err(DicomError::Damaged("its pixels are coloured, its header not".to_owned()));
        };
        let rescale = Rescale::read(groups.find(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE));
        let rescale = rescale.unwrap_or(Rescale { slope: 1.0, intercept: 0.0 });
        let measures = groups.find(tags::PIXEL_MEASURES_SEQUENCE);
        let plane = groups.find(tags::PLANE_POSITION_SEQUENCE);
        let several = shape.frames > 1;
        // Frames without places of their own would all lie in one.
        let position = plane.vector(tags::IMAGE_POSITION_PATIENT).map(Vec3);
        let placed = !several || !std::ptr::eq(plane, set);
        let number = |tag| set.decimal(tag).map(|number| number as i64);
        slices.push(Slice {
            file: Arc::clone(&facts),
            sha256: Arc::from(""),
            frame: several.then_some(frame + 1),
            size: [shape.columns, shape.rows],
            position: position.filter(|_| placed),
            orientation: groups
                .find(tags::PLANE_ORIENTATION_SEQUENCE)
                .vector(tags::IMAGE_ORIENTATION_PATIENT),
            spacing: spacing(measures).or_else(|| {
                set.vector(tags::IMAGER_PIXEL_SPACING)
                    .filter(|sides| sides.iter().all(|side| *side > 0.0))
            }),
            location: set.decimal(tags::SLICE_LOCATION).filter(|_| !several),
            instance: if several { Some(frame as i64 + 1) } else { number(tags::INSTANCE_NUMBER) },
            thickness: measures.decimal(tags::SLICE_THICKNESS).filter(|mm| *mm > 0.0),
            between: measures
                .decimal(tags::SPACING_BETWEEN_SLICES)
                .map(f64::abs)
                .filter(|mm| *mm > 0.0),
            samples: hounsfield::samples(bits, shape, rescale, padding),
        });
    }
    Ok(slices)
}

fn spacing(set: &DataSet<'_>) -> Option<[f64; 2]> {
    set.vector(tags::PIXEL_SPACING).filter(|sides| sides.iter().all(|side| *side > 0.0))
}

fn facts(name: &str, set: &DataSet<'_>, shape: &Shape, first: &Groups<'_, '_>) -> FileFacts {
    let number = |tag| set.decimal(tag).map(|number| number as i64);
    let class_uid = set.text(tags::SOP_CLASS_UID);
    let kind = set.text(tags::IMAGE_TYPE).unwrap_or_default();
    let modality = set.text(tags::MODALITY);
    let window = first.find(tags::FRAME_VOI_LUT_SEQUENCE);
    let center = window.decimal(tags::WINDOW_CENTER);
    let secondary = class_uid.as_deref().is_some_and(is_secondary);
    FileFacts {
        name: name.to_owned(),
        instance_uid: set.text(tags::SOP_INSTANCE_UID),
        study_uid: set.text(tags::STUDY_INSTANCE_UID),
        series_uid: set.text(tags::SERIES_INSTANCE_UID),
        frame_of_reference_uid: set.text(tags::FRAME_OF_REFERENCE_UID),
        description: set.text(tags::SERIES_DESCRIPTION),
        series_number: number(tags::SERIES_NUMBER),
        acquisition: number(tags::ACQUISITION_NUMBER),
        kernel: set.text(tags::CONVOLUTION_KERNEL),
        window: center.zip(window.decimal(tags::WINDOW_WIDTH).filter(|width| *width > 0.0)),
        tags: header::lines(set),
        identifies: header::names_patient(set),
        burned_in: secondary || set.text(tags::BURNED_IN_ANNOTATION).as_deref() == Some("YES"),
        localizer: kind.split('\\').any(|part| matches!(part.trim(), "LOCALIZER" | "SCOUT")),
        warnings: warnings(set, shape, first, modality.as_deref(), secondary),
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
    if Rescale::read(first.find(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE)).is_none() {
        let message = "Rescale slope and intercept are missing: the stored values are taken as HU.";
        warn("no-rescale", message.to_owned());
    }
    if !set.items(tags::MODALITY_LUT_SEQUENCE).is_empty() {
        let message = "It has a modality lookup table, which is not applied: values may not be HU.";
        warn("modality-lut", message.to_owned());
    }
    let unit = set.text(tags::RESCALE_TYPE).filter(|unit| unit != "HU");
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
