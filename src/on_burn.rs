//! A network's table executed by Burn: the reference that the engine must equal, inference on
//! graphics cards, gradients, and training.

mod deploy;
mod inference;
mod network;
mod start;
mod statistics;
mod tied_conv;
mod trainable;

pub use inference::{batch_tensor, classifier, classifier_for_shaders};
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
