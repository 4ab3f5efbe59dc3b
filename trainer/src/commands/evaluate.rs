//! `nodulens evaluate`: a weights file measured on a folder of patches.

use crate::dataset::description::DataCard;
use crate::dataset::{Dataset, ManifestRow, Part, read_manifest};
use crate::device::{self, DeviceChoice};
use crate::metrics::bootstrap::paired;
use crate::report::answers::{self, Answer, Answers, Shown};
use crate::report::page::Pictures;
use crate::report::{BOOTSTRAP_SEED, Comparison, RESAMPLES, Report, leak, measure, page, stress};
use crate::shard::Shard;
use anyhow::{Context, Result, ensure};
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use nodulens::classifier::Classifier;
use nodulens::constants::{PAPER_SPECIFICITY, PATCH_SIZE};
use nodulens::preprocess::display_bytes;
use nodulens::weights::Head;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `nodulens evaluate`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Weights file, as written by `export`.
    #[arg(long)]
    weights: PathBuf,
    /// Folder with manifest.csv and crops50/.
    #[arg(long)]
    patches: PathBuf,
    /// all, subset-K, a part such as patientwise-valid or paper-test, or a split's name alone
    /// for its validation part.
    #[arg(long)]
    split: Part,
    /// What the patches are, as TOML; without it the folder's dataset.json.
    #[arg(long)]
    data_card: Option<PathBuf>,
    /// Folder for report.json, report.html and predictions.csv.
    #[arg(long)]
    out: PathBuf,
    /// Other weights to compare with on the same patches, by a paired bootstrap.
    #[arg(long, value_name = "WEIGHTS")]
    compare: Option<PathBuf>,
    /// Average the probabilities over the eight flips and quarter turns of each patch (test-time
    /// augmentation). The page does not, so this is marked in the report.
    #[arg(long)]
    symmetry: bool,
    /// Show a network that looks at surroundings the patches alone.
    #[arg(long)]
    alone: bool,
    /// Measure under noise, other kernels, thicker slices, other pixels, shifts and turns, too, and
    /// where the surroundings end: the stress table.
    #[arg(long, conflicts_with_all = ["shard", "symmetry"])]
    stress: bool,
    /// Classify one share only, K of N, and write predictions-K-of-N.csv to the folder.
    #[arg(long, value_name = "K/N")]
    shard: Option<Shard>,
    /// Join the shards in the folder into the report; all other arguments as for the shards.
    #[arg(long, conflicts_with = "shard")]
    merge: bool,
    /// Where to compute.
    #[arg(long, value_enum, default_value = "auto")]
    device: DeviceChoice,
}

/// Measure the weights, write the report and print it.
///
/// # Errors
/// Unreadable weights or data, shards that do not fit together, a failing device, a full disk.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let chosen = device::open(arguments.device)?;
    let classifier = chosen.load(&arguments.weights)?;
    let other = arguments.compare.as_ref().map(|path| chosen.load(path)).transpose()?;
    let dataset = Dataset::load(&arguments.patches, &arguments.split)?;
    for reason in &dataset.skipped {
        eprintln!("Skipped {reason}");
    }
    fs::create_dir_all(&arguments.out)?;
    // Stands in every shard, so that only shards of the same making are joined.
    let shown = Shown { alone: arguments.alone, symmetry: arguments.symmetry };
    let made_by = made_by(&classifier, other.as_ref(), shown);
    let predict =
        |classifier: &Classifier| answers::predict(classifier, &dataset, shown, arguments.shard);
    let found = if arguments.merge {
        answers::merge(&arguments.out, &dataset, &made_by)?
    } else {
        let other = other.as_ref().map(predict).transpose()?.unwrap_or_default();
        Answers { ours: predict(&classifier)?, other }
    };
    if let Some(shard) = arguments.shard {
        let path = arguments.out.join(answers::shard_file(shard));
        answers::write(&path, &dataset, &found, Some(&made_by))?;
        println!(
            "Wrote {} of {} patches to {}",
            found.ours.len(),
            dataset.examples.len(),
            path.display()
        );
        println!("When all shards are done, run the same command with --merge instead of --shard.");
        return Ok(ExitCode::SUCCESS);
    }
    let rows = read_manifest(&arguments.patches)?;
    let report = measure_all(arguments, &classifier, other.as_ref(), &dataset, &found, &rows)?;
    let path = arguments.out.join("predictions.csv");
    answers::write(&path, &dataset, &found, None)?;
    write(&arguments.out, &report, &dataset)?;
    println!("{report}");
    println!("Wrote {}", arguments.out.join("report.html").display());
    Ok(ExitCode::SUCCESS)
}

