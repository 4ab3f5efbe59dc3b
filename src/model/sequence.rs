//! A network as a plain list of layers, to be walked through one by one.

use super::{LayerInfo, NetworkKind, Operation};
use crate::weights::{Parameter, WeightsError, mismatch};
use burn::nn::pool::MaxPool2dConfig;
use burn::tensor::activation::relu;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};
use std::ops::Range;

/// Weights and bias of a layer.
#[derive(Clone, Debug)]
struct Kernels {
    /// `[C out, C in, y, x]`; of a dense layer the kernel is the whole map in front of it.
    weights: Tensor<4>,
    /// `[C out]`
    bias: Tensor<1>,
}

/// The layers of a network with their parameters on a device of Burn. Gives what
/// [`super::Network::forward`] gives, and every map on the way.
#[derive(Clone, Debug)]
pub struct Sequence {
    layers: Vec<(LayerInfo, Option<Kernels>)>,
}

impl Sequence {
    /// The network of these parameters, laid out as in the weights file; what belongs to no layer
    /// is ignored.
    ///
    /// # Errors
    /// [`WeightsError::Mismatch`] names the first parameter that is missing or does not fit.
    pub fn new(
        kind: NetworkKind,
        parameters: &[(String, Parameter)],
        device: &Device,
    ) -> Result<Self, WeightsError> {
        let mut before = vec![1, crate::method::PATCH_SIZE, crate::method::PATCH_SIZE];
        let mut layers = Vec::new();
        for layer in kind.layers() {
            let outputs = layer.output_shape[0];
            let tensor = |part: &str, shape: &[usize]| {
                let name = format!("{}.{part}", layer.name);
                let found = parameters.iter().find(|(present, _)| *present == name);
                let Some((_, Parameter { shape: found, values })) = found else {
                    return Err(mismatch(&name, "absent", format!("{shape:?}")));
                };
                if found != shape {
                    let what = format!("the shape of {name}");
                    return Err(mismatch(&what, format!("{found:?}"), format!("{shape:?}")));
                }
                Ok(TensorData::new(values.clone(), shape.to_vec()))
            };
            let kernels = match layer.operation {
                Operation::Convolution { kernel, .. } => {
                    let shape = [outputs, before[0], kernel, kernel];
                    let weights = Tensor::from_data(tensor("weight", &shape)?, device);
                    let bias = Tensor::from_data(tensor("bias", &[outputs])?, device);
                    Some(Kernels { weights, bias })
                }
                Operation::Dense { .. } => {
                    let inputs = before.iter().product();
                    let side = before.get(1).copied().unwrap_or(1);
                    let weights = tensor("weight", &[inputs, outputs])?;
                    let weights: Tensor<2> = Tensor::from_data(weights, device);
                    let weights = weights.transpose().reshape([outputs, before[0], side, side]);
                    let bias = Tensor::from_data(tensor("bias", &[outputs])?, device);
                    Some(Kernels { weights, bias })
                }
                Operation::MaxPool | Operation::Mean | Operation::Dropout | Operation::Softmax => {
                    None
                }
            };
            before.clone_from(&layer.output_shape);
            layers.push((layer, kernels));
        }
        Ok(Self { layers })
    }

    /// The layers in order.
    pub fn layers(&self) -> impl ExactSizeIterator<Item = &LayerInfo> {
        self.layers.iter().map(|(layer, _)| layer)
    }

    /// Takes a map through these layers. Dropout changes nothing here, and softmax is left to the
    /// classifier, which divides by the temperature first: both pass the map on.
    ///
    /// # Shapes
    /// What stands in front of the first layer, `[B, C, H, W]` (features as `[B, C, 1, 1]`), to
    /// what the last one gives, in the same form.
    #[must_use]
    pub fn through(&self, layers: Range<usize>, map: Tensor<4>) -> Tensor<4> {
        self.layers[layers].iter().fold(map, |map, (layer, kernels)| step(layer, kernels, map))
    }
}

fn step(layer: &LayerInfo, kernels: &Option<Kernels>, map: Tensor<4>) -> Tensor<4> {
    match (layer.operation, kernels) {
        (Operation::Convolution { padding, .. }, Some(kernels)) => {
            relu(convolved(map, kernels, padding))
        }
        (Operation::Dense { relu: cut }, Some(kernels)) => {
            let map = convolved(map, kernels, 0);
            if cut { relu(map) } else { map }
        }
        (Operation::MaxPool, _) => {
            MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init().forward(map)
        }
        (Operation::Mean, _) => map.mean_dim(2).mean_dim(3),
        _ => map,
    }
}

fn convolved(map: Tensor<4>, kernels: &Kernels, padding: usize) -> Tensor<4> {
    let options = ConvOptions::new([1, 1], [padding, padding], [1, 1], 1);
    conv2d(map, kernels.weights.clone(), Some(kernels.bias.clone()), options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::{PATCH_SAMPLES, PATCH_SIZE};
    use crate::preprocess::batch_tensor;
    use crate::weights::parameters;

    #[test]
    fn it_gives_what_the_network_gives() {
        let device = Device::flex();
        device.seed(11);
        for kind in NetworkKind::ALL {
            let network = kind.init(&device);
            let parameters: Vec<_> = parameters(&network).unwrap().into_iter().collect();
            let sequence = Sequence::new(kind, &parameters, &device).unwrap();
            let values = (0..2 * PATCH_SAMPLES).map(|i| ((i * i) % 97) as f32 / 97.0).collect();
            let patches = batch_tensor(values, &device);
            assert_eq!(patches.dims()[2..], [PATCH_SIZE; 2]);
            let all = 0..sequence.layers().len();
            let ours: Vec<f32> =
                sequence.through(all, patches.clone()).into_data().try_to_vec().unwrap();
            let theirs: Vec<f32> = network.forward(patches).into_data().try_to_vec().unwrap();
            let worst = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(ours.len() == 4 && worst < 1e-5, "{kind:?}: {ours:?} and {theirs:?}");
            assert!(Sequence::new(kind, &parameters[1..], &device).is_err());
        }
    }
}
