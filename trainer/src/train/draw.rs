//! The patches of a step as the network sees them: altered, and blended with others (mixup).
//!
//! Every random number follows from the seed and from where the patch stands: in the run (step and
//! position), so that no two steps see the same; or, with `teacher_views`, among the fixed views of
//! its training patch, so that the teachers need to answer once for each view.

use crate::config::TrainConfig;
use crate::dataset::Dataset;
use crate::train::augment::{Altered, Augment, alter, unaltered};
use crate::train::blend::{Mixture, blend, mix, mixtures};
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

/// A patch as a step sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// Which patch of the training part.
    pub index: usize,
    /// A patch of 2,500 values in [0, 1], or a view of 5,000.
    pub values: Vec<f32>,
    /// Whether it is a nodule that was hollowed out.
    pub hollowed: bool,
    /// What was blended into it.
    pub other: Option<Other>,
    /// Names the view among all of the training part, where there is a fixed number of them.
    pub view: Option<u64>,
}

/// What was blended into a patch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Other {
    /// Which patch of the training part.
    pub index: usize,
    /// Whether it is a nodule that was hollowed out.
    pub hollowed: bool,
    /// Its share, in [0, 0.5).
    pub share: f64,
}

/// How patches are altered in an epoch.
pub struct Alteration {
    config: TrainConfig,
    augment: Augment,
    /// Whether blends and cavities are left out.
    clean: bool,
    /// Whether patches are taken as they are.
    none: bool,
}

impl Alteration {
    /// Return how patches are altered in an epoch, counted from 0: the last ones may be clean.
    pub fn in_epoch(config: &TrainConfig, epoch: usize) -> Self {
        let mut config = config.clone();
        let clean = config.clean_epochs > 0 && epoch + config.clean_epochs >= config.epochs;
        if clean {
            (config.augment_mix, config.augment_cavities) = (0.0, 0.0);
        }
        Self { augment: Augment::of(&config), clean, none: clean && config.clean_all, config }
    }

    /// Draw the patches of a step, in the order of `batch`; all cores at work.
    pub fn draw(&self, set: &Dataset, batch: &[usize], step: usize) -> Vec<Drawn> {
        if self.config.teacher_views > 0 && !self.config.teachers.is_empty() {
            return self.views(set, batch, step);
        }
        let seed = mix(self.config.seed ^ 0x5EED, step as u64);
        let altered: Vec<Altered> = batch
            .par_iter()
            .enumerate()
            .map(|(position, index)| self.altered(set, *index, mix(seed, position as u64)))
            .collect();
        let mixed = mixtures(&self.config, batch.len(), step);
        let drawn = |(position, mixture): (usize, &Option<Mixture>)| {
            let Altered { mut values, hollowed } = altered[position].clone();
            let other = mixture.map(|Mixture { with, share }| {
                blend(&mut values, &altered[with].values, share);
                let (index, hollowed) = (batch[with], altered[with].hollowed);
                Other { index, hollowed, share: f64::from(share) }
            });
            Drawn { index: batch[position], values, hollowed, other, view: None }
        };
        mixed.iter().enumerate().map(drawn).collect()
    }

    /// Draw one of the fixed views of each patch.
    fn views(&self, set: &Dataset, batch: &[usize], step: usize) -> Vec<Drawn> {
        // Patches that are taken as they are have one view.
        let views = if self.none { 1 } else { self.config.teacher_views };
        let seed = mix(self.config.seed ^ 0x71E3, step as u64);
        batch
            .par_iter()
            .enumerate()
            .map(|(position, index)| {
                let mut rng = Pcg64Mcg::seed_from_u64(mix(seed, position as u64));
                self.view(set, *index, rng.random_range(0..views))
            })
            .collect()
    }

    /// Draw a view of a patch: the same whenever it is asked for.
    fn view(&self, set: &Dataset, index: usize, view: usize) -> Drawn {
        let name = |index: usize, view: usize| {
            let place = index * self.config.teacher_views + view;
            // Clean views are others than those of the epochs before.
            mix(self.config.seed ^ if self.clean { 0xC1EA } else { 0x51E3 }, place as u64)
        };
        let view = name(index, view);
        let Altered { mut values, hollowed } = self.altered(set, index, view);
        let mut rng = Pcg64Mcg::seed_from_u64(mix(view, 1));
        let patches = set.examples.len();
        let mixture = self.mixture(index, patches, &mut rng);
        let other = mixture.map(|Mixture { with, share }| {
            let other = self.altered(set, with, rng.random());
            blend(&mut values, &other.values, share);
            Other { index: with, hollowed: other.hollowed, share: f64::from(share) }
        });
        Drawn { index, values, hollowed, other, view: Some(view) }
    }

    /// Choose what is blended into a view: any other patch of the training part.
    fn mixture(&self, index: usize, patches: usize, rng: &mut impl Rng) -> Option<Mixture> {
        if self.config.augment_mix == 0.0 || patches < 2 {
            return None;
        }
        let with = (index + rng.random_range(1..patches)) % patches;
        let share = 0.5 * rng.random::<f32>();
        rng.random_bool(self.config.augment_mix).then_some(Mixture { with, share })
    }

    fn altered(&self, set: &Dataset, index: usize, seed: u64) -> Altered {
        let example = &set.examples[index];
        if self.none {
            let values = match self.config.network.context() {
                Some(_) => unaltered(&example.canvas),
                None => example.values.clone(),
            };
            return Altered { values, hollowed: false };
        }
        let mut rng = Pcg64Mcg::seed_from_u64(seed);
        alter(&example.canvas, example.row.nodule_radius_px(), &self.augment, &mut rng)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Canvas, Example, ManifestRow};
    use nodulens::constants::{PATCH_SAMPLES, PATCH_SIZE};
    use std::collections::HashSet;

