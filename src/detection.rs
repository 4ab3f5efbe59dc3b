//! A slice or a volume searched for nodules: heat maps, peaks, ranked findings.
//!
//! The caller gives one slice at a time and calls [`SliceSearch::step`] until it is done; each step
//! is a bounded piece of work, so that a worker can report, draw what there is, or stop. Nothing
//! here knows a clock, a file or a thread.
//!
//! | step | type |
//! |---|---|
//! | HU of a slice -> values at a spacing that the networks know | [`SliceImage`] |
//! | values, lung mask -> probabilities, step by step | [`SliceSearch`] -> [`HeatMap`] |
//! | heat map -> places that stand out | [`Peak`] |
//! | HU around a peak -> its diameter | [`diameter_mm`] |
//! | peaks of many slices -> places in the body | [`VolumeSearch`] -> [`Finding`] |
//! | what the scan is -> whether the model was trained on the like | [`suitability`] |

mod diameter;
mod heat_map;
mod image;
mod merge;
mod peaks;
mod plan;
mod slice;
mod suitability;

pub use diameter::diameter_mm;
pub use heat_map::HeatMap;
pub use image::{ASSUMED_PIXEL_MM, SliceError, SliceImage};
pub use merge::{Finding, VolumeSearch, merge, slice_order};
pub use peaks::{Peak, measured_peaks, peaks};
pub use slice::{Progress, SliceSearch};
pub use suitability::{Concern, Facts, suitability};
