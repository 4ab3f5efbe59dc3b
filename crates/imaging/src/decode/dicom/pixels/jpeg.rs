//! The four JPEGs of DICOM. Each decoder is asked for the size first: what differs from the
//! file's own rows and columns is refused before memory is taken.

use super::divisions;
use super::frame::{Frame, colour};
use super::stream::{point_transform, start_of_frame};
use crate::decode::dicom::error::DicomError;
use crate::decode::dicom::shape::{Photometric, Shape};
use crate::decode::raster::is_short_jpeg;
use hayro_jpeg2000::error::{DecodeError, FormatError, MarkerError};
use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};
use jpeg_decoder::{CodingProcess, Decoder, PixelFormat};

/// With what a JPEG 2000 codestream begins: its start, then its size.
const SIZE_MARK: [u8; 4] = [0xFF, 0x4F, 0xFF, 0x51];

pub(super) fn damaged(format: &str, reason: impl std::fmt::Display) -> DicomError {
    DicomError::Damaged(format!("its {format} cannot be decoded: {reason}"))
}

pub(super) fn same_size(
    format: &str,
    shape: &Shape,
    width: usize,
    height: usize,
) -> Result<(), DicomError> {
    if (width, height) == (shape.columns, shape.rows) {
        return Ok(());
    }
    let (columns, rows) = (shape.columns, shape.rows);
    Err(damaged(format, format!("it is {width} x {height}, the file says {columns} x {rows}")))
}

/// JPEG baseline.
pub(super) fn decode(bytes: &[u8], shape: &Shape) -> Result<Frame, DicomError> {
    const NAME: &str = "JPEG";
    let mut decoder = Decoder::new(bytes);
    decoder.set_max_decoding_buffer_size(shape.pixels().saturating_mul(8));
    let refused = |error| match error {
        jpeg_decoder::Error::Unsupported(what) => {
            DicomError::TransferSyntax(format!("JPEG of a kind that is not read ({what:?})"))
        }
        error => damaged(NAME, error),
    };
    decoder.read_info().map_err(refused)?;
    let info = decoder.info().ok_or_else(|| damaged(NAME, "it has no header"))?;
    same_size(NAME, shape, info.width.into(), info.height.into())?;
    // Neither 50 nor 57 and 70 have such frames, and a megabyte of empty scans takes minutes.
    if info.coding_process == CodingProcess::DctProgressive {
        return Err(DicomError::TransferSyntax("progressive JPEG".to_owned()));
    }
    // The decoder fills up what is missing without a word.
    if is_short_jpeg(bytes) {
        return Err(damaged(NAME, "pixels are missing"));
    }
    let colourful = info.pixel_format == PixelFormat::RGB24;
    if colourful != (shape.channels() == 3) || info.pixel_format == PixelFormat::CMYK32 {
        return Err(damaged(NAME, "it has another number of colours than the file says"));
    }
    let samples = decoder.decode().map_err(refused)?;
    Ok(match info.pixel_format {
        PixelFormat::L16 => {
            let words = samples.as_chunks::<2>().0;
            complete(NAME, words.iter().map(|word| u16::from_ne_bytes(*word)).collect(), shape)?
        }
        PixelFormat::L8 => complete(NAME, samples.into_iter().map(u16::from).collect(), shape)?,
        // The decoder gives RGB, pixel by pixel, whatever the file calls it.
        _ => {
            let photometric = Photometric::Colour { ybr: false };
            let luma = colour(&samples, &Shape { planar: false, photometric, ..*shape });
            if luma.len() != shape.pixels() {
                return Err(damaged(NAME, "pixels are missing"));
            }
            Frame::Luma(luma)
        }
    })
}

