//! Answers averaged over altered views of a patch, as training shows them.

use super::augment::{Augment, alter};
use super::blend::mix;
use crate::config::TrainConfig;
use crate::dataset::Example;
use anyhow::Result;
use nodulens::constants::{CLASS_NODULE, CLASSES, PATCH_SAMPLES};
use nodulens::on_burn::Network;
use nodulens::on_engine::OnEngine;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

/// Patches that are altered and answered for at once: bounds memory, changes no result.
const BATCH: usize = 480;

/// Over what is averaged.
#[derive(Clone, Copy, Debug)]
pub struct Averaged {
    /// Altered views of each patch.
    pub views: usize,
    /// Seed of the alterations.
    pub seed: u64,
}

/// Return the mean logit (nodule over no nodule) of each patch over altered views, with the surroundings
/// where the network looks at them and they are known. Nothing is hollowed out or blended. `config` says
/// how the views are altered.
///
/// # Errors
/// A network that cannot be read or does not answer.
pub fn mean_logits(
    network: &Network,
    examples: &[&Example],
    config: &TrainConfig,
    averaged: Averaged,
) -> Result<Vec<f64>> {
    let kind = network.kind();
    let engine = OnEngine::new(kind, network.parameters()?)?;
    let config = TrainConfig { network: kind, augment_cavities: 0.0, ..config.clone() };
    let augment = Augment::of(&config);
    let mut means = Vec::with_capacity(examples.len());
    for (batch, chunk) in examples.chunks(BATCH).enumerate() {
        let mut sums = vec![0.0; chunk.len()];
        for view in 0..averaged.views.max(1) {
            let altered: Vec<Vec<f32>> = chunk
                .par_iter()
                .enumerate()
                .map(|(i, example)| {
                    let place = ((batch * BATCH + i) * averaged.views + view) as u64;
                    let mut rng = Pcg64Mcg::seed_from_u64(mix(averaged.seed ^ 0x7EAC, place));
                    let nodule = example.row.nodule_radius_px();
                    alter(&example.canvas, nodule, &augment, &mut rng).values
                })
                .collect();
            let known = |i: &usize| kind.context().is_some() && chunk[*i].has_surroundings();
            let (views, patches): (Vec<usize>, Vec<usize>) = (0..chunk.len()).partition(known);
            let values = |places: &[usize], of_each: usize| -> Vec<f32> {
                places.iter().flat_map(|i| &altered[*i][..of_each]).copied().collect()
            };
            let in_context = match views.is_empty() {
                true => Vec::new(),
                false => engine.views(&values(&views, kind.samples()))?,
            };
            let alone = engine.patches(&values(&patches, PATCH_SAMPLES))?;
            for (places, logits) in [(views, in_context), (patches, alone)] {
                for (i, pair) in places.into_iter().zip(logits.as_chunks::<CLASSES>().0) {
                    sums[i] += f64::from(pair[CLASS_NODULE]) - f64::from(pair[1 - CLASS_NODULE]);
                }
            }
        }
        means.extend(sums.into_iter().map(|sum| sum / averaged.views.max(1) as f64));
    }
    Ok(means)
}
