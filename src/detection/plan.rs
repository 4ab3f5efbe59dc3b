//! Which cells of a heat map are asked for, and in which pieces.

/// Rows of cells in a piece of a dense scan. A piece of n x n cells costs about
/// `(1 + 9 / n)^2` of n x n cells of a whole slice in the layers behind the second pooling.
const BAND_ROWS: usize = 32;

/// Most columns of cells in a piece: what bounds its time and memory.
const PIECE_COLUMNS: usize = 128;

/// Columns without a cell to ask for that are scanned rather than begin another piece.
const GAP_COLUMNS: usize = 9;

/// Patches classified at once, where a network wants them one by one.
const BATCH: usize = 32;

/// How much coarser than the wanted stride the passes over patches are, in turn: 16, 8, 4 pixels.
const COARSENESS: [usize; 3] = [4, 2, 1];

/// A rectangle of cells, `until` excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) from: [usize; 2],
    pub(super) until: [usize; 2],
}

/// Bands of rows, each in pieces around the cells to ask for, from top to bottom.
pub(super) fn pieces(asked: &[bool], width: usize) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let rows: Vec<&[bool]> = asked.chunks(width.max(1)).collect();
    let Some(first) = rows.iter().position(|row| row.contains(&true)) else { return pieces };
    for top in (first..rows.len()).step_by(BAND_ROWS) {
        let band = &rows[top..rows.len().min(top + BAND_ROWS)];
        let used = |column: &usize| band.iter().any(|row| row[*column]);
        let mut run: Option<[usize; 2]> = None;
        for column in (0..width).filter(used) {
            run = match run {
                Some([from, last])
                    if column - last <= GAP_COLUMNS && column - from < PIECE_COLUMNS =>
                {
                    Some([from, column])
                }
                earlier => {
                    pieces.extend(earlier.and_then(|run| piece(band, top, run)));
                    Some([column, column])
                }
            };
        }
        pieces.extend(run.and_then(|run| piece(band, top, run)));
    }
    pieces
}

/// The piece of a run of columns, without the rows above and below that it does not need.
fn piece(band: &[&[bool]], top: usize, [from, last]: [usize; 2]) -> Option<Piece> {
    let used = |row: &&[bool]| row[from..=last].contains(&true);
    let (first, end) = (band.iter().position(used)?, band.iter().rposition(used)?);
    Some(Piece { from: [from, top + first], until: [last + 1, top + end + 1] })
}

/// One of so many shares of the pieces: each piece, the largest first, goes to whoever has least.
pub(super) fn share(pieces: &[Piece], part: usize, parts: usize) -> Vec<Piece> {
    // About the pixels that a piece reads: eleven cells more than it has, on both axes.
    let cost =
        |piece: &Piece| (0..2).map(|k| piece.until[k] - piece.from[k] + 11).product::<usize>();
    let mut order: Vec<usize> = (0..pieces.len()).collect();
    order.sort_by_key(|i| std::cmp::Reverse(cost(&pieces[*i])));
    let mut loads = vec![0; parts.max(1)];
    let mut own = Vec::new();
    for i in order {
        let (least, _) = loads.iter().enumerate().min_by_key(|(_, load)| **load).unwrap_or((0, &0));
        loads[least] += cost(&pieces[i]);
        if least == part {
            own.push(i);
        }
    }
    own.sort_unstable();
    own.into_iter().map(|i| pieces[i]).collect()
}

/// Batches of cells, coarse first; a finer pass holds only the new ones.
pub(super) fn batches(asked: &[bool], width: usize) -> Vec<Vec<[usize; 2]>> {
    let mut batches = Vec::new();
    for (pass, coarse) in COARSENESS.into_iter().enumerate() {
        let on = |cell: &[usize; 2], coarse: usize| cell.iter().all(|at| at % coarse == 0);
        let cells: Vec<[usize; 2]> = (0..asked.len())
            .filter(|i| asked[*i])
            .map(|i| [i % width, i / width])
            .filter(|cell| on(cell, coarse))
            .filter(|cell| !COARSENESS[..pass].iter().any(|earlier| on(cell, *earlier)))
            .collect();
        batches.extend(cells.chunks(BATCH).map(<[_]>::to_vec));
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn asked(width: usize, height: usize, seeds: &[(usize, usize)]) -> Vec<bool> {
        let mut asked = vec![false; width * height];
        for (x, y) in seeds {
            asked[y % height * width + x % width] = true;
        }
        asked
    }

    proptest! {
        #[test]
        fn every_cell_is_asked_for_once(
            width in 1_usize..150,
            height in 1_usize..60,
            seeds in prop::collection::vec((0_usize..200, 0_usize..80), 0..40),
        ) {
            let asked = asked(width, height, &seeds);
            let mut times = vec![0; asked.len()];
            for Piece { from, until } in pieces(&asked, width) {
                prop_assert!(until[0] - from[0] <= PIECE_COLUMNS && until[1] - from[1] <= BAND_ROWS);
                prop_assert!(until[0] <= width && until[1] <= height);
                for y in from[1]..until[1] {
                    for x in from[0]..until[0] {
                        times[y * width + x] += 1;
                    }
                }
            }
            prop_assert!(asked.iter().zip(&times).all(|(asked, times)| !asked || *times == 1));
            let mut times = vec![0; asked.len()];
            for cell in batches(&asked, width).concat() {
                times[cell[1] * width + cell[0]] += 1;
            }
            prop_assert!(asked.iter().zip(&times).all(|(asked, times)| u8::from(*asked) == *times));
        }
    }

    #[test]
    fn shares_are_the_whole_and_nearly_equal() {
        let asked: Vec<bool> = (0..128 * 128).map(|i| i % 128 > 20 && i / 128 > 9).collect();
        let pieces = pieces(&asked, 128);
        for parts in 1..6 {
            let shares: Vec<_> = (0..parts).map(|part| share(&pieces, part, parts)).collect();
            let mut together = shares.concat();
            together.sort_by_key(|piece| (piece.from[1], piece.from[0]));
            assert_eq!(together, pieces);
            let counts = shares.iter().map(Vec::len);
            assert!(counts.clone().max() <= counts.min().map(|least| least + 1));
        }
    }

    #[test]
    fn patches_come_coarse_first() {
        let cells = batches(&[true; 81], 9).concat();
        assert_eq!(cells[..4], [[0, 0], [4, 0], [8, 0], [0, 4]]);
        assert_eq!(cells[9], [2, 0]);
        assert_eq!(cells[25], [1, 0]);
    }

    #[test]
    fn two_lungs_are_two_pieces_and_nothing_between() {
        let row: Vec<bool> = (0..100).map(|x| (10..40).contains(&x) || x >= 60).collect();
        let mut asked = vec![false; 300];
        asked[100..200].copy_from_slice(&row);
        let expected =
            [Piece { from: [10, 1], until: [40, 2] }, Piece { from: [60, 1], until: [100, 2] }];
        assert_eq!(pieces(&asked, 100), expected);
        assert!(pieces(&[false; 9], 3).is_empty() && pieces(&[], 0).is_empty());
    }
}
