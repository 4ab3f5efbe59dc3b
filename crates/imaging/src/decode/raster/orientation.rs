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

    /// Turns samples of `size` (columns, rows) upright; returns them and their size. `None` where
    /// there is no memory for a second picture, which a turn by 90 degrees takes.
    pub fn apply(
        self,
        mut samples: Vec<Grey>,
        size: [usize; 2],
    ) -> Option<(Vec<Grey>, [usize; 2])> {
        let [mut width, mut height] = size;
        if width == 0 || height == 0 {
            return Some((samples, size));
        }
        if self.0 >= 5 {
            // Columns become rows: along the diagonal from top left.
            let mut turned = Vec::new();
            turned.try_reserve_exact(samples.len()).ok()?;
            for column in 0..width {
                turned.extend(samples.iter().skip(column).step_by(width));
            }
            samples = turned;
            (width, height) = (height, width);
        }
        if matches!(self.0, 3 | 4 | 7 | 8) {
            // From top to bottom: all the other way round, then each row back.
            samples.reverse();
            samples.chunks_exact_mut(width).for_each(<[Grey]>::reverse);
        }
        if matches!(self.0, 2 | 3 | 6 | 7) {
            samples.chunks_exact_mut(width).for_each(<[Grey]>::reverse);
        }
        Some((samples, [width, height]))
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
            let (samples, size) = Orientation::of(number).apply(stored.clone(), [2, 3]).unwrap();
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
