//! Findings as a DICOM structured report: a Comprehensive SR by TID 1500, "Measurement Report"
//! (PS3.16), a planar region of interest (TID 1410) for each finding.
//!
//! It belongs to the study of the images that it refers to and is unverified. Patient and study
//! are empty but for the UIDs, which a report needs to refer to anything; names and numbers stand
//! in it only where [`super::report::InputUsed::identity`] holds them.

use super::report::{Report, Row};
use nodulens_imaging::decode::series::{PatientAttribute, SeriesInfo, SliceSource};
use nodulens_imaging::encode::dicom::{DataSet, decimal, file, uid};
use nodulens_imaging::geometry::SpacingMm;
use nodulens_imaging::tags;

/// Comprehensive SR Storage.
const COMPREHENSIVE_SR: &str = "1.2.840.10008.5.1.4.1.1.88.33";

/// An image of the series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SopReference {
    /// SOP class UID.
    pub class_uid: String,
    /// SOP instance UID.
    pub instance_uid: String,
    /// Frame, from 1, of a multi-frame image.
    pub frame: Option<u32>,
}

/// The series that was searched.
#[derive(Clone, Debug, PartialEq)]
pub struct SrSource {
    /// Study instance UID.
    pub study_uid: String,
    /// Series instance UID.
    pub series_uid: String,
    /// The images in the order of the volume's slices.
    pub slices: Vec<SopReference>,
    /// Between columns and between rows, mm.
    pub pixel_mm: [f64; 2],
    /// Date (`YYYYMMDD`) and time (`HHMMSS`) of the report.
    pub written: (String, String),
    /// Who the patient is, as it stands in the images, and the character set of it there.
    pub patient: Vec<PatientAttribute>,
    /// Specific Character Set (0008,0005) of the images.
    pub charset: Option<String>,
}

impl SrSource {
    /// Return the images that a series came from; `None` where it is not DICOM. `written`: date and
    /// time of the report.
    #[must_use]
    pub fn of(info: &SeriesInfo, spacing: SpacingMm, written: (String, String)) -> Option<Self> {
        let image = |slice: &SliceSource| {
            Some(SopReference {
                class_uid: slice.sop_class_uid.clone()?,
                instance_uid: slice.sop_instance_uid.clone()?,
                frame: slice.frame.and_then(|frame| u32::try_from(frame).ok()),
            })
        };
        let slices = info.slices.iter().map(image).collect::<Option<Vec<_>>>()?;
        let (study_uid, series_uid) = (info.study_uid.clone()?, info.series_uid.clone()?);
        let pixel_mm = [spacing.x, spacing.y];
        let (patient, charset) = (info.patient.clone(), info.charset.clone());
        let source = Self { study_uid, series_uid, slices, pixel_mm, written, patient, charset };
        (!source.slices.is_empty()).then_some(source)
    }
}

