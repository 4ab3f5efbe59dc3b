//! Training, step by step.

use crate::classifier::nodule_probability;
use crate::constants::{ADAM_EPSILON, CLASSES, PATCH_SAMPLES, PATCH_SIZE};
use crate::model::NetworkKind;
use crate::model::symmetry::{SYMMETRIES, permutation};
use crate::on_burn::{Adam, Decay, Network, batch_tensor};
use crate::weights::{Parameters, WeightsError, WeightsFile};
use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Tensor, TensorData};
use nodulens_imaging::UserError;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Fewest patches of each class: one must be held out, and one is no class.
pub const FEWEST: usize = 4;

/// Above it a patch is called a nodule: no threshold is chosen on so few patches.
pub(super) const EVEN_ODDS: f32 = 0.5;

/// Pixels that a patch is moved at most in training.
pub(super) const SHIFT: i64 = 2;

/// How to train.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Passes over the patches, 1 or more.
    pub epochs: usize,
    /// Patches in a step, 1 or more.
    pub batch: usize,
    /// Adam's step size, above 0.
    pub learning_rate: f64,
    /// Share that is held out, in (0, 1).
    pub hold_out: f64,
    /// Of the weights, the division and the order.
    pub seed: u32,
    /// Whether patches are turned, mirrored and moved a little.
    pub augment: bool,
}

/// Patches to learn from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Examples {
    /// Model values, 2,500 a patch.
    pub values: Vec<f32>,
    /// Whether each holds a nodule.
    pub nodule: Vec<bool>,
    /// Of each, whom it is of: patches of one patient stay together. Empty where that is not known.
    pub patients: Vec<u32>,
}

/// Why nothing can be learnt.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TrainingError {
    /// Not 2,500 numbers and a label for each patch.
    #[error("{values} values are not {patches} patches")]
    Size {
        /// Numbers that were given.
        values: usize,
        /// Labels that were given.
        patches: usize,
    },
    /// Too few of a class.
    #[error(
        "{nodules} patches with a nodule and {others} without; at least {FEWEST} of each are needed"
    )]
    TooFew {
        /// Patches with a nodule.
        nodules: usize,
        /// Patches without.
        others: usize,
    },
    /// One class has a single patient: held out or learnt from, not both.
    #[error("all patches of one class are of the same patient, so none can be held out")]
    OnePatient,
    /// A setting that makes no sense.
    #[error("{0}")]
    Setting(&'static str),
    /// The loss is no number any more.
    #[error("the loss has become {0}: the network diverged")]
    Diverged(f32),
    /// The network to begin with does not fit.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The device did not give numbers back.
    #[error("the device did not return the result: {0}")]
    Device(String),
}

impl UserError for TrainingError {
    fn code(&self) -> &'static str {
        match self {
            Self::Size { .. } | Self::Setting(_) => "training-settings",
            Self::TooFew { .. } => "training-too-few",
            Self::OnePatient => "training-one-patient",
            Self::Diverged(_) => "training-diverged",
            Self::Weights(error) => error.code(),
            Self::Device(_) => "device-failed",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Size { .. } | Self::Device(_) => "Please report this.",
            Self::Setting(_) => "Change the settings.",
            Self::TooFew { .. } => "Add labelled patches, or use synthetic ones.",
            Self::OnePatient => "Add patches of another patient, or leave the patients out.",
            Self::Diverged(_) => "Begin again with a smaller learning rate.",
            Self::Weights(error) => error.hint(),
        }
    }
}

/// Where training stands after a step.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// Steps done.
    pub step: usize,
    /// Steps in all.
    pub steps: usize,
    /// Cross-entropy of this step's patches.
    pub loss: f32,
    /// Present where an epoch has just ended.
    pub epoch: Option<Epoch>,
}

/// Figures after an epoch.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Epoch {
    /// Counted from 1.
    pub epoch: usize,
    /// Mean cross-entropy over the epoch's steps.
    pub train_loss: f64,
    /// Share of the epoch's patches decided rightly at even odds, as they were learnt.
    pub train_accuracy: f64,
    /// Cross-entropy of the patches held out.
    pub held_loss: f64,
    /// Share of them decided rightly at even odds.
    pub held_accuracy: f64,
}

