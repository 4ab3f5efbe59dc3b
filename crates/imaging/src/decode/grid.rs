//! A volume in one piece with a header in front, as NIfTI and NRRD have it: what the header
//! says, brought to one form, and the samples.

use super::limits::Limits;
use super::numbers::{self, Number, NumbersError};
use super::series::{HeaderLine, Warning};
use crate::UserError;
use crate::geometry::{Axes, GeometryError, Vec3, VolumeGeometry, WorldMm};
use crate::volume::{Samples, Volume};
use flate2::read::MultiGzDecoder;
use std::io::Read;

/// Most that a byte of deflate can become (zlib's technical notes).
const MOST_INFLATION: u64 = 1032;
/// Most text before samples that are compressed; it is read byte by byte.
const MOST_TEXT: u64 = 1 << 20;
/// Axes may deviate so much from right angles; more is a sheared volume.
const SHEAR: f64 = 1e-3;

/// Why bytes are no volume.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GridError {
    /// The header ends early or is not of this format.
    #[error("the content is not a {0} header")]
    NotAHeader(&'static str),
    /// A field that is needed is not there.
    #[error("the header has no {0}")]
    Missing(&'static str),
    /// A value that cannot be understood.
    #[error("the header says {key} is {value}, which cannot be read")]
    Value {
        /// The field.
        key: &'static str,
        /// What stands there, shortened.
        value: String,
    },
    /// A volume of a kind that is not read.
    #[error("it cannot be read: {0}")]
    Unsupported(String),
    /// Beyond the limits.
    #[error("the header promises {voxels} voxels, more than can be read")]
    TooLarge {
        /// Voxels that the header promises.
        voxels: u64,
    },
    /// Spacing, origin or axes describe no volume.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    /// Fewer samples than the header promises.
    #[error("the samples end early: {found} of {needed} bytes")]
    Truncated {
        /// Bytes that the header promises.
        needed: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The bytes contradict themselves.
    #[error("the samples are damaged: {0}")]
    Damaged(String),
}

impl UserError for GridError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotAHeader(_) | Self::Missing(_) | Self::Value { .. } | Self::Geometry(_) => {
                "bad-header"
            }
            Self::Unsupported(_) => "unsupported-format",
            Self::TooLarge { .. } => "too-large",
            Self::Truncated { .. } => "truncated",
            Self::Damaged(_) => "damaged",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::NotAHeader(_) | Self::Truncated { .. } | Self::Damaged(_) => {
                "Download or copy the file again; compare its size with the source."
            }
            Self::TooLarge { .. } => "Cut out the region of interest first.",
            _ => "Write it again as one three-dimensional volume, for example with SimpleITK.",
        }
    }
}

/// How the samples are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Raw,
    Gzip,
    Text,
}

/// What a header says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grid {
    pub size: [usize; 3],
    /// Centre of the first voxel.
    pub origin: WorldMm,
    /// From one voxel to the next along each axis of the array, LPS, mm.
    pub steps: [Vec3; 3],
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

/// Sides of a volume from numbers of a header.
pub(crate) fn size(sides: [i64; 3], limits: &Limits) -> Result<[usize; 3], GridError> {
    let voxels = sides.iter().try_fold(1_u64, |product, side| {
        product.checked_mul(u64::try_from(*side).ok().filter(|side| *side > 0)?)
    });
    match voxels {
        Some(voxels) if voxels <= limits.voxels => Ok(sides.map(|side| side as usize)),
        Some(voxels) => Err(GridError::TooLarge { voxels }),
        None if sides.iter().any(|side| *side <= 0) => {
            Err(GridError::Value { key: "the size", value: format!("{sides:?}") })
        }
        None => Err(GridError::TooLarge { voxels: u64::MAX }),
    }
}

impl Grid {
    /// How many it promises.
    pub fn voxels(&self) -> u64 {
        self.size.iter().map(|side| *side as u64).product()
    }

