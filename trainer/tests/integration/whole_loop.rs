//! The whole way on phantoms: train, stop, resume, export, evaluate, classify.

use crate::support::{Workplace, fails, json, ok, trainer};
use std::path::Path;
use std::process::Command;

/// Six training and two validation patches, two steps an epoch.
fn train<'a>(data: &'a str, out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let fixed = ["train", "--patches", data, "--split", "patientwise", "--out", out];
    let small = ["--device", "cpu", "--batch-size", "3", "--checkpoint-steps", "1"];
    [&fixed[..], &small[..], more].concat()
}

#[test]
fn phantoms_to_probabilities() {
    let place = Workplace::new();
    let path = |name: &str| place.path(name);
    let (data, run, models) = (path("data"), path("run"), path("models"));
    let printed = ok(&train(&data, &run, &["--epochs", "1"]));
    assert!(printed.contains("cargo trainer export"), "{printed}");

    ok(&["export", "--run", &run, "--out", &models, "--device", "cpu"]);
    let weights = path("models/paper.nodulens");
    let entries = json(&place.0.path().join("models/models.json"));
    assert_eq!(entries[0]["file"], "paper.nodulens");
    // The card as Markdown, and the learning curve in the weights file.
    let card = std::fs::read_to_string(path("models/paper.md")).unwrap();
    for title in
        ["## Intended use", "## Split", "## Figures", "## Calibration", "## How to reproduce"]
    {
        assert!(card.contains(title), "{title} in {card}");
    }
    let bytes = std::fs::read(&weights).unwrap();
    let header = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&bytes[16..16 + header]).unwrap();
    assert_eq!(header["card"]["history"].as_array().unwrap().len(), 1);
    assert_eq!(header["card"]["train_part"], "patientwise-train");
    // Two validation patches are too few to calibrate on.
    assert_eq!(header["temperature"], 1.0);
    // A second export replaces its entry and nothing else.
    ok(&["export", "--run", &run, "--out", &models, "--device", "cpu"]);
    assert_eq!(json(&place.0.path().join("models/models.json")), entries);

    let out = path("report");
    ok(&[
        "evaluate",
        "--weights",
        &weights,
        "--patches",
        &data,
        "--split",
        "all",
        "--out",
        &out,
        "--device",
        "cpu",
    ]);
    let report = json(&place.0.path().join("report/report.json"));
    assert_eq!((report["n"].as_u64(), report["positives"].as_u64()), (Some(8), Some(4)));
    for key in [
        "accuracy",
        "precision",
        "recall",
        "specificity",
        "f1",
        "roc_auc",
        "average_precision",
        "threshold",
        "recall_at_specificity_0.9709",
        "seed",
    ] {
        assert!(report[key].is_number(), "{key} in {report}");
    }
    for key in ["tp", "fn", "fp", "tn"] {
        assert!(report["confusion"][key].is_u64(), "{key} in {report}");
    }
    assert_eq!(report["roc_auc_ci95"].as_array().unwrap().len(), 2);
    assert!(report["split"] == "all" && report["commit"].is_string());

    // The command line gives each patch the probability that the evaluation gave it.
    let picture = path("data/crops50/3.png");
    let (text, result) = (path("note.png"), path("result.json"));
    std::fs::write(&text, "not a picture").unwrap();
    let output = trainer(&[
        "classify",
        "--weights",
        &weights,
        "--device",
        "cpu",
        "--json",
        &result,
        &text,
        &picture,
    ])
    .output()
    .unwrap();
    assert_eq!(output.status.code(), Some(2), "a refused file shows in the exit status");
    let lines = json(Path::new(&result));
    assert_eq!(lines[0]["error"]["code"], "not-an-image");
    let predictions =
        std::fs::read_to_string(place.0.path().join("report/predictions.csv")).unwrap();
    let row = predictions.lines().find(|line| line.starts_with("3,")).unwrap();
    let evaluated: f64 = row.rsplit(',').next().unwrap().parse().unwrap();
    let classified = lines[1]["probability"].as_f64().unwrap();
    assert!((evaluated - classified).abs() < 1e-5, "{evaluated} and {classified}");

    // A folder stands for the pictures in it; what else lies there is passed over. The reference
    // engine says the same.
    let folder = path("data/crops50");
    std::fs::write(path("data/crops50/readme.txt"), "not a picture").unwrap();
    let answers = |device: &str| {
        let result = path(&format!("{device}.json"));
        let arguments =
            ["classify", "--weights", &weights, "--device", device, "--json", &result, &folder];
        let output = trainer(&arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let lines = json(Path::new(&result));
        lines.as_array().unwrap().iter().map(|line| line["probability"].as_f64().unwrap()).collect()
    };
    let (fast, reference): (Vec<f64>, Vec<f64>) = (answers("cpu"), answers("reference"));
    assert!(fast.len() > 3 && fast.len() == reference.len(), "{} answers", fast.len());
    assert!(fast.iter().zip(reference).all(|(fast, reference)| (fast - reference).abs() < 1e-5));
}

