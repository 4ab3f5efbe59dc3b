//! The header as people read it: names of the attributes that matter for a CT scan, and which
//! of them may tell who the patient is (PS3.15, annex E). Not the standard's dictionary of 5,000,
//! which would be downloaded with the page.

use super::charset::{self, Delimiters};
use super::dataset::{self, DataSet, Value, tag_text};
use crate::decode::series::{HeaderLine, PatientAttribute};
use crate::tags::{self, Tag};

/// Longest value that is shown, in characters.
const LONGEST: usize = 256;
/// Most lines that are shown.
const MOST: usize = 400;

/// How a value is read where the file does not say.
#[derive(Clone, Copy, PartialEq)]
enum ShownAs {
    Text,
    /// Text that may identify the patient.
    Person,
    Number,
}

use ShownAs::{Number, Person, Text};

/// By tag, ascending.
const NAMES: &[(Tag, &str, ShownAs)] = &[
    (tags::SPECIFIC_CHARACTER_SET, "Specific Character Set", Text),
    (tags::IMAGE_TYPE, "Image Type", Text),
    (tags::INSTANCE_CREATION_DATE, "Instance Creation Date", Person),
    (tags::INSTANCE_CREATION_TIME, "Instance Creation Time", Person),
    (tags::SOP_CLASS_UID, "SOP Class UID", Text),
    (tags::SOP_INSTANCE_UID, "SOP Instance UID", Person),
    (tags::STUDY_DATE, "Study Date", Person),
    (tags::SERIES_DATE, "Series Date", Person),
    (tags::ACQUISITION_DATE, "Acquisition Date", Person),
    (tags::CONTENT_DATE, "Content Date", Person),
    (tags::ACQUISITION_DATE_TIME, "Acquisition DateTime", Person),
    (tags::STUDY_TIME, "Study Time", Person),
    (tags::SERIES_TIME, "Series Time", Person),
    (tags::ACQUISITION_TIME, "Acquisition Time", Person),
    (tags::CONTENT_TIME, "Content Time", Person),
    (tags::ACCESSION_NUMBER, "Accession Number", Person),
    (tags::MODALITY, "Modality", Text),
    (tags::CONVERSION_TYPE, "Conversion Type", Text),
    (tags::MANUFACTURER, "Manufacturer", Text),
    (tags::INSTITUTION_NAME, "Institution Name", Person),
    (tags::INSTITUTION_ADDRESS, "Institution Address", Person),
    (tags::REFERRING_PHYSICIAN_NAME, "Referring Physician's Name", Person),
    (tags::STATION_NAME, "Station Name", Person),
    (tags::STUDY_DESCRIPTION, "Study Description", Person),
    (tags::SERIES_DESCRIPTION, "Series Description", Person),
    (tags::INSTITUTIONAL_DEPARTMENT_NAME, "Institutional Department Name", Person),
    (tags::PHYSICIANS_OF_RECORD, "Physician(s) of Record", Person),
    (tags::PERFORMING_PHYSICIAN_NAME, "Performing Physician's Name", Person),
    (tags::NAME_OF_PHYSICIANS_READING_STUDY, "Name of Physician(s) Reading Study", Person),
    (tags::OPERATORS_NAME, "Operators' Name", Person),
    (tags::MANUFACTURER_MODEL_NAME, "Manufacturer's Model Name", Text),
    (tags::DERIVATION_DESCRIPTION, "Derivation Description", Person),
    (tags::PATIENT_NAME, "Patient's Name", Person),
    (tags::PATIENT_ID, "Patient ID", Person),
    (tags::PATIENT_BIRTH_DATE, "Patient's Birth Date", Person),
    (tags::PATIENT_BIRTH_TIME, "Patient's Birth Time", Person),
    (tags::PATIENT_SEX, "Patient's Sex", Person),
    (tags::OTHER_PATIENT_IDS, "Other Patient IDs", Person),
    (tags::OTHER_PATIENT_NAMES, "Other Patient Names", Person),
    (tags::PATIENT_AGE, "Patient's Age", Person),
    (tags::PATIENT_SIZE, "Patient's Size", Person),
    (tags::PATIENT_WEIGHT, "Patient's Weight", Person),
    (tags::PATIENT_ADDRESS, "Patient's Address", Person),
    (tags::PATIENT_TELEPHONE_NUMBERS, "Patient's Telephone Numbers", Person),
    (tags::ETHNIC_GROUP, "Ethnic Group", Person),
    (tags::ADDITIONAL_PATIENT_HISTORY, "Additional Patient History", Person),
    (tags::PATIENT_COMMENTS, "Patient Comments", Person),
    (tags::PATIENT_IDENTITY_REMOVED, "Patient Identity Removed", Text),
    (tags::DEIDENTIFICATION_METHOD, "De-identification Method", Text),
    (tags::CONTRAST_BOLUS_AGENT, "Contrast/Bolus Agent", Text),
    (tags::BODY_PART_EXAMINED, "Body Part Examined", Text),
    (tags::SCAN_OPTIONS, "Scan Options", Text),
    (tags::SLICE_THICKNESS, "Slice Thickness", Text),
    (tags::KVP, "KVP", Text),
    (tags::SPACING_BETWEEN_SLICES, "Spacing Between Slices", Text),
    (tags::DATA_COLLECTION_DIAMETER, "Data Collection Diameter", Text),
    (tags::DEVICE_SERIAL_NUMBER, "Device Serial Number", Person),
    (tags::SOFTWARE_VERSIONS, "Software Versions", Text),
    (tags::PROTOCOL_NAME, "Protocol Name", Person),
    (tags::RECONSTRUCTION_DIAMETER, "Reconstruction Diameter", Text),
    (tags::DISTANCE_SOURCE_TO_DETECTOR, "Distance Source to Detector", Text),
    (tags::DISTANCE_SOURCE_TO_PATIENT, "Distance Source to Patient", Text),
    (tags::GANTRY_DETECTOR_TILT, "Gantry/Detector Tilt", Text),
    (tags::TABLE_HEIGHT, "Table Height", Text),
    (tags::ROTATION_DIRECTION, "Rotation Direction", Text),
    (tags::EXPOSURE_TIME, "Exposure Time", Text),
    (tags::X_RAY_TUBE_CURRENT, "X-Ray Tube Current", Text),
    (tags::EXPOSURE, "Exposure", Text),
    (tags::FILTER_TYPE, "Filter Type", Text),
    (tags::GENERATOR_POWER, "Generator Power", Text),
    (tags::FOCAL_SPOTS, "Focal Spot(s)", Text),
    (tags::CONVOLUTION_KERNEL, "Convolution Kernel", Text),
    (tags::PATIENT_POSITION, "Patient Position", Text),
    (tags::STUDY_INSTANCE_UID, "Study Instance UID", Person),
    (tags::SERIES_INSTANCE_UID, "Series Instance UID", Person),
    (tags::STUDY_ID, "Study ID", Person),
    (tags::SERIES_NUMBER, "Series Number", Text),
    (tags::ACQUISITION_NUMBER, "Acquisition Number", Text),
    (tags::INSTANCE_NUMBER, "Instance Number", Text),
    (tags::IMAGE_POSITION_PATIENT, "Image Position (Patient)", Text),
    (tags::IMAGE_ORIENTATION_PATIENT, "Image Orientation (Patient)", Text),
    (tags::FRAME_OF_REFERENCE_UID, "Frame of Reference UID", Person),
    (tags::POSITION_REFERENCE_INDICATOR, "Position Reference Indicator", Text),
    (tags::SLICE_LOCATION, "Slice Location", Text),
    (tags::IMAGE_COMMENTS, "Image Comments", Person),
    (tags::SAMPLES_PER_PIXEL, "Samples per Pixel", Number),
    (tags::PHOTOMETRIC_INTERPRETATION, "Photometric Interpretation", Text),
    (tags::NUMBER_OF_FRAMES, "Number of Frames", Text),
    (tags::ROWS, "Rows", Number),
    (tags::COLUMNS, "Columns", Number),
    (tags::PIXEL_SPACING, "Pixel Spacing", Text),
    (tags::BITS_ALLOCATED, "Bits Allocated", Number),
    (tags::BITS_STORED, "Bits Stored", Number),
    (tags::HIGH_BIT, "High Bit", Number),
    (tags::PIXEL_REPRESENTATION, "Pixel Representation", Number),
    (tags::PIXEL_PADDING_VALUE, "Pixel Padding Value", Number),
    (tags::BURNED_IN_ANNOTATION, "Burned In Annotation", Text),
    (tags::WINDOW_CENTER, "Window Center", Text),
    (tags::WINDOW_WIDTH, "Window Width", Text),
    (tags::RESCALE_INTERCEPT, "Rescale Intercept", Text),
    (tags::RESCALE_SLOPE, "Rescale Slope", Text),
    (tags::RESCALE_TYPE, "Rescale Type", Text),
    (tags::WINDOW_CENTER_WIDTH_EXPLANATION, "Window Center & Width Explanation", Text),
    (tags::LOSSY_IMAGE_COMPRESSION, "Lossy Image Compression", Text),
    (tags::LOSSY_IMAGE_COMPRESSION_RATIO, "Lossy Image Compression Ratio", Text),
    (tags::REQUESTING_PHYSICIAN, "Requesting Physician", Person),
    (tags::REQUESTED_PROCEDURE_DESCRIPTION, "Requested Procedure Description", Person),
    (tags::UID, "UID", Person),
];

