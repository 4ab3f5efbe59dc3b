//! `cargo trainer bench-scan`: how long a slice and a volume take to search.

use crate::device::{self, DeviceChoice};
use anyhow::{Context, Result, ensure};
use clap::Args;
use nodulens::detection::{SliceImage, SliceSearch, VolumeSearch, measured_peaks};
use nodulens::method::{FINDING_DISTANCE_MM, SCAN_STRIDE_PX};
use nodulens_imaging::lungs::lung_mask;
use nodulens_imaging::phantom::thorax::{SYNTHETIC, Thorax};
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// Arguments of `cargo trainer bench-scan`.
#[derive(Args)]
pub struct Arguments {
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

/// Searches slices of the example chest, 512 x 512, and prints one line of JSON: times in ms.
///
/// # Errors
/// Unreadable weights, a failing device.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let bytes =
        fs::read(&arguments.weights).with_context(|| arguments.weights.display().to_string())?;
    let chosen = device::open(arguments.device)?;
    let classifier = chosen.classifier(&bytes)?;
    let chest = Thorax::example(1)?;
    let geometry = chest.geometry();
    let [width, height, depth] = geometry.size();
    let mm = [geometry.spacing_mm().x, geometry.spacing_mm().y];
    let count = usize::from(arguments.slices);
    let mut scan = VolumeSearch::new(geometry.clone());
    let (mut drawing, mut masking, mut slices) = (vec![], vec![], vec![]);
    let mut places = 0;
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
        let least = classifier.header().threshold;
        let peaks = measured_peaks(&map, &hu, [width, height], mm, mask, least);
        let searched = began.elapsed();
        if step > 0 {
            scan.add(&peaks, map.highest());
            places += asked;
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
        "places_per_slice": places / slices.len(),
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
