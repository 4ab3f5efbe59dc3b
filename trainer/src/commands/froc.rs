//! `nodulens froc`: sensitivity against false positives a scan, by LUNA16's rule.

use crate::environment::commit;
use crate::metrics::froc::{Found, Scan, Sphere, froc};
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
    /// Scans that were searched, one a line, as LUNA16's seriesuids.csv; without it, those that
    /// have a finding.
    #[arg(long)]
    series: Option<PathBuf>,
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
    let mut scans: BTreeMap<String, Scan> = BTreeMap::new();
    if let Some(path) = &arguments.series {
        for name in series(path)? {
            scans.insert(name, Scan::default());
        }
    }
    let mut outside = 0;
    for (line, row) in rows(&arguments.findings)? {
        let at = || format!("{}, line {line}", arguments.findings.display());
        let point_mm = position(&row).with_context(at)?;
        let probability = row.probability.filter(|p| p.is_finite()).with_context(at)?;
        let found = Found { point_mm, probability };
        if arguments.series.is_none() {
            scans.entry(row.seriesuid).or_default().findings.push(found);
        } else if let Some(scan) = scans.get_mut(&row.seriesuid) {
            scan.findings.push(found);
        } else {
            outside += 1;
        }
    }
    if outside > 0 {
        eprintln!("WARNING: {outside} findings lie in scans that --series does not name");
    }
    ensure!(!scans.is_empty(), "there is no scan to measure");
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
        series_given: arguments.series.is_some(),
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

fn position(row: &Row) -> Option<WorldMm> {
    Some(WorldMm { x: row.x?, y: row.y?, z: row.z? })
}

/// Read the names of scans, one a line; a header is no series.
fn series(path: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let names = text.lines().map(|line| line.trim().to_owned());
    Ok(names.filter(|name| !name.is_empty() && name != "seriesuid").collect())
}

/// Put annotations into the scans that are measured; others are left out.
fn put(
    path: &Path,
    scans: &mut BTreeMap<String, Scan>,
    into: fn(&mut Scan) -> &mut Vec<Sphere>,
) -> Result<()> {
    for (line, row) in rows(path)? {
        let at = || format!("{}, line {line}: a number is missing", path.display());
        let center_mm = position(&row).with_context(at)?;
        let diameter_mm = row.diameter_mm.with_context(at)?;
        if let Some(scan) = scans.get_mut(&row.seriesuid) {
            into(scan).push(Sphere { center_mm, diameter_mm });
        }
    }
    Ok(())
}

fn print(report: &FrocReport) {
    let froc = &report.froc;
    println!(
        "{} scans, {} nodules ({} with a finding), {} findings ({} false positives, {} ignored)",
        froc.scans, froc.nodules, froc.found, froc.findings, froc.false_positives, froc.ignored
    );
    println!("false positives a scan   sensitivity (95 % by bootstrap over scans)");
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
