//! Explanations against PyTorch's (`tests/reference/explanations.py`), and what must hold of any.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nodulens::classifier::Classifier;
use nodulens::constants::{PATCH_SAMPLES, PATCH_SIZE};
use nodulens::lab::explain::{
    ExplainError, Explainer, MapWeights, Occlusion, correlation, layers_with_maps, noisy_copies,
    shuffled,
};
use nodulens::model::NetworkKind;
use nodulens::patch::{Patch, SizePolicy};
use nodulens::phantom;
use nodulens::preprocess::model_values;
use nodulens::weights::read_weights;
use nodulens_imaging::decode::decode_raster;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Largest difference, as a share of the map's largest value.
const TOLERANCE: f32 = 1e-4;

#[derive(Deserialize)]
struct Golden {
    files: Vec<String>,
    networks: BTreeMap<String, Maps>,
}

#[derive(Deserialize)]
struct Maps {
    weights_sha256: String,
    gradients: Vec<String>,
    class_activation: BTreeMap<String, String>,
    occlusion: String,
}

fn read(path: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn golden() -> Golden {
    serde_json::from_slice(&read("tests/golden/explanations.json")).unwrap()
}

fn patch(file: &str) -> Vec<f32> {
    let image = decode_raster(&read(&format!("tests/fixtures/phantoms/{file}"))).unwrap();
    model_values(&Patch::from_image(&image, SizePolicy::Refuse).unwrap())
}

fn weights(network: &str) -> Vec<u8> {
    read(&format!("www/models/{network}.nodulens"))
}

fn unpacked(text: &str) -> Vec<f32> {
    let bytes = STANDARD.decode(text).unwrap();
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
}

/// Differences as shares of the largest value, the largest first.
fn differences(ours: &[f32], theirs: &[f32]) -> Vec<f32> {
    assert_eq!((ours.len(), theirs.len()), (PATCH_SAMPLES, PATCH_SAMPLES));
    let largest = theirs.iter().fold(0f32, |largest, value| largest.max(value.abs()));
    assert!(largest > 0.0, "a map of nothing");
    let mut differences: Vec<f32> =
        ours.iter().zip(theirs).map(|(a, b)| (a - b).abs() / largest).collect();
    differences.sort_by(|a, b| b.total_cmp(a));
    differences
}

fn apart(ours: &[f32], theirs: &[f32]) -> f32 {
    differences(ours, theirs)[0]
}

/// Where two places of a pooling are equal but for rounding, either may win, and the pixels that
/// the two do not share differ: PyTorch's own single precision differs from its double precision
/// by 0.8 % in 34 pixels of these pictures for the paper's network.
const TIED: usize = 50;

fn occlusion_of(weights: &[u8], patch: &[f32]) -> Vec<f32> {
    let classifier = Classifier::on_engine(weights).unwrap();
    let mut occlusion = Occlusion::new(patch, classifier.header().temperature).unwrap();
    loop {
        let values = occlusion.next(97);
        if values.is_empty() {
            return occlusion.map();
        }
        occlusion.take(&pollster::block_on(classifier.logits(values)).unwrap());
    }
}

#[test]
fn every_map_is_pytorchs() {
    let Golden { files, networks } = golden();
    assert_eq!(networks.len(), 2);
    for (network, maps) in networks {
        let opened = read_weights(&weights(&network)).unwrap();
        assert_eq!(opened.sha256, maps.weights_sha256, "{network}: make golden");
        let explainer = Explainer::new(&opened).unwrap();
        for (file, gradient) in files.iter().zip(&maps.gradients) {
            let ours = explainer.gradient(&patch(file)).unwrap();
            let apart = differences(&ours, &unpacked(gradient));
            let tied = apart.iter().take_while(|apart| **apart >= TOLERANCE).count();
            println!("{network} {file}: gradient {:.1e}, in {tied} pixels more", apart[tied]);
            assert!(tied <= TIED && apart[0] < 0.02, "{network} {file}: {tied}, {}", apart[0]);
        }
        for (name, map) in &maps.class_activation {
            let (layer, weights) = match name.strip_suffix(" by place") {
                Some(layer) => (layer, MapWeights::Place),
                None => (name.as_str(), MapWeights::Mean),
            };
            let ours = explainer.class_activation(&patch(&files[0]), layer, weights).unwrap();
            let apart = apart(&ours, &unpacked(map));
            println!("{network} {name}: Grad-CAM {apart:.1e}");
            assert!(apart < TOLERANCE, "{network} {name}: Grad-CAM differs by {apart}");
        }
        let ours = occlusion_of(&weights(&network), &patch(&files[0]));
        let apart = apart(&ours, &unpacked(&maps.occlusion));
        println!("{network}: occlusion {apart:.1e}");
        assert!(apart < TOLERANCE, "{network}: occlusion differs by {apart}");
    }
}

#[test]
fn smooth_gradients_are_the_mean_over_noisy_copies() {
    let opened = read_weights(&weights("compact")).unwrap();
    let explainer = Explainer::new(&opened).unwrap();
    let patch = patch("1.png");
    let copies = noisy_copies(&patch, 5);
    let mut mean = vec![0.0; PATCH_SAMPLES];
    for copy in &copies {
        for (mean, value) in mean.iter_mut().zip(explainer.gradient(copy).unwrap()) {
            *mean += value / copies.len() as f32;
        }
    }
    let smooth = explainer.smooth_gradient(&patch, 5).unwrap();
    assert!(apart(&smooth, &mean) < TOLERANCE);
    // And it is another map than without noise.
    assert!(apart(&smooth, &explainer.gradient(&patch).unwrap()) > 0.1);
}

/// Which weights of Grad-CAM the page begins with: docs/learn.md has these figures.
#[test]
fn the_map_that_the_page_begins_with_is_the_one_that_agrees_with_occlusion() {
    for network in ["compact", "paper"] {
        let file = weights(network);
        let opened = read_weights(&file).unwrap();
        let explainer = Explainer::new(&opened).unwrap();
        let (_, layer, best) = layers_with_maps(opened.kind);
        let nodules = phantom::patches(50, 24).into_iter().filter(|phantom| phantom.nodule);
        let patches = nodules.map(|phantom| model_values(&phantom.patch));
        let nodules: Vec<_> = patches.map(|patch| (occlusion_of(&file, &patch), patch)).collect();
        let mean = |weights: MapWeights| {
            let alike = nodules.iter().map(|(covered, patch)| {
                let map = explainer.class_activation(patch, layer, weights).unwrap();
                correlation(&map, covered)
            });
            alike.sum::<f32>() / nodules.len() as f32
        };
        let (by_mean, by_place) = (mean(MapWeights::Mean), mean(MapWeights::Place));
        println!(
            "{network} {layer}, {} nodules: mean {by_mean:.2}, by place {by_place:.2}",
            nodules.len()
        );
        let chosen = if best == MapWeights::Mean { by_mean } else { by_place };
        assert!(chosen > 0.4 && chosen >= by_mean.max(by_place), "{network}: {by_mean} {by_place}");
    }
}

/// The sanity check of Adebayo et al.: with random weights every method gives another map.
#[test]
fn random_weights_give_other_maps() {
    for network in ["compact", "paper"] {
        let opened = read_weights(&weights(network)).unwrap();
        let other = shuffled(&opened, 1);
        assert_eq!(other.parameters.iter().len(), opened.parameters.iter().len());
        let (real, random) = (Explainer::new(&opened).unwrap(), Explainer::new(&other).unwrap());
        let patch = patch("1.png");
        let (_, best, weights) = layers_with_maps(opened.kind);
        for (method, a, b) in [
            ("gradient", real.gradient(&patch).unwrap(), random.gradient(&patch).unwrap()),
            (
                "SmoothGrad",
                real.smooth_gradient(&patch, 1).unwrap(),
                random.smooth_gradient(&patch, 1).unwrap(),
            ),
            (
                "Grad-CAM",
                real.class_activation(&patch, best, weights).unwrap(),
                random.class_activation(&patch, best, weights).unwrap(),
            ),
        ] {
            let alike = correlation(&a, &b);
            println!("{network} {method}: correlation {alike:.2} with random weights");
            assert!(alike.abs() < 0.7, "{network} {method}: {alike}");
            assert!((correlation(&a, &a) - 1.0).abs() < 1e-5);
        }
    }
}

#[test]
fn what_cannot_be_explained_is_refused() {
    let opened = read_weights(&weights("compact")).unwrap();
    let explainer = Explainer::new(&opened).unwrap();
    assert_eq!(explainer.gradient(&[0.5; 7]), Err(ExplainError::Size(7)));
    assert_eq!(Occlusion::new(&[], 1.0).unwrap_err(), ExplainError::Size(0));
    let patch = patch("1.png");
    for layer in ["conv9", "fc", "conv7", ""] {
        let refused = explainer.class_activation(&patch, layer, MapWeights::Mean).unwrap_err();
        assert!(matches!(refused, ExplainError::Layer(_)), "{layer}");
    }
    for kind in NetworkKind::ALL {
        let (layers, best, _) = layers_with_maps(kind);
        assert!(layers.contains(&best), "{kind:?}: {layers:?}");
    }
    assert_eq!(PATCH_SIZE * PATCH_SIZE, PATCH_SAMPLES);
}
