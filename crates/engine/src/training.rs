//! A convolution in training: its outputs, and the gradients of its kernels and of its input.
//!
//! All three are the products of inference. The gradient of the input is the convolution of the
//! output's gradient with the kernels turned by half a circle, so that it goes by the same algorithms;
//! that of the kernels sums, over all places, the product of a place's surroundings and its gradient.
//! What stands between two convolutions, normalisation, ReLU and pooling, is one pass each way.
//!
//! Everything works on some images at once and on one thread: who has several shares the images out.

mod activation;
mod convolution;
mod kernel_gradient;
mod moments;
mod pass;
mod shape;
#[cfg(test)]
mod tests;

pub use activation::{Activation, Through};
pub use convolution::{Both, Scratch, TrainingConvolution};
pub use kernel_gradient::KernelGradient;
pub use moments::{GradientSums, Moments};
pub use shape::ConvolutionShape;
