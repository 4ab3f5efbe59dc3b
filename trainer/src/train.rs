//! The training run, from top to bottom. Its keys stand in [`crate::config`].
//!
//! Shape letters: B batch. A step: draw B patches, alter and blend them (`batches`, `draw`, `augment`,
//! `blend`), ask the teachers (`teachers`, `targets`), forward, cross-entropy, backward, optimizer,
//! moving average. At the end of an epoch the validation part is measured, and what was learnt is
//! written (`checkpoint`) and told (`journal`). What ships of an epoch is what is validated: the
//! average where there is one, with normalisation folded in, by statistics measured on clean patches
//! where the configuration asks for it.

mod augment;
mod average;
mod batches;
mod blend;
pub mod checkpoint;
mod contested;
mod draw;
pub mod dry_run;
mod initial;
mod journal;
pub mod labels;
pub mod machine;
mod optimizer;
pub mod origin;
mod targets;
pub mod teacher_check;
mod teachers;
mod training_set;
mod validate;
pub mod views;

pub use journal::{COMPARED, EVENTS};
pub use validate::{Validated, validate};

use crate::config::{self, TrainConfig};
use crate::dataset::Dataset;
use crate::dataset::description::DataCard;
use crate::device::{self, DeviceChoice};
use crate::environment::commit;
use crate::files::write_whole;
use crate::metrics::{average_precision, confusion, operating_point, rates, roc_auc};
use crate::tensorboard::hparams::Status;
use anyhow::{Context, Result, ensure};
use average::Ema;
use batches::{AHEAD, Ready, Start, clean_batches, epoch_order, feed};
use blend::mix;
use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor};
use checkpoint::{EpochRecord, Saved, State};
use initial::initial;
use journal::{Journal, Progress, describe};
use nodulens::constants::PAPER_SPECIFICITY;
use nodulens::on_burn::{Trainable, batch_tensor, view_tensor};
use optimizer::optimizer;
use origin::Origin;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Instant;
use targets::Objective;
use training_set::training_set;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All epochs, or the steps asked for, are done.
    Finished,
    /// Validation stood still for as long as `early_stopping` allows.
    StoodStill,
    /// Stopped by the user; a checkpoint was written.
    Interrupted,
}

/// What a run leaves behind.
#[derive(Debug)]
pub struct Outcome {
    /// Whether it came to its end.
    pub ending: Ending,
    /// Loss of each step of this session.
    pub losses: Vec<f64>,
    /// Where it stands.
    pub state: State,
}

/// A run in progress.
struct Run<'a> {
    out: &'a Path,
    network: Trainable,
    average: Option<Ema>,
    /// Unaltered patches that normalisation is measured on; none where it keeps running statistics.
    clean: Vec<Tensor<4>>,
    optimizer: ModuleOptimizer,
    state: State,
}

