//! A synthetic chest CT with known nodules: a scan to try the whole way from LUNA16's files on.
//!
//! Body, two lungs, vessels, and in the lungs round nodules whose place and diameter are known
//! in millimetres. It is described in the body and then sampled, so the same anatomy can be
//! stored in another direction.

use super::{Capsule, EDGE_PX, LUNG_HU, NOISE_HU, SOFT_TISSUE_HU, between, normal};
use crate::geometry::{Axes, GeometryError, SpacingMm, Vec3, VolumeGeometry, VoxelPoint, WorldMm};
use crate::volume::{Samples, Volume};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// CT number outside the body, HU.
const AIR_HU: f32 = -1000.0;
/// Tubes in each lung.
const VESSELS: usize = 6;
/// Most attempts to place a body apart from the others.
const ATTEMPTS: usize = 200;

/// A nodule of a synthetic scan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nodule {
    /// Its centre.
    pub center: WorldMm,
    /// Its diameter in mm.
    pub diameter_mm: f64,
}

/// A synthetic scan and what was put into it.
#[derive(Clone, Debug, PartialEq)]
pub struct Chest {
    /// The scan, upright: x to the patient's left, y to the back, z to the head.
    pub volume: Volume,
    /// Its nodules.
    pub nodules: Vec<Nodule>,
    /// Places without a nodule that a detector might point at: vessels and bare lung.
    pub others: Vec<WorldMm>,
}

/// A scan of `size` voxels (x, y, z) with `nodules` nodules of 5 to 9 mm and `others` other
/// places. The same seed gives the same scan; fewer nodules where there is no room.
///
/// # Errors
/// A size or spacing that is no volume.
pub fn chest(
    seed: u64,
    size: [usize; 3],
    spacing: SpacingMm,
    nodules: usize,
    others: usize,
) -> Result<Chest, GeometryError> {
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    // Somewhere in the scanner: an origin of zero would hide mistakes.
    let draw = |rng: &mut Pcg64Mcg, from, to| f64::from(between(rng, from, to));
    let origin = WorldMm {
        x: draw(&mut rng, -230.0, -150.0),
        y: draw(&mut rng, -230.0, -150.0),
        z: draw(&mut rng, -400.0, -100.0),
    };
    let geometry = VolumeGeometry::new(size, origin, spacing, Axes::IDENTITY)?;
    let far = Vec3(size.map(|side| side as f64 - 1.0));
    let far = geometry.world_from_voxel(far.into());
    let half = (Vec3::from(far) - Vec3::from(origin)) / 2.0;
    let body = Outlines { middle: Vec3::from(origin) + half, half };

    let mut placed: Vec<Nodule> = Vec::new();
    for i in 0..nodules * ATTEMPTS {
        if placed.len() == nodules {
            break;
        }
        let diameter_mm = draw(&mut rng, 5.0, 9.0);
        let center = body.in_lung(&mut rng, i % 2 == 0, diameter_mm / 2.0 + 3.0);
        let apart = |other: &Nodule| other.center.distance(center) > 20.0;
        if body.lung(Vec3::from(center)) > 0.0 && placed.iter().all(apart) {
            placed.push(Nodule { center, diameter_mm });
        }
    }
    let clear = |at: WorldMm, margin: f64| {
        placed.iter().all(|nodule| nodule.center.distance(at) > nodule.diameter_mm / 2.0 + margin)
    };
    let mut vessels: Vec<Capsule> = Vec::new();
    for i in 0..2 * VESSELS * ATTEMPTS {
        if vessels.len() == 2 * VESSELS {
            break;
        }
        let left = i % 2 == 0;
        let (from, to) = (body.in_lung(&mut rng, left, 2.0), body.in_lung(&mut rng, left, 2.0));
        let radius = draw(&mut rng, 0.6, 1.6);
        let vessel = Capsule { from: Vec3::from(from), to: Vec3::from(to), radius };
        if placed.iter().all(|nodule| {
            vessel.distance(Vec3::from(nodule.center)) > nodule.diameter_mm / 2.0 + radius + 3.0
        }) {
            vessels.push(vessel);
        }
    }
    let mut positions = Vec::new();
    for i in 0..others * ATTEMPTS {
        if positions.len() == others {
            break;
        }
        let at = match vessels.get(i / 2) {
            // Every second one on a vessel, as long as there are any.
            Some(vessel) if i % 2 == 0 => ((vessel.from + vessel.to) / 2.0).into(),
            _ => body.in_lung(&mut rng, i % 4 < 2, 2.0),
        };
        if clear(at, 5.0) {
            positions.push(at);
        }
    }

    let mut samples = Vec::with_capacity(size.iter().product());
    for z in 0..size[2] {
        for y in 0..size[1] {
            for x in 0..size[0] {
                let voxel = VoxelPoint { x: x as f64, y: y as f64, z: z as f64 };
                let at = Vec3::from(geometry.world_from_voxel(voxel));
                let hu = body.hu(at, &vessels, &placed) + NOISE_HU / 2.0 * normal(&mut rng);
                samples.push(hu as i16);
            }
        }
    }
    let volume = Volume::new(Samples::Int16(samples), geometry);
    // The loops above make one sample a voxel.
    let volume = volume.unwrap_or_else(|_| unreachable!("a phantom fills its grid"));
    Ok(Chest { volume, nodules: placed, others: positions })
}

