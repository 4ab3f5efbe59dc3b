//! The text in front of a MetaImage's samples.

use super::error::MetaImageError;
use crate::decode::grid::{self, DataFile, Encoding, Grid, GridError};
use crate::decode::numbers::Number;
use crate::decode::series::{HeaderLine, Warning};
use crate::geometry::{Axes, Vec3, VolumeGeometry};

/// Longest header that is read in bytes; real ones have 400.
const MAX_HEADER: usize = 64 * 1024;

/// Most lines that are shown.
const MOST_LINES: usize = 200;

/// Most voxels of a volume: 1024 x 1024 x 1024. LUNA16's largest scan has a fifth of that.
const MAX_VOXELS: u64 = 1 << 30;

/// Most dimensions that a header may have; MetaIO stops at ten.
const MAX_DIMENSIONS: usize = 10;

/// What a header says.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    pub(in crate::decode) grid: Grid,
    /// Where the samples are.
    pub data: DataFile,
}

/// Values of the keys that are used. MetaIO knows three names for the axes and three for the origin.
#[derive(Default)]
struct Fields<'a> {
    object: Option<&'a str>,
    dimensions: Option<&'a str>,
    size: Option<&'a str>,
    spacing: Option<&'a str>,
    element_size: Option<&'a str>,
    units: Option<&'a str>,
    origin: Option<&'a str>,
    axes: Option<&'a str>,
    element: Option<&'a str>,
    channels: Option<&'a str>,
    big_endian: Option<&'a str>,
    binary: Option<&'a str>,
    compressed: Option<&'a str>,
    skip: Option<&'a str>,
    slope: Option<&'a str>,
    intercept: Option<&'a str>,
    /// What each axis is: "domain" (in space), "list", "time", ...
    kinds: Option<&'a str>,
    modality: Option<&'a str>,
    /// A key of a sequence of frames, as ultrasound recorders write them.
    frames: Option<&'a str>,
}

/// The lines of a header, up to the one that names the samples' file, or to the first that is
/// none.
struct Lines<'a> {
    bytes: &'a [u8],
    /// Bytes of the lines that were given.
    read: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let end = MAX_HEADER.min(self.bytes.len());
            let rest = self.bytes.get(self.read..end).filter(|rest| !rest.is_empty())?;
            let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            let line = rest.get(..length)?;
            // A comment may be in any character set; no line of text holds these.
            if line.iter().any(|byte| *byte < b' ' && !matches!(byte, b'\t' | b'\r')) {
                return None;
            }
            let line = match std::str::from_utf8(line) {
                Ok(line) => line.trim(),
                Err(error) => {
                    let whole = line.get(..error.valid_up_to()).unwrap_or_default();
                    std::str::from_utf8(whole).unwrap_or_default().trim()
                }
            };
            if line.is_empty() {
                self.read += length + 1;
                continue;
            }
            let (key, value) = line.split_once('=')?;
            self.read += length + 1;
            return Some((key.trim(), value.trim()));
        }
    }
}

/// Whether the bytes begin as a MetaImage does, right or wrong: lines of `key = value`, at least
/// two of them with keys that no other format has, in any order.
pub(in crate::decode) fn is_metaimage(bytes: &[u8]) -> bool {
    const TELLING: [&str; 5] = ["ObjectType", "NDims", "DimSize", "ElementType", "ElementDataFile"];
    let telling = Lines { bytes, read: 0 }.filter(|(key, _)| TELLING.contains(key));
    telling.take(2).count() == 2
}

impl Header {
    /// Read a header: a whole `.mhd`, or the beginning of a `.mha` or all of it.
    ///
    /// # Errors
    /// [`MetaImageError`], never a panic, whatever the bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, MetaImageError> {
        let mut fields = Fields::default();
        let mut tags = Vec::new();
        let mut data = None;
        let mut lines = Lines { bytes, read: 0 };
        while let Some((key, value)) = lines.next() {
            if key == "ElementDataFile" {
                // By the rule the last key: in a .mha, the samples begin on the next byte.
                data = Some(data_file(value, lines.read)?);
                if matches!(data, Some(DataFile::Local { .. })) {
                    break;
                }
                continue;
            }
            fields.take(key, value);
            if tags.len() < MOST_LINES {
                tags.push(line_of(key, value));
            }
        }
        let Some(data) = data else {
            let none = fields.dimensions.is_none() && fields.size.is_none();
            let missing = MetaImageError::Missing("ElementDataFile");
            return Err(if none { MetaImageError::NotMetaImage } else { missing });
        };
        let mut grid = fields.grid(tags)?;
        // Counted from the beginning of the file that holds the samples: this one, with its header.
        if let (DataFile::Local { offset }, Some(skip @ 1..)) = (&data, grid.skip) {
            let behind = skip.checked_sub(*offset as u64);
            grid.skip = Some(behind.ok_or_else(|| MetaImageError::Value {
                key: "HeaderSize",
                value: skip.to_string(),
                expected: "the header's own length, or more",
            })?);
        }
        Ok(Self { grid, data })
    }

    /// Return size, place, spacing and axes.
    #[must_use]
    pub fn geometry(&self) -> &VolumeGeometry {
        &self.grid.geometry
    }
}

