//! A slice as the networks see it: model values, at a pixel spacing that they know.

use crate::constants::{CONTEXT_SIZE, MODEL_WINDOW, PATCH_SIZE, TRAINED_PIXEL_MM};
use crate::preprocess::view;
use nodulens_imaging::UserError;
use nodulens_imaging::intensity::Hu;

/// What a pixel is taken to be where a picture does not say, mm: the middle of the range that the
/// networks were trained on.
pub const ASSUMED_PIXEL_MM: f64 = 0.7;

/// Largest pixel that is enlarged, mm: a nodule of 6 mm is two of them, and nothing is left to
/// see.
const MAX_PIXEL_MM: f64 = 3.0;

/// Most pixels of a slice after resampling: 4096 x 4096.
const MAX_PIXELS: usize = 1 << 24;

/// Spacings that differ by less than this share of the range's end are within it: headers round.
const SPACING_TOLERANCE: f64 = 1e-3;

/// Why a slice cannot be scanned.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SliceError {
    /// The samples do not fill the slice, or there are none.
    #[error("{samples} samples were given for a slice of {width} x {height} pixels")]
    Size {
        /// Samples that were given.
        samples: usize,
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// Pixels of no size, or so large that a nodule is nothing.
    #[error("a pixel is {0} x {1} mm; nodules can be looked for from 0 to {MAX_PIXEL_MM} mm")]
    Spacing(f64, f64),
    /// More pixels than are scanned.
    #[error("the slice is too large to be scanned")]
    TooLarge,
}

impl UserError for SliceError {
    fn code(&self) -> &'static str {
        match self {
            Self::Size { .. } => "slice-size",
            Self::Spacing(..) => "slice-spacing",
            Self::TooLarge => "slice-too-large",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Size { .. } => "Please report this.",
            Self::Spacing(..) => "Open the series at its original resolution.",
            Self::TooLarge => "Cut out the chest first.",
        }
    }
}

/// A slice as model values.
#[derive(Clone, Debug, PartialEq)]
pub struct SliceImage {
    /// Pixels in a row, after resampling.
    pub(super) width: usize,
    /// Rows, after resampling.
    pub(super) height: usize,
    /// Model values in [0, 1], row-major.
    pub(super) values: Vec<f32>,
    /// Pixels of the original for one of these, along x and y; 1 where nothing was resampled.
    pub(super) scale: [f64; 2],
    /// Of the original, mm.
    pixel_mm: [f64; 2],
    note: Option<String>,
}

impl SliceImage {
    /// A slice of CT numbers through the model's window. `pixel_mm` along x and y; outside
    /// [`TRAINED_PIXEL_MM`] the slice is resampled to the nearer end of that range, and
    /// [`Self::note`] says so.
    ///
    /// # Errors
    /// [`SliceError`].
    pub fn from_hu(
        hu: &[f32],
        [width, height]: [usize; 2],
        pixel_mm: [f64; 2],
    ) -> Result<Self, SliceError> {
        let mut image = Self::new(hu.to_vec(), [width, height], pixel_mm)?;
        for value in &mut image.values {
            *value = MODEL_WINDOW.apply(Hu(*value)).0;
        }
        Ok(image)
    }

    /// The same slice in HU, as it lies under the patches: for whoever looks through another window.
    ///
    /// # Errors
    /// [`SliceError`].
    pub fn in_hu(hu: &[f32], size: [usize; 2], pixel_mm: [f64; 2]) -> Result<Self, SliceError> {
        Self::new(hu.to_vec(), size, pixel_mm)
    }

    /// A picture of grey in [0, 1] whose window is not known; without a spacing it is taken as
    /// [`ASSUMED_PIXEL_MM`], and [`Self::note`] says so.
    ///
    /// # Errors
    /// [`SliceError`].
    pub fn from_grey(
        grey: &[f32],
        size: [usize; 2],
        pixel_mm: Option<[f64; 2]>,
    ) -> Result<Self, SliceError> {
        let mut image = Self::new(grey.to_vec(), size, pixel_mm.unwrap_or([ASSUMED_PIXEL_MM; 2]))?;
        if pixel_mm.is_none() {
            image.note = Some(format!(
                "The picture does not say how large a pixel is; {ASSUMED_PIXEL_MM} mm was assumed."
            ));
        }
        Ok(image)
    }

