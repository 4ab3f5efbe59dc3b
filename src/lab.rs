//! What stands behind the page's explanations: a network that can be looked into.
//!
//! | question | module |
//! |---|---|
//! | which pixels speak for a nodule? | [`explain`] |
//! | how does a network learn? | [`training`] |
//! | what if the patch were a little different? | [`variant`] |
//! | what does every layer make of the patch, and from which numbers? | [`inside`] |

pub mod explain;
pub mod inside;
pub mod training;
pub mod variant;

use crate::model::{NetworkKind, Sequence};
use crate::weights::{Parameter, WeightsContent, WeightsError, WeightsHeader, read_content};
use burn::tensor::Device;

/// A network with its parameters in reach.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Which one it is.
    pub kind: NetworkKind,
    /// What its weights file says of itself.
    pub header: WeightsHeader,
    /// By name, as in the weights file.
    pub parameters: Vec<(String, Parameter)>,
    /// SHA-256 of the weights file, hex.
    pub sha256: String,
}

impl Opened {
    /// Reads a weights file.
    ///
    /// # Errors
    /// As [`read_content`].
    pub fn read(weights: &[u8]) -> Result<Self, WeightsError> {
        let WeightsContent { header, kind, mut parameters, sha256 } = read_content(weights)?;
        // A file's order is anyone's.
        parameters.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(Self { kind, header, parameters, sha256 })
    }

    /// Its layers, to be walked through on a device.
    ///
    /// # Errors
    /// As [`Sequence::new`].
    pub fn sequence(&self, device: &Device) -> Result<Sequence, WeightsError> {
        Sequence::new(self.kind, &self.parameters, device)
    }
}
