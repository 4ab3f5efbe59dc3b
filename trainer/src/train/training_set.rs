//! The patches that a run learns from: the training part, without what is left out of it, and hard
//! negatives beside it.

use super::contested;
use crate::config::TrainConfig;
use crate::dataset::{Dataset, Part};
use anyhow::{Context, Result, ensure};
use std::collections::HashSet;

/// Read the patches that a run learns from.
///
/// # Errors
/// Unreadable data; nothing that is left; hard negatives that are not, or whose patients are those of
/// the data itself.
pub fn training_set(config: &TrainConfig) -> Result<Dataset> {
    let set = Dataset::load(&config.patches, &config.split.train())?;
    let set = set.without_subsets(&config.leave_out);
    ensure!(!set.examples.is_empty(), "--leave-out leaves nothing to learn from");
    let set = contested::training_part(config, set)?;
    if config.hard_negatives.as_os_str().is_empty() {
        return Ok(set);
    }
    let folder = config.hard_negatives.display();
    let mined = Dataset::load(&config.hard_negatives, &Part::All)
        .with_context(|| format!("--hard-negatives {folder}"))?;
    ensure!(
        mined.positives() == 0,
        "--hard-negatives {folder}: {} of its patches are nodules",
        mined.positives()
    );
    // All of the data, for a patient of its validation or test part is not to be learnt from, either.
    let whole = crate::dataset::read_manifest(&config.patches)?;
    let known: HashSet<&str> = whole.iter().map(|row| row.unit()).collect();
    if let Some(shared) = mined.examples.iter().find(|one| known.contains(one.row.unit())) {
        anyhow::bail!(
            "--hard-negatives {folder}: {} has patches in {} too, and may be one that the run is judged \
             on",
            shared.row.unit(),
            config.patches.display()
        );
    }
    eprintln!("Hard        {} negatives of {} scans besides", mined.examples.len(), mined.series());
    Ok(set.with_mined(mined))
}
