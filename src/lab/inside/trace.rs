//! Every activation of one patch.

use crate::classifier::nodule_probability;
use crate::constants::{CLASS_NODULE, CLASSES, PATCH_SAMPLES, PATCH_SIZE};
use crate::model::{LayerInfo, Operation};
use crate::on_burn::{Network, batch_tensor};
use crate::weights::{Parameter, WeightsError, WeightsFile};
use burn::tensor::Device;
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
    /// One more than the network has layers.
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
    /// Not the values of one patch.
    #[error("a patch has {PATCH_SAMPLES} values, and {0} were given")]
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

/// A network with its layers ready to be looked at.
#[derive(Clone, Debug)]
pub struct Inside {
    pub(super) network: Network,
    pub(super) layers: Vec<LayerInfo>,
    /// Weights and bias of each layer that has them.
    pub(super) kernels: Vec<Option<[Parameter; 2]>>,
    pub(super) temperature: f32,
}

impl Inside {
    /// Lay the network's parameters out.
    ///
    /// # Errors
    /// [`InsideError::Weights`] where they are not all there.
    pub fn new(opened: &WeightsFile) -> Result<Self, InsideError> {
        let network = Network::new(opened.kind, opened.parameters.clone(), &Device::flex())?;
        let layers = opened.kind.layers();
        let found = |name: String| opened.parameters.get(&name).cloned();
        let kernels = layers
            .iter()
            .map(|LayerInfo { name, .. }| {
                Some([found(format!("{name}.weight"))?, found(format!("{name}.bias"))?])
            })
            .collect();
        Ok(Self { network, layers, kernels, temperature: opened.header.temperature })
    }

    /// Return every activation of one patch.
    ///
    /// # Errors
    /// [`InsideError::Values`] where `values` are not 2,500.
    pub fn trace(&self, values: &[f32]) -> Result<Trace, InsideError> {
        if values.len() != PATCH_SAMPLES {
            return Err(InsideError::Values(values.len()));
        }
        let mut map = batch_tensor(values.to_vec(), &Device::flex());
        let shape = vec![1, PATCH_SIZE, PATCH_SIZE];
        let input = Traced { name: "input".to_owned(), shape, values: values.to_vec() };
        let mut traced = vec![input];
        for (i, LayerInfo { name, operation, output_shape, .. }) in self.layers.iter().enumerate() {
            map = self.network.through(i..i + 1, map);
            let values: Vec<f32> = map
                .clone()
                .into_data()
                .try_to_vec()
                .map_err(|reason| InsideError::Device(format!("{reason:?}")))?;
            let values = match (operation, &values[..]) {
                (Operation::Softmax, [no, yes]) => self.probabilities([*no, *yes]).to_vec(),
                _ => values,
            };
            let (name, shape) = ((*name).to_owned(), output_shape.clone());
            traced.push(Traced { name, shape, values });
        }
        Ok(Trace { layers: traced })
    }

    /// Return the layers in order; layer `i` of a trace is number `i - 1` here.
    #[must_use]
    pub fn layers(&self) -> &[LayerInfo] {
        &self.layers
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
            Some(i) => match self.layers.get(i) {
                Some(layer) => Ok(dims(&layer.output_shape)),
                None => {
                    let there = self.layers.len() + 1;
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
