//! Layers to be trained or to be filled from a file.

use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::Device;

/// A convolution with fresh parameters.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn convolution(config: &Conv2dConfig, device: &Device) -> Conv2d {
    config.init(device)
}

/// A dense layer with fresh parameters.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn linear(config: &LinearConfig, device: &Device) -> Linear {
    config.init(device)
}

#[cfg(target_arch = "wasm32")]
pub(super) use blank::{convolution, linear};

/// The page loads parameters and draws none. Burn's initializers would bring random numbers, matrix
/// products and a QR decomposition into the modules: docs/webgpu.md has what they weigh.
#[cfg(target_arch = "wasm32")]
mod blank {
    use super::*;
    use burn::module::{Param, ParamId};
    use burn::tensor::{Shape, Tensor};

    /// A convolution whose parameters are zero until they are loaded.
    pub(in super::super) fn convolution(config: &Conv2dConfig, device: &Device) -> Conv2d {
        let ([from, to], [height, width]) = (config.channels, config.kernel_size);
        Conv2d {
            weight: blank([to, from / config.groups, height, width], device),
            bias: config.bias.then(|| blank([to], device)),
            stride: config.stride,
            kernel_size: config.kernel_size,
            dilation: config.dilation,
            groups: config.groups,
            padding: config.padding.clone(),
        }
    }

    /// A dense layer whose parameters are zero until they are loaded.
    pub(in super::super) fn linear(config: &LinearConfig, device: &Device) -> Linear {
        let bias = config.bias.then(|| blank([config.d_output], device));
        Linear { weight: blank([config.d_input, config.d_output], device), bias }
    }

    fn blank<const D: usize>(shape: [usize; D], device: &Device) -> Param<Tensor<D>> {
        let zeros = move |device: &Device, _: bool| Tensor::zeros(shape, device);
        Param::uninitialized(ParamId::new(), zeros, device.clone(), true, Shape::from(shape))
    }
}
