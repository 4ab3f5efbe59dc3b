//! Which part of the input an activation can have been moved by.

use super::steps::{Does, Step};
use super::trace::{Inside, InsideError, Unit};
use crate::model::Operation;
use serde::Serialize;

/// A rectangle of a map in its pixels: from the first column and row to those behind the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Rect {
    /// First column.
    pub left: i32,
    /// First row.
    pub top: i32,
    /// Behind the last column.
    pub right: i32,
    /// Behind the last row.
    pub bottom: i32,
}

impl Rect {
    fn whole([_, rows, columns]: [usize; 3]) -> Self {
        Self { left: 0, top: 0, right: columns as i32, bottom: rows as i32 }
    }

    /// The part of it that lies on a map.
    fn clipped(self, dims: [usize; 3]) -> Self {
        let Self { right, bottom, .. } = Self::whole(dims);
        Self {
            left: self.left.clamp(0, right),
            top: self.top.clamp(0, bottom),
            right: self.right.clamp(0, right),
            bottom: self.bottom.clamp(0, bottom),
        }
    }

    /// The smallest that holds both.
    fn with(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// What a step needs in front of it to make this part of its map.
    fn before(self, step: &Step, before: [usize; 3]) -> Self {
        let Self { left, top, right, bottom } = self;
        match step.operation {
            Does::Layer(Operation::Convolution { kernel, padding }) => {
                let (back, on) = (padding as i32, kernel as i32 - 1 - padding as i32);
                Self { left: left - back, top: top - back, right: right + on, bottom: bottom + on }
            }
            Does::Layer(Operation::MaxPool) => {
                Self { left: 2 * left, top: 2 * top, right: 2 * right, bottom: 2 * bottom }
            }
            Does::Layer(Operation::Mean | Operation::Dense { .. } | Operation::Softmax) => {
                Self::whole(before)
            }
            _ => self,
        }
    }
}

/// A part of an input, as if every map went on beyond its edge, and what of it lies on the maps.
#[derive(Clone, Copy)]
struct Reach {
    open: Rect,
    clipped: Rect,
}

impl Reach {
    fn with(self, other: Option<Self>) -> Self {
        other.map_or(self, |other| Self {
            open: self.open.with(other.open),
            clipped: self.clipped.with(other.clipped),
        })
    }
}

/// The receptive field of an activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// In the layer before (of two, the first), with the zeros that a padded convolution puts around
    /// it.
    pub before: Rect,
    /// The same without them.
    pub before_clipped: Rect,
    /// In the input, reckoned as if every map went on beyond its edge. Empty where the patch has no
    /// part in it.
    pub input: Rect,
    /// In the input: nothing outside it can change the activation.
    pub input_clipped: Rect,
    /// The same in the surroundings, in pixels of theirs; `None` where they have no part in it.
    pub surroundings: Option<Rect>,
}

impl Inside {
    /// Return the receptive field of the activation at a place; of the input, the pixel itself.
    ///
    /// # Errors
    /// [`InsideError::Nowhere`] where there is no such place.
    pub fn field(&self, place: Unit) -> Result<Field, InsideError> {
        self.check(place)?;
        let (x, y) = (place.x as i32, place.y as i32);
        let own = Rect { left: x, top: y, right: x + 1, bottom: y + 1 };
        let own = Reach { open: own, clipped: own };
        let before = match self.step(place.layer).and_then(|step| step.before.first()) {
            Some(before) => self.needed(place.layer, *before, own)?,
            None => own,
        };
        let [input, surroundings] = self.reach(place.layer, own)?;
        let none = Rect { left: 0, top: 0, right: 0, bottom: 0 };
        let input = input.unwrap_or(Reach { open: none, clipped: none });
        Ok(Field {
            before: before.open,
            before_clipped: before.clipped,
            input: input.open,
            input_clipped: input.clipped,
            surroundings: surroundings.map(|reach| reach.clipped),
        })
    }

    /// Return what a layer of a trace needs of one that it reads.
    fn needed(&self, layer: usize, before: usize, reach: Reach) -> Result<Reach, InsideError> {
        let there = self.dims(before)?;
        let Some(step) = self.step(layer) else { return Ok(reach) };
        Ok(Reach {
            open: reach.open.before(step, there),
            clipped: reach.clipped.before(step, there).clipped(there),
        })
    }

    /// Return what a part of a layer needs of the patch, and of the surroundings.
    fn reach(&self, layer: usize, reach: Reach) -> Result<[Option<Reach>; 2], InsideError> {
        let Some(step) = self.step(layer) else { return Ok([Some(reach), None]) };
        if step.operation == Does::Surroundings {
            return Ok([None, Some(reach)]);
        }
        let mut all = [None; 2];
        for before in &step.before {
            let found = self.reach(*before, self.needed(layer, *before, reach)?)?;
            for (all, found) in all.iter_mut().zip(found) {
                *all = found.map(|found: Reach| found.with(*all)).or(*all);
            }
        }
        Ok(all)
    }
}
