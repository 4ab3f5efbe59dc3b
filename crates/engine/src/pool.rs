//! Pooling and means where no convolution before them can do them along the way.

use crate::map::Map;
use crate::vector::{Isa, Vector};

/// The largest of every 2 x 2 places.
#[inline(always)]
pub(crate) fn max_pool<I: Isa>(
    isa: I,
    maps: [&Map; 2],
    input: &[f32],
    output: &mut [f32],
    images: usize,
) {
    gather::<I, false>(isa, maps, input, output, images, [2, 2]);
}

/// The mean over every square of `side` x `side` places, at stride 1.
#[inline(always)]
pub(crate) fn mean<I: Isa>(
    isa: I,
    maps: [&Map; 2],
    input: &[f32],
    output: &mut [f32],
    images: usize,
    side: usize,
) {
    gather::<I, true>(isa, maps, input, output, images, [side, 1]);
}

/// One number a channel out of every square: the mean, or else the largest.
#[inline(always)]
fn gather<I: Isa, const MEAN: bool>(
    isa: I,
    [from, to]: [&Map; 2],
    input: &[f32],
    output: &mut [f32],
    images: usize,
    [side, stride]: [usize; 2],
) {
    // What the pointers below rely on.
    assert!(input.len() >= images * from.image() && output.len() >= images * to.image());
    assert!(from.channels == to.channels && to.channels.is_multiple_of(I::LANES));
    for axis in 0..2 {
        assert!((to.size[axis] - 1) * stride + side <= from.size[axis]);
        assert!(to.margin + to.size[axis] <= to.room[axis]);
    }
    let share = 1.0 / (side * side) as f32;
    for image in 0..images {
        for (row, column) in (0..to.size[0]).flat_map(|y| (0..to.size[1]).map(move |x| (y, x))) {
            for channel in (0..to.channels).step_by(I::LANES) {
                let corner = from.inside(image, row * stride, column * stride) + channel;
                let out = to.inside(image, row, column) + channel;
                // SAFETY: the square lies within the map, the channel within its channels.
                unsafe {
                    let corner = input.as_ptr().add(corner);
                    let mut found = isa.load(corner);
                    for place in 1..side * side {
                        let place = place / side * from.row() + place % side * from.channels;
                        let value = isa.load(corner.add(place));
                        found = if MEAN { found.add(value) } else { found.max(value) };
                    }
                    let found = if MEAN { found.mul(isa.splat(share)) } else { found };
                    found.store(output.as_mut_ptr().add(out));
                }
            }
        }
    }
}
