//! Convolution as it is defined, as an implicit matrix product: a row of the matrix is the
//! surroundings of a place, which lie in the map already, one run for each row of the kernel.

use crate::layer::Convolution;
use crate::map::Map;
use crate::product::{Block, ROWS, multiply, pack, padded, sums};
use crate::vector::{Isa, Vector, WIDE};

/// Numbers of a row that are multiplied before the next panel: with a panel's weights for them
/// they stay in the first-level cache.
const DEPTH: usize = 512;

/// Packed kernels.
#[derive(Debug)]
pub(crate) struct Direct {
    kernel: usize,
    /// Channels of the output.
    outputs: usize,
    /// In panels, each `[y][x][channels of the input map][panel]`.
    weights: Vec<f32>,
    bias: Vec<f32>,
    relu: bool,
}

impl Direct {
    /// `channels`: numbers a place of the input map, at least the layer's.
    pub(crate) fn new(conv: &Convolution, channels: usize, panel: usize) -> Self {
        let taps = conv.kernel * conv.kernel;
        let weights = pack(&conv.weights, conv.channels, taps, channels, panel);
        let bias = padded(&conv.bias, panel);
        Self { kernel: conv.kernel, outputs: bias.len(), weights, bias, relu: conv.relu }
    }

    /// Return whether the kernel is as large as the map: one output place an image.
    fn whole(&self, from: &Map, to: &Map) -> bool {
        to.size == [1, 1] && from.room == [self.kernel; 2]
    }

    /// Compute the layer for all images.
    #[inline(always)]
    pub(crate) fn run<I: Isa>(
        &self,
        isa: I,
        [from, to]: [&Map; 2],
        input: &[f32],
        output: &mut [f32],
        images: usize,
        pool: bool,
    ) {
        let depth = self.kernel * self.kernel * from.channels;
        let taken = if pool { 2 } else { 1 };
        // What the pointers below rely on.
        assert!(input.len() >= images * from.image() && output.len() >= images * to.image());
        assert!(to.channels == self.outputs && self.outputs.is_multiple_of(I::PANEL));
        assert!(self.weights.len() >= self.outputs * depth && self.bias.len() == self.outputs);
        for axis in 0..2 {
            assert!(to.size[axis] * taken + self.kernel - 1 <= from.room[axis]);
            assert!(to.margin + to.size[axis] <= to.room[axis]);
        }
        // SAFETY: the lengths of input, output, weights and bias are checked above, for each of the three.
        unsafe {
            if pool {
                self.pooled::<I>(isa, [from, to], input, output, images);
            } else if self.whole(from, to) {
                self.dense::<I>(isa, [from, to], input, output, images);
            } else {
                self.rows::<I>(isa, [from, to], input, output, images);
            }
        }
    }

    /// A row of the output at a time, panel by panel.
    ///
    /// # Safety
    /// As [`Self::run`], after its checks.
    #[inline(always)]
    unsafe fn rows<I: Isa>(
        &self,
        isa: I,
        [from, to]: [&Map; 2],
        input: &[f32],
        output: &mut [f32],
        images: usize,
    ) {
        let length = self.kernel * from.channels;
        for (image, row) in (0..images).flat_map(|i| (0..to.size[0]).map(move |row| (i, row))) {
            for panel in 0..self.outputs / I::PANEL {
                // SAFETY: rows, columns, images and panels are within the lengths checked.
                unsafe {
                    let block = Block {
                        segments: self.kernel,
                        segment_stride: from.row(),
                        length,
                        panel: self.weights.as_ptr().add(panel * self.kernel * length * I::PANEL),
                        start: self.bias.as_ptr().add(panel * I::PANEL),
                        start_stride: 0,
                        out: output.as_mut_ptr().add(to.inside(image, row, 0) + panel * I::PANEL),
                        out_stride: to.channels,
                        relu: self.relu,
                    };
                    let first = input.as_ptr().add(from.at(image, row, 0));
                    match (from.channels, self.kernel) {
                        (1, 3) => line::<I, 3>(isa, to.size[1], first, &block),
                        (1, 5) => line::<I, 5>(isa, to.size[1], first, &block),
                        _ => multiply::<I>(isa, to.size[1], first, from.channels, &block),
                    }
                }
            }
        }
    }

    /// One output place an image: a matrix product, whose weights are read once.
    ///
    /// # Safety
    /// As [`Self::run`], after its checks.
    #[inline(always)]
    unsafe fn dense<I: Isa>(
        &self,
        isa: I,
        [from, to]: [&Map; 2],
        input: &[f32],
        output: &mut [f32],
        images: usize,
    ) {
        let depth = from.image();
        for begin in (0..depth).step_by(DEPTH) {
            let length = DEPTH.min(depth - begin);
            for panel in 0..self.outputs / I::PANEL {
                // SAFETY: images, panels and depth are within the lengths checked.
                unsafe {
                    let out = output.as_mut_ptr().add(to.inside(0, 0, 0) + panel * I::PANEL);
                    let bias = self.bias.as_ptr().add(panel * I::PANEL);
                    let block = Block {
                        segments: 1,
                        segment_stride: 0,
                        length,
                        panel: self.weights.as_ptr().add((panel * depth + begin) * I::PANEL),
                        start: if begin == 0 { bias } else { out.cast_const() },
                        start_stride: if begin == 0 { 0 } else { to.image() },
                        out,
                        out_stride: to.image(),
                        relu: self.relu && begin + length == depth,
                    };
                    let first = input.as_ptr().add(begin);
                    multiply::<I>(isa, images, first, depth, &block);
                }
            }
        }
    }

