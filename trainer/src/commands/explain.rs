//! `nodulens explain`: what the page shows of one answer, as JSON.

use crate::files::write_whole;
use anyhow::{Context, Result, anyhow};
use nodulens::classifier::Classifier;
use nodulens::lab::explain::{Explainer, Map, MapWeights, Occlusion, layers_with_maps};
use nodulens::lab::inside::{Inside, Traced};
use nodulens::patch::{Patch, SizePolicy};
use nodulens::preprocess::model_values;
use nodulens::weights::{Head, read_weights};
use nodulens_imaging::UserError;
use nodulens_imaging::decode::decode_raster;
use serde::Serialize;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

/// Covered patches that are asked for at once.
const BATCH: usize = 128;
/// Of SmoothGrad's noise: what the page takes, too.
const NOISE_SEED: u64 = 1;

/// Arguments of `nodulens explain`.
#[derive(clap::Args)]
pub struct Arguments {
    /// A .nodulens file.
    #[arg(long)]
    weights: PathBuf,
    /// A picture of a patch; of a larger one the centre is taken.
    #[arg(long)]
    patch: PathBuf,
    /// File to write: .json.
    #[arg(long)]
    out: PathBuf,
    /// Layer of Grad-CAM; the last convolution without it.
    #[arg(long)]
    layer: Option<String>,
}

/// Everything, in the order in which a patch goes through the network.
#[derive(Serialize)]
struct Explained {
    weights_sha256: String,
    /// Probability of a nodule.
    probability: f32,
    /// Logits: no nodule, nodule.
    logits: [f32; 2],
    /// The input, then every layer: name, shape, values.
    layers: Vec<Traced>,
    /// A number a pixel, row-major; positive where it speaks for a nodule.
    maps: Maps,
}

#[derive(Serialize)]
struct Maps {
    occlusion: Map,
    class_activation: Map,
    class_activation_layer: String,
    class_activation_weights: MapWeights,
    gradient: Map,
    smooth_gradient: Map,
}

/// Write activations and explanations of one patch.
///
/// # Errors
/// Weights or a picture that cannot be read, a layer without maps, a full disk.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let place = || arguments.weights.display().to_string();
    let bytes = fs::read(&arguments.weights).with_context(place)?;
    let refused = |error: nodulens::weights::WeightsError| anyhow!("{error}. {}", error.hint());
    let opened = read_weights(&bytes).map_err(refused).with_context(place)?;
    let classifier = Classifier::on_engine(&bytes).map_err(refused).with_context(place)?;
    let explainer = Explainer::new(&opened).map_err(refused).with_context(place)?;

    let picture = || arguments.patch.display().to_string();
    let image = decode_raster(&fs::read(&arguments.patch).with_context(picture)?)
        .map_err(|error| anyhow!("{error}. {}", error.hint()))
        .with_context(picture)?;
    let patch = Patch::from_image(&image, SizePolicy::CenterCrop)
        .map_err(|error| anyhow!("{error}. {}", error.hint()))
        .with_context(picture)?;
    let values = model_values(&patch);

    let predictions = pollster::block_on(classifier.classify_values(values.clone()))?;
    let prediction = predictions.first().context("the network gave no answer")?;
    let (_, best, weights) = layers_with_maps(opened.kind, Head::Patch);
    let layer = arguments.layer.as_deref().unwrap_or(best);
    let explained = Explained {
        weights_sha256: opened.sha256.clone(),
        probability: prediction.probability,
        logits: prediction.logits,
        layers: Inside::new(&opened, Head::Patch)?.trace(&values)?.layers,
        maps: Maps {
            occlusion: occlusion(&classifier, &values)?,
            class_activation: explainer.class_activation(&values, layer, weights)?,
            class_activation_layer: layer.to_owned(),
            class_activation_weights: weights,
            gradient: explainer.gradient(&values)?,
            smooth_gradient: explainer.smooth_gradient(&values, NOISE_SEED)?,
        },
    };
    write_whole(&arguments.out, &serde_json::to_vec(&explained)?)?;
    println!(
        "{}: probability {:.4}; {} layers and 4 maps in {}",
        arguments.patch.display(),
        explained.probability,
        explained.layers.len(),
        arguments.out.display()
    );
    Ok(ExitCode::SUCCESS)
}

fn occlusion(classifier: &Classifier, values: &[f32]) -> Result<Map> {
    let mut occlusion = Occlusion::new(values, classifier.header().temperature)?;
    loop {
        let covered = occlusion.next(BATCH);
        if covered.is_empty() {
            return Ok(occlusion.map());
        }
        occlusion.take(&pollster::block_on(classifier.logits(covered))?);
    }
}
