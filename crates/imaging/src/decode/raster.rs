//! PNG, JPEG, TIFF and BMP: pictures whose HU is unknown. They stay [`Grey`].

mod directory;
mod jpeg;
mod orientation;
mod png;
mod scan;
mod tiff;

use super::limits::{FREE_MEMORY, MAX_MEMORY, MAX_SIDE, MOST_INFLATION};
use crate::UserError;
use crate::intensity::Grey;
use image::{ColorType, ImageDecoder, ImageFormat, ImageReader, Limits};
use orientation::Orientation;
use std::io::Cursor;

/// Lengths of the second header of a BMP, from OS/2 1 to Windows 98.
const BMP_HEADERS: [u32; 8] = [12, 16, 40, 52, 56, 64, 108, 124];

/// A grey picture.
#[derive(Clone, Debug, PartialEq)]
pub struct GreyImage {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height` samples in [0, 1], row-major.
    pub samples: Vec<Grey>,
    /// "PNG", "JPEG", "TIFF" or "BMP".
    pub format: &'static str,
    /// Bits in a channel of the file: 8 or 16.
    pub bit_depth: u8,
    /// Whether the file holds colour channels.
    pub colour: bool,
    /// What the user should know of how the samples came about, in full sentences.
    pub notes: Vec<String>,
}

/// Why bytes are no picture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// No bytes at all.
    #[error("the file is empty")]
    Empty,
    /// The first bytes are of no format that is known here.
    #[error("the content is not a PNG, JPEG, TIFF or BMP picture")]
    NotAnImage,
    /// A known format in a variant that is not read.
    #[error("this {format} picture cannot be read: {reason}")]
    Unsupported {
        /// Name of the format.
        format: &'static str,
        /// What is not supported.
        reason: String,
    },
    /// The bytes end early or contradict themselves.
    #[error("the {format} picture is damaged or cut off: {reason}")]
    Damaged {
        /// Name of the format.
        format: &'static str,
        /// What the decoder said.
        reason: String,
    },
    /// Larger than what is decoded here.
    #[error("the {format} picture is too large: at most {MAX_SIDE} pixels a side and {} MiB are read", MAX_MEMORY >> 20)]
    TooLarge {
        /// Name of the format.
        format: &'static str,
    },
}

impl UserError for DecodeError {
    fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty-file",
            Self::NotAnImage => "not-an-image",
            Self::Unsupported { .. } => "unsupported-format",
            Self::Damaged { .. } => "truncated",
            Self::TooLarge { .. } => "too-large",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Empty => "Export or copy the file again.",
            Self::NotAnImage => {
                "Its name may say otherwise; open it in a viewer and save it as PNG."
            }
            Self::Unsupported { .. } => "Save it as an 8-bit or 16-bit grey PNG.",
            Self::Damaged { .. } => "Copy or export the file again; part of it is missing.",
            Self::TooLarge { .. } => "Cut out the region of interest first.",
        }
    }
}

/// Decodes a PNG, JPEG, TIFF or BMP.
///
/// 8-bit grey passes as value / 255. 16-bit is mapped over its full range (value / 65535) and
/// says so. Colour becomes luma by ITU-R BT.601, as PIL's `convert("L")`; a pixel whose channels
/// are equal keeps its value exactly. Transparency is laid over black. A picture is turned as its
/// file says (EXIF, TIFF's orientation). Each of this is told in [`GreyImage::notes`], and so is
/// what else the file holds: more pages, the other pictures of an animation.
///
/// # Errors
/// [`DecodeError`], never a panic, whatever the bytes.
pub fn decode_raster(bytes: &[u8]) -> Result<GreyImage, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    let (guessed, format) = format_of(bytes).ok_or(DecodeError::NotAnImage)?;
    let look = look(bytes, guessed, format)?;
    let typed = |error| decode_error(format, error);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), guessed);
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    // A file of a hundred bytes must not take what a large one may.
    let most = MAX_MEMORY.min(FREE_MEMORY.max(bytes.len() as u64 * MOST_INFLATION));
    limits.max_alloc = Some(most);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(typed)?;
    if decoder.total_bytes() > MAX_MEMORY {
        return Err(DecodeError::TooLarge { format });
    }
    if decoder.total_bytes() > most {
        let reason = "its size promises far more than its bytes can hold".to_owned();
        return Err(DecodeError::Damaged { format, reason });
    }
    let (columns, rows) = decoder.dimensions();
    let (size, colour_type) = ([columns as usize, rows as usize], decoder.color_type());
    let mut pixels = Vec::new();
    let length = decoder.total_bytes() as usize;
    pixels.try_reserve_exact(length).map_err(|_| DecodeError::TooLarge { format })?;
    pixels.resize(length, 0);
    decoder.read_image(&mut pixels).map_err(typed)?;
    to_grey(&pixels, size, colour_type, format, look)
}

/// Whether the data of a JPEG end before its pixels, though it has an end mark.
pub(crate) fn is_short_jpeg(bytes: &[u8]) -> bool {
    matches!(jpeg::look(bytes), Err(jpeg::Fault::Short))
}

/// Whether the bytes begin as a picture does that is decoded here.
pub(crate) fn is_picture(bytes: &[u8]) -> bool {
    format_of(bytes).is_some()
}

/// Tells the format by the first bytes.
fn format_of(bytes: &[u8]) -> Option<(ImageFormat, &'static str)> {
    let tiff: [&[u8]; 4] = [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"];
    let bmp = || {
        // Two letters are not enough: any text may begin with them.
        let length = bytes.get(14..).and_then(<[u8]>::first_chunk::<4>);
        bytes.starts_with(b"BM")
            && length.is_some_and(|length| BMP_HEADERS.contains(&u32::from_le_bytes(*length)))
    };
    if bytes.starts_with(b"\x89PNG\r\n\x1A\n") {
        Some((ImageFormat::Png, "PNG"))
    } else if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
        Some((ImageFormat::Jpeg, "JPEG"))
    } else if tiff.iter().any(|mark| bytes.starts_with(mark)) {
        Some((ImageFormat::Tiff, "TIFF"))
    } else if bmp() {
        Some((ImageFormat::Bmp, "BMP"))
    } else {
        None
    }
}

/// What a file says beside its pixels.
struct Look {
    orientation: Orientation,
    /// Whether colours are already multiplied by their transparency.
    premultiplied: bool,
    notes: Vec<String>,
}

/// Looks at a file before it is decoded: at what the decoders pass over in silence, or refuse
/// without a name.
fn look(bytes: &[u8], guessed: ImageFormat, format: &'static str) -> Result<Look, DecodeError> {
    let unsupported = |reason| DecodeError::Unsupported { format, reason };
    let damaged = |reason: &str| DecodeError::Damaged { format, reason: reason.to_owned() };
    let mut notes = Vec::new();
    let (mut orientation, mut premultiplied) = (Orientation::UPRIGHT, false);
    match guessed {
        ImageFormat::Jpeg => {
            // The decoder paints what is missing grey and says nothing.
            let look = jpeg::look(bytes).map_err(|fault| match fault {
                jpeg::Fault::Kind(reason) => unsupported(reason),
                jpeg::Fault::Cut => damaged("its end is missing"),
                jpeg::Fault::Short => damaged("a part of its pixels is missing"),
            })?;
            orientation = look.orientation;
            if look.more {
                notes.push("The file holds more pictures: the first is shown.".to_owned());
            }
        }
        ImageFormat::Png => {
            let look = png::look(bytes);
            orientation = look.orientation;
            if look.apple {
                return Err(unsupported("it is Apple's own variant of PNG (CgBI)".to_owned()));
            }
            if look.frames > 1 {
                let frames = look.frames;
                let note = format!("An animation of {frames} pictures: the first is shown.");
                notes.push(note);
            }
        }
        ImageFormat::Tiff => {
            let look = tiff::look(bytes).map_err(|fault| match fault {
                tiff::Fault::Kind(reason) => unsupported(reason),
                tiff::Fault::Broken(reason) => damaged(reason),
            })?;
            (orientation, premultiplied) = (look.orientation, look.premultiplied);
            match look.pages {
                0 | 1 => {}
                2 => notes.push("The file has 2 pages: the first is shown.".to_owned()),
                pages => {
                    let others = pages - 1;
                    notes.push(format!(
                        "The file has {pages} pages: the first is shown, {others} were passed over."
                    ));
                }
            }
        }
        _ => {}
    }
    notes.extend(orientation.note());
    Ok(Look { orientation, premultiplied, notes })
}

fn decode_error(format: &'static str, error: image::ImageError) -> DecodeError {
    use image::ImageError;
    match error {
        ImageError::Limits(_) => DecodeError::TooLarge { format },
        ImageError::Unsupported(error) => {
            DecodeError::Unsupported { format, reason: error.to_string() }
        }
        error => DecodeError::Damaged { format, reason: error.to_string() },
    }
}

/// Greys of pixels as the decoder gives them: channel by channel, 16 bits in the machine's order.
fn to_grey(
    pixels: &[u8],
    [width, height]: [usize; 2],
    colour_type: ColorType,
    format: &'static str,
    look: Look,
) -> Result<GreyImage, DecodeError> {
    if width == 0 || height == 0 {
        let reason = "it has no pixels".to_owned();
        return Err(DecodeError::Damaged { format, reason });
    }
    let (channels, sixteen) = match colour_type {
        ColorType::L8 => (1, false),
        ColorType::La8 => (2, false),
        ColorType::Rgb8 => (3, false),
        ColorType::Rgba8 => (4, false),
        ColorType::L16 => (1, true),
        ColorType::La16 => (2, true),
        ColorType::Rgb16 => (3, true),
        ColorType::Rgba16 => (4, true),
        _ => {
            let reason = "floating-point samples have no known grey range".to_owned();
            return Err(DecodeError::Unsupported { format, reason });
        }
    };
    let full = if sixteen { u16::MAX } else { u8::MAX.into() };
    let bytes = if sixteen { 2 } else { 1 };
    let mut samples = Vec::new();
    let count = pixels.len() / (channels * bytes);
    samples.try_reserve_exact(count).map_err(|_| DecodeError::TooLarge { format })?;
    let (mut tinted, mut transparent) = (false, false);
    samples.extend(pixels.chunks_exact(channels * bytes).map(|pixel| {
        let channel = |k: usize| match pixel.get(k * bytes..(k + 1) * bytes) {
            Some(&[low, high]) => u16::from_ne_bytes([low, high]),
            Some(&[value]) => value.into(),
            _ => full,
        };
        let (colours, alpha) = match channels {
            1 | 2 => ([channel(0); 3], channel(1)),
            _ => ([channel(0), channel(1), channel(2)], channel(3)),
        };
        tinted |= colours[0] != colours[1] || colours[1] != colours[2];
        transparent |= alpha != full;
        grey(colours, if look.premultiplied { full } else { alpha }, full)
    }));
    let mut notes = look.notes;
    if sixteen {
        notes.push(sixteen_bit_note(&samples));
    }
    if tinted {
        notes.push("Colour image: its brightness was used (ITU-R BT.601).".to_owned());
    }
    if transparent {
        notes.push("Transparent pixels were laid over black.".to_owned());
    }
    let turned = look.orientation.apply(samples, [width, height]);
    let (samples, [width, height]) = turned.ok_or(DecodeError::TooLarge { format })?;
    let (bit_depth, colour) = (bytes as u8 * 8, channels > 2);
    Ok(GreyImage { width, height, samples, format, bit_depth, colour, notes })
}

/// Brightness of one pixel over black, in [0, 1].
fn grey(colours: [u16; 3], alpha: u16, full: u16) -> Grey {
    let [red, green, blue] = colours.map(f64::from);
    let value = if red == green && green == blue {
        red
    } else {
        // Rounded to the file's own step, as PIL and every 8-bit tool would.
        (0.299 * red + 0.587 * green + 0.114 * blue).round()
    };
    if alpha == full {
        return Grey(value as f32 / f32::from(full));
    }
    Grey((value / f64::from(full) * (f64::from(alpha) / f64::from(full))) as f32)
}

fn sixteen_bit_note(samples: &[Grey]) -> String {
    let brightest = samples.iter().fold(0.0_f32, |most, grey| most.max(grey.0));
    // 12-bit CT numbers saved raw fill a sixteenth of the range and look black.
    if brightest <= 4095.0 / 65_535.0 {
        "16-bit image that uses only the darkest sixteenth of its range, as raw CT numbers do: \
         the result is not to be relied on. Export it with window level -300, width 1400."
            .to_owned()
    } else {
        "16-bit image: its full range 0 to 65535 was taken as black to white.".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{DynamicImage, GrayImage, ImageBuffer, Luma, Rgb, Rgba};

    fn encode(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    /// 7 x 5, so that a swap of axes shows.
    fn ramp() -> DynamicImage {
        GrayImage::from_fn(7, 5, |x, y| Luma([(x * 30 + y) as u8])).into()
    }

    #[test]
    fn eight_bit_grey_passes_exactly_in_every_lossless_format() {
        for format in [ImageFormat::Png, ImageFormat::Tiff, ImageFormat::Bmp] {
            let image = decode_raster(&encode(&ramp(), format)).unwrap();
            assert_eq!((image.width, image.height, image.bit_depth), (7, 5, 8));
            assert_eq!(image.samples[3 * 7 + 4], Grey(123.0 / 255.0));
            assert!(image.notes.is_empty(), "{:?}", image.notes);
        }
    }

    #[test]
    fn sixteen_bit_is_mapped_over_its_range_and_says_so() {
        let deep: ImageBuffer<Luma<u16>, _> =
            ImageBuffer::from_fn(7, 5, |x, y| Luma([(x * 9000 + y) as u16]));
        let image = decode_raster(&encode(&deep.into(), ImageFormat::Png)).unwrap();
        assert_eq!(image.bit_depth, 16);
        assert_eq!(image.samples[3 * 7 + 4], Grey(36_003.0 / 65_535.0));
        assert!(image.notes[0].starts_with("16-bit image: its full range"));
    }

    #[test]
    fn raw_twelve_bit_numbers_are_called_out() {
        let raw: ImageBuffer<Luma<u16>, _> = ImageBuffer::from_pixel(7, 5, Luma([1024]));
        let image = decode_raster(&encode(&raw.into(), ImageFormat::Png)).unwrap();
        assert!(image.notes[0].contains("level -300"));
    }

    #[test]
    fn grey_rgb_keeps_its_values_and_colour_becomes_luma() {
        let grey: ImageBuffer<Rgb<u8>, _> = ImageBuffer::from_pixel(7, 5, Rgb([77, 77, 77]));
        let image = decode_raster(&encode(&grey.into(), ImageFormat::Bmp)).unwrap();
        assert_eq!(image.samples[0], Grey(77.0 / 255.0));
        assert!(image.colour && image.notes.is_empty());
        let red: ImageBuffer<Rgb<u8>, _> = ImageBuffer::from_pixel(7, 5, Rgb([255, 0, 0]));
        let image = decode_raster(&encode(&red.into(), ImageFormat::Png)).unwrap();
        // PIL: Image.new("RGB", (1, 1), (255, 0, 0)).convert("L") -> 76
        assert_eq!(image.samples[0], Grey(76.0 / 255.0));
        assert!(image.notes[0].starts_with("Colour image"));
    }

    #[test]
    fn transparency_is_laid_over_black() {
        let half: ImageBuffer<Rgba<u8>, _> =
            ImageBuffer::from_pixel(7, 5, Rgba([255, 255, 255, 51]));
        let image = decode_raster(&encode(&half.into(), ImageFormat::Png)).unwrap();
        assert!((image.samples[0].0 - 0.2).abs() < 1e-6);
        assert!(image.notes[0].starts_with("Transparent"));
    }

    #[test]
    fn bad_bytes_are_typed_errors() {
        assert_eq!(decode_raster(b""), Err(DecodeError::Empty));
        assert_eq!(decode_raster(b"seriesuid,coordX\n"), Err(DecodeError::NotAnImage));
        assert_eq!(decode_raster(b"GIF89a-------------"), Err(DecodeError::NotAnImage));
        let whole = encode(&ramp(), ImageFormat::Png);
        let cut = decode_raster(&whole[..whole.len() / 2]);
        assert_eq!(cut.map_err(|error| error.code()), Err("truncated"));
    }

    #[test]
    fn a_tiff_directory_that_is_longer_than_the_file_is_refused() {
        let whole = encode(&ramp(), ImageFormat::Tiff);
        let at = u32::from_le_bytes([whole[4], whole[5], whole[6], whole[7]]) as usize;
        for entry in 0..4 {
            let mut tiff = whole.clone();
            let count = at + 2 + entry * 12 + 4;
            tiff[count..count + 4].copy_from_slice(&0x0040_0001_u32.to_le_bytes());
            let code = decode_raster(&tiff).map_err(|error| error.code());
            assert_eq!(code, Err("truncated"), "{entry}");
        }
    }

    #[test]
    fn a_declared_size_beyond_the_limit_is_refused_before_memory_is_taken() {
        // A PNG header that declares 60000 x 60000; its checksum is right.
        let mut png = encode(&ramp(), ImageFormat::Png);
        png[16..24].copy_from_slice(&[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
        let checksum = crc32(&png[12..29]);
        png[29..33].copy_from_slice(&checksum.to_be_bytes());
        assert_eq!(decode_raster(&png), Err(DecodeError::TooLarge { format: "PNG" }));
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 }
            })
        })
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(head in 0usize..4, tail: Vec<u8>) {
            let magic: [&[u8]; 4] = [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"II*\0", b"BM"];
            let bytes = [magic[head], &tail].concat();
            let _ = decode_raster(&bytes);
        }
    }
}
