//! What scanners do to a picture: noise of a lower dose, softer and sharper kernels, thicker slices,
//! and the end of the slice.
//!
//! Values are grey in [0, 1], of which .01 is 14 HU. All of it works on a square of any side.

use nodulens_imaging::phantom::normal;
use rand::{Rng, RngExt};
use std::ops::Range;

/// Side of the smallest square that is left of a picture that ends early: the patch.
const LEAST_SIDE: usize = 50;
/// How much farther out the outermost section of a thick slice lies, as a zoom.
const THICK_ZOOM: f32 = 0.35;

/// Add noise of a standard deviation of `deviation`. Of `grain` 0 each pixel has its own; of 1
/// neighbours share theirs, as a soft kernel leaves it.
pub fn noise(values: &mut [f32], side: usize, deviation: f32, grain: f32, rng: &mut impl Rng) {
    let own: Vec<f32> = values.iter().map(|_| normal(rng)).collect();
    let shared = blurred(&own, side);
    // Of independent numbers of deviation 1, weighed 1-2-1 on both axes: (1 + 4 + 1) / 16 squared.
    const SHARED_DEVIATION: f32 = 6.0 / 16.0;
    let mixed = |own: f32, shared: f32| (1.0 - grain) * own + grain * shared;
    // An own number is a quarter of the shared one, so the two are not independent.
    let both = (1.0 - grain).powi(2)
        + 2.0 * grain * (1.0 - grain) * 0.25
        + (grain * SHARED_DEVIATION).powi(2);
    let scale = deviation / both.sqrt();
    for ((value, own), shared) in values.iter_mut().zip(own).zip(shared) {
        *value = (*value + scale * mixed(own, shared)).clamp(0.0, 1.0);
    }
}

/// Soften (below 0, -1 the most) or sharpen a picture, as another reconstruction kernel does.
pub fn kernel(values: &mut [f32], side: usize, sharpness: f32) {
    let soft = blurred(values, side);
    for (value, soft) in values.iter_mut().zip(soft) {
        *value = (*value + sharpness * (*value - soft)).clamp(0.0, 1.0);
    }
}

/// Average a picture with sections farther out, as a slice of more than a third of a nodule's width
/// does: of a ball, whose sections become smaller, and of what stands across the slice it is what the
/// thicker slice shows. `share` of the picture is the outer sections'.
pub fn thicken(values: &mut [f32], side: usize, share: f32) {
    let middle = (side as f32 - 1.0) / 2.0;
    let zoomed = |zoom: f32| -> Vec<f32> {
        let place = |at: usize| middle + (at as f32 - middle) * zoom;
        (0..side * side).map(|i| linear(values, side, place(i % side), place(i / side))).collect()
    };
    let [near, far] = [0.5, 1.0].map(|part| zoomed(1.0 + part * THICK_ZOOM));
    for ((value, near), far) in values.iter_mut().zip(near).zip(far) {
        *value = (1.0 - share) * *value + share * (near + far) / 2.0;
    }
}

/// Let a picture end: beyond one side, or around a square that holds the patch, lies air.
pub fn end(values: &mut [f32], side: usize, rng: &mut impl Rng) {
    let kept: [Range<usize>; 2] = if rng.random_bool(0.5) {
        // The edge of a slice: it may cut the patch, but not its centre.
        let at = rng.random_range(5..side / 2);
        let line = if rng.random_bool(0.5) { at..side } else { 0..side - at };
        if rng.random_bool(0.5) { [line, 0..side] } else { [0..side, line] }
    } else {
        let kept = rng.random_range(LEAST_SIDE.min(side)..=side);
        let first = (side - kept) / 2;
        [first..first + kept, first..first + kept]
    };
    keep(values, side, kept);
}

/// Let air lie beyond these columns and rows.
pub fn keep(values: &mut [f32], side: usize, [columns, rows]: [Range<usize>; 2]) {
    for (y, row) in values.chunks_exact_mut(side).enumerate() {
        for (x, value) in row.iter_mut().enumerate() {
            if !(columns.contains(&x) && rows.contains(&y)) {
                *value = 0.0;
            }
        }
    }
}

/// Weigh every pixel with its neighbours, 1-2-1 along both axes; the edge repeats.
fn blurred(values: &[f32], side: usize) -> Vec<f32> {
    let along = |values: &[f32], step: usize, at: fn(usize, usize) -> usize| -> Vec<f32> {
        (0..values.len())
            .map(|i| {
                let place = at(i, side);
                let before = if place > 0 { values[i - step] } else { values[i] };
                let after = if place + 1 < side { values[i + step] } else { values[i] };
                (before + 2.0 * values[i] + after) / 4.0
            })
            .collect()
    };
    let rows = along(values, 1, |i, side| i % side);
    along(&rows, side, |i, side| i / side)
}

