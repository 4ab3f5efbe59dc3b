//! `nodulens teach`: labels for a training part by networks that have not learnt from its patients.

use super::train::stop_on_ctrl_c;
use crate::config::{self, Overrides, TrainConfig};
use crate::dataset::learnt::Learnt;
use crate::dataset::{Dataset, Example, Fold, read_manifest};
use crate::device::{self, DeviceChoice};
use crate::environment::commit;
use crate::train::views::{Averaged, mean_logits};
use crate::train::{Ending, checkpoint, labels::Labels, teacher_check, train};
use anyhow::{Context, Result, ensure};
use nodulens::on_burn::Trainable;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Arguments of `nodulens teach`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Configuration of a teacher, as for train; several for several teachers, separated by commas.
    #[arg(long, value_delimiter = ',', required = true)]
    config: Vec<PathBuf>,
    /// Folder of the teachers' runs. What is there already is gone on from; a run for the same
    /// subsets serves every split.
    #[arg(long)]
    out: PathBuf,
    /// File of labels to write.
    #[arg(long)]
    labels: PathBuf,
    /// Groups of LUNA16 subsets: each is graded by networks that have learnt from the others.
    #[arg(long, value_delimiter = ',', default_value = "0+2,3+4,5+6,7+8")]
    groups: Vec<Fold>,
    /// Altered views of each patch that a teacher's answer is averaged over.
    #[arg(long, default_value_t = 8)]
    views: usize,
    /// Where to compute.
    #[arg(long, value_enum, default_value = "auto")]
    device: DeviceChoice,
    #[command(flatten)]
    overrides: Overrides,
}

/// Train the teachers of every group, let them grade it, and write the labels.
///
/// # Errors
/// Those of [`train`]; groups that do not hold the whole training part.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let configs = arguments
        .config
        .iter()
        .map(|path| config::resolve(Some(path), &arguments.overrides))
        .collect::<Result<Vec<_>>>()?;
    let first = configs.first().context("a teacher's configuration is missing")?;
    for config in &configs {
        ensure!(
            config.patches == first.patches && config.split == first.split,
            "teachers of one file of labels learn from the same patches by the same split"
        );
        ensure!(config.leave_out.is_empty(), "--leave-out is chosen by the groups");
    }
    let set = Dataset::load(&first.patches, &first.split.train())?;
    let of_subset = |example: &Example, group: &Fold| {
        example.row.luna_subset.is_some_and(|subset| group.holds(subset))
    };
    let groups: Vec<&Fold> = arguments
        .groups
        .iter()
        .filter(|group| set.examples.iter().any(|example| of_subset(example, group)))
        .collect();
    ensure!(
        groups.len() > 1,
        "the training part lies in one group: whoever has not learnt from it has nothing to learn from"
    );
    if let Some(left) =
        set.examples.iter().find(|one| !groups.iter().any(|group| of_subset(one, group)))
    {
        anyhow::bail!("row {} is in no group of --groups", left.row.candidate_row);
    }
    let stop = stop_on_ctrl_c()?;
    let mut sums: BTreeMap<String, f64> = BTreeMap::new();
    let mut learnt = Learnt::default();
    for group in groups {
        for config in &configs {
            let config = TrainConfig { leave_out: group.subsets().collect(), ..config.clone() };
            let Some(run) = teacher(&config, arguments, &stop)? else {
                eprintln!("Go on with the same command; what is done is kept.");
                return Ok(ExitCode::FAILURE);
            };
            let graded: Vec<&Example> =
                set.examples.iter().filter(|example| of_subset(example, group)).collect();
            let network =
                Trainable::new(config.network, &device::open(arguments.device)?.device, 0.0);
            let last = checkpoint::latest(&run).context("the teacher has no checkpoint")?;
            let network = checkpoint::load_shipping(&last, network)?.deployed();
            let from = teacher_check::check(&config)?;
            let rows = graded.iter().map(|example| &example.row);
            let shared = from.shared(rows).shared;
            ensure!(shared == 0, "the teacher of {group} has learnt from {shared} patients of it");
            learnt.join(&from);
            let averaged = Averaged { views: arguments.views, seed: config.seed };
            let logits = mean_logits(&network, &graded, &config, averaged)?;
            for (example, logit) in graded.iter().zip(logits) {
                let sum = sums.entry(example.row.candidate_row.clone()).or_default();
                *sum += logit / configs.len() as f64;
            }
        }
    }
    let names: Vec<&str> = configs.iter().map(|config| config.network.name()).collect();
    let groups: Vec<String> = arguments.groups.iter().map(ToString::to_string).collect();
    let labels = Labels {
        description: format!(
            "The mean logit of {} over {} views; the patients of each of {} by networks that have not \
             learnt from them",
            names.join(" and "),
            arguments.views,
            groups.join(", ")
        ),
        commit: commit(),
        learnt: learnt.card(),
        logits: sums,
    };
    labels.write(&arguments.labels)?;
    println!("Wrote {}: {} patches", arguments.labels.display(), labels.logits.len());
    Ok(ExitCode::SUCCESS)
}

/// Train a teacher, or go on, and return its folder; `None` where the user stopped it. It is named by
/// what it learns from, so that splits that leave the same subsets share it.
fn teacher(
    config: &TrainConfig,
    arguments: &Arguments,
    stop: &Arc<AtomicBool>,
) -> Result<Option<PathBuf>> {
    let rows = config.split.train().of(read_manifest(&config.patches)?);
    let mut subsets: Vec<u32> = rows.iter().filter_map(|row| row.luna_subset).collect();
    subsets.retain(|subset| !config.leave_out.contains(subset));
    subsets.sort_unstable();
    subsets.dedup();
    let subsets: Vec<String> = subsets.iter().map(ToString::to_string).collect();
    let name = format!("{}-{}-of-{}", config.network.name(), config.seed, subsets.join("+"));
    let run = arguments.out.join(name);
    if done(&run, config)? {
        return Ok(Some(run));
    }
    eprintln!("\n{}", run.display());
    let resume = run.join(config::FILE).is_file();
    let outcome = train(config, arguments.device, &run, resume, stop)?;
    Ok((outcome.ending != Ending::Interrupted).then_some(run))
}

/// Tell whether a run is finished, by whichever split.
fn done(run: &Path, config: &TrainConfig) -> Result<bool> {
    let Some(last) = checkpoint::latest(run) else { return Ok(false) };
    let same = {
        let found = config::read(run)?;
        TrainConfig { split: config.split, leave_out: config.leave_out.clone(), ..found } == *config
    };
    Ok(same && checkpoint::load_state(&last)?.epoch >= config.epochs)
}
