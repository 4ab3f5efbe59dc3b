//! `froc` against an independent implementation of LUNA16's rule (tests/reference/froc.py): its
//! committed figures of made-up tables full of traps, and, where there is a Python, its figures of
//! random tables. Prints the worst difference.

use crate::support::{fails, ok, trainer};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const TOLERANCE: f64 = 1e-9;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What the program makes of a folder of tables.
fn ours(folder: &Path, out: &Path) -> Value {
    ok(&words(folder, out));
    serde_json::from_slice(&fs::read(out.join("froc.json")).unwrap()).unwrap()
}

fn words(folder: &Path, out: &Path) -> Vec<&'static str> {
    let file = |name: &str| folder.join(name).display().to_string();
    let words = [
        "froc".to_owned(),
        "--findings".to_owned(),
        file("findings.csv"),
        "--annotations".to_owned(),
        file("annotations.csv"),
        "--excluded".to_owned(),
        file("excluded.csv"),
        "--series".to_owned(),
        file("series.csv"),
        "--out".to_owned(),
        out.display().to_string(),
    ];
    words.into_iter().map(|word| &*word.leak()).collect()
}

/// Compare one folder's figures; return the largest difference.
fn compare(name: &str, ours: &Value, theirs: &Value) -> f64 {
    for key in ["scans", "nodules", "findings", "beyond_marks", "found", "false_positives"] {
        assert_eq!(ours[key], theirs[key], "{name}: {key}");
    }
    let mut worst = 0.0f64;
    let mut same = |what: &str, ours: &Value, theirs: &Value| {
        let (ours, theirs) = (ours.as_f64().unwrap(), theirs.as_f64().unwrap());
        worst = worst.max((ours - theirs).abs());
        assert!(worst <= TOLERANCE, "{name}: {what} is {ours} here, {theirs} there");
    };
    same("cpm", &ours["cpm"], &theirs["cpm"]);
    let rows = |of: &Value, key: &str| of[key].as_array().unwrap().clone();
    let (points, expected) = (rows(ours, "curve"), rows(theirs, "curve"));
    assert_eq!(points.len(), expected.len(), "{name}: points of the curve");
    for (point, expected) in points.iter().zip(&expected) {
        same("false positives a scan", &point["false_positives_per_scan"], &expected[0]);
        same("sensitivity", &point["sensitivity"], &expected[1]);
        same("threshold", &point["threshold"], &expected[2]);
    }
    let (read, expected) = (rows(ours, "sensitivities"), rows(theirs, "sensitivities"));
    assert_eq!(read.len(), expected.len());
    for (at, expected) in read.iter().zip(&expected) {
        same("sensitivity at a rate", &at["sensitivity"], expected);
    }
    worst
}

#[test]
fn the_made_up_tables_give_the_reference_s_figures() {
    let golden = fs::read(root().join("tests/golden/froc.json")).unwrap();
    let golden: serde_json::Map<String, Value> = serde_json::from_slice(&golden).unwrap();
    assert!(golden.len() >= 3);
    let out = tempfile::tempdir().unwrap();
    for (name, theirs) in &golden {
        let folder = root().join("tests/golden/froc").join(name);
        let worst = compare(name, &ours(&folder, &out.path().join(name)), theirs);
        eprintln!("{name}: largest difference {worst:e}");
    }
}

/// A few scans on a coarse grid, so that places, radii and probabilities often coincide.
fn random_tables(folder: &Path, seed: u64) {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let scans = random.random_range(1..6);
    let (mut series, mut findings) = (String::new(), String::new());
    let (mut annotations, mut excluded) = (String::new(), String::new());
    let head = "seriesuid,coordX,coordY,coordZ";
    let _ = writeln!(findings, "{head},probability");
    let _ = writeln!(annotations, "{head},diameter_mm");
    excluded.clone_from(&annotations);
    for scan in 0..scans {
        let _ = writeln!(series, "s{scan}");
        let mut place = || {
            let mut at = || f64::from(random.random_range(-8..8)) * 1.5;
            format!("s{scan},{},{},{}", at(), at(), at())
        };
        let places: Vec<String> = (0..160).map(|_| place()).collect();
        let (nodules, out, marks) =
            (random.random_range(0..4), random.random_range(0..3), random.random_range(0..150));
        for (i, place) in places.iter().enumerate() {
            let tenth = f64::from(random.random_range(-1..20)) * 0.5;
            let steps = if seed.is_multiple_of(2) { 20 } else { 2000 };
            let probability = f64::from(random.random_range(0..=steps)) / f64::from(steps);
            let _ = match i {
                _ if i < nodules => writeln!(annotations, "{place},{tenth}"),
                _ if i < nodules + out => writeln!(excluded, "{place},{tenth}"),
                _ if i < nodules + out + marks => writeln!(findings, "{place},{probability}"),
                _ => Ok(()),
            };
        }
    }
    fs::create_dir_all(folder).unwrap();
    for (name, text) in [
        ("series", series),
        ("findings", findings),
        ("annotations", annotations),
        ("excluded", excluded),
    ] {
        fs::write(folder.join(format!("{name}.csv")), text).unwrap();
    }
}

