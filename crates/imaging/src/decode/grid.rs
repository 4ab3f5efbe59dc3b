//! A volume in one piece with a header in front, as MetaImage, NIfTI and NRRD have it: what the
//! header says, brought to one form, and the samples.

mod error;

pub use error::GridError;

use super::inflate::Unpacked;
use super::limits::Limits;
use super::numbers::{self, Number, Numbers, NumbersError};
use super::series::{HeaderLine, Warning};
use super::turn;
use crate::geometry::{Axes, Vec3, VolumeGeometry, WorldMm};
use crate::volume::Volume;
use std::io::{BufRead, BufReader, ErrorKind, Read};

/// Most that a byte of deflate can become (zlib's technical notes).
const MOST_INFLATION: u64 = 1032;
/// Most text before samples; it is read byte by byte.
const MOST_TEXT: u64 = 1 << 20;
/// Bytes that are read at a time.
const BUFFER: usize = 64 * 1024;
/// Most bytes behind the samples that are looked at.
const MOST_BEHIND: u64 = 1 << 20;
/// Axes may deviate so much from right angles; more is a sheared volume.
const SHEAR: f64 = 1e-3;
/// The sine of 37 degrees; gantries tilt by 30 at most.
const MOST_SHEAR: f64 = 0.6;
/// By so much must the pixels of one way to read a sheared grid be nearer to square than those
/// of the other, as a ratio of their sides.
const SQUARER: f64 = 1.02;

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
    /// gzip or zlib. Bytes before the samples are counted in what it becomes, lines before them
    /// are not packed: NRRD's rule.
    Packed,
    Text,
}

/// What a header says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grid {
    pub geometry: VolumeGeometry,
    /// For each axis of the geometry the array's.
    pub order: [usize; 3],
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

/// Most slices of a sheared volume, in which each keeps a place.
const MOST_PLACES: usize = 20_000;

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

/// A grid in the body.
pub(crate) struct Placed {
    /// Its axes in the order `order`.
    pub geometry: VolumeGeometry,
    /// For each axis of the geometry the array's.
    pub order: [usize; 3],
}

/// Return the place of a grid by its steps from voxel to voxel along each axis of the array, LPS,
/// mm. In a sheared one (tilted gantry) the axis of the slices becomes the last, and each slice
/// keeps its place, with a warning.
pub(crate) fn placed(
    size: [usize; 3],
    origin: WorldMm,
    steps: [Vec3; 3],
    warnings: &mut Vec<Warning>,
) -> Result<Placed, GridError> {
    let mut spacing = steps.map(Vec3::length);
    let mut axes = [0, 1, 2].map(|i| steps[i] / spacing[i]);
    let Some(stack) = stacked(axes, spacing)? else {
        let geometry = VolumeGeometry::new(size, origin, Vec3(spacing).into(), Axes(axes))?;
        return Ok(Placed { geometry, order: [0, 1, 2] });
    };
    // A place takes memory that the samples have not shown to be there yet.
    if size[stack] > MOST_PLACES {
        let reason = format!("it is sheared, and has {} slices", size[stack]);
        return Err(GridError::Unsupported(reason));
    }
    let order = [(stack + 1) % 3, (stack + 2) % 3, stack];
    let [a, b, _] = order;
    let normal = axes[a].cross(axes[b]);
    let along = normal.dot(steps[stack]);
    let lean = axes[a].dot(axes[stack]).hypot(axes[b].dot(axes[stack]));
    let degrees = lean.asin().to_degrees();
    let aside = lean * spacing[stack] * (size[stack] - 1) as f64;
    axes[stack] = normal * along.signum();
    spacing[stack] = along.abs();
    // A place takes memory that the samples have not shown to be there yet.
    let placed = size[stack] <= MOST_PLACES;
    let kept = match placed {
        true => {
            "every slice and place is right, but the planes across the slices are drawn as if they did"
        }
        false => "each slice is right, but places in the body are off by as much",
    };
    warnings.push(Warning::new(
        "tilted",
        format!(
            "The slices do not lie above one another (a tilted gantry, {degrees:.1} degrees, up to \
             {aside:.1} mm aside): {kept}."
        ),
    ));
    let (sides, axes) = (Vec3(order.map(|axis| spacing[axis])), order.map(|axis| axes[axis]));
    let upright =
        VolumeGeometry::new(order.map(|axis| size[axis]), origin, sides.into(), Axes(axes))?;
    let place = |z: usize| (Vec3::from(origin) + steps[stack] * z as f64).into();
    let geometry = match placed {
        true => upright.with_slices_at((0..size[stack]).map(place).collect())?,
        false => upright,
    };
    Ok(Placed { geometry, order })
}

