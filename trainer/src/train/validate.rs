//! What a network says of the validation part.

use crate::dataset::Example;
use crate::metrics::Labelled;
use anyhow::{Result, ensure};
use nodulens::constants::{CLASS_NODULE, CLASSES};
use nodulens::on_burn::Network;
use nodulens::on_engine::OnEngine;

/// Patches in a validation batch: bounds memory, changes no result.
const VALIDATION_BATCH: usize = 960;

/// Return probabilities (temperature 1) and mean cross-entropy, without augmentation or dropout: by our
/// own engine, which is what the page runs, and many times as fast as Burn on the CPU. `network` is one
/// without autodiff.
///
/// # Errors
/// A network that cannot be read; numbers that are not finite: it diverged.
pub fn validate(network: &Network, examples: &[Example]) -> Result<(Vec<Labelled>, f64)> {
    let engine = OnEngine::new(network.kind(), network.parameters()?)?;
    let (mut labelled, mut loss) = (Vec::with_capacity(examples.len()), 0.0);
    for chunk in examples.chunks(VALIDATION_BATCH) {
        let values: Vec<f32> =
            chunk.iter().flat_map(|example| example.values.iter().copied()).collect();
        let logits = engine.patches(&values)?;
        ensure!(
            logits.iter().all(|logit| logit.is_finite()),
            "the network gives numbers that are not finite on the validation part: it diverged. \
             Start a new run with a smaller --learning-rate; the best checkpoint is kept"
        );
        for (example, pair) in chunk.iter().zip(logits.as_chunks::<CLASSES>().0) {
            let nodule = example.row.nodule();
            let apart = f64::from(pair[CLASS_NODULE]) - f64::from(pair[1 - CLASS_NODULE]);
            // log(1 + e^x) without overflow.
            let against = if nodule { -apart } else { apart };
            loss += against.max(0.0) + (-against.abs()).exp().ln_1p();
            labelled.push(Labelled { probability: 1.0 / (1.0 + (-apart).exp()), nodule });
        }
    }
    Ok((labelled, loss / examples.len() as f64))
}
