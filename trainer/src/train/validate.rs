//! What a network says of the validation part.

use crate::dataset::Example;
use crate::metrics::Labelled;
use anyhow::{Result, anyhow, ensure};
use burn::tensor::Device;
use burn::tensor::activation::log_softmax;
use nodulens::constants;
use nodulens::on_burn::{Network, batch_tensor};

/// Patches in a validation batch: bounds memory, changes no result.
const VALIDATION_BATCH: usize = 96;

/// Return probabilities (temperature 1) and mean cross-entropy, without augmentation or dropout.
///
/// # Errors
/// Numbers that are not finite: the network diverged.
pub fn validate(
    network: &Network,
    examples: &[Example],
    device: &Device,
) -> Result<(Vec<Labelled>, f64)> {
    let (mut labelled, mut loss) = (Vec::with_capacity(examples.len()), 0.0);
    for chunk in examples.chunks(VALIDATION_BATCH) {
        let values = chunk.iter().flat_map(|example| example.values.iter().copied()).collect();
        let logits = network.forward(batch_tensor(values, device));
        let logs = log_softmax(logits, 1).into_data().try_to_vec::<f32>();
        let logs = logs.map_err(|error| anyhow!("validation: {error:?}"))?;
        ensure!(
            logs.iter().all(|log| !log.is_nan()),
            "the network gives numbers that are not finite on the validation part: it diverged. \
             Start a new run with a smaller --learning-rate; the best checkpoint is kept"
        );
        for (example, pair) in chunk.iter().zip(logs.chunks_exact(constants::CLASSES)) {
            let nodule = example.row.nodule();
            loss -= f64::from(pair[usize::from(nodule)]);
            let probability = f64::from(pair[constants::CLASS_NODULE]).exp();
            labelled.push(Labelled { probability, nodule });
        }
    }
    Ok((labelled, loss / examples.len() as f64))
}
