//! From LUNA16's files to patches, through the built binary: on synthetic scans in LUNA16's
//! layout, and on real slices where they are at hand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use trainer::dataset::{Dataset, Part};
use trainer::luna16::tables::Annotations;

fn trainer(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_trainer")).args(arguments).output().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Ten synthetic scans; the last one's samples are cut off where asked.
fn phantoms(folder: &Path, truncated: bool) -> PathBuf {
    let out = folder.join("luna16");
    let mut arguments = vec!["phantom", "--luna16", "--seed", "3", "--out", text(&out)];
    arguments.extend(truncated.then_some("--truncated"));
    assert!(trainer(&arguments).status.success());
    out
}

/// Runs `dataset`, expects the exit status, and returns what it said.
fn dataset(luna16: &Path, out: &Path, more: &[&str], status: i32) -> String {
    let fixed = ["dataset", "--luna16", text(luna16), "--out", text(out)];
    told(&[&fixed[..], more].concat(), status)
}

fn told(arguments: &[&str], status: i32) -> String {
    let output = trainer(arguments);
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{arguments:?}\n{said}");
    said
}

type Row = BTreeMap<String, String>;

fn table(path: &Path) -> Vec<Row> {
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn number(row: &Row, key: &str) -> f64 {
    row[key].parse().unwrap()
}

/// Grey of a square picture, row-major, and its side.
fn picture(path: &Path) -> (Vec<u8>, usize) {
    let image = image::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())).to_luma8();
    assert_eq!(image.width(), image.height());
    let side = image.width() as usize;
    (image.into_raw(), side)
}

fn patch(out: &Path, row: &Row) -> Vec<u8> {
    let (grey, side) = picture(&out.join(format!("crops50/{}.png", row["candidate_row"])));
    assert_eq!(side, 50);
    grey
}

/// Every file of a folder but the work folder, by name.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
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

fn same(one: &Path, other: &Path) {
    let (one, other) = (files(one), files(other));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (name, bytes) in &one {
        assert!(bytes == &other[name], "{name} differs");
    }
}

/// A header's numbers, by this test's own reading.
struct Scan {
    origin: [f64; 3],
    spacing: [f64; 3],
    sign: [f64; 3],
    size: [usize; 3],
}

fn scan(luna16: &Path, row: &Row) -> Scan {
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
    fn voxel(&self, world: [f64; 3]) -> [f64; 3] {
        [0, 1, 2].map(|k| (world[k] - self.origin[k]) * self.sign[k] / self.spacing[k])
    }
}

fn world(row: &Row) -> [f64; 3] {
    ["coord_x_mm", "coord_y_mm", "coord_z_mm"].map(|key| number(row, key))
}

/// `round((HU + 1000) / 1400 * 255)` after clipping.
fn grey(hu: i16) -> u8 {
    ((f64::from(hu).clamp(-1000.0, 400.0) + 1000.0) / 1400.0 * 255.0).round() as u8
}

