//! Deflate, zlib and gzip within bounds.

use super::limits::Limits;
use flate2::read::{DeflateDecoder, MultiGzDecoder};
use std::io::{ErrorKind, Read};

/// Why bytes do not inflate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InflateError {
    /// More than so few bytes should become.
    #[error("it inflates to more than {most} bytes")]
    TooLarge {
        /// How many they may become.
        most: u64,
    },
    /// The compressed bytes end early or contradict themselves.
    #[error("its compressed bytes are damaged or cut off: {0}")]
    Damaged(String),
}

/// Inflates a raw deflate stream.
pub(crate) fn raw(bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, InflateError> {
    bounded(DeflateDecoder::new(bytes), limits.inflated(bytes.len() as u64))
}

/// Inflates a gzip file, taking from the bytes that are `left`.
pub(crate) fn gzip(bytes: &[u8], limits: &Limits, left: &mut u64) -> Result<Vec<u8>, InflateError> {
    counted(MultiGzDecoder::new(bytes), limits.inflated(bytes.len() as u64), left)
}

/// The first bytes of a gzip file's content, as many as there are.
pub(crate) fn gzip_head(bytes: &[u8], count: usize) -> Vec<u8> {
    let mut head = vec![0; count];
    let mut decoder = MultiGzDecoder::new(bytes);
    let mut filled = 0;
    while let Some(rest) = head.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match decoder.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    head.truncate(filled);
    head
}

/// Reads to the end, or to the bound.
fn bounded(reader: impl Read, most: u64) -> Result<Vec<u8>, InflateError> {
    let mut left = u64::MAX;
    counted(reader, most, &mut left)
}

/// Reads to the end, to the bound, or until nothing is `left`; what was read is taken from that,
/// of damaged bytes too.
pub(crate) fn counted(
    reader: impl Read,
    most: u64,
    left: &mut u64,
) -> Result<Vec<u8>, InflateError> {
    let most = most.min(*left);
    let mut inflated = Vec::new();
    let read = reader.take(most.saturating_add(1)).read_to_end(&mut inflated);
    *left = left.saturating_sub(inflated.len() as u64);
    read.map_err(|error| InflateError::Damaged(error.to_string()))?;
    if inflated.len() as u64 > most {
        return Err(InflateError::TooLarge { most });
    }
    inflated.shrink_to_fit();
    Ok(inflated)
}
