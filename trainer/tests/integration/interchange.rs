//! Files for other programs, read by those programs: ONNX Runtime, safetensors' and TensorBoard's
//! own readers. They run in the Python that `NODULENS_PYTHON` names (`make python` makes one);
//! without it the tests skip, and say so.

use crate::support::{fails, ok};
use burn::tensor::Device;
use nodulens::constants::{CLASS_NODULE, CONTEXT_SIZE, PATCH_SAMPLES, VIEW_SAMPLES, preprocess_id};
use nodulens::model::NetworkKind;
use nodulens::on_burn::classifier;
use nodulens::preprocess::view;
use nodulens::weights::{Card, Head, Operating, Parameters, WeightsHeader, write_weights};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use std::path::Path;
use std::process::Command;

/// What the reference reader prints, or `None` without a Python.
fn read(arguments: &[&str]) -> Option<serde_json::Value> {
    let Ok(python) = std::env::var("NODULENS_PYTHON") else {
        println!(
            "SKIPPED: NODULENS_PYTHON names no Python with the packages of tests/reference/requirements.txt"
        );
        return None;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/reference/read_exchange.py");
    let output = Command::new(python).arg(script).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// A weights file of fresh weights, as if trained.
fn fresh(kind: NetworkKind, path: &Path) {
    let mut rng = Pcg64Mcg::seed_from_u64(7);
    // Biases and kernels alike, so that none is 0.
    let parameters = Parameters::random(kind, &mut rng).into_iter().map(|(name, mut parameter)| {
        if parameter.shape.len() == 1 {
            parameter.values.fill_with(|| rng.random_range(-0.1..0.1));
        }
        (name, parameter)
    });
    let card = Card { title: "fresh".to_owned(), ..Card::default() };
    let header = WeightsHeader {
        threshold: 0.25,
        temperature: 1.7,
        context: kind.context().map(|_| Operating { threshold: 0.375, temperature: 1.25 }),
        ..WeightsHeader::uncalibrated(kind, card)
    };
    std::fs::write(path, write_weights(&header, &parameters.collect()).unwrap()).unwrap();
}

#[test]
fn onnx_runtime_gives_our_logits() {
    for kind in NetworkKind::ALL {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name).display().to_string();
        fresh(kind, Path::new(&path("weights.nodulens")));
        let (weights, graph) = (path("weights.nodulens"), path("net.onnx"));
        ok(&["convert", "--weights", &weights, "--out", &graph, "--alone"]);

        let values: Vec<f32> = (0..3 * PATCH_SAMPLES)
            .map(|i| ((i * i + 31 * (i / 50)) % 256) as f32 / 255.0)
            .collect();
        let patches: Vec<&[f32]> = values.chunks_exact(PATCH_SAMPLES).collect();
        std::fs::write(path("inputs.json"), serde_json::to_string(&patches).unwrap()).unwrap();
        let Some(answer) = read(&["onnx", &path("net.onnx"), &path("inputs.json")]) else { return };

        let weights = std::fs::read(path("weights.nodulens")).unwrap();
        let classifier = classifier(&weights, &Device::flex()).unwrap();
        let ours = pollster::block_on(classifier.logits(values)).unwrap();
        let mut worst = 0f64;
        for (i, pair) in ours.chunks_exact(2).enumerate() {
            for (class, logit) in pair.iter().enumerate() {
                let theirs = answer["logits"][i][class].as_f64().unwrap();
                worst = worst.max((theirs - f64::from(*logit)).abs());
            }
            let odds = f64::from(pair[CLASS_NODULE] - pair[1 - CLASS_NODULE]) / 1.7;
            let probability = 1.0 / (1.0 + (-odds).exp());
            let theirs = answer["probabilities"][i][CLASS_NODULE].as_f64().unwrap();
            assert!((theirs - probability).abs() < 1e-5, "{theirs} and {probability}");
        }
        println!("{}: worst difference of a logit to ONNX Runtime {worst:.2e}", kind.name());
        assert!(worst < 1e-4, "{worst}");
        assert_eq!(answer["metadata"]["threshold"], "0.25");
        assert_eq!(answer["metadata"]["preprocess_id"], preprocess_id());
    }
}

#[test]
fn onnx_runtime_gives_the_logits_of_both_heads() {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name).display().to_string();
    let (weights, graph) = (path("weights.nodulens"), path("net.onnx"));
    fresh(NetworkKind::Context, Path::new(&weights));
    ok(&["convert", "--weights", &weights, "--out", &graph]);
    let side = CONTEXT_SIZE;
    let values: Vec<f32> =
        (0..3 * side * side).map(|i| ((i * i + 31 * (i / side)) % 256) as f32 / 255.0).collect();
    let canvases: Vec<&[f32]> = values.chunks_exact(side * side).collect();
    std::fs::write(path("inputs.json"), serde_json::to_string(&canvases).unwrap()).unwrap();
    let Some(answer) = read(&["onnx-canvas", &graph, &path("inputs.json")]) else { return };

    let classifier = classifier(&std::fs::read(&weights).unwrap(), &Device::flex()).unwrap();
    let views: Vec<f32> = canvases.iter().flat_map(|canvas| view(canvas)).collect();
    let patches: Vec<f32> =
        views.chunks_exact(VIEW_SAMPLES).flat_map(|view| view[..PATCH_SAMPLES].to_vec()).collect();
    let alone = pollster::block_on(classifier.classify_values(patches)).unwrap();
    let in_context = pollster::block_on(classifier.classify_views(views)).unwrap();
    assert!(in_context.iter().all(|one| one.head == Head::Context));
    for (prefix, ours) in [("", alone), ("context_", in_context)] {
        let named = |what: &str| &answer[format!("{prefix}{what}")];
        let mut worst = 0f64;
        for (i, one) in ours.iter().enumerate() {
            for (class, logit) in one.logits.iter().enumerate() {
                let theirs = named("logits")[i][class].as_f64().unwrap();
                worst = worst.max((theirs - f64::from(*logit)).abs());
            }
            let theirs = named("probabilities")[i][CLASS_NODULE].as_f64().unwrap();
            assert!((theirs - f64::from(one.probability)).abs() < 1e-5);
        }
        println!("{prefix}logits: worst difference to ONNX Runtime {worst:.2e}");
        assert!(worst < 1e-4, "{prefix}logits: {worst}");
    }
    assert_ne!(answer["logits"], answer["context_logits"]);
    assert_eq!(answer["metadata"]["threshold"], "0.25");
    assert_eq!(answer["metadata"]["context_threshold"], "0.375");
    assert_eq!(answer["metadata"]["context_temperature"], "1.25");
}

