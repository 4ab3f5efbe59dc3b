//! Slices of many files to volumes.

use super::describe::{info, slice_warnings};
use super::slice::Slice;
use super::stack::{self, Order};
use crate::decode::series::{FileProblem, Gap, Series, Warning};
use crate::geometry::{Axes, SpacingMm, Vec3, VolumeGeometry};
use crate::hash;
use crate::volume::{Samples, Volume};

/// Files that a warning names.
const NAMED: usize = 3;

/// Sorts slices into series and these into volumes. What becomes no volume is a problem of its
/// file. Memory: one volume beside the slices; each slice goes as it is copied.
pub(crate) fn assemble(slices: Vec<Slice>) -> (Vec<Series>, Vec<FileProblem>) {
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
    let uids: Vec<_> = groups.iter().map(|group| uid(group)).collect();
    let (mut series, mut problems) = (Vec::new(), Vec::new());
    for (group, uid) in groups.into_iter().zip(&uids) {
        let parts = uids.iter().filter(|other| *other == uid).count();
        for part in by_acquisition(group) {
            let name = part.first().map(|slice| slice.file.name.clone()).unwrap_or_default();
            match volume(part, parts) {
                Ok(one) => series.push(one),
                Err(message) => {
                    let hint = "Export the series again from the system that it came from.";
                    let hint = hint.to_owned();
                    problems.push(FileProblem { name, code: "bad-geometry", message, hint });
                }
            }
        }
    }
    (series, problems)
}

fn uid(group: &[Slice]) -> Option<String> {
    group.first().and_then(|slice| slice.file.series_uid.clone())
}

/// Whether two slices are of one series: the same UID, kind, grid and direction.
fn belongs(a: &Slice, b: &Slice) -> bool {
    fn close<const N: usize>(a: Option<[f64; N]>, b: Option<[f64; N]>, within: f64) -> bool {
        match (a, b) {
            (Some(a), Some(b)) => a.iter().zip(b).all(|(a, b)| (a - b).abs() <= within),
            (a, b) => a.is_none() && b.is_none(),
        }
    }
    a.size == b.size
        && a.file.series_uid == b.file.series_uid
        && (a.file.series_uid.is_some() || a.file.study_uid == b.file.study_uid)
        && a.file.modality == b.file.modality
        && a.file.localizer == b.file.localizer
        && a.position.is_some() == b.position.is_some()
        && close(a.orientation, b.orientation, 1e-3)
        && close(a.spacing, b.spacing, 1e-4)
        && a.file.frame_of_reference_uid == b.file.frame_of_reference_uid
}

