//! `nodulens export`: a run's checkpoint as a weights file, calibrated, with threshold and card.

use crate::config::{self, TrainConfig};
use crate::dataset::description::DataCard;
use crate::dataset::{Dataset, Part, read_manifest, unit_word};
use crate::device::{self, Chosen, DeviceChoice};
use crate::files::write_whole;
use crate::metrics::calibration::cross_fit;
use crate::metrics::operating_point;
use crate::report::answers::{Answer, Shown, predict_all};
use crate::report::card;
use crate::report::card::origin::{EpochRule, Origin, epoch, taught_by};
use crate::report::card_markdown::markdown;
use crate::report::{BOOTSTRAP_SEED, Report, measure};
use crate::train::{checkpoint, teacher_check};
use anyhow::{Context, Result, anyhow};
use nodulens::constants::PAPER_SPECIFICITY;
use nodulens::on_burn::Trainable;
use nodulens::weights::{
    Card, CardLearnt, Head, Operating, Parameters, WeightsHeader, write_weights,
};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use time::OffsetDateTime;
use time::macros::format_description;

/// Threshold of a draft that is measured to find the real one; decides nothing.
const DRAFT_THRESHOLD: f32 = 0.5;

/// Arguments of `nodulens export`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Folder of a training run.
    #[arg(long)]
    run: PathBuf,
    /// Folder for the weights file and models.json.
    #[arg(long, default_value = "www/models")]
    out: PathBuf,
    /// Checkpoint within the run; "last" for the newest.
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
pub(super) struct ModelEntry {
    pub(super) id: String,
    pub(super) file: String,
    pub(super) name: String,
}

/// Write the weights file, its card as Markdown, and its entry in `models.json`.
///
/// # Errors
/// No such checkpoint, unreadable data, a full disk; weights that were there before stay.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let config = config::read(&arguments.run)?;
    let patches = arguments.patches.as_ref().unwrap_or(&config.patches);
    let checkpoint = match arguments.checkpoint.as_str() {
        "last" => checkpoint::latest(&arguments.run),
        name => Some(arguments.run.join(name)),
    };
    let checkpoint = checkpoint.with_context(|| "no checkpoint yet: has the run made a step?")?;
    let state = checkpoint::load_state(&checkpoint)
        .with_context(|| "no such checkpoint: has the run finished an epoch?")?;
    // The best epoch may lie well before the end, and the run may have been stopped.
    let run = checkpoint::latest(&arguments.run)
        .and_then(|latest| checkpoint::load_state(&latest).ok())
        .filter(|latest| latest.epoch >= state.epoch)
        .unwrap_or_else(|| state.clone());
    let chosen = device::open(arguments.device)?;
    let network = Trainable::new(config.network, &chosen.device, config.dropout);
    let network = checkpoint::load_shipping(&checkpoint, network)?.deployed();
    let parameters = network.parameters()?;

    // Temperature, threshold and figures are those of the file as it ships: in half precision, on
    // validation.
    let part = config.split.valid();
    let (dataset, rows) = (Dataset::load(patches, &part)?, read_manifest(patches)?);
    let data = DataCard::read(patches, config.data_card())?;
    let origin = Origin {
        config: &config,
        data: &data,
        rows: &rows,
        learnt: learnt(&arguments.run, &config, patches)?,
        teachers: config.teachers.iter().map(|path| taught_by(path)).collect(),
        epoch: state.epoch,
        rule: EpochRule::of_checkpoint(&arguments.checkpoint, config.monitor),
        epochs_run: run.epoch,
        history: run.history.iter().map(epoch).collect(),
        commit: state.commit.clone(),
    };
    let card = Card { date: today(), ..card::origin::card(&origin) };
    let draft = WeightsHeader::uncalibrated(config.network, card);
    let measuring = Measuring { parameters: &parameters, dataset: &dataset, chosen: &chosen };
    let (mut header, found) = measuring.operated(draft, Head::Patch, &part)?;
    let mut report = Report::new(&dataset, &found, (&header, Head::Patch), &part, &rows);
    header.card = card::measured(header.card, &report);
    if config.network.context().is_some() {
        let found;
        (header, found) = measuring.operated(header, Head::Context, &part)?;
        report = Report::new(&dataset, &found, (&header, Head::Context), &part, &rows);
        header.card = card::measured_in_context(header.card, &report);
    }

    let bytes = write_weights(&header, &parameters)?;
    let classifier = chosen.classifier(&bytes)?;
    let name = config.network.name();
    let entry = ModelEntry {
        id: name.to_owned(),
        file: format!("{name}.nodulens"),
        name: header.card.title.clone(),
    };
    let described = markdown(&header, &classifier.model_id(), classifier.sha256());
    fs::create_dir_all(&arguments.out)?;
    write_whole(&arguments.out.join(&entry.file), &bytes)?;
    write_whole(&arguments.out.join(format!("{name}.md")), described.as_bytes())?;
    list(&arguments.out.join("models.json"), entry)?;
    println!("{}", report.of_model(&classifier));
    println!("Wrote {} bytes to {}", bytes.len(), arguments.out.display());
    Ok(ExitCode::SUCCESS)
}

