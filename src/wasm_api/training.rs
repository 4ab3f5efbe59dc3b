//! Training while one watches.

use super::convert::{given, plain, refused};
use super::opened::LabNetwork;
use nodulens::lab::training::{Examples, Training};
use nodulens::phantom;
use nodulens::preprocess::model_values;
use nodulens::weights::WeightsFile;
use wasm_bindgen::prelude::*;

/// `labels` has a 1 where a patch holds a nodule; `patients` is empty where they are not known.
fn begin(
    settings: JsValue,
    values: Vec<f32>,
    labels: &[u8],
    patients: Vec<u32>,
    from: Option<&WeightsFile>,
) -> Result<JsTraining, JsValue> {
    let nodule = labels.iter().map(|label| *label == 1).collect();
    let examples = Examples { values, nodule, patients };
    let training = Training::begin(given(settings)?, examples, from).map_err(refused)?;
    Ok(JsTraining { training })
}

/// A small network, from the start.
#[wasm_bindgen(js_name = trainSmall)]
pub fn train_small(
    settings: JsValue,
    values: Vec<f32>,
    labels: &[u8],
    patients: Vec<u32>,
) -> Result<JsTraining, JsValue> {
    begin(settings, values, labels, patients, None)
}

/// Values of `count` synthetic patches, alternately with and without a nodule, the first with one.
#[wasm_bindgen(js_name = phantomValues)]
pub fn phantom_values(seed: u32, count: usize) -> Vec<f32> {
    let made = phantom::patches(u64::from(seed), count);
    made.iter().flat_map(|phantom| model_values(&phantom.patch)).collect()
}

#[wasm_bindgen(js_class = LabNetwork)]
impl LabNetwork {
    /// This network, a little further.
    pub fn train(
        &self,
        settings: JsValue,
        values: Vec<f32>,
        labels: &[u8],
        patients: Vec<u32>,
    ) -> Result<JsTraining, JsValue> {
        begin(settings, values, labels, patients, Some(&self.opened))
    }
}

/// A network in training.
#[wasm_bindgen(js_name = Training)]
pub struct JsTraining {
    training: Training,
}

#[wasm_bindgen(js_class = Training)]
impl JsTraining {
    /// One step.
    pub fn step(&mut self) -> Result<JsValue, JsValue> {
        plain(&self.training.step().map_err(refused)?)
    }

    /// Return the first layer's kernels, one after the other.
    pub fn kernels(&self) -> Result<Vec<f32>, JsValue> {
        Ok(self.training.kernels().map_err(refused)?.0)
    }

    /// Return how many of them there are.
    #[wasm_bindgen(js_name = kernelCount)]
    pub fn kernel_count(&self) -> Result<usize, JsValue> {
        Ok(self.training.kernels().map_err(refused)?.1)
    }

    /// Return which patches are held out.
    pub fn held(&self) -> Vec<u32> {
        self.training.held().iter().map(|place| *place as u32).collect()
    }

    /// A weights file of the network as it is now.
    pub fn weights(&self, data: &str, date: &str) -> Result<Vec<u8>, JsValue> {
        self.training.weights(data, date).map_err(refused)
    }
}
