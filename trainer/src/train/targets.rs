//! What the network is to answer for the patches of a step: the soft targets of its cross-entropy.
//!
//! One formula serves hard labels, label smoothing, class weights, blends (mixup) and teachers
//! (distillation): the target of a patch is a pair of probabilities, and its weight a number.
//!
//! A blend of patch a with a share s of patch b:
//!
//! | of the blend | is |
//! |---|---|
//! | label | (1 - s) of a's and s of b's |
//! | weight | (1 - s) of a's and s of b's |
//! | teachers' part | the share of what they know: 1 for two patches they know, s where a alone, 1 - s where b alone, 0 where both were hollowed out and they have not learnt what that is |

use crate::config::{ClassWeights, Contested, TrainConfig};
use crate::dataset::{Dataset, Example};
use crate::train::contested::{label, weight};
use crate::train::draw::{Drawn, Other};
use crate::train::labels::Labels;
use crate::train::teachers::Teachers;
use anyhow::{Result, anyhow, ensure};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Tensor, TensorData};
use nodulens::constants::{CLASS_NODULE, CLASSES};
use std::collections::HashMap;
use std::ops::Range;

/// The targets of a whole run.
pub struct Objective {
    smoothing: f64,
    /// What teachers have said of patches beforehand, by candidate row.
    labels: HashMap<String, f64>,
    label_weight: f64,
    /// Weight of a patch by its class.
    weights: [f32; CLASSES],
    teachers: Teachers,
    teacher_weight: f64,
    teach_cavities: bool,
    contested: Contested,
    contested_weight: f64,
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
    pub fn new(config: &TrainConfig, train: &Dataset) -> Result<Self> {
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
        Ok(Self {
            smoothing: config.label_smoothing,
            labels: Labels::read_for(config, train)?,
            label_weight: config.label_weight,
            weights,
            teachers: Teachers::read(&config.teachers, config.network)?,
            teacher_weight: config.teacher_weight,
            teach_cavities: config.teach_cavities,
            contested: config.contested,
            contested_weight: config.contested_weight,
        })
    }

    /// Return the targets of the patches of a step.
    ///
    /// # Errors
    /// Where a teacher cannot compute.
    pub fn targets(&self, set: &Dataset, drawn: &[Drawn]) -> Result<Targets> {
        Ok(self.of_step(set, drawn, &self.teachers.of_step(drawn)?))
    }

    /// Put labels and the teachers' answers together; `taught` is empty without teachers.
    fn of_step(&self, set: &Dataset, drawn: &[Drawn], taught: &[f32]) -> Targets {
        let unknown = |hollowed: bool| f64::from(u8::from(hollowed && !self.teach_cavities));
        let mut probabilities = Vec::with_capacity(drawn.len() * CLASSES);
        for (i, one) in drawn.iter().enumerate() {
            let itself = Other { index: one.index, hollowed: one.hollowed, share: 0.0 };
            let other = one.other.unwrap_or(itself);
            let [example, partner] = [one.index, other.index].map(|index| &set.examples[index]);
            let blend = |of: f64, with: f64| (1.0 - other.share) * of + other.share * with;
            let weight = blend(self.weight(example), self.weight(partner));
            let known = 1.0 - blend(unknown(one.hollowed), unknown(other.hollowed));
            let part = match one.other {
                _ if taught.is_empty() => 0.0,
                // A blend has no label of its own: the teachers count alone.
                Some(_) => known,
                None => known * self.teacher_weight,
            };
            let labels = [(example, one.hollowed), (partner, other.hollowed)];
            let [labels, partners] =
                labels.map(|(example, hollowed)| self.label(example, hollowed));
            let labels = labels.into_iter().zip(partners);
            for (class, (label, with)) in labels.enumerate() {
                let label = blend(label, with);
                let taught = taught.get(i * CLASSES + class).map_or(0.0, |p| f64::from(*p));
                let target = (1.0 - part) * label + part * taught;
                probabilities.push((target * weight) as f32);
            }
        }
        let classes = drawn.iter().map(|one| class(&set.examples[one.index])).collect();
        Targets { classes, probabilities }
    }

    /// Return the label of a patch as probabilities: its own, smoothed, with the teachers' share where
    /// they have graded it. A nodule that was hollowed out is not the one that they graded.
    fn label(&self, example: &Example, hollowed: bool) -> [f64; CLASSES] {
        let own = label(self.contested, &example.row);
        let own = self.smoothing / CLASSES as f64 + (1.0 - self.smoothing) * own;
        let graded =
            self.labels.get(&example.row.candidate_row).filter(|_| !hollowed && !example.mined);
        let nodule = graded.map_or(own, |graded| own + self.label_weight * (graded - own));
        let mut label = [0.0; CLASSES];
        label[CLASS_NODULE] = nodule;
        label[1 - CLASS_NODULE] = 1.0 - nodule;
        label
    }

