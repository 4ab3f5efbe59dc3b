//! Runs the trainer and reads what it wrote, by this test's own means.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub fn trainer(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nodulens")).args(arguments).output().unwrap()
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Ten synthetic scans; the last one's samples are cut off where asked.
pub fn phantoms(folder: &Path, truncated: bool) -> PathBuf {
    let out = folder.join("luna16");
    let mut arguments = vec!["phantom", "--luna16", "--seed", "3", "--out", text(&out)];
    arguments.extend(truncated.then_some("--truncated"));
    assert!(trainer(&arguments).status.success());
    out
}

/// Runs `dataset`, expects the exit status, and returns what it said.
pub fn dataset(luna16: &Path, out: &Path, more: &[&str], status: i32) -> String {
    let fixed = ["dataset", "--luna16", text(luna16), "--out", text(out)];
    told(&[&fixed[..], more].concat(), status)
}

pub fn told(arguments: &[&str], status: i32) -> String {
    let output = trainer(arguments);
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{arguments:?}\n{said}");
    said
}

pub type Row = BTreeMap<String, String>;

pub fn table(path: &Path) -> Vec<Row> {
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

pub fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

pub fn number(row: &Row, key: &str) -> f64 {
    row[key].parse().unwrap()
}

/// Grey of a square picture, row-major, and its side.
pub fn picture(path: &Path) -> (Vec<u8>, usize) {
    let image = image::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())).to_luma8();
    assert_eq!(image.width(), image.height());
    let side = image.width() as usize;
    (image.into_raw(), side)
}

pub fn patch(out: &Path, row: &Row) -> Vec<u8> {
    let (grey, side) = picture(&out.join(format!("crops50/{}.png", row["candidate_row"])));
    assert_eq!(side, 50);
    grey
}

/// Every file of a folder but the work folder, by name.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if path.file_name().unwrap() != "work" {
                    folders.push(path);
                }
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}

pub fn same(one: &Path, other: &Path) {
    let (one, other) = (files(one), files(other));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (name, bytes) in &one {
        assert!(bytes == &other[name], "{name} differs");
    }
}

/// A header's numbers, by this test's own reading.
pub struct Scan {
    pub origin: [f64; 3],
    pub spacing: [f64; 3],
    pub sign: [f64; 3],
    pub size: [usize; 3],
}

pub fn scan(luna16: &Path, row: &Row) -> Scan {
    let file = format!("subset{}/{}.mhd", row["luna_subset"], row["seriesuid"]);
    let header = fs::read_to_string(luna16.join(file)).unwrap();
    let numbers = |key: &str| -> Vec<f64> {
        let line = header.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_once('=').unwrap().1.split_whitespace().map(|n| n.parse().unwrap()).collect()
    };
    let three = |key: &str| -> [f64; 3] { numbers(key).try_into().unwrap() };
    let axes = numbers("TransformMatrix");
    Scan {
        origin: three("Offset"),
        spacing: three("ElementSpacing"),
        sign: [axes[0], axes[4], axes[8]],
        size: three("DimSize").map(|side| side as usize),
    }
}

impl Scan {
    pub fn voxel(&self, world: [f64; 3]) -> [f64; 3] {
        [0, 1, 2].map(|k| (world[k] - self.origin[k]) * self.sign[k] / self.spacing[k])
    }
}

pub fn world(row: &Row) -> [f64; 3] {
    ["coord_x_mm", "coord_y_mm", "coord_z_mm"].map(|key| number(row, key))
}

/// `round((HU + 1000) / 1400 * 255)` after clipping.
pub fn grey(hu: i16) -> u8 {
    ((f64::from(hu).clamp(-1000.0, 400.0) + 1000.0) / 1400.0 * 255.0).round() as u8
}

/// The real data, or a line that says what is not tested.
pub fn real_data() -> Option<PathBuf> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let data = std::env::var_os("NODULENS_DATA").map_or_else(default, PathBuf::from);
    let there = data.join("scans/lidc0003_6slices.mhd").is_file();
    if !there {
        println!("SKIPPED: no real slices in {}; set NODULENS_DATA", data.display());
    }
    there.then_some(data)
}
