//! Slices that do not follow each other evenly: each has a place of its own.

use super::vec3::Vec3;

/// Places of slices, ascending along their normal; between two of them places are interpolated.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stack {
    /// Centre of each slice's first voxel, mm.
    places: Vec<Vec3>,
    normal: Vec3,
}

impl Stack {
    /// `None` unless the places ascend along the normal.
    pub fn new(places: Vec<Vec3>, normal: Vec3) -> Option<Self> {
        let ascends = places.windows(2).all(|pair| pair[1].dot(normal) > pair[0].dot(normal));
        (ascends && !places.is_empty()).then_some(Self { places, normal })
    }

    pub fn places(&self) -> &[Vec3] {
        &self.places
    }

    /// The two slices between which an index lies, and that of the first; beyond the ends the last
    /// step goes on, and that of a single slice is `step`.
    fn around(&self, first: usize, step: Vec3) -> (Vec3, Vec3, f64) {
        let first = first.min(self.places.len().saturating_sub(2));
        let here = self.places.get(first).copied().unwrap_or(Vec3::ZERO);
        let next = self.places.get(first + 1).copied().unwrap_or(here + step);
        (here, next, first as f64)
    }

    /// Place of the first voxel of a slice, between slices too.
    pub fn place(&self, z: f64, step: Vec3) -> Vec3 {
        let (here, next, first) = self.around(z.max(0.0) as usize, step);
        // Exactly the slice's own place where it is one.
        if z == first + 1.0 {
            return next;
        }
        here + (next - here) * (z - first)
    }

    /// The slice at whose height a place lies, between slices too.
    pub fn index(&self, world: Vec3, step: Vec3) -> f64 {
        let height = world.dot(self.normal);
        let above = self.places.partition_point(|place| place.dot(self.normal) <= height);
        let (here, next, first) = self.around(above.saturating_sub(1), step);
        let (here, next) = (here.dot(self.normal), next.dot(self.normal));
        first + (height - here) / (next - here)
    }
}
