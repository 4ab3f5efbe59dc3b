//! Patch to model input. Trainer, command line and page all call this and nothing else.

use crate::method::{MODEL_WINDOW, PATCH_SAMPLES, PATCH_SIZE};
use crate::patch::{Patch, PatchSamples};
use burn::tensor::{Device, Tensor, TensorData};
use nodulens_imaging::intensity::Grey;

/// The 2,500 values in [0, 1] that a network sees, row-major. CT numbers go through the model's
/// window; grey passes as it is.
#[must_use]
pub fn model_values(patch: &Patch) -> Vec<f32> {
    match patch.samples() {
        PatchSamples::Hu(samples) => samples.iter().map(|hu| MODEL_WINDOW.apply(*hu).0).collect(),
        PatchSamples::Grey(samples) => samples.iter().map(|Grey(grey)| *grey).collect(),
    }
}

/// Stacks model values into a batch.
///
/// # Shapes
/// `values`: a multiple of 2,500 in [0, 1]; anything over is ignored. Returns `[batch, 1, 50, 50]`.
#[must_use]
pub fn batch_tensor(values: Vec<f32>, device: &Device) -> Tensor<4> {
    let batch = values.len() / PATCH_SAMPLES;
    let mut values = values;
    values.truncate(batch * PATCH_SAMPLES);
    Tensor::from_data(TensorData::new(values, [batch, 1, PATCH_SIZE, PATCH_SIZE]), device)
}

/// The values as 8-bit grey for display: what the model saw, rounded to nearest.
#[must_use]
pub fn display_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().map(|value| (value * 255.0 + 0.5) as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nodulens_imaging::intensity::Hu;

    #[test]
    fn hu_goes_through_the_window_and_grey_does_not() {
        let hu = Patch::from_hu(vec![Hu(-300.0); PATCH_SAMPLES]).unwrap();
        let grey = Patch::from_grey(vec![Grey(0.25); PATCH_SAMPLES]).unwrap();
        assert!(model_values(&hu).iter().all(|value| *value == 0.5));
        assert!(model_values(&grey).iter().all(|value| *value == 0.25));
        assert_eq!(display_bytes(&[0.0, 0.5, 1.0, 37.0 / 255.0]), [0, 128, 255, 37]);
    }
}
