//! Where a voxel lies in the body: millimetres to array positions and back.
//!
//! Both are continuous. A voxel's centre has whole-numbered array positions, as in ITK, so voxel
//! (0, 0, 0) has its centre at the volume's origin.

mod stack;
mod vec3;

pub use vec3::{Axes, Vec3};

use stack::Stack;

/// Position in the body in millimetres: LPS axes in LUNA16's files (x to the patient's left, y to
/// the back, z to the head).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WorldMm {
    /// To the patient's left.
    pub x: f64,
    /// To the back.
    pub y: f64,
    /// To the head.
    pub z: f64,
}

/// Position in the array, in voxels from the centre of the first: `x` along a row, `y` down the
/// rows, `z` through the slices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VoxelPoint {
    /// Along a row.
    pub x: f64,
    /// Down the rows.
    pub y: f64,
    /// Through the slices.
    pub z: f64,
}

/// Distance between the centres of neighbouring voxels in millimetres, above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpacingMm {
    /// Between columns.
    pub x: f64,
    /// Between rows.
    pub y: f64,
    /// Between slices.
    pub z: f64,
}

impl WorldMm {
    /// Return the distance in millimetres.
    #[must_use]
    pub fn distance(self, other: Self) -> f64 {
        (Vec3::from(self) - Vec3::from(other)).length()
    }
}

/// Between a type of one space and the components, for arithmetic.
macro_rules! components {
    ($($space:ident),*) => {$(
        impl From<$space> for Vec3 {
            fn from($space { x, y, z }: $space) -> Self {
                Self([x, y, z])
            }
        }

        impl From<Vec3> for $space {
            fn from(Vec3([x, y, z]): Vec3) -> Self {
                Self { x, y, z }
            }
        }
    )*};
}

components!(WorldMm, VoxelPoint, SpacingMm);

/// Place, pitch and direction of a volume's axes.
#[derive(Clone, Debug, PartialEq)]
pub struct VolumeGeometry {
    size: [usize; 3],
    origin: WorldMm,
    spacing: SpacingMm,
    axes: Axes,
    inverse: Axes,
    /// Where the slices lie, unless they follow each other evenly along the normal.
    stack: Option<Stack>,
}

/// Why numbers describe no volume.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GeometryError {
    /// An axis without voxels.
    #[error("the volume is {0} x {1} x {2} voxels; every side must be at least 1")]
    Empty(usize, usize, usize),
    /// Zero, negative or not a number.
    #[error("a voxel is {0} x {1} x {2} mm; every side must be above 0")]
    Spacing(f64, f64, f64),
    /// Infinite or not a number.
    #[error("the origin is not a position: {0}, {1}, {2}")]
    Origin(f64, f64, f64),
    /// The axes are not at right angles, or not of length 1.
    #[error("the volume's axes are not at right angles to each other, or not of length 1")]
    Axes,
    /// Places of slices that are not one for each, or do not follow each other.
    #[error("the slices' places do not follow each other along their normal")]
    Slices,
}

/// Slices whose places differ from even ones by less are even, in mm.
const EVEN_MM: f64 = 1e-3;
/// Largest deviation of the axes' dot products from those of an orthonormal frame. Headers write
/// six digits; a sheared volume (gantry tilt) is far beyond this.
const ORTHONORMAL_TOLERANCE: f64 = 1e-3;

impl VolumeGeometry {
    /// A volume of `size` voxels along x, y and z, whose first voxel has its centre at `origin`.
    /// `axes[i]` is the direction in which array axis i (x, y, z) runs through the body.
    ///
    /// # Errors
    /// [`GeometryError`] where a side is empty, a number not finite, a spacing not above 0, or the
    /// axes are not orthonormal.
    pub fn new(
        size: [usize; 3],
        origin: WorldMm,
        spacing: SpacingMm,
        axes: Axes,
    ) -> Result<Self, GeometryError> {
        if size.contains(&0) {
            return Err(GeometryError::Empty(size[0], size[1], size[2]));
        }
        if !Vec3::from(spacing).0.iter().all(|side| side.is_finite() && *side > 0.0) {
            return Err(GeometryError::Spacing(spacing.x, spacing.y, spacing.z));
        }
        if !Vec3::from(origin).is_finite() {
            return Err(GeometryError::Origin(origin.x, origin.y, origin.z));
        }
        for i in 0..3 {
            for j in 0..3 {
                let expected = if i == j { 1.0 } else { 0.0 };
                // Written so that not-a-number fails too.
                let close = (axes[i].dot(axes[j]) - expected).abs() <= ORTHONORMAL_TOLERANCE;
                if !close {
                    return Err(GeometryError::Axes);
                }
            }
        }
        Ok(Self { size, origin, spacing, axes, inverse: axes.inverse(), stack: None })
    }