fn linear(values: &[f32], side: usize, u: f32, v: f32) -> f32 {
    let last = (side - 1) as f32;
    let (u, v) = (u.clamp(0.0, last), v.clamp(0.0, last));
    let (x, y) = (u as usize, v as usize);
    let (fx, fy) = (u - x as f32, v - y as f32);
    let (right, below) = ((x + 1).min(side - 1), (y + 1).min(side - 1));
    let at = |x: usize, y: usize| values[y * side + x];
    let top = at(x, y) + (at(right, y) - at(x, y)) * fx;
    let bottom = at(x, below) + (at(right, below) - at(x, below)) * fx;
    top + (bottom - top) * fy
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_pcg::Pcg64Mcg;

    fn deviation(values: &[f32]) -> f32 {
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        (values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / values.len() as f32).sqrt()
    }

    #[test]
    fn noise_has_the_deviation_asked_for_whatever_its_grain() {
        let mut rng = Pcg64Mcg::seed_from_u64(5);
        // How far neighbours differ: of independent ones by the square root of 2, else of 2 (1 - r), where
        // r is their correlation: by hand .210 and two thirds.
        for (grain, step) in [(0.0, 1.414), (0.5, 1.257), (1.0, 0.816)] {
            let mut values = vec![0.5; 200 * 200];
            noise(&mut values, 200, 0.04, grain, &mut rng);
            assert!((deviation(&values) - 0.04).abs() < 0.002, "{grain}: {}", deviation(&values));
            let steps = values.windows(2).map(|two| two[1] - two[0]).collect::<Vec<_>>();
            assert!(
                (deviation(&steps) / 0.04 - step).abs() < 0.03,
                "{grain}: {}",
                deviation(&steps)
            );
        }
    }

    #[test]
    fn kernels_soften_and_sharpen_an_edge_and_leave_the_plain_alone() {
        let edge: Vec<f32> = (0..8 * 8).map(|i| if i % 8 < 4 { 0.25 } else { 0.75 }).collect();
        let changed = |sharpness: f32| {
            let mut values = edge.clone();
            kernel(&mut values, 8, sharpness);
            values
        };
        // Beside the edge the mean of 1-2-1 is .375: a quarter of the step lower down.
        assert_eq!(changed(-1.0)[3 * 8..4 * 8], [0.25, 0.25, 0.25, 0.375, 0.625, 0.75, 0.75, 0.75]);
        assert_eq!(changed(0.5)[3 * 8 + 3], 0.25 - 0.5 * 0.125);
        assert_eq!(changed(0.0), edge);
    }

    #[test]
    fn a_thick_slice_shows_a_ball_fainter_at_its_rim() {
        let ball: Vec<f32> = (0..61 * 61usize)
            .map(|i| {
                let (dx, dy) = ((i % 61).abs_diff(30), (i / 61).abs_diff(30));
                if dx * dx + dy * dy <= 100 { 1.0 } else { 0.0 }
            })
            .collect();
        let mut thick = ball.clone();
        thicken(&mut thick, 61, 0.6);
        let at = |dx: usize| thick[30 * 61 + 30 + dx];
        assert!((at(0) - 1.0).abs() < 1e-6 && (at(5) - 1.0).abs() < 1e-6);
        // At 9 of 10 pixels the outer sections, 1.175 and 1.35 times as far, lie on the rim's edge (at
        // 10.575, which is .425 of the way in) and outside.
        assert!((at(9) - (0.4 + 0.3 * 0.425)).abs() < 1e-4, "{}", at(9));
        assert_eq!(at(12), 0.0);
    }

    #[test]
    fn a_picture_that_ends_keeps_its_centre_and_ends_in_air() {
        let mut rng = Pcg64Mcg::seed_from_u64(2);
        let mut lines = 0;
        for _ in 0..200 {
            let mut values = vec![0.5; 100 * 100];
            end(&mut values, 100, &mut rng);
            assert_eq!(values[50 * 100 + 50], 0.5);
            let air = values.iter().filter(|value| **value == 0.0).count();
            assert!(air <= 100 * 100 - 50 * 50, "{air}");
            let patch = (25..75).flat_map(|y| &values[y * 100 + 25..y * 100 + 75]);
            lines += usize::from(patch.copied().any(|value| value == 0.0));
        }
        assert!((20..100).contains(&lines), "{lines} of 200 cut the patch");
    }
}
