//! The form of a frame's pixels (PS3.3, C.7.6.3), checked before any memory is taken.

use super::dataset::DataSet;
use super::error::DicomError;
use crate::decode::limits::Limits;
use crate::tags::{self, Tag};

/// What a stored value stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Photometric {
    /// The lowest value is shown black.
    Monochrome2,
    /// The lowest value is shown white.
    Monochrome1,
    /// Red, green, blue, or luma and two chromas.
    Colour { ybr: bool },
}

/// The form of all frames of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub columns: usize,
    pub rows: usize,
    pub frames: usize,
    pub photometric: Photometric,
    /// Bits that a sample takes: 8 or 16.
    pub allocated: u32,
    /// Bits of it that are used.
    pub stored: u32,
    /// The highest of them.
    pub high: u32,
    pub signed: bool,
    /// Colour channels one after another, not pixel by pixel.
    pub planar: bool,
}

impl Shape {
    pub fn read(set: &DataSet<'_>, limits: &Limits) -> Result<Self, DicomError> {
        let side = |tag, name, text| {
            let value = set.unsigned(tag).ok_or(DicomError::Missing { name, tag: text })?;
            let most = limits.side as u64;
            match value {
                0 => Err(DicomError::Value { name, value: "0".to_owned() }),
                _ if u64::from(value) > most => {
                    Err(DicomError::TooLarge { what: name, value: u64::from(value), most })
                }
                _ => Ok(value as usize),
            }
        };
        if let Some(what) = not_of_numbers(set) {
            return Err(DicomError::NotAnImage(what.to_owned()));
        }
        let rows = side(tags::ROWS, "Rows", "(0028,0010)")?;
        let columns = side(tags::COLUMNS, "Columns", "(0028,0011)")?;
        let frames = set.decimal(tags::NUMBER_OF_FRAMES).unwrap_or(1.0);
        if !(1.0..=limits.frames as f64).contains(&frames) {
            let (what, most) = ("Number of Frames", limits.frames as u64);
            return Err(DicomError::TooLarge { what, value: frames.max(0.0) as u64, most });
        }
        let frames = frames as usize;
        let allocated =
            one_of(set, tags::BITS_ALLOCATED, "Bits Allocated", &[8, 16])?.unwrap_or(16);
        let stored = set.unsigned(tags::BITS_STORED).unwrap_or(allocated);
        let high = set.unsigned(tags::HIGH_BIT).unwrap_or(stored.saturating_sub(1));
        if !(1..=allocated).contains(&stored) || high >= allocated || high + 1 < stored {
            let value = format!("{stored} with High Bit {high} of {allocated}");
            return Err(DicomError::Value { name: "Bits Stored", value });
        }
        let photometric = photometric(set)?;
        if matches!(photometric, Photometric::Colour { .. }) && allocated != 8 {
            let value = "16, of a colour image".to_owned();
            return Err(DicomError::Value { name: "Bits Allocated", value });
        }
        let signed = set.unsigned(tags::PIXEL_REPRESENTATION) == Some(1);
        let planar = set.unsigned(tags::PLANAR_CONFIGURATION) == Some(1);
        Ok(Self { columns, rows, frames, photometric, allocated, stored, high, signed, planar })
    }

    /// Pixels of a frame.
    pub fn pixels(&self) -> usize {
        self.rows * self.columns
    }

    /// Samples of a pixel: 1 or 3.
    pub fn channels(&self) -> usize {
        if matches!(self.photometric, Photometric::Colour { .. }) { 3 } else { 1 }
    }

    /// Bytes of a frame that is written plainly.
    pub fn bytes(&self) -> usize {
        self.pixels() * self.channels() * self.allocated as usize / 8
    }

    /// The number that a sample's bits stand for.
    pub fn value(&self, bits: u16) -> i32 {
        let mask = (1_u32 << self.stored) - 1;
        let number = (u32::from(bits) >> (self.high + 1 - self.stored)) & mask;
        if self.signed && number >> (self.stored - 1) == 1 {
            number as i32 - (1_i32 << self.stored)
        } else {
            number as i32
        }
    }
}

