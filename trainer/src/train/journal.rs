//! What a run tells: TensorBoard events and a CSV on disk, and to the person watching a bar on a
//! terminal or a line an epoch elsewhere.

use crate::config::TrainConfig;
use crate::dataset::Dataset;
use crate::metrics::Labelled;
use crate::tensorboard::EventFile;
use crate::tensorboard::hparams::Status;
use crate::train::checkpoint::{EpochRecord, State};
use anyhow::Result;
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use indicatif::{ProgressBar, ProgressStyle};
use nodulens::constants::{PATCH_SAMPLES, PATCH_SIZE};
use nodulens::preprocess::display_bytes;
use std::path::Path;
use std::time::{Duration, Instant};

/// Steps between two loss points: enough for a curve, and a small file.
const STEPS: usize = 10;
/// Patches in a row of the batch's picture, and rows.
const GRID: [usize; 2] = [8, 4];

/// Folder of the events within a run's, or a grid's.
pub const EVENTS: &str = "tensorboard";
/// Scalars by which TensorBoard compares the runs of a grid.
pub const COMPARED: [&str; 4] =
    ["auc/valid", "average_precision/valid", "recall/valid", "loss/valid"];

/// The event file of this session.
pub struct Journal {
    events: EventFile,
}

impl Journal {
    /// Begin a file in [`EVENTS`] of the run's folder, with the run's settings.
    pub fn open(out: &Path, config: &TrainConfig) -> Result<Self> {
        let mut events = EventFile::create(&out.join(EVENTS))?;
        events.settings(&toml::Table::try_from(config)?)?;
        Ok(Self { events })
    }

    /// At the end of the session.
    pub fn ended(&mut self, status: Status) -> Result<()> {
        self.events.ended(status)
    }

    /// After a step.
    pub fn step(&mut self, step: usize, loss: f64, learning_rate: f64) -> Result<()> {
        if !step.is_multiple_of(STEPS) {
            return Ok(());
        }
        self.events.scalars(step, &[("loss/step", loss), ("learning_rate", learning_rate)])
    }

    /// Write the first patches of an epoch as the network sees them, 2,500 values each.
    pub fn batch(&mut self, step: usize, values: &[f32]) -> Result<()> {
        let (size, png) = sheet(values)?;
        self.events.image(step, "batch", size, png)
    }

    /// After an epoch, with the validation part's probabilities.
    pub fn epoch(&mut self, record: &EpochRecord, labelled: &[Labelled]) -> Result<()> {
        let mut scalars = vec![
            ("loss/train", record.train_loss),
            ("loss/valid", record.valid_loss),
            ("accuracy/valid", record.valid_accuracy),
            ("auc/valid", record.valid_auc),
        ];
        scalars.extend(
            [
                ("accuracy/train", record.train_accuracy),
                ("average_precision/valid", record.valid_average_precision),
                ("recall/valid", record.valid_recall),
                ("auc_patch/valid", record.valid_patch_auc),
            ]
            .into_iter()
            .filter_map(|(tag, figure)| Some((tag, figure?))),
        );
        self.events.scalars(record.step, &scalars)?;
        for (tag, nodule) in [("probability/nodule", true), ("probability/other", false)] {
            let of_class = labelled.iter().filter(|one| one.nodule == nodule);
            let values: Vec<f64> = of_class.map(|one| one.probability).collect();
            if !values.is_empty() {
                self.events.histogram(record.step, tag, &values)?;
            }
        }
        Ok(())
    }
}

/// Draw the first patches of a step side by side, 2,500 values each: width and height, and a PNG.
///
/// # Errors
/// None that is known; the writer's are passed on.
pub fn sheet(values: &[f32]) -> Result<([u32; 2], Vec<u8>)> {
    let [columns, rows] = GRID;
    let (width, height) = (columns * PATCH_SIZE, rows * PATCH_SIZE);
    let mut grey = vec![0; width * height];
    for (i, patch) in values.chunks_exact(PATCH_SAMPLES).take(columns * rows).enumerate() {
        let (left, top) = (i % columns * PATCH_SIZE, i / columns * PATCH_SIZE);
        for (y, row) in display_bytes(patch).chunks_exact(PATCH_SIZE).enumerate() {
            let start = (top + y) * width + left;
            grey[start..start + PATCH_SIZE].copy_from_slice(row);
        }
    }
    let size = [width as u32, height as u32];
    let mut png = Vec::new();
    PngEncoder::new(&mut png).write_image(&grey, size[0], size[1], ExtendedColorType::L8)?;
    Ok((size, png))
}

