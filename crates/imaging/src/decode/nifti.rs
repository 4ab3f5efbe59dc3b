//! NIfTI-1 and NIfTI-2: a header of fixed places, RAS axes. <https://nifti.nimh.nih.gov/>
//!
//! A reader of our own: the `nifti` crate brings ndarray and maps a whole volume to f32.

use super::grid::{self, Encoding, Grid, GridError, Placed};
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

/// Reads a header. `gzip` is whether the file came as gzip: its samples do too.
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
        let sides: Vec<String> =
            (1..=dimensions as usize).map(|axis| side(axis).to_string()).collect();
        let sides = sides.join(" x ");
        let what = match (4..=7).find(|axis| side(*axis) > 1) {
            Some(4) => "a series in time, or several volumes",
            _ => "several values a voxel, or several volumes",
        };
        let reason = format!("it holds {what} ({sides}); one volume is read");
        return Err(GridError::Unsupported(reason));
    }
    let size = grid::size([side(1), side(2), side(3)], limits.voxels())?;
    let number = number(&fields)?;
    let mut warnings = Vec::new();
    if dimensions == 2 {
        let message = "The file holds one slice, and does not say how thick it is.";
        warnings.push(Warning::new("one-slice", message));
    }
    if let Some(meaning) = meaning(fields.code(68, 504)) {
        let message = format!("The header says that its values are {meaning}, not CT numbers.");
        warnings.push(Warning::new("not-ct", message));
    }
    let offset = match fields.second {
        true => i64::from_le_bytes(fields.chunk(168)) as f64,
        false => fields.float(108, 0, 0),
    };
    // Where the samples begin if the header does not say: behind itself and four bytes of flags.
    let usual = if fields.second { 544.0 } else { 352.0 };
    let offset = if place == Place::Here && offset == 0.0 { usual } else { offset };
    let least = if place == Place::Here { if fields.second { 540.0 } else { 348.0 } } else { 0.0 };
    if !(least..=1e15).contains(&offset) || offset.fract() != 0.0 {
        return Err(GridError::Value { key: "vox_offset", value: offset.to_string() });
    }
    let (slope, intercept) = (fields.float(112, 176, 0), fields.float(116, 184, 0));
    // By nifti1.h, a slope of 0 says that there is none; one that is no number cannot be meant.
    let given = slope != 0.0 && slope.is_finite();
    if given && !intercept.is_finite() {
        return Err(GridError::Value { key: "scl_inter", value: intercept.to_string() });
    }
    let scale = (given && (slope, intercept) != (1.0, 0.0)).then_some((slope, intercept));
    let (steps, origin) = placed(&fields, size, &mut warnings)?;
    let Placed { geometry, order } = grid::placed(size, origin, steps, &mut warnings)?;
    Ok(Grid {
        geometry,
        order,
        number,
        big_endian: fields.big_endian,
        scale,
        encoding: if gzip { Encoding::Packed } else { Encoding::Raw },
        skip: Some(offset as u64),
        line_skip: 0,
        warnings,
        tags: tags(&fields),
    })
}

/// How a sample is stored.
fn number(fields: &Fields<'_>) -> Result<Number, GridError> {
    let kind = match fields.second {
        true => i16::from_le_bytes(fields.chunk(12)),
        false => i16::from_le_bytes(fields.chunk(70)),
    };
    let named = match kind {
        2 => return Ok(Number::U8),
        4 => return Ok(Number::I16),
        8 => return Ok(Number::I32),
        16 => return Ok(Number::F32),
        64 => return Ok(Number::F64),
        256 => return Ok(Number::I8),
        512 => return Ok(Number::U16),
        768 => return Ok(Number::U32),
        1024 => return Ok(Number::I64),
        1280 => return Ok(Number::U64),
        1 => "single bits (BINARY)",
        32 => "complex numbers (COMPLEX64)",
        128 => "colours (RGB24)",
        1536 => "floating numbers of 128 bits (FLOAT128)",
        1792 => "complex numbers (COMPLEX128)",
        2048 => "complex numbers (COMPLEX256)",
        2304 => "colours (RGBA32)",
        _ => {
            let reason = format!("its voxels are of a type that is not known ({kind})");
            return Err(GridError::Unsupported(reason));
        }
    };
    Err(GridError::Unsupported(format!("its voxels are {named}")))
}

/// What the values are where they are meant for something else than brightness, by intent code.
fn meaning(intent: i32) -> Option<&'static str> {
    Some(match intent {
        2..=24 => "statistics",
        1001 => "estimates of a parameter",
        1002 | 1003 => "labels of regions",
        1004..=1006 | 1007 | 1010 => "parts of vectors or matrices",
        1008 | 1009 | 2002 => "points, triangles or nodes",
        2001 => "a series in time",
        2003 | 2004 => "colours",
        2005 => "a shape",
        _ => return None,
    })
}

/// A matrix of three rows: steps along the three axes, then the first voxel's place.
type Matrix = [[f64; 4]; 3];