#[test]
fn onnx_runtime_gives_our_dense_logits() {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name).display().to_string();
    // Unequal sides, and pixels over.
    let (height, width) = (50 + 3 * 4 + 1, 50 + 5 * 4 + 3);
    let values: Vec<f32> =
        (0..height * width).map(|i| ((i * i + 31 * (i / width)) % 256) as f32 / 255.0).collect();
    let rows: Vec<&[f32]> = values.chunks_exact(width).collect();
    std::fs::write(path("picture.json"), serde_json::to_string(&rows).unwrap()).unwrap();
    for kind in NetworkKind::ALL {
        fresh(kind, Path::new(&path("weights.nodulens")));
        let (weights, graph) = (path("weights.nodulens"), path("dense.onnx"));
        let convert = ["convert", "--weights", &weights, "--out", &graph, "--dense"];
        if kind.dense_stride().is_none() {
            let message = fails(&convert);
            assert!(message.contains("pads each patch"), "{message}");
            continue;
        }
        ok(&convert);
        let Some(answer) = read(&["onnx-dense", &graph, &path("picture.json")]) else { return };
        let classifier = classifier(&std::fs::read(&weights).unwrap(), &Device::flex()).unwrap();
        let ours = pollster::block_on(classifier.dense_logits(values.clone(), [width, height]));
        let ours = ours.unwrap().unwrap();
        assert_eq!(ours.len(), 2 * 4 * 6);
        let mut worst = 0f64;
        for (i, pair) in ours.chunks_exact(2).enumerate() {
            for (class, logit) in pair.iter().enumerate() {
                let theirs = answer["logits"][class][i / 6][i % 6].as_f64().unwrap();
                worst = worst.max((theirs - f64::from(*logit)).abs());
            }
        }
        println!("{}, dense: worst difference to ONNX Runtime {worst:.2e}", kind.name());
        assert!(worst < 1e-4, "{worst}");
        assert_eq!(answer["shape"], serde_json::json!([1, 2, 4, 6]));
    }
}

