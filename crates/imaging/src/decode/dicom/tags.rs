//! The header as people read it: names of the attributes that matter for a CT scan, and which
//! of them may tell who the patient is (PS3.15, annex E). Not the standard's dictionary of 5,000,
//! which would be downloaded with the page.

use super::dataset::{self, DataSet, Value, tag_text};
use crate::decode::series::Tag;

/// Longest value that is shown, in characters.
const LONGEST: usize = 256;
/// Most lines that are shown.
const MOST: usize = 400;

/// How a value is read where the file does not say.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Text,
    /// Text that may identify the patient.
    Person,
    Number,
}

use Kind::{Number, Person, Text};

/// By tag, ascending.
const NAMES: &[(u32, &str, Kind)] = &[
    (0x0008_0005, "Specific Character Set", Text),
    (0x0008_0008, "Image Type", Text),
    (0x0008_0012, "Instance Creation Date", Person),
    (0x0008_0013, "Instance Creation Time", Person),
    (0x0008_0016, "SOP Class UID", Text),
    (0x0008_0018, "SOP Instance UID", Person),
    (0x0008_0020, "Study Date", Person),
    (0x0008_0021, "Series Date", Person),
    (0x0008_0022, "Acquisition Date", Person),
    (0x0008_0023, "Content Date", Person),
    (0x0008_002A, "Acquisition DateTime", Person),
    (0x0008_0030, "Study Time", Person),
    (0x0008_0031, "Series Time", Person),
    (0x0008_0032, "Acquisition Time", Person),
    (0x0008_0033, "Content Time", Person),
    (0x0008_0050, "Accession Number", Person),
    (0x0008_0060, "Modality", Text),
    (0x0008_0064, "Conversion Type", Text),
    (0x0008_0070, "Manufacturer", Text),
    (0x0008_0080, "Institution Name", Person),
    (0x0008_0081, "Institution Address", Person),
    (0x0008_0090, "Referring Physician's Name", Person),
    (0x0008_1010, "Station Name", Person),
    (0x0008_1030, "Study Description", Person),
    (0x0008_103E, "Series Description", Person),
    (0x0008_1040, "Institutional Department Name", Person),
    (0x0008_1048, "Physician(s) of Record", Person),
    (0x0008_1050, "Performing Physician's Name", Person),
    (0x0008_1060, "Name of Physician(s) Reading Study", Person),
    (0x0008_1070, "Operators' Name", Person),
    (0x0008_1090, "Manufacturer's Model Name", Text),
    (0x0008_2111, "Derivation Description", Person),
    (0x0010_0010, "Patient's Name", Person),
    (0x0010_0020, "Patient ID", Person),
    (0x0010_0030, "Patient's Birth Date", Person),
    (0x0010_0032, "Patient's Birth Time", Person),
    (0x0010_0040, "Patient's Sex", Person),
    (0x0010_1000, "Other Patient IDs", Person),
    (0x0010_1001, "Other Patient Names", Person),
    (0x0010_1010, "Patient's Age", Person),
    (0x0010_1020, "Patient's Size", Person),
    (0x0010_1030, "Patient's Weight", Person),
    (0x0010_1040, "Patient's Address", Person),
    (0x0010_2154, "Patient's Telephone Numbers", Person),
    (0x0010_2160, "Ethnic Group", Person),
    (0x0010_21B0, "Additional Patient History", Person),
    (0x0010_4000, "Patient Comments", Person),
    (0x0012_0062, "Patient Identity Removed", Text),
    (0x0012_0063, "De-identification Method", Text),
    (0x0018_0010, "Contrast/Bolus Agent", Text),
    (0x0018_0015, "Body Part Examined", Text),
    (0x0018_0022, "Scan Options", Text),
    (0x0018_0050, "Slice Thickness", Text),
    (0x0018_0060, "KVP", Text),
    (0x0018_0088, "Spacing Between Slices", Text),
    (0x0018_0090, "Data Collection Diameter", Text),
    (0x0018_1000, "Device Serial Number", Person),
    (0x0018_1020, "Software Versions", Text),
    (0x0018_1030, "Protocol Name", Person),
    (0x0018_1100, "Reconstruction Diameter", Text),
    (0x0018_1110, "Distance Source to Detector", Text),
    (0x0018_1111, "Distance Source to Patient", Text),
    (0x0018_1120, "Gantry/Detector Tilt", Text),
    (0x0018_1130, "Table Height", Text),
    (0x0018_1140, "Rotation Direction", Text),
    (0x0018_1150, "Exposure Time", Text),
    (0x0018_1151, "X-Ray Tube Current", Text),
    (0x0018_1152, "Exposure", Text),
    (0x0018_1160, "Filter Type", Text),
    (0x0018_1170, "Generator Power", Text),
    (0x0018_1190, "Focal Spot(s)", Text),
    (0x0018_1210, "Convolution Kernel", Text),
    (0x0018_5100, "Patient Position", Text),
    (0x0020_000D, "Study Instance UID", Person),
    (0x0020_000E, "Series Instance UID", Person),
    (0x0020_0010, "Study ID", Person),
    (0x0020_0011, "Series Number", Text),
    (0x0020_0012, "Acquisition Number", Text),
    (0x0020_0013, "Instance Number", Text),
    (0x0020_0032, "Image Position (Patient)", Text),
    (0x0020_0037, "Image Orientation (Patient)", Text),
    (0x0020_0052, "Frame of Reference UID", Person),
    (0x0020_1040, "Position Reference Indicator", Text),
    (0x0020_1041, "Slice Location", Text),
    (0x0020_4000, "Image Comments", Person),
    (0x0028_0002, "Samples per Pixel", Number),
    (0x0028_0004, "Photometric Interpretation", Text),
    (0x0028_0008, "Number of Frames", Text),
    (0x0028_0010, "Rows", Number),
    (0x0028_0011, "Columns", Number),
    (0x0028_0030, "Pixel Spacing", Text),
    (0x0028_0100, "Bits Allocated", Number),
    (0x0028_0101, "Bits Stored", Number),
    (0x0028_0102, "High Bit", Number),
    (0x0028_0103, "Pixel Representation", Number),
    (0x0028_0120, "Pixel Padding Value", Number),
    (0x0028_0301, "Burned In Annotation", Text),
    (0x0028_1050, "Window Center", Text),
    (0x0028_1051, "Window Width", Text),
    (0x0028_1052, "Rescale Intercept", Text),
    (0x0028_1053, "Rescale Slope", Text),
    (0x0028_1054, "Rescale Type", Text),
    (0x0028_1055, "Window Center & Width Explanation", Text),
    (0x0028_2110, "Lossy Image Compression", Text),
    (0x0028_2112, "Lossy Image Compression Ratio", Text),
    (0x0032_1032, "Requesting Physician", Person),
    (0x0032_1060, "Requested Procedure Description", Person),
    (0x0040_A124, "UID", Person),
];