impl Chest {
    /// The same anatomy stored in the opposite direction along the chosen axes (x, y, z), as some
    /// of LUNA16's scans are: the very same voxels in another order, with axes that say so.
    ///
    /// # Errors
    /// None in practice: a reversed volume is a volume.
    pub fn reversed(&self, axes: [bool; 3]) -> Result<Self, GeometryError> {
        let old = self.volume.geometry();
        let size = old.size();
        let turn = |index: usize, k: usize| if axes[k] { size[k] - 1 - index } else { index };
        let first = VoxelPoint { x: turn(0, 0) as f64, y: turn(0, 1) as f64, z: turn(0, 2) as f64 };
        let signed = Axes([0, 1, 2].map(|k| {
            let sign = if axes[k] { -1.0 } else { 1.0 };
            // Adding zero makes a negative zero positive.
            old.axes()[k] * sign + Vec3::ZERO
        }));
        let origin = old.world_from_voxel(first);
        let geometry = VolumeGeometry::new(size, origin, old.spacing_mm(), signed)?;
        let mut samples = Vec::with_capacity(size.iter().product());
        for z in 0..size[2] {
            for y in 0..size[1] {
                for x in 0..size[0] {
                    let (x, y, z) = (turn(x, 0) as i64, turn(y, 1) as i64, turn(z, 2) as i64);
                    samples.push(self.volume.hu(x, y, z).map_or(0, |hu| hu.0 as i16));
                }
            }
        }
        let volume = Volume::new(Samples::Int16(samples), geometry);
        let volume = volume.unwrap_or_else(|_| unreachable!("a reversed phantom fills its grid"));
        Ok(Self { volume, nodules: self.nodules.clone(), others: self.others.clone() })
    }
}

/// Ellipses in every slice.
struct Outlines {
    middle: Vec3,
    /// Half the extent of the volume in mm.
    half: Vec3,
}

impl Outlines {
    /// Centre (x) and radii (x, y) of a lung, in mm from the middle.
    fn lung_ellipse(&self, left: bool) -> (f64, [f64; 2]) {
        let side = if left { 0.46 } else { -0.46 };
        (side * self.half[0], [0.40 * self.half[0], 0.68 * self.half[1]])
    }

