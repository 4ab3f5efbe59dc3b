//! Convolutions whose kernels are tied under the eight symmetries of the square (Cohen and Welling,
//! "Group Equivariant Convolutional Networks", 2016), each with batch normalisation. What ships is an
//! ordinary network with the ties written out.

use super::maps::{Maps, Then};
#[cfg(feature = "flex")]
use super::ties::written_out;
use crate::model::symmetry::{SYMMETRIES, group_index, lifting_index};
use burn::module::{Initializer, Module, Param};
use burn::nn::{BatchNorm, BatchNormConfig};
use burn::tensor::{Device, Int, Tensor, TensorData};
use std::sync::Arc;

/// A convolution without padding, then batch normalisation and ReLU. Channels come in
/// fields of eight, one channel a symmetry; turn the input and the channels of a field turn and
/// change places, and nothing else happens.
#[derive(Module, Debug)]
pub struct TiedConv {
    /// `[F out, F in, 8 * side * side]`, or `[F out, 1, side * side]` where the input is a picture.
    pub(super) weight: Param<Tensor<3>>,
    pub(super) norm: BatchNorm,
    /// Of the kernel: 3, or that of the whole last map.
    side: usize,
    /// Where in a field each number of its eight kernels comes from.
    #[module(skip)]
    index: Arc<Vec<usize>>,
}

impl TiedConv {
    /// `channels`: in (1 or a multiple of 8) and out (a multiple of 8).
    pub(super) fn new(channels: [usize; 2], side: usize, device: &Device) -> Self {
        let [from, to] = channels;
        let kernel = side * side;
        let (fields, values) = match from {
            1 => (1, kernel),
            _ => (from / SYMMETRIES, SYMMETRIES * kernel),
        };
        // He et al. 2015, for ReLU: every output sums `from * kernel` products.
        let std = (2.0 / (kernel * from) as f64).sqrt();
        let weight =
            Initializer::Normal { mean: 0.0, std }.init([to / SYMMETRIES, fields, values], device);
        let index = if from == 1 { lifting_index(side) } else { group_index(side) };
        let norm = BatchNormConfig::new(to / SYMMETRIES).init(device);
        Self { weight, norm, side, index: Arc::new(index) }
    }

    /// Return the kernels with all ties written out.
    ///
    /// # Shapes
    /// `[C out, C in, side, side]`
    pub(super) fn kernels(&self) -> Tensor<4> {
        let [to, from, values] = self.weight.dims();
        let turned_inputs = values / (self.side * self.side);
        let shape = [to * SYMMETRIES, from * turned_inputs, self.side, self.side];
        #[cfg(feature = "flex")]
        if let Some(kernels) = written_out(self.weight.val(), &self.index) {
            return kernels.reshape(shape);
        }
        self.kernels_by_burn().reshape(shape)
    }

    /// Write the ties out with Burn's own operations, `[F out, 8, F in, values]`.
    fn kernels_by_burn(&self) -> Tensor<4> {
        let [to, from, values] = self.weight.dims();
        let index: Vec<i32> = self.index.iter().map(|value| *value as i32).collect();
        let index = TensorData::new(index, [SYMMETRIES * values]);
        let index = Tensor::<1, Int>::from_data(index, &self.weight.device());
        self.weight.val().select(2, index).reshape([to, from, SYMMETRIES, values]).swap_dims(1, 2)
    }

    /// Take maps of H x W places to maps of (H - side + 1) x (W - side + 1), or half as many a side.
    pub(super) fn forward(&self, maps: Maps, pool: bool) -> Maps {
        maps.convolved(self.kernels(), Then::Norm(&self.norm), 0, pool)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "flex")]
    #[test]
    fn ties_and_their_gradient_are_those_by_burns_own_operations() {
        let device = Device::flex().autodiff();
        for (channels, side) in [([1, 16], 3), ([16, 24], 3), ([24, 16], 4)] {
            let conv = TiedConv::new(channels, side, &device);
            let both = [
                conv.kernels(),
                conv.kernels_by_burn().reshape([channels[1], channels[0], side, side]),
            ];
            let numbers = |tensor: Tensor<1>| tensor.into_data().try_to_vec::<f32>().unwrap();
            let [own, by_burn] = both.map(|kernels| {
                // Of a square, so that every number has a gradient of its own.
                let gradients = (kernels.clone() * kernels.clone()).sum().backward();
                let gradient = conv.weight.val().grad(&gradients).unwrap();
                [numbers(kernels.flatten(0, 3)), numbers(gradient.flatten(0, 2))]
            });
            assert_eq!(own[0], by_burn[0]);
            let apart = own[1].iter().zip(&by_burn[1]).map(|(a, b)| (a - b).abs());
            assert!(apart.fold(0.0, f32::max) < 1e-5);
        }
    }
}
