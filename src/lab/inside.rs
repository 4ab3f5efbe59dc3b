//! Inside a network: what every layer makes of one patch, and the numbers behind each of them.
//!
//! Layers are counted with the input as number 0. A map of features `[N]` counts as `[N, 1, 1]`,
//! so every number has a place: layer, channel, row, column. Where a network sees the surroundings of a
//! patch, they stand behind the patch's layers, with their own behind them; then both are joined.

mod field;
mod kernels;
mod made;
mod numbers;
mod steps;
#[cfg(test)]
mod tests;
mod trace;
mod what_if;

pub use field::{Field, Rect};
pub use kernels::KernelView;
pub use made::{Made, MadeOf, Others, Term};
pub use numbers::Histogram;
pub use steps::{Does, Step};
pub use trace::{Inside, InsideError, Trace, Traced, Unit};
pub use what_if::{Dropped, SoftmaxTerm, rewindowed, shares};
