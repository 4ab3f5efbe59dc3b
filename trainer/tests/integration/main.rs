//! The command line from LUNA16's files to a report, as a person would type it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod cards;
mod contested;
mod evaluation;
mod froc;
#[cfg(feature = "gpu")]
mod gpu_training;
mod interchange;
mod luna16;
mod metrics_golden;
mod places;
mod search;
mod serve;
mod stress;
mod support;
mod taught;
mod teachers;
mod training;
mod whole_loop;
