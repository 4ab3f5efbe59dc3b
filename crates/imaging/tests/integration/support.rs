//! What several tests need.

pub mod codecs;
pub mod counting;
pub mod files;
pub mod pictures;
