//! Statistics of batch normalisation, measured on given patches.
//!
//! The running statistics that training keeps come from altered and blended patches, each batch
//! with the weights of its step. What is measured here are mean and variance over all of the given
//! patches, layer by layer, each layer fed by the ones before it as they answer at inference.

use super::tied_conv::TiedConv;
use super::trainable::{Trainable, Trained, pictures};
use crate::model::symmetry::SYMMETRIES;
use crate::model::{ContextLayers, LayerInfo, Operation};
use burn::module::{Param, RunningState};
use burn::nn::BatchNorm;
use burn::nn::pool::MaxPool2dConfig;
use burn::tensor::activation::relu;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Tensor, TensorData};

/// What becomes of gain and offset when the statistics are replaced.
#[derive(Clone, Copy)]
enum Gains {
    /// They stay: what the network computes follows the statistics.
    Stay,
    /// They make up for it: what the network computes at inference stays.
    Follow,
}

impl Trainable {
    /// Return the network with the statistics of its batch normalisation measured on `batches`;
    /// itself where it has none, or there are no batches. All maps of one layer are held at once.
    /// Call it on a network without autodiff (`valid()`).
    ///
    /// # Shapes
    /// `batches`: patches `[B, 1, 50, 50]`, or of a network with a context views `[B, 2, 50, 50]`, in
    /// [0, 1], on the network's device
    #[must_use]
    pub fn with_statistics_of(&self, batches: Vec<Tensor<4>>) -> Self {
        self.measured(batches, Gains::Stay)
    }

    /// Return the network with statistics as [`Self::with_statistics_of`], and with gains and
    /// offsets that keep what it computes at inference: a batch normalised by its own statistics
    /// then gives nearly that, too, so that training goes on from there.
    ///
    /// # Shapes
    /// As [`Self::with_statistics_of`].
    #[must_use]
    pub fn with_statistics_beneath(&self, batches: Vec<Tensor<4>>) -> Self {
        self.measured(batches, Gains::Follow)
    }

    fn measured(&self, batches: Vec<Tensor<4>>, gains: Gains) -> Self {
        let mut network = self.clone();
        if batches.is_empty() {
            return network;
        }
        let mut trained = network.trained.iter_mut();
        let layers = network.kind.layers();
        match network.kind.context() {
            None => drop(measure(&layers, &mut trained, batches, gains)),
            Some(ContextLayers { trunk, joined, head }) => {
                let (patches, surroundings) = batches
                    .into_iter()
                    .map(|views| {
                        let [patches, surroundings] = pictures(views);
                        (patches, surroundings)
                    })
                    .unzip();
                let (before, after) = layers.split_at(joined);
                let features = measure(before, &mut trained, patches, gains);
                measure(after, &mut trained, features.clone(), gains);
                let around = measure(&trunk, &mut trained, surroundings, gains);
                let both = features.into_iter().zip(around);
                let both = both.map(|(patch, around)| Tensor::cat(vec![patch, around], 1));
                measure(&head, &mut trained, both.collect(), gains);
            }
        }
        network
    }
}

/// Replace the statistics of layers, which take their parameters in turn, by those of maps, and return
/// the last maps of convolutions.
fn measure<'a>(
    layers: &[LayerInfo],
    trained: &mut impl Iterator<Item = &'a mut Trained>,
    maps: Vec<Tensor<4>>,
    gains: Gains,
) -> Vec<Tensor<4>> {
    let mut maps = maps;
    for layer in layers {
        let parameters = layer.weight_shape().and_then(|_| trained.next());
        match (layer.operation, parameters) {
            (Operation::Convolution { .. }, Some(Trained::Tied(conv))) => {
                for map in &mut maps {
                    *map = conv.fields(map.clone());
                }
                replace(&mut conv.norm, statistics(&maps), gains);
                for map in &mut maps {
                    *map = conv.activated(map.clone());
                }
            }
            (Operation::MaxPool, _) => {
                let pool = MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init();
                for map in &mut maps {
                    *map = pool.forward(map.clone());
                }
            }
            // Only tied convolutions are normalised, and dense layers stand behind them.
            _ => {}
        }
    }
    maps
}

impl TiedConv {
    /// The convolution alone, as the normalisation reads it.
    ///
    /// # Shapes
    /// `[B, C in, H, W]` -> `[B, F out, 8 * H out, W out]`
    fn fields(&self, x: Tensor<4>) -> Tensor<4> {
        let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
        let x = conv2d(x, self.kernels(), None, options);
        let [batch, channels, height, width] = x.dims();
        x.reshape([batch, channels / SYMMETRIES, SYMMETRIES * height, width])
    }

