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

mod card;
mod error;
mod file;
mod header;
mod parameters;
mod safetensors;

pub use self::safetensors::{Given, HEADER_KEY, read_safetensors, transposed};
pub use card::{
    Card, CardCalibration, CardContested, CardContext, CardEpoch, CardIntervals, CardLearnt,
    CardMetrics, CardSubgroup, CardText, Confusion,
};
pub use error::WeightsError;
pub use file::{read_weights, read_weights_as, write_weights};
pub use header::{Head, Operating, WeightsFile, WeightsHeader};
pub use parameters::{LayerParameters, Parameter, Parameters};
