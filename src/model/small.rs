//! A network small enough to be trained in a browser while one watches.
//!
//! Three convolutions without padding, two poolings, and a dense layer over the last maps.
//! Its first kernels are seven pixels wide, so that what they have learnt can be seen.

use super::dense::dense;
use super::{LayerInfo, Operation, layers};
use crate::method::{CLASSES, PATCH_SIZE};
use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor};

/// Channels of the input and behind each convolution.
const CHANNELS: [usize; 4] = [1, 8, 16, 32];

/// Sides of the kernels.
const KERNELS: [usize; 3] = [7, 3, 3];

/// Side of the last map of a patch: 50 -> 44 / 2 -> 20 / 2 -> 8.
const LAST_MAP: usize = ((PATCH_SIZE - 6) / 2 - 2) / 2 - 2;

/// Inputs of the dense layer.
const FEATURES: usize = CHANNELS[3] * LAST_MAP * LAST_MAP;

/// See the module.
#[derive(Module, Debug)]
pub struct SmallNet {
    conv1: Conv2d,
    conv2: Conv2d,
    conv3: Conv2d,
    pool: MaxPool2d,
    fc: Linear,
}

impl SmallNet {
    pub(super) fn new(device: &Device) -> Self {
        let conv = |i: usize| {
            let config = Conv2dConfig::new([CHANNELS[i], CHANNELS[i + 1]], [KERNELS[i]; 2]);
            layers::convolution(&config, device)
        };
        Self {
            conv1: conv(0),
            conv2: conv(1),
            conv3: conv(2),
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            fc: layers::linear(&LinearConfig::new(FEATURES, CLASSES), device),
        }
    }

    /// Logits `[B, 2]` of patches `[B, 1, 50, 50]`.
    pub(super) fn forward(&self, patches: Tensor<4>) -> Tensor<2> {
        let x = self.maps(patches); // [B, 32, 8, 8]
        dense(&self.fc, x.flatten(1, 3)) // [B, 2]
    }

    /// As [`crate::model::Network::forward_dense`].
    pub(super) fn forward_dense(&self, slices: Tensor<4>) -> Tensor<4> {
        let kernels = self.fc.weight.val().transpose();
        let kernels = kernels.reshape([CLASSES, CHANNELS[3], LAST_MAP, LAST_MAP]);
        let bias = self.fc.bias.as_ref().map(|bias| bias.val());
        let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
        conv2d(self.maps(slices), kernels, bias, options)
    }

    fn maps(&self, x: Tensor<4>) -> Tensor<4> {
        let x = self.pool.forward(relu(self.conv1.forward(x))); // [B, 8, 22, 22]
        let x = self.pool.forward(relu(self.conv2.forward(x))); // [B, 16, 10, 10]
        relu(self.conv3.forward(x)) // [B, 32, 8, 8]
    }
}

/// The layers in order.
pub(super) fn layers() -> Vec<LayerInfo> {
    let first = PATCH_SIZE + 1 - KERNELS[0];
    let second = first / 2 + 1 - KERNELS[1];
    let conv = |name, i: usize, side| {
        LayerInfo::convolution(name, [CHANNELS[i], CHANNELS[i + 1]], KERNELS[i], 0, side)
    };
    let pool = |name, channels, side| {
        LayerInfo::plain(name, Operation::MaxPool, vec![channels, side, side])
    };
    vec![
        conv("conv1", 0, first),
        pool("pool1", CHANNELS[1], first / 2),
        conv("conv2", 1, second),
        pool("pool2", CHANNELS[2], second / 2),
        conv("conv3", 2, LAST_MAP),
        LayerInfo::dense("fc", [FEATURES, CLASSES], false),
        LayerInfo::plain("softmax", Operation::Softmax, vec![CLASSES]),
    ]
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;
    use crate::model::NetworkKind;
    use burn::tensor::Distribution;

    #[test]
    fn it_is_small() {
        let kind = NetworkKind::Small;
        // By hand: 8 * 50 + 16 * 73 + 32 * 145 + 4,098.
        assert_eq!(kind.parameters(), 10_306);
        assert_eq!(kind.init(&Device::flex()).num_params(), 10_306);
        assert!(kind.macs_per_patch() < 2_000_000, "{}", kind.macs_per_patch());
    }

    #[test]
    fn a_dense_pass_gives_what_the_patches_give() {
        let device = Device::flex();
        device.seed(3);
        let network = SmallNet::new(&device);
        let shape = [1, 1, 50 + 3 * 4 + 1, 50 + 2 * 4 + 3];
        let slice = Tensor::random(shape, Distribution::Uniform(0.0, 1.0), &device);
        let dense = network.forward_dense(slice.clone());
        assert_eq!(dense.dims(), [1, 2, 4, 3]);
        let patch = slice.slice([0..1, 0..1, 8..58, 4..54]);
        let alone = network.forward(patch).reshape([2]);
        let there = dense.slice([0..1, 0..2, 2..3, 1..2]).reshape([2]);
        let difference = (alone - there).abs().max().into_scalar::<f32>();
        assert!(difference < 1e-5, "dense and patch by patch differ by {difference}");
    }
}
