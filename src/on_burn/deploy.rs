//! From a network in training to the network that ships.

use super::network::Network;
use super::tied_conv::TiedConv;
use super::trainable::{Trainable, Trained, bias};
use crate::model::symmetry::SYMMETRIES;
use burn::tensor::Tensor;

impl Trainable {
    /// Return the network as it ships: normalisation folded into the convolutions, ties written out.
    /// Call it on a network without autodiff (`valid()`).
    #[must_use]
    pub fn deployed(&self) -> Network {
        let kernels = |trained: &Trained| match trained {
            Trained::Tied(conv) => conv.folded(),
            Trained::Convolution(conv) => (conv.weight.val(), bias(conv.bias.as_ref())),
            Trained::Dense(dense) => {
                let weights = dense.weight.val();
                let weights = if self.kind.is_tied() { untied(weights) } else { weights };
                (weights.unsqueeze_dims(&[2, 3]), bias(dense.bias.as_ref()))
            }
        };
        Network::from_kernels(self.kind, self.trained.iter().map(kernels))
    }
}

impl TiedConv {
    /// Kernels and bias with the normalisation folded in.
    ///
    /// # Shapes
    /// `[C out, C in, side, side]` and `[C out]`
    fn folded(&self) -> (Tensor<4>, Tensor<1>) {
        let norm = &self.norm;
        let variance = norm.running_var.value() + norm.epsilon;
        let scale = norm.gamma.val() / variance.sqrt();
        let bias = norm.beta.val() - norm.running_mean.value() * scale.clone();
        let spread = |fields: Tensor<1>| {
            let [count] = fields.dims();
            fields.reshape([count, 1]).repeat_dim(1, SYMMETRIES).reshape([count * SYMMETRIES])
        };
        let scale = spread(scale);
        let [channels] = scale.dims();
        (self.kernels() * scale.reshape([channels, 1, 1, 1]), spread(bias))
    }
}

/// Write the head of a tied network out: a field's mean over eight channels becomes an eighth of its
/// weight on each.
fn untied(weights: Tensor<2>) -> Tensor<2> {
    let [fields, classes] = weights.dims();
    let each = (weights / SYMMETRIES as f64).reshape([fields, 1, classes]);
    each.repeat_dim(1, SYMMETRIES).reshape([fields * SYMMETRIES, classes])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constants::{CLASSES, PATCH_SAMPLES, PATCH_SIZE};
    use crate::model::NetworkKind;
    use crate::model::symmetry::permutation;
    use crate::on_burn::batch_tensor;
    use burn::module::Module;
    use burn::tensor::Device;
    use burn::tensor::Distribution;

    fn values(tensor: Tensor<2>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    fn worst(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    /// A network that has seen batches: its statistics are not the initial ones.
    fn trained_a_little(kind: NetworkKind) -> Trainable {
        let training = Device::flex().autodiff();
        let network = Trainable::new(kind, &training, 0.0);
        for _ in 0..3 {
            let shape = [4, 1, PATCH_SIZE, PATCH_SIZE];
            let patches = Tensor::random(shape, Distribution::Uniform(0.0, 1.0), &training);
            let _ = network.forward(patches).into_data();
        }
        network.valid()
    }

    fn patch() -> Vec<f32> {
        (0..PATCH_SAMPLES).map(|i| ((i * i + 7 * (i / 50)) % 101) as f32 / 101.0).collect()
    }

    #[test]
    fn what_ships_gives_what_was_trained() {
        for kind in NetworkKind::ALL {
            let network = trained_a_little(kind);
            let patches =
                batch_tensor([patch(), vec![0.5; PATCH_SAMPLES]].concat(), &Device::flex());
            let trained = values(network.forward(patches.clone()));
            let shipped = network.deployed();
            assert_eq!(shipped.num_params(), kind.parameters());
            let shipped = values(shipped.forward(patches));
            let difference = worst(&trained, &shipped);
            assert!(difference < 1e-4, "{kind:?}: {trained:?} and {shipped:?}: {difference}");
            // And it is not the same for everything.
            // A draw of weights may lie near it.
            assert!(worst(&trained[..2], &trained[2..]) > 1e-6, "{kind:?}: {trained:?}");
        }
    }

    #[test]
    fn turning_and_mirroring_change_nothing_in_a_tied_network() {
        for kind in NetworkKind::ALL.into_iter().filter(|kind| kind.is_tied()) {
            let network = trained_a_little(kind).deployed();
            let patch = patch();
            let turned = (0..SYMMETRIES).flat_map(|symmetry| {
                let permutation = permutation(symmetry, PATCH_SIZE);
                permutation.into_iter().map(|from| patch[from]).collect::<Vec<_>>()
            });
            let logits = values(network.forward(batch_tensor(turned.collect(), &Device::flex())));
            for (symmetry, pair) in logits.chunks_exact(CLASSES).enumerate() {
                let difference = worst(pair, &logits[..CLASSES]);
                assert!(difference < 1e-4, "symmetry {symmetry} differs by {difference}");
            }
        }
    }
}
