//! Convolution with fewer products: maps and kernels are carried to the points of Winograd's
//! filters, multiplied there, one matrix product a point, and carried back, tile by tile.

use crate::layer::Convolution;
use crate::map::Map;
use crate::product::{Block, multiply, pack};
use crate::vector::{self, InstructionSet, Isa, Vector};
use carry::Carry;
use points::Points;

mod carry;
mod filter;
mod points;

pub(crate) use filter::Filter;

/// Bytes of points and products in flight; about what a second-level cache has to spare.
const IN_FLIGHT: usize = 512 << 10;

/// Kernels at the points of a filter.
#[derive(Debug)]
pub(crate) struct Winograd {
    filter: Filter,
    inputs: usize,
    outputs: usize,
    /// A matrix in panels for each point, `[N * N][panels][inputs][panel]`.
    weights: Vec<f32>,
    /// Zeros, and the biases: what the products at a point begin with.
    start: Vec<f32>,
    relu: bool,
}

/// Room for the points and the products of some tiles.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// Tiles carried over at once.
    tiles: usize,
    /// Numbers between two points, of the inputs and of the products.
    strides: [usize; 2],
}

impl Room {
    /// Numbers for the points of the inputs and for the products.
    pub(crate) fn sizes(&self, filter: Filter) -> [usize; 2] {
        self.strides.map(|stride| stride * filter.points() * filter.points())
    }
}

impl Winograd {
    /// `inputs`: channels of the input map, a multiple of a panel.
    pub(crate) fn new(
        filter: Filter,
        conv: &Convolution,
        inputs: usize,
        instructions: InstructionSet,
    ) -> Self {
        let (panel, taps) = (instructions.panel(), conv.kernel * conv.kernel);
        let packed = pack(&conv.weights, conv.channels, taps, inputs, panel);
        let outputs = conv.channels[1].next_multiple_of(panel);
        let mut weights = vec![0.0; filter.points() * filter.points() * inputs * outputs];
        let carry = Carry { filter, packed: &packed, inputs, weights: &mut weights };
        vector::run(instructions, carry);
        let mut start = vec![0.0; outputs];
        start.extend_from_slice(&conv.bias);
        start.resize(2 * outputs, 0.0);
        Self { filter, inputs, outputs, weights, start, relu: conv.relu }
    }

    /// Return which filter it is for.
    pub(crate) fn filter(&self) -> Filter {
        self.filter
    }

    /// Return how many tiles are worth carrying at once, of so many.
    pub(crate) fn room(&self, tiles: usize) -> Room {
        let points = self.filter.points() * self.filter.points();
        let tile = points * (self.inputs + self.outputs) * size_of::<f32>();
        let most = (IN_FLIGHT / tile).clamp(6, 192) / 6 * 6;
        let tiles = tiles.min(most);
        // An odd number of cache lines, for at a power of two all points would share a few sets.
        let stride = |channels: usize| ((tiles * channels).div_ceil(16) | 1) * 16;
        Room { tiles, strides: [stride(self.inputs), stride(self.outputs)] }
    }

    /// Compute the layer for all images.
    #[inline(always)]
    pub(crate) fn run<I: Isa>(
        &self,
        isa: I,
        maps: [&Map; 2],
        input: &[f32],
        output: &mut [f32],
        (images, pool): (usize, bool),
        (room, scratch): (Room, [&mut [f32]; 2]),
    ) {
        match self.filter {
            Filter::F4x3 => {
                self.tiles::<I, 4, 6>(isa, maps, input, output, (images, pool), (room, scratch));
            }
            Filter::F6x3 => {
                self.tiles::<I, 6, 8>(isa, maps, input, output, (images, pool), (room, scratch));
            }
            Filter::F5x4 => {
                self.tiles::<I, 5, 8>(isa, maps, input, output, (images, pool), (room, scratch));
            }
            Filter::F4x5 => {
                self.tiles::<I, 4, 8>(isa, maps, input, output, (images, pool), (room, scratch));
            }
        }
    }

