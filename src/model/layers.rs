//! Layers as a table lists them, and what follows from the list: shapes, parameters, multiply-adds.

use serde::Serialize;

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
    /// The largest of every 2 x 2 values.
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

/// A row of a network's table: all that is chosen about a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layer {
    pub(super) name: &'static str,
    pub(super) operation: Operation,
    /// Channels or features of the output; `None` leaves them as they are.
    pub(super) outputs: Option<usize>,
}

/// A layer in its place in a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LayerInfo {
    /// Name of the layer; the names of its parameters begin with it.
    pub name: &'static str,
    /// What it does.
    #[serde(flatten)]
    pub operation: Operation,
    /// Shape of its input without the batch: `[C, H, W]` or `[features]`.
    #[serde(skip)]
    pub input_shape: Vec<usize>,
    /// Shape of its output without the batch: `[C, H, W]` or `[features]`.
    pub output_shape: Vec<usize>,
    /// Numbers in the weights file.
    pub parameters: usize,
    /// Multiply-adds a patch.
    pub macs: usize,
}

impl LayerInfo {
    /// Shape of its weights in the weights file: a convolution's `[out, in, y, x]`, a dense layer's
    /// `[in, out]`; `None` where it has none. Its bias is `[out]`.
    #[must_use]
    pub fn weight_shape(&self) -> Option<Vec<usize>> {
        match self.operation {
            Operation::Convolution { kernel, .. } => {
                Some(vec![self.outputs(), self.input_shape[0], kernel, kernel])
            }
            Operation::Dense { .. } => {
                Some(vec![self.input_shape.iter().product(), self.outputs()])
            }
            _ => None,
        }
    }

    /// Channels or features of its output.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.output_shape[0]
    }

    /// Side of the map that it reads; 1 for features.
    #[must_use]
    pub fn input_side(&self) -> usize {
        self.input_shape.get(1).copied().unwrap_or(1)
    }
}

/// Put the rows of a table in their places behind an input of this shape.
pub(super) fn placed(table: &[Layer], input_shape: Vec<usize>) -> Vec<LayerInfo> {
    let mut shape = input_shape;
    table
        .iter()
        .map(|layer| {
            let placed = place(layer, shape.clone());
            shape.clone_from(&placed.output_shape);
            placed
        })
        .collect()
}

fn place(layer: &Layer, input_shape: Vec<usize>) -> LayerInfo {
    let Layer { name, operation, outputs } = *layer;
    let (channels, side) = (input_shape[0], input_shape.get(1).copied());
    let outputs = outputs.unwrap_or(channels);
    let map = |side: usize| vec![outputs, side, side];
    let output_shape = match (operation, side) {
        (Operation::Convolution { kernel, padding }, Some(side)) => {
            map(side + 2 * padding + 1 - kernel)
        }
        (Operation::MaxPool, Some(side)) => map(side / 2),
        (Operation::Mean, Some(_)) => map(1),
        (Operation::Dense { .. }, _) => vec![outputs],
        _ => input_shape.clone(),
    };
    let positions: usize = output_shape[1..].iter().product();
    let mut placed =
        LayerInfo { name, operation, input_shape, output_shape, parameters: 0, macs: 0 };
    if let Some(weights) = placed.weight_shape() {
        let weights: usize = weights.iter().product();
        placed.parameters = weights + outputs;
        placed.macs = weights * positions;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_follow_from_the_rows() {
        let layer = |name, operation, outputs| Layer { name, operation, outputs };
        let rows = [
            layer("a", Operation::Convolution { kernel: 5, padding: 2 }, Some(3)),
            layer("b", Operation::MaxPool, None),
            layer("c", Operation::Convolution { kernel: 4, padding: 0 }, Some(7)),
            layer("d", Operation::Dense { relu: false }, Some(2)),
        ];
        let placed = placed(&rows, vec![1, 50, 50]);
        let shapes: Vec<_> = placed.iter().map(|layer| layer.output_shape.clone()).collect();
        assert_eq!(shapes, [vec![3, 50, 50], vec![3, 25, 25], vec![7, 22, 22], vec![2]]);
        // By hand: 3 * 26, 7 * (3 * 16 + 1), 2 * (7 * 22 * 22 + 1).
        let parameters: Vec<_> = placed.iter().map(|layer| layer.parameters).collect();
        assert_eq!(parameters, [78, 0, 343, 6778]);
        assert_eq!(placed[2].macs, 7 * 3 * 16 * 22 * 22);
        assert_eq!(placed[3].weight_shape(), Some(vec![7 * 22 * 22, 2]));
    }
}
