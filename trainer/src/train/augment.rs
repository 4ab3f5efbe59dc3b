//! Rotation, translation and flip of training patches, as the paper names them; and, where the
//! configuration asks for it, scale, contrast and brightness.
//!
//! A share of the patches is turned by quarters and shifted by whole pixels, which keeps every
//! grey value; the others are turned by any angle with bilinear interpolation. Pixels that come
//! into the patch are real ones where the 100 x 100 context is there; the edge repeats otherwise.

use crate::config::TrainConfig;
use crate::dataset::Canvas;
use crate::scanner::physics;
use crate::scanner::transform::{Beyond, Transform, crop};
use nodulens::constants::{CONTEXT_SIZE, PATCH_SIZE};
use nodulens::preprocess::view;
use rand::{Rng, RngExt};
use std::f32::consts::{FRAC_PI_2, TAU};
use std::ops::RangeInclusive;

/// Farthest that a nodule is shifted for its size, in pixels: as far off as candidates lie in the
/// data (90th percentile 8.5, most 20).
const NODULE_SHIFT_PX: f32 = 10.0;

/// How far patches may be changed; see [`TrainConfig`] for units and ranges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Augment {
    shift_px: f32,
    quarter_turns: f64,
    scale: f32,
    contrast: f32,
    brightness: f32,
    cavities: f64,
    nodule_shift: f32,
    coarse: f64,
    noise: f32,
    kernel: f32,
    thickness: f32,
    edges: f64,
    /// Whether the surroundings are seen, too.
    context: bool,
}

impl Augment {
    /// Take the configuration's share of it.
    pub fn of(config: &TrainConfig) -> Self {
        Self {
            shift_px: config.augment_shift_px,
            quarter_turns: config.augment_quarter_turns,
            scale: config.augment_scale,
            contrast: config.augment_contrast,
            brightness: config.augment_brightness,
            cavities: config.augment_cavities,
            nodule_shift: config.augment_nodule_shift,
            coarse: config.augment_coarse,
            noise: config.augment_noise,
            kernel: config.augment_kernel,
            thickness: config.augment_thickness,
            edges: config.augment_edges,
            context: config.network.context().is_some(),
        }
    }
}

/// A patch as a step sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Altered {
    /// A patch of 2,500 values in [0, 1], or a view of 5,000.
    pub values: Vec<f32>,
    /// Whether it is a nodule that was hollowed out: another lesion than the one in the data.
    pub hollowed: bool,
}

/// Change a patch at random. `nodule` is the radius of the nodule in pixels, 0 where it is not
/// known, and `None` where there is no nodule: only a nodule is shifted by its size, or hollowed.
pub fn alter(
    canvas: &Canvas,
    nodule: Option<f32>,
    augment: &Augment,
    rng: &mut impl Rng,
) -> Altered {
    let mut transform = Transform::random(augment, rng);
    if let Some(radius) = nodule
        && augment.nodule_shift > 0.0
    {
        let reach = (augment.nodule_shift * radius).min(NODULE_SHIFT_PX);
        for shift in &mut transform.shift {
            // Whole pixels, so that quarter turns keep every grey value.
            *shift += (reach * signed(rng)).round();
        }
    }
    let coarse = canvas.coarse.as_ref().filter(|_| drawn(augment.coarse, rng));
    let canvas = match coarse {
        Some(grey) => &Canvas { side: canvas.side, grey: grey.clone(), coarse: None },
        None => canvas,
    };
    let hollow = hollow(canvas, nodule.is_some(), augment, rng);
    let canvas = hollow.as_ref().unwrap_or(canvas);
    let side = if augment.context { CONTEXT_SIZE } else { PATCH_SIZE };
    let mut values = crop(canvas, transform, side, augment.beyond());
    scanned(&mut values, side, augment, rng);
    if augment.contrast > 0.0 || augment.brightness > 0.0 {
        let contrast = 1.0 + augment.contrast * signed(rng);
        let brightness = augment.brightness * signed(rng);
        for value in &mut values {
            *value = (*value * contrast + brightness).clamp(0.0, 1.0);
        }
    }
    if augment.context {
        if drawn(augment.edges, rng) {
            physics::end(&mut values, side, rng);
        }
        values = view(&values);
    }
    Altered { values, hollowed: hollow.is_some() }
}

/// Return the canvas as a network with a context sees it, unaltered.
pub fn unaltered(canvas: &Canvas) -> Vec<f32> {
    let still = Transform { angle: 0.0, flip: false, shift: [0.0; 2], scale: 1.0 };
    view(&crop(canvas, still, CONTEXT_SIZE, Beyond::Air))
}

