//! A volume, slice by slice: in which order, and what the slices' peaks are in the body.

use super::Peak;
use crate::geometry::{VolumeGeometry, VoxelPoint, WorldMm};

/// Slices apart in the first pass; each further pass halves it.
const COARSEST: usize = 8;

/// A place in the body that may hold a nodule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding {
    /// Where in the array: the pixel that the most probable patch is centred on, and its slice.
    pub voxel: VoxelPoint,
    /// Where in the body.
    pub world: WorldMm,
    /// First and last slice in which it was found.
    pub slices: [usize; 2],
    /// Of the most probable patch.
    pub probability: f32,
    /// In the slice of the most probable patch; `None` where it cannot be told.
    pub diameter_mm: Option<f64>,
}

/// All slices, coarse first: every 8th, then those half-way between, and so on.
#[must_use]
pub fn slice_order(depth: usize) -> Vec<usize> {
    let mut order = Vec::with_capacity(depth);
    let mut apart = COARSEST;
    order.extend((0..depth).step_by(apart));
    while apart > 1 {
        order.extend((apart / 2..depth).step_by(apart));
        apart /= 2;
    }
    order
}

/// Peaks of slices, `(slice, peak)`, as findings, most probable first. A peak within
/// `min_distance_mm` of a more probable one, or within its body, is part of it.
#[must_use]
pub fn merge(
    peaks: &[(usize, Peak)],
    geometry: &VolumeGeometry,
    min_distance_mm: f64,
) -> Vec<Finding> {
    let mut sorted: Vec<&(usize, Peak)> = peaks.iter().collect();
    // By place where probabilities are equal, so that the order of slices does not matter.
    sorted.sort_by(|(z, a), (other_z, b)| {
        b.probability
            .total_cmp(&a.probability)
            .then(z.cmp(other_z))
            .then(a.pixel[1].total_cmp(&b.pixel[1]))
            .then(a.pixel[0].total_cmp(&b.pixel[0]))
    });
    let mut findings: Vec<Finding> = Vec::new();
    for (z, peak) in sorted {
        let voxel = VoxelPoint { x: peak.pixel[0], y: peak.pixel[1], z: *z as f64 };
        let world = geometry.world_from_voxel(voxel);
        let near = findings.iter_mut().find(|finding| {
            let body = finding.diameter_mm.map_or(0.0, |diameter| diameter / 2.0);
            finding.world.distance(world) < min_distance_mm.max(body)
        });
        if let Some(finding) = near {
            finding.slices = [finding.slices[0].min(*z), finding.slices[1].max(*z)];
        } else {
            let (probability, diameter_mm) = (peak.probability, peak.diameter_mm);
            findings.push(Finding { voxel, world, slices: [*z; 2], probability, diameter_mm });
        }
    }
    findings
}

/// The scan of a volume: which slice is next, and what was found so far. It holds peaks only, so
/// that memory does not follow the volume.
#[derive(Clone, Debug)]
pub struct VolumeScan {
    geometry: VolumeGeometry,
    order: Vec<usize>,
    next: usize,
    peaks: Vec<(usize, Peak)>,
    along_z: Vec<Option<f32>>,
}

impl VolumeScan {
    /// Nothing scanned yet.
    #[must_use]
    pub fn new(geometry: VolumeGeometry) -> Self {
        let depth = geometry.size()[2];
        let along_z = vec![None; depth];
        Self { geometry, order: slice_order(depth), next: 0, peaks: Vec::new(), along_z }
    }

    /// The slice to scan now; `None` when all are.
    #[must_use]
    pub fn next_slice(&self) -> Option<usize> {
        self.order.get(self.next).copied()
    }

    /// Slices that are done, and all.
    #[must_use]
    pub fn progress(&self) -> super::Progress {
        super::Progress { done: self.next, total: self.order.len() }
    }

