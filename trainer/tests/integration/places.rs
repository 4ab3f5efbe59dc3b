//! Places that leave the program: they lead back to the same answer, and where none is known none
//! is told. Files that it writes stay in their folder.

use crate::support::{ok, trainer};
use nodulens_imaging::encode::dicom_slice;
use nodulens_imaging::geometry::{SpacingMm, VolumeGeometry, WorldMm};
use nodulens_imaging::phantom::thorax::{EXAMPLE, Thorax};
use serde_json::Value;
use std::path::Path;

const WEIGHTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../www/models/compact.nodulens");
const MODEL: [&str; 4] = ["--weights", WEIGHTS, "--device", "cpu"];

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A chest whose slices lie where `place` says of the even place, as DICOM files of a series.
fn chest(
    folder: &Path,
    spacing: SpacingMm,
    series: &str,
    place: impl Fn(usize, WorldMm) -> WorldMm,
) {
    let size = [(330.0 / spacing.x) as usize, (300.0 / spacing.y) as usize, 5];
    let chest = Thorax::new(11, size, spacing, &EXAMPLE).unwrap();
    let geometry = chest.geometry();
    let even = |z: usize| {
        let voxel = nodulens_imaging::geometry::VoxelPoint { x: 0.0, y: 0.0, z: z as f64 };
        geometry.world_from_voxel(voxel)
    };
    let places = (0..size[2]).map(|z| place(z, even(z))).collect();
    let moved: VolumeGeometry = geometry.clone().with_slices_at(places).unwrap();
    std::fs::create_dir_all(folder).unwrap();
    for z in 0..size[2] {
        let file = dicom_slice(&moved, z, &chest.slice(z), series, "test");
        std::fs::write(folder.join(format!("{z}.dcm")), file).unwrap();
    }
}

/// What `classify` says of a place in mm.
fn probability_at(scan: &Path, place: &str, folder: &Path) -> f64 {
    let (result, at) = (folder.join("at.json"), format!("--at={place}"));
    let (scan, result_path) = (scan.display().to_string(), result.display().to_string());
    ok(&[&["classify", &scan, &at, "--json", &result_path][..], &MODEL].concat());
    json(&result)[0]["probability"].as_f64().unwrap()
}

#[test]
fn every_coordinate_leads_back_to_its_finding() {
    let folder = tempfile::tempdir().unwrap();
    type Moved = fn(usize, WorldMm) -> WorldMm;
    let scans: [(&str, SpacingMm, Moved); 3] = [
        ("trained", SpacingMm { x: 0.7, y: 0.7, z: 2.5 }, |_, place| place),
        // Resampled along both axes, by two factors.
        ("coarse", SpacingMm { x: 1.2, y: 1.3, z: 3.3 }, |_, place| place),
        // A tilted gantry, and slices missing in the middle.
        ("tilted", SpacingMm { x: 0.9, y: 0.9, z: 2.0 }, |z, place| {
            let gap = if z > 2 { 12.0 } else { 0.0 };
            WorldMm { y: place.y + z as f64 * 0.7, z: place.z + gap, ..place }
        }),
    ];
    for (name, spacing, place) in scans {
        let scan = folder.path().join(name);
        chest(&scan, spacing, name, place);
        let path = |file: &str| folder.path().join(file).display().to_string();
        let (result, table, reports) =
            (path("found.json"), path("found.csv"), path(&format!("{name}-sr")));
        let scan_path = scan.display().to_string();
        let search =
            ["search", &scan_path, "--no-lung-mask", "--min-probability", "0.05", "--stride", "8"];
        let out = ["--json", &result, "--csv", &table, "--sr", &reports];
        ok(&[&search[..], &out, &MODEL].concat());
        let found = json(Path::new(&result))[0].clone();
        let findings = found["findings"].as_array().unwrap();
        assert!(findings.len() > 2, "{name}: {found}");

        let rows: Vec<Vec<String>> = csv_rows(&table);
        assert_eq!(rows.len(), findings.len() + 1);
        let column = |name: &str| rows[0].iter().position(|head| head == name).unwrap();
        let report = std::fs::read_dir(&reports).unwrap().next().unwrap().unwrap().path();
        let report = String::from_utf8_lossy(&std::fs::read(report).unwrap()).into_owned();
        let told: Vec<&str> =
            report.split("At ").skip(1).filter_map(|part| part.split(" mm (LPS)").next()).collect();
        assert_eq!(told.len(), findings.len());
        for (i, finding) in findings.iter().enumerate().take(4) {
            let expected = finding["probability"].as_f64().unwrap();
            let world = &finding["worldMm"];
            let from_json = [0, 1, 2].map(|axis| world[axis].to_string()).join(",");
            let row = &rows[i + 1];
            let from_csv =
                ["coordX", "coordY", "coordZ"].map(|name| row[column(name)].clone()).join(",");
            let from_sr = told[i].replace(", ", ",");
            for place in [from_json, from_csv, from_sr] {
                let alone = probability_at(&scan, &place, folder.path());
                assert!((alone - expected).abs() < 1e-4, "{name} {place}: {alone} {finding}");
            }
            // Both numbers of the slice, and the series as `froc` reads it.
            let number: u64 = row[column("slice_number")].parse().unwrap();
            let index: u64 = row[column("slice_index")].parse().unwrap();
            assert_eq!(number, index + 1);
            assert!(row[column("seriesuid")].starts_with("2.25."), "{row:?}");
        }
        // What was told on opening stands in every export.
        if name == "tilted" {
            let warned = found["warnings"].to_string();
            assert!(warned.contains("gap") && warned.contains("tilted"), "{warned}");
            assert!(rows[1][column("warnings")].contains("not evenly spaced"));
            assert!(report.contains("not evenly spaced"));
            // Between the slices there is nothing to answer.
            let world = &findings[0]["worldMm"];
            let middle = middle_of_the_gap(&scan);
            let at = format!("--at={},{},{middle}", world[0], world[1]);
            let output =
                trainer(&[&["classify", &scan_path, &at][..], &MODEL].concat()).output().unwrap();
            assert_eq!(output.status.code(), Some(2));
        }
    }
}

