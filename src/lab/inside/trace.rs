//! Every activation of one patch.

use super::steps::{Does, Step, steps};
use crate::classifier::nodule_probability;
use crate::constants::{CLASS_NODULE, CLASSES, PATCH_SAMPLES, PATCH_SIZE, VIEW_SAMPLES};
use crate::lab::looked_at;
use crate::model::{NetworkKind, Operation};
use crate::on_burn::{Network, batch_tensor};
use crate::weights::{Head, Parameter, WeightsError, WeightsFile};
use burn::tensor::{Device, Tensor};
use nodulens_imaging::UserError;
use serde::{Deserialize, Serialize};

/// What one layer gave.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Traced {
    /// Name of the layer; of what stands in front of the first one, `input`.
    pub name: String,
    /// Without the batch: `[C, H, W]` or `[features]`.
    pub shape: Vec<usize>,
    /// Row-major; after ReLU where the layer has one. Of softmax, the probabilities after the
    /// temperature of the weights file.
    pub values: Vec<f32>,
}

impl Traced {
    /// Channels, rows, columns.
    #[must_use]
    pub fn dims(&self) -> [usize; 3] {
        dims(&self.shape)
    }
}

/// All activations of one patch: the input, then each layer in order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trace {
    /// One more than there are steps.
    pub layers: Vec<Traced>,
}

/// Where a number stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// 0 is the input.
    pub layer: usize,
    /// Or feature, or class.
    pub channel: usize,
    /// Row.
    pub y: usize,
    /// Column.
    pub x: usize,
}

/// Why there is nothing to see.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InsideError {
    /// Not the values of one patch, or of one view where surroundings are looked at.
    #[error(
        "a patch has {PATCH_SAMPLES} values, or {VIEW_SAMPLES} with surroundings, and {0} were given"
    )]
    Values(usize),
    /// No such layer, channel, row or column.
    #[error("there is no {what} {asked}; there are {there}")]
    Nowhere {
        /// Layer, channel, row or column.
        what: &'static str,
        /// Which was asked for.
        asked: usize,
        /// How many there are.
        there: usize,
    },
    /// A number outside its range.
    #[error("{what} must be {range}")]
    Range {
        /// Which.
        what: &'static str,
        /// From where to where.
        range: &'static str,
    },
    /// The parameters do not make a network.
    #[error("{0}")]
    Weights(#[from] WeightsError),
    /// The device did not give the numbers back.
    #[error("the activations cannot be read: {0}")]
    Device(String),
}

impl UserError for InsideError {
    fn code(&self) -> &'static str {
        match self {
            Self::Values(_) => "patch-values",
            Self::Nowhere { .. } => "no-such-place",
            Self::Range { .. } => "out-of-range",
            Self::Weights(error) => error.code(),
            Self::Device(_) => "device-failed",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Values(_) => "Choose a patch of 50 x 50 pixels.",
            Self::Nowhere { .. } => "Choose a place that the layer has.",
            Self::Range { .. } => "Choose a number within the range.",
            Self::Weights(error) => error.hint(),
            Self::Device(_) => "Try again.",
        }
    }
}

/// A network, ready to be looked at where one part of it answers: the patch alone, or with its
/// surroundings.
#[derive(Clone, Debug)]
pub struct Inside {
    pub(super) network: Network,
    head: Head,
    pub(super) steps: Vec<Step>,
    /// Weights and bias of each layer that has them.
    pub(super) kernels: Vec<Option<[Parameter; 2]>>,
    pub(super) temperature: f32,
}

impl Inside {
    /// Lay the network's parameters out.
    ///
    /// # Errors
    /// [`InsideError::Weights`] where they are not all there.
    pub fn new(opened: &WeightsFile, head: Head) -> Result<Self, InsideError> {
        let network = Network::new(opened.kind, opened.parameters.clone(), &Device::flex())?;
        let steps = steps(opened.kind, head);
        let found = |name: String| opened.parameters.get(&name).cloned();
        let kernels = steps
            .iter()
            .map(|Step { name, .. }| {
                Some([found(format!("{name}.weight"))?, found(format!("{name}.bias"))?])
            })
            .collect();
        let temperature = opened.header.operating(head).temperature;
        Ok(Self { network, head, steps, kernels, temperature })
    }

    /// Return which part of the network answers here.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }

    /// Return which network it is.
    #[must_use]
    pub fn kind(&self) -> NetworkKind {
        self.network.kind()
    }