fn data_file(value: &str, offset: usize) -> Result<DataFile, MetaImageError> {
    // "slice%03d.raw 1 7 1"; a single name may hold the sign, too.
    let words: Vec<&str> = value.split_whitespace().collect();
    let pattern = words.first().is_some_and(|name| name.contains('%'))
        && words.len() > 1
        && words.iter().skip(1).all(|word| word.parse::<i64>().is_ok());
    match value {
        "" => Err(MetaImageError::Missing("ElementDataFile")),
        "LOCAL" | "Local" | "local" => Ok(DataFile::Local { offset }),
        list if pattern || list == "LIST" || list.starts_with("LIST ") => {
            Err(unsupported("its slices lie in files of their own"))
        }
        name => Ok(DataFile::Beside(name.to_owned())),
    }
}

impl<'a> Fields<'a> {
    /// Keys that are not used (comments, orientation letters, window) are passed over.
    fn take(&mut self, key: &'a str, value: &'a str) {
        let field = match key {
            "ObjectType" => &mut self.object,
            "NDims" => &mut self.dimensions,
            "DimSize" => &mut self.size,
            "ElementSpacing" => &mut self.spacing,
            "ElementSize" => &mut self.element_size,
            "DistanceUnits" => &mut self.units,
            "Modality" => &mut self.modality,
            "Offset" | "Origin" | "Position" => &mut self.origin,
            "TransformMatrix" | "Orientation" | "Rotation" => &mut self.axes,
            "ElementType" => &mut self.element,
            "ElementNumberOfChannels" => &mut self.channels,
            "BinaryDataByteOrderMSB" | "ElementByteOrderMSB" => &mut self.big_endian,
            "BinaryData" => &mut self.binary,
            "CompressedData" => &mut self.compressed,
            "HeaderSize" => &mut self.skip,
            "ElementToIntensityFunctionSlope" => &mut self.slope,
            "ElementToIntensityFunctionOffset" => &mut self.intercept,
            "Kinds" => &mut self.kinds,
            _ if key.starts_with("Seq_Frame") || key.starts_with("ElementSequence") => {
                self.frames = Some(key);
                return;
            }
            _ => return,
        };
        *field = Some(value);
    }

    fn grid(self, tags: Vec<HeaderLine>) -> Result<Grid, MetaImageError> {
        if let Some(kind) = self.object.filter(|kind| *kind != "Image") {
            return Err(unsupported(format!("it holds no image but a {}", short(kind))));
        }
        let dimensions = self.dimensions()?;
        self.in_space(dimensions)?;
        let channels = self.channels.unwrap_or("1");
        if channels.parse() != Ok(1_u32) {
            let channels = short(channels);
            return Err(unsupported(format!("it has {channels} values a voxel, not one")));
        }
        let plain = |value: Option<&str>, number: f64| {
            value.is_none_or(|value| value.parse::<f64>() == Ok(number))
        };
        if !plain(self.slope, 1.0) || !plain(self.intercept, 0.0) {
            // To pass over it would turn every CT number into another, silently.
            return Err(unsupported("its samples are rescaled by the header"));
        }
        let text = !flag("BinaryData", self.binary, true)?;
        let compressed = flag("CompressedData", self.compressed, false)?;
        let big_endian = flag("BinaryDataByteOrderMSB", self.big_endian, false)?;
        let name = self.element.ok_or(MetaImageError::Missing("ElementType"))?;
        let number = number(name).ok_or_else(|| MetaImageError::Value {
            key: "ElementType",
            value: short(name),
            expected: "MET_SHORT, MET_USHORT, MET_CHAR, MET_UCHAR, MET_INT, MET_UINT, MET_LONG_LONG, MET_FLOAT or MET_DOUBLE",
        })?;
        let skip = match self.skip {
            None => Some(0),
            Some("-1") => None,
            Some(value) => Some(value.parse().map_err(|_| MetaImageError::Value {
                key: "HeaderSize",
                value: short(value),
                expected: "a number of bytes, or -1",
            })?),
        };
        if (compressed || text) && skip != Some(0) {
            let what = if compressed { "compressed" } else { "written" };
            return Err(unsupported(format!("bytes stand before its {what} samples")));
        }
        let mut warnings = Vec::new();
        Ok(Grid {
            geometry: self.geometry(dimensions, &mut warnings)?,
            order: [0, 1, 2],
            number,
            big_endian,
            scale: None,
            encoding: match (compressed, text) {
                (true, _) => Encoding::Packed,
                (_, true) => Encoding::Text,
                _ => Encoding::Raw,
            },
            skip,
            line_skip: 0,
            warnings,
            tags,
        })
    }

