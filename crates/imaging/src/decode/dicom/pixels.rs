//! A frame's pixels out of its encoding.

mod divisions;
mod frame;
mod jpeg;
mod lossless;
mod rle;
mod stream;

use super::dataset::DataSet;
use super::error::DicomError;
use super::shape::{Photometric, Shape};
use super::syntax::Syntax;
use crate::tags;
use frame::colour;
use std::borrow::Cow;

use stream::Stream;

pub(crate) use frame::Frame;

/// Pixels that a frame may have however few its bytes are: 2048 x 2048 of air.
const FREE_PIXELS: usize = 1 << 22;
/// Most pixels that a byte of a larger frame stands for.
const MOST_PIXELS: usize = 2048;

/// The pixels of a file.
pub(crate) struct Pixels<'a> {
    shape: Shape,
    syntax: Syntax,
    frames: Vec<Cow<'a, [u8]>>,
}

impl<'a> Pixels<'a> {
    /// Finds where each frame's bytes are.
    pub fn find(set: &DataSet<'a>, shape: Shape, syntax: Syntax) -> Result<Self, DicomError> {
        let frames = match set.fragments() {
            Some(fragments) if !syntax.native() => encapsulated(fragments, shape, syntax)?,
            Some(_) => {
                let reason = "it says uncompressed, but the pixels are in compressed fragments";
                return Err(DicomError::Disagrees(reason.to_owned()));
            }
            None if !syntax.native() => {
                let says = syntax.pixels();
                let reason = format!("it says {says}, but the pixels are not in fragments");
                return Err(DicomError::Disagrees(reason));
            }
            None => native(set.bytes(tags::PIXEL_DATA).unwrap_or_default(), shape)?,
        };
        Ok(Self { shape, syntax, frames })
    }

    /// Decodes a frame. `index` is below the number of frames.
    pub fn frame(&self, index: usize) -> Result<Frame, DicomError> {
        let bytes = self.frames.get(index).map(Cow::as_ref).unwrap_or_default();
        let shape = &self.shape;
        match self.syntax {
            Syntax::ExplicitBig => Ok(plain(bytes, shape, true)),
            syntax if syntax.native() => Ok(plain(bytes, shape, false)),
            syntax => match Stream::of(bytes) {
                None if syntax == Syntax::Rle => rle::decode(bytes, shape),
                Some(Stream::Lossless) if syntax.is_jpeg() => lossless::decode(bytes, shape),
                Some(Stream::Baseline) if syntax.is_jpeg() => jpeg::decode(bytes, shape),
                Some(Stream::Ls) if syntax == Syntax::JpegLs => jpeg::decode_ls(bytes, shape),
                Some(Stream::Jpeg2000) if syntax == Syntax::Jpeg2000 => {
                    jpeg::decode_2000(bytes, shape)
                }
                Some(stream @ Stream::OtherJpeg(_)) => {
                    Err(DicomError::TransferSyntax(stream.name()))
                }
                Some(stream) => {
                    let (says, found) = (syntax.pixels(), stream.name());
                    let reason = format!("it says {says}, but the pixels are {found}");
                    Err(DicomError::Disagrees(reason))
                }
                None => {
                    let reason = format!("its {} frames have no header", syntax.pixels());
                    Err(DicomError::Damaged(reason))
                }
            },
        }
    }
}

fn native(bytes: &[u8], shape: Shape) -> Result<Vec<Cow<'_, [u8]>>, DicomError> {
    let needed = (shape.bytes() * shape.frames) as u64;
    let frames: Vec<_> = bytes.chunks_exact(shape.bytes()).take(shape.frames).collect();
    if frames.len() < shape.frames {
        let (tag, found) = ("(7FE0,0010)".to_owned(), bytes.len() as u64);
        return Err(DicomError::Truncated { tag, needed, found });
    }
    Ok(frames.into_iter().map(Cow::Borrowed).collect())
}

/// Brings fragments together to frames (PS3.5, A.4): by number, by the offset table, or by the
/// marks with which a frame begins.
fn encapsulated<'a>(
    fragments: &[&'a [u8]],
    shape: Shape,
    syntax: Syntax,
) -> Result<Vec<Cow<'a, [u8]>>, DicomError> {
    let (mut table, mut parts) = fragments.split_first().ok_or_else(no_fragments)?;
    // Some writers leave the offset table away: then the first fragment is the first frame's.
    if Stream::of(table).is_some() {
        (table, parts) = (&NO_TABLE, fragments);
    }
    let joined = |parts: &[&'a [u8]]| match parts {
        [one] => Cow::Borrowed(*one),
        many => Cow::Owned(many.concat()),
    };
    let frames: Vec<Cow<'a, [u8]>> = if shape.frames == 1 {
        vec![joined(parts)]
    } else if parts.len() == shape.frames {
        parts.iter().map(|part| Cow::Borrowed(*part)).collect()
    } else {
        let starts = offsets(table, parts).unwrap_or_else(|| marks(parts, syntax));
        let ends = starts.iter().skip(1).copied().chain([parts.len()]);
        starts.iter().zip(ends).filter_map(|(s, e)| parts.get(*s..e)).map(joined).collect()
    };
    let small = |frame: &Cow<'_, [u8]>| {
        shape.pixels() > FREE_PIXELS.max(frame.len().saturating_mul(MOST_PIXELS))
    };
    if frames.iter().any(small) {
        let reason = "a frame has far fewer bytes than so many pixels take".to_owned();
        return Err(DicomError::Damaged(reason));
    }
    if parts.is_empty() || frames.len() < shape.frames {
        let reason = format!("{} of its {} frames are there", frames.len(), shape.frames);
        return Err(DicomError::Damaged(reason));
    }
    Ok(frames)
}

/// An offset table that is empty.
static NO_TABLE: &[u8] = &[];

fn no_fragments() -> DicomError {
    DicomError::Damaged("its encapsulated pixels are empty".to_owned())
}

/// Index of each frame's first fragment, from the basic offset table.
fn offsets(table: &[u8], parts: &[&[u8]]) -> Option<Vec<usize>> {
    let table = table.as_chunks::<4>().0;
    // Where each fragment begins: after the item's tag and length of those before.
    let starts: Vec<u64> = parts
        .iter()
        .scan(0, |start, part| Some(std::mem::replace(start, *start + part.len() as u64 + 8)))
        .collect();
    let find =
        |offset: &[u8; 4]| starts.binary_search(&u64::from(u32::from_le_bytes(*offset))).ok();
    if table.is_empty() { None } else { table.iter().map(find).collect() }
}

/// Index of each fragment with which a codestream begins.
fn marks(parts: &[&[u8]], syntax: Syntax) -> Vec<usize> {
    let mark: [u8; 2] = if syntax == Syntax::Jpeg2000 { [0xFF, 0x4F] } else { [0xFF, 0xD8] };
    (0..parts.len()).filter(|i| parts.get(*i).is_some_and(|part| part.starts_with(&mark))).collect()
}

/// Plain samples of a whole frame.
fn plain(bytes: &[u8], shape: &Shape, big_endian: bool) -> Frame {
    match (shape.photometric, shape.allocated) {
        (Photometric::Colour { .. }, _) => Frame::Luma(colour(bytes, shape)),
        (_, 8) => Frame::Grey(bytes.iter().map(|byte| u16::from(*byte)).collect()),
        _ => {
            let words = bytes.as_chunks::<2>().0.iter();
            Frame::Grey(match big_endian {
                true => words.map(|word| u16::from_be_bytes(*word)).collect(),
                false => words.map(|word| u16::from_le_bytes(*word)).collect(),
            })
        }
    }
}
