//! Which slices are one series, and what to call the parts where files of one UID are several.
//!
//! A series is one patient, study, series, kind of image, kernel, direction and grid; and one phase:
//! two moments at the same places are two volumes, whatever their UID.

use super::duplicates::drop_copies;
use super::phase::{Elsewhere, KINDS, Kind, TIME};
use super::slice::Slice;
use super::stack;
use crate::decode::series::Warning;
use crate::geometry::Axes;

/// Slices of one series.
#[derive(Debug)]
pub(super) struct Part {
    pub slices: Vec<Slice>,
    /// What tells it from the other parts of its UID, to be put into a name; empty where there are
    /// none.
    pub label: String,
    /// In what the parts of its UID differ.
    pub reasons: Vec<&'static str>,
    /// What is told of copies that were left out.
    pub copies: Option<Warning>,
}

/// Sorts slices into series, the same in whatever order they came.
pub(super) fn split(slices: Vec<Slice>) -> Vec<Part> {
    let mut groups: Vec<Vec<Slice>> = Vec::new();
    for slice in slices {
        let group = groups
            .iter_mut()
            .find(|group| group.first().is_some_and(|first| belongs(first, &slice)));
        match group {
            Some(group) => group.push(slice),
            None => groups.push(vec![slice]),
        }
    }
    let mut parts = Vec::new();
    for mut group in groups {
        let copies = drop_copies(&mut group);
        parts.extend(by_phase(group).into_iter().map(|part| (part, copies.clone())));
    }
    named(parts)
}

/// Whether two slices are of one series, but for their phase.
fn belongs(a: &Slice, b: &Slice) -> bool {
    fn close<const N: usize>(a: Option<[f64; N]>, b: Option<[f64; N]>, within: f64) -> bool {
        match (a, b) {
            (Some(a), Some(b)) => a.iter().zip(b).all(|(a, b)| (a - b).abs() <= within),
            (a, b) => a.is_none() && b.is_none(),
        }
    }
    a.size == b.size
        && a.file.series_uid == b.file.series_uid
        && a.file.study_uid == b.file.study_uid
        && a.file.patient_id() == b.file.patient_id()
        && a.file.modality == b.file.modality
        && a.image_type == b.image_type
        && a.kernel == b.kernel
        && close(a.orientation, b.orientation, 1e-3)
        && close(a.spacing, b.spacing, 1e-4)
        && a.file.frame_of_reference_uid == b.file.frame_of_reference_uid
}

/// Phases lie at the same places: breathing in and out, before and after contrast, moments of the
/// heart. Temporal positions are phases wherever they lie.
fn by_phase(group: Vec<Slice>) -> Vec<Vec<Slice>> {
    let mut places: Vec<_> = group.iter().filter_map(Slice::place).collect();
    places.sort_unstable();
    let all = places.len();
    places.dedup();
    let coincide = places.len() < all;
    for (kind, Kind { elsewhere, .. }) in KINDS.iter().enumerate() {
        let parts = distinct(&group, kind);
        // What differs from slice to slice, as times do, tells no phases apart.
        let whole = || parts.iter().all(|(_, slices)| slices.len() * 2 > places.len());
        let apart = || parts.iter().all(|(_, slices)| differ(&group, slices));
        let several = || parts.iter().all(|(_, slices)| slices.len() > 1);
        let named = || parts.iter().all(|(value, _)| value.is_some());
        let is_phase = match (coincide, elsewhere) {
            (true, _) => whole() && apart(),
            (false, Elsewhere::Always) => several() && (named() || between(&group, &parts)),
            (false, Elsewhere::Apart) => several() && named() && !follows(&group, &parts),
            (false, Elsewhere::Between) => several() && between(&group, &parts),
        };
        if parts.len() > 1 && is_phase {
            let parts: Vec<Vec<usize>> = parts.into_iter().map(|(_, slices)| slices).collect();
            return taken(group, &parts);
        }
    }
    match coincide.then(|| in_turn(&group, places.len())).flatten() {
        Some(parts) => taken(group, &parts),
        None => vec![group],
    }
}

