//! What stands behind the page's explanations: a network that can be looked into.
//!
//! | question | module |
//! |---|---|
//! | which pixels speak for a nodule? | [`explain`] |
//! | are these weights of a user's own sound? | [`own_weights`] |
//! | how does a network learn? | [`training`] |
//! | what if the patch were a little different? | [`variant`] |
//! | what does every layer make of the patch, and from which numbers? | [`inside`] |

pub mod explain;
pub mod inside;
pub mod own_weights;
pub mod training;
pub mod variant;

use crate::constants::{PATCH_SAMPLES, VIEW_SAMPLES};
use crate::model::NetworkKind;
use crate::preprocess::has_surroundings;
use crate::weights::Head;

/// Return what a network looks at of a patch or a view, 2,500 values or 5,000, and which part of it
/// answers; `None` of another number of values.
#[must_use]
pub fn looked_at(kind: NetworkKind, values: &[f32]) -> Option<(&[f32], Head)> {
    match values.len() {
        PATCH_SAMPLES => Some((values, Head::Patch)),
        VIEW_SAMPLES if kind.context().is_some() && has_surroundings(values) => {
            Some((values, Head::Context))
        }
        VIEW_SAMPLES => Some((&values[..PATCH_SAMPLES], Head::Patch)),
        _ => None,
    }
}