/// A code: value, scheme, meaning.
type Code = (&'static str, &'static str, &'static str);

const DIAMETER: Code = ("81827009", "SCT", "Diameter");
const CERTAINTY: Code = ("111012", "DCM", "Certainty of Finding");
const COMMENT: Code = ("121106", "DCM", "Comment");

/// Return the report as a DICOM file. The same report of the same images has the same UIDs.
/// Findings in slices that `source` does not have are left out.
#[must_use]
pub fn structured_report(report: &Report, source: &SrSource) -> Vec<u8> {
    let facts = format!("{report:?}{source:?}");
    let instance = uid(&format!("report {facts}"));
    let document = document(report, source);
    let identity = identity(report, source, document.is_ascii());
    let (date, time) = (source.written.0.as_str(), source.written.1.as_str());
    let data = DataSet::new()
        .with(identity)
        .with(document)
        .text(tags::STUDY_DATE, "DA", "")
        .text(tags::CONTENT_DATE, "DA", date)
        .text(tags::STUDY_TIME, "TM", "")
        .text(tags::CONTENT_TIME, "TM", time)
        .text(tags::ACCESSION_NUMBER, "SH", "")
        .text(tags::MODALITY, "CS", "SR")
        .text(tags::MANUFACTURER, "LO", "Nodulens")
        .text(tags::REFERRING_PHYSICIAN_NAME, "PN", "")
        .text(tags::SERIES_DESCRIPTION, "LO", "Findings by Nodulens, not a medical device")
        .items(tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, vec![])
        .text(tags::SOFTWARE_VERSIONS, "LO", &report.program)
        .text(tags::STUDY_INSTANCE_UID, "UI", &source.study_uid)
        .text(tags::SERIES_INSTANCE_UID, "UI", &uid(&format!("series of report {facts}")))
        .text(tags::STUDY_ID, "SH", "")
        .text(tags::SERIES_NUMBER, "IS", "1")
        .text(tags::INSTANCE_NUMBER, "IS", "1")
        .items(tags::PERFORMED_PROCEDURE_CODE_SEQUENCE, vec![])
        .items(tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE, vec![evidence(source)])
        .text(tags::COMPLETION_FLAG, "CS", "COMPLETE")
        .text(tags::VERIFICATION_FLAG, "CS", "UNVERIFIED");
    file(COMPREHENSIVE_SR, &instance, data)
}

/// Who the patient is, where the report may say it, and the character set of all texts. Names keep
/// the bytes and the set that they have in the images, unless a text of the report needs another.
fn identity(report: &Report, source: &SrSource, ascii: bool) -> DataSet {
    let known = [
        ("PatientName", tags::PATIENT_NAME, "PN"),
        ("PatientID", tags::PATIENT_ID, "LO"),
        ("PatientBirthDate", tags::PATIENT_BIRTH_DATE, "DA"),
        ("PatientSex", tags::PATIENT_SEX, "CS"),
    ];
    let asked = |name: &str| report.input.identity.iter().find(|(key, _)| key == name);
    let as_it_is = ascii && !source.patient.is_empty() && !report.input.identity.is_empty();
    let mut data = DataSet::new();
    for (name, tag, vr) in known {
        let original = source.patient.iter().find(|one| one.tag == tag);
        data = match (asked(name), original) {
            (Some(_), Some(original)) if as_it_is => data.bytes(tag, vr, original.bytes.clone()),
            (value, _) => data.text(tag, vr, value.map_or("", |(_, value)| value)),
        };
    }
    match &source.charset {
        Some(charset) if as_it_is => data.text(tags::SPECIFIC_CHARACTER_SET, "CS", charset),
        None if as_it_is => data,
        _ => data.text(tags::SPECIFIC_CHARACTER_SET, "CS", "ISO_IR 192"),
    }
}

/// Return every image that the report may refer to.
fn evidence(source: &SrSource) -> DataSet {
    let mut images: Vec<DataSet> = Vec::new();
    let mut last = "";
    for slice in &source.slices {
        // The frames of one image follow each other.
        if slice.instance_uid != last {
            images.push(sop(slice, false));
            last = &slice.instance_uid;
        }
    }
    let series = DataSet::new()
        .text(tags::SERIES_INSTANCE_UID, "UI", &source.series_uid)
        .items(tags::REFERENCED_SOP_SEQUENCE, images);
    DataSet::new()
        .text(tags::STUDY_INSTANCE_UID, "UI", &source.study_uid)
        .items(tags::REFERENCED_SERIES_SEQUENCE, vec![series])
}

fn sop(slice: &SopReference, frame: bool) -> DataSet {
    let data = DataSet::new().text(tags::REFERENCED_SOP_CLASS_UID, "UI", &slice.class_uid).text(
        tags::REFERENCED_SOP_INSTANCE_UID,
        "UI",
        &slice.instance_uid,
    );
    match slice.frame.filter(|_| frame) {
        Some(frame) => data.text(tags::REFERENCED_FRAME_NUMBER, "IS", &frame.to_string()),
        None => data,
    }
}

/// Return the content tree.
fn document(report: &Report, source: &SrSource) -> DataSet {
    let search = &report.search;
    let said = format!(
        "{}. Model {} (SHA-256 {}), input SHA-256 {}. Every {} pixels {}, places of at least {}. {}",
        report.notice,
        report.model.id,
        report.model.sha256,
        report.input.sha256,
        search.stride_px,
        if search.lung_mask { "in the lungs" } else { "everywhere" },
        search.min_probability,
        report.notes.join(" ")
    );
    let warnings = report.warnings.iter().map(|warning| &warning.message);
    let told = report.concerns.iter().map(|concern| &concern.message).chain(warnings);
    let concerns = told.map(|message| text("CONTAINS", COMMENT, message));
    let groups: Vec<DataSet> =
        report.findings.iter().filter_map(|row| group(report, source, row)).collect();
    let mut content = vec![
        code(
            "HAS CONCEPT MOD",
            ("121049", "DCM", "Language of Content Item and Descendants"),
            ("en", "RFC5646", "English"),
        ),
        code("HAS OBS CONTEXT", ("121005", "DCM", "Observer Type"), ("121007", "DCM", "Device")),
        named_uid(
            "HAS OBS CONTEXT",
            ("121012", "DCM", "Device Observer UID"),
            &uid(&report.model.sha256),
        ),
        text("HAS OBS CONTEXT", ("121013", "DCM", "Device Observer Name"), &report.program),
        text("HAS OBS CONTEXT", ("121014", "DCM", "Device Observer Manufacturer"), "Nodulens"),
        text("HAS OBS CONTEXT", ("121015", "DCM", "Device Observer Model Name"), &report.model.id),
        code(
            "HAS CONCEPT MOD",
            ("121058", "DCM", "Procedure reported"),
            ("169069000", "SCT", "CT of chest"),
        ),
        container(("126010", "DCM", "Imaging Measurements"), groups),
        text("CONTAINS", COMMENT, &said),
    ];
    content.extend(concerns);
    DataSet::new()
        .text(tags::VALUE_TYPE, "CS", "CONTAINER")
        .items(
            tags::CONCEPT_NAME_CODE_SEQUENCE,
            vec![code_items(("126000", "DCM", "Imaging Measurement Report"))],
        )
        .text(tags::CONTINUITY_OF_CONTENT, "CS", "SEPARATE")
        .items(tags::CONTENT_TEMPLATE_SEQUENCE, vec![template("1500")])
        .items(tags::CONTENT_SEQUENCE, content)
}

fn template(number: &str) -> DataSet {
    DataSet::new().text(tags::MAPPING_RESOURCE, "CS", "DCMR").text(
        tags::TEMPLATE_IDENTIFIER,
        "CS",
        number,
    )
}

/// One finding: what, where, how large, how sure, by which algorithm.
fn group(report: &Report, source: &SrSource, row: &Row) -> Option<DataSet> {
    let slice = source.slices.get(row.slice_index)?;
    let name = format!("Finding {}", row.rank);
    let parameters = format!("weights SHA-256 {}", report.model.sha256);
    let mut content = vec![
        text("HAS OBS CONTEXT", ("112039", "DCM", "Tracking Identifier"), &name),
        named_uid(
            "HAS OBS CONTEXT",
            ("112040", "DCM", "Tracking Unique Identifier"),
            &uid(&format!("{name} {row:?} of {} by {}", report.input.sha256, report.model.sha256)),
        ),
        code("CONTAINS", ("121071", "DCM", "Finding"), ("27925004", "SCT", "Nodule")),
        code("HAS CONCEPT MOD", ("363698007", "SCT", "Finding Site"), ("39607008", "SCT", "Lung")),
        text("HAS CONCEPT MOD", ("111001", "DCM", "Algorithm Name"), "Nodulens"),
        text("HAS CONCEPT MOD", ("111003", "DCM", "Algorithm Version"), &report.model.id),
        text("HAS CONCEPT MOD", ("111002", "DCM", "Algorithm Parameters"), &parameters),
        region(source, slice, row),
        number(CERTAINTY, f64::from(row.probability) * 100.0, ("%", "UCUM", "Percent")),
    ];
    if let Some(diameter) = row.diameter_mm {
        content.push(number(DIAMETER, diameter, ("mm", "UCUM", "mm")));
    }
    if let Some([x, y, z]) = row.world_mm {
        let place = format!(
            "At {x:.3}, {y:.3}, {z:.3} mm (LPS), slice {}; the diameter is an estimate.",
            row.slice_number
        );
        content.push(text("CONTAINS", COMMENT, &place));
    }
    let group = container(("125007", "DCM", "Measurement Group"), content);
    Some(group.items(tags::CONTENT_TEMPLATE_SEQUENCE, vec![template("1410")]))
}

/// A circle of the diameter where it is known, and else the point.
fn region(source: &SrSource, slice: &SopReference, row: &Row) -> DataSet {
    // A pixel's centre is half a pixel from its corner (PS3.3, C.18.6.1.1).
    let [x, y] = row.pixel.map(|place| (place + 0.5) as f32);
    let image = relation("SELECTED FROM", "IMAGE")
        .items(tags::REFERENCED_SOP_SEQUENCE, vec![sop(slice, true)]);
    let (shape, points) = match row.diameter_mm {
        Some(diameter) => {
            let radius = (diameter / 2.0 / source.pixel_mm[0].max(1e-6)) as f32;
            ("CIRCLE", vec![x, y, x + radius, y])
        }
        None => ("POINT", vec![x, y]),
    };
    relation("CONTAINS", "SCOORD")
        .items(
            tags::CONCEPT_NAME_CODE_SEQUENCE,
            vec![code_items(("111030", "DCM", "Image Region"))],
        )
        .text(tags::GRAPHIC_TYPE, "CS", shape)
        .floats(tags::GRAPHIC_DATA, &points)
        .items(tags::CONTENT_SEQUENCE, vec![image])
}

fn relation(relation: &str, kind: &str) -> DataSet {
    DataSet::new().text(tags::RELATIONSHIP_TYPE, "CS", relation).text(tags::VALUE_TYPE, "CS", kind)
}

fn item(relation_type: &str, kind: &str, name: Code) -> DataSet {
    relation(relation_type, kind).items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![code_items(name)])
}