/// Whether no two of the slices lie at one place.
fn differ(group: &[Slice], slices: &[usize]) -> bool {
    let mut places: Vec<_> = slices.iter().map(|i| group.get(*i).and_then(Slice::place)).collect();
    places.sort_unstable();
    places.windows(2).all(|pair| pair[0].is_some() && pair[0] != pair[1])
}

/// Phases that nothing names: every place is there equally often, and its first slice by time, or by
/// acquisition, is of the first phase. Instance numbers may run anyhow: by them only where all first
/// ones come before all second ones.
fn in_turn(group: &[Slice], places: usize) -> Option<Vec<Vec<usize>>> {
    let count = group.len() / places.max(1);
    if count < 2 || count * places != group.len() || places < 2 {
        return None;
    }
    let time = |slice: &Slice| slice.phase.time().map(|time| format!("{time:0<40}"));
    let acquisition = |slice: &Slice| Some(format!("{:0>20}", slice.phase.acquisition()?));
    let number = |slice: &Slice| slice.instance.map(|number| format!("{number:020}"));
    let turns = |key: &dyn Fn(&Slice) -> Option<String>, clear: bool| {
        let mut order: Vec<([i64; 3], String, usize)> = Vec::new();
        for (i, slice) in group.iter().enumerate() {
            order.push((slice.place()?, key(slice)?, i));
        }
        order.sort_unstable();
        let mut parts = vec![Vec::new(); count];
        for all in order.chunks(count) {
            let one_place = all.first().map(|one| one.0) == all.last().map(|one| one.0);
            if !one_place || all.windows(2).any(|pair| pair[0].1 == pair[1].1) {
                return None;
            }
            for (part, (_, key, i)) in parts.iter_mut().zip(all) {
                part.push((key.clone(), *i));
            }
        }
        let last = |part: &Vec<(String, usize)>| part.iter().map(|one| one.0.clone()).max();
        let first = |part: &Vec<(String, usize)>| part.iter().map(|one| one.0.clone()).min();
        let in_order = parts.windows(2).all(|pair| last(&pair[0]) < first(&pair[1]));
        let indices = |part: Vec<(String, usize)>| part.into_iter().map(|one| one.1).collect();
        (in_order || !clear).then(|| parts.into_iter().map(indices).collect())
    };
    turns(&time, false).or_else(|| turns(&acquisition, false)).or_else(|| turns(&number, true))
}

/// The slices of each part.
fn taken(group: Vec<Slice>, parts: &[Vec<usize>]) -> Vec<Vec<Slice>> {
    let mut all: Vec<Option<Slice>> = group.into_iter().map(Some).collect();
    let mut take = |i: &usize| all.get_mut(*i).and_then(Option::take);
    parts.iter().map(|part| part.iter().filter_map(&mut take).collect()).collect()
}

/// A value, and the indices of the slices that have it.
type Shared = (Option<String>, Vec<usize>);

/// The values of a kind, in ascending order.
fn distinct(group: &[Slice], kind: usize) -> Vec<Shared> {
    let mut parts = std::collections::BTreeMap::<_, Vec<usize>>::new();
    for (i, slice) in group.iter().enumerate() {
        parts.entry(slice.phase.value(kind).map(str::to_owned)).or_default().push(i);
    }
    parts.into_iter().collect()
}

/// Height of each slice along the normal, ascending, and the part to which it belongs.
fn heights(group: &[Slice], parts: &[Shared]) -> Vec<(f64, usize)> {
    let axes = group.first().and_then(|slice| slice.orientation).and_then(stack::axes);
    let normal = axes.unwrap_or(Axes::IDENTITY)[2];
    let height = |i: &usize| Some(group.get(*i)?.position?.dot(normal));
    let mut places: Vec<(f64, usize)> = Vec::new();
    for (part, (_, slices)) in parts.iter().enumerate() {
        places.extend(slices.iter().filter_map(height).map(|height| (height, part)));
    }
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    places
}

