//! A convolution with what follows it, normalisation or bias, ReLU and pooling, as one operation under
//! Burn's autodiff, computed by our own engine: what makes training on the CPU fast
//! (docs/training-speed.md).
//!
//! Maps lie channels innermost, `[B, H, W, C]`, as the engine wants them. Images are shared out over
//! threads in [`PARTS`] parts whatever the number of threads, so that sums come out the same on every
//! machine.

use crate::parallel::{both, each, zeros};
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::{Autodiff, Flex, TensorMetadata};
use burn::tensor::{Tensor, TensorData};
use nodulens_engine::EngineError;
use nodulens_engine::training::{
    Activation, ConvolutionShape, GradientSums, Scratch, Through, TrainingConvolution,
};
use std::cell::RefCell;
use std::sync::Arc;

type Differentiable = Autodiff<Flex>;

/// Parts that a batch is divided into.
const PARTS: usize = 8;

thread_local! {
    /// Each thread's room, which every convolution uses again: the convolution's, and for gradients of
    /// its outputs.
    static SCRATCH: RefCell<(Scratch, Vec<f32>)> = RefCell::default();
}

/// What is done to the outputs of a convolution before ReLU.
#[derive(Clone, Copy, Debug)]
pub(super) enum Norm {
    /// A bias for each channel is added.
    Bias,
    /// Every `group` channels that lie side by side are normalised over the batch, then scaled by a
    /// gain and shifted by an offset of their own.
    Batch {
        /// Channels that share mean, variance, gain and offset.
        group: usize,
        /// Added to the variance.
        epsilon: f64,
    },
}

/// What a block is, beside its parameters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    pub(super) padding: usize,
    pub(super) norm: Norm,
    /// Whether the largest of every 2 x 2 places is kept.
    pub(super) pool: bool,
}

/// Its parameters.
pub(super) struct Parameters {
    /// `[C out, C in, side, side]`
    pub(super) kernels: Tensor<4>,
    /// `[groups]`; for a bias anything without a gradient.
    pub(super) gain: Tensor<1>,
    /// `[groups]`, or the biases, `[C out]`.
    pub(super) offset: Tensor<1>,
}

/// What a block gives.
pub(super) struct Blocked {
    /// `[B, H, W, C out]`
    pub(super) maps: Tensor<4>,
    /// Mean and variance of the batch, `[groups]` each; empty for a bias.
    pub(super) moments: [Vec<f32>; 2],
}

/// Return whether blocks run where this tensor lies: on the CPU, under autodiff.
pub(super) fn runs_on(maps: &Tensor<4>) -> bool {
    maps.clone().try_into_primitive::<Differentiable>().is_ok()
}

/// What the way back needs of the way forward.
#[derive(Debug)]
struct Saved {
    input: FlexTensor,
    /// Outputs of the convolution.
    outputs: Vec<f32>,
    convolution: TrainingConvolution,
    activation: Activation,
    norm: Norm,
    affine: Affine,
}

/// Scale and shift of every channel, and what they come from.
#[derive(Debug, Default)]
struct Affine {
    scale: Vec<f32>,
    shift: Vec<f32>,
    /// Mean and one over the standard deviation, of every channel.
    mean: Vec<f32>,
    inverse: Vec<f32>,
    /// Numbers behind each mean.
    count: f64,
}

