//! Dense layers.

use burn::nn::Linear;
use burn::tensor::Tensor;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;

/// A dense layer at every place of a map, `[B, C, h, w]` -> `[B, C', h, w]`: the convolution by
/// 1 x 1 that it is.
pub(super) fn at_every_place(layer: &Linear, x: Tensor<4>) -> Tensor<4> {
    let kernels: Tensor<4> = layer.weight.val().transpose().unsqueeze_dims(&[2, 3]);
    let bias = layer.bias.as_ref().map(|bias| bias.val());
    conv2d(x, kernels, bias, ConvOptions::new([1, 1], [0, 0], [1, 1], 1))
}

/// A dense layer, `[B, C]` -> `[B, C']`.
#[cfg(not(all(feature = "webgpu", target_arch = "wasm32")))]
pub(super) fn dense(layer: &Linear, x: Tensor<2>) -> Tensor<2> {
    layer.forward(x)
}

/// A dense layer, `[B, C]` -> `[B, C']`. A convolution here too: a matrix product has a shader for
/// each kind of shape, which takes seconds to compile and minutes to run on a software adapter, and
/// without one the module is a third smaller. docs/webgpu.md has the figures.
#[cfg(all(feature = "webgpu", target_arch = "wasm32"))]
pub(super) fn dense(layer: &Linear, x: Tensor<2>) -> Tensor<2> {
    at_every_place(layer, x.unsqueeze_dims(&[2, 3])).flatten(1, 3)
}
