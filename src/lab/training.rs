//! Training on a handful of patches while one watches: a small network from the start, or one that
//! is there already, a little further. For teaching; what ships is trained by the trainer.
//!
//! A step: draw patches, turn and move them a little, forward, cross-entropy, backward, Adam. A part
//! of the patches is held out and never learnt from.

mod card;
mod run;

pub use run::{Epoch, Examples, FEWEST, Progress, Settings, Training, TrainingError};
