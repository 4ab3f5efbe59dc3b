//! Outputs and gradients of a convolution whose kernels change with every step.

use super::kernel_gradient::KernelGradient;
use super::pass::{LaidOut, Pass};
use super::shape::{ConvolutionShape, transpose};
use crate::layer::{Convolution, EngineError};
use crate::map::Map;
use crate::vector::InstructionSet;

/// Bytes of maps that are worked on at once, so that they stay in the second-level cache.
const AT_ONCE: usize = 384 << 10;

/// Does two things, side by side or one after the other.
pub type Both<'a> = &'a (dyn Fn(&mut (dyn FnMut() + Send), &mut (dyn FnMut() + Send)) + 'a);

/// How kernels are packed.
pub(super) struct Preparation<'a> {
    /// For the gradient of the input, too.
    pub(super) back: bool,
    pub(super) both: Both<'a>,
    /// What suits so many channels.
    pub(super) instructions: &'a dyn Fn(&[usize]) -> InstructionSet,
}

/// A convolution without bias, its kernels packed for the pass forward and for the one back. Threads
/// may share it, each with its [`Scratch`].
#[derive(Debug)]
pub struct TrainingConvolution {
    /// As it is computed.
    shape: ConvolutionShape,
    /// As it is given, where the kernel is as large as the map.
    whole: Option<ConvolutionShape>,
    forward: Pass,
    /// The output's gradient through the turned kernels; absent where nobody asks for the input's.
    back: Option<Pass>,
    /// What sums the gradient of the kernels.
    kernels: InstructionSet,
    /// Where the output's gradient is laid out, in whole panels of channels.
    gradient: Map,
}

/// Room that passes use again.
#[derive(Debug, Default)]
pub struct Scratch {
    input: LaidOut,
    gradient: LaidOut,
    output: Vec<f32>,
    points: [Vec<f32>; 2],
}

impl TrainingConvolution {
    /// Pack kernels, `[out, in, y, x]`, for the instructions that suit the channels. `back`: for the
    /// gradient of the input, too. `both` does two things, side by side where there are threads.
    ///
    /// # Errors
    /// [`EngineError::Layer`] where the kernel does not fit the input, or the weights are not as many
    /// as the shape says.
    pub fn new(
        shape: ConvolutionShape,
        weights: &[f32],
        back: bool,
        both: Both<'_>,
    ) -> Result<Self, EngineError> {
        let instructions = &InstructionSet::suited;
        Self::prepared(shape, weights, &Preparation { back, both, instructions })
    }

    pub(super) fn prepared(
        shape: ConvolutionShape,
        weights: &[f32],
        how: &Preparation<'_>,
    ) -> Result<Self, EngineError> {
        let wrong = |what: &str| Err(EngineError::Layer(0, what.to_owned()));
        let Some(size) = shape.output_size().filter(|_| shape.weights() > 0) else {
            return wrong("an empty kernel, or one that is larger than the map");
        };
        if shape.padding >= shape.kernel || weights.len() != shape.weights() {
            return wrong("not as many weights as its shape says, or more padding than kernel");
        }
        if size == [1, 1] && shape.padding == 0 && shape.kernel > 1 {
            return Ok(Self::whole(&shape, weights, how));
        }
        Ok(Self::of_places(shape, size, weights, how))
    }

    /// A kernel as large as the map is a product with a row of numbers: one place with as many
    /// channels.
    fn whole(shape: &ConvolutionShape, weights: &[f32], how: &Preparation<'_>) -> Self {
        let ([inputs, outputs], taps) = (shape.channels, shape.kernel * shape.kernel);
        let mut rows = vec![0.0; weights.len()];
        for (to, from) in
            rows.chunks_exact_mut(inputs * taps).zip(weights.chunks_exact(inputs * taps))
        {
            transpose(from, taps, to);
        }
        let channels = [inputs * taps, outputs];
        let place = ConvolutionShape { channels, kernel: 1, padding: 0, size: [1, 1] };
        let alone = Self::of_places(place, [1, 1], &rows, how);
        Self { whole: Some(*shape), ..alone }
    }

    fn of_places(
        shape: ConvolutionShape,
        size: [usize; 2],
        weights: &[f32],
        how: &Preparation<'_>,
    ) -> Self {
        let [inputs, outputs] = shape.channels;
        let conv = |channels: [usize; 2], padding, weights| Convolution {
            channels,
            kernel: shape.kernel,
            padding,
            weights,
            bias: vec![0.0; channels[1]],
            relu: false,
        };
        // A single channel is read as it is, and not in panels.
        let filled = if inputs == 1 { &shape.channels[1..] } else { &shape.channels };
        let kernels = (how.instructions)(&[outputs]);
        let set = (how.instructions)(filled);
        let forward = || {
            let conv = conv(shape.channels, shape.padding, weights.to_vec());
            Pass::new(&conv, [shape.size, size], set, 1)
        };
        let set = (how.instructions)(&shape.channels);
        let back = || {
            let margin = shape.kernel - 1 - shape.padding;
            let turned = conv([outputs, inputs], margin, turned(&shape, weights));
            Pass::new(&turned, [size, shape.size], set, kernels.panel())
        };
        let mut passes = (None, None);
        let (to_forward, to_back) = (&mut passes.0, &mut passes.1);
        if how.back {
            (how.both)(&mut || *to_forward = Some(forward()), &mut || *to_back = Some(back()));
        }
        let (forward, back) = (passes.0.unwrap_or_else(forward), passes.1);
        let channels = outputs.next_multiple_of(kernels.panel());
        let alone = Map { size, margin: 0, room: size, channels };
        let gradient = back.as_ref().map_or(alone, |pass| pass.from);
        Self { shape, whole: None, kernels, forward, back, gradient }
    }

