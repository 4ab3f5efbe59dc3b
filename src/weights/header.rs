//! What a weights file says of itself.

use super::card::{Card, CardText};
use super::error::{WeightsError, mismatch};
use super::parameters::Parameters;
use crate::constants::preprocess_id;
use crate::model::NetworkKind;
use serde::{Deserialize, Serialize};

/// What a weights file says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightsHeader<C = Card> {
    /// Name of the network, one of [`NetworkKind::name`].
    pub network: String,
    /// Preprocessing that the network was trained behind; see [`preprocess_id`].
    pub preprocess_id: String,
    /// Smallest probability that is called a nodule, in (0, 1); chosen on validation.
    pub threshold: f32,
    /// Divisor of the logits before softmax, above 0; 1 where nothing was calibrated.
    pub temperature: f32,
    /// How the weights came about and how good they are: a [`Card`], or its [`CardText`].
    pub card: C,
}

impl WeightsHeader {
    /// Describe weights for which nothing was chosen on validation: threshold 0.5, temperature 1.
    #[must_use]
    pub fn uncalibrated(kind: NetworkKind, card: Card) -> Self {
        Self {
            network: kind.name().to_owned(),
            preprocess_id: preprocess_id(),
            threshold: 0.5,
            temperature: 1.0,
            card,
        }
    }
}

impl WeightsHeader<CardText> {
    /// Take the card apart.
    ///
    /// # Errors
    /// [`WeightsError::Corrupt`] where it is no card.
    pub fn with_card(&self) -> Result<WeightsHeader, WeightsError> {
        let Self { network, preprocess_id, threshold, temperature, card } = self;
        let (network, preprocess_id) = (network.clone(), preprocess_id.clone());
        let (threshold, temperature) = (*threshold, *temperature);
        Ok(WeightsHeader { network, preprocess_id, threshold, temperature, card: card.read()? })
    }
}

/// A weights file that was read and checked.
#[derive(Clone, Debug)]
pub struct WeightsFile<C = Card> {
    /// What the file says of itself.
    pub header: WeightsHeader<C>,
    /// The network that it names.
    pub kind: NetworkKind,
    /// Its parameters. Whether they are those of the network turns out in [`Parameters::by_layer`].
    pub parameters: Parameters,
    /// SHA-256 of the whole file, hex.
    pub sha256: String,
}

/// Check that this program prepares patches as the network wants them, and that its numbers are
/// possible.
pub(super) fn check_header<C>(header: &WeightsHeader<C>) -> Result<(), WeightsError> {
    expect("preprocessing", &header.preprocess_id, &preprocess_id())?;
    let threshold = header.threshold > 0.0 && header.threshold < 1.0;
    let temperature = header.temperature > 0.0 && header.temperature.is_finite();
    if !(threshold && temperature) {
        let found = format!("threshold {}, temperature {}", header.threshold, header.temperature);
        return Err(WeightsError::Corrupt(format!("impossible numbers in the header: {found}")));
    }
    Ok(())
}

fn expect(what: &str, found: &str, expected: &str) -> Result<(), WeightsError> {
    if found == expected { Ok(()) } else { Err(mismatch(what, found, expected)) }
}
