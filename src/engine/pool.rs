//! Pooling and means where no convolution before them can do them along the way.

use crate::map::Map;
use crate::vector::Vector;

/// The largest of every 2 x 2 places.
///
/// # Safety
/// As [`Vector`].
#[inline(always)]
pub(crate) unsafe fn max_pool<V: Vector>(
    maps: [&Map; 2],
    input: &[f32],
    output: &mut [f32],
    images: usize,
) {
    // SAFETY: the caller's.
    unsafe {
        gather::<V>(maps, input, output, images, [2, 2], |values| {
            let [a, b, c, d] = [0, 1, 2, 3].map(values);
            a.max(b).max(c.max(d))
        });
    }
}

/// The mean over every square of `side` x `side` places, at stride 1.
///
/// # Safety
/// As [`Vector`].
#[inline(always)]
pub(crate) unsafe fn mean<V: Vector>(
    maps: [&Map; 2],
    input: &[f32],
    output: &mut [f32],
    images: usize,
    side: usize,
) {
    let count = side * side;
    // SAFETY: the caller's.
    unsafe {
        gather::<V>(maps, input, output, images, [side, 1], |values| {
            let mut sum = values(0);
            for place in 1..count {
                sum = sum.add(values(place));
            }
            sum.mul(V::splat(1.0 / count as f32))
        });
    }
}

/// One number a channel out of every square; `of` is given the value at a place of the square.
///
/// # Safety
/// As [`Vector`].
#[inline(always)]
unsafe fn gather<V: Vector>(
    [from, to]: [&Map; 2],
    input: &[f32],
    output: &mut [f32],
    images: usize,
    [side, stride]: [usize; 2],
    of: impl Fn(&dyn Fn(usize) -> V) -> V,
) {
    // What the pointers below rely on.
    assert!(input.len() >= images * from.image() && output.len() >= images * to.image());
    assert!(from.channels == to.channels && to.channels.is_multiple_of(V::LANES));
    for axis in 0..2 {
        assert!((to.size[axis] - 1) * stride + side <= from.size[axis]);
        assert!(to.margin + to.size[axis] <= to.room[axis]);
    }
    for image in 0..images {
        for (row, column) in (0..to.size[0]).flat_map(|y| (0..to.size[1]).map(move |x| (y, x))) {
            for channel in (0..to.channels).step_by(V::LANES) {
                let value = |place: usize| {
                    let (y, x) = (row * stride + place / side, column * stride + place % side);
                    // SAFETY: the place lies within the map, the channel within its channels.
                    unsafe { V::load(input.as_ptr().add(from.inside(image, y, x) + channel)) }
                };
                let out = to.inside(image, row, column) + channel;
                // SAFETY: as above, in the map of the output.
                unsafe { of(&value).store(output.as_mut_ptr().add(out)) };
            }
        }
    }
}
