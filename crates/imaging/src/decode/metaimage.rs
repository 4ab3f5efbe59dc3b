//! MetaImage: LUNA16's format. `.mhd` is a header of text whose samples lie in a `.raw` or
//! `.zraw` beside it; in `.mha` they follow the header.
//!
//! The header is read apart from the samples, so that a caller who has the two in two files (or
//! streams the second) can bring them together: [`Header::parse`], then [`read_volume`]. Stored
//! values are HU, as in LUNA16. Formats: <https://itk.org/Wiki/MetaIO/Documentation>.

mod error;
mod header;

pub use error::MetaImageError;
pub use header::{DataFile, ElementType, Header};

use super::numbers::{self, Number, NumbersError};
use crate::volume::{Samples, Volume};
use flate2::read::ZlibDecoder;
use std::io::Read;

/// Most that a byte of deflate can become (zlib's technical notes).
const MOST_INFLATION: u64 = 1032;

/// Decodes a `.mha`: header and samples in one.
///
/// # Errors
/// [`MetaImageError`], never a panic, whatever the bytes.
pub fn decode_mha(bytes: &[u8]) -> Result<Volume, MetaImageError> {
    let header = Header::parse(bytes)?;
    let DataFile::Local { offset } = header.data else {
        return Err(MetaImageError::DataElsewhere(header.data_name().to_owned()));
    };
    let data = bytes.get(offset..).unwrap_or_default();
    read_volume(&header, data, data.len() as u64)
}

/// Decodes a `.mhd` and the bytes of the file that it names.
///
/// # Errors
/// [`MetaImageError`], never a panic, whatever the bytes.
pub fn decode_mhd(header: &[u8], data: &[u8]) -> Result<Volume, MetaImageError> {
    read_volume(&Header::parse(header)?, data, data.len() as u64)
}

/// Reads the samples that a header promises from `data`, which is `length` bytes long.
///
/// Memory: the volume and one block. The promise is checked against `length` before anything
/// is reserved, so a header of a hundred bytes cannot ask for a gigabyte.
///
/// # Errors
/// [`MetaImageError`]; reading errors of `data` become [`MetaImageError::Read`].
pub fn read_volume(
    header: &Header,
    mut data: impl Read,
    length: u64,
) -> Result<Volume, MetaImageError> {
    let needed = header.data_bytes();
    let samples = if header.compressed {
        if length.saturating_mul(MOST_INFLATION) < needed {
            return Err(MetaImageError::Truncated { needed, found: length });
        }
        let mut inflated = ZlibDecoder::new(data);
        let samples = read_samples(header, &mut inflated)?;
        // Reading on to the end lets the decoder compare its checksum.
        match inflated.read(&mut [0]) {
            Ok(0) => samples,
            Ok(_) => return Err(MetaImageError::TooLong { needed }),
            Err(error) => return Err(MetaImageError::Damaged(error.to_string())),
        }
    } else {
        let skipped = match header.skip {
            Some(skipped) => skipped,
            // -1 in the header: the samples are the end of the file, whatever stands before.
            None => length.saturating_sub(needed),
        };
        let found = length.saturating_sub(skipped);
        if found < needed {
            return Err(MetaImageError::Truncated { needed, found });
        }
        std::io::copy(&mut data.by_ref().take(skipped), &mut std::io::sink())
            .map_err(|error| MetaImageError::Read(error.to_string()))?;
        read_samples(header, &mut data)?
    };
    // The header's size and the number of samples read are the same product.
    Volume::new(samples, header.geometry.clone())
        .map_err(|error| MetaImageError::Damaged(error.to_string()))
}

fn read_samples(header: &Header, data: &mut impl Read) -> Result<Samples, MetaImageError> {
    let number = match header.element {
        ElementType::Char => Number::I8,
        ElementType::UChar => Number::U8,
        ElementType::Short => Number::I16,
        ElementType::UShort => Number::U16,
        ElementType::Int => Number::I32,
        ElementType::UInt => Number::U32,
        ElementType::Float => Number::F32,
        ElementType::Double => Number::F64,
    };
    numbers::read(data, number, header.big_endian, header.voxels(), None).map_err(|error| {
        match error {
            NumbersError::Memory => MetaImageError::TooLarge { voxels: header.voxels() as u64 },
            NumbersError::Truncated { found } => {
                MetaImageError::Truncated { needed: header.data_bytes(), found }
            }
            NumbersError::Read(reason) if header.compressed => MetaImageError::Damaged(reason),
            NumbersError::Read(reason) => MetaImageError::Read(reason),
        }
    })
}
