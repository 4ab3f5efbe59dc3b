//! Probabilities over a slice.

/// Probabilities on a grid over a slice.
///
/// Cell (column, row) stands for the patch whose centre is the pixel `step_px * (column, row)` of
/// the slice, by the rule of [`crate::patch::crop`]: with a whole pixel (x, y), rows `y - 25 ..
/// y + 25` and columns `x - 25 .. x + 25`, air beyond the edge. The first cell is pixel (0, 0), and
/// the last lies within a step of the far edge, so that the whole slice is covered. Where the
/// slice was resampled ([`super::SliceImage`]), the centre is a whole pixel of the resampled slice and
/// `step_px` is no whole number.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatMap {
    /// Cells in a row.
    pub width: usize,
    /// Rows of cells.
    pub height: usize,
    /// Pixels of the slice, as the caller gave it, from one cell to the next along x and y.
    pub step_px: [f64; 2],
    /// `width * height` probabilities in [0, 1], row-major; not-a-number where nothing was asked
    /// (yet).
    pub probability: Vec<f32>,
}

impl HeatMap {
    /// Return the pixel of the slice that a cell stands for, continuous: x, y.
    #[must_use]
    pub fn pixel(&self, column: usize, row: usize) -> [f64; 2] {
        [column as f64 * self.step_px[0], row as f64 * self.step_px[1]]
    }

    /// Probability of a cell; `None` outside the map or where nothing was asked.
    #[must_use]
    pub fn at(&self, column: usize, row: usize) -> Option<f32> {
        let inside = column < self.width;
        let value = self.probability.get(row.checked_mul(self.width)?.checked_add(column)?);
        value.copied().filter(|value| inside && !value.is_nan())
    }

    /// Return the highest probability; `None` where nothing was asked.
    #[must_use]
    pub fn highest(&self) -> Option<f32> {
        self.probability.iter().copied().filter(|p| !p.is_nan()).reduce(f32::max)
    }
}
