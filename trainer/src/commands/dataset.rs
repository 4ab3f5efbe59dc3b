//! `nodulens dataset`: a downloaded LUNA16 folder, or any volumes with a list of places, to patches.

use super::open::{Opened, groups, open};
use crate::luna16::layout::{ScanFile, find_scans};
use crate::luna16::plan::{Layout, Plan, Request};
use crate::luna16::sample::Negatives;
use crate::luna16::scan::{Opener, Scan, ScanOutcome, ScanRecord, open_luna16, process};
use crate::luna16::summary::{DatasetSummary, merge, records};
use crate::luna16::tables::{Annotations, Candidate, Candidates};
use crate::shard::Shard;
use crate::volumes::list::{self, Listed};
use anyhow::{Context, Result, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use nodulens::constants::NEGATIVES_PER_POSITIVE;
use nodulens_imaging::decode::series::Series;
use nodulens_imaging::hash::hex;
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Exit status where everything that could be written was, but something was skipped.
const SKIPPED: u8 = 2;

/// Arguments of `nodulens dataset`.
#[derive(clap::Args)]
#[command(after_long_help = "\
Exit status: 0 where every scan on disk was read; 2 where everything else was written but a scan \
could not be read or a candidate lies outside its scan (summary.json tells which); 1 where the \
command could not do its work. Scans that are not on disk do not count, for many download some \
subsets only; with --complete they do.")]
pub struct Arguments {
    /// Folder as downloaded: subset0/ ... subset9/ with .mhd and .raw or .zraw (or .mha),
    /// annotations.csv, candidates.csv or candidates_V2.csv.
    #[arg(long, required_unless_present_any = ["merge", "volumes"])]
    luna16: Option<PathBuf>,
    /// Instead: a folder of volumes in any format that Nodulens opens (DICOM, NIfTI, NRRD, MetaImage),
    /// with --candidates.
    #[arg(long, value_name = "DIR", conflicts_with = "luna16", requires = "candidates")]
    volumes: Option<PathBuf>,
    /// Folder for manifest.csv, crops50/, dataset.json and summary.json. The same command run
    /// again goes on where it was stopped.
    #[arg(long)]
    out: PathBuf,
    /// Candidates file. Without it candidates.csv (version 1, the paper's), else
    /// candidates_V2.csv. Of --volumes: CSV files (file or seriesuid, coordX, coordY, coordZ in mm LPS,
    /// class, and where known diameter_mm, patient_id, part), or MONAI's datalists (.json), separated
    /// by commas.
    #[arg(long, value_delimiter = ',')]
    candidates: Vec<PathBuf>,
    /// Also write the 100 x 100 surroundings to crops100/, from which training turns and shifts
    /// patches without inventing their corners.
    #[arg(long)]
    context: bool,
    /// Also write N slices on each side to adjacent/ROW_+K.png. They are counted along the array,
    /// as the scan is stored.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=32))]
    adjacent: u32,
    /// Candidates without a nodule for each one with a nodule; all nodules are kept.
    #[arg(long, value_name = "R", default_value_t = NEGATIVES_PER_POSITIVE, value_parser = ratio, conflicts_with = "negatives")]
    negatives_per_positive: f64,
    /// So many candidates without a nodule instead, or all of them.
    #[arg(long, value_name = "N|all")]
    negatives: Option<Negatives>,
    /// Seed of the sample of candidates without a nodule.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Scans worked on at once, each in memory as a whole (up to 400 MB) [default: one a core].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1024))]
    jobs: Option<u32>,
    /// Do the K-th of N equal parts, for several machines on one --out. The last one to end joins
    /// the parts.
    #[arg(long, value_name = "K/N", default_value_t = Shard::WHOLE)]
    shard: Shard,
    /// Only join the parts that shards have made in --out.
    #[arg(long, conflicts_with_all = ["luna16", "volumes", "candidates", "context", "adjacent", "negatives_per_positive", "negatives", "seed", "jobs", "shard"])]
    merge: bool,
    /// Exit with status 2 also where scans that the candidates name are not on disk.
    #[arg(long)]
    complete: bool,
}

/// Make the patches. Exit status 2 tells that something was skipped.
///
/// # Errors
/// Unreadable tables, no scan at all, work begun with other options, a full disk. A scan that
/// cannot be read is skipped instead.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let out = &arguments.out;
    let Input { layout, folder, candidates, annotations, files } = match arguments {
        Arguments { luna16: Some(folder), .. } => luna16(folder, &arguments.candidates)?,
        Arguments { volumes: Some(folder), .. } => volumes(folder, &arguments.candidates)?,
        _ => {
            let plan = Plan::read(out)?;
            return match records(out, &plan)? {
                Ok(records) => finish(arguments, &merge(out, &plan, &records)?),
                Err(missing) => bail!(
                    "{missing} of {} scans were not looked at yet; run the missing shards with \
                     --luna16 or --volumes",
                    plan.scans.len()
                ),
            };
        }
    };
    let request = Request {
        context: arguments.context,
        adjacent: arguments.adjacent,
        seed: arguments.seed,
        negatives: arguments
            .negatives
            .unwrap_or(Negatives::PerPositive(arguments.negatives_per_positive)),
        layout,
    };
    let (plan, kept) = Plan::new(request, &candidates, &annotations);
    ensure!(
        plan.scans.iter().any(|scan| files.contains_key(&scan.series)),
        "none of the {} scans in {} is below {}",
        plan.scans.len(),
        candidates.file,
        folder.display()
    );
    drop(candidates);
    plan.begin(out)?;
    let open: Opener<'_> = match layout {
        Layout::Luna16 => &open_luna16,
        Layout::Volumes => &open_volume,
    };
    let job = Job { out, plan: &plan, kept: &kept, files: &files, annotations: &annotations, open };
    let broken = job.run(arguments.shard, arguments.jobs)?;
    match records(out, &plan)? {
        Ok(records) => finish(arguments, &merge(out, &plan, &records)?),
        Err(missing) => {
            println!(
                "Shard {} is done; {missing} of {} scans are left to other shards. The last one \
                 joins them, or: cargo trainer dataset --merge --out {}",
                arguments.shard,
                plan.scans.len(),
                out.display()
            );
            Ok(if broken { ExitCode::from(SKIPPED) } else { ExitCode::SUCCESS })
        }
    }
}

