//! Passes over inputs.

use crate::direct::Direct;
use crate::layer::{EngineError, Layer, check};
use crate::map::Map;
use crate::plan::{Algorithm, Plan, Step, Work};
use crate::vector::{InstructionSet, Isa, Kernel};
use crate::winograd::{Filter, Winograd};
use crate::{pool, vector};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of maps that a pass may hold at once: more inputs go in several passes.
const MAPS: usize = 24 << 20;

/// A network with its packed weights. It may be shared by threads, each with its [`Workspace`].
#[derive(Debug)]
pub struct Engine {
    /// Tells its plans from those of others.
    id: usize,
    channels: usize,
    layers: Vec<Layer>,
    kernels: Vec<PackedKernels>,
    instructions: InstructionSet,
}

/// A convolution's weights as the algorithms want them, packed when one is first used.
#[derive(Debug, Default)]
struct PackedKernels {
    direct: OnceLock<Direct>,
    winograd: [OnceLock<Winograd>; Filter::ALL.len()],
}

/// Buffers that passes use again. They grow to what the largest pass needed, and no further.
#[derive(Debug, Default)]
pub struct Workspace {
    /// Whose plan it is.
    owner: usize,
    plan: Option<Plan>,
    /// Size of the input, and images, that the maps are laid out for.
    layout: Option<([usize; 2], usize)>,
    maps: Vec<Vec<f32>>,
    scratch: [Vec<f32>; 2],
}

impl Workspace {
    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let numbers = self.maps.iter().chain(&self.scratch).map(Vec::capacity);
        numbers.sum::<usize>() * size_of::<f32>()
    }
}

impl Engine {
    /// Most inputs of a pass; a larger batch goes in several, for more would not be faster.
    pub const BATCH: usize = 32;

    /// A network of these layers on inputs of so many channels, for the instructions that suit them.
    ///
    /// # Errors
    /// [`EngineError::Layer`] where a layer does not follow from the one before.
    pub fn new(channels: usize, layers: Vec<Layer>) -> Result<Self, EngineError> {
        let outputs = layers.iter().filter_map(|layer| match layer {
            Layer::Convolution(conv) => Some(conv.channels[1]),
            _ => None,
        });
        let mut outputs: Vec<usize> = outputs.collect();
        // The answer's few channels cost little whatever they are rounded up to.
        outputs.pop();
        Self::with_instructions(channels, layers, InstructionSet::suited(&outputs))
    }

    /// Return the same for given instructions; for others than are available, for none in
    /// particular.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_instructions(
        channels: usize,
        layers: Vec<Layer>,
        instructions: InstructionSet,
    ) -> Result<Self, EngineError> {
        check(channels, &layers)?;
        let available = instructions.available();
        let instructions = if available { instructions } else { InstructionSet::Scalar };
        let kernels = layers.iter().map(|_| PackedKernels::default()).collect();
        // From 1 on; 0 owns what nobody has used yet.
        static ENGINES: AtomicUsize = AtomicUsize::new(1);
        let id = ENGINES.fetch_add(1, Ordering::Relaxed);
        let mut engine = Self { id, channels, layers, kernels, instructions };
        engine.pack_the_certain();
        Ok(engine)
    }

    /// Pack the kernels for which there is one algorithm only, and lets go of what was given: the
    /// first dense layer may be most of the network.
    fn pack_the_certain(&mut self) {
        let mut channels = self.channels;
        for layer in 0..self.layers.len() {
            let Layer::Convolution(conv) = &self.layers[layer] else { continue };
            let (kernel, outputs) = (conv.kernel, conv.channels[1]);
            if Filter::ALL.iter().all(|filter| filter.kernel() != kernel) {
                self.direct(layer, channels);
                if let Layer::Convolution(conv) = &mut self.layers[layer] {
                    conv.weights = Vec::new();
                }
            }
            channels = outputs.next_multiple_of(self.instructions.panel());
        }
    }

    /// Return what it is compiled for.
    #[must_use]
    pub fn instructions(&self) -> InstructionSet {
        self.instructions
    }

    /// The last map of every input.
    ///
    /// # Shapes
    /// `values`: `[batch, height, width, channels]`, row-major. Returns the values as
    /// `[batch, h, w, channels of the last layer]` and `[h, w]`.
    ///
    /// # Errors
    /// [`EngineError::Input`] where the input is too small for the layers or too large for memory,
    /// or `values` are not as many as the shape says.
    pub fn run(
        &self,
        workspace: &mut Workspace,
        values: &[f32],
        [batch, height, width]: [usize; 3],
    ) -> Result<(Vec<f32>, [usize; 2]), EngineError> {
        let size = [height, width];
        let image = height.checked_mul(width).and_then(|places| places.checked_mul(self.channels));
        let fits = |image: &usize| *image > 0 && batch.checked_mul(*image) == Some(values.len());
        let Some(image) = image.filter(fits) else {
            let given = values.len();
            let what = format!("{given} values for {batch} of {width} x {height}");
            return Err(EngineError::Input(what));
        };
        let known = workspace.owner == self.id
            && workspace.layout.is_some_and(|(earlier, _)| earlier == size);
        if !known {
            let panel = self.instructions.panel();
            workspace.plan = Some(Plan::new(self.channels, &self.layers, size, panel)?);
            (workspace.owner, workspace.layout) = (self.id, None);
        }
        let Some(plan) = workspace.plan.take() else { return Ok((Vec::new(), [0, 0])) };
        let last = plan.steps.last().map_or(plan.input, |step| step.to);
        let mut answer = Vec::with_capacity(batch * last.size[0] * last.size[1] * plan.outputs);
        let at_once = (MAPS / plan.bytes_per_image().max(1)).clamp(1, Self::BATCH);
        for values in values.chunks(at_once * image) {
            let images = values.len() / image;
            workspace.lay_out(&plan, size, images);
            fill(&plan.input, &mut workspace.maps[0], values, images, self.channels);
            for (position, step) in plan.steps.iter().enumerate() {
                let from = if position == 0 { plan.input } else { plan.steps[position - 1].to };
                self.step(workspace, position, &from, step, images);
            }
            let map = &workspace.maps[plan.steps.len()];
            for place in 0..images * last.size[0] * last.size[1] {
                // The last map has no room around it.
                answer.extend_from_slice(&map[place * last.channels..][..plan.outputs]);
            }
        }
        workspace.plan = Some(plan);
        Ok((answer, last.size))
    }

    /// From map `position` to the next.
    fn step(
        &self,
        workspace: &mut Workspace,
        position: usize,
        from: &Map,
        step: &Step,
        images: usize,
    ) {
        let Workspace { maps, scratch, .. } = workspace;
        let (before, after) = maps.split_at_mut(position + 1);
        let task =
            Task { step, from, input: &before[position], output: &mut after[0], images, scratch };
        vector::run(self.instructions, StepKernel { engine: self, task });
    }

    fn direct(&self, layer: usize, channels: usize) -> Option<&Direct> {
        let Layer::Convolution(conv) = &self.layers[layer] else { return None };
        let pack = || Direct::new(conv, channels, self.instructions.panel());
        Some(self.kernels[layer].direct.get_or_init(pack))
    }

    fn winograd(&self, layer: usize, filter: Filter, channels: usize) -> Option<&Winograd> {
        let Layer::Convolution(conv) = &self.layers[layer] else { return None };
        let place = Filter::ALL.iter().position(|other| *other == filter)?;
        let pack = || Winograd::new(filter, conv, channels, self.instructions);
        Some(self.kernels[layer].winograd[place].get_or_init(pack))
    }
}

