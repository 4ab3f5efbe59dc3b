//! What is computed, for one size of input: which algorithm, and where everything lies.

use crate::layer::{Convolution, EngineError, Layer};
use crate::map::Map;
use crate::winograd::Filter;

/// Bytes of the maps of one input, at most: a part of what 32 bits can address, and more than there is
/// with 64.
const MOST_BYTES: u64 = if usize::BITS == 32 { 1 << 30 } else { 1 << 42 };

/// How a convolution is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Direct,
    Winograd(Filter),
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// The convolution at this position among the layers, and whether the pooling behind it
    /// is done with it.
    Convolution {
        layer: usize,
        algorithm: Algorithm,
        pool: bool,
    },
    MaxPool,
    Mean(usize),
}

/// One step, from the map of the step before to its own.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) work: Work,
    pub(crate) to: Map,
}

/// The steps for one size of input.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    pub(crate) input: Map,
    pub(crate) steps: Vec<Step>,
    /// Channels of the last map, not rounded up.
    pub(crate) outputs: usize,
}

/// A step while its map has no room yet.
struct Draft {
    work: Work,
    from: [usize; 2],
    to: [usize; 2],
    channels: usize,
}

impl Plan {
    /// `panel`: see [`crate::InstructionSet::panel`]. The layers follow from each other.
    pub(crate) fn new(
        channels: usize,
        layers: &[Layer],
        size: [usize; 2],
        panel: usize,
    ) -> Result<Self, EngineError> {
        let drafts = drafts(channels, layers, size, panel)?;
        // Each map has the room that the step behind it wants.
        let map = |drafts: &[Draft], size: [usize; 2], channels: usize| match drafts.first() {
            Some(next) => room(next, layers, size, channels),
            None => Map { size, margin: 0, room: size, channels },
        };
        let input = map(&drafts, size, channels);
        let steps: Vec<Step> = drafts
            .iter()
            .enumerate()
            .map(|(position, draft)| Step {
                work: draft.work,
                to: map(&drafts[position + 1..], draft.to, draft.channels),
            })
            .collect();
        let maps = std::iter::once(&input).chain(steps.iter().map(|step| &step.to));
        // In 64 bits, for on 32 the products of a large picture would come out small.
        let bytes = maps.fold(0_u64, |sum, map| {
            let sides = [map.room[0], map.room[1], map.channels, size_of::<f32>()];
            let bytes = sides.into_iter().fold(1_u64, |all, side| all.saturating_mul(side as u64));
            sum.saturating_add(bytes)
        });
        if bytes > MOST_BYTES {
            let [height, width] = size;
            return Err(EngineError::Input(format!("{width} x {height} is too large for memory")));
        }
        let outputs = layers.iter().rev().find_map(|layer| match layer {
            Layer::Convolution(conv) => Some(conv.channels[1]),
            _ => None,
        });
        Ok(Self { input, steps, outputs: outputs.unwrap_or(channels) })
    }

    /// Bytes of all maps of one image.
    pub(crate) fn bytes_per_image(&self) -> usize {
        let maps = self.steps.iter().map(|step| step.to.image());
        (self.input.image() + maps.sum::<usize>()) * size_of::<f32>()
    }
}

fn drafts(
    channels: usize,
    layers: &[Layer],
    size: [usize; 2],
    panel: usize,
) -> Result<Vec<Draft>, EngineError> {
    let mut drafts = Vec::with_capacity(layers.len());
    let (mut size, mut channels) = (size, channels);
    let mut position = 0;
    while let Some(layer) = layers.get(position) {
        let from = size;
        let small = || {
            let [height, width] = from;
            EngineError::Input(format!("{width} x {height} is too small for layer {position}"))
        };
        let shrunk = |by: usize, side: usize| (side + 1).checked_sub(by).filter(|side| *side > 0);
        let (work, taken) = match layer {
            Layer::Convolution(conv) => {
                let padded = size.map(|side| side + 2 * conv.padding);
                let [rows, columns] = padded.map(|side| shrunk(conv.kernel, side));
                size = [rows.ok_or_else(small)?, columns.ok_or_else(small)?];
                let pool = layers.get(position + 1) == Some(&Layer::MaxPool);
                let algorithm = algorithm(conv, channels, size, pool, panel);
                let work = Work::Convolution { layer: position, algorithm, pool };
                channels = conv.channels[1].next_multiple_of(panel);
                if pool {
                    size = size.map(|side| side / 2);
                }
                (work, if pool { 2 } else { 1 })
            }
            Layer::MaxPool => {
                size = size.map(|side| side / 2);
                (Work::MaxPool, 1)
            }
            Layer::Mean(side) => {
                let [rows, columns] = size.map(|has| shrunk(*side, has));
                size = [rows.ok_or_else(small)?, columns.ok_or_else(small)?];
                (Work::Mean(*side), 1)
            }
        };
        if size.contains(&0) {
            return Err(small());
        }
        drafts.push(Draft { work, from, to: size, channels });
        position += taken;
    }
    Ok(drafts)
}

/// The cheapest by the count of multiply-adds.
pub(crate) fn algorithm(
    conv: &Convolution,
    channels: usize,
    size: [usize; 2],
    pool: bool,
    panel: usize,
) -> Algorithm {
    // Only whole panels of channels can be carried to points.
    if !channels.is_multiple_of(panel) {
        return Algorithm::Direct;
    }
    // Pooling drops a last odd row and column.
    let size = if pool { size.map(|side| side / 2 * 2) } else { size };
    let fits = |filter: &Filter| {
        filter.kernel() == conv.kernel && (!pool || filter.outputs().is_multiple_of(2))
    };
    let filters = Filter::ALL.into_iter().filter(fits);
    let priced = filters.map(|filter| (filter.cost(size, conv.channels), filter));
    match priced.min_by_key(|(cost, _)| *cost) {
        Some((cost, filter)) if cost < conv.macs(size) => Algorithm::Winograd(filter),
        _ => Algorithm::Direct,
    }
}

/// The map that a step reads: with its padding, and with what its last tiles reach over the edge.
fn room(next: &Draft, layers: &[Layer], size: [usize; 2], channels: usize) -> Map {
    let Work::Convolution { layer, algorithm, pool } = next.work else {
        return Map { size, margin: 0, room: size, channels };
    };
    let Layer::Convolution(conv) = &layers[layer] else {
        return Map { size, margin: 0, room: size, channels };
    };
    debug_assert_eq!(next.from, size);
    let margin = conv.padding;
    let padded = size.map(|side| side + 2 * margin);
    let taken = if pool { 2 } else { 1 };
    let room = match algorithm {
        Algorithm::Direct => padded,
        Algorithm::Winograd(filter) => {
            let tiles = filter.tiles(next.to.map(|side| side * taken));
            [0, 1]
                .map(|axis| padded[axis].max(tiles[axis] * filter.outputs() + filter.kernel() - 1))
        }
    };
    Map { size, margin, room, channels }
}
