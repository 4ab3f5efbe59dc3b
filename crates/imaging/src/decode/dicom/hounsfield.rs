//! Stored values to HU (PS3.3, C.11.1.1.2): `HU = slope * stored + intercept`.

use super::dataset::DataSet;
use super::groups::Group;
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
    /// Slope and intercept of a frame; `None` where it has neither.
    ///
    /// They are text (DS) also where the file gives their type as unknown.
    pub fn of(group: &Group<'_, '_>) -> Option<Self> {
        let slope = group.decimal(tags::RESCALE_SLOPE);
        let intercept = group.decimal(tags::RESCALE_INTERCEPT);
        if slope.is_none() && intercept.is_none() {
            return None;
        }
        // A slope of 0 would make every voxel the same; the writers of such files mean 1.
        let slope = slope.filter(|slope| *slope != 0.0).unwrap_or(1.0);
        Some(Self { slope, intercept: intercept.unwrap_or(0.0) })
    }

    /// Whether whole numbers stay whole.
    fn is_whole(self) -> bool {
        [self.slope, self.intercept].iter().all(|number| number.fract() == 0.0)
    }
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

/// What is to be told of a frame's values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Odd {
    pub padded: Padded,
    /// Values that no CT number has, beyond 16 bits.
    pub beyond: usize,
}

/// What became of the pixels that hold the padding value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Padded {
    /// Those around the body, which became air.
    pub air: usize,
    /// Those inside, which kept their value.
    pub kept: usize,
}

/// HU of a frame: of 16 bits where whole numbers stay whole and fit.
pub(crate) fn samples(
    bits: Vec<u16>,
    shape: &Shape,
    rescale: Rescale,
    padding: Option<Padding>,
) -> (Samples, Odd) {
    let outside = padding.map(|padding| outside(&bits, shape, padding)).unwrap_or_default();
    let mut padded = Padded::default();
    let air = f64::from(PADDED_HU);
    let mut hu = |at: usize, raw: u16| {
        let value = shape.value(raw);
        let hu = f64::from(value) * rescale.slope + rescale.intercept;
        if hu <= air || !padding.is_some_and(|padding| padding.holds(raw, value)) {
            return hu;
        }
        let beyond = outside.get(at) == Some(&true);
        *(if beyond { &mut padded.air } else { &mut padded.kept }) += 1;
        if beyond { air } else { hu }
    };
    let hu: Vec<f64> = bits.into_iter().enumerate().map(|(at, raw)| hu(at, raw)).collect();
    let fits = |hu: &&f64| (f64::from(i16::MIN)..=f64::from(i16::MAX)).contains(*hu);
    let odd = Odd { padded, beyond: hu.len() - hu.iter().filter(fits).count() };
    let samples = if rescale.is_whole() && odd.beyond == 0 {
        Samples::Int16(hu.into_iter().map(|hu| hu as i16).collect())
    } else {
        Samples::Float32(hu.into_iter().map(|hu| hu as f32).collect())
    };
    (samples, odd)
}

/// Which padded pixels hang together with a corner of the slice: padding lies around the field of
/// view or the body, and the same value elsewhere is tissue.
fn outside(bits: &[u16], shape: &Shape, padding: Padding) -> Vec<bool> {
    let (width, height) = (shape.columns, shape.rows);
    let padded: Vec<bool> = bits.iter().map(|raw| padding.holds(*raw, shape.value(*raw))).collect();
    let mut outside = vec![false; padded.len()];
    let last = (height - 1) * width;
    let mut left = vec![0, width - 1, last, last + width - 1];
    while let Some(at) = left.pop() {
        let (Some(true), Some(seen @ false)) = (padded.get(at), outside.get_mut(at)) else {
            continue;
        };
        *seen = true;
        let x = at % width;
        left.extend(at.checked_sub(width));
        left.extend((at + width < padded.len()).then_some(at + width));
        left.extend((x > 0).then(|| at - 1));
        left.extend((x + 1 < width).then_some(at + 1));
    }
    outside
}
