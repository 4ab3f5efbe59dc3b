//! Our network: six 3 x 3 convolutions without padding, one over the whole last map, a small head.
//!
//! Nothing is padded, so a patch's answer depends on the patch alone, and one pass over a whole
//! slice gives every patch's answer at once: [`CompactNet::forward_dense`]. It is trained with
//! kernels tied under the symmetries of the square ([`crate::model::TiedCompactNet`]); here the
//! ties are written out and batch normalisation is folded in. Why this shape and not another:
//! docs/model-search.md.

use super::dense::at_every_place;
use super::{LayerInfo, Operation, layers};
use crate::method::{CLASSES, PATCH_SIZE};
use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{AvgPool2dConfig, MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

/// Channels of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Widths {
    /// Of the input and behind each 3 x 3 convolution.
    pub(super) convs: [usize; 7],
    /// Behind the convolution over the last map; `None` takes the map's mean instead.
    pub(super) whole: Option<usize>,
}

impl Widths {
    /// Inputs of the dense layer.
    pub(super) fn features(self) -> usize {
        self.whole.unwrap_or(self.convs[6])
    }
}

/// Of the network that ships.
pub(super) const COMPACT: Widths = Widths { convs: [1, 16, 16, 32, 48, 64, 64], whole: Some(128) };

/// Of the one that teaches it.
pub(super) const WIDE: Widths = Widths { convs: [1, 32, 32, 48, 96, 96, 128], whole: None };

/// Side of the last map of a patch: 50 -> 48 / 2 -> 22 -> 20 / 2 -> 8 -> 6 -> 4.
pub(super) const LAST_MAP: usize = (((PATCH_SIZE - 2) / 2) - 4) / 2 - 6;

/// Pixels between two neighbouring answers of [`CompactNet::forward_dense`]: two poolings by two.
pub const DENSE_STRIDE: usize = 4;

/// See the module.
#[derive(Module, Debug)]
pub struct CompactNet {
    conv1: Conv2d,
    conv2: Conv2d,
    conv3: Conv2d,
    conv4: Conv2d,
    conv5: Conv2d,
    conv6: Conv2d,
    conv7: Option<Conv2d>,
    pool: MaxPool2d,
    fc: Linear,
}

impl CompactNet {
    pub(super) fn new(widths: Widths, device: &Device) -> Self {
        let conv = |from: usize, to: usize, side: usize| {
            layers::convolution(&Conv2dConfig::new([from, to], [side, side]), device)
        };
        let three = |i: usize| conv(widths.convs[i], widths.convs[i + 1], 3);
        Self {
            conv1: three(0),
            conv2: three(1),
            conv3: three(2),
            conv4: three(3),
            conv5: three(4),
            conv6: three(5),
            conv7: widths.whole.map(|to| conv(widths.convs[6], to, LAST_MAP)),
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            fc: layers::linear(&LinearConfig::new(widths.features(), CLASSES), device),
        }
    }

    /// A network of given kernels `[C out, C in, y, x]`, biases `[C out]`, and head `[C, 2]`, `[2]`.
    pub(super) fn from_parameters(
        widths: Widths,
        convs: Vec<(Tensor<4>, Tensor<1>)>,
        head: Tensor<2>,
        head_bias: Option<Tensor<1>>,
    ) -> Self {
        let mut network = Self::new(widths, &head.device());
        let places = [
            &mut network.conv1,
            &mut network.conv2,
            &mut network.conv3,
            &mut network.conv4,
            &mut network.conv5,
            &mut network.conv6,
        ];
        let places = places.into_iter().chain(network.conv7.as_mut());
        for (conv, (kernels, bias)) in places.zip(convs) {
            conv.weight = Param::from_tensor(kernels);
            conv.bias = Some(Param::from_tensor(bias));
        }
        network.fc.weight = Param::from_tensor(head);
        network.fc.bias = head_bias.map(Param::from_tensor);
        network
    }

    /// Logits `[B, 2]` of patches `[B, 1, 50, 50]`.
    pub(super) fn forward(&self, patches: Tensor<4>) -> Tensor<2> {
        self.forward_observed(patches, &mut |_, _| {})
    }

    /// The logits of every patch of a slice at a stride of [`DENSE_STRIDE`], each equal to what
    /// [`crate::model::Network::forward`] gives for that patch but for rounding.
    ///
    /// # Shapes
    /// `[B, 1, H, W]` in [0, 1], H and W at least 50 -> `[B, 2, (H - 50) / 4 + 1, (W - 50) / 4 + 1]`
    #[must_use]
    pub fn forward_dense(&self, slices: Tensor<4>) -> Tensor<4> {
        at_every_place(&self.fc, self.features(slices, &mut |_, _| {}))
    }

