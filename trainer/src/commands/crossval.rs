//! `nodulens crossval`: every fold in turn is the part that decides nothing.

pub mod pooled;

use self::pooled::{Figures, FoldFigures, Judged, PREDICTIONS, Pooled, Row, Summary};
use super::train::stop_on_ctrl_c;
use crate::config::{self, Overrides, TrainConfig};
use crate::dataset::{Dataset, Fold, read_manifest, unit_word};
use crate::device::{self, DeviceChoice};
use crate::environment::commit;
use crate::files::write_whole;
use crate::report::RESAMPLES;
use crate::shard::Shard;
use crate::train::checkpoint;
use crate::train::teacher_check::{self, of_fold};
use crate::train::{Ending, Validated, train, validate};
use anyhow::{Context, Result, bail, ensure};
use nodulens::constants::PAPER_SPECIFICITY;
use nodulens::on_burn::Trainable;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The summary of all folds, in the folder of the cross-validation.
const SUMMARY: &str = "crossval.json";

/// Arguments of `nodulens crossval`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Configuration of the runs, as for train; its split is replaced by each fold's, and {fold} in
    /// the path of a teacher or of labels by the fold's name.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Folder of the folds' runs and of crossval.json. What is there already is gone on from.
    #[arg(long)]
    out: PathBuf,
    /// LUNA16 subsets to take as test parts, separated by commas; each that the manifest has.
    ///
    /// Several at once, as in 0+2,3+4, leave nothing to choose an epoch on: the last one is judged.
    #[arg(long, value_delimiter = ',')]
    folds: Vec<Fold>,
    /// Do this part of the folds only, K/N; the last one that is finished writes the summary.
    #[arg(long, default_value_t = Shard::WHOLE)]
    shard: Shard,
    /// Train nothing: write the summary of the folds that are done.
    #[arg(long)]
    merge: bool,
    /// Folder of another cross-validation to compare with on the same patches, by a paired bootstrap.
    #[arg(long, value_name = "DIR")]
    compare: Option<PathBuf>,
    /// Where to compute.
    #[arg(long, value_enum, default_value = "auto")]
    device: DeviceChoice,
    #[command(flatten)]
    overrides: Overrides,
}

/// A cross-validation to be done.
pub struct Job<'a> {
    /// Configuration of the runs.
    pub config: TrainConfig,
    /// Test parts; each subset of the manifest where there are none.
    pub folds: &'a [Fold],
    /// Folder of the folds' runs and of the summary.
    pub out: &'a Path,
    /// Which of the folds are trained here; none with [`Self::merge`].
    pub shard: Shard,
    /// Whether nothing is trained.
    pub merge: bool,
    /// Where to compute.
    pub device: DeviceChoice,
}

/// How a cross-validation ended.
pub enum Done {
    /// With its summary, which is written.
    Whole(Box<Summary>),
    /// Some folds are another shard's.
    Part,
    /// The user stopped it.
    Interrupted,
}

/// Train and measure the folds, then sum them up.
///
/// # Errors
/// Those of [`train`]; folds that the manifest does not have.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let config = config::resolve(arguments.config.as_deref(), &arguments.overrides)?;
    let job = Job {
        config,
        folds: &arguments.folds,
        out: &arguments.out,
        shard: arguments.shard,
        merge: arguments.merge,
        device: arguments.device,
    };
    match cross_validate(&job, &stop_on_ctrl_c()?)? {
        Done::Whole(summary) => print(&summary),
        Done::Part => return Ok(ExitCode::SUCCESS),
        Done::Interrupted => return Ok(ExitCode::FAILURE),
    }
    if let Some(other) = &arguments.compare {
        compare_with(&arguments.out, other)?;
    }
    println!("Wrote {}", arguments.out.join(SUMMARY).display());
    Ok(ExitCode::SUCCESS)
}

