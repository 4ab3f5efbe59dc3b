//! What an encoding gives.

use crate::decode::dicom::shape::{Photometric, Shape};

/// A frame's samples, as stored.
pub(crate) enum Frame {
    /// The bits of each pixel, row by row.
    Grey(Vec<u16>),
    /// Brightness of each pixel of a colour image (ITU-R BT.601), row by row.
    Luma(Vec<u8>),
}

/// Brightness of each pixel of three 8-bit channels.
pub(super) fn colour(bytes: &[u8], shape: &Shape) -> Vec<u8> {
    let luma = |red: u8, green: u8, blue: u8| {
        if shape.photometric == (Photometric::Colour { ybr: true }) {
            return red;
        }
        let [red, green, blue] = [red, green, blue].map(f32::from);
        (0.299 * red + 0.587 * green + 0.114 * blue).round() as u8
    };
    if shape.planar {
        let (red, rest) = bytes.split_at(shape.pixels().min(bytes.len()));
        let (green, blue) = rest.split_at(shape.pixels().min(rest.len()));
        red.iter().zip(green).zip(blue).map(|((r, g), b)| luma(*r, *g, *b)).collect()
    } else {
        bytes.as_chunks::<3>().0.iter().map(|[r, g, b]| luma(*r, *g, *b)).collect()
    }
}
