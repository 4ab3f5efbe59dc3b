//! A patch that is a little different: moved, turned, seen through another window, with more noise.

use crate::constants::{
    CONTEXT_SIZE, LEAST_CONTEXT_SIZE, MODEL_WINDOW, PADDING_HU, PATCH_SAMPLES, PATCH_SIZE,
};
use crate::detection::{SliceError, SliceImage};
use crate::preprocess::{lone_view, view};
use nodulens_imaging::decode::GreyImage;
use nodulens_imaging::intensity::{Grey, Hu, Window};
use nodulens_imaging::phantom::normal;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use serde::Deserialize;

/// Pixels kept around a patch on each side, where there are so many: as far as the surroundings of a
/// patch reach that is turned, half their diagonal, and moved by half a patch, and one more to be
/// linear between.
const MARGIN: usize = 72;

/// Pixels shown of them.
const SHOWN: usize = 40;

/// A patch with what surrounds it, on the patch's own pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct PatchContext {
    /// HU, row-major.
    hu: Vec<f32>,
    size: [usize; 2],
    /// Column and row of the patch's first pixel, which may lie beyond the edge.
    corner: [i64; 2],
    /// Beyond the edge of a scan lies air, and of a picture that shows the surroundings; a patch alone
    /// is continued by its last pixels, because nothing is known of what it was cut from.
    beyond: Option<f32>,
}

/// How a patch is changed. The default leaves it as it is.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Variant {
    /// Pixels that the centre moves, to the right and down.
    pub shift: [f32; 2],
    /// Degrees, clockwise.
    pub turn: f32,
    /// Window in HU. What a picture's greys were is taken to be the model's.
    pub center: f32,
    /// Width of the window in HU, above 0.
    pub width: f32,
    /// Standard deviation of the noise that is added, HU.
    pub noise: f32,
    /// Of the noise: the same seed, the same grain.
    pub seed: u32,
}

impl Default for Variant {
    fn default() -> Self {
        let Window { center, width } = MODEL_WINDOW;
        Self { shift: [0.0; 2], turn: 0.0, center, width, noise: 0.0, seed: 0 }
    }
}

impl PatchContext {
    /// Around the patch that is cut from a picture's centre.
    #[must_use]
    pub fn of_picture(image: &GreyImage) -> Self {
        let hu: Vec<f32> = image.samples.iter().map(|grey| MODEL_WINDOW.hu(*grey).0).collect();
        let size = [image.width, image.height];
        let corner = size.map(|side| (side as i64 - PATCH_SIZE as i64) / 2);
        let known = image.width.min(image.height) >= LEAST_CONTEXT_SIZE;
        Self::around(&hu, size, corner, known.then_some(PADDING_HU))
    }

    /// Around the patch of a pixel (x, y) of a slice, as [`SliceImage::patch`] cuts it.
    ///
    /// # Errors
    /// [`SliceError`].
    pub fn of_slice(
        hu: &[f32],
        size: [usize; 2],
        pixel_mm: [f64; 2],
        pixel: [f64; 2],
    ) -> Result<Self, SliceError> {
        let image = SliceImage::in_hu(hu, size, pixel_mm)?;
        Ok(Self::around(image.samples(), image.size(), image.corner(pixel), Some(PADDING_HU)))
    }

    fn around(hu: &[f32], size: [usize; 2], corner: [i64; 2], beyond: Option<f32>) -> Self {
        Self { hu: hu.to_vec(), size, corner, beyond }.within(MARGIN)
    }

    /// Return what lies within so many pixels of the patch.
    #[must_use]
    pub fn within(&self, margin: usize) -> Self {
        let Self { hu, size, corner, beyond } = self;
        let margin = margin as i64;
        let span = |k: usize| {
            let from = (corner[k] - margin).clamp(0, size[k] as i64);
            let end = (corner[k] + PATCH_SIZE as i64 + margin).clamp(from, size[k] as i64);
            (from as usize, end as usize)
        };
        let ((left, right), (top, bottom)) = (span(0), span(1));
        let rows = hu.chunks_exact(size[0].max(1)).take(bottom).skip(top);
        Self {
            hu: rows.flat_map(|row| row[left..right].iter().copied()).collect(),
            size: [right - left, bottom - top],
            corner: [corner[0] - left as i64, corner[1] - top as i64],
            beyond: *beyond,
        }
    }

    /// Return what is shown of it: the patch has to stay in sight.
    #[must_use]
    pub fn shown(&self) -> Self {
        self.within(SHOWN)
    }

    /// Pixels in a row, and rows.
    #[must_use]
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// Column and row of the patch's first pixel.
    #[must_use]
    pub fn corner(&self) -> [i64; 2] {
        self.corner
    }

    /// All of it through the model's window, 8 bits a pixel, row-major.
    #[must_use]
    pub fn display_bytes(&self) -> Vec<u8> {
        let values: Vec<f32> = self.hu.iter().map(|hu| MODEL_WINDOW.apply(Hu(*hu)).0).collect();
        crate::preprocess::display_bytes(&values)
    }

