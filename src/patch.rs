//! A patch: the square of a slice that a network looks at.

use crate::constants::{CONTEXT_SIZE, LEAST_CONTEXT_SIZE, PATCH_SAMPLES, PATCH_SIZE};
use nodulens_imaging::UserError;
use nodulens_imaging::decode::{DecodeError, GreyImage, decode_raster};
use nodulens_imaging::hash;
use nodulens_imaging::intensity::{Grey, Hu};

pub mod crop;

/// What a patch's samples are measured in.
#[derive(Clone, Debug, PartialEq)]
pub enum PatchSamples {
    /// CT numbers; the preprocessing applies the model's window.
    Hu(Vec<Hu>),
    /// Grey in [0, 1] from an image file, already windowed by whoever made it.
    Grey(Vec<Grey>),
}

/// 50 x 50 samples in row-major order (y, then x), and what lies around them where it is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    samples: PatchSamples,
    /// 100 x 100 samples with the patch in the middle, row-major.
    surroundings: Option<PatchSamples>,
}

/// What to do with an image that is larger than a patch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SizePolicy {
    /// Refuse it: the caller expects patches and nothing else.
    #[default]
    Refuse,
    /// Take the middle, rounding towards the top left: rows `(height - 50) / 2 ..`.
    CenterCrop,
}

/// Why an image or array is no patch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// Smaller than 50 x 50 in at least one direction. There is no honest way to enlarge it.
    #[error(
        "the image is {width} x {height} pixels, smaller than a patch ({PATCH_SIZE} x {PATCH_SIZE})"
    )]
    TooSmall {
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// Larger than 50 x 50 under [`SizePolicy::Refuse`].
    #[error("the image is {width} x {height} pixels, not a patch of {PATCH_SIZE} x {PATCH_SIZE}")]
    NotPatchSize {
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// No picture at all.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// An array of another length than 2,500.
    #[error("{0} samples given, a patch has {PATCH_SAMPLES}")]
    WrongLength(usize),
}

impl UserError for PatchError {
    fn code(&self) -> &'static str {
        match self {
            Self::TooSmall { .. } => "too-small",
            Self::NotPatchSize { .. } => "not-patch-size",
            Self::Decode(error) => error.code(),
            Self::WrongLength(_) => "wrong-length",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::TooSmall { .. } => {
                "Cut the patch from the slice at its own pixel spacing; it is never stretched."
            }
            Self::NotPatchSize { .. } => {
                "Choose \"take the centre\" (--center-crop) to use its middle, or cut the patch yourself."
            }
            Self::Decode(error) => error.hint(),
            Self::WrongLength(_) => "Pass the samples row by row.",
        }
    }
}

impl Patch {
    /// A patch of CT numbers, row-major.
    ///
    /// # Errors
    /// [`PatchError::WrongLength`] unless there are 2,500.
    pub fn from_hu(samples: Vec<Hu>) -> Result<Self, PatchError> {
        check_length(samples.len())?;
        Ok(Self { samples: PatchSamples::Hu(samples), surroundings: None })
    }

    /// A patch of grey values, row-major.
    ///
    /// # Errors
    /// [`PatchError::WrongLength`] unless there are 2,500.
    pub fn from_grey(samples: Vec<Grey>) -> Result<Self, PatchError> {
        check_length(samples.len())?;
        Ok(Self { samples: PatchSamples::Grey(samples), surroundings: None })
    }

    /// Return the patch that an image holds, with its surroundings where the image holds enough of
    /// them ([`LEAST_CONTEXT_SIZE`] a side). Nothing is ever stretched.
    ///
    /// # Errors
    /// [`PatchError::TooSmall`] and, under [`SizePolicy::Refuse`], [`PatchError::NotPatchSize`].
    pub fn from_image(image: &GreyImage, policy: SizePolicy) -> Result<Self, PatchError> {
        let (width, height) = (image.width, image.height);
        if width < PATCH_SIZE || height < PATCH_SIZE {
            return Err(PatchError::TooSmall { width, height });
        }
        let exact = width == PATCH_SIZE && height == PATCH_SIZE;
        if !exact && policy == SizePolicy::Refuse {
            return Err(PatchError::NotPatchSize { width, height });
        }
        let (top, left) = ((height - PATCH_SIZE) / 2, (width - PATCH_SIZE) / 2);
        let square = |side: usize| -> Vec<Grey> {
            let margin = (side - PATCH_SIZE) / 2;
            let from = |first: usize, at: usize| (first + at).checked_sub(margin);
            let column = |x: usize| from(left, x).filter(|x| *x < width);
            let row = |y: usize| from(top, y).filter(|y| *y < height);
            let sample = |x: usize, y: usize| Some(image.samples[row(y)? * width + column(x)?]);
            // Beyond the edge lies air.
            let sample = |x: usize, y: usize| sample(x, y).unwrap_or(Grey(0.0));
            (0..side).flat_map(|y| (0..side).map(move |x| sample(x, y))).collect()
        };
        let known = width.min(height) >= LEAST_CONTEXT_SIZE;
        let surroundings = known.then(|| PatchSamples::Grey(square(CONTEXT_SIZE)));
        Ok(Self { surroundings, ..Self::from_grey(square(PATCH_SIZE))? })
    }

