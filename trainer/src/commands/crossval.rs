//! `nodulens crossval`: every fold in turn is the part that decides nothing.

use super::train::stop_on_ctrl_c;
use crate::config::{self, Overrides, TrainConfig};
use crate::dataset::{Dataset, Fold, read_manifest, unit_word};
use crate::device::{self, DeviceChoice};
use crate::environment::commit;
use crate::files::write_whole;
use crate::metrics::{Labelled, average_precision, operating_point, roc_auc, roc_auc_interval};
use crate::report::{BOOTSTRAP_SEED, RESAMPLES};
use crate::shard::Shard;
use crate::train::checkpoint;
use crate::train::teacher_check::{self, of_fold};
use crate::train::{Ending, Validated, train, validate};
use anyhow::{Context, Result, bail, ensure};
use nodulens::constants::PAPER_SPECIFICITY;
use nodulens::on_burn::Trainable;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Predictions of a fold's test part, in its folder.
const PREDICTIONS: &str = "predictions.csv";

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
    /// Where to compute.
    #[arg(long, value_enum, default_value = "auto")]
    device: DeviceChoice,
    #[command(flatten)]
    overrides: Overrides,
}

/// A patch of a test part with what the fold's network says of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Row {
    fold: Fold,
    candidate_row: String,
    seriesuid: String,
    /// What the bootstrap draws: the patient, where the manifest names one.
    unit: String,
    class: u8,
    /// Whether it is a contested negative; empty where that is not known.
    contested: Option<bool>,
    /// Of a nodule, mm; empty where it is not known.
    #[serde(default)]
    diameter_mm: Option<f64>,
    probability: f64,
    /// Of the patch alone; empty of a network that looks at nothing else.
    #[serde(default)]
    probability_patch: Option<f64>,
}

/// Figures of one fold, or of all together.
#[derive(Clone, Debug, Serialize)]
struct Figures {
    n: usize,
    positives: usize,
    roc_auc: Option<f64>,
    average_precision: Option<f64>,
    #[serde(rename = "recall_at_specificity_0.9709")]
    recall_at_paper_specificity: Option<f64>,
}

#[derive(Debug, Serialize)]
struct FoldFigures {
    fold: Fold,
    #[serde(flatten)]
    figures: Figures,
    /// Without contested negatives; `null` where it is not known which they are.
    without_contested: Option<Figures>,
}

/// `crossval.json`
#[derive(Debug, Serialize)]
struct CrossvalSummary {
    commit: String,
    config: TrainConfig,
    /// Teachers that could not be checked for having seen the patients of a fold, and were trusted.
    unchecked_teachers: Vec<String>,
    folds: Vec<FoldFigures>,
    /// Every patch once, each judged by the network that never saw its fold.
    pooled: Figures,
    pooled_without_contested: Option<Figures>,
    pooled_roc_auc_ci95: Option<[f64; 2]>,
    bootstrap_resamples: usize,
    /// What they draw: patients, where the manifest names them.
    bootstrap_units: String,
    roc_auc_mean: f64,
    /// Between folds, with n - 1.
    roc_auc_sd: f64,
}

/// Train and measure the folds, then sum them up.
///
/// # Errors
/// Those of [`train`]; folds that the manifest does not have.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let config = config::resolve(arguments.config.as_deref(), &arguments.overrides)?;
    let folds = folds(&config, &arguments.folds)?;
    let pending = |i: usize, fold: Fold| {
        let done = folder(&arguments.out, fold).join(PREDICTIONS).is_file();
        !(arguments.merge || done || !arguments.shard.holds(i))
    };
    // All of them before the first is trained: a leak of the last would be told days later.
    for fold in folds.iter().enumerate().filter(|(i, fold)| pending(*i, **fold)).map(|(_, f)| f) {
        teacher_check::check(&of_fold(&config, *fold)).with_context(|| format!("fold {fold}"))?;
    }
    let stop = stop_on_ctrl_c()?;
    for (i, fold) in folds.iter().enumerate() {
        let run = folder(&arguments.out, *fold);
        if !pending(i, *fold) {
            continue;
        }
        let config = of_fold(&config, *fold);
        eprintln!("\nFold {fold} ({} of {})", i + 1, folds.len());
        let resume = run.join(config::FILE).is_file();
        let outcome = train(&config, arguments.device, &run, resume, &stop)?;
        if outcome.ending == Ending::Interrupted {
            eprintln!("Go on with the same command; what is done is kept.");
            return Ok(ExitCode::FAILURE);
        }
        predict(&config, arguments.device, *fold, &run)?;
    }
    let missing: Vec<String> = folds
        .iter()
        .filter(|fold| !folder(&arguments.out, **fold).join(PREDICTIONS).is_file())
        .map(Fold::to_string)
        .collect();
    if missing.is_empty() {
        return summarise(arguments, config, &folds);
    }
    ensure!(!arguments.merge, "folds {} are not done yet", missing.join(", "));
    println!("This part is done; folds {} are another's.", missing.join(", "));
    Ok(ExitCode::SUCCESS)
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

