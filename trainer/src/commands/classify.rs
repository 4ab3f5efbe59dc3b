//! `nodulens classify`: pictures of one patch each, and places in pictures and scans, by the page's
//! own code.

use super::open::{self, Answering, Opened, Refusal, pictures, wait};
use anyhow::{Context, Result};
use nodulens::classifier::{Classifier, Decision, Prediction};
use nodulens::constants::{CONTEXT_SIZE, LEAST_CONTEXT_SIZE, PATCH_SAMPLES, PATCH_SIZE};
use nodulens::detection::SliceImage;
use nodulens::patch::{Patch, SizePolicy};
use nodulens::preprocess::{lone_view, view};
use nodulens::weights::Head;
use nodulens_imaging::UserError;
use nodulens_imaging::decode::Limits;
use nodulens_imaging::decode::decode_raster;
use nodulens_imaging::decode::import::{Added, Import};
use nodulens_imaging::geometry::{VoxelPoint, WorldMm};
use nodulens_imaging::hash::hex;
use nodulens_imaging::intensity::Grey;
use nodulens_imaging::reformat::slice_number;
use rayon::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `nodulens classify`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Pictures (PNG, JPEG, TIFF, BMP), scans (DICOM, MetaImage, NIfTI, NRRD, zip), folders of them.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Take the middle of images that are larger than a patch, instead of refusing them.
    #[arg(long)]
    center_crop: bool,
    /// Classify the patch around a place: x,y,z in mm (LPS) of a scan, or x,y in pixels of a
    /// picture. May be given several times.
    #[arg(long, value_name = "X,Y[,Z]", value_parser = position, allow_hyphen_values = true, conflicts_with = "center_crop")]
    at: Vec<Position>,
    /// Write the results as JSON here.
    #[arg(long)]
    json: Option<PathBuf>,
    #[command(flatten)]
    answering: Answering,
}

/// Two numbers are pixels, three are mm.
type Position = Vec<f64>;

fn position(text: &str) -> Result<Position, String> {
    let numbers: Result<Vec<f64>, _> = text.split(',').map(|part| part.trim().parse()).collect();
    let numbers = numbers.map_err(|error| format!("{error}: three numbers x,y,z or two x,y"))?;
    let sound = matches!(numbers.len(), 2 | 3) && numbers.iter().all(|number| number.is_finite());
    if sound { Ok(numbers) } else { Err("three numbers x,y,z or two x,y".to_owned()) }
}

/// An answer, as JSON holds it.
#[derive(Serialize)]
#[serde(untagged)]
enum Line {
    Classified {
        file: String,
        sha256: String,
        probability: f32,
        decision: Decision,
        logits: [f32; 2],
        /// Which part of the network answered, and its threshold.
        head: Head,
        threshold: f32,
        /// Where the patch was cut, and how much of it lies beyond the edge.
        #[serde(flatten, skip_serializing_if = "Option::is_none")]
        at: Option<At>,
    },
    Refused {
        file: String,
        error: Refusal,
    },
}

#[derive(Clone, Serialize)]
struct At {
    world_mm: Option<[f64; 3]>,
    voxel: [f64; 3],
    /// As a viewer counts, from 1.
    slice_number: usize,
    padded_px: usize,
    model: String,
}

/// Classify the files and print or write the answers. Exit status 2 tells of a refused file.
///
/// # Errors
/// Unreadable weights, a failing device, a full disk. A refused file is a line of the result.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let classifier = arguments.answering.classifier()?;
    let mut lines = Vec::new();
    if arguments.at.is_empty() {
        whole(&classifier, &arguments.files, arguments.center_crop, &mut lines)?;
    }
    // Group by group: a scan may fill much of the memory.
    for group in open::groups(&arguments.files)?.iter().filter(|_| !arguments.at.is_empty()) {
        for (name, opened) in open::open(group) {
            at_positions(&classifier, &name, &opened, &arguments.at, &mut lines)?;
        }
    }
    if let Some(path) = &arguments.json {
        fs::write(path, serde_json::to_vec_pretty(&lines)?)
            .with_context(|| path.display().to_string())?;
    } else {
        print(&lines, &classifier);
    }
    // The others were classified all the same; the exit status tells that some were not.
    let refused = lines.iter().any(|line| matches!(line, Line::Refused { .. }));
    Ok(if refused { ExitCode::from(2) } else { ExitCode::SUCCESS })
}