/// Change a picture as another scanner would have made it.
fn scanned(values: &mut [f32], side: usize, augment: &Augment, rng: &mut impl Rng) {
    if augment.thickness > 0.0 {
        let share = augment.thickness * rng.random::<f32>();
        // Half of them, so that thin slices stay the most.
        if rng.random_bool(0.5) {
            physics::thicken(values, side, share);
        }
    }
    if augment.kernel > 0.0 {
        physics::kernel(values, side, augment.kernel * signed(rng));
    }
    if augment.noise > 0.0 {
        let (deviation, grain) = (augment.noise * rng.random::<f32>().powi(2), rng.random());
        physics::noise(values, side, deviation, grain, rng);
    }
}

/// Draw whether something happens. No draw where it cannot, so that the paper's recipe keeps its
/// numbers.
fn drawn(share: f64, rng: &mut impl Rng) -> bool {
    share > 0.0 && rng.random_bool(share)
}

fn hollow(canvas: &Canvas, nodule: bool, augment: &Augment, rng: &mut impl Rng) -> Option<Canvas> {
    if !nodule || !drawn(augment.cavities, rng) {
        return None;
    }
    let (wall, inside) = (rng.random_range(WALL_PX), rng.random_range(INSIDE_GREY));
    hollowed(canvas, wall, inside)
}

/// Draw a number uniformly from [-1, 1).
fn signed(rng: &mut impl Rng) -> f32 {
    2.0 * rng.random::<f32>() - 1.0
}

impl Transform {
    /// Draw a transform at random.
    pub fn random(augment: &Augment, rng: &mut impl Rng) -> Self {
        let quarter = rng.random_bool(augment.quarter_turns);
        let angle = if quarter {
            FRAC_PI_2 * rng.random_range(0..4) as f32
        } else {
            TAU * rng.random::<f32>()
        };
        let flip = rng.random_bool(0.5);
        let mut shift = || {
            let shift = augment.shift_px * signed(rng);
            if quarter { shift.round() } else { shift }
        };
        let shift = [shift(), shift()];
        // No draw where there is none to make, so that the paper's recipe keeps its numbers; and
        // none for quarter turns, which are to keep every grey value.
        let scale =
            if augment.scale > 0.0 && !quarter { (augment.scale * signed(rng)).exp() } else { 1.0 };
        Self { angle, flip, shift, scale }
    }
}

impl Augment {
    fn beyond(&self) -> Beyond {
        if self.context { Beyond::Air } else { Beyond::Edge }
    }
}

/// Grey from which a pixel is tissue: about -350 HU, half way between lung and soft tissue.
const TISSUE_GREY: u8 = 118;
/// Pixels from the patch's centre within which the nodule is looked for.
const NEAR_PX: usize = 6;
/// Pixels from the centre beyond which it must not reach: what does is vessel or chest wall too.
const FAR_PX: usize = 20;
/// Thickness of the wall that stays, in pixels.
const WALL_PX: RangeInclusive<u16> = 1..=3;
/// Grey of the air inside: about -960 to -730 HU.
const INSIDE_GREY: RangeInclusive<u8> = 8..=50;

/// Return the canvas with the nodule at its centre hollowed out, or `None` where there is none that
/// stands alone and is thick enough for a wall of `wall` pixels and a hole.
fn hollowed(canvas: &Canvas, wall: u16, inside: u8) -> Option<Canvas> {
    let side = canvas.side;
    let depth = depths(canvas)?;
    if depth.iter().max().is_none_or(|deepest| *deepest < wall + 2) {
        return None;
    }
    let mut grey = canvas.grey.clone();
    for (value, depth) in grey.iter_mut().zip(depth) {
        if depth > wall + 1 {
            *value = inside;
        } else if depth == wall + 1 {
            // The edge of a hole is as soft as any edge in a scan.
            *value = ((u16::from(*value) + u16::from(inside)) / 2) as u8;
        }
    }
    Some(Canvas { side, grey, coarse: None })
}

/// Return how deep each pixel lies in the nodule: 0 outside, 1 at its border. `None` without a
/// nodule.
fn depths(canvas: &Canvas) -> Option<Vec<u16>> {
    let side = canvas.side;
    let middle = side / 2;
    let tissue = |pixel: usize| canvas.grey[pixel] >= TISSUE_GREY;
    let around = |distance: usize| middle - distance..middle + distance;
    let start = around(NEAR_PX)
        .flat_map(|y| around(NEAR_PX).map(move |x| y * side + x))
        .max_by_key(|pixel| {
            neighbours(*pixel, side).map(|n| u32::from(canvas.grey[n])).sum::<u32>()
        })
        .filter(|pixel| tissue(*pixel))?;
    let mut inside = vec![false; side * side];
    inside[start] = true;
    let mut open = vec![start];
    while let Some(pixel) = open.pop() {
        let (x, y) = (pixel % side, pixel / side);
        if x.abs_diff(middle) >= FAR_PX || y.abs_diff(middle) >= FAR_PX {
            return None;
        }
        for next in neighbours(pixel, side).filter(|next| tissue(*next)) {
            if !std::mem::replace(&mut inside[next], true) {
                open.push(next);
            }
        }
    }
    // Peel layer by layer.
    let mut depth = vec![0; side * side];
    let mut left: Vec<usize> = (0..side * side).filter(|pixel| inside[*pixel]).collect();
    let mut layer = 0;
    while !left.is_empty() {
        layer += 1;
        let (border, core): (Vec<usize>, Vec<usize>) =
            left.iter().partition(|pixel| neighbours(**pixel, side).any(|next| !inside[next]));
        for pixel in &border {
            depth[*pixel] = layer;
        }
        for pixel in border {
            inside[pixel] = false;
        }
        left = core;
    }
    Some(depth)
}

