//! LUNA16 patches -> training -> report -> weights. The binary is `cargo trainer`.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod commands;
pub mod config;
pub mod dataset;
pub mod device;
pub mod environment;
pub mod files;
pub mod interchange;
pub mod luna16;
pub mod metrics;
pub mod report;
pub mod shard;
pub mod tensorboard;
pub mod train;
