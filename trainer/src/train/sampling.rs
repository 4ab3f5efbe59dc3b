//! Which patches a step sees, and how they are changed. Every random number follows from (seed,
//! epoch, step, position), so a resumed run makes the same draws as one that was never stopped.

use crate::augment::{Altered, Augment, alter};
use crate::config::TrainConfig;
use crate::dataset::Dataset;
use crate::train::objective::{Objective, Targets};
use anyhow::Result;
use rand::SeedableRng;
use rand::seq::SliceRandom;
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
            let values: Vec<f32> = altered.into_iter().flat_map(|one| one.values).collect();
            let targets = objective.targets(set, batch, &values, &hollowed);
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

/// A seed from a seed and a number (the finalizer of SplitMix64): neighbours are unrelated.
pub fn mix(seed: u64, number: u64) -> u64 {
    let mut z = seed.wrapping_add(number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
