//! One module a subcommand: its arguments and what it does.

pub mod classify;
pub mod dataset;
pub mod evaluate;
pub mod export;
pub mod phantom;
pub mod train;