/// Train until the last epoch, or until `stop` is set: then write a checkpoint and return.
///
/// # Errors
/// Unreadable data, a run folder that is another run's, a loss that is not finite, a full disk.
/// Checkpoints written so far are left whole.
pub fn train(
    config: &TrainConfig,
    choice: DeviceChoice,
    out: &Path,
    resume: bool,
    stop: &Arc<AtomicBool>,
) -> Result<Outcome> {
    let chosen = device::open(choice)?;
    let checkpoint = checkpoint::check_run(config, out, resume)?;
    let train_set = training_set(config)?;
    let valid_set = Dataset::load(&config.patches, &config.split.valid())?;
    // Read for its errors alone: the card is written when the run is long done.
    DataCard::read(&config.patches, config.data_card())?;
    let learnt = teacher_check::check(config)?;
    let origin = Origin::here(config, [&train_set, &valid_set], commit(), &chosen.name)?;
    let objective = Objective::new(config, &train_set)?;

    // Autodiff belongs to the device; validation runs on the plain one.
    let device = chosen.device.clone().autodiff();
    let mut run = Run::begin(config, out, &device, &train_set, origin, checkpoint.as_deref())?;
    // Only now, so that a mistyped --patches leaves nothing behind.
    write_whole(&out.join(config::FILE), config.to_toml()?.as_bytes())?;
    teacher_check::write(out, &learnt)?;
    machine::record(out, &chosen.name)?;
    describe(config, &chosen.name, &train_set, &valid_set);
    let mut journal = Journal::open(out, config)?;

    let start = Start {
        epoch: run.state.epoch,
        step_in_epoch: run.state.step_in_epoch,
        step: run.state.step,
    };
    let ended = std::thread::scope(|scope| {
        let (sender, ready) = sync_channel(AHEAD);
        let train_set = &train_set;
        scope.spawn(move || feed(config, train_set, &objective, start, &sender));

        let steps_per_epoch = epoch_order(config, train_set, 0).len().div_ceil(config.batch_size);
        let steps = config.epochs * steps_per_epoch;
        let end = if config.max_steps == 0 { usize::MAX } else { config.max_steps };
        let mut progress = Progress::new(config, steps_per_epoch, &run.state);
        let mut losses = Vec::new();
        let mut ending = Ending::Finished;
        while run.state.epoch < config.epochs && run.state.step < end {
            if run.state.stands_still(config.early_stopping) {
                ending = Ending::StoodStill;
                break;
            }
            let (began, mut patches) = (Instant::now(), 0);
            for _ in run.state.step_in_epoch..steps_per_epoch {
                if stop.load(Ordering::Relaxed) {
                    let path = run.save_step()?;
                    progress.stopped(&run.state, &path);
                    return Ok((Ending::Interrupted, losses));
                }
                if run.state.step >= end {
                    break;
                }
                let ready = ready.recv().context("no patches came")??;
                if run.state.step_in_epoch == 0 {
                    journal.batch(run.state.step, &ready.values)?;
                }
                // Dropout draws from the device: seed it by the step, so that resuming changes
                // nothing.
                device.seed(mix(config.seed, run.state.step as u64));
                let pass = pass(&run.network, &ready, config.accumulate, &device)?;
                ensure!(
                    pass.loss.is_finite(),
                    "the loss is {} at step {}: the network diverged. Start a new run with a \
                     smaller --learning-rate; the best checkpoint is kept",
                    pass.loss,
                    run.state.step
                );
                let learning_rate = config.learning_rate_at(run.state.step, steps);
                run.step(learning_rate, pass.gradients);

                losses.push(pass.loss);
                run.state.loss_sum += pass.loss;
                run.state.right += pass.right;
                run.state.seen += ready.targets.patches();
                patches += ready.targets.patches();
                journal.step(run.state.step, pass.loss, learning_rate)?;
                progress.step(&run.state, ready.targets.patches());
                if run.state.step.is_multiple_of(config.checkpoint_steps) {
                    run.save_step()?;
                }
            }
            if run.state.step_in_epoch < steps_per_epoch {
                break; // max_steps
            }
            let speed = patches as f64 / began.elapsed().as_secs_f64().max(1e-9);
            let learning_rate = config.learning_rate_at(run.state.step - 1, steps);
            let told = Told { began, learning_rate, speed };
            run.finish_epoch(told, &valid_set, &mut journal)?;
            progress.epoch(&run.state);
        }
        if run.state.stands_still(config.early_stopping) {
            ending = Ending::StoodStill;
        }
        run.save_step()?;
        progress.finish();
        Ok((ending, losses))
    });
    journal.ended(match &ended {
        Ok((Ending::Interrupted, _)) => Status::Running,
        Ok(_) => Status::Success,
        Err(_) => Status::Failure,
    })?;
    let (ending, losses) = ended?;
    Ok(Outcome { ending, losses, state: run.state })
}

/// What a step's forward and backward passes give.
struct Pass {
    loss: f64,
    right: usize,
    gradients: GradientsParams,
}

/// Take the patches of a step through the network and back, in so many parts, of which each leaves
/// its share of the gradients.
fn pass(network: &Trainable, ready: &Ready, parts: usize, device: &Device) -> Result<Pass> {
    // Within the pool, so that a thread of it need not be woken for every operation.
    rayon::scope(|_| pass_here(network, ready, parts, device))
}

