//! A network's table executed by Burn, layer by layer.

use super::maps::{Maps, Then};
use super::trainable::pictures;
use crate::constants::{CONTEXT_SIZE, PATCH_SIZE};
use crate::model::{ContextLayers, LayerInfo, NetworkKind, Operation};
use crate::weights::{LayerParameters, Parameter, Parameters, WeightsError};
use burn::module::{Module, Param};
use burn::nn::pool::{AvgPool2dConfig, MaxPool2dConfig};
use burn::tensor::activation::relu;
use burn::tensor::module::{conv2d, linear};
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};
use std::ops::Range;

/// Weights and bias of a layer.
#[derive(Module, Debug)]
struct LayerTensors {
    /// `[C out, C in, y, x]`; of a dense layer `[in, out, 1, 1]`.
    weights: Param<Tensor<4>>,
    /// `[C out]`
    bias: Param<Tensor<1>>,
}

impl LayerTensors {
    fn apply(&self, map: Tensor<4>, padding: usize) -> Tensor<4> {
        convolution(map, self.weights.val(), self.bias.val(), padding)
    }
}

/// How a dense layer is computed: features `[B, in, 1, 1]`, weights `[in, out, 1, 1]` and a bias
/// `[out]` to `[B, out, 1, 1]`.
type Dense = fn(Tensor<4>, Tensor<4>, Tensor<1>) -> Tensor<4>;

/// A network with its parameters on a device of Burn. On a device with autodiff it gives gradients.
#[derive(Module, Debug)]
pub struct Network {
    #[module(skip)]
    kind: NetworkKind,
    #[module(skip)]
    layers: Vec<LayerInfo>,
    #[module(skip)]
    context: Option<ContextLayers>,
    #[module(skip)]
    dense: Dense,
    /// Of each layer that has some, in the order of [`NetworkKind::all_layers`].
    kernels: Vec<LayerTensors>,
}

impl Network {
    /// Put a network with these parameters on a device.
    ///
    /// # Errors
    /// [`WeightsError::Mismatch`] names the first parameter that does not fit.
    pub fn new(
        kind: NetworkKind,
        parameters: Parameters,
        device: &Device,
    ) -> Result<Self, WeightsError> {
        Self::with_dense(kind, parameters, device, as_product)
    }

