//! `nodulens search` on whole scans, and `classify` at places in them: exported, measured by `froc`.

use crate::support::{ok, trainer};
use std::path::Path;

const WEIGHTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../www/models/compact.nodulens");

fn json(path: &str) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_scan_is_searched_and_its_findings_are_what_the_places_say() {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name).display().to_string();
    let chest = |format: &str| {
        let out = path(format);
        ok(&[
            "phantom", "--scan", "--slices", "6", "--seed", "4", "--format", format, "--out", &out,
        ]);
        format!("{out}/phantom-4.{format}")
    };
    let (mhd, mha) = (chest("mhd"), chest("mha"));
    let model = ["--weights", WEIGHTS, "--device", "cpu"];
    let search = |file: &str, more: &[&str]| {
        let result = path("result.json");
        ok(&[&["search", file, "--json", &result][..], &model, more].concat());
        json(&result)[0].clone()
    };
    let (csv, pages, maps) = (path("findings.csv"), path("pages"), path("maps"));
    let found = search(&mhd, &["--csv", &csv, "--html", &pages, "--heat-maps", &maps]);
    assert_eq!(found["search"]["slicesScanned"], 6);
    assert_eq!(found["concerns"], serde_json::json!([]));
    let findings = found["findings"].as_array().unwrap();
    assert!(!findings.is_empty());
    // The same scan in another file has the same findings.
    let other = search(&mha, &[]);
    assert_eq!(other["findings"], found["findings"]);
    assert_ne!(other["input"]["sha256"], found["input"]["sha256"]);

    // What the search says of a place is what the place says of itself.
    let first = &findings[0];
    let at = first["worldMm"].as_array().unwrap().iter().map(ToString::to_string);
    let at = format!("--at={}", at.collect::<Vec<_>>().join(","));
    let result = path("at.json");
    ok(&[&["classify", &mhd, &at, "--json", &result][..], &model].concat());
    let alone = &json(&result)[0];
    let apart = alone["probability"].as_f64().unwrap() - first["probability"].as_f64().unwrap();
    assert!(apart.abs() < 1e-4, "{alone} and {first}");

    // The exports hold it all, and `froc` reads the table.
    let table = std::fs::read_to_string(&csv).unwrap();
    assert_eq!(table.lines().count(), findings.len() + 1);
    let page = std::fs::read_to_string(Path::new(&pages).join("phantom-4.html")).unwrap();
    let hash = found["model"]["sha256"].as_str().unwrap();
    assert!(page.contains(hash) && page.contains("not a medical device"));
    assert!(std::fs::read_dir(&maps).unwrap().count() > 0);
    let annotations = path("annotations.csv");
    let columns = "seriesuid,coordX,coordY,coordZ,diameter_mm\n";
    std::fs::write(&annotations, columns).unwrap();
    let out = path("froc");
    let read = ["--findings", &csv, "--annotations", &annotations, "--series", &csv];
    ok(&[&["froc"], &read[..], &["--out", &out]].concat());

    // Without the mask there is more to look at, not less.
    let everywhere = search(&mhd, &["--no-lung-mask", "--stride", "8"]);
    assert_eq!(everywhere["search"]["lungMask"], false);

    // A scan without a question, a place outside and a file that is none are refused, each with
    // its reason.
    let text = path("note.mhd");
    std::fs::write(&text, "nothing").unwrap();
    for (arguments, code) in [
        (vec!["classify", &mhd], "whole-scan"),
        (vec!["classify", &mhd, "--at=9999,0,0"], "place"),
        (vec!["classify", &mhd, "--at=10,10"], "place"),
        (vec!["search", &text], "not-an-image"),
    ] {
        let output = trainer(&[&arguments[..], &model, &["--json", &result]].concat()).output();
        assert_eq!(output.unwrap().status.code(), Some(2), "{arguments:?}");
        assert_eq!(json(&result)[0]["error"]["code"], code);
    }
}

#[test]
fn a_picture_is_searched_without_a_place_in_the_body() {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name).display().to_string();
    ok(&["phantom", "--count", "2", "--formats", "--out", &path("data")]);
    let picture = path("data/formats/large-512.png");
    let result = path("result.json");
    let model = ["--weights", WEIGHTS, "--device", "cpu", "--json", &result];
    ok(&[&["search", &picture][..], &model].concat());
    let found = &json(&result)[0];
    // The old spelling does the same, and says what it is called now.
    let old = trainer(&[&["classify", &picture, "--scan"][..], &model].concat()).output().unwrap();
    assert!(old.status.success() && &json(&result)[0] == found);
    let note = String::from_utf8(old.stderr).unwrap();
    assert!(note.contains("`search`") && note.lines().count() == 1, "{note}");
    assert_eq!(found["input"]["spacingMm"], serde_json::Value::Null);
    let notes = found["notes"].to_string();
    assert!(notes.contains("0.7 mm was assumed") && notes.contains("no HU"), "{notes}");
    for row in found["findings"].as_array().unwrap() {
        assert_eq!(row["worldMm"], serde_json::Value::Null);
    }
    ok(&[&["classify", &picture, "--at", "256,256"][..], &model].concat());
    assert!(json(&result)[0]["probability"].is_number());
}

#[test]
fn searching_is_timed() {
    let line = ok(&["bench-scan", "--weights", WEIGHTS, "--slices", "1"]);
    let told: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert!(told["slice_ms_median"].as_f64().unwrap() > 0.0);
    assert!(told["places_per_slice"].as_u64().unwrap() > 0);
}

#[test]
fn a_dicom_series_is_searched_as_one_and_reported_as_dicom() {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name).display().to_string();
    let chest = |format: &str| {
        ok(&[
            "phantom",
            "--scan",
            "--slices",
            "4",
            "--side",
            "256",
            "--seed",
            "4",
            "--format",
            format,
            "--out",
            &path(format),
        ]);
    };
    chest("dicom");
    chest("nrrd");
    let search = |file: &str, more: &[&str]| {
        let result = path("result.json");
        let fixed = ["search", file, "--json", &result, "--weights", WEIGHTS];
        ok(&[&fixed[..], &["--device", "cpu"], more].concat());
        let lines = json(&result);
        assert_eq!(lines.as_array().unwrap().len(), 1, "{lines}");
        lines[0].clone()
    };
    // A folder, with what else lies in it.
    let _ = std::fs::remove_file(place.path().join("dicom/nodules.json"));
    let _ = std::fs::remove_file(place.path().join("nrrd/nodules.json"));
    let series = search(&path("dicom"), &["--sr", &path("reports")]);
    assert_eq!(series["input"]["format"], "DICOM");
    let near = |a: &serde_json::Value, b: &serde_json::Value| {
        (a.as_f64().unwrap() - b.as_f64().unwrap()).abs() < 1e-3
    };
    let other = search(&path("nrrd"), &[]);
    let (one, two) =
        (series["findings"].as_array().unwrap(), other["findings"].as_array().unwrap());
    assert_eq!(one.len(), two.len());
    for (a, b) in one.iter().zip(two) {
        assert!(near(&a["probability"], &b["probability"]), "{a} {b}");
        for axis in 0..3 {
            assert!(near(&a["worldMm"][axis], &b["worldMm"][axis]), "{a} {b}");
        }
    }
    let reports: Vec<_> = std::fs::read_dir(place.path().join("reports")).unwrap().collect();
    assert_eq!(reports.len(), 1);
    let bytes = std::fs::read(reports[0].as_ref().unwrap().path()).unwrap();
    assert_eq!(&bytes[128..132], b"DICM");
}
