#![doc = include_str!("../README.md")]
//!
//! ## How it works
//!
//! For one size of input a plan says which algorithm computes each layer and where every map lies.
//! Kernels are packed once and buffers are kept, so that a pass allocates nothing but its answer.
//!
//! | step | module |
//! |---|---|
//! | layers as they are given | [`Layer`] |
//! | size of the input -> algorithms and maps | `plan`, `map` |
//! | convolution as an implicit matrix product | `direct` |
//! | convolution by Winograd's filters | `winograd` |
//! | rows times a panel of weights: where the time goes | `product` |
//! | a few lanes of numbers on each processor | `vector` |
//!
//! Bias, ReLU and a pooling by two behind a convolution are done with it. Maps lie channels
//! innermost, their channels rounded up to a panel, with room for the zeros of the next layer.
//! All of it is tested against convolution by hand in double precision (`tests.rs`).

// Tests may stop at the first surprise.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
// Kernels run over several arrays at once, by place (`vector.rs` says why).
#![allow(clippy::needless_range_loop)]

mod direct;
mod layer;
mod map;
mod plan;
mod pool;
mod product;
mod run;
#[cfg(test)]
mod tests;
pub mod training;
mod vector;
mod winograd;

pub use layer::{Convolution, EngineError, Layer};
pub use run::{Engine, Workspace};
pub use vector::InstructionSet;