    /// How many dimensions the header gives numbers for.
    fn dimensions(&self) -> Result<usize, MetaImageError> {
        let dimensions = self.dimensions.ok_or(MetaImageError::Missing("NDims"))?;
        match dimensions.parse() {
            Ok(2..=MAX_DIMENSIONS) => Ok(dimensions.parse().unwrap_or(3)),
            _ => {
                let expected = "2 or 3";
                Err(MetaImageError::Value { key: "NDims", value: short(dimensions), expected })
            }
        }
    }

    /// Refuses axes that are not of space: what is time there would be taken for a place.
    fn in_space(&self, dimensions: usize) -> Result<(), MetaImageError> {
        let size = self.size.unwrap_or_default();
        if let Some(key) = self.frames {
            let reason =
                format!("its slices are the frames of a sequence in time ({})", short(key));
            return Err(unsupported(reason));
        }
        let kinds = self.kinds.unwrap_or_default().split_whitespace();
        for (axis, (kind, side)) in kinds.zip(size.split_whitespace()).enumerate() {
            let space = ["domain", "space"].contains(&kind.to_ascii_lowercase().as_str());
            if !space && side != "1" {
                let kind = short(kind);
                let reason =
                    format!("its axis {} of {side} is of kind {kind}, not space", axis + 1);
                return Err(unsupported(reason));
            }
        }
        if dimensions > 3 && size.split_whitespace().skip(3).any(|side| side != "1") {
            let size = short(size);
            return Err(unsupported(format!("it has {dimensions} dimensions ({size}), not three")));
        }
        Ok(())
    }

    fn geometry(
        &self,
        dimensions: usize,
        warnings: &mut Vec<Warning>,
    ) -> Result<VolumeGeometry, MetaImageError> {
        let size = self.size.ok_or(MetaImageError::Missing("DimSize"))?;
        let size: Vec<u32> = numbers("DimSize", size, dimensions)?;
        let size = [0, 1, 2].map(|i| size.get(i).copied().map_or(1, i64::from));
        let size = grid::size(size, MAX_VOXELS)?;
        let mut tell = |code, message: &str| warnings.push(Warning::new(code, message));
        let modality = self.modality.map(|name| name.trim_start_matches("MET_MOD_"));
        if let Some(other) = modality.filter(|name| !["CT", "UNKNOWN", "OTHER", "?"].contains(name))
        {
            let other: String = other.chars().take(16).collect();
            tell("not-ct", &format!("Its modality is {other}, not CT: its numbers are not HU."));
        }
        if dimensions == 2 {
            tell("one-slice", "The file holds one slice, and does not say how thick it is.");
        }
        let mm = match self.units.map(str::to_ascii_lowercase).as_deref() {
            None | Some("mm" | "?" | "") => 1.0,
            Some("um") => 0.001,
            Some("cm") => 10.0,
            Some(other) => {
                let value = short(other);
                let expected = "mm, cm or um";
                return Err(MetaImageError::Value { key: "DistanceUnits", value, expected });
            }
        };
        // An axis that the header does not have is one voxel of 1 mm.
        let three = |numbers: &[f64], none: f64| {
            Vec3([0, 1, 2].map(|i| if i < dimensions { numbers[i] * mm } else { none }))
        };
        let spacing = match self.spacing.or(self.element_size) {
            Some(text) => three(&numbers("ElementSpacing", text, dimensions)?, 1.0),
            None => {
                tell(
                    "no-spacing",
                    "The file does not say how large a voxel is: 1 mm was taken, so sizes and \
                     distances are not to be relied on.",
                );
                Vec3([1.0; 3])
            }
        };
        let origin = match self.origin {
            Some(text) => three(&numbers("Offset", text, dimensions)?, 0.0),
            None => {
                tell(
                    "no-origin",
                    "The file does not say where the volume lies in the body: its first voxel was \
                     put at 0, 0, 0.",
                );
                Vec3::ZERO
            }
        };
        // So many numbers an array axis, x first.
        let axes = match self.axes {
            Some(text) => {
                let matrix: Vec<f64> =
                    numbers("TransformMatrix", text, dimensions.saturating_mul(dimensions))?;
                let side = |row: usize, column: usize| match row.max(column) < dimensions {
                    true => matrix[row * dimensions + column],
                    false => f64::from(u8::from(row == column)),
                };
                [0, 1, 2].map(|row| [0, 1, 2].map(|column| side(row, column))).into()
            }
            None => {
                tell(
                    "no-orientation",
                    "The file does not say how the volume lies in the body: left and right may be \
                     exchanged.",
                );
                Axes::IDENTITY
            }
        };
        Ok(VolumeGeometry::new(size, origin.into(), spacing.into(), axes)
            .map_err(GridError::from)?)
    }
}

