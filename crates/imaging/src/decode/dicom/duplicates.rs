//! Slices that are there more than once, each kind told by what it is.

use super::slice::Slice;
use crate::decode::series::{FileProblem, Warning};

/// Files that a warning names.
const NAMED: usize = 3;

/// The first few, and how many more; `None` where there is none.
pub(super) fn named(names: &[String]) -> Option<String> {
    let shown = names.get(..NAMED.min(names.len()))?.join(", ");
    match names.len() {
        0 => None,
        count if count <= NAMED => Some(shown),
        count => Some(format!("{shown} and {} more", count - NAMED)),
    }
}

/// Takes out slices that are in every way the same as another: the same image given twice.
pub(super) fn drop_copies(slices: &mut Vec<Slice>) -> Option<Warning> {
    // By name, so that the same one stays in whatever order the files came.
    slices.sort_by(|a, b| (&a.file.name, a.frame).cmp(&(&b.file.name, b.frame)));
    let key = |slice: &Slice| {
        let place = slice.place();
        (place, slice.instance.filter(|_| place.is_none()))
    };
    let mut order: Vec<usize> = (0..slices.len()).collect();
    order.sort_by_key(|i| slices.get(*i).map(key));
    let (mut copies, mut originals) = (vec![false; slices.len()], Vec::<usize>::new());
    for i in order {
        let Some(slice) = slices.get(i) else { continue };
        originals.retain(|j| slices.get(*j).is_some_and(|other| key(other) == key(slice)));
        let same = |j: &usize| {
            slices.get(*j).is_some_and(|other| {
                other.phase.same_moment(&slice.phase) && other.samples == slice.samples
            })
        };
        // Without a place or number, equal slices of air are no copies of each other.
        let known = slice.position.is_some() || slice.instance.is_some();
        match copies.get_mut(i) {
            Some(copy) if known && originals.iter().any(same) => *copy = true,
            _ => originals.push(i),
        }
    }
    let mut names = Vec::new();
    let mut copies = copies.into_iter();
    slices.retain(|slice| {
        let copy = copies.next() == Some(true);
        if copy {
            names.push(slice.name());
        }
        !copy
    });
    let list = named(&names)?;
    let message = match names.len() {
        1 => format!("1 slice is a copy of another and was left out: {list}."),
        count => format!("{count} slices are copies of others and were left out: {list}."),
    };
    Some(Warning::new("copies", message))
}

/// Of several slices at one place but of different content, the first stays. Slices are sorted;
/// `same_place` compares neighbours.
pub(super) fn drop_differing(
    slices: &mut Vec<Slice>,
    same_place: impl Fn(&Slice, &Slice) -> bool,
) -> Option<Warning> {
    let (mut names, mut same_uid) = (Vec::new(), false);
    slices.dedup_by(|later, kept| {
        let same = same_place(later, kept);
        if same {
            names.push(later.name());
            let uid = &later.file.instance_uid;
            same_uid |=
                uid.is_some() && *uid == kept.file.instance_uid && later.frame == kept.frame;
        }
        same
    });
    let list = named(&names)?;
    let why = match same_uid {
        true => "though both call themselves the same image",
        false => "and the files do not say what tells them apart",
    };
    let message = match names.len() {
        1 => format!(
            "1 slice lies where there is another of different content, {why}; it was left out: {list}."
        ),
        count => format!(
            "{count} slices lie where there are others of different content, {why}; they were left out: {list}."
        ),
    };
    Some(Warning::new("duplicates", message))
}

/// Takes out the slices that do not say where they lie, where most of a series do; where most do
/// not, or all name the same place, no place of it is used.
pub(super) fn drop_unplaced(
    slices: &mut Vec<Slice>,
    problems: &mut Vec<FileProblem>,
) -> Option<Warning> {
    let placed = slices.iter().filter(|slice| slice.position.is_some()).count();
    let first = slices.first().and_then(|slice| slice.position);
    let one_place = placed > 1 && slices.iter().all(|slice| slice.position == first);
    let locations = slices.iter().map(|slice| slice.location.map(f64::to_bits));
    if one_place && all_differ(locations) {
        for slice in slices.iter_mut() {
            slice.position = None;
        }
        let message = "Every slice names the same place, Image Position (Patient) (0020,0032), which \
                       cannot be: the places are not used.";
        return Some(Warning::new("one-place", message));
    }
    if placed == 0 || placed == slices.len() {
        return None;
    }
    if placed * 2 < slices.len() {
        for slice in slices.iter_mut() {
            slice.position = None;
        }
        return None;
    }
    slices.retain(|slice| {
        if slice.position.is_none() {
            problems.push(FileProblem {
                name: slice.name(),
                code: "no-position",
                message: format!(
                    "the slice does not say where it lies: Image Position (Patient) (0020,0032) is \
                     missing, so that it was left out of its series of {placed} others"
                ),
                hint: "Export the series again from the system that it came from.".to_owned(),
            });
        }
        slice.position.is_some()
    });
    None
}

/// Whether every key is there, and each another one.
fn all_differ<K: Ord>(keys: impl Iterator<Item = Option<K>>) -> bool {
    let keys: Option<Vec<K>> = keys.collect();
    keys.is_some_and(|mut keys| {
        let count = keys.len();
        keys.sort_unstable();
        keys.dedup();
        keys.len() == count
    })
}
