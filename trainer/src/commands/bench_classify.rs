//! `cargo trainer bench-classify`: how many patches a second are classified.

use crate::device::{self, DeviceChoice};
use anyhow::{Context, Result, ensure};
use clap::Args;
use nodulens::method::PATCH_SAMPLES;
use nodulens::phantom;
use nodulens::preprocess::model_values;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// Arguments of `cargo trainer bench-classify`.
#[derive(Args)]
pub struct Arguments {
    /// Weights file.
    #[arg(long, default_value = "www/models/compact.nodulens")]
    weights: PathBuf,
    /// Patches in a call.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..))]
    batch: u16,
    /// Calls that are timed.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Calls before, which are not.
    #[arg(long, default_value_t = 3)]
    warmup: u16,
    /// Model values to classify instead of synthetic patches: little-endian single precision in
    /// [0, 1], 2,500 a patch, at least a batch of them.
    #[arg(long)]
    inputs: Option<PathBuf>,
    /// Where to compute; the CPU's threads are set by RAYON_NUM_THREADS.
    #[arg(long, value_enum, default_value = "cpu")]
    device: DeviceChoice,
}

/// Times calls on one batch and prints one line of JSON, with the logits of its patches, so that
/// another program's can be compared.
///
/// # Errors
/// Unreadable weights or inputs, a failing device.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let path = &arguments.weights;
    let bytes = fs::read(path).with_context(|| path.display().to_string())?;
    let chosen = device::open(arguments.device)?;
    let classifier = chosen.classifier(&bytes)?;
    let values = inputs(arguments)?;
    let mut logits = Vec::new();
    let mut times = Vec::new();
    for call in 0..arguments.warmup + arguments.rounds {
        let given = values.clone();
        let began = Instant::now();
        let predictions = pollster::block_on(classifier.classify_values(given))?;
        if call >= arguments.warmup {
            times.push(began.elapsed().as_secs_f64() * 1000.0);
        }
        logits = predictions.iter().map(|prediction| prediction.logits).collect();
    }
    times.sort_by(f64::total_cmp);
    let median = times.get(times.len() / 2).copied().unwrap_or(f64::NAN);
    let line = serde_json::json!({
        "model": classifier.model_id(),
        "device": format!("{}, {} threads", classifier.engine(), rayon::current_num_threads()),
        "batch": arguments.batch,
        "rounds": times.len(),
        "ms_median": median,
        "ms_range": [times.first(), times.last()],
        "patches_per_second": f64::from(arguments.batch) * 1000.0 / median,
        "logits": logits,
    });
    println!("{line}");
    Ok(ExitCode::SUCCESS)
}

/// Model values of one batch.
fn inputs(arguments: &Arguments) -> Result<Vec<f32>> {
    let patches = usize::from(arguments.batch);
    let Some(path) = &arguments.inputs else {
        let phantoms = phantom::patches(0, patches);
        return Ok(phantoms.iter().flat_map(|phantom| model_values(&phantom.patch)).collect());
    };
    let bytes = fs::read(path).with_context(|| path.display().to_string())?;
    let (numbers, rest) = bytes.as_chunks::<4>();
    let mut values: Vec<f32> = numbers.iter().map(|number| f32::from_le_bytes(*number)).collect();
    let whole = rest.is_empty() && values.len() >= patches * PATCH_SAMPLES;
    ensure!(whole, "{}: not {patches} patches of {PATCH_SAMPLES} values", path.display());
    values.truncate(patches * PATCH_SAMPLES);
    Ok(values)
}