/// Height of the middle between the third slice and the fourth, in mm.
fn middle_of_the_gap(scan: &Path) -> f64 {
    let mut import = nodulens_imaging::decode::import::Import::new(Default::default());
    for z in 0..5 {
        import.add(&z.to_string(), std::fs::read(scan.join(format!("{z}.dcm"))).unwrap());
    }
    let series = import.finish().series.remove(0);
    let at = |z: f64| nodulens_imaging::geometry::VoxelPoint { x: 0.0, y: 0.0, z };
    series.volume.geometry().world_from_voxel(at(2.5)).z
}

/// Fields of a table; those in quotes hold no line breaks.
fn csv_rows(path: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(path).unwrap();
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[test]
fn a_scan_without_a_place_has_none_in_any_export() {
    let folder = tempfile::tempdir().unwrap();
    let path = |file: &str| folder.path().join(file).display().to_string();
    let out = path("scan");
    ok(&[
        "phantom", "--scan", "--slices", "3", "--side", "256", "--seed", "4", "--format", "mha",
        "--out", &out,
    ]);
    let file = format!("{out}/phantom-4.mha");
    let bytes = std::fs::read(&file).unwrap();
    let start = bytes.windows(8).position(|eight| eight == b"Offset =").unwrap();
    let end = start + bytes[start..].iter().position(|byte| *byte == b'\n').unwrap() + 1;
    std::fs::write(&file, [&bytes[..start], &bytes[end..]].concat()).unwrap();
    let (result, table, pages) = (path("found.json"), path("found.csv"), path("pages"));
    let search = ["search", &file, "--no-lung-mask", "--min-probability", "0.05", "--stride", "8"];
    let out = ["--json", &result, "--csv", &table, "--html", &pages];
    ok(&[&search[..], &out, &MODEL].concat());
    let found = json(Path::new(&result))[0].clone();
    let findings = found["findings"].as_array().unwrap();
    assert!(!findings.is_empty());
    assert!(findings.iter().all(|row| row["worldMm"].is_null()), "{findings:?}");
    let rows = csv_rows(&table);
    assert!(rows[1..].iter().all(|row| row[2..5].iter().all(String::is_empty)), "{rows:?}");
    let page = std::fs::read_dir(&pages).unwrap().next().unwrap().unwrap().path();
    assert!(std::fs::read_to_string(page).unwrap().contains("<td>not known</td>"));
    assert!(found["warnings"].to_string().contains("no-origin"), "{}", found["warnings"]);
    // Nor does a place lead into it.
    let output =
        trainer(&[&["classify", &file, "--at=0,0,0", "--json", &result][..], &MODEL].concat());
    assert_eq!({ output }.output().unwrap().status.code(), Some(2));
    assert_eq!(json(Path::new(&result))[0]["error"]["code"], "place");
}

#[test]
fn files_of_a_search_stay_in_their_folder_and_are_never_shared() {
    let folder = tempfile::tempdir().unwrap();
    let scans = folder.path().join("scans");
    for (name, series) in [("a", "one"), ("b", "two")] {
        chest(&scans.join(name), SpacingMm { x: 1.3, y: 1.3, z: 3.0 }, series, |_, place| place);
        for z in 0..5 {
            // A UID that is a path, of the same length, in both series.
            let file = scans.join(name).join(format!("{z}.dcm"));
            let mut bytes = std::fs::read(&file).unwrap();
            let at = bytes.windows(6).position(|six| six == b"\x20\0\x0E\0UI").unwrap();
            let length = usize::from(bytes[at + 6]);
            bytes[at + 8..at + 8 + length].fill(b'/');
            bytes[at + 8..at + 14].copy_from_slice(b"../../");
            std::fs::write(file, bytes).unwrap();
        }
    }
    let out = folder.path().join("out");
    let path = |name: &str| out.join(name).display().to_string();
    let (pages, reports, maps) = (path("pages"), path("reports"), path("maps"));
    let scan_path = scans.display().to_string();
    let search =
        ["search", &scan_path, "--no-lung-mask", "--stride", "16", "--min-probability", "0.05"];
    ok(&[&search[..], &["--html", &pages, "--sr", &reports, "--heat-maps", &maps], &MODEL]
        .concat());
    let count = |folder: &str| std::fs::read_dir(folder).unwrap().count();
    assert_eq!((count(&pages), count(&reports)), (2, 2));
    assert!(count(&maps) > 1);
    // Nothing beside what was asked for.
    let names = |folder: &Path| {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names(folder.path()), ["out", "scans"]);
    assert_eq!(names(&out), ["maps", "pages", "reports"]);
    assert_eq!(names(&scans), ["a", "b"]);
}
