//! A CT scan: Hounsfield units and where they lie in the body.

use crate::geometry::VolumeGeometry;
use crate::intensity::Hu;

/// Samples in HU in storage order `(z, y, x)`: x runs fastest, then y, then z.
#[derive(Clone, Debug, PartialEq)]
pub enum Samples {
    /// Whole numbers, as scanners make them: half the memory.
    Int16(Vec<i16>),
    /// Everything else.
    Float32(Vec<f32>),
}

impl Samples {
    /// Number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Int16(samples) => samples.len(),
            Self::Float32(samples) => samples.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// HU on a grid in the body.
#[derive(Clone, Debug, PartialEq)]
pub struct Volume {
    samples: Samples,
    geometry: VolumeGeometry,
}

/// The samples do not fill the grid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{samples} samples were given for a volume of {voxels} voxels")]
pub struct VolumeError {
    /// Samples that were given.
    pub samples: usize,
    /// Voxels of the geometry.
    pub voxels: usize,
}

impl Volume {
    /// Samples in `(z, y, x)` order on their grid.
    ///
    /// # Errors
    /// [`VolumeError`] unless there is one sample for each voxel.
    pub fn new(samples: Samples, geometry: VolumeGeometry) -> Result<Self, VolumeError> {
        let voxels = geometry.size().iter().product();
        if samples.len() != voxels {
            return Err(VolumeError { samples: samples.len(), voxels });
        }
        Ok(Self { samples, geometry })
    }

    /// The grid.
    #[must_use]
    pub fn geometry(&self) -> &VolumeGeometry {
        &self.geometry
    }

    /// The samples in `(z, y, x)` order.
    #[must_use]
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// HU of a slice, row-major; empty beyond the volume.
    #[must_use]
    pub fn slice(&self, z: usize) -> Vec<f32> {
        let [width, height, depth] = self.geometry.size();
        let side = width * height;
        if z >= depth {
            return Vec::new();
        }
        let range = z * side..(z + 1) * side;
        match &self.samples {
            Samples::Int16(samples) => {
                samples.get(range).unwrap_or_default().iter().map(|hu| f32::from(*hu)).collect()
            }
            Samples::Float32(samples) => samples.get(range).unwrap_or_default().to_vec(),
        }
    }

    /// Samples and grid, given away.
    #[must_use]
    pub fn into_parts(self) -> (Samples, VolumeGeometry) {
        (self.samples, self.geometry)
    }

    /// HU of a voxel; `None` outside the volume.
    #[must_use]
    pub fn hu(&self, x: i64, y: i64, z: i64) -> Option<Hu> {
        let [width, height, depth] = self.geometry.size();
        let within = |index: i64, side: usize| usize::try_from(index).ok().filter(|p| *p < side);
        let (x, y, z) = (within(x, width)?, within(y, height)?, within(z, depth)?);
        let sample = (z * height + y) * width + x;
        match &self.samples {
            Samples::Int16(samples) => samples.get(sample).map(|hu| Hu(f32::from(*hu))),
            Samples::Float32(samples) => samples.get(sample).map(|hu| Hu(*hu)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Axes, SpacingMm, WorldMm};

    fn geometry() -> VolumeGeometry {
        let origin = WorldMm { x: 0.0, y: 0.0, z: 0.0 };
        let spacing = SpacingMm { x: 0.7, y: 0.7, z: 2.5 };
        VolumeGeometry::new([3, 5, 7], origin, spacing, Axes::IDENTITY).unwrap()
    }

    #[test]
    fn one_bright_voxel_is_found_where_it_was_put() {
        let mut samples = vec![-1000; 105];
        samples[6 * 15 + 4 * 3 + 1] = 300;
        let volume = Volume::new(Samples::Int16(samples), geometry()).unwrap();
        assert_eq!(volume.hu(1, 4, 6), Some(Hu(300.0)));
        assert_eq!(volume.hu(2, 4, 6), Some(Hu(-1000.0)));
        for (x, y, z) in [(3, 0, 0), (0, 5, 0), (0, 0, 7), (-1, 0, 0), (0, 0, i64::MIN)] {
            assert_eq!(volume.hu(x, y, z), None);
        }
    }

    #[test]
    fn samples_must_fill_the_grid() {
        let short = Volume::new(Samples::Float32(vec![0.0; 104]), geometry());
        assert_eq!(short, Err(VolumeError { samples: 104, voxels: 105 }));
    }
}
