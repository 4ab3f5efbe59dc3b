//! A network's table executed by Burn: the reference that the engine must equal, inference on
//! graphics cards, gradients, and training.

#[cfg(feature = "flex")]
mod adam;
#[cfg(feature = "flex")]
mod block;
mod deploy;
mod inference;
mod maps;
mod network;
mod start;
mod statistics;
mod tied_conv;
#[cfg(feature = "flex")]
mod ties;
mod trainable;

#[cfg(feature = "flex")]
pub use adam::{Adam, Decay};
pub use inference::{batch_tensor, classifier, classifier_for_shaders, view_tensor};
pub use network::Network;
pub use tied_conv::TiedConv;
pub use trainable::Trainable;

#[cfg(test)]
mod test {
    use crate::model::NetworkKind;
    use crate::weights::Parameters;
    use rand::SeedableRng;

    pub(super) fn random(kind: NetworkKind, seed: u64) -> Parameters {
        Parameters::random(kind, &mut rand_pcg::Pcg64Mcg::seed_from_u64(seed))
    }
}
