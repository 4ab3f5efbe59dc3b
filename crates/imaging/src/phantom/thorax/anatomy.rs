//! The chest without vessels: surfaces and densities, in mm from its middle.

use crate::geometry::Vec3;

/// Width over which an edge fades, mm: the blur of the scanner.
pub(super) const EDGE_MM: f32 = 0.45;
/// Width of the field of view for which the measures below are meant, mm.
const USUAL_MM: f64 = 358.0;

/// CT numbers, HU.
const AIR: f32 = -1000.0;
const LUNG: f32 = -865.0;
const FAT: f32 = -105.0;
const SKIN: f32 = 25.0;
const MUSCLE: f32 = 52.0;
const BLOOD: f32 = 42.0;
const LIVER: f32 = 58.0;
const MARROW: f32 = 180.0;
const CORTEX: f32 = 620.0;
const AIRWAY: f32 = -985.0;

/// Distance of ribs along the body, mm.
const RIB_PITCH: f64 = 27.0;

/// Where the chest is and how large.
#[derive(Clone, Debug)]
pub(super) struct Anatomy {
    /// Of the scan, in the body's axes.
    pub(super) middle: Vec3,
    /// Of this chest to the usual one.
    pub(super) scale: f64,
    /// Half the scan's height in the usual chest, so that short scans show the same parts.
    half_height: f64,
}

/// A slice of it.
pub(super) struct Level<'a> {
    anatomy: &'a Anatomy,
    /// Height above the middle of the lungs in the usual chest, mm.
    z: f64,
}

impl Anatomy {
    pub(super) fn new(middle: Vec3, extent: Vec3) -> Self {
        let scale = (extent[0] / USUAL_MM).max(1e-3);
        Self { middle, scale, half_height: extent[2] / 2.0 / scale }
    }

    /// Where the vessels of a lung begin; `side` is -1 or 1.
    pub(super) fn hilum(&self, side: f64) -> Vec3 {
        self.middle + Vec3([side * 30.0, 8.0, 4.0]) * self.scale
    }

    pub(super) fn at_level(&self, z: f64) -> Level<'_> {
        // A tall scan reaches from the lungs' tips to the liver, a short one stays between.
        let squeeze = (125.0 / self.half_height.max(1.0)).min(1.0);
        Level { anatomy: self, z: (z - self.middle[2]) / self.scale * squeeze }
    }
}