    /// Return what lies around the patch, 100 x 100 samples with it in the middle; `None` where that is
    /// not known.
    #[must_use]
    pub fn surroundings(&self) -> Option<&PatchSamples> {
        self.surroundings.as_ref()
    }

    /// Return the samples and their unit.
    #[must_use]
    pub fn samples(&self) -> &PatchSamples {
        &self.samples
    }
}

/// A picture's file, and the patch in it.
#[derive(Clone, Debug, PartialEq)]
pub struct PatchFile {
    /// The whole picture.
    pub image: GreyImage,
    /// What the network looks at.
    pub patch: Patch,
    /// What was done to the picture, in full sentences.
    pub notes: Vec<String>,
    /// Of the file, in lower-case hexadecimal.
    pub sha256: String,
}

impl PatchFile {
    /// Decode a picture and take its patch.
    ///
    /// # Errors
    /// [`PatchError`].
    pub fn read(bytes: &[u8], policy: SizePolicy) -> Result<Self, PatchError> {
        let image = decode_raster(bytes)?;
        let patch = Patch::from_image(&image, policy)?;
        let (width, height) = (image.width, image.height);
        let mut notes = image.notes.clone();
        if width != PATCH_SIZE || height != PATCH_SIZE {
            notes.push(format!(
                "The centre {PATCH_SIZE} x {PATCH_SIZE} of {width} x {height} pixels was taken."
            ));
        }
        Ok(Self { image, patch, notes, sha256: hash::of_bytes(bytes) })
    }
}

fn check_length(length: usize) -> Result<(), PatchError> {
    if length == PATCH_SAMPLES { Ok(()) } else { Err(PatchError::WrongLength(length)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An image whose sample at (x, y) is `x + 1000 y`, so that a mix-up of axes shows.
    fn image(width: usize, height: usize) -> GreyImage {
        let samples = (0..height)
            .flat_map(|y| (0..width).map(move |x| Grey((x + 1000 * y) as f32)))
            .collect();
        GreyImage {
            width,
            height,
            samples,
            format: "PNG",
            bit_depth: 8,
            colour: false,
            notes: vec![],
        }
    }

    fn first_and_last(patch: &Patch) -> (f32, f32) {
        let PatchSamples::Grey(samples) = patch.samples() else { panic!("not grey") };
        (samples[0].0, samples[PATCH_SAMPLES - 1].0)
    }

    #[test]
    fn exact_size_is_taken_as_it_is() {
        let patch = Patch::from_image(&image(50, 50), SizePolicy::Refuse).unwrap();
        assert_eq!(first_and_last(&patch), (0.0, 49_049.0));
    }

    #[test]
    fn larger_is_refused_or_cut_from_the_middle() {
        let large = image(61, 80);
        let refused = Patch::from_image(&large, SizePolicy::Refuse);
        assert_eq!(refused, Err(PatchError::NotPatchSize { width: 61, height: 80 }));
        let patch = Patch::from_image(&large, SizePolicy::CenterCrop).unwrap();
        assert_eq!(first_and_last(&patch), (15_005.0, 64_054.0));
    }

    #[test]
    fn smaller_in_one_direction_is_refused_under_both_policies() {
        for policy in [SizePolicy::Refuse, SizePolicy::CenterCrop] {
            let refused = Patch::from_image(&image(50, 47), policy);
            assert_eq!(refused, Err(PatchError::TooSmall { width: 50, height: 47 }));
        }
    }

    #[test]
    fn arrays_of_another_length_are_refused() {
        assert_eq!(Patch::from_hu(vec![Hu(0.0); 2499]), Err(PatchError::WrongLength(2499)));
    }
}
