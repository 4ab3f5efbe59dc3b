//! One module a subcommand: its arguments and what it does.

pub mod bench;
pub mod classify;
pub mod convert;
pub mod crossval;
pub mod dataset;
pub mod evaluate;
pub mod explain;
pub mod export;
pub mod froc;
pub mod phantom;
pub mod serve;
pub mod train;