    /// Reads the samples out of `data`. Their number is held against its length first, and what is
    /// passed over in compressed data against what it may become.
    pub fn read(
        mut self,
        data: &[u8],
        limits: &Limits,
    ) -> Result<(Volume, Vec<Warning>), GridError> {
        let geometry = self.geometry()?;
        let length = data.len() as u64;
        let needed = self.voxels() * self.number.bytes();
        let possible = match self.encoding {
            Encoding::Gzip => length.saturating_mul(MOST_INFLATION),
            Encoding::Raw => length,
            // A digit and a space.
            Encoding::Text => length.saturating_add(1) / 2 * self.number.bytes(),
        };
        if possible < needed {
            return Err(GridError::Truncated { needed, found: length });
        }
        let samples = match self.encoding {
            Encoding::Raw => {
                let data = self.after_lines(data)?;
                let length = data.len() as u64;
                let skip = self.skip.unwrap_or(length.saturating_sub(needed));
                let rest = usize::try_from(skip).ok().and_then(|skip| data.get(skip..));
                self.samples(&mut rest.unwrap_or_default(), needed)?
            }
            Encoding::Gzip => {
                let mut inflated = MultiGzDecoder::new(data);
                let skip = self.skip.unwrap_or(0);
                let mut text = inflated.by_ref().take(MOST_TEXT);
                for _ in 0..self.line_skip {
                    while next(&mut text)?.ok_or_else(lines_missing)? != b'\n' {}
                }
                if skip > limits.inflated(length) {
                    let value = skip.to_string();
                    return Err(GridError::Value { key: "bytes before the samples", value });
                }
                std::io::copy(&mut inflated.by_ref().take(skip), &mut std::io::sink())
                    .map_err(|error| GridError::Damaged(error.to_string()))?;
                let samples = self.samples(&mut inflated, needed)?;
                // Reading on lets the decoder compare its checksum.
                if self.skip.is_some() {
                    inflated
                        .read(&mut [0])
                        .map_err(|error| GridError::Damaged(error.to_string()))?;
                }
                samples
            }
            Encoding::Text => self.words(self.after_lines(data)?)?,
        };
        // The header's size and the number of samples read are the same product.
        let volume = Volume::new(samples, geometry)
            .map_err(|error| GridError::Damaged(error.to_string()))?;
        Ok((volume, self.warnings))
    }

    fn after_lines<'a>(&self, mut data: &'a [u8]) -> Result<&'a [u8], GridError> {
        for _ in 0..self.line_skip {
            let end = data.iter().position(|byte| *byte == b'\n');
            let end = end.ok_or_else(lines_missing)?;
            data = data.get(end + 1..).unwrap_or_default();
        }
        Ok(data)
    }

    fn samples(&self, data: &mut impl Read, needed: u64) -> Result<Samples, GridError> {
        numbers::read(data, self.number, self.big_endian, self.voxels() as usize, self.scale)
            .map_err(|error| match error {
                NumbersError::Memory => GridError::TooLarge { voxels: self.voxels() },
                NumbersError::Truncated { found } => GridError::Truncated { needed, found },
                NumbersError::Read(reason) => GridError::Damaged(reason),
            })
    }

    /// Samples written as text, between white space.
    fn words(&self, data: &[u8]) -> Result<Samples, GridError> {
        let text = std::str::from_utf8(data);
        let text = text.map_err(|error| GridError::Damaged(error.to_string()))?;
        let separated = text.split(|c: char| c.is_whitespace() || c == ',');
        let mut bytes = Vec::new();
        for word in separated.filter(|word| !word.is_empty()).take(self.voxels() as usize) {
            let number: f64 = word.parse().map_err(|_| {
                GridError::Damaged(format!(
                    "{} is no number",
                    word.chars().take(20).collect::<String>()
                ))
            })?;
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        let plain = Grid { number: Number::F64, big_endian: false, ..self.clone() };
        plain.samples(&mut bytes.as_slice(), self.voxels() * 8)
    }

    /// The grid in the body. A sheared one (tilted gantry) becomes upright, with a warning.
    fn geometry(&mut self) -> Result<VolumeGeometry, GridError> {
        let mut spacing = self.steps.map(Vec3::length);
        let mut axes = [0, 1, 2].map(|i| self.steps[i] / spacing[i]);
        let [x, y, z] = axes;
        let lean = x.dot(z).abs().max(y.dot(z).abs());
        if x.dot(y).abs() <= SHEAR && lean > SHEAR && lean < 0.8 {
            let normal = x.cross(y);
            let along = normal.dot(self.steps[2]);
            axes[2] = normal * along.signum();
            spacing[2] = along.abs();
            let degrees = lean.asin().to_degrees();
            let aside = lean * self.steps[2].length() * (self.size[2] - 1) as f64;
            self.warnings.push(Warning::new(
                "tilted",
                format!(
                    "The slices do not lie above one another (a tilted gantry, {degrees:.1} \
                     degrees): each slice is right, but places in the body are off by up to \
                     {aside:.1} mm."
                ),
            ));
        }
        let spacing = Vec3(spacing).into();
        Ok(VolumeGeometry::new(self.size, self.origin, spacing, Axes(axes))?)
    }
}

fn lines_missing() -> GridError {
    GridError::Damaged("lines are missing".to_owned())
}

fn next(data: &mut impl Read) -> Result<Option<u8>, GridError> {
    let mut byte = [0];
    match data.read(&mut byte) {
        Ok(0) => Ok(None),
        Ok(_) => Ok(Some(byte[0])),
        Err(error) => Err(GridError::Damaged(error.to_string())),
    }
}