    /// Model values of the changed patch, 2,500 in [0, 1].
    #[must_use]
    pub fn patch(&self, variant: &Variant) -> Vec<f32> {
        let mut values = Vec::with_capacity(PATCH_SAMPLES);
        let mut value = self.changed(variant);
        for y in 0..PATCH_SIZE as i64 {
            values.extend((0..PATCH_SIZE as i64).map(|x| value(x, y)));
        }
        values
    }

    /// The [`view`] of the changed patch, 5,000 values: its surroundings are moved, turned and seen as
    /// the patch is, where they are known.
    #[must_use]
    pub fn view(&self, variant: &Variant) -> Vec<f32> {
        let mut value = self.changed(variant);
        let side = PATCH_SIZE as i64;
        // The patch first, so that its grain is the same with and without surroundings.
        let mut patch = Vec::with_capacity(PATCH_SAMPLES);
        for y in 0..side {
            patch.extend((0..side).map(|x| value(x, y)));
        }
        if self.beyond.is_none() {
            return lone_view(&patch);
        }
        let margin = ((CONTEXT_SIZE - PATCH_SIZE) / 2) as i64;
        let mut canvas = Vec::with_capacity(CONTEXT_SIZE * CONTEXT_SIZE);
        for y in -margin..side + margin {
            canvas.extend((-margin..side + margin).map(|x| {
                let inside = (0..side).contains(&x) && (0..side).contains(&y);
                if inside { patch[(y * side + x) as usize] } else { value(x, y) }
            }));
        }
        view(&canvas)
    }

    /// Return what gives the value at a column and row of the changed patch, which may lie beyond it;
    /// each call has noise of its own.
    fn changed(&self, variant: &Variant) -> impl FnMut(i64, i64) -> f32 {
        let variant = *variant;
        let window = Window { center: variant.center, width: variant.width.max(1.0) };
        let (sin, cos) = (variant.turn.to_radians().sin(), variant.turn.to_radians().cos());
        let middle = (PATCH_SIZE as f32 - 1.0) / 2.0;
        let mut rng = Pcg64Mcg::seed_from_u64(u64::from(variant.seed));
        move |x, y| {
            let (dx, dy) = (x as f32 - middle, y as f32 - middle);
            // A picture that turns clockwise is read counter-clockwise.
            let across = middle + cos * dx + sin * dy + variant.shift[0];
            let down = middle - sin * dx + cos * dy + variant.shift[1];
            let mut hu = self.at(across + self.corner[0] as f32, down + self.corner[1] as f32);
            if variant.noise > 0.0 {
                hu += variant.noise * normal(&mut rng);
            }
            let Grey(grey) = window.apply(Hu(hu));
            grey
        }
    }

    /// Linear between the four pixels around a place.
    fn at(&self, x: f32, y: f32) -> f32 {
        let (left, top) = (x.floor(), y.floor());
        let (along, down) = (x - left, y - top);
        let (left, top) = (left as i64, top as i64);
        let pair = |y: i64| {
            let first = self.pixel(left, y);
            // A place on a pixel needs no neighbour, and gives exactly that pixel.
            if along > 0.0 {
                first * (1.0 - along) + self.pixel(left + 1, y) * along
            } else {
                first
            }
        };
        let first = pair(top);
        if down > 0.0 { first * (1.0 - down) + pair(top + 1) * down } else { first }
    }

