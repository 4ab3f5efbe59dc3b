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
    /// Smallest probability that is called a nodule, in (0, 1); chosen on validation. Of a network with
    /// a context it is that of patches alone.
    pub threshold: f32,
    /// Divisor of the logits before softmax, above 0; 1 where nothing was calibrated. As the threshold,
    /// of patches alone.
    pub temperature: f32,
    /// The same where the surroundings are seen; absent of a network that does not look at them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Operating>,
    /// How the weights came about and how good they are: a [`Card`], or its [`CardText`].
    pub card: C,
}

/// Numbers by which the logits of a head are read.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Operating {
    /// Smallest probability that is called a nodule, in (0, 1).
    pub threshold: f32,
    /// Divisor of the logits before softmax, above 0.
    pub temperature: f32,
}

/// Which part of a network gave an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Head {
    /// The one that sees the patch alone.
    #[default]
    Patch,
    /// The one that sees its surroundings, too.
    Context,
}

impl<C> WeightsHeader<C> {
    /// Return the numbers by which a head is read; of a network without a context those of patches.
    #[must_use]
    pub fn operating(&self, head: Head) -> Operating {
        let patch = Operating { threshold: self.threshold, temperature: self.temperature };
        match head {
            Head::Patch => patch,
            Head::Context => self.context.unwrap_or(patch),
        }
    }
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
            context: kind.context().map(|_| Operating { threshold: 0.5, temperature: 1.0 }),
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
        let Self { network, preprocess_id, threshold, temperature, context, card } = self;
        Ok(WeightsHeader {
            network: network.clone(),
            preprocess_id: preprocess_id.clone(),
            threshold: *threshold,
            temperature: *temperature,
            context: *context,
            card: card.read()?,
        })
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
    for Operating { threshold, temperature } in
        [header.operating(Head::Patch), header.operating(Head::Context)]
    {
        let possible = threshold > 0.0 && threshold < 1.0;
        if !(possible && temperature > 0.0 && temperature.is_finite()) {
            let found = format!("threshold {threshold}, temperature {temperature}");
            return Err(WeightsError::Corrupt(format!(
                "impossible numbers in the header: {found}"
            )));
        }
    }
    Ok(())
}

fn expect(what: &str, found: &str, expected: &str) -> Result<(), WeightsError> {
    if found == expected { Ok(()) } else { Err(mismatch(what, found, expected)) }
}