/// Return the four pixels beside one that is not at the canvas's edge.
fn neighbours(pixel: usize, side: usize) -> impl Iterator<Item = usize> {
    [pixel - side, pixel - 1, pixel + 1, pixel + side].into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nodulens::constants::{AUGMENT_QUARTER_TURNS, AUGMENT_SHIFT_PX};
    use rand::SeedableRng;
    use rand_pcg::Pcg64Mcg;

    /// 100 x 100, each pixel its own value by position (x alone and y alone are told apart).
    fn canvas() -> Canvas {
        let grey = (0..100 * 100).map(|i| ((i % 100) + 3 * (i / 100)) as u8 / 2).collect();
        Canvas { side: 100, grey, coarse: None }
    }

    fn paper() -> Augment {
        Augment {
            shift_px: AUGMENT_SHIFT_PX,
            quarter_turns: AUGMENT_QUARTER_TURNS,
            scale: 0.0,
            contrast: 0.0,
            brightness: 0.0,
            cavities: 0.0,
            nodule_shift: 0.0,
            coarse: 0.0,
            noise: 0.0,
            kernel: 0.0,
            thickness: 0.0,
            edges: 0.0,
            context: false,
        }
    }

    #[test]
    fn random_transforms_stay_within_their_bounds_and_follow_the_seed() {
        let draw = |seed| {
            let mut rng = Pcg64Mcg::seed_from_u64(seed);
            (0..200).map(|_| Transform::random(&paper(), &mut rng)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let quarters =
            draw(3).iter().filter(|transform| (transform.angle / FRAC_PI_2).fract() < 1e-4).count();
        assert!((60..140).contains(&quarters), "{quarters} of 200 are quarter turns");
        assert!(draw(4).iter().all(|p| p.shift.iter().all(|s| s.abs() <= AUGMENT_SHIFT_PX)));
    }

    #[test]
    fn contrast_and_brightness_stay_in_range() {
        let augment = Augment { contrast: 1.0, brightness: 1.0, ..paper() };
        let mut rng = Pcg64Mcg::seed_from_u64(1);
        let altered: Vec<_> =
            (0..20).map(|_| alter(&canvas(), Some(0.0), &augment, &mut rng).values).collect();
        assert!(altered.iter().flatten().all(|value| (0.0..=1.0).contains(value)));
        assert!(altered.iter().any(|values| values[0] > 0.9));
    }

    #[test]
    fn only_nodules_are_shifted_by_their_size() {
        let augment = Augment { nodule_shift: 0.5, ..paper() };
        let draw = |nodule, augment| {
            let mut rng = Pcg64Mcg::seed_from_u64(9);
            alter(&canvas(), nodule, &augment, &mut rng).values
        };
        assert_eq!(draw(None, augment), draw(None, paper()));
        assert_eq!(draw(Some(0.0), augment), draw(None, paper()), "of unknown size");
        assert_ne!(draw(Some(8.0), augment), draw(None, paper()));
    }

    /// A disc of tissue in air, or a bar from edge to edge.
    fn disc(radius: usize, bar: bool) -> Canvas {
        let grey = (0..100 * 100usize)
            .map(|i| {
                let (dx, dy) = ((i % 100).abs_diff(50), (i / 100).abs_diff(50));
                let nodule = dx * dx + dy * dy <= radius * radius || (bar && dy < 2);
                if nodule { 190 } else { 20 }
            })
            .collect();
        Canvas { side: 100, grey, coarse: None }
    }

    #[test]
    fn the_inside_becomes_air_and_the_wall_stays() {
        let hollow = hollowed(&disc(8, false), 2, 10).unwrap();
        let at = |dx: usize| hollow.grey[50 * 100 + 50 + dx];
        assert_eq!((at(0), at(4)), (10, 10));
        assert_eq!((at(7), at(8)), (190, 190), "the wall");
        assert_eq!(at(9), 20, "outside");
        assert!((11..190).contains(&at(6)), "a soft edge, {}", at(6));
    }

    #[test]
    fn small_attached_and_absent_nodules_are_left_alone() {
        assert!(hollowed(&disc(2, false), 2, 10).is_none());
        assert!(hollowed(&disc(8, true), 2, 10).is_none());
        assert!(hollowed(&disc(0, false), 1, 10).is_none());
    }
}