    /// Depth within the nearer lung in mm, negative outside.
    fn lung(&self, at: Vec3) -> f64 {
        let (dx, dy) = (at[0] - self.middle[0], at[1] - self.middle[1]);
        let (center, radii) = self.lung_ellipse(dx > 0.0);
        let (u, v) = ((dx - center) / radii[0], dy / radii[1]);
        (1.0 - libm::sqrt(u * u + v * v)) * radii[0].min(radii[1])
    }

    /// Depth within the body in mm, negative outside.
    fn body(&self, at: Vec3) -> f64 {
        let (u, v) = (
            (at[0] - self.middle[0]) / (0.97 * self.half[0]),
            (at[1] - self.middle[1]) / (0.92 * self.half[1]),
        );
        (1.0 - libm::sqrt(u * u + v * v)) * self.half[0].min(self.half[1])
    }

    /// A place in a lung, `margin` mm from its wall where it is wide enough.
    fn in_lung(&self, rng: &mut impl Rng, left: bool, margin: f64) -> WorldMm {
        let (center, radii) = self.lung_ellipse(left);
        let angle = f64::from(between(rng, 0.0, core::f32::consts::TAU));
        let far = libm::sqrt(f64::from(between(rng, 0.0, 1.0)));
        let room = radii.map(|radius| (radius - margin).max(0.0) * far);
        let z = (self.half[2] - margin).max(0.0) * f64::from(between(rng, -1.0, 1.0));
        WorldMm {
            x: self.middle[0] + center + room[0] * libm::cos(angle),
            y: self.middle[1] + room[1] * libm::sin(angle),
            z: self.middle[2] + z,
        }
    }

    /// HU without noise.
    fn hu(&self, at: Vec3, vessels: &[Capsule], nodules: &[Nodule]) -> f32 {
        let mix = |under: f32, over: f32, depth: f64| {
            under + (over - under) / (1.0 + libm::expf(-depth as f32 / (EDGE_PX / 4.0)))
        };
        let lung = mix(mix(AIR_HU, SOFT_TISSUE_HU, self.body(at)), LUNG_HU, self.lung(at));
        let vessel = vessels.iter().map(|vessel| vessel.radius - vessel.distance(at));
        let nodule = nodules
            .iter()
            .map(|nodule| nodule.diameter_mm / 2.0 - nodule.center.distance(at.into()));
        let depth = vessel.chain(nodule).fold(f64::NEG_INFINITY, f64::max);
        mix(lung, SOFT_TISSUE_HU, depth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPACING: SpacingMm = SpacingMm { x: 0.7, y: 0.7, z: 2.5 };

    fn hu_at(chest: &Chest, world: WorldMm) -> f32 {
        let voxel = chest.volume.geometry().voxel_from_world(world);
        let [x, y, z] = [voxel.x, voxel.y, voxel.z].map(|coordinate| coordinate.round() as i64);
        chest.volume.hu(x, y, z).unwrap().0
    }

    #[test]
    fn nodules_are_dense_where_they_were_put_and_stay_there_when_storage_is_reversed() {
        let chest = chest(5, [120, 100, 24], SPACING, 2, 12).unwrap();
        assert_eq!((chest.nodules.len(), chest.others.len()), (2, 12));
        let reversed = chest.reversed([true, true, false]).unwrap();
        assert_ne!(chest.volume.samples(), reversed.volume.samples());
        for nodule in &chest.nodules {
            assert!(hu_at(&chest, nodule.center) > -150.0);
            assert_eq!(hu_at(&chest, nodule.center), hu_at(&reversed, nodule.center));
        }
        let again = reversed.reversed([true, true, false]).unwrap();
        assert_eq!(again.volume.samples(), chest.volume.samples());
    }

    #[test]
    fn impossible_sizes_are_errors() {
        assert!(chest(1, [0, 5, 7], SPACING, 1, 1).is_err());
        // No room for a nodule, but a scan.
        assert!(chest(1, [3, 5, 7], SPACING, 1, 1).is_ok());
    }
}