    /// Nodules and others with pixels of their own; the nodules can be hollowed out.
    fn set(patches: usize) -> Dataset {
        let example = |i: usize| {
            let row = ManifestRow { class: (i % 2) as u8, ..ManifestRow::default() };
            let grey: Vec<u8> = (0..PATCH_SAMPLES)
                .map(|p| {
                    let (dx, dy) = ((p % 50).abs_diff(25), (p / 50).abs_diff(25));
                    if dx * dx + dy * dy < 80 { 180 } else { (i * 5 + p % 7) as u8 }
                })
                .collect();
            let values = grey.iter().map(|grey| f32::from(*grey) / 255.0).collect();
            Example {
                row,
                values,
                canvas: Canvas { side: PATCH_SIZE, grey, coarse: None },
                digest: [0; 32],
                mined: false,
            }
        };
        let examples = (0..patches).map(example).collect();
        Dataset { examples, skipped: Vec::new(), hash: String::new() }
    }

    fn config() -> TrainConfig {
        TrainConfig {
            epochs: 10,
            augment_mix: 0.5,
            augment_cavities: 0.5,
            clean_epochs: 3,
            teachers: vec!["t".into()],
            ..TrainConfig::default()
        }
    }

    #[test]
    fn the_last_epochs_are_clean() {
        let set = set(8);
        let batch: Vec<usize> = (0..8).collect();
        let unclean = |config: &TrainConfig, epoch: usize| {
            let alteration = Alteration::in_epoch(config, epoch);
            let steps = (0..20).flat_map(|step| alteration.draw(&set, &batch, step));
            steps.filter(|drawn| drawn.hollowed || drawn.other.is_some()).count()
        };
        for views in [0, 4] {
            let config = TrainConfig { teacher_views: views, ..config() };
            assert!(unclean(&config, 6) > 40, "epoch 7 of 10, {views} views");
            assert_eq!(unclean(&config, 7), 0, "epoch 8 of 10, {views} views");
            let never = TrainConfig { clean_epochs: 0, ..config.clone() };
            assert!(unclean(&never, 9) > 40);
            let all = TrainConfig { clean_all: true, ..config };
            assert!(unclean(&all, 6) > 40);
            let still = Alteration::in_epoch(&all, 9).draw(&set, &batch, 3);
            assert!(still.iter().all(|one| one.values == set.examples[one.index].values));
            // Without that key clean patches are turned still.
            let turned = Alteration::in_epoch(&config_of(&all), 9).draw(&set, &batch, 3);
            assert!(turned.iter().any(|one| one.values != set.examples[one.index].values));
        }
    }

    fn config_of(all: &TrainConfig) -> TrainConfig {
        TrainConfig { clean_all: false, ..all.clone() }
    }

    #[test]
    fn a_patch_has_as_many_views_as_asked_for_and_each_is_always_the_same() {
        let set = set(6);
        let config = TrainConfig { teacher_views: 3, ..config() };
        let batch = [4, 1, 4, 0, 2, 2];
        let mut seen = std::collections::HashMap::new();
        let alteration = Alteration::in_epoch(&config, 0);
        for step in 0..60 {
            for drawn in alteration.draw(&set, &batch, step) {
                let before = seen.entry(drawn.view.unwrap()).or_insert_with(|| drawn.clone());
                assert_eq!(*before, drawn);
            }
        }
        let of = |index: usize| seen.values().filter(|drawn| drawn.index == index).count();
        assert_eq!([of(0), of(1), of(2), of(3), of(4)], [3, 3, 3, 0, 3]);
        let others: HashSet<usize> =
            seen.values().filter_map(|drawn| Some(drawn.other?.index)).collect();
        assert!(others.len() > 2, "blended with any: {others:?}");
        // Views of clean epochs are not those from before.
        let clean = Alteration::in_epoch(&config, 9).draw(&set, &batch, 0);
        assert!(clean.iter().all(|drawn| !seen.contains_key(&drawn.view.unwrap())));
        // Without teachers there is nothing to spare.
        let config = TrainConfig { teachers: Vec::new(), ..config };
        let drawn = Alteration::in_epoch(&config, 0).draw(&set, &batch, 0);
        assert!(drawn.iter().all(|drawn| drawn.view.is_none()));
    }

    #[test]
    fn a_blend_is_made_of_the_altered_patches_of_its_step() {
        let set = set(6);
        let batch: Vec<usize> = (0..6).collect();
        let plain = TrainConfig { augment_mix: 0.0, ..config() };
        let before = Alteration::in_epoch(&plain, 0).draw(&set, &batch, 5);
        let after = Alteration::in_epoch(&config(), 0).draw(&set, &batch, 5);
        assert!(after.iter().any(|drawn| drawn.other.is_some()));
        for (before_one, one) in before.iter().zip(&after) {
            let Some(Other { index, hollowed, share }) = one.other else {
                assert_eq!(before_one, one);
                continue;
            };
            let other = &before[index];
            assert_eq!(hollowed, other.hollowed);
            for ((found, a), b) in one.values.iter().zip(&before_one.values).zip(&other.values) {
                assert!((found - (a + share as f32 * (b - a))).abs() < 1e-6);
            }
        }
    }
}
