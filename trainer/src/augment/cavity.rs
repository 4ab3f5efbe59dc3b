//! Hollowed nodules. Cavitary nodules are known in the clinic and rare in the data; a solid one
//! whose inside is made air, its outline and wall kept, is much like them.

use crate::dataset::Canvas;
use std::ops::RangeInclusive;

/// Grey from which a pixel is tissue: about -350 HU, half way between lung and soft tissue.
const TISSUE_GREY: u8 = 118;
/// Pixels from the patch's centre within which the nodule is looked for.
const NEAR_PX: usize = 6;
/// Pixels from the centre beyond which it must not reach: what does is vessel or chest wall too.
const FAR_PX: usize = 20;
/// Thickness of the wall that stays, in pixels.
pub const WALL_PX: RangeInclusive<u16> = 1..=3;
/// Grey of the air inside: about -960 to -730 HU.
pub const INSIDE_GREY: RangeInclusive<u8> = 8..=50;

/// The canvas with the nodule at its centre hollowed out, or `None` where there is none that
/// stands alone and is thick enough for a wall of `wall` pixels and a hole.
pub fn hollowed(canvas: &Canvas, wall: u16, inside: u8) -> Option<Canvas> {
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
    Some(Canvas { side, grey })
}

/// How deep each pixel lies in the nodule: 0 outside, 1 at its border. `None` without a nodule.
fn depths(canvas: &Canvas) -> Option<Vec<u16>> {
    let side = canvas.side;
    let middle = side / 2;
    let tissue = |place: usize| canvas.grey[place] >= TISSUE_GREY;
    let around = |distance: usize| middle - distance..middle + distance;
    let start = around(NEAR_PX)
        .flat_map(|y| around(NEAR_PX).map(move |x| y * side + x))
        .max_by_key(|place| {
            neighbours(*place, side).map(|n| u32::from(canvas.grey[n])).sum::<u32>()
        })
        .filter(|place| tissue(*place))?;
    let mut inside = vec![false; side * side];
    inside[start] = true;
    let mut open = vec![start];
    while let Some(place) = open.pop() {
        let (x, y) = (place % side, place / side);
        if x.abs_diff(middle) >= FAR_PX || y.abs_diff(middle) >= FAR_PX {
            return None;
        }
        for next in neighbours(place, side).filter(|next| tissue(*next)) {
            if !std::mem::replace(&mut inside[next], true) {
                open.push(next);
            }
        }
    }
    // Peel layer by layer.
    let mut depth = vec![0; side * side];
    let mut left: Vec<usize> = (0..side * side).filter(|place| inside[*place]).collect();
    let mut layer = 0;
    while !left.is_empty() {
        layer += 1;
        let (border, core): (Vec<usize>, Vec<usize>) =
            left.iter().partition(|place| neighbours(**place, side).any(|next| !inside[next]));
        for place in &border {
            depth[*place] = layer;
        }
        for place in border {
            inside[place] = false;
        }
        left = core;
    }
    Some(depth)
}

/// The four pixels beside one that is not at the canvas's edge.
fn neighbours(place: usize, side: usize) -> impl Iterator<Item = usize> {
    [place - side, place - 1, place + 1, place + side].into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disc of tissue in air, or a bar from edge to edge.
    fn canvas(radius: usize, bar: bool) -> Canvas {
        let grey = (0..100 * 100usize)
            .map(|i| {
                let (dx, dy) = ((i % 100).abs_diff(50), (i / 100).abs_diff(50));
                let nodule = dx * dx + dy * dy <= radius * radius || (bar && dy < 2);
                if nodule { 190 } else { 20 }
            })
            .collect();
        Canvas { side: 100, grey }
    }

    #[test]
    fn the_inside_becomes_air_and_the_wall_stays() {
        let hollow = hollowed(&canvas(8, false), 2, 10).unwrap();
        let at = |dx: usize| hollow.grey[50 * 100 + 50 + dx];
        assert_eq!((at(0), at(4)), (10, 10));
        assert_eq!((at(7), at(8)), (190, 190), "the wall");
        assert_eq!(at(9), 20, "outside");
        assert!((11..190).contains(&at(6)), "a soft edge, {}", at(6));
    }

    #[test]
    fn small_attached_and_absent_nodules_are_left_alone() {
        assert!(hollowed(&canvas(2, false), 2, 10).is_none());
        assert!(hollowed(&canvas(8, true), 2, 10).is_none());
        assert!(hollowed(&canvas(0, false), 1, 10).is_none());
    }
}
