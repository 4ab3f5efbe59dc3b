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

/// Return the symmetry that does `second` after `first`: turns add up, and a mirror behind a turn
/// reverses it.
fn product(second: usize, first: usize) -> usize {
    const TURNS: usize = SYMMETRIES / 2;
    let turns = if second >= TURNS { TURNS - first % TURNS } else { first };
    (second + turns) % TURNS + TURNS * ((first / TURNS) ^ (second / TURNS))
}

/// Return the symmetry that undoes this one.
fn inverse(symmetry: usize) -> usize {
    const TURNS: usize = SYMMETRIES / 2;
    if symmetry >= TURNS { symmetry } else { (TURNS - symmetry) % TURNS }
}

/// Index of the kernel's values, `[8 * side * side]`, that makes eight turned kernels of one on a
/// picture.
#[must_use]
pub fn lifting_index(side: usize) -> Vec<usize> {
    // Loops, here and below: the page's first module is smaller by what iterators weigh.
    let mut index = Vec::new();
    for symmetry in 0..SYMMETRIES {
        index.extend_from_slice(&permutation(symmetry, side));
    }
    index
}

/// Index of the kernel's values, `[8 * 8 * side * side]`, that makes eight turned kernels of one on
/// eight turned maps: the output that is turned by h sees the input turned by g as the output that is
/// not turned sees the one turned by h^-1 g.
#[must_use]
pub fn group_index(side: usize) -> Vec<usize> {
    let mut index = Vec::with_capacity(SYMMETRIES * SYMMETRIES * side * side);
    for h in 0..SYMMETRIES {
        let turned = permutation(h, side);
        for g in 0..SYMMETRIES {
            let from = product(inverse(h), g) * side * side;
            for value in &turned {
                index.push(from + value);
            }
        }
    }
    index
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

    #[test]
    fn symmetries_multiply_as_a_group() {
        for (first, second) in (0..8).flat_map(|first| (0..8).map(move |second| (first, second))) {
            let (once, twice) = (permutation(first, 4), permutation(second, 4));
            let both: Vec<usize> = twice.iter().map(|from| once[*from]).collect();
            assert_eq!(permutation(product(second, first), 4), both, "{second} after {first}");
        }
        for symmetry in 0..SYMMETRIES {
            assert_eq!(product(symmetry, inverse(symmetry)), 0);
            assert_eq!(product(symmetry, 0), symmetry);
        }
        // Mirroring and turning do not commute.
        assert_ne!(product(1, 4), product(4, 1));
    }
}