fn pass_here(network: &Trainable, ready: &Ready, parts: usize, device: &Device) -> Result<Pass> {
    let mut accumulated = GradientsAccumulator::new();
    let (mut sum, mut count) = (0.0, 0);
    for part in ready.targets.parts(parts) {
        let each = network.kind().samples();
        let values = ready.values[part.start * each..part.end * each].to_vec();
        let (loss, right) = match network.kind().context() {
            None => ready.targets.loss(part, network.forward(batch_tensor(values, device)))?,
            Some(_) => {
                let views = view_tensor(values, device);
                let (alone, in_context) = network.forward_in_context(views);
                let (loss, right) = ready.targets.loss(part.clone(), alone)?;
                match in_context {
                    None => (loss, right),
                    Some(logits) => {
                        let (other, right) = ready.targets.loss(part, logits)?;
                        ((loss + other) / 2.0, right)
                    }
                }
            }
        };
        sum += f64::from(loss.clone().into_scalar::<f32>());
        count += right;
        let gradients = GradientsParams::from_grads(loss.backward(), network);
        accumulated.accumulate(network, gradients);
    }
    Ok(Pass { loss: sum, right: count, gradients: accumulated.grads() })
}

/// What an epoch's line says besides its figures.
struct Told {
    began: Instant,
    learning_rate: f64,
    /// Patches a second.
    speed: f64,
}

