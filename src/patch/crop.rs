//! Volume and position to a square of a slice, by the paper's rule.
//!
//! With `p` the candidate's array position: slice `floor(p.z)`, rows from `floor(p.y) - side / 2`,
//! columns from `floor(p.x) - side / 2`, `side` of each, in the order in which the scan stores
//! them and with its own pixels. Beyond the edge of the scan lies air.

use crate::constants::{CONTEXT_SIZE, MODEL_WINDOW, PADDING_HU, PATCH_SIZE};
use crate::patch::{Patch, PatchError, PatchSamples};
use nodulens_imaging::geometry::VoxelPoint;
use nodulens_imaging::intensity::{Grey, Hu};
use nodulens_imaging::volume::Volume;

/// A square of a slice in HU.
#[derive(Clone, Debug, PartialEq)]
pub struct Crop {
    /// Pixels a side.
    pub side: usize,
    /// `side * side` samples, row-major.
    pub samples: Vec<Hu>,
    /// How many of them lie beyond the edge of the scan and were taken to be air.
    pub padded: usize,
}

impl Crop {
    /// 8-bit grey through the model's window, row-major: `round((HU + 1000) / 1400 * 255)`.
    #[must_use]
    pub fn display_bytes(&self) -> Vec<u8> {
        let grey: Vec<f32> = self
            .samples
            .iter()
            .map(|hu| {
                let Grey(grey) = MODEL_WINDOW.apply(*hu);
                grey
            })
            .collect();
        crate::preprocess::display_bytes(&grey)
    }
}

/// Cut a square of `side` pixels around `center`, `steps` slices further along the array's z
/// axis. Any position is taken: what lies beyond the scan is air.
#[must_use]
pub fn crop(volume: &Volume, center: VoxelPoint, side: usize, steps: i64) -> Crop {
    let mut samples = Vec::with_capacity(side * side);
    let mut padded = 0;
    let mut push = |hu: Option<Hu>| {
        padded += usize::from(hu.is_none());
        samples.push(hu.unwrap_or(Hu(PADDING_HU)));
    };
    let half = (side / 2) as i64;
    // A cast saturates, and saturating sums keep nonsense outside the volume.
    let left = (center.x.floor() as i64).saturating_sub(half);
    let top = (center.y.floor() as i64).saturating_sub(half);
    let slice = (center.z.floor() as i64).saturating_add(steps);
    for row in 0..side as i64 {
        for column in 0..side as i64 {
            let (x, y) = (left.saturating_add(column), top.saturating_add(row));
            push(volume.hu(x, y, slice));
        }
    }
    Crop { side, samples, padded }
}

impl Patch {
    /// Return the patch that the paper's rule cuts around a position, with its surroundings, and how
    /// many of the patch's pixels lie beyond the scan.
    ///
    /// # Errors
    /// None in practice: the crop has the length of a patch.
    pub fn from_volume(volume: &Volume, center: VoxelPoint) -> Result<(Self, usize), PatchError> {
        let cropped = crop(volume, center, PATCH_SIZE, 0);
        let around = crop(volume, center, CONTEXT_SIZE, 0).samples;
        let surroundings = Some(PatchSamples::Hu(around));
        Ok((Self { surroundings, ..Self::from_hu(cropped.samples)? }, cropped.padded))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nodulens_imaging::geometry::{Axes, SpacingMm, VolumeGeometry, WorldMm};
    use nodulens_imaging::volume::Samples;

    /// 70 x 60 x 5 voxels of 0.5 x 0.5 x 2 mm; voxel (x, y, z) is `x + 100 y + 10000 z`.
    fn ramp() -> Volume {
        let origin = WorldMm { x: 0.0, y: 0.0, z: 0.0 };
        let spacing = SpacingMm { x: 0.5, y: 0.5, z: 2.0 };
        let geometry = VolumeGeometry::new([70, 60, 5], origin, spacing, Axes::IDENTITY).unwrap();
        let samples = (0..5)
            .flat_map(|z| (0..60).flat_map(move |y| (0..70).map(move |x| (x, y, z))))
            .map(|(x, y, z)| (x + 100 * y + 10_000 * z) as f32)
            .collect();
        Volume::new(Samples::Float32(samples), geometry).unwrap()
    }

    #[test]
    fn the_paper_s_rule_rounds_down_along_every_axis() {
        let center = VoxelPoint { x: 30.9, y: 27.1, z: 3.99 };
        let cropped = crop(&ramp(), center, 50, 0);
        // rows 2..52, columns 5..55 of slice 3
        assert_eq!(cropped.samples[0], Hu(30_205.0));
        assert_eq!(cropped.samples[2499], Hu(35_154.0));
        assert_eq!(cropped.padded, 0);
        let (patch, _) = Patch::from_volume(&ramp(), center).unwrap();
        assert_eq!(patch.samples(), &PatchSamples::Hu(cropped.samples));
        let around = crop(&ramp(), center, CONTEXT_SIZE, 0).samples;
        assert_eq!(patch.surroundings(), Some(&PatchSamples::Hu(around)));
    }

    #[test]
    fn beyond_the_edge_lies_air_and_is_counted() {
        let center = VoxelPoint { x: 5.5, y: 30.0, z: 0.0 };
        let crop_at = |steps| crop(&ramp(), center, 50, steps);
        let edge = crop_at(0);
        // Columns -20..30: twenty of them are not there.
        assert_eq!(edge.padded, 20 * 50);
        assert_eq!((edge.samples[19], edge.samples[20]), (Hu(-1000.0), Hu(500.0)));
        assert_eq!(crop_at(-1).padded, 2500);
        assert_eq!(crop_at(1).samples[20], Hu(10_500.0));
        let nowhere = VoxelPoint { x: f64::NAN, y: f64::INFINITY, z: -1e300 };
        assert_eq!(crop(&ramp(), nowhere, 50, i64::MIN).padded, 2500);
    }
}
