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
    use super::Trainable;
    use crate::model::NetworkKind;
    use crate::weights::Parameters;
    use burn::module::{Module, ModuleMapper, Param};
    use burn::tensor::{Device, Tensor, TensorData};
    use nodulens_imaging::phantom::normal;
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    /// Draws parameters from a generator of its own: Burn's is one for the whole process, and tests that
    /// run beside this one draw from it, too.
    struct Drawn(Pcg64Mcg);

    impl ModuleMapper for Drawn {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let (shape, device) = (param.val().dims(), param.val().device());
            let count: usize = shape.iter().product();
            // Gains stay near 1, offsets and biases near 0; these are drawn by Burn, in +-0.4.
            let scale = if D == 1 { 0.1 } else { (2.0 * shape[0] as f32 / count as f32).sqrt() };
            let values: Vec<f32> = (0..count).map(|_| scale * normal(&mut self.0)).collect();
            let drawn = Tensor::<D>::from_data(TensorData::new(values, shape), &device);
            let tensor = if D == 1 { param.val().round() + drawn } else { drawn };
            let tensor =
                if param.is_require_grad() { tensor.detach().require_grad() } else { tensor };
            Param::initialized(param.id, tensor)
        }
    }

    /// A network with weights that follow from the seed alone.
    pub(super) fn trainable(kind: NetworkKind, seed: u64, device: &Device) -> Trainable {
        Trainable::new(kind, device, 0.0).map(&mut Drawn(Pcg64Mcg::seed_from_u64(seed)))
    }

    /// Pictures with values in [0, 1) that follow from the seed alone.
    pub(super) fn pictures(shape: [usize; 4], seed: u64, device: &Device) -> Tensor<4> {
        let mut rng = Pcg64Mcg::seed_from_u64(seed);
        let values = (0..shape.iter().product()).map(|_| rng.random()).collect::<Vec<f32>>();
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    pub(super) fn random(kind: NetworkKind, seed: u64) -> Parameters {
        Parameters::random(kind, &mut rand_pcg::Pcg64Mcg::seed_from_u64(seed))
    }
}
