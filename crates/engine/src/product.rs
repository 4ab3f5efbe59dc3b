//! Matrix products: the micro-kernel that all convolutions come down to, and packed weights.

use crate::vector::{Isa, Vector, WIDE};

/// Most rows that the micro-kernel computes at once: 6 x 2 sums, with two vectors of weights and one
/// number in every lane, fill 15 of the 16 registers that SSE and AVX have.
pub(crate) const ROWS: usize = 6;

/// Kernels, `[out][in][taps]`, as a matrix in panels of `panel` output channels, each
/// `[taps][channels][panel]`; what does not fill the channels of the map or the last panel is zero.
pub(crate) fn pack(
    weights: &[f32],
    [inputs, outputs]: [usize; 2],
    taps: usize,
    channels: usize,
    panel: usize,
) -> Vec<f32> {
    let mut packed = vec![0.0; outputs.div_ceil(panel) * taps * channels * panel];
    let panels = packed.chunks_exact_mut(taps * channels * panel);
    for (of_panel, packed) in weights.chunks(panel * inputs * taps).zip(panels) {
        // Written in order, read from as many places as a panel has columns: in training this is done
        // at every step.
        for (place, columns) in packed.chunks_exact_mut(panel).enumerate() {
            let (tap, input) = (place / channels, place % channels);
            if input < inputs {
                let column = of_panel[input * taps + tap..].iter().step_by(inputs * taps);
                columns.iter_mut().zip(column).for_each(|(to, from)| *to = *from);
            }
        }
    }
    packed
}

/// Numbers, one after the other, rounded up to whole panels with zeros.
pub(crate) fn padded(values: &[f32], panel: usize) -> Vec<f32> {
    let mut padded = values.to_vec();
    padded.resize(values.len().next_multiple_of(panel), 0.0);
    padded
}

/// Rows times one panel.
///
/// A row's numbers are `segments` runs of `length`, `segment_stride` apart: the taps of one kernel
/// row each, where the rows are the surroundings of places of a map.
#[derive(Clone, Copy)]
pub(crate) struct Block {
    pub(crate) segments: usize,
    pub(crate) segment_stride: usize,
    pub(crate) length: usize,
    /// `[segments * length][PANEL]`
    pub(crate) panel: *const f32,
    /// What the sums begin with, `PANEL` numbers a row.
    pub(crate) start: *const f32,
    /// Between the starts of two rows; 0 for the same in each.
    pub(crate) start_stride: usize,
    pub(crate) out: *mut f32,
    pub(crate) out_stride: usize,
    pub(crate) relu: bool,
}

/// Sums of R rows over all segments.
///
/// # Safety
/// Every row pointer is valid for the segments, `panel` for as many panels of numbers.
#[inline(always)]
pub(crate) unsafe fn sums<I: Isa, const R: usize>(
    isa: I,
    mut rows: [*const f32; R],
    block: &Block,
    mut sums: [[I::V; WIDE]; R],
) -> [[I::V; WIDE]; R] {
    let mut panel = block.panel;
    // SAFETY: rows and panel move over the numbers of the segments, for which they are valid, one by
    // one, and are read no further.
    unsafe {
        for segment in 0..block.segments {
            for _ in 0..block.length / 4 {
                for step in 0..4 {
                    let weights = isa.load_panel(panel.add(step * I::PANEL));
                    for r in 0..R {
                        let value = isa.load_splat(rows[r].add(step));
                        sums[r][0] = value.mul_add(weights[0], sums[r][0]);
                        sums[r][1] = value.mul_add(weights[1], sums[r][1]);
                    }
                }
                panel = panel.add(4 * I::PANEL);
                for row in &mut rows {
                    *row = row.add(4);
                }
            }
            let left = block.length % 4;
            for step in 0..left {
                let weights = isa.load_panel(panel);
                for r in 0..R {
                    let value = isa.load_splat(rows[r].add(step));
                    sums[r][0] = value.mul_add(weights[0], sums[r][0]);
                    sums[r][1] = value.mul_add(weights[1], sums[r][1]);
                }
                panel = panel.add(I::PANEL);
            }
            if segment + 1 < block.segments {
                for row in &mut rows {
                    // Wrapping, for a segment may lie before the end of the one before it.
                    *row = row
                        .wrapping_add(left)
                        .wrapping_add(block.segment_stride)
                        .wrapping_sub(block.length);
                }
            }
        }
    }
    sums
}