    /// What follows [`Self::fields`].
    fn activated(&self, fields: Tensor<4>) -> Tensor<4> {
        let [batch, count, height, width] = fields.dims();
        let x = relu(self.norm.forward(fields));
        x.reshape([batch, count * SYMMETRIES, height / SYMMETRIES, width])
    }
}

/// Return mean and variance of each field over all maps.
fn statistics(maps: &[Tensor<4>]) -> [Vec<f32>; 2] {
    // Sums in double precision: of the values, and of the squares about each map's own mean.
    let parts: Vec<(f64, Vec<f32>, Vec<f32>)> = maps
        .iter()
        .map(|map| {
            let [batch, fields, height, width] = map.dims();
            let count = batch * height * width;
            let flat: Tensor<2> = map.clone().swap_dims(0, 1).reshape([fields, count]);
            let (variance, mean) = flat.var_mean_bias(1);
            (count as f64, numbers(mean), numbers(variance))
        })
        .collect();
    let total: f64 = parts.iter().map(|(count, ..)| count).sum();
    let fields = 0..parts.first().map_or(0, |(_, mean, _)| mean.len());
    let mean = |field: usize| {
        parts.iter().map(|(count, mean, _)| count * f64::from(mean[field])).sum::<f64>() / total
    };
    let variance = |field: usize| {
        let all = mean(field);
        let part = |(count, mean, variance): &(f64, Vec<f32>, Vec<f32>)| {
            count * (f64::from(variance[field]) + (f64::from(mean[field]) - all).powi(2))
        };
        parts.iter().map(part).sum::<f64>() / total
    };
    [
        fields.clone().map(|field| mean(field) as f32).collect(),
        fields.map(|field| variance(field) as f32).collect(),
    ]
}