    /// The same volume with each slice where its own first voxel has its centre: with slices
    /// missing, uneven steps or a tilted gantry. Places that are even to a micrometre change
    /// nothing.
    ///
    /// # Errors
    /// [`GeometryError::Slices`] unless there is a finite place for each slice, and these ascend
    /// along the normal, the last of the axes.
    pub fn with_slices_at(self, first_voxels: Vec<WorldMm>) -> Result<Self, GeometryError> {
        let places: Vec<Vec3> = first_voxels.into_iter().map(Vec3::from).collect();
        if places.len() != self.size[2] || !places.iter().all(|place| place.is_finite()) {
            return Err(GeometryError::Slices);
        }
        let step = self.axes[2] * self.spacing.z;
        let even = |(z, place): (usize, &Vec3)| {
            (*place - (Vec3::from(self.origin) + step * z as f64)).length() <= EVEN_MM
        };
        if places.iter().enumerate().all(even) {
            return Ok(self);
        }
        let stack = Stack::new(places, self.axes[2]).ok_or(GeometryError::Slices)?;
        let origin = stack.place(0.0, step).into();
        Ok(Self { stack: Some(stack), origin, ..self })
    }

    /// Centre of each slice's first voxel, where slices do not follow each other evenly.
    #[must_use]
    pub fn slices_at(&self) -> Option<Vec<WorldMm>> {
        Some(self.stack.as_ref()?.places().iter().copied().map(WorldMm::from).collect())
    }

    /// Voxels along x, y and z.
    #[must_use]
    pub fn size(&self) -> [usize; 3] {
        self.size
    }

    /// Centre of the first voxel.
    #[must_use]
    pub fn origin(&self) -> WorldMm {
        self.origin
    }

    /// Pitch of the voxels.
    #[must_use]
    pub fn spacing_mm(&self) -> SpacingMm {
        self.spacing
    }

    /// Direction of the array's x, y and z axis in the body, each of length 1.
    #[must_use]
    pub fn axes(&self) -> Axes {
        self.axes
    }

    /// Array position of a place in the body; outside the volume too.
    ///
    /// Where the axes are parallel to the body's, this is exactly `|world - origin| / spacing`
    /// for places within the volume: the paper's formula, bit for bit, also for flipped axes.
    #[must_use]
    pub fn voxel_from_world(&self, world: WorldMm) -> VoxelPoint {
        if let Some(stack) = &self.stack {
            let step = self.axes[2] * self.spacing.z;
            let z = stack.index(world.into(), step);
            let Vec3([x, y, _]) = self.inverse * (Vec3::from(world) - stack.place(z, step));
            return VoxelPoint { x: x / self.spacing.x, y: y / self.spacing.y, z };
        }
        let Vec3([x, y, z]) = self.inverse * (Vec3::from(world) - Vec3::from(self.origin));
        VoxelPoint { x: x / self.spacing.x, y: y / self.spacing.y, z: z / self.spacing.z }
    }

    /// Place in the body of an array position.
    #[must_use]
    pub fn world_from_voxel(&self, voxel: VoxelPoint) -> WorldMm {
        let SpacingMm { x, y, z } = self.spacing;
        if let Some(stack) = &self.stack {
            let within = self.axes * Vec3([voxel.x * x, voxel.y * y, 0.0]);
            return (stack.place(voxel.z, self.axes[2] * z) + within).into();
        }
        let along = Vec3([voxel.x * x, voxel.y * y, voxel.z * z]);
        (Vec3::from(self.origin) + self.axes * along).into()
    }

