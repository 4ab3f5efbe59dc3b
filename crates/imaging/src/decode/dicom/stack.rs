//! Where slices lie along their common normal: order, distance, gaps, duplicates, tilt.

use super::slice::Slice;
use crate::decode::series::Warning;
use crate::geometry::{Axes, Vec3};

/// Slices nearer than this are at one place, in mm.
const SAME_MM: f64 = 0.01;
/// Distances that differ from the median by less are even: headers round places to 0.1 mm.
const EVEN_MM: f64 = 0.101;
/// Or by less than this share of the median.
const EVEN_SHARE: f64 = 0.05;
/// A stack is tilted beyond this angle in degrees.
const UPRIGHT_DEGREES: f64 = 0.5;

/// Return row, column and normal of an Image Orientation (Patient); `None` where row and column are
/// not at right angles.
pub(crate) fn axes(orientation: [f64; 6]) -> Option<Axes> {
    let [a, b, c, d, e, f] = orientation;
    let (row, column) = (Vec3([a, b, c]).normalized()?, Vec3([d, e, f]).normalized()?);
    let lean = row.dot(column);
    if lean.abs() > 0.01 {
        return None;
    }
    // What rounding left of the angle is taken out of the column.
    let upright = column - row * lean;
    let column = if lean.abs() > 1e-6 { upright.normalized()? } else { column };
    Some(Axes([row, column, row.cross(column).normalized()?]))
}

/// By what the slices are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Position,
    Location,
    Instance,
    Arrival,
}

/// The best order that all slices allow.
pub(crate) fn order(slices: &[Slice]) -> Order {
    if slices.iter().all(|slice| slice.position.is_some()) {
        Order::Position
    } else if slices.iter().all(|slice| slice.location.is_some()) {
        Order::Location
    } else if slices.iter().all(|slice| slice.instance.is_some()) {
        Order::Instance
    } else {
        Order::Arrival
    }
}

/// Places of slices along the normal, in mm, and the distance between neighbours.
#[derive(Debug)]
pub(crate) struct Spacing {
    /// Between neighbours, in mm.
    pub mm: f64,
    /// Slices after which some are missing, with the distance to the next.
    pub gaps: Vec<(usize, f64)>,
}

/// Distance between neighbours of ascending `coordinates`, at least two: the mean of those near the
/// median, as they are rounded, and over 600 slices the median's rounding adds up.
pub(crate) fn spacing(coordinates: &[f64]) -> Spacing {
    let steps: Vec<f64> = coordinates.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mut sorted = steps.clone();
    sorted.sort_by(f64::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(1.0);
    let lower = sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(median);
    // Of an even number, the lower of the two in the middle: a gap is the larger.
    let even = |step: f64| (step - lower).abs() <= EVEN_MM.min(lower * 0.5).max(lower * EVEN_SHARE);
    let gaps: Vec<_> = steps.iter().copied().enumerate().filter(|(_, step)| !even(*step)).collect();
    let near: Vec<f64> = steps.into_iter().filter(|step| even(*step)).collect();
    let mm = match (gaps.is_empty(), coordinates) {
        (true, [first, .., last]) => (last - first) / (coordinates.len() - 1) as f64,
        _ => near.iter().sum::<f64>() / near.len().max(1) as f64,
    };
    Spacing { mm, gaps }
}

/// Whether two places along the normal are one.
pub(crate) fn same_place(a: f64, b: f64) -> bool {
    (a - b).abs() < SAME_MM
}

/// How slices lie aside of each other.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Tilt {
    /// Angle in degrees between the line on which the first pixels lie and the normal.
    pub degrees: f64,
    /// Largest distance in mm by which a first pixel lies beside the normal through the first one.
    pub aside_mm: f64,
    /// Largest distance in mm of a first pixel from that line.
    pub off_line_mm: f64,
}

/// How the first pixels lie aside of each other: on the line that fits them best, and off it.
pub(crate) fn tilt(positions: &[Vec3], axes: &Axes) -> Tilt {
    let Some(first) = positions.first() else { return Tilt::default() };
    let local = |position: &Vec3| axes.0.map(|axis| (*position - *first).dot(axis));
    let (mut along, mut lean) = (0.0, [0.0; 2]);
    for [x, y, z] in positions.iter().map(local) {
        along += z * z;
        lean = [lean[0] + x * z, lean[1] + y * z];
    }
    let lean = lean.map(|side| if along > 0.0 { side / along } else { 0.0 });
    let mut tilt = Tilt { degrees: lean[0].hypot(lean[1]).atan().to_degrees(), ..Tilt::default() };
    for [x, y, z] in positions.iter().map(local) {
        tilt.aside_mm = tilt.aside_mm.max(x.hypot(y));
        let off = (x - lean[0] * z).hypot(y - lean[1] * z);
        tilt.off_line_mm = tilt.off_line_mm.max(off);
    }
    tilt
}

/// What there is to say of a tilt; `pixel_mm` is a pixel's side.
pub(crate) fn tilt_warning(tilt: Tilt, pixel_mm: f64) -> Option<Warning> {
    let Tilt { degrees, aside_mm, off_line_mm } = tilt;
    let drawn = "every slice and place is right, but the planes across the slices are drawn as if \
                 they did";
    if off_line_mm > pixel_mm / 2.0 {
        let message = format!(
            "The slices do not lie above one another: some lie aside by up to {aside_mm:.1} mm, and \
             not on one line; {drawn}."
        );
        return Some(Warning::new("shifted", message));
    }
    (degrees > UPRIGHT_DEGREES && aside_mm > pixel_mm / 2.0).then(|| {
        let message = format!(
            "The slices do not lie above one another (a tilted gantry, {degrees:.1} degrees, up to \
             {aside_mm:.1} mm aside): {drawn}."
        );
        Warning::new("tilted", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounded_places_are_even_and_keep_their_mean() {
        // 0.625 mm, written with one digit.
        let coordinates: Vec<f64> = (0..9).map(|i| (f64::from(i) * 6.25).round() / 10.0).collect();
        let spacing = spacing(&coordinates);
        assert!(spacing.gaps.is_empty(), "{spacing:?}");
        assert!((spacing.mm - 0.625).abs() < 1e-9);
    }

    #[test]
    fn a_missing_slice_is_a_gap_and_does_not_change_the_spacing() {
        for coordinates in [vec![0.0, 2.5, 7.5, 10.0], vec![0.0, 2.5, 7.5], vec![0.0, 5.0, 7.5]] {
            let spacing = spacing(&coordinates);
            assert_eq!((spacing.mm, spacing.gaps.len()), (2.5, 1), "{coordinates:?}");
            assert_eq!(spacing.gaps[0].1, 5.0);
        }
        assert_eq!(spacing(&[0.0, 0.5, 1.0, 2.0]).gaps, [(2, 1.0)]);
    }

    #[test]
    fn rounding_of_an_orientation_is_taken_out_and_nonsense_refused() {
        let axes = axes([0.9999, 0.0141, 0.0, -0.0139, 0.9999, 0.0]).unwrap();
        for i in 0..3 {
            for j in 0..3 {
                let expected = f64::from(u8::from(i == j));
                assert!((axes[i].dot(axes[j]) - expected).abs() < 1e-12);
            }
        }
        assert_eq!(super::axes([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]), None);
        assert_eq!(super::axes([0.0; 6]), None);
    }
}
