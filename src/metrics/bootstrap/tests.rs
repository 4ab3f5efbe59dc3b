use super::*;
use crate::metrics::reliability::{brier, calibration_error};
use crate::metrics::{average_precision, confusion, operating_point, rates, roc_auc};

/// 300 patches of 100 scans, with ties.
fn noisy(shift: u32) -> (Vec<Labelled>, Vec<usize>) {
    let labelled = (0..300u32)
        .map(|i| {
            let nodule = i % 3 == 0;
            let noise = f64::from((i * 7919 + shift * 104_729) % 100) / 100.0;
            Labelled { probability: noise * 0.7 + if nodule { 0.3 } else { 0.0 }, nodule }
        })
        .collect();
    (labelled, (0..300).map(|i| i / 3).collect())
}

#[test]
fn names_are_numbered_by_first_appearance() {
    assert_eq!(number(&["b", "a", "b", "c"]), (vec![0, 1, 0, 2], 3));
}

/// The weighted walk against the plain functions on the patches written out as often as drawn.
#[test]
fn weighting_equals_repeating() {
    let (labelled, unit) = noisy(0);
    let weights: Vec<u32> = (0..100).map(|i| i * 31 % 4).collect();
    let repeated: Vec<Labelled> = labelled
        .iter()
        .zip(&unit)
        .flat_map(|(one, unit)| std::iter::repeat_n(*one, weights[*unit] as usize))
        .collect();
    let drawn = Ranked::new(&labelled, &unit, 0.6, 0.9).weigh(&weights, &[0.1], &[0.8]);
    let rates = rates(confusion(&repeated, 0.6));
    for (name, ours, plain) in [
        ("auc", drawn.roc_auc, roc_auc(&repeated)),
        ("ap", drawn.average_precision, average_precision(&repeated)),
        ("recall@", drawn.recall_at_specificity, operating_point(&repeated, 0.9).map(|p| p.1)),
        ("accuracy", drawn.accuracy, Some(rates.accuracy)),
        ("precision", drawn.precision, Some(rates.precision)),
        ("recall", drawn.recall, Some(rates.recall)),
        ("specificity", drawn.specificity, Some(rates.specificity)),
        ("f1", drawn.f1, Some(rates.f1)),
        ("ece", drawn.ece, calibration_error(&repeated)),
        ("brier", drawn.brier, brier(&repeated)),
    ] {
        let (ours, plain) = (ours.unwrap(), plain.unwrap());
        assert!((ours - plain).abs() < 1e-12, "{name}: {ours} and {plain}");
    }
}

#[test]
fn curves_are_read_at_fixed_positions() {
    // ROC (0,0) (0,.5) (.5,.5) (.5,1) (1,1); precision 1, then 1/2, 2/3, 2/4.
    let labelled = crate::metrics::labelled::labelled(&[(0.9, 1), (0.8, 0), (0.7, 1), (0.6, 0)]);
    let ranked = Ranked::new(&labelled, &[0, 0, 0, 0], 0.5, 0.5);
    let drawn = ranked.weigh(&[1], &[0.0, 0.25, 0.5, 0.75, 1.0], &[0.25, 0.5, 0.75, 1.0]);
    assert_eq!(drawn.tpr, [0.5, 0.5, 1.0, 1.0, 1.0]);
    assert_eq!(drawn.pr, [1.0, 1.0, 2.0 / 3.0, 2.0 / 3.0]);
    // With all tied the curve is the diagonal.
    let tied = crate::metrics::labelled::labelled(&[(0.5, 1), (0.5, 0), (0.5, 0)]);
    let drawn = Ranked::new(&tied, &[0, 0, 0], 0.5, 0.5).weigh(&[1], &[0.25, 0.5], &[1.0]);
    assert_eq!(drawn.tpr, [0.25, 0.5]);
}

#[test]
fn intervals_hold_the_figures_and_follow_the_seed() {
    let (labelled, unit) = noisy(0);
    let found = intervals(&labelled, &unit, 0.6, 0.9, (500, 1));
    let area = roc_auc(&labelled).unwrap();
    let [low, high] = found.roc_auc.unwrap();
    assert!(low < area && area < high, "{area} in {low} {high}");
    assert_eq!(intervals(&labelled, &unit, 0.6, 0.9, (500, 1)), found);
    assert_ne!(intervals(&labelled, &unit, 0.6, 0.9, (500, 2)).roc_auc, found.roc_auc);
    assert_eq!((found.roc_band.len(), found.pr_band.len(), found.rates.len()), (131, 100, 500));
    assert!(found.roc_band.iter().all(|point| point.low <= point.high));
    let nothing = intervals(&[], &[], 0.5, 0.9, (10, 1));
    assert!(nothing.roc_auc.is_none() && nothing.accuracy.is_none());
}

#[test]
fn a_classifier_is_no_better_than_itself_and_worse_than_an_oracle() {
    let (labelled, unit) = noisy(0);
    let same = paired(&labelled, &labelled, &unit, 0.9, (200, 1));
    let auc = same.roc_auc.unwrap();
    assert_eq!((auc.difference, auc.difference_ci95, auc.share_not_better), (0.0, [0.0; 2], 1.0));
    assert_eq!(same.recall_at_specificity.unwrap().difference, 0.0);
    let oracle: Vec<Labelled> = labelled
        .iter()
        .map(|one| Labelled { probability: f64::from(u8::from(one.nodule)), ..*one })
        .collect();
    let auc = paired(&oracle, &labelled, &unit, 0.9, (200, 1)).roc_auc.unwrap();
    assert!(auc.first == 1.0 && auc.difference_ci95[0] > 0.0 && auc.share_not_better == 0.0);
    let one_class = paired(&labelled[..1], &labelled[..1], &[0], 0.9, (10, 1));
    assert!(one_class.roc_auc.is_none());
}
