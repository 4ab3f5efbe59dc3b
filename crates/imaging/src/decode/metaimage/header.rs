//! The text in front of a MetaImage's samples.

use super::error::MetaImageError;
use crate::geometry::{SpacingMm, VolumeGeometry, WorldMm};

/// Longest header that is read in bytes; real ones have 400.
const MAX_HEADER: usize = 64 * 1024;

/// Most voxels of a volume: 1024 x 1024 x 1024. LUNA16's largest scan has a fifth of that.
const MAX_VOXELS: u64 = 1 << 30;

/// How a sample is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementType {
    /// `MET_CHAR`: 8 bits, signed.
    Char,
    /// `MET_UCHAR`: 8 bits, unsigned.
    UChar,
    /// `MET_SHORT`: 16 bits, signed. LUNA16's.
    Short,
    /// `MET_USHORT`: 16 bits, unsigned.
    UShort,
    /// `MET_INT` or `MET_LONG`: 32 bits, signed.
    Int,
    /// `MET_UINT` or `MET_ULONG`: 32 bits, unsigned.
    UInt,
    /// `MET_FLOAT`: 32 bits.
    Float,
    /// `MET_DOUBLE`: 64 bits.
    Double,
}

impl ElementType {
    /// Bytes of a sample.
    #[must_use]
    pub fn bytes(self) -> u64 {
        match self {
            Self::Char | Self::UChar => 1,
            Self::Short | Self::UShort => 2,
            Self::Int | Self::UInt | Self::Float => 4,
            Self::Double => 8,
        }
    }

    /// MetaIO fixes `LONG` to 4 bytes on every platform.
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "MET_CHAR" => Self::Char,
            "MET_UCHAR" => Self::UChar,
            "MET_SHORT" => Self::Short,
            "MET_USHORT" => Self::UShort,
            "MET_INT" | "MET_LONG" => Self::Int,
            "MET_UINT" | "MET_ULONG" => Self::UInt,
            "MET_FLOAT" => Self::Float,
            "MET_DOUBLE" => Self::Double,
            _ => return None,
        })
    }
}

/// Where the samples are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataFile {
    /// In the same file, from this byte on.
    Local {
        /// Bytes of the header.
        offset: usize,
    },
    /// In the file of this name, beside the header.
    Beside(String),
}

/// What a header says.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// Size, place, spacing and axes.
    pub geometry: VolumeGeometry,
    /// How a sample is stored.
    pub element: ElementType,
    /// Whether the most significant byte comes first.
    pub big_endian: bool,
    /// Whether the samples are a zlib stream.
    pub compressed: bool,
    /// Bytes before the samples in their file; `None` where the samples are the file's end.
    pub skip: Option<u64>,
    /// Where the samples are.
    pub data: DataFile,
}

/// Keys whose values are used. MetaIO knows three names for the axes and three for the origin.
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
    /// Reads a header: a whole `.mhd`, or the beginning of a `.mha` or all of it.
    ///
    /// # Errors
    /// [`MetaImageError`], never a panic, whatever the bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, MetaImageError> {
        let mut fields = Fields::default();
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
        };
        fields.into_header(data)
    }

    /// Voxels of the volume; at most 2^30.
    #[must_use]
    pub fn voxels(&self) -> usize {
        self.geometry.size().iter().product()
    }

    /// Bytes of the samples once inflated.
    #[must_use]
    pub fn data_bytes(&self) -> u64 {
        self.voxels() as u64 * self.element.bytes()
    }

    /// Name of the file that holds the samples; `LOCAL` where it is this one.
    #[must_use]
    pub fn data_name(&self) -> &str {
        match &self.data {
            DataFile::Local { .. } => "LOCAL",
            DataFile::Beside(name) => name,
        }
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

    fn into_header(self, data: DataFile) -> Result<Header, MetaImageError> {
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
        let element = ElementType::from_name(name).ok_or_else(|| MetaImageError::Value {
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
        Ok(Header { geometry: self.geometry()?, element, big_endian, compressed, skip, data })
    }

    fn geometry(&self) -> Result<VolumeGeometry, MetaImageError> {
        let size = self.size.ok_or(MetaImageError::Missing("DimSize"))?;
        let size: [u32; 3] = numbers("DimSize", size, "three whole numbers")?;
        let voxels =
            size.iter().try_fold(1_u64, |product, side| product.checked_mul(u64::from(*side)));
        let voxels = voxels.unwrap_or(u64::MAX);
        if voxels > MAX_VOXELS {
            return Err(MetaImageError::TooLarge { voxels });
        }
        let spacing = self.spacing.or(self.element_size);
        let spacing = spacing.ok_or(MetaImageError::Missing("ElementSpacing"))?;
        let [x, y, z] = numbers("ElementSpacing", spacing, "three numbers")?;
        let spacing = SpacingMm { x, y, z };
        let origin = self.origin.ok_or(MetaImageError::Missing("Offset"))?;
        let [x, y, z] = numbers("Offset", origin, "three numbers")?;
        let origin = WorldMm { x, y, z };
        let axes: [f64; 9] = match self.axes {
            Some(axes) => numbers("TransformMatrix", axes, "nine numbers")?,
            None => [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        };
        // Three numbers an array axis, x first.
        let [a, b, c, d, e, f, g, h, i] = axes;
        let axes = [[a, b, c], [d, e, f], [g, h, i]].into();
        Ok(VolumeGeometry::new(size.map(|side| side as usize), origin, spacing, axes)?)
    }
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