/// Steps along the array's axes and the first voxel's place, LPS, mm: by the header's matrix
/// (sform), else by its rotation (qform), else by the voxel's size alone.
fn placed(
    fields: &Fields<'_>,
    size: [usize; 3],
    warnings: &mut Vec<Warning>,
) -> Result<([Vec3; 3], WorldMm), GridError> {
    let mut tell = |code, message: &str| warnings.push(Warning::new(code, message));
    let mut pitch = [1, 2, 3].map(|axis| fields.float(76, 104, axis).abs());
    let missing = |side: &f64| *side == 0.0 || !side.is_finite();
    // Of an axis of one voxel nothing is measured.
    for (side, _) in pitch.iter_mut().zip(size).filter(|(side, count)| missing(side) && *count == 1)
    {
        *side = 1.0;
    }
    let sform: Matrix =
        [0, 1, 2].map(|row| [0, 1, 2, 3].map(|column| fields.float(280, 400, row * 4 + column)));
    let step = |matrix: &Matrix, j: usize| Vec3([0, 1, 2].map(|row| matrix[row][j]));
    let volume = step(&sform, 0).cross(step(&sform, 1)).dot(step(&sform, 2));
    let whole = sform.iter().flatten().all(|number| number.is_finite()) && volume != 0.0;
    let (by_matrix, by_rotation) = (fields.code(254, 348) > 0, fields.code(252, 344) > 0);
    let matrix = if by_matrix && (whole || !by_rotation) {
        if !whole {
            let reason = "its matrix (srow_x, srow_y, srow_z) has no inverse, or holds no numbers";
            return Err(GridError::Place(reason));
        }
        if by_rotation
            && rotated(fields, pitch).is_ok_and(|other| apart(&sform, &other, size) > 1.0)
        {
            tell(
                "two-places",
                "The header places the volume twice, in two ways (sform and qform): the first was \
                 taken. Left and right may be exchanged if that is wrong.",
            );
        }
        sform
    } else if by_rotation {
        if by_matrix {
            tell(
                "two-places",
                "The header's matrix (sform) places nothing: its rotation (qform) was taken.",
            );
        }
        if pitch.iter().any(missing) {
            let value = format!("{} {} {}", pitch[0], pitch[1], pitch[2]);
            return Err(GridError::Value { key: "pixdim", value });
        }
        rotated(fields, pitch)?
    } else {
        tell(
            "no-orientation",
            "The file does not say how the volume lies in the body: left and right may be \
             exchanged.",
        );
        if pitch.iter().any(missing) {
            tell(
                "no-spacing",
                "The file does not say how large a voxel is: 1 mm was taken where it does not, \
                 so sizes and distances are not to be relied on.",
            );
        }
        let [x, y, z] = pitch.map(|side| if missing(&side) { 1.0 } else { side });
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
    Ok(([column(0), column(1), column(2)], column(3).into()))
}

/// How many voxels apart two matrices place a corner of the volume, at most.
fn apart(one: &Matrix, other: &Matrix, size: [usize; 3]) -> f64 {
    let place = |matrix: &Matrix, corner: usize| {
        let index =
            [0, 1, 2].map(|k| if corner >> k & 1 == 1 { (size[k] - 1) as f64 } else { 0.0 });
        let along = |row: &[f64; 4]| (0..3).map(|k| row[k] * index[k]).sum::<f64>() + row[3];
        Vec3([0, 1, 2].map(|row| along(&matrix[row])))
    };
    let pitch = [0, 1, 2].map(|j| Vec3([0, 1, 2].map(|row| one[row][j])).length());
    let voxel = pitch.into_iter().fold(f64::INFINITY, f64::min);
    let furthest = (0..8).map(|corner| (place(one, corner) - place(other, corner)).length());
    furthest.fold(0.0, f64::max) / voxel
}

/// The matrix of a unit quaternion, whose first number is left away (nifti1.h, method 2).
fn rotated(fields: &Fields<'_>, pitch: [f64; 3]) -> Result<Matrix, GridError> {
    let given = [0, 1, 2].map(|i| fields.float(256, 352, i));
    let offset = [0, 1, 2].map(|i| fields.float(268, 376, i));
    if given.iter().chain(&offset).any(|number| !number.is_finite()) {
        return Err(GridError::Place("its quaternion, or the offset beside it, holds no numbers"));
    }
    let square = given.iter().map(|part| part * part).sum::<f64>();
    // Half a turn has no first number; rounding may leave the others a little too long.
    let (a, [b, c, d]) = match 1.0 - square {
        rest if rest < 1e-7 => (0.0, given.map(|part| part / square.sqrt())),
        rest => (rest.sqrt(), given),
    };
    let mirrored = if fields.float(76, 104, 0) < 0.0 { -1.0 } else { 1.0 };
    let rows = [
        [a * a + b * b - c * c - d * d, 2.0 * (b * c - a * d), 2.0 * (b * d + a * c)],
        [2.0 * (b * c + a * d), a * a + c * c - b * b - d * d, 2.0 * (c * d - a * b)],
        [2.0 * (b * d - a * c), 2.0 * (c * d + a * b), a * a + d * d - b * b - c * c],
    ];
    let scaled = |row: usize| {
        let [i, j, k] = rows[row];
        [i * pitch[0], j * pitch[1], k * pitch[2] * mirrored, offset[row]]
    };
    Ok([scaled(0), scaled(1), scaled(2)])
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
