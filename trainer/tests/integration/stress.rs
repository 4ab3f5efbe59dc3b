//! `evaluate --stress` and `cubes`: both heads of a network under change, and in native HU.

use crate::support::{fails, json, ok};
use nodulens::model::NetworkKind;
use nodulens::weights::{Card, Parameters, WeightsHeader, write_weights};
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use serde_json::Value;
use std::path::Path;

/// Phantoms with surroundings, but for one, and fresh weights of a network that looks at them.
fn place() -> (tempfile::TempDir, impl Fn(&str) -> String) {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().to_owned();
    let path = move |name: &str| folder.join(name).display().to_string();
    ok(&["phantom", "--count", "24", "--seed", "1", "--out", &path("data")]);
    let kind = NetworkKind::Context;
    let parameters = Parameters::random(kind, &mut Pcg64Mcg::seed_from_u64(3));
    let header = WeightsHeader::uncalibrated(kind, Card::default());
    std::fs::write(path("net.nodulens"), write_weights(&header, &parameters).unwrap()).unwrap();
    let canvases = path("data/crops100");
    std::fs::create_dir_all(&canvases).unwrap();
    let patches = std::fs::read_dir(path("data/crops50")).unwrap();
    let mut names: Vec<_> = patches.map(|file| file.unwrap().file_name()).collect();
    names.sort();
    for (i, name) in names.iter().enumerate().skip(1) {
        let grey = |x: u32, y: u32| image::Luma([(20 + 7 * i as u32 + (x * y) % 90) as u8]);
        let name = Path::new(name).with_extension("png");
        image::GrayImage::from_fn(100, 100, grey).save(Path::new(&canvases).join(name)).unwrap();
    }
    (place, path)
}

#[test]
fn the_stress_table_begins_with_the_figures_of_the_report() {
    let (_place, path) = place();
    let (weights, data) = (path("net.nodulens"), path("data"));
    let evaluate = |out: &str, more: &[&str]| {
        let out = path(out);
        let fixed = ["evaluate", "--weights", &weights, "--patches", &data, "--split", "all"];
        ok(&[&fixed[..], &["--out", &out, "--device", "cpu"], more].concat())
    };
    let printed = evaluate("both", &["--stress"]);
    assert!(printed.contains("1 of 24 have none that are known"), "{printed}");
    let alone = evaluate("alone", &["--stress", "--alone"]);
    assert!(!alone.contains("with surroundings"), "{alone}");
    let [both, alone] =
        ["both", "alone"].map(|out| json(Path::new(&path(&format!("{out}/report.json")))));
    let tables = both["stress"].as_array().unwrap();
    let heads: Vec<&Value> = tables.iter().map(|table| &table["head"]).collect();
    assert_eq!(heads, ["patch", "context"]);
    // The same seed, the same table.
    assert_eq!(alone["stress"].as_array().unwrap()[..], tables[..1]);
    for (report, table) in [(&both, &tables[1]), (&alone, &tables[0])] {
        let (plain, rows) = table["rows"].as_array().unwrap().split_first().unwrap();
        for key in ["roc_auc", "roc_auc_ci95", "recall_at_specificity_0.9709"] {
            assert_eq!(plain[key], report[key], "{key}");
        }
        assert!(rows.len() >= 20);
        let changed = rows.iter().filter(|row| row["roc_auc"] != plain["roc_auc"]);
        // Of 24 patches the AUC moves in steps of 1 in 144: not every change moves it.
        assert!(changed.count() > rows.len() / 5, "{table}");
        assert!(table["steadiness"]["turn45"].as_f64().unwrap() > 0.0);
    }
    // Where nothing is known the other head answers.
    let known = |row: &&Value| row["strength"] == "none";
    let none = tables[1]["rows"].as_array().unwrap().iter().find(known).unwrap();
    assert_eq!(none["roc_auc"], tables[0]["rows"][0]["roc_auc"]);
    let html = std::fs::read_to_string(path("both/report.html")).unwrap();
    for words in
        ["<section id=\"stress\"", "thicker slice, 60 % outer", "1 of 24 have none that are known"]
    {
        assert!(html.contains(words), "{words}");
    }
    let out = path("no");
    let mixed = ["evaluate", "--weights", &weights, "--patches", &data, "--split", "all"];
    let mixed = [&mixed[..], &["--out", &out, "--stress", "--symmetry"]].concat();
    assert!(fails(&mixed).contains("cannot be used with"));
}

#[test]
fn nodules_in_native_hu_are_counted_and_who_was_learnt_from_is_told() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let data = std::env::var_os("NODULENS_DATA")
        .map_or_else(|| root.join("../../shared/data"), std::path::PathBuf::from);
    let cubes = data.join("lidc-nodule-cubes");
    if !cubes.join("manifest.csv").is_file() {
        eprintln!("SKIPPED: no {}; NODULENS_DATA names the folder above it", cubes.display());
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let weights = root.join("../www/models/compact.nodulens").display().to_string();
    let answers = place.path().join("cubes.json");
    let (folder, written) = (cubes.display().to_string(), answers.display().to_string());
    let fixed = ["cubes", "--weights", &weights, "--cubes", &folder, "--device", "cpu"];
    let printed = ok(&[&fixed[..], &["--json", &written]].concat());
    assert!(printed.contains("learnt from 6 of the 6 patients (LIDC-IDRI-0055,"), "{printed}");
    let answers = json(&answers);
    let answers = answers["answers"].as_array().unwrap();
    assert_eq!(answers.len(), 4 * 24);
    let found = |slices: u64| {
        let of = answers.iter().filter(|one| one["slices"] == slices && one["found"] == true);
        of.count()
    };
    // A network of noise would find a few, and thick slices hide small nodules.
    assert!(found(1) >= 18 && found(5) < found(1), "{} and {}", found(1), found(5));
}