/// A network in training.
// The optimizer cannot be shown.
#[allow(missing_debug_implementations)]
pub struct Training {
    pub(super) settings: Settings,
    pub(super) examples: Examples,
    /// Places in `examples`.
    pub(super) learnt: Vec<usize>,
    pub(super) held: Vec<usize>,
    pub(super) network: Network,
    pub(super) optimizer: ModuleOptimizer,
    pub(super) device: Device,
    pub(super) rng: Pcg64Mcg,
    /// What is left of this epoch, the next at the end.
    pub(super) queue: Vec<usize>,
    pub(super) steps: usize,
    pub(super) loss_sum: f64,
    pub(super) right: usize,
    pub(super) history: Vec<Epoch>,
    /// Name of the weights that it began with.
    pub(super) began_with: Option<String>,
}

impl Training {
    /// Divide the patches and begins, with fresh weights or with those of a network.
    ///
    /// # Errors
    /// [`TrainingError`].
    pub fn begin(
        settings: Settings,
        examples: Examples,
        from: Option<&WeightsFile>,
    ) -> Result<Self, TrainingError> {
        check(&settings, &examples)?;
        // Trained on patches alone, it would misread what it sees around them.
        if from.is_some_and(|opened| opened.kind.context().is_some()) {
            let reason =
                "a network that looks at surroundings is trained on the command line alone";
            return Err(TrainingError::Setting(reason));
        }
        let mut rng = Pcg64Mcg::seed_from_u64(u64::from(settings.seed));
        let (learnt, held) = divided(&examples, settings.hold_out, &mut rng)?;
        let device = Device::flex().autodiff();
        let network = match from {
            Some(opened) => Network::new(opened.kind, opened.parameters.clone(), &device)?,
            None => {
                let drawn = Parameters::random(NetworkKind::Small, &mut rng);
                Network::new(NetworkKind::Small, drawn, &device)?
            }
        };
        let optimizer = Adam { epsilon: ADAM_EPSILON, decay: Decay::None }.into();
        let began_with =
            from.map(|opened| format!("{}-{}", opened.header.network, &opened.sha256[..8]));
        Ok(Self {
            settings,
            examples,
            learnt,
            held,
            network,
            optimizer,
            device,
            rng,
            queue: Vec::new(),
            steps: 0,
            loss_sum: 0.0,
            right: 0,
            history: Vec::new(),
            began_with,
        })
    }

    /// Places of the patches that are held out.
    #[must_use]
    pub fn held(&self) -> &[usize] {
        &self.held
    }

    /// Steps of an epoch.
    #[must_use]
    pub fn steps_per_epoch(&self) -> usize {
        self.learnt.len().div_ceil(self.settings.batch)
    }

    /// Return whether all epochs are done.
    #[must_use]
    pub fn done(&self) -> bool {
        self.history.len() >= self.settings.epochs
    }

    /// One step; afterwards nothing happens any more.
    ///
    /// # Errors
    /// [`TrainingError::Diverged`]; the weights before are then lost.
    pub fn step(&mut self) -> Result<Progress, TrainingError> {
        let steps = self.steps_per_epoch() * self.settings.epochs;
        if self.done() {
            return Ok(Progress { step: self.steps, steps, loss: 0.0, epoch: None });
        }
        if self.queue.is_empty() {
            self.queue.clone_from(&self.learnt);
            self.queue.shuffle(&mut self.rng);
        }
        let rest = self.queue.len().saturating_sub(self.settings.batch);
        let batch = self.queue.split_off(rest);
        let mut values = Vec::with_capacity(batch.len() * PATCH_SAMPLES);
        for example in &batch {
            self.put(*example, &mut values);
        }
        let nodule: Vec<bool> = batch.iter().map(|i| self.examples.nodule[*i]).collect();
        let logits = self.network.forward(batch_tensor(values, &self.device));
        let answers = numbers(logits.clone())?;
        let loss = cross_entropy(logits, &nodule, &self.device);
        let value = numbers(loss.clone())?.first().copied().unwrap_or(f32::NAN);
        if !value.is_finite() {
            return Err(TrainingError::Diverged(value));
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &self.network);
        let rate = self.settings.learning_rate;
        self.network = self.optimizer.step(rate, self.network.clone(), gradients);
        self.steps += 1;
        self.loss_sum += f64::from(value) * batch.len() as f64;
        self.right += right(&answers, &nodule);
        let epoch = if self.queue.is_empty() { Some(self.finish_epoch()?) } else { None };
        Ok(Progress { step: self.steps, steps, loss: value, epoch })
    }

