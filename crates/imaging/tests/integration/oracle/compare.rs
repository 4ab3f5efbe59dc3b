//! Whether a scan is what a file means.

use super::meaning::Meant;
use nodulens_imaging::decode::series::Series;
use nodulens_imaging::geometry::WorldMm;

/// Furthest that a voxel's centre may lie from its place, in voxels: headers of 32 bits round.
const OFF: f64 = 5e-3;

/// Every voxel's value and place, and that there are no others; the reason where one differs.
pub fn differ(series: &Series, meant: &Meant) -> Option<String> {
    let (mut ours, mut theirs) = (series.volume.geometry().size(), meant.size);
    ours.sort_unstable();
    theirs.sort_unstable();
    if ours != theirs {
        return Some(format!("the size is {ours:?}, not {theirs:?}"));
    }
    lack(series, meant)
}

/// Every voxel's value and place, whatever else the scan holds: of a slice in a volume.
pub fn lack(series: &Series, meant: &Meant) -> Option<String> {
    let geometry = series.volume.geometry();
    let [width, height, depth] = meant.size;
    for i in 0..width * height * depth {
        let index = [i % width, i / width % height, i / width / height];
        let along = |k: usize| -> f64 {
            (0..3).map(|axis| index[axis] as f64 * meant.steps[axis][k]).sum::<f64>()
                + meant.origin[k]
        };
        let world = WorldMm { x: along(0), y: along(1), z: along(2) };
        let voxel = geometry.voxel_from_world(world);
        let place = [voxel.x, voxel.y, voxel.z];
        if place.iter().any(|side| (side - side.round()).abs() > OFF) {
            return Some(format!("voxel {index:?} lies at {place:?}, between others"));
        }
        let [x, y, z] = place.map(|side| side.round() as i64);
        let found = series.volume.hu(x, y, z).map(|hu| hu.0);
        let right = meant.hu[i] as f32;
        // Readers of others scale in 32 bits.
        if !found.is_some_and(|hu| (hu - right).abs() <= right.abs() * 1e-6) {
            return Some(format!("voxel {index:?} is {found:?}, not {right}"));
        }
    }
    None
}
