//! Which part of the input an activation can have been moved by.

use super::trace::{Inside, InsideError, Unit};
use crate::constants::PATCH_SIZE;
use crate::model::{LayerInfo, Operation};
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

    /// What a layer needs in front of it to make this part of its map.
    fn before(self, layer: &LayerInfo, before: [usize; 3]) -> Self {
        let Self { left, top, right, bottom } = self;
        match layer.operation {
            Operation::Convolution { kernel, padding } => {
                let (back, on) = (padding as i32, kernel as i32 - 1 - padding as i32);
                Self { left: left - back, top: top - back, right: right + on, bottom: bottom + on }
            }
            Operation::MaxPool => {
                Self { left: 2 * left, top: 2 * top, right: 2 * right, bottom: 2 * bottom }
            }
            Operation::Dropout => self,
            Operation::Mean | Operation::Dense { .. } | Operation::Softmax => Self::whole(before),
        }
    }
}

/// The receptive field of an activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// In the layer before, with the zeros that a padded convolution puts around it.
    pub before: Rect,
    /// The same without them.
    pub before_clipped: Rect,
    /// In the input, reckoned as if every map went on beyond its edge.
    pub input: Rect,
    /// In the input: nothing outside it can change the activation.
    pub input_clipped: Rect,
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
        let (mut before, mut before_clipped) = (own, own);
        let (mut open, mut clipped) = (own, own);
        for layer in (1..=place.layer).rev() {
            let there = self.dims(layer - 1)?;
            let info = &self.layers[layer - 1];
            open = open.before(info, there);
            clipped = clipped.before(info, there).clipped(there);
            if layer == place.layer {
                (before, before_clipped) = (open, clipped);
            }
        }
        debug_assert!(clipped.right <= PATCH_SIZE as i32);
        Ok(Field { before, before_clipped, input: open, input_clipped: clipped })
    }
}