    /// Return the first layer's kernels, `[C, y, x]`, as they are now, and how many there are.
    ///
    /// # Errors
    /// [`TrainingError::Weights`] where the device cannot be read.
    pub fn kernels(&self) -> Result<(Vec<f32>, usize), TrainingError> {
        let all = self.network.valid().parameters()?;
        let first = all.get("conv1.weight");
        Ok(first.map_or_else(Default::default, |found| (found.values.clone(), found.shape[0])))
    }

    /// Probabilities of a nodule for the patches held out, in the order of [`Self::held`].
    ///
    /// # Errors
    /// [`TrainingError::Device`].
    pub fn held_probabilities(&self) -> Result<Vec<f32>, TrainingError> {
        let logits = self.held_logits()?;
        let (pairs, _) = logits.as_chunks::<CLASSES>();
        Ok(pairs.iter().map(|pair| nodule_probability(*pair, 1.0)).collect())
    }

    fn finish_epoch(&mut self) -> Result<Epoch, TrainingError> {
        let logits = self.held_logits()?;
        let nodule: Vec<bool> = self.held.iter().map(|i| self.examples.nodule[*i]).collect();
        let n = self.learnt.len() as f64;
        let epoch = Epoch {
            epoch: self.history.len() + 1,
            train_loss: self.loss_sum / n,
            train_accuracy: self.right as f64 / n,
            held_loss: mean_log_loss(&logits, &nodule),
            held_accuracy: right(&logits, &nodule) as f64 / nodule.len() as f64,
        };
        (self.loss_sum, self.right) = (0.0, 0);
        self.history.push(epoch.clone());
        Ok(epoch)
    }

    /// Two a patch.
    pub(super) fn held_logits(&self) -> Result<Vec<f32>, TrainingError> {
        let network = self.network.valid();
        let device = Device::flex();
        let mut logits = Vec::with_capacity(self.held.len() * CLASSES);
        for some in self.held.chunks(32) {
            let values = some.iter().flat_map(|i| self.values(*i)).copied().collect();
            logits.extend(numbers(network.forward(batch_tensor(values, &device)))?);
        }
        Ok(logits)
    }

    pub(super) fn values(&self, example: usize) -> &[f32] {
        &self.examples.values[example * PATCH_SAMPLES..][..PATCH_SAMPLES]
    }

    /// Append an example as it is learnt.
    fn put(&mut self, example: usize, into: &mut Vec<f32>) {
        if !self.settings.augment {
            return into.extend_from_slice(self.values(example));
        }
        let turned = permutation(self.rng.random_range(0..SYMMETRIES), PATCH_SIZE);
        let [right, down] = [(); 2].map(|()| self.rng.random_range(-SHIFT..=SHIFT));
        let last = PATCH_SIZE as i64 - 1;
        let values = self.values(example);
        for y in 0..PATCH_SIZE as i64 {
            for x in 0..PATCH_SIZE as i64 {
                // Beyond the edge the last pixel goes on.
                let (x, y) = ((x + right).clamp(0, last), (y + down).clamp(0, last));
                into.push(values[turned[(y * (last + 1) + x) as usize]]);
            }
        }
    }
}

