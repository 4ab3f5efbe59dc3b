//! The networks: which layers, in which order, and what follows from that.
//!
//! A network is a table of layers (`networks.rs`). [`crate::on_engine`] and `on_burn` execute it;
//! shapes, parameters and multiply-adds are derived from it here, once.

use serde::{Deserialize, Serialize};

mod layers;
mod networks;
pub mod symmetry;

pub use layers::{LayerInfo, Operation};

use crate::constants::{PATCH_SAMPLES, PATCH_SIZE, VIEW_SAMPLES};
use networks::Table;

/// Which network. The name stands in weights files and on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkKind {
    /// Ours: a tenth of the paper's cost, and the same answer for a patch that is turned by
    /// quarters or mirrored.
    Compact,
    /// Like compact, and it looks at a patch's surroundings where they are known.
    Context,
    /// The network of the paper, section 3.2: 61.8 million multiply-adds a patch.
    Paper,
    /// Like compact, with more channels; it teaches the compact one and does not ship.
    Wide,
    /// What the page trains.
    Small,
}

impl NetworkKind {
    /// Every network, in the order in which they are offered.
    pub const ALL: [Self; 5] = [Self::Context, Self::Compact, Self::Paper, Self::Wide, Self::Small];

    /// Return the name in weights files and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Compact => "compact",
            Self::Context => "context",
            Self::Paper => "paper",
            Self::Wide => "wide",
            Self::Small => "small",
        }
    }

    /// Return the network of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    fn table(self) -> &'static Table {
        match self {
            Self::Compact => &networks::COMPACT,
            Self::Context => &networks::CONTEXT,
            Self::Paper => &networks::PAPER,
            Self::Wide => &networks::WIDE,
            Self::Small => &networks::SMALL,
        }
    }

    /// Return the layers from a patch to its logits, in order. Dropout and softmax have neither
    /// parameters nor multiply-adds.
    #[must_use]
    pub fn layers(self) -> Vec<LayerInfo> {
        layers::placed(self.table().layers, PICTURE.to_vec())
    }

    /// Return the layers that look at a patch's surroundings; `None` where the network does not.
    #[must_use]
    pub fn context(self) -> Option<ContextLayers> {
        let table = self.table().context.as_ref()?;
        let trunk = layers::placed(table.trunk, PICTURE.to_vec());
        let layers = self.layers();
        let at = layers.iter().position(|layer| layer.name == table.joins)?;
        let joined = layers[at].outputs() + trunk.last()?.outputs();
        let head = layers::placed(table.head, vec![joined, 1, 1]);
        Some(ContextLayers { trunk, joined: at + 1, head })
    }

    /// Return all layers, in the order of the weights file: those of the patch, then those of its
    /// surroundings.
    #[must_use]
    pub fn all_layers(self) -> Vec<LayerInfo> {
        let mut layers = self.layers();
        if let Some(context) = self.context() {
            layers.extend(context.trunk);
            layers.extend(context.head);
        }
        layers
    }

    /// Return whether it is trained with kernels tied under the symmetries of the square
    /// ([`symmetry`]), each convolution followed by batch normalisation.
    #[must_use]
    pub fn is_tied(self) -> bool {
        self.table().tied
    }

    /// Return the pixels between two neighbouring answers of a pass over a whole slice: each pooling
    /// halves the map. `None` where a layer pads its input, because such a pass would not give what
    /// the patches give.
    #[must_use]
    pub fn dense_stride(self) -> Option<usize> {
        let layers = self.table().layers;
        let pads = |operation| matches!(operation, Operation::Convolution { padding: 1.., .. });
        if layers.iter().any(|layer| pads(layer.operation)) {
            return None;
        }
        let pools = layers.iter().filter(|layer| layer.operation == Operation::MaxPool).count();
        Some(1 << pools)
    }

    /// Return how many values the network reads of a place where all is known: 2,500 of a patch, or
    /// 5,000 of a [`view`](crate::preprocess::view).
    #[must_use]
    pub fn samples(self) -> usize {
        if self.table().context.is_some() { VIEW_SAMPLES } else { PATCH_SAMPLES }
    }

    /// Return names and shapes of the parameters as in the weights file: convolutions as
    /// `[out, in, y, x]`, dense layers as `[in, out]`, each with its bias `[out]` behind it.
    #[must_use]
    pub fn parameter_shapes(self) -> Vec<(String, Vec<usize>)> {
        let shapes = |layer: &LayerInfo| {
            let weights = layer.weight_shape()?;
            let name = |part| format!("{}.{part}", layer.name);
            Some([(name("weight"), weights), (name("bias"), vec![layer.outputs()])])
        };
        self.all_layers().iter().filter_map(shapes).flatten().collect()
    }

    /// Return how many numbers the weights file holds, all layers.
    #[must_use]
    pub fn parameters(self) -> usize {
        self.all_layers().iter().map(|layer| layer.parameters).sum()
    }

    /// Return the multiply-adds a patch, with its surroundings where the network looks at them.
    #[must_use]
    pub fn macs_per_patch(self) -> usize {
        self.all_layers().iter().map(|layer| layer.macs).sum()
    }
}

