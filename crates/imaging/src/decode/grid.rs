//! A volume in one piece with a header in front, as MetaImage, NIfTI and NRRD have it: what the
//! header says, brought to one form, and the samples.

mod error;

pub use error::GridError;

use super::limits::Limits;
use super::numbers::{self, Number, NumbersError};
use super::series::{HeaderLine, Warning};
use crate::geometry::{Axes, GeometryError, Vec3, VolumeGeometry, WorldMm};
use crate::volume::{Samples, Volume};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use std::io::Read;

/// Most that a byte of deflate can become (zlib's technical notes).
const MOST_INFLATION: u64 = 1032;
/// Most text before samples; it is read byte by byte.
const MOST_TEXT: u64 = 1 << 20;
/// Axes may deviate so much from right angles; more is a sheared volume.
const SHEAR: f64 = 1e-3;

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

/// How the samples are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Raw,
    Gzip,
    /// Ends with the last sample.
    Zlib,
    Text,
}

/// What a header says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grid {
    pub geometry: VolumeGeometry,
    pub number: Number,
    pub big_endian: bool,
    /// Slope and intercept.
    pub scale: Option<(f64, f64)>,
    pub encoding: Encoding,
    /// Bytes before the samples; `None` where the samples are the end of the data.
    pub skip: Option<u64>,
    /// Lines before the samples, passed over before the bytes.
    pub line_skip: u64,
    pub warnings: Vec<Warning>,
    pub tags: Vec<HeaderLine>,
}

/// Check the sides of a volume as a header gives them; `most` is how many voxels it may have.
pub(crate) fn size(sides: [i64; 3], most: u64) -> Result<[usize; 3], GridError> {
    let voxels = sides.iter().try_fold(1_u64, |product, side| {
        product.checked_mul(u64::try_from(*side).ok().filter(|side| *side > 0)?)
    });
    match voxels {
        Some(voxels) if voxels <= most => Ok(sides.map(|side| side as usize)),
        Some(voxels) => Err(GridError::TooLarge { voxels }),
        None if sides.iter().any(|side| *side <= 0) => {
            Err(GridError::Value { key: "the size", value: format!("{sides:?}") })
        }
        None => Err(GridError::TooLarge { voxels: u64::MAX }),
    }
}

/// Return the geometry of a grid by its steps from voxel to voxel along each axis of the array, LPS,
/// mm. A sheared one (tilted gantry) becomes upright, with a warning.
pub(crate) fn geometry(
    size: [usize; 3],
    origin: WorldMm,
    steps: [Vec3; 3],
    warnings: &mut Vec<Warning>,
) -> Result<VolumeGeometry, GeometryError> {
    let mut spacing = steps.map(Vec3::length);
    let mut axes = [0, 1, 2].map(|i| steps[i] / spacing[i]);
    let [x, y, z] = axes;
    let lean = x.dot(z).abs().max(y.dot(z).abs());
    if x.dot(y).abs() <= SHEAR && lean > SHEAR && lean < 0.8 {
        let normal = x.cross(y);
        let along = normal.dot(steps[2]);
        axes[2] = normal * along.signum();
        spacing[2] = along.abs();
        let degrees = lean.asin().to_degrees();
        let aside = lean * steps[2].length() * (size[2] - 1) as f64;
        warnings.push(Warning::new(
            "tilted",
            format!(
                "The slices do not lie above one another (a tilted gantry, {degrees:.1} degrees): \
                 each slice is right, but places in the body are off by up to {aside:.1} mm."
            ),
        ));
    }
    VolumeGeometry::new(size, origin, Vec3(spacing).into(), Axes(axes))
}

impl Grid {
    /// Return how many voxels it promises.
    pub fn voxels(&self) -> u64 {
        self.geometry.size().iter().map(|side| *side as u64).product()
    }

    /// Return how many bytes the samples have once inflated.
    fn bytes(&self) -> u64 {
        self.voxels() * self.number.bytes()
    }