    /// Return what it takes.
    #[must_use]
    pub fn shape(&self) -> &ConvolutionShape {
        self.whole.as_ref().unwrap_or(&self.shape)
    }

    /// Return rows and columns of the output.
    #[must_use]
    pub fn output_size(&self) -> [usize; 2] {
        self.forward.to.size
    }

    /// Return the numbers of an image of the input, and of one of the output.
    #[must_use]
    pub fn image(&self) -> [usize; 2] {
        let ([rows, columns], [inputs, outputs]) = (self.shape.size, self.shape.channels);
        let size = self.output_size();
        [rows * columns * inputs, size[0] * size[1] * outputs]
    }

    /// Images that are worked on at once.
    fn at_once(&self) -> usize {
        let maps = [&self.forward.from, &self.forward.to, &self.gradient];
        let bytes: usize = maps.iter().map(|map| map.image() * size_of::<f32>()).sum();
        (AT_ONCE / bytes).clamp(1, 16)
    }

    /// Compute the outputs of images.
    ///
    /// # Shapes
    /// `input`: `[images, rows, columns, in]`; `output`: `[images, rows, columns, out]`.
    ///
    /// # Panics
    /// Where these are not whole images, as many of one as of the other.
    pub fn forward(&self, input: &[f32], output: &mut [f32], scratch: &mut Scratch) {
        let [from, to] = self.image();
        assert!(input.len().is_multiple_of(from) && input.len() / from * to == output.len());
        let at_once = self.at_once();
        let Scratch { input: laid_out, output: spare, points, .. } = scratch;
        for (input, output) in input.chunks(at_once * from).zip(output.chunks_mut(at_once * to)) {
            let input = laid_out.fill(&self.forward.from, input, self.shape.channels[0]);
            self.forward.run(input, output, spare, points);
        }
    }

    /// Add the gradient of the kernels to `kernels`, and return that of the input in `input_gradient`,
    /// where there is one.
    ///
    /// # Shapes
    /// `input`, `input_gradient`: `[images, rows, columns, in]`; `gradient`, that of the output:
    /// `[images, rows, columns, out]`.
    ///
    /// # Panics
    /// Where these are not whole images, as many of each; where the input's gradient is asked for and
    /// was not when the kernels were packed; where `kernels` are those of another convolution.
    pub fn backward(
        &self,
        input: &[f32],
        gradient: &[f32],
        kernels: Option<&mut KernelGradient>,
        input_gradient: Option<&mut [f32]>,
        scratch: &mut Scratch,
    ) {
        let [from, to] = self.image();
        assert!(input.len().is_multiple_of(from) && input.len() / from * to == gradient.len());
        assert!(input_gradient.as_ref().is_none_or(|out| out.len() == input.len()));
        let at_once = self.at_once();
        let (mut kernels, mut input_gradient) = (kernels, input_gradient);
        let [inputs, outputs] = self.shape.channels;
        let Scratch { input: laid_in, gradient: laid_out, output: spare, points } = scratch;
        let chunks = input.chunks(at_once * from).zip(gradient.chunks(at_once * to));
        for (turn, (input, gradient)) in chunks.enumerate() {
            let laid_out = laid_out.fill(&self.gradient, gradient, outputs);
            if let Some(kernels) = &mut kernels {
                let laid_in = laid_in.fill(&self.forward.from, input, inputs);
                kernels.add(self.kernels, &self.forward.from, laid_in, &self.gradient, laid_out);
            }
            if let Some(out) = &mut input_gradient {
                let out = &mut out[turn * at_once * from..][..input.len()];
                match &self.back {
                    Some(back) => back.run(laid_out, out, spare, points),
                    None => unreachable!("the input's gradient was not asked for in time"),
                }
            }
        }
    }

    /// Return an empty sum of kernels' gradients.
    #[must_use]
    pub fn kernel_gradient(&self) -> KernelGradient {
        let channels = self.forward.from.channels;
        KernelGradient::new(self.shape, self.whole, channels, self.kernels.panel())
    }
}

/// Turn kernels by half a circle and swap their channels: `[in, out, y, x]`.
fn turned(shape: &ConvolutionShape, weights: &[f32]) -> Vec<f32> {
    let ([inputs, outputs], taps) = (shape.channels, shape.kernel * shape.kernel);
    let mut turned = vec![0.0; weights.len()];
    for (pair, kernel) in weights.chunks_exact(taps).enumerate() {
        let (output, input) = (pair / inputs, pair % inputs);
        let to = &mut turned[(input * outputs + output) * taps..][..taps];
        to.iter_mut().zip(kernel.iter().rev()).for_each(|(to, from)| *to = *from);
    }
    turned
}
