//! The network of the paper.

use super::dense::dense;
use super::{LayerInfo, Operation, layers};
use crate::method::{CLASSES, PATCH_SIZE};
use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

/// The paper's network (section 3.2), layer for layer.
#[derive(Module, Debug)]
pub struct PaperNet {
    conv1: Conv2d,
    conv2: Conv2d,
    conv3: Conv2d,
    pool: MaxPool2d,
    fc1: Linear,
    dropout: Dropout,
    fc2: Linear,
}

/// Side of the feature map after both pools: 50 -> 25 -> 12.
const PAPER_MAP: usize = PATCH_SIZE / 2 / 2;
const PAPER_FLAT: usize = 64 * PAPER_MAP * PAPER_MAP;

impl PaperNet {
    pub(super) fn new(device: &Device, dropout: f64) -> Self {
        let conv = |channels: [usize; 2], kernel: usize| {
            let config = Conv2dConfig::new(channels, [kernel, kernel]);
            layers::convolution(&config.with_padding(PaddingConfig2d::Same), device)
        };
        Self {
            conv1: conv([1, 32], 5),
            conv2: conv([32, 64], 5),
            conv3: conv([64, 64], 3),
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            fc1: layers::linear(&LinearConfig::new(PAPER_FLAT, 512), device),
            dropout: DropoutConfig::new(dropout).init(),
            fc2: layers::linear(&LinearConfig::new(512, CLASSES), device),
        }
    }

    pub(super) fn forward(&self, patches: Tensor<4>) -> Tensor<2> {
        self.forward_observed(patches, &mut |_, _| {})
    }

    /// The forward pass, showing each layer's output shape to `observe`.
    fn forward_observed(
        &self,
        patches: Tensor<4>,
        observe: &mut dyn FnMut(&'static str, Vec<usize>),
    ) -> Tensor<2> {
        let x = relu(self.conv1.forward(patches)); // [B, 32, 50, 50]
        observe("conv1", x.dims().to_vec());
        let x = self.pool.forward(x); // [B, 32, 25, 25]
        observe("pool1", x.dims().to_vec());
        let x = relu(self.conv2.forward(x)); // [B, 64, 25, 25]
        observe("conv2", x.dims().to_vec());
        let x = relu(self.conv3.forward(x)); // [B, 64, 25, 25]
        observe("conv3", x.dims().to_vec());
        let x = self.pool.forward(x); // [B, 64, 12, 12]
        observe("pool2", x.dims().to_vec());
        let x = relu(dense(&self.fc1, x.flatten(1, 3))); // [B, 512]
        observe("fc1", x.dims().to_vec());
        let x = self.dropout.forward(x); // [B, 512]
        observe("dropout", x.dims().to_vec());
        let x = dense(&self.fc2, x); // [B, 2]
        observe("fc2", x.dims().to_vec());
        x
    }
}

/// The layers in order.
pub(super) fn layers() -> Vec<LayerInfo> {
    let conv = |name, kernel: usize, channels: [usize; 2], side: usize| {
        LayerInfo::convolution(name, channels, kernel, kernel / 2, side)
    };
    let half = PATCH_SIZE / 2;
    vec![
        conv("conv1", 5, [1, 32], PATCH_SIZE),
        LayerInfo::plain("pool1", Operation::MaxPool, vec![32, half, half]),
        conv("conv2", 5, [32, 64], half),
        conv("conv3", 3, [64, 64], half),
        LayerInfo::plain("pool2", Operation::MaxPool, vec![64, PAPER_MAP, PAPER_MAP]),
        LayerInfo::dense("fc1", [PAPER_FLAT, 512], true),
        LayerInfo::plain("dropout", Operation::Dropout, vec![512]),
        LayerInfo::dense("fc2", [512, CLASSES], false),
        LayerInfo::plain("softmax", Operation::Softmax, vec![CLASSES]),
    ]
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;
    use crate::method::DROPOUT;
    use crate::model::NetworkKind;

    #[test]
    fn parameters_and_cost_are_the_papers() {
        let kind = NetworkKind::Paper;
        // By hand: 832 + 51,264 + 36,928 + 4,719,104 + 1,026.
        assert_eq!(kind.parameters(), 4_809_154);
        assert_eq!(kind.init(&Device::flex()).num_params(), 4_809_154);
        // By hand: 2.0 M + 32.0 M + 23.04 M + 4.72 M + 1,024.
        assert_eq!(kind.macs_per_patch(), 61_759_616);
    }

    #[test]
    fn every_layer_has_the_listed_shape() {
        let device = Device::flex();
        let network = PaperNet::new(&device, DROPOUT);
        let mut seen = Vec::new();
        let logits = network.forward_observed(
            Tensor::zeros([3, 1, PATCH_SIZE, PATCH_SIZE], &device),
            &mut |name, shape| seen.push((name, shape)),
        );
        assert_eq!(logits.dims(), [3, 2]);
        let listed: Vec<_> = NetworkKind::Paper
            .layers()
            .into_iter()
            .filter(|layer| layer.name != "softmax")
            .map(|layer| (layer.name, [vec![3], layer.output_shape].concat()))
            .collect();
        assert_eq!(seen, listed);
    }
}
