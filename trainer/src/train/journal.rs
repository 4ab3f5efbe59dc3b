//! What a run writes down as it goes: TensorBoard events and a CSV.

use crate::checkpoint::{EpochRecord, State};
use crate::metrics::Labelled;
use crate::tensorboard::EventFile;
use anyhow::Result;
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use nodulens::method::{PATCH_SAMPLES, PATCH_SIZE};
use nodulens::preprocess::display_bytes;
use std::path::Path;

/// Steps between two loss points: enough for a curve, and a small file.
const STEPS: usize = 10;
/// Patches in a row of the batch's picture, and rows.
const GRID: [usize; 2] = [8, 4];

/// The event file of this session.
pub struct Journal {
    events: EventFile,
}

impl Journal {
    /// Begins a file under `tensorboard/` of the run's folder.
    pub fn open(out: &Path) -> Result<Self> {
        Ok(Self { events: EventFile::create(&out.join("tensorboard"))? })
    }

    /// After a step.
    pub fn step(&mut self, step: usize, loss: f64, learning_rate: f64) -> Result<()> {
        if !step.is_multiple_of(STEPS) {
            return Ok(());
        }
        self.events.scalars(step, &[("loss/step", loss), ("learning_rate", learning_rate)])
    }

    /// The first patches of an epoch as the network sees them, 2,500 values each.
    pub fn batch(&mut self, step: usize, values: &[f32]) -> Result<()> {
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
        scalars.extend(record.train_accuracy.map(|accuracy| ("accuracy/train", accuracy)));
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

/// The learning curve as CSV, written anew so that a resumed run has no row twice.
pub fn write_csv(out: &Path, state: &State) -> Result<()> {
    let mut writer = csv::Writer::from_path(out.join("log.csv"))?;
    for record in &state.history {
        writer.serialize(record)?;
    }
    writer.flush()?;
    Ok(())
}
