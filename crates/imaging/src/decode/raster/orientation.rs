//! How a picture is to be turned before it is shown, as EXIF and TIFF say it.

use super::directory::Directory;
use crate::intensity::Grey;

/// One of the eight ways in which rows and columns of a file can lie: EXIF's numbers, 1 to 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Orientation(u8);

impl Orientation {
    /// Rows from top to bottom, columns from left to right.
    pub const UPRIGHT: Self = Self(1);

    /// The orientation of a number in a file; upright where it is none of the eight.
    pub fn of(number: u64) -> Self {
        match u8::try_from(number) {
            Ok(number @ 1..=8) => Self(number),
            _ => Self::UPRIGHT,
        }
    }

    /// The orientation in an EXIF block, which begins as a TIFF does; upright where it has none.
    pub fn in_exif(block: &[u8]) -> Self {
        let directory = Directory::first(block);
        directory.and_then(|directory| directory.number(274)).map_or(Self::UPRIGHT, Self::of)
    }

    /// What was done to the picture; `None` where nothing was.
    pub fn note(self) -> Option<String> {
        let done = match self.0 {
            2 => "mirrored from left to right",
            3 => "turned by 180 degrees",
            4 => "mirrored from top to bottom",
            5 => "mirrored along its diagonal from top left",
            6 => "turned by 90 degrees clockwise",
            7 => "mirrored along its diagonal from top right",
            8 => "turned by 90 degrees counterclockwise",
            _ => return None,
        };
        let number = self.0;
        Some(format!("The picture was {done}, as its file says (orientation {number})."))
    }

    /// Turns samples of `size` (columns, rows) upright; returns them and their size.
    pub fn apply(self, samples: Vec<Grey>, size: [usize; 2]) -> (Vec<Grey>, [usize; 2]) {
        let [width, height] = size;
        if self == Self::UPRIGHT || width * height != samples.len() {
            return (samples, size);
        }
        let turned = self.0 >= 5;
        let [columns, rows] = if turned { [height, width] } else { [width, height] };
        // Where the pixel comes from that belongs in a column and a row.
        let from = |x: usize, y: usize| match self.0 {
            2 => (width - 1 - x, y),
            3 => (width - 1 - x, height - 1 - y),
            4 => (x, height - 1 - y),
            5 => (y, x),
            6 => (y, height - 1 - x),
            7 => (width - 1 - y, height - 1 - x),
            8 => (width - 1 - y, x),
            _ => (x, y),
        };
        let mut upright = Vec::with_capacity(samples.len());
        for y in 0..rows {
            upright.extend((0..columns).filter_map(|x| {
                let (column, row) = from(x, y);
                samples.get(row * width + column).copied()
            }));
        }
        (upright, [columns, rows])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2 columns, 3 rows; what EXIF's table says each number makes of it.
    #[test]
    fn each_of_the_eight() {
        let stored: Vec<Grey> = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0].map(Grey).to_vec();
        let shown = |number| {
            let (samples, size) = Orientation::of(number).apply(stored.clone(), [2, 3]);
            (samples.iter().map(|grey| grey.0 as u8).collect::<Vec<_>>(), size)
        };
        assert_eq!(shown(1), (vec![1, 2, 3, 4, 5, 6], [2, 3]));
        assert_eq!(shown(2), (vec![2, 1, 4, 3, 6, 5], [2, 3]));
        assert_eq!(shown(3), (vec![6, 5, 4, 3, 2, 1], [2, 3]));
        assert_eq!(shown(4), (vec![5, 6, 3, 4, 1, 2], [2, 3]));
        assert_eq!(shown(5), (vec![1, 3, 5, 2, 4, 6], [3, 2]));
        assert_eq!(shown(6), (vec![5, 3, 1, 6, 4, 2], [3, 2]));
        assert_eq!(shown(7), (vec![6, 4, 2, 5, 3, 1], [3, 2]));
        assert_eq!(shown(8), (vec![2, 4, 6, 1, 3, 5], [3, 2]));
        assert_eq!(shown(0), shown(1));
        assert_eq!(shown(262), shown(1));
    }
}