impl Run<'_> {
    /// Begin from the start, or from a checkpoint.
    fn begin<'a>(
        config: &'a TrainConfig,
        out: &'a Path,
        device: &Device,
        train: &Dataset,
        origin: Origin,
        checkpoint: Option<&Path>,
    ) -> Result<Run<'a>> {
        let state = State { commit: commit(), monitor: config.monitor, ..State::default() };
        let (network, mut state) = match checkpoint {
            None => (initial(config, train, device)?, state),
            Some(checkpoint) => {
                let state = checkpoint::load_state(checkpoint)?;
                for line in state.origin.goes_on(&origin)? {
                    eprintln!("WARNING     {line}");
                }
                let fresh = Trainable::new(config.network, device, config.dropout);
                (checkpoint::load_network(checkpoint, fresh)?, state)
            }
        };
        state.origin = origin;
        // The optimizer knows the parameters by the ids of the network that is trained, and so does
        // the average.
        let mut optimizer = optimizer(config, &network);
        let mut average = network.valid();
        if let Some(checkpoint) = checkpoint {
            optimizer = checkpoint::load_optimizer(checkpoint, optimizer)?;
            if config.ema_decay > 0.0 {
                average = checkpoint::load_average(checkpoint, average)?;
            }
            eprintln!("Going on after step {} ({})", state.step, checkpoint.display());
        }
        let average = (config.ema_decay > 0.0).then(|| Ema::new(config.ema_decay, average));
        let normalised = if config.network.is_tied() { config.norm_batches } else { 0 };
        // On the plain device, where normalisation answers as at inference.
        let clean = clean_batches(config, train, normalised, &device.clone().inner());
        Ok(Run { out, network, average, clean, optimizer, state })
    }

    fn step(&mut self, learning_rate: f64, gradients: GradientsParams) {
        self.network = self.optimizer.step(learning_rate, self.network.clone(), gradients);
        self.state.step += 1;
        self.state.step_in_epoch += 1;
        if let Some(average) = &mut self.average {
            average.update(&self.network, self.state.step);
        }
    }

    /// Return what would ship now, without autodiff.
    fn current(&self) -> Trainable {
        let network =
            self.average.as_ref().map_or_else(|| self.network.valid(), |ema| ema.network().clone());
        if self.clean.is_empty() { network } else { network.with_statistics_of(self.clean.clone()) }
    }

    fn finish_epoch(&mut self, told: Told, valid: &Dataset, journal: &mut Journal) -> Result<()> {
        let current = self.current();
        let Validated { labelled, loss: valid_loss, alone } =
            validate(&current.deployed(), &valid.examples)?;
        let state = &mut self.state;
        let record = EpochRecord {
            epoch: state.epoch + 1,
            step: state.step,
            learning_rate: Some(told.learning_rate),
            train_loss: state.loss_sum / state.step_in_epoch.max(1) as f64,
            train_accuracy: (state.seen > 0).then(|| state.right as f64 / state.seen as f64),
            valid_loss,
            valid_accuracy: rates(confusion(&labelled, 0.5)).accuracy,
            valid_auc: roc_auc(&labelled).unwrap_or(0.5),
            valid_patch_auc: alone.as_deref().and_then(roc_auc),
            seconds: told.began.elapsed().as_secs_f64(),
            valid_average_precision: average_precision(&labelled),
            valid_recall: operating_point(&labelled, PAPER_SPECIFICITY).map(|(_, recall)| recall),
            patches_per_second: Some(told.speed),
        };
        let best = state.best().map(|best| best.figure(state.monitor));
        let better =
            best.is_none_or(|best| state.monitor.is_better(record.figure(state.monitor), best));
        if better {
            state.best_epoch = Some(record.epoch);
        }
        journal.epoch(&record, &labelled)?;
        state.history.push(record);
        state.epoch += 1;
        state.step_in_epoch = 0;
        (state.loss_sum, state.right, state.seen) = (0.0, 0, 0);
        if state.best_epoch == Some(state.epoch) {
            let saved =
                Saved { network: &current, average: None, ships: None, optimizer: None, state };
            checkpoint::save(self.out, "best", &saved)?;
        }
        journal::write_csv(self.out, &self.state)
    }

    fn save_step(&self) -> Result<PathBuf> {
        let name = checkpoint::step_name(self.state.step);
        let ships = (!self.clean.is_empty()).then(|| self.current());
        let saved = Saved {
            network: &self.network,
            average: self.average.as_ref().map(Ema::network),
            ships: ships.as_ref(),
            optimizer: Some(&self.optimizer),
            state: &self.state,
        };
        let path = checkpoint::save(self.out, &name, &saved)?;
        checkpoint::prune(self.out);
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::{ModuleVisitor, Param};
    use nodulens::constants::PATCH_SAMPLES;
    use nodulens::model::NetworkKind;

    /// Gradients of each parameter, in order.
    struct Collected<'a>(&'a GradientsParams, Vec<f32>);

    impl ModuleVisitor for Collected<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let gradient = self.0.get::<D>(param.id);
            self.1.extend(gradient.map_or(Vec::new(), |g| g.into_data().iter::<f32>().collect()));
        }
    }

    #[test]
    fn a_step_in_parts_has_the_gradients_of_the_whole() {
        let device = Device::flex().autodiff();
        device.seed(3);
        let network = Trainable::new(NetworkKind::Small, &device, 0.0);
        let patches = 7;
        let value = |i: usize| ((i * i + 7 * (i / 50)) % 101) as f32 / 101.0;
        let values: Vec<f32> = (0..patches * PATCH_SAMPLES).map(value).collect();
        let ready = Ready { values, targets: targets::Targets::of_classes(&[0, 1, 1, 0, 1, 0, 0]) };
        let passed = |parts: usize| {
            let pass = pass(&network, &ready, parts, &device).unwrap();
            let mut collected = Collected(&pass.gradients, Vec::new());
            network.visit(&mut collected);
            (pass.loss, pass.right, collected.1)
        };
        let (loss, right, whole) = passed(1);
        for count in [2, 3, 7] {
            let (loss_there, right_there, parts) = passed(count);
            assert!((loss - loss_there).abs() < 1e-5 && right == right_there, "{count} parts");
            assert_eq!(parts.len(), NetworkKind::Small.parameters());
            let most = whole.iter().fold(0.0, |most: f32, value| most.max(value.abs()));
            let pairs = whole.iter().zip(&parts);
            let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-5 * most.max(1.0), "{count} parts differ by {worst} of {most}");
        }
    }
}