fn code_items((value, scheme, meaning): Code) -> DataSet {
    DataSet::new()
        .text(tags::CODE_VALUE, "SH", value)
        .text(tags::CODING_SCHEME_DESIGNATOR, "SH", scheme)
        .text(tags::CODE_MEANING, "LO", meaning)
}

fn code(relation: &str, name: Code, value: Code) -> DataSet {
    item(relation, "CODE", name).items(tags::CONCEPT_CODE_SEQUENCE, vec![code_items(value)])
}

fn text(relation: &str, name: Code, value: &str) -> DataSet {
    item(relation, "TEXT", name).text(tags::TEXT_VALUE, "UT", value)
}

fn named_uid(relation: &str, name: Code, value: &str) -> DataSet {
    item(relation, "UIDREF", name).text(tags::UID, "UI", value)
}

fn container(name: Code, content: Vec<DataSet>) -> DataSet {
    let data =
        item("CONTAINS", "CONTAINER", name).text(tags::CONTINUITY_OF_CONTENT, "CS", "SEPARATE");
    // A content sequence must not be empty.
    if content.is_empty() { data } else { data.items(tags::CONTENT_SEQUENCE, content) }
}

fn number(name: Code, value: f64, unit: Code) -> DataSet {
    // Six figures are more than is known.
    let value = decimal((value * 1e4).round() / 1e4);
    let measured = DataSet::new()
        .text(tags::NUMERIC_VALUE, "DS", &value)
        .items(tags::MEASUREMENT_UNITS_CODE_SEQUENCE, vec![code_items(unit)]);
    item("CONTAINS", "NUM", name).items(tags::MEASURED_VALUE_SEQUENCE, vec![measured])
}