/// What is to be cut out of what.
struct Input<'a> {
    layout: Layout,
    folder: &'a Path,
    candidates: Candidates,
    annotations: Annotations,
    files: BTreeMap<String, ScanFile>,
}

/// Take LUNA16 as it is downloaded.
fn luna16<'a>(folder: &'a Path, named: &[PathBuf]) -> Result<Input<'a>> {
    ensure!(named.len() <= 1, "--luna16 takes one --candidates file, or none");
    let candidates = match named.first() {
        Some(path) => path.clone(),
        None => Candidates::find(folder)?,
    };
    eprintln!("Candidates: {}", candidates.display());
    let candidates = Candidates::read(&candidates)?;
    let annotations = Annotations::read(&folder.join("annotations.csv"))?;
    let excluded = folder.join("annotations_excluded.csv");
    let annotations = if excluded.is_file() {
        annotations.with_excluded(&excluded)?
    } else {
        eprintln!("No annotations_excluded.csv: which negatives are contested is not known");
        annotations
    };
    let files = find_scans(folder)?;
    Ok(Input { layout: Layout::Luna16, folder, candidates, annotations, files })
}

/// Take any volumes and lists of places in them.
fn volumes<'a>(folder: &'a Path, lists: &[PathBuf]) -> Result<Input<'a>> {
    let Listed { candidates, files } = list::read(folder, lists)?;
    let places = || candidates.scans.values().flatten();
    if places().all(|candidate| candidate.nodule) {
        eprintln!(
            "WARNING: every place is a nodule, as in a MONAI datalist; training needs others too: \
             name a CSV of candidates of class 0 behind it, separated by a comma"
        );
    }
    let annotations = Annotations::none();
    Ok(Input { layout: Layout::Volumes, folder, candidates, annotations, files })
}

/// Open a volume as the page does. A patient whom the files name goes by a digest: the same person keeps
/// to one side of a split, and the manifest names nobody.
fn open_volume(file: &ScanFile) -> Result<Scan> {
    let (mut series, mut problems) = (Vec::new(), Vec::new());
    for group in groups(std::slice::from_ref(&file.header))? {
        for (name, opened) in open(&group) {
            match opened {
                Ok(Opened::Series { series: one, .. }) => series.push(one),
                Ok(Opened::Picture { .. }) => {
                    problems.push(format!("{name} is a picture without HU"))
                }
                Err(refusal) => problems.push(format!("{name}: {}", refusal.message)),
            }
        }
    }
    if let Some(uid) = &file.series {
        let is_it = |one: &Series| one.info.series_uid.as_ref() == Some(uid);
        if series.iter().any(|one| is_it(one)) {
            series.retain(|one| is_it(one));
        }
    }
    let count = series.len();
    let (Some(series), true) = (series.pop(), count <= 1) else {
        match problems.first() {
            Some(problem) if count == 0 => bail!("no volume could be opened: {problem}"),
            _ => bail!("it holds {count} volumes; name one by its file, or by seriesuid"),
        }
    };
    let info = &series.info;
    ensure!(
        info.placed,
        "it does not say where it lies in the body, so no place can be found in it"
    );
    if let Some(modality) = info.modality.as_deref().filter(|modality| *modality != "CT") {
        bail!("it is {modality}, not CT");
    }
    let id = info.patient.iter().find(|attribute| attribute.keyword == "PatientID");
    let digest = |id: &str| hex(&Sha256::digest(id.as_bytes()))[..12].to_owned();
    let patient = id.map(|id| format!("patient-{}", digest(&id.value)));
    Ok(Scan { volume: series.volume, patient })
}

