//! Patch to model input. Trainer, command line and page all call this and nothing else.

use crate::constants::{CONTEXT_SIZE, MODEL_WINDOW, PATCH_SAMPLES, PATCH_SIZE, VIEW_SAMPLES};
use crate::patch::{Patch, PatchSamples};
use nodulens_imaging::intensity::Grey;

/// Return the 2,500 values in [0, 1] that a network sees, row-major. CT numbers go through the
/// model's window; grey passes as it is.
#[must_use]
pub fn model_values(patch: &Patch) -> Vec<f32> {
    windowed(patch.samples())
}

fn windowed(samples: &PatchSamples) -> Vec<f32> {
    match samples {
        PatchSamples::Hu(samples) => samples.iter().map(|hu| MODEL_WINDOW.apply(*hu).0).collect(),
        PatchSamples::Grey(samples) => samples.iter().map(|Grey(grey)| *grey).collect(),
    }
}

/// Return what a network with a context looks at, 5,000 values: the 50 x 50 patch in the middle of a
/// canvas, then the whole canvas at half the resolution, the mean of every 2 x 2 pixels.
///
/// # Shapes
/// `canvas`: `[100, 100]` values in [0, 1], row-major; what is missing counts as air, 0.
#[must_use]
pub fn view(canvas: &[f32]) -> Vec<f32> {
    let at = |x: usize, y: usize| canvas.get(y * CONTEXT_SIZE + x).copied().unwrap_or(0.0);
    let margin = (CONTEXT_SIZE - PATCH_SIZE) / 2;
    let places = || (0..PATCH_SIZE).flat_map(|y| (0..PATCH_SIZE).map(move |x| (x, y)));
    let mut view = Vec::with_capacity(VIEW_SAMPLES);
    view.extend(places().map(|(x, y)| at(x + margin, y + margin)));
    let mean =
        |x: usize, y: usize| (at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1)) / 4.0;
    view.extend(places().map(|(x, y)| mean(2 * x, 2 * y)));
    view
}

/// Return the view of a patch whose surroundings are not known: not-a-number stands for them, and a
/// network answers by the patch alone.
///
/// # Shapes
/// `patch`: 2,500 values in [0, 1]. Returns 5,000.
#[must_use]
pub fn lone_view(patch: &[f32]) -> Vec<f32> {
    let mut view = patch.to_vec();
    view.resize(VIEW_SAMPLES, f32::NAN);
    view
}

/// Return the view of a patch: with its surroundings where it has some.
#[must_use]
pub fn view_values(patch: &Patch) -> Vec<f32> {
    match patch.surroundings() {
        Some(canvas) => view(&windowed(canvas)),
        None => lone_view(&model_values(patch)),
    }
}

/// Return whether a view holds the surroundings of its patch.
#[must_use]
pub fn has_surroundings(view: &[f32]) -> bool {
    view.get(PATCH_SAMPLES).is_some_and(|first| !first.is_nan())
}

/// Return the values as 8-bit grey for display: what the model saw, rounded to nearest.
#[must_use]
pub fn display_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().map(|value| (value * 255.0 + 0.5) as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nodulens_imaging::intensity::Hu;

    #[test]
    fn hu_goes_through_the_window_and_grey_does_not() {
        let hu = Patch::from_hu(vec![Hu(-300.0); PATCH_SAMPLES]).unwrap();
        let grey = Patch::from_grey(vec![Grey(0.25); PATCH_SAMPLES]).unwrap();
        assert!(model_values(&hu).iter().all(|value| *value == 0.5));
        assert!(model_values(&grey).iter().all(|value| *value == 0.25));
        assert_eq!(display_bytes(&[0.0, 0.5, 1.0, 37.0 / 255.0]), [0, 128, 255, 37]);
    }
}
