//! What a step is to bring down: cross-entropy against soft targets.
//!
//! One formula serves hard labels, label smoothing, class weights and teachers: the target of a
//! patch is a pair of probabilities, and its weight a number.

use crate::config::{ClassWeights, TrainConfig};
use crate::dataset::Dataset;
use crate::train::sampling::Mixture;
use anyhow::{Context, Result, anyhow, ensure};
use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::{Device, Tensor, TensorData};
use nodulens::method::{CLASS_NODULE, CLASSES};
use nodulens::on_burn::Network;
use nodulens::on_burn::batch_tensor;
use nodulens::weights::{WeightsFile, read_weights};
use std::path::Path;

/// The targets of a whole run.
pub struct Objective {
    smoothing: f64,
    /// Weight of a patch by its class.
    weights: [f32; CLASSES],
    teachers: Vec<Network>,
    teacher_weight: f64,
    teach_cavities: bool,
    device: Device,
}

/// The targets of a step.
pub struct Targets {
    classes: Vec<usize>,
    /// `[B, 2]`, each row summing to 1 before its weight.
    probabilities: Vec<f32>,
}

impl Objective {
    /// Reads the teachers and counts the classes.
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
            device: device.clone(),
        })
    }

    /// The targets of the patches `batch`, whose altered values are `values`. A patch into which
    /// another was blended has no label of its own: the teachers' answer counts alone, and without
    /// teachers both labels by their shares. Where a nodule was
    /// hollowed out the label alone counts, unless the teachers have learnt what that is.
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
                let one_hot = |class: usize| f64::from(u8::from(other == class));
                let label = match mixed[i] {
                    Some(Mixture { with, share }) => {
                        let share = f64::from(share);
                        (1.0 - share) * one_hot(*class) + share * one_hot(classes[with])
                    }
                    None => one_hot(*class),
                };
                let label = label * (1.0 - self.smoothing) + self.smoothing / CLASSES as f64;
                let taught = taught.get(i * CLASSES + other).map_or(0.0, |p| f64::from(*p));
                let target = (1.0 - share) * label + share * taught;
                probabilities.push(target as f32 * self.weights[*class]);
            }
        }
        Ok(Targets { classes, probabilities })
    }

    /// The teachers' mean probabilities of each patch, `[B, 2]`; nothing where there is no teacher.
    /// Each is asked once: patches come turned at random, so over a run a teacher that is not
    /// symmetric by itself teaches its mean over the symmetries all the same.
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
    /// Patches of the step.
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    /// Mean loss `[1]`, and how many patches the network has right.
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
    use nodulens::method::{PATCH_SAMPLES, PATCH_SIZE};

    fn objective(smoothing: f64, weights: [f32; 2]) -> Objective {
        let device = Device::flex();
        let (teachers, teacher_weight, teach_cavities) = (Vec::new(), 0.5, false);
        Objective { smoothing, weights, teachers, teacher_weight, teach_cavities, device }
    }

    /// Loss of one patch of a class against logits (0, 0) and (0, ln 3), by hand.
    fn loss(objective: &Objective, class: u8, logits: [f32; 2]) -> (f32, usize) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("crops50")).unwrap();
        let manifest = format!("candidate_row,class\n1,{class}\n");
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
}
