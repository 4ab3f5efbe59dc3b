//! Convolutions whose kernels are tied under the eight symmetries of the square (Cohen and Welling,
//! "Group Equivariant Convolutional Networks", 2016), each with batch normalisation. What ships is an
//! ordinary network with the ties written out.

use crate::model::symmetry::{SYMMETRIES, permutation};
use burn::module::{Initializer, Module, Param};
use burn::nn::{BatchNorm, BatchNormConfig};
use burn::tensor::activation::relu;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Int, Tensor, TensorData};

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
        Self { weight, norm: BatchNormConfig::new(to / SYMMETRIES).init(device), side }
    }

    /// Return the kernels with all ties written out.
    ///
    /// # Shapes
    /// `[C out, C in, side, side]`
    pub(super) fn kernels(&self) -> Tensor<4> {
        let [to, from, values] = self.weight.dims();
        let turned_inputs = values / (self.side * self.side);
        let index = if turned_inputs == 1 { lifting_index() } else { group_index(self.side) };
        let index: Vec<i32> = index.into_iter().map(|value| value as i32).collect();
        let index = TensorData::new(index, [SYMMETRIES * values]);
        let index = Tensor::<1, Int>::from_data(index, &self.weight.device());
        self.weight
            .val()
            .select(2, index)
            .reshape([to, from, SYMMETRIES, values])
            .swap_dims(1, 2)
            .reshape([to * SYMMETRIES, from * turned_inputs, self.side, self.side])
    }

    /// `[B, C in, H, W]` -> `[B, C out, H - side + 1, W - side + 1]`
    pub(super) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
        let x = conv2d(x, self.kernels(), None, options);
        let [batch, channels, height, width] = x.dims();
        // One mean and one variance a field: its channels are the same thing turned.
        let fields = [batch, channels / SYMMETRIES, SYMMETRIES * height, width];
        let x = self.norm.forward(x.reshape(fields));
        relu(x.reshape([batch, channels, height, width]))
    }
}

/// Return the symmetry that does `second` after `first`.
fn product(second: usize, first: usize) -> usize {
    let (first, second) = (permutation(first, 3), permutation(second, 3));
    let both: Vec<usize> = second.iter().map(|from| first[*from]).collect();
    (0..SYMMETRIES).find(|symmetry| permutation(*symmetry, 3) == both).unwrap_or(0)
}

fn inverse(symmetry: usize) -> usize {
    (0..SYMMETRIES).find(|other| product(*other, symmetry) == 0).unwrap_or(0)
}

/// Index of the kernel's values, `[8 * 9]`, that makes eight turned kernels of one on a picture.
fn lifting_index() -> Vec<usize> {
    (0..SYMMETRIES).flat_map(|symmetry| permutation(symmetry, 3)).collect()
}

/// Index of the kernel's values, `[8 * 8 * side * side]`, that makes eight turned kernels of one on
/// eight turned maps: the output that is turned by h sees the input turned by g as the output that is
/// not turned sees the one turned by h^-1 g.
fn group_index(side: usize) -> Vec<usize> {
    let mut index = Vec::with_capacity(SYMMETRIES * SYMMETRIES * side * side);
    for h in 0..SYMMETRIES {
        let turned = permutation(h, side);
        for g in 0..SYMMETRIES {
            let from = product(inverse(h), g) * side * side;
            index.extend(turned.iter().map(|value| from + value));
        }
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symmetries_multiply_as_a_group() {
        for symmetry in 0..SYMMETRIES {
            assert_eq!(product(symmetry, inverse(symmetry)), 0);
            assert_eq!(product(symmetry, 0), symmetry);
        }
        // Mirroring and turning do not commute.
        assert_ne!(product(1, 4), product(4, 1));
    }
}