/// Train and measure the folds that are not done yet, then sum them up.
///
/// # Errors
/// As [`run`].
pub fn cross_validate(job: &Job<'_>, stop: &Arc<AtomicBool>) -> Result<Done> {
    let folds = folds(&job.config, job.folds)?;
    let pending = |i: usize, fold: Fold| {
        let done = folder(job.out, fold).join(PREDICTIONS).is_file();
        !(job.merge || done || !job.shard.holds(i))
    };
    // All of them before the first is trained: a leak of the last would be told days later.
    for fold in folds.iter().enumerate().filter(|(i, fold)| pending(*i, **fold)).map(|(_, f)| f) {
        teacher_check::check(&of_fold(&job.config, *fold))
            .with_context(|| format!("fold {fold}"))?;
    }
    for (i, fold) in folds.iter().enumerate() {
        let run = folder(job.out, *fold);
        if !pending(i, *fold) {
            continue;
        }
        let config = of_fold(&job.config, *fold);
        eprintln!("\nFold {fold} ({} of {})", i + 1, folds.len());
        let resume = run.join(config::FILE).is_file();
        let outcome = train(&config, job.device, &run, resume, stop)?;
        if outcome.ending == Ending::Interrupted {
            eprintln!("Go on with the same command; what is done is kept.");
            return Ok(Done::Interrupted);
        }
        predict(&config, job.device, *fold, &run)?;
    }
    let missing: Vec<String> = folds
        .iter()
        .filter(|fold| !folder(job.out, **fold).join(PREDICTIONS).is_file())
        .map(Fold::to_string)
        .collect();
    if missing.is_empty() {
        return Ok(Done::Whole(Box::new(summarise(job, &folds)?)));
    }
    ensure!(!job.merge, "folds {} are not done yet", missing.join(", "));
    println!("This part is done; folds {} are another's.", missing.join(", "));
    Ok(Done::Part)
}

fn folder(out: &Path, fold: Fold) -> PathBuf {
    out.join(format!("fold-{fold}"))
}

/// Return the subsets to take as test parts, in order.
fn folds(config: &TrainConfig, asked: &[Fold]) -> Result<Vec<Fold>> {
    let rows = read_manifest(&config.patches)?;
    let mut there: Vec<u32> = rows.iter().filter_map(|row| row.luna_subset).collect();
    there.sort_unstable();
    there.dedup();
    ensure!(
        there.len() >= 3,
        "cross-validation needs at least three LUNA16 subsets (column luna_subset): one to test \
         on, one to choose on, one to learn from"
    );
    for (i, fold) in asked.iter().enumerate() {
        if let Some(subset) = fold.subsets().find(|subset| !there.contains(subset)) {
            bail!("the manifest has no subset {subset}; it has {there:?}");
        }
        if let Some(twice) = fold.subsets().find(|s| asked[..i].iter().any(|one| one.holds(*s))) {
            bail!("subset {twice} is in two folds: each patch is to be judged once");
        }
    }
    let each = || there.iter().filter_map(|subset| Fold::of(*subset)).collect();
    Ok(if asked.is_empty() { each() } else { asked.to_vec() })
}

/// Write the probabilities of the fold's test part, by the epoch that was best on its validation
/// part.
fn predict(config: &TrainConfig, device: DeviceChoice, fold: Fold, run: &Path) -> Result<()> {
    let device = device::open(device)?.device;
    let network = Trainable::new(config.network, &device, config.dropout);
    let epoch =
        if config.split.chooses() { Some(run.join("best")) } else { checkpoint::latest(run) };
    let network = epoch
        .and_then(|epoch| checkpoint::load_shipping(&epoch, network).ok())
        .context("the fold has no finished epoch")?
        .deployed();
    let test = Dataset::load(&config.patches, &config.split.test())?;
    let Validated { labelled, alone, .. } = validate(&network, &test.examples)?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    for (i, (example, one)) in test.examples.iter().zip(labelled).enumerate() {
        writer.serialize(Row {
            fold,
            candidate_row: example.row.candidate_row.clone(),
            seriesuid: example.row.series().to_owned(),
            unit: example.row.unit().to_owned(),
            class: example.row.class,
            contested: example.row.contested.map(|_| example.row.is_contested_negative()),
            diameter_mm: example.row.diameter_mm,
            probability: one.probability,
            probability_patch: alone.as_ref().map(|alone| alone[i].probability),
        })?;
    }
    write_whole(&run.join(PREDICTIONS), &writer.into_inner()?)
}

