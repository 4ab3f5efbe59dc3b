//! The training run, from top to bottom.
//!
//! Shape letters: B batch. A step: draw B patches, augment, forward, cross-entropy, backward,
//! Adam. Every random number follows from (seed, epoch, step, position), so a resumed run makes
//! the same draws as one that was never stopped.

use crate::augment::{Placement, place};
use crate::checkpoint::{self, EpochRecord, State};
use crate::dataset::{Dataset, Example, Split};
use crate::device::{self, DeviceChoice};
use crate::metrics::{Labelled, confusion, rates, roc_auc};
use crate::progress::Progress;
use anyhow::{Context, Result, bail, ensure};
use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use nodulens::method;
use nodulens::model::{Network, NetworkKind};
use nodulens::preprocess::batch_tensor;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Patches in a validation batch: bounds memory, changes no result.
const VALID_BATCH: usize = 96;

/// Everything that makes a run what it is; written to `config.json` of the run's folder. A key
/// that an older run's file lacks has the method's value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainConfig {
    /// Which network is trained.
    pub network: NetworkKind,
    /// Folder with manifest.csv and crops50/.
    pub patches: PathBuf,
    /// How the data is divided.
    pub split: Split,
    /// Seed of every random number.
    pub seed: u64,
    /// Passes over the training part.
    pub epochs: usize,
    /// Patches in a step.
    pub batch_size: usize,
    /// Adam's step size, above 0.
    pub learning_rate: f64,
    /// Share of hidden units dropped, in [0, 1).
    pub dropout: f64,
    /// Share of nodules that sampling brings an epoch to, in [0, 1).
    pub positive_fraction: f64,
    /// Steps between checkpoints.
    pub checkpoint_steps: usize,
    /// Steps after which the run ends, finished or not; for smoke tests.
    pub max_steps: Option<usize>,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            network: NetworkKind::Paper,
            patches: PathBuf::new(),
            split: Split::Patientwise,
            seed: 1,
            epochs: method::EPOCHS,
            batch_size: method::BATCH_SIZE,
            learning_rate: method::LEARNING_RATE,
            dropout: method::DROPOUT,
            positive_fraction: method::POSITIVE_FRACTION,
            checkpoint_steps: method::CHECKPOINT_STEPS,
            max_steps: None,
        }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All epochs, or the steps asked for, are done.
    Finished,
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

/// Trains until the last epoch, or until `stop` is set: then it writes a checkpoint and returns.
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
    let checkpoint = check_run(config, out, resume)?;
    let train_set = Dataset::load(&config.patches, &config.split.train())?;
    let valid_set = Dataset::load(&config.patches, &config.split.valid())?;
    // Only now, so that a mistyped --patches leaves nothing behind.
    checkpoint::write_whole(&out.join("config.json"), &serde_json::to_vec_pretty(config)?)?;
    describe(config, &chosen.name, &train_set, &valid_set);

    // Autodiff belongs to the device; validation runs on the plain one.
    let device = chosen.device.clone().autodiff();
    let mut network = fresh_network(config, &device);
    let mut optimizer: ModuleOptimizer =
        AdamConfig::new().with_epsilon(method::ADAM_EPSILON).init();
    let mut state = State { commit: crate::report::commit(), ..State::default() };
    if let Some(checkpoint) = &checkpoint {
        network = checkpoint::load_network(checkpoint, network)?;
        optimizer = checkpoint::load_optimizer(checkpoint, optimizer)?;
        state = checkpoint::load_state(checkpoint)?;
        eprintln!("Going on after step {} ({})", state.step, checkpoint.display());
    }
    let loss_function = CrossEntropyLossConfig::new().init(&device);

    let steps_per_epoch = epoch_order(config, &train_set, 0).len().div_ceil(config.batch_size);
    let mut progress = Progress::new(config.epochs, steps_per_epoch, config.batch_size, &state);
    let mut losses = Vec::new();
    let end = config.max_steps.unwrap_or(usize::MAX);
    while state.epoch < config.epochs && state.step < end {
        let began = Instant::now();
        let order = epoch_order(config, &train_set, state.epoch);
        for batch in order.chunks(config.batch_size).skip(state.step_in_epoch) {
            if stop.load(Ordering::Relaxed) {
                return interrupted(out, &network, &optimizer, state, losses, &progress);
            }
            if state.step >= end {
                break;
            }
            // Dropout draws from the device: seed it by the step, so that resuming changes nothing.
            device.seed(mix(config.seed, state.step as u64));
            let (patches, classes) = training_batch(config, &train_set, batch, &state, &device);
            let loss = loss_function.forward(network.forward(patches), classes);
            let value = f64::from(loss.clone().into_scalar::<f32>());
            ensure!(
                value.is_finite(),
                "the loss is {value} at step {}: the network diverged. Start a new run with a \
                 smaller --learning-rate; the best checkpoint is kept",
                state.step
            );
            let gradients = GradientsParams::from_grads(loss.backward(), &network);
            network = optimizer.step(config.learning_rate, network, gradients);

            losses.push(value);
            state.loss_sum += value;
            state.step += 1;
            state.step_in_epoch += 1;
            progress.step(&state, batch.len());
            if state.step.is_multiple_of(config.checkpoint_steps) {
                save_step(out, &network, &optimizer, &state)?;
            }
        }
        if state.step_in_epoch < steps_per_epoch {
            break; // max_steps
        }
        finish_epoch(&mut state, began, &network.valid(), &valid_set, &chosen.device)?;
        if state.best_epoch == Some(state.epoch) {
            checkpoint::save(out, "best", &network, None, &state)?;
        }
        write_log(out, &state)?;
        progress.epoch(&state);
    }
    save_step(out, &network, &optimizer, &state)?;
    progress.finish();
    Ok(Outcome { ending: Ending::Finished, losses, state })
}