/// Whether slices of the parts mostly take turns along the normal.
fn between(group: &[Slice], parts: &[Shared]) -> bool {
    let places = heights(group, parts);
    let turns = places.windows(2).filter(|pair| pair[0].1 != pair[1].1).count();
    turns * 2 > places.len()
}

/// Whether the parts lie one behind the other along the normal, with even steps from one to the next.
fn follows(group: &[Slice], parts: &[Shared]) -> bool {
    let places = heights(group, parts);
    let joints: Vec<usize> = (1..places.len())
        .filter(|i| places.get(i - 1).map(|one| one.1) != places.get(*i).map(|one| one.1))
        .collect();
    let heights: Vec<f64> = places.iter().map(|(height, _)| *height).collect();
    // A slice that is missing elsewhere says nothing of the joints.
    let gaps = stack::spacing(&heights).gaps;
    places.len() == group.len()
        && joints.len() + 1 == parts.len()
        && gaps.iter().all(|(after, _)| !joints.contains(&(after + 1)))
}

/// What may tell parts of one UID apart: how it is called, and its value in a part.
struct Trait {
    reason: &'static str,
    /// The value by which parts are compared; `None` where the files do not say.
    value: fn(&[Slice]) -> Option<String>,
    /// How the value is said; `None` where only its number among the others is.
    said: fn(&str) -> Option<String>,
}

const TRAITS: [Trait; 9] = [
    Trait {
        reason: "patient",
        value: |s| Some(s.first()?.file.patient_id()?.to_owned()),
        said: |_| None,
    },
    Trait { reason: "study", value: |s| s.first()?.file.study_uid.clone(), said: |_| None },
    Trait {
        reason: "modality",
        value: |s| s.first()?.file.modality.clone(),
        said: |value| coded(value).then(|| value.to_owned()),
    },
    Trait {
        reason: "image type",
        value: |s| s.first()?.image_type.clone(),
        said: |value| coded(value).then(|| format!("image type {value}")),
    },
    Trait {
        reason: "kernel",
        value: |s| s.first()?.kernel.clone(),
        said: |value| coded(value).then(|| format!("kernel {value}")),
    },
    Trait {
        reason: "direction",
        value: |s| {
            let orientation = s.first()?.orientation?;
            let normal = stack::axes(orientation)?[2];
            let plane = (0..3).find(|k| normal[*k].abs() > 0.9);
            let plane = plane.and_then(|k| ["sagittal", "coronal", "axial"].get(k).copied());
            let exactly = orientation.map(|side| format!("{side:.3}")).join(" ");
            Some(format!("{}, {exactly}", plane.unwrap_or("oblique")))
        },
        said: |value| value.split(',').next().map(str::to_owned),
    },
    Trait {
        reason: "size",
        value: |s| s.first().map(|one| format!("{} x {}", one.size[0], one.size[1])),
        said: |value| Some(value.to_owned()),
    },
    Trait {
        reason: "pixel spacing",
        value: |s| s.first()?.spacing.map(|[y, x]| format!("{x:.4} x {y:.4} mm")),
        said: |value| Some(format!("pixels of {value}")),
    },
    Trait {
        reason: "frame of reference",
        value: |s| s.first()?.file.frame_of_reference_uid.clone(),
        said: |_| None,
    },
];

/// Whether a text is one of codes, so that it is no free text and fits into a name.
fn coded(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || " _-.+/\\".contains(c);
    text.len() <= 48 && text.chars().all(fits)
}

/// The value of a phase where all slices of a part share it.
fn constant(slices: &[Slice], kind: usize) -> Option<String> {
    let value = |slice: &Slice| slice.phase.value(kind).map(str::to_owned);
    let first = value(slices.first()?);
    slices.iter().all(|slice| value(slice) == first).then_some(first)?
}