/// Options of a run that uses all that a step can remember.
const ELABORATE: [&str; 16] = [
    "--network",
    "compact",
    "--optimizer",
    "adam-w",
    "--schedule",
    "one-cycle",
    "--ema-decay",
    "0.9",
    "--weight-decay",
    "0.02",
    "--gradient-clip",
    "1",
    "--augment-contrast",
    "0.1",
    "--class-weights",
    "balanced",
];

/// The parameters that a run would ship, as bytes of its weights file.
fn shipped(place: &Workplace, run: &str, network: &str, checkpoint: &str) -> Vec<u8> {
    let models = place.path(&format!("models-{run}"));
    let run = place.path(run);
    let out = ["--out", &models, "--device", "cpu"];
    ok(&[&["export", "--run", &run, "--checkpoint", checkpoint], &out[..]].concat());
    let file = std::fs::read(Path::new(&models).join(format!("{network}.nodulens"))).unwrap();
    let header = u32::from_le_bytes(file[12..16].try_into().unwrap()) as usize;
    file[16 + header..file.len() - 32].to_vec()
}

#[test]
fn a_run_that_was_stopped_goes_on_as_if_it_had_not_been() {
    for (network, options) in [("paper", &[][..]), ("compact", &ELABORATE[..])] {
        let place = Workplace::new();
        let path = |name: &str| place.path(name);
        let (data, whole, halves) = (path("data"), path("whole"), path("halves"));
        let run = |out: &str, more: &[&str]| {
            ok(&train(&data, out, &[options, &["--epochs", "2"], more].concat()));
        };
        run(&whole, &[]);
        // Stopped in the middle of the second epoch.
        run(&halves, &["--max-steps", "3"]);
        run(&halves, &["--resume"]);
        let last = "step-0000004";
        assert!(
            shipped(&place, "whole", network, last) == shipped(&place, "halves", network, last),
            "the resumed run of {network} ended with other weights"
        );
        let state = |run: &str| json(&Path::new(run).join(last).join("state.json"));
        assert_eq!(
            state(&whole)["history"][1]["train_loss"],
            state(&halves)["history"][1]["train_loss"]
        );
    }
}

#[test]
fn a_configuration_file_and_its_seed_make_the_run() {
    let place = Workplace::new();
    let path = |name: &str| place.path(name);
    let text = "network = 'compact'\nepochs = 3\nbatch_size = 3\nlabel_smoothing = 0.1\n\
                ema_decay = 0.9\nearly_stopping = 1\n";
    std::fs::write(path("run.toml"), text).unwrap();
    let run = |out: &str, seed: &str| {
        let (config, data, out) = (path("run.toml"), path("data"), path(out));
        let fixed = ["train", "--config", &config, "--patches", &data, "--device", "cpu"];
        ok(&[&fixed[..], &["--out", &out, "--seed", seed, "--early-stopping", "0"]].concat());
        json(&Path::new(&out).join("step-0000006/state.json"))["history"].clone()
    };
    let losses = |history: &serde_json::Value| -> Vec<f64> {
        history.as_array().unwrap().iter().map(|e| e["train_loss"].as_f64().unwrap()).collect()
    };
    let (one, again, other) = (run("a", "5"), run("b", "5"), run("c", "6"));
    assert_eq!(losses(&one), losses(&again), "the same seed gave other losses");
    assert_ne!(losses(&one), losses(&other));
    // What was used is written down, the options that won included.
    let resolved = std::fs::read_to_string(path("a/config.toml")).unwrap();
    for line in
        ["seed = 5", "label_smoothing = 0.1", "early_stopping = 0", "schedule = \"constant\""]
    {
        assert!(resolved.contains(line), "{line} in\n{resolved}");
    }
    std::fs::write(path("bad.toml"), "epoch = 3\n").unwrap();
    let message = fails(&["train", "--config", &path("bad.toml"), "--out", &path("d")]);
    assert!(message.contains("epoch") && message.contains("bad.toml"), "{message}");
}

#[test]
fn a_teacher_is_learnt_from_and_a_run_that_stands_still_ends() {
    let place = Workplace::new();
    let path = |name: &str| place.path(name);
    let (data, models) = (path("data"), path("models"));
    ok(&train(&data, &path("teacher"), &["--network", "paper", "--epochs", "1"]));
    ok(&["export", "--run", &path("teacher"), "--out", &models, "--device", "cpu"]);
    let teacher = path("models/paper.nodulens");
    let pupil = ["--network", "compact", "--teachers", &teacher, "--teacher-weight", "1"];
    // So small a step that validation cannot move.
    let still = ["--epochs", "9", "--early-stopping", "2", "--learning-rate", "1e-30"];
    let printed = ok(&train(&data, &path("pupil"), &[&pupil[..], &still].concat()));
    assert!(printed.contains("ended early"), "{printed}");
    let log = std::fs::read_to_string(path("pupil/log.csv")).unwrap();
    assert_eq!(log.lines().count(), 1 + 3, "{log}");
    let missing = path("none.nodulens");
    let message = fails(&train(&data, &path("other"), &["--teachers", &missing]));
    assert!(message.contains("teacher") && message.contains("none.nodulens"), "{message}");
}

