//! The networks, a table each. Engine, Burn, weights file and page all follow these rows.

use super::layers::{Layer, Operation};
use crate::constants::CLASSES;

/// A network as it ships, and how it is trained.
pub(super) struct Table {
    /// From a patch to two logits.
    pub(super) layers: &'static [Layer],
    /// What the network makes of a patch's surroundings; `None` where it does not look at them.
    pub(super) context: Option<Context>,
    /// Whether its kernels are tied under the symmetries of the square in training, each convolution
    /// followed by batch normalisation. What ships has both written out.
    pub(super) tied: bool,
}

/// The part of a network that looks at a patch's surroundings.
pub(super) struct Context {
    /// From the surroundings at half the resolution to features, a map of one place.
    pub(super) trunk: &'static [Layer],
    /// The layer of the patch whose output, a map of one place, stands before those features.
    pub(super) joins: &'static str,
    /// From both to two numbers that are added to the patch's logits.
    pub(super) head: &'static [Layer],
}

/// Six 3 x 3 convolutions without padding, one over the whole last map, a small head. A tenth of the
/// paper's cost. Nothing is padded, so a patch's answer depends on the patch alone, and one pass over
/// a slice gives every patch's answer. Why this shape and not another: docs/model-search.md.
pub(super) const COMPACT: Table = Table {
    tied: true,
    context: None,
    layers: &[
        convolution("conv1", 16, 3),
        max_pool("pool1"),
        convolution("conv2", 16, 3),
        convolution("conv3", 32, 3),
        max_pool("pool2"),
        convolution("conv4", 48, 3),
        convolution("conv5", 64, 3),
        convolution("conv6", 64, 3),
        convolution("conv7", 128, 4),
        logits("fc"),
        SOFTMAX,
    ],
};

/// [`COMPACT`] with a wider last map and a hidden layer, and beside it a second, smaller trunk over the
/// 100 x 100 surroundings at half the resolution: what stands around a patch tells a nodule from a
/// vessel or a wall better than more of the patch does. Where the surroundings are not known, the patch
/// answers alone.
pub(super) const CONTEXT: Table = Table {
    tied: true,
    layers: &[
        convolution("conv1", 16, 3),
        max_pool("pool1"),
        convolution("conv2", 16, 3),
        convolution("conv3", 32, 3),
        max_pool("pool2"),
        convolution("conv4", 48, 3),
        convolution("conv5", 64, 3),
        convolution("conv6", 64, 3),
        convolution("conv7", 160, 4),
        convolution("conv8", 32, 1),
        logits("fc"),
        SOFTMAX,
    ],
    context: Some(Context {
        trunk: &[
            convolution("context1", 8, 3),
            max_pool("context-pool1"),
            convolution("context2", 16, 3),
            convolution("context3", 16, 3),
            max_pool("context-pool2"),
            convolution("context4", 32, 3),
            convolution("context5", 32, 3),
            convolution("context6", 32, 3),
            convolution("context7", 96, 4),
        ],
        joins: "conv7",
        head: &[convolution("joint", 32, 1), logits("joint-fc")],
    }),
};

/// Like [`COMPACT`] with more channels, and the mean of the last map; it teaches the compact one and
/// does not ship.
pub(super) const WIDE: Table = Table {
    tied: true,
    context: None,
    layers: &[
        convolution("conv1", 32, 3),
        max_pool("pool1"),
        convolution("conv2", 32, 3),
        convolution("conv3", 48, 3),
        max_pool("pool2"),
        convolution("conv4", 96, 3),
        convolution("conv5", 96, 3),
        convolution("conv6", 128, 3),
        Layer { name: "mean", operation: Operation::Mean, outputs: None },
        logits("fc"),
        SOFTMAX,
    ],
};

/// The paper's network, section 3.2, layer for layer. It pads each patch, which no pass over a whole
/// slice can imitate.
pub(super) const PAPER: Table = Table {
    tied: false,
    context: None,
    layers: &[
        same_convolution("conv1", 32, 5),
        max_pool("pool1"),
        same_convolution("conv2", 64, 5),
        same_convolution("conv3", 64, 3),
        max_pool("pool2"),
        Layer { name: "fc1", operation: Operation::Dense { relu: true }, outputs: Some(512) },
        // Listed because the paper counts it; it does nothing at inference.
        Layer { name: "dropout", operation: Operation::Dropout, outputs: None },
        logits("fc2"),
        SOFTMAX,
    ],
};

/// Small enough to be trained in a browser while one watches. Its first kernels are seven pixels
/// wide, so that what they have learnt can be seen.
pub(super) const SMALL: Table = Table {
    tied: false,
    context: None,
    layers: &[
        convolution("conv1", 8, 7),
        max_pool("pool1"),
        convolution("conv2", 16, 3),
        max_pool("pool2"),
        convolution("conv3", 32, 3),
        logits("fc"),
        SOFTMAX,
    ],
};

const SOFTMAX: Layer = Layer { name: "softmax", operation: Operation::Softmax, outputs: None };

const fn convolution(name: &'static str, outputs: usize, kernel: usize) -> Layer {
    let operation = Operation::Convolution { kernel, padding: 0 };
    Layer { name, operation, outputs: Some(outputs) }
}

/// A convolution that keeps the map's size; `kernel` is odd.
const fn same_convolution(name: &'static str, outputs: usize, kernel: usize) -> Layer {
    let operation = Operation::Convolution { kernel, padding: kernel / 2 };
    Layer { name, operation, outputs: Some(outputs) }
}

const fn max_pool(name: &'static str) -> Layer {
    Layer { name, operation: Operation::MaxPool, outputs: None }
}

const fn logits(name: &'static str) -> Layer {
    Layer { name, operation: Operation::Dense { relu: false }, outputs: Some(CLASSES) }
}
