//! `nodulens search`: whole scans and pictures, by the page's own code.

mod file_names;
mod slices;

use super::open::{self, Answering, Opened, Refusal};
use anyhow::{Context, Result};
use file_names::{FileNames, base_name};
use nodulens::classifier::Classifier;
use nodulens::constants::SCAN_STRIDE_PX;
use nodulens::findings::{Report, SrSource, csv, html, structured_report};
use serde::Serialize;
use slices::{SearchOptions, search};
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `nodulens search`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Scans (DICOM, MetaImage, NIfTI, NRRD, zip), pictures (PNG, JPEG, TIFF, BMP), folders of them.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Pixels between the places of a search.
    #[arg(long, default_value_t = SCAN_STRIDE_PX, value_parser = stride)]
    stride: usize,
    /// Search outside the lungs too.
    #[arg(long)]
    no_lung_mask: bool,
    /// List places of at least this probability; without it, the threshold of the weights.
    #[arg(long, value_parser = probability)]
    min_probability: Option<f32>,
    /// Write the results as JSON here.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Write the findings as CSV here, as `nodulens froc` reads them.
    #[arg(long)]
    csv: Option<PathBuf>,
    /// Write a page for each scan into this folder.
    #[arg(long)]
    html: Option<PathBuf>,
    /// Write a DICOM structured report (TID 1500) of each DICOM series into this folder.
    #[arg(long)]
    sr: Option<PathBuf>,
    /// Write the heat maps of slices with findings into this folder, as PNG.
    #[arg(long)]
    heat_maps: Option<PathBuf>,
    #[command(flatten)]
    answering: Answering,
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

/// Search the files and print or write what was found. Exit status 2 tells of a refused file.
///
/// # Errors
/// Unreadable weights, a failing device, a full disk. A refused file is a line of the result.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let classifier = arguments.answering.classifier()?;
    for folder in [&arguments.html, &arguments.heat_maps, &arguments.sr].into_iter().flatten() {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let mut lines = Vec::new();
    let mut names = FileNames::default();
    // Group by group: a scan may fill much of the memory.
    for group in open::groups(&arguments.files)? {
        for (name, opened) in open::open(&group) {
            lines.push(search_one(arguments, &classifier, name, opened, &mut names)?);
        }
    }
    let reports = lines.iter().filter_map(|line| match line {
        Line::Searched { report, .. } => Some(&**report),
        Line::Refused { .. } => None,
    });
    let reports: Vec<&Report> = reports.collect();
    if let Some(path) = &arguments.csv {
        fs::write(path, csv(&reports)).with_context(|| path.display().to_string())?;
    }
    if let Some(path) = &arguments.json {
        fs::write(path, serde_json::to_vec_pretty(&lines)?)
            .with_context(|| path.display().to_string())?;
    } else if arguments.csv.is_none() {
        print(&lines, classifier.threshold());
    }
    // The others were searched all the same; the exit status tells that some were not.
    let refused = reports.len() < lines.len();
    Ok(if refused { ExitCode::from(2) } else { ExitCode::SUCCESS })
}

/// Search what a file holds and write its page and pictures.
fn search_one(
    arguments: &Arguments,
    classifier: &Classifier,
    file: String,
    opened: Result<Opened, Refusal>,
    names: &mut FileNames,
) -> Result<Line> {
    let options = SearchOptions {
        stride: arguments.stride,
        lung_mask: !arguments.no_lung_mask,
        min_probability: arguments.min_probability.unwrap_or(classifier.threshold()),
        pictures: arguments.html.is_some() || arguments.heat_maps.is_some(),
    };
    let searched = opened.and_then(|opened| {
        let searched = search(classifier, &opened, &options)?;
        Ok((opened, searched))
    });
    let (opened, searched) = match searched {
        Ok(both) => both,
        Err(error) => return Ok(Line::Refused { file, error }),
    };
    let stem = names.give(match &opened {
        Opened::Series { title, .. } => title,
        Opened::Picture { .. } => base_name(&file),
    });
    if let (Some(folder), Opened::Series { series, .. }) = (&arguments.sr, opened) {
        let spacing = series.volume.geometry().spacing_mm();
        match SrSource::of(&series.info, spacing, now()) {
            Some(source) => {
                let bytes = structured_report(&searched.report, &source);
                fs::write(folder.join(format!("{stem}.sr.dcm")), bytes)?;
            }
            None => eprintln!(
                "{file}: no DICOM SR was written: a report refers to the UIDs of a study, a series and \
                 images, and this has none"
            ),
        }
    }
    if let Some(folder) = &arguments.heat_maps {
        for (number, png) in &searched.pictures {
            fs::write(folder.join(format!("{stem}-slice-{number:04}.png")), png)?;
        }
    }
    if let Some(folder) = &arguments.html {
        let pictures: Vec<(String, Vec<u8>)> = searched
            .pictures
            .into_iter()
            .map(|(number, png)| (format!("Slice {number}"), png))
            .collect();
        fs::write(folder.join(format!("{stem}.html")), html(&searched.report, &pictures))?;
    }
    Ok(Line::Searched { file, report: Box::new(searched.report) })
}

/// Return date and time as DICOM writes them, UTC.
fn now() -> (String, String) {
    let now = time::OffsetDateTime::now_utc();
    let date = format!("{:04}{:02}{:02}", now.year(), u8::from(now.month()), now.day());
    (date, format!("{:02}{:02}{:02}", now.hour(), now.minute(), now.second()))
}

fn print(lines: &[Line], threshold: f32) {
    println!("probability  decision   file   (threshold {threshold:.4})");
    for line in lines {
        match line {
            Line::Searched { file, report } => {
                println!("{:>11}  {:<9}  {file}", "", format!("{} found", report.findings.len()));
                let warnings = report.warnings.iter().map(|warning| &warning.message);
                for told in report.concerns.iter().map(|one| &one.message).chain(warnings) {
                    println!("{:>11}  {told}", "");
                }
                for row in &report.findings {
                    let at = row.world_mm.map_or(String::new(), |[x, y, z]| {
                        format!(" at {x:.1}, {y:.1}, {z:.1} mm")
                    });
                    let size =
                        row.diameter_mm.map_or(String::new(), |mm| format!(", about {mm:.0} mm"));
                    println!(
                        "{:>11.4}  slice {} (pixel {:.0}, {:.0}){at}{size}",
                        row.probability, row.slice_number, row.pixel[0], row.pixel[1]
                    );
                }
            }
            Line::Refused { file, error } => error.print(file),
        }
    }
}