    /// The forward pass, showing each layer's output shape to `observe`.
    fn forward_observed(
        &self,
        patches: Tensor<4>,
        observe: &mut dyn FnMut(&'static str, Vec<usize>),
    ) -> Tensor<2> {
        let x = self.features(patches, observe);
        let x: Tensor<2> = at_every_place(&self.fc, x).flatten(1, 3); // [B, 2]
        observe("fc", x.dims().to_vec());
        x
    }

    fn features(
        &self,
        x: Tensor<4>,
        observe: &mut dyn FnMut(&'static str, Vec<usize>),
    ) -> Tensor<4> {
        let mut step = |name, x: Tensor<4>| {
            observe(name, x.dims().to_vec());
            x
        };
        let x = step("conv1", relu(self.conv1.forward(x))); // [B, C, 48, 48]
        let x = step("pool1", self.pool.forward(x)); // [B, C, 24, 24]
        let x = step("conv2", relu(self.conv2.forward(x))); // [B, C, 22, 22]
        let x = step("conv3", relu(self.conv3.forward(x))); // [B, C, 20, 20]
        let x = step("pool2", self.pool.forward(x)); // [B, C, 10, 10]
        let x = step("conv4", relu(self.conv4.forward(x))); // [B, C, 8, 8]
        let x = step("conv5", relu(self.conv5.forward(x))); // [B, C, 6, 6]
        let x = step("conv6", relu(self.conv6.forward(x))); // [B, C, 4, 4]
        match &self.conv7 {
            Some(conv) => step("conv7", relu(conv.forward(x))), // [B, C, 1, 1]
            None => {
                let mean = AvgPool2dConfig::new([LAST_MAP, LAST_MAP]).with_strides([1, 1]);
                step("mean", mean.init().forward(x)) // [B, C, 1, 1]
            }
        }
    }
}

/// The layers in order.
pub(super) fn layers(widths: Widths) -> Vec<LayerInfo> {
    let convs = widths.convs;
    let three =
        |name, i: usize, side| LayerInfo::convolution(name, [convs[i], convs[i + 1]], 3, 0, side);
    let (first, second) = ((PATCH_SIZE - 2) / 2, ((PATCH_SIZE - 2) / 2 - 4) / 2);
    let last = match widths.whole {
        Some(to) => LayerInfo::convolution("conv7", [convs[6], to], LAST_MAP, 0, 1),
        None => LayerInfo::plain("mean", Operation::Mean, vec![convs[6], 1, 1]),
    };
    vec![
        three("conv1", 0, 2 * first),
        LayerInfo::plain("pool1", Operation::MaxPool, vec![convs[1], first, first]),
        three("conv2", 1, first - 2),
        three("conv3", 2, first - 4),
        LayerInfo::plain("pool2", Operation::MaxPool, vec![convs[3], second, second]),
        three("conv4", 3, second - 2),
        three("conv5", 4, second - 4),
        three("conv6", 5, LAST_MAP),
        last,
        LayerInfo::dense("fc", [widths.features(), CLASSES], false),
        LayerInfo::plain("softmax", Operation::Softmax, vec![CLASSES]),
    ]
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;
    use crate::model::NetworkKind;
    use burn::tensor::Distribution;

    #[test]
    fn it_is_as_small_and_cheap_as_promised() {
        let kind = NetworkKind::Compact;
        assert_eq!(kind.init(&Device::flex()).num_params(), kind.parameters());
        assert!(kind.parameters() <= 300_000, "{}", kind.parameters());
        assert!(kind.macs_per_patch() <= 6_000_000, "{}", kind.macs_per_patch());
        assert!(kind.macs_per_patch() * 10 <= NetworkKind::Paper.macs_per_patch());
    }

    #[test]
    fn every_layer_has_the_listed_shape() {
        let device = Device::flex();
        let mut seen = Vec::new();
        let patches = Tensor::zeros([3, 1, PATCH_SIZE, PATCH_SIZE], &device);
        let logits = CompactNet::new(COMPACT, &device)
            .forward_observed(patches, &mut |name, shape| seen.push((name, shape)));
        assert_eq!(logits.dims(), [3, 2]);
        let listed: Vec<_> = layers(COMPACT)
            .into_iter()
            .filter(|layer| layer.name != "softmax")
            .map(|layer| (layer.name, [vec![3], layer.output_shape].concat()))
            .collect();
        assert_eq!(seen, listed);
    }

    #[test]
    fn a_dense_pass_gives_what_the_patches_give() {
        let device = Device::flex();
        device.seed(3);
        let network = CompactNet::new(COMPACT, &device);
        // Unequal sides, and some pixels over.
        let (height, width) = (50 + 3 * DENSE_STRIDE + 1, 50 + 5 * DENSE_STRIDE + 3);
        let slice = Tensor::random([1, 1, height, width], Distribution::Uniform(0.0, 1.0), &device);
        let dense = network.forward_dense(slice.clone());
        assert_eq!(dense.dims(), [1, 2, 4, 6]);
        let mut worst = 0f32;
        for row in 0..4 {
            for column in 0..6 {
                let (top, left) = (row * DENSE_STRIDE, column * DENSE_STRIDE);
                let patch = slice.clone().slice([0..1, 0..1, top..top + 50, left..left + 50]);
                let alone = network.forward(patch).reshape([2]);
                let there = dense.clone().slice([0..1, 0..2, row..row + 1, column..column + 1]);
                let difference = (alone - there.reshape([2])).abs().max().into_scalar::<f32>();
                worst = worst.max(difference);
            }
        }
        assert!(worst < 1e-5, "dense and patch by patch differ by {worst}");
    }
}
