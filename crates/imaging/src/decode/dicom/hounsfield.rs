//! Stored values to HU (PS3.3, C.11.1.1.2): `HU = slope * stored + intercept`.

use super::dataset::{DataSet, text};
use super::shape::Shape;
use crate::tags;
use crate::volume::Samples;

/// HU that a padded voxel has at most: air. A padding value that is below anyway stays what it
/// is, as other readers have it.
pub(crate) const PADDED_HU: i16 = -1000;

/// How stored values become HU.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rescale {
    pub slope: f64,
    pub intercept: f64,
}

impl Rescale {
    /// Slope and intercept of a data set; `None` where it has neither.
    ///
    /// They are text (DS) also where the file gives their type as unknown.
    pub fn read(set: &DataSet<'_>) -> Option<Self> {
        let number = |tag| {
            let bytes = set.bytes(tag);
            set.decimal(tag).or_else(|| bytes.and_then(|bytes| comma(&text(bytes))))
        };
        let (slope, intercept) = (number(tags::RESCALE_SLOPE), number(tags::RESCALE_INTERCEPT));
        if slope.is_none() && intercept.is_none() {
            return None;
        }
        // A slope of 0 would make every voxel the same; the writers of such files mean 1.
        let slope = slope.filter(|slope| *slope != 0.0).unwrap_or(1.0);
        Some(Self { slope, intercept: intercept.unwrap_or(0.0) })
    }

    fn whole(self) -> Option<(i64, i64)> {
        let whole =
            |number: f64| (number.fract() == 0.0 && number.abs() < 1e9).then_some(number as i64);
        Some((whole(self.slope)?, whole(self.intercept)?))
    }
}

/// A decimal comma, as some exports write it.
fn comma(text: &str) -> Option<f64> {
    text.replace(',', ".").parse().ok().filter(|number: &f64| number.is_finite())
}

/// Values that stand for "nothing was measured here" (PS3.3, C.7.5.1.1.2).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Padding {
    bits: u16,
    low: i32,
    high: i32,
}

impl Padding {
    pub fn read(set: &DataSet<'_>, shape: &Shape) -> Option<Self> {
        let number = |tag| {
            // Its type is US or SS by the pixels' sign, whatever the file says: the bits count.
            let bits = set.unsigned(tag)? as u16;
            let number = if shape.signed { i32::from(bits as i16) } else { i32::from(bits) };
            Some((bits, number))
        };
        let (bits, value) = number(tags::PIXEL_PADDING_VALUE)?;
        let (_, limit) = number(tags::PIXEL_PADDING_RANGE_LIMIT).unwrap_or((bits, value));
        Some(Self { bits, low: value.min(limit), high: value.max(limit) })
    }

    fn holds(&self, bits: u16, value: i32) -> bool {
        bits == self.bits || (self.low..=self.high).contains(&value)
    }
}

/// HU of a frame. Whole numbers stay whole, saturating at 16 bits.
pub(crate) fn samples(
    bits: Vec<u16>,
    shape: &Shape,
    rescale: Rescale,
    padding: Option<Padding>,
) -> Samples {
    let padded = |raw: u16, value: i32| padding.is_some_and(|padding| padding.holds(raw, value));
    if let Some((slope, intercept)) = rescale.whole() {
        let hu = |raw: u16| {
            let value = shape.value(raw);
            let hu = i64::from(value) * slope + intercept;
            let hu = hu.clamp(i64::from(i16::MIN), i64::from(i16::MAX)) as i16;
            if padded(raw, value) { hu.min(PADDED_HU) } else { hu }
        };
        return Samples::Int16(bits.into_iter().map(hu).collect());
    }
    let hu = |raw: &u16| {
        let value = shape.value(*raw);
        let hu = (f64::from(value) * rescale.slope + rescale.intercept) as f32;
        if padded(*raw, value) { hu.min(f32::from(PADDED_HU)) } else { hu }
    };
    Samples::Float32(bits.iter().map(hu).collect())
}