/// Patches classified at once.
const BATCH: usize = 96;

/// Classify files that are a patch each, and the pictures of the folders named.
///
/// # Errors
/// A failing device, a folder that cannot be read.
fn whole(
    classifier: &Classifier,
    files: &[PathBuf],
    center_crop: bool,
    lines: &mut Vec<Line>,
) -> Result<()> {
    let files = pictures(files)?;
    let policy = if center_crop { SizePolicy::CenterCrop } else { SizePolicy::Refuse };
    for files in files.chunks(BATCH) {
        let read: Vec<_> = files.par_iter().map(|file| (file, read_patch(file, policy))).collect();
        let patches: Vec<Patch> = read
            .iter()
            .filter_map(|(_, read)| read.as_ref().ok())
            .map(|(_, patch)| patch.clone())
            .collect();
        let mut predictions = wait(classifier.classify(&patches))?.into_iter();
        for (file, read) in read {
            let file = file.display().to_string();
            match read {
                Err(error) => lines.push(Line::Refused { file, error }),
                Ok((sha256, _)) => {
                    let prediction = predictions.next().context("a prediction is missing")?;
                    lines.push(classified(file, sha256, prediction, None));
                }
            }
        }
    }
    Ok(())
}

fn classified(file: String, sha256: String, prediction: Prediction, at: Option<At>) -> Line {
    let Prediction { probability, decision, logits, head, threshold } = prediction;
    Line::Classified { file, sha256, probability, decision, logits, head, threshold, at }
}

fn read_patch(path: &Path, policy: SizePolicy) -> Result<(String, Patch), Refusal> {
    let bytes = fs::read(path).map_err(|error| Refusal::unreadable(&error))?;
    let image = decode_raster(&bytes).map_err(|error| {
        let name = path.display().to_string();
        // A scan that was forgotten to be searched.
        match Import::new(Limits::default()).add(&name, bytes.clone()) {
            Added::Dicom { .. } | Added::Volume { .. } | Added::Header { .. } => Refusal::new(
                "whole-scan",
                "the file is a whole scan, or a part of one",
                "Search it with `nodulens search`, or name places with --at x,y,z in mm.",
            ),
            _ => Refusal::new(error.code(), error.to_string(), error.hint()),
        }
    })?;
    let patch = Patch::from_image(&image, policy)
        .map_err(|error| Refusal::new(error.code(), error.to_string(), error.hint()))?;
    Ok((hex(&Sha256::digest(&bytes)), patch))
}

/// Classify the patches around places of a file.
///
/// # Errors
/// A failing device.
fn at_positions(
    classifier: &Classifier,
    file: &str,
    opened: &Result<Opened, Refusal>,
    positions: &[Position],
    lines: &mut Vec<Line>,
) -> Result<()> {
    for position in positions {
        let file = file.to_owned();
        let cut = match opened {
            Ok(opened) => cut(opened, position),
            Err(refusal) => Err(refusal.clone()),
        };
        match cut {
            Err(error) => lines.push(Line::Refused { file, error }),
            Ok((sha256, values, mut at)) => {
                at.model = classifier.model_id();
                let predictions = wait(classifier.classify_views(values))?;
                let prediction = predictions.first().context("a prediction is missing")?;
                lines.push(classified(file, sha256, *prediction, Some(at)));
            }
        }
    }
    Ok(())
}

