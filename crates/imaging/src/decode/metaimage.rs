//! MetaImage: LUNA16's format. `.mhd` is a header of text whose samples lie in a `.raw` or
//! `.zraw` beside it; in `.mha` they follow the header.
//!
//! The header is read apart from the samples, so that a caller who has the two in two files (or
//! streams the second) can bring them together: [`Header::parse`], then [`read_volume`]. Stored
//! values are HU, as in LUNA16. Formats: <https://itk.org/Wiki/MetaIO/Documentation>.

mod error;
mod header;

pub use super::grid::DataFile;
pub use error::MetaImageError;
pub use header::Header;
pub(in crate::decode) use header::is_metaimage;

use super::limits::Limits;
use crate::volume::Volume;
use std::io::Read;

/// Decode a `.mha`: header and samples in one.
///
/// # Errors
/// [`MetaImageError`], never a panic, whatever the bytes.
pub fn decode_mha(bytes: &[u8]) -> Result<Volume, MetaImageError> {
    let header = Header::parse(bytes)?;
    match &header.data {
        DataFile::Local { offset } => {
            let data = bytes.get(*offset..).unwrap_or_default();
            read_volume(&header, data, data.len() as u64)
        }
        DataFile::Beside(name) => Err(MetaImageError::DataElsewhere(name.clone())),
    }
}

/// Decode a `.mhd` and the bytes of the file that it names.
///
/// # Errors
/// [`MetaImageError`], never a panic, whatever the bytes.
pub fn decode_mhd(header: &[u8], data: &[u8]) -> Result<Volume, MetaImageError> {
    read_volume(&Header::parse(header)?, data, data.len() as u64)
}

/// Read the samples that a header promises from `data`, which is `length` bytes long.
///
/// Memory: the volume and one block. The promise is checked against `length` before anything
/// is reserved, so a header of a hundred bytes cannot ask for a gigabyte. Samples that are no
/// number become -1000; [`Import`](super::import::Import) also tells of them.
///
/// # Errors
/// [`MetaImageError::Samples`]; where `data` cannot be read, too.
pub fn read_volume(
    header: &Header,
    data: impl Read,
    length: u64,
) -> Result<Volume, MetaImageError> {
    Ok(header.grid.read(data, length, &Limits::default())?.0)
}
