//! From weights that ship back to a network in training: the way of `deploy.rs`, backwards.

use super::network::Network;
use super::tied_conv::TiedConv;
use super::trainable::{Trainable, Trained};
use crate::model::NetworkKind;
use crate::model::symmetry::SYMMETRIES;
use crate::weights::{LayerParameters, Parameters, WeightsError};
use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};

/// How far tied numbers may lie from each other, in shares of the largest of their parameter. Files of
/// ours hold the same half-precision number in each; others may have been rounded on their way.
const TIE_TOLERANCE: f32 = 2e-3;

impl Trainable {
    /// Put weights into a network to train on from there, with a share of units dropped.
    ///
    /// A network without ties takes them as they are. Of a tied one a weights file has the ties written
    /// out and the normalisation folded in: of each eight kernels it takes the one that is not turned,
    /// and normalises by a mean of 0, a variance of 1 and no gain, with the bias for an offset. At
    /// inference that is the network of the file. Batches in training have statistics of their own, so
    /// call [`Self::with_statistics_beneath`] before training.
    ///
    /// # Errors
    /// [`WeightsError::Mismatch`] names the first parameter that does not fit, or whose kernels are not
    /// tied where the network's are.
    pub fn from_weights(
        kind: NetworkKind,
        parameters: Parameters,
        device: &Device,
        dropout: f64,
    ) -> Result<Self, WeightsError> {
        let mut network = Self::new(kind, device, dropout);
        let layers = parameters.clone().by_layer(kind)?;
        let given = layers.into_iter().filter_map(|(_, parameters)| parameters);
        for (trained, LayerParameters { weights, bias }) in network.trained.iter_mut().zip(given) {
            let weights = TensorData::new(weights.values, weights.shape);
            let bias = Tensor::from_data(TensorData::new(bias.values, bias.shape), device);
            match trained {
                Trained::Tied(conv) => conv.start(Tensor::from_data(weights, device), bias),
                Trained::Convolution(conv) => {
                    conv.weight = Param::from_tensor(Tensor::from_data(weights, device));
                    conv.bias = Some(Param::from_tensor(bias));
                }
                Trained::Dense(dense) => {
                    let weights = Tensor::from_data(weights, device);
                    let weights = if kind.is_tied() { tied(weights) } else { weights };
                    dense.weight = Param::from_tensor(weights);
                    dense.bias = Some(Param::from_tensor(bias));
                }
            }
        }
        if kind.is_tied() {
            check_ties(&parameters, &network.deployed())?;
        }
        Ok(network)
    }
}

impl TiedConv {
    /// Take the kernels that are not turned, `[C out, C in, side, side]` in all, and a bias `[C out]`.
    fn start(&mut self, kernels: Tensor<4>, bias: Tensor<1>) {
        let shape = self.weight.dims();
        let [channels, inputs, height, width] = kernels.dims();
        let fields = channels / SYMMETRIES;
        let first: Tensor<5> = kernels.reshape([fields, SYMMETRIES, inputs, height, width]);
        let first = first.slice([0..fields, 0..1]);
        self.weight = Param::from_tensor(first.reshape(shape));
        let offset: Tensor<2> = bias.reshape([fields, SYMMETRIES]).slice([0..fields, 0..1]);
        let offset: Tensor<1> = offset.reshape([fields]);
        // The fresh statistics are 0 and 1, and a variance of 1 is read as 1 + epsilon.
        let gain = offset.ones_like() * (1.0 + self.norm.epsilon).sqrt();
        self.norm.gamma = Param::from_tensor(gain);
        self.norm.beta = Param::from_tensor(offset);
    }
}

/// Draw the head of a tied network together: a field's weight is the sum of those of its channels.
fn tied(weights: Tensor<2>) -> Tensor<2> {
    let [channels, classes] = weights.dims();
    let fields = channels / SYMMETRIES;
    let each: Tensor<3> = weights.reshape([fields, SYMMETRIES, classes]);
    each.sum_dim(1).reshape([fields, classes])
}

/// Check that writing the ties out again gives what was given.
fn check_ties(given: &Parameters, network: &Network) -> Result<(), WeightsError> {
    let again = network.parameters()?;
    for (name, parameter) in given.iter() {
        let Some(other) = again.get(name) else { continue };
        let size = parameter.values.iter().fold(0.0, |most: f32, value| most.max(value.abs()));
        let pairs = parameter.values.iter().zip(&other.values);
        let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        if worst > TIE_TOLERANCE * size {
            return Err(WeightsError::Mismatch {
                what: name.to_owned(),
                found: "free".to_owned(),
                expected: "tied under turns and mirroring, as this network is trained".to_owned(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constants::PATCH_SAMPLES;
    use crate::on_burn::batch_tensor;
    use crate::on_burn::test::random;
    use burn::module::Module;

    fn patches() -> Tensor<4> {
        let value = |i: usize| ((i * i + 7 * (i / 50)) % 101) as f32 / 101.0;
        batch_tensor((0..3 * PATCH_SAMPLES).map(value).collect(), &Device::flex())
    }

    fn worst(a: Tensor<2>, b: Tensor<2>) -> f32 {
        (a - b).abs().max().into_scalar::<f32>()
    }

    #[test]
    fn what_shipped_is_trained_on_from_where_it_was() {
        let device = Device::flex();
        for kind in NetworkKind::ALL {
            let shipped = Trainable::new(kind, &device, 0.0).deployed();
            let parameters = shipped.parameters().unwrap();
            let start = Trainable::from_weights(kind, parameters, &device, 0.0).unwrap();
            let difference = worst(start.forward(patches()), shipped.forward(patches()));
            assert!(difference < 1e-4, "{kind:?} answers otherwise by {difference}");
            // Patches, and another picture of each for its surroundings.
            let views = || Tensor::cat(vec![patches(), patches().flip([2])], 1);
            let seen = if kind.context().is_some() { views() } else { patches() };
            let start = start.with_statistics_beneath(vec![seen]);
            let difference = worst(start.forward(patches()), shipped.forward(patches()));
            assert!(difference < 1e-4, "{kind:?} with statistics beneath: {difference}");
            if let (_, Some(logits)) = start.forward_in_context(views()) {
                let difference = worst(logits, shipped.forward_in_context(views()).unwrap());
                assert!(difference < 1e-4, "{kind:?} in context: {difference}");
            }
            // In training a batch is normalised by its own statistics, and here they are the same.
            let training = Device::flex().autodiff();
            let record = start.into_record();
            let start = Trainable::new(kind, &training, 0.0).load_record(record);
            let logits = start.forward(Tensor::from_inner(patches())).inner();
            let difference = worst(logits, shipped.forward(patches()));
            assert!(difference < 1e-3, "{kind:?} in training: {difference}");
        }
    }

    #[test]
    fn a_tied_network_cannot_start_from_free_weights() {
        let kind = NetworkKind::Compact;
        let error = Trainable::from_weights(kind, random(kind, 1), &Device::flex(), 0.0);
        let error = error.unwrap_err().to_string();
        assert!(error.contains("conv1.weight") && error.contains("tied"), "{error}");
        let other = random(NetworkKind::Small, 1);
        assert!(Trainable::from_weights(kind, other, &Device::flex(), 0.0).is_err());
    }
}
