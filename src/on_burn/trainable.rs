//! A network's table as it is trained: with dropout, and with tied kernels and batch normalisation
//! where the table says so.

use super::tied_conv::TiedConv;
use crate::model::symmetry::SYMMETRIES;
use crate::model::{LayerInfo, NetworkKind, Operation};
use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::MaxPool2dConfig;
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

/// A layer that has parameters.
#[derive(Module, Debug)]
// There are a dozen of them, so nothing is saved by a box.
#[allow(clippy::large_enum_variant)]
pub(super) enum Trained {
    Tied(TiedConv),
    Convolution(Conv2d),
    Dense(Linear),
}

/// A network in training.
#[derive(Module, Debug)]
pub struct Trainable {
    #[module(skip)]
    pub(super) kind: NetworkKind,
    #[module(skip)]
    layers: Vec<LayerInfo>,
    /// Of each layer that has some, in order.
    pub(super) trained: Vec<Trained>,
    dropout: Dropout,
}

impl Trainable {
    /// Draw fresh weights, with a share of units dropped in training, in [0, 1). Seed the device first
    /// to make the weights reproducible.
    #[must_use]
    pub fn new(kind: NetworkKind, device: &Device, dropout: f64) -> Self {
        let layers = kind.layers();
        let trained = layers.iter().filter_map(|layer| fresh(kind, layer, device)).collect();
        Self { kind, layers, trained, dropout: DropoutConfig::new(dropout).init() }
    }

    /// Return which network it is.
    #[must_use]
    pub fn kind(&self) -> NetworkKind {
        self.kind
    }

    /// Compute logits, with dropout and the batch's own statistics on an autodiff device.
    ///
    /// # Shapes
    /// `[B, 1, 50, 50]` in [0, 1] -> `[B, 2]`
    #[must_use]
    pub fn forward(&self, patches: Tensor<4>) -> Tensor<2> {
        let mut trained = self.trained.iter();
        let mut map = patches;
        for layer in &self.layers {
            let parameters = layer.weight_shape().and_then(|_| trained.next());
            map = match (layer.operation, parameters) {
                (Operation::Convolution { .. }, Some(Trained::Tied(conv))) => conv.forward(map),
                (Operation::Convolution { .. }, Some(Trained::Convolution(conv))) => {
                    relu(conv.forward(map))
                }
                (Operation::Dense { relu: cut }, Some(Trained::Dense(dense))) => {
                    let features = self.features(map);
                    let features = dense.forward(features);
                    let features = if cut { relu(features) } else { features };
                    features.unsqueeze_dims(&[2, 3])
                }
                (Operation::MaxPool, _) => {
                    MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init().forward(map)
                }
                (Operation::Dropout, _) => self.dropout.forward(map),
                // A tied network takes the mean over places and symmetries at once.
                _ => map,
            };
        }
        map.flatten(1, 3) // [B, 2]
    }

    /// Return what a dense layer reads of a map.
    fn features(&self, map: Tensor<4>) -> Tensor<2> {
        if !self.kind.is_tied() {
            return map.flatten(1, 3);
        }
        let [batch, channels, height, width] = map.dims();
        // The mean over places and symmetries: nothing is left that a turn could change.
        let fields = [batch, channels / SYMMETRIES, SYMMETRIES * height * width];
        let means = map.reshape(fields).mean_dim(2).reshape([batch, channels / SYMMETRIES]);
        self.dropout.forward(means)
    }
}

/// Draw the parameters of a layer; `None` where it has none.
fn fresh(kind: NetworkKind, layer: &LayerInfo, device: &Device) -> Option<Trained> {
    let (inputs, outputs) = (layer.input_shape[0], layer.outputs());
    match layer.operation {
        Operation::Convolution { kernel, .. } if kind.is_tied() => {
            Some(Trained::Tied(TiedConv::new([inputs, outputs], kernel, device)))
        }
        Operation::Convolution { kernel, padding } => {
            let config = Conv2dConfig::new([inputs, outputs], [kernel, kernel]);
            let padding = if padding > 0 { PaddingConfig2d::Same } else { PaddingConfig2d::Valid };
            Some(Trained::Convolution(config.with_padding(padding).init(device)))
        }
        Operation::Dense { .. } => {
            let inputs: usize = layer.input_shape.iter().product();
            let inputs = if kind.is_tied() { inputs / SYMMETRIES } else { inputs };
            Some(Trained::Dense(LinearConfig::new(inputs, outputs).init(device)))
        }
        _ => None,
    }
}