    /// Whether `floor` of the position is a voxel of the volume, the rule by which a slice and a
    /// pixel are chosen.
    #[must_use]
    pub fn contains(&self, voxel: VoxelPoint) -> bool {
        let inside = |coordinate: f64, side: usize| coordinate >= 0.0 && coordinate < side as f64;
        inside(voxel.x, self.size[0])
            && inside(voxel.y, self.size[1])
            && inside(voxel.z, self.size[2])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SPACING: SpacingMm = SpacingMm { x: 0.7, y: 0.8, z: 2.5 };

    fn origin() -> WorldMm {
        WorldMm { x: -228.800003, y: -210.0, z: -199.0 }
    }

    /// A gap of two slices, a tilted gantry, a step that is off.
    fn uneven() -> VolumeGeometry {
        let places = [[0.0, 0.0, 0.0], [0.0, 0.5, 2.5], [0.0, 1.0, 10.0], [0.0, 1.5, 12.0]];
        let at = |[x, y, z]: [f64; 3]| WorldMm { x: x + 7.0, y: y - 3.0, z: z - 100.0 };
        let geometry = VolumeGeometry::new([5, 7, 4], at(places[0]), SPACING, Axes::IDENTITY);
        geometry.unwrap().with_slices_at(places.map(at).to_vec()).unwrap()
    }

    #[test]
    fn every_slice_lies_where_its_own_place_is() {
        let geometry = uneven();
        let places = geometry.slices_at().unwrap();
        for (z, place) in places.iter().enumerate() {
            let voxel = VoxelPoint { x: 2.0, y: 3.0, z: z as f64 };
            let world = geometry.world_from_voxel(voxel);
            assert_eq!((world.x, world.z), (place.x + 1.4, place.z));
            assert!((world.y - (place.y + 2.4)).abs() < 1e-12);
            let back = geometry.voxel_from_world(world);
            for (back, voxel) in Vec3::from(back).0.into_iter().zip(Vec3::from(voxel).0) {
                assert!((back - voxel).abs() < 1e-12, "{back} {voxel}");
            }
        }
    }

    #[test]
    fn even_places_change_nothing_and_wrong_ones_are_refused() {
        let geometry = VolumeGeometry::new([5, 7, 3], origin(), SPACING, Axes::IDENTITY).unwrap();
        let at = |z: f64| WorldMm { z: origin().z + z, ..origin() };
        let even = geometry.clone().with_slices_at(vec![at(0.0), at(2.5), at(5.0)]);
        assert_eq!(even.unwrap(), geometry);
        for wrong in
            [vec![at(0.0), at(2.5)], vec![at(0.0), at(5.0), at(2.5)], vec![at(f64::NAN); 3]]
        {
            assert_eq!(geometry.clone().with_slices_at(wrong), Err(GeometryError::Slices));
        }
    }

    proptest! {
        #[test]
        fn uneven_places_lead_back(x in -3.0..9.0, y in -3.0..9.0, z in -2.0..6.0) {
            let geometry = uneven();
            let voxel = VoxelPoint { x, y, z };
            let back = geometry.voxel_from_world(geometry.world_from_voxel(voxel));
            for (back, voxel) in Vec3::from(back).0.into_iter().zip(Vec3::from(voxel).0) {
                prop_assert!((back - voxel).abs() < 1e-9, "{back} {voxel}");
            }
        }
    }

    #[test]
    fn upright_and_flipped_axes_follow_the_paper_s_formula_bit_for_bit() {
        let world = WorldMm { x: 72.28670656, y: 76.90023946, z: -190.4589276 };
        let paper = [
            (world.x - -228.800003_f64).abs() / 0.7,
            (world.y - -210.0_f64).abs() / 0.8,
            (world.z - -199.0_f64).abs() / 2.5,
        ];
        let upright =
            VolumeGeometry::new([512, 512, 6], origin(), SPACING, Axes::IDENTITY).unwrap();
        let voxel = upright.voxel_from_world(world);
        assert_eq!([voxel.x, voxel.y, voxel.z], paper);

        // The same numbers from the other side: axes x and y run backwards from the far corner.
        let far = WorldMm { x: 300.0, y: 280.0, z: -199.0 };
        let axes = Axes::from([[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]]);
        let flipped = VolumeGeometry::new([512, 512, 6], far, SPACING, axes).unwrap();
        let voxel = flipped.voxel_from_world(world);
        assert_eq!(voxel.x, (world.x - 300.0_f64).abs() / 0.7);
        assert_eq!(voxel.y, (world.y - 280.0_f64).abs() / 0.8);
    }

    #[test]
    fn swapped_axes_are_followed() {
        // Array x runs to the head, y to the patient's right, z to the front.
        let axes = Axes::from([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]);
        let zero = WorldMm { x: 0.0, y: 0.0, z: 0.0 };
        let geometry = VolumeGeometry::new([3, 5, 7], zero, SPACING, axes).unwrap();
        let world = geometry.world_from_voxel(VoxelPoint { x: 2.0, y: 3.0, z: 4.0 });
        assert_eq!(world, WorldMm { x: -2.4000000000000004, y: -10.0, z: 1.4 });
    }

    #[test]
    fn nonsense_is_refused_by_its_own_reason() {
        let make = |size, x, axes| {
            VolumeGeometry::new(size, origin(), SpacingMm { x, y: 1.0, z: 1.0 }, axes)
        };
        assert_eq!(make([3, 0, 7], 1.0, Axes::IDENTITY), Err(GeometryError::Empty(3, 0, 7)));
        assert_eq!(
            make([3, 5, 7], -1.0, Axes::IDENTITY),
            Err(GeometryError::Spacing(-1.0, 1.0, 1.0))
        );
        let sheared = Axes::from([[1.0, 0.0, 0.0], [0.3, 1.0, 0.0], [0.0, 0.0, 1.0]]);
        assert_eq!(make([3, 5, 7], 1.0, sheared), Err(GeometryError::Axes));
        assert_eq!(make([3, 5, 7], 1.0, Axes([Vec3([f64::NAN; 3]); 3])), Err(GeometryError::Axes));
        assert_eq!(make([3, 5, 7], 1.0, Axes([Vec3::ZERO; 3])), Err(GeometryError::Axes));
    }

    #[test]
    fn a_position_on_the_far_face_is_outside() {
        let geometry = VolumeGeometry::new([3, 5, 7], origin(), SPACING, Axes::IDENTITY).unwrap();
        let at = |x, y, z| geometry.contains(VoxelPoint { x, y, z });
        assert!(at(0.0, 0.0, 0.0) && at(2.99, 4.99, 6.99));
        assert!(!at(3.0, 0.0, 0.0) && !at(0.0, -0.01, 0.0) && !at(0.0, 0.0, f64::NAN));
    }

    /// A rotation by a unit quaternion, mirrored along the first axis where asked.
    fn frame(q: [f64; 4], mirrored: bool) -> [[f64; 3]; 3] {
        let n = q.iter().map(|side| side * side).sum::<f64>().sqrt();
        let [w, x, y, z] = q.map(|side| side / n);
        let sign = if mirrored { -1.0 } else { 1.0 };
        let row = [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - z * w), 2.0 * (x * z + y * w)];
        [
            row.map(|side| side * sign),
            [2.0 * (x * y + z * w), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - x * w)],
            [2.0 * (x * z - y * w), 2.0 * (y * z + x * w), 1.0 - 2.0 * (x * x + y * y)],
        ]
    }

    proptest! {
        #[test]
        fn world_to_voxel_and_back_is_the_same_place(
            q in prop::array::uniform4(-1.0..1.0_f64),
            mirrored: bool,
            spacing in prop::array::uniform3(0.2..5.0_f64),
            origin in prop::array::uniform3(-500.0..500.0_f64),
            world in prop::array::uniform3(-900.0..900.0_f64),
        ) {
            prop_assume!(q.iter().map(|side| side * side).sum::<f64>() > 1e-3);
            let geometry = VolumeGeometry::new(
                [3, 5, 7],
                WorldMm { x: origin[0], y: origin[1], z: origin[2] },
                SpacingMm { x: spacing[0], y: spacing[1], z: spacing[2] },
                frame(q, mirrored).into(),
            ).unwrap();
            let world = WorldMm { x: world[0], y: world[1], z: world[2] };
            let back = geometry.world_from_voxel(geometry.voxel_from_world(world));
            prop_assert!(world.distance(back) < 1e-9, "{world:?} {back:?}");
        }
    }
}