/// Two acquisitions in one series (breathing in and out, before and after contrast) lie at the
/// same places. Where each lies at places of its own, each is a series.
fn by_acquisition(group: Vec<Slice>) -> Vec<Vec<Slice>> {
    // A hundredth of a millimetre apart is the same place.
    let position =
        |slice: &Slice| slice.position.map(|p| p.0.map(|side| (side * 100.0).round() as i64));
    let numbered = |slice: &Slice| Some((slice.file.acquisition?, position(slice)?));
    if all_differ(group.iter().map(position)) || !all_differ(group.iter().map(numbered)) {
        return vec![group];
    }
    let mut parts = std::collections::BTreeMap::<_, Vec<Slice>>::new();
    for slice in group {
        parts.entry(slice.file.acquisition).or_default().push(slice);
    }
    parts.into_values().collect()
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

/// One series' volume. `parts` is into how many its UID was split.
fn volume(mut slices: Vec<Slice>, parts: usize) -> Result<Series, String> {
    let mut warnings = Vec::new();
    let axes = axes(&slices, &mut warnings);
    let order = stack::order(&slices);
    let coordinate = |slice: &Slice| match order {
        Order::Position => slice.position.map_or(0.0, |position| position.dot(axes[2])),
        Order::Location => slice.location.unwrap_or(0.0),
        Order::Instance => slice.instance.unwrap_or(0) as f64,
        Order::Arrival => 0.0,
    };
    // The same volume in whatever order the files came.
    slices.sort_by(|a, b| {
        let tie = || a.instance.cmp(&b.instance).then_with(|| a.file.name.cmp(&b.file.name));
        coordinate(a).total_cmp(&coordinate(b)).then_with(tie).then_with(|| a.frame.cmp(&b.frame))
    });
    if order != Order::Arrival {
        let placed = matches!(order, Order::Position | Order::Location);
        drop_duplicates(&mut slices, &coordinate, placed, &mut warnings);
    }
    let coordinates: Vec<f64> = slices.iter().map(coordinate).collect();
    let first = slices.first().ok_or("the series is empty")?;
    let [width, height] = first.size;
    let depth = slices.len();
    let measured = matches!(order, Order::Position | Order::Location);
    if depth > 1 && !measured {
        warnings.push(Warning::new(
            "no-positions",
            "The files do not say where the slices lie: they are sorted by their numbers, and \
             their distance and direction are not certain.",
        ));
    } else if order == Order::Location {
        warnings.push(Warning::new(
            "no-positions",
            "The files give slice locations but no positions: places in the body are not known.",
        ));
    }
    let (spacing_z, gaps) = match (depth > 1 && measured, first.between.or(first.thickness)) {
        (true, _) => {
            let spacing = stack::spacing(&coordinates);
            (spacing.mm, spacing.gaps)
        }
        (false, Some(mm)) => (mm, Vec::new()),
        (false, None) => {
            let message = "The files do not say how thick a slice is: 1 mm is assumed.";
            warnings.push(Warning::new("no-thickness", message));
            (1.0, Vec::new())
        }
    };
    let gaps = gaps_told(&slices, &coordinates, spacing_z, gaps, &mut warnings);
    let [spacing_y, spacing_x] = first.spacing.unwrap_or_else(|| {
        let message =
            "The files do not say how large a pixel is: 1 mm is assumed, and lengths are wrong.";
        warnings.push(Warning::new("no-pixel-spacing", message));
        [1.0, 1.0]
    });
    let positions: Vec<_> = slices.iter().filter_map(|slice| slice.position).collect();
    let tilt = stack::tilt(&positions, &axes);
    let tilted = stack::tilt_warning(tilt, spacing_x.min(spacing_y));
    let tilt_degrees = if tilted.is_some() { tilt.0 } else { 0.0 };
    warnings.extend(tilted);
    let origin = first.position.unwrap_or(match order {
        Order::Location => axes[2] * coordinates.first().copied().unwrap_or(0.0),
        _ => Vec3::ZERO,
    });
    let geometry = VolumeGeometry::new(
        [width, height, depth],
        origin.into(),
        SpacingMm { x: spacing_x, y: spacing_y, z: spacing_z },
        axes,
    )
    .map_err(|error| error.to_string())?;
    let mut info = info(&slices, gaps, tilt_degrees, spacing_z);
    let mut all = slice_warnings(&slices, parts);
    all.append(&mut warnings);
    info.sha256 = hash::of_files(slices.iter().map(|slice| &*slice.sha256));
    let samples = join(slices, width * height * depth)?;
    let volume = Volume::new(samples, geometry).map_err(|error| error.to_string())?;
    Ok(Series { volume, info, warnings: all })
}

fn axes(slices: &[Slice], warnings: &mut Vec<Warning>) -> Axes {
    let orientation = slices.first().and_then(|slice| slice.orientation);
    orientation.and_then(stack::axes).unwrap_or_else(|| {
        let message = "The files do not say how the slices lie in the body: axial is assumed.";
        warnings.push(Warning::new("no-orientation", message));
        Axes::IDENTITY
    })
}

/// Of several slices at one place, the first stays. That of the same samples is no news.
fn drop_duplicates(
    slices: &mut Vec<Slice>,
    coordinate: &impl Fn(&Slice) -> f64,
    placed: bool,
    warnings: &mut Vec<Warning>,
) {
    let mut differing = Vec::new();
    slices.dedup_by(|later, kept| {
        if !stack::same_place(coordinate(later), coordinate(kept)) {
            return false;
        }
        let same = later.samples == kept.samples;
        // A number says less than a place: other pixels are another slice.
        if !same && placed {
            differing.push(later.file.name.clone());
        }
        same || placed
    });
    if let Some(names) = named(&differing) {
        let count = differing.len();
        warnings.push(Warning::new(
            "duplicates",
            format!(
                "{count} {} at places where there is another of different content, and left out: \
                 {names}.",
                if count == 1 { "slice is" } else { "slices are" },
            ),
        ));
    }
}

fn gaps_told(
    slices: &[Slice],
    coordinates: &[f64],
    spacing: f64,
    gaps: Vec<(usize, f64)>,
    warnings: &mut Vec<Warning>,
) -> Vec<Gap> {
    let told: Vec<String> = gaps
        .iter()
        .filter_map(|(after, distance)| {
            let (before, next) = (slices.get(*after)?, slices.get(after + 1)?);
            let (from, to) = (coordinates.get(*after)?, coordinates.get(after + 1)?);
            let (before, next) = (&before.file.name, &next.file.name);
            Some(format!("{distance:.2} mm between {from:.2} ({before}) and {to:.2} ({next})"))
        })
        .collect();
    if let Some(list) = named(&told) {
        warnings.push(Warning::new(
            "gap",
            format!(
                "The slices are not evenly spaced, some may be missing: {spacing:.2} mm is usual, \
                 but there are {list}. Places in the body are off beyond that."
            ),
        ));
    }
    gaps.into_iter().map(|(after, distance_mm)| Gap { after, distance_mm }).collect()
}

/// The first few, and how many more.
fn named(names: &[String]) -> Option<String> {
    let shown = names.get(..NAMED.min(names.len()))?.join(", ");
    match names.len() {
        0 => None,
        count if count <= NAMED => Some(shown),
        count => Some(format!("{shown} and {} more", count - NAMED)),
    }
}

/// The slices' samples one after another. Each slice goes as soon as it is copied.
fn join(slices: Vec<Slice>, voxels: usize) -> Result<Samples, String> {
    let none = |_| "there is not enough memory for the volume".to_owned();
    if slices.iter().all(|slice| matches!(slice.samples, Samples::Int16(_))) {
        let mut all = Vec::new();
        all.try_reserve_exact(voxels).map_err(none)?;
        for slice in slices {
            if let Samples::Int16(samples) = slice.samples {
                all.extend_from_slice(&samples);
            }
        }
        return Ok(Samples::Int16(all));
    }
    let mut all = Vec::new();
    all.try_reserve_exact(voxels).map_err(none)?;
    for slice in slices {
        match slice.samples {
            Samples::Int16(samples) => all.extend(samples.iter().map(|hu| f32::from(*hu))),
            Samples::Float32(samples) => all.extend_from_slice(&samples),
        }
    }
    Ok(Samples::Float32(all))
}
