//! Temperature scaling (Guo et al. 2017): one number that softens or sharpens all probabilities
//! and changes no ranking. Works on logits: the logit of "nodule" minus the one of "no nodule".

use super::labelled::Labelled;
use super::reliability::{brier, calibration_error, calibration_error_equal_mass};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

/// Folds of the cross-fitted estimate.
pub const FOLDS: usize = 5;
/// Range of temperatures. Logits that separate the classes would take 0, useless ones infinity.
const RANGE: [f64; 2] = [0.05, 20.0];

/// A logit difference before temperature, with its label.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Logit {
    /// Logit of "nodule" minus logit of "no nodule".
    pub value: f64,
    /// Whether it is one.
    pub nodule: bool,
}

impl Logit {
    /// Probability of a nodule at a temperature above 0.
    pub fn at(self, temperature: f64) -> Labelled {
        Labelled {
            probability: 1.0 / (1.0 + (-self.value / temperature).exp()),
            nodule: self.nodule,
        }
    }

    /// Return the logit of the truth: positive where the decision at 0.5 is right.
    fn margin(self) -> f64 {
        if self.nodule { self.value } else { -self.value }
    }
}

/// How good probabilities are as probabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CalibrationScores {
    /// Expected calibration error, 15 bins of equal width.
    pub ece: f64,
    /// The same, 15 bins of equal count.
    pub ece_equal_mass: f64,
    /// Brier score.
    pub brier: f64,
    /// Mean negative log-likelihood in nats.
    pub log_loss: f64,
}

/// Temperature scaling fitted and judged on one part without judging any patch by a temperature
/// that it helped to choose.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CrossFit {
    /// Temperature fitted on the whole part.
    pub temperature: f64,
    /// Temperatures of the folds, each fitted on the others.
    pub fold_temperatures: Vec<f64>,
    /// Scores at temperature 1.
    pub before: CalibrationScores,
    /// Scores of the pooled held-out probabilities.
    pub after: CalibrationScores,
}

/// Mean negative log-likelihood at a temperature; exact however large the logits are.
pub fn log_loss_at(logits: &[Logit], temperature: f64) -> f64 {
    let loss = |logit: &Logit| {
        let margin = logit.margin() / temperature;
        // ln(1 + e^-m) without overflow.
        (-margin.abs()).exp().ln_1p() + (-margin).max(0.0)
    };
    logits.iter().map(loss).sum::<f64>() / logits.len().max(1) as f64
}

/// Return the temperature in [0.05, 20] with the smallest negative log-likelihood; 1 of nothing.
///
/// In the inverse temperature the likelihood is convex, so its slope crosses 0 once: bisection.
pub fn fit_temperature(logits: &[Logit]) -> f64 {
    if logits.is_empty() {
        return 1.0;
    }
    let slope = |inverse: f64| -> f64 {
        let one = |logit: &Logit| {
            let margin = logit.margin();
            -margin / (1.0 + (margin * inverse).exp())
        };
        logits.iter().map(one).sum()
    };
    let (mut low, mut high) = (1.0 / RANGE[1], 1.0 / RANGE[0]);
    for _ in 0..100 {
        let middle = (low * high).sqrt();
        if slope(middle) < 0.0 { low = middle } else { high = middle }
    }
    1.0 / (low * high).sqrt()
}

fn scores(labelled: &[Labelled], log_loss: f64) -> CalibrationScores {
    CalibrationScores {
        ece: calibration_error(labelled).unwrap_or(0.0),
        ece_equal_mass: calibration_error_equal_mass(labelled).unwrap_or(0.0),
        brier: brier(labelled).unwrap_or(0.0),
        log_loss,
    }
}

/// Scores at one temperature.
pub fn scores_at(logits: &[Logit], temperature: f64) -> CalibrationScores {
    let labelled: Vec<Labelled> = logits.iter().map(|logit| logit.at(temperature)).collect();
    scores(&labelled, log_loss_at(logits, temperature))
}

