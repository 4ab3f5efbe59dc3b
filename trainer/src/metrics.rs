//! Figures from probabilities and labels. Pure: no files, no networks.

use nodulens::weights::Confusion;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use std::collections::HashMap;

/// A probability with its label.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Labelled {
    /// Probability of a nodule.
    pub probability: f64,
    /// Whether it is one.
    pub nodule: bool,
}

/// Counts at `probability >= threshold`.
pub fn confusion(labelled: &[Labelled], threshold: f64) -> Confusion {
    let mut counts = Confusion::default();
    for one in labelled {
        match (one.nodule, one.probability >= threshold) {
            (true, true) => counts.tp += 1,
            (true, false) => counts.fn_ += 1,
            (false, true) => counts.fp += 1,
            (false, false) => counts.tn += 1,
        }
    }
    counts
}

/// `part / (part + rest)`; 0 where both are 0.
fn share(part: usize, rest: usize) -> f64 {
    if part + rest == 0 { 0.0 } else { part as f64 / (part + rest) as f64 }
}

/// Rates at a threshold, each in [0, 1]; 0 where the denominator is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Share decided rightly.
    pub accuracy: f64,
    /// Share of nodules among what is called one.
    pub precision: f64,
    /// Share of nodules that are called one (sensitivity).
    pub recall: f64,
    /// Share of the others that are not called one.
    pub specificity: f64,
    /// Harmonic mean of precision and recall.
    pub f1: f64,
}

/// Rates from counts.
pub fn rates(counts: Confusion) -> Rates {
    let Confusion { tp, fn_, fp, tn } = counts;
    Rates {
        accuracy: share(tp + tn, fp + fn_),
        precision: share(tp, fp),
        recall: share(tp, fn_),
        specificity: share(tn, fp),
        f1: share(2 * tp, fp + fn_),
    }
}

/// The probabilities in falling order, equal ones together: each with nodules and others so far.
fn steps(labelled: &[Labelled]) -> Vec<(f64, usize, usize)> {
    let mut sorted = labelled.to_vec();
    sorted.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    let (mut nodules, mut others) = (0, 0);
    let mut steps: Vec<(f64, usize, usize)> = Vec::new();
    for one in sorted {
        if one.nodule {
            nodules += 1
        } else {
            others += 1
        }
        match steps.last_mut() {
            Some(last) if last.0 == one.probability => *last = (one.probability, nodules, others),
            _ => steps.push((one.probability, nodules, others)),
        }
    }
    steps
}

/// Area under the ROC curve: the chance that a nodule is ranked above another patch, ties half.
/// `None` where one of the classes is absent.
pub fn roc_auc(labelled: &[Labelled]) -> Option<f64> {
    let steps = steps(labelled);
    let &(_, nodules, others) = steps.last()?;
    if nodules == 0 || others == 0 {
        return None;
    }
    let (mut area, mut before) = (0.0, (0, 0));
    for (_, tp, fp) in steps {
        area += (fp - before.1) as f64 * (tp + before.0) as f64 / 2.0;
        before = (tp, fp);
    }
    Some(area / nodules as f64 / others as f64)
}

/// Average precision: precision summed over the steps of recall. `None` without nodules.
pub fn average_precision(labelled: &[Labelled]) -> Option<f64> {
    let steps = steps(labelled);
    let nodules = steps.last().map(|step| step.1).filter(|nodules| *nodules > 0)?;
    let (mut sum, mut before) = (0.0, 0);
    for (_, tp, fp) in steps {
        sum += share(tp, fp) * (tp - before) as f64;
        before = tp;
    }
    Some(sum / nodules as f64)
}

/// A threshold whose specificity is at least `specificity` with the highest recall that allows,
/// and that recall. It lies midway between two probabilities, so that an engine that rounds
/// otherwise decides alike. `None` where a class is absent.
pub fn operating_point(labelled: &[Labelled], specificity: f64) -> Option<(f64, f64)> {
    let steps = steps(labelled);
    let &(_, nodules, others) = steps.last()?;
    if nodules == 0 || others == 0 {
        return None;
    }
    let allowed = |fp: usize| 1.0 - fp as f64 / others as f64 >= specificity;
    let taken = steps.iter().take_while(|(_, _, fp)| allowed(*fp)).count();
    // Above the highest probability nothing is called a nodule; 1 ends the scale.
    let above = taken.checked_sub(1).map_or(1.0, |last| steps[last].0);
    let below = steps.get(taken).map_or(0.0, |next| next.0);
    let found = taken.checked_sub(1).map_or(0, |last| steps[last].1);
    Some((below + (above - below) / 2.0, found as f64 / nodules as f64))
}