    fn new(
        values: Vec<f32>,
        [width, height]: [usize; 2],
        pixel_mm: [f64; 2],
    ) -> Result<Self, SliceError> {
        let samples = values.len();
        if samples == 0 || width.checked_mul(height) != Some(samples) {
            return Err(SliceError::Size { samples, width, height });
        }
        if !pixel_mm.iter().all(|side| *side > 0.0 && *side <= MAX_PIXEL_MM) {
            return Err(SliceError::Spacing(pixel_mm[0], pixel_mm[1]));
        }
        let scale = pixel_mm.map(|side| trained(side) / side);
        let plain = Self { width, height, values, scale: [1.0; 2], pixel_mm, note: None };
        if scale == [1.0; 2] {
            return if samples > MAX_PIXELS { Err(SliceError::TooLarge) } else { Ok(plain) };
        }
        let size = [resampled(width, scale[0]), resampled(height, scale[1])];
        if size[0].saturating_mul(size[1].max(height)) > MAX_PIXELS {
            return Err(SliceError::TooLarge);
        }
        // Along the rows, then along the columns.
        let rows = plain.values.chunks_exact(width);
        let along: Vec<f32> = rows.flat_map(|row| line(row, 1, scale[0], size[0])).collect();
        let mut values = vec![0.0; size[0] * size[1]];
        for x in 0..size[0] {
            for (y, value) in line(&along[x..], size[0], scale[1], size[1]).enumerate() {
                values[y * size[0] + x] = value;
            }
        }
        let [low, high] = TRAINED_PIXEL_MM;
        let note = format!(
            "A pixel is {:.2} x {:.2} mm, and the model was trained on {low} to {high} mm: the slice \
             was resampled to {:.2} x {:.2} mm before the scan.",
            pixel_mm[0],
            pixel_mm[1],
            pixel_mm[0] * scale[0],
            pixel_mm[1] * scale[1],
        );
        Ok(Self { width: size[0], height: size[1], values, scale, note: Some(note), ..plain })
    }

    /// Side of a pixel of the slice as it was given, mm, along x and y.
    #[must_use]
    pub fn pixel_mm(&self) -> [f64; 2] {
        self.pixel_mm
    }

    /// Return what the user should know of how the values came about.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Values of the patch around a pixel (x, y) of the slice as it was given, `50 * 50`, row-major;
    /// by the rule of [`crate::patch::crop`], and where the slice was resampled around the pixel that
    /// lies nearest.
    #[must_use]
    pub fn patch(&self, pixel: [f64; 2]) -> Vec<f32> {
        let [left, top] = self.corner(pixel);
        self.rectangle(left, top, [PATCH_SIZE; 2])
    }

    /// The view of that patch: with its surroundings, 5,000 values; see [`crate::preprocess::view`].
    #[must_use]
    pub fn view(&self, pixel: [f64; 2]) -> Vec<f32> {
        let margin = ((CONTEXT_SIZE - PATCH_SIZE) / 2) as i64;
        let [left, top] = self.corner(pixel);
        let corner = [left.saturating_sub(margin), top.saturating_sub(margin)];
        view(&self.rectangle(corner[0], corner[1], [CONTEXT_SIZE; 2]))
    }

    /// Column and row of that patch's first value, on the slice as it was resampled.
    pub(crate) fn corner(&self, pixel: [f64; 2]) -> [i64; 2] {
        let half = (PATCH_SIZE / 2) as i64;
        [0, 1].map(|k| (pixel[k] / self.scale[k]).round() as i64 - half)
    }

    /// How many values of that patch lie beyond the edge of the slice.
    #[must_use]
    pub fn beyond(&self, pixel: [f64; 2]) -> usize {
        let [left, top] = self.corner(pixel);
        let side = PATCH_SIZE as i64;
        let within = |start: i64, size: usize| {
            (start.saturating_add(side).min(size as i64) - start.max(0)).clamp(0, side) as usize
        };
        PATCH_SIZE * PATCH_SIZE - within(left, self.width) * within(top, self.height)
    }

    /// Pixels in a row and rows, after resampling.
    pub fn size(&self) -> [usize; 2] {
        [self.width, self.height]
    }

    /// Samples, row-major, after resampling.
    pub fn samples(&self) -> &[f32] {
        &self.values
    }

    /// Values of a rectangle, row-major, from (`left`, `top`), which may lie beyond the edge: there
    /// is air, value 0.
    pub(super) fn rectangle(&self, left: i64, top: i64, [width, height]: [usize; 2]) -> Vec<f32> {
        let mut values = vec![0.0; width * height];
        let first = left.clamp(0, self.width as i64);
        let end = left.saturating_add(width as i64).clamp(first, self.width as i64);
        for (y, row) in values.chunks_exact_mut(width).enumerate() {
            let Some(from) = usize::try_from(top.saturating_add(y as i64))
                .ok()
                .filter(|from| *from < self.height)
            else {
                continue;
            };
            let source = &self.values[from * self.width..][first as usize..end as usize];
            let at = (first - left) as usize;
            // A rectangle beside the slice has nothing of it.
            if let Some(target) = row.get_mut(at..at + source.len()) {
                target.copy_from_slice(source);
            }
        }
        values
    }
}

