//! NIfTI-1 and NIfTI-2: a header of fixed places, RAS axes. <https://nifti.nimh.nih.gov/>
//!
//! A reader of our own: the `nifti` crate brings ndarray and maps a whole volume to f32.

use super::grid::{self, Encoding, Grid, GridError};
use super::limits::Limits;
use super::numbers::Number;
use super::series::{HeaderLine, Warning};
use crate::geometry::{Vec3, WorldMm};

/// Bytes that are enough to tell and to read a header.
pub(crate) const HEADER: usize = 544;

/// Where the samples are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the same file.
    Here,
    /// In the `.img` beside the `.hdr`.
    Beside,
}

/// Whether the bytes begin with a NIfTI header, and where its samples are.
pub(crate) fn place(bytes: &[u8]) -> Option<Place> {
    let one = |mark: &[u8]| bytes.get(344..348) == Some(mark);
    let two = |mark: &[u8]| bytes.get(4..8) == Some(mark);
    let sized = Fields::new(bytes).is_some();
    match () {
        () if !sized => None,
        () if one(b"n+1\0") || two(b"n+2\0") => Some(Place::Here),
        () if one(b"ni1\0") || two(b"ni2\0") => Some(Place::Beside),
        () => None,
    }
}

/// Whether the bytes are the header of NIfTI's predecessor, which says nothing of left and right.
pub(crate) fn is_analyze(bytes: &[u8]) -> bool {
    bytes.len() == 348 && Fields::new(bytes).is_some() && place(bytes).is_none()
}

/// Numbers at fixed places.
struct Fields<'a> {
    bytes: &'a [u8],
    big_endian: bool,
    second: bool,
}

impl<'a> Fields<'a> {
    /// The header's first number is its own size, in the file's byte order.
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let size = *bytes.first_chunk::<4>()?;
        let (big_endian, second) = match (i32::from_le_bytes(size), i32::from_be_bytes(size)) {
            (348, _) => (false, false),
            (540, _) => (false, true),
            (_, 348) => (true, false),
            (_, 540) => (true, true),
            _ => return None,
        };
        let needed = if second { 540 } else { 348 };
        (bytes.len() >= needed).then_some(Self { bytes, big_endian, second })
    }

    fn chunk<const N: usize>(&self, at: usize) -> [u8; N] {
        let bytes = self.bytes.get(at..).and_then(<[u8]>::first_chunk::<N>);
        let mut bytes = bytes.copied().unwrap_or([0; N]);
        if self.big_endian {
            bytes.reverse();
        }
        bytes
    }

    /// A whole number: 16 bits in version 1 at the first place, 64 in version 2 at the second.
    fn whole(&self, first: usize, second: usize, index: usize) -> i64 {
        match self.second {
            true => i64::from_le_bytes(self.chunk(second + index * 8)),
            false => i16::from_le_bytes(self.chunk(first + index * 2)).into(),
        }
    }

    /// A code: 16 bits in version 1, 32 in version 2.
    fn code(&self, first: usize, second: usize) -> i32 {
        match self.second {
            true => i32::from_le_bytes(self.chunk(second)),
            false => i16::from_le_bytes(self.chunk(first)).into(),
        }
    }

    /// A floating number: 32 bits in version 1, 64 in version 2.
    fn float(&self, first: usize, second: usize, index: usize) -> f64 {
        match self.second {
            true => f64::from_le_bytes(self.chunk(second + index * 8)),
            false => f32::from_le_bytes(self.chunk(first + index * 4)).into(),
        }
    }
}

