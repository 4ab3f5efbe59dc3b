//! What a network says of the validation part.

use crate::dataset::Example;
use crate::metrics::Labelled;
use anyhow::{Result, ensure};
use nodulens::constants::{CLASS_NODULE, CLASSES};
use nodulens::on_burn::Network;
use nodulens::on_engine::OnEngine;

/// Patches in a validation batch: bounds memory, changes no result.
const VALIDATION_BATCH: usize = 960;

/// Probabilities (temperature 1) of the validation part, in its order.
#[derive(Clone, Debug)]
pub struct Validated {
    /// As the network answers: with the surroundings where it looks at them and they are known.
    pub labelled: Vec<Labelled>,
    /// Mean cross-entropy of these.
    pub loss: f64,
    /// Of the patches alone; `None` of a network that looks at nothing else.
    pub alone: Option<Vec<Labelled>>,
}

/// Measure a network without augmentation or dropout: by our own engine, which is what the page runs,
/// and many times as fast as Burn on the CPU. `network` is one without autodiff.
///
/// # Errors
/// A network that cannot be read; numbers that are not finite: it diverged.
pub fn validate(network: &Network, examples: &[Example]) -> Result<Validated> {
    let kind = network.kind();
    let engine = OnEngine::new(kind, network.parameters()?)?;
    let (mut alone, mut answers) = (Vec::new(), Vec::new());
    for chunk in examples.chunks(VALIDATION_BATCH) {
        let patches: Vec<f32> =
            chunk.iter().flat_map(|example| example.values.iter().copied()).collect();
        let of_patches = apart(&engine.patches(&patches)?)?;
        let views: Vec<Option<Vec<f32>>> = match kind.context() {
            Some(_) => chunk.iter().map(Example::view).collect(),
            None => vec![None; chunk.len()],
        };
        let known: Vec<f32> = views.iter().flatten().flatten().copied().collect();
        let in_context = if known.is_empty() { Vec::new() } else { apart(&engine.views(&known)?)? };
        let mut in_context = in_context.into_iter();
        for (view, of_patch) in views.iter().zip(&of_patches) {
            let with_view = view.as_ref().and_then(|_| in_context.next());
            answers.push(with_view.unwrap_or(*of_patch));
        }
        alone.extend(of_patches);
    }
    let labelled = |apart: &[f64]| -> Vec<Labelled> {
        let pairs = examples.iter().zip(apart);
        let one = |(example, apart): (&Example, &f64)| Labelled {
            probability: 1.0 / (1.0 + (-apart).exp()),
            nodule: example.row.nodule(),
        };
        pairs.map(one).collect()
    };
    let loss: f64 = examples
        .iter()
        .zip(&answers)
        .map(|(example, apart)| {
            // log(1 + e^x) without overflow.
            let against = if example.row.nodule() { -apart } else { *apart };
            against.max(0.0) + (-against.abs()).exp().ln_1p()
        })
        .sum();
    Ok(Validated {
        labelled: labelled(&answers),
        loss: loss / examples.len() as f64,
        alone: kind.context().map(|_| labelled(&alone)),
    })
}

/// Return how far the logit of a nodule lies above the other, for each pair.
fn apart(logits: &[f32]) -> Result<Vec<f64>> {
    ensure!(
        logits.iter().all(|logit| logit.is_finite()),
        "the network gives numbers that are not finite on the validation part: it diverged. Start a \
         new run with a smaller --learning-rate; the best checkpoint is kept"
    );
    let pairs = logits.as_chunks::<CLASSES>().0.iter();
    let apart =
        |pair: &[f32; CLASSES]| f64::from(pair[CLASS_NODULE]) - f64::from(pair[1 - CLASS_NODULE]);
    Ok(pairs.map(apart).collect())
}