fn numbers(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

fn replace(norm: &mut BatchNorm, [mean, variance]: [Vec<f32>; 2], gains: Gains) {
    let device = norm.gamma.val().device();
    let tensor = |values: Vec<f32>| {
        let count = values.len();
        Tensor::<1>::from_data(TensorData::new(values, [count]), &device)
    };
    let (mean, variance) = (tensor(mean), tensor(variance));
    if let Gains::Follow = gains {
        let before = norm.gamma.val() / (norm.running_var.value() + norm.epsilon).sqrt();
        let offset = norm.beta.val() + (mean.clone() - norm.running_mean.value()) * before.clone();
        let gain = before * (variance.clone() + norm.epsilon).sqrt();
        norm.gamma = Param::initialized(norm.gamma.id, gain);
        norm.beta = Param::initialized(norm.beta.id, offset);
    }
    // Not by `map`, which would change what clones of this network share.
    norm.running_mean = RunningState::new(mean);
    norm.running_var = RunningState::new(variance);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constants::{PATCH_SAMPLES, PATCH_SIZE};
    use crate::model::NetworkKind;
    use crate::on_burn::batch_tensor;
    use crate::on_burn::maps::Maps;
    use burn::module::Module;
    use burn::tensor::{Device, Distribution};

    /// A network that has seen batches unlike the ones it is measured on.
    fn trained_a_little(kind: NetworkKind) -> Trainable {
        let training = Device::flex().autodiff();
        let network = Trainable::new(kind, &training, 0.5);
        for _ in 0..3 {
            let shape = [4, 1, PATCH_SIZE, PATCH_SIZE];
            let patches = Tensor::random(shape, Distribution::Uniform(0.5, 1.0), &training);
            let _ = network.forward(patches).into_data();
        }
        network.valid()
    }

    /// Two batches of unequal size.
    fn batches() -> Vec<Tensor<4>> {
        let batch = |patches: usize, salt: usize| {
            let value = |i: usize| ((i * i + (7 + salt) * (i / 50)) % 101) as f32 / 101.0;
            batch_tensor((0..patches * PATCH_SAMPLES).map(value).collect(), &Device::flex())
        };
        vec![batch(5, 0), batch(2, 3)]
    }

    fn norms<'a>(network: &'a Trainable) -> Vec<&'a TiedConv> {
        let tied = |one: &'a Trained| match one {
            Trained::Tied(conv) => Some(conv),
            _ => None,
        };
        network.trained.iter().filter_map(tied).collect()
    }

    fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    /// Mean and variance of the first field of the first layer, summed up by hand from the pixels.
    #[test]
    fn the_first_layer_has_the_mean_and_variance_reckoned_by_hand() {
        let network = trained_a_little(NetworkKind::Compact);
        let kernels = values(norms(&network)[0].kernels());
        let mut sums = Vec::new();
        for pixels in batches().into_iter().flat_map(|batch| {
            values(batch).chunks(PATCH_SAMPLES).map(<[f32]>::to_vec).collect::<Vec<_>>()
        }) {
            // Eight channels a field, each a kernel of 3 x 3.
            for kernel in kernels[..8 * 9].chunks(9) {
                for (y, x) in (0..48).flat_map(|y| (0..48).map(move |x| (y, x))) {
                    let products = (0..9).map(|k| kernel[k] * pixels[(y + k / 3) * 50 + x + k % 3]);
                    sums.push(f64::from(products.sum::<f32>()));
                }
            }
        }
        let mean = sums.iter().sum::<f64>() / sums.len() as f64;
        let variance = sums.iter().map(|sum| (sum - mean).powi(2)).sum::<f64>() / sums.len() as f64;
        let measured = network.with_statistics_of(batches());
        let norm = &norms(&measured)[0].norm;
        let [found_mean, found_variance] = [&norm.running_mean, &norm.running_var]
            .map(|state| f64::from(values(state.value())[0]));
        assert!((found_mean - mean).abs() < 1e-5, "{found_mean} and {mean}");
        assert!(
            (found_variance - variance).abs() < 1e-4 * variance,
            "{found_variance} and {variance}"
        );
    }

    /// Behind normalisation by its own statistics every field has its offset for a mean and its gain
    /// for a deviation: in every layer, with the layers before it as they answer at inference.
    #[test]
    fn every_layer_is_centred_on_the_patches_that_were_measured() {
        let before = trained_a_little(NetworkKind::Compact);
        let untouched = values(norms(&before)[0].norm.running_mean.value());
        let network = before.with_statistics_of(batches());
        let (mut maps, mut tied) = (batches(), norms(&network).into_iter());
        for layer in NetworkKind::Compact.layers() {
            if let Operation::Convolution { .. } = layer.operation {
                let conv = tied.next().unwrap();
                let fields: Vec<_> = maps.iter().map(|map| conv.fields(map.clone())).collect();
                let normalised: Vec<_> =
                    fields.iter().map(|map| conv.norm.forward(map.clone())).collect();
                let [mean, variance] = statistics(&normalised);
                assert!(mean.iter().all(|mean| mean.abs() < 1e-3), "{}: {mean:?}", layer.name);
                assert!(
                    variance.iter().all(|v| (v - 1.0).abs() < 1e-2),
                    "{}: {variance:?}",
                    layer.name
                );
                for (map, fields) in maps.iter_mut().zip(fields) {
                    let whole = conv.forward(Maps::as_burn(map.clone()), false).channels_first();
                    let parts = conv.activated(fields);
                    let difference = (whole.clone() - parts).abs().max().into_scalar::<f32>();
                    assert!(
                        difference < 1e-5,
                        "the parts of a layer are not the layer: {difference}"
                    );
                    *map = whole;
                }
            } else if layer.operation == Operation::MaxPool {
                let pool = MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init();
                maps = maps.into_iter().map(|map| pool.forward(map)).collect();
            }
        }
        // The network that was asked, and a moving average that shares with it, keep theirs.
        assert_eq!(values(norms(&before)[0].norm.running_mean.value()), untouched);
        assert_ne!(values(norms(&network)[0].norm.running_mean.value()), untouched);
    }

    #[test]
    fn gains_that_follow_keep_what_the_network_computes() {
        let network = trained_a_little(NetworkKind::Compact);
        let patches = || batches().remove(0);
        let before = values(network.forward(patches()));
        let followed = network.with_statistics_beneath(batches());
        let after = values(followed.forward(patches()));
        let changed = values(network.with_statistics_of(batches()).forward(patches()));
        let worst = |other: &[f32]| {
            before.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
        };
        assert!(worst(&after) < 1e-4, "{before:?} and {after:?}");
        assert!(worst(&changed) > 1e-3, "other statistics alone give other logits");
        // Networks without normalisation are what they were.
        let plain = trained_a_little(NetworkKind::Small);
        let same = plain.with_statistics_of(batches());
        assert_eq!(values(plain.forward(patches())), values(same.forward(patches())));
    }
}