    /// Return every activation of one patch; `values` are its 2,500, or the 5,000 of its
    /// [`view`](crate::preprocess::view), without which there are no surroundings to look at.
    ///
    /// # Errors
    /// [`InsideError::Values`] where they are neither.
    pub fn trace(&self, values: &[f32]) -> Result<Trace, InsideError> {
        let (seen, head) =
            looked_at(self.kind(), values).ok_or(InsideError::Values(values.len()))?;
        if self.head == Head::Context && head == Head::Patch {
            return Err(InsideError::Values(values.len()));
        }
        let picture = |name: &str, values: &[f32]| {
            let shape = vec![1, PATCH_SIZE, PATCH_SIZE];
            let traced = Traced { name: name.to_owned(), shape, values: values.to_vec() };
            (traced, batch_tensor(values.to_vec(), &Device::flex()))
        };
        let (patch, surroundings) = seen.split_at(PATCH_SAMPLES);
        let (input, map) = picture("input", patch);
        let (mut traced, mut maps) = (vec![input], vec![map]);
        for step in &self.steps {
            let before: Vec<&Tensor<4>> = step.before.iter().map(|i| &maps[*i]).collect();
            let (values, map) = if let Does::Surroundings = step.operation {
                let (traced, map) = picture(step.name, surroundings);
                (traced.values, map)
            } else {
                let map = step.take(&self.network, &before);
                let map = map.ok_or(InsideError::Values(values.len()))?;
                let values: Vec<f32> = map
                    .clone()
                    .into_data()
                    .try_to_vec()
                    .map_err(|reason| InsideError::Device(format!("{reason:?}")))?;
                let values = match (step.operation, &values[..]) {
                    (Does::Layer(Operation::Softmax), [no, yes]) => {
                        self.probabilities([*no, *yes]).to_vec()
                    }
                    _ => values,
                };
                (values, map)
            };
            let (name, shape) = (step.name.to_owned(), step.output_shape.clone());
            traced.push(Traced { name, shape, values });
            maps.push(map);
        }
        Ok(Trace { layers: traced })
    }

    /// Return the steps in order; layer `i` of a trace is number `i - 1` here.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Return the step that gives layer `layer` of a trace; `None` of the input.
    pub(super) fn step(&self, layer: usize) -> Option<&Step> {
        self.steps.get(layer.checked_sub(1)?)
    }

    /// Return the layer of a trace that a layer reads, the first where there are two; the input for what
    /// reads none.
    pub(super) fn before(&self, layer: usize) -> usize {
        self.step(layer).and_then(|step| step.before.first()).copied().unwrap_or_default()
    }

    /// Return what the network divides its logits by.
    #[must_use]
    pub fn temperature(&self) -> f32 {
        self.temperature
    }

    pub(super) fn probabilities(&self, logits: [f32; CLASSES]) -> [f32; CLASSES] {
        let nodule = nodule_probability(logits, self.temperature);
        let mut both = [1.0 - nodule; CLASSES];
        both[CLASS_NODULE] = nodule;
        both
    }

    /// Shape of what layer `layer` of a trace gives, `[C, H, W]`.
    pub(super) fn dims(&self, layer: usize) -> Result<[usize; 3], InsideError> {
        match layer.checked_sub(1) {
            None => Ok([1, PATCH_SIZE, PATCH_SIZE]),
            Some(i) => match self.steps.get(i) {
                Some(step) => Ok(dims(&step.output_shape)),
                None => {
                    let there = self.steps.len() + 1;
                    Err(InsideError::Nowhere { what: "layer", asked: layer, there })
                }
            },
        }
    }

    /// Check that the place is there.
    pub(super) fn check(&self, place: Unit) -> Result<(), InsideError> {
        let [channels, rows, columns] = self.dims(place.layer)?;
        within("channel", place.channel, channels)?;
        within("row", place.y, rows)?;
        within("column", place.x, columns)
    }

    /// Weights and bias of a layer of a trace, where it has them.
    pub(super) fn kernels_of(&self, layer: usize) -> Option<&[Parameter; 2]> {
        self.kernels.get(layer.checked_sub(1)?)?.as_ref()
    }
}

pub(super) fn within(what: &'static str, asked: usize, there: usize) -> Result<(), InsideError> {
    if asked < there { Ok(()) } else { Err(InsideError::Nowhere { what, asked, there }) }
}

pub(super) fn dims(shape: &[usize]) -> [usize; 3] {
    match shape {
        [channels, rows, columns] => [*channels, *rows, *columns],
        _ => [shape.iter().product(), 1, 1],
    }
}
