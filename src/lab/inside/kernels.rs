//! What a layer has learnt: its kernels.

use super::steps::Does;
use super::trace::{Inside, InsideError, within};
use crate::model::Operation;
use serde::Serialize;

/// Kernels of a layer from one input channel, as pictures. Of a dense layer the kernel is the
/// whole map in front of it; where that has one place a channel, it is one row of all features.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KernelView {
    /// Kernels, rows, columns.
    pub shape: [usize; 3],
    /// Input channels that can be chosen.
    pub inputs: usize,
    /// Row-major.
    pub values: Vec<f32>,
    /// One a kernel.
    pub bias: Vec<f32>,
    /// Largest absolute weight of the whole layer, all input channels: a scale for all of them.
    pub largest: f32,
}

impl Inside {
    /// Return the kernels of layer `layer` of a trace from input channel `input`; nothing where the
    /// layer has none.
    ///
    /// # Errors
    /// [`InsideError::Nowhere`] where there is no such layer or input channel.
    pub fn kernels(&self, layer: usize, input: usize) -> Result<Option<KernelView>, InsideError> {
        let [units, ..] = self.dims(layer)?;
        let Some([weights, bias]) = self.kernels_of(layer) else { return Ok(None) };
        let [channels, rows, columns] = self.dims(self.before(layer))?;
        let (inputs, shape, dense) = match self.steps[layer - 1].operation {
            Does::Layer(Operation::Convolution { kernel, .. }) => {
                (channels, [units, kernel, kernel], false)
            }
            _ if rows * columns == 1 => (1, [units, 1, channels], true),
            _ => (channels, [units, rows, columns], true),
        };
        within("input channel", input, inputs)?;
        let area = shape[1] * shape[2];
        // Dense layers lie as [in, out] in the weights file, convolutions as [out, in, y, x].
        let place = |unit: usize, i: usize| match dense {
            true => (input * area + i) * units + unit,
            false => (unit * inputs + input) * area + i,
        };
        let weight = |place: usize| weights.values.get(place).copied().unwrap_or_default();
        let pairs = (0..units).flat_map(|unit| (0..area).map(move |i| (unit, i)));
        let values = pairs.map(|(unit, i)| weight(place(unit, i))).collect();
        let largest = weights.values.iter().fold(0.0, |most: f32, weight| most.max(weight.abs()));
        Ok(Some(KernelView { shape, inputs, values, bias: bias.values.clone(), largest }))
    }
}
