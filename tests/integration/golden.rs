//! The networks against numbers that an independent implementation made
//! (`tests/reference/networks.py`, NumPy, double precision). `make golden` makes them anew.

use burn::tensor::Device;
use half::f16;
use nodulens::classifier::Classifier;
use nodulens::constants::{CONTEXT_SIZE, PATCH_SAMPLES, PATCH_SIZE};
use nodulens::model::NetworkKind;
use nodulens::on_burn;
use nodulens::patch::{Patch, SizePolicy};
use nodulens::phantom;
use nodulens::preprocess::{display_bytes, model_values, view};
use nodulens::weights::{Card, Head, Parameter, Parameters, WeightsHeader, write_weights};
use nodulens_imaging::decode::decode_raster;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Single against double precision over up to 9,216 products a unit.
const TOLERANCE: f64 = 1e-4;

/// A layer's name, and how many inputs each of its outputs has.
type Layers = &'static [(&'static str, u32)];

const COMPACT: Layers = &[
    ("conv1", 9),
    ("conv2", 144),
    ("conv3", 144),
    ("conv4", 288),
    ("conv5", 432),
    ("conv6", 576),
    ("conv7", 1024),
    ("fc", 128),
];
const CONTEXT: Layers = &[
    ("conv1", 9),
    ("conv2", 144),
    ("conv3", 144),
    ("conv4", 288),
    ("conv5", 432),
    ("conv6", 576),
    ("conv7", 1024),
    ("conv8", 160),
    ("fc", 32),
    ("context1", 9),
    ("context2", 72),
    ("context3", 144),
    ("context4", 144),
    ("context5", 288),
    ("context6", 288),
    ("context7", 512),
    ("joint", 256),
    ("joint-fc", 32),
];
const PAPER: Layers = &[("conv1", 25), ("conv2", 800), ("conv3", 576), ("fc1", 9216), ("fc2", 512)];

/// What the page offers: `www/models/models.json`.
#[derive(Deserialize)]
struct Offered {
    id: String,
    file: String,
}

#[derive(Deserialize)]
struct Golden {
    hashed: Hashed,
    /// Absent where no weights ship yet.
    shipped: Option<Shipped>,
}

#[derive(Deserialize)]
struct Hashed {
    patches: usize,
    logits: Vec<[f64; 2]>,
    /// Of canvases of each input two by two, where the network looks at surroundings.
    in_context: Option<Vec<[f64; 2]>>,
}

