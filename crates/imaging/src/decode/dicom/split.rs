//! Which slices are one series, and what to call the parts where files of one UID are several.
//!
//! A series is one patient, study, series, kind of image, kernel, direction and grid; and one phase:
//! two moments at the same places are two volumes, whatever their UID.

use super::duplicates::drop_copies;
use super::slice::{Phase, Slice};
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

/// A slice's place in hundredths of a millimetre, along all three axes.
fn place(slice: &Slice) -> Option<[i64; 3]> {
    slice.position.map(|position| position.0.map(|side| (side * 100.0).round() as i64))
}

/// By what phases are told apart, the surest first.
const PHASES: [fn(&Phase) -> Option<String>; 5] = [
    |phase| phase.temporal.map(|number| number.to_string()),
    |phase| phase.cycle.map(|number| number.to_string()),
    |phase| phase.trigger.map(|number| number.to_string()),
    |phase| phase.acquisition.map(|number| number.to_string()),
    |phase| phase.time.clone(),
];

/// Phases lie at the same places: breathing in and out, before and after contrast, moments of the
/// heart. Temporal positions are phases wherever they lie.
fn by_phase(group: Vec<Slice>) -> Vec<Vec<Slice>> {
    let mut places: Vec<_> = group.iter().filter_map(place).collect();
    places.sort_unstable();
    let all = places.len();
    places.dedup();
    let coincide = places.len() < all;
    for (i, key) in PHASES.iter().enumerate() {
        let parts = distinct(&group, key);
        // What differs from slice to slice, as times do, tells no phases apart.
        let sensible = parts.len() > 1
            && parts.iter().all(|(value, slices)| {
                value.is_some() && slices.len() * 2 > places.len() / parts.len().max(1)
            });
        let apart = || {
            parts.iter().all(|(_, slices)| {
                let mut places: Vec<_> =
                    slices.iter().map(|i| group.get(*i).and_then(place)).collect();
                places.sort_unstable();
                places.windows(2).all(|pair| pair[0].is_some() && pair[0] != pair[1])
            })
        };
        let several = || parts.iter().all(|(_, slices)| slices.len() > 1);
        let is_phase = match i {
            0 | 1 => (coincide && apart()) || (!coincide && several()),
            // Scanners count acquisitions on while the table moves: one scan where one follows the
            // other evenly.
            3 => (coincide && apart()) || (!coincide && several() && !follows(&group, &parts)),
            _ => coincide && apart(),
        };
        if sensible && is_phase {
            let mut all: Vec<Option<Slice>> = group.into_iter().map(Some).collect();
            let mut take = |i: &usize| all.get_mut(*i).and_then(Option::take);
            return parts
                .iter()
                .map(|(_, slices)| slices.iter().filter_map(&mut take).collect())
                .collect();
        }
    }
    vec![group]
}

/// A value, and the indices of the slices that have it.
type Shared = (Option<String>, Vec<usize>);

/// The values of a key, in ascending order.
fn distinct(group: &[Slice], key: &fn(&Phase) -> Option<String>) -> Vec<Shared> {
    let mut parts = std::collections::BTreeMap::<_, Vec<usize>>::new();
    for (i, slice) in group.iter().enumerate() {
        parts.entry(key(&slice.phase)).or_default().push(i);
    }
    parts.into_iter().collect()
}

/// Whether the parts lie one behind the other along the normal, with even steps from one to the next.
fn follows(group: &[Slice], parts: &[Shared]) -> bool {
    let axes = group.first().and_then(|slice| slice.orientation).and_then(stack::axes);
    let normal = axes.unwrap_or(Axes::IDENTITY)[2];
    let height = |i: &usize| Some(group.get(*i)?.position?.dot(normal));
    let mut places: Vec<(f64, usize)> = Vec::new();
    for (part, (_, slices)) in parts.iter().enumerate() {
        places.extend(slices.iter().filter_map(height).map(|height| (height, part)));
    }
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
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

const TRAITS: [Trait; 14] = [
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
            let normal = stack::axes(s.first()?.orientation?)?[2];
            let plane = |k: usize| ["sagittal", "coronal", "axial"].get(k).copied();
            (0..3)
                .find(|k| normal[*k].abs() > 0.9)
                .map_or(Some("oblique"), plane)
                .map(str::to_owned)
        },
        said: |value| Some(value.to_owned()),
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
    Trait {
        reason: "temporal position",
        value: |s| constant(s, PHASES[0]),
        said: |value| Some(format!("temporal position {value}")),
    },
    Trait {
        reason: "phase of the heart",
        value: |s| constant(s, PHASES[1]),
        said: |value| Some(format!("{} % of the heart's cycle", tenths(value))),
    },
    Trait {
        reason: "trigger time",
        value: |s| constant(s, PHASES[2]),
        said: |value| Some(format!("trigger time {} ms", tenths(value))),
    },
    Trait {
        reason: "acquisition",
        value: |s| constant(s, PHASES[3]),
        said: |value| Some(format!("acquisition {value}")),
    },
    Trait { reason: "time", value: |s| constant(s, PHASES[4]), said: |_| None },
];

/// Whether a text is one of codes, so that it is no free text and fits into a name.
fn coded(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || " _-.+/\\".contains(c);
    text.len() <= 48 && text.chars().all(fits)
}

fn tenths(value: &str) -> f64 {
    value.parse::<f64>().unwrap_or_default() / 10.0
}

/// The value of a phase where all slices of a part share it.
fn constant(slices: &[Slice], key: fn(&Phase) -> Option<String>) -> Option<String> {
    let first = key(&slices.first()?.phase);
    slices.iter().all(|slice| key(&slice.phase) == first).then_some(first)?
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
    for one in &TRAITS {
        let values: Vec<Option<String>> =
            siblings.iter().map(|part| (one.value)(&part.slices)).collect();
        let mut all = values.clone();
        all.sort_unstable();
        all.dedup();
        if all.len() < 2 {
            continue;
        }
        let mut labels: Vec<&str> = siblings.iter().map(|part| &*part.label).collect();
        labels.sort_unstable();
        labels.dedup();
        let told_apart = labels.len() == siblings.len();
        for (part, value) in siblings.iter_mut().zip(values) {
            part.reasons.push(one.reason);
            if told_apart {
                continue;
            }
            let number = all.iter().position(|other| *other == value).unwrap_or(0) + 1;
            let said = value.as_deref().and_then(one.said);
            let said = said.unwrap_or_else(|| match value {
                Some(_) => format!("{} {number}", one.reason),
                None => format!("{} not given", one.reason),
            });
            part.label = format!("{}, {said}", part.label);
        }
    }
}
