//! `cargo trainer classify`: patches, places in scans, whole scans, by the page's own code.

mod open;
mod patches;
mod search;

use crate::device::{self, DeviceChoice};
use anyhow::{Context, Result, bail};
use nodulens::classifier::{Classifier, Decision};
use nodulens::findings::{Report, SrSource, csv, html, structured_report};
use nodulens::method::SCAN_STRIDE_PX;
use nodulens_imaging::UserError;
use open::{Opened, Refusal};
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `cargo trainer classify`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Pictures (PNG, JPEG, TIFF, BMP), scans (DICOM, MetaImage, NIfTI, NRRD, zip), folders of them.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Weights file.
    #[arg(long, default_value = "www/models/paper.nodulens")]
    weights: PathBuf,
    /// Take the weights that ship for this network instead: compact or paper.
    #[arg(long, conflicts_with = "weights")]
    network: Option<String>,
    /// Take the middle of images that are larger than a patch, instead of refusing them.
    #[arg(long)]
    center_crop: bool,
    /// Search whole scans and pictures, and list what was found.
    #[arg(long, conflicts_with_all = ["center_crop", "at"])]
    scan: bool,
    /// Classify the patch around a place: x,y,z in mm (LPS) of a scan, or x,y in pixels of a
    /// picture. May be given several times.
    #[arg(long, value_name = "X,Y[,Z]", value_parser = place, allow_hyphen_values = true, conflicts_with = "center_crop")]
    at: Vec<Place>,
    /// Pixels between the places of a search.
    #[arg(long, default_value_t = SCAN_STRIDE_PX, requires = "scan", value_parser = stride)]
    stride: usize,
    /// Search outside the lungs too.
    #[arg(long, requires = "scan")]
    no_lung_mask: bool,
    /// List places of at least this probability; without it, the threshold of the weights.
    #[arg(long, requires = "scan", value_parser = probability)]
    min_probability: Option<f32>,
    /// Write the results as JSON here.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Write the findings as CSV here, as `cargo trainer froc` reads them.
    #[arg(long, requires = "scan")]
    csv: Option<PathBuf>,
    /// Write a page for each scan into this folder.
    #[arg(long, requires = "scan")]
    html: Option<PathBuf>,
    /// Write a DICOM structured report (TID 1500) of each DICOM series into this folder.
    #[arg(long, requires = "scan")]
    sr: Option<PathBuf>,
    /// Write the heat maps of slices with findings into this folder, as PNG.
    #[arg(long, requires = "scan")]
    heat_maps: Option<PathBuf>,
    /// Where to compute.
    #[arg(long, value_enum, default_value = "auto")]
    device: DeviceChoice,
}

/// Two numbers are pixels, three are mm.
type Place = Vec<f64>;

fn place(text: &str) -> Result<Place, String> {
    let numbers: Result<Vec<f64>, _> = text.split(',').map(|part| part.trim().parse()).collect();
    let numbers = numbers.map_err(|error| format!("{error}: three numbers x,y,z or two x,y"))?;
    let sound = matches!(numbers.len(), 2 | 3) && numbers.iter().all(|number| number.is_finite());
    if sound { Ok(numbers) } else { Err("three numbers x,y,z or two x,y".to_owned()) }
}

fn stride(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|stride| (1..=64).contains(stride))
        .ok_or_else(|| "a whole number from 1 to 64".to_owned())
}

fn probability(text: &str) -> Result<f32, String> {
    let number = text.parse().ok().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| "a number from 0 to 1".to_owned())
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
        /// Where the patch was cut, and how much of it lies beyond the edge.
        #[serde(flatten, skip_serializing_if = "Option::is_none")]
        at: Option<At>,
    },
    Searched {
        file: String,
        #[serde(flatten)]
        report: Box<Report>,
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
    padded_px: usize,
    model: String,
}