/// Shape of what a trunk reads: a patch, or its surroundings at half the resolution.
const PICTURE: [usize; 3] = [1, PATCH_SIZE, PATCH_SIZE];

/// The layers of a network that look at a patch's surroundings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextLayers {
    /// From the surroundings at half the resolution, `[1, 50, 50]`, to features, `[C, 1, 1]`.
    pub trunk: Vec<LayerInfo>,
    /// How many layers of the patch stand before the features that are joined with these, in front
    /// of them.
    pub joined: usize,
    /// From both features to two numbers that are added to the patch's logits.
    pub head: Vec<LayerInfo>,
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

    #[test]
    fn parameters_and_cost_are_those_reckoned_by_hand() {
        let paper = NetworkKind::Paper;
        // 832 + 51,264 + 36,928 + 4,719,104 + 1,026.
        assert_eq!(paper.parameters(), 4_809_154);
        // 2.0 M + 32.0 M + 23.04 M + 4.72 M + 1,024.
        assert_eq!(paper.macs_per_patch(), 61_759_616);
        let small = NetworkKind::Small;
        // 8 * 50 + 16 * 73 + 32 * 145 + 4,098.
        assert_eq!(small.parameters(), 10_306);
        assert!(small.macs_per_patch() < 2_000_000, "{}", small.macs_per_patch());
        let compact = NetworkKind::Compact;
        // 160 + 2,320 + 4,640 + 13,872 + 27,712 + 36,928 + 131,200 + 258.
        assert_eq!(compact.parameters(), 217_090);
        assert!(compact.macs_per_patch() <= 6_000_000, "{}", compact.macs_per_patch());
        assert!(compact.macs_per_patch() * 10 <= paper.macs_per_patch());
        let context = NetworkKind::Context;
        // The patch: compact's 217,090, less 258 + 131,200, and 164,000 + 5,152 + 66; around it
        // 80 + 1,168 + 2,320 + 4,640 + 9,248 + 9,248 + 49,248; the head 8,224 + 66.
        assert_eq!(context.parameters(), 339_092);
        assert!(context.macs_per_patch() <= 8_500_000, "{}", context.macs_per_patch());
    }

    #[test]
    fn only_networks_without_padding_answer_for_a_whole_slice() {
        let strides = NetworkKind::ALL.map(NetworkKind::dense_stride);
        assert_eq!(strides, [Some(4), Some(4), None, Some(4), Some(4)]);
    }

    #[test]
    fn every_network_ends_in_two_logits() {
        for kind in NetworkKind::ALL {
            let logits =
                |layers: &[LayerInfo]| layers.last().map(|layer| layer.output_shape.clone());
            assert_eq!(logits(&kind.layers()), Some(vec![2]));
            if let Some(context) = kind.context() {
                assert_eq!(logits(&context.head), Some(vec![2]));
                assert_eq!(kind.layers()[context.joined - 1].output_shape[1..], [1, 1]);
                assert_eq!(context.trunk.last().map(|layer| layer.input_side()), Some(4));
            }
        }
    }
}