/// Attributes of which one alone tells who the patient is: names, numbers, birth date, address.
const DIRECT: [Tag; 8] = [
    tags::ACCESSION_NUMBER,
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::PATIENT_BIRTH_DATE,
    tags::OTHER_PATIENT_IDS,
    tags::OTHER_PATIENT_NAMES,
    tags::PATIENT_ADDRESS,
    tags::PATIENT_TELEPHONE_NUMBERS,
];

/// The character set of a file's texts, and how a text is read by it; where it cannot be, as its
/// bytes in Latin-1: only people read it.
fn unicode(bytes: &[u8], charset: &str, name: bool) -> String {
    let delimiters = if name { Delimiters::Name } else { Delimiters::Text };
    let text = charset::decode(bytes, charset, delimiters);
    let text = text.unwrap_or_else(|| dataset::text(bytes));
    text.trim_matches(|c: char| c.is_whitespace() || c == '\0').to_owned()
}

/// A text of the file as Unicode; `None` where there is none.
pub(crate) fn text(set: &DataSet<'_>, tag: Tag) -> Option<String> {
    let charset = set.text(tags::SPECIFIC_CHARACTER_SET).unwrap_or_default();
    Some(unicode(set.bytes(tag)?, &charset, false)).filter(|text| !text.is_empty())
}

