//! Synthetic chests: scans whose nodules are known to the millimetre.
//!
//! The same seed gives the same HU on every target.

use crate::geometry::Vec3;
use rand::{Rng, RngExt};

pub mod chest;
pub mod example;
pub mod thorax;

/// CT number of aerated lung, HU.
pub const LUNG_HU: f32 = -850.0;
/// CT number of soft tissue: vessels, chest wall, solid nodules, HU.
pub const SOFT_TISSUE_HU: f32 = 30.0;
/// Standard deviation of the grain of a low-dose scan, HU.
pub const NOISE_HU: f32 = 45.0;
/// Width over which an edge fades in pixels: the blur of the scanner.
pub const EDGE_PX: f32 = 0.9;

/// Draw a number between `low` and `high`, uniformly.
pub fn between(rng: &mut impl Rng, low: f32, high: f32) -> f32 {
    low + (high - low) * rng.random::<f32>()
}

/// Draw from the standard normal, by summing twelve uniform numbers: no logarithm, no table, tails
/// to six.
pub fn normal(rng: &mut impl Rng) -> f32 {
    (0..12).map(|_| rng.random::<f32>()).sum::<f32>() - 6.0
}

/// All positions within `radius` of a segment, mm: a vessel.
#[derive(Clone, Debug)]
struct Capsule {
    from: Vec3,
    to: Vec3,
    radius: f64,
}

impl Capsule {
    /// Return the distance to the middle line, mm.
    fn distance(&self, at: Vec3) -> f64 {
        let (along, offset) = (self.to - self.from, at - self.from);
        let t = (offset.dot(along) / along.dot(along).max(1e-9)).clamp(0.0, 1.0);
        (offset - along * t).length()
    }
}
