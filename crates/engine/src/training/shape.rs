//! What a convolution takes and gives.

/// What a convolution takes, at stride 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvolutionShape {
    /// Channels of the input and of the output.
    pub channels: [usize; 2],
    /// Side of the kernels.
    pub kernel: usize,
    /// Zeros around the input, on each side; fewer than the kernel's side.
    pub padding: usize,
    /// Rows and columns of the input.
    pub size: [usize; 2],
}

impl ConvolutionShape {
    /// Return rows and columns of the output; `None` where the kernel does not fit.
    #[must_use]
    pub fn output_size(&self) -> Option<[usize; 2]> {
        let side = |side: usize| (side + 2 * self.padding + 1).checked_sub(self.kernel);
        let size = [side(self.size[0])?, side(self.size[1])?];
        (size[0] > 0 && size[1] > 0).then_some(size)
    }

    /// Return how many weights it has, `[out, in, y, x]`.
    #[must_use]
    pub fn weights(&self) -> usize {
        self.channels[0] * self.channels[1] * self.kernel * self.kernel
    }
}

/// Transpose a matrix of rows of `length`.
pub(super) fn transpose(matrix: &[f32], length: usize, to: &mut [f32]) {
    let rows = matrix.len() / length;
    for (row, numbers) in matrix.chunks_exact(length).enumerate() {
        for (column, number) in numbers.iter().enumerate() {
            to[column * rows + row] = *number;
        }
    }
}