/// Classifies the files and prints or writes the answers. Exit status 2 tells of a refused file.
///
/// # Errors
/// Unreadable weights, a failing device, a full disk. A refused file is a line of the result.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let path = match &arguments.network {
        Some(name) => PathBuf::from(format!("www/models/{name}.nodulens")),
        None => arguments.weights.clone(),
    };
    let weights = fs::read(&path).with_context(|| path.display().to_string())?;
    let classifier = device::open(arguments.device)?
        .classifier(&weights)
        .map_err(|error| anyhow::anyhow!("{error}. {}", error.hint()))?;
    for folder in [&arguments.html, &arguments.heat_maps, &arguments.sr].into_iter().flatten() {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let mut lines = Vec::new();
    if arguments.scan || !arguments.at.is_empty() {
        // Group by group: a scan may fill much of the memory.
        for group in open::groups(&arguments.files)? {
            for (name, opened) in open::open(&group) {
                if arguments.scan {
                    lines.push(scanned(arguments, &classifier, name, opened)?);
                } else {
                    patches::at(&classifier, &name, &opened, &arguments.at, &mut lines)?;
                }
            }
        }
    } else {
        patches::whole(&classifier, &arguments.files, arguments.center_crop, &mut lines)?;
    }
    let refused = lines.iter().filter(|line| matches!(line, Line::Refused { .. })).count();
    if let Some(path) = &arguments.csv {
        let reports: Vec<&Report> = lines.iter().filter_map(Line::report).collect();
        fs::write(path, csv(&reports)).with_context(|| path.display().to_string())?;
    }
    if let Some(path) = &arguments.json {
        fs::write(path, serde_json::to_vec_pretty(&lines)?)
            .with_context(|| path.display().to_string())?;
    } else if arguments.csv.is_none() {
        print(&lines, classifier.header().threshold);
    }
    // The others were classified all the same; the exit status tells that some were not.
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

impl Line {
    fn report(&self) -> Option<&Report> {
        match self {
            Self::Searched { report, .. } => Some(report),
            _ => None,
        }
    }
}

/// Searches what a file holds and writes its page and pictures.
fn scanned(
    arguments: &Arguments,
    classifier: &Classifier,
    file: String,
    opened: Result<Opened, Refusal>,
) -> Result<Line> {
    let options = search::Options {
        stride: arguments.stride,
        lung_mask: !arguments.no_lung_mask,
        min_probability: arguments.min_probability.unwrap_or(classifier.header().threshold),
        pictures: arguments.html.is_some() || arguments.heat_maps.is_some(),
    };
    let searched = opened.and_then(|opened| {
        let searched = search::search(classifier, &opened, &options)?;
        Ok((opened, searched))
    });
    let (opened, searched) = match searched {
        Ok(both) => both,
        Err(error) => return Ok(Line::Refused { file, error }),
    };
    // A series UID has dots, so it is no file name with an extension.
    let stem = match &opened {
        Opened::Series { title, .. } => title.clone(),
        Opened::Picture { .. } => {
            let stem = Path::new(&file).file_stem().context("a file without a name")?;
            stem.to_string_lossy().into_owned()
        }
    };
    if let (Some(folder), Opened::Series { source: Some(source), .. }) = (&arguments.sr, opened) {
        let bytes = structured_report(&searched.report, &SrSource { written: now(), ..source });
        fs::write(folder.join(format!("{stem}.sr.dcm")), bytes)?;
    }
    if let Some(folder) = &arguments.heat_maps {
        for (slice, png) in &searched.pictures {
            fs::write(folder.join(format!("{stem}-{slice:04}.png")), png)?;
        }
    }
    if let Some(folder) = &arguments.html {
        let pictures: Vec<(String, Vec<u8>)> = searched
            .pictures
            .into_iter()
            .map(|(slice, png)| (format!("Slice {}", slice + 1), png))
            .collect();
        fs::write(folder.join(format!("{stem}.html")), html(&searched.report, &pictures))?;
    }
    Ok(Line::Searched { file, report: Box::new(searched.report) })
}

/// Date and time as DICOM writes them, UTC.
fn now() -> (String, String) {
    let now = time::OffsetDateTime::now_utc();
    let date = format!("{:04}{:02}{:02}", now.year(), u8::from(now.month()), now.day());
    (date, format!("{:02}{:02}{:02}", now.hour(), now.minute(), now.second()))
}

fn print(lines: &[Line], threshold: f32) {
    println!("probability  decision   file   (threshold {threshold:.4})");
    for line in lines {
        match line {
            Line::Classified { file, probability, decision, at, .. } => {
                let decision = match decision {
                    Decision::Nodule => "nodule",
                    Decision::NoNodule => "no nodule",
                };
                let [x, y, z] = at.as_ref().map_or([0.0; 3], |at| at.voxel);
                let at = at
                    .as_ref()
                    .map_or(String::new(), |_| format!(" at voxel {x:.1}, {y:.1}, {z:.1}"));
                println!("{probability:>11.4}  {decision:<9}  {file}{at}");
            }
            Line::Searched { file, report } => {
                println!("{:>11}  {:<9}  {file}", "", format!("{} found", report.findings.len()));
                for concern in &report.concerns {
                    println!("{:>11}  {}", "", concern.message);
                }
                for row in &report.findings {
                    let place = row.world_mm.map_or(String::new(), |[x, y, z]| {
                        format!(" at {x:.1}, {y:.1}, {z:.1} mm")
                    });
                    let size =
                        row.diameter_mm.map_or(String::new(), |mm| format!(", about {mm:.0} mm"));
                    println!(
                        "{:>11.4}  slice {} (pixel {:.0}, {:.0}){place}{size}",
                        row.probability, row.slice, row.pixel[0], row.pixel[1]
                    );
                }
            }
            Line::Refused { file, error } => {
                println!("          -  refused    {file}: {}. {}", error.message, error.hint);
            }
        }
    }
}

/// Waits for an answer; the command line has nothing else to do.
fn wait<T, E: std::fmt::Display>(answer: impl Future<Output = Result<T, E>>) -> Result<T> {
    match pollster::block_on(answer) {
        Ok(value) => Ok(value),
        Err(error) => bail!("{error}"),
    }
}