    /// Put a network on a graphics card of a browser: never a matrix product, which in WebGPU has a
    /// shader for each kind of shape, seconds to compile, and without which the module is a third
    /// smaller (docs/webgpu.md); and the kernels laid out once as the shaders of convolutions read them,
    /// inputs last, where burn-cubecl would copy them at every call.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn for_shaders(
        kind: NetworkKind,
        parameters: Parameters,
        device: &Device,
    ) -> Result<Self, WeightsError> {
        let network = Self::with_dense(kind, parameters, device, as_convolution)?;
        Ok(network.with_inputs_last())
    }

    fn with_dense(
        kind: NetworkKind,
        parameters: Parameters,
        device: &Device,
        dense: Dense,
    ) -> Result<Self, WeightsError> {
        let mut kernels = Vec::new();
        for (_, parameters) in parameters.by_layer(kind)? {
            if let Some(LayerParameters { weights, bias }) = parameters {
                let mut shape = weights.shape;
                shape.resize(4, 1);
                let weights = Tensor::from_data(TensorData::new(weights.values, shape), device);
                let bias = Tensor::from_data(TensorData::new(bias.values, bias.shape), device);
                let (weights, bias) = (Param::from_tensor(weights), Param::from_tensor(bias));
                kernels.push(LayerTensors { weights, bias });
            }
        }
        Ok(Self { kind, layers: kind.layers(), context: kind.context(), dense, kernels })
    }

    /// Put a network together from the kernels and biases of its layers, on their device; a dense
    /// layer's as `[in, out, 1, 1]`.
    pub(super) fn from_kernels(
        kind: NetworkKind,
        kernels: impl Iterator<Item = (Tensor<4>, Tensor<1>)>,
    ) -> Self {
        let kernels = kernels.map(|(weights, bias)| LayerTensors {
            weights: Param::from_tensor(weights),
            bias: Param::from_tensor(bias),
        });
        let (layers, context) = (kind.layers(), kind.context());
        Self { kind, layers, context, dense: as_product, kernels: kernels.collect() }
    }

    /// Return which network it is.
    #[must_use]
    pub fn kind(&self) -> NetworkKind {
        self.kind
    }

    /// Return the layers from a patch to its logits, in order.
    #[must_use]
    pub fn layers(&self) -> &[LayerInfo] {
        &self.layers
    }

    /// Read the parameters back, laid out as in the weights file. Call it on a network without
    /// autodiff (`valid()`).
    ///
    /// # Errors
    /// [`WeightsError::Corrupt`] where the device cannot be read.
    pub fn parameters(&self) -> Result<Parameters, WeightsError> {
        let mut parameters = Vec::new();
        for (layer, kernels) in with_parameters(self.kind).iter().zip(&self.kernels) {
            let weights = match layer.operation {
                Operation::Dense { .. } => {
                    let weights: Tensor<2> = kernels.weights.val().squeeze_dims(&[2, 3]);
                    read_back(layer, "weight", weights)?
                }
                _ => read_back(layer, "weight", kernels.weights.val())?,
            };
            parameters.extend([weights, read_back(layer, "bias", kernels.bias.val())?]);
        }
        Ok(parameters.into_iter().collect())
    }

    /// Compute logits: column 0 for no nodule, column 1 for a nodule, before temperature and softmax.
    ///
    /// # Shapes
    /// `[B, 1, 50, 50]` in [0, 1] -> `[B, 2]`
    #[must_use]
    pub fn forward(&self, patches: Tensor<4>) -> Tensor<2> {
        let maps = Maps::of_patches(patches);
        // Where our own engine trains, all convolutions are its.
        let done = if maps.by_engine() { self.convolutions() } else { 0 };
        // They stand before everything else that has kernels.
        let mut kernels = self.kernels.iter();
        let mut maps = maps;
        for (at, layer) in self.layers[..done].iter().enumerate() {
            if let Operation::Convolution { padding, .. } = layer.operation
                && let Some(LayerTensors { weights, bias }) = kernels.next()
            {
                let next = self.layers.get(at + 1).map(|next| next.operation);
                let pool = next == Some(Operation::MaxPool);
                maps = maps.convolved(weights.val(), Then::Bias(bias.val()), padding, pool);
            }
        }
        self.through(done..self.layers.len(), maps.channels_first()).flatten(1, 3)
    }

    /// Compute the logits of patches with their surroundings; `None` of a network that does not look at
    /// them.
    ///
    /// # Shapes
    /// Patches, and their surroundings at half the resolution: `[B, 2, 50, 50]` in [0, 1] -> `[B, 2]`
    #[must_use]
    pub fn forward_in_context(&self, views: Tensor<4>) -> Option<Tensor<2>> {
        let [patches, surroundings] = pictures(views);
        let around = self.around(surroundings)?;
        Some(self.joined(patches, around)?.flatten(1, 3))
    }

    /// Compute what is seen of surroundings at half the resolution, `[B, 1, H, W]`, every fourth pixel
    /// of theirs.
    fn around(&self, surroundings: Tensor<4>) -> Option<Tensor<4>> {
        let layers = self.context.as_ref()?.trunk.len();
        self.through_around(0..layers, surroundings)
    }

    /// Compute the logits of patches, or of every patch of pictures, with what is seen around them.
    fn joined(&self, pictures: Tensor<4>, around: Tensor<4>) -> Option<Tensor<4>> {
        let joined = self.context.as_ref()?.joined;
        self.join(self.through(0..joined, pictures), around)
    }

    /// Compute logits from the features of patches that are joined and from those of their
    /// surroundings; `None` of a network that does not look at them.
    ///
    /// # Shapes
    /// `[B, C, H, W]` both -> `[B, 2, H, W]`
    #[must_use]
    pub fn join(&self, features: Tensor<4>, around: Tensor<4>) -> Option<Tensor<4>> {
        let ContextLayers { joined, head, .. } = self.context.as_ref()?;
        let alone = self.through(*joined..self.layers.len(), features.clone());
        let both = Tensor::cat(vec![features, around], 1);
        Some(alone + self.through_head(0..head.len(), both)?)
    }

    /// Take a map through these layers of those that look at surroundings; see [`Self::through`].
    #[must_use]
    pub fn through_around(&self, layers: Range<usize>, map: Tensor<4>) -> Option<Tensor<4>> {
        let trunk = &self.context.as_ref()?.trunk;
        let skipped = parameters_of(&self.layers) + parameters_of(&trunk[..layers.start]);
        Some(self.run(&trunk[layers], skipped, map))
    }

    /// Take joined features through these layers of the head; see [`Self::through`].
    #[must_use]
    pub fn through_head(&self, layers: Range<usize>, map: Tensor<4>) -> Option<Tensor<4>> {
        let ContextLayers { trunk, head, .. } = self.context.as_ref()?;
        let before = parameters_of(&self.layers) + parameters_of(trunk);
        Some(self.run(&head[layers.clone()], before + parameters_of(&head[..layers.start]), map))
    }

    /// Compute the logits of every patch of a picture with its surroundings, of which the picture holds
    /// those of the outermost patches, too; each equal to what [`Self::forward_in_context`] gives for
    /// that patch but for rounding. `None` of a network that does not look at them.
    ///
    /// # Shapes
    /// `[B, 1, H, W]` in [0, 1], H and W at least 100 -> `[B, 2, (H - 100) / 4 + 1, (W - 100) / 4 + 1]`
    #[must_use]
    pub fn forward_dense_in_context(&self, pictures: Tensor<4>) -> Option<Tensor<4>> {
        self.context.as_ref()?;
        let stride = self.kind.dense_stride()?;
        let [_, _, height, width] = pictures.dims();
        let cells = [height, width].map(|side| (side - CONTEXT_SIZE) / stride + 1);
        // Whole pairs of cells, because neighbours see halves that lie two pixels of theirs apart, and
        // the second trunk answers for every fourth.
        let even = cells.map(|cells| cells.next_multiple_of(2));
        let wanted = even.map(|cells| (cells - 1) * stride + CONTEXT_SIZE);
        let pictures = enlarged(pictures, wanted);
        let margin = (CONTEXT_SIZE - PATCH_SIZE) / 2;
        let inner = wanted.map(|side| side - 2 * margin);
        let patches = pictures.clone().narrow(2, margin, inner[0]).narrow(3, margin, inner[1]);
        let halved = AvgPool2dConfig::new([2, 2]).with_strides([2, 2]).init().forward(pictures);
        let step = stride / 2;
        let rows: Vec<Tensor<5>> = (0..2)
            .map(|y| {
                let columns = (0..2).map(|x| {
                    let sides = wanted.map(|side| side / 2 - step);
                    let part = halved.clone().narrow(2, y * step, sides[0]);
                    self.around(part.narrow(3, x * step, sides[1]))
                });
                // [B, C, h / 2, w / 2, 2]
                Some(Tensor::stack(columns.collect::<Option<Vec<_>>>()?, 4))
            })
            .collect::<Option<_>>()?;
        let around: Tensor<6> = Tensor::stack(rows, 3); // [B, C, h / 2, 2, w / 2, 2]
        let [batch, channels, ..] = around.dims();
        let around = around.reshape([batch, channels, even[0], even[1]]);
        let logits = self.joined(patches, around)?;
        Some(logits.narrow(2, 0, cells[0]).narrow(3, 0, cells[1]))
    }

    /// Count the layers up to the last convolution, its pooling with it.
    fn convolutions(&self) -> usize {
        let last = self.layers.iter().rposition(|layer| {
            matches!(layer.operation, Operation::Convolution { .. } | Operation::MaxPool)
        });
        last.map_or(0, |last| last + 1)
    }

    /// Compute the logits of every patch of a picture at [`NetworkKind::dense_stride`], each equal to
    /// what [`Self::forward`] gives for that patch but for rounding; `None` where there is no such
    /// stride.
    ///
    /// # Shapes
    /// `[B, 1, H, W]` in [0, 1], H and W at least 50 -> `[B, 2, (H - 50) / 4 + 1, (W - 50) / 4 + 1]`
    #[must_use]
    pub fn forward_dense(&self, pictures: Tensor<4>) -> Option<Tensor<4>> {
        self.kind.dense_stride()?;
        Some(self.through(0..self.layers.len(), pictures))
    }

    /// Take a map through these layers. Dropout changes nothing here, and softmax is left to the
    /// classifier, which divides by the temperature first: both pass the map on.
    ///
    /// # Shapes
    /// What stands in front of the first layer, `[B, C, H, W]` (features as `[B, C, 1, 1]`), to
    /// what the last one gives, in the same form.
    #[must_use]
    pub fn through(&self, layers: Range<usize>, map: Tensor<4>) -> Tensor<4> {
        let skipped = parameters_of(&self.layers[..layers.start]);
        self.run(&self.layers[layers], skipped, map)
    }

    /// Take a map through layers, whose parameters stand behind so many others.
    fn run(&self, layers: &[LayerInfo], skipped: usize, map: Tensor<4>) -> Tensor<4> {
        let mut kernels = self.kernels.iter().skip(skipped);
        layers.iter().fold(map, |map, layer| {
            let kernels = layer.weight_shape().and_then(|_| kernels.next());
            step(layer, kernels, self.dense, map)
        })
    }

    /// Lay the kernels out inputs last. Shapes stay as they are.
    fn with_inputs_last(mut self) -> Self {
        for (layer, kernels) in with_parameters(self.kind).iter().zip(&mut self.kernels) {
            let (order, back) = match layer.operation {
                Operation::Dense { .. } => ([1, 0, 2, 3], [1, 0, 2, 3]),
                _ => ([0, 2, 3, 1], [0, 3, 1, 2]),
            };
            let moved = contiguous(kernels.weights.val().permute(order));
            kernels.weights = Param::from_tensor(moved.permute(back));
        }
        self
    }
}