impl Level<'_> {
    fn local(&self, x: f64, y: f64) -> [f64; 2] {
        let Anatomy { middle, scale, .. } = self.anatomy;
        [(x - middle[0]) / scale, (y - middle[1]) / scale]
    }

    /// Depth within the nearer lung in mm, negative outside.
    pub(super) fn lung(&self, x: f64, y: f64) -> f64 {
        let [x, y] = self.local(x, y);
        self.lung_depth(x, y) * self.anatomy.scale
    }

    /// Whether the nearest wall is the chest's and not the middle's.
    pub(super) fn near_chest_wall(&self, x: f64, y: f64) -> bool {
        self.local(x, y)[0].abs() > 85.0
    }

    fn lung_depth(&self, x: f64, y: f64) -> f64 {
        let side = x.signum();
        // Narrower to the tips above.
        let narrow = 1.0 - 0.45 * ((self.z - 20.0).max(0.0) / 110.0).powi(2);
        let wall = ellipse([x - side * 70.0, y - 2.0], [57.0 * narrow, 88.0 * narrow]);
        // Above the diaphragm's domes.
        let dome = -95.0 + 45.0 * (1.0 - ((x - side * 68.0) / 60.0).powi(2) - (y / 95.0).powi(2));
        let above = (self.z - dome) * 0.7;
        wall.min(above).min(-self.middle_depth(x, y) - 1.0)
    }

    /// Depth within heart, aorta and spine, negative outside.
    fn middle_depth(&self, x: f64, y: f64) -> f64 {
        let low = 1.0 - ((self.z + 45.0) / 62.0).powi(2);
        let heart = if low > 0.0 {
            let size = low.sqrt();
            ellipse([x - 22.0, y + 28.0], [(56.0 * size).max(1.0), (44.0 * size).max(1.0)])
        } else {
            -99.0
        };
        let great = ellipse([x - 4.0, y + 22.0], [25.0, 30.0]);
        let aorta = ellipse([x - 26.0, y - 42.0], [13.0, 13.0]);
        let spine = ellipse([x, y - 66.0], [25.0, 24.0]);
        heart.max(great).max(aorta).max(spine)
    }

    /// HU without vessels and grain, and the share that is lung.
    pub(super) fn hu(&self, x: f64, y: f64) -> (f32, f32) {
        let [x, y] = self.local(x, y);
        let body = superellipse([x / 168.0, y / 116.0]);
        let depth = (1.0 - body) * 116.0;
        if depth < -6.0 {
            return (AIR, 0.0);
        }
        let scale = self.anatomy.scale as f32;
        let share = |depth: f64| covered(depth as f32 * scale);
        let mix = |under: f32, over: f32, part: f32| under + (over - under) * part;
        let mut hu = mix(AIR, SKIN, share(depth));
        hu = mix(hu, FAT, share(depth - 2.2));
        // More fat at the sides and in front than along the back.
        let fat = 9.0 + 5.0 * (x / 168.0).powi(2) - 3.0 * (y / 116.0);
        hu = mix(hu, MUSCLE, share(depth - fat));
        // Lung, its lower parts denser as one lies.
        let lung = self.lung_depth(x, y);
        let part = share(lung);
        if depth > fat {
            // Fat between the organs of the middle.
            let between = ellipse([x, y + 8.0], [46.0, 70.0]);
            hu = mix(hu, FAT + 30.0, share(between).min(share(-lung)) * 0.8);
            hu = mix(hu, BLOOD, share(self.middle_depth(x, y) - 2.0));
            if self.z < -40.0 {
                hu = mix(hu, LIVER, share(-lung - 3.0).min(share(ellipse([x, y], [120.0, 80.0]))));
            }
            hu = mix(hu, LUNG + 0.35 * y as f32, part);
            hu = self.bones(x, y, depth - fat, hu, &share);
            hu = mix(hu, AIRWAY, share(self.airways(x, y)));
        }
        (hu, part)
    }

    /// Depth within trachea or main bronchi, negative outside.
    fn airways(&self, x: f64, y: f64) -> f64 {
        if self.z > 15.0 {
            return ellipse([x, y - 6.0], [9.0, 8.5]);
        }
        // Apart below, until they are in the lungs.
        let apart = (15.0 - self.z) * 0.9;
        if apart > 34.0 { -99.0 } else { ellipse([x.abs() - apart, y - 8.0], [6.5, 6.0]) }
    }

    fn bones(&self, x: f64, y: f64, wall: f64, hu: f32, share: &dyn Fn(f64) -> f32) -> f32 {
        let bone = |hu: f32, depth: f64| {
            let outer = hu + (CORTEX - hu) * share(depth);
            outer + (MARROW - outer) * share(depth - 1.8)
        };
        let mut hu = bone(hu, ellipse([x, y - 64.0], [19.0, 16.0]));
        // The arch behind, around the canal.
        let arch = ellipse([x, y - 88.0], [20.0, 9.0]);
        hu = bone(hu, arch);
        let canal = ellipse([x, y - 86.0], [9.0, 8.0]);
        hu += (30.0 - hu) * share(canal);
        hu = bone(hu, ellipse([x, y + 92.0], [20.0, 6.5]));
        // Ribs: rings in the wall that fall from the back to the front.
        let round = libm::atan2(x.abs() / 168.0, y / 116.0);
        if round < 2.7 {
            let fall = 34.0 * round;
            let level = (self.z + fall + 500.0).rem_euclid(RIB_PITCH) - RIB_PITCH / 2.0;
            let thick = ellipse([level, wall - 6.0], [6.0, 4.2]);
            hu = bone(hu, thick);
        }
        hu
    }
}

/// Depth within an ellipse around zero, about in mm.
fn ellipse([x, y]: [f64; 2], radii: [f64; 2]) -> f64 {
    let (u, v) = (x / radii[0], y / radii[1]);
    (1.0 - (u * u + v * v).sqrt()) * radii[0].min(radii[1])
}

/// 1 on the outline of a body that is squarer than an ellipse.
fn superellipse([u, v]: [f64; 2]) -> f64 {
    let (u, v) = (u * u, v * v);
    // Exponent 2.5 would need a power; the mean of 2 and 4 is as round to the eye.
    let (two, four) = ((u + v).sqrt(), (u * u + v * v).sqrt().sqrt());
    (two + four) / 2.0
}

/// Share of a voxel that is covered at this depth below a surface, in [0, 1].
pub(super) fn covered(depth_mm: f32) -> f32 {
    let depth = depth_mm / EDGE_MM;
    // Beyond four widths it changes less than a CT number.
    if depth.abs() > 4.0 {
        return if depth > 0.0 { 1.0 } else { 0.0 };
    }
    1.0 / (1.0 + libm::expf(-2.0 * depth))
}
