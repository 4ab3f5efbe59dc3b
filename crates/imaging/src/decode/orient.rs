//! Volumes in one piece, turned so that the viewer shows them as a radiologist expects: x to
//! the patient's left, y to the back, z to the head. NIfTI files mostly come upside down.
//!
//! Only flips and swaps of axes: no voxel is changed, and each keeps its place in the body.

use super::grid::GridError;
use super::turn;
use crate::geometry::{Axes, Vec3, VolumeGeometry};
use crate::volume::Volume;

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
    let samples = turn::turned(samples, old.size(), order, flips);
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