/// The axis of a sheared array along which its slices are stacked: the one that leans against
/// the other two, which are at right angles. `None` where nothing leans, or too much does.
///
/// Where only two axes lean against each other, either may be the stack: then the pixels of a
/// slice are those that are squarer, for a scanner's are square.
fn stacked(axes: [Vec3; 3], spacing: [f64; 3]) -> Result<Option<usize>, GridError> {
    let sine = |a: usize, b: usize| axes[a].dot(axes[b]).abs();
    let leans = |a: usize, b: usize| sine(a, b) > SHEAR;
    if sine(0, 1).max(sine(1, 2)).max(sine(0, 2)) >= MOST_SHEAR {
        return Ok(None);
    }
    let oblong = |stack: usize| {
        let [a, b] = [spacing[(stack + 1) % 3], spacing[(stack + 2) % 3]];
        (a / b).max(b / a)
    };
    let squarer = |one: usize, other: usize| {
        if oblong(one) * SQUARER < oblong(other) {
            Ok(Some(one))
        } else if oblong(other) * SQUARER < oblong(one) {
            Ok(Some(other))
        } else {
            let reason = "its axes are not at right angles, and it does not say which of them \
                          runs from slice to slice";
            Err(GridError::Unsupported(reason.to_owned()))
        }
    };
    match (leans(0, 1), leans(1, 2), leans(0, 2)) {
        (false, true, true) => Ok(Some(2)),
        (true, false, true) => Ok(Some(0)),
        (true, true, false) => Ok(Some(1)),
        (true, false, false) => squarer(0, 1),
        (false, true, false) => squarer(1, 2),
        (false, false, true) => squarer(0, 2),
        _ => Ok(None),
    }
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

    /// Read the samples out of `data`, which is `length` bytes long. What is odd about them is
    /// told beside them.
    ///
    /// Memory: the volume and one block. The promise is checked against `length` before anything
    /// is reserved, so a header of a hundred bytes cannot ask for a gigabyte; and what is passed
    /// over in compressed data, against what it may become.
    pub fn read(
        &self,
        data: impl Read,
        length: u64,
        limits: &Limits,
    ) -> Result<(Volume, Vec<Warning>), GridError> {
        let needed = self.bytes();
        let possible = match self.encoding {
            Encoding::Packed => length.saturating_mul(MOST_INFLATION),
            Encoding::Raw => length,
            // A digit and a space.
            Encoding::Text => length.saturating_add(1) / 2 * self.number.bytes(),
        };
        if possible < needed && self.encoding != Encoding::Raw {
            return Err(GridError::Truncated { needed, found: length });
        }
        let mut data = BufReader::with_capacity(BUFFER, data);
        let lines = self.pass_lines(&mut data)?;
        let (numbers, behind) = match self.encoding {
            Encoding::Raw => {
                let left = length.saturating_sub(lines);
                let skip = self.skip.unwrap_or(left.saturating_sub(needed));
                let found = left.saturating_sub(skip);
                if found < needed {
                    let start = data.fill_buf().unwrap_or_default();
                    if let Some(packed) = looks_packed(start) {
                        let reason = format!(
                            "its samples are packed with {packed}, though the header says that \
                             they are not"
                        );
                        return Err(GridError::Unsupported(reason));
                    }
                    return Err(GridError::Truncated { needed, found });
                }
                self.pass(&mut data, skip)?;
                let numbers = self.samples(&mut data)?;
                (numbers, self.behind(&mut data)?)
            }
            Encoding::Packed => self.unpacked(data, length, limits)?,
            Encoding::Text => self.words(data, length)?,
        };
        let mut told = odd(&numbers);
        if behind {
            told.push(Warning::new(
                "bytes-behind",
                "The file holds more than its header says: what stands behind the last sample \
                 was passed over. If the picture looks wrong, the header is.",
            ));
        }
        // The header's size and the number of samples read are the same product.
        let mut size = [0; 3];
        for (side, axis) in self.geometry.size().into_iter().zip(self.order) {
            size[axis] = side;
        }
        let samples = match self.order {
            [0, 1, 2] => numbers.samples,
            order => turn::turned(numbers.samples, size, order, [false; 3]),
        };
        let volume = Volume::new(samples, self.geometry.clone())
            .map_err(|error| GridError::Damaged(error.to_string()))?;
        Ok((volume, told))
    }

    /// Read the samples out of packed `data`, which is `length` bytes long, and tell whether
    /// anything but zeros stands behind them.
    fn unpacked(
        &self,
        data: impl BufRead,
        length: u64,
        limits: &Limits,
    ) -> Result<(Numbers, bool), GridError> {
        let mut data = Unpacked::new(data).map_err(|error| match error.kind() {
            ErrorKind::InvalidData => {
                let reason = "its samples are compressed, but neither with gzip nor with zlib";
                GridError::Unsupported(reason.to_owned())
            }
            _ => self.broken(error.to_string()),
        })?;
        let Some(skip) = self.skip else {
            let all = self.last(&mut data, limits.inflated(length))?;
            let mut samples = all.as_slice();
            return Ok((self.samples(&mut samples)?, data.behind()));
        };
        if skip > limits.inflated(length) {
            let value = skip.to_string();
            return Err(GridError::Value { key: "bytes before the samples", value });
        }
        self.pass(&mut data, skip)?;
        let numbers = self.samples(&mut data)?;
        // Reading on lets the decoder compare its checksum.
        let more = self.behind(&mut data)?;
        Ok((numbers, more || data.behind()))
    }

    /// The last bytes of packed data, as many as the samples have. Memory: twice these.
    fn last(&self, data: &mut impl Read, most: u64) -> Result<Vec<u8>, GridError> {
        let needed = self.bytes() as usize;
        let too_large = || GridError::TooLarge { voxels: self.voxels() };
        let mut bytes = Vec::new();
        bytes
            .try_reserve_exact(needed.saturating_mul(2).saturating_add(4096))
            .map_err(|_| too_large())?;
        let (mut all, mut block) = (0, [0; 4096]);
        loop {
            let read = data.read(&mut block).map_err(|error| self.broken(error.to_string()))?;
            if read == 0 {
                break;
            }
            all += read as u64;
            if all > most {
                return Err(too_large());
            }
            bytes.extend_from_slice(block.get(..read).unwrap_or_default());
            if bytes.len() >= needed.saturating_mul(2) {
                bytes.drain(..bytes.len() - needed);
            }
        }
        let start = bytes.len().checked_sub(needed);
        let start = start.ok_or(GridError::Truncated { needed: needed as u64, found: all })?;
        bytes.drain(..start);
        Ok(bytes)
    }

    /// Whether anything but zeros follows.
    fn behind(&self, data: &mut impl Read) -> Result<bool, GridError> {
        let mut block = [0; 4096];
        let mut data = data.take(MOST_BEHIND);
        loop {
            let read = data.read(&mut block).map_err(|error| self.broken(error.to_string()))?;
            match block.get(..read) {
                None | Some([]) => return Ok(false),
                Some(bytes) if bytes.iter().any(|byte| *byte != 0) => return Ok(true),
                Some(_) => {}
            }
        }
    }

    /// Name the fault where reading stops: the source's, or that of what the source holds.
    fn broken(&self, reason: String) -> GridError {
        match self.encoding {
            Encoding::Packed => GridError::Damaged(reason),
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

    fn samples(&self, data: &mut impl Read) -> Result<Numbers, GridError> {
        numbers::read(data, self.number, self.big_endian, self.voxels() as usize, self.scale)
            .map_err(|error| match error {
                NumbersError::Memory => GridError::TooLarge { voxels: self.voxels() },
                NumbersError::Truncated { found } => {
                    GridError::Truncated { needed: self.bytes(), found }
                }
                NumbersError::Read(reason) => self.broken(reason),
            })
    }

    /// Read samples written as text, between white space, and tell whether more text follows
    /// them. Memory: the text too.
    fn words(&self, data: impl Read, length: u64) -> Result<(Numbers, bool), GridError> {
        let mut text = Vec::new();
        let voxels = self.voxels();
        text.try_reserve_exact(length as usize).map_err(|_| GridError::TooLarge { voxels })?;
        data.take(length).read_to_end(&mut text).map_err(|error| self.broken(error.to_string()))?;
        let skip = usize::try_from(self.skip.unwrap_or(0)).ok();
        let text = skip.and_then(|skip| text.get(skip..)).unwrap_or_default();
        let text = std::str::from_utf8(text);
        let text = text.map_err(|error| GridError::Damaged(error.to_string()))?;
        let mut words = text
            .split(|c: char| c.is_whitespace() || c == ',' || c == '\0')
            .filter(|word| !word.is_empty());
        let mut bytes = Vec::new();
        for word in words.by_ref().take(voxels as usize) {
            let number: f64 = word.parse().map_err(|_| {
                GridError::Damaged(format!(
                    "{} is no number",
                    word.chars().take(20).collect::<String>()
                ))
            })?;
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        let more = words.next().is_some();
        let plain = Grid { number: Number::F64, big_endian: false, ..self.clone() };
        Ok((plain.samples(&mut bytes.as_slice())?, more))
    }
}

/// With what samples begin that are packed where none should be.
fn looks_packed(start: &[u8]) -> Option<&'static str> {
    match start {
        [0x1F, 0x8B, 8, ..] => Some("gzip"),
        [0x78, 0x01 | 0x5E | 0x9C | 0xDA, ..] => Some("zlib"),
        [0x28, 0xB5, 0x2F, 0xFD, ..] => Some("zstd"),
        [b'B', b'Z', b'h', ..] => Some("bzip2"),
        _ => None,
    }
}

/// What the user should know of the samples' values.
fn odd(numbers: &Numbers) -> Vec<Warning> {
    let mut told = Vec::new();
    if numbers.beyond > 0 {
        let (least, most) = numbers.range;
        let found = match numbers.beyond {
            1 => format!("1 voxel holds a value outside -32768 to 32767 ({most})"),
            count => format!(
                "{count} voxels hold values outside -32768 to 32767 (from {least} to {most})"
            ),
        };
        told.push(Warning::new(
            "beyond-hu",
            format!(
                "{found}, which no CT number is. Such values are kept as they are; perhaps the \
                 header names the wrong kind of number."
            ),
        ));
    }
    if numbers.not_numbers > 0 {
        let found = match numbers.not_numbers {
            1 => "1 voxel holds no number (NaN or infinite): it was".to_owned(),
            count => format!("{count} voxels hold no number (NaN or infinite): they were"),
        };
        let message = format!("{found} taken as air, -1000.");
        told.push(Warning::new("not-a-number", message));
    }
    told
}
