//! Checkpoints: all that is needed to go on as if nothing had happened.
//!
//! A checkpoint is a folder with `network.bpk`, `optimizer.bpk`, `average.bpk` where there is a
//! moving average, `ships.bpk` where what ships has statistics of its own (burnpack, full precision)
//! and `state.json`. It is written under another name and
//! moved into place, so that a broken machine leaves the one before whole.

use crate::config::{self, Monitor, TrainConfig};
use crate::files::write_through;
use crate::train::origin::Origin;
use anyhow::{Context, Result, bail, ensure};
use burn::module::Module;
use burn::optim::{ModuleOptimizer, OptimizerRecord};
use burn::store::ModuleRecord;
use nodulens::on_burn::Trainable;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// Checkpoints that are kept; older ones are deleted.
const KEPT: usize = 2;
/// The moving average of the weights.
const AVERAGE: &str = "average.bpk";
/// What ships, where that is neither the network nor its average: with other statistics.
const SHIPS: &str = "ships.bpk";
/// Where the run stands.
pub const STATE: &str = "state.json";

/// Where a run stands. Random numbers follow from the seed, the epoch and the step, so none of
/// their state need be kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Commit of the program that began the run.
    #[serde(default)]
    pub commit: String,
    /// Data, teachers and place of the session that wrote it.
    #[serde(default)]
    pub origin: Origin,
    /// Figure by which the best epoch is chosen.
    #[serde(default)]
    pub monitor: Monitor,
    /// Epochs finished.
    pub epoch: usize,
    /// Steps done in the epoch that is not finished.
    pub step_in_epoch: usize,
    /// Steps done in all.
    pub step: usize,
    /// Sum of the losses of this epoch's steps.
    pub loss_sum: f64,
    /// Patches of this epoch that the network had right as it saw them.
    #[serde(default)]
    pub right: usize,
    /// Patches of this epoch so far.
    #[serde(default)]
    pub seen: usize,
    /// Finished epochs, in order.
    pub history: Vec<EpochRecord>,
    /// Epoch (counted from 1) that is the best so far by [`Self::monitor`].
    pub best_epoch: Option<usize>,
}

impl State {
    /// Return the best epoch so far.
    pub fn best(&self) -> Option<&EpochRecord> {
        self.history.get(self.best_epoch?.checked_sub(1)?)
    }

    /// Tell whether the monitored figure has not improved for as long as `early_stopping` allows.
    pub fn stands_still(&self, early_stopping: usize) -> bool {
        let still = self.epoch - self.best_epoch.unwrap_or(self.epoch).min(self.epoch);
        early_stopping > 0 && still >= early_stopping
    }
}

/// One line of the learning curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Counted from 1.
    pub epoch: usize,
    /// Steps done at its end.
    pub step: usize,
    /// Of its last step.
    #[serde(default)]
    pub learning_rate: Option<f64>,
    /// Mean over the steps, augmented and with dropout.
    pub train_loss: f64,
    /// Share right over the steps, augmented and with dropout.
    #[serde(default)]
    pub train_accuracy: Option<f64>,
    /// Cross-entropy on the validation part.
    pub valid_loss: f64,
    /// Share right at probability 0.5.
    pub valid_accuracy: f64,
    /// ROC AUC on the validation part; 0.5 where it has one class only.
    pub valid_auc: f64,
    /// Wall time of the epoch in seconds.
    pub seconds: f64,
    /// Average precision on the validation part; absent where it has no nodule.
    #[serde(default)]
    pub valid_average_precision: Option<f64>,
    /// Recall at the paper's specificity on the validation part; absent where it has one class only.
    #[serde(default)]
    pub valid_recall: Option<f64>,
    /// ROC AUC of the patches alone; absent of a network that looks at nothing else.
    #[serde(default)]
    pub valid_patch_auc: Option<f64>,
    /// Patches trained on in a second, validation left out.
    #[serde(default)]
    pub patches_per_second: Option<f64>,
}

impl EpochRecord {
    /// Return the monitored figure.
    pub fn figure(&self, monitor: Monitor) -> Option<f64> {
        match monitor {
            Monitor::Auc => Some(self.valid_auc),
            Monitor::Loss => Some(self.valid_loss),
            Monitor::AveragePrecision => self.valid_average_precision,
            Monitor::Recall => self.valid_recall,
        }
    }
}

/// What goes into a checkpoint.
pub struct Saved<'a> {
    /// The network as it is trained.
    pub network: &'a Trainable,
    /// Its moving average.
    pub average: Option<&'a Trainable>,
    /// What ships, where it is neither of them.
    pub ships: Option<&'a Trainable>,
    /// Needed to go on; the best epoch's checkpoint does without.
    pub optimizer: Option<&'a ModuleOptimizer>,
    /// Where the run stands.
    pub state: &'a State,
}

