//! Slices of a volume as a radiologist expects to see them.
//!
//! Whatever way the volume's axes run, an axial slice has the patient's right at its left edge and
//! the front at the top; a coronal one the patient's right at its left edge and the head at the
//! top; a sagittal one the front at its left edge and the head at the top. Nothing is interpolated: each plane
//! is the one of the array's three that comes nearest, and its axes are swapped or reversed.

use crate::geometry::{Axes, Vec3, VolumeGeometry, VoxelPoint};
use crate::volume::{Samples, Volume};
use serde::{Deserialize, Serialize};

/// One of the three planes of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Plane {
    /// Across the body; index 0 is the one nearest to the feet.
    Axial,
    /// From side to side; index 0 is the one nearest to the front.
    Coronal,
    /// From front to back; index 0 is the one nearest to the patient's right.
    Sagittal,
}

/// An axis of the array, and whether it is walked from its far end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Walk {
    axis: usize,
    reversed: bool,
    side: usize,
}

/// How slices of a plane lie in a volume.
#[derive(Clone, Debug, PartialEq)]
pub struct Reformat {
    columns: Walk,
    rows: Walk,
    through: Walk,
    spacing: Vec3,
    letters: [char; 4],
}

/// Affine maps of a plane: three rows of four numbers each, row-major, the last column the offset.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaneMaps {
    /// Column, row and index to an array position.
    pub voxel: [f64; 12],
    /// An array position to column, row and index.
    pub pixel: [f64; 12],
}

/// Find the matrix of an affine map from what it does to the origin and to a step along each axis.
fn affine(map: impl Fn(Vec3) -> Vec3) -> [f64; 12] {
    let zero = map(Vec3::ZERO);
    let steps = Axes::IDENTITY.0.map(&map);
    std::array::from_fn(|i| match (i / 4, i % 4) {
        (row, 3) => zero[row],
        (row, column) => steps[column][row] - zero[row],
    })
}

/// Sides of the patient by axis, at the lower and the upper end: right and left, front (anterior)
/// and back (posterior), feet and head.
const LETTERS: [[char; 2]; 3] = [['R', 'L'], ['A', 'P'], ['F', 'H']];

impl Reformat {
    /// The slices of `plane`.
    #[must_use]
    pub fn new(geometry: &VolumeGeometry, plane: Plane) -> Self {
        let axes = nearest(geometry.axes());
        // Where the body's axis `k` lies in the array, walked towards its upper end, or its lower.
        let walk = |k: usize, upwards: bool| {
            let (axis, reversed) = axes[k];
            Walk { axis, reversed: reversed == upwards, side: geometry.size()[axis] }
        };
        let (left, back, head, feet) =
            (walk(0, true), walk(1, true), walk(2, true), walk(2, false));
        let (columns, rows, through, letters) = match plane {
            Plane::Axial => (left, back, head, [LETTERS[0], LETTERS[1]]),
            Plane::Coronal => (left, feet, back, [LETTERS[0], ['H', 'F']]),
            Plane::Sagittal => (back, feet, left, [LETTERS[1], ['H', 'F']]),
        };
        let [[from, to], [top, bottom]] = letters;
        Self {
            columns,
            rows,
            through,
            spacing: geometry.spacing_mm().into(),
            letters: [from, to, top, bottom],
        }
    }

