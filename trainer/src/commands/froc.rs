//! `nodulens froc`: sensitivity against false positives a scan, by LUNA16's rule.

use crate::environment::commit;
use crate::metrics::froc::{Found, MARKS, Scan, Sphere, froc};
use crate::report::froc::{FrocReport, page};
use crate::report::{BOOTSTRAP_SEED, RESAMPLES};
use anyhow::{Context, Result, ensure};
use nodulens_imaging::geometry::WorldMm;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `nodulens froc`.
#[derive(clap::Args)]
pub struct Arguments {
    /// CSV with seriesuid, coordX, coordY, coordZ (world, mm) and probability; `evaluate` writes
    /// one as predictions.csv.
    #[arg(long)]
    findings: PathBuf,
    /// LUNA16's annotations.csv: seriesuid, coordX, coordY, coordZ, diameter_mm.
    #[arg(long)]
    annotations: PathBuf,
    /// LUNA16's annotations_excluded.csv: what counts neither way.
    #[arg(long)]
    excluded: Option<PathBuf>,
    /// Every scan that was searched, one a line, as LUNA16's seriesuids.csv, or a CSV with a
    /// column seriesuid. With a column patient_id (a manifest.csv has both) the intervals come
    /// from drawing patients, otherwise scans.
    #[arg(long)]
    series: PathBuf,
    /// Folder for froc.json and froc.html.
    #[arg(long)]
    out: PathBuf,
}

/// A row of any of the CSVs.
#[derive(Deserialize)]
struct Row {
    seriesuid: String,
    #[serde(rename = "coordX", deserialize_with = "csv::invalid_option")]
    x: Option<f64>,
    #[serde(rename = "coordY", deserialize_with = "csv::invalid_option")]
    y: Option<f64>,
    #[serde(rename = "coordZ", deserialize_with = "csv::invalid_option")]
    z: Option<f64>,
    #[serde(default)]
    diameter_mm: Option<f64>,
    #[serde(default)]
    probability: Option<f64>,
}

/// Measure the findings, write the result and print it.
///
/// # Errors
/// Files that are missing or malformed, no scan at all, a full disk.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut scans = series(&arguments.series)?;
    let mut outside = 0;
    for (line, row) in rows(&arguments.findings)? {
        let at = || format!("{}, line {line}", arguments.findings.display());
        let point_mm = position(&row).with_context(|| no_place(&at()))?;
        let probability = row.probability.filter(|p| p.is_finite());
        let probability =
            probability.with_context(|| format!("{}: probability is no number", at()))?;
        let found = Found { point_mm, probability };
        if let Some(scan) = scans.get_mut(&row.seriesuid) {
            scan.findings.push(found);
        } else {
            outside += 1;
        }
    }
    if outside > 0 {
        eprintln!("WARNING: {outside} findings lie in scans that --series does not name");
    }
    ensure!(!scans.is_empty(), "{} names no scan", arguments.series.display());
    put(&arguments.annotations, &mut scans, |scan| &mut scan.nodules)?;
    if let Some(path) = &arguments.excluded {
        put(path, &mut scans, |scan| &mut scan.excluded)?;
    }
    let scans: Vec<Scan> = scans.into_values().collect();
    let report = FrocReport {
        commit: commit(),
        findings_file: name(&arguments.findings),
        annotations_file: name(&arguments.annotations),
        excluded_given: arguments.excluded.is_some(),
        series_file: name(&arguments.series),
        froc: froc(&scans, RESAMPLES, BOOTSTRAP_SEED),
    };
    fs::create_dir_all(&arguments.out)?;
    fs::write(arguments.out.join("froc.json"), serde_json::to_vec_pretty(&report)?)?;
    fs::write(arguments.out.join("froc.html"), page(&report)?)?;
    print(&report);
    println!("Wrote {}", arguments.out.join("froc.html").display());
    Ok(ExitCode::SUCCESS)
}

fn name(path: &Path) -> String {
    path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned())
}

