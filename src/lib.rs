//! Nodulens tells whether a patch of lung CT holds a pulmonary nodule.
//!
//! One crate for both sides: the trainer links it, the browser loads it as WebAssembly. No file
//! system, clock, network or printing in here. Research and teaching software, not a medical
//! device.
//!
//! | step | type | module |
//! |---|---|---|
//! | bytes of files -> pictures and scans | [`GreyImage`](nodulens_imaging::decode::GreyImage), [`Series`](nodulens_imaging::decode::series::Series) | [`nodulens_imaging`] |
//! | volume and position -> square of HU | [`patch::cut::Cut`] | [`patch::cut`] |
//! | image or HU array -> patch of 50 x 50 | [`patch::Patch`] | [`patch`] |
//! | patch -> values in [0, 1], `[batch, 1, 50, 50]` | tensor | [`preprocess`] |
//! | tensor -> logits, `[batch, 2]` | [`model::Network`] | [`model`] |
//! | logits -> probability, decision | [`classifier::Prediction`] | [`classifier`] |
//! | slice -> probability at every place | [`scan::HeatMap`] | [`scan`] |
//! | slices -> ranked places in the body | [`scan::Finding`] | [`scan`] |
//! | findings -> CSV, JSON, HTML, PNG, DICOM SR | [`findings::Report`] | [`findings`] |
//!
//! [`metrics`] says how good answers are. With the feature `lab`, `lab` looks inside the networks, explains answers, and trains.
//!
//! [`method`] holds the numbers chosen before training, [`weights`] the file with those chosen
//! by training, [`phantom`] makes synthetic patches.

// Tests may stop at the first surprise.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod classifier;
pub mod findings;
mod inference;
#[cfg(feature = "lab")]
pub mod lab;
pub mod method;
// The page measures in the lab alone.
#[cfg(any(feature = "lab", not(target_arch = "wasm32")))]
pub mod metrics;
pub mod model;
pub mod patch;
pub mod phantom;
pub mod preprocess;
pub mod scan;
pub mod weights;

#[cfg(target_arch = "wasm32")]
mod wasm_api;
