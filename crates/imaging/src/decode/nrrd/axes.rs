//! Where an NRRD lies in the body: which of its axes are of space, how far apart the samples are
//! along each, and where the first one is.

use super::fields::{Fields, bad};
use crate::decode::grid::GridError;
use crate::decode::series::Warning;
use crate::geometry::{Vec3, WorldMm};

/// Most axes that an NRRD may have (`NRRD_DIM_MAX`).
const MOST_AXES: usize = 16;

/// A grid in the body.
pub(super) struct Placed {
    /// Samples along each axis of space, unchecked.
    pub size: [i64; 3],
    /// From sample to sample along each of them, LPS, mm.
    pub steps: [Vec3; 3],
    /// Centre of the first sample, LPS, mm.
    pub origin: WorldMm,
}

/// An axis of the array.
struct Axis {
    side: i64,
    kind: Option<String>,
    /// How far apart its samples are; `None` where the header does not say.
    spacing: Option<f64>,
    /// Step from sample to sample, in the header's space.
    direction: Option<[f64; 3]>,
    /// Whether the header says that it has none.
    none: bool,
    unit: Option<String>,
}

/// Finds the axes of space and what is said of them.
pub(super) fn placed(
    fields: &Fields<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<Placed, GridError> {
    let axes = axes(fields)?;
    let mut tell = |code, message: &str| warnings.push(Warning::new(code, message));
    let flat = axes.len() == 2;
    if flat {
        tell("one-slice", "The file holds one slice, and does not say how thick it is.");
    }
    let axes = spatial(axes)?;
    let space = fields.get("space").map(str::to_ascii_lowercase);
    let signs = match space.as_deref() {
        Some("left-posterior-superior" | "lps") => [1.0, 1.0, 1.0],
        Some("right-anterior-superior" | "ras") => [-1.0, -1.0, 1.0],
        Some("left-anterior-superior" | "las") => [1.0, -1.0, 1.0],
        Some(space) if space.ends_with("-time") || ["rast", "last", "lpst"].contains(&space) => {
            let space: String = space.chars().take(40).collect();
            let reason = format!("its space has four dimensions, one of them time ({space})");
            return Err(GridError::Unsupported(reason));
        }
        Some(_) | None => {
            tell(
                "no-orientation",
                "The file does not say how the volume lies in the body: left and right may be \
                 exchanged.",
            );
            [1.0, 1.0, 1.0]
        }
    };
    let signed = |vector: [f64; 3], mm: [f64; 3]| {
        // Without the test, 0 would become -0.
        let side = |k: usize| match signs[k] < 0.0 && vector[k] != 0.0 {
            true => -vector[k] * mm[k],
            false => vector[k] * mm[k],
        };
        Vec3([0, 1, 2].map(side))
    };
    let units = quoted(fields.get("space units").unwrap_or_default());
    let mut mm = [1.0; 3];
    for (factor, unit) in mm.iter_mut().zip(&units) {
        *factor = millimetres("space units", unit)?;
    }
    let origin = match fields.get("space origin").filter(|text| *text != "none") {
        Some(text) => match vectors(text, flat).as_deref() {
            Some([Some(origin)]) => signed(*origin, mm),
            _ => return Err(bad("space origin", text)),
        },
        None => {
            tell(
                "no-origin",
                "The file does not say where the volume lies in the body: its first voxel was put \
                 at 0, 0, 0.",
            );
            Vec3::ZERO
        }
    };
    let size = [0, 1, 2].map(|k| axes[k].side);
    let directions = [0, 1, 2].map(|k| axes[k].direction);
    if let [Some(x), Some(y), Some(z)] = directions {
        let steps = [x, y, z].map(|step| signed(step, mm));
        return Ok(Placed { size, steps, origin: origin.into() });
    }
    if directions.iter().any(Option::is_some) {
        let text = fields.get("space directions").unwrap_or_default();
        return Err(bad("space directions", text));
    }
    let spacings = [0, 1, 2].map(|k| axes[k].spacing);
    if spacings.iter().any(Option::is_none) {
        tell(
            "no-spacing",
            "The file does not say how large a voxel is: 1 mm was taken where it does not, so \
             sizes and distances are not to be relied on.",
        );
    }
    let mut steps = [Vec3::ZERO; 3];
    for (k, axis) in axes.iter().enumerate() {
        let mm = axis.unit.as_deref().map_or(Ok(1.0), |unit| millimetres("units", unit))?;
        steps[k].0[k] = axis.spacing.map_or(1.0, |spacing| spacing * mm);
    }
    Ok(Placed { size, steps, origin: origin.into() })
}

/// All axes of the array, fastest first.
fn axes(fields: &Fields<'_>) -> Result<Vec<Axis>, GridError> {
    let dimension = fields.whole("dimension")?.ok_or(GridError::Missing("dimension"))?;
    let count = usize::try_from(dimension).ok().filter(|count| (1..=MOST_AXES).contains(count));
    let count = count.ok_or_else(|| bad("dimension", &dimension.to_string()))?;
    let text = fields.get("sizes").ok_or(GridError::Missing("sizes"))?;
    let sides: Option<Vec<i64>> = text.split_whitespace().map(|side| side.parse().ok()).collect();
    let sides = sides.filter(|sides| sides.len() == count).ok_or_else(|| bad("sizes", text))?;
    let kinds: Vec<&str> = fields.get("kinds").unwrap_or_default().split_whitespace().collect();
    let units = quoted(fields.get("units").unwrap_or_default());
    let spacings: Vec<f64> = match fields.get("spacings") {
        Some(text) => {
            let numbers: Option<Vec<f64>> =
                text.split_whitespace().map(|number| number.parse().ok()).collect();
            let numbers = numbers.filter(|numbers| numbers.len() == count);
            numbers.ok_or_else(|| bad("spacings", text))?
        }
        None => Vec::new(),
    };
    let directions = match fields.get("space directions") {
        Some(text) => {
            let given = vectors(text, count == 2).filter(|vectors| vectors.len() == count);
            given.ok_or_else(|| bad("space directions", text))?
        }
        None => Vec::new(),
    };
    let axis = |(k, side): (usize, i64)| Axis {
        side,
        kind: kinds
            .get(k)
            .filter(|kind| !["???", "none"].contains(*kind))
            .map(|kind| kind.chars().take(40).collect()),
        spacing: spacings.get(k).copied().filter(|spacing| !spacing.is_nan()),
        direction: directions.get(k).copied().flatten(),
        none: directions.get(k).is_some_and(Option::is_none)
            || spacings.get(k).is_some_and(|spacing| spacing.is_nan()),
        unit: units.get(k).cloned(),
    };
    Ok(sides.into_iter().enumerate().map(axis).collect())
}

/// The three axes of space. Others may be there if they hold one value; a slice alone gets a
/// third axis of one sample.
fn spatial(axes: Vec<Axis>) -> Result<[Axis; 3], GridError> {
    let count = axes.len();
    let sizes: Vec<String> = axes.iter().map(|axis| axis.side.to_string()).collect();
    let sizes = sizes.join(" x ");
    // A direction or a spacing for some axes says that the others are not of space.
    let some = axes.iter().any(|axis| axis.direction.is_some() || axis.spacing.is_some());
    let mut kept = Vec::new();
    for (k, axis) in axes.into_iter().enumerate() {
        let name = axis.kind.as_deref().unwrap_or_default().to_ascii_lowercase();
        let space = match name.as_str() {
            "" => !(axis.none && some),
            name => ["domain", "space"].contains(&name),
        };
        if space || (axis.direction.is_some() && axis.side == 1) {
            kept.push(axis);
        } else if axis.side != 1 {
            let (place, side) = (k + 1, axis.side);
            let reason = match axis.kind {
                None => format!("its axis {place} of {side} has no direction in space ({sizes})"),
                Some(kind) => {
                    format!("its axis {place} of {side} is of kind {kind}, not space ({sizes})")
                }
            };
            return Err(GridError::Unsupported(reason));
        }
    }
    // Axes of one sample beyond the third say nothing.
    while kept.len() > 3
        && let Some(place) = kept.iter().rposition(|axis| axis.side == 1)
    {
        kept.remove(place);
    }
    if kept.len() == 2 {
        let direction = kept.iter().all(|axis| axis.direction.is_some());
        let direction = direction.then_some([0.0, 0.0, 1.0]);
        let (kind, unit) = (None, None);
        kept.push(Axis { side: 1, kind, spacing: Some(1.0), direction, none: false, unit });
    }
    <[Axis; 3]>::try_from(kept).map_err(|kept| {
        let of = kept.len();
        let reason = match of == count {
            true => format!("it has {count} dimensions ({sizes}), not three"),
            false => format!("it has {of} dimensions of space among {count} ({sizes}), not three"),
        };
        GridError::Unsupported(reason)
    })
}

/// How many millimetres a unit is.
fn millimetres(key: &'static str, unit: &str) -> Result<f64, GridError> {
    match unit {
        "" | "mm" | "millimeter" | "millimeters" | "millimetre" | "millimetres" => Ok(1.0),
        "cm" | "centimeter" | "centimeters" => Ok(10.0),
        "m" | "meter" | "meters" => Ok(1000.0),
        "um" | "\u{B5}m" | "\u{3BC}m" | "micron" | "microns" | "micrometer" | "micrometers" => {
            Ok(0.001)
        }
        other => Err(bad(key, other)),
    }
}

/// `"mm" "mm" ""`
fn quoted(text: &str) -> Vec<String> {
    text.split('"').skip(1).step_by(2).map(|unit| unit.trim().to_owned()).take(MOST_AXES).collect()
}

/// `(a,b,c) none (d,e,f) ...`, each `None` where it says none, or where nothing in it is a number.
/// Those of a `flat` space, of a single slice, may have two numbers.
fn vectors(text: &str, flat: bool) -> Option<Vec<Option<[f64; 3]>>> {
    let mut vectors = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() && vectors.len() <= MOST_AXES {
        if let Some(more) = rest.strip_prefix("none") {
            vectors.push(None);
            rest = more.trim_start();
            continue;
        }
        let (vector, more) = rest.strip_prefix('(')?.split_once(')')?;
        let numbers: Option<Vec<f64>> =
            vector.split(',').map(|number| number.trim().parse().ok()).collect();
        let mut numbers = numbers?;
        if flat && numbers.len() == 2 {
            numbers.push(0.0);
        }
        let vector: [f64; 3] = numbers.try_into().ok()?;
        vectors.push((!vector.iter().all(|side| side.is_nan())).then_some(vector));
        rest = more.trim_start();
    }
    Some(vectors)
}
