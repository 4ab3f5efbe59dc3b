//! `nodulens train`: one run, from its keys to its best epoch.

use crate::config::{self, Overrides};
use crate::device::DeviceChoice;
use crate::train::{Ending, train};
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Arguments of `nodulens train`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Configuration of the run, TOML; every key is an option too, and the option wins.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Folder of the run: configuration, checkpoints, log, TensorBoard events.
    #[arg(long)]
    out: PathBuf,
    /// Go on from the newest checkpoint in --out.
    #[arg(long)]
    resume: bool,
    /// Where to compute.
    #[arg(long, value_enum, default_value = "auto")]
    device: DeviceChoice,
    #[command(flatten)]
    overrides: Overrides,
}

/// Train until the end or Ctrl-C.
///
/// # Errors
/// Arguments out of range, and those of [`train`].
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let config = config::resolve(arguments.config.as_deref(), &arguments.overrides)?;
    let stop = stop_on_ctrl_c()?;
    let outcome = train(&config, arguments.device, &arguments.out, arguments.resume, &stop)?;
    if outcome.ending == Ending::StoodStill {
        println!(
            "Validation {} has stood still for {} epochs: ended early.",
            config.monitor.name(),
            config.early_stopping
        );
    }
    if outcome.ending != Ending::Interrupted
        && let Some(record) = outcome.state.best()
    {
        println!(
            "Best epoch {} by {}: validation AUC {:.4}, accuracy {:.4}. Next: cargo trainer export --run {}",
            record.epoch,
            config.monitor.name(),
            record.valid_auc,
            record.valid_accuracy,
            arguments.out.display()
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// Return a flag that Ctrl-C sets; a second one ends the program.
///
/// # Errors
/// Where the system does not let it be caught.
pub(super) fn stop_on_ctrl_c() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let handler = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        // A second Ctrl-C while the checkpoint is written must not be ignored for ever.
        if handler.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
    .context("Ctrl-C cannot be caught")?;
    Ok(stop)
}
