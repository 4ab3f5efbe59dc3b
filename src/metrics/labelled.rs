//! What figures are made from.

/// A probability with its label.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Labelled {
    /// Probability of a nodule.
    pub probability: f64,
    /// Whether it is one.
    pub nodule: bool,
}

/// Cases for the modules' tests: pairs of probability and class.
#[cfg(test)]
pub(crate) fn labelled(pairs: &[(f64, u8)]) -> Vec<Labelled> {
    pairs
        .iter()
        .map(|(probability, class)| Labelled { probability: *probability, nodule: *class == 1 })
        .collect()
}
