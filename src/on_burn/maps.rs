//! Feature maps on their way through a network in training.

#[cfg(feature = "flex")]
use super::block::{self, Block, Norm, Parameters};
use crate::model::symmetry::SYMMETRIES;
use burn::nn::BatchNorm;
use burn::nn::pool::MaxPool2dConfig;
use burn::tensor::activation::relu;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Tensor, TensorData};

/// Feature maps: channels last where our own engine trains, `[B, H, W, C]`; else as Burn has them,
/// `[B, C, H, W]`.
#[derive(Clone, Debug)]
pub(super) struct Maps {
    tensor: Tensor<4>,
    channels_last: bool,
}

/// What follows the products of a convolution.
// There is one at a time, and not for long.
#[allow(clippy::large_enum_variant)]
pub(super) enum Then<'a> {
    /// A bias, `[C out]`.
    Bias(Tensor<1>),
    /// Normalisation of every eight channels, which are one thing turned.
    Norm(&'a BatchNorm),
}

impl Maps {
    /// Begin with patches, `[B, 1, H, W]`.
    pub(super) fn of_patches(patches: Tensor<4>) -> Self {
        #[cfg(feature = "flex")]
        if block::runs_on(&patches) {
            let [batch, _, height, width] = patches.dims();
            return Self {
                tensor: patches.reshape([batch, height, width, 1]),
                channels_last: true,
            };
        }
        Self { tensor: patches, channels_last: false }
    }

    /// Begin with patches as Burn has them, whatever the device.
    #[cfg(test)]
    pub(super) fn as_burn(patches: Tensor<4>) -> Self {
        Self { tensor: patches, channels_last: false }
    }

    /// Return whether our own engine computes them.
    pub(super) fn by_engine(&self) -> bool {
        self.channels_last
    }

    /// Return the maps as Burn has them, `[B, C, H, W]`.
    pub(super) fn channels_first(self) -> Tensor<4> {
        match self.channels_last {
            true => self.tensor.permute([0, 3, 1, 2]),
            false => self.tensor,
        }
    }

    /// Convolve, normalise or shift, cut what is negative, and keep the largest of every 2 x 2 places
    /// where `pool` is set.
    pub(super) fn convolved(
        self,
        kernels: Tensor<4>,
        then: Then<'_>,
        padding: usize,
        pool: bool,
    ) -> Self {
        #[cfg(feature = "flex")]
        if self.channels_last {
            return self.by_block(kernels, &then, padding, pool);
        }
        let options = ConvOptions::new([1, 1], [padding, padding], [1, 1], 1);
        let x = match then {
            Then::Bias(bias) => conv2d(self.tensor, kernels, Some(bias), options),
            Then::Norm(norm) => {
                let x = conv2d(self.tensor, kernels, None, options);
                let [batch, channels, height, width] = x.dims();
                // One mean and one variance a field: its channels are the same thing turned.
                let fields = [batch, channels / SYMMETRIES, SYMMETRIES * height, width];
                norm.forward(x.reshape(fields)).reshape([batch, channels, height, width])
            }
        };
        let x = relu(x);
        let pooling = || MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init();
        let tensor = if pool { pooling().forward(x) } else { x };
        Self { tensor, channels_last: false }
    }

    #[cfg(feature = "flex")]
    fn by_block(self, kernels: Tensor<4>, then: &Then<'_>, padding: usize, pool: bool) -> Self {
        let device = self.tensor.device();
        let (norm, gain, offset) = match then {
            // Nobody asks for the gradient of a gain that there is not.
            Then::Bias(bias) => (Norm::Bias, Tensor::zeros([1], &device), bias.clone()),
            Then::Norm(norm) => {
                let batch = Norm::Batch { group: SYMMETRIES, epsilon: norm.epsilon };
                (batch, norm.gamma.val(), norm.beta.val())
            }
        };
        let parameters = Parameters { kernels, gain, offset };
        let block = Block { padding, norm, pool };
        let blocked = match block.forward(self.tensor, parameters) {
            Ok(Some(blocked)) => blocked,
            Ok(None) => unreachable!("all parameters of a network lie on one device"),
            Err(error) => unreachable!("the tables' channels are whole vectors: {error}"),
        };
        if let Then::Norm(norm) = then {
            let of_batch = blocked.moments.map(|numbers| {
                let shape = [numbers.len()];
                Tensor::<1>::from_data(TensorData::new(numbers, shape), &device)
            });
            // As Burn's own normalisation does.
            for (running, of_batch) in
                [&norm.running_mean, &norm.running_var].into_iter().zip(of_batch)
            {
                let before = running.value_sync().mul_scalar(1.0 - norm.momentum);
                running.update((before + of_batch.mul_scalar(norm.momentum)).detach());
            }
        }
        Self { tensor: blocked.maps, channels_last: true }
    }

    /// Put the channels of others of the same places behind these.
    pub(super) fn joined(self, others: Self) -> Self {
        let channels_last = self.channels_last;
        let others = match channels_last {
            true => others.tensor,
            false => others.channels_first(),
        };
        let axis = if channels_last { 3 } else { 1 };
        Self { tensor: Tensor::cat(vec![self.tensor, others], axis), channels_last }
    }

    /// Return everything as a row, `[B, C * H * W]`.
    pub(super) fn flattened(self) -> Tensor<2> {
        self.channels_first().flatten(1, 3)
    }

    /// Return the mean of every field over places and symmetries, `[B, C / 8]`: nothing is left that a
    /// turn could change.
    pub(super) fn field_means(self) -> Tensor<2> {
        let tensor = self.channels_first();
        let [batch, channels, height, width] = tensor.dims();
        let fields = [batch, channels / SYMMETRIES, SYMMETRIES * height * width];
        tensor.reshape(fields).mean_dim(2).reshape([batch, channels / SYMMETRIES])
    }
}