fn check(settings: &Settings, examples: &Examples) -> Result<(), TrainingError> {
    let (values, patches) = (examples.values.len(), examples.nodule.len());
    let patients = examples.patients.len();
    if values != patches * PATCH_SAMPLES || (patients != 0 && patients != patches) {
        return Err(TrainingError::Size { values, patches });
    }
    let nodules = examples.nodule.iter().filter(|nodule| **nodule).count();
    if nodules.min(patches - nodules) < FEWEST {
        return Err(TrainingError::TooFew { nodules, others: patches - nodules });
    }
    if settings.epochs == 0 || settings.batch == 0 {
        return Err(TrainingError::Setting("epochs and patches a step must be 1 or more"));
    }
    if !(settings.learning_rate > 0.0 && settings.learning_rate < 1.0) {
        return Err(TrainingError::Setting("the learning rate must be above 0 and below 1"));
    }
    if !(settings.hold_out > 0.0 && settings.hold_out < 1.0) {
        return Err(TrainingError::Setting("the share held out must be above 0 and below 1"));
    }
    Ok(())
}

/// Return what is learnt from and what is held out: of each class about the same share, at least
/// one on each side, whole patients where they are known.
fn divided(
    examples: &Examples,
    hold_out: f64,
    rng: &mut Pcg64Mcg,
) -> Result<(Vec<usize>, Vec<usize>), TrainingError> {
    // Patients by whether any of their patches holds a nodule; a patch alone is a patient.
    let mut patients: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for i in 0..examples.nodule.len() {
        let patient = examples.patients.get(i).map_or(i, |patient| *patient as usize);
        patients.entry(patient).or_default().push(i);
    }
    let (mut learnt, mut held) = (Vec::new(), Vec::new());
    for with_nodule in [true, false] {
        let mut of_class: Vec<&Vec<usize>> = patients
            .values()
            .filter(|patches| patches.iter().any(|i| examples.nodule[*i]) == with_nodule)
            .collect();
        of_class.shuffle(rng);
        let all = of_class.len();
        let count = ((all as f64 * hold_out).round() as usize).clamp(1, all.max(2) - 1);
        for (at, patches) in of_class.into_iter().enumerate() {
            if at < count { &mut held } else { &mut learnt }.extend_from_slice(patches);
        }
    }
    let both = |part: &[usize]| {
        part.iter().any(|i| examples.nodule[*i]) && part.iter().any(|i| !examples.nodule[*i])
    };
    if !both(&learnt) || !both(&held) {
        return Err(TrainingError::OnePatient);
    }
    held.sort_unstable();
    learnt.sort_unstable();
    Ok((learnt, held))
}

fn cross_entropy(logits: Tensor<2>, nodule: &[bool], device: &Device) -> Tensor<1> {
    let targets: Vec<f32> =
        nodule.iter().flat_map(|nodule| if *nodule { [0.0, 1.0] } else { [1.0, 0.0] }).collect();
    let targets: Tensor<2> =
        Tensor::from_data(TensorData::new(targets, [nodule.len(), CLASSES]), device);
    (log_softmax(logits, 1) * targets).sum().div_scalar(-(nodule.len() as f32))
}

/// Decided rightly at even odds.
fn right(logits: &[f32], nodule: &[bool]) -> usize {
    let (pairs, _) = logits.as_chunks::<CLASSES>();
    pairs.iter().zip(nodule).filter(|([no, yes], nodule)| (yes >= no) == **nodule).count()
}

fn mean_log_loss(logits: &[f32], nodule: &[bool]) -> f64 {
    let (pairs, _) = logits.as_chunks::<CLASSES>();
    let loss = |([no, yes], nodule): (&[f32; CLASSES], &bool)| {
        let against = f64::from(if *nodule { no - yes } else { yes - no });
        // log(1 + e^x) without overflow.
        against.max(0.0) + (-against.abs()).exp().ln_1p()
    };
    pairs.iter().zip(nodule).map(loss).sum::<f64>() / nodule.len().max(1) as f64
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, TrainingError> {
    let data = tensor.into_data();
    data.try_to_vec().map_err(|error| TrainingError::Device(format!("{error:?}")))
}
