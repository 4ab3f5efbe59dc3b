//! Inference on a device of Burn.

use super::network::Network;
use crate::classifier::Classifier;
use crate::constants::{PATCH_SAMPLES, PATCH_SIZE, VIEW_SAMPLES};
use crate::inference::{ClassifyError, Inference, Logits};
use crate::weights::WeightsError;
use burn::tensor::{Device, Tensor, TensorData};

/// Stack model values into a batch.
///
/// # Shapes
/// `values`: a multiple of 2,500 in [0, 1]; what is left over is ignored. Returns `[batch, 1, 50, 50]`.
#[must_use]
pub fn batch_tensor(values: Vec<f32>, device: &Device) -> Tensor<4> {
    let batch = values.len() / PATCH_SAMPLES;
    let mut values = values;
    values.truncate(batch * PATCH_SAMPLES);
    Tensor::from_data(TensorData::new(values, [batch, 1, PATCH_SIZE, PATCH_SIZE]), device)
}

/// Stack views ([`crate::preprocess::view`]) into a batch.
///
/// # Shapes
/// `values`: a multiple of 5,000 in [0, 1]; what is left over is ignored. Returns `[batch, 2, 50, 50]`.
#[must_use]
pub fn view_tensor(values: Vec<f32>, device: &Device) -> Tensor<4> {
    let batch = values.len() / VIEW_SAMPLES;
    let mut values = values;
    values.truncate(batch * VIEW_SAMPLES);
    Tensor::from_data(TensorData::new(values, [batch, 2, PATCH_SIZE, PATCH_SIZE]), device)
}

/// Read a weights file and put its network on a device of Burn.
///
/// # Errors
/// As [`crate::weights::read_weights`].
pub fn classifier(weights: &[u8], device: &Device) -> Result<Classifier, WeightsError> {
    Classifier::read(weights, |kind, parameters| {
        let (network, device) = (Network::new(kind, parameters, device)?, device.clone());
        Ok(Box::new(OnBurn { network, device }))
    })
}

/// Do the same, with the kernels laid out for the shaders of convolutions.
///
/// # Errors
/// As [`classifier`].
pub fn classifier_for_shaders(weights: &[u8], device: &Device) -> Result<Classifier, WeightsError> {
    Classifier::read(weights, |kind, parameters| {
        let network = Network::for_shaders(kind, parameters, device)?;
        Ok(Box::new(OnBurn { network, device: device.clone() }))
    })
}

/// A network on a device of Burn.
#[derive(Debug)]
struct OnBurn {
    network: Network,
    device: Device,
}

impl Inference for OnBurn {
    fn logits(&self, values: Vec<f32>) -> Logits<'_> {
        let logits = self.network.forward(batch_tensor(values, &self.device));
        Box::pin(numbers(logits))
    }

    fn dense_logits(&self, values: Vec<f32>, [width, height]: [usize; 2], _: usize) -> Logits<'_> {
        let picture = TensorData::new(values, [1, 1, height, width]);
        let picture = Tensor::from_data(picture, &self.device);
        match self.network.forward_dense(picture) {
            // [1, 2, h, w] -> [1, h, w, 2]
            Some(logits) => Box::pin(numbers(logits.permute([0, 2, 3, 1]))),
            None => Box::pin(async { Ok(Vec::new()) }),
        }
    }

    fn logits_in_context(&self, views: Vec<f32>) -> Logits<'_> {
        match self.network.forward_in_context(view_tensor(views, &self.device)) {
            Some(logits) => Box::pin(numbers(logits)),
            None => Box::pin(async { Ok(Vec::new()) }),
        }
    }

    fn dense_logits_in_context(
        &self,
        values: Vec<f32>,
        [width, height]: [usize; 2],
        _: usize,
    ) -> Logits<'_> {
        let picture = TensorData::new(values, [1, 1, height, width]);
        let picture = Tensor::from_data(picture, &self.device);
        match self.network.forward_dense_in_context(picture) {
            // [1, 2, h, w] -> [1, h, w, 2]
            Some(logits) => Box::pin(numbers(logits.permute([0, 2, 3, 1]))),
            None => Box::pin(async { Ok(Vec::new()) }),
        }
    }

    fn name(&self) -> String {
        format!("Burn ({:?})", self.device)
    }
}

/// Read what the device computed. Asynchronous even on the CPU, because a synchronous read on wgpu
/// panics in WebAssembly.
async fn numbers<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, ClassifyError> {
    let data = tensor.into_data_async().await;
    let data = data.map_err(|error| ClassifyError::Device(format!("{error:?}")))?;
    data.try_to_vec().map_err(|error| ClassifyError::Device(format!("{error:?}")))
}
