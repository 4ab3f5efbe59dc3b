//! Teachers that have seen the patients that a run is judged on are refused, by `train` and by
//! `crossval`, and those that do not say whom they have seen are taken only on demand.

use crate::support::{fails, ok};
use nodulens::weights::{CardLearnt, read_weights, write_weights};
use serde_json::Value;
use std::fs;

/// 24 synthetic patches in ten subsets, and a teacher that has learnt by the split `patientwise`.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        ok(&["phantom", "--count", "24", "--seed", "1", "--out", &place.path("data")]);
        place
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn call(&self, command: &str, out: &str, more: &[&str]) -> Vec<String> {
        let small = ["--network", "compact", "--epochs", "1", "--device", "cpu"];
        let (data, out) = (self.path("data"), self.path(out));
        let fixed = [command, "--patches", &data, "--out", &out];
        [&fixed[..], &small[..], more].concat().iter().map(|word| (*word).to_owned()).collect()
    }

    fn ok(&self, command: &str, out: &str, more: &[&str]) -> String {
        ok(&words(&self.call(command, out, more)))
    }

    fn fails(&self, command: &str, out: &str, more: &[&str]) -> String {
        fails(&words(&self.call(command, out, more)))
    }

    fn export(&self, run: &str) -> String {
        let models = self.path(&format!("{run}/weights"));
        ok(&["export", "--run", &self.path(run), "--out", &models, "--device", "cpu"]);
        format!("{models}/compact.nodulens")
    }
}

fn words(line: &[String]) -> Vec<&str> {
    line.iter().map(String::as_str).collect()
}

fn card(weights: &str) -> Value {
    let bytes = fs::read(weights).unwrap();
    let header = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    serde_json::from_slice::<Value>(&bytes[16..16 + header]).unwrap()["card"].take()
}

#[test]
fn a_teacher_that_has_seen_the_judged_patients_is_refused() {
    let place = Place::new();
    place.ok("train", "teacher", &["--split", "patientwise"]);
    let teacher = place.export("teacher");
    // The same split: its training patients are judged nowhere.
    place.ok("train", "pupil", &["--split", "patientwise", "--teachers", &teacher]);
    // Subset 4 is learnt from in the split by patient, and 5 validates fold 4.
    let refused = place.fails("train", "x", &["--split", "luna16-fold-4", "--teachers", &teacher]);
    for said in ["compact.nodulens", "has learnt from 4 of the 4 scans", "luna16-fold-4"] {
        assert!(refused.contains(said), "{said} in {refused}");
    }
    assert!(!place.0.path().join("x").exists(), "a refused run leaves nothing behind");
    // Trust is for what is not known, not for what is.
    let more = ["--split", "luna16-fold-4", "--teachers", &teacher, "--trust-teachers", "true"];
    assert!(place.fails("train", "x", &more).contains("has learnt from"));
    let refused = place.fails("crossval", "folds", &["--folds", "1,4", "--teachers", &teacher]);
    assert!(refused.contains("fold 1") && refused.contains("has learnt from"), "{refused}");
    assert!(!place.0.path().join("folds").exists(), "it was found out after training had begun");
    // What a pupil has learnt from its teacher, it can give away too.
    let pupil = place.export("pupil");
    let refused = place.fails("train", "x", &["--split", "luna16-fold-4", "--teachers", &pupil]);
    assert!(refused.contains("has learnt from"), "{refused}");
}

#[test]
fn each_fold_takes_its_own_teachers() {
    let place = Place::new();
    place.ok("crossval", "wide", &["--folds", "1,4"]);
    for fold in [1, 4] {
        place.export(&format!("wide/fold-{fold}"));
    }
    let template = place.path("wide/fold-{fold}/weights/compact.nodulens");
    place.ok("crossval", "pupils", &["--folds", "1,4", "--teachers", &template]);
    let config = fs::read_to_string(place.path("pupils/fold-4/config.toml")).unwrap();
    assert!(config.contains("wide/fold-4/weights/compact.nodulens"), "{config}");
    let summary = fs::read(place.path("pupils/crossval.json")).unwrap();
    let summary: Value = serde_json::from_slice(&summary).unwrap();
    assert_eq!(summary["unchecked_teachers"], serde_json::json!([]));
}

#[test]
fn a_teacher_of_unknown_patients_is_taken_only_on_trust_and_the_card_tells() {
    let place = Place::new();
    place.ok("train", "teacher", &["--split", "patientwise"]);
    let teacher = place.export("teacher");
    // As earlier builds wrote it: without a list.
    let unknown = place.path("unknown.nodulens");
    let mut file = read_weights(&fs::read(&teacher).unwrap()).unwrap();
    file.header.card.learnt = CardLearnt::default();
    fs::write(&unknown, write_weights(&file.header, &file.parameters).unwrap()).unwrap();
    let fold = ["--split", "luna16-fold-1", "--teachers", &unknown];
    let refused = place.fails("train", "x", &fold);
    assert!(refused.contains("does not say whom") && refused.contains("--trust-teachers"));
    let trust = [&fold[..], &["--trust-teachers", "true"]].concat();
    place.ok("train", "trusting", &trust);
    let weights = place.export("trusting");
    let card = card(&weights);
    assert!(card["learnt"]["gaps"][0].as_str().unwrap().contains("unknown.nodulens"), "{card}");
    assert!(card["limits"].to_string().contains("unknown.nodulens"), "{}", card["limits"]);
    // So the pupil's own list is known to have a gap, and it teaches nobody unasked.
    let refused = place.fails("train", "y", &["--split", "luna16-fold-1", "--teachers", &weights]);
    assert!(refused.contains("it was trusted"), "{refused}");
    let out = place.path("report");
    let printed = ok(&[
        "evaluate",
        "--weights",
        &weights,
        "--patches",
        &place.path("data"),
        "--split",
        "luna16-fold-1-valid",
        "--out",
        &out,
        "--device",
        "cpu",
    ]);
    assert!(printed.contains("The list may not be complete"), "{printed}");
}
