//! A map of a patch or a canvas, and why there may be none.

use crate::constants::{CONTEXT_SIZE, PATCH_SAMPLES, PATCH_SIZE, VIEW_SAMPLES};
use nodulens_imaging::UserError;

/// A value a pixel, `50 * 50` of a patch alone or `100 * 100` of a canvas, row-major.
pub type Map = Vec<f32>;

/// Pixels of a canvas on each side of its patch.
pub(super) const MARGIN: usize = (CONTEXT_SIZE - PATCH_SIZE) / 2;

/// Why a network gives no map.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExplainError {
    /// Neither 2,500 numbers nor 5,000.
    #[error(
        "a patch has {PATCH_SAMPLES} values, or {VIEW_SAMPLES} with surroundings, and {0} were given"
    )]
    Size(usize),
    /// A layer that has no maps, or that the network does not have.
    #[error("{0} is no layer with maps of this network")]
    Layer(String),
    /// The device did not give the numbers back.
    #[error("the gradients could not be read: {0}")]
    Device(String),
}

impl UserError for ExplainError {
    fn code(&self) -> &'static str {
        "not-explained"
    }

    fn hint(&self) -> &'static str {
        "Choose another patch or another network."
    }
}