/// What says who the patient is, each where the file has it: DICOM's name, number, birth date and
/// sex.
pub(crate) fn patient(set: &DataSet<'_>) -> Vec<PatientAttribute> {
    let charset = set.text(tags::SPECIFIC_CHARACTER_SET).unwrap_or_default();
    let known = [
        (tags::PATIENT_NAME, "PatientName", *b"PN"),
        (tags::PATIENT_ID, "PatientID", *b"LO"),
        (tags::PATIENT_BIRTH_DATE, "PatientBirthDate", *b"DA"),
        (tags::PATIENT_SEX, "PatientSex", *b"CS"),
    ];
    let found = known.into_iter().filter_map(|(tag, keyword, vr)| {
        let bytes = set.bytes(tag)?;
        let value = unicode(bytes, &charset, vr == *b"PN");
        let bytes = bytes.to_vec();
        (!value.is_empty()).then_some(PatientAttribute { tag, vr, keyword, value, bytes })
    });
    found.collect()
}

/// The lines of a header. Attributes of unknown name are shown where the file says that they are
/// text; such text may identify the patient.
pub(crate) fn lines(set: &DataSet<'_>) -> Vec<HeaderLine> {
    let charset = set.text(tags::SPECIFIC_CHARACTER_SET).unwrap_or_default();
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
            Some((tag, name, kind)) => {
                let is_name = is_person_name(*tag);
                (*name, unicode(bytes, &charset, is_name), *kind == Person)
            }
            None => match &element.vr {
                b"DS" | b"IS" | b"CS" | b"AS" => ("", dataset::text(bytes), false),
                b"PN" | b"LO" | b"SH" | b"ST" | b"LT" | b"UT" | b"UC" | b"UI" | b"DA" | b"TM"
                | b"DT" => ("", unicode(bytes, &charset, element.vr == *b"PN"), true),
                _ => continue,
            },
        };
        if !value.is_empty() && lines.len() < MOST {
            let value = value.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
            lines.push(HeaderLine { tag: tag_text(element.tag), name, value, identifies });
        }
    }
    lines
}

/// Whether it is a name, whose parts each begin with the first character set.
fn is_person_name(tag: Tag) -> bool {
    const PERSONS: [Tag; 8] = [
        tags::REFERRING_PHYSICIAN_NAME,
        tags::PHYSICIANS_OF_RECORD,
        tags::PERFORMING_PHYSICIAN_NAME,
        tags::NAME_OF_PHYSICIANS_READING_STUDY,
        tags::OPERATORS_NAME,
        tags::PATIENT_NAME,
        tags::OTHER_PATIENT_NAMES,
        tags::REQUESTING_PHYSICIAN,
    ];
    PERSONS.contains(&tag)
}

/// Whether the header names the patient, and does not say that this was removed.
pub(crate) fn names_patient(set: &DataSet<'_>) -> bool {
    set.text(tags::PATIENT_IDENTITY_REMOVED).as_deref() != Some("YES")
        && DIRECT.iter().any(|tag| set.text(*tag).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_for_the_binary_search() {
        assert!(NAMES.is_sorted_by_key(|(tag, ..)| tag));
    }
}
