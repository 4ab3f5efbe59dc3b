//! The training run, from top to bottom. Its keys stand in [`crate::config`].
//!
//! Shape letters: B batch. A step: draw B patches, alter them (`batches`, `augment`), forward,
//! cross-entropy, backward, optimizer, moving average. At the end of an epoch the validation part
//! is measured, and what was learnt is written (`checkpoint`) and told (`journal`). What ships of an
//! epoch is what is validated: the average where there is one, with normalisation folded in.

mod augment;
mod batches;
pub mod checkpoint;
mod contested;
mod journal;
pub mod teacher_check;

use crate::config::{self, OptimizerKind, TrainConfig};
use crate::dataset::description::DataCard;
use crate::dataset::{Dataset, Example};
use crate::device::{self, DeviceChoice};
use crate::environment::commit;
use crate::files::write_whole;
use crate::metrics::{Labelled, confusion, rates, roc_auc};
use anyhow::{Context, Result, anyhow, ensure};
use batches::{AHEAD, Objective, Ready, Start, epoch_order, feed, mix};
use burn::grad_clipping::GradientClippingConfig;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::{AdamConfig, AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Tensor};
use checkpoint::{EpochRecord, Saved, State};
use journal::{Journal, Progress, describe};
use nodulens::constants;
use nodulens::on_burn::{Network, Trainable, batch_tensor};
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
    let train_set = contested::training_part(config, train_set)?;
    let valid_set = Dataset::load(&config.patches, &config.split.valid())?;
    // Read for its errors alone: the card is written when the run is long done.
    DataCard::read(&config.patches, config.data_card())?;
    let learnt = teacher_check::check(config)?;
    let objective = Objective::new(config, &train_set, &chosen.device)?;
    // Only now, so that a mistyped --patches leaves nothing behind.
    write_whole(&out.join(config::FILE), config.to_toml()?.as_bytes())?;
    teacher_check::write(out, &learnt)?;
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
        let mut optimizer = optimizer(config);
        let mut state = State { commit: commit(), ..State::default() };
        let average = |network: &Trainable| Ema::new(config.ema_decay, network.valid());
        let mut ema = (config.ema_decay > 0.0).then(|| average(&network));
        if let Some(checkpoint) = checkpoint {
            network = checkpoint::load_network(checkpoint, network)?;
            optimizer = checkpoint::load_optimizer(checkpoint, optimizer)?;
            state = checkpoint::load_state(checkpoint)?;
            if ema.is_some() {
                // The ids are those of the network, by which the average finds its parameters.
                let saved = checkpoint::load_average(checkpoint, network.valid())?;
                ema = Some(Ema::new(config.ema_decay, saved));
            }
            eprintln!("Going on after step {} ({})", state.step, checkpoint.display());
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

/// Patches in a validation batch: bounds memory, changes no result.
const VALIDATION_BATCH: usize = 96;

/// Return probabilities (temperature 1) and mean cross-entropy, without augmentation or dropout.
///
/// # Errors
/// Numbers that are not finite: the network diverged.
pub fn validate(
    network: &Network,
    examples: &[Example],
    device: &Device,
) -> Result<(Vec<Labelled>, f64)> {
    let (mut labelled, mut loss) = (Vec::with_capacity(examples.len()), 0.0);
    for chunk in examples.chunks(VALIDATION_BATCH) {
        let values = chunk.iter().flat_map(|example| example.values.iter().copied()).collect();
        let logits = network.forward(batch_tensor(values, device));
        let logs = log_softmax(logits, 1).into_data().try_to_vec::<f32>();
        let logs = logs.map_err(|error| anyhow!("validation: {error:?}"))?;
        ensure!(
            logs.iter().all(|log| !log.is_nan()),
            "the network gives numbers that are not finite on the validation part: it diverged. \
             Start a new run with a smaller --learning-rate; the best checkpoint is kept"
        );
        for (example, pair) in chunk.iter().zip(logs.chunks_exact(constants::CLASSES)) {
            let nodule = example.row.nodule();
            loss -= f64::from(pair[usize::from(nodule)]);
            let probability = f64::from(pair[constants::CLASS_NODULE]).exp();
            labelled.push(Labelled { probability, nodule });
        }
    }
    Ok((labelled, loss / examples.len() as f64))
}

/// Draw the first weights, on the CPU so that every device starts from the same ones.
fn fresh_network(config: &TrainConfig, device: &Device) -> Trainable {
    let cpu = Device::flex();
    cpu.seed(config.seed);
    // Drawing is lazy; taking the record makes it happen here.
    let drawn = Trainable::new(config.network, &cpu, config.dropout).into_record();
    Trainable::new(config.network, device, config.dropout).load_record(drawn)
}

fn optimizer(config: &TrainConfig) -> ModuleOptimizer {
    let decay = config.weight_decay as f32;
    let clip = (config.gradient_clip > 0.0)
        .then_some(GradientClippingConfig::Norm(config.gradient_clip as f32));
    match config.optimizer {
        OptimizerKind::Adam => AdamConfig::new()
            .with_epsilon(constants::ADAM_EPSILON)
            .with_weight_decay((decay > 0.0).then(|| WeightDecayConfig::new(decay)))
            .with_grad_clipping(clip)
            .init(),
        OptimizerKind::AdamW => AdamWConfig::new()
            .with_epsilon(constants::ADAM_EPSILON)
            .with_weight_decay(decay)
            .with_grad_clipping(clip)
            .init(),
    }
}

/// The average of a network's parameters, and of the statistics of its batch normalisation.
#[derive(Clone, Debug)]
struct Ema {
    decay: f64,
    network: Trainable,
}

impl Ema {
    /// Start from `network`, which must be without autodiff (`valid()`).
    fn new(decay: f64, network: Trainable) -> Self {
        Self { decay, network }
    }

    /// Return the average so far.
    fn network(&self) -> &Trainable {
        &self.network
    }

    /// Move the average after step number `step`, counted from 1. The first steps count for more,
    /// so that the random start is forgotten soon.
    fn update(&mut self, network: &Trainable, step: usize) {
        let decay = self.decay.min((1 + step) as f64 / (10 + step) as f64);
        let mut collected = Collected(GradientsParams::new());
        network.valid().visit(&mut collected);
        let mut mix = Mix { collected: collected.0, decay };
        self.network = self.network.clone().map(&mut mix);
    }
}

/// Parameters by their id; Burn's container for gradients holds any tensors by id.
struct Collected(GradientsParams);

impl ModuleVisitor for Collected {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.register(param.id, param.val());
    }
}