    /// Read the samples out of `data`, which is `length` bytes long.
    ///
    /// Memory: the volume and one block. The promise is checked against `length` before anything
    /// is reserved, so a header of a hundred bytes cannot ask for a gigabyte; and what is passed
    /// over in compressed data, against what it may become.
    pub fn read(
        &self,
        mut data: impl Read,
        length: u64,
        limits: &Limits,
    ) -> Result<Volume, GridError> {
        let needed = self.bytes();
        let possible = match self.encoding {
            Encoding::Gzip | Encoding::Zlib => length.saturating_mul(MOST_INFLATION),
            Encoding::Raw => length,
            // A digit and a space.
            Encoding::Text => length.saturating_add(1) / 2 * self.number.bytes(),
        };
        if possible < needed {
            return Err(GridError::Truncated { needed, found: length });
        }
        let samples = match self.encoding {
            Encoding::Raw => {
                let left = length.saturating_sub(self.pass_lines(&mut data)?);
                let skip = self.skip.unwrap_or(left.saturating_sub(needed));
                let found = left.saturating_sub(skip);
                if found < needed {
                    return Err(GridError::Truncated { needed, found });
                }
                self.pass(&mut data, skip)?;
                self.samples(&mut data)?
            }
            Encoding::Gzip => self.inflated(MultiGzDecoder::new(data), length, limits)?,
            Encoding::Zlib => self.inflated(ZlibDecoder::new(data), length, limits)?,
            Encoding::Text => {
                self.pass_lines(&mut data)?;
                self.words(data, length)?
            }
        };
        // The header's size and the number of samples read are the same product.
        Volume::new(samples, self.geometry.clone())
            .map_err(|error| GridError::Damaged(error.to_string()))
    }

    /// Read the samples out of `data`, which was `length` bytes long before it was inflated.
    fn inflated(
        &self,
        mut data: impl Read,
        length: u64,
        limits: &Limits,
    ) -> Result<Samples, GridError> {
        let skip = self.skip.unwrap_or(0);
        self.pass_lines(&mut data)?;
        if skip > limits.inflated(length) {
            let value = skip.to_string();
            return Err(GridError::Value { key: "bytes before the samples", value });
        }
        self.pass(&mut data, skip)?;
        let samples = self.samples(&mut data)?;
        // Reading on lets the decoder compare its checksum.
        match data.read(&mut [0]) {
            Ok(1) if self.encoding == Encoding::Zlib => {
                Err(GridError::TooLong { needed: self.bytes() })
            }
            Ok(_) => Ok(samples),
            Err(error) => Err(self.broken(error.to_string())),
        }
    }

    /// Name the fault where reading stops: the source's, or that of what the source holds.
    fn broken(&self, reason: String) -> GridError {
        match self.encoding {
            Encoding::Gzip | Encoding::Zlib => GridError::Damaged(reason),
            Encoding::Raw | Encoding::Text => GridError::Read(reason),
        }
    }

    fn pass(&self, data: &mut impl Read, bytes: u64) -> Result<(), GridError> {
        std::io::copy(&mut data.take(bytes), &mut std::io::sink())
            .map(|_| ())
            .map_err(|error| self.broken(error.to_string()))
    }

    /// Pass over the lines before the samples; return how many bytes they have.
    fn pass_lines(&self, data: &mut impl Read) -> Result<u64, GridError> {
        let (mut lines, mut bytes) = (0, 0);
        let mut byte = [0];
        while lines < self.line_skip {
            let read = data.read(&mut byte).map_err(|error| self.broken(error.to_string()))?;
            if read == 0 || bytes == MOST_TEXT {
                return Err(GridError::Damaged("lines are missing".to_owned()));
            }
            lines += u64::from(byte == *b"\n");
            bytes += 1;
        }
        Ok(bytes)
    }

    fn samples(&self, data: &mut impl Read) -> Result<Samples, GridError> {
        numbers::read(data, self.number, self.big_endian, self.voxels() as usize, self.scale)
            .map_err(|error| match error {
                NumbersError::Memory => GridError::TooLarge { voxels: self.voxels() },
                NumbersError::Truncated { found } => {
                    GridError::Truncated { needed: self.bytes(), found }
                }
                NumbersError::Read(reason) => self.broken(reason),
            })
    }

    /// Read samples written as text, between white space. Memory: the text too.
    fn words(&self, data: impl Read, length: u64) -> Result<Samples, GridError> {
        let mut text = Vec::new();
        let voxels = self.voxels();
        text.try_reserve_exact(length as usize).map_err(|_| GridError::TooLarge { voxels })?;
        data.take(length).read_to_end(&mut text).map_err(|error| self.broken(error.to_string()))?;
        let text = std::str::from_utf8(&text);
        let text = text.map_err(|error| GridError::Damaged(error.to_string()))?;
        let separated = text.split(|c: char| c.is_whitespace() || c == ',');
        let mut bytes = Vec::new();
        for word in separated.filter(|word| !word.is_empty()).take(voxels as usize) {
            let number: f64 = word.parse().map_err(|_| {
                GridError::Damaged(format!(
                    "{} is no number",
                    word.chars().take(20).collect::<String>()
                ))
            })?;
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        let plain = Grid { number: Number::F64, big_endian: false, ..self.clone() };
        plain.samples(&mut bytes.as_slice())
    }
}
