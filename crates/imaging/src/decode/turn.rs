//! The samples of a volume with its axes in another order, and in the other sense.

use crate::volume::Samples;

/// Samples of a volume of `size` whose axis `order[k]` becomes axis k, then turned around where
/// `flips` says so. Memory: another volume where the order changes, none otherwise.
pub(crate) fn turned(
    samples: Samples,
    size: [usize; 3],
    order: [usize; 3],
    flips: [bool; 3],
) -> Samples {
    match samples {
        Samples::Int16(samples) => Samples::Int16(turn(samples, size, order, flips)),
        Samples::Float32(samples) => Samples::Float32(turn(samples, size, order, flips)),
    }
}

/// Samples of a volume of `size` with its axes in another `order`, then flipped.
fn turn<T: Copy>(
    mut samples: Vec<T>,
    size: [usize; 3],
    order: [usize; 3],
    flips: [bool; 3],
) -> Vec<T> {
    let [width, height, depth] = order.map(|axis| size[axis]);
    if order != [0, 1, 2] {
        let strides = [1, size[0], size[0] * size[1]];
        let [along_x, along_y, along_z] = order.map(|axis| strides[axis]);
        let mut swapped = Vec::with_capacity(samples.len());
        for z in 0..depth {
            for y in 0..height {
                let start = z * along_z + y * along_y;
                swapped.extend(samples.iter().skip(start).step_by(along_x).take(width));
            }
        }
        samples = swapped;
    }
    let [flip_x, flip_y, flip_z] = flips;
    if flip_x {
        samples.chunks_exact_mut(width).for_each(<[T]>::reverse);
    }
    if flip_y {
        for slice in samples.chunks_exact_mut(width * height) {
            reverse_chunks(slice, width);
        }
    }
    if flip_z {
        reverse_chunks(&mut samples, width * height);
    }
    samples
}

/// Reverses the order of chunks, each kept as it is.
fn reverse_chunks<T>(samples: &mut [T], chunk: usize) {
    samples.reverse();
    samples.chunks_exact_mut(chunk).for_each(<[T]>::reverse);
}
