//! A run tried out (`train --dry-run`): sizes, balance, the first loss, memory, time, and a sheet of
//! patches as the network would see them. A few steps are computed and forgotten.

use super::batches::{AHEAD, Ready, Start, clean_batches, epoch_order, feed};
use super::initial::initial;
use super::journal::{clock, describe, sheet};
use super::machine::peak_memory_bytes;
use super::optimizer::optimizer;
use super::targets::Objective;
use super::teacher_check;
use super::training_set::training_set;
use super::validate::validate;
use super::{Pass, pass};
use crate::config::TrainConfig;
use crate::dataset::{Dataset, ManifestRow, Part, read_manifest};
use crate::device::{self, DeviceChoice};
use crate::files::write_whole;
use anyhow::{Context, Result, ensure};
use burn::module::Module;
use nodulens::on_burn::Trainable;
use std::collections::HashSet;
use std::f64::consts::LN_2;
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

/// Steps that are timed, behind one that is not.
const STEPS: usize = 4;
/// Validation patches that are timed.
const VALIDATED: usize = 192;
/// How far a first loss may lie from ln 2, in nats, before it is told as odd.
const ODD: f64 = 0.25;

/// What a dry run found.
#[derive(Clone, Debug)]
pub struct DryRun {
    /// Mean loss of the first batch before any step, in nats.
    pub first_loss: f64,
    /// The most memory that the process has held: after a step, and at the end of an epoch; where
    /// the system says it.
    pub peak_bytes: [Option<u64>; 2],
    /// Time of a step.
    pub step: Duration,
    /// Patches trained on in a second.
    pub patches_per_second: f64,
    /// Time of the whole run, validation included.
    pub whole: Duration,
}

/// Try a run out and print what is found; the sheet is written as PNG. Nothing else is left.
///
/// # Errors
/// Those of [`super::train`] before its first epoch ends; where the sheet cannot be written.
pub fn dry_run(config: &TrainConfig, choice: DeviceChoice, path: &Path) -> Result<DryRun> {
    let chosen = device::open(choice)?;
    let train = training_set(config)?;
    let valid = Dataset::load(&config.patches, &config.split.valid())?;
    teacher_check::check(config)?;
    let objective = Objective::new(config, &train)?;
    let device = chosen.device.clone().autodiff();
    let mut network = initial(config, &train, &device)?;
    let mut optimizer = optimizer(config, &network);
    describe(config, &chosen.name, &train, &valid);
    println!("{}", balance(config)?);

    let steps_per_epoch = epoch_order(config, &train, 0).len().div_ceil(config.batch_size);
    let steps = config.epochs * steps_per_epoch;
    let timed = std::thread::scope(|scope| {
        // The receiver lies within, so that the feeding ends with the steps.
        let (sender, ready) = sync_channel(AHEAD);
        let (train, objective) = (&train, &objective);
        let start = Start { epoch: 0, step_in_epoch: 0, step: 0 };
        scope.spawn(move || feed(config, train, objective, start, &sender));
        let mut timed = Timed::default();
        for step in 0..=STEPS.min(steps.saturating_sub(1)) {
            let began = Instant::now();
            let ready: Ready = ready.recv().context("no patches came")??;
            device.seed(config.seed);
            let Pass { loss, gradients, .. } = pass(&network, &ready, config.accumulate, &device)?;
            let learning_rate = config.learning_rate_at(step, steps);
            network = optimizer.step(learning_rate, network.clone(), gradients);
            if step == 0 {
                timed.first_loss = loss;
                timed.peak_bytes = peak_memory_bytes();
                write_whole(path, &sheet(&ready.values)?.1)?;
            } else {
                timed.steps += 1;
                timed.time += began.elapsed();
                timed.patches += ready.targets.patches();
            }
        }
        anyhow::Ok(timed)
    })?;
    ensure!(timed.first_loss.is_finite(), "the first loss is {}", timed.first_loss);

    let began = Instant::now();
    let examples = &valid.examples[..valid.examples.len().min(VALIDATED)];
    validate(&network.valid().deployed(), examples)?;
    let share = valid.examples.len() as f64 / examples.len().max(1) as f64;
    let epoch_end = began.elapsed().mul_f64(share) + measuring(config, &network, &train, &device);
    let step = timed.time / u32::try_from(timed.steps.max(1))?;
    let epochs = u32::try_from(config.epochs)?;
    let found = DryRun {
        first_loss: timed.first_loss,
        peak_bytes: [timed.peak_bytes, peak_memory_bytes()],
        step,
        patches_per_second: timed.patches as f64 / timed.time.as_secs_f64().max(1e-9),
        whole: step.mul_f64(steps as f64) + epoch_end * epochs,
    };
    println!("{}", told(config, &found, steps_per_epoch, path));
    Ok(found)
}

