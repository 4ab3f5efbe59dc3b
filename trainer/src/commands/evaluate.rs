//! `cargo trainer evaluate`

use crate::dataset::{Dataset, Part};
use crate::device::{self, DeviceChoice};
use crate::report::{self, Report};
use anyhow::{Context, Result};
use nodulens::classifier::Classifier;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `cargo trainer evaluate`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Weights file, as written by `export`.
    #[arg(long)]
    weights: PathBuf,
    /// Folder with manifest.csv and crops50/.
    #[arg(long)]
    patches: PathBuf,
    /// all, subset-K, a part such as patientwise-valid or paper-test, or a split's name alone
    /// for its validation part.
    #[arg(long)]
    split: Part,
    /// Folder for report.json and predictions.csv.
    #[arg(long)]
    out: PathBuf,
    /// Where to compute.
    #[arg(long, value_enum, default_value = "auto")]
    device: DeviceChoice,
}

/// Measures the weights, writes the report and prints it.
///
/// # Errors
/// Unreadable weights or data, a failing device, a full disk.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let bytes =
        fs::read(&arguments.weights).with_context(|| arguments.weights.display().to_string())?;
    let chosen = device::open(arguments.device)?;
    let classifier = Classifier::load(&bytes, &chosen.device)
        .map_err(|error| anyhow::anyhow!("{error}. {}", error.hint()))
        .with_context(|| arguments.weights.display().to_string())?;
    let dataset = Dataset::load(&arguments.patches, &arguments.split)?;
    for reason in &dataset.skipped {
        eprintln!("Skipped {reason}");
    }
    let predictions = report::predict(&classifier, &dataset)?;
    let labelled = report::labelled(&dataset, &predictions);
    let threshold = f64::from(classifier.header().threshold);
    let report =
        Report::new(&dataset, &labelled, threshold, &arguments.split).of_model(&classifier);
    fs::create_dir_all(&arguments.out)?;
    report::write(&arguments.out, &report, &dataset, &predictions)?;
    println!("{report}");
    Ok(ExitCode::SUCCESS)
}