impl Block {
    /// Compute the block; `None` where a tensor does not lie on the CPU under autodiff.
    ///
    /// # Shapes
    /// `maps`: `[B, H, W, C in]`
    ///
    /// # Errors
    /// [`EngineError`] where shapes do not fit the engine.
    pub(super) fn forward(
        &self,
        maps: Tensor<4>,
        parameters: Parameters,
    ) -> Result<Option<Blocked>, EngineError> {
        let Parameters { kernels, gain, offset } = parameters;
        let shapes = (maps.dims(), kernels.dims());
        let ([images, rows, columns, inputs], [outputs, _, side, _]) = shapes;
        let primitives = (
            maps.try_into_primitive::<Differentiable>(),
            kernels.try_into_primitive::<Differentiable>(),
            gain.try_into_primitive::<Differentiable>(),
            offset.try_into_primitive::<Differentiable>(),
        );
        let (Ok(maps), Ok(kernels), Ok(gain), Ok(offset)) = primitives else { return Ok(None) };
        let shape = ConvolutionShape {
            channels: [inputs, outputs],
            kernel: side,
            padding: self.padding,
            size: [rows, columns],
        };
        let weights = kernels.primitive().to_contiguous();
        let convolution =
            TrainingConvolution::new(shape, numbers(&weights), maps.is_tracked(), &both)?;
        let activation = Activation::new(outputs, convolution.output_size(), self.pool)?;
        let guards = [maps.node(), kernels.node(), gain.node(), offset.node()];

        let input = maps.into_primitive().to_contiguous();
        let [from, to] = convolution.image();
        let part = images.div_ceil(PARTS).max(1);
        let mut convolved = zeros(images * to);
        let parts = numbers(&input).chunks(part * from).zip(convolved.chunks_mut(part * to));
        let moments = each(parts.collect(), |(input, output)| {
            SCRATCH.with_borrow_mut(|(scratch, _)| convolution.forward(input, output, scratch));
            matches!(self.norm, Norm::Batch { .. }).then(|| activation.moments(output))
        });
        let moments = moments.into_iter().flatten().reduce(|mut all, one| {
            all.merge(&one);
            all
        });
        let (gain, offset) = (gain.primitive().to_contiguous(), offset.primitive().to_contiguous());
        let offset = numbers(&offset);
        let (affine, moments) = match (self.norm, moments) {
            (Norm::Batch { group, epsilon }, Some(moments)) => {
                let (grouped, count) = moments.grouped(group);
                let affine =
                    Affine::normalising(&grouped, count, (group, epsilon), numbers(&gain), offset);
                let of = |which: usize| grouped.iter().map(|both| both[which] as f32).collect();
                (affine, [of(0), of(1)])
            }
            _ => (Affine::adding(offset), [Vec::new(), Vec::new()]),
        };

        let [to, active] = activation.image();
        let mut activated = zeros(images * active);
        let parts = convolved.chunks(part * to).zip(activated.chunks_mut(part * active));
        each(parts.collect(), |(maps, output)| activation.forward(maps, affine.both(), output));
        let [rows, columns] = activation.output_size();
        let activated = tensor(activated, [images, rows, columns, outputs]);
        let maps = match BlockBackward.prepare::<NoCheckpointing>(guards).compute_bound().stateful()
        {
            OpsKind::Tracked(prepared) => {
                let (outputs, norm) = (convolved, self.norm);
                let saved = Saved { input, outputs, convolution, activation, norm, affine };
                prepared.finish(Arc::new(saved), activated)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(activated),
        };
        let maps = Tensor::from_primitive::<Differentiable>(maps);
        Ok(Some(Blocked { maps, moments }))
    }
}

impl Affine {
    fn adding(bias: &[f32]) -> Self {
        let same = |value: f32| vec![value; bias.len()];
        let (scale, shift) = (same(1.0), bias.to_vec());
        Self { scale, shift, mean: same(0.0), inverse: same(1.0), count: 1.0 }
    }

    fn normalising(
        moments: &[[f64; 2]],
        count: f64,
        (group, epsilon): (usize, f64),
        gain: &[f32],
        offset: &[f32],
    ) -> Self {
        let mut affine = Self { count, ..Self::default() };
        for (i, [mean, variance]) in moments.iter().enumerate() {
            let inverse = 1.0 / (variance + epsilon).sqrt();
            let scale = f64::from(gain[i]) * inverse;
            for _ in 0..group {
                affine.mean.push(*mean as f32);
                affine.inverse.push(inverse as f32);
                affine.scale.push(scale as f32);
                affine.shift.push((f64::from(offset[i]) - mean * scale) as f32);
            }
        }
        affine
    }

    fn both(&self) -> [&[f32]; 2] {
        [&self.scale, &self.shift]
    }
}

#[derive(Debug)]
struct BlockBackward;

impl Backward<Flex, 4> for BlockBackward {
    type State = Arc<Saved>;

