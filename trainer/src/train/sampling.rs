//! Which patches a step sees, and how they are changed. Every random number follows from (seed,
//! epoch, step, position), so a resumed run makes the same draws as one that was never stopped.

use crate::augment::{Altered, Augment, alter};
use crate::config::TrainConfig;
use crate::dataset::Dataset;
use crate::train::objective::{Objective, Targets};
use anyhow::Result;
use nodulens::method::PATCH_SAMPLES;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;
use std::sync::mpsc::SyncSender;

/// Steps that are made ready ahead.
pub const AHEAD: usize = 2;

/// What a step needs.
pub struct Ready {
    /// Altered patches, 2,500 values each.
    pub values: Vec<f32>,
    /// What the network is to answer.
    pub targets: Targets,
}

/// Where a run stands when the feeding begins.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// Epochs finished.
    pub epoch: usize,
    /// Steps done of the next one.
    pub step_in_epoch: usize,
    /// Steps done in all.
    pub step: usize,
}

/// Makes every step's patches and targets ready, in order, until the run ends or nobody listens.
/// It runs beside the training, which by itself leaves a good part of the second core idle.
pub fn feed(
    config: &TrainConfig,
    set: &Dataset,
    objective: &Objective,
    start: Start,
    sender: &SyncSender<Result<Ready>>,
) {
    let mut step = start.step;
    for epoch in start.epoch..config.epochs {
        let order = epoch_order(config, set, epoch);
        let done = if epoch == start.epoch { start.step_in_epoch } else { 0 };
        for batch in order.chunks(config.batch_size).skip(done) {
            let altered = augmented(config, set, batch, step);
            let hollowed: Vec<bool> = altered.iter().map(|one| one.hollowed).collect();
            let mut values: Vec<f32> = altered.into_iter().flat_map(|one| one.values).collect();
            let mixed = mixtures(config, batch.len(), step);
            blend(&mut values, &mixed);
            let targets = objective.targets(set, batch, &values, &hollowed, &mixed);
            let failed = targets.is_err();
            let ready = targets.map(|targets| Ready { values, targets });
            if sender.send(ready).is_err() || failed {
                return;
            }
            step += 1;
        }
    }
}

/// Indices of one epoch's patches in order: every other patch once, nodules until they are the
/// wanted share (each at least once, the extra ones drawn without repeats).
pub fn epoch_order(config: &TrainConfig, set: &Dataset, epoch: usize) -> Vec<usize> {
    let mut rng = Pcg64Mcg::seed_from_u64(mix(config.seed, epoch as u64));
    let (mut nodules, mut order): (Vec<usize>, Vec<usize>) =
        (0..set.examples.len()).partition(|i| set.examples[*i].row.nodule());
    let share = config.positive_fraction;
    let wanted = (order.len() as f64 * share / (1.0 - share)).round() as usize;
    let mut missing = wanted.max(nodules.len());
    while missing > 0 && !nodules.is_empty() {
        nodules.shuffle(&mut rng);
        order.extend(nodules.iter().take(missing));
        missing = missing.saturating_sub(nodules.len());
    }
    order.shuffle(&mut rng);
    order
}

/// Augmented patches of a step, in the order of `batch`; all cores at work.
fn augmented(config: &TrainConfig, set: &Dataset, batch: &[usize], step: usize) -> Vec<Altered> {
    let seed = mix(config.seed ^ 0x5EED, step as u64);
    let augment = Augment::of(config);
    batch
        .par_iter()
        .enumerate()
        .map(|(position, index)| {
            let mut rng = Pcg64Mcg::seed_from_u64(mix(seed, position as u64));
            let example = &set.examples[*index];
            alter(&example.canvas, example.row.nodule_radius_px(), &augment, &mut rng)
        })
        .collect()
}

/// A patch into which another of its step is blended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mixture {
    /// Position of the other in the step.
    pub with: usize,
    /// Share of the other, in [0, 0.5).
    pub share: f32,
}

/// Which patches of a step are blended with which (Beyer et al. 2022: what a teacher says of
/// pictures between the pictures tells more of it than the pictures do).
fn mixtures(config: &TrainConfig, patches: usize, step: usize) -> Vec<Option<Mixture>> {
    if config.augment_mix == 0.0 || patches < 2 {
        return vec![None; patches];
    }
    let mut rng = Pcg64Mcg::seed_from_u64(mix(config.seed ^ 0x0001_313C, step as u64));
    let draw = |i: usize, rng: &mut Pcg64Mcg| {
        let other = (i + rng.random_range(1..patches)) % patches;
        let share = 0.5 * rng.random::<f32>();
        rng.random_bool(config.augment_mix).then_some(Mixture { with: other, share })
    };
    (0..patches).map(|i| draw(i, &mut rng)).collect()
}

fn blend(values: &mut [f32], mixed: &[Option<Mixture>]) {
    let before = values.to_vec();
    let patch = |i: usize| &before[i * PATCH_SAMPLES..(i + 1) * PATCH_SAMPLES];
    for (target, mixture) in values.chunks_exact_mut(PATCH_SAMPLES).zip(mixed) {
        if let Some(Mixture { with, share }) = *mixture {
            for (value, other) in target.iter_mut().zip(patch(with)) {
                *value += share * (other - *value);
            }
        }
    }
}

/// A seed from a seed and a number (the finalizer of SplitMix64): neighbours are unrelated.
pub fn mix(seed: u64, number: u64) -> u64 {
    let mut z = seed.wrapping_add(number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_patches_is_blended_with_others_the_same_each_time() {
        let config = TrainConfig { augment_mix: 0.5, ..TrainConfig::default() };
        let mixed = mixtures(&config, 400, 7);
        assert_eq!(mixed, mixtures(&config, 400, 7));
        assert_ne!(mixed, mixtures(&config, 400, 8));
        let count = mixed.iter().flatten().count();
        assert!((160..240).contains(&count), "{count}");
        for (i, mixture) in mixed.iter().enumerate() {
            let sound = |one: &Mixture| one.with != i && one.with < 400 && one.share < 0.5;
            assert!(mixture.as_ref().is_none_or(sound));
        }
        assert_eq!(mixtures(&TrainConfig::default(), 3, 1), [None; 3]);

        let mut values = [vec![0.0; PATCH_SAMPLES], vec![1.0; PATCH_SAMPLES]].concat();
        blend(&mut values, &[Some(Mixture { with: 1, share: 0.25 }), None]);
        assert_eq!((values[0], values[PATCH_SAMPLES]), (0.25, 1.0));
    }
}