fn unsupported(reason: impl Into<String>) -> MetaImageError {
    MetaImageError::Unsupported(reason.into())
}

/// Tell how a sample is stored. MetaIO fixes `LONG` to 4 bytes on every platform.
fn number(name: &str) -> Option<Number> {
    Some(match name {
        "MET_CHAR" => Number::I8,
        "MET_UCHAR" => Number::U8,
        "MET_SHORT" => Number::I16,
        "MET_USHORT" => Number::U16,
        "MET_INT" | "MET_LONG" => Number::I32,
        "MET_UINT" | "MET_ULONG" => Number::U32,
        "MET_LONG_LONG" => Number::I64,
        "MET_ULONG_LONG" => Number::U64,
        "MET_FLOAT" => Number::F32,
        "MET_DOUBLE" => Number::F64,
        _ => return None,
    })
}

/// Keep a line of the header as people read it. Comments and keys of the writer's own may hold
/// anything.
fn line_of(key: &str, value: &str) -> HeaderLine {
    const PLAIN: [&str; 16] = [
        "ObjectType",
        "NDims",
        "BinaryData",
        "BinaryDataByteOrderMSB",
        "CompressedData",
        "CompressedDataSize",
        "TransformMatrix",
        "Offset",
        "CenterOfRotation",
        "AnatomicalOrientation",
        "ElementSpacing",
        "ElementSize",
        "DimSize",
        "ElementType",
        "ElementNumberOfChannels",
        "Modality",
    ];
    let identifies = !PLAIN.contains(&key);
    let value = value.chars().take(256).collect();
    HeaderLine { tag: key.chars().take(64).collect(), name: "", value, identifies }
}

fn flag(key: &'static str, value: Option<&str>, otherwise: bool) -> Result<bool, MetaImageError> {
    match value {
        None => Ok(otherwise),
        // MetaIO looks at the first letter only.
        Some(value) if value.starts_with(['T', 't', '1']) => Ok(true),
        Some(value) if value.starts_with(['F', 'f', '0']) => Ok(false),
        Some(value) => {
            Err(MetaImageError::Value { key, value: short(value), expected: "True or False" })
        }
    }
}

/// `count` numbers between white space.
fn numbers<T: std::str::FromStr>(
    key: &'static str,
    value: &str,
    count: usize,
) -> Result<Vec<T>, MetaImageError> {
    let parsed: Option<Vec<T>> =
        value.split_whitespace().map(|number| number.parse().ok()).collect();
    let expected = match count {
        2 => "two numbers",
        3 => "three numbers",
        4 => "four numbers",
        9 => "nine numbers",
        _ => "a number for each dimension",
    };
    let bad = MetaImageError::Value { key, value: short(value), expected };
    parsed.filter(|numbers| numbers.len() == count).ok_or(bad)
}

/// An error message repeats no more of a file than a person can read.
fn short(value: &str) -> String {
    value.chars().take(60).collect()
}
