//! DICOM: one file to slices of HU, or to pictures where it holds no HU.
//!
//! [`read`] decodes a file at once, so that its bytes can go; [`assemble::assemble`] sorts the
//! slices of many files into volumes. Sections are those of the standard,
//! <https://dicom.nema.org/medical/dicom/current/output/html/>.

pub(crate) mod assemble;
mod charset;
pub(crate) mod dataset;
mod describe;
mod duplicates;
mod error;
mod groups;
mod header;
mod hounsfield;
mod phase;
mod picture;
mod pixels;
mod reader;
mod shape;
pub(crate) mod slice;
mod split;
mod stack;
mod syntax;

pub use error::DicomError;

use super::inflate;
use super::limits::Limits;
use super::raster::GreyImage;
use crate::decode::series::Warning;
use crate::tags;
use dataset::DataSet;
use pixels::Pixels;
use reader::{Reader, is_vr};
use shape::Shape;
use slice::Slice;
use std::borrow::Cow;
use syntax::{Encoding, Syntax};

/// The mark after the preamble.
const MARK: &[u8] = b"DICM";
/// Bytes before the mark, of any content.
const PREAMBLE: usize = 128;

/// What a file holds.
pub(crate) enum Content {
    /// Slices of HU, one for each frame.
    Slices(Vec<Slice>),
    /// Pictures without HU: screenshots, reports drawn as images.
    Pictures(Vec<GreyImage>),
}

/// Whether the bytes look like DICOM, with or without the mark.
pub(crate) fn is_dicom(bytes: &[u8]) -> bool {
    start(bytes).is_some()
}

/// Whether DICOM's mark is there, so that it is no guess.
pub(crate) fn has_mark(bytes: &[u8]) -> bool {
    bytes.get(PREAMBLE..PREAMBLE + 4) == Some(MARK) || bytes.starts_with(MARK)
}

/// Where the first element is, and how the data set is written where the file has no group 2.
fn start(bytes: &[u8]) -> Option<(usize, Option<Syntax>)> {
    if bytes.get(PREAMBLE..PREAMBLE + 4) == Some(MARK) {
        return Some((PREAMBLE + 4, None));
    }
    if bytes.starts_with(MARK) {
        return Some((4, None));
    }
    // A bare data set begins with group 8, or with group 2 where only the preamble is missing.
    let head = bytes.first_chunk::<8>()?;
    let [a, b, c, d, e, f, g, h] = *head;
    let fits = |length: u32| u64::from(length) <= bytes.len() as u64 - 8;
    match [a, b] {
        [2, 0] if is_vr([e, f]) => Some((0, None)),
        [8, 0] if is_vr([e, f]) && d == 0 => Some((0, Some(Syntax::ExplicitLittle))),
        [0, 8] if is_vr([e, f]) && c == 0 => Some((0, Some(Syntax::ExplicitBig))),
        [8, 0] if d == 0 && fits(u32::from_le_bytes([e, f, g, h])) => {
            Some((0, Some(Syntax::ImplicitLittle)))
        }
        _ => None,
    }
}

