//! Synthetic patches of lung CT: examples that need no file, fixtures, smoke training.
//!
//! Not anatomy, but the same kind of picture: aerated lung with grain, vessels as tubes seen
//! along and across, here and there the chest wall, and in every second patch a nodule, a
//! compact roundish body near the centre. The same seed gives the same HU on every target.

use crate::constants::{PATCH_SAMPLES, PATCH_SIZE};
use crate::patch::Patch;
use crate::preprocess::{display_bytes, model_values};
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use nodulens_imaging::intensity::Hu;
use nodulens_imaging::phantom::{EDGE_PX, LUNG_HU, NOISE_HU, SOFT_TISSUE_HU, between, normal};
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// A synthetic patch and what was put into it.
#[derive(Clone, Debug, PartialEq)]
pub struct Phantom {
    /// Seed that makes this very patch.
    pub seed: u64,
    /// Whether it holds a nodule.
    pub nodule: bool,
    /// The picture, in HU.
    pub patch: Patch,
}

impl Phantom {
    /// Encode the patch as the model sees it, as a PNG of 8 bits.
    ///
    /// # Errors
    /// None in practice: it has the size of a patch.
    pub fn png(&self) -> Result<Vec<u8>, image::ImageError> {
        let grey = display_bytes(&model_values(&self.patch));
        let (mut png, side) = (Vec::new(), PATCH_SIZE as u32);
        PngEncoder::new(&mut png).write_image(&grey, side, side, ExtendedColorType::L8)?;
        Ok(png)
    }
}

/// `count` patches, alternately with and without a nodule, the first with one. Patch `i` is made
/// from `seed + i`.
#[must_use]
pub fn patches(seed: u64, count: usize) -> Vec<Phantom> {
    (0..count).map(|i| patch(seed.wrapping_add(i as u64), i % 2 == 0)).collect()
}

/// One patch of 50 x 50 pixels of about 0.7 mm.
#[must_use]
pub fn patch(seed: u64, nodule: bool) -> Phantom {
    let mut rng = Pcg64Mcg::seed_from_u64(seed ^ (u64::from(nodule) << 63));
    let mut bodies = Vec::new();
    for _ in 0..rng.random_range(2..5) {
        bodies.push(vessel_along(&mut rng));
    }
    for _ in 0..rng.random_range(1..4) {
        bodies.push(vessel_across(&mut rng));
    }
    if rng.random_bool(0.3) {
        bodies.push(chest_wall(&mut rng));
    }
    if nodule {
        bodies.push(nodule_body(&mut rng));
    }
    let mut samples = Vec::with_capacity(PATCH_SAMPLES);
    for y in 0..PATCH_SIZE {
        for x in 0..PATCH_SIZE {
            let tissue = bodies
                .iter()
                .map(|body| body.coverage(x as f32, y as f32) * (body.hu - LUNG_HU))
                .fold(0.0, f32::max);
            samples.push(Hu(LUNG_HU + tissue + NOISE_HU * normal(&mut rng)));
        }
    }
    // The grain of a reconstructed slice is not white: neighbours share it.
    let samples = smooth(&samples);
    debug_assert_eq!(samples.len(), PATCH_SAMPLES);
    let patch = Patch::from_hu(samples);
    // The loops above make exactly 2,500 samples.
    let patch = patch.unwrap_or_else(|_| unreachable!("a phantom has the size of a patch"));
    Phantom { seed, nodule, patch }
}

/// A body of one density with a soft edge.
struct Body {
    shape: Outline,
    hu: f32,
}

enum Outline {
    /// All points within `radius` of the segment from `from` to `to`.
    Capsule { from: [f32; 2], to: [f32; 2], radius: f32 },
    /// Ellipse whose radius is waved by `lobes` bumps.
    Blob { center: [f32; 2], radii: [f32; 2], turn: f32, wave: f32, lobes: f32 },
    /// All points with `normal . p > offset`.
    HalfPlane { normal: [f32; 2], offset: f32 },
}

impl Body {
    /// Share of the pixel at (x, y) that the body covers, in [0, 1].
    fn coverage(&self, x: f32, y: f32) -> f32 {
        let depth = match &self.shape {
            Outline::Capsule { from, to, radius } => radius - distance([x, y], *from, *to),
            Outline::Blob { center, radii, turn, wave, lobes } => {
                let (dx, dy) = (x - center[0], y - center[1]);
                let (sin, cos) = (libm::sinf(*turn), libm::cosf(*turn));
                let (u, v) = ((dx * cos + dy * sin) / radii[0], (dy * cos - dx * sin) / radii[1]);
                let bump = 1.0 + wave * libm::sinf(lobes * libm::atan2f(v, u));
                (bump - libm::sqrtf(u * u + v * v)) * radii[0].min(radii[1])
            }
            Outline::HalfPlane { normal, offset } => normal[0] * x + normal[1] * y - offset,
        };
        1.0 / (1.0 + libm::expf(-depth / (EDGE_PX / 2.0)))
    }
}

fn distance(point: [f32; 2], from: [f32; 2], to: [f32; 2]) -> f32 {
    let along = [to[0] - from[0], to[1] - from[1]];
    let length = (along[0] * along[0] + along[1] * along[1]).max(1e-6);
    let offset = [point[0] - from[0], point[1] - from[1]];
    let t = ((offset[0] * along[0] + offset[1] * along[1]) / length).clamp(0.0, 1.0);
    libm::hypotf(offset[0] - t * along[0], offset[1] - t * along[1])
}