#[test]
fn folds_in_parts_give_what_they_give_together() {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name).display().to_string();
    ok(&["phantom", "--count", "24", "--seed", "1", "--out", &path("data")]);
    let crossval = |out: &str, more: &[&str]| {
        let (data, out) = (path("data"), path(out));
        let fixed = ["crossval", "--patches", &data, "--out", &out, "--folds", "0,1,9"];
        let small = ["--device", "cpu", "--network", "compact", "--epochs", "1"];
        ok(&[&fixed[..], &small[..], more].concat())
    };
    crossval("whole", &[]);
    assert!(crossval("parts", &["--shard", "2/2"]).contains("folds 0, 9 are another's"));
    crossval("parts", &["--shard", "1/2"]);
    let summary = |out: &str| json(&place.path().join(out).join("crossval.json"));
    let whole = summary("whole");
    assert_eq!(whole["pooled"], summary("parts")["pooled"]);
    assert_eq!(whole["folds"].as_array().unwrap().len(), 3);
    // Pairs are dealt out in turn: folds 0 and 1 have two of the twelve, fold 9 one.
    assert_eq!(whole["pooled"]["n"], 10);
    // What is drawn is told: phantoms have scans and no patients.
    assert_eq!(whole["bootstrap_units"], "scans");
    assert!(crossval("parts", &["--merge"]).contains("pooled"));
    let data = path("data");
    let refused = fails(&["crossval", "--patches", &data, "--out", &path("x"), "--folds", "77"]);
    assert!(refused.contains("'77' is no fold"), "{refused}");
}

#[test]
fn mistakes_are_told_and_lose_nothing() {
    let place = Workplace::new();
    let path = |name: &str| place.path(name);
    let (data, run) = (path("data"), path("run"));
    assert!(fails(&train(&data, &run, &["--resume"])).contains("holds no run to resume"));
    ok(&train(&data, &run, &["--epochs", "1"]));
    let before = std::fs::read(place.0.path().join("run/log.csv")).unwrap();
    assert!(fails(&train(&data, &run, &["--epochs", "1"])).contains("holds a run already"));
    let other = fails(&train(&data, &run, &["--epochs", "1", "--resume", "--seed", "2"]));
    assert!(other.contains("other settings"), "{other}");
    assert_eq!(std::fs::read(place.0.path().join("run/log.csv")).unwrap(), before);
    assert!(fails(&train(&path("nowhere"), &path("run2"), &[])).contains("manifest.csv"));
    // A mistyped folder leaves nothing that would stand in the way of the right one.
    ok(&train(&data, &path("run2"), &["--epochs", "1"]));
    // A run that diverges fails and says what to do; what it saved before can still be read.
    let diverged =
        fails(&train(&data, &path("run3"), &["--epochs", "30", "--learning-rate", "1e30"]));
    assert!(diverged.contains("smaller --learning-rate"), "{diverged}");
    let foreign = path("data/manifest.csv");
    let message = fails(&[
        "evaluate",
        "--weights",
        &foreign,
        "--patches",
        &data,
        "--split",
        "all",
        "--out",
        &path("report"),
        "--device",
        "cpu",
    ]);
    assert!(message.contains("not a Nodulens weights file"), "{message}");
    let part = fails(&[
        "evaluate",
        "--weights",
        &foreign,
        "--patches",
        &data,
        "--split",
        "dev",
        "--out",
        &path("report"),
    ]);
    assert!(part.contains("patientwise-valid"), "{part}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_writes_a_checkpoint_and_ends_cleanly() {
    use std::time::{Duration, Instant};
    let place = Workplace::new();
    let path = |name: &str| place.path(name);
    let (data, run) = (path("data"), path("run"));
    let mut child = trainer(&train(&data, &run, &["--epochs", "10000"]))
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let log = place.0.path().join("run/log.csv");
    let began = Instant::now();
    while !log.is_file() {
        assert!(began.elapsed() < Duration::from_secs(120), "no epoch in two minutes");
        std::thread::sleep(Duration::from_millis(50));
    }
    let kill = format!("kill -INT {}", child.id());
    let interrupt = Command::new("sh").args(["-c", &kill]).status().unwrap();
    assert!(interrupt.success());
    assert!(child.wait().unwrap().success(), "it did not end cleanly");
    // What was saved can be gone on from.
    let state = std::fs::read_dir(&run).unwrap().filter_map(Result::ok);
    let last = state
        .filter(|e| e.file_name().to_string_lossy().starts_with("step-"))
        .map(|e| e.path())
        .max();
    let steps = json(&last.unwrap().join("state.json"))["step"].as_u64().unwrap();
    ok(&train(
        &data,
        &run,
        &["--epochs", "10000", "--resume", "--max-steps", &(steps + 1).to_string()],
    ));
}