fn made_by(classifier: &Classifier, other: Option<&Classifier>, shown: Shown) -> String {
    let mut name = classifier.model_id();
    if let Some(other) = other {
        name = format!("{name} against {}", other.model_id());
    }
    if shown.symmetry {
        name.push_str(" with symmetry");
    }
    if shown.alone {
        name.push_str(" without surroundings");
    }
    name
}

fn measure_all(
    arguments: &Arguments,
    classifier: &Classifier,
    other: Option<&Classifier>,
    dataset: &Dataset,
    found: &Answers,
    rows: &[ManifestRow],
) -> Result<Report> {
    let plain = |answers: &[(usize, Answer)]| -> Vec<Answer> {
        answers.iter().map(|(_, answer)| *answer).collect()
    };
    let ours = plain(&found.ours);
    let header = classifier.header().with_card()?;
    let shown = Shown { alone: arguments.alone, symmetry: arguments.symmetry };
    let mut report = Report::new(dataset, &ours, (&header, shown.head()), &arguments.split, rows)
        .of_model(classifier);
    report.symmetry = arguments.symmetry;
    if arguments.stress {
        let looks = classifier.kind().context().is_some() && !arguments.alone;
        let heads: &[Head] = if looks { &[Head::Patch, Head::Context] } else { &[Head::Patch] };
        report.stress = stress::stress(classifier, dataset, heads)?;
    }
    report.data = DataCard::read(&arguments.patches, arguments.data_card.as_deref())?;
    if let Some(other) = other {
        ensure!(
            found.other.len() == found.ours.len(),
            "the shards hold no answers of the other weights"
        );
        let theirs = measure::labelled(dataset, &plain(&found.other));
        let first = measure::labelled(dataset, &ours);
        let unit = dataset.units().0;
        let bootstrap = (RESAMPLES, BOOTSTRAP_SEED);
        let card = other.header().card.read()?;
        report.compare = Some(Comparison {
            model_id: other.model_id(),
            model_title: card.title.clone(),
            weights_sha256: other.sha256().to_owned(),
            leaks: leak::leaks(rows, dataset, &card, &arguments.split),
            paired: paired(&first, &theirs, &unit, PAPER_SPECIFICITY, bootstrap),
        });
    }
    Ok(report)
}

/// Write `report.json`, and the page from what was written there.
fn write(folder: &Path, report: &Report, dataset: &Dataset) -> Result<()> {
    let json = serde_json::to_vec_pretty(report)?;
    let path = folder.join("report.json");
    fs::write(&path, &json).with_context(|| path.display().to_string())?;
    let report: Report = serde_json::from_slice(&json)?;
    let path = folder.join("report.html");
    let html = page::render(&report, &pictures(&report, dataset)?)?;
    fs::write(&path, html).with_context(|| path.display().to_string())
}

/// Return the patches of the worst errors, as the network sees them.
fn pictures(report: &Report, dataset: &Dataset) -> Result<Pictures> {
    let worst = report.worst.false_negatives.iter().chain(&report.worst.false_positives);
    let wanted: HashSet<&str> = worst.map(|patch| patch.candidate_row.as_str()).collect();
    let shown = dataset.examples.iter().filter(|e| wanted.contains(e.row.candidate_row.as_str()));
    shown
        .map(|example| {
            let (mut png, side) = (Vec::new(), PATCH_SIZE as u32);
            let grey = display_bytes(&example.values);
            PngEncoder::new(&mut png).write_image(&grey, side, side, ExtendedColorType::L8)?;
            Ok((example.row.candidate_row.clone(), png))
        })
        .collect()
}