fn direction(rng: &mut impl Rng) -> [f32; 2] {
    let angle = between(rng, 0.0, core::f32::consts::TAU);
    [libm::cosf(angle), libm::sinf(angle)]
}

/// A vessel in the plane of the slice: a long thin tube.
fn vessel_along(rng: &mut impl Rng) -> Body {
    let side = PATCH_SIZE as f32;
    let from = [between(rng, 0.0, side), between(rng, 0.0, side)];
    let (way, length) = (direction(rng), between(rng, 12.0, 45.0));
    let to = [from[0] + way[0] * length, from[1] + way[1] * length];
    let radius = between(rng, 0.5, 2.0);
    Body { shape: Outline::Capsule { from, to, radius }, hu: between(rng, -350.0, SOFT_TISSUE_HU) }
}

/// A vessel through the slice: a small dot, what nodules are mistaken for. Kept off the centre,
/// where it would be a nodule by any look at one slice.
fn vessel_across(rng: &mut impl Rng) -> Body {
    let (way, far) = (direction(rng), between(rng, 11.0, 24.0));
    let middle = PATCH_SIZE as f32 / 2.0;
    let center = [middle + way[0] * far, middle + way[1] * far];
    let radius = between(rng, 1.0, 2.2);
    let shape = Outline::Capsule { from: center, to: center, radius };
    Body { shape, hu: between(rng, -300.0, SOFT_TISSUE_HU) }
}

fn chest_wall(rng: &mut impl Rng) -> Body {
    let normal = direction(rng);
    let middle = PATCH_SIZE as f32 / 2.0;
    let offset = normal[0] * middle + normal[1] * middle + between(rng, 12.0, 20.0);
    Body { shape: Outline::HalfPlane { normal, offset }, hu: SOFT_TISSUE_HU + 10.0 }
}

/// A nodule of 4 to 12 mm within 2 px of the centre, solid or part-solid.
fn nodule_body(rng: &mut impl Rng) -> Body {
    let middle = (PATCH_SIZE as f32 - 1.0) / 2.0;
    let center = [middle + between(rng, -2.0, 2.0), middle + between(rng, -2.0, 2.0)];
    let radius = between(rng, 3.0, 8.5);
    let radii = [radius, radius * between(rng, 0.75, 1.0)];
    let turn = between(rng, 0.0, core::f32::consts::TAU);
    let (wave, lobes) = (between(rng, 0.0, 0.12), rng.random_range(3..8) as f32);
    let hu = between(rng, -150.0, SOFT_TISSUE_HU + 60.0);
    Body { shape: Outline::Blob { center, radii, turn, wave, lobes }, hu }
}

/// 3 x 3 binomial blur; the border repeats.
fn smooth(samples: &[Hu]) -> Vec<Hu> {
    let at = |x: isize, y: isize| {
        let last = PATCH_SIZE as isize - 1;
        samples[y.clamp(0, last) as usize * PATCH_SIZE + x.clamp(0, last) as usize].0
    };
    let mut out = Vec::with_capacity(samples.len());
    for y in 0..PATCH_SIZE as isize {
        for x in 0..PATCH_SIZE as isize {
            let row = |y| at(x - 1, y) + 2.0 * at(x, y) + at(x + 1, y);
            out.push(Hu((row(y - 1) + 2.0 * row(y) + row(y + 1)) / 16.0));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    fn mean(values: &[f32]) -> f32 {
        values.iter().sum::<f32>() / values.len() as f32
    }

    /// Mean of the model values within 3 px of the centre.
    fn core(phantom: &Phantom) -> f32 {
        let values = model_values(&phantom.patch);
        let disc: Vec<f32> = (0..PATCH_SAMPLES)
            .filter(|i| {
                let (x, y) = ((i % PATCH_SIZE) as f32 - 24.5, (i / PATCH_SIZE) as f32 - 24.5);
                x * x + y * y < 9.0
            })
            .map(|i| values[i])
            .collect();
        mean(&disc)
    }

    #[test]
    fn nodules_are_dense_at_the_centre_and_the_others_mostly_are_not() {
        let made = patches(100, 200);
        let (with, without): (Vec<_>, Vec<_>) = made.iter().partition(|phantom| phantom.nodule);
        assert_eq!((with.len(), without.len()), (100, 100));
        let dense = |set: &[&Phantom]| set.iter().filter(|p| core(p) > 0.45).count();
        assert!(dense(&with) >= 95, "{} of 100 nodules are dense", dense(&with));
        assert!(dense(&without) <= 20, "{} of 100 others are dense", dense(&without));
    }

    #[test]
    fn lung_has_the_grey_of_lung() {
        let values = model_values(&patch(3, false).patch);
        let mut sorted = values.clone();
        sorted.sort_by(f32::total_cmp);
        // -850 HU is 0.107 through the model's window.
        assert!((sorted[values.len() / 2] - 0.107).abs() < 0.05);
    }

    #[test]
    fn the_same_seed_is_the_same_picture_on_every_target() {
        let bytes: Vec<u8> = patches(7, 4)
            .iter()
            .flat_map(|phantom| display_bytes(&model_values(&phantom.patch)))
            .collect();
        let hash = nodulens_imaging::hash::hex(&Sha256::digest(&bytes));
        // tests/e2e/golden.spec.ts compares the files made in the browser with the native ones.
        assert_eq!(hash, "60a289d6546334ec4965bb22270184dd7463f259cb5bf7ca2ce7aae30a66f239");
    }
}
