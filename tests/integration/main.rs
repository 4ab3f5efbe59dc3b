//! The networks, what they find, and what they say of themselves, as a program sees the crate.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

// Shared with nodulens-imaging, and so counted the same way.
#[path = "../../crates/imaging/tests/integration/support/counting.rs"]
mod counting;
mod detection;
mod engine;
mod explain;
mod findings;
mod fuzz_smoke;
mod golden;
mod patches;
mod training;
mod weights_faults;
