//! A synthetic chest CT of full size, slice by slice: the example that needs no file, and a scan
//! whose nodules are known to the millimetre.
//!
//! Skin, fat, chest wall with ribs, spine and sternum, two lungs around heart, aorta and airways,
//! a diaphragm, vessels that branch from the hila, grain, and nodules of chosen diameter and
//! density. It is a drawing, not a patient: what networks do here says nothing of how good they
//! are. The same seed gives the same HU on every target.

mod anatomy;
mod vessels;

use super::{Capsule, between};
use crate::geometry::{Axes, GeometryError, SpacingMm, Vec3, VolumeGeometry, VoxelPoint, WorldMm};
use crate::volume::{Samples, Volume};
use anatomy::{Anatomy, covered};
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use vessels::branches;

/// What files made from it must say.
pub const SYNTHETIC: &str = "Synthetic chest phantom by Nodulens, not a patient";

/// Standard deviation of the grain before blurring, HU.
const GRAIN_HU: f32 = 55.0;
/// Room between nodules, mm.
const APART_MM: f64 = 25.0;
/// Most attempts to place a nodule.
const ATTEMPTS: usize = 400;

/// What a nodule is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Density {
    /// Soft tissue.
    Solid,
    /// Ground glass around a solid core of half the diameter.
    PartSolid,
    /// Ground glass: denser than lung, lighter than tissue.
    GroundGlass,
}

/// A nodule to put in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Planned {
    /// In mm, 3 to 40.
    pub diameter_mm: f64,
    /// What it is made of.
    pub density: Density,
    /// At the chest wall rather than within the lung.
    pub pleural: bool,
}

/// A nodule that was put in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Planted {
    /// Its centre.
    pub center: WorldMm,
    /// What was asked for.
    pub planned: Planned,
}

/// The nodules of the example: small and large, solid and faint, within and at the wall.
pub const EXAMPLE: [Planned; 7] = [
    planned(5.0, Density::Solid, false),
    planned(6.0, Density::Solid, false),
    planned(8.0, Density::Solid, false),
    planned(10.0, Density::Solid, true),
    planned(12.0, Density::PartSolid, false),
    planned(14.0, Density::GroundGlass, false),
    planned(18.0, Density::Solid, false),
];

const fn planned(diameter_mm: f64, density: Density, pleural: bool) -> Planned {
    Planned { diameter_mm, density, pleural }
}

/// A chest, described but not drawn.
#[derive(Clone, Debug)]
pub struct Thorax {
    geometry: VolumeGeometry,
    anatomy: Anatomy,
    vessels: Vec<Capsule>,
    nodules: Vec<Planted>,
    seed: u64,
}

impl Thorax {
    /// A chest that fills `size` voxels (x, y, z) with these nodules; fewer where there is no room.
    /// The field of view along x is taken to be as wide as a body and a finger more.
    ///
    /// # Errors
    /// A size or spacing that is no volume.
    pub fn new(
        seed: u64,
        size: [usize; 3],
        spacing: SpacingMm,
        nodules: &[Planned],
    ) -> Result<Self, GeometryError> {
        let mut rng = Pcg64Mcg::seed_from_u64(seed);
        let extent = Vec3([
            size[0].saturating_sub(1) as f64 * spacing.x,
            size[1].saturating_sub(1) as f64 * spacing.y,
            size[2].saturating_sub(1) as f64 * spacing.z,
        ]);
        // Somewhere in the scanner: an origin of zero would hide mistakes.
        let origin = WorldMm {
            x: (-extent[0] / 2.0 + f64::from(between(&mut rng, -9.0, 9.0))).round(),
            y: (-extent[1] / 2.0 - f64::from(between(&mut rng, 20.0, 60.0))).round(),
            z: f64::from(between(&mut rng, -400.0, -100.0)).round(),
        };
        let geometry = VolumeGeometry::new(size, origin, spacing, Axes::IDENTITY)?;
        let anatomy = Anatomy::new(Vec3::from(origin) + extent / 2.0, extent);
        let mut vessels = branches(&mut rng, &anatomy);
        let nodules = plant(&mut rng, &anatomy, extent, nodules);
        // Room around each nodule, so that its edge is its own.
        vessels.retain(|vessel| {
            nodules.iter().all(|nodule| {
                let radius = nodule.planned.diameter_mm / 2.0;
                vessel.distance(nodule.center.into()) > radius + vessel.radius + 2.0
            })
        });
        Ok(Self { geometry, anatomy, vessels, nodules, seed })
    }