    /// Return how much a patch counts in the loss.
    fn weight(&self, example: &Example) -> f64 {
        f64::from(self.weights[class(example)]) * weight(self.contested_weight, &example.row)
    }
}

fn class(example: &Example) -> usize {
    usize::from(example.row.nodule())
}

impl Targets {
    /// Make targets of labels alone.
    #[cfg(test)]
    pub fn of_classes(classes: &[usize]) -> Self {
        let one_hot = |class: &usize| [1.0 - *class as f32, *class as f32];
        let probabilities = classes.iter().flat_map(one_hot).collect();
        Self { classes: classes.to_vec(), probabilities }
    }

    /// Count the patches of the step.
    pub fn patches(&self) -> usize {
        self.classes.len()
    }

    /// Divide the step into so many parts, of as many patches each as can be.
    pub fn parts(&self, parts: usize) -> Vec<Range<usize>> {
        let size = self.patches().div_ceil(parts.max(1)).max(1);
        let end = |start: usize| (start + size).min(self.patches());
        (0..self.patches()).step_by(size).map(|start| start..end(start)).collect()
    }

    /// Return the part's share of the mean loss of the step, `[1]`, and how many of its patches the
    /// network has right. The shares of all parts sum up to the loss.
    ///
    /// # Shapes
    /// `logits`: `[patches of the part, 2]`
    ///
    /// # Errors
    /// Where the device cannot be read.
    pub fn loss(&self, part: Range<usize>, logits: Tensor<2>) -> Result<(Tensor<1>, usize)> {
        let device = logits.device();
        let targets = self.probabilities[part.start * CLASSES..part.end * CLASSES].to_vec();
        let targets = TensorData::new(targets, [part.len(), CLASSES]);
        let targets = Tensor::<2>::from_data(targets, &device);
        let seen = logits.clone().detach().into_data().try_to_vec::<f32>();
        let seen = seen.map_err(|error| anyhow!("logits: {error:?}"))?;
        let right = seen
            .chunks_exact(CLASSES)
            .zip(&self.classes[part])
            .filter(|(pair, class)| {
                (pair[CLASS_NODULE] > pair[1 - CLASS_NODULE]) == (**class == CLASS_NODULE)
            })
            .count();
        let loss = (targets * log_softmax(logits, 1)).sum().neg() / self.patches() as f64;
        Ok((loss, right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Canvas, ManifestRow};
    use burn::tensor::Device;
    use nodulens::constants::PATCH_SIZE;
    use nodulens::model::NetworkKind;

    fn objective(smoothing: f64, weights: [f32; 2]) -> Objective {
        let teachers = Teachers::read(&[], NetworkKind::Paper).unwrap();
        let (teacher_weight, teach_cavities) = (0.75, false);
        let (contested, contested_weight) = (Contested::Soften, 0.5);
        Objective {
            labels: HashMap::new(),
            label_weight: 0.9,
            smoothing,
            weights,
            teachers,
            teacher_weight,
            teach_cavities,
            contested,
            contested_weight,
        }
    }

    fn example(class: u8) -> Example {
        let row = ManifestRow { class, ..ManifestRow::default() };
        let canvas = Canvas { side: PATCH_SIZE, grey: Vec::new(), coarse: None };
        Example { row, values: Vec::new(), canvas, digest: [0; 32], mined: false }
    }

    fn set(classes: &[u8]) -> Dataset {
        of_examples(classes.iter().copied().map(example).collect())
    }

    fn of_examples(examples: Vec<Example>) -> Dataset {
        Dataset { examples, skipped: Vec::new(), hash: String::new() }
    }

    fn drawn(index: usize, hollowed: bool, other: Option<Other>) -> Drawn {
        Drawn { index, values: Vec::new(), hollowed, other, view: None }
    }

    /// Loss of one patch of a class against logits (0, 0) and (0, ln 3), by hand.
    fn loss(objective: &Objective, class: u8, logits: [f32; 2]) -> (f32, usize) {
        let targets = objective.of_step(&set(&[class]), &[drawn(0, false, None)], &[]);
        let logits = Tensor::from_data([logits], &Device::flex());
        let (loss, right) = targets.loss(0..1, logits).unwrap();
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
        let row = |class, contested: bool, n_readers, target, weight| ManifestRow {
            class,
            contested: Some(contested),
            n_readers,
            target,
            weight,
            ..ManifestRow::default()
        };
        for (row, by_hand) in [
            (row(0, false, None, None, None), cost(0.0)),
            (row(0, false, None, Some(0.25), None), cost(0.25)),
            (row(0, false, None, Some(0.25), Some(0.4)), 0.4 * cost(0.25)),
            (row(1, false, None, None, Some(2.0)), 2.0 * cost(1.0)),
            // Contested, two readers of four, at the weight 0.5 of contested negatives.
            (row(0, true, Some(2), None, None), 0.5 * cost(0.5)),
            // The manifest's own target wins, and its weight counts besides.
            (row(0, true, Some(2), Some(0.1), Some(3.0)), 1.5 * cost(0.1)),
            (row(1, true, Some(3), None, None), cost(1.0)),
        ] {
            let shown = format!("{row:?}");
            let set = of_examples(vec![Example { row, ..example(0) }]);
            let targets = plain.of_step(&set, &[drawn(0, false, None)], &[]);
            let logits = Tensor::from_data([[0.0, 3f32.ln()]], &Device::flex());
            let loss = targets.loss(0..1, logits).unwrap().0.into_scalar::<f32>();
            assert!((loss - by_hand).abs() < 1e-6, "{shown}: {loss}, by hand {by_hand}");
        }
    }

    /// Targets `(no nodule, nodule)` of a nodule into which a quarter of a patch without is blended.
    fn first(objective: &Objective, taught: &[f32], hollowed: [bool; 2]) -> [f32; 2] {
        let other = Other { index: 1, hollowed: hollowed[1], share: 0.25 };
        let drawn = [drawn(0, hollowed[0], Some(other))];
        let targets = objective.of_step(&set(&[1, 0]), &drawn, taught);
        [targets.probabilities[0], targets.probabilities[1]]
    }

    fn near(found: [f32; 2], expected: [f32; 2]) {
        let worst = (0..2).map(|i| (found[i] - expected[i]).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-6, "{found:?}, not {expected:?}");
    }

    #[test]
    fn a_blend_has_the_labels_and_the_weights_of_both_by_their_shares() {
        near(first(&objective(0.0, [1.0, 1.0]), &[], [false; 2]), [0.25, 0.75]);
        // Smoothing by 0.2: a nodule is (0.1, 0.9).
        near(first(&objective(0.2, [1.0, 1.0]), &[], [false; 2]), [0.3, 0.7]);
        // Weights 1 and 3: 0.75 * 3 + 0.25 * 1.
        near(first(&objective(0.0, [1.0, 3.0]), &[], [false; 2]), [0.25 * 2.5, 0.75 * 2.5]);
    }

    #[test]
    fn teachers_count_in_a_blend_by_the_share_of_what_they_know() {
        let taught = [0.6, 0.4];
        let mut objective = objective(0.0, [1.0, 1.0]);
        // Both known: the teachers alone.
        near(first(&objective, &taught, [false, false]), [0.6, 0.4]);
        // A hollowed partner of a quarter: a quarter of the blend's label, (0.25, 0.75).
        let quarter = [0.75 * 0.6 + 0.25 * 0.25, 0.75 * 0.4 + 0.25 * 0.75];
        near(first(&objective, &taught, [false, true]), quarter);
        let most = [0.25 * 0.6 + 0.75 * 0.25, 0.25 * 0.4 + 0.75 * 0.75];
        near(first(&objective, &taught, [true, false]), most);
        near(first(&objective, &taught, [true, true]), [0.25, 0.75]);
        // Teachers that have learnt from hollowed nodules know them all.
        objective.teach_cavities = true;
        near(first(&objective, &taught, [true, true]), [0.6, 0.4]);
        // Unblended, they count by their weight, and not at all where a nodule was hollowed out.
        objective.teach_cavities = false;
        let alone = |hollowed: bool| {
            let targets = objective.of_step(&set(&[1]), &[drawn(0, hollowed, None)], &taught);
            [targets.probabilities[0], targets.probabilities[1]]
        };
        near(alone(false), [0.75 * 0.6, 0.25 + 0.75 * 0.4]);
        near(alone(true), [0.0, 1.0]);
    }

    #[test]
    fn the_parts_of_a_step_sum_up_to_it() {
        let objective = objective(0.1, [1.0, 3.0]);
        let five: Vec<Drawn> = (0..5).map(|index| drawn(index, false, None)).collect();
        let targets = objective.of_step(&set(&[1, 0, 0, 1, 0]), &five, &[]);
        assert_eq!(targets.parts(1).len(), 1);
        assert_eq!(targets.parts(2), [0..3, 3..5]);
        assert_eq!(targets.parts(9).len(), 5);
        let logits = |range: Range<usize>| {
            let rows: Vec<f32> = range.clone().flat_map(|i| [0.3 * i as f32, 0.7]).collect();
            Tensor::from_data(TensorData::new(rows, [range.len(), CLASSES]), &Device::flex())
        };
        let loss = |parts: Vec<Range<usize>>| {
            parts.into_iter().fold((0.0, 0), |(sum, count), part| {
                let (loss, right) = targets.loss(part.clone(), logits(part)).unwrap();
                (sum + loss.into_scalar::<f32>(), count + right)
            })
        };
        let (whole, right) = loss(targets.parts(1));
        let (parts, right_in_parts) = loss(targets.parts(2));
        assert!((whole - parts).abs() < 1e-6 && right == right_in_parts, "{whole} and {parts}");
    }
}