/// 95 % interval of the ROC AUC: percentiles over `resamples` drawings of whole scans, for
/// patches of one scan are alike. `series[i]` names the scan of `labelled[i]`.
pub fn roc_auc_interval(
    labelled: &[Labelled],
    series: &[&str],
    resamples: usize,
    seed: u64,
) -> Option<[f64; 2]> {
    let mut groups: HashMap<&str, Vec<Labelled>> = HashMap::new();
    let mut order = Vec::new();
    for (one, name) in labelled.iter().zip(series) {
        groups.entry(name).or_insert_with(|| {
            order.push(*name);
            Vec::new()
        });
        if let Some(group) = groups.get_mut(name) {
            group.push(*one);
        }
    }
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    let mut areas = Vec::with_capacity(resamples);
    for _ in 0..resamples {
        let drawn: Vec<Labelled> = (0..order.len())
            .flat_map(|_| groups[order[rng.random_range(0..order.len())]].iter().copied())
            .collect();
        // A drawing without nodules has no area; with many scans that hardly happens.
        areas.extend(roc_auc(&drawn));
    }
    areas.sort_by(f64::total_cmp);
    let last = areas.len().checked_sub(1)?;
    let at = |share: f64| areas[(share * last as f64).round() as usize];
    Some([at(0.025), at(0.975)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labelled(pairs: &[(f64, u8)]) -> Vec<Labelled> {
        pairs
            .iter()
            .map(|(probability, class)| Labelled { probability: *probability, nodule: *class == 1 })
            .collect()
    }

    #[test]
    fn the_papers_counts_give_the_papers_rates() {
        // SOURCES.md: TP 226, FN 56, FP 39, TN 1301.
        let rates = rates(Confusion { tp: 226, fn_: 56, fp: 39, tn: 1301 });
        assert!((rates.precision - 0.8528).abs() < 5e-5);
        assert!((rates.recall - 0.8014).abs() < 5e-5);
        assert!((rates.specificity - 0.9709).abs() < 5e-5);
        assert!((rates.accuracy - 0.941).abs() < 5e-4);
        assert!((rates.f1 - 0.826).abs() < 5e-4);
    }

    #[test]
    fn areas_of_a_hand_worked_case_with_a_tie() {
        let set = labelled(&[(0.9, 1), (0.8, 0), (0.7, 1), (0.7, 0), (0.2, 0)]);
        // Pairs (nodule, other): 0.9 beats 3; 0.7 beats 1, ties 1, loses 1: (3 + 1.5) / 6.
        assert!((roc_auc(&set).unwrap() - 0.75).abs() < 1e-12);
        // 1/2 at precision 1, 1/2 at precision 2/4.
        assert!((average_precision(&set).unwrap() - 0.75).abs() < 1e-12);
        assert_eq!(confusion(&set, 0.7), Confusion { tp: 2, fn_: 0, fp: 2, tn: 1 });
    }

    #[test]
    fn one_class_alone_has_no_area() {
        assert_eq!(roc_auc(&labelled(&[(0.5, 1), (0.1, 1)])), None);
        assert_eq!(roc_auc(&[]), None);
        assert_eq!(average_precision(&labelled(&[(0.5, 0)])), None);
    }

    #[test]
    fn the_operating_point_keeps_the_specificity() {
        let mut pairs: Vec<(f64, u8)> = (0..100).map(|i| (i as f64 / 100.0, 0)).collect();
        pairs.extend([(0.955, 1), (0.985, 1), (0.5, 1)]);
        let set = labelled(&pairs);
        let (threshold, recall) = operating_point(&set, 0.97).unwrap();
        // Three of the hundred others may be called nodules: 0.99, 0.98 and 0.97; next is 0.96.
        assert!((threshold - 0.965).abs() < 1e-12);
        assert!((recall - 1.0 / 3.0).abs() < 1e-12);
        assert!(rates(confusion(&set, threshold)).specificity >= 0.97);
        let hopeless = labelled(&[(0.9, 0), (0.1, 1)]);
        let (threshold, recall) = operating_point(&hopeless, 0.97).unwrap();
        assert_eq!(recall, 0.0);
        assert_eq!(confusion(&hopeless, threshold).fp, 0);
        assert_eq!(operating_point(&labelled(&[(0.9, 0)]), 0.97), None);
    }

    #[test]
    fn the_interval_holds_the_area_and_follows_the_seed() {
        let pairs: Vec<(f64, u8)> =
            (0..300).map(|i| (f64::from(i * 7919 % 300) / 300.0, u8::from(i % 3 == 0))).collect();
        let set = labelled(&pairs);
        let names: Vec<String> = (0..300).map(|i| format!("scan {}", i / 3)).collect();
        let series: Vec<&str> = names.iter().map(String::as_str).collect();
        let interval = roc_auc_interval(&set, &series, 500, 1).unwrap();
        let area = roc_auc(&set).unwrap();
        assert!(interval[0] < area && area < interval[1], "{area} in {interval:?}");
        assert_eq!(roc_auc_interval(&set, &series, 500, 1), Some(interval));
    }
}