#[derive(Deserialize)]
struct Shipped {
    weights_sha256: String,
    files: Vec<String>,
    logits: Vec<[f64; 2]>,
    in_context: Option<Vec<[f64; 2]>>,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn golden(network: &str) -> Golden {
    let bytes = std::fs::read(root().join(format!("tests/golden/{network}.json"))).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn worst(ours: &[[f32; 2]], golden: &[[f64; 2]]) -> f64 {
    assert_eq!(ours.len(), golden.len());
    ours.iter()
        .flatten()
        .zip(golden.iter().flatten())
        .map(|(ours, golden)| (f64::from(*ours) - golden).abs())
        .fold(0.0, f64::max)
}

/// SplitMix64 of `(stream << 32) + i`, as in the reference: multiples of 2^-24 in [0, 1).
fn hashed(stream: u64, count: usize) -> impl Iterator<Item = f64> {
    (1..=count as u64).map(move |i| {
        let mut z = ((stream << 32) + i).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 40) as f64 / (1u64 << 24) as f64
    })
}

/// Every parameter from the hash, in the reference's order (weight before bias).
fn hashed_parameters(kind: NetworkKind, layers: Layers) -> Parameters {
    let parameter = |(name, shape): (String, Vec<usize>)| {
        let (of, part) = name.split_once('.').unwrap();
        let layer = layers.iter().position(|(name, _)| of == *name).unwrap();
        let stream = 2 * layer as u64 + u64::from(part == "bias");
        let bound = (6.0 / f64::from(layers[layer].1)).sqrt();
        let values = hashed(stream, shape.iter().product())
            .map(|value| f16::from_f32(((2.0 * value - 1.0) * bound) as f32).to_f32())
            .collect();
        (name, Parameter { shape, values })
    };
    kind.parameter_shapes().into_iter().map(parameter).collect()
}

fn hashed_weights_give_the_references_logits(kind: NetworkKind, layers: Layers) {
    let golden = golden(kind.name()).hashed;
    // Through the file and back: half precision loses nothing that is in half precision already.
    let header = WeightsHeader::uncalibrated(kind, Card::default());
    let bytes = write_weights(&header, &hashed_parameters(kind, layers)).unwrap();
    let values: Vec<f32> = hashed(100, golden.patches * 2500).map(|value| value as f32).collect();
    for classifier in [Classifier::on_engine(&bytes), on_burn::classifier(&bytes, &Device::flex())]
    {
        let classifier = classifier.unwrap();
        let logits = pollster::block_on(classifier.logits(values.clone())).unwrap();
        let worst = worst(logits.as_chunks::<2>().0, &golden.logits);
        let (name, engine) = (kind.name(), classifier.engine());
        println!("{name}, hashed weights, {engine}: {worst:.2e} from NumPy, of {TOLERANCE:.0e}");
        assert!(worst <= TOLERANCE, "{worst}");
        assert_eq!(golden.in_context.is_some(), kind.context().is_some(), "{name}: make golden");
        if let Some(golden) = &golden.in_context {
            in_context(&classifier, &values, golden);
        }
    }
}

/// Compare the logits of canvases, each of an input two by two.
fn in_context(classifier: &Classifier, values: &[f32], golden: &[[f64; 2]]) {
    let views = values.chunks_exact(PATCH_SAMPLES).flat_map(|patch| {
        let pixel = |at: usize| {
            patch[at / CONTEXT_SIZE % PATCH_SIZE * PATCH_SIZE + at % CONTEXT_SIZE % PATCH_SIZE]
        };
        view(&(0..CONTEXT_SIZE * CONTEXT_SIZE).map(pixel).collect::<Vec<f32>>())
    });
    let found = pollster::block_on(classifier.classify_views(views.collect())).unwrap();
    assert!(found.iter().all(|answer| answer.head == Head::Context));
    let logits: Vec<[f32; 2]> = found.iter().map(|answer| answer.logits).collect();
    let worst = worst(&logits, golden);
    println!("{} in context: {worst:.2e} from NumPy", classifier.engine());
    assert!(worst <= TOLERANCE, "in context {worst}");
}

#[test]
fn the_compact_network_is_the_references() {
    hashed_weights_give_the_references_logits(NetworkKind::Compact, COMPACT);
}

#[test]
fn the_context_network_is_the_references() {
    hashed_weights_give_the_references_logits(NetworkKind::Context, CONTEXT);
}

#[test]
fn the_papers_network_is_the_references() {
    hashed_weights_give_the_references_logits(NetworkKind::Paper, PAPER);
}

#[test]
fn shipped_weights_give_the_references_logits() {
    let offered = std::fs::read(root().join("www/models/models.json")).unwrap();
    let offered: Vec<Offered> = serde_json::from_slice(&offered).unwrap();
    assert!(!offered.is_empty());
    for model in offered {
        shipped_weights(&model);
    }
}

fn shipped_weights(model: &Offered) {
    let bytes = std::fs::read(root().join("www/models").join(&model.file)).unwrap();
    for classifier in [Classifier::on_engine(&bytes), on_burn::classifier(&bytes, &Device::flex())]
    {
        gives_the_golden_numbers(&classifier.unwrap(), &model.id);
    }
}

fn gives_the_golden_numbers(classifier: &Classifier, name: &str) {
    let golden = golden(name).shipped.expect("run `make golden`");
    assert_eq!(classifier.kind().name(), name, "the id is the network's name");
    assert_eq!(
        classifier.sha256(),
        golden.weights_sha256,
        "{name}: other weights than the golden numbers were made from: run `make golden`"
    );
    let patches: Vec<Patch> = golden.files.iter().map(|name| fixture(name)).collect();
    let predictions = pollster::block_on(classifier.classify(&patches)).unwrap();
    let logits: Vec<[f32; 2]> = predictions.iter().map(|prediction| prediction.logits).collect();
    let worst = worst(&logits, &golden.logits);
    let engine = classifier.engine();
    println!("{name} on {engine}: worst difference to NumPy {worst:.2e} of {TOLERANCE:.0e}");
    assert!(worst <= TOLERANCE, "{worst}");
    if let Some(golden) = &golden.in_context {
        let values: Vec<f32> = patches.iter().flat_map(model_values).collect();
        in_context(classifier, &values, golden);
    }
    // Alone and in a batch, a patch has the same answer.
    let alone = pollster::block_on(classifier.classify(&patches[..1])).unwrap();
    let difference = (alone[0].probability - predictions[0].probability).abs();
    assert!(difference <= 1e-5, "{difference}");
    assert!(pollster::block_on(classifier.classify(&[])).unwrap().is_empty());
}

fn fixture(name: &str) -> Patch {
    let path = root().join("tests/fixtures/phantoms").join(name);
    let image = decode_raster(&std::fs::read(path).unwrap()).unwrap();
    Patch::from_image(&image, SizePolicy::Refuse).unwrap()
}

#[test]
fn fixtures_are_what_the_generator_makes_now() {
    for phantom in phantom::patches(1, 8) {
        let file = model_values(&fixture(&format!("{}.png", phantom.seed)));
        assert_eq!(display_bytes(&file), display_bytes(&model_values(&phantom.patch)));
    }
}

/// On real crops, where they are: the decoder and the crop rule, against the published files.
#[test]
fn real_crops_are_read_as_patches() {
    let data = std::env::var_os("NODULENS_DATA")
        .map_or_else(|| root().join("../shared/data"), PathBuf::from)
        .join("luna16-patches/crops50");
    if !Path::new(&data).is_dir() {
        println!("skipped: {} is not here (set NODULENS_DATA)", data.display());
        return;
    }
    let (mut read, mut refused) = (0, 0);
    for entry in std::fs::read_dir(&data).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let image = decode_raster(&bytes).unwrap();
        assert!(image.notes.is_empty() && !image.colour && image.bit_depth == 8);
        match Patch::from_image(&image, SizePolicy::Refuse) {
            Ok(_) => read += 1,
            Err(_) => refused += 1,
        }
    }
    // SOURCES.md: one crop of 6,501 is 50 x 47; other selections hold others.
    println!("{read} crops read, {refused} refused for their size");
    assert!(read > 0 && refused * 100 <= read);
}