struct Mix {
    collected: GradientsParams,
    decay: f64,
}

impl ModuleMapper for Mix {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(new) = self.collected.remove::<D>(param.id) else { return param };
        let decay = self.decay;
        param.map(|average| average.mul_scalar(decay) + new.mul_scalar(1.0 - decay))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use nodulens::model::NetworkKind;

    #[derive(Default)]
    struct Sums(Vec<f64>);

    impl ModuleVisitor for Sums {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.push(f64::from(param.val().sum().into_scalar::<f32>()));
        }
    }

    fn sums(network: &Trainable) -> Vec<f64> {
        let mut sums = Sums::default();
        network.visit(&mut sums);
        sums.0
    }

    /// Every number of a network is replaced by `value`.
    struct Fill(f64);

    impl ModuleMapper for Fill {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|tensor| tensor.zeros_like().add_scalar(self.0))
        }
    }

    #[test]
    fn the_average_moves_by_its_share_and_takes_the_statistics_too() {
        let device = Device::flex();
        let network = Trainable::new(NetworkKind::Compact, &device, 0.0);
        let start = network.valid().map(&mut Fill(1.0));
        let count = sums(&start);
        let mut ema = Ema::new(0.75, start.clone());
        // `map` keeps the ids, and the running statistics are shared by clones: hence `valid`.
        let other = network.valid().map(&mut Fill(3.0));
        // Late enough that the decay is the one asked for.
        ema.update(&other, 1000);
        for (sum, count) in sums(ema.network()).iter().zip(&count) {
            assert!((sum / count - 1.5).abs() < 1e-5, "{sum} of {count}");
        }
    }
}
