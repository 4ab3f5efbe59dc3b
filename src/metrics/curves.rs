//! ROC and precision-recall curves, their areas, and the operating point.

use super::counts::share;
use super::labelled::Labelled;
use serde::{Deserialize, Serialize};

/// One corner of a ROC curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RocPoint {
    /// Share of the others that are called nodules (1 - specificity).
    pub fpr: f64,
    /// Share of nodules found (sensitivity, recall).
    pub tpr: f64,
    /// Smallest probability called a nodule here; `null` at the start, where nothing is.
    pub threshold: Option<f64>,
}

/// One corner of a precision-recall curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrPoint {
    /// Share of nodules found.
    pub recall: f64,
    /// Share of nodules among what is called one.
    pub precision: f64,
    /// Smallest probability called a nodule here.
    pub threshold: f64,
}

/// A probability, with the nodules and the others that reach it.
type Step = (f64, usize, usize);

/// Return the probabilities in falling order, equal ones together: each with nodules and others so
/// far.
fn steps(labelled: &[Labelled]) -> Vec<Step> {
    let mut sorted = labelled.to_vec();
    sorted.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    let (mut nodules, mut others) = (0, 0);
    let mut steps: Vec<Step> = Vec::new();
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

/// Steps with the numbers of nodules and others; `None` where a class is absent.
fn both_classes(labelled: &[Labelled]) -> Option<(Vec<Step>, usize, usize)> {
    let steps = steps(labelled);
    let &(_, nodules, others) = steps.last()?;
    (nodules > 0 && others > 0).then_some((steps, nodules, others))
}

/// Area under the ROC curve: the chance that a nodule is ranked above another patch, ties half.
/// `None` where one of the classes is absent.
pub fn roc_auc(labelled: &[Labelled]) -> Option<f64> {
    let (steps, nodules, others) = both_classes(labelled)?;
    let (mut area, mut before) = (0.0, (0, 0));
    for (_, tp, fp) in steps {
        area += (fp - before.1) as f64 * (tp + before.0) as f64 / 2.0;
        before = (tp, fp);
    }
    Some(area / nodules as f64 / others as f64)
}

/// Return the ROC curve from (0, 0) to (1, 1), one point a distinct probability; empty where a
/// class is absent.
pub fn roc_curve(labelled: &[Labelled]) -> Vec<RocPoint> {
    let Some((steps, nodules, others)) = both_classes(labelled) else { return Vec::new() };
    let start = RocPoint { fpr: 0.0, tpr: 0.0, threshold: None };
    let points = steps.into_iter().map(|(threshold, tp, fp)| RocPoint {
        fpr: fp as f64 / others as f64,
        tpr: tp as f64 / nodules as f64,
        threshold: Some(threshold),
    });
    std::iter::once(start).chain(points).collect()
}

/// Return the same curve without the points that lie on a straight line between their neighbours,
/// and at most `most` of the rest: where there are more, the ones that are lost lie closest to the
/// chord of their neighbours. Both ends stay.
pub fn compact_roc(points: &[RocPoint], most: usize) -> Vec<RocPoint> {
    let mut kept: Vec<RocPoint> = points.to_vec();
    let area = |a: &RocPoint, b: &RocPoint, c: &RocPoint| {
        ((b.fpr - a.fpr) * (c.tpr - a.tpr) - (c.fpr - a.fpr) * (b.tpr - a.tpr)).abs()
    };
    // Visvalingam: drop the point whose triangle is smallest. A few thousand points at most, so
    // the plain quadratic way is quick enough.
    loop {
        let smallest = kept
            .windows(3)
            .map(|three| area(&three[0], &three[1], &three[2]))
            .enumerate()
            .min_by(|a, b| a.1.total_cmp(&b.1));
        match smallest {
            Some((i, size)) if size <= 1e-15 || kept.len() > most => kept.remove(i + 1),
            _ => return kept,
        };
    }
}

/// Return every so many points, at most about `most`, the last one always.
pub fn thin<T: Copy>(points: &[T], most: usize) -> Vec<T> {
    let every = points.len().div_ceil(most).max(1);
    let last = points.len().saturating_sub(1);
    let kept = points.iter().enumerate().filter(|(i, _)| i % every == 0 || *i == last);
    kept.map(|(_, point)| *point).collect()
}

/// Return the precision-recall curve, one point a distinct probability, recall rising; empty
/// without nodules.
pub fn pr_curve(labelled: &[Labelled]) -> Vec<PrPoint> {
    let steps = steps(labelled);
    let nodules = steps.last().map_or(0, |step| step.1);
    if nodules == 0 {
        return Vec::new();
    }
    let point = |(threshold, tp, fp): Step| PrPoint {
        recall: tp as f64 / nodules as f64,
        precision: share(tp, fp),
        threshold,
    };
    steps.into_iter().map(point).collect()
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
    let (steps, nodules, others) = both_classes(labelled)?;
    let allowed = |fp: usize| 1.0 - fp as f64 / others as f64 >= specificity;
    let taken = steps.iter().take_while(|(_, _, fp)| allowed(*fp)).count();
    // Above the highest probability nothing is called a nodule; 1 ends the scale.
    let above = taken.checked_sub(1).map_or(1.0, |last| steps[last].0);
    let below = steps.get(taken).map_or(0.0, |next| next.0);
    let found = taken.checked_sub(1).map_or(0, |last| steps[last].1);
    Some((below + (above - below) / 2.0, found as f64 / nodules as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::labelled::labelled;
    use crate::metrics::{confusion, rates};

    #[test]
    fn areas_and_curves_of_a_hand_worked_case_with_a_tie() {
        let set = labelled(&[(0.9, 1), (0.8, 0), (0.7, 1), (0.7, 0), (0.2, 0)]);
        // Pairs (nodule, other): 0.9 beats 3; 0.7 beats 1, ties 1, loses 1: (3 + 1.5) / 6.
        assert!((roc_auc(&set).unwrap() - 0.75).abs() < 1e-12);
        // 1/2 at precision 1, 1/2 at precision 2/4.
        assert!((average_precision(&set).unwrap() - 0.75).abs() < 1e-12);
        let roc: Vec<_> = roc_curve(&set).iter().map(|p| (p.fpr * 3.0, p.tpr * 2.0)).collect();
        assert_eq!(roc, [(0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (2.0, 2.0), (3.0, 2.0)]);
        let pr: Vec<_> = pr_curve(&set).iter().map(|p| (p.recall, p.precision)).collect();
        assert_eq!(pr, [(0.5, 1.0), (0.5, 0.5), (1.0, 0.5), (1.0, 0.4)]);
    }

    #[test]
    fn one_class_alone_has_no_area() {
        assert_eq!(roc_auc(&labelled(&[(0.5, 1), (0.1, 1)])), None);
        assert_eq!(roc_auc(&[]), None);
        assert_eq!(average_precision(&labelled(&[(0.5, 0)])), None);
        assert!(roc_curve(&labelled(&[(0.5, 1)])).is_empty());
        assert!(pr_curve(&labelled(&[(0.5, 0)])).is_empty());
    }

    #[test]
    fn the_compact_curve_keeps_the_corners_and_the_area() {
        let pairs: Vec<(f64, u8)> =
            (0..400).map(|i| (f64::from(i * 7919 % 400) / 400.0, u8::from(i % 5 < 2))).collect();
        let full = roc_curve(&labelled(&pairs));
        let area = |points: &[RocPoint]| -> f64 {
            points.windows(2).map(|w| (w[1].fpr - w[0].fpr) * (w[1].tpr + w[0].tpr) / 2.0).sum()
        };
        let corners = compact_roc(&full, 10_000);
        assert!(corners.len() < full.len() && (area(&corners) - area(&full)).abs() < 1e-12);
        let few = compact_roc(&full, 50);
        assert!(few.len() == 50 && (area(&few) - area(&full)).abs() < 0.005);
        assert!(few[0] == full[0] && few[49] == full[full.len() - 1]);
        assert!(compact_roc(&[], 5).is_empty());
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
}