    fn pixel(&self, x: i64, y: i64) -> f32 {
        let [width, height] = self.size.map(|side| side as i64);
        let inside = x >= 0 && y >= 0 && x < width && y < height;
        match self.beyond {
            Some(beyond) if !inside => beyond,
            _ if width == 0 || height == 0 => PADDING_HU,
            _ => self.hu[(y.clamp(0, height - 1) * width + x.clamp(0, width - 1)) as usize],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patch::{Patch, SizePolicy};
    use crate::preprocess::{has_surroundings, model_values, view_values};

    /// Unequal sides, and no two pixels alike.
    fn slice() -> (Vec<f32>, [usize; 2]) {
        let (width, height) = (120, 90);
        ((0..width * height).map(|i| -1000.0 + (i * 7 % 1399) as f32).collect(), [width, height])
    }

    fn differs(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn without_a_change_it_is_the_patch() {
        let (hu, size) = slice();
        for pixel in [[60.0, 40.0], [3.0, 88.0]] {
            let region = PatchContext::of_slice(&hu, size, [0.7; 2], pixel).unwrap();
            let patch = SliceImage::from_hu(&hu, size, [0.7; 2]).unwrap().patch(pixel);
            assert_eq!(region.patch(&Variant::default()), patch, "{pixel:?}");
        }
        let samples = hu.iter().map(|hu| MODEL_WINDOW.apply(Hu(*hu))).collect();
        let [width, height] = size;
        let notes = Vec::new();
        let image =
            GreyImage { width, height, samples, format: "PNG", bit_depth: 8, colour: false, notes };
        let patch = model_values(&Patch::from_image(&image, SizePolicy::CenterCrop).unwrap());
        let found = PatchContext::of_picture(&image).patch(&Variant::default());
        assert!(differs(&found, &patch) < 1e-6);
    }

    #[test]
    fn without_a_change_it_is_the_view() {
        let (hu, size) = slice();
        for pixel in [[60.0, 40.0], [3.0, 88.0]] {
            let region = PatchContext::of_slice(&hu, size, [0.7; 2], pixel).unwrap();
            let view = SliceImage::from_hu(&hu, size, [0.7; 2]).unwrap().view(pixel);
            assert_eq!(region.view(&Variant::default()), view, "{pixel:?}");
            let noisy = Variant { noise: 70.0, seed: 3, ..Variant::default() };
            assert_eq!(region.view(&noisy)[..PATCH_SAMPLES], region.patch(&noisy));
        }
        let samples: Vec<Grey> = hu.iter().map(|hu| MODEL_WINDOW.apply(Hu(*hu))).collect();
        for (width, height, known) in [(120, 90, true), (71, 72, true), (70, 90, false)] {
            let samples = samples[..width * height].to_vec();
            let (format, notes) = ("PNG", Vec::new());
            let image =
                GreyImage { width, height, samples, format, bit_depth: 8, colour: false, notes };
            let patch = Patch::from_image(&image, SizePolicy::CenterCrop).unwrap();
            let found = PatchContext::of_picture(&image).view(&Variant::default());
            assert_eq!(has_surroundings(&found), known, "{width} x {height}");
            let apart = found.iter().zip(view_values(&patch)).filter(|(a, _)| !a.is_nan());
            let most = apart.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(most < 1e-6, "{width} x {height}: {most}");
        }
    }

    #[test]
    fn surroundings_are_exact_however_far_a_patch_is_moved_and_turned() {
        // Large enough that nothing of it lies beyond the edge, and no two pixels alike.
        let (width, height) = (320, 300);
        let hu: Vec<f32> = (0..width * height).map(|i| -1000.0 + (i * 7 % 1399) as f32).collect();
        let cut = PatchContext::of_slice(&hu, [width, height], [0.7; 2], [160.0, 150.0]).unwrap();
        let whole = PatchContext {
            hu,
            size: [width, height],
            corner: [135, 125],
            beyond: Some(PADDING_HU),
        };
        for (shift, turn) in [([25.0, 25.0], 45.0), ([-25.0, 25.0], 225.0), ([-25.0, -25.0], 45.0)]
        {
            let variant = Variant { shift, turn, ..Variant::default() };
            assert!(differs(&cut.view(&variant), &whole.view(&variant)) < 1e-4, "{variant:?}");
        }
    }

    #[test]
    fn moving_it_by_whole_pixels_is_the_patch_there() {
        let (hu, size) = slice();
        let region = PatchContext::of_slice(&hu, size, [0.7; 2], [60.0, 40.0]).unwrap();
        let there = PatchContext::of_slice(&hu, size, [0.7; 2], [67.0, 35.0]).unwrap();
        let moved = region.patch(&Variant { shift: [7.0, -5.0], ..Variant::default() });
        assert_eq!(moved, there.patch(&Variant::default()));
        let moved = region.view(&Variant { shift: [7.0, -5.0], ..Variant::default() });
        assert_eq!(moved, there.view(&Variant::default()));
    }

    #[test]
    fn a_quarter_turn_is_the_picture_turned_clockwise() {
        let (hu, size) = slice();
        let region = PatchContext::of_slice(&hu, size, [0.7; 2], [60.0, 45.0]).unwrap();
        let before = region.patch(&Variant::default());
        let after = region.patch(&Variant { turn: 90.0, ..Variant::default() });
        // What was on the left is on top.
        let turned: Vec<f32> = (0..PATCH_SAMPLES)
            .map(|i| before[(PATCH_SIZE - 1 - i % PATCH_SIZE) * PATCH_SIZE + i / PATCH_SIZE])
            .collect();
        assert!(differs(&after, &turned) < 2e-3, "{}", differs(&after, &turned));
    }

    #[test]
    fn window_and_noise_are_in_hounsfield_units() {
        let hu = vec![-300.0; 100 * 100];
        let region = PatchContext::of_slice(&hu, [100, 100], [0.7; 2], [50.0, 50.0]).unwrap();
        let lung = region.patch(&Variant { center: -600.0, width: 1500.0, ..Variant::default() });
        // By hand: (-300 + 600) / 1500 + 0.5.
        assert!(lung.iter().all(|value| (value - 0.7).abs() < 1e-6));
        let noisy = region.patch(&Variant { noise: 70.0, seed: 3, ..Variant::default() });
        let deviation = (noisy.iter().map(|v| (v - 0.5).powi(2)).sum::<f32>() / 2500.0).sqrt();
        assert!((deviation * 1400.0 - 70.0).abs() < 5.0, "{}", deviation * 1400.0);
        assert_eq!(noisy, region.patch(&Variant { noise: 70.0, seed: 3, ..Variant::default() }));
    }
}