/// Read rows with their line numbers.
fn rows(path: &Path) -> Result<Vec<(usize, Row)>> {
    let mut reader = csv::Reader::from_path(path).with_context(|| path.display().to_string())?;
    let rows = reader.deserialize().enumerate();
    rows.map(|(i, row)| {
        Ok((i + 2, row.with_context(|| format!("{}, line {}", path.display(), i + 2))?))
    })
    .collect()
}

/// Return the position; `None` where a coordinate is absent, NaN or infinite, for such a finding
/// would be a false positive in silence.
fn position(row: &Row) -> Option<WorldMm> {
    let number = |cell: Option<f64>| cell.filter(|mm| mm.is_finite());
    Some(WorldMm { x: number(row.x)?, y: number(row.y)?, z: number(row.z)? })
}

fn no_place(at: &str) -> String {
    format!("{at}: coordX, coordY or coordZ is no number")
}

/// Read the scans that were searched: one a line, or a table with the column seriesuid and maybe
/// patient_id.
fn series(path: &Path) -> Result<BTreeMap<String, Scan>> {
    let shown = || path.display().to_string();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_path(path)
        .with_context(shown)?;
    let (mut series, mut patient, mut scans) = (0, None, BTreeMap::new());
    for (i, record) in reader.records().enumerate() {
        let record = record.with_context(shown)?;
        let column = |name: &str| record.iter().position(|cell| cell.trim() == name);
        if i == 0
            && let Some(found) = column("seriesuid")
        {
            (series, patient) = (found, column("patient_id"));
            continue;
        }
        let cell = |at: usize| record.get(at).map(str::trim).filter(|cell| !cell.is_empty());
        let Some(name) = cell(series) else { continue };
        let patient = patient.and_then(cell).map(str::to_owned);
        let scan: &mut Scan = scans.entry(name.to_owned()).or_default();
        ensure!(
            scan.patient.is_none() || scan.patient == patient,
            "{}, line {}: {name} is of another patient than above",
            path.display(),
            i + 1
        );
        scan.patient = patient;
    }
    Ok(scans)
}

/// Put annotations into the scans that are measured; others are left out.
fn put(
    path: &Path,
    scans: &mut BTreeMap<String, Scan>,
    into: fn(&mut Scan) -> &mut Vec<Sphere>,
) -> Result<()> {
    for (line, row) in rows(path)? {
        let at = || format!("{}, line {line}", path.display());
        let center_mm = position(&row).with_context(|| no_place(&at()))?;
        let diameter_mm = row.diameter_mm.filter(|mm| mm.is_finite());
        let diameter_mm = diameter_mm.with_context(|| {
            format!("{}: diameter_mm is no number; LUNA16 writes -1 where it is not known", at())
        })?;
        if let Some(scan) = scans.get_mut(&row.seriesuid) {
            into(scan).push(Sphere { center_mm, diameter_mm });
        }
    }
    Ok(())
}

fn print(report: &FrocReport) {
    let froc = &report.froc;
    println!(
        "{} scans, {} nodules ({} with a finding), {} findings ({} false positives, {} ignored, \
         {} beyond the {MARKS} most probable of their scan)",
        froc.scans,
        froc.nodules,
        froc.found,
        froc.findings,
        froc.false_positives,
        froc.ignored,
        froc.beyond_marks
    );
    println!(
        "false positives a scan   sensitivity (95 % by bootstrap over {})",
        froc.bootstrap_units
    );
    let interval = |interval: Option<[f64; 2]>| {
        interval.map_or(String::new(), |[low, high]| format!("({low:.4} to {high:.4})"))
    };
    for at in &froc.sensitivities {
        println!(
            "{:>22}   {:.4} {}",
            at.false_positives_per_scan,
            at.sensitivity,
            interval(at.sensitivity_ci95)
        );
    }
    println!("{:>22}   {:.4} {}", "CPM", froc.cpm, interval(froc.cpm_ci95));
}
