//! The eight symmetries of the square: four quarter turns, each also mirrored.
//!
//! A lesion in an axial slice has no right way round, so an answer that changes when the patch is
//! turned or mirrored is noise. [`crate::model::TiedConv`] ties the weights so that it cannot.

/// Symmetries of the square.
pub const SYMMETRIES: usize = 8;

/// Places of a 3 x 3 kernel.
const PLACES: usize = 9;

/// Where the symmetry takes its values from: a picture `a` of `side * side` becomes
/// `b[i] = a[places[i]]`. Numbers below 4 are so many quarter turns to the left; from 4 on the
/// picture is mirrored left to right first. Number 0 leaves all in place.
///
/// ```
/// assert_eq!(nodulens::model::symmetry::places(1, 2), [1, 3, 0, 2]);
/// ```
#[must_use]
pub fn places(symmetry: usize, side: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..side * side).collect();
    if symmetry >= SYMMETRIES / 2 {
        places = (0..side * side).map(|i| places[i / side * side + side - 1 - i % side]).collect();
    }
    for _ in 0..symmetry % (SYMMETRIES / 2) {
        places = (0..side * side).map(|i| places[i % side * side + side - 1 - i / side]).collect();
    }
    places
}

/// The symmetry that does `second` after `first`.
fn product(second: usize, first: usize) -> usize {
    let (first, second) = (places(first, 3), places(second, 3));
    let both: Vec<usize> = second.iter().map(|place| first[*place]).collect();
    (0..SYMMETRIES).find(|symmetry| places(*symmetry, 3) == both).unwrap_or(0)
}

fn inverse(symmetry: usize) -> usize {
    (0..SYMMETRIES).find(|other| product(*other, symmetry) == 0).unwrap_or(0)
}

/// Index of the kernel's values, `[8 * 9]`, that makes eight turned kernels of one on a picture.
pub(super) fn lifting_index() -> Vec<usize> {
    (0..SYMMETRIES).flat_map(|symmetry| places(symmetry, 3)).collect()
}

/// Index of the kernel's values, `[8 * 8 * 9]`, that makes eight turned kernels of one on eight
/// turned maps: the output that is turned by h sees the input turned by g as the output that is
/// not turned sees the one turned by h^-1 g.
pub(super) fn group_index() -> Vec<usize> {
    let mut index = Vec::with_capacity(SYMMETRIES * SYMMETRIES * PLACES);
    for h in 0..SYMMETRIES {
        let turned = places(h, 3);
        for g in 0..SYMMETRIES {
            let from = product(inverse(h), g) * PLACES;
            index.extend(turned.iter().map(|place| from + place));
        }
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_symmetries_are_the_eight_of_the_square() {
        let mut all: Vec<_> = (0..SYMMETRIES).map(|symmetry| places(symmetry, 3)).collect();
        // One quarter turn to the left: the right column becomes the top row.
        assert_eq!(all[1], [2, 5, 8, 1, 4, 7, 0, 3, 6]);
        assert_eq!(all[4], [2, 1, 0, 5, 4, 3, 8, 7, 6]);
        all.sort();
        all.dedup();
        assert_eq!(all.len(), SYMMETRIES);
        for symmetry in 0..SYMMETRIES {
            assert_eq!(product(symmetry, inverse(symmetry)), 0);
            assert_eq!(product(symmetry, 0), symmetry);
        }
        // Mirroring and turning do not commute.
        assert_ne!(product(1, 4), product(4, 1));
    }
}