/// Cut the patch around a place: the file's hash, the values of the model, where it was cut.
fn cut(opened: &Opened, position: &[f64]) -> Result<(String, Vec<f32>, At), Refusal> {
    let refuse = |message: &str, hint: &str| Err(Refusal::new("place", message, hint));
    match (opened, position) {
        (Opened::Series { series, .. }, [x, y, z]) => {
            if !series.info.placed {
                let hint = "Search it: its findings have a slice and a pixel.";
                return refuse("the scan does not say where it lies in the body", hint);
            }
            let (volume, geometry) = (&series.volume, series.volume.geometry());
            let world = WorldMm { x: *x, y: *y, z: *z };
            let voxel = geometry.voxel_from_world(world);
            // The voxel in which the place lies; what lies in a gap is in none.
            let nearest = VoxelPoint { x: voxel.x.round(), y: voxel.y.round(), z: voxel.z.round() };
            let apart = geometry.world_from_voxel(VoxelPoint { z: nearest.z, ..voxel });
            if !geometry.contains(nearest) || apart.distance(world) > geometry.spacing_mm().z {
                return refuse("the place lies outside the scan", "Give x,y,z in mm, LPS.");
            }
            // As the page answers a click, resampled where it resamples.
            let ([width, height, _], spacing) = (geometry.size(), geometry.spacing_mm());
            let hu = volume.slice(nearest.z as usize);
            let slice = SliceImage::from_hu(&hu, [width, height], [spacing.x, spacing.y]);
            let slice = slice
                .map_err(|error| Refusal::new(error.code(), error.to_string(), error.hint()))?;
            let pixel = [voxel.x, voxel.y];
            let values = slice.view(pixel);
            let at = At {
                world_mm: Some([*x, *y, *z]),
                voxel: [voxel.x, voxel.y, voxel.z],
                slice_number: slice_number(geometry, nearest.z as usize),
                padded_px: slice.beyond(pixel),
                model: String::new(),
            };
            Ok((series.info.sha256.clone(), values, at))
        }
        (Opened::Picture { image, sha256 }, [x, y]) => {
            let at = VoxelPoint { x: *x, y: *y, z: 0.0 };
            let inside = |along: f64, side: usize| along >= 0.0 && along < side as f64;
            if !inside(at.x, image.width) || !inside(at.y, image.height) {
                return refuse("the place lies outside the picture", "Give x,y in pixels.");
            }
            let half = CONTEXT_SIZE as i64 / 2;
            let (left, top) = (at.x.floor() as i64 - half, at.y.floor() as i64 - half);
            // How much of the canvas is known, and of the patch in its middle.
            let (mut known_px, mut padded_px) = (0, 0);
            let margin = (CONTEXT_SIZE - PATCH_SIZE) / 2;
            let inner = margin..margin + PATCH_SIZE;
            let mut canvas = Vec::with_capacity(CONTEXT_SIZE * CONTEXT_SIZE);
            for (y, x) in (0..CONTEXT_SIZE).flat_map(|y| (0..CONTEXT_SIZE).map(move |x| (y, x))) {
                let place = |from: i64, at: usize, side: usize| {
                    usize::try_from(from + at as i64).ok().filter(|place| *place < side)
                };
                let sample = place(left, x, image.width)
                    .zip(place(top, y, image.height))
                    .and_then(|(x, y)| image.samples.get(y * image.width + x).copied());
                known_px += usize::from(sample.is_some());
                let in_patch = inner.contains(&x) && inner.contains(&y);
                padded_px += usize::from(sample.is_none() && in_patch);
                canvas.push(sample.map_or(0.0, |Grey(grey)| grey));
            }
            let view = view(&canvas);
            let enough = known_px >= LEAST_CONTEXT_SIZE * LEAST_CONTEXT_SIZE;
            let values = if enough { view } else { lone_view(&view[..PATCH_SAMPLES]) };
            let voxel = [at.x, at.y, 0.0];
            let model = String::new();
            let at = At { world_mm: None, voxel, slice_number: 1, padded_px, model };
            Ok((sha256.clone(), values, at))
        }
        (Opened::Series { .. }, _) => refuse("a scan has three axes", "Give --at x,y,z in mm."),
        (Opened::Picture { .. }, _) => refuse("a picture has two axes", "Give --at x,y in pixels."),
    }
}

fn print(lines: &[Line], classifier: &Classifier) {
    let [alone, in_context] =
        [Head::Patch, Head::Context].map(|head| classifier.header().operating(head).threshold);
    match classifier.kind().context() {
        None => println!("probability  decision   file   (threshold {alone:.4})"),
        Some(_) => println!(
            "probability  decision   file   (threshold {in_context:.4} with surroundings, {alone:.4} of a \
             patch alone)"
        ),
    }
    for line in lines {
        match line {
            Line::Classified { file, probability, decision, head, at, .. } => {
                let decision = match decision {
                    Decision::Nodule => "nodule",
                    Decision::NoNodule => "no nodule",
                };
                let at = at.as_ref().map_or(String::new(), |at| {
                    let [x, y, z] = at.voxel;
                    format!(" at voxel {x:.1}, {y:.1}, {z:.1}")
                });
                let looks = classifier.kind().context().is_some();
                let alone = if looks && *head == Head::Patch { "  (patch alone)" } else { "" };
                println!("{probability:>11.4}  {decision:<9}  {file}{at}{alone}");
            }
            Line::Refused { file, error } => error.print(file),
        }
    }
}