/// Count the layers that have parameters.
fn parameters_of(layers: &[LayerInfo]) -> usize {
    layers.iter().filter(|layer| layer.weight_shape().is_some()).count()
}

/// Return the layers of a network that have parameters, in their order.
fn with_parameters(kind: NetworkKind) -> Vec<LayerInfo> {
    kind.all_layers().into_iter().filter(|layer| layer.weight_shape().is_some()).collect()
}

/// Enlarge pictures, or cut them, to this height and width; what is new below and on the right is 0.
fn enlarged(pictures: Tensor<4>, [height, width]: [usize; 2]) -> Tensor<4> {
    let [_, _, rows, columns] = pictures.dims();
    let kept = pictures.narrow(2, 0, rows.min(height)).narrow(3, 0, columns.min(width));
    let (below, right) = (height.saturating_sub(rows), width.saturating_sub(columns));
    if below + right == 0 { kept } else { kept.pad((0, right, 0, below), 0.0) }
}

/// Lay a tensor out in memory in the order of its axes: reshaping what was permuted copies it.
fn contiguous(tensor: Tensor<4>) -> Tensor<4> {
    let shape = tensor.dims();
    let flat: Tensor<1> = tensor.reshape([shape.iter().product::<usize>()]);
    flat.reshape(shape)
}

