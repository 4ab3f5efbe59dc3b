//! Findings and synthetic scans as DICOM, read by pydicom and highdicom. They run in the Python
//! that `NODULENS_PYTHON` names (`make python` makes one); without it the test skips, and says so.

use nodulens::detection::{Concern, Finding};
use nodulens::findings::{
    InputUsed, ModelUsed, NOTICE, Report, Search, SopReference, SrSource, structured_report,
};
use nodulens::weights::Head;
use nodulens_imaging::decode::series::PatientAttribute;
use nodulens_imaging::encode::dicom::uid;
use nodulens_imaging::encode::dicom_slice;
use nodulens_imaging::geometry::{SpacingMm, VoxelPoint};
use nodulens_imaging::phantom::thorax::{EXAMPLE, SYNTHETIC, Thorax};
use nodulens_imaging::tags;
use std::path::PathBuf;
use std::process::Command;

const SIZE: [usize; 3] = [40, 30, 3];

fn read(arguments: &[String]) -> Option<serde_json::Value> {
    let Ok(python) = std::env::var("NODULENS_PYTHON") else {
        println!(
            "SKIPPED: NODULENS_PYTHON names no Python with the packages of tests/reference/requirements.txt"
        );
        return None;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/read_findings.py");
    let output = Command::new(python).arg(script).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// A folder of this test alone.
fn folder(name: &str) -> PathBuf {
    let place = std::env::temp_dir().join(format!("nodulens-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&place).unwrap();
    place
}

fn chest() -> Thorax {
    Thorax::new(5, SIZE, SpacingMm { x: 7.5, y: 8.25, z: 2.5 }, &EXAMPLE).unwrap()
}

#[test]
fn a_synthetic_series_is_a_volume_for_others_and_says_what_it_is() {
    let (chest, place) = (chest(), folder("series"));
    let mut paths = vec!["series".to_owned()];
    let mut sum = 0_i64;
    for z in 0..SIZE[2] {
        let hu = chest.slice(z);
        sum += hu.iter().map(|hu| i64::from(*hu)).sum::<i64>();
        let path = place.join(format!("{z}.dcm"));
        std::fs::write(&path, dicom_slice(chest.geometry(), z, &hu, "test", SYNTHETIC)).unwrap();
        paths.push(path.display().to_string());
    }
    let told = read(&paths);
    std::fs::remove_dir_all(&place).unwrap();
    let Some(told) = told else { return };
    assert_eq!(told["description"], SYNTHETIC);
    assert_eq!(told["name"], "Synthetic^Phantom");
    assert_eq!(told["sum"].as_f64().unwrap() as i64, sum);
    let mut shape: Vec<u64> =
        told["shape"].as_array().unwrap().iter().map(|side| side.as_u64().unwrap()).collect();
    shape.sort_unstable();
    assert_eq!(shape, [3, 30, 40]);
    // Corner and pitch, whichever way its slices are ordered.
    let affine = &told["affine"];
    let origin = chest.geometry().origin();
    assert_eq!(affine[0][3].as_f64().unwrap(), origin.x);
    assert_eq!(affine[1][3].as_f64().unwrap(), origin.y);
    let at = |row: usize, column: usize| affine[row][column].as_f64().unwrap();
    assert_eq!((at(0, 2), at(1, 1), at(2, 0).abs()), (7.5, 8.25, 2.5));
}

fn report(identity: Vec<(String, String)>) -> (Report, SrSource) {
    let chest = chest();
    let finding = |x: f64, z: f64, probability, diameter_mm| {
        let voxel = VoxelPoint { x, y: 12.0, z };
        let world = chest.geometry().world_from_voxel(voxel);
        Finding { voxel, world, slices: [z as usize; 2], probability, diameter_mm }
    };
    let findings = [finding(20.0, 1.0, 0.91, Some(15.0)), finding(9.0, 2.0, 0.4, None)];
    let model = ModelUsed {
        id: "compact-01234567".to_owned(),
        sha256: "01".repeat(32),
        head: Head::Patch,
        threshold: 0.5,
        temperature: 1.0,
        preprocess_id: "test".to_owned(),
    };
    let input = InputUsed {
        title: "Chest".to_owned(),
        series_uid: Some("1.2.3".to_owned()),
        format: "DICOM".to_owned(),
        sha256: "23".repeat(32),
        size: SIZE,
        spacing_mm: Some([7.5, 8.25, 2.5]),
        identity,
    };
    let search = Search {
        stride_px: 4,
        lung_mask: true,
        min_probability: 0.25,
        min_distance_mm: 10.0,
        slices_scanned: 3,
    };
    let mut report = Report::new(model, input, search, &findings, true);
    let message = "Größe: the slices are far apart.".to_owned();
    report.concerns.push(Concern { code: "thick-slices", outside: false, message });
    let slice = |z| SopReference {
        class_uid: "1.2.840.10008.5.1.4.1.1.2".to_owned(),
        instance_uid: uid(&format!("slice {z} of test")),
        frame: None,
    };
    let source = SrSource {
        study_uid: uid("study of test"),
        series_uid: uid("series of test"),
        slices: (0..3).map(slice).collect(),
        pixel_mm: [7.5, 8.25],
        written: ("20260102".to_owned(), "030405".to_owned()),
        patient: vec![],
        charset: None,
    };
    (report, source)
}

#[test]
fn highdicom_reads_the_structured_report_as_a_measurement_report() {
    let place = folder("sr");
    let path = place.join("sr.dcm").display().to_string();
    let (anonymous, source) = report(vec![]);
    let bytes = structured_report(&anonymous, &source);
    assert_eq!(bytes, structured_report(&anonymous, &source));
    std::fs::write(&path, &bytes).unwrap();
    let told = read(&["sr".to_owned(), path.clone()]);
    let name = ("PatientName".to_owned(), "Doe^Jane".to_owned());
    let (named, _) = report(vec![name]);
    std::fs::write(&path, structured_report(&named, &source)).unwrap();
    let told_named = read(&["sr".to_owned(), path]);
    std::fs::remove_dir_all(&place).unwrap();
    let (Some(told), Some(told_named)) = (told, told_named) else { return };

    assert_eq!(told["class"], "1.2.840.10008.5.1.4.1.1.88.33");
    assert_eq!(told["study"], source.study_uid);
    assert_eq!(told["patient"], serde_json::json!(["", ""]));
    assert_eq!(told_named["patient"][0], "Doe^Jane");
    assert_eq!(told["verification"], "UNVERIFIED");
    assert_eq!(told["evidence"].as_array().unwrap().len(), 3);
    let said = told["comments"].as_array().unwrap();
    let first = said[0].as_str().unwrap();
    assert!(first.contains(NOTICE), "{first}");
    assert!(first.contains(&"01".repeat(32)) && first.contains(&"23".repeat(32)), "{first}");
    assert_eq!(said[1], "Größe: the slices are far apart.");

    let groups = told["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 2);
    assert_eq!(groups[0]["finding"], "27925004");
    assert_eq!(groups[0]["sites"], serde_json::json!(["39607008"]));
    assert_eq!(groups[0]["image"], source.slices[1].instance_uid);
    assert_eq!(groups[0]["shape"], "CIRCLE");
    // Centre of pixel (20, 12), and 7.5 mm to the right: one column.
    assert_eq!(groups[0]["points"], serde_json::json!([[20.5, 12.5], [21.5, 12.5]]));
    let measured = &groups[0]["measurements"];
    assert_eq!(measured["Diameter"], serde_json::json!([15.0, "mm"]));
    assert_eq!(measured["Certainty of Finding"], serde_json::json!([91.0, "%"]));
    assert_eq!(groups[1]["shape"], "POINT");
    assert_eq!(groups[1]["image"], source.slices[2].instance_uid);
    assert_ne!(groups[0]["tracking_uid"], groups[1]["tracking_uid"]);
}

#[test]
fn a_name_keeps_its_character_set_and_its_bytes() {
    let place = folder("charset");
    let path = place.join("sr.dcm").display().to_string();
    let yamada = b"Yamada^Tarou=\x1B$B;3ED\x1B(B^\x1B$BB@O:\x1B(B".to_vec();
    let unicode = "Yamada^Tarou=山田^太郎".to_owned();
    let (mut named, mut source) = report(vec![("PatientName".to_owned(), unicode.clone())]);
    let attribute = |bytes: &[u8]| PatientAttribute {
        tag: tags::PATIENT_NAME,
        vr: *b"PN",
        keyword: "PatientName",
        value: unicode.clone(),
        bytes: bytes.to_vec(),
    };
    source.patient = vec![attribute(&yamada)];
    source.charset = Some("\\ISO 2022 IR 87".to_owned());
    // Every text of the report is ASCII: as in the images.
    named.concerns.clear();
    let bytes = structured_report(&named, &source);
    assert!(bytes.windows(yamada.len()).any(|window| window == yamada));
    std::fs::write(&path, bytes).unwrap();
    let as_it_is = read(&["sr".to_owned(), path.clone()]);
    // A text that is not: in UTF-8, all of them.
    let message = "Größe".to_owned();
    named.concerns.push(Concern { code: "thick-slices", outside: false, message });
    std::fs::write(&path, structured_report(&named, &source)).unwrap();
    let in_utf8 = read(&["sr".to_owned(), path.clone()]);
    // Nobody asked for it: nothing of it.
    let (anonymous, _) = report(vec![]);
    let bytes = structured_report(&anonymous, &source);
    assert!(!bytes.windows(6).any(|window| window == b"Yamada"));
    std::fs::remove_dir_all(&place).unwrap();
    let (Some(as_it_is), Some(in_utf8)) = (as_it_is, in_utf8) else { return };
    assert_eq!(as_it_is["charset"], "\\ISO 2022 IR 87");
    assert_eq!(in_utf8["charset"], "ISO_IR 192");
    for told in [as_it_is, in_utf8] {
        assert_eq!(told["patient"][0], unicode);
    }
}
