//! One way through a convolution, over maps that are laid out for it.

use crate::direct::Direct;
use crate::layer::Convolution;
use crate::map::Map;
use crate::plan::{Algorithm, algorithm};
use crate::vector::{self, InstructionSet, Isa, Kernel};
use crate::winograd::Winograd;

/// Maps in a buffer, with the zeros around them.
#[derive(Debug, Default)]
pub(super) struct LaidOut {
    map: Option<Map>,
    numbers: Vec<f32>,
}

impl LaidOut {
    /// Copy images of so many channels into a map. Around the map everything is zero.
    pub(super) fn fill(&mut self, map: &Map, images: &[f32], channels: usize) -> &[f32] {
        let [rows, columns] = map.size;
        let row = columns * channels;
        let count = images.len() / (rows * row);
        if self.map != Some(*map) {
            self.numbers.clear();
            self.map = Some(*map);
        }
        if self.numbers.len() < count * map.image() {
            self.numbers.resize(count * map.image(), 0.0);
        }
        for (at, from) in images.chunks_exact(row).enumerate() {
            let to = &mut self.numbers[map.inside(at / rows, at % rows, 0)..];
            if channels == map.channels {
                to[..row].copy_from_slice(from);
            } else {
                let places = to.chunks_exact_mut(map.channels).zip(from.chunks_exact(channels));
                places.for_each(|(to, from)| to[..channels].copy_from_slice(from));
            }
        }
        &self.numbers[..count * map.image()]
    }
}

/// One way through a convolution.
#[derive(Debug)]
pub(super) struct Pass {
    instructions: InstructionSet,
    pub(super) from: Map,
    pub(super) to: Map,
    /// Channels of the output, not rounded up.
    outputs: usize,
    packed: Packed,
}

#[derive(Debug)]
enum Packed {
    Direct(Direct),
    Winograd(Winograd),
}

impl Pass {
    /// `multiple`: lay the input out in a multiple of so many channels, whatever the algorithm.
    pub(super) fn new(
        conv: &Convolution,
        [size, to]: [[usize; 2]; 2],
        instructions: InstructionSet,
        multiple: usize,
    ) -> Self {
        let ([inputs, outputs], panel) = (conv.channels, instructions.panel());
        let panels = inputs.next_multiple_of(panel.max(multiple));
        let to = Map { size: to, margin: 0, room: to, channels: outputs.next_multiple_of(panel) };
        let padded = size.map(|side| side + 2 * conv.padding);
        let from = |room, channels| Map { size, margin: conv.padding, room, channels };
        // A few channels are not worth a panel of points.
        let algorithm = match 2 * inputs >= panel {
            true => algorithm(conv, panels, to.size, false, panel),
            false => Algorithm::Direct,
        };
        let (from, packed) = match algorithm {
            Algorithm::Direct => {
                let channels = inputs.next_multiple_of(multiple);
                let packed = Packed::Direct(Direct::new(conv, channels, panel));
                (from(padded, channels), packed)
            }
            Algorithm::Winograd(filter) => {
                let tiles = filter.tiles(to.size);
                let reach = |axis: usize| tiles[axis] * filter.outputs() + filter.kernel() - 1;
                let room = [0, 1].map(|axis| padded[axis].max(reach(axis)));
                let packed = Packed::Winograd(Winograd::new(filter, conv, panels, instructions));
                (from(room, panels), packed)
            }
        };
        Self { instructions, from, to, outputs, packed }
    }

    /// Take images that are laid out to `[images, rows, columns, channels]`.
    pub(super) fn run(
        &self,
        input: &[f32],
        output: &mut [f32],
        spare: &mut Vec<f32>,
        points: &mut [Vec<f32>; 2],
    ) {
        let images = input.len() / self.from.image();
        if self.outputs == self.to.channels {
            let kernel = PassKernel { pass: self, input, output, images, points };
            return vector::run(self.instructions, kernel);
        }
        spare.resize(images * self.to.image(), 0.0);
        let kernel = PassKernel { pass: self, input, output: spare, images, points };
        vector::run(self.instructions, kernel);
        let places = spare.chunks_exact(self.to.channels);
        for (to, from) in output.chunks_exact_mut(self.outputs).zip(places) {
            to.copy_from_slice(&from[..self.outputs]);
        }
    }
}

/// A pass, compiled for each instruction set.
struct PassKernel<'a> {
    pass: &'a Pass,
    input: &'a [f32],
    output: &'a mut [f32],
    images: usize,
    points: &'a mut [Vec<f32>; 2],
}

impl Kernel for PassKernel<'_> {
    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Self { pass, input, output, images, points } = self;
        let maps = [&pass.from, &pass.to];
        match &pass.packed {
            Packed::Direct(direct) => direct.run::<I>(isa, maps, input, output, images, false),
            Packed::Winograd(winograd) => {
                let [rows, columns] = winograd.filter().tiles(pass.to.size);
                let room = winograd.room(images * rows * columns);
                let sizes = room.sizes(winograd.filter());
                for (buffer, size) in points.iter_mut().zip(sizes) {
                    buffer.resize(buffer.len().max(size), 0.0);
                }
                let [points, products] = points;
                let scratch = (room, [&mut points[..], &mut products[..]]);
                winograd.run::<I>(isa, maps, input, output, (images, false), scratch);
            }
        }
    }
}