fn read_back<const D: usize>(
    layer: &LayerInfo,
    part: &str,
    tensor: Tensor<D>,
) -> Result<(String, Parameter), WeightsError> {
    let (name, shape) = (format!("{}.{part}", layer.name), tensor.dims().to_vec());
    match tensor.into_data().try_to_vec() {
        Ok(values) => Ok((name, Parameter { shape, values })),
        Err(error) => Err(WeightsError::Corrupt(format!("{name} cannot be read: {error:?}"))),
    }
}

fn step(
    layer: &LayerInfo,
    kernels: Option<&LayerTensors>,
    dense: Dense,
    map: Tensor<4>,
) -> Tensor<4> {
    match (layer.operation, kernels) {
        (Operation::Convolution { padding, .. }, Some(kernels)) => {
            relu(kernels.apply(map, padding))
        }
        (Operation::Dense { relu: cut }, Some(kernels)) => {
            let map = apply_dense(layer, kernels, dense, map);
            if cut { relu(map) } else { map }
        }
        (Operation::MaxPool, _) => {
            MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init().forward(map)
        }
        (Operation::Mean, _) => {
            let side = layer.input_side();
            AvgPool2dConfig::new([side, side]).with_strides([1, 1]).init().forward(map)
        }
        _ => map,
    }
}

/// A dense layer: over a patch's features, or, where the map is larger, the convolution by the whole
/// map of a patch that it is.
fn apply_dense(
    layer: &LayerInfo,
    kernels: &LayerTensors,
    dense: Dense,
    map: Tensor<4>,
) -> Tensor<4> {
    let [batch, channels, height, width] = map.dims();
    let side = layer.input_side();
    if height == side && width == side {
        let features = map.reshape([batch, channels * height * width, 1, 1]);
        return dense(features, kernels.weights.val(), kernels.bias.val());
    }
    let weights = kernels.weights.val().permute([1, 0, 2, 3]);
    let weights = weights.reshape([layer.outputs(), channels, side, side]);
    convolution(map, weights, kernels.bias.val(), 0)
}

fn as_product(features: Tensor<4>, weights: Tensor<4>, bias: Tensor<1>) -> Tensor<4> {
    let (features, weights): (Tensor<2>, Tensor<2>) =
        (features.flatten(1, 3), weights.squeeze_dims(&[2, 3]));
    linear(features, weights, Some(bias)).unsqueeze_dims(&[2, 3])
}

fn as_convolution(features: Tensor<4>, weights: Tensor<4>, bias: Tensor<1>) -> Tensor<4> {
    convolution(features, weights.permute([1, 0, 2, 3]), bias, 0)
}

fn convolution(map: Tensor<4>, weights: Tensor<4>, bias: Tensor<1>, padding: usize) -> Tensor<4> {
    let options = ConvOptions::new([1, 1], [padding, padding], [1, 1], 1);
    conv2d(map, weights, Some(bias), options)
}

#[cfg(test)]
mod tests;
