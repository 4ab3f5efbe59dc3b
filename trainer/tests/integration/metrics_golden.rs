//! The report's figures against scikit-learn's (tests/reference/metrics.py), on a data set with
//! many ties. Prints the worst difference.

use serde_json::Value;
use trainer::metrics::calibration::{Logit, fit_temperature, log_loss_at};
use trainer::metrics::curves::{pr_curve, roc_curve};
use trainer::metrics::reliability::{
    brier, calibration_error, calibration_error_equal_mass, log_loss, reliability_bins,
};
use trainer::metrics::{
    Labelled, average_precision, confusion, decision_curve, operating_point, rates, roc_auc,
};

const TOLERANCE: f64 = 1e-12;
/// SciPy's minimum is where the loss is flat: half the digits.
const FIT_TOLERANCE: f64 = 1e-5;

struct Compared {
    golden: Value,
    worst: (f64, String),
}

impl Compared {
    fn same(&mut self, name: &str, ours: f64, theirs: f64, tolerance: f64) {
        let difference = (ours - theirs).abs();
        assert!(difference <= tolerance, "{name}: {ours} here, {theirs} by scikit-learn");
        if tolerance == TOLERANCE && difference >= self.worst.0 {
            self.worst = (difference, name.to_owned());
        }
    }

    fn figure(&mut self, name: &str, ours: f64) {
        let theirs = self.golden[name].as_f64().unwrap();
        self.same(name, ours, theirs, TOLERANCE);
    }

    fn rows(&mut self, name: &str, ours: &[[f64; 3]]) {
        let theirs = self.golden[name].as_array().unwrap().clone();
        assert_eq!(ours.len(), theirs.len(), "points of {name}");
        for (i, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            for (column, ours) in ours.iter().enumerate() {
                let theirs = theirs[column].as_f64().unwrap_or(f64::MAX);
                self.same(&format!("{name}[{i}][{column}]"), *ours, theirs, TOLERANCE);
            }
        }
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

#[test]
fn every_figure_is_scikit_learns() {
    let golden: Value =
        serde_json::from_str(include_str!("../../../tests/golden/metrics.json")).unwrap();
    let labels = numbers(&golden["label"]);
    let set: Vec<Labelled> = numbers(&golden["probability"])
        .into_iter()
        .zip(&labels)
        .map(|(probability, label)| Labelled { probability, nodule: *label == 1.0 })
        .collect();
    let logits: Vec<Logit> = numbers(&golden["logit"])
        .into_iter()
        .zip(&labels)
        .map(|(value, label)| Logit { value, nodule: *label == 1.0 })
        .collect();
    let mut compared = Compared { golden: golden.clone(), worst: (0.0, String::new()) };

    let counts = confusion(&set, golden["threshold"].as_f64().unwrap());
    assert_eq!(serde_json::to_value(counts).unwrap(), golden["confusion"]);
    let rates = rates(counts);
    compared.figure("accuracy", rates.accuracy);
    compared.figure("precision", rates.precision);
    compared.figure("recall", rates.recall);
    compared.figure("specificity", rates.specificity);
    compared.figure("f1", rates.f1);
    compared.figure("roc_auc", roc_auc(&set).unwrap());
    compared.figure("average_precision", average_precision(&set).unwrap());
    compared.figure("brier", brier(&set).unwrap());
    compared.figure("log_loss", log_loss(&set).unwrap());
    compared.figure("ece", calibration_error(&set).unwrap());
    compared.figure("ece_equal_mass", calibration_error_equal_mass(&set).unwrap());
    compared.figure("recall_at_specificity", operating_point(&set, 0.9709).unwrap().1);
    compared.figure("net_benefit_0.2", decision_curve(&set)[19].model);

    let roc = roc_curve(&set);
    let roc = roc.iter().map(|p| [p.fpr, p.tpr, p.threshold.unwrap_or(f64::MAX)]);
    compared.rows("roc", &roc.collect::<Vec<_>>());
    let pr: Vec<[f64; 3]> =
        pr_curve(&set).iter().map(|p| [p.recall, p.precision, p.threshold]).collect();
    compared.rows("pr", &pr);
    let bins = reliability_bins(&set);
    let bins = bins.iter().filter(|bin| bin.n > 0);
    let bins = bins.map(|bin| [bin.mean_probability, bin.observed(), bin.n as f64]);
    compared.rows("bins", &bins.collect::<Vec<_>>());

    let temperature = fit_temperature(&logits);
    let theirs = golden["temperature"].as_f64().unwrap();
    compared.same("temperature", temperature, theirs, FIT_TOLERANCE);
    compared.figure("log_loss_at_temperature", log_loss_at(&logits, temperature));
    println!("worst difference {:.1e} ({})", compared.worst.0, compared.worst.1);
}
