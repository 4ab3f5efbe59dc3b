//! What a step sees and what it is to answer: patches drawn, altered and blended (mixup), and the
//! soft targets of their cross-entropy.
//!
//! Every random number follows from (seed, epoch, step, position), so a resumed run makes the same
//! draws as one that was never stopped. One formula serves hard labels, label smoothing, class
//! weights and teachers (distillation): the target of a patch is a pair of probabilities, and its
//! weight a number.

use crate::config::{ClassWeights, Contested, TrainConfig};
use crate::dataset::Dataset;
use crate::train::augment::{Altered, Augment, alter};
use crate::train::contested::{label, weight};
use anyhow::{Context, Result, anyhow, ensure};
use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::{Device, Tensor, TensorData};
use nodulens::constants::{CLASS_NODULE, CLASSES, PATCH_SAMPLES};
use nodulens::on_burn::Network;
use nodulens::on_burn::batch_tensor;
use nodulens::weights::{WeightsFile, read_weights};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;
use std::path::Path;
use std::sync::mpsc::SyncSender;

/// Steps that are made ready ahead.
pub const AHEAD: usize = 2;

/// What a step needs.
pub struct Ready {
    /// Altered patches, 2,500 values each.
    pub values: Vec<f32>,
    /// What the network is to answer.
    pub targets: Targets,
}

/// Where a run stands when the feeding begins.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// Epochs finished.
    pub epoch: usize,
    /// Steps done of the next one.
    pub step_in_epoch: usize,
    /// Steps done in all.
    pub step: usize,
}

/// Make every step's patches and targets ready, in order, until the run ends or nobody listens. It
/// runs beside the training, which by itself leaves a good part of the second core idle.
pub fn feed(
    config: &TrainConfig,
    set: &Dataset,
    objective: &Objective,
    start: Start,
    sender: &SyncSender<Result<Ready>>,
) {
    let mut step = start.step;
    for epoch in start.epoch..config.epochs {
        let order = epoch_order(config, set, epoch);
        let done = if epoch == start.epoch { start.step_in_epoch } else { 0 };
        for batch in order.chunks(config.batch_size).skip(done) {
            let altered = augmented(config, set, batch, step);
            let hollowed: Vec<bool> = altered.iter().map(|one| one.hollowed).collect();
            let mut values: Vec<f32> = altered.into_iter().flat_map(|one| one.values).collect();
            let mixed = mixtures(config, batch.len(), step);
            blend(&mut values, &mixed);
            let targets = objective.targets(set, batch, &values, &hollowed, &mixed);
            let failed = targets.is_err();
            let ready = targets.map(|targets| Ready { values, targets });
            if sender.send(ready).is_err() || failed {
                return;
            }
            step += 1;
        }
    }
}

/// Return the indices of one epoch's patches in order: every other patch once, nodules until they
/// are the wanted share (oversampling; each at least once, the extra ones drawn without repeats).
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

/// Alter the patches of a step, in the order of `batch`; all cores at work.
fn augmented(config: &TrainConfig, set: &Dataset, batch: &[usize], step: usize) -> Vec<Altered> {
    let seed = mix(config.seed ^ 0x5EED, step as u64);
    let augment = Augment::of(config);
    batch
        .par_iter()
        .enumerate()
        .map(|(position, index)| {
            let mut rng = Pcg64Mcg::seed_from_u64(mix(seed, position as u64));
            let example = &set.examples[*index];
            alter(&example.canvas, example.row.nodule_radius_px(), &augment, &mut rng)
        })
        .collect()
}

/// A patch into which another of its step is blended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mixture {
    /// Position of the other in the step.
    pub with: usize,
    /// Share of the other, in [0, 0.5).
    pub share: f32,
}

/// Choose which patches of a step are blended with which (mixup, as Beyer et al. 2022 use it: what
/// a teacher says of pictures between the pictures tells more of it than the pictures do).
fn mixtures(config: &TrainConfig, patches: usize, step: usize) -> Vec<Option<Mixture>> {
    if config.augment_mix == 0.0 || patches < 2 {
        return vec![None; patches];
    }
    let mut rng = Pcg64Mcg::seed_from_u64(mix(config.seed ^ 0x0001_313C, step as u64));
    let draw = |i: usize, rng: &mut Pcg64Mcg| {
        let other = (i + rng.random_range(1..patches)) % patches;
        let share = 0.5 * rng.random::<f32>();
        rng.random_bool(config.augment_mix).then_some(Mixture { with: other, share })
    };
    (0..patches).map(|i| draw(i, &mut rng)).collect()
}

