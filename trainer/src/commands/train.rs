//! `cargo trainer train`

use crate::dataset::Split;
use crate::device::DeviceChoice;
use crate::train::{Ending, TrainConfig, train};
use anyhow::{Context, Result, ensure};
use nodulens::method;
use nodulens::model::NetworkKind;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Arguments of `cargo trainer train`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Folder with manifest.csv and crops50/.
    #[arg(long)]
    patches: PathBuf,
    /// How the data is divided.
    #[arg(long, value_enum)]
    split: Split,
    /// Folder of the run: configuration, checkpoints, log.
    #[arg(long)]
    out: PathBuf,
    /// Go on from the newest checkpoint in --out.
    #[arg(long)]
    resume: bool,
    /// Which network.
    #[arg(long, default_value = "paper", value_parser = network)]
    network: NetworkKind,
    /// Where to compute.
    #[arg(long, value_enum, default_value = "auto")]
    device: DeviceChoice,
    /// Seed of every random number.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Passes over the training part.
    #[arg(long, default_value_t = method::EPOCHS)]
    epochs: usize,
    /// Patches in a step.
    #[arg(long, default_value_t = method::BATCH_SIZE)]
    batch_size: usize,
    /// Adam's step size.
    #[arg(long, default_value_t = method::LEARNING_RATE)]
    learning_rate: f64,
    /// Share of hidden units dropped in training.
    #[arg(long, default_value_t = method::DROPOUT)]
    dropout: f64,
    /// Share of nodules that sampling brings an epoch to.
    #[arg(long, default_value_t = method::POSITIVE_FRACTION)]
    positive_fraction: f64,
    /// Steps between checkpoints.
    #[arg(long, default_value_t = method::CHECKPOINT_STEPS)]
    checkpoint_steps: usize,
    /// End after so many steps, for smoke tests.
    #[arg(long)]
    max_steps: Option<usize>,
}

pub(super) fn network(name: &str) -> Result<NetworkKind, String> {
    NetworkKind::from_name(name).ok_or_else(|| {
        format!("the networks are: {}", NetworkKind::ALL.map(NetworkKind::name).join(", "))
    })
}

/// Trains until the end or Ctrl-C.
///
/// # Errors
/// Arguments out of range, and those of [`train`].
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    ensure!(arguments.batch_size > 0, "--batch-size must be at least 1");
    ensure!(arguments.checkpoint_steps > 0, "--checkpoint-steps must be at least 1");
    ensure!(arguments.learning_rate > 0.0, "--learning-rate must be above 0");
    ensure!((0.0..1.0).contains(&arguments.dropout), "--dropout must be at least 0 and below 1");
    ensure!(
        (0.0..1.0).contains(&arguments.positive_fraction),
        "--positive-fraction must be at least 0 and below 1"
    );
    let config = TrainConfig {
        network: arguments.network,
        patches: arguments.patches.clone(),
        split: arguments.split,
        seed: arguments.seed,
        epochs: arguments.epochs,
        batch_size: arguments.batch_size,
        learning_rate: arguments.learning_rate,
        dropout: arguments.dropout,
        positive_fraction: arguments.positive_fraction,
        checkpoint_steps: arguments.checkpoint_steps,
        max_steps: arguments.max_steps,
    };
    let stop = Arc::new(AtomicBool::new(false));
    let handler = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        // A second Ctrl-C while the checkpoint is written must not be ignored for ever.
        if handler.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
    .context("Ctrl-C cannot be caught")?;
    let outcome = train(&config, arguments.device, &arguments.out, arguments.resume, &stop)?;
    if let (Ending::Finished, Some(best)) = (outcome.ending, outcome.state.best_epoch) {
        let record = &outcome.state.history[best - 1];
        println!(
            "Best epoch {best}: validation AUC {:.4}, accuracy {:.4}. Next: cargo trainer export --run {}",
            record.valid_auc,
            record.valid_accuracy,
            arguments.out.display()
        );
    }
    Ok(ExitCode::SUCCESS)
}