/// Fit on all, and judges by [`FOLDS`] folds of whole units: `unit[i]`, counted from 0, is the
/// patient or scan of `logits[i]`. The folds follow from the seed. `None` where there are fewer
/// units than folds.
pub fn cross_fit(logits: &[Logit], unit: &[usize], seed: u64) -> Option<CrossFit> {
    let units = unit.iter().max().map_or(0, |last| last + 1);
    if units < FOLDS || logits.len() != unit.len() {
        return None;
    }
    let mut fold_of: Vec<usize> = (0..units).map(|i| i % FOLDS).collect();
    fold_of.shuffle(&mut Pcg64Mcg::seed_from_u64(seed));
    let (mut held_out, mut loss) = (Vec::with_capacity(logits.len()), 0.0);
    let mut fold_temperatures = Vec::with_capacity(FOLDS);
    for fold in 0..FOLDS {
        let inside = |wanted: bool| -> Vec<Logit> {
            let pairs = logits.iter().zip(unit);
            pairs.filter(|(_, u)| (fold_of[**u] == fold) == wanted).map(|(l, _)| *l).collect()
        };
        let temperature = fit_temperature(&inside(false));
        let judged = inside(true);
        loss += log_loss_at(&judged, temperature) * judged.len() as f64;
        held_out.extend(judged.iter().map(|logit| logit.at(temperature)));
        fold_temperatures.push(temperature);
    }
    Some(CrossFit {
        temperature: fit_temperature(logits),
        fold_temperatures,
        before: scores_at(logits, 1.0),
        after: scores(&held_out, loss / logits.len() as f64),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three of four right at a logit of +-2: the best probability is 3/4, whose logit is ln 3.
    fn three_of_four(value: f64) -> Vec<Logit> {
        (0..80).map(|i| Logit { value, nodule: i % 4 > 0 }).collect()
    }

    #[test]
    fn the_temperature_of_a_hand_worked_case() {
        let logits = three_of_four(2.0);
        let temperature = fit_temperature(&logits);
        assert!((temperature - 2.0 / 3f64.ln()).abs() < 1e-9, "{temperature}");
        assert!((logits[0].at(temperature).probability - 0.75).abs() < 1e-9);
        let entropy = -(0.75 * 0.75f64.ln() + 0.25 * 0.25f64.ln());
        assert!((log_loss_at(&logits, temperature) - entropy).abs() < 1e-9);
        // It is the minimum.
        assert!(log_loss_at(&logits, temperature * 1.01) > entropy);
        assert!(log_loss_at(&logits, temperature * 0.99) > entropy);
    }

    #[test]
    fn separable_and_useless_logits_stay_in_range() {
        let separable = [Logit { value: 1.0, nodule: true }, Logit { value: -1.0, nodule: false }];
        assert!((fit_temperature(&separable) - 0.05).abs() < 1e-6);
        let useless = [Logit { value: 1.0, nodule: false }, Logit { value: -1.0, nodule: true }];
        assert!((fit_temperature(&useless) - 20.0).abs() < 1e-6);
        assert_eq!(fit_temperature(&[]), 1.0);
        assert!(log_loss_at(&[Logit { value: 1e5, nodule: false }], 1.0) == 1e5);
    }

    #[test]
    fn cross_fitting_judges_each_patch_by_the_others() {
        // Every unit is alike, so every fold finds the temperature of the whole, and the error
        // vanishes: all probabilities are 3/4, and 3/4 are nodules.
        let logits = three_of_four(2.0);
        let unit: Vec<usize> = (0..80).map(|i| i / 4).collect();
        let fit = cross_fit(&logits, &unit, 1).unwrap();
        assert!(fit.fold_temperatures.iter().all(|t| (t - fit.temperature).abs() < 1e-9));
        assert!(fit.after.ece < 1e-9 && fit.before.ece > 0.1, "{fit:?}");
        assert!(fit.after.log_loss < fit.before.log_loss);
        // One unit is unlike the others: the fold that leaves it out finds another temperature,
        // and the estimate is worse than the fit on all.
        let mut odd = logits.clone();
        odd[..4].iter_mut().for_each(|logit| logit.value = -6.0);
        let fit = cross_fit(&odd, &unit, 1).unwrap();
        assert!(fit.after.log_loss > log_loss_at(&odd, fit.temperature));
        assert_eq!(cross_fit(&logits[..8], &unit[..8], 1), None);
    }
}