    #[inline(always)]
    fn tiles<I: Isa, const M: usize, const N: usize>(
        &self,
        isa: I,
        [from, to]: [&Map; 2],
        input: &[f32],
        output: &mut [f32],
        (images, pool): (usize, bool),
        (room, [points, products]): (Room, [&mut [f32]; 2]),
    ) {
        let taken = if pool { 2 } else { 1 };
        let grid = self.filter.tiles(to.size.map(|side| side * taken));
        // What the pointers below rely on.
        assert!(input.len() >= images * from.image() && output.len() >= images * to.image());
        assert!(from.channels == self.inputs && to.channels == self.outputs);
        assert!(self.inputs.is_multiple_of(I::PANEL) && self.outputs.is_multiple_of(I::PANEL));
        assert!(self.weights.len() == N * N * self.inputs * self.outputs);
        assert!(M == self.filter.outputs() && M.is_multiple_of(taken) && room.tiles > 0);
        assert!(room.strides[0] >= room.tiles * self.inputs);
        assert!(room.strides[1] >= room.tiles * self.outputs);
        assert!(points.len() >= N * N * room.strides[0]);
        assert!(products.len() >= N * N * room.strides[1]);
        for axis in 0..2 {
            assert!(grid[axis] == 0 || (grid[axis] - 1) * M + N <= from.room[axis]);
            assert!(to.margin + to.size[axis] <= to.room[axis]);
        }
        let total = images * grid[0] * grid[1];
        let place = |tile: usize| {
            let (image, row) = (tile / (grid[0] * grid[1]), tile / grid[1] % grid[0]);
            (image, row * M, tile % grid[1] * M)
        };
        for first in (0..total).step_by(room.tiles) {
            let count = room.tiles.min(total - first);
            for tile in 0..count {
                let (image, row, column) = place(first + tile);
                // SAFETY: the tile lies within the room of the map, and its points within theirs.
                unsafe {
                    let corner = input.as_ptr().add(from.at(image, row, column));
                    let out = points.as_mut_ptr().add(tile * self.inputs);
                    enter::<I, N>(isa, corner, [from.row(), self.inputs], out, room.strides[0]);
                }
            }
            // SAFETY: `count` is at most `room.tiles`, for which the strides were checked.
            unsafe { self.multiply::<I, N>(isa, count, room.strides, points, products) };
            for tile in 0..count {
                let (image, row, column) = place(first + tile);
                let left = [to.size[0] * taken - row, to.size[1] * taken - column];
                // SAFETY: only places within the map are written.
                unsafe {
                    let from = products.as_ptr().add(tile * self.outputs);
                    let at = to.inside(image, row / taken, column / taken);
                    let leave = Leave {
                        stride: room.strides[1],
                        left,
                        row: to.row(),
                        channels: self.outputs,
                        relu: self.relu,
                    };
                    let out = output.as_mut_ptr().add(at);
                    if pool {
                        leave.run::<I, M, N, true>(isa, from, out);
                    } else {
                        leave.run::<I, M, N, false>(isa, from, out);
                    }
                }
            }
        }
    }

    /// The matrix product of every point.
    ///
    /// # Safety
    /// There is room for `count` tiles at these strides, as `tiles` checks.
    #[inline(always)]
    unsafe fn multiply<I: Isa, const N: usize>(
        &self,
        isa: I,
        count: usize,
        strides: [usize; 2],
        points: &[f32],
        products: &mut [f32],
    ) {
        let constant = Points::<N>::ONE * N + Points::<N>::ONE;
        for point in 0..N * N {
            // The bias is the constant of every output, and stands at the point (1, 1) alone.
            let start = if point == constant { self.outputs } else { 0 };
            for panel in 0..self.outputs / I::PANEL {
                let weights = (point * self.outputs + panel * I::PANEL) * self.inputs;
                // SAFETY: point, panel and tile are within the lengths checked.
                unsafe {
                    let first = points.as_ptr().add(point * strides[0]);
                    let out = point * strides[1] + panel * I::PANEL;
                    let block = Block {
                        segments: 1,
                        segment_stride: 0,
                        length: self.inputs,
                        panel: self.weights.as_ptr().add(weights),
                        start: self.start.as_ptr().add(start + panel * I::PANEL),
                        start_stride: 0,
                        out: products.as_mut_ptr().add(out),
                        out_stride: self.outputs,
                        relu: false,
                    };
                    multiply::<I>(isa, count, first, self.inputs, &block);
                }
            }
        }
    }
}