    /// Takes what was found in [`Self::next_slice`] and goes on to the one after. `highest`: the
    /// highest probability of its heat map, `None` without lung.
    pub fn add(&mut self, peaks: &[Peak], highest: Option<f32>) {
        if let Some(z) = self.next_slice() {
            self.peaks.extend(peaks.iter().map(|peak| (z, *peak)));
            self.along_z[z] = highest;
            self.next += 1;
        }
    }

    /// Highest probability of each slice, in the array's order; `None` where there is none (yet).
    #[must_use]
    pub fn along_z(&self) -> &[Option<f32>] {
        &self.along_z
    }

    /// What was found so far, most probable first; see [`merge`].
    #[must_use]
    pub fn findings(&self, min_distance_mm: f64) -> Vec<Finding> {
        merge(&self.peaks, &self.geometry, min_distance_mm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::SpacingMm;

    fn geometry(flipped: bool) -> VolumeGeometry {
        let sign = if flipped { -1.0 } else { 1.0 };
        let axes = [[sign, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, sign]];
        let origin = WorldMm { x: -100.0, y: -90.0, z: 30.0 };
        let spacing = SpacingMm { x: 0.7, y: 0.8, z: 2.5 };
        VolumeGeometry::new([300, 200, 21], origin, spacing, axes).unwrap()
    }

    fn peak(x: f64, y: f64, probability: f32) -> Peak {
        Peak { pixel: [x, y], probability, diameter_mm: Some(6.0) }
    }

    #[test]
    fn slices_come_coarse_first_and_each_once() {
        assert_eq!(slice_order(12), [0, 8, 4, 2, 6, 10, 1, 3, 5, 7, 9, 11]);
        for depth in [0, 1, 7, 8, 9, 64, 333] {
            let mut order = slice_order(depth);
            order.sort_unstable();
            assert_eq!(order, (0..depth).collect::<Vec<_>>());
        }
    }

    #[test]
    fn neighbouring_slices_are_one_finding_and_distant_ones_are_not() {
        let peaks = [
            (3, peak(100.0, 60.0, 0.7)),
            (4, peak(104.0, 60.0, 0.9)),
            (6, peak(100.0, 56.0, 0.8)),
            // 12.5 mm further, and another place.
            (9, peak(104.0, 60.0, 0.6)),
            (4, peak(140.0, 60.0, 0.95)),
        ];
        for flipped in [false, true] {
            let geometry = geometry(flipped);
            let found = merge(&peaks, &geometry, 10.0);
            let told: Vec<_> = found.iter().map(|f| (f.slices, f.probability)).collect();
            assert_eq!(told, [([4, 4], 0.95), ([3, 6], 0.9), ([9, 9], 0.6)]);
            assert_eq!(found[1].voxel, VoxelPoint { x: 104.0, y: 60.0, z: 4.0 });
            let sign = if flipped { -1.0 } else { 1.0 };
            assert!((found[1].world.x - (-100.0 + sign * 72.8)).abs() < 1e-9);
            assert!((found[1].world.z - (30.0 + sign * 10.0)).abs() < 1e-9);
        }
    }

    #[test]
    fn the_order_in_which_slices_come_does_not_matter() {
        let mut scan = VolumeScan::new(geometry(false));
        let mut all = Vec::new();
        while let Some(z) = scan.next_slice() {
            let here = [peak(50.0 + z as f64, 60.0, 0.5), peak(200.0, 60.0, 0.1 * (z % 7) as f32)];
            scan.add(&here, (z != 5).then_some(0.5));
            all.extend(here.map(|peak| (z, peak)));
        }
        assert!(scan.progress().finished() && scan.next_slice().is_none());
        assert_eq!((scan.along_z()[4], scan.along_z()[5]), (Some(0.5), None));
        all.sort_by_key(|(z, _)| *z);
        assert_eq!(scan.findings(10.0), merge(&all, &geometry(false), 10.0));
        scan.add(&[peak(0.0, 0.0, 1.0)], None);
        assert!(scan.findings(10.0).iter().all(|finding| finding.probability < 1.0));
    }
}