/// Write the learning curve as CSV, all of it, so that a resumed run has no row twice.
pub fn write_csv(out: &Path, state: &State) -> Result<()> {
    let mut writer = csv::Writer::from_path(out.join("log.csv"))?;
    for record in &state.history {
        writer.serialize(record)?;
    }
    writer.flush()?;
    Ok(())
}

/// Say what is trained on what, where.
pub fn describe(config: &TrainConfig, device: &str, train: &Dataset, valid: &Dataset) {
    let part =
        |set: &Dataset| format!("{} patches, {} nodules", set.examples.len(), set.positives());
    eprintln!(
        "Network     {} ({} parameters, {:.2} million multiply-adds a patch)",
        config.network.name(),
        config.network.parameters(),
        config.network.macs_per_patch() as f64 / 1e6
    );
    eprintln!("Device      {device}");
    eprintln!("Train       {}", part(train));
    eprintln!("Validation  {}", part(valid));
    for reason in train.skipped.iter().chain(&valid.skipped) {
        eprintln!("Skipped     {reason}");
    }
    if config.norm_batches > 0 && !config.network.is_tied() {
        eprintln!("Note        norm_batches does nothing: this network has no batch normalisation");
    }
    if config.teacher_views > 0 && config.teachers.is_empty() {
        eprintln!("Note        teacher_views does nothing: there are no teachers");
    }
    let shared = train.shared_series(valid);
    if shared > 0 {
        eprintln!(
            "WARNING     {shared} of the {} validation scans are in the training part too: what \
             is measured on validation is recognition, not generalisation. Use a split by patient \
             for figures that hold.",
            valid.series()
        );
    }
}

/// Progress of a training run.
pub struct Progress {
    bar: ProgressBar,
    epochs: usize,
    batch_size: usize,
    began: Instant,
    patches: usize,
    first_step: usize,
    last_step: usize,
}

impl Progress {
    /// Show a bar over all steps, standing where `state` stands.
    pub fn new(config: &TrainConfig, steps_per_epoch: usize, state: &State) -> Self {
        let (epochs, batch_size) = (config.epochs, config.batch_size);
        let last_step = epochs * steps_per_epoch;
        let bar = ProgressBar::new(last_step as u64);
        // The template is a constant; were it wrong, the plain style would do.
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {msg}") {
            bar.set_style(style);
        }
        bar.set_position(state.step as u64);
        let (began, first_step) = (Instant::now(), state.step);
        Self { bar, epochs, batch_size, began, patches: 0, first_step, last_step }
    }

    /// After a step over `patches` patches.
    pub fn step(&mut self, state: &State, patches: usize) {
        self.patches += patches;
        self.bar.set_position(state.step as u64);
        let loss = state.loss_sum / state.step_in_epoch.max(1) as f64;
        let valid = state.history.last().map_or(String::new(), |last| {
            format!("  valid accuracy {:.3} AUC {:.4}", last.valid_accuracy, last.valid_auc)
        });
        self.bar.set_message(format!(
            "epoch {}/{}  step {}  loss {loss:.4}{valid}  {:.0} patches/s  {} left",
            state.epoch + 1,
            self.epochs,
            state.step,
            self.rate(),
            clock(self.left(state)),
        ));
    }

    /// After an epoch: a line that stays, and that a log file gets too.
    pub fn epoch(&self, state: &State) {
        let Some(last) = state.history.last() else { return };
        let line = format!(
            "epoch {:>3}/{}  step {:>6}  loss {:.4}  valid loss {:.4}  accuracy {:.4}  AUC {:.4}{}  {:.0} patches/s  {} left",
            last.epoch,
            self.epochs,
            last.step,
            last.train_loss,
            last.valid_loss,
            last.valid_accuracy,
            last.valid_auc,
            if state.best_epoch == Some(last.epoch) { " *" } else { "  " },
            self.rate(),
            clock(self.left(state)),
        );
        self.bar.suspend(|| eprintln!("{line}"));
    }

    /// Say where it was stopped, and how to go on.
    pub fn stopped(&self, state: &State, saved: &Path) {
        self.finish();
        eprintln!("Stopped after step {}. Saved to {}.", state.step, saved.display());
        eprintln!("Go on with the same command and --resume.");
    }

    /// Take the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn rate(&self) -> f64 {
        self.patches as f64 / self.began.elapsed().as_secs_f64().max(1e-9)
    }

    fn left(&self, state: &State) -> Duration {
        let steps = self.last_step.saturating_sub(state.step);
        if state.step == self.first_step || self.rate() <= 0.0 {
            return Duration::ZERO;
        }
        Duration::from_secs_f64((steps * self.batch_size) as f64 / self.rate())
    }
}

/// Say a time as hours, minutes and seconds.
pub fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