/// Return the spacing that a slice of this one is scanned at.
fn trained(side_mm: f64) -> f64 {
    let [low, high] = TRAINED_PIXEL_MM;
    if side_mm < low * (1.0 - SPACING_TOLERANCE) {
        low
    } else if side_mm > high * (1.0 + SPACING_TOLERANCE) {
        high
    } else {
        side_mm
    }
}

/// Pixels that fit between the first and the last centre of the original.
fn resampled(side: usize, scale: f64) -> usize {
    ((side - 1) as f64 / scale + 1e-9) as usize + 1
}

/// `count` samples of a line, one every `scale` of its own, the first lying on its first: linear
/// between neighbours, or where the line becomes coarser the triangle as wide as the new pixels,
/// so that grain is averaged and not picked.
fn line(values: &[f32], step: usize, scale: f64, count: usize) -> impl Iterator<Item = f32> {
    let reach = scale.max(1.0);
    let places = values.len().div_ceil(step);
    (0..count).map(move |i| {
        let center = i as f64 * scale;
        let from = (center - reach).ceil().max(0.0) as usize;
        let until = ((center + reach).floor() as usize).min(places - 1);
        let (mut sum, mut weights) = (0.0, 0.0);
        for place in from..=until {
            let weight = 1.0 - (place as f64 - center).abs() / reach;
            if weight > 0.0 {
                sum += weight * f64::from(values[place * step]);
                weights += weight;
            }
        }
        (sum / weights) as f32
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(width: usize, height: usize) -> Vec<f32> {
        (0..width * height).map(|i| (i % width) as f32 + 100.0 * (i / width) as f32).collect()
    }

    #[test]
    fn a_known_spacing_is_left_alone() {
        let image = SliceImage::from_hu(&ramp(7, 5), [7, 5], [0.46, 0.98]).unwrap();
        assert_eq!((image.width, image.height, image.note()), (7, 5, None));
        assert_eq!(image.values[6], (6.0 + 1000.0) / 1400.0);
    }

    #[test]
    fn others_are_resampled_to_the_nearer_end_and_a_ramp_stays_a_ramp() {
        // Columns become 0.46 / 0.23 = 2 as wide, rows 0.98 / 1.96 = half as high.
        let image = SliceImage::new(ramp(21, 9), [21, 9], [0.23, 1.96]).unwrap();
        assert_eq!((image.width, image.height, image.scale), (11, 17, [2.0, 0.5]));
        for y in 0..17 {
            // The outermost columns average over fewer pixels.
            for x in 1..10 {
                let expected = 2.0 * x as f32 + 50.0 * y as f32;
                let found = image.values[y * 11 + x];
                assert!((found - expected).abs() < 1e-3, "{found} {expected} at {x}, {y}");
            }
        }
        assert!(image.note().unwrap().contains("0.23 x 1.96 mm"), "{:?}", image.note());
    }

    #[test]
    fn nonsense_is_refused() {
        let code = |hu: &[f32], size, mm| SliceImage::from_hu(hu, size, mm).unwrap_err().code();
        assert_eq!(code(&[0.0; 34], [7, 5], [0.7; 2]), "slice-size");
        assert_eq!(code(&[], [0, 5], [0.7; 2]), "slice-size");
        for mm in [[0.0, 0.7], [-1.0, 0.7], [f64::NAN, 0.7], [0.7, 9.0], [f64::INFINITY, 0.7]] {
            assert_eq!(code(&[0.0; 35], [7, 5], mm), "slice-spacing");
        }
    }

    #[test]
    fn a_rectangle_beyond_the_edge_holds_air() {
        let image = SliceImage::from_grey(&[0.5; 35], [7, 5], None).unwrap();
        assert_eq!(image.rectangle(-1, 4, [3, 2]), [0.0, 0.5, 0.5, 0.0, 0.0, 0.0]);
        assert_eq!(image.rectangle(5, -1, [4, 2]), [0.0, 0.0, 0.0, 0.0, 0.5, 0.5, 0.0, 0.0]);
        assert_eq!(image.rectangle(-9, -9, [3, 3]), [0.0; 9]);
        assert_eq!(image.beyond([3.0, 2.0]), 2500 - 35);
        assert_eq!(image.beyond([30.0, 2.0]), 2500 - 2 * 5);
        assert_eq!(image.beyond([90.0, 2.0]), 2500);
        assert_eq!(image.rectangle(100, 0, [3, 3]), [0.0; 9]);
        assert!(image.note().unwrap().contains("0.7 mm"));
    }
}
