//! The networks, a table each. Engine, Burn, weights file and page all follow these rows.

use super::layers::{Layer, Operation};
use crate::constants::CLASSES;

/// A network as it ships, and how it is trained.
pub(super) struct Table {
    pub(super) layers: &'static [Layer],
    /// Whether its kernels are tied under the symmetries of the square in training, each convolution
    /// followed by batch normalisation. What ships has both written out.
    pub(super) tied: bool,
}

/// Six 3 x 3 convolutions without padding, one over the whole last map, a small head. A tenth of the
/// paper's cost. Nothing is padded, so a patch's answer depends on the patch alone, and one pass over
/// a slice gives every patch's answer. Why this shape and not another: docs/model-search.md.
pub(super) const COMPACT: Table = Table {
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
        convolution("conv7", 128, 4),
        logits("fc"),
        SOFTMAX,
    ],
};

/// Like [`COMPACT`] with more channels, and the mean of the last map; it teaches the compact one and
/// does not ship.
pub(super) const WIDE: Table = Table {
    tied: true,
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
