//! Volumes in one piece, turned so that the viewer shows them as a radiologist expects: x to
//! the patient's left, y to the back, z to the head. NIfTI files mostly come upside down.
//!
//! Only flips and swaps of axes: no voxel is changed, and each keeps its place in the body.

use super::grid::GridError;
use crate::geometry::{Axes, Vec3, VolumeGeometry};
use crate::volume::{Samples, Volume};

/// The volume with its axes as near to the body's as flips and swaps allow. Flips take no
/// memory; a swap takes another volume.
pub(crate) fn upright(volume: Volume) -> Result<Volume, GridError> {
    let order = order(volume.geometry().axes());
    let axes = order.map(|axis| volume.geometry().axes()[axis]);
    let flips = [0, 1, 2].map(|k| axes[k][k] < 0.0);
    // Slices with places of their own stay slices.
    let placed = volume.geometry().slices_at().is_some();
    if (order == [0, 1, 2] && flips == [false; 3]) || (placed && order[2] != 2) {
        return Ok(volume);
    }
    let (samples, old) = volume.into_parts();
    let spacing = Vec3::from(old.spacing_mm());
    let mut corner = [0.0; 3];
    for k in 0..3 {
        if flips[k] {
            corner[order[k]] = (old.size()[order[k]] - 1) as f64;
        }
    }
    let origin = old.world_from_voxel(Vec3(corner).into());
    let turned = [0, 1, 2].map(|k| {
        // Without the test, 0 would become -0.
        axes[k].map(|side| if flips[k] && side != 0.0 { -side } else { side })
    });
    let spacing = Vec3(order.map(|axis| spacing[axis]));
    let size = order.map(|axis| old.size()[axis]);
    let mut geometry = VolumeGeometry::new(size, origin, spacing.into(), Axes(turned))?;
    if placed {
        let place = |z: usize| {
            let mut first = corner;
            first[2] = if flips[2] { size[2] - 1 - z } else { z } as f64;
            old.world_from_voxel(Vec3(first).into())
        };
        geometry = geometry.with_slices_at((0..size[2]).map(place).collect())?;
    }
    let samples = match samples {
        Samples::Int16(samples) => Samples::Int16(turn(samples, old.size(), order, flips)),
        Samples::Float32(samples) => Samples::Float32(turn(samples, old.size(), order, flips)),
    };
    Volume::new(samples, geometry).map_err(|error| GridError::Damaged(error.to_string()))
}

/// For x, y and z of the body the array's axis that runs most along it, each once.
fn order(axes: Axes) -> [usize; 3] {
    const ORDERS: [[usize; 3]; 6] =
        [[0, 1, 2], [1, 0, 2], [0, 2, 1], [2, 1, 0], [1, 2, 0], [2, 0, 1]];
    let along = |order: &[usize; 3]| (0..3).map(|k| axes[order[k]][k].abs()).sum::<f64>();
    // The first of equals: what is as it should be stays.
    ORDERS
        .into_iter()
        .reduce(|best, next| if along(&next) > along(&best) + 1e-9 { next } else { best })
        .unwrap_or([0, 1, 2])
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
