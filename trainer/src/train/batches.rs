//! What the steps of a run see and are to answer, made ready beside the steps before them.

use crate::config::TrainConfig;
use crate::dataset::Dataset;
use crate::train::augment::unaltered;
use crate::train::blend::mix;
use crate::train::draw::Alteration;
use crate::train::targets::{Objective, Targets};
use anyhow::Result;
use burn::tensor::{Device, Tensor};
use nodulens::on_burn::{batch_tensor, view_tensor};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;
use std::sync::mpsc::SyncSender;

/// Steps that are made ready ahead.
pub const AHEAD: usize = 2;

/// What a step needs.
pub struct Ready {
    /// Altered patches, 2,500 values each, or views, 5,000 each.
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

/// Make every step's patches and targets ready, in order, until the run ends or nobody listens. It
/// runs beside the training.
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
        let alteration = Alteration::in_epoch(config, epoch);
        for batch in order.chunks(config.batch_size).skip(done) {
            let ready = ready(set, objective, &alteration, batch, step);
            let failed = ready.is_err();
            if sender.send(ready).is_err() || failed {
                return;
            }
            step += 1;
        }
    }
}

/// Make a step ready: draw the patches of `batch`, and ask the teachers.
///
/// # Errors
/// Where a teacher cannot compute.
pub fn ready(
    set: &Dataset,
    objective: &Objective,
    alteration: &Alteration,
    batch: &[usize],
    step: usize,
) -> Result<Ready> {
    let drawn = alteration.draw(set, batch, step);
    let targets = objective.targets(set, &drawn)?;
    Ok(Ready { values: drawn.into_iter().flat_map(|one| one.values).collect(), targets })
}

/// Return up to `batches` batches of training patches as they are, each patch at most once, drawn by
/// the run's seed: the same ones whenever they are asked for.
pub fn clean_batches(
    config: &TrainConfig,
    set: &Dataset,
    batches: usize,
    device: &Device,
) -> Vec<Tensor<4>> {
    let mut order: Vec<usize> = (0..set.examples.len()).collect();
    order.shuffle(&mut Pcg64Mcg::seed_from_u64(mix(config.seed ^ 0xC1EA, 0)));
    let batch = |batch: &[usize]| {
        let examples = batch.iter().map(|i| &set.examples[*i]);
        match config.network.context() {
            None => batch_tensor(examples.flat_map(|one| one.values.clone()).collect(), device),
            Some(_) => {
                view_tensor(examples.flat_map(|one| unaltered(&one.canvas)).collect(), device)
            }
        }
    };
    order.chunks(config.batch_size).take(batches).map(batch).collect()
}

/// Return the indices of one epoch's patches in order: every other patch once, nodules until they
/// are the wanted share (oversampling; each at least once, the extra ones drawn without repeats), and so
/// many of the mined as make their share.
pub fn epoch_order(config: &TrainConfig, set: &Dataset, epoch: usize) -> Vec<usize> {
    let mut rng = Pcg64Mcg::seed_from_u64(mix(config.seed, epoch as u64));
    let (mut mined, own): (Vec<usize>, Vec<usize>) =
        (0..set.examples.len()).partition(|i| set.examples[*i].mined);
    let (mut nodules, mut order): (Vec<usize>, Vec<usize>) =
        own.into_iter().partition(|i| set.examples[*i].row.nodule());
    let share = config.positive_fraction;
    let wanted = (order.len() as f64 * share / (1.0 - share)).round() as usize;
    let mut missing = wanted.max(nodules.len());
    while missing > 0 && !nodules.is_empty() {
        nodules.shuffle(&mut rng);
        order.extend(nodules.iter().take(missing));
        missing = missing.saturating_sub(nodules.len());
    }
    if !mined.is_empty() {
        let share = config.hard_share;
        let wanted = (order.len() as f64 * share / (1.0 - share)).round() as usize;
        mined.shuffle(&mut rng);
        order.extend(mined.iter().cycle().take(wanted));
    }
    order.shuffle(&mut rng);
    order
}
