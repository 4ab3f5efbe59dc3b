//! How large the body at a peak is, measured in the image.

use nodulens_imaging::lungs::LungMask;
use nodulens_imaging::lungs::distance::squared_distance_mm2;

/// How far from the peak the body is looked for, mm: two strides, and as much again, for networks
/// answer beside a nodule's middle too.
const SEED_REACH_MM: f64 = 6.0;

/// How far from the seed the body may reach, mm: the radius of a nodule of up to 30 mm, and the
/// seed beside its middle.
const REACH_MM: f64 = 26.0;

/// CT number of aerated lung, HU: what surrounds a nodule.
const LUNG_HU: f32 = -850.0;

/// A seed that is darker than this is no body, HU: the faintest ground glass is about -750.
const FAINTEST_HU: f32 = -700.0;

/// Bodies are told from lung half-way between the two, but not above this, HU: the core of a
/// part-solid nodule must not stand for the whole, nor calcium for the soft tissue around it.
const BRIGHTEST_EDGE_HU: f32 = -400.0;

/// What is thinner than this share of the largest disc that fits into the body hangs on to it
/// (vessels, pleural tails) and is cut off.
const TAIL_SHARE: f64 = 0.6;

/// Smallest and largest diameter that is believed, mm: three pixels, and a mass.
const BELIEVED_MM: [f64; 2] = [2.0, 36.0];

/// Diameter in mm of the disc that has the area of the body at a peak, in this slice: what is
/// brighter than half-way between lung and the brightest place within 6 mm, connected, within the
/// lung mask if there is one, without the vessels that hang on to it.
///
/// `None` where nothing is bright enough, the body reaches beyond 26 mm (chest wall, heart), or the
/// diameter is not between 2 and 36 mm. An estimate, for ranking and follow-up by eye; it is
/// not how a radiologist measures.
///
/// # Shapes
/// `hu`: `width * height`, row-major; `pixel`: x, y; `pixel_mm` along x and y, above 0.
#[must_use]
pub fn diameter_mm(
    hu: &[f32],
    [width, height]: [usize; 2],
    pixel_mm: [f64; 2],
    mask: Option<&LungMask>,
    pixel: [f64; 2],
) -> Option<f64> {
    let sound = pixel_mm.iter().all(|side| side.is_finite() && *side > 0.0);
    if !sound || width.checked_mul(height) != Some(hu.len()) || hu.is_empty() {
        return None;
    }
    let at = |x: usize, y: usize| {
        let inside = mask.is_none_or(|mask| mask.contains(x, y));
        hu.get(y * width + x).copied().filter(|hu| inside && hu.is_finite())
    };
    // The brightest 3 x 3 mean: a single pixel may be grain.
    let mean = |x: usize, y: usize| {
        let columns = x.saturating_sub(1)..(x + 2).min(width);
        let around: Vec<f32> = (y.saturating_sub(1)..(y + 2).min(height))
            .flat_map(|y| columns.clone().filter_map(move |x| at(x, y)))
            .collect();
        around.iter().sum::<f32>() / around.len().max(1) as f32
    };
    let window = |center: [f64; 2], reach: f64| {
        let side = |k: usize, size: usize| {
            let far = reach / pixel_mm[k];
            let from = (center[k] - far).ceil().max(0.0) as usize;
            from..((center[k] + far).floor() + 1.0).clamp(0.0, size as f64) as usize
        };
        (side(0, width), side(1, height))
    };
    let apart =
        |a: [f64; 2], b: [f64; 2]| ((a[0] - b[0]) * pixel_mm[0]).hypot((a[1] - b[1]) * pixel_mm[1]);
    let (columns, rows) = window(pixel, SEED_REACH_MM);
    let seed = rows
        .flat_map(|y| columns.clone().map(move |x| [x, y]))
        .filter(|[x, y]| apart([*x as f64, *y as f64], pixel) <= SEED_REACH_MM)
        .filter(|[x, y]| at(*x, *y).is_some())
        .map(|[x, y]| (mean(x, y), [x, y]))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let (brightness, seed) = seed.filter(|(brightness, _)| *brightness >= FAINTEST_HU)?;
    let edge = ((brightness + LUNG_HU) / 2.0).min(BRIGHTEST_EDGE_HU);

    let (columns, rows) = window(seed.map(|place| place as f64), REACH_MM);
    let size = [columns.len(), rows.len()];
    let bright: Vec<bool> = rows
        .clone()
        .flat_map(|y| columns.clone().map(move |x| at(x, y).is_some_and(|hu| hu >= edge)))
        .collect();
    let seed = (seed[1] - rows.start) * size[0] + seed[0] - columns.start;
    let body = connected(&bright, size[0], seed);
    // The largest disc around the seed that fits, then the body without what is much thinner.
    let lung: Vec<bool> = body.iter().map(|body| !body).collect();
    let depth = squared_distance_mm2(&lung, size, pixel_mm);
    let place = |i: usize| [(i % size[0]) as f64, (i / size[0]) as f64];
    let deepest = (0..body.len())
        .filter(|i| body[*i] && apart(place(*i), place(seed)) <= SEED_REACH_MM)
        .map(|i| depth[i])
        .fold(0.0, f32::max);
    if !deepest.is_finite() {
        return None;
    }
    let thin = f64::from(deepest).sqrt() * TAIL_SHARE;
    let core: Vec<bool> = depth.iter().map(|depth| f64::from(*depth) >= thin * thin).collect();
    let nearest = (0..body.len())
        .filter(|i| core[*i] && body[*i])
        .min_by(|a, b| apart(place(*a), place(seed)).total_cmp(&apart(place(*b), place(seed))))?;
    let core = connected(&core, size[0], nearest);
    let far = squared_distance_mm2(&core, size, pixel_mm);
    let opened = |i: &usize| body[*i] && f64::from(far[*i]) <= thin * thin;
    let on_border = |i: usize| {
        let (x, y) = (i % size[0], i / size[0]);
        x == 0 || y == 0 || x + 1 == size[0] || y + 1 == size[1]
    };
    let pixels: Vec<usize> = (0..body.len()).filter(opened).collect();
    if pixels.iter().any(|i| on_border(*i)) {
        return None;
    }
    let area = pixels.len() as f64 * pixel_mm[0] * pixel_mm[1];
    let diameter = 2.0 * (area / std::f64::consts::PI).sqrt();
    (BELIEVED_MM[0]..=BELIEVED_MM[1]).contains(&diameter).then_some(diameter)
}

