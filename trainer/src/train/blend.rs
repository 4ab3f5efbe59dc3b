//! Which patches of a step are blended with which (mixup), and the seeds of all random numbers.

use crate::config::TrainConfig;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// A patch into which another of its step is blended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mixture {
    /// Position of the other in the step.
    pub with: usize,
    /// Share of the other, in [0, 0.5).
    pub share: f32,
}

/// Choose which patches of a step are blended with which (mixup, as Beyer et al. 2022 use it: what
/// a teacher says of pictures between the pictures tells more of it than the pictures do).
pub fn mixtures(config: &TrainConfig, patches: usize, step: usize) -> Vec<Option<Mixture>> {
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

/// Blend a share of `other` into a patch.
pub fn blend(values: &mut [f32], other: &[f32], share: f32) {
    for (value, other) in values.iter_mut().zip(other) {
        *value += share * (other - *value);
    }
}

/// Make a seed from a seed and a number (the finalizer of SplitMix64): neighbours are unrelated.
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

        let mut values = [0.0, 1.0];
        blend(&mut values, &[1.0, 0.0], 0.25);
        assert_eq!(values, [0.25, 0.75]);
    }
}
