//! Which filters there are, and what they cost.

/// A filter `F(M x M, R x R)`: M outputs a side of a tile, kernels of side R.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    F4x3,
    F6x3,
    F5x4,
    F4x5,
}

impl Filter {
    pub(crate) const ALL: [Self; 4] = [Self::F4x3, Self::F6x3, Self::F5x4, Self::F4x5];

    /// Outputs a side of a tile.
    pub(crate) fn outputs(self) -> usize {
        match self {
            Self::F4x3 | Self::F4x5 => 4,
            Self::F5x4 => 5,
            Self::F6x3 => 6,
        }
    }

    /// Side of the kernels that it is for.
    pub(crate) fn kernel(self) -> usize {
        match self {
            Self::F4x3 | Self::F6x3 => 3,
            Self::F5x4 => 4,
            Self::F4x5 => 5,
        }
    }

    /// Points a side.
    pub(crate) fn points(self) -> usize {
        self.outputs() + self.kernel() - 1
    }

    /// Tiles that cover a map of `size` outputs, on both axes.
    pub(crate) fn tiles(self, size: [usize; 2]) -> [usize; 2] {
        size.map(|side| side.div_ceil(self.outputs()))
    }

    /// About what a tile costs besides the products, in multiply-adds for a channel of the input and
    /// one of the output: counted from the operations of the transforms.
    fn transforms(self) -> [usize; 2] {
        match self {
            Self::F4x3 => [100, 80],
            Self::F6x3 => [330, 260],
            Self::F5x4 | Self::F4x5 => [330, 230],
        }
    }

    /// What a map of `size` outputs costs, in multiply-adds.
    pub(crate) fn cost(self, size: [usize; 2], [inputs, outputs]: [usize; 2]) -> u64 {
        let tiles = self.tiles(size).map(|side| side as u64);
        let [input, output] = self.transforms();
        let products = self.points() * self.points() * inputs * outputs;
        let tile = (products + input * inputs + output * outputs) as u64;
        tiles[0].saturating_mul(tiles[1]).saturating_mul(tile)
    }
}