/// Decodes a file. `room` is how many bytes its samples may take.
///
/// # Errors
/// [`DicomError`], never a panic, whatever the bytes.
pub(crate) fn read(
    name: &str,
    bytes: &[u8],
    limits: &Limits,
    room: u64,
) -> Result<Content, DicomError> {
    let (offset, bare) = start(bytes).ok_or(DicomError::NotDicom)?;
    let mut reader = Reader::new(bytes, offset, Syntax::ExplicitLittle.encoding(), limits);
    let meta = reader.file_meta()?;
    if meta
        .text(tags::MEDIA_STORAGE_SOP_CLASS_UID)
        .is_some_and(|class| class == "1.2.840.10008.1.3.10")
    {
        return Err(DicomError::Directory);
    }
    let syntax = match (meta.text(tags::TRANSFER_SYNTAX_UID), bare) {
        (Some(uid), _) => Syntax::from_uid(&uid).map_err(DicomError::TransferSyntax)?,
        (None, Some(syntax)) => syntax,
        // The mark, and nothing that says how to go on: as a bare data set.
        (None, None) => {
            let rest = bytes.get(reader.offset()..).unwrap_or_default();
            start(rest).and_then(|(_, syntax)| syntax).unwrap_or(Syntax::ExplicitLittle)
        }
    };
    let mut offset = reader.offset();
    let mut bytes = Cow::Borrowed(bytes);
    let mut told = Vec::new();
    if syntax == Syntax::Deflated {
        let packed = bytes.get(offset..).unwrap_or_default();
        match inflate::raw(packed, limits) {
            Ok(inflated) => (offset, bytes) = (0, Cow::Owned(inflated)),
            Err(inflate::InflateError::TooLarge { most }) => {
                let what = "its inflated size";
                return Err(DicomError::TooLarge { what, value: most + 1, most });
            }
            Err(inflate::InflateError::Damaged(_)) if start(packed).is_some() => {
                let message =
                    "The file says that it is deflated, but it is not: it was read as it is.";
                told.push(Warning::new("wrong-transfer-syntax", message));
            }
            Err(inflate::InflateError::Damaged(reason)) => return Err(DicomError::Damaged(reason)),
        }
    }
    let encoding = encoding(bytes.get(offset..).unwrap_or_default(), syntax, &mut told);
    let set = Reader::new(&bytes, offset, encoding, limits).data_set()?;
    if !shape::has_pixels(&set) {
        return Err(if set.elements.is_empty() {
            DicomError::NotDicom
        } else {
            shape::no_image(&set)
        });
    }
    // Pixels that are written plainly are written as the elements are.
    let syntax = match (syntax.native(), encoding.big_endian) {
        (true, true) => Syntax::ExplicitBig,
        (true, false) => Syntax::ExplicitLittle,
        (false, _) => syntax,
    };
    decode(name, &set, syntax, limits, room, told)
}

/// How the elements of a data set are really written. Some writers put one transfer syntax into the
/// header and another into the file; the first element tells, for no length looks like a type.
fn encoding(bytes: &[u8], syntax: Syntax, told: &mut Vec<Warning>) -> Encoding {
    let says = syntax.encoding();
    let Some((0, Some(found))) = start(bytes) else { return says };
    let found = found.encoding();
    if found != says {
        let (says, found) = (says.name(), found.name());
        told.push(Warning::new(
            "wrong-transfer-syntax",
            format!("The file says that it is written in {says}, but it is in {found}: it was read as what it is."),
        ));
    }
    found
}

/// What is to be said where there is more of pixels or of functional groups than Number of Frames
/// says.
fn more_frames(set: &DataSet<'_>, shape: &Shape) -> Option<String> {
    // A byte more makes an odd length even.
    let pad = shape.bytes() * shape.frames % 2;
    let plain = set.bytes(tags::PIXEL_DATA).map_or(0, |bytes| bytes.len().saturating_sub(pad));
    let plain = plain / shape.bytes().max(1);
    // Fragments may be several a frame.
    let groups = set.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).len();
    let found = if plain > shape.frames { plain } else { groups };
    (found > shape.frames).then(|| {
        let frames = shape.frames;
        format!(
            "Number of Frames says {frames}, but the file has pixels or functional groups of \
             {found}: those behind were passed over."
        )
    })
}

fn decode(
    name: &str,
    set: &DataSet<'_>,
    syntax: Syntax,
    limits: &Limits,
    room: u64,
    told: Vec<Warning>,
) -> Result<Content, DicomError> {
    let shape = Shape::read(set, limits)?;
    let needed = (shape.pixels() * shape.frames) as u64 * 2;
    if needed > room {
        let (most, series) = (limits.kept_bytes, set.text(tags::SERIES_INSTANCE_UID));
        return Err(DicomError::NoRoom { needed, most, series });
    }
    let pixels = Pixels::find(set, shape, syntax)?;
    let mut told = told;
    if let Some(message) = more_frames(set, &shape) {
        told.push(Warning::new("more-frames", message));
    }
    match picture::reason(set, &shape) {
        Some(reason) => Ok(Content::Pictures(picture::read(&pixels, &shape, reason)?)),
        None => Ok(Content::Slices(slice::read(name, set, &shape, &pixels, told)?)),
    }
}