/// Return what hangs together with `first` by sides.
fn connected(chosen: &[bool], width: usize, first: usize) -> Vec<bool> {
    let mut taken = vec![false; chosen.len()];
    let mut waiting = vec![first];
    while let Some(i) = waiting.pop() {
        if !chosen.get(i).copied().unwrap_or(false) || taken[i] {
            continue;
        }
        taken[i] = true;
        if i % width > 0 {
            waiting.push(i - 1);
        }
        if i % width + 1 < width {
            waiting.push(i + 1);
        }
        waiting.push(i.wrapping_sub(width));
        waiting.push(i + width);
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    const MM: [f64; 2] = [0.6, 0.8];
    const SIZE: [usize; 2] = [150, 110];

    /// Lung with what `draw` says at a place in mm.
    fn measured(at: [f64; 2], draw: impl Fn(f64, f64) -> Option<f32>) -> Option<f64> {
        let hu: Vec<f32> = (0..SIZE[0] * SIZE[1])
            .map(|i| ((i % SIZE[0]) as f64 * MM[0], (i / SIZE[0]) as f64 * MM[1]))
            .map(|(x, y)| draw(x, y).unwrap_or(-850.0))
            .collect();
        diameter_mm(&hu, SIZE, MM, None, [at[0] / MM[0], at[1] / MM[1]])
    }

    fn ball(x: f64, y: f64, radius: f64) -> bool {
        (x - 45.0).hypot(y - 40.0) < radius
    }

    #[test]
    fn solid_and_faint_nodules_have_their_diameter_even_from_a_little_beside() {
        for diameter in [4.0, 6.0, 10.0, 18.0, 28.0] {
            for hu in [60.0, -150.0, -600.0] {
                let found = measured([42.0, 42.0], |x, y| ball(x, y, diameter / 2.0).then_some(hu));
                let found = found.unwrap();
                assert!((found - diameter).abs() < 0.7, "{found} for {diameter} mm of {hu} HU");
            }
        }
    }

    #[test]
    fn a_vessel_that_hangs_on_is_cut_off() {
        let found = measured([45.0, 40.0], |x, y| {
            (ball(x, y, 5.0) || (y - 40.0).abs() < 1.2).then_some(30.0)
        });
        let found = found.unwrap();
        assert!((found - 10.0).abs() < 1.5, "{found}");
    }

    #[test]
    fn lung_walls_and_nonsense_have_none() {
        assert_eq!(measured([45.0, 40.0], |_, _| None), None);
        assert_eq!(measured([45.0, 40.0], |_, _| Some(40.0)), None);
        assert_eq!(measured([45.0, 40.0], |x, _| (x > 43.0).then_some(40.0)), None);
        assert_eq!(measured([f64::NAN, 40.0], |_, _| Some(40.0)), None);
        assert_eq!(measured([1e9, -1e9], |_, _| Some(40.0)), None);
        assert_eq!(diameter_mm(&[0.0; 3], [2, 2], MM, None, [0.0; 2]), None);
    }
}
