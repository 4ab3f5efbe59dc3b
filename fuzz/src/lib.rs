//! What is fuzzed and with what it begins, for cargo-fuzz and for `tests/integration/fuzz_smoke.rs`, which
//! has these files by path.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod mutate;
pub mod seeds;
pub mod targets;
