//! A network's table as it is trained: with dropout, and with tied kernels and batch normalisation
//! where the table says so.

use super::network::Network;
use super::tied::TiedConv;
use crate::model::symmetry::SYMMETRIES;
use crate::model::{LayerInfo, NetworkKind, Operation};
use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::MaxPool2dConfig;
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

/// A layer that has parameters.
#[derive(Module, Debug)]
// There are a dozen of them, so nothing is saved by a box.
#[allow(clippy::large_enum_variant)]
enum Trained {
    Tied(TiedConv),
    Convolution(Conv2d),
    Dense(Linear),
}

/// A network in training.
#[derive(Module, Debug)]
pub struct Trainable {
    #[module(skip)]
    kind: NetworkKind,
    #[module(skip)]
    layers: Vec<LayerInfo>,
    /// Of each layer that has some, in order.
    trained: Vec<Trained>,
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

    /// Return the network as it ships: normalisation folded into the convolutions, ties written out.
    /// Call it on a network without autodiff (`valid()`).
    #[must_use]
    pub fn deployed(&self) -> Network {
        let kernels = |trained: &Trained| match trained {
            Trained::Tied(conv) => conv.folded(),
            Trained::Convolution(conv) => (conv.weight.val(), bias(conv.bias.as_ref())),
            Trained::Dense(dense) => {
                let weights = dense.weight.val();
                let weights = if self.kind.is_tied() { untied(weights) } else { weights };
                (weights.transpose().unsqueeze_dims(&[2, 3]), bias(dense.bias.as_ref()))
            }
        };
        Network::from_kernels(self.kind, self.trained.iter().map(kernels))
    }
}

/// Return every layer of ours has a bias.
fn bias(bias: Option<&Param<Tensor<1>>>) -> Tensor<1> {
    match bias {
        Some(bias) => bias.val(),
        None => unreachable!("convolutions and dense layers are made with a bias"),
    }
}

/// Write the head of a tied network out: a field's mean over eight channels becomes an eighth of its
/// weight on each.
fn untied(weights: Tensor<2>) -> Tensor<2> {
    let [fields, classes] = weights.dims();
    let each = (weights / SYMMETRIES as f64).reshape([fields, 1, classes]);
    each.repeat_dim(1, SYMMETRIES).reshape([fields * SYMMETRIES, classes])
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::{CLASSES, PATCH_SAMPLES, PATCH_SIZE};
    use crate::model::symmetry::permutation;
    use crate::on_burn::batch_tensor;
    use burn::tensor::Distribution;

    fn values(tensor: Tensor<2>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    fn worst(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    /// A network that has seen batches: its statistics are not the initial ones.
    fn trained_a_little(kind: NetworkKind) -> Trainable {
        let training = Device::flex().autodiff();
        let network = Trainable::new(kind, &training, 0.0);
        for _ in 0..3 {
            let shape = [4, 1, PATCH_SIZE, PATCH_SIZE];
            let patches = Tensor::random(shape, Distribution::Uniform(0.0, 1.0), &training);
            let _ = network.forward(patches).into_data();
        }
        network.valid()
    }

    fn patch() -> Vec<f32> {
        (0..PATCH_SAMPLES).map(|i| ((i * i + 7 * (i / 50)) % 101) as f32 / 101.0).collect()
    }

    #[test]
    fn what_ships_gives_what_was_trained() {
        for kind in NetworkKind::ALL {
            let network = trained_a_little(kind);
            let patches =
                batch_tensor([patch(), vec![0.5; PATCH_SAMPLES]].concat(), &Device::flex());
            let trained = values(network.forward(patches.clone()));
            let shipped = network.deployed();
            assert_eq!(shipped.num_params(), kind.parameters());
            let shipped = values(shipped.forward(patches));
            let difference = worst(&trained, &shipped);
            assert!(difference < 1e-4, "{kind:?}: {trained:?} and {shipped:?}: {difference}");
            // And it is not the same for everything.
            assert!(worst(&trained[..2], &trained[2..]) > 1e-4, "{kind:?}: {trained:?}");
        }
    }

    #[test]
    fn turning_and_mirroring_change_nothing_in_a_tied_network() {
        for kind in NetworkKind::ALL.into_iter().filter(|kind| kind.is_tied()) {
            let network = trained_a_little(kind).deployed();
            let patch = patch();
            let turned = (0..SYMMETRIES).flat_map(|symmetry| {
                let permutation = permutation(symmetry, PATCH_SIZE);
                permutation.into_iter().map(|from| patch[from]).collect::<Vec<_>>()
            });
            let logits = values(network.forward(batch_tensor(turned.collect(), &Device::flex())));
            for (symmetry, pair) in logits.chunks_exact(CLASSES).enumerate() {
                let difference = worst(pair, &logits[..CLASSES]);
                assert!(difference < 1e-4, "symmetry {symmetry} differs by {difference}");
            }
        }
    }
}
