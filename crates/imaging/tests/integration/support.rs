//! What several tests need.

pub mod counting;
pub mod files;
pub mod pictures;
