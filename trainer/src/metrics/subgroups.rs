//! The same threshold, looked at group by group: where does the network fail?
//!
//! Groups are small, so recall and specificity have Wilson intervals, which hold near 0 and 1.
//! They take patches for independent, which patches of one scan are not quite.

use super::bootstrap::{Interval, roc_auc_interval};
use super::counts::wilson;
use super::{Labelled, confusion, rates, roc_auc};
use serde::{Deserialize, Serialize};

/// What is known of a patch beside its label.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Traits<'a> {
    /// The patient or scan it is from.
    pub unit: &'a str,
    /// Of the nodule, mm.
    pub diameter_mm: Option<f64>,
    /// Distance of slices of the scan, mm.
    pub slice_thickness_mm: Option<f64>,
    /// LUNA16's fold, 0-9.
    pub fold: Option<u32>,
}

/// What divides the patches into groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupedBy {
    /// Diameter of the nodule; these groups hold nodules only.
    DiameterMm,
    /// Slice thickness of the scan.
    SliceThicknessMm,
    /// LUNA16's fold.
    Luna16Fold,
}

/// Figures of one group. Rates are in [0, 1], intervals at 95 %.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subgroup {
    /// What divides.
    pub by: GroupedBy,
    /// Name of the group, with its unit.
    pub label: String,
    /// Patches.
    pub n: usize,
    /// Nodules among them.
    pub positives: usize,
    /// `null` where a class is absent.
    pub roc_auc: Option<f64>,
    /// Bootstrap over [`Traits::unit`].
    pub roc_auc_ci95: Option<Interval>,
    /// `null` where there is no nodule.
    pub recall: Option<f64>,
    /// Wilson's score interval.
    pub recall_ci95: Option<Interval>,
    /// `null` where there are only nodules.
    pub specificity: Option<f64>,
    /// Wilson's score interval.
    pub specificity_ci95: Option<Interval>,
}

/// Return the group of a nodule by diameter; the middle two are what guidelines follow up and work
/// up.
fn diameter_group(mm: f64) -> (usize, &'static str) {
    match mm {
        mm if mm < 6.0 => (0, "< 6 mm"),
        mm if mm < 8.0 => (1, "6 to < 8 mm"),
        mm if mm <= 15.0 => (2, "8 to 15 mm"),
        _ => (3, "> 15 mm"),
    }
}

fn thickness_group(mm: f64) -> (usize, &'static str) {
    match mm {
        mm if mm <= 1.0 => (0, "up to 1 mm"),
        mm if mm <= 1.5 => (1, "> 1 to 1.5 mm"),
        mm if mm <= 2.0 => (2, "> 1.5 to 2 mm"),
        _ => (3, "> 2 mm"),
    }
}

/// Return the groups that are not empty, in order: diameters, thicknesses, folds. Patches of which
/// the property is not known are in no group of it.
pub fn subgroups(
    labelled: &[Labelled],
    traits: &[Traits<'_>],
    threshold: f64,
    bootstrap: (usize, u64),
) -> Vec<Subgroup> {
    let mut groups: Vec<((GroupedBy, usize, String), Vec<usize>)> = Vec::new();
    let mut put = |by: GroupedBy, order: usize, label: String, patch: usize| {
        let key = (by, order, label);
        match groups.iter_mut().find(|(present, _)| *present == key) {
            Some((_, patches)) => patches.push(patch),
            None => groups.push((key, vec![patch])),
        }
    };
    for (i, (one, known)) in labelled.iter().zip(traits).enumerate() {
        if let Some(mm) = known.diameter_mm.filter(|_| one.nodule) {
            let (order, label) = diameter_group(mm);
            put(GroupedBy::DiameterMm, order, label.to_owned(), i);
        }
        if let Some(mm) = known.slice_thickness_mm {
            let (order, label) = thickness_group(mm);
            put(GroupedBy::SliceThicknessMm, order, label.to_owned(), i);
        }
        if let Some(fold) = known.fold {
            put(GroupedBy::Luna16Fold, fold as usize, format!("subset {fold}"), i);
        }
    }
    groups.sort_by_key(|((by, order, _), _)| (*by as usize, *order));
    groups
        .into_iter()
        .map(|((by, _, label), patches)| {
            let members: Vec<Labelled> = patches.iter().map(|i| labelled[*i]).collect();
            let names: Vec<&str> = patches.iter().map(|i| traits[*i].unit).collect();
            subgroup(by, label, &members, &names, threshold, bootstrap)
        })
        .collect()
}

fn subgroup(
    by: GroupedBy,
    label: String,
    members: &[Labelled],
    names: &[&str],
    threshold: f64,
    (resamples, seed): (usize, u64),
) -> Subgroup {
    let counts = confusion(members, threshold);
    let rates = rates(counts);
    let (positives, others) = (counts.tp + counts.fn_, counts.fp + counts.tn);
    let roc_auc = roc_auc(members);
    let interval = || roc_auc_interval(members, names, resamples, seed);
    Subgroup {
        by,
        label,
        n: members.len(),
        positives,
        roc_auc,
        roc_auc_ci95: roc_auc.and_then(|_| interval()),
        recall: (positives > 0).then_some(rates.recall),
        recall_ci95: (positives > 0).then(|| wilson(counts.tp, positives)),
        specificity: (others > 0).then_some(rates.specificity),
        specificity_ci95: (others > 0).then(|| wilson(counts.tn, others)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_a_hand_worked_case() {
        let known = |unit, diameter_mm, thickness, fold| Traits {
            unit,
            diameter_mm,
            slice_thickness_mm: Some(thickness),
            fold: Some(fold),
        };
        let labelled =
            crate::metrics::labelled(&[(0.9, 1), (0.2, 1), (0.8, 1), (0.6, 0), (0.1, 0)]);
        let traits = [
            known("a", Some(5.9), 1.0, 3),
            known("a", Some(6.0), 1.0, 3),
            known("b", Some(15.0), 2.5, 0),
            known("b", None, 2.5, 0),
            Traits { unit: "c", ..Traits::default() },
        ];
        let groups = subgroups(&labelled, &traits, 0.5, (100, 1));
        let lines: Vec<_> = groups
            .iter()
            .map(|g| (g.label.as_str(), g.n, g.positives, g.recall, g.specificity, g.roc_auc))
            .collect();
        assert_eq!(
            lines,
            [
                ("< 6 mm", 1, 1, Some(1.0), None, None),
                ("6 to < 8 mm", 1, 1, Some(0.0), None, None),
                ("8 to 15 mm", 1, 1, Some(1.0), None, None),
                ("up to 1 mm", 2, 2, Some(0.5), None, None),
                ("> 2 mm", 2, 1, Some(1.0), Some(0.0), Some(1.0)),
                ("subset 0", 2, 1, Some(1.0), Some(0.0), Some(1.0)),
                ("subset 3", 2, 2, Some(0.5), None, None),
            ]
        );
        assert_eq!(groups[3].recall_ci95, Some(wilson(1, 2)));
    }
}
