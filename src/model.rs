//! The networks: layers, shapes and the forward pass to logits.
//!
//! Shape letters: B batch, C channels, H rows, W columns. A [`Network`] is what ships and runs; a
//! [`Trainable`] is what is trained, and becomes a network by [`Trainable::deployed`].

use crate::method::{DROPOUT, PATCH_SIZE};
use burn::module::{Module, ModuleMapper, ModuleVisitor};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

mod compact;
mod dense;
#[cfg(feature = "engine")]
mod fast;
#[cfg(all(feature = "webgpu", target_arch = "wasm32"))]
mod inputs_last;
mod layers;
mod paper;
#[cfg(feature = "lab")]
mod sequence;
mod small;
pub mod symmetry;
mod tied;

pub use compact::{CompactNet, DENSE_STRIDE};
#[cfg(feature = "engine")]
pub use fast::engine;
#[cfg(all(feature = "webgpu", target_arch = "wasm32"))]
pub(crate) use inputs_last::InputsLast;
pub use paper::PaperNet;
#[cfg(feature = "lab")]
pub use sequence::Sequence;
pub use small::SmallNet;
pub use tied::{TiedCompactNet, TiedConv};

/// Which network. The name stands in weights files and on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkKind {
    /// Ours: a tenth of the paper's cost, and the same answer for a patch that is turned by
    /// quarters or mirrored.
    Compact,
    /// The network of the paper, section 3.2: 61.8 million multiply-adds a patch.
    Paper,
    /// As compact, with more channels; it teaches the compact one and does not ship.
    Wide,
    /// What the page trains: [`SmallNet`].
    Small,
}

/// One layer as a person would list it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LayerInfo {
    /// Name of the layer; the names of its parameters begin with it.
    pub name: &'static str,
    /// What it does.
    #[serde(flatten)]
    pub operation: Operation,
    /// Shape of its output without the batch: `[C, H, W]` or `[features]`.
    pub output_shape: Vec<usize>,
    /// Numbers in the weights file.
    pub parameters: usize,
    /// Multiply-adds a patch.
    pub macs: usize,
}

impl LayerInfo {
    /// A convolution from and to these channels onto a map of `side` x `side`.
    fn convolution(
        name: &'static str,
        [from, to]: [usize; 2],
        kernel: usize,
        padding: usize,
        side: usize,
    ) -> Self {
        let weights = kernel * kernel * from * to;
        Self {
            name,
            operation: Operation::Convolution { kernel, padding },
            output_shape: vec![to, side, side],
            parameters: weights + to,
            macs: weights * side * side,
        }
    }

    /// A dense layer from and to these features.
    fn dense(name: &'static str, [from, to]: [usize; 2], relu: bool) -> Self {
        Self {
            name,
            operation: Operation::Dense { relu },
            output_shape: vec![to],
            parameters: from * to + to,
            macs: from * to,
        }
    }

    /// A layer without parameters.
    fn plain(name: &'static str, operation: Operation, output_shape: Vec<usize>) -> Self {
        Self { name, operation, output_shape, parameters: 0, macs: 0 }
    }
}

/// What a layer computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "operation")]
pub enum Operation {
    /// Square kernels at stride 1, then ReLU.
    Convolution {
        /// Side of the kernel.
        kernel: usize,
        /// Zeros around the input, on each side: 0 is VALID, `kernel / 2` is SAME.
        padding: usize,
    },
    /// The largest of every 2 x 2 places.
    MaxPool,
    /// The mean of each channel over the map.
    Mean,
    /// Every output from every input.
    Dense {
        /// Whether ReLU follows.
        relu: bool,
    },
    /// In training only.
    Dropout,
    /// Logits to probabilities.
    Softmax,
}

impl NetworkKind {
    /// Every network, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Compact, Self::Paper, Self::Wide, Self::Small];