#[test]
fn nodules_are_centred_and_a_broken_scan_is_skipped_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let luna16 = phantoms(folder.path(), true);
    let out = folder.path().join("out");
    let said = dataset(&luna16, &out, &["--context", "--adjacent", "1"], 2);
    assert!(said.contains("skipped 2.25.1009") && said.contains("288000 of 576000"), "{said}");
    let summary = json(&out.join("summary.json"));
    assert_eq!((summary["scans"].as_u64(), summary["scans_done"].as_u64()), (Some(10), Some(9)));
    assert_eq!(summary["patches"]["nodules"], 18);
    assert_eq!(summary["scans_broken"][0]["series"], "2.25.1009");
    assert_eq!(summary["by_subset"]["3"]["nodules"], 2);

    let rows = table(&out.join("manifest.csv"));
    let annotations = table(&luna16.join("annotations.csv"));
    let mut checked = 0;
    for row in rows.iter().filter(|row| row["class"] == "1") {
        let index: usize = row["annotation_index"][1..].parse().unwrap();
        let nodule = &annotations[index];
        assert_eq!(nodule["seriesuid"], row["seriesuid"]);
        assert_eq!(number(nodule, "diameter_mm"), number(row, "diameter_mm"));
        // The generator puts the candidate a quarter of a millimetre off along each axis.
        assert!((number(row, "annotation_distance_mm") - 0.1875_f64.sqrt()).abs() < 1e-9);

        let scan = scan(&luna16, row);
        let candidate = scan.voxel(world(row));
        let nodule_at = ["coordX", "coordY", "coordZ"].map(|key| number(nodule, key));
        let center = scan.voxel(nodule_at);
        let expected = [0, 1].map(|k| center[k] - candidate[k].floor() + 25.0);
        let dz = (center[2] - candidate[2].floor()) * scan.spacing[2];
        let radius = number(nodule, "diameter_mm") / 2.0;
        let section = radius * radius - dz * dz;
        if section < 1.5 * 1.5 {
            continue; // The slice that the rule takes grazes the nodule.
        }
        // Bright pixels around: their middle is the nodule's.
        let patch = patch(&out, row);
        let reach = [0, 1].map(|k| section.sqrt() / scan.spacing[k] + 2.0);
        let (mut sum, mut weight) = ([0.0, 0.0], 0.0);
        for (i, grey) in patch.iter().enumerate().filter(|(_, grey)| **grey > 110) {
            let at = [(i % 50) as f64, (i / 50) as f64];
            let near = [0, 1].map(|k| (at[k] - expected[k]) / reach[k]);
            if near[0].hypot(near[1]) <= 1.0 {
                let grey = f64::from(*grey);
                weight += grey;
                sum = [sum[0] + at[0] * grey, sum[1] + at[1] * grey];
            }
        }
        assert!(weight > 0.0, "no nodule in {row:?}");
        for k in 0..2 {
            let off = sum[k] / weight - expected[k];
            assert!(off.abs() < 0.5, "{off:.2} px off along {k}: {row:?}");
        }
        checked += 1;
    }
    assert!(checked >= 12, "only {checked} nodules were large enough in their slice");

    // The patch is the middle of its context, and the neighbours are other slices.
    for row in &rows {
        let name = &row["candidate_row"];
        let (context, side) = picture(&out.join(format!("crops100/{name}.png")));
        assert_eq!(side, 100);
        let middle: Vec<u8> =
            context.chunks(100).skip(25).take(50).flat_map(|row| row[25..75].to_vec()).collect();
        assert_eq!(middle, patch(&out, row));
        for step in ["-1", "+1"] {
            let (neighbour, _) = picture(&out.join(format!("adjacent/{name}_{step}.png")));
            assert_ne!(neighbour, middle);
        }
    }

    // What is written is what the trainer reads.
    let all = Dataset::load(&out, &Part::All).unwrap();
    assert_eq!((all.examples.len(), all.positives(), all.skipped.len()), (rows.len(), 18, 0));
    assert_eq!(all.examples[0].canvas.side, 100);
    for (part, subsets) in [("valid", &[3][..]), ("test", &[1]), ("train", &[0, 2, 4, 5, 6, 7, 8])]
    {
        let part = Dataset::load(&out, &format!("patientwise-{part}").parse().unwrap()).unwrap();
        let is = part.examples.iter().map(|e| e.row.luna_subset.unwrap());
        assert_eq!(
            is.collect::<std::collections::BTreeSet<_>>(),
            subsets.iter().copied().collect()
        );
    }
}