#[test]
fn safetensors_go_out_and_come_back() {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name).display().to_string();
    fresh(NetworkKind::Compact, Path::new(&path("weights.nodulens")));
    let (weights, tensors) = (path("weights.nodulens"), path("net.safetensors"));
    ok(&["convert", "--weights", &weights, "--out", &tensors]);
    ok(&["import", "--safetensors", &tensors, "--out", &path("back.nodulens")]);
    let read_back = std::fs::read(path("back.nodulens")).unwrap();
    assert!(read_back == std::fs::read(&weights).unwrap(), "the way out and back changed the file");
    let Some(answer) = read(&["safetensors", &tensors]) else { return };
    // As PyTorch lays them out.
    assert_eq!(answer["shapes"]["conv2.weight"], serde_json::json!([16, 16, 3, 3]));
    assert_eq!(answer["shapes"]["fc.weight"][0], 2);
    assert_eq!(answer["metadata"]["format"], "pt");
}

#[test]
fn tensorboard_reads_what_a_run_writes() {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name).display().to_string();
    ok(&["phantom", "--count", "40", "--seed", "1", "--out", &path("data")]);
    let train = |more: &[&str]| {
        let (data, run) = (path("data"), path("run"));
        let fixed = ["train", "--patches", &data, "--split", "patientwise", "--out", &run];
        let small = ["--network", "compact", "--device", "cpu", "--batch-size", "3"];
        ok(&[&fixed[..], &small[..], &["--epochs", "2", "--ema-decay", "0.9"], more].concat());
    };
    // Interrupted and resumed: two files, one curve.
    train(&["--max-steps", "13"]);
    train(&["--resume"]);
    let Some(answer) = read(&["events", &path("run/tensorboard")]) else { return };
    let mut log = csv::Reader::from_path(path("run/log.csv")).unwrap();
    let columns = log.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = log.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 2);
    let column = |name: &str| columns.iter().position(|column| column == name).unwrap();
    for (tag, name) in [
        ("loss/train", "train_loss"),
        ("loss/valid", "valid_loss"),
        ("accuracy/train", "train_accuracy"),
        ("accuracy/valid", "valid_accuracy"),
        ("auc/valid", "valid_auc"),
    ] {
        let points = answer["scalars"][tag].as_array().unwrap();
        assert_eq!(points.len(), 2, "{tag}");
        for (point, row) in points.iter().zip(&rows) {
            assert_eq!(point[0].as_u64().unwrap().to_string(), row[column("step")], "{tag}");
            let written: f64 = row[column(name)].parse().unwrap();
            assert!(
                (point[1].as_f64().unwrap() - written).abs() < 1e-6,
                "{tag}: {point} {written}"
            );
        }
    }
    assert!(!answer["scalars"]["learning_rate"].as_array().unwrap().is_empty());
    assert!(!answer["scalars"]["loss/step"].as_array().unwrap().is_empty());
    assert_eq!(answer["images"]["batch"][0][1], 400);
    let histogram = &answer["histograms"]["probability/nodule"][1];
    assert_eq!(histogram[1], histogram[2], "every value is in a bucket: {histogram}");
}