/// The first weights, drawn on the CPU so that every device starts from the same ones.
fn fresh_network(config: &TrainConfig, device: &Device) -> Network {
    let cpu = Device::flex();
    cpu.seed(config.seed);
    // Drawing is lazy; taking the record makes it happen here.
    let drawn = config.network.init_with_dropout(&cpu, config.dropout).into_record();
    config.network.init_with_dropout(device, config.dropout).load_record(drawn)
}

fn interrupted(
    out: &Path,
    network: &Network,
    optimizer: &ModuleOptimizer,
    state: State,
    losses: Vec<f64>,
    progress: &Progress,
) -> Result<Outcome> {
    let path = save_step(out, network, optimizer, &state)?;
    progress.finish();
    eprintln!("Stopped after step {}. Saved to {}.", state.step, path.display());
    eprintln!("Go on with the same command and --resume.");
    Ok(Outcome { ending: Ending::Interrupted, losses, state })
}

/// Whether the run may use its folder. Returns the checkpoint to go on from.
fn check_run(config: &TrainConfig, out: &Path, resume: bool) -> Result<Option<PathBuf>> {
    let path = out.join("config.json");
    let latest = checkpoint::latest(out);
    if path.is_file() {
        let text = fs::read(&path).with_context(|| path.display().to_string())?;
        let before: TrainConfig =
            serde_json::from_slice(&text).with_context(|| path.display().to_string())?;
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
            String::from_utf8_lossy(&text)
        );
    } else if resume {
        bail!("{} holds no run to resume", out.display());
    }
    Ok(latest.filter(|_| resume))
}

fn describe(config: &TrainConfig, device: &str, train: &Dataset, valid: &Dataset) {
    let part =
        |set: &Dataset| format!("{} patches, {} nodules", set.examples.len(), set.positives());
    eprintln!("Network     {} ({} parameters)", config.network.name(), config.network.parameters());
    eprintln!("Device      {device}");
    eprintln!("Train       {}", part(train));
    eprintln!("Validation  {}", part(valid));
    for reason in train.skipped.iter().chain(&valid.skipped) {
        eprintln!("Skipped     {reason}");
    }
    let shared = train.shared_series(valid);
    if shared > 0 {
        eprintln!(
            "WARNING     {shared} scans stand in both parts: validation figures are optimistic."
        );
    }
}

/// Indices of one epoch's patches in order: every other patch once, nodules until they are the
/// wanted share (each at least once, the extra ones drawn without repeats).
pub fn epoch_order(config: &TrainConfig, set: &Dataset, epoch: usize) -> Vec<usize> {
    let mut rng = Pcg64Mcg::seed_from_u64(mix(config.seed, epoch as u64));
    let (mut nodules, mut order): (Vec<usize>, Vec<usize>) =
        (0..set.examples.len()).partition(|i| set.examples[*i].row.nodule());
    let share = config.positive_fraction;
    let wanted = (order.len() as f64 * share / (1.0 - share)).round() as usize;
    let mut missing = wanted.max(nodules.len());
    while missing > 0 && !nodules.is_empty() {
        nodules.shuffle(&mut rng);
        order.extend(nodules.iter().take(missing));
        missing = missing.saturating_sub(nodules.len());
    }
    order.shuffle(&mut rng);
    order
}