#[test]
fn patches_hold_the_very_samples_also_of_a_scan_stored_backwards() {
    let folder = tempfile::tempdir().unwrap();
    let luna16 = phantoms(folder.path(), false);
    let out = folder.path().join("out");
    dataset(&luna16, &out, &["--negatives", "all"], 0);
    let rows = table(&out.join("manifest.csv"));
    assert_eq!(rows.len(), 180);
    let of =
        |series: &str| rows.iter().filter(|row| row["seriesuid"] == series).collect::<Vec<_>>();

    // Straight from the file, by this test's own arithmetic.
    for row in [of("2.25.1000"), of("2.25.1001"), of("2.25.1004")].concat() {
        let file = format!("subset{}/{}.raw", row["luna_subset"], row["seriesuid"]);
        let raw = fs::read(luna16.join(file)).unwrap();
        let scan = scan(&luna16, row);
        let [x, y, z] = scan.voxel(world(row)).map(|place| place.floor() as i64);
        let mut padded = 0;
        let expected: Vec<u8> = (0..2500)
            .map(|i| {
                let (x, y) = (x - 25 + i % 50, y - 25 + i / 50);
                let [width, height, _] = scan.size.map(|side| side as i64);
                if x < 0 || y < 0 || x >= width || y >= height {
                    padded += 1;
                    return 0;
                }
                let at = (((z * height + y) * width + x) * 2) as usize;
                grey(i16::from_le_bytes([raw[at], raw[at + 1]]))
            })
            .collect();
        assert_eq!(patch(&out, row), expected, "{row:?}");
        assert_eq!(row["padded_px"], padded.to_string());
    }

    // The same anatomy from the other end: `floor` falls on the neighbouring pixel, so column c
    // of one is column 51 - c of the other.
    let mut compared = 0;
    for (plain, backwards) in of("2.25.1000").into_iter().zip(of("2.25.1001")) {
        assert_eq!(world(plain), world(backwards));
        if plain["padded_px"] != "0" || backwards["padded_px"] != "0" {
            continue;
        }
        let (plain, backwards) = (patch(&out, plain), patch(&out, backwards));
        for y in 2..50 {
            for x in 2..50 {
                assert_eq!(backwards[y * 50 + x], plain[(51 - y) * 50 + 51 - x]);
            }
        }
        compared += 1;
    }
    assert!(compared >= 5, "only {compared} pairs lie within the scan");
}

#[test]
fn resampled_nodules_are_as_wide_as_they_are_high_in_every_scan() {
    let folder = tempfile::tempdir().unwrap();
    let luna16 = phantoms(folder.path(), false);
    let out = folder.path().join("out");
    dataset(&luna16, &out, &["--spacing-mm", "0.5", "--adjacent", "2"], 0);
    let mut seen = 0;
    for row in table(&out.join("manifest.csv")).iter().filter(|row| row["class"] == "1") {
        let patch = patch(&out, row);
        let bright = |at: usize| patch[at] > 110;
        let diameter = number(row, "diameter_mm") / 0.5;
        let run = |step: usize| {
            let middle = 25 * 50 + 25;
            let ahead = (1..20).take_while(|i| bright(middle + i * step)).count();
            let behind = (1..20).take_while(|i| bright(middle - i * step)).count();
            (ahead + behind + 1) as f64
        };
        let (across, down) = (run(1), run(50));
        if (across - diameter).abs() <= 2.5 && (down - diameter).abs() <= 2.5 {
            seen += 1;
        }
        assert!((across - down).abs() <= 3.0, "{across} x {down} px for {diameter}: {row:?}");
    }
    assert!(seen >= 14, "{seen} of 20 nodules have their size");
    assert!(json(&out.join("dataset.json"))["options"]["spacing_mm"] == 0.5);
}

#[test]
fn shards_joined_are_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let luna16 = phantoms(folder.path(), true);
    let path = |name: &str| folder.path().join(name);
    let (whole, shards) = (path("whole"), path("shards"));
    dataset(&luna16, &whole, &["--context", "--jobs", "1"], 2);
    let shard = |k: &str, status| {
        dataset(&luna16, &shards, &["--context", "--jobs", "2", "--shard", k], status)
    };
    // The broken scan is the tenth: of three shards it is in the first.
    assert!(shard("1/3", 2).contains("6 of 10 scans are left"));
    let early = told(&["dataset", "--merge", "--out", text(&shards)], 1);
    assert!(early.contains("6 of 10 scans were not looked at"), "{early}");
    assert!(!shards.join("manifest.csv").exists());
    shard("3/3", 0);
    assert!(shard("2/3", 2).contains("nodules"), "the last shard joins");
    same(&whole, &shards);
    // Joined once more by hand, it is the same.
    fs::remove_file(shards.join("manifest.csv")).unwrap();
    told(&["dataset", "--merge", "--out", text(&shards)], 2);
    same(&whole, &shards);
    let wrong = told(&["dataset", "--luna16", "x", "--out", "y", "--shard", "4/3"], 2);
    assert!(wrong.contains("K from 1 to N"), "{wrong}");
}