fn summarise(job: &Job<'_>, folds: &[Fold]) -> Result<Summary> {
    let manifest = read_manifest(&job.config.patches)?;
    let (mut unchecked, mut rows) = (Vec::new(), Vec::new());
    for fold in folds {
        let learnt = teacher_check::read(&folder(job.out, *fold))?;
        let gaps = learnt.map(|learnt| learnt.gaps).unwrap_or_default();
        unchecked.extend(gaps.into_iter().map(|gap| format!("fold {fold}: {gap}")));
        rows.extend(pooled::read(&folder(job.out, *fold).join(PREDICTIONS))?);
    }
    let each: Vec<FoldFigures> = folds
        .iter()
        .map(|fold| {
            let of_fold: Vec<&Row> = rows.iter().filter(|row| row.fold == *fold).collect();
            FoldFigures {
                fold: *fold,
                figures: Figures::of(&of_fold, Judged::Own),
                without_contested: Figures::without_contested(&of_fold, Judged::Own),
            }
        })
        .collect();
    let areas: Vec<f64> = each.iter().filter_map(|fold| fold.figures.roc_auc).collect();
    let mean = areas.iter().sum::<f64>() / areas.len().max(1) as f64;
    let squares: f64 = areas.iter().map(|area| (area - mean).powi(2)).sum();
    let all: Vec<&Row> = rows.iter().collect();
    let looks = all.iter().any(|row| row.probability_patch.is_some());
    let summary = Summary {
        commit: commit(),
        config: job.config.clone(),
        unchecked_teachers: unchecked,
        folds: each,
        pooled: Pooled::of(&all, Judged::Own),
        pooled_patch: looks.then(|| Pooled::of(&all, Judged::Patch)),
        bootstrap_resamples: RESAMPLES,
        bootstrap_units: unit_word(&manifest).to_owned(),
        roc_auc_mean: mean,
        roc_auc_sd: (squares / areas.len().saturating_sub(1).max(1) as f64).sqrt(),
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    rows.iter().try_for_each(|row| writer.serialize(row))?;
    write_whole(&job.out.join(PREDICTIONS), &writer.into_inner()?)?;
    write_whole(&job.out.join(SUMMARY), &serde_json::to_vec_pretty(&summary)?)?;
    Ok(summary)
}

fn print(summary: &Summary) {
    let figure = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.4}"));
    println!("fold      n  nodules      AUC  recall at specificity {PAPER_SPECIFICITY}");
    for fold in &summary.folds {
        let Figures { n, positives, roc_auc, recall, .. } = fold.figures;
        println!(
            "{:>4} {n:>6} {positives:>8}   {}  {}",
            fold.fold,
            figure(roc_auc),
            figure(recall)
        );
    }
    let Pooled { figures, without_contested, .. } = &summary.pooled;
    println!(
        "pooled {:>4} {:>8}   {}  {}   mean of folds {:.4}, sd {:.4}",
        figures.n,
        figures.positives,
        figure(figures.roc_auc),
        figure(figures.recall),
        summary.roc_auc_mean,
        summary.roc_auc_sd
    );
    match without_contested {
        Some(without) => println!(
            "without {} contested negatives: n {}, AUC {}, recall {}",
            figures.n - without.n,
            without.n,
            figure(without.roc_auc),
            figure(without.recall)
        ),
        None => println!("which negatives are contested is not known of this data"),
    }
    let heads =
        [("pooled", Some(&summary.pooled)), ("patches alone", summary.pooled_patch.as_ref())];
    println!("95 % intervals by {}:", summary.bootstrap_units);
    for (name, pooled) in heads.into_iter().filter_map(|(name, one)| Some((name, one?))) {
        let [auc, precision, recall, diameters] = pooled.cells();
        println!(
            "{name}: AUC {auc}, average precision {precision}, recall {recall}; by diameter {diameters}"
        );
    }
    for gap in &summary.unchecked_teachers {
        println!("NOTE  {gap}");
    }
}

/// Print how two cross-validations differ, by their own answers, and by those of patches alone where
/// this one has them.
fn compare_with(ours: &Path, other: &Path) -> Result<()> {
    let [ours, others] = [ours, other].map(|folder| pooled::read(&folder.join(PREDICTIONS)));
    let (ours, others) = (ours?, others?);
    let alone = ours.iter().any(|row| row.probability_patch.is_some());
    for (words, judged) in [("own answers", Judged::Own), ("patches alone", Judged::Patch)] {
        if judged == Judged::Patch && !alone {
            continue;
        }
        let (n, paired) = pooled::compare(&ours, judged, &others, judged)?;
        for (figure, difference) in
            [("AUC", paired.roc_auc), ("recall", paired.recall_at_specificity)]
        {
            let Some(found) = difference else { continue };
            let [low, high] = found.difference_ci95;
            println!(
                "against {}, {words}, n {n}: {figure} {:.4} and {:.4}, {:+.4} ({low:+.4} to {high:+.4}), \
                 better in {:.1} % of resamples",
                other.display(),
                found.first,
                found.second,
                found.difference,
                100.0 * (1.0 - found.share_not_better)
            );
        }
    }
    Ok(())
}
