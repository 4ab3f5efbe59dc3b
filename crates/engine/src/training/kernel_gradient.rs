//! The gradient of kernels: over all places, the surroundings of a place times its gradient.

use super::shape::{ConvolutionShape, transpose};
use crate::map::Map;
use crate::product::ROWS;
use crate::vector::{self, InstructionSet, Isa, Kernel, Vector, WIDE};

/// A sum of gradients of kernels, to which each image adds its share.
#[derive(Clone, Debug)]
pub struct KernelGradient {
    /// As it is computed.
    shape: ConvolutionShape,
    /// As it is given, where the kernel is as large as the map.
    whole: Option<ConvolutionShape>,
    /// Numbers a place of the input's map.
    channels: usize,
    panel: usize,
    /// In panels of output channels, each `[y][x][channels][panel]`.
    sums: Vec<f32>,
}

impl KernelGradient {
    pub(super) fn new(
        shape: ConvolutionShape,
        whole: Option<ConvolutionShape>,
        channels: usize,
        panel: usize,
    ) -> Self {
        let depth = shape.kernel * shape.kernel * channels;
        let outputs = shape.channels[1].next_multiple_of(panel);
        Self { shape, whole, channels, panel, sums: vec![0.0; depth * outputs] }
    }

    /// Add the images that are laid out in these maps.
    pub(super) fn add(
        &mut self,
        instructions: InstructionSet,
        from: &Map,
        input: &[f32],
        to: &Map,
        gradient: &[f32],
    ) {
        vector::run(instructions, AddKernel { sums: self, maps: [from, to], input, gradient });
    }

    /// Add another sum for the same convolution.
    ///
    /// # Panics
    /// Where it is for another.
    pub fn merge(&mut self, other: &Self) {
        assert!(self.shape == other.shape && self.sums.len() == other.sums.len());
        self.sums.iter_mut().zip(&other.sums).for_each(|(sum, more)| *sum += more);
    }

    /// Return the gradient as the kernels are given, `[out, in, y, x]`.
    #[must_use]
    pub fn weights(&self) -> Vec<f32> {
        let inputs = self.shape.channels[0];
        let taps = self.shape.kernel * self.shape.kernel;
        let mut weights = vec![0.0; self.shape.weights()];
        let panels = self.sums.chunks_exact(taps * self.channels * self.panel);
        let of_panels = weights.chunks_mut(self.panel * inputs * taps);
        for (sums, of_panel) in panels.zip(of_panels) {
            for (place, columns) in sums.chunks_exact(self.panel).enumerate() {
                let (tap, input) = (place / self.channels, place % self.channels);
                if input < inputs {
                    let to = of_panel[input * taps + tap..].iter_mut().step_by(inputs * taps);
                    to.zip(columns).for_each(|(to, from)| *to = *from);
                }
            }
        }
        let Some(whole) = self.whole else { return weights };
        let mut kernels = vec![0.0; weights.len()];
        for (to, from) in kernels.chunks_exact_mut(inputs).zip(weights.chunks_exact(inputs)) {
            transpose(from, whole.channels[0], to);
        }
        kernels
    }
}

/// Adding images, compiled for each instruction set.
struct AddKernel<'a> {
    sums: &'a mut KernelGradient,
    maps: [&'a Map; 2],
    input: &'a [f32],
    gradient: &'a [f32],
}

impl Kernel for AddKernel<'_> {
    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Self { sums, maps: [from, to], input, gradient } = self;
        let ConvolutionShape { kernel, padding, .. } = sums.shape;
        let images = input.len() / from.image();
        let mut size = to.size;
        // A row of taps is one run of the input's map.
        let run = kernel * from.channels;
        // What the pointers below rely on.
        assert!(sums.panel == I::PANEL && sums.channels == from.channels);
        assert!(to.channels.is_multiple_of(I::PANEL) && from.margin == padding);
        assert!(sums.sums.len() == to.channels * kernel * run);
        assert!(gradient.len() == images * to.image());
        for axis in 0..2 {
            assert!(to.size[axis] + kernel - 1 <= from.room[axis]);
            assert!(to.margin + to.size[axis] <= to.room[axis]);
        }
        // A kernel of one place knows nothing of rows: all images are one.
        let all = kernel == 1 && from.size == from.room && to.size == to.room;
        if all {
            size[0] *= images;
        }
        let blocks = run.div_ceil(ROWS);
        let (least, larger) = (run / blocks, run % blocks);
        for image in 0..if all { 1 } else { images } {
            for panel in 0..to.channels / I::PANEL {
                for y in 0..kernel {
                    let mut done = 0;
                    for block in 0..blocks {
                        let now = least + usize::from(block < larger);
                        // SAFETY: by the checks above, every place of the gradient's map has its
                        // surroundings in the input's, the panel lies within the channels, and the rows
                        // that are summed within the sums.
                        unsafe {
                            let places = Places {
                                size,
                                input: input.as_ptr().add(from.at(image, y, 0) + done),
                                input_strides: [from.row(), from.channels],
                                gradient: gradient
                                    .as_ptr()
                                    .add(to.inside(image, 0, 0) + panel * I::PANEL),
                                gradient_strides: [to.row(), to.channels],
                            };
                            let row = (panel * kernel + y) * run + done;
                            let out = sums.sums.as_mut_ptr().add(row * I::PANEL);
                            match now {
                                6 => places.add::<I, 6>(isa, out),
                                5 => places.add::<I, 5>(isa, out),
                                4 => places.add::<I, 4>(isa, out),
                                3 => places.add::<I, 3>(isa, out),
                                2 => places.add::<I, 2>(isa, out),
                                _ => places.add::<I, 1>(isa, out),
                            }
                        }
                        done += now;
                    }
                }
            }
        }
    }
}

/// The places of an image: numbers of the input, and the panel of gradients that goes with them.
struct Places {
    size: [usize; 2],
    input: *const f32,
    /// Between rows, and between columns.
    input_strides: [usize; 2],
    gradient: *const f32,
    gradient_strides: [usize; 2],
}

impl Places {
    /// Add to R rows of sums, one behind the other.
    ///
    /// # Safety
    /// At every place R numbers of the input and a panel of the gradient are valid, and `out` for R
    /// panels.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    unsafe fn add<I: Isa, const R: usize>(&self, isa: I, out: *mut f32) {
        // SAFETY: the pointers move over the rows and columns of `size`, at each of which R numbers and a
        // panel are valid.
        unsafe {
            let mut sums = [[isa.splat(0.0); WIDE]; R];
            for r in 0..R {
                sums[r] = isa.load_panel(out.add(r * I::PANEL));
            }
            for y in 0..self.size[0] {
                let mut input = self.input.add(y * self.input_strides[0]);
                let mut gradient = self.gradient.add(y * self.gradient_strides[0]);
                for _ in 0..self.size[1] {
                    let panel = isa.load_panel(gradient);
                    for r in 0..R {
                        let value = isa.load_splat(input.add(r));
                        for v in 0..WIDE {
                            sums[r][v] = value.mul_add(panel[v], sums[r][v]);
                        }
                    }
                    // Wrapping, for behind the last place there may be nothing.
                    input = input.wrapping_add(self.input_strides[1]);
                    gradient = gradient.wrapping_add(self.gradient_strides[1]);
                }
            }
            for r in 0..R {
                for v in 0..WIDE {
                    sums[r][v].store(out.add(r * I::PANEL + v * I::LANES));
                }
            }
        }
    }
}
