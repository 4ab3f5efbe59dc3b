//! The network that a run begins with: fresh, or learnt elsewhere (`init`).

use super::batches::clean_batches;
use super::checkpoint;
use crate::config::{self, TrainConfig};
use crate::dataset::Dataset;
use anyhow::{Context, Result, anyhow, ensure};
use burn::module::Module;
use burn::tensor::Device;
use nodulens::on_burn::Trainable;
use nodulens::weights::read_weights;
use nodulens_imaging::UserError;
use std::path::{Path, PathBuf};

/// Batches on which a tied network from a weights file is given its statistics, where `norm_batches`
/// asks for fewer.
const BATCHES: usize = 8;

/// Return the network that a run begins with, on its device.
///
/// # Errors
/// An `init` that holds no weights, or another network's.
pub fn initial(config: &TrainConfig, train: &Dataset, device: &Device) -> Result<Trainable> {
    // On the CPU, so that every device starts from the same numbers.
    let cpu = Device::flex();
    cpu.seed(config.seed);
    let fresh = Trainable::new(config.network, &cpu, config.dropout);
    // Drawing is lazy; taking the record makes it happen here.
    let record = match &config.init {
        path if path.as_os_str().is_empty() => fresh.into_record(),
        path if path.is_dir() => {
            let (checkpoint, kind) = of_run(path)?;
            ensure!(
                kind.is_none_or(|kind| kind == config.network),
                "--init {}: it is a run of another network; this one is {}",
                path.display(),
                config.network.name()
            );
            checkpoint::load_shipping(&checkpoint, fresh)?.into_record()
        }
        path => of_weights(config, path, train, &cpu)?.into_record(),
    };
    Ok(Trainable::new(config.network, device, config.dropout).load_record(record))
}

/// Return the checkpoint that a folder is or holds: of a run the best epoch, else the newest step;
/// and the run's network.
pub(super) fn of_run(folder: &Path) -> Result<(PathBuf, Option<nodulens::model::NetworkKind>)> {
    let network = |run: Option<&Path>| Some(config::read(run?).ok()?.network);
    if folder.join(checkpoint::STATE).is_file() {
        return Ok((folder.to_owned(), network(folder.parent())));
    }
    let best = folder.join("best");
    let found = if best.is_dir() { Some(best) } else { checkpoint::latest(folder) };
    let found = found.with_context(|| {
        format!("--init {}: neither a run with a checkpoint nor a checkpoint", folder.display())
    })?;
    Ok((found, network(Some(folder))))
}

fn of_weights(
    config: &TrainConfig,
    path: &Path,
    train: &Dataset,
    cpu: &Device,
) -> Result<Trainable> {
    let place = || format!("--init {}", path.display());
    let bytes = std::fs::read(path).with_context(place)?;
    let file = read_weights(&bytes).map_err(|error| anyhow!("{error}. {}", error.hint()));
    let file = file.with_context(place)?;
    ensure!(
        file.kind == config.network,
        "{}: it holds the network {}; this run's is {}",
        place(),
        file.kind.name(),
        config.network.name()
    );
    let network = Trainable::from_weights(config.network, file.parameters, cpu, config.dropout)
        .with_context(place)?;
    if !config.network.is_tied() {
        return Ok(network);
    }
    let batches = clean_batches(config, train, config.norm_batches.max(BATCHES), cpu);
    Ok(network.with_statistics_beneath(batches))
}
