//! Plainly written numbers of any kind to samples, block by block.

use crate::volume::Samples;
use std::io::{ErrorKind, Read};

/// Bytes converted at a time; a multiple of every number's size.
const BLOCK: usize = 64 * 1024;

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// 8 bits, signed.
    I8,
    /// 8 bits, unsigned.
    U8,
    /// 16 bits, signed.
    I16,
    /// 16 bits, unsigned.
    U16,
    /// 32 bits, signed.
    I32,
    /// 32 bits, unsigned.
    U32,
    /// 64 bits, signed.
    I64,
    /// 64 bits, unsigned.
    U64,
    /// 32 bits, floating.
    F32,
    /// 64 bits, floating.
    F64,
}

impl Number {
    /// Bytes of a number.
    #[must_use]
    pub fn bytes(self) -> u64 {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 => 8,
            Self::F64 => 8,
        }
    }
}

/// Why numbers could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NumbersError {
    /// Not so much memory is left.
    Memory,
    /// The data ends after so many bytes.
    Truncated { found: u64 },
    /// Reading failed: the compressed bytes are damaged, or the file cannot be read.
    Read(String),
}

/// What a sample that is no number becomes: air, as padding does.
const AIR: f64 = -1000.0;

/// Samples, and what is odd about them.
#[derive(Clone, Debug)]
pub(crate) struct Numbers {
    pub samples: Samples,
    /// How many lie outside -32768 to 32767.
    pub beyond: u64,
    /// The least and the greatest of those.
    pub range: (f64, f64),
    /// How many are not a number, or infinite; each became -1000.
    pub not_numbers: u64,
}

/// Samples that stay whole as long as all of them are, and fit 16 bits.
struct Gatherer {
    samples: Samples,
    count: usize,
    beyond: u64,
    range: (f64, f64),
    not_numbers: u64,
}

impl Gatherer {
    fn new(count: usize) -> Result<Self, NumbersError> {
        let mut whole = Vec::new();
        whole.try_reserve_exact(count).map_err(|_| NumbersError::Memory)?;
        let range = (f64::INFINITY, f64::NEG_INFINITY);
        Ok(Self { samples: Samples::Int16(whole), count, beyond: 0, range, not_numbers: 0 })
    }

    fn push(&mut self, value: f64) -> Result<(), NumbersError> {
        // Beyond 32 bits floating, too.
        let value = if (value as f32).is_finite() {
            value
        } else {
            self.not_numbers += 1;
            AIR
        };
        if !(-32_768.0..=32_767.0).contains(&value) {
            self.beyond += 1;
            self.range = (self.range.0.min(value), self.range.1.max(value));
        }
        match &mut self.samples {
            Samples::Int16(whole) => {
                let short = value as i16;
                // Fractions fail the comparison.
                if f64::from(short) == value {
                    whole.push(short);
                } else {
                    let mut wide = Vec::new();
                    wide.try_reserve_exact(self.count).map_err(|_| NumbersError::Memory)?;
                    wide.extend(whole.iter().map(|short| f32::from(*short)));
                    wide.push(value as f32);
                    self.samples = Samples::Float32(wide);
                }
            }
            Samples::Float32(wide) => wide.push(value as f32),
        }
        Ok(())
    }
}

/// Reads `count` numbers; each becomes `slope * number + intercept` where `scale` is given.
/// Memory: the samples (twice, for a moment, where a fraction comes late) and one block.
pub(crate) fn read(
    data: &mut impl Read,
    number: Number,
    big_endian: bool,
    count: usize,
    scale: Option<(f64, f64)>,
) -> Result<Numbers, NumbersError> {
    let mut gatherer = Gatherer::new(count)?;
    let needed = count as u64 * number.bytes();
    let mut block = vec![0; BLOCK];
    let mut left = needed;
    while left > 0 {
        let take = left.min(BLOCK as u64) as usize;
        let target = block.get_mut(..take).unwrap_or_default();
        let filled = fill(data, target)?;
        let read = target.get(..filled).unwrap_or_default();
        /// One arm a type: how its bytes become a number.
        macro_rules! numbers {
            ($kind:ty, $bytes:literal) => {
                for bytes in read.as_chunks::<$bytes>().0 {
                    let number = match big_endian {
                        true => <$kind>::from_be_bytes(*bytes),
                        false => <$kind>::from_le_bytes(*bytes),
                    };
                    let value = number as f64;
                    gatherer.push(scale.map_or(value, |(slope, add)| value * slope + add))?;
                }
            };
        }
        match (number, &mut gatherer.samples) {
            // What scanners write, without a detour.
            (Number::I16, Samples::Int16(whole)) if scale.is_none() => {
                let words = read.as_chunks::<2>().0.iter();
                match big_endian {
                    true => whole.extend(words.map(|word| i16::from_be_bytes(*word))),
                    false => whole.extend(words.map(|word| i16::from_le_bytes(*word))),
                }
            }
            (Number::I8, _) => numbers!(i8, 1),
            (Number::U8, _) => numbers!(u8, 1),
            (Number::I16, _) => numbers!(i16, 2),
            (Number::U16, _) => numbers!(u16, 2),
            (Number::I32, _) => numbers!(i32, 4),
            (Number::U32, _) => numbers!(u32, 4),
            (Number::I64, _) => numbers!(i64, 8),
            (Number::U64, _) => numbers!(u64, 8),
            (Number::F32, _) => numbers!(f32, 4),
            (Number::F64, _) => numbers!(f64, 8),
        }
        if filled < take {
            return Err(NumbersError::Truncated { found: needed - left + filled as u64 });
        }
        left -= take as u64;
    }
    let Gatherer { samples, beyond, range, not_numbers, .. } = gatherer;
    Ok(Numbers { samples, beyond, range, not_numbers })
}

/// Fills `block` as far as there is data; returns how far.
fn fill(data: &mut impl Read, block: &mut [u8]) -> Result<usize, NumbersError> {
    let mut filled = 0;
    while let Some(rest) = block.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match data.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // zlib says so where its data ends early; a file on disk does not.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(NumbersError::Read(error.to_string())),
        }
    }
    Ok(filled)
}
