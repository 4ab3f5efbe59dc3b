//! Places of a heat map that stand out.

use super::diameter::diameter_mm;
use super::heat_map::HeatMap;
use crate::constants::FINDING_DISTANCE_MM;
use nodulens_imaging::lungs::LungMask;

/// Cells around a cell over which a plateau's middle is found, to each side.
const PLATEAU_REACH: usize = 2;

/// Probabilities that round to the same of so many steps are one plateau: where a network is sure,
/// a few places around a nodule get the same answer, and its middle is meant.
const PLATEAU_STEPS: f32 = 1000.0;

/// A place within a slice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// Pixel of the slice, continuous: x, y. It is the centre of the patch that has the
    /// probability; see [`HeatMap`].
    pub pixel: [f64; 2],
    /// Of the patch around it.
    pub probability: f32,
    /// See [`super::diameter_mm`]; `None` until it is measured, or where it cannot be told.
    pub diameter_mm: Option<f64>,
}

/// The places that are at least as probable as their eight neighbours, of `min_probability` or
/// more, most probable first; of two that are nearer than `min_distance_mm`, the less probable is
/// left out. `pixel_mm`: of the slice as the map's pixels are counted.
#[must_use]
pub fn peaks(
    map: &HeatMap,
    pixel_mm: [f64; 2],
    min_probability: f32,
    min_distance_mm: f64,
) -> Vec<Peak> {
    let mut candidates = Vec::new();
    for row in 0..map.height {
        for column in 0..map.width {
            let Some(probability) = map.at(column, row).filter(|p| *p >= min_probability) else {
                continue;
            };
            if around(map, column, row, 1).all(|neighbour| neighbour <= probability) {
                let near: Vec<f32> = around(map, column, row, PLATEAU_REACH).collect();
                let mean = near.iter().sum::<f32>() / near.len().max(1) as f32;
                let step = (probability * PLATEAU_STEPS).round();
                let peak = Peak { pixel: map.pixel(column, row), probability, diameter_mm: None };
                candidates.push((step, mean, peak));
            }
        }
    }
    candidates.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1)));
    let mut kept: Vec<Peak> = Vec::new();
    for (_, _, peak) in candidates {
        let far = |other: &Peak| {
            let apart = [0, 1].map(|k| (other.pixel[k] - peak.pixel[k]) * pixel_mm[k]);
            apart[0].hypot(apart[1]) >= min_distance_mm
        };
        if kept.iter().all(far) {
            kept.push(peak);
        }
    }
    kept.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    kept
}

/// Return the answers up to `reach` cells around a cell, its own too.
fn around(map: &HeatMap, column: usize, row: usize, reach: usize) -> impl Iterator<Item = f32> {
    let rows = row.saturating_sub(reach)..=row + reach;
    let columns = move || column.saturating_sub(reach)..=column + reach;
    rows.flat_map(move |y| columns().filter_map(move |x| map.at(x, y)))
}

/// The peaks of a slice with their diameters: [`peaks`], then [`diameter_mm`] for each. What page
/// and command line both call.
#[must_use]
pub fn measured_peaks(
    map: &HeatMap,
    hu: &[f32],
    size: [usize; 2],
    pixel_mm: [f64; 2],
    mask: Option<&LungMask>,
    min_probability: f32,
) -> Vec<Peak> {
    let mut found = peaks(map, pixel_mm, min_probability, FINDING_DISTANCE_MM);
    for peak in &mut found {
        peak.diameter_mm = diameter_mm(hu, size, pixel_mm, mask, peak.pixel);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(width: usize, height: usize, put: &[(usize, usize, f32)]) -> HeatMap {
        let mut probability = vec![0.1; width * height];
        for (x, y, p) in put {
            probability[y * width + x] = *p;
        }
        HeatMap { width, height, step_px: [4.0, 4.0], probability }
    }

    fn found(map: &HeatMap, mm: [f64; 2]) -> Vec<([f64; 2], f32)> {
        peaks(map, mm, 0.5, 10.0).iter().map(|peak| (peak.pixel, peak.probability)).collect()
    }

    #[test]
    fn the_distance_is_in_millimetres_along_each_axis() {
        // Three cells apart: 12 px.
        let map = map(30, 20, &[(5, 5, 0.9), (8, 5, 0.8), (20, 5, 0.7), (20, 8, 0.95)]);
        let both = vec![([20.0, 20.0], 0.9), ([80.0, 32.0], 0.95)];
        let mut some = found(&map, [0.5, 0.5]);
        some.reverse();
        assert_eq!(some, both);
        // 12 px are 10.8 mm along x, and 6 mm along y.
        assert_eq!(found(&map, [0.9, 0.5]).len(), 3);
        assert_eq!(found(&map, [0.5, 0.9]).len(), 3);
    }

    #[test]
    fn shoulders_are_no_peaks_and_a_plateau_is_one_in_its_middle() {
        let slope =
            map(30, 5, &[(3, 2, 0.9), (4, 2, 0.88), (5, 2, 0.86), (6, 2, 0.84), (7, 2, 0.8)]);
        assert_eq!(found(&slope, [1.0; 2]), [([12.0, 8.0], 0.9)]);
        let cells: Vec<_> = (8..13).flat_map(|x| (8..13).map(move |y| (x, y, 1.0))).collect();
        assert_eq!(found(&map(20, 20, &cells), [0.6; 2]), [([40.0, 40.0], 1.0)]);
    }

    #[test]
    fn what_was_not_asked_counts_for_nothing() {
        let map = map(5, 5, &[(1, 1, f32::NAN), (2, 2, 0.6), (0, 0, f32::NAN)]);
        assert_eq!(found(&map, [1.0; 2]), [([8.0, 8.0], 0.6)]);
        assert_eq!(map.highest(), Some(0.6));
        let empty = HeatMap { width: 0, height: 0, step_px: [4.0; 2], probability: vec![] };
        assert!(found(&empty, [1.0; 2]).is_empty());
        assert_eq!(empty.highest(), None);
    }
}
