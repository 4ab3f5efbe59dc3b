//! Where the numbers of a feature map lie.

/// A stack of maps, `[images][rows][columns][channels]`, with room around the map of each image
/// for the zeros that the next layer wants: so no kernel asks whether a place exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Map {
    /// Rows and columns of the map itself.
    pub(crate) size: [usize; 2],
    /// Where it begins in the room, on both axes.
    pub(crate) margin: usize,
    /// Rows and columns of the room.
    pub(crate) room: [usize; 2],
    /// Numbers a place: the channels, rounded up to a panel.
    pub(crate) channels: usize,
}

impl Map {
    /// Numbers of an image.
    pub(crate) fn image(&self) -> usize {
        self.room[0] * self.room[1] * self.channels
    }

    /// Numbers of a row of the room.
    pub(crate) fn row(&self) -> usize {
        self.room[1] * self.channels
    }

    /// Return where a place of the room begins.
    pub(crate) fn at(&self, image: usize, row: usize, column: usize) -> usize {
        ((image * self.room[0] + row) * self.room[1] + column) * self.channels
    }

    /// Return where a place of the map begins.
    pub(crate) fn inside(&self, image: usize, row: usize, column: usize) -> usize {
        self.at(image, row + self.margin, column + self.margin)
    }
}
