//! Which pixels of a slice lie in a lung, so that only those are looked at.
//!
//! By density and connection alone: what is darker than tissue, enclosed by the body, and not
//! as dark as gas. Then the outline is closed, each lung by itself, so that vessels and nodules
//! at the wall stay inside while the space between the lungs stays out. It is made to lose
//! nothing that should be looked at; it measures no volumes.

mod components;
pub mod distance;

use components::{Component, components, reached_from_edge};
use distance::squared_distance_mm2;

/// Darker than this is lung or gas, brighter is tissue, HU: about half-way between aerated lung
/// (-850) and soft tissue (30), as in common lung segmentations (Hu et al. 2001 arrive at -400
/// to -500 by iteration).
pub const TISSUE_HU: f32 = -400.0;

/// A component whose median is below this is gas (trachea, bowel, air around the body), HU. Gas is
/// -1000; the lungs of severe emphysema have a mean about -910.
pub const GAS_MEDIAN_HU: f32 = -940.0;

/// Smallest component that is kept, mm²: a lung's tip of 6 mm. Smaller is noise in fat.
pub const REGION_MIN_MM2: f64 = 30.0;

/// Radius of the largest disc in a component that is kept although the body does not enclose it, at
/// least, mm: in a picture cut close to the lungs the chest wall may be missing; the foam of a
/// table is as dark as lung but not as thick.
pub const OPEN_REGION_MIN_MM: f64 = 20.0;

/// Radius by which a lung's outline is closed, mm: what bulges into the lung from its wall and
/// is up to twice as wide is inside. Nodules reach 30 mm by definition, most are below 20.
pub const CLOSING_MM: f64 = 10.0;

/// Largest hole that is filled, mm²: a mass of 6 cm. The heart between two lungs that touch is
/// larger.
pub const HOLE_MAX_MM2: f64 = 2800.0;

/// The lungs in one slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LungMask {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height`, row-major: 1 in a lung, 0 elsewhere.
    pub inside: Vec<u8>,
    /// Pixels of the body with all that it encloses, lungs too.
    pub body: usize,
}

impl LungMask {
    /// Whether the pixel lies in a lung; outside the slice it does not.
    #[must_use]
    pub fn contains(&self, x: usize, y: usize) -> bool {
        x < self.width && self.inside.get(y * self.width + x) == Some(&1)
    }

    /// Pixels in a lung.
    #[must_use]
    pub fn area(&self) -> usize {
        self.inside.iter().filter(|inside| **inside == 1).count()
    }

    /// Share of the body that is lung, in [0, 1]; 0 without a body.
    #[must_use]
    pub fn share_of_body(&self) -> f64 {
        // Where the chest wall is missing, the lungs may exceed the body.
        let body = self.body.max(self.area());
        if body == 0 { 0.0 } else { self.area() as f64 / body as f64 }
    }
}

/// Finds the lungs in a slice.
///
/// # Shapes
/// `hu`: `width * height` CT numbers, row-major; of another length, nothing is lung. `pixel_mm`:
/// along x and y, above 0.
#[must_use]
pub fn lung_mask(hu: &[f32], width: usize, height: usize, pixel_mm: [f64; 2]) -> LungMask {
    let pixel_mm2 = pixel_mm[0] * pixel_mm[1];
    let sound = pixel_mm.iter().all(|side| side.is_finite() && *side > 0.0);
    if !sound || hu.is_empty() || width.checked_mul(height) != Some(hu.len()) {
        return LungMask { width, height, inside: vec![0; width.saturating_mul(height)], body: 0 };
    }
    let area = |component: &Component| component.pixels.len() as f64 * pixel_mm2;
    // Not-a-number is no lung.
    let dark: Vec<bool> = hu.iter().map(|hu| *hu < TISSUE_HU).collect();
    let around = outside_of_body(&dark, width);
    let mut inside = vec![false; hu.len()];
    for component in components(&dark, width) {
        if area(&component) < REGION_MIN_MM2 || median(hu, &component) < GAS_MEDIAN_HU {
            continue;
        }
        let enclosed = component.pixels.iter().all(|pixel| !around[*pixel as usize]);
        let thick = || radius_mm(&component, [width, height], pixel_mm) >= OPEN_REGION_MIN_MM;
        if enclosed || component.on_edge && thick() {
            close(&component, [width, height], pixel_mm, &mut inside);
        }
    }
    let open: Vec<bool> = inside.iter().map(|inside| !inside).collect();
    let edge = reached_from_edge(&open, width);
    let hole: Vec<bool> = open.iter().zip(&edge).map(|(open, edge)| *open && !edge).collect();
    for hole in components(&hole, width).iter().filter(|hole| area(hole) <= HOLE_MAX_MM2) {
        for pixel in &hole.pixels {
            inside[*pixel as usize] = true;
        }
    }
    let body = around.iter().filter(|around| !**around).count();
    LungMask {
        width,
        height,
        inside: inside.iter().map(|inside| u8::from(*inside)).collect(),
        body,
    }
}

