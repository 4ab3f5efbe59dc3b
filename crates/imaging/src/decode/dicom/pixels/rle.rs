//! Run lengths (PS3.5, annex G): a segment for each byte of a pixel, the most significant first.

use super::frame::{Frame, colour};
use crate::decode::dicom::error::DicomError;
use crate::decode::dicom::shape::{Photometric, Shape};

/// Decodes a frame.
pub(super) fn decode(bytes: &[u8], shape: &Shape) -> Result<Frame, DicomError> {
    let (header, _) = bytes.as_chunks::<4>();
    let number = |i: usize| header.get(i).map(|number| u32::from_le_bytes(*number) as usize);
    let wanted = shape.channels() * shape.allocated as usize / 8;
    if number(0) != Some(wanted) || bytes.len() < 64 {
        let found = number(0).unwrap_or_default();
        let reason = format!("its run lengths have {found} segments, not {wanted}");
        return Err(DicomError::Damaged(reason));
    }
    let mut planes = Vec::with_capacity(wanted);
    for segment in 1..=wanted {
        let start = number(segment).unwrap_or_default();
        let end = if segment == wanted { bytes.len() } else { number(segment + 1).unwrap_or(0) };
        let packed = bytes.get(start..end).filter(|_| start >= 64);
        let packed = packed.ok_or_else(|| damaged("a segment lies outside the frame"))?;
        planes.push(unpack(packed, shape.pixels())?);
    }
    Ok(match (shape.photometric, planes.as_slice()) {
        (Photometric::Colour { .. }, planes) => {
            let planar = Shape { planar: true, ..*shape };
            Frame::Luma(colour(&planes.concat(), &planar))
        }
        (_, [high, low]) => {
            Frame::Grey(high.iter().zip(low).map(|(h, l)| u16::from_be_bytes([*h, *l])).collect())
        }
        (_, planes) => Frame::Grey(planes.concat().iter().map(|byte| u16::from(*byte)).collect()),
    })
}

/// `count` bytes out of runs. More than is needed may follow: the standard pads to even lengths.
fn unpack(mut packed: &[u8], count: usize) -> Result<Vec<u8>, DicomError> {
    // Two bytes are at most 128.
    if packed.len().saturating_mul(64) < count {
        return Err(damaged("a segment ends early"));
    }
    let mut plane = Vec::with_capacity(count);
    while plane.len() < count {
        let (head, rest) = packed.split_first().ok_or_else(|| damaged("a segment ends early"))?;
        let left = count - plane.len();
        match *head as i8 {
            -128 => packed = rest,
            literal @ 0.. => {
                let length = literal as usize + 1;
                let bytes = rest.get(..length).ok_or_else(|| damaged("a segment ends early"))?;
                plane.extend_from_slice(&bytes[..length.min(left)]);
                packed = &rest[length..];
            }
            repeat => {
                let (byte, rest) =
                    rest.split_first().ok_or_else(|| damaged("a segment ends early"))?;
                let length = (1 - isize::from(repeat)) as usize;
                plane.extend(std::iter::repeat_n(*byte, length.min(left)));
                packed = rest;
            }
        }
    }
    Ok(plane)
}

fn damaged(reason: &str) -> DicomError {
    DicomError::Damaged(format!("in its run lengths, {reason}"))
}
