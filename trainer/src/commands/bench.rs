//! `nodulens bench-classify` and `bench-scan`: how fast this device classifies and searches; how fast it
//! trains: [`training`]. Each prints one line of JSON.

pub mod training;

use crate::device::{self, DeviceChoice};
use anyhow::{Context, Result, ensure};
use nodulens::constants::{FINDING_DISTANCE_MM, PATCH_SAMPLES, SCAN_STRIDE_PX};
use nodulens::detection::{SliceImage, SliceSearch, VolumeSearch, measured_peaks};
use nodulens::phantom;
use nodulens::preprocess::model_values;
use nodulens_imaging::lungs::lung_mask;
use nodulens_imaging::phantom::thorax::{SYNTHETIC, Thorax};
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// Arguments of `nodulens bench-classify`.
#[derive(clap::Args)]
pub struct ClassifyArguments {
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

/// Time calls on one batch; print the logits of its patches, too, so that another program's can be
/// compared.
///
/// # Errors
/// Unreadable weights or inputs, a failing device.
pub fn classify(arguments: &ClassifyArguments) -> Result<ExitCode> {
    let classifier = device::open(arguments.device)?.load(&arguments.weights)?;
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
    let median = median(&mut times);
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

/// Return the model values of one batch.
fn inputs(arguments: &ClassifyArguments) -> Result<Vec<f32>> {
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

/// Arguments of `nodulens bench-scan`.
#[derive(clap::Args)]
pub struct ScanArguments {
    /// Weights file.
    #[arg(long, default_value = "www/models/compact.nodulens")]
    weights: PathBuf,
    /// Pixels between the places.
    #[arg(long, default_value_t = SCAN_STRIDE_PX)]
    stride: usize,
    /// Search outside the lungs too.
    #[arg(long)]
    no_lung_mask: bool,
    /// Slices of the synthetic volume that are searched, evenly spread over 48; the first is
    /// searched once before, unmeasured.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..=48))]
    slices: u16,
    /// Where to compute; the CPU's threads are set by RAYON_NUM_THREADS.
    #[arg(long, value_enum, default_value = "cpu")]
    device: DeviceChoice,
}

/// Time the search of slices of the example chest, 512 x 512: times in ms.
///
/// # Errors
/// Unreadable weights, a failing device.
pub fn scan(arguments: &ScanArguments) -> Result<ExitCode> {
    let classifier = device::open(arguments.device)?.load(&arguments.weights)?;
    let chest = Thorax::example(1)?;
    let geometry = chest.geometry();
    let [width, height, depth] = geometry.size();
    let mm = [geometry.spacing_mm().x, geometry.spacing_mm().y];
    let count = usize::from(arguments.slices);
    let mut scan = VolumeSearch::new(geometry.clone());
    let (mut drawing, mut masking, mut slices) = (vec![], vec![], vec![]);
    let mut positions = 0;
    for step in 0..=count {
        let z = step.saturating_sub(1) * depth / count;
        let began = Instant::now();
        let hu: Vec<f32> = chest.slice(z).into_iter().map(f32::from).collect();
        let drawn = began.elapsed();
        let began = Instant::now();
        let mask = lung_mask(&hu, width, height, mm);
        let masked = began.elapsed();
        let mask = (!arguments.no_lung_mask).then_some(&mask);
        let image = SliceImage::from_hu(&hu, [width, height], mm)?;
        let slice = SliceSearch::new(image, mask, &classifier, arguments.stride);
        let asked = slice.progress().total;
        let map = pollster::block_on(slice.run(&classifier))?;
        let least = classifier.threshold();
        let peaks = measured_peaks(&map, &hu, [width, height], mm, mask, least);
        let searched = began.elapsed();
        if step > 0 {
            scan.add(&peaks, map.highest());
            positions += asked;
            drawing.push(drawn.as_secs_f64() * 1000.0);
            masking.push(masked.as_secs_f64() * 1000.0);
            slices.push(searched.as_secs_f64() * 1000.0);
        }
    }
    ensure!(!slices.is_empty(), "no slice was searched");
    let findings = scan.findings(FINDING_DISTANCE_MM).len();
    let mean = slices.iter().sum::<f64>() / slices.len() as f64;
    let line = serde_json::json!({
        "scan": SYNTHETIC,
        "model": classifier.model_id(),
        "device": classifier.engine(),
        "size": [width, height],
        "stride_px": arguments.stride,
        "lung_mask": !arguments.no_lung_mask,
        "slices": slices.len(),
        "places_per_slice": positions / slices.len(),
        "draw_ms_median": median(&mut drawing),
        "mask_ms_median": median(&mut masking),
        "slice_ms_median": median(&mut slices),
        "volume_of_48_slices_s": mean * 48.0 / 1000.0,
        "findings": findings,
    });
    println!("{line}");
    Ok(ExitCode::SUCCESS)
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(0.0)
}
