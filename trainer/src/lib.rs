//! LUNA16 scans -> patches -> training -> report -> weights: all that the program `nodulens` does.
//!
//! | module | what |
//! |---|---|
//! | [`luna16`], [`volumes`] | a downloaded LUNA16 folder, or any folder of volumes with a list -> patches |
//! | [`dataset`] | a folder of patches -> examples, by the parts of a split |
//! | [`config`], [`train`] | the training keys; the run, and what belongs to it |
//! | [`metrics`], [`report`] | figures; reports, plots and cards made of them |
//! | [`interchange`] | weights for other programs: safetensors, ONNX |
//! | [`commands`] | the command line, one module a subcommand |
//! | [`device`], [`environment`], [`files`], [`shard`], [`tensorboard`], `memory`, `scanner` | what several of them need |

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod commands;
pub mod config;
pub mod dataset;
pub mod device;
pub mod environment;
pub mod files;
pub mod interchange;
pub mod luna16;
mod memory;
pub mod metrics;
pub mod report;
mod scanner;
pub mod shard;
pub mod tensorboard;
pub mod train;
pub mod volumes;