    /// Name in weights files and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Compact => "compact",
            Self::Paper => "paper",
            Self::Wide => "wide",
            Self::Small => "small",
        }
    }

    /// The network of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// A network with fresh weights, to be filled from a file; to train one, see
    /// [`NetworkKind::trainable`].
    #[must_use]
    pub fn init(self, device: &Device) -> Network {
        match self {
            Self::Compact => Network::Compact(CompactNet::new(compact::COMPACT, device)),
            Self::Wide => Network::Wide(CompactNet::new(compact::WIDE, device)),
            Self::Paper => Network::Paper(PaperNet::new(device, DROPOUT)),
            Self::Small => Network::Small(SmallNet::new(device)),
        }
    }

    /// A network to train, with fresh weights and a share of units dropped in training, in
    /// [0, 1). Seed the device first to make the weights reproducible.
    #[must_use]
    pub fn trainable(self, device: &Device, dropout: f64) -> Trainable {
        match self {
            Self::Compact => {
                Trainable::Compact(TiedCompactNet::new(compact::COMPACT, device, dropout))
            }
            Self::Wide => Trainable::Wide(TiedCompactNet::new(compact::WIDE, device, dropout)),
            Self::Paper => Trainable::Paper(PaperNet::new(device, dropout)),
            Self::Small => Trainable::Small(SmallNet::new(device)),
        }
    }

    /// Pixels between two neighbouring answers of [`Network::forward_dense`]; `None` where a pass
    /// over a whole slice does not give what the patches give.
    #[must_use]
    pub fn dense_stride(self) -> Option<usize> {
        (self != Self::Paper).then_some(DENSE_STRIDE)
    }

    /// The layers in order. Dropout and softmax have neither parameters nor multiply-adds, and
    /// dropout does nothing at inference; both are listed because the paper counts them.
    #[must_use]
    pub fn layers(self) -> Vec<LayerInfo> {
        match self {
            Self::Compact => compact::layers(compact::COMPACT),
            Self::Wide => compact::layers(compact::WIDE),
            Self::Paper => paper::layers(),
            Self::Small => small::layers(),
        }
    }

    /// Names and shapes of the parameters, as in the weights file: convolutions as
    /// `[out, in, y, x]`, dense layers as `[in, out]`, each with its bias `[out]` behind it.
    #[must_use]
    pub fn parameter_shapes(self) -> Vec<(String, Vec<usize>)> {
        let mut before = vec![1, PATCH_SIZE, PATCH_SIZE];
        let mut shapes = Vec::new();
        for layer in self.layers() {
            let outputs = layer.output_shape[0];
            let weights = match layer.operation {
                Operation::Convolution { kernel, .. } => {
                    Some(vec![outputs, before[0], kernel, kernel])
                }
                Operation::Dense { .. } => Some(vec![before.iter().product(), outputs]),
                _ => None,
            };
            if let Some(weights) = weights {
                shapes.push((format!("{}.weight", layer.name), weights));
                shapes.push((format!("{}.bias", layer.name), vec![outputs]));
            }
            before = layer.output_shape;
        }
        shapes
    }

    /// Numbers in the weights file, all layers.
    #[must_use]
    pub fn parameters(self) -> usize {
        self.total(|layer| layer.parameters)
    }

    /// Multiply-adds a patch.
    #[must_use]
    pub fn macs_per_patch(self) -> usize {
        self.total(|layer| layer.macs)
    }

    fn total(self, of: fn(&LayerInfo) -> usize) -> usize {
        self.layers().iter().map(of).sum()
    }
}

/// Any of the networks as they ship. The classifier holds this, so that a new one is one more arm.
#[derive(Module, Debug)]
// There is one at a time, so nothing is saved by a box.
#[allow(clippy::large_enum_variant)]
pub enum Network {
    /// See [`CompactNet`].
    Compact(CompactNet),
    /// The same with more channels.
    Wide(CompactNet),
    /// See [`PaperNet`].
    Paper(PaperNet),
    /// See [`SmallNet`].
    Small(SmallNet),
}

impl Network {
    /// Which one it is.
    #[must_use]
    pub fn kind(&self) -> NetworkKind {
        match self {
            Self::Compact(_) => NetworkKind::Compact,
            Self::Wide(_) => NetworkKind::Wide,
            Self::Paper(_) => NetworkKind::Paper,
            Self::Small(_) => NetworkKind::Small,
        }
    }

