//! The text in front of a MetaImage's samples.

use super::error::MetaImageError;
use crate::decode::grid::{self, DataFile, Encoding, Grid, GridError};
use crate::decode::numbers::Number;
use crate::decode::series::HeaderLine;
use crate::geometry::{Axes, Vec3, VolumeGeometry};

/// Longest header that is read in bytes; real ones have 400.
const MAX_HEADER: usize = 64 * 1024;

/// Most lines that are shown.
const MOST_LINES: usize = 200;

/// Most voxels of a volume: 1024 x 1024 x 1024. LUNA16's largest scan has a fifth of that.
const MAX_VOXELS: u64 = 1 << 30;

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
}

impl Header {
    /// Read a header: a whole `.mhd`, or the beginning of a `.mha` or all of it.
    ///
    /// # Errors
    /// [`MetaImageError`], never a panic, whatever the bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, MetaImageError> {
        let mut fields = Fields::default();
        let mut tags = Vec::new();
        let mut start = 0;
        let data = loop {
            let rest = bytes.get(start..MAX_HEADER.min(bytes.len())).unwrap_or_default();
            if rest.is_empty() {
                let none = fields.dimensions.is_none() && fields.size.is_none();
                let missing = MetaImageError::Missing("ElementDataFile");
                return Err(if none { MetaImageError::NotMetaImage } else { missing });
            }
            let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            let line = std::str::from_utf8(&rest[..end]);
            let line = line.map_err(|_| MetaImageError::NotMetaImage)?.trim();
            start += end + 1;
            if line.is_empty() {
                continue;
            }
            let (key, value) = line.split_once('=').ok_or(MetaImageError::NotMetaImage)?;
            let (key, value) = (key.trim(), value.trim());
            // Always the last key: in a .mha, the samples begin on the next byte.
            if key == "ElementDataFile" {
                break data_file(value, start)?;
            }
            fields.take(key, value);
            if tags.len() < MOST_LINES {
                tags.push(line_of(key, value));
            }
        };
        Ok(Self { grid: fields.grid(tags)?, data })
    }

    /// Return size, place, spacing and axes.
    #[must_use]
    pub fn geometry(&self) -> &VolumeGeometry {
        &self.grid.geometry
    }
}

fn data_file(value: &str, offset: usize) -> Result<DataFile, MetaImageError> {
    match value {
        "" => Err(MetaImageError::Missing("ElementDataFile")),
        "LOCAL" | "Local" | "local" => Ok(DataFile::Local { offset }),
        list if list.starts_with("LIST") || list.contains('%') => {
            Err(MetaImageError::Unsupported("its slices lie in files of their own"))
        }
        name => Ok(DataFile::Beside(name.to_owned())),
    }
}

impl<'a> Fields<'a> {
    /// Keys that are not used (comments, orientation letters, window) are passed over.
    fn take(&mut self, key: &str, value: &'a str) {
        let field = match key {
            "ObjectType" => &mut self.object,
            "NDims" => &mut self.dimensions,
            "DimSize" => &mut self.size,
            "ElementSpacing" => &mut self.spacing,
            "ElementSize" => &mut self.element_size,
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
            _ => return,
        };
        *field = Some(value);
    }

    fn grid(self, tags: Vec<HeaderLine>) -> Result<Grid, MetaImageError> {
        if self.object.is_some_and(|kind| kind != "Image") {
            return Err(MetaImageError::Unsupported("it is not an image"));
        }
        let dimensions = self.dimensions.ok_or(MetaImageError::Missing("NDims"))?;
        if dimensions != "3" {
            return Err(MetaImageError::Unsupported("only three-dimensional volumes are read"));
        }
        if self.channels.is_some_and(|channels| channels != "1") {
            return Err(MetaImageError::Unsupported("it has more than one channel"));
        }
        let plain = |value: Option<&str>, number: f64| {
            value.is_none_or(|value| value.parse::<f64>() == Ok(number))
        };
        if !plain(self.slope, 1.0) || !plain(self.intercept, 0.0) {
            // To pass over it would turn every CT number into another, silently.
            return Err(MetaImageError::Unsupported("its samples are rescaled by the header"));
        }
        if !flag("BinaryData", self.binary, true)? {
            return Err(MetaImageError::Unsupported("its samples are written as text"));
        }
        let compressed = flag("CompressedData", self.compressed, false)?;
        let big_endian = flag("BinaryDataByteOrderMSB", self.big_endian, false)?;
        let name = self.element.ok_or(MetaImageError::Missing("ElementType"))?;
        let number = number(name).ok_or_else(|| MetaImageError::Value {
            key: "ElementType",
            value: short(name),
            expected: "MET_SHORT, MET_USHORT, MET_CHAR, MET_UCHAR, MET_INT, MET_UINT, MET_FLOAT or MET_DOUBLE",
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
        if compressed && skip != Some(0) {
            return Err(MetaImageError::Unsupported("bytes stand before its compressed samples"));
        }
        Ok(Grid {
            geometry: self.geometry()?,
            number,
            big_endian,
            scale: None,
            encoding: if compressed { Encoding::Zlib } else { Encoding::Raw },
            skip,
            line_skip: 0,
            warnings: Vec::new(),
            tags,
        })
    }

    fn geometry(&self) -> Result<VolumeGeometry, MetaImageError> {
        let size = self.size.ok_or(MetaImageError::Missing("DimSize"))?;
        let size: [u32; 3] = numbers("DimSize", size, "three whole numbers")?;
        let size = grid::size(size.map(i64::from), MAX_VOXELS)?;
        let spacing = self.spacing.or(self.element_size);
        let spacing = spacing.ok_or(MetaImageError::Missing("ElementSpacing"))?;
        let spacing = Vec3(numbers("ElementSpacing", spacing, "three numbers")?).into();
        let origin = self.origin.ok_or(MetaImageError::Missing("Offset"))?;
        let origin = Vec3(numbers("Offset", origin, "three numbers")?).into();
        // Three numbers an array axis, x first.
        let axes = match self.axes {
            Some(axes) => {
                let [a, b, c, d, e, f, g, h, i] = numbers("TransformMatrix", axes, "nine numbers")?;
                [[a, b, c], [d, e, f], [g, h, i]].into()
            }
            None => Axes::IDENTITY,
        };
        Ok(VolumeGeometry::new(size, origin, spacing, axes).map_err(GridError::from)?)
    }
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

fn numbers<T: std::str::FromStr + Copy, const N: usize>(
    key: &'static str,
    value: &str,
    expected: &'static str,
) -> Result<[T; N], MetaImageError> {
    let parsed: Option<Vec<T>> =
        value.split_whitespace().map(|number| number.parse().ok()).collect();
    parsed.and_then(|numbers| numbers.try_into().ok()).ok_or_else(|| MetaImageError::Value {
        key,
        value: short(value),
        expected,
    })
}

/// An error message repeats no more of a file than a person can read.
fn short(value: &str) -> String {
    value.chars().take(60).collect()
}
