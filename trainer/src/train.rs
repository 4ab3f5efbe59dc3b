//! The training run, from top to bottom. Its keys stand in [`crate::config`].
//!
//! Shape letters: B batch. A step: draw B patches, alter them (`batches`, `augment`), forward,
//! cross-entropy, backward, optimizer, moving average. At the end of an epoch the validation part
//! is measured, and what was learnt is written (`checkpoint`) and told (`journal`). What ships of an
//! epoch is what is validated: the average where there is one, with normalisation folded in.

mod augment;
mod average;
mod batches;
pub mod checkpoint;
mod journal;
mod optimizer;
mod validate;

pub use validate::validate;

use crate::config::{self, TrainConfig};
use crate::dataset::Dataset;
use crate::device::{self, DeviceChoice};
use crate::environment::commit;
use crate::files::write_whole;
use crate::metrics::{confusion, rates, roc_auc};
use anyhow::{Context, Result, ensure};
use average::Ema;
use batches::{AHEAD, Objective, Ready, Start, epoch_order, feed, mix};
use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::Device;
use checkpoint::{EpochRecord, Saved, State};
use journal::{Journal, Progress, describe};
use nodulens::on_burn::{Trainable, batch_tensor};
use optimizer::optimizer;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Instant;

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
    let train_set = Dataset::load(&config.patches, &config.split.train())?;
    let valid_set = Dataset::load(&config.patches, &config.split.valid())?;
    let objective = Objective::new(config, &train_set, &chosen.device)?;
    // Only now, so that a mistyped --patches leaves nothing behind.
    write_whole(&out.join(config::FILE), config.to_toml()?.as_bytes())?;
    describe(config, &chosen.name, &train_set, &valid_set);

    // Autodiff belongs to the device; validation runs on the plain one.
    let device = chosen.device.clone().autodiff();
    let mut run = Run::begin(config, out, &device, checkpoint.as_deref())?;
    let mut journal = Journal::open(out)?;

    let steps_per_epoch = epoch_order(config, &train_set, 0).len().div_ceil(config.batch_size);
    let steps = config.epochs * steps_per_epoch;
    let end = if config.max_steps == 0 { usize::MAX } else { config.max_steps };
    let mut progress = Progress::new(config.epochs, steps_per_epoch, config.batch_size, &run.state);
    let start = Start {
        epoch: run.state.epoch,
        step_in_epoch: run.state.step_in_epoch,
        step: run.state.step,
    };
    std::thread::scope(|scope| {
        let (sender, ready) = sync_channel(AHEAD);
        let train_set = &train_set;
        scope.spawn(move || feed(config, train_set, &objective, start, &sender));
        let mut losses = Vec::new();
        let mut ending = Ending::Finished;
        while run.state.epoch < config.epochs && run.state.step < end {
            let began = Instant::now();
            for _ in run.state.step_in_epoch..steps_per_epoch {
                if stop.load(Ordering::Relaxed) {
                    let path = run.save_step()?;
                    progress.finish();
                    eprintln!(
                        "Stopped after step {}. Saved to {}.",
                        run.state.step,
                        path.display()
                    );
                    eprintln!("Go on with the same command and --resume.");
                    return Ok(Outcome { ending: Ending::Interrupted, losses, state: run.state });
                }
                if run.state.step >= end {
                    break;
                }
                let Ready { values, targets } = ready.recv().context("no patches came")??;
                if run.state.step_in_epoch == 0 {
                    journal.batch(run.state.step, &values)?;
                }
                // Dropout draws from the device: seed it by the step, so that resuming changes
                // nothing.
                device.seed(mix(config.seed, run.state.step as u64));
                let logits = run.network.forward(batch_tensor(values, &device));
                let (loss, right) = targets.loss(logits)?;
                let value = f64::from(loss.clone().into_scalar::<f32>());
                ensure!(
                    value.is_finite(),
                    "the loss is {value} at step {}: the network diverged. Start a new run with a \
                     smaller --learning-rate; the best checkpoint is kept",
                    run.state.step
                );
                let gradients = GradientsParams::from_grads(loss.backward(), &run.network);
                let learning_rate = config.learning_rate_at(run.state.step, steps);
                run.step(learning_rate, gradients);

                losses.push(value);
                run.state.loss_sum += value;
                run.state.right += right;
                run.state.seen += targets.patches();
                journal.step(run.state.step, value, learning_rate)?;
                progress.step(&run.state, targets.patches());
                if run.state.step.is_multiple_of(config.checkpoint_steps) {
                    run.save_step()?;
                }
            }
            if run.state.step_in_epoch < steps_per_epoch {
                break; // max_steps
            }
            let learning_rate = config.learning_rate_at(run.state.step - 1, steps);
            run.finish_epoch(began, learning_rate, &valid_set, &chosen.device, &mut journal)?;
            progress.epoch(&run.state);
            let still = run.state.epoch - run.state.best_epoch.unwrap_or(run.state.epoch);
            if config.early_stopping > 0 && still >= config.early_stopping {
                ending = Ending::StoodStill;
                break;
            }
        }
        run.save_step()?;
        progress.finish();
        Ok(Outcome { ending, losses, state: run.state })
    })
}

