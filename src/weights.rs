//! The weights file: one network with all that is needed to use it and to know where it is from.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | magic `NODULENS` |
//! | 4 | format version, little endian |
//! | 4 | length H of the header in bytes, little endian |
//! | H | header, JSON: [`WeightsHeader`] |
//! | ... | parameters in half precision, a safetensors document; names as in `model.rs`, convolutions as `[out, in, y, x]`, dense layers as `[in, out]` |
//! | 32 | SHA-256 of everything before |
//!
//! Version 1 holds every number of the network. Version 2 is that of a network with ties
//! ([`crate::model::symmetry`]), of which eight entries along a parameter's first axis are one: each
//! parameter but the bias of a dense layer holds only the first of each eight, so that its first axis
//! is an eighth as long (`[out / 8, in, y, x]`, a convolution's bias `[out / 8]`, a dense layer
//! `[in / 8, out]`). The others of a convolution on the picture are that kernel under the symmetries
//! in their order. Of a convolution on maps, entry h at the input's entry g of eight is the first at
//! the input's entry h⁻¹ g, under h. Biases and dense weights repeat. Reading writes them out, so that
//! version makes no difference behind it; a network whose ties do not hold is written as version 1.

mod card;
mod error;
mod file;
mod header;
mod parameters;
mod safetensors;
mod ties;

pub use self::safetensors::{Given, HEADER_KEY, read_safetensors, transposed};
pub use card::{
    Card, CardCalibration, CardContested, CardContext, CardEpoch, CardIntervals, CardLearnt,
    CardMetrics, CardSubgroup, CardText, Confusion,
};
pub use error::WeightsError;
pub use file::{read_weights, read_weights_as, write_weights};
pub use header::{Head, Operating, WeightsFile, WeightsHeader};
pub use parameters::{LayerParameters, Parameter, Parameters};