/// What the edge of the slice reaches without crossing the largest piece of tissue, the body.
fn outside_of_body(dark: &[bool], width: usize) -> Vec<bool> {
    let tissue: Vec<bool> = dark.iter().map(|dark| !dark).collect();
    let pieces = components(&tissue, width);
    let body = pieces.iter().max_by_key(|piece| piece.pixels.len());
    let mut open = vec![true; dark.len()];
    for pixel in body.iter().flat_map(|body| &body.pixels) {
        open[*pixel as usize] = false;
    }
    reached_from_edge(&open, width)
}

fn median(hu: &[f32], component: &Component) -> f32 {
    let mut values: Vec<f32> = component.pixels.iter().map(|pixel| hu[*pixel as usize]).collect();
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

/// Of the largest disc in a component; beyond the slice it goes on.
fn radius_mm(component: &Component, size: [usize; 2], pixel_mm: [f64; 2]) -> f64 {
    let mut other = vec![true; size[0] * size[1]];
    for pixel in &component.pixels {
        other[*pixel as usize] = false;
    }
    let depth = squared_distance_mm2(&other, size, pixel_mm);
    f64::from(depth.into_iter().fold(0.0, f32::max)).sqrt()
}

/// Adds a component to the mask, closed: grown by [`CLOSING_MM`], then shrunk by as much. Beyond the
/// slice lies nothing, so that a component at its edge keeps its own outline there.
fn close(
    component: &Component,
    [width, height]: [usize; 2],
    pixel_mm: [f64; 2],
    into: &mut [bool],
) {
    let reach = pixel_mm.map(|side| (CLOSING_MM / side).ceil() as usize + 1);
    let (mut low, mut high) = ([usize::MAX; 2], [0; 2]);
    for pixel in &component.pixels {
        let at = [*pixel as usize % width, *pixel as usize / width];
        for k in 0..2 {
            low[k] = low[k].min(at[k]);
            high[k] = high[k].max(at[k]);
        }
    }
    // A box with room to grow on every side, even beyond the slice.
    let size = [0, 1].map(|k| high[k] - low[k] + 1 + 2 * reach[k]);
    let mut chosen = vec![false; size[0] * size[1]];
    for pixel in &component.pixels {
        let (x, y) = (*pixel as usize % width, *pixel as usize / width);
        chosen[(y - low[1] + reach[1]) * size[0] + x - low[0] + reach[0]] = true;
    }
    let limit = (CLOSING_MM * CLOSING_MM) as f32;
    let far = squared_distance_mm2(&chosen, size, pixel_mm);
    let ungrown: Vec<bool> = far.iter().map(|far| *far > limit).collect();
    let deep = squared_distance_mm2(&ungrown, size, pixel_mm);
    for y in 0..size[1] {
        for x in 0..size[0] {
            let i = y * size[0] + x;
            let (Some(x), Some(y)) =
                ((x + low[0]).checked_sub(reach[0]), (y + low[1]).checked_sub(reach[1]))
            else {
                continue;
            };
            // Shrinking by distances between centres takes a little more than growing gave: the
            // component itself is always kept.
            if x < width && y < height && (deep[i] > limit || chosen[i]) {
                into[y * width + x] = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MM: [f64; 2] = [0.7, 0.8];

    /// A body with two lungs, a trachea, air around, a table with foam below; `draw` may add.
    fn slice(draw: impl Fn(f64, f64) -> Option<f32>) -> LungMask {
        let (width, height) = (400, 300);
        let within = |x: f64, y: f64, center: [f64; 2], radii: [f64; 2]| {
            ((x - center[0]) / radii[0]).hypot((y - center[1]) / radii[1]) < 1.0
        };
        let mut hu = Vec::new();
        for row in 0..height {
            for column in 0..width {
                let (x, y) = (column as f64 * MM[0], row as f64 * MM[1]);
                let lung = within(x, y, [90.0, 100.0], [40.0, 65.0])
                    || within(x, y, [190.0, 100.0], [40.0, 65.0]);
                let anatomy = if within(x, y, [140.0, 70.0], [8.0, 8.0]) {
                    -980.0
                } else if lung {
                    -850.0
                } else if within(x, y, [140.0, 100.0], [125.0, 85.0]) {
                    40.0
                } else if y > 200.0 && y < 215.0 {
                    if y > 203.0 && y < 212.0 { -900.0 } else { -100.0 }
                } else {
                    -1000.0
                };
                hu.push(draw(x, y).filter(|_| anatomy > -900.0).unwrap_or(anatomy));
            }
        }
        lung_mask(&hu, width, height, MM)
    }

    fn at(mask: &LungMask, x: f64, y: f64) -> bool {
        mask.contains((x / MM[0]) as usize, (y / MM[1]) as usize)
    }

    #[test]
    fn lungs_are_inside_and_gas_table_heart_and_air_are_not() {
        let mask = slice(|_, _| None);
        assert!(at(&mask, 90.0, 100.0) && at(&mask, 190.0, 100.0));
        for (x, y) in [(140.0, 70.0), (140.0, 100.0), (140.0, 208.0), (2.0, 2.0), (30.0, 100.0)] {
            assert!(!at(&mask, x, y), "{x}, {y}");
        }
        let lungs = 2.0 * std::f64::consts::PI * 40.0 * 65.0;
        let area = mask.area() as f64 * MM[0] * MM[1];
        assert!((area / lungs - 1.0).abs() < 0.02, "{area} of {lungs} mm²");
        let share = lungs / (std::f64::consts::PI * 125.0 * 85.0);
        assert!((mask.share_of_body() - share).abs() < 0.02, "{}", mask.share_of_body());
    }

    #[test]
    fn nodules_within_and_at_the_wall_stay_inside() {
        // 12 mm in the middle, 16 mm with its middle 5 mm from the wall.
        let ball = |x: f64, y: f64, c: [f64; 2], r: f64| (x - c[0]).hypot(y - c[1]) < r;
        let (within, pleural) = ([90.0, 120.0], [55.0, 100.0]);
        let mask =
            slice(|x, y| (ball(x, y, within, 6.0) || ball(x, y, pleural, 8.0)).then_some(30.0));
        assert!(at(&mask, within[0], within[1]));
        assert!(at(&mask, pleural[0], pleural[1]) && at(&mask, 62.0, 100.0));
        assert!(!at(&mask, 47.0, 100.0), "the chest wall is no lung");
    }

    #[test]
    fn a_slice_without_lungs_or_with_nonsense_has_none() {
        assert_eq!(lung_mask(&[-1000.0; 35], 7, 5, MM).area(), 0);
        assert_eq!(lung_mask(&[f32::NAN; 35], 7, 5, MM).area(), 0);
        assert_eq!(lung_mask(&[-850.0; 34], 7, 5, MM).area(), 0);
        assert_eq!(lung_mask(&[], 0, 0, MM).share_of_body(), 0.0);
        assert_eq!(lung_mask(&[-850.0; 35], 7, 5, [0.0, f64::NAN]).area(), 0);
        assert_eq!(lung_mask(&[40.0; 1], 1, 1, MM).body, 1);
    }
}
