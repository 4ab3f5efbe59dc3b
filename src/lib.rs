//! Nodulens tells whether a patch of lung CT holds a pulmonary nodule.
//!
//! One crate for both sides: the trainer links it, the browser loads it as WebAssembly. No file
//! system, clock, network or printing in here. Research and teaching software, not a medical
//! device.
//!
//! | step | type | module |
//! |---|---|---|
//! | bytes of files -> pictures and scans | [`GreyImage`](nodulens_imaging::decode::GreyImage), [`Series`](nodulens_imaging::decode::series::Series) | [`nodulens_imaging`] |
//! | volume and position -> square of HU | [`patch::crop::Crop`] | [`patch::crop`] |
//! | image or HU array -> patch of 50 x 50 | [`patch::Patch`] | [`patch`] |
//! | patch -> values in [0, 1] | 2,500 a patch | [`preprocess`] |
//! | layers of a network, in order | [`model::NetworkKind`] | [`model`] |
//! | values -> logits, `[batch, 2]` | [`inference::Inference`] | [`on_engine`], `on_burn` |
//! | logits -> probability, decision | [`classifier::Prediction`] | [`classifier`] |
//! | slice -> probability at every place | [`detection::HeatMap`] | [`detection`] |
//! | slices -> ranked places in the body | [`detection::Finding`] | [`detection`] |
//! | findings -> CSV, JSON, HTML, PNG, DICOM SR | [`findings::Report`] | [`findings`] |
//!
//! [`metrics`] says how good answers are. With a backend of Burn (`flex`, `webgpu`, `ndarray`),
//! `on_burn` executes and trains the same tables; with `flex`, whose gradients it needs, `lab` looks
//! inside the networks, explains answers, and trains.
//!
//! [`constants`] holds the numbers chosen before training, [`weights`] the file with those chosen
//! by training, [`phantom`] makes synthetic patches.

// Tests may stop at the first surprise.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod classifier;
pub mod constants;
pub mod detection;
pub mod findings;
pub mod inference;
#[cfg(feature = "flex")]
pub mod lab;
pub mod metrics;
pub mod model;
#[cfg(any(feature = "flex", feature = "webgpu", feature = "ndarray"))]
pub mod on_burn;
pub mod on_engine;
mod parallel;
pub mod patch;
pub mod phantom;
pub mod preprocess;
pub mod weights;