    /// Four places at a time, of which the largest is kept.
    ///
    /// # Safety
    /// As [`Self::run`], after its checks.
    #[inline(always)]
    unsafe fn pooled<I: Isa>(
        &self,
        isa: I,
        [from, to]: [&Map; 2],
        input: &[f32],
        output: &mut [f32],
        images: usize,
    ) {
        for (image, row) in (0..images).flat_map(|i| (0..to.size[0]).map(move |row| (i, row))) {
            for panel in 0..self.outputs / I::PANEL {
                // SAFETY: rows, columns, images and panels are within the lengths checked.
                unsafe {
                    let first = input.as_ptr().add(from.at(image, 2 * row, 0));
                    let out = output.as_mut_ptr();
                    let out = out.add(to.inside(image, row, 0) + panel * I::PANEL);
                    match (from.channels, self.kernel) {
                        (1, 3) => self.four::<I, 3>(isa, from, to, first, panel, out),
                        (1, 5) => self.four::<I, 5>(isa, from, to, first, panel, out),
                        _ => self.four::<I, 0>(isa, from, to, first, panel, out),
                    }
                }
            }
        }
    }

    /// A pooled row of one panel. `SIDE`: the kernel's, where the input has one channel, so that
    /// its few taps are written out; 0 for any.
    ///
    /// # Safety
    /// As [`Self::run`], after its checks; `first` is the row's first surroundings.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    unsafe fn four<I: Isa, const SIDE: usize>(
        &self,
        isa: I,
        from: &Map,
        to: &Map,
        first: *const f32,
        panel: usize,
        out: *mut f32,
    ) {
        let length = self.kernel * from.channels;
        // SAFETY: `run` has checked that every column of `to` has its surroundings in `from`, and that the
        // panel lies within weights, bias and output.
        unsafe {
            let weights = self.weights.as_ptr().add(panel * self.kernel * length * I::PANEL);
            let bias = isa.load_panel(self.bias.as_ptr().add(panel * I::PANEL));
            for column in 0..to.size[1] {
                let place = first.add(2 * column * from.channels);
                let below = place.add(from.row());
                let places = [place, place.add(from.channels), below, below.add(from.channels)];
                let found = if SIDE > 0 {
                    few::<I, SIDE, 4>(isa, places, from.row(), weights)
                } else {
                    let block = Block {
                        segments: self.kernel,
                        segment_stride: from.row(),
                        length,
                        panel: weights,
                        start: weights,
                        start_stride: 0,
                        out,
                        out_stride: 0,
                        relu: false,
                    };
                    sums::<I, 4>(isa, places, &block, [[isa.splat(0.0); WIDE]; 4])
                };
                for v in 0..WIDE {
                    // A constant and ReLU may as well come after the largest is found.
                    let above = found[0][v].max(found[1][v]);
                    let most = above.max(found[2][v].max(found[3][v])).add(bias[v]);
                    let most = if self.relu { most.max(isa.splat(0.0)) } else { most };
                    most.store(out.add(column * to.channels + v * I::LANES));
                }
            }
        }
    }
}

/// A row of places of one panel over the taps of a kernel on a single channel.
///
/// # Safety
/// Every place is valid for SIDE rows of SIDE numbers, and the pointers of `block` for a panel a place.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
unsafe fn line<I: Isa, const SIDE: usize>(isa: I, count: usize, first: *const f32, block: &Block) {
    // SAFETY: as the caller says; the last places are taken again where they do not fill a block.
    unsafe {
        let start = isa.load_panel(block.start);
        let mut done = 0;
        while done < count {
            let at = if done + ROWS <= count { done } else { count.saturating_sub(ROWS) };
            let now = ROWS.min(count - at);
            let mut places = [first.add(at); ROWS];
            for place in 0..now {
                places[place] = first.add(at + place);
            }
            let sums = few::<I, SIDE, ROWS>(isa, places, block.segment_stride, block.panel);
            for place in 0..now {
                for v in 0..WIDE {
                    let sum = sums[place][v].add(start[v]);
                    let sum = if block.relu { sum.max(isa.splat(0.0)) } else { sum };
                    sum.store(block.out.add((at + place) * block.out_stride + v * I::LANES));
                }
            }
            done = at + now;
        }
    }
}

/// Sums of R places over the taps of a kernel on a single channel.
///
/// # Safety
/// Each place is valid for SIDE rows of SIDE numbers that are `row` apart, `weights` for as many panels.
#[inline(always)]
unsafe fn few<I: Isa, const SIDE: usize, const R: usize>(
    isa: I,
    places: [*const f32; R],
    row: usize,
    weights: *const f32,
) -> [[I::V; WIDE]; R] {
    // SAFETY: taps run over the SIDE x SIDE numbers from each place on, and over as many panels.
    unsafe {
        let mut sums = [[isa.splat(0.0); WIDE]; R];
        for y in 0..SIDE {
            for x in 0..SIDE {
                let tap = weights.add((y * SIDE + x) * I::PANEL);
                let weights = isa.load_panel(tap);
                for p in 0..R {
                    let value = isa.load_splat(places[p].add(y * row + x));
                    sums[p][0] = value.mul_add(weights[0], sums[p][0]);
                    sums[p][1] = value.mul_add(weights[1], sums[p][1]);
                }
            }
        }
        sums
    }
}