#[test]
fn a_rerun_goes_on_where_it_was_stopped_and_takes_up_what_was_mended() {
    let folder = tempfile::tempdir().unwrap();
    let luna16 = phantoms(folder.path(), true);
    let (whole, out) = (folder.path().join("whole"), folder.path().join("out"));
    dataset(&luna16, &whole, &[], 2);
    dataset(&luna16, &out, &[], 2);
    // As if it had been stopped: no manifest, two scans without a record, a patch lost.
    let rows = table(&out.join("manifest.csv"));
    fs::remove_file(out.join("manifest.csv")).unwrap();
    fs::remove_file(out.join("work/scans/2.25.1002.json")).unwrap();
    fs::remove_file(out.join("work/scans/2.25.1005.json")).unwrap();
    fs::remove_file(out.join(format!("crops50/{}.png", rows[0]["candidate_row"]))).unwrap();
    // And a scan that is done is not read again.
    fs::remove_file(luna16.join("subset4/2.25.1004.raw")).unwrap();
    dataset(&luna16, &out, &[], 2);
    same(&whole, &out);

    let other = dataset(&luna16, &out, &["--seed", "2", "--context"], 1);
    assert!(
        other.contains("seed was 1, is 2") && other.contains("context_size was null"),
        "{other}"
    );
    same(&whole, &out);
    let foreign = folder.path().join("foreign");
    assert!(trainer(&["phantom", "--count", "2", "--out", text(&foreign)]).status.success());
    assert!(dataset(&luna16, &foreign, &[], 1).contains("choose another --out"));

    // The broken scan is downloaded again; the rest stays.
    let mended = tempfile::tempdir().unwrap();
    let mended = phantoms(mended.path(), false);
    dataset(&mended, &out, &[], 0);
    let fresh = folder.path().join("fresh");
    dataset(&mended, &fresh, &[], 0);
    same(&fresh, &out);
}

#[test]
fn the_seed_decides_the_sample_and_what_is_on_disk_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let luna16 = phantoms(folder.path(), false);
    let rows = |name: &str, more: &[&str]| -> Vec<Row> {
        let out = folder.path().join(name);
        dataset(&luna16, &out, more, 0);
        table(&out.join("manifest.csv"))
    };
    let usual = rows("usual", &[]);
    let of = |rows: &[Row], class: &str| rows.iter().filter(|row| row["class"] == class).count();
    // Five for each nodule, as in the paper; every nodule.
    assert_eq!((of(&usual, "1"), of(&usual, "0")), (20, 100));
    assert_eq!(rows("same", &["--negatives-per-positive", "5"]), usual);
    assert_ne!(rows("seed", &["--seed", "2"]), usual);
    let few = rows("few", &["--negatives", "7"]);
    assert_eq!((of(&few, "1"), of(&few, "0")), (20, 7));
    assert!(few.iter().all(|row| usual.contains(row)), "a larger sample holds the smaller");

    // A part of the download: the same patches of the scans that are there, and it is told.
    fs::remove_dir_all(luna16.join("subset4")).unwrap();
    fs::remove_dir_all(luna16.join("subset7")).unwrap();
    let part = rows("part", &[]);
    let there = usual.iter().filter(|row| !["4", "7"].contains(&row["luna_subset"].as_str()));
    assert_eq!(part, there.cloned().collect::<Vec<_>>());
    let summary = json(&folder.path().join("part/summary.json"));
    assert_eq!(summary["scans_absent"], serde_json::json!(["2.25.1004", "2.25.1007"]));
    assert_eq!(summary["patches_missing"]["nodules"], 4);
    let out = folder.path().join("part");
    assert!(dataset(&luna16, &out, &["--complete"], 2).contains("2 scans are not on disk"));

    // Candidates of version 2 are used only where version 1 is not.
    fs::rename(luna16.join("candidates.csv"), luna16.join("candidates_V2.csv")).unwrap();
    let said = dataset(&luna16, &folder.path().join("v2"), &[], 0);
    assert!(said.contains("candidates_V2.csv"), "{said}");
    assert_eq!(table(&folder.path().join("v2/manifest.csv")), part);
    fs::remove_file(luna16.join("candidates_V2.csv")).unwrap();
    assert!(dataset(&luna16, &folder.path().join("none"), &[], 1).contains("--candidates"));
    let empty = dataset(
        &folder.path().join("v2"),
        &folder.path().join("none"),
        &["--candidates", text(&luna16.join("annotations.csv"))],
        1,
    );
    assert!(empty.contains("annotations.csv"), "{empty}");
}