    /// Logits: column 0 for no nodule, column 1 for a nodule, before temperature and softmax.
    ///
    /// # Shapes
    /// `[B, 1, 50, 50]` in [0, 1] -> `[B, 2]`
    #[must_use]
    pub fn forward(&self, patches: Tensor<4>) -> Tensor<2> {
        match self {
            Self::Compact(network) | Self::Wide(network) => network.forward(patches),
            Self::Paper(network) => network.forward(patches),
            Self::Small(network) => network.forward(patches),
        }
    }

    /// The logits of every patch of a picture at [`NetworkKind::dense_stride`], each equal to what
    /// [`Self::forward`] gives for that patch but for rounding; `None` where there is no such
    /// stride: the paper's network pads each patch, which a whole picture cannot imitate.
    ///
    /// # Shapes
    /// `[B, 1, H, W]` in [0, 1], H and W at least 50 -> `[B, 2, (H - 50) / 4 + 1, (W - 50) / 4 + 1]`
    #[must_use]
    pub fn forward_dense(&self, pictures: Tensor<4>) -> Option<Tensor<4>> {
        match self {
            Self::Compact(network) | Self::Wide(network) => Some(network.forward_dense(pictures)),
            Self::Small(network) => Some(network.forward_dense(pictures)),
            Self::Paper(_) => None,
        }
    }

    /// Visits the parameters under the paths that the weights file uses (`conv1.weight`).
    pub fn visit_parameters<V: ModuleVisitor>(&self, visitor: &mut V) {
        match self {
            Self::Compact(network) | Self::Wide(network) => network.visit(visitor),
            Self::Paper(network) => network.visit(visitor),
            Self::Small(network) => network.visit(visitor),
        }
    }

    /// Maps the parameters under the paths that the weights file uses.
    #[must_use]
    pub fn map_parameters<M: ModuleMapper>(self, mapper: &mut M) -> Self {
        match self {
            Self::Compact(network) => Self::Compact(network.map(mapper)),
            Self::Wide(network) => Self::Wide(network.map(mapper)),
            Self::Paper(network) => Self::Paper(network.map(mapper)),
            Self::Small(network) => Self::Small(network.map(mapper)),
        }
    }
}

/// Any of the networks as they are trained: with batch normalisation and tied weights, where
/// they have them.
#[derive(Module, Debug)]
// There is one at a time, so nothing is saved by a box.
#[allow(clippy::large_enum_variant)]
pub enum Trainable {
    /// See [`TiedCompactNet`].
    Compact(TiedCompactNet),
    /// The same with more channels.
    Wide(TiedCompactNet),
    /// Trained as it ships.
    Paper(PaperNet),
    /// Trained as it ships, without dropout.
    Small(SmallNet),
}

impl Trainable {
    /// Logits, with dropout and the batch's own statistics on an autodiff device.
    ///
    /// # Shapes
    /// `[B, 1, 50, 50]` in [0, 1] -> `[B, 2]`
    #[must_use]
    pub fn forward(&self, patches: Tensor<4>) -> Tensor<2> {
        match self {
            Self::Compact(network) | Self::Wide(network) => network.forward(patches),
            Self::Paper(network) => network.forward(patches),
            Self::Small(network) => network.forward(patches),
        }
    }

    /// The network as it ships: normalisation folded into the convolutions, ties written out.
    /// Call it on a network without autodiff (`valid()`).
    #[must_use]
    pub fn deployed(&self) -> Network {
        match self {
            Self::Compact(network) => Network::Compact(network.deployed()),
            Self::Wide(network) => Network::Wide(network.deployed()),
            Self::Paper(network) => Network::Paper(network.clone()),
            Self::Small(network) => Network::Small(network.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for kind in NetworkKind::ALL {
            assert_eq!(NetworkKind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(NetworkKind::from_name("resnet"), None);
    }
}