/// Attributes of which one alone tells who the patient is: names, numbers, birth date, address.
const DIRECT: [u32; 8] = [
    0x0008_0050,
    0x0010_0010,
    0x0010_0020,
    0x0010_0030,
    0x0010_1000,
    0x0010_1001,
    0x0010_1040,
    0x0010_2154,
];

/// The lines of a header. Attributes of unknown name are shown where the file says that they are
/// text; such text may identify the patient.
pub(crate) fn lines(set: &DataSet<'_>) -> Vec<Tag> {
    let mut lines = Vec::new();
    for element in &set.elements {
        let Value::Bytes(bytes) = element.value else { continue };
        let known = NAMES.binary_search_by_key(&element.tag, |name| name.0).ok();
        let known = known.and_then(|index| NAMES.get(index));
        let (name, value, identifies) = match known {
            Some((_, name, Number)) => {
                let Some(number) = set.unsigned(element.tag) else { continue };
                let negative = element.vr == *b"SS" && number > 0x7FFF;
                let number = i64::from(number) - if negative { 0x1_0000 } else { 0 };
                (*name, number.to_string(), false)
            }
            Some((_, name, kind)) => (*name, dataset::text(bytes), *kind == Person),
            None => match &element.vr {
                b"DS" | b"IS" | b"CS" | b"AS" => ("", dataset::text(bytes), false),
                b"PN" | b"LO" | b"SH" | b"ST" | b"LT" | b"UT" | b"UC" | b"UI" | b"DA" | b"TM"
                | b"DT" => ("", dataset::text(bytes), true),
                _ => continue,
            },
        };
        if !value.is_empty() && lines.len() < MOST {
            let value = value.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
            lines.push(Tag { tag: tag_text(element.tag), name, value, identifies });
        }
    }
    lines
}

/// Whether the header names the patient, and does not say that this was removed.
pub(crate) fn names_patient(set: &DataSet<'_>) -> bool {
    set.text(0x0012_0062).as_deref() != Some("YES")
        && DIRECT.iter().any(|tag| set.text(*tag).is_some())
}