    /// The example of page and command line: 512 x 512 x 48 voxels of 0.7 x 0.7 x 2.5 mm with
    /// [`EXAMPLE`]'s nodules.
    ///
    /// # Errors
    /// None in practice.
    pub fn example(seed: u64) -> Result<Self, GeometryError> {
        let spacing = SpacingMm { x: 0.7, y: 0.7, z: 2.5 };
        Self::new(seed, [512, 512, 48], spacing, &EXAMPLE)
    }

    /// Its grid: upright, x to the patient's left, y to the back, z to the head.
    #[must_use]
    pub fn geometry(&self) -> &VolumeGeometry {
        &self.geometry
    }

    /// What was put into it.
    #[must_use]
    pub fn nodules(&self) -> &[Planted] {
        &self.nodules
    }

    /// HU of a slice, row-major; slices may be drawn in any order. Air beyond the grid.
    #[must_use]
    pub fn slice(&self, z: usize) -> Vec<i16> {
        let [width, height, _] = self.geometry.size();
        let origin = self.geometry.world_from_voxel(VoxelPoint { x: 0.0, y: 0.0, z: z as f64 });
        let spacing = self.geometry.spacing_mm();
        let level = self.anatomy.at_level(origin.z);
        let mut hu = vec![0.0; width * height];
        let mut lung = vec![0.0; width * height];
        for y in 0..height {
            let at_y = origin.y + y as f64 * spacing.y;
            for x in 0..width {
                let at_x = origin.x + x as f64 * spacing.x;
                (hu[y * width + x], lung[y * width + x]) = level.hu(at_x, at_y);
            }
        }
        let mut paint = |center: [f64; 2], reach: f64, body: &dyn Fn(f64, f64) -> (f32, f32)| {
            let range = |from: f64, center: f64, step: f64, count: usize| {
                let first = ((center - reach - from) / step).floor().max(0.0) as usize;
                first
                    ..(((center + reach - from) / step).ceil() + 1.0).clamp(0.0, count as f64)
                        as usize
            };
            for y in range(origin.y, center[1], spacing.y, height) {
                for x in range(origin.x, center[0], spacing.x, width) {
                    let at = [origin.x + x as f64 * spacing.x, origin.y + y as f64 * spacing.y];
                    let (value, depth) = body(at[0], at[1]);
                    let i = y * width + x;
                    // Vessels and nodules are denser than what they lie in.
                    let over = hu[i] + (value - hu[i]) * covered(depth).min(lung[i]);
                    hu[i] = hu[i].max(over);
                }
            }
        };
        for vessel in &self.vessels {
            if let Some((center, reach)) = vessels::at_level(vessel, origin.z, 1.5) {
                paint(center, reach, &|x, y| {
                    (40.0, (vessel.radius - vessel.distance(Vec3([x, y, origin.z]))) as f32)
                });
            }
        }
        for Planted { center, planned } in &self.nodules {
            let radius = planned.diameter_mm / 2.0;
            if (center.z - origin.z).abs() > radius + 1.5 {
                continue;
            }
            let far = |x: f64, y: f64| center.distance(WorldMm { x, y, z: origin.z });
            let center_xy = [center.x, center.y];
            let outer = if planned.density == Density::Solid { 30.0 } else { -580.0 };
            paint(center_xy, radius + 2.0, &|x, y| (outer, (radius - far(x, y)) as f32));
            if planned.density == Density::PartSolid {
                paint(center_xy, radius, &|x, y| (20.0, (radius / 2.0 - far(x, y)) as f32));
            }
        }
        let mut rng = Pcg64Mcg::seed_from_u64(self.seed ^ (z as u64 + 1).wrapping_mul(0x9E37_79B9));
        for hu in &mut hu {
            *hu += GRAIN_HU * grain(&mut rng);
        }
        blur(&mut hu, width);
        hu.into_iter().map(|hu| hu.clamp(-1024.0, 3071.0) as i16).collect()
    }

    /// All slices at once.
    #[must_use]
    pub fn volume(&self) -> Volume {
        let depth = self.geometry.size()[2];
        let samples = (0..depth).flat_map(|z| self.slice(z)).collect();
        let volume = Volume::new(Samples::Int16(samples), self.geometry.clone());
        // Every slice fills its part of the grid.
        volume.unwrap_or_else(|_| unreachable!("a phantom fills its grid"))
    }
}

