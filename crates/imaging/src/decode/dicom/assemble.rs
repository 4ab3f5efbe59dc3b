//! Slices of many files to volumes.

use super::describe::{info, slice_warnings};
use super::duplicates::{drop_differing, drop_unplaced, named};
use super::hounsfield::PADDED_HU;
use super::slice::Slice;
use super::split::{Part, split};
use super::stack::{self, Order};
use crate::decode::series::{FileProblem, Gap, Series, Warning};
use crate::geometry::{Axes, SpacingMm, Vec3, VolumeGeometry};
use crate::hash;
use crate::volume::{Samples, Volume};

/// Sorts slices into series and these into volumes. What becomes no volume is a problem of its
/// file. Memory: one volume beside the slices; each slice goes as it is copied.
pub(crate) fn assemble(slices: Vec<Slice>) -> (Vec<Series>, Vec<FileProblem>) {
    let (mut series, mut problems) = (Vec::new(), Vec::new());
    for mut part in split(slices) {
        let unplaced = drop_unplaced(&mut part.slices, &mut problems);
        let name = part.slices.first().map(|slice| slice.file.name.clone()).unwrap_or_default();
        match volume(part) {
            Ok(mut one) => {
                one.warnings.extend(unplaced);
                series.push(one);
            }
            Err(message) => {
                let hint = "Export the series again from the system that it came from.";
                let hint = hint.to_owned();
                problems.push(FileProblem { name, code: "bad-geometry", message, hint });
            }
        }
    }
    (series, problems)
}

/// One series' volume.
fn volume(part: Part) -> Result<Series, String> {
    let Part { mut slices, label, reasons, copies } = part;
    let mut warnings: Vec<Warning> = copies.into_iter().collect();
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
    // A number says less than a place: other pixels are another slice.
    if matches!(order, Order::Position | Order::Location) {
        let same = |a: &Slice, b: &Slice| stack::same_place(coordinate(a), coordinate(b));
        warnings.extend(drop_differing(&mut slices, same));
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
    warnings.extend(padding_told(&slices));
    warnings.extend(beyond_told(&slices));
    let positions: Vec<_> = slices.iter().filter_map(|slice| slice.position).collect();
    let tilt = stack::tilt(&positions, &axes);
    let tilted = stack::tilt_warning(tilt, spacing_x.min(spacing_y));
    let is_tilted = tilted.as_ref().is_some_and(|warning| warning.code == "tilted");
    let tilt_degrees = if is_tilted { tilt.degrees } else { 0.0 };
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
    // Each slice where it says that it lies: behind a gap, on a tilted gantry too.
    let geometry = match order {
        Order::Position => {
            let places = positions.into_iter().map(Into::into).collect();
            geometry.with_slices_at(places).map_err(|error| error.to_string())?
        }
        _ => geometry,
    };
    let mut info = info(&slices, gaps, tilt_degrees, spacing_z, &label);
    info.placed = order == Order::Position;
    let mut all = slice_warnings(&slices, &reasons);
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

/// Values that no CT number has.
fn beyond_told(slices: &[Slice]) -> Option<Warning> {
    let found = match slices.iter().map(|slice| slice.odd.beyond).sum() {
        0 => return None,
        1 => "1 voxel holds a value outside -32768 to 32767".to_owned(),
        count => format!("{count} voxels hold values outside -32768 to 32767"),
    };
    let message = format!("{found}, which no CT number is. Such values are kept as they are.");
    Some(Warning::new("beyond-hu", message))
}

/// What became of padding where it changed something or might have.
fn padding_told(slices: &[Slice]) -> Option<Warning> {
    let sum = |count: fn(&Slice) -> usize| slices.iter().map(count).sum::<usize>();
    let (air, kept) = (sum(|slice| slice.odd.padded.air), sum(|slice| slice.odd.padded.kept));
    let outside = format!(
        "{air} pixels around the body hold the padding value and are taken as air, {PADDED_HU} HU"
    );
    let inside =
        format!("{kept} pixels elsewhere hold the padding value, too, and keep their own HU");
    let message = match (air, kept) {
        (0, 0) => return None,
        (_, 0) => format!("{outside}."),
        (0, _) => format!("{inside}."),
        _ => format!("{outside}; {inside}."),
    };
    Some(Warning::new("padding", message))
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
            let (before, next) = (before.name(), next.name());
            Some(format!("{distance:.2} mm between {from:.2} ({before}) and {to:.2} ({next})"))
        })
        .collect();
    if let Some(list) = named(&told) {
        warnings.push(Warning::new(
            "gap",
            format!(
                "The slices are not evenly spaced, some may be missing: {spacing:.2} mm is usual, \
                 but there are {list}. What lies between them is not shown; every slice keeps its own \
                 place."
            ),
        ));
    }
    gaps.into_iter().map(|(after, distance_mm)| Gap { after, distance_mm }).collect()
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