fn finish(arguments: &Arguments, summary: &DatasetSummary) -> Result<ExitCode> {
    print!("{summary}");
    println!("Wrote {}", arguments.out.join("manifest.csv").display());
    let incomplete = arguments.complete && !summary.scans_absent.is_empty();
    Ok(if summary.faulty() || incomplete { ExitCode::from(SKIPPED) } else { ExitCode::SUCCESS })
}

/// What every worker needs.
struct Job<'a> {
    out: &'a Path,
    plan: &'a Plan,
    kept: &'a BTreeMap<String, Vec<Candidate>>,
    files: &'a BTreeMap<String, ScanFile>,
    annotations: &'a Annotations,
    open: Opener<'a>,
}

impl Job<'_> {
    /// Work through a shard, one scan a thread at a time. Tell whether anything was skipped.
    fn run(&self, shard: Shard, jobs: Option<u32>) -> Result<bool> {
        let mine: Vec<&str> = (self.plan.scans.iter().enumerate())
            .filter(|(i, _)| shard.holds(*i))
            .map(|(_, scan)| scan.series.as_str())
            .collect();
        let bar = Bar::new(mine.len());
        let threads = rayon::ThreadPoolBuilder::new()
            // 0 is rayon's word for one a core.
            .num_threads(jobs.unwrap_or(0) as usize)
            .build()
            .context("the worker threads could not be started")?;
        let records: Vec<bool> = threads.install(|| {
            // One at a time: a thread takes the next scan when it has dropped the last.
            let work = mine.into_par_iter().with_max_len(1);
            work.map(|series| self.scan(series, &bar)).collect::<Result<_>>()
        })?;
        bar.0.finish_and_clear();
        Ok(records.contains(&true))
    }

    /// Cut one scan, unless its patches are there. Tell whether anything was skipped.
    fn scan(&self, series: &str, bar: &Bar) -> Result<bool> {
        let found = ScanRecord::read(self.out, series)?;
        let record = match found.filter(|record| record.stands(self.out, &self.plan.options)) {
            Some(record) => record,
            None => {
                let candidates = self.kept.get(series).map_or(&[][..], Vec::as_slice);
                let file = self.files.get(series);
                let options = &self.plan.options;
                let record = process(
                    self.out,
                    options,
                    series,
                    file,
                    candidates,
                    self.annotations,
                    self.open,
                )?;
                record.write(self.out)?;
                record
            }
        };
        if let ScanOutcome::Broken(reason) = &record.outcome {
            bar.0.suspend(|| eprintln!("Skipped {series}: {reason}"));
        }
        bar.step();
        Ok(matches!(record.outcome, ScanOutcome::Broken(_)) || !record.outside.is_empty())
    }
}

/// A bar on a terminal, a line now and then elsewhere.
struct Bar(ProgressBar);

/// Lines over a whole run where there is no terminal.
const LINES: u64 = 20;

impl Bar {
    fn new(scans: usize) -> Self {
        let bar = ProgressBar::new(scans as u64);
        // The template is a constant; were it wrong, the plain style would do.
        let template = "{bar:24} {pos}/{len} scans  {per_sec}  {eta_precise} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self(bar)
    }

    fn step(&self) {
        self.0.inc(1);
        let (done, all) = (self.0.position(), self.0.length().unwrap_or_default());
        if self.0.is_hidden() && (done == all || done % (all / LINES).max(1) == 0) {
            eprintln!("{done}/{all} scans, {} s left", self.0.eta().as_secs());
        }
    }
}

fn ratio(text: &str) -> Result<f64, String> {
    let ratio: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if ratio.is_finite() && ratio >= 0.0 { Ok(ratio) } else { Err("expected 0 or more".to_owned()) }
}
