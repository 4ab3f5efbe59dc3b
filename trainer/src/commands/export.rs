//! `cargo trainer export`

use crate::checkpoint::{self, State, write_whole};
use crate::config::{self, TrainConfig};
use crate::dataset::Dataset;
use crate::device::{self, DeviceChoice};
use crate::metrics::operating_point;
use crate::report::{self, Report};
use anyhow::{Context, Result, anyhow};
use nodulens::classifier::Classifier;
use nodulens::method::{PAPER_SPECIFICITY, preprocess_id};
use nodulens::weights::{Card, WeightsHeader, write_weights};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use time::OffsetDateTime;
use time::macros::format_description;

/// Threshold of a draft that is measured to find the real one; decides nothing.
const DRAFT_THRESHOLD: f32 = 0.5;

/// Arguments of `cargo trainer export`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Folder of a training run.
    #[arg(long)]
    run: PathBuf,
    /// Folder for the weights file and models.json.
    #[arg(long, default_value = "www/models")]
    out: PathBuf,
    /// Checkpoint within the run.
    #[arg(long, default_value = "best")]
    checkpoint: String,
    /// Folder of patches, where it is not the one trained on.
    #[arg(long)]
    patches: Option<PathBuf>,
    /// Where to compute.
    #[arg(long, value_enum, default_value = "auto")]
    device: DeviceChoice,
}

/// One line of `models.json`, the page's list of what ships.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ModelEntry {
    id: String,
    file: String,
    name: String,
}

/// Writes the weights file and its entry in `models.json`.
///
/// # Errors
/// No such checkpoint, unreadable data, a full disk; weights that were there before stay.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let config = config::read(&arguments.run)?;
    let patches = arguments.patches.as_ref().unwrap_or(&config.patches);
    let checkpoint = arguments.run.join(&arguments.checkpoint);
    let state = checkpoint::load_state(&checkpoint)
        .with_context(|| "no such checkpoint: has the run finished an epoch?")?;
    // The best epoch may lie well before the end, and the run may have been stopped.
    let epochs_run = checkpoint::latest(&arguments.run)
        .and_then(|latest| checkpoint::load_state(&latest).ok())
        .map_or(state.epoch, |latest| latest.epoch.max(state.epoch));
    let device = device::open(arguments.device)?.device;
    let network = config.network.trainable(&device, config.dropout);
    let network = checkpoint::load_shipping(&checkpoint, network)?.deployed();

    // Threshold and figures are those of the file as it ships: in half precision, on validation.
    let part = config.split.valid();
    let dataset = Dataset::load(patches, &part)?;
    let mut header = WeightsHeader {
        network: config.network.name().to_owned(),
        preprocess_id: preprocess_id(),
        threshold: DRAFT_THRESHOLD,
        temperature: 1.0,
        card: card(&config, &state, epochs_run),
    };
    let classifier = Classifier::load(&write_weights(&header, &network)?, &device)?;
    let predictions = report::predict(&classifier, &dataset)?;
    let labelled = report::labelled(&dataset, &predictions);
    let (threshold, recall) = operating_point(&labelled, PAPER_SPECIFICITY).ok_or_else(|| {
        anyhow!("{part} lacks one of the classes: no threshold can be chosen on it")
    })?;
    if recall == 0.0 {
        eprintln!("WARNING: at a specificity of {PAPER_SPECIFICITY} this network finds no nodule");
    }
    // Compared as f32 in the page, so the report must round as the file does; and a threshold is
    // inside (0, 1), whatever a saturated network gives.
    header.threshold = (threshold as f32).clamp(f32::EPSILON, 1.0 - f32::EPSILON);
    let report = Report::new(&dataset, &labelled, f64::from(header.threshold), &part);
    header.card.metrics = report.card_metrics();

    let bytes = write_weights(&header, &network)?;
    let classifier = Classifier::load(&bytes, &device)?;
    let name = config.network.name();
    let entry = ModelEntry {
        id: name.to_owned(),
        file: format!("{name}.nodulens"),
        name: header.card.title.clone(),
    };
    fs::create_dir_all(&arguments.out)?;
    write_whole(&arguments.out.join(&entry.file), &bytes)?;
    list(&arguments.out.join("models.json"), entry)?;
    println!("{}", report.of_model(&classifier));
    println!("Wrote {} bytes to {}", bytes.len(), arguments.out.display());
    Ok(ExitCode::SUCCESS)
}

/// Puts an entry into the list, replacing the one of the same id.
fn list(path: &Path, entry: ModelEntry) -> Result<()> {
    let mut entries: Vec<ModelEntry> = match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| path.display().to_string())?,
        Err(_) => Vec::new(),
    };
    match entries.iter_mut().find(|present| present.id == entry.id) {
        Some(present) => *present = entry,
        None => entries.push(entry),
    }
    write_whole(path, &serde_json::to_vec_pretty(&entries)?)
}

fn card(config: &TrainConfig, state: &State, epochs_run: usize) -> Card {
    let date = OffsetDateTime::now_utc().format(format_description!("[year]-[month]-[day]"));
    Card {
        title: format!("The {} network on LUNA16, {} split", config.network.name(), config.split),
        intended_use: "Research and teaching. Not a medical device: no finding and no absence of one may rest on it.".to_owned(),
        data: "LUNA16 candidates: 50x50 axial patches at native pixel spacing, window [-1000, 400] HU, 8-bit JPEG (6,501 of the paper's 8,106).".to_owned(),
        split: config.split.description(),
        recipe: format!(
            "Adam {:e}, batch {}, {} of {} planned epochs run, the best by validation AUC kept; dropout {}; rotation, shift, flip on the training part alone; nodules brought to {:.0} % by repetition.",
            config.learning_rate, config.batch_size, epochs_run, config.epochs, config.dropout, 100.0 * config.positive_fraction
        ),
        seed: config.seed,
        epochs: state.epoch,
        date: date.unwrap_or_default(),
        commit: state.commit.clone(),
        metrics: None,
        limits: vec![
            "Epoch and threshold were chosen on the part on which the figures are given, which flatters them a little.".to_owned(),
            "One patch in six is a nodule here, one candidate in 408 in LUNA16: the same probability means less where nodules are rare.".to_owned(),
            "The probability is not calibrated.".to_owned(),
            "Trained on candidates of 3 mm and more from one collection of scans; other scanners, children, and other diseases were not tried.".to_owned(),
        ],
        citations: vec![
            "Setio AAA et al. Validation, comparison, and combination of algorithms for automatic detection of pulmonary nodules in computed tomography images: the LUNA16 challenge. Med Image Anal 2017;42:1-13.".to_owned(),
            "Armato SG et al. The Lung Image Database Consortium (LIDC) and Image Database Resource Initiative (IDRI). Med Phys 2011;38:915-931.".to_owned(),
        ],
        license: "CC BY 4.0, as LUNA16".to_owned(),
    }
}
