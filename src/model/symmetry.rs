//! The eight symmetries of the square: four quarter turns, each also mirrored.
//!
//! A lesion in an axial slice has no right way round, so an answer that changes when the patch is
//! turned or mirrored is noise. `on_burn::TiedConv` ties the weights so that it cannot.

/// Symmetries of the square.
pub const SYMMETRIES: usize = 8;

/// Return where the symmetry takes its values from: a picture `a` of `side * side` becomes `b[i] =
/// a[permutation[i]]`. Numbers below 4 are so many quarter turns to the left; from 4 on the picture
/// is mirrored left to right first. Number 0 changes nothing.
///
/// ```
/// assert_eq!(nodulens::model::symmetry::permutation(1, 2), [1, 3, 0, 2]);
/// ```
#[must_use]
pub fn permutation(symmetry: usize, side: usize) -> Vec<usize> {
    let mut permutation: Vec<usize> = (0..side * side).collect();
    if symmetry >= SYMMETRIES / 2 {
        permutation =
            (0..side * side).map(|i| permutation[i / side * side + side - 1 - i % side]).collect();
    }
    for _ in 0..symmetry % (SYMMETRIES / 2) {
        permutation =
            (0..side * side).map(|i| permutation[i % side * side + side - 1 - i / side]).collect();
    }
    permutation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_symmetries_are_the_eight_of_the_square() {
        let mut all: Vec<_> = (0..SYMMETRIES).map(|symmetry| permutation(symmetry, 3)).collect();
        // One quarter turn to the left: the right column becomes the top row.
        assert_eq!(all[1], [2, 5, 8, 1, 4, 7, 0, 3, 6]);
        assert_eq!(all[4], [2, 1, 0, 5, 4, 3, 8, 7, 6]);
        all.sort();
        all.dedup();
        assert_eq!(all.len(), SYMMETRIES);
    }
}