impl Run<'_> {
    /// Begin from the start, or from a checkpoint.
    fn begin<'a>(
        config: &'a TrainConfig,
        out: &'a Path,
        device: &Device,
        checkpoint: Option<&Path>,
    ) -> Result<Run<'a>> {
        let mut network = fresh_network(config, device);
        let mut state = State { commit: commit(), ..State::default() };
        let average = |network: &Trainable| Ema::new(config.ema_decay, network.valid());
        let mut ema = (config.ema_decay > 0.0).then(|| average(&network));
        if let Some(checkpoint) = checkpoint {
            network = checkpoint::load_network(checkpoint, network)?;
            state = checkpoint::load_state(checkpoint)?;
            if ema.is_some() {
                // The ids are those of the network, by which the average finds its parameters.
                let saved = checkpoint::load_average(checkpoint, network.valid())?;
                ema = Some(Ema::new(config.ema_decay, saved));
            }
            eprintln!("Going on after step {} ({})", state.step, checkpoint.display());
        }
        // Only now: it knows the parameters by the ids of the network that is trained.
        let mut optimizer = optimizer(config, &network);
        if let Some(checkpoint) = checkpoint {
            optimizer = checkpoint::load_optimizer(checkpoint, optimizer)?;
        }
        Ok(Run { out, network, average: ema, optimizer, state })
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
        self.average.as_ref().map_or_else(|| self.network.valid(), |ema| ema.network().clone())
    }

    fn finish_epoch(
        &mut self,
        began: Instant,
        learning_rate: f64,
        valid: &Dataset,
        device: &Device,
        journal: &mut Journal,
    ) -> Result<()> {
        let current = self.current();
        let (labelled, valid_loss) = validate(&current.deployed(), &valid.examples, device)?;
        let state = &mut self.state;
        let record = EpochRecord {
            epoch: state.epoch + 1,
            step: state.step,
            learning_rate: Some(learning_rate),
            train_loss: state.loss_sum / state.step_in_epoch.max(1) as f64,
            train_accuracy: (state.seen > 0).then(|| state.right as f64 / state.seen as f64),
            valid_loss,
            valid_accuracy: rates(confusion(&labelled, 0.5)).accuracy,
            valid_auc: roc_auc(&labelled).unwrap_or(0.5),
            seconds: began.elapsed().as_secs_f64(),
        };
        let best =
            state.best_epoch.map_or(f64::NEG_INFINITY, |best| state.history[best - 1].valid_auc);
        if record.valid_auc > best {
            state.best_epoch = Some(record.epoch);
        }
        journal.epoch(&record, &labelled)?;
        state.history.push(record);
        state.epoch += 1;
        state.step_in_epoch = 0;
        (state.loss_sum, state.right, state.seen) = (0.0, 0, 0);
        if state.best_epoch == Some(state.epoch) {
            let saved = Saved { network: &current, average: None, optimizer: None, state };
            checkpoint::save(self.out, "best", &saved)?;
        }
        journal::write_csv(self.out, &self.state)
    }

    fn save_step(&self) -> Result<PathBuf> {
        let name = checkpoint::step_name(self.state.step);
        let saved = Saved {
            network: &self.network,
            average: self.average.as_ref().map(Ema::network),
            optimizer: Some(&self.optimizer),
            state: &self.state,
        };
        let path = checkpoint::save(self.out, &name, &saved)?;
        checkpoint::prune(self.out);
        Ok(path)
    }
}

/// Draw the first weights, on the CPU so that every device starts from the same ones.
fn fresh_network(config: &TrainConfig, device: &Device) -> Trainable {
    let cpu = Device::flex();
    cpu.seed(config.seed);
    // Drawing is lazy; taking the record makes it happen here.
    let drawn = Trainable::new(config.network, &cpu, config.dropout).into_record();
    Trainable::new(config.network, device, config.dropout).load_record(drawn)
}
