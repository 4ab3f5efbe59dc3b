//! Findings as a DICOM structured report: a Comprehensive SR by TID 1500, "Measurement Report"
//! (PS3.16), a planar region of interest (TID 1410) for each finding.
//!
//! It belongs to the study of the images that it refers to and is unverified. Patient and study
//! are empty but for the UIDs, which a report needs to refer to anything; names and numbers stand
//! in it only where [`super::report::InputUsed::identity`] holds them.

use super::report::{Report, Row};
use nodulens_imaging::decode::series::{SeriesInfo, SliceSource};
use nodulens_imaging::encode::dicom::{DataSet, decimal, file, uid};
use nodulens_imaging::geometry::SpacingMm;

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
        (!slices.is_empty()).then_some(Self { study_uid, series_uid, slices, pixel_mm, written })
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
    let mut identity = DataSet::new();
    for (name, tag, vr) in [
        ("PatientName", 0x0010_0010, "PN"),
        ("PatientID", 0x0010_0020, "LO"),
        ("PatientBirthDate", 0x0010_0030, "DA"),
        ("PatientSex", 0x0010_0040, "CS"),
    ] {
        let value = report.input.identity.iter().find(|(key, _)| key == name);
        identity = identity.text(tag, vr, value.map_or("", |(_, value)| value));
    }
    let (date, time) = (source.written.0.as_str(), source.written.1.as_str());
    let data = DataSet::new()
        .with(identity)
        .with(document(report, source))
        .text(0x0008_0005, "CS", "ISO_IR 192")
        .text(0x0008_0020, "DA", "")
        .text(0x0008_0023, "DA", date)
        .text(0x0008_0030, "TM", "")
        .text(0x0008_0033, "TM", time)
        .text(0x0008_0050, "SH", "")
        .text(0x0008_0060, "CS", "SR")
        .text(0x0008_0070, "LO", "Nodulens")
        .text(0x0008_0090, "PN", "")
        .text(0x0008_103E, "LO", "Findings by Nodulens, not a medical device")
        .items(0x0008_1111, vec![])
        .text(0x0018_1020, "LO", &report.program)
        .text(0x0020_000D, "UI", &source.study_uid)
        .text(0x0020_000E, "UI", &uid(&format!("series of report {facts}")))
        .text(0x0020_0010, "SH", "")
        .text(0x0020_0011, "IS", "1")
        .text(0x0020_0013, "IS", "1")
        .items(0x0040_A372, vec![])
        .items(0x0040_A375, vec![evidence(source)])
        .text(0x0040_A491, "CS", "COMPLETE")
        .text(0x0040_A493, "CS", "UNVERIFIED");
    file(COMPREHENSIVE_SR, &instance, data)
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
    let series =
        DataSet::new().text(0x0020_000E, "UI", &source.series_uid).items(0x0008_1199, images);
    DataSet::new().text(0x0020_000D, "UI", &source.study_uid).items(0x0008_1115, vec![series])
}

fn sop(slice: &SopReference, frame: bool) -> DataSet {
    let data = DataSet::new().text(0x0008_1150, "UI", &slice.class_uid).text(
        0x0008_1155,
        "UI",
        &slice.instance_uid,
    );
    match slice.frame.filter(|_| frame) {
        Some(frame) => data.text(0x0008_1160, "IS", &frame.to_string()),
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
    let concerns = report.concerns.iter().map(|c| text("CONTAINS", COMMENT, &c.message));
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
        .text(0x0040_A040, "CS", "CONTAINER")
        .items(0x0040_A043, vec![code_items(("126000", "DCM", "Imaging Measurement Report"))])
        .text(0x0040_A050, "CS", "SEPARATE")
        .items(0x0040_A504, vec![template("1500")])
        .items(0x0040_A730, content)
}

fn template(number: &str) -> DataSet {
    DataSet::new().text(0x0008_0105, "CS", "DCMR").text(0x0040_DB00, "CS", number)
}

/// One finding: what, where, how large, how sure, by which algorithm.
fn group(report: &Report, source: &SrSource, row: &Row) -> Option<DataSet> {
    let slice = source.slices.get(row.slice)?;
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
        let place = format!("At {x:.1}, {y:.1}, {z:.1} mm (LPS); the diameter is an estimate.");
        content.push(text("CONTAINS", COMMENT, &place));
    }
    let group = container(("125007", "DCM", "Measurement Group"), content);
    Some(group.items(0x0040_A504, vec![template("1410")]))
}

/// A circle of the diameter where it is known, and else the point.
fn region(source: &SrSource, slice: &SopReference, row: &Row) -> DataSet {
    // A pixel's centre is half a pixel from its corner (PS3.3, C.18.6.1.1).
    let [x, y] = row.pixel.map(|place| (place + 0.5) as f32);
    let image = relation("SELECTED FROM", "IMAGE").items(0x0008_1199, vec![sop(slice, true)]);
    let (shape, points) = match row.diameter_mm {
        Some(diameter) => {
            let radius = (diameter / 2.0 / source.pixel_mm[0].max(1e-6)) as f32;
            ("CIRCLE", vec![x, y, x + radius, y])
        }
        None => ("POINT", vec![x, y]),
    };
    relation("CONTAINS", "SCOORD")
        .items(0x0040_A043, vec![code_items(("111030", "DCM", "Image Region"))])
        .text(0x0070_0023, "CS", shape)
        .floats(0x0070_0022, &points)
        .items(0x0040_A730, vec![image])
}

fn relation(relation: &str, kind: &str) -> DataSet {
    DataSet::new().text(0x0040_A010, "CS", relation).text(0x0040_A040, "CS", kind)
}

fn item(relation_type: &str, kind: &str, name: Code) -> DataSet {
    relation(relation_type, kind).items(0x0040_A043, vec![code_items(name)])
}

fn code_items((value, scheme, meaning): Code) -> DataSet {
    DataSet::new().text(0x0008_0100, "SH", value).text(0x0008_0102, "SH", scheme).text(
        0x0008_0104,
        "LO",
        meaning,
    )
}

fn code(relation: &str, name: Code, value: Code) -> DataSet {
    item(relation, "CODE", name).items(0x0040_A168, vec![code_items(value)])
}

fn text(relation: &str, name: Code, value: &str) -> DataSet {
    item(relation, "TEXT", name).text(0x0040_A160, "UT", value)
}

fn named_uid(relation: &str, name: Code, value: &str) -> DataSet {
    item(relation, "UIDREF", name).text(0x0040_A124, "UI", value)
}

fn container(name: Code, content: Vec<DataSet>) -> DataSet {
    let data = item("CONTAINS", "CONTAINER", name).text(0x0040_A050, "CS", "SEPARATE");
    // A content sequence must not be empty.
    if content.is_empty() { data } else { data.items(0x0040_A730, content) }
}

fn number(name: Code, value: f64, unit: Code) -> DataSet {
    // Six figures are more than is known.
    let value = decimal((value * 1e4).round() / 1e4);
    let measured =
        DataSet::new().text(0x0040_A30A, "DS", &value).items(0x0040_08EA, vec![code_items(unit)]);
    item("CONTAINS", "NUM", name).items(0x0040_A300, vec![measured])
}
