//! Figures from probabilities and labels. Pure: no files, no networks.
//!
//! | module | what |
//! |---|---|
//! | [`decision`] | net benefit |
//! | [`subgroups`] | results by diameter, slice thickness, fold |
//! | [`froc`] | sensitivity against false positives a scan, CPM |
//!
//! The rest is [`nodulens::metrics`], which the page has, too.
//!
//! Tests compare them with scikit-learn's figures (`tests/reference/metrics.py`) and with cases
//! worked by hand.

pub mod decision;
pub mod froc;
pub mod subgroups;

pub use nodulens::metrics::*;

/// Cases for the modules' tests: pairs of probability and class.
#[cfg(test)]
pub(crate) fn labelled(pairs: &[(f64, u8)]) -> Vec<Labelled> {
    pairs
        .iter()
        .map(|(probability, class)| Labelled { probability: *probability, nodule: *class == 1 })
        .collect()
}