/// The block of R rows that begin `stride` apart.
///
/// # Safety
/// As [`sums`]; `start` and `out` are valid for a panel a row.
#[inline(always)]
unsafe fn rows<I: Isa, const R: usize>(isa: I, first: *const f32, stride: usize, block: &Block) {
    // SAFETY: the rows are valid for the segments; starts and outputs are a stride apart, for each of
    // which a panel is valid, and a panel's vectors lie within it.
    unsafe {
        let mut from = [first; R];
        let mut start = [[isa.splat(0.0); WIDE]; R];
        for r in 0..R {
            from[r] = first.add(r * stride);
            start[r] = isa.load_panel(block.start.add(r * block.start_stride));
        }
        let sums = sums::<I, R>(isa, from, block, start);
        for r in 0..R {
            for v in 0..WIDE {
                let sum = sums[r][v];
                let sum = if block.relu { sum.max(isa.splat(0.0)) } else { sum };
                sum.store(block.out.add(r * block.out_stride + v * I::LANES));
            }
        }
    }
}

/// As many rows as are asked for, which begin `stride` apart at `first`, in nearly equal blocks of at
/// most [`ROWS`].
///
/// # Safety
/// `first` is valid for the segments of every row, and the pointers of `block` for
/// what they say.
// In WebAssembly one copy is enough, and the engine of the browser allocates registers better in a
// small function; natively the copies must be where the instruction set is allowed.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
pub(crate) unsafe fn multiply<I: Isa>(
    isa: I,
    count: usize,
    first: *const f32,
    stride: usize,
    block: &Block,
) {
    if count == 0 {
        return;
    }
    let blocks = count.div_ceil(ROWS);
    // Once, for a division takes as long as a good part of a block.
    let (least, larger) = (count / blocks, count % blocks);
    let (mut first, mut block) = (first, *block);
    for turn in 0..blocks {
        let now = least + usize::from(turn < larger);
        // SAFETY: all blocks together are `count` rows, for which the pointers are valid, and they move
        // by the rows that are done.
        unsafe {
            match now {
                6 => rows::<I, 6>(isa, first, stride, &block),
                5 => rows::<I, 5>(isa, first, stride, &block),
                4 => rows::<I, 4>(isa, first, stride, &block),
                3 => rows::<I, 3>(isa, first, stride, &block),
                2 => rows::<I, 2>(isa, first, stride, &block),
                _ => rows::<I, 1>(isa, first, stride, &block),
            }
            first = first.wrapping_add(now * stride);
            block.start = block.start.wrapping_add(now * block.start_stride);
            block.out = block.out.wrapping_add(now * block.out_stride);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::Scalar;

    #[test]
    fn every_count_of_rows() {
        let (depth, panel) = (7, <Scalar as Isa>::PANEL);
        for count in 0..40 {
            let rows: Vec<f32> = (0..count * depth).map(|i| (i % 13) as f32).collect();
            let weights: Vec<f32> = (0..depth)
                .flat_map(|row| (0..panel).map(move |column| (row * 3 + column) as f32))
                .collect();
            let start: Vec<f32> = (0..panel).map(|column| column as f32).collect();
            let mut out = vec![-1.0; count * panel + 1];
            let block = Block {
                segments: 1,
                segment_stride: 0,
                length: depth,
                panel: weights.as_ptr(),
                start: start.as_ptr(),
                start_stride: 0,
                out: out.as_mut_ptr(),
                out_stride: panel,
                relu: false,
            };
            // SAFETY: the lengths are those of the arrays.
            unsafe { multiply::<Scalar>(Scalar, count, rows.as_ptr(), depth, &block) };
            for (place, found) in out[..count * panel].iter().enumerate() {
                let (row, column) = (place / panel, place % panel);
                let products = (0..depth).map(|k| rows[row * depth + k] * (k * 3 + column) as f32);
                assert_eq!(*found, column as f32 + products.sum::<f32>(), "row {row} of {count}");
            }
            assert_eq!(out[count * panel], -1.0);
        }
    }

    #[test]
    fn panels_hold_the_kernels_and_zeros() {
        // Five outputs, two inputs in a map of three channels, two taps: panels of four.
        let weights: Vec<f32> = (1..=20).map(|number| number as f32).collect();
        let packed = pack(&weights, [2, 5], 2, 3, 4);
        assert_eq!(packed.len(), 2 * 2 * 3 * 4);
        assert_eq!(packed[..12], [1.0, 5.0, 9.0, 13.0, 3.0, 7.0, 11.0, 15.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(packed[12..16], [2.0, 6.0, 10.0, 14.0]);
        assert_eq!(packed[24..28], [17.0, 0.0, 0.0, 0.0]);
        assert_eq!(padded(&[1.0, 2.0, 3.0], 2), [1.0, 2.0, 3.0, 0.0]);
    }
}