fn blend(values: &mut [f32], mixed: &[Option<Mixture>]) {
    let before = values.to_vec();
    let patch = |i: usize| &before[i * PATCH_SAMPLES..(i + 1) * PATCH_SAMPLES];
    for (target, mixture) in values.chunks_exact_mut(PATCH_SAMPLES).zip(mixed) {
        if let Some(Mixture { with, share }) = *mixture {
            for (value, other) in target.iter_mut().zip(patch(with)) {
                *value += share * (other - *value);
            }
        }
    }
}

/// Make a seed from a seed and a number (the finalizer of SplitMix64): neighbours are unrelated.
pub fn mix(seed: u64, number: u64) -> u64 {
    let mut z = seed.wrapping_add(number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The targets of a whole run.
pub struct Objective {
    smoothing: f64,
    /// Weight of a patch by its class.
    weights: [f32; CLASSES],
    teachers: Vec<Network>,
    teacher_weight: f64,
    teach_cavities: bool,
    contested: Contested,
    contested_weight: f64,
    device: Device,
}

/// The targets of a step.
pub struct Targets {
    classes: Vec<usize>,
    /// `[B, 2]`, each row summing to 1 before its weight.
    probabilities: Vec<f32>,
}

impl Objective {
    /// Read the teachers and count the classes.
    ///
    /// # Errors
    /// A teacher's file that cannot be used; balanced weights without one of the classes.
    pub fn new(config: &TrainConfig, train: &Dataset, device: &Device) -> Result<Self> {
        let (n, positives) = (train.examples.len(), train.positives());
        let weights = match config.class_weights {
            ClassWeights::None => [1.0; CLASSES],
            ClassWeights::Balanced => {
                ensure!(
                    positives > 0 && positives < n,
                    "--class-weights balanced needs both classes in the training part"
                );
                let weight = |count: usize| (n as f64 / (CLASSES * count) as f64) as f32;
                [weight(n - positives), weight(positives)]
            }
        };
        let read = |path: &std::path::PathBuf| teacher(path, device);
        Ok(Self {
            smoothing: config.label_smoothing,
            weights,
            teachers: config.teachers.iter().map(read).collect::<Result<_>>()?,
            teacher_weight: config.teacher_weight,
            teach_cavities: config.teach_cavities,
            contested: config.contested,
            contested_weight: config.contested_weight,
            device: device.clone(),
        })
    }

    /// Return the targets of the patches `batch`, altered to `values`. A patch into which another
    /// was blended has no label of its own: the teachers' answer counts alone, and without teachers
    /// both labels by their shares. Where a nodule was hollowed out the label alone counts, unless
    /// the teachers have learnt what that is.
    ///
    /// # Errors
    /// Where a teacher cannot compute.
    pub fn targets(
        &self,
        set: &Dataset,
        batch: &[usize],
        values: &[f32],
        hollowed: &[bool],
        mixed: &[Option<Mixture>],
    ) -> Result<Targets> {
        let classes: Vec<usize> =
            batch.iter().map(|i| usize::from(set.examples[*i].row.nodule())).collect();
        let row = |at: usize| &set.examples[batch[at]].row;
        let taught = self.taught(values)?;
        let mut probabilities = Vec::with_capacity(batch.len() * CLASSES);
        for (i, class) in classes.iter().enumerate() {
            let share = match mixed[i] {
                _ if taught.is_empty() => 0.0,
                Some(_) => 1.0,
                None if hollowed[i] && !self.teach_cavities => 0.0,
                None => self.teacher_weight,
            };
            for other in 0..CLASSES {
                let soft = |at: usize| {
                    let nodule = label(self.contested, row(at));
                    if other == CLASS_NODULE { nodule } else { 1.0 - nodule }
                };
                let label = match mixed[i] {
                    Some(Mixture { with, share }) => {
                        let share = f64::from(share);
                        (1.0 - share) * soft(i) + share * soft(with)
                    }
                    None => soft(i),
                };
                let label = label * (1.0 - self.smoothing) + self.smoothing / CLASSES as f64;
                let taught = taught.get(i * CLASSES + other).map_or(0.0, |p| f64::from(*p));
                let target = (1.0 - share) * label + share * taught;
                let weight = weight(self.contested_weight, row(i)) as f32;
                probabilities.push(target as f32 * self.weights[*class] * weight);
            }
        }
        Ok(Targets { classes, probabilities })
    }

    /// Return the teachers' mean probabilities of each patch, `[B, 2]`; nothing where there is no
    /// teacher. Each is asked once: patches come turned at random, so over a run a teacher that is
    /// not symmetric by itself teaches its mean over the symmetries all the same.
    fn taught(&self, values: &[f32]) -> Result<Vec<f32>> {
        let mut sums: Vec<f32> = Vec::new();
        for teacher in &self.teachers {
            let answer = softmax(teacher.forward(batch_tensor(values.to_vec(), &self.device)), 1);
            let answer = answer
                .into_data()
                .try_to_vec::<f32>()
                .map_err(|error| anyhow!("teacher: {error:?}"))?;
            sums.resize(answer.len(), 0.0);
            sums.iter_mut().zip(answer).for_each(|(sum, one)| *sum += one);
        }
        sums.iter_mut().for_each(|sum| *sum /= self.teachers.len() as f32);
        Ok(sums)
    }
}

fn teacher(path: &Path, device: &Device) -> Result<Network> {
    let bytes = std::fs::read(path).with_context(|| format!("teacher {}", path.display()))?;
    let teacher = || format!("teacher {}", path.display());
    let WeightsFile { kind, parameters, .. } = read_weights(&bytes).with_context(teacher)?;
    Network::new(kind, parameters, device).with_context(teacher)
}

impl Targets {
    /// Count the patches of the step.
    pub fn patches(&self) -> usize {
        self.classes.len()
    }

    /// Return the mean loss `[1]`, and how many patches the network has right.
    ///
    /// # Shapes
    /// `logits`: `[B, 2]`
    ///
    /// # Errors
    /// Where the device cannot be read.
    pub fn loss(&self, logits: Tensor<2>) -> Result<(Tensor<1>, usize)> {
        let device = logits.device();
        let shape = [self.classes.len(), CLASSES];
        let targets = TensorData::new(self.probabilities.clone(), shape);
        let targets = Tensor::<2>::from_data(targets, &device);
        let seen = logits.clone().detach().into_data().try_to_vec::<f32>();
        let seen = seen.map_err(|error| anyhow!("logits: {error:?}"))?;
        let right = seen
            .chunks_exact(CLASSES)
            .zip(&self.classes)
            .filter(|(pair, class)| {
                (pair[CLASS_NODULE] > pair[1 - CLASS_NODULE]) == (**class == CLASS_NODULE)
            })
            .count();
        let loss = (targets * log_softmax(logits, 1)).sum().neg() / self.classes.len() as f64;
        Ok((loss, right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nodulens::constants::PATCH_SIZE;

    #[test]
    fn a_share_of_the_patches_is_blended_with_others_the_same_each_time() {
        let config = TrainConfig { augment_mix: 0.5, ..TrainConfig::default() };
        let mixed = mixtures(&config, 400, 7);
        assert_eq!(mixed, mixtures(&config, 400, 7));
        assert_ne!(mixed, mixtures(&config, 400, 8));
        let count = mixed.iter().flatten().count();
        assert!((160..240).contains(&count), "{count}");
        for (i, mixture) in mixed.iter().enumerate() {
            let sound = |one: &Mixture| one.with != i && one.with < 400 && one.share < 0.5;
            assert!(mixture.as_ref().is_none_or(sound));
        }
        assert_eq!(mixtures(&TrainConfig::default(), 3, 1), [None; 3]);

        let mut values = [vec![0.0; PATCH_SAMPLES], vec![1.0; PATCH_SAMPLES]].concat();
        blend(&mut values, &[Some(Mixture { with: 1, share: 0.25 }), None]);
        assert_eq!((values[0], values[PATCH_SAMPLES]), (0.25, 1.0));
    }

    fn objective(smoothing: f64, weights: [f32; 2]) -> Objective {
        let device = Device::flex();
        let (teachers, teacher_weight, teach_cavities) = (Vec::new(), 0.5, false);
        let (contested, contested_weight) = (Contested::Soften, 0.5);
        Objective {
            smoothing,
            weights,
            teachers,
            teacher_weight,
            teach_cavities,
            contested,
            contested_weight,
            device,
        }
    }

    /// Loss of one patch of a class against logits (0, 0) and (0, ln 3), by hand.
    fn loss(objective: &Objective, class: u8, logits: [f32; 2]) -> (f32, usize) {
        loss_of(objective, &format!("{class},,,,"), logits)
    }

    /// The same with the other cells of the manifest.
    fn loss_of(objective: &Objective, cells: &str, logits: [f32; 2]) -> (f32, usize) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("crops50")).unwrap();
        let columns = "candidate_row,class,n_readers,contested,target,weight";
        let manifest = format!("{columns}\n1,{cells}\n");
        std::fs::write(folder.path().join("manifest.csv"), manifest).unwrap();
        let side = PATCH_SIZE as u32;
        image::GrayImage::new(side, side).save(folder.path().join("crops50/1.png")).unwrap();
        let set = Dataset::load(folder.path(), &crate::dataset::Part::All).unwrap();
        let targets =
            objective.targets(&set, &[0], &[0.0; PATCH_SAMPLES], &[false], &[None]).unwrap();
        let logits = Tensor::from_data([logits], &Device::flex());
        let (loss, right) = targets.loss(logits).unwrap();
        (loss.into_scalar::<f32>(), right)
    }

    #[test]
    fn labels_smoothing_and_weights_enter_the_loss() {
        let (ln, even) = (3f32.ln(), [0.0, 0.0]);
        let plain = objective(0.0, [1.0, 1.0]);
        assert!((loss(&plain, 1, even).0 - 2f32.ln()).abs() < 1e-6);
        // Softmax of (0, ln 3) is (1/4, 3/4).
        assert!((loss(&plain, 1, [0.0, ln]).0 - (4f32 / 3.0).ln()).abs() < 1e-6);
        assert_eq!(loss(&plain, 1, [0.0, ln]).1, 1);
        assert_eq!(loss(&plain, 0, [0.0, ln]).1, 0);
        let smooth = objective(0.2, [1.0, 1.0]);
        let by_hand = 0.9 * (4f32 / 3.0).ln() + 0.1 * 4f32.ln();
        assert!((loss(&smooth, 1, [0.0, ln]).0 - by_hand).abs() < 1e-6);
        let heavy = objective(0.0, [0.5, 3.0]);
        assert!((loss(&heavy, 1, even).0 - 3.0 * 2f32.ln()).abs() < 1e-6);
    }

    /// Softmax of (0, ln 3) is (1/4, 3/4): a target p costs p ln 4/3 + (1 - p) ln 4.
    #[test]
    fn soft_targets_and_sample_weights_enter_the_loss() {
        let plain = objective(0.0, [1.0, 1.0]);
        let cost = |p: f32| p * (4f32 / 3.0).ln() + (1.0 - p) * 4f32.ln();
        for (cells, by_hand) in [
            ("0,,,,", cost(0.0)),
            ("0,,,0.25,", cost(0.25)),
            ("0,,,0.25,0.4", 0.4 * cost(0.25)),
            ("1,,,,2", 2.0 * cost(1.0)),
            // Contested, two readers of four, at the weight 0.5 of contested negatives.
            ("0,2,1,,", 0.5 * cost(0.5)),
            // The manifest's own target wins, and its weight counts besides.
            ("0,2,1,0.1,3", 1.5 * cost(0.1)),
            ("1,3,1,,", cost(1.0)),
        ] {
            let found = loss_of(&plain, cells, [0.0, 3f32.ln()]).0;
            assert!((found - by_hand).abs() < 1e-6, "{cells}: {found}, by hand {by_hand}");
        }
    }
}