fn one_of(
    set: &DataSet<'_>,
    tag: Tag,
    name: &'static str,
    known: &[u32],
) -> Result<Option<u32>, DicomError> {
    match set.unsigned(tag) {
        Some(value) if !known.contains(&value) => {
            Err(DicomError::Value { name, value: value.to_string() })
        }
        value => Ok(value),
    }
}

fn photometric(set: &DataSet<'_>) -> Result<Photometric, DicomError> {
    let channels = one_of(set, tags::SAMPLES_PER_PIXEL, "Samples per Pixel", &[1, 3])?.unwrap_or(1);
    let name = set.text(tags::PHOTOMETRIC_INTERPRETATION).unwrap_or_default();
    Ok(match (channels, name.as_str()) {
        (3, "YBR_FULL") => Photometric::Colour { ybr: true },
        (3, "RGB" | "YBR_RCT" | "YBR_ICT" | "") => Photometric::Colour { ybr: false },
        // Only within JPEG, whose decoder gives RGB back; plainly, its chroma has half the samples.
        (3, "YBR_FULL_422") if set.fragments().is_some() => Photometric::Colour { ybr: false },
        (1, "MONOCHROME1") => Photometric::Monochrome1,
        (1, "MONOCHROME2" | "") => Photometric::Monochrome2,
        _ => {
            let value = name.chars().take(20).collect();
            return Err(DicomError::Value { name: "Photometric Interpretation", value });
        }
    })
}

/// What an object with pixels that stand for no brightness is called, by its SOP class.
fn not_of_numbers(set: &DataSet<'_>) -> Option<&'static str> {
    let class = set.text(tags::SOP_CLASS_UID)?;
    match class.strip_prefix("1.2.840.10008.5.1.4.1.1.")? {
        "66.4" | "66.7" => Some("a segmentation"),
        "481.2" => Some("a radiotherapy dose"),
        _ => None,
    }
}

/// What the file is called where it has no pixels, by its SOP class (PS3.4, B.5) or modality.
pub(crate) fn no_image(set: &DataSet<'_>) -> DicomError {
    if [tags::FLOAT_PIXEL_DATA, tags::DOUBLE_FLOAT_PIXEL_DATA]
        .iter()
        .any(|tag| set.bytes(*tag).is_some())
    {
        return DicomError::TransferSyntax("floating-point numbers".to_owned());
    }
    let class = set.text(tags::SOP_CLASS_UID).unwrap_or_default();
    let modality = set.text(tags::MODALITY).unwrap_or_default();
    let named = match class.strip_prefix("1.2.840.10008.") {
        Some("1.3.10") => return DicomError::Directory,
        Some(class) if class.starts_with("5.1.4.1.1.88.") => "a structured report",
        Some(class) if class.starts_with("5.1.4.1.1.11.") => "a presentation state",
        Some("5.1.4.1.1.481.3") => "a radiotherapy structure set",
        Some(class) if class.starts_with("5.1.4.1.1.481.") => "a radiotherapy object",
        Some(class) if class.starts_with("5.1.4.1.1.104.") => "a document",
        Some(class) if class.starts_with("5.1.4.1.1.9.") => "a waveform",
        Some("5.1.4.1.1.66") => "raw data",
        Some(class) if class.starts_with("5.1.4.1.1.66.") => "a registration or segmentation",
        _ => match modality.as_str() {
            "SR" => "a structured report",
            "PR" => "a presentation state",
            "RTSTRUCT" => "a radiotherapy structure set",
            "KO" => "a key object selection",
            "" if set.unsigned(tags::ROWS).is_some() => {
                return DicomError::Missing { name: "Pixel Data", tag: "(7FE0,0010)" };
            }
            _ if set.unsigned(tags::ROWS).is_some() => {
                return DicomError::Missing { name: "Pixel Data", tag: "(7FE0,0010)" };
            }
            _ => "an object without pixels",
        },
    };
    DicomError::NotAnImage(named.to_owned())
}

/// Whether the file holds pixels of a kind that is read (integers of up to 16 bits).
pub(crate) fn has_pixels(set: &DataSet<'_>) -> bool {
    set.elements.last().is_some_and(|element| element.tag == tags::PIXEL_DATA)
}