/// When the first slice of a part was measured, as digits.
fn first_time(slices: &[Slice]) -> Option<String> {
    slices.iter().filter_map(|slice| slice.phase.time()).min().map(str::to_owned)
}

/// The lowest and the highest instance number of a part.
fn numbers(slices: &[Slice]) -> Option<String> {
    let numbers = || slices.iter().filter_map(|slice| slice.instance);
    Some(format!("{} to {}", numbers().min()?, numbers().max()?))
}

/// Names each part by what tells it from the others of its UID: as many traits as it takes.
fn named(parts: Vec<(Vec<Slice>, Option<Warning>)>) -> Vec<Part> {
    let uid = |part: &[Slice]| part.first().and_then(|slice| slice.file.series_uid.clone());
    let mut named: Vec<(Option<String>, Part)> = parts
        .into_iter()
        .map(|(slices, copies)| {
            let (label, reasons) = (String::new(), Vec::new());
            (uid(&slices), Part { slices, label, reasons, copies })
        })
        .collect();
    let mut uids: Vec<Option<String>> = named.iter().map(|(uid, _)| uid.clone()).collect();
    uids.sort_unstable();
    uids.dedup();
    for uid in uids {
        let mut siblings: Vec<&mut Part> =
            named.iter_mut().filter(|one| one.0 == uid).map(|one| &mut one.1).collect();
        label(&mut siblings);
    }
    named.sort_by(|(a, one), (b, other)| (a, &one.label).cmp(&(b, &other.label)));
    named.into_iter().map(|(_, part)| part).collect()
}

/// Labels the parts of one UID.
fn label(siblings: &mut [&mut Part]) {
    let each = |value: &dyn Fn(&[Slice]) -> Option<String>, siblings: &[&mut Part]| {
        siblings.iter().map(|part| value(&part.slices)).collect::<Vec<_>>()
    };
    for Trait { reason, value, said } in &TRAITS {
        tell(siblings, reason, &each(value, siblings), *said);
    }
    for (kind, Kind { reason, said, .. }) in KINDS.iter().enumerate() {
        let values = each(&|slices| constant(slices, kind), siblings);
        tell(siblings, reason, &values, *said);
    }
    // Where nothing else does, when they began, and then the numbers, tell them apart.
    if !told_apart(siblings) {
        let values = each(&first_time, siblings);
        tell(siblings, TIME, &values, |_| None);
    }
    if !told_apart(siblings) {
        let values = each(&numbers, siblings);
        tell(siblings, "instance number", &values, |value| Some(format!("instances {value}")));
    }
    if !told_apart(siblings) {
        siblings.sort_by_key(|part| part.slices.iter().filter_map(|slice| slice.instance).min());
        for (number, part) in (1..).zip(siblings) {
            part.label = format!("{}, part {number}", part.label);
        }
    }
}

fn told_apart(siblings: &[&mut Part]) -> bool {
    let mut labels: Vec<&str> = siblings.iter().map(|part| &*part.label).collect();
    labels.sort_unstable();
    labels.dedup();
    labels.len() == siblings.len()
}

/// Says of each part in what it differs, where it does.
fn tell(
    siblings: &mut [&mut Part],
    reason: &'static str,
    values: &[Option<String>],
    said: fn(&str) -> Option<String>,
) {
    let mut all = values.to_vec();
    all.sort_unstable();
    all.dedup();
    if all.len() < 2 {
        return;
    }
    let told_apart = told_apart(siblings);
    for (part, value) in siblings.iter_mut().zip(values) {
        part.reasons.push(reason);
        if told_apart {
            continue;
        }
        let number = all.iter().position(|other| other == value).unwrap_or(0) + 1;
        let said = value.as_deref().and_then(said).unwrap_or_else(|| match value {
            Some(_) => format!("{reason} {number}"),
            None => format!("{reason} not given"),
        });
        part.label = format!("{}, {said}", part.label);
    }
}