#[test]
fn random_tables_give_the_reference_s_figures() {
    let python = std::env::var("NODULENS_PYTHON").unwrap_or("python3".to_owned());
    let folder = tempfile::tempdir().unwrap();
    let tables = folder.path().join("tables");
    for seed in 0..12 {
        random_tables(&tables.join(format!("t{seed}")), seed);
    }
    let script = root().join("tests/reference/froc.py");
    let Ok(output) = Command::new(&python).arg(script).arg(&tables).output() else {
        eprintln!("SKIPPED: there is no {python}; NODULENS_PYTHON names another");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let theirs: serde_json::Map<String, Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(theirs.len(), 12);
    let worst = theirs.iter().map(|(name, theirs)| {
        compare(name, &ours(&tables.join(name), &folder.path().join("out")), theirs)
    });
    eprintln!("random tables: largest difference {:e}", worst.fold(0.0, f64::max));
}

/// The commit is that of the build: the program does not ask git when it runs.
#[test]
fn the_commit_is_embedded() {
    let out = tempfile::tempdir().unwrap();
    let folder = root().join("tests/golden/froc/short");
    let status = trainer(&words(&folder, out.path())).env("PATH", "").output().unwrap().status;
    assert!(status.success());
    let report: Value =
        serde_json::from_slice(&fs::read(out.path().join("froc.json")).unwrap()).unwrap();
    let commit = report["commit"].as_str().unwrap();
    let hexadecimal = commit.trim_end_matches("-dirty").chars().all(|c| c.is_ascii_hexdigit());
    if root().join(".git").exists() {
        assert!(commit.len() >= 12 && hexadecimal, "{commit}");
    } else {
        assert_eq!(commit, "unknown");
    }
}

#[test]
fn what_is_no_number_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let from = root().join("tests/golden/froc/short");
    let cases = [
        ("findings.csv", "a,0,0,0,NaN", "probability"),
        ("findings.csv", "a,nan,0,0,0.5", "coordX"),
        ("findings.csv", "a,0,0,,0.5", "coordZ"),
        ("annotations.csv", "a,0,inf,0,5", "coordY"),
        ("annotations.csv", "a,0,0,0,NaN", "diameter_mm"),
        ("excluded.csv", "a,0,0,0,", "diameter_mm"),
    ];
    for (i, (file, line, said)) in cases.into_iter().enumerate() {
        let tables = folder.path().join(i.to_string());
        fs::create_dir(&tables).unwrap();
        for entry in fs::read_dir(&from).unwrap().map(Result::unwrap) {
            fs::copy(entry.path(), tables.join(entry.file_name())).unwrap();
        }
        let path = tables.join(file);
        let head = fs::read_to_string(&path).unwrap().lines().next().unwrap().to_owned();
        fs::write(&path, format!("{head}\n{line}\n")).unwrap();
        let message = fails(&words(&tables, &tables.join("out")));
        for part in [file, "line 2", said] {
            assert!(message.contains(part), "{part} in {message}");
        }
    }
}

#[test]
fn scans_are_taken_from_a_list_or_a_table_and_patients_from_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let from = root().join("tests/golden/froc/short");
    let tables = folder.path().join("tables");
    fs::create_dir(&tables).unwrap();
    for entry in fs::read_dir(&from).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), tables.join(entry.file_name())).unwrap();
    }
    let plain = ours(&tables, &folder.path().join("plain"));
    assert_eq!(plain["bootstrap_units"], "scans");
    let text = "patient_id,seriesuid\nP,a\nP,b\nQ,c\nQ,d\nR,e\nR,e\n";
    fs::write(tables.join("series.csv"), text).unwrap();
    let table = ours(&tables, &folder.path().join("table"));
    assert_eq!(table["bootstrap_units"], "patients");
    assert_eq!((&table["scans"], &table["cpm"]), (&plain["scans"], &plain["cpm"]));
    fs::write(tables.join("series.csv"), "seriesuid,patient_id\na,P\na,Q\n").unwrap();
    let message = fails(&words(&tables, &folder.path().join("x")));
    assert!(message.contains("another patient"), "{message}");
}
