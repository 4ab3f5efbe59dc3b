//! `cargo trainer classify`: image files of patches, by the page's own code.

use crate::device::{self, DeviceChoice};
use anyhow::{Context, Result};
use nodulens::classifier::{Classifier, Decision};
use nodulens::decode::decode_raster;
use nodulens::patch::{Patch, SizePolicy};
use nodulens::weights::hex;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Patches classified at once.
const BATCH: usize = 96;

/// Arguments of `cargo trainer classify`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Image files (PNG, JPEG, TIFF, BMP).
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Weights file.
    #[arg(long, default_value = "www/models/paper.nodulens")]
    weights: PathBuf,
    /// Take the middle of images that are larger than a patch, instead of refusing them.
    #[arg(long)]
    center_crop: bool,
    /// Write the results as JSON here.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Where to compute.
    #[arg(long, value_enum, default_value = "auto")]
    device: DeviceChoice,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Line {
    Classified {
        file: String,
        sha256: String,
        probability: f32,
        decision: Decision,
        logits: [f32; 2],
    },
    Refused {
        file: String,
        error: Refusal,
    },
}

#[derive(Serialize)]
struct Refusal {
    code: &'static str,
    message: String,
    hint: &'static str,
}

/// Classifies the files and prints or writes the answers. Exit status 2 tells of a refused file.
///
/// # Errors
/// Unreadable weights, a failing device, a full disk. A refused image is a line of the result.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let weights =
        fs::read(&arguments.weights).with_context(|| arguments.weights.display().to_string())?;
    let device = device::open(arguments.device)?.device;
    let classifier = Classifier::load(&weights, &device)
        .map_err(|error| anyhow::anyhow!("{error}. {}", error.hint()))?;
    let policy = if arguments.center_crop { SizePolicy::CenterCrop } else { SizePolicy::Refuse };
    let mut lines = Vec::with_capacity(arguments.files.len());
    for files in arguments.files.chunks(BATCH) {
        classify(&classifier, files, policy, &mut lines)?;
    }
    let refused = lines.iter().filter(|line| matches!(line, Line::Refused { .. })).count();
    if let Some(path) = &arguments.json {
        fs::write(path, serde_json::to_vec_pretty(&lines)?)
            .with_context(|| path.display().to_string())?;
    } else {
        print(&lines, classifier.header().threshold);
    }
    // The others were classified all the same; the exit status tells that some were not.
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

fn classify(
    classifier: &Classifier,
    files: &[PathBuf],
    policy: SizePolicy,
    lines: &mut Vec<Line>,
) -> Result<()> {
    let read: Vec<_> = files.iter().map(|file| (file, read_patch(file, policy))).collect();
    let patches: Vec<Patch> =
        read.iter().filter_map(|(_, read)| read.as_ref().ok()).map(|(_, p)| p.clone()).collect();
    let mut predictions = pollster::block_on(classifier.classify(&patches))?.into_iter();
    for (file, read) in read {
        let file = file.display().to_string();
        match read {
            Err(error) => lines.push(Line::Refused { file, error }),
            Ok((sha256, _)) => {
                let prediction = predictions.next().context("a prediction is missing")?;
                let (probability, decision) = (prediction.probability, prediction.decision);
                let logits = prediction.logits;
                lines.push(Line::Classified { file, sha256, probability, decision, logits });
            }
        }
    }
    Ok(())
}

fn read_patch(path: &Path, policy: SizePolicy) -> Result<(String, Patch), Refusal> {
    let bytes = fs::read(path).map_err(|error| Refusal {
        code: "unreadable",
        message: error.to_string(),
        hint: "Check the path and the permissions.",
    })?;
    let image = decode_raster(&bytes).map_err(|error| Refusal {
        code: error.code(),
        message: error.to_string(),
        hint: error.hint(),
    })?;
    let patch = Patch::from_image(&image, policy).map_err(|error| Refusal {
        code: error.code(),
        message: error.to_string(),
        hint: error.hint(),
    })?;
    Ok((hex(&Sha256::digest(&bytes)), patch))
}

fn print(lines: &[Line], threshold: f32) {
    println!("probability  decision   file   (threshold {threshold:.4})");
    for line in lines {
        match line {
            Line::Classified { file, probability, decision, .. } => {
                let decision = match decision {
                    Decision::Nodule => "nodule",
                    Decision::NoNodule => "no nodule",
                };
                println!("{probability:>11.4}  {decision:<9}  {file}");
            }
            Line::Refused { file, error } => {
                println!("          -  refused    {file}: {}. {}", error.message, error.hint);
            }
        }
    }
}