/// Reads a header. `inflated` is whether the file came as gzip: its samples do too.
pub(crate) fn parse(
    bytes: &[u8],
    place: Place,
    gzip: bool,
    limits: &Limits,
) -> Result<Grid, GridError> {
    let fields = Fields::new(bytes).ok_or(GridError::NotAHeader("NIfTI"))?;
    let dimensions = fields.whole(40, 16, 0);
    if !(2..=7).contains(&dimensions) {
        return Err(GridError::Value { key: "dim[0]", value: dimensions.to_string() });
    }
    let side = |axis: usize| if axis as i64 <= dimensions { fields.whole(40, 16, axis) } else { 1 };
    if (4..=7).any(|axis| side(axis) > 1) {
        let reason = "it holds several volumes; only one is read".to_owned();
        return Err(GridError::Unsupported(reason));
    }
    let size = grid::size([side(1), side(2), side(3)], limits.voxels())?;
    let kind = match fields.second {
        true => i16::from_le_bytes(fields.chunk(12)),
        false => i16::from_le_bytes(fields.chunk(70)),
    };
    let number = match kind {
        2 => Number::U8,
        4 => Number::I16,
        8 => Number::I32,
        16 => Number::F32,
        64 => Number::F64,
        256 => Number::I8,
        512 => Number::U16,
        768 => Number::U32,
        1024 => Number::I64,
        1280 => Number::U64,
        128 | 2304 => return Err(GridError::Unsupported("its voxels are colours".to_owned())),
        other => return Err(GridError::Unsupported(format!("its voxels are of type {other}"))),
    };
    let offset = match fields.second {
        true => i64::from_le_bytes(fields.chunk(168)) as f64,
        false => fields.float(108, 0, 0),
    };
    let least = if place == Place::Here { if fields.second { 540.0 } else { 348.0 } } else { 0.0 };
    if !(least..=1e15).contains(&offset) || offset.fract() != 0.0 {
        return Err(GridError::Value { key: "vox_offset", value: offset.to_string() });
    }
    let (slope, intercept) = (fields.float(112, 176, 0), fields.float(116, 184, 0));
    let given = slope != 0.0 && slope.is_finite() && intercept.is_finite();
    let scale = (given && (slope, intercept) != (1.0, 0.0)).then_some((slope, intercept));
    let mut warnings = Vec::new();
    let (steps, origin) = placed(&fields, &mut warnings);
    let geometry = grid::geometry(size, origin, steps, &mut warnings)?;
    Ok(Grid {
        geometry,
        number,
        big_endian: fields.big_endian,
        scale,
        encoding: if gzip { Encoding::Gzip } else { Encoding::Raw },
        skip: Some(offset as u64),
        line_skip: 0,
        warnings,
        tags: tags(&fields),
    })
}

/// Steps along the array's axes and the first voxel's place, LPS, mm: by the header's matrix,
/// else by its rotation, else by the voxel's size alone.
fn placed(fields: &Fields<'_>, warnings: &mut Vec<Warning>) -> ([Vec3; 3], WorldMm) {
    let pitch = [1, 2, 3].map(|axis| fields.float(76, 104, axis).abs());
    let matrix: [[f64; 4]; 3] = if fields.code(254, 348) > 0 {
        [0, 1, 2].map(|row| [0, 1, 2, 3].map(|column| fields.float(280, 400, row * 4 + column)))
    } else if fields.code(252, 344) > 0 {
        rotated(fields, pitch)
    } else {
        let message = "The file does not say how the volume lies in the body: left and right may \
                       be exchanged.";
        warnings.push(Warning::new("no-orientation", message));
        let [x, y, z] = pitch;
        [[-x, 0.0, 0.0, 0.0], [0.0, -y, 0.0, 0.0], [0.0, 0.0, z, 0.0]]
    };
    let units = match fields.second {
        true => i32::from_le_bytes(fields.chunk(500)),
        false => i32::from(fields.chunk::<1>(123)[0]),
    };
    let mm = match units & 7 {
        1 => 1000.0,
        3 => 0.001,
        _ => 1.0,
    };
    // RAS to LPS: x and y the other way. `0.0 -` would give -0 for 0; so would a product.
    let lps =
        |row: usize, value: f64| if row < 2 && value != 0.0 { -value * mm } else { value * mm };
    let column = |j: usize| Vec3([0, 1, 2].map(|row| lps(row, matrix[row][j])));
    ([column(0), column(1), column(2)], column(3).into())
}

/// The matrix of a unit quaternion, whose first number is left away (nifti1.h, method 2).
fn rotated(fields: &Fields<'_>, pitch: [f64; 3]) -> [[f64; 4]; 3] {
    let [b, c, d] = [0, 1, 2].map(|i| fields.float(256, 352, i));
    let [x, y, z] = [0, 1, 2].map(|i| fields.float(268, 376, i));
    let a = (1.0 - (b * b + c * c + d * d)).max(0.0).sqrt();
    let mirrored = if fields.float(76, 104, 0) < 0.0 { -1.0 } else { 1.0 };
    let rows = [
        [a * a + b * b - c * c - d * d, 2.0 * (b * c - a * d), 2.0 * (b * d + a * c)],
        [2.0 * (b * c + a * d), a * a + c * c - b * b - d * d, 2.0 * (c * d - a * b)],
        [2.0 * (b * d - a * c), 2.0 * (c * d + a * b), a * a + d * d - b * b - c * c],
    ];
    let offset = [x, y, z];
    let scaled = |row: usize| {
        let [i, j, k] = rows[row];
        [i * pitch[0], j * pitch[1], k * pitch[2] * mirrored, offset[row]]
    };
    [scaled(0), scaled(1), scaled(2)]
}

/// The header's free text, which may hold anything.
fn tags(fields: &Fields<'_>) -> Vec<HeaderLine> {
    let at = if fields.second { 240..320 } else { 148..228 };
    let bytes = fields.bytes.get(at).unwrap_or_default();
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    let value = String::from_utf8_lossy(bytes).trim().to_owned();
    let tag =
        HeaderLine { tag: "descrip".to_owned(), name: "Description", value, identifies: true };
    if tag.value.is_empty() { Vec::new() } else { vec![tag] }
}