/// A tile to its points, all channels.
///
/// # Safety
/// N x N places of `channels` numbers from `corner` on, and N x N points from `out` on, are valid.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
unsafe fn enter<I: Isa, const N: usize>(
    isa: I,
    corner: *const f32,
    [row, channels]: [usize; 2],
    out: *mut f32,
    stride: usize,
) {
    // SAFETY: places and points run over N x N from corner and out on; channels come in whole panels,
    // so that a vector does not reach beyond them.
    unsafe {
        for channel in (0..channels).step_by(I::LANES) {
            let corner = corner.add(channel);
            let mut columns = [[isa.splat(0.0); N]; N];
            for x in 0..N {
                let mut values = [isa.splat(0.0); N];
                for y in 0..N {
                    values[y] = isa.load(corner.add(y * row + x * channels));
                }
                let points = Points::<N>::input(isa, &values);
                for y in 0..N {
                    columns[y][x] = points[y];
                }
            }
            for y in 0..N {
                let points = Points::<N>::input(isa, &columns[y]);
                for x in 0..N {
                    points[x].store(out.add((y * N + x) * stride + channel));
                }
            }
        }
    }
}

/// How a tile leaves its points.
#[derive(Clone, Copy)]
struct Leave {
    /// Between two points.
    stride: usize,
    /// Rows and columns of the map, before pooling, from the tile's corner on.
    left: [usize; 2],
    /// Numbers of a row of the output.
    row: usize,
    channels: usize,
    relu: bool,
}

impl Leave {
    /// # Safety
    /// N x N points from `from` on, and the places of the output that `left` allows, are valid.
    #[inline(always)]
    unsafe fn run<I: Isa, const M: usize, const N: usize, const POOL: bool>(
        &self,
        isa: I,
        from: *const f32,
        out: *mut f32,
    ) {
        // SAFETY: points and output are those of this call; WHOLE only where `left` allows all M x M.
        unsafe {
            // Most tiles lie within the map, and need not ask at each place.
            if self.left[0] >= M && self.left[1] >= M {
                self.channels::<I, M, N, POOL, true>(isa, from, out);
            } else {
                self.channels::<I, M, N, POOL, false>(isa, from, out);
            }
        }
    }

    /// # Safety
    /// As [`Self::run`]; `WHOLE` only where all of the tile lies within the map.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    unsafe fn channels<
        I: Isa,
        const M: usize,
        const N: usize,
        const POOL: bool,
        const WHOLE: bool,
    >(
        &self,
        isa: I,
        from: *const f32,
        out: *mut f32,
    ) {
        let [rows, columns] = self.left;
        for channel in (0..self.channels).step_by(I::LANES) {
            // SAFETY: N x N points are read; a place is written where WHOLE or `left` says that it lies
            // within the map, and channels come in whole panels.
            unsafe {
                let (from, out) = (from.add(channel), out.add(channel));
                let zero = isa.splat(0.0);
                let mut half = [[zero; N]; M];
                for x in 0..N {
                    let mut points = [zero; N];
                    for y in 0..N {
                        points[y] = isa.load(from.add((y * N + x) * self.stride));
                    }
                    let values: [I::V; M] = Points::<N>::output(isa, &points);
                    for y in 0..M {
                        half[y][x] = values[y];
                    }
                }
                if POOL {
                    for y in (0..M - 1).step_by(2) {
                        if !WHOLE && y + 1 >= rows {
                            break;
                        }
                        let above: [I::V; M] = Points::<N>::output(isa, &half[y]);
                        let below: [I::V; M] = Points::<N>::output(isa, &half[y + 1]);
                        let out = out.add(y / 2 * self.row);
                        for x in (0..M - 1).step_by(2) {
                            if WHOLE || x + 1 < columns {
                                let left = above[x].max(below[x]);
                                let most = left.max(above[x + 1].max(below[x + 1]));
                                let most = if self.relu { most.max(zero) } else { most };
                                most.store(out.add(x / 2 * self.channels));
                            }
                        }
                    }
                } else {
                    for y in 0..M {
                        if !WHOLE && y >= rows {
                            break;
                        }
                        let values: [I::V; M] = Points::<N>::output(isa, &half[y]);
                        let out = out.add(y * self.row);
                        for x in 0..M {
                            if WHOLE || x < columns {
                                let value = values[x];
                                let value = if self.relu { value.max(zero) } else { value };
                                value.store(out.add(x * self.channels));
                            }
                        }
                    }
                }
            }
        }
    }
}