/// A step, compiled for each instruction set.
struct StepKernel<'a> {
    engine: &'a Engine,
    task: Task<'a>,
}

impl Kernel for StepKernel<'_> {
    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Self { engine, task } = self;
        let Task { step, from, input, output, images, scratch } = task;
        let maps = [from, &step.to];
        match step.work {
            Work::MaxPool => pool::max_pool::<I>(isa, maps, input, output, images),
            Work::Mean(side) => pool::mean::<I>(isa, maps, input, output, images, side),
            Work::Convolution { layer, algorithm: Algorithm::Direct, pool } => {
                let Some(direct) = engine.direct(layer, from.channels) else { return };
                direct.run::<I>(isa, maps, input, output, images, pool);
            }
            Work::Convolution { layer, algorithm: Algorithm::Winograd(filter), pool } => {
                let Some(winograd) = engine.winograd(layer, filter, from.channels) else { return };
                let taken = if pool { 2 } else { 1 };
                let [rows, columns] = filter.tiles(step.to.size.map(|side| side * taken));
                let tiles = images * rows * columns;
                let room = winograd.room(tiles);
                let sizes = room.sizes(filter);
                for (buffer, size) in scratch.iter_mut().zip(sizes) {
                    grow(buffer, size);
                }
                let [points, products] = scratch;
                let scratch = (room, [&mut points[..], &mut products[..]]);
                winograd.run::<I>(isa, maps, input, output, (images, pool), scratch);
            }
        }
    }
}

/// What a step works on.
struct Task<'a> {
    step: &'a Step,
    from: &'a Map,
    input: &'a [f32],
    output: &'a mut [f32],
    images: usize,
    scratch: &'a mut [Vec<f32>; 2],
}

impl Workspace {
    /// Make the buffers fit the maps of a plan. Their margins are zero from then on: a step writes
    /// within its map only.
    fn lay_out(&mut self, plan: &Plan, size: [usize; 2], images: usize) {
        let held = |(earlier, most)| earlier == size && images <= most;
        if self.layout.is_some_and(held) {
            return;
        }
        let maps = std::iter::once(&plan.input).chain(plan.steps.iter().map(|step| &step.to));
        self.maps.resize_with(self.maps.len().max(plan.steps.len() + 1), Vec::new);
        for (buffer, map) in self.maps.iter_mut().zip(maps) {
            buffer.clear();
            buffer.resize(images * map.image(), 0.0);
        }
        self.layout = Some((size, images));
    }
}

/// A buffer of at least this many numbers.
fn grow(buffer: &mut Vec<f32>, size: usize) {
    if buffer.len() < size {
        buffer.resize(size, 0.0);
    }
}

/// Images into the first map.
fn fill(map: &Map, to: &mut [f32], values: &[f32], images: usize, channels: usize) {
    let [rows, columns] = map.size;
    let row = columns * channels;
    for (image, y) in (0..images).flat_map(|image| (0..rows).map(move |y| (image, y))) {
        let from = &values[(image * rows + y) * row..][..row];
        to[map.inside(image, y, 0)..][..row].copy_from_slice(from);
    }
}