/// Write a checkpoint as `folder/name`, replacing one of that name.
///
/// # Errors
/// Where the disk refuses; what was there before stays.
pub fn save(folder: &Path, name: &str, saved: &Saved<'_>) -> Result<PathBuf> {
    let (target, draft) = (folder.join(name), folder.join(format!(".{name}.part")));
    let written = || -> Result<()> {
        let _ = fs::remove_dir_all(&draft);
        fs::create_dir_all(&draft)?;
        let networks =
            [("network.bpk", Some(saved.network)), (AVERAGE, saved.average), (SHIPS, saved.ships)];
        for (name, network) in networks {
            if let Some(network) = network {
                let record = network.clone().into_record();
                write_through(&draft.join(name), &record.into_bytes()?)?;
            }
        }
        if let Some(optimizer) = saved.optimizer {
            let record = optimizer.to_record();
            write_through(&draft.join("optimizer.bpk"), &record.into_bytes()?)?;
        }
        write_through(&draft.join(STATE), &serde_json::to_vec_pretty(saved.state)?)?;
        // The one before is moved aside first: at every moment there is a whole one.
        let before = folder.join(format!(".{name}.old"));
        let _ = fs::remove_dir_all(&before);
        if target.exists() {
            fs::rename(&target, &before)?;
        }
        fs::rename(&draft, &target)?;
        let _ = fs::remove_dir_all(&before);
        Ok(())
    };
    written().with_context(|| format!("checkpoint {}", target.display()))?;
    Ok(target)
}

/// Read the state of a checkpoint.
///
/// # Errors
/// A missing or unreadable file.
pub fn load_state(checkpoint: &Path) -> Result<State> {
    let path = checkpoint.join(STATE);
    let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
    serde_json::from_slice(&bytes).with_context(|| path.display().to_string())
}

/// Put a checkpoint's parameters into a network of the same shape.
///
/// # Errors
/// A missing or unreadable file, or another network.
pub fn load_network(checkpoint: &Path, network: Trainable) -> Result<Trainable> {
    load(&checkpoint.join("network.bpk"), network)
}

/// Put a checkpoint's moving average into a network of the same shape.
///
/// # Errors
/// A missing or unreadable file, or another network.
pub fn load_average(checkpoint: &Path, network: Trainable) -> Result<Trainable> {
    load(&checkpoint.join(AVERAGE), network)
}

/// Load what a checkpoint would ship: what it says ships, else its moving average where it has one.
///
/// # Errors
/// A missing or unreadable file, or another network.
pub fn load_shipping(checkpoint: &Path, network: Trainable) -> Result<Trainable> {
    let written = [SHIPS, AVERAGE].map(|name| checkpoint.join(name));
    match written.iter().find(|path| path.is_file()) {
        Some(path) => load(path, network),
        None => load_network(checkpoint, network),
    }
}

fn load(path: &Path, network: Trainable) -> Result<Trainable> {
    let record = ModuleRecord::load(path).with_context(|| path.display().to_string())?;
    network.try_load_record(record).with_context(|| {
        format!(
            "{} does not hold this network as this build names its parameters: a run that an \
             earlier build began has to be finished and exported with that build",
            path.display()
        )
    })
}

/// Put a checkpoint's moments into an optimizer.
///
/// # Errors
/// A missing or unreadable file.
pub fn load_optimizer(checkpoint: &Path, optimizer: ModuleOptimizer) -> Result<ModuleOptimizer> {
    let path = checkpoint.join("optimizer.bpk");
    let record = OptimizerRecord::load(&path).with_context(|| path.display().to_string())?;
    Ok(optimizer.load_record(record))
}

/// Check that a run may use its folder, and return the checkpoint to go on from.
///
/// # Errors
/// Another run's folder, or none to resume.
pub fn check_run(config: &TrainConfig, out: &Path, resume: bool) -> Result<Option<PathBuf>> {
    let latest = latest(out);
    if out.join(config::FILE).is_file() {
        let before = config::read(out)?;
        if !resume {
            bail!("{} holds a run already: choose another --out, or --resume", out.display());
        }
        // How long to go on may change; everything else would make another run of it.
        let same =
            TrainConfig { epochs: before.epochs, max_steps: before.max_steps, ..config.clone() };
        ensure!(
            same == before,
            "{} was made with other settings; pass the same ones to resume:\n{}",
            out.display(),
            before.to_toml()?
        );
    } else if resume {
        bail!("{} holds no run to resume", out.display());
    }
    Ok(latest.filter(|_| resume))
}

/// Name the checkpoint after so many steps; names sort by age.
pub fn step_name(step: usize) -> String {
    format!("step-{step:07}")
}

/// Return the newest whole checkpoint of a run.
pub fn latest(folder: &Path) -> Option<PathBuf> {
    step_checkpoints(folder).pop()
}

/// Delete all but the newest step checkpoints.
pub fn prune(folder: &Path) {
    let mut found = step_checkpoints(folder);
    found.truncate(found.len().saturating_sub(KEPT));
    for old in found {
        // One that stays does no harm.
        let _ = fs::remove_dir_all(old);
    }
}

fn step_checkpoints(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("step-"))
        .map(|entry| entry.path())
        .filter(|path| path.join(STATE).is_file())
        .collect();
    found.sort();
    found
}
