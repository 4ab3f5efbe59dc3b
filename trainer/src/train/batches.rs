//! What a step sees: patches drawn, altered and blended, made ready beside the steps before it.
//!
//! Every random number follows from (seed, epoch, step, position), so a resumed run makes the same
//! draws as one that was never stopped.

use crate::config::TrainConfig;
use crate::dataset::Dataset;
use crate::train::augment::{Altered, Augment, alter};
use crate::train::blend::{blend, mix, mixtures};
use crate::train::targets::{Objective, Targets};
use anyhow::Result;
use burn::tensor::{Device, Tensor};
use nodulens::on_burn::batch_tensor;
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
            let ready = alteration.ready(set, objective, batch, step);
            let failed = ready.is_err();
            if sender.send(ready).is_err() || failed {
                return;
            }
            step += 1;
        }
    }
}

/// How patches are altered in an epoch.
pub struct Alteration {
    config: TrainConfig,
    /// Whether patches are taken as they are.
    none: bool,
}

impl Alteration {
    /// Return how patches are altered in an epoch, counted from 0: the last ones may be clean.
    pub fn in_epoch(config: &TrainConfig, epoch: usize) -> Self {
        let mut config = config.clone();
        let clean = epoch + config.clean_epochs >= config.epochs;
        if clean {
            (config.augment_mix, config.augment_cavities) = (0.0, 0.0);
        }
        Self { none: clean && config.clean_all, config }
    }

    /// Make a step ready: alter and blend the patches of `batch`, and ask the teachers.
    ///
    /// # Errors
    /// Where a teacher cannot compute.
    pub fn ready(
        &self,
        set: &Dataset,
        objective: &Objective,
        batch: &[usize],
        step: usize,
    ) -> Result<Ready> {
        let altered = self.altered(set, batch, step);
        let hollowed: Vec<bool> = altered.iter().map(|one| one.hollowed).collect();
        let mut values: Vec<f32> = altered.into_iter().flat_map(|one| one.values).collect();
        let mixed = mixtures(&self.config, batch.len(), step);
        blend(&mut values, &mixed);
        let targets = objective.targets(set, batch, &values, &hollowed, &mixed)?;
        Ok(Ready { values, targets })
    }

    /// Alter the patches of a step, in the order of `batch`; all cores at work.
    fn altered(&self, set: &Dataset, batch: &[usize], step: usize) -> Vec<Altered> {
        let seed = mix(self.config.seed ^ 0x5EED, step as u64);
        let augment = Augment::of(&self.config);
        batch
            .par_iter()
            .enumerate()
            .map(|(position, index)| {
                let example = &set.examples[*index];
                if self.none {
                    return Altered { values: example.values.clone(), hollowed: false };
                }
                let mut rng = Pcg64Mcg::seed_from_u64(mix(seed, position as u64));
                alter(&example.canvas, example.row.nodule_radius_px(), &augment, &mut rng)
            })
            .collect()
    }
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
        let values = batch.iter().flat_map(|i| set.examples[*i].values.iter().copied());
        batch_tensor(values.collect(), device)
    };
    order.chunks(config.batch_size).take(batches).map(batch).collect()
}

/// Return the indices of one epoch's patches in order: every other patch once, nodules until they
/// are the wanted share (oversampling; each at least once, the extra ones drawn without repeats).
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
