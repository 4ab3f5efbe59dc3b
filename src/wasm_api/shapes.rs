//! What page, loader and engine hand each other as plain objects.

use nodulens::detection::Finding;
use nodulens_imaging::geometry::{GeometryError, SpacingMm, VolumeGeometry, VoxelPoint, WorldMm};
use serde::{Deserialize, Serialize};

/// A volume's grid.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GeometryShape {
    size: [usize; 3],
    origin_mm: [f64; 3],
    spacing_mm: [f64; 3],
    axes: [[f64; 3]; 3],
    /// Centre of each slice's first voxel, where slices do not follow each other evenly.
    slices_at_mm: Option<Vec<[f64; 3]>>,
}

impl From<&VolumeGeometry> for GeometryShape {
    fn from(geometry: &VolumeGeometry) -> Self {
        let (origin, spacing) = (geometry.origin(), geometry.spacing_mm());
        Self {
            size: geometry.size(),
            origin_mm: [origin.x, origin.y, origin.z],
            spacing_mm: [spacing.x, spacing.y, spacing.z],
            axes: geometry.axes().into(),
            slices_at_mm: geometry.slices_at().map(|places| {
                places.into_iter().map(|place| [place.x, place.y, place.z]).collect()
            }),
        }
    }
}

impl TryFrom<GeometryShape> for VolumeGeometry {
    type Error = GeometryError;

    fn try_from(shape: GeometryShape) -> Result<Self, GeometryError> {
        let ([x, y, z], spacing) = (shape.origin_mm, shape.spacing_mm);
        let spacing = SpacingMm { x: spacing[0], y: spacing[1], z: spacing[2] };
        let even = Self::new(shape.size, WorldMm { x, y, z }, spacing, shape.axes.into())?;
        match shape.slices_at_mm {
            Some(places) => even
                .with_slices_at(places.into_iter().map(|[x, y, z]| WorldMm { x, y, z }).collect()),
            None => Ok(even),
        }
    }
}

/// A finding.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FindingShape {
    voxel: [f64; 3],
    world_mm: [f64; 3],
    slices: [usize; 2],
    probability: f32,
    diameter_mm: Option<f64>,
}

impl From<Finding> for FindingShape {
    fn from(finding: Finding) -> Self {
        let Finding { voxel, world, slices, probability, diameter_mm } = finding;
        let (voxel, world_mm) = ([voxel.x, voxel.y, voxel.z], [world.x, world.y, world.z]);
        Self { voxel, world_mm, slices, probability, diameter_mm }
    }
}

impl From<FindingShape> for Finding {
    fn from(shape: FindingShape) -> Self {
        let ([x, y, z], [left, back, head]) = (shape.voxel, shape.world_mm);
        Self {
            voxel: VoxelPoint { x, y, z },
            world: WorldMm { x: left, y: back, z: head },
            slices: shape.slices,
            probability: shape.probability,
            diameter_mm: shape.diameter_mm,
        }
    }
}
