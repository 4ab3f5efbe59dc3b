//! A picture as it is seen turned, shifted or scaled.

use crate::dataset::Canvas;

/// An affine transform: output pixel p shows the canvas at `scale * turn(flip(p)) + shift`, about
/// the centre.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transform {
    /// Angle in radians.
    pub angle: f32,
    /// Whether x is mirrored first.
    pub flip: bool,
    /// Pixels along x and y.
    pub shift: [f32; 2],
    /// Pixels of the canvas a pixel of the patch; above 1 things look smaller.
    pub scale: f32,
}

/// What lies beyond a canvas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// Its edge, again and again: where patches alone are seen, whose corners a canvas may lack.
    Edge,
    /// Air, as beyond every picture that is searched.
    Air,
}

/// Cut a transformed square out of the canvas, with bilinear interpolation: `side * side` values in
/// [0, 1].
pub fn crop(canvas: &Canvas, transform: Transform, side: usize, beyond: Beyond) -> Vec<f32> {
    let centre = (side as f32 - 1.0) / 2.0;
    let middle = (canvas.side as f32 - 1.0) / 2.0;
    let (sin, cos) = transform.angle.sin_cos();
    // Quarter turns must land on pixels exactly, and sin(pi) is not quite 0.
    let (sin, cos) = (transform.scale * snap(sin), transform.scale * snap(cos));
    let outside = |at: f32| at < -0.5 || at > canvas.side as f32 - 0.5;
    let mut values = Vec::with_capacity(side * side);
    for y in 0..side {
        for x in 0..side {
            let (mut dx, dy) = (x as f32 - centre, y as f32 - centre);
            if transform.flip {
                dx = -dx;
            }
            let u = middle + cos * dx - sin * dy + transform.shift[0];
            let v = middle + sin * dx + cos * dy + transform.shift[1];
            let air = beyond == Beyond::Air && (outside(u) || outside(v));
            values.push(if air { 0.0 } else { bilinear(canvas, u, v) });
        }
    }
    values
}

fn snap(value: f32) -> f32 {
    if (value - value.round()).abs() < 1e-6 { value.round() } else { value }
}

fn bilinear(canvas: &Canvas, u: f32, v: f32) -> f32 {
    let last = (canvas.side - 1) as f32;
    let (u, v) = (u.clamp(0.0, last), v.clamp(0.0, last));
    let (x, y) = (u as usize, v as usize);
    let (fx, fy) = (u - x as f32, v - y as f32);
    let right = (x + 1).min(canvas.side - 1);
    let below = (y + 1).min(canvas.side - 1);
    let at = |x: usize, y: usize| f32::from(canvas.grey[y * canvas.side + x]);
    let top = at(x, y) + (at(right, y) - at(x, y)) * fx;
    let bottom = at(x, below) + (at(right, below) - at(x, below)) * fx;
    (top + (bottom - top) * fy) / 255.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use nodulens::constants::{PATCH_SAMPLES, PATCH_SIZE};
    use std::f32::consts::FRAC_PI_2;

    /// 100 x 100, each pixel its own value by position (x alone and y alone are told apart).
    fn canvas() -> Canvas {
        let grey = (0..100 * 100).map(|i| ((i % 100) + 3 * (i / 100)) as u8 / 2).collect();
        Canvas { side: 100, grey, coarse: None }
    }

    fn at(canvas: &Canvas, x: usize, y: usize) -> f32 {
        f32::from(canvas.grey[y * 100 + x]) / 255.0
    }

    fn transform(angle: f32, flip: bool, shift: [f32; 2]) -> Transform {
        Transform { angle, flip, shift, scale: 1.0 }
    }

    /// A patch, whose corners repeat the canvas's edge.
    fn cut(canvas: &Canvas, transform: Transform) -> Vec<f32> {
        crop(canvas, transform, PATCH_SIZE, Beyond::Edge)
    }

    #[test]
    fn no_change_gives_the_middle() {
        let canvas = canvas();
        let still = cut(&canvas, transform(0.0, false, [0.0, 0.0]));
        assert_eq!(still[0], at(&canvas, 25, 25));
        assert_eq!(still[7 * 50 + 3], at(&canvas, 28, 32));
        assert_eq!(still[PATCH_SAMPLES - 1], at(&canvas, 74, 74));
    }

    #[test]
    fn shift_flip_and_quarter_turn_move_pixels_without_changing_them() {
        let canvas = canvas();
        let shifted = cut(&canvas, transform(0.0, false, [3.0, -2.0]));
        assert_eq!(shifted[0], at(&canvas, 28, 23));
        let flipped = cut(&canvas, transform(0.0, true, [0.0, 0.0]));
        assert_eq!(flipped[0], at(&canvas, 74, 25));
        let turned = cut(&canvas, transform(FRAC_PI_2, false, [0.0, 0.0]));
        assert_eq!(turned[0], at(&canvas, 74, 25));
        assert_eq!(turned[49], at(&canvas, 74, 74));
    }

    #[test]
    fn without_context_the_edge_repeats() {
        let grey = (0..2500).map(|i| (i % 50) as u8).collect();
        let canvas = Canvas { side: 50, grey, coarse: None };
        let shifted = cut(&canvas, transform(0.0, false, [3.0, 0.0]));
        assert_eq!(shifted[49], 49.0 / 255.0);
        assert_eq!(shifted[0], 3.0 / 255.0);
    }

    #[test]
    fn scale_shows_more_of_the_surroundings() {
        let canvas = canvas();
        let wide = cut(&canvas, Transform { scale: 2.0, ..transform(0.0, false, [0.0, 0.0]) });
        // The first pixel lies 24.5 px from the centre: at 49, half a pixel from the corner.
        let corner: f32 =
            [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(x, y)| at(&canvas, x, y)).iter().sum();
        assert!((wide[0] - corner / 4.0).abs() < 1e-6);
    }
}