    /// Pixels in a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.columns.side
    }

    /// Rows.
    #[must_use]
    pub fn height(&self) -> usize {
        self.rows.side
    }

    /// Slices.
    #[must_use]
    pub fn count(&self) -> usize {
        self.through.side
    }

    /// Millimetres from column to column, from row to row, from slice to slice.
    #[must_use]
    pub fn pitch_mm(&self) -> [f64; 3] {
        [self.columns, self.rows, self.through].map(|walk| self.spacing[walk.axis])
    }

    /// Sides of the patient at the left, right, upper and lower edge: R, L, A, P, F or H.
    #[must_use]
    pub fn letters(&self) -> [char; 4] {
        self.letters
    }

    /// Whether these are slices as they were acquired, the array's last axis running through them.
    #[must_use]
    pub fn as_acquired(&self) -> bool {
        self.through.axis == 2
    }

    /// Array position of a pixel; both continuous, whole at the centres.
    #[must_use]
    pub fn voxel(&self, column: f64, row: f64, index: f64) -> VoxelPoint {
        let mut voxel = [0.0; 3];
        for (walk, at) in [(self.columns, column), (self.rows, row), (self.through, index)] {
            voxel[walk.axis] = if walk.reversed { walk.side as f64 - 1.0 - at } else { at };
        }
        Vec3(voxel).into()
    }

    /// Column, row and index of an array position.
    #[must_use]
    pub fn pixel(&self, voxel: VoxelPoint) -> [f64; 3] {
        let voxel = Vec3::from(voxel);
        [self.columns, self.rows, self.through].map(|walk| {
            let at = voxel[walk.axis];
            if walk.reversed { walk.side as f64 - 1.0 - at } else { at }
        })
    }

    /// Return the maps between pixels of this plane and the volume as matrices.
    #[must_use]
    pub fn maps(&self) -> PlaneMaps {
        let voxel = |Vec3([column, row, index])| self.voxel(column, row, index);
        PlaneMaps {
            voxel: affine(|pixel| voxel(pixel).into()),
            pixel: affine(|voxel| Vec3(self.pixel(voxel.into()))),
        }
    }

    /// HU of a slice in rows, `width x height`; `None` beyond the last. `volume` is the one whose
    /// geometry this was made from.
    #[must_use]
    pub fn slice(&self, volume: &Volume, index: usize) -> Option<Samples> {
        if index >= self.count() || volume.samples().len() != self.voxels() {
            return None;
        }
        Some(match volume.samples() {
            Samples::Int16(samples) => Samples::Int16(self.gather(samples, index)),
            Samples::Float32(samples) => Samples::Float32(self.gather(samples, index)),
        })
    }

    fn voxels(&self) -> usize {
        self.width() * self.height() * self.count()
    }

    /// The samples of a slice. `samples` fills the volume, so every place is inside.
    fn gather<T: Copy>(&self, samples: &[T], index: usize) -> Vec<T> {
        let mut sides = [0; 3];
        for walk in [self.columns, self.rows, self.through] {
            sides[walk.axis] = walk.side;
        }
        let strides = [1, sides[0], sides[0] * sides[1]];
        let offset = |walk: Walk, at: usize| {
            strides[walk.axis] * if walk.reversed { walk.side - 1 - at } else { at }
        };
        let base = offset(self.through, index);
        let mut slice = Vec::with_capacity(self.width() * self.height());
        for row in 0..self.height() {
            let start = base + offset(self.rows, row);
            if self.columns.axis == 0 && !self.columns.reversed {
                slice.extend_from_slice(&samples[start..start + self.width()]);
            } else {
                slice.extend(
                    (0..self.width()).map(|column| samples[start + offset(self.columns, column)]),
                );
            }
        }
        slice
    }
}

/// The number, from 1, of a slice of the array in the plane in which it was acquired, as a viewer
/// counts: from the feet, from the front or from the right.
#[must_use]
pub fn slice_number(geometry: &VolumeGeometry, index: usize) -> usize {
    let acquired = [Plane::Axial, Plane::Coronal, Plane::Sagittal]
        .map(|plane| Reformat::new(geometry, plane))
        .into_iter()
        .find(Reformat::as_acquired);
    let at = acquired.map(|plane| plane.pixel(VoxelPoint { x: 0.0, y: 0.0, z: index as f64 })[2]);
    at.unwrap_or(index as f64) as usize + 1
}