/// What the steps gave.
#[derive(Default)]
struct Timed {
    first_loss: f64,
    peak_bytes: Option<u64>,
    steps: usize,
    time: Duration,
    patches: usize,
}

/// Return the time that the statistics of normalisation take at the end of an epoch.
fn measuring(
    config: &TrainConfig,
    network: &Trainable,
    train: &Dataset,
    device: &burn::tensor::Device,
) -> Duration {
    if config.norm_batches == 0 || !config.network.is_tied() {
        return Duration::ZERO;
    }
    let began = Instant::now();
    let clean = clean_batches(config, train, config.norm_batches, &device.clone().inner());
    let _ = network.valid().with_statistics_of(clean);
    began.elapsed()
}

/// Return a table: of each part the patches, nodules, scans and patients.
fn balance(config: &TrainConfig) -> Result<String> {
    let rows = read_manifest(&config.patches)?;
    let split = config.split;
    let parts: [(&str, Part); 3] =
        [("train", split.train()), ("valid", split.valid()), ("test", split.test())];
    let mut lines = vec!["part   patches  nodules  share   scans  patients".to_owned()];
    for (name, part) in parts {
        let rows = part.of(rows.clone());
        let count =
            |of: fn(&ManifestRow) -> &str| rows.iter().map(of).collect::<HashSet<_>>().len();
        let nodules = rows.iter().filter(|row| row.nodule()).count();
        lines.push(format!(
            "{name:<5} {:>8} {nodules:>8} {:>5.1} % {:>6} {:>9}",
            rows.len(),
            100.0 * nodules as f64 / rows.len().max(1) as f64,
            count(ManifestRow::series),
            count(ManifestRow::unit),
        ));
    }
    Ok(lines.join("\n"))
}

fn told(config: &TrainConfig, found: &DryRun, steps_per_epoch: usize, sheet: &Path) -> String {
    let off = found.first_loss - LN_2;
    let verdict = if off.abs() <= ODD {
        "near ln 2 = 0.6931, as of a network that knows nothing"
    } else if !config.init.as_os_str().is_empty() && off < 0.0 {
        "below ln 2 = 0.6931: what it begins with knows something"
    } else {
        "WARNING: far from ln 2 = 0.6931, where a network that knows nothing begins. Look at labels, \
         class weights and --init"
    };
    let memory = match found.peak_bytes {
        [Some(step), Some(epoch)] => format!(
            "{:.0} MB at most after one step, {:.0} MB behind an epoch; a graphics card's own besides",
            step as f64 / 1e6,
            epoch as f64 / 1e6
        ),
        _ => "not said by this system".to_owned(),
    };
    let mut lines = vec![
        format!("First loss  {:.4}, {verdict}", found.first_loss),
        format!("Memory      {memory}"),
        format!(
            "Time        {:.0} ms a step, {:.0} patches/s; {} for {} epochs of {steps_per_epoch} steps",
            found.step.as_secs_f64() * 1000.0,
            found.patches_per_second,
            clock(found.whole),
            config.epochs,
        ),
    ];
    if config.teacher_views > 0 && !config.teachers.is_empty() {
        lines.push("            less once the teachers have answered for all views".to_owned());
    }
    lines.push(format!("Patches     as the network would see them: {}", sheet.display()));
    lines.push("Nothing was trained, and there is no run.".to_owned());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_odd_first_loss_is_told() {
        let found = |first_loss: f64| DryRun {
            first_loss,
            peak_bytes: [Some(123_000_000), Some(145_000_000)],
            step: Duration::from_millis(250),
            patches_per_second: 384.0,
            whole: Duration::from_secs(3723),
        };
        let text = |loss: f64, init: &str| {
            let config = TrainConfig { init: init.into(), ..TrainConfig::default() };
            told(&config, &found(loss), 60, Path::new("sheet.png"))
        };
        let usual = text(0.71, "");
        assert!(usual.contains("0.7100, near ln 2") && !usual.contains("WARNING"), "{usual}");
        for part in
            ["123 MB", "145 MB", "250 ms a step, 384 patches/s; 1:02:03", "sheet.png", "no run"]
        {
            assert!(usual.contains(part), "{part} in {usual}");
        }
        assert!(text(1.5, "").contains("WARNING") && text(0.1, "").contains("WARNING"));
        assert!(text(0.1, "a.nodulens").contains("knows something"));
    }
}