/// Augmented patches `[B, 1, 50, 50]` and their classes `[B]`.
fn training_batch(
    config: &TrainConfig,
    set: &Dataset,
    batch: &[usize],
    state: &State,
    device: &Device,
) -> (Tensor<4>, Tensor<1, Int>) {
    let seed = mix(config.seed ^ 0x5EED, state.step as u64);
    let values: Vec<f32> = batch
        .par_iter()
        .enumerate()
        .flat_map_iter(|(position, index)| {
            let mut rng = Pcg64Mcg::seed_from_u64(mix(seed, position as u64));
            place(&set.examples[*index].canvas, Placement::random(&mut rng))
        })
        .collect();
    let classes: Vec<i32> = batch.iter().map(|i| i32::from(set.examples[*i].row.class)).collect();
    let classes = TensorData::new(classes, [batch.len()]);
    (batch_tensor(values, device), Tensor::from_data(classes, device))
}

fn finish_epoch(
    state: &mut State,
    began: Instant,
    network: &Network,
    valid: &Dataset,
    device: &Device,
) -> Result<()> {
    let (labelled, valid_loss) = validate(network, &valid.examples, device)?;
    let record = EpochRecord {
        epoch: state.epoch + 1,
        step: state.step,
        train_loss: state.loss_sum / state.step_in_epoch.max(1) as f64,
        valid_loss,
        valid_accuracy: rates(confusion(&labelled, 0.5)).accuracy,
        valid_auc: roc_auc(&labelled).unwrap_or(0.5),
        seconds: began.elapsed().as_secs_f64(),
        train_accuracy: None,
        learning_rate: None,
    };
    let best = state.best_epoch.map_or(f64::NEG_INFINITY, |best| state.history[best - 1].valid_auc);
    if record.valid_auc > best {
        state.best_epoch = Some(record.epoch);
    }
    state.history.push(record);
    state.epoch += 1;
    state.step_in_epoch = 0;
    state.loss_sum = 0.0;
    Ok(())
}

/// Probabilities (temperature 1) and mean cross-entropy, without augmentation or dropout.
fn validate(
    network: &Network,
    examples: &[Example],
    device: &Device,
) -> Result<(Vec<Labelled>, f64)> {
    let (mut labelled, mut loss) = (Vec::with_capacity(examples.len()), 0.0);
    for chunk in examples.chunks(VALID_BATCH) {
        let values = chunk.iter().flat_map(|example| example.values.iter().copied()).collect();
        let logits = network.forward(batch_tensor(values, device));
        let logs = log_softmax(logits, 1).into_data().try_to_vec::<f32>();
        let logs = logs.map_err(|error| anyhow::anyhow!("validation: {error:?}"))?;
        ensure!(
            logs.iter().all(|log| !log.is_nan()),
            "the network gives numbers that are not finite on the validation part: it diverged. \
             Start a new run with a smaller --learning-rate; the best checkpoint is kept"
        );
        for (example, pair) in chunk.iter().zip(logs.chunks_exact(method::CLASSES)) {
            let nodule = example.row.nodule();
            loss -= f64::from(pair[usize::from(nodule)]);
            let probability = f64::from(pair[method::CLASS_NODULE]).exp();
            labelled.push(Labelled { probability, nodule });
        }
    }
    Ok((labelled, loss / examples.len() as f64))
}

fn save_step(
    out: &Path,
    network: &Network,
    optimizer: &ModuleOptimizer,
    state: &State,
) -> Result<PathBuf> {
    let name = checkpoint::step_name(state.step);
    let path = checkpoint::save(out, &name, network, Some(optimizer), state)?;
    checkpoint::prune(out);
    Ok(path)
}

/// The learning curve as CSV, written anew so that a resumed run has no row twice.
fn write_log(out: &Path, state: &State) -> Result<()> {
    let mut writer = csv::Writer::from_path(out.join("log.csv"))?;
    for record in &state.history {
        writer.serialize(record)?;
    }
    writer.flush()?;
    Ok(())
}

/// A seed from a seed and a number (the finalizer of SplitMix64): neighbours are unrelated.
fn mix(seed: u64, number: u64) -> u64 {
    let mut z = seed.wrapping_add(number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
