//! From LUNA16's files to patches, through the built binary: on synthetic scans in LUNA16's
//! layout, and on real slices where they are at hand.

mod real;
mod runs;
mod support;
mod volumes;

use std::fs;
use support::*;
use trainer::dataset::{Dataset, Part};

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

/// Two readers outlined what is beside the first negative of a scan, one marked a point beside the
/// second, and an outline within an accepted nodule contests nothing.
#[test]
fn negatives_near_an_excluded_finding_are_contested() {
    let folder = tempfile::tempdir().unwrap();
    let luna16 = phantoms(folder.path(), false);
    let plain = folder.path().join("plain");
    dataset(&luna16, &plain, &["--negatives", "all"], 0);
    let rows = table(&plain.join("manifest.csv"));
    assert!(rows.iter().all(|row| row["contested"].is_empty() && row["n_readers"].is_empty()));
    let negatives: Vec<_> =
        rows.iter().filter(|row| row["class"] == "0" && row["diameter_mm"].is_empty()).collect();
    let nodule = rows.iter().find(|row| row["class"] == "1").unwrap();
    let mut excluded = "seriesuid,coordX,coordY,coordZ,diameter_mm\n".to_owned();
    for (row, off, diameter) in [
        (negatives[0], 3.0, "4.5"),
        (negatives[0], 4.0, "5"),
        (negatives[0], 5.5, "6"),
        (negatives[1], -4.5, "-1"),
        (nodule, 0.1, "7"),
    ] {
        let [x, y, z] = world(row);
        excluded += &format!("{},{x},{y},{},{diameter}\n", row["seriesuid"], z + off);
    }
    fs::write(luna16.join("annotations_excluded.csv"), excluded).unwrap();
    let out = folder.path().join("out");
    dataset(&luna16, &out, &["--negatives", "all"], 0);
    let rows = table(&out.join("manifest.csv"));
    let of = |name: &str| {
        let row = rows.iter().find(|row| row["candidate_row"] == name).unwrap();
        (row["n_readers"].clone(), row["contested"].clone())
    };
    assert_eq!(of(&negatives[0]["candidate_row"]), ("2".to_owned(), "1".to_owned()));
    assert_eq!(of(&negatives[1]["candidate_row"]), ("0".to_owned(), "1".to_owned()));
    assert_eq!(of(&nodule["candidate_row"]), (String::new(), String::new()));
    let read = Dataset::load(&out, &Part::All).unwrap();
    let contested = read.examples.iter().filter(|one| one.row.is_contested_negative()).count();
    assert!(contested >= 2, "{contested}");
}