    fn backward(self, ops: Ops<Arc<Saved>, 4>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [maps, kernels, gain, offset] = ops.parents;
        let given = grads.consume::<Flex>(&ops.node).to_contiguous();
        let saved = ops.state;
        let found = saved.gradients(numbers(&given), maps.is_some(), kernels.is_some());
        let shape = saved.convolution.shape();
        let ([inputs, outputs], side, [rows, columns]) = (shape.channels, shape.kernel, shape.size);
        let (images, groups) = (given.shape()[0], found.offset.len());
        if let Some(node) = maps {
            grads.register::<Flex>(node.id, tensor(found.maps, [images, rows, columns, inputs]));
        }
        if let Some(node) = kernels {
            grads.register::<Flex>(node.id, tensor(found.kernels, [outputs, inputs, side, side]));
        }
        if let Some(node) = gain {
            grads.register::<Flex>(node.id, tensor(found.gain, [groups]));
        }
        if let Some(node) = offset {
            grads.register::<Flex>(node.id, tensor(found.offset, [groups]));
        }
    }
}

/// Gradients, laid out as what they are of; empty where nobody asked.
struct Found {
    maps: Vec<f32>,
    kernels: Vec<f32>,
    gain: Vec<f32>,
    offset: Vec<f32>,
}

impl Saved {
    fn gradients(&self, given: &[f32], of_maps: bool, of_kernels: bool) -> Found {
        let Self { convolution, activation, affine, .. } = self;
        let [from, to] = convolution.image();
        let active = activation.image()[1];
        let images = given.len() / active;
        let part = images.div_ceil(PARTS).max(1);
        let parts = self.outputs.chunks(part * to).zip(given.chunks(part * active));
        let sums = each(parts.collect(), |(outputs, given)| {
            activation.gradient_sums(outputs, affine.both(), &affine.mean, given)
        });
        let sums = sums.into_iter().reduce(|mut all, one| {
            all.merge(&one);
            all
        });
        let sums = sums.unwrap_or_default();
        let (through, gain, offset) = self.through_norm(&sums);
        let through = Through { factor: &through[0], slope: &through[1], constant: &through[2] };

        let mut maps = zeros(if of_maps { images * from } else { 0 });
        let parts = (0..images.div_ceil(part))
            .zip(self.outputs.chunks(part * to))
            .zip(given.chunks(part * active))
            .zip(optional_chunks(&mut maps, part * from, images.div_ceil(part)));
        let input = numbers(&self.input);
        let kernels = each(parts.collect(), |(((at, outputs), given), maps)| {
            let input = &input[at * part * from..][..outputs.len() / to * from];
            let mut kernels = of_kernels.then(|| convolution.kernel_gradient());
            SCRATCH.with_borrow_mut(|(scratch, gradient)| {
                gradient.resize(outputs.len().max(gradient.len()), 0.0);
                let gradient = &mut gradient[..outputs.len()];
                activation.backward(outputs, affine.both(), &through, given, gradient);
                convolution.backward(input, gradient, kernels.as_mut(), maps, scratch);
            });
            kernels
        });
        let kernels = kernels.into_iter().flatten().reduce(|mut all, one| {
            all.merge(&one);
            all
        });
        Found { maps, kernels: kernels.map_or_else(Vec::new, |sum| sum.weights()), gain, offset }
    }

    /// Return how a gradient goes back through normalisation, `[factor, slope, constant]` of every
    /// channel, and the gradients of gain and offset.
    fn through_norm(&self, sums: &GradientSums) -> ([Vec<f32>; 3], Vec<f32>, Vec<f32>) {
        let Affine { scale, mean, inverse, count, .. } = &self.affine;
        let channels = scale.len();
        let Norm::Batch { group, .. } = self.norm else {
            let offset = sums.plain.iter().map(|sum| *sum as f32).collect();
            return (
                [vec![1.0; channels], vec![0.0; channels], vec![0.0; channels]],
                Vec::new(),
                offset,
            );
        };
        let (mut gains, mut offsets) = (Vec::new(), Vec::new());
        let mut through = [(); 3].map(|()| Vec::with_capacity(channels));
        for first in (0..channels).step_by(group) {
            let own = first..first + group;
            let inverse = f64::from(inverse[first]);
            let offset: f64 = sums.plain[own.clone()].iter().sum();
            let gain = sums.centred[own].iter().sum::<f64>() * inverse;
            let scale = f64::from(scale[first]);
            let slope = -scale * inverse * gain / count;
            let constant = -scale * offset / count - slope * f64::from(mean[first]);
            for _ in 0..group {
                through[0].push(scale as f32);
                through[1].push(slope as f32);
                through[2].push(constant as f32);
            }
            gains.push(gain as f32);
            offsets.push(offset as f32);
        }
        (through, gains, offsets)
    }
}

/// Divide a slice, or give as many times nothing where it is empty.
fn optional_chunks(
    numbers: &mut [f32],
    length: usize,
    parts: usize,
) -> impl Iterator<Item = Option<&mut [f32]>> {
    let none = if numbers.is_empty() { parts } else { 0 };
    let some = numbers.chunks_mut(length).map(Some);
    some.chain((0..none).map(|_| None))
}

/// Return the numbers of a tensor that lies in one piece.
fn numbers(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice::<f32>().unwrap_or_default()
}

fn tensor<const D: usize>(numbers: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(numbers, shape))
}
