//! A volume, slice by slice: in which order, and what the slices' peaks are in the body.

use super::peaks::Peak;
use nodulens_imaging::geometry::{VolumeGeometry, VoxelPoint, WorldMm};
use std::cmp::Ordering;
use std::collections::BTreeMap;

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

/// Peaks of slices, `(slice, peak)`, as findings, most probable first.
///
/// Peaks that follow each other within half of `min_distance_mm` are one body, however long: a
/// large nodule has one in each of its slices. Then a body whose most probable peak lies within
/// `min_distance_mm` of a more probable one, or within its diameter, is part of it.
#[must_use]
pub fn merge(
    peaks: &[(usize, Peak)],
    geometry: &VolumeGeometry,
    min_distance_mm: f64,
) -> Vec<Finding> {
    let mut places: Vec<Finding> =
        peaks.iter().map(|(z, peak)| place(*z, peak, geometry)).collect();
    // By slice, so that neighbours are near in the list.
    places.sort_by_key(|place| place.slices[0]);
    let mut bodies = bodies(&places, geometry.spacing_mm().z, min_distance_mm / 2.0);
    // By place where probabilities are equal, so that the order of slices does not matter.
    bodies.sort_by(order);
    let mut findings: Vec<Finding> = Vec::new();
    for body in bodies {
        let near = findings.iter_mut().find(|finding| {
            let radius = finding.diameter_mm.map_or(0.0, |diameter| diameter / 2.0);
            finding.world.distance(body.world) < min_distance_mm.max(radius)
        });
        match near {
            Some(finding) => finding.slices = hull(finding.slices, body.slices),
            None => findings.push(body),
        }
    }
    findings
}

fn place(z: usize, peak: &Peak, geometry: &VolumeGeometry) -> Finding {
    let voxel = VoxelPoint { x: peak.pixel[0], y: peak.pixel[1], z: z as f64 };
    let world = geometry.world_from_voxel(voxel);
    let (probability, diameter_mm) = (peak.probability, peak.diameter_mm);
    Finding { voxel, world, slices: [z; 2], probability, diameter_mm }
}

/// Most probable first, then by place.
fn order(a: &Finding, b: &Finding) -> Ordering {
    let by = |f: fn(&Finding) -> f64| f(a).total_cmp(&f(b));
    b.probability
        .total_cmp(&a.probability)
        .then(by(|f| f.voxel.z))
        .then(by(|f| f.voxel.y))
        .then(by(|f| f.voxel.x))
}

fn hull(a: [usize; 2], b: [usize; 2]) -> [usize; 2] {
    [a[0].min(b[0]), a[1].max(b[1])]
}

/// Chains of places, sorted by slice, each as its most probable place and all its slices.
fn bodies(places: &[Finding], slices_mm: f64, link_mm: f64) -> Vec<Finding> {
    // Each place's chain is named by a place; a name may have been given another.
    let mut chains: Vec<usize> = (0..places.len()).collect();
    fn name(chains: &[usize], mut place: usize) -> usize {
        while chains[place] != place {
            place = chains[place];
        }
        place
    }
    for (i, one) in places.iter().enumerate() {
        let reach =
            |other: &&Finding| (other.slices[0] - one.slices[0]) as f64 * slices_mm <= link_mm;
        for (j, other) in places[i + 1..].iter().take_while(reach).enumerate() {
            if other.world.distance(one.world) <= link_mm {
                let (a, b) = (name(&chains, i), name(&chains, i + 1 + j));
                chains[a.max(b)] = a.min(b);
            }
        }
    }
    let mut bodies: BTreeMap<usize, Finding> = BTreeMap::new();
    for (i, place) in places.iter().enumerate() {
        bodies
            .entry(name(&chains, i))
            .and_modify(|body| {
                let slices = hull(body.slices, place.slices);
                if order(place, body) == Ordering::Less {
                    *body = *place;
                }
                body.slices = slices;
            })
            .or_insert(*place);
    }
    bodies.into_values().collect()
}

/// The scan of a volume: which slice is next, and what was found so far. It holds peaks only, so
/// that memory does not follow the volume.
#[derive(Clone, Debug)]
pub struct VolumeSearch {
    geometry: VolumeGeometry,
    order: Vec<usize>,
    next: usize,
    peaks: Vec<(usize, Peak)>,
    along_z: Vec<Option<f32>>,
}

impl VolumeSearch {
    /// Nothing scanned yet.
    #[must_use]
    pub fn new(geometry: VolumeGeometry) -> Self {
        let depth = geometry.size()[2];
        let along_z = vec![None; depth];
        Self { geometry, order: slice_order(depth), next: 0, peaks: Vec::new(), along_z }
    }

    /// Return the slice to scan now; `None` when all are.
    #[must_use]
    pub fn next_slice(&self) -> Option<usize> {
        self.order.get(self.next).copied()
    }

    /// Slices that are done, and all.
    #[must_use]
    pub fn progress(&self) -> super::slice::Progress {
        super::slice::Progress { done: self.next, total: self.order.len() }
    }

    /// Take what was found in [`Self::next_slice`] and goes on to the one after. `highest`: the
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

    /// Return what was found so far, most probable first; see [`merge`].
    #[must_use]
    pub fn findings(&self, min_distance_mm: f64) -> Vec<Finding> {
        merge(&self.peaks, &self.geometry, min_distance_mm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nodulens_imaging::geometry::SpacingMm;

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
    fn a_long_body_is_one_finding_whatever_its_most_probable_slices_are() {
        // 17.5 mm of it, the ends most probable.
        let peaks: Vec<_> = (2..10)
            .map(|z| (z, peak(80.0 + z as f64, 60.0, if z == 2 || z == 9 { 0.99 } else { 0.6 })))
            .collect();
        let found = merge(&peaks, &geometry(false), 10.0);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].slices, found[0].voxel.z), ([2, 9], 2.0));
    }

    #[test]
    fn the_order_in_which_slices_come_does_not_matter() {
        let mut scan = VolumeSearch::new(geometry(false));
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