/// For each axis of the body the axis of the array that comes nearest, each taken once, and whether
/// it runs the other way. The best fit of all three together, so that no two choose the same.
fn nearest(axes: Axes) -> [(usize, bool); 3] {
    const ORDERS: [[usize; 3]; 6] =
        [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let fit = |order: &[usize; 3]| (0..3).map(|k| axes[order[k]][k].abs()).sum::<f64>();
    let best = ORDERS.iter().max_by(|a, b| fit(a).total_cmp(&fit(b))).unwrap_or(&ORDERS[0]);
    [0, 1, 2].map(|k| (best[k], axes[best[k]][k] < 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{SpacingMm, WorldMm};
    use proptest::prelude::*;

    const SPACING: SpacingMm = SpacingMm { x: 0.7, y: 0.8, z: 2.5 };

    /// Voxels that know their place: x + 10 y + 100 z.
    fn volume(size: [usize; 3], axes: impl Into<Axes>) -> Volume {
        let zero = WorldMm { x: 0.0, y: 0.0, z: 0.0 };
        let geometry = VolumeGeometry::new(size, zero, SPACING, axes.into()).unwrap();
        let mut samples = Vec::new();
        for z in 0..size[2] {
            for y in 0..size[1] {
                samples.extend((0..size[0]).map(|x| (x + 10 * y + 100 * z) as i16));
            }
        }
        Volume::new(Samples::Int16(samples), geometry).unwrap()
    }

    fn slice(volume: &Volume, plane: Plane, index: usize) -> Vec<i16> {
        match Reformat::new(volume.geometry(), plane).slice(volume, index).unwrap() {
            Samples::Int16(samples) => samples,
            Samples::Float32(_) => panic!("whole numbers went in"),
        }
    }

    #[test]
    fn slices_are_numbered_as_the_viewer_counts_them() {
        // The array's slices run to the feet: its first is the viewer's last.
        let down = volume([2, 3, 5], [[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, -1.0]]);
        assert_eq!([0, 1, 4].map(|z| slice_number(down.geometry(), z)), [5, 4, 1]);
        // Coronal, from the front.
        let coronal = volume([2, 3, 5], [[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]]);
        assert_eq!([0, 4].map(|z| slice_number(coronal.geometry(), z)), [1, 5]);
    }

    #[test]
    fn an_upright_scan_is_shown_head_up_and_right_on_the_left() {
        let volume = volume([3, 5, 7], Axes::IDENTITY);
        let axial = Reformat::new(volume.geometry(), Plane::Axial);
        assert_eq!((axial.width(), axial.height(), axial.count()), (3, 5, 7));
        assert_eq!(axial.letters(), ['R', 'L', 'A', 'P']);
        assert!(axial.as_acquired());
        assert_eq!(slice(&volume, Plane::Axial, 6)[..4], [600, 601, 602, 610]);
        let coronal = Reformat::new(volume.geometry(), Plane::Coronal);
        assert_eq!((coronal.width(), coronal.height(), coronal.count()), (3, 7, 5));
        assert_eq!(coronal.pitch_mm(), [0.7, 2.5, 0.8]);
        assert_eq!(coronal.letters(), ['R', 'L', 'H', 'F']);
        // The first row is the slice at the head.
        assert_eq!(slice(&volume, Plane::Coronal, 4)[..4], [640, 641, 642, 540]);
        let sagittal = Reformat::new(volume.geometry(), Plane::Sagittal);
        assert_eq!((sagittal.width(), sagittal.height(), sagittal.count()), (5, 7, 3));
        assert_eq!(sagittal.letters(), ['A', 'P', 'H', 'F']);
        assert_eq!(slice(&volume, Plane::Sagittal, 2)[..6], [602, 612, 622, 632, 642, 502]);
    }

    #[test]
    fn a_flipped_scan_is_shown_the_same_way() {
        // Array x runs to the patient's right, z to the feet.
        let volume = volume([3, 5, 7], [[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, -1.0]]);
        assert_eq!(slice(&volume, Plane::Axial, 0)[..4], [602, 601, 600, 612]);
        assert_eq!(slice(&volume, Plane::Coronal, 0)[..4], [2, 1, 0, 102]);
    }

    #[test]
    fn a_coronal_acquisition_gives_axial_slices_too() {
        // Array x to the left, y to the feet, z to the back.
        let volume = volume([3, 5, 7], [[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]]);
        let axial = Reformat::new(volume.geometry(), Plane::Axial);
        assert_eq!((axial.width(), axial.height(), axial.count()), (3, 7, 5));
        assert!(!axial.as_acquired());
        assert_eq!(axial.pitch_mm(), [0.7, 2.5, 0.8]);
        // The lowest slice is the array's last row.
        assert_eq!(slice(&volume, Plane::Axial, 0)[..4], [40, 41, 42, 140]);
        assert_eq!(axial.slice(&volume, 5), None);
    }

    proptest! {
        #[test]
        fn a_pixel_is_the_voxel_that_it_shows(
            order in 0..6_usize,
            signs in prop::array::uniform3(prop::bool::ANY),
            plane in 0..3_usize,
            at in prop::array::uniform3(0..100_usize),
        ) {
            let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
            let mut axes = [[0.0; 3]; 3];
            for k in 0..3 {
                axes[k][orders[order][k]] = if signs[k] { -1.0 } else { 1.0 };
            }
            let volume = volume([3, 5, 7], axes);
            let plane = [Plane::Axial, Plane::Coronal, Plane::Sagittal][plane];
            let reformat = Reformat::new(volume.geometry(), plane);
            let (column, row) = (at[0] % reformat.width(), at[1] % reformat.height());
            let index = at[2] % reformat.count();
            let shown = slice(&volume, plane, index)[row * reformat.width() + column];
            let voxel = reformat.voxel(column as f64, row as f64, index as f64);
            let hu = volume.hu(voxel.x as i64, voxel.y as i64, voxel.z as i64).unwrap();
            prop_assert_eq!(f32::from(shown), hu.0);
            prop_assert_eq!(reformat.pixel(voxel), [column as f64, row as f64, index as f64]);
            // Rows and columns run as the letters say.
            let world = |c: f64, r: f64| volume.geometry().world_from_voxel(reformat.voxel(c, r, 0.0));
            let (here, right, below) = (world(0.0, 0.0), world(1.0, 0.0), world(0.0, 1.0));
            let [from, _, top, _] = reformat.letters();
            let across = if from == 'R' { right.x > here.x } else { right.y > here.y };
            let down = if top == 'A' { below.y > here.y } else { below.z < here.z };
            prop_assert!(across && down);
        }
    }
}