/// Return the day, ISO 8601.
pub(super) fn today() -> String {
    let date = OffsetDateTime::now_utc().format(format_description!("[year]-[month]-[day]"));
    date.unwrap_or_default()
}

/// Return whom the run has learnt from: as it noted when it began, or, where an earlier build began
/// it, as data and teachers say now.
fn learnt(run: &Path, config: &TrainConfig, patches: &Path) -> Result<CardLearnt> {
    if let Some(noted) = teacher_check::read(run)? {
        return Ok(noted);
    }
    let config =
        TrainConfig { patches: patches.to_owned(), trust_teachers: true, ..config.clone() };
    Ok(teacher_check::check(&config)?.card())
}

/// What weights are measured on, and where.
struct Measuring<'a> {
    parameters: &'a Parameters,
    dataset: &'a Dataset,
    chosen: &'a Chosen,
}

impl Measuring<'_> {
    /// Choose temperature and threshold of a head, and return the header with them, and the answers
    /// that a file with this header gives.
    fn operated(
        &self,
        header: WeightsHeader,
        head: Head,
        part: &Part,
    ) -> Result<(WeightsHeader, Vec<Answer>)> {
        let with = |header: WeightsHeader, operating: Operating| match head {
            Head::Patch => WeightsHeader {
                threshold: operating.threshold,
                temperature: operating.temperature,
                ..header
            },
            Head::Context => WeightsHeader { context: Some(operating), ..header },
        };
        let draft = Operating { threshold: DRAFT_THRESHOLD, temperature: 1.0 };
        let header = with(header, draft);
        let temperature = temperature(&self.answers(&header, head)?, self.dataset);
        let header = with(header, Operating { temperature, ..draft });
        let found = self.answers(&header, head)?;
        let labelled = measure::labelled(self.dataset, &found);
        let (threshold, recall) =
            operating_point(&labelled, PAPER_SPECIFICITY).ok_or_else(|| {
                anyhow!("{part} lacks one of the classes: no threshold can be chosen on it")
            })?;
        if recall == 0.0 {
            eprintln!(
                "WARNING: at a specificity of {PAPER_SPECIFICITY} this network finds no nodule"
            );
        }
        // Compared as f32 in the page, so the report must round as the file does; and a threshold is
        // inside (0, 1), whatever a saturated network gives.
        let threshold = (threshold as f32).clamp(f32::EPSILON, 1.0 - f32::EPSILON);
        Ok((with(header, Operating { threshold, temperature }), found))
    }

    /// Return what the weights say of the patches, just as a file with this header would.
    fn answers(&self, header: &WeightsHeader, head: Head) -> Result<Vec<Answer>> {
        let classifier = self.chosen.classifier(&write_weights(header, self.parameters)?)?;
        predict_all(
            &classifier,
            self.dataset,
            Shown { alone: head == Head::Patch, symmetry: false },
        )
    }
}

/// Return the temperature to ship: fitted where there are enough patients to judge the fit, else 1.
fn temperature(answers: &[Answer], dataset: &Dataset) -> f32 {
    let (unit, units) = dataset.units();
    let logits = measure::logits(dataset, answers);
    let Some(fit) = cross_fit(&logits, &unit, BOOTSTRAP_SEED) else {
        let word = unit_word(dataset.examples.iter().map(|example| &example.row));
        eprintln!("WARNING: {units} {word} are too few to calibrate on: the temperature stays 1");
        return 1.0;
    };
    eprintln!(
        "Temperature {:.4} (folds {}); calibration error {:.4} before, {:.4} after, cross-fitted",
        fit.temperature,
        fit.fold_temperatures.iter().map(|t| format!("{t:.3}")).collect::<Vec<_>>().join(", "),
        fit.before.ece,
        fit.after.ece
    );
    fit.temperature as f32
}

/// Put an entry into the list, replacing the one of the same id.
pub(super) fn list(path: &Path, entry: ModelEntry) -> Result<()> {
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
