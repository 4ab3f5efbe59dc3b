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

use crate::volume::{Samples, Volume};
use flate2::read::ZlibDecoder;
use std::io::{ErrorKind, Read};

/// Bytes converted at a time.
const BLOCK: usize = 64 * 1024;

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
    let big = header.big_endian;
    /// One arm a type: how its bytes become a number.
    macro_rules! numbers {
        ($kind:ty, $bytes:literal, $variant:ident, $target:ty) => {{
            let convert = |bytes: [u8; $bytes]| {
                (if big { <$kind>::from_be_bytes(bytes) } else { <$kind>::from_le_bytes(bytes) })
                    as $target
            };
            Samples::$variant(read_numbers(header, data, convert)?)
        }};
    }
    Ok(match header.element {
        ElementType::Char => numbers!(i8, 1, Int16, i16),
        ElementType::UChar => numbers!(u8, 1, Int16, i16),
        ElementType::Short => numbers!(i16, 2, Int16, i16),
        ElementType::UShort => numbers!(u16, 2, Float32, f32),
        ElementType::Int => numbers!(i32, 4, Float32, f32),
        ElementType::UInt => numbers!(u32, 4, Float32, f32),
        ElementType::Float => numbers!(f32, 4, Float32, f32),
        ElementType::Double => numbers!(f64, 8, Float32, f32),
    })
}

/// Reads `header.voxels()` numbers of `N` bytes each, block by block.
fn read_numbers<T, const N: usize>(
    header: &Header,
    data: &mut impl Read,
    convert: impl Fn([u8; N]) -> T,
) -> Result<Vec<T>, MetaImageError> {
    let needed = header.data_bytes();
    let mut samples = Vec::new();
    samples
        .try_reserve_exact(header.voxels())
        .map_err(|_| MetaImageError::TooLarge { voxels: header.voxels() as u64 })?;
    let mut block = vec![0; BLOCK];
    let mut left = needed;
    while left > 0 {
        let take = left.min(BLOCK as u64) as usize;
        let filled = fill(data, &mut block[..take], header.compressed)?;
        let (numbers, _) = block[..filled].as_chunks::<N>();
        samples.extend(numbers.iter().map(|bytes| convert(*bytes)));
        if filled < take {
            let found = needed - left + filled as u64;
            return Err(MetaImageError::Truncated { needed, found });
        }
        left -= take as u64;
    }
    Ok(samples)
}

/// Fills `block` as far as there is data; returns how far.
fn fill(data: &mut impl Read, block: &mut [u8], compressed: bool) -> Result<usize, MetaImageError> {
    let mut filled = 0;
    while filled < block.len() {
        match data.read(&mut block[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // zlib says so where its data ends early; a file on disk does not.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
            Err(error) if compressed => return Err(MetaImageError::Damaged(error.to_string())),
            Err(error) => return Err(MetaImageError::Read(error.to_string())),
        }
    }
    Ok(filled)
}
