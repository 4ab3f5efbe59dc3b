//! What opening files gives: scans with what is known of them, pictures, and what went wrong.

use super::raster::GreyImage;
use crate::geometry::{Axes, SpacingMm, VolumeGeometry, WorldMm};
use crate::intensity::Window;
use crate::tags::Tag;
use crate::volume::{Samples, Volume};
use serde::Serialize;

/// A scan: HU in the body, and what its files say of it.
#[derive(Clone, Debug)]
pub struct Series {
    /// HU on a grid in LPS axes; z ascends along the slice normal (row x column).
    pub volume: Volume,
    /// What is known of it.
    pub info: SeriesInfo,
    /// What the user should know, most important first.
    pub warnings: Vec<Warning>,
}

/// Something about a scan that the user should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Stable name, for programs: "gap", "not-ct", ...
    pub code: &'static str,
    /// A full sentence.
    pub message: String,
}

impl Warning {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// A picture whose HU is unknown.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Name of its file.
    pub name: String,
    /// Grey in [0, 1]; its notes say how it came about.
    pub image: GreyImage,
    /// Of the file, in lower-case hexadecimal.
    pub sha256: String,
}

impl Picture {
    /// The picture as a scan of one slice, upright, whose greys are taken to span `window`.
    /// `None` unless `pixel_mm` is above 0 and finite.
    #[must_use]
    pub fn read(&self, window: Window, pixel_mm: f64) -> Option<Series> {
        let (image, origin) = (&self.image, WorldMm { x: 0.0, y: 0.0, z: 0.0 });
        // How thick the slice was is not known; nothing is measured along z.
        let spacing = SpacingMm { x: pixel_mm, y: pixel_mm, z: 1.0 };
        let size = [image.width, image.height, 1];
        let geometry = VolumeGeometry::new(size, origin, spacing, Axes::IDENTITY).ok()?;
        let hu = image.samples.iter().map(|grey| window.hu(*grey).0).collect();
        let volume = Volume::new(Samples::Float32(hu), geometry).ok()?;
        let warning = |message: &String| Warning::new("picture", message.clone());
        let info = SeriesInfo {
            format: "picture",
            title: self.name.rsplit('/').next().unwrap_or_default().to_owned(),
            files: 1,
            sha256: self.sha256.clone(),
            ..SeriesInfo::default()
        };
        Some(Series { volume, info, warnings: image.notes.iter().map(warning).collect() })
    }
}

/// A file that could not be opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileProblem {
    /// Name of the file; within an archive, the archive's name and the file's.
    pub name: String,
    /// Stable name, for programs: "truncated", "unsupported-encoding", ...
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

/// What is known of a scan. Serialized in camel case, as the page reads it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SeriesInfo {
    /// "DICOM", "MetaImage", "NIfTI" or "NRRD".
    pub format: &'static str,
    /// What to call it in a list. Holds no free text of the file, so nothing that identifies.
    pub title: String,
    /// The series description: free text, which may identify.
    pub description: Option<String>,
    /// "CT", "MR", ...; `None` where the format does not say.
    pub modality: Option<String>,
    /// Whether it was drawn by this program and shows nobody.
    pub synthetic: bool,
    /// Whether it is an overview from which the scan was planned.
    pub localizer: bool,
    /// Files that it came from.
    pub files: usize,
    /// Of the one file; of the sorted hashes of several, each in lower-case hexadecimal.
    pub sha256: String,
    /// (0020,000D).
    pub study_uid: Option<String>,
    /// (0020,000E).
    pub series_uid: Option<String>,
    /// (0020,0052).
    pub frame_of_reference_uid: Option<String>,
    /// By z of the volume; empty where the format is not DICOM.
    pub slices: Vec<SliceSource>,
    /// (0018,0050), in mm.
    pub slice_thickness_mm: Option<f64>,
    /// Places where slices are missing.
    pub gaps: Vec<Gap>,
    /// Convolution kernel (0018,1210).
    pub kernel: Option<String>,
    /// Angle in degrees between the stack and the slice normal; 0 unless the gantry was tilted.
    pub tilt_degrees: f64,
    /// Center and width of the file's first window, in HU.
    pub window: Option<(f64, f64)>,
    /// The header, from the first slice.
    pub tags: Vec<HeaderLine>,
    /// Who the patient is.
    #[serde(skip)]
    pub patient: Vec<PatientAttribute>,
    /// Specific Character Set (0008,0005) of the file's texts, as it stands there.
    pub charset: Option<String>,
    /// Whether places in the body are known: without, positions are millimetres from the first
    /// voxel and nothing else.
    pub placed: bool,
    /// Whether the header names the patient, and does not say that this was removed.
    pub identifies: bool,
    /// Whether the pixels may hold text of the patient: (0028,0301) YES, or a secondary capture.
    pub burned_in: bool,
}

impl SeriesInfo {
    /// Keyword and value of what says who the patient is, where the header does. What an export
    /// holds only when that was asked for.
    #[must_use]
    pub fn identity(&self) -> Vec<(String, String)> {
        let pair = |one: &PatientAttribute| (one.keyword.to_owned(), one.value.clone());
        self.patient.iter().map(pair).collect()
    }
}

/// An attribute that says who the patient is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PatientAttribute {
    /// Which attribute.
    pub tag: Tag,
    /// Its type by two letters.
    pub vr: [u8; 2],
    /// Its keyword in the standard: "PatientName".
    pub keyword: &'static str,
    /// Its value as Unicode.
    pub value: String,
    /// Its value as it stands in the file, in the file's character set.
    pub bytes: Vec<u8>,
}

/// Where a slice of a volume comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SliceSource {
    /// Name of the file.
    pub file: String,
    /// (0008,0016).
    pub sop_class_uid: Option<String>,
    /// (0008,0018).
    pub sop_instance_uid: Option<String>,
    /// (0020,0013).
    pub instance_number: Option<i64>,
    /// Frame of the file, from 1; `None` where the file has one.
    pub frame: Option<usize>,
}

/// A place where slices are missing.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    /// The slice of the volume before it.
    pub after: usize,
    /// From the centre of that slice to the centre of the next, in mm.
    pub distance_mm: f64,
}

/// A line of a header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeaderLine {
    /// (gggg,eeee), or the key of a text header.
    pub tag: String,
    /// Its name; empty where it is not known here.
    pub name: &'static str,
    /// Its value, shortened.
    pub value: String,
    /// Whether it may tell who the patient is.
    pub identifies: bool,
}
