//! Shards, reruns, samples and faults: what is written depends on data and options alone.

use super::support::*;
use std::fs;

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

#[test]
fn what_is_wrong_with_a_scan_or_a_candidate_is_told_and_costs_only_that() {
    let folder = tempfile::tempdir().unwrap();
    let luna16 = phantoms(folder.path(), false);
    fs::remove_file(luna16.join("subset0/2.25.1000.raw")).unwrap();
    fs::write(luna16.join("subset1/2.25.1001.mhd"), "not a header").unwrap();
    let compressed = luna16.join("subset2/2.25.1002.zraw");
    let mut bytes = fs::read(&compressed).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8].fill(0xFF);
    fs::write(compressed, bytes).unwrap();
    let header = luna16.join("subset4/2.25.1004.mhd");
    let text = fs::read_to_string(&header).unwrap();
    fs::write(header, text.replace("= 2.25.1004.raw", "= ../subset5/2.25.1005.raw")).unwrap();
    // Row 180 lies far outside.
    let mut candidates = fs::read_to_string(luna16.join("candidates.csv")).unwrap();
    candidates += "2.25.1005,0,0,0,1\n";
    fs::write(luna16.join("candidates.csv"), candidates).unwrap();

    let out = folder.path().join("out");
    let said = dataset(&luna16, &out, &["--negatives", "all"], 2);
    let summary = json(&out.join("summary.json"));
    let reasons: Vec<_> = summary["scans_broken"].as_array().unwrap().iter().collect();
    let expected = [
        ("2.25.1000", "No such file"),
        ("2.25.1001", "not a MetaImage"),
        ("2.25.1002", "2.25.1002.zraw"),
        ("2.25.1004", "another folder"),
    ];
    assert_eq!(reasons.len(), expected.len(), "{said}");
    for (broken, (series, reason)) in reasons.iter().zip(expected) {
        assert_eq!(broken["series"], series);
        assert!(broken["reason"].as_str().unwrap().contains(reason), "{broken}");
    }
    assert_eq!(summary["candidates_outside"], serde_json::json!([180]));
    assert_eq!(table(&out.join("manifest.csv")).len(), 6 * 18);
}