/// JPEG-LS, lossless or near-lossless.
pub(super) fn decode_ls(bytes: &[u8], shape: &Shape) -> Result<Frame, DicomError> {
    const NAME: &str = "JPEG-LS";
    if shape.channels() != 1 {
        return Err(DicomError::TransferSyntax("JPEG-LS in colour".to_owned()));
    }
    let (_, frame) = start_of_frame(bytes).ok_or_else(|| damaged(NAME, "it has no header"))?;
    let [_, y1, y0, x1, x0] =
        *frame.first_chunk().ok_or_else(|| damaged(NAME, "it has no size"))?;
    let number = |high, low| usize::from(u16::from_be_bytes([high, low]));
    let (width, height) = (number(x1, x0), number(y1, y0));
    same_size(NAME, shape, width, height)?;
    // The decoder reads past it, and would give other values.
    if point_transform(bytes) != Some(0) {
        return Err(DicomError::TransferSyntax("JPEG-LS with a point transform".to_owned()));
    }
    let decoded = jpegls::decode(bytes, width as u32, height as u32);
    let (samples, ..) = decoded.map_err(|error| match error {
        jpegls::CodecError::Unsupported(what) => {
            DicomError::TransferSyntax(format!("JPEG-LS of a kind that is not read ({what})"))
        }
        error => damaged(NAME, error),
    })?;
    complete(NAME, samples, shape)
}

/// JPEG 2000, reversible or not.
pub(super) fn decode_2000(bytes: &[u8], shape: &Shape) -> Result<Frame, DicomError> {
    const NAME: &str = "JPEG 2000";
    let start = bytes.windows(4).position(|four| four == SIZE_MARK);
    let size = start.and_then(|start| bytes.get(start + 40..start + 43));
    let size = size.and_then(<[u8]>::first_chunk::<3>);
    let [high, low, depth] = *size.ok_or_else(|| damaged(NAME, "it has no header"))?;
    if usize::from(u16::from_be_bytes([high, low])) != shape.channels() {
        return Err(damaged(NAME, "it has another number of colours than the file says"));
    }
    // Without the boxes of a file around it, which DICOM has not: what is looked at is what is read.
    let stream = start.and_then(|start| bytes.get(start..)).unwrap_or_default();
    if !divisions::sensible(stream) {
        return Err(damaged(NAME, "it is divided into far too many parts"));
    }
    if !divisions::complete(stream) {
        return Err(damaged(NAME, "it ends early"));
    }
    let refused = |error| match error {
        DecodeError::Format(FormatError::Unsupported)
        | DecodeError::Marker(MarkerError::Unsupported) => {
            DicomError::TransferSyntax("JPEG 2000 of a kind that is not read".to_owned())
        }
        error => damaged(NAME, error),
    };
    let image = Image::new(stream, &DecodeSettings::default()).map_err(refused)?;
    same_size(NAME, shape, image.width() as usize, image.height() as usize)?;
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(refused)?;
    let planes = decoded.components();
    if shape.channels() == 3 {
        let bytes = planes.iter().flat_map(|plane| plane.samples().iter().map(|v| *v as u8));
        let photometric = Photometric::Colour { ybr: false };
        let luma =
            colour(&bytes.collect::<Vec<_>>(), &Shape { planar: true, photometric, ..*shape });
        return if luma.len() == shape.pixels() {
            Ok(Frame::Luma(luma))
        } else {
            Err(damaged(NAME, "pixels are missing"))
        };
    }
    // The decoder shifts signed samples to above 0 as if they were unsigned.
    let bits = (u32::from(depth & 0x7F) + 1).min(16);
    let shift = if depth & 0x80 == 0 { 0 } else { 1_i32 << (bits - 1) };
    // Irreversible coding overshoots at the ends of the range.
    let most = (1_i32 << bits) - 1;
    let stored = |value: &f32| ((value.round() as i32).clamp(0, most) - shift) as u16;
    let samples = planes.first().map(|plane| plane.samples()).unwrap_or_default();
    let samples = samples.iter().map(stored).collect();
    complete(NAME, samples, shape)
}

fn complete(format: &str, samples: Vec<u16>, shape: &Shape) -> Result<Frame, DicomError> {
    if samples.len() != shape.pixels() {
        return Err(damaged(format, "pixels are missing"));
    }
    Ok(Frame::Grey(samples))
}