fn summarise(arguments: &Arguments, config: TrainConfig, folds: &[Fold]) -> Result<ExitCode> {
    let manifest = read_manifest(&config.patches)?;
    let mut unchecked = Vec::new();
    for fold in folds {
        let learnt = teacher_check::read(&folder(&arguments.out, *fold))?;
        let gaps = learnt.map(|learnt| learnt.gaps).unwrap_or_default();
        unchecked.extend(gaps.into_iter().map(|gap| format!("fold {fold}: {gap}")));
    }
    let mut rows: Vec<Row> = Vec::new();
    for fold in folds {
        let path = folder(&arguments.out, *fold).join(PREDICTIONS);
        let mut reader =
            csv::Reader::from_path(&path).with_context(|| path.display().to_string())?;
        for row in reader.deserialize() {
            rows.push(row.with_context(|| {
                format!("{} is no result of this build; remove it", path.display())
            })?);
        }
    }
    let each: Vec<FoldFigures> = folds
        .iter()
        .map(|fold| {
            let of_fold: Vec<&Row> = rows.iter().filter(|row| row.fold == *fold).collect();
            FoldFigures {
                fold: *fold,
                figures: figures(&labelled(&of_fold)),
                without_contested: without_contested(&of_fold),
            }
        })
        .collect();
    let areas: Vec<f64> = each.iter().filter_map(|fold| fold.figures.roc_auc).collect();
    let mean = areas.iter().sum::<f64>() / areas.len().max(1) as f64;
    let squares: f64 = areas.iter().map(|area| (area - mean).powi(2)).sum();
    let units: Vec<&str> = rows.iter().map(|row| row.unit.as_str()).collect();
    let pooled = labelled(&rows.iter().collect::<Vec<_>>());
    let summary = CrossvalSummary {
        commit: commit(),
        config,
        unchecked_teachers: unchecked,
        folds: each,
        pooled: figures(&pooled),
        pooled_without_contested: without_contested(&rows.iter().collect::<Vec<_>>()),
        pooled_roc_auc_ci95: roc_auc_interval(&pooled, &units, RESAMPLES, BOOTSTRAP_SEED),
        bootstrap_resamples: RESAMPLES,
        bootstrap_units: unit_word(&manifest).to_owned(),
        roc_auc_mean: mean,
        roc_auc_sd: (squares / areas.len().saturating_sub(1).max(1) as f64).sqrt(),
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    rows.iter().try_for_each(|row| writer.serialize(row))?;
    write_whole(&arguments.out.join(PREDICTIONS), &writer.into_inner()?)?;
    let path = arguments.out.join("crossval.json");
    write_whole(&path, &serde_json::to_vec_pretty(&summary)?)?;
    let figure = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.4}"));
    println!("fold      n  nodules      AUC  recall at specificity {PAPER_SPECIFICITY}");
    for fold in &summary.folds {
        let Figures { n, positives, roc_auc, recall_at_paper_specificity: recall, .. } =
            fold.figures;
        println!(
            "{:>4} {n:>6} {positives:>8}   {}  {}",
            fold.fold,
            figure(roc_auc),
            figure(recall)
        );
    }
    let pooled = &summary.pooled;
    println!(
        "pooled {:>4} {:>8}   {}  {}   mean of folds {mean:.4}, sd {:.4}",
        pooled.n,
        pooled.positives,
        figure(pooled.roc_auc),
        figure(pooled.recall_at_paper_specificity),
        summary.roc_auc_sd
    );
    match &summary.pooled_without_contested {
        Some(without) => println!(
            "without {} contested negatives: n {}, AUC {}, recall {}",
            pooled.n - without.n,
            without.n,
            figure(without.roc_auc),
            figure(without.recall_at_paper_specificity)
        ),
        None => println!("which negatives are contested is not known of this data"),
    }
    for gap in &summary.unchecked_teachers {
        println!("NOTE  {gap}");
    }
    println!("Wrote {}", path.display());
    Ok(ExitCode::SUCCESS)
}

fn labelled(rows: &[&Row]) -> Vec<Labelled> {
    rows.iter()
        .map(|row| Labelled { probability: row.probability, nodule: row.class == 1 })
        .collect()
}

/// Return the figures without contested negatives; `None` where no row tells.
fn without_contested(rows: &[&Row]) -> Option<Figures> {
    rows.iter().any(|row| row.contested.is_some()).then(|| {
        let kept = rows.iter().filter(|row| row.contested != Some(true)).copied();
        figures(&labelled(&kept.collect::<Vec<_>>()))
    })
}

fn figures(labelled: &[Labelled]) -> Figures {
    Figures {
        n: labelled.len(),
        positives: labelled.iter().filter(|one| one.nodule).count(),
        roc_auc: roc_auc(labelled),
        average_precision: average_precision(labelled),
        recall_at_paper_specificity: operating_point(labelled, PAPER_SPECIFICITY)
            .map(|(_, recall)| recall),
    }
}
