//! Labels by teachers that have not learnt from whom they grade, hard negatives, and a network that looks
//! at surroundings, from patches to a report.

use crate::support::{Workplace, fails, json, ok};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

/// What these tests read of a workplace.
trait Read {
    fn json(&self, name: &str) -> Value;
    fn rows(&self, folder: &str, column: &str) -> Vec<(String, String)>;
}

impl Read for Workplace {
    fn json(&self, name: &str) -> Value {
        json(&self.0.path().join(name))
    }

    /// Rows of a manifest, by the value of a column.
    fn rows(&self, folder: &str, column: &str) -> Vec<(String, String)> {
        let path = self.0.path().join(folder).join("manifest.csv");
        let mut reader = csv::Reader::from_path(path).unwrap();
        let headers = reader.headers().unwrap().clone();
        let at = |name: &str| headers.iter().position(|header| header == name).unwrap();
        let (row, wanted) = (at("candidate_row"), at(column));
        reader.records().map(Result::unwrap).map(|r| (r[row].into(), r[wanted].into())).collect()
    }
}

const SMALL: [&str; 6] = ["--network", "compact", "--epochs", "1", "--device", "cpu"];

#[test]
fn every_training_patch_is_graded_by_who_has_not_learnt_from_it() {
    let place = Workplace::of(24);
    let (config, labels) = (place.path("teacher.toml"), place.path("labels.json"));
    let data = place.path("data");
    fs::write(&config, format!("network = \"compact\"\nepochs = 1\npatches = {data:?}\n")).unwrap();
    let teachers = place.path("teachers");
    let teach = |groups: &str| {
        let fixed = ["teach", "--config", &config, "--out", &teachers, "--labels", &labels];
        let fixed = [&fixed[..], &["--views", "2", "--device", "cpu", "--groups", groups]].concat();
        fixed.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()
    };
    let ran = |line: Vec<String>| ok(&line.iter().map(String::as_str).collect::<Vec<_>>());
    let failed = |line: Vec<String>| fails(&line.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(ran(teach("0+1+2+3+4,5+6+7+8+9")).contains("Wrote"));
    let written = place.json("labels.json");
    let training = place.rows("data", "split_patientwise");
    let training: BTreeSet<&str> =
        training.iter().filter(|(_, part)| part == "train").map(|(row, _)| row.as_str()).collect();
    let graded = written["logits"].as_object().unwrap();
    assert_eq!(graded.keys().map(String::as_str).collect::<BTreeSet<_>>(), training);
    assert!(graded.values().all(|logit| logit.as_f64().is_some_and(f64::is_finite)));
    let runs: BTreeSet<String> = fs::read_dir(&teachers)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(
        runs,
        BTreeSet::from(["compact-1-of-0+1+2+4", "compact-1-of-5+6+8+9"].map(String::from))
    );
    // What is done is not done again, and gives the same.
    let log = place.0.path().join("teachers/compact-1-of-0+1+2+4/log.csv");
    let before = fs::metadata(&log).unwrap().modified().unwrap();
    ran(teach("0+1+2+3+4,5+6+7+8+9"));
    assert_eq!(fs::metadata(&log).unwrap().modified().unwrap(), before);
    assert_eq!(place.json("labels.json"), written);
    // Who teaches has learnt from the whole training part, each from the others.
    let train = |out: &str, more: &[&str]| {
        let out = place.path(out);
        let fixed = ["train", "--patches", &data, "--out", &out, "--labels", &labels];
        let line = [&fixed[..], &SMALL, more].concat();
        line.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()
    };
    ran(train("taught", &[]));
    ran(train("untaught", &["--label-weight", "0"]));
    let loss = |run: &str| fs::read_to_string(place.0.path().join(run).join("log.csv")).unwrap();
    assert_ne!(loss("taught"), loss("untaught"), "the labels change nothing");
    let refused = failed(train("x", &["--split", "luna16-fold-4"]));
    assert!(refused.contains("labels") && refused.contains("has learnt from"), "{refused}");
    let refused =
        fails(&teach("0+1+2+3+4+5+6+7+8+9").iter().map(String::as_str).collect::<Vec<_>>());
    assert!(refused.contains("in one group"), "{refused}");
    let refused = failed(teach("0+2,5+6"));
    assert!(refused.contains("is in no group"), "{refused}");
}

#[test]
fn hard_negatives_are_learnt_from_besides_and_are_no_nodules_of_known_scans() {
    let place = Workplace::of(24);
    ok(&["phantom", "--count", "8", "--seed", "50", "--out", &place.path("mined")]);
    let (data, mined) = (place.path("data"), place.path("mined"));
    let fixed = ["train", "--patches", &data, "--hard-negatives"];
    let out = place.path("run");
    let with = |folder: &str, out: &str| {
        let line = [&fixed[..], &[folder, "--out", out], &SMALL].concat();
        line.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()
    };
    let line = with(&mined, &out);
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    let refused = fails(&line);
    assert!(refused.contains("4 of its patches are nodules"), "{refused}");
    // The others alone.
    let path = place.0.path().join("mined/manifest.csv");
    let text = fs::read_to_string(&path).unwrap();
    let nodules: BTreeSet<String> = place
        .rows("mined", "class")
        .into_iter()
        .filter(|(_, class)| class == "1")
        .map(|(row, _)| row)
        .collect();
    let kept = text.lines().filter(|line| !nodules.contains(line.split(',').next().unwrap()));
    fs::write(&path, kept.map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    ok(&line);
    let learnt = |run: &str| place.json(&format!("{run}/learnt.json"))["series"].clone();
    let plain = place.path("plain");
    ok(&[&["train", "--patches", &data, "--out", &plain], &SMALL[..]].concat());
    assert_ne!(learnt("run"), learnt("plain"), "the card has to say whom it learnt from");
    // Those of the data itself.
    let own = with(&data, &place.path("x"));
    let refused = fails(&own.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(refused.contains("are nodules") || refused.contains("has patches in"), "{refused}");
}

#[test]
fn a_network_with_surroundings_goes_from_scans_to_a_report_of_both_heads() {
    let place = Luna16::cut();
    let (data, run) = (place.path("patches"), place.path("run"));
    let small =
        ["--network", "context", "--epochs", "2", "--device", "cpu", "--positive-fraction", "0"];
    let edges = ["--augment-edges", "0.5", "--augment-noise", "0.05", "--augment-kernel", "0.5"];
    let more =
        ["--augment-thickness", "0.5", "--augment-coarse", "0.5", "--augment-cavities", "0.5"];
    let train = ["train", "--patches", &data, "--out", &run];
    ok(&[&train[..], &small, &edges, &more].concat());
    let weights = place.path("weights");
    ok(&["export", "--run", &run, "--checkpoint", "last", "--out", &weights, "--device", "cpu"]);
    let weights = format!("{weights}/context.nodulens");
    let evaluate = |out: &str, more: &[&str]| {
        let out = place.path(out);
        let fixed = ["evaluate", "--weights", &weights, "--patches", &data];
        let fixed =
            [&fixed[..], &["--split", "patientwise-valid", "--out", &out, "--device", "cpu"]];
        ok(&[&fixed.concat()[..], more].concat())
    };
    evaluate("both", &[]);
    evaluate("alone", &["--alone"]);
    let [both, alone] = ["both", "alone"].map(|name| place.json(&format!("{name}/report.json")));
    assert_eq!(both["surroundings"]["unknown"], 0);
    assert!(alone["surroundings"].is_null());
    assert_ne!(both["histogram"], alone["histogram"], "the two heads say the same");
    assert_eq!(both["n"], alone["n"]);
    let bytes = fs::read(&weights).unwrap();
    let header = nodulens::weights::read_weights(&bytes).unwrap().header;
    let context = header.context.unwrap();
    assert_eq!(both["threshold"].as_f64().unwrap() as f32, context.threshold);
    assert_eq!(alone["threshold"].as_f64().unwrap() as f32, header.threshold);
    let figures = header.card.context.unwrap();
    assert_eq!(figures.metrics.unwrap().n, header.card.metrics.unwrap().n);
}

/// A phantom of LUNA16's folder, cut into patches with their surroundings.
struct Luna16;

impl Luna16 {
    fn cut() -> Workplace {
        let place = Workplace(tempfile::tempdir().unwrap());
        let (scans, patches) = (place.path("luna16"), place.path("patches"));
        ok(&["phantom", "--luna16", "--out", &scans]);
        ok(&["dataset", "--luna16", &scans, "--context", "--out", &patches]);
        place
    }
}
