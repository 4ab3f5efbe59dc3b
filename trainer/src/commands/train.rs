//! `nodulens train`: one run, from its keys to its best epoch.

use crate::config::{self, Overrides};
use crate::device::DeviceChoice;
use crate::train::dry_run::dry_run;
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
    /// Folder of the run: configuration, checkpoints, log, TensorBoard events. With --dry-run a
    /// file that ends in .png, for the sheet of patches; a folder is left alone then.
    #[arg(long, required_unless_present = "dry_run")]
    out: Option<PathBuf>,
    /// Try the run out: sizes, balance, first loss, memory, time, a sheet of altered patches. Trains
    /// nothing and leaves no run.
    #[arg(long, conflicts_with = "resume")]
    dry_run: bool,
    /// Go on from the newest checkpoint in --out.
    #[arg(long)]
    resume: bool,
    /// Where to compute.
    #[arg(long, value_enum, default_value = "auto")]
    device: DeviceChoice,
    #[command(flatten)]
    overrides: Overrides,
}

/// Train until the end or Ctrl-C, or try it out.
///
/// # Errors
/// Arguments out of range, and those of [`train`].
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let config = config::resolve(arguments.config.as_deref(), &arguments.overrides)?;
    let out = arguments.out.clone().unwrap_or_default();
    if arguments.dry_run {
        let is_sheet = out.extension().is_some_and(|extension| extension == "png");
        let name = format!("nodulens-dry-run-{}.png", std::process::id());
        let sheet = if is_sheet { out } else { std::env::temp_dir().join(name) };
        dry_run(&config, arguments.device, &sheet)?;
        return Ok(ExitCode::SUCCESS);
    }
    let stop = stop_on_ctrl_c()?;
    let outcome = train(&config, arguments.device, &out, arguments.resume, &stop)?;
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
            out.display()
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
