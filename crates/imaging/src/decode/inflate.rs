//! Deflate, zlib and gzip within bounds.

use super::limits::Limits;
use flate2::bufread::{GzDecoder, ZlibDecoder};
use flate2::read::DeflateDecoder;
use std::io::{BufRead, ErrorKind, Read};

/// Reads what was packed with gzip (any number of streams behind one another) or zlib (one),
/// as its first bytes say, whatever a header calls it: a checksum holds either to its word.
///
/// Zeros behind a stream are padding, as tapes and block devices leave them. Anything else
/// behind it is passed over, and [`Self::behind`] says so.
pub(crate) struct Unpacked<R> {
    stream: Stream<R>,
    /// Whether a stream has been read to its end.
    some: bool,
    behind: bool,
}

enum Stream<R> {
    Gzip(GzDecoder<R>),
    Zlib(ZlibDecoder<R>),
    /// All streams are read, or the source failed.
    End,
}

impl<R: BufRead> Unpacked<R> {
    /// Begins to read.
    ///
    /// # Errors
    /// Where the source cannot be read, or its bytes are of neither kind.
    pub fn new(mut source: R) -> std::io::Result<Self> {
        let stream = match source.fill_buf()? {
            [0x1F, ..] => Stream::Gzip(GzDecoder::new(source)),
            // RFC 1950: the low half of the first byte is 8 for deflate.
            [first, ..] if first & 0x0F == 8 => Stream::Zlib(ZlibDecoder::new(source)),
            [] => Stream::End,
            _ => {
                let reason = "they are neither gzip nor zlib";
                return Err(std::io::Error::new(ErrorKind::InvalidData, reason));
            }
        };
        Ok(Self { stream, some: false, behind: false })
    }

    /// Whether other bytes than zeros were met behind the last stream: known once all is read.
    pub fn behind(&self) -> bool {
        self.behind
    }

    /// The next stream of gzip, where there is one.
    fn next(&mut self, mut source: R, gzip: bool) -> std::io::Result<Stream<R>> {
        self.some = true;
        loop {
            let bytes = source.fill_buf()?;
            match bytes.iter().position(|byte| *byte != 0) {
                None if bytes.is_empty() => return Ok(Stream::End),
                None => {
                    let zeros = bytes.len();
                    source.consume(zeros);
                }
                Some(at) if gzip && bytes.get(at) == Some(&0x1F) => {
                    source.consume(at);
                    return Ok(Stream::Gzip(GzDecoder::new(source)));
                }
                Some(_) => {
                    self.behind = true;
                    return Ok(Stream::End);
                }
            }
        }
    }
}

impl<R: BufRead> Read for Unpacked<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let (read, header) = match &mut self.stream {
                Stream::Gzip(stream) => {
                    let read = stream.read(into);
                    (read, stream.header().is_some())
                }
                Stream::Zlib(stream) => (stream.read(into), true),
                Stream::End => return Ok(0),
            };
            match read {
                Ok(0) if !into.is_empty() => {}
                // What only begins as a stream does is not one.
                Err(error) if self.some && !header && error.kind() != ErrorKind::Interrupted => {
                    self.behind = true;
                    self.stream = Stream::End;
                    return Ok(0);
                }
                other => return other,
            }
            self.stream = match std::mem::replace(&mut self.stream, Stream::End) {
                Stream::Gzip(stream) => self.next(stream.into_inner(), true)?,
                Stream::Zlib(stream) => self.next(stream.into_inner(), false)?,
                Stream::End => return Ok(0),
            };
        }
    }
}

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

/// Inflates a gzip file, taking from the bytes that are `left`. Also tells whether bytes that are
/// no padding were passed over behind it.
pub(crate) fn gzip(
    bytes: &[u8],
    limits: &Limits,
    left: &mut u64,
) -> Result<(Vec<u8>, bool), InflateError> {
    let damaged = |error: std::io::Error| InflateError::Damaged(error.to_string());
    let mut unpacked = Unpacked::new(bytes).map_err(damaged)?;
    let inflated = counted(&mut unpacked, limits.inflated(bytes.len() as u64), left)?;
    Ok((inflated, unpacked.behind()))
}

/// The first bytes of a gzip file's content, as many as there are.
pub(crate) fn gzip_head(bytes: &[u8], count: usize) -> Vec<u8> {
    let mut head = vec![0; count];
    let Ok(mut decoder) = Unpacked::new(bytes) else { return Vec::new() };
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
