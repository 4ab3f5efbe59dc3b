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

/// Angle in degrees between the line through the first pixels and the normal, and the largest
/// distance in mm by which a first pixel lies beside the normal through the first slice's.
pub(crate) fn tilt(positions: &[Vec3], axes: &Axes) -> (f64, f64) {
    let Some(first) = positions.first() else { return (0.0, 0.0) };
    let mut most: (f64, f64) = (0.0, 0.0);
    for position in positions {
        let offset = *position - *first;
        let [x, y, z] = axes.0.map(|axis| offset.dot(axis));
        let aside = x.hypot(y);
        if aside > most.1 {
            most = (aside.atan2(z.abs()).to_degrees(), aside);
        }
    }
    most
}

/// What there is to say of a tilt; `pixel_mm` is a pixel's side.
pub(crate) fn tilt_warning((degrees, aside): (f64, f64), pixel_mm: f64) -> Option<Warning> {
    (degrees > UPRIGHT_DEGREES && aside > pixel_mm / 2.0).then(|| {
        Warning::new(
            "tilted",
            format!(
                "The slices do not lie above one another (a tilted gantry, {degrees:.1} degrees, up \
                 to {aside:.1} mm aside): every slice and place is right, but the planes across \
                 the slices are drawn as if they did."
            ),
        )
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