/// The real data, or a line that says what is not tested.
fn real_data() -> Option<PathBuf> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let data = std::env::var_os("NODULENS_DATA").map_or_else(default, PathBuf::from);
    let there = data.join("scans/lidc0003_6slices.mhd").is_file();
    if !there {
        println!("SKIPPED: no real slices in {}; set NODULENS_DATA", data.display());
    }
    there.then_some(data)
}

/// The series of scans/lidc0003_6slices.mhd.
const REAL_SERIES: &str = "1.3.6.1.4.1.14519.5.2.1.6279.6001.170706757615202213033480003264";

/// Rows, columns and pitch of its slices, the centre of its first voxel, and its slices.
const REAL_SIDE: usize = 512;
const REAL_SPACING: [f64; 3] = [0.820312, 0.820312, 2.5];
const REAL_ORIGIN: [f64; 3] = [-228.800003, -210.0, -199.0];

/// Six real slices: the patches from the MetaImage are those that this test cuts from the DICOM
/// files of the same scan, and the published JPEG where the manifest has one.
#[test]
fn patches_of_real_slices_are_those_of_the_dicom_files() {
    let Some(data) = real_data() else { return };
    let folder = tempfile::tempdir().unwrap();
    let luna16 = folder.path().join("luna16");
    let scans = luna16.join("subset5");
    fs::create_dir_all(&scans).unwrap();
    let header = fs::read_to_string(data.join("scans/lidc0003_6slices.mhd")).unwrap();
    let header = header.replace("lidc0003_6slices.raw", &format!("{REAL_SERIES}.raw"));
    fs::write(scans.join(format!("{REAL_SERIES}.mhd")), header).unwrap();
    fs::copy(data.join("scans/lidc0003_6slices.raw"), scans.join(format!("{REAL_SERIES}.raw")))
        .unwrap();
    fs::copy(data.join("luna16-csv/annotations.csv"), luna16.join("annotations.csv")).unwrap();

    // The published candidates within the slices, the annotated nodule of 21 mm, and a grid.
    let within = |world: [f64; 3]| (-199.0..-184.0).contains(&world[2]);
    let published: Vec<Row> = table(&data.join("luna16-patches/manifest.csv"))
        .into_iter()
        .filter(|row| row["seriesuid"] == REAL_SERIES && within(world(row)))
        .collect();
    println!("{} published patches lie in the six slices", published.len());
    let mut places: Vec<([f64; 3], u8)> =
        published.iter().map(|row| (world(row), row["class"].parse().unwrap())).collect();
    places.push(([72.28670656, 76.90023946, -190.4589276], 1));
    for i in 0..24 {
        let step = f64::from(i);
        let place = [-150.3 + 12.7 * step, -120.9 + 9.1 * step, -198.9 + 14.7 * step / 24.0];
        places.push((place, 0));
    }
    let mut candidates = "seriesuid,coordX,coordY,coordZ,class\n".to_owned();
    for ([x, y, z], class) in &places {
        candidates += &format!("{REAL_SERIES},{x},{y},{z},{class}\n");
    }
    fs::write(luna16.join("candidates.csv"), candidates).unwrap();
    let out = folder.path().join("out");
    dataset(&luna16, &out, &["--negatives", "all"], 0);

    let dicom = data
        .join("scans/lidc-idri-0003-dicom")
        .join("1.3.6.1.4.1.14519.5.2.1.6279.6001.101370605276577556143013894866")
        .join(REAL_SERIES);
    let rows = table(&out.join("manifest.csv"));
    assert_eq!(rows.len(), places.len());
    for (row, (place, _)) in rows.iter().zip(&places) {
        let [x, y, z] =
            [0, 1, 2].map(|k| ((place[k] - REAL_ORIGIN[k]).abs() / REAL_SPACING[k]).floor());
        let file = dicom.join(format!("{:.6}.dcm", REAL_ORIGIN[2] + z * REAL_SPACING[2]));
        let bytes = fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        // Explicit little endian, 16 bits, not compressed: the pixels are the end of the file.
        let pixels = &bytes[bytes.len() - REAL_SIDE * REAL_SIDE * 2..];
        let (left, top) = (x as usize - 25, y as usize - 25);
        let expected: Vec<u8> = (0..2500)
            .map(|i| {
                let at = ((top + i / 50) * REAL_SIDE + left + i % 50) * 2;
                let stored = i16::from_le_bytes([pixels[at], pixels[at + 1]]);
                grey(stored.saturating_sub(1024))
            })
            .collect();
        let patch = patch(&out, row);
        let off: Vec<u8> = patch.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).collect();
        let mean = off.iter().map(|o| f64::from(*o)).sum::<f64>() / 2500.0;
        // A level where the formula is exactly between two.
        assert!(mean < 0.01 && off.iter().all(|o| *o <= 1), "{mean} mean error: {row:?}");
    }
    // The annotated nodule is in the middle of its patch.
    let nodule = &rows[published.len()];
    assert_eq!(nodule["annotation_index"], "n0257");
    assert!(number(nodule, "annotation_distance_mm") < 1e-9);
    let bright = patch(&out, nodule);
    assert!((22..28).all(|y| (22..28).all(|x| bright[y * 50 + x] > 120)), "a dense middle");

    for (row, published) in rows.iter().zip(&published) {
        let jpeg = format!("luna16-patches/crops50/{}.jpg", published["candidate_row"]);
        let (jpeg, _) = picture(&data.join(jpeg));
        let off =
            patch(&out, row).iter().zip(&jpeg).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>();
        assert!(off / 2500.0 <= 2.0, "{} grey levels off: {row:?}", off / 2500.0);
    }

    // The .mha of the same slices gives the same patches.
    fs::remove_file(scans.join(format!("{REAL_SERIES}.mhd"))).unwrap();
    fs::remove_file(scans.join(format!("{REAL_SERIES}.raw"))).unwrap();
    fs::copy(data.join("scans/lidc0003_6slices.mha"), scans.join(format!("{REAL_SERIES}.mha")))
        .unwrap();
    let again = folder.path().join("again");
    dataset(&luna16, &again, &["--negatives", "all"], 0);
    same(&out, &again);
}

/// Which nodule a candidate hits, against every row of the published manifest.
#[test]
fn annotations_are_matched_as_in_the_published_manifest() {
    let Some(data) = real_data() else { return };
    let annotations = Annotations::read(&data.join("luna16-csv/annotations.csv")).unwrap();
    let rows = table(&data.join("luna16-patches/manifest.csv"));
    for row in &rows {
        let [x, y, z] = world(row);
        let hit = annotations.hit(&row["seriesuid"], nodulens::geometry::WorldMm { x, y, z });
        let (index, distance) = match hit {
            Some((nodule, distance)) => (format!("n{:04}", nodule.row), distance),
            None => (String::new(), f64::NAN),
        };
        assert_eq!(index, row["annotation_index"], "{row:?}");
        if !index.is_empty() {
            assert!((distance - number(row, "annotation_distance_mm")).abs() < 1e-6, "{row:?}");
        }
    }
    println!("{} rows of the published manifest", rows.len());
}