/// Places the nodules in turn, the largest first, for it needs most room.
fn plant(rng: &mut Pcg64Mcg, anatomy: &Anatomy, extent: Vec3, nodules: &[Planned]) -> Vec<Planted> {
    let mut sorted = nodules.to_vec();
    sorted.sort_by(|a, b| b.diameter_mm.total_cmp(&a.diameter_mm));
    let mut placed: Vec<Planted> = Vec::new();
    for planned in sorted {
        let radius = planned.diameter_mm / 2.0;
        // Depth of the centre: well within, or so that a third lies in the wall.
        let depth = if planned.pleural { radius * 0.2..radius * 0.6 } else { radius + 4.0..60.0 };
        for _ in 0..ATTEMPTS {
            let room = [extent[0], extent[1], (extent[2] - planned.diameter_mm).max(0.0)];
            let coordinate = |k: usize, rng: &mut Pcg64Mcg| {
                anatomy.middle[k] + room[k] * f64::from(between(rng, -0.5, 0.5))
            };
            let at = Vec3([coordinate(0, rng), coordinate(1, rng), coordinate(2, rng)]);
            let center = WorldMm::from(at);
            let level = anatomy.at_level(at[2]);
            let lateral = !planned.pleural || level.near_chest_wall(at[0], at[1]);
            let apart = |other: &Planted| other.center.distance(center) > APART_MM;
            if lateral && depth.contains(&level.lung(at[0], at[1])) && placed.iter().all(apart) {
                placed.push(Planted { center, planned });
                break;
            }
        }
    }
    placed
}

/// About standard normal, from one number: four uniform parts.
fn grain(rng: &mut impl Rng) -> f32 {
    let bits: u64 = rng.random();
    let sum: u64 = (0..4).map(|part| bits >> (16 * part) & 0xFFFF).sum();
    // The sum of four has a standard deviation of 65536 * sqrt(4 / 12).
    (sum as f32 - 2.0 * 65_535.0) / 37_837.0
}

/// Binomial blur of three pixels along each axis; the border keeps its own.
fn blur(values: &mut [f32], width: usize) {
    for row in values.chunks_exact_mut(width.max(1)) {
        let mut before = row.first().copied().unwrap_or(0.0);
        for x in 0..row.len() {
            let here = row[x];
            let after = row.get(x + 1).copied().unwrap_or(here);
            row[x] = (before + 2.0 * here + after) / 4.0;
            before = here;
        }
    }
    let mut before: Vec<f32> = values.get(..width).unwrap_or_default().to_vec();
    for start in (0..values.len()).step_by(width.max(1)) {
        for (x, before) in before.iter_mut().enumerate() {
            let i = start + x;
            let here = values[i];
            let after = values.get(i + width).copied().unwrap_or(here);
            values[i] = (*before + 2.0 * here + after) / 4.0;
            *before = here;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPACING: SpacingMm = SpacingMm { x: 1.4, y: 1.3, z: 5.0 };

    #[test]
    fn the_same_seed_is_the_same_chest_in_any_order_of_slices() {
        let make = |seed| Thorax::new(seed, [256, 200, 24], SPACING, &EXAMPLE).unwrap();
        let (one, same, other) = (make(3), make(3), make(4));
        let last = one.slice(23);
        assert_eq!(one.slice(11), same.slice(11));
        assert_eq!(last, same.slice(23));
        assert_ne!(one.slice(11), other.slice(11));
        let Samples::Int16(samples) = one.volume().samples().clone() else { panic!("floats") };
        assert_eq!(samples[23 * 256 * 200..], last);
    }

    #[test]
    fn every_nodule_is_put_in_and_is_as_dense_as_asked() {
        let chest = Thorax::new(3, [300, 260, 40], SPACING, &EXAMPLE).unwrap();
        assert_eq!(chest.nodules().len(), EXAMPLE.len());
        for Planted { center, planned } in chest.nodules() {
            let at = chest.geometry().voxel_from_world(*center);
            let slice = chest.slice(at.z.round() as usize);
            let hu = slice[at.y.round() as usize * 300 + at.x.round() as usize];
            let range = match planned.density {
                Density::GroundGlass => -720..-450,
                _ => -350..150,
            };
            // Small ones may lie between two slices.
            assert!(planned.diameter_mm < 7.0 || range.contains(&hu), "{hu} for {planned:?}");
        }
    }

    #[test]
    fn small_and_impossible_sizes_are_no_panic() {
        assert!(Thorax::new(1, [0, 5, 7], SPACING, &EXAMPLE).is_err());
        for size in [[1, 1, 1], [3, 5, 7]] {
            let chest = Thorax::new(1, size, SPACING, &EXAMPLE).unwrap();
            assert_eq!(chest.slice(0).len(), size[0] * size[1]);
            assert_eq!(chest.slice(99).len(), size[0] * size[1]);
        }
    }
}
