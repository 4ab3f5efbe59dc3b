//! Every number that was chosen *before* training, each with its unit and source.
//!
//! Numbers chosen by or after training (threshold, temperature, metrics) live in the weights
//! file. "The paper" is the one that the README names; its section or table is given.

use nodulens_imaging::intensity::Window;

/// Side of a patch in pixels (paper, 3.1: "50*50 grayscale images").
pub const PATCH_SIZE: usize = 50;

/// Side of a patch with its surroundings in pixels, which a network with a context looks at, too. In
/// training it is also room to turn and shift a patch without inventing its corners (a patch's diagonal
/// is 71).
pub const CONTEXT_SIZE: usize = 100;

/// Side from which on a picture is taken to show the surroundings of the patch in its middle: half of
/// their pixels. What is missing of them counts as air.
pub const LEAST_CONTEXT_SIZE: usize = 71;

/// Samples in a patch.
pub const PATCH_SAMPLES: usize = PATCH_SIZE * PATCH_SIZE;

/// Samples of a view: a patch, and its surroundings at half the resolution, as many.
pub const VIEW_SAMPLES: usize = 2 * PATCH_SAMPLES;

/// Lower end of the intensity window in HU: air. LUNA16's usual lung window, and the one that
/// reproduces the published crops to JPEG noise.
pub const WINDOW_LOW_HU: f32 = -1000.0;

/// Upper end of the intensity window in HU: dense bone and above saturate here.
pub const WINDOW_HIGH_HU: f32 = 400.0;

/// The window that the networks were trained through.
pub const MODEL_WINDOW: Window = Window {
    center: (WINDOW_LOW_HU + WINDOW_HIGH_HU) / 2.0,
    width: WINDOW_HIGH_HU - WINDOW_LOW_HU,
};

/// What lies beyond the edge of a scan in HU: air, the lower end of the window.
pub const PADDING_HU: f32 = WINDOW_LOW_HU;

/// Pixel sides that the networks were trained on, smallest and largest, mm: the native spacing of
/// the crops that they learnt from (LUNA16; shared data's SOURCES.md). Slices outside are resampled
/// to the nearer end before they are scanned.
pub const TRAINED_PIXEL_MM: [f64; 2] = [0.46, 0.98];

/// Pixels between the places at which a slice is scanned. At 0.7 mm this is 2.8 mm, less than the
/// radius of a nodule of 6 mm, and two poolings by two.
pub const SCAN_STRIDE_PX: usize = 4;

/// Findings nearer to each other than this are one, mm: LUNA16's nodules are 3 to 32 mm wide,
/// three quarters of them below 10.
pub const FINDING_DISTANCE_MM: f64 = 10.0;

/// Candidates without a nodule that are kept for each one with a nodule. The paper's 8,106 crops
/// are the 1,351 nodules of LUNA16's `candidates.csv` and five times as many others.
pub const NEGATIVES_PER_POSITIVE: f64 = 5.0;

/// LUNA16 subsets on which epoch and threshold are chosen in the split by patient.
pub const PATIENTWISE_VALID: [u32; 1] = [3];

/// LUNA16 subsets that decide nothing in the split by patient; those in no list are learnt from.
pub const PATIENTWISE_TEST: [u32; 2] = [1, 9];

/// Upper ends of the diameter classes of reports in mm, each excluding its end; above is the last
/// class. 6 and 8 mm are the thresholds of the Fleischner and Lung-RADS guidelines.
pub const DIAMETER_BINS_MM: [f64; 3] = [6.0, 8.0, 15.0];

/// Version of the preprocessing code. Raise it whenever the same bytes would give another tensor.
pub const PREPROCESS_VERSION: u32 = 1;

/// Number of classes: 0 is "no nodule", 1 is "nodule" (paper, 4).
pub const CLASSES: usize = 2;

/// Index of the class "nodule".
pub const CLASS_NODULE: usize = 1;

/// Dropout before the last layer (paper, 3.2).
pub const DROPOUT: f64 = 0.5;

/// Adam's step size (paper, table 1).
pub const LEARNING_RATE: f64 = 1e-3;

/// Adam's epsilon. The paper used TensorFlow, whose default this is.
pub const ADAM_EPSILON: f32 = 1e-7;

/// Patches in a training step (paper, table 1).
pub const BATCH_SIZE: usize = 96;

/// Passes over the training part (paper, table 1).
pub const EPOCHS: usize = 70;

/// Steps between two checkpoints (paper, 4).
pub const CHECKPOINT_STEPS: usize = 100;

/// Share of nodules that sampling brings an epoch to (paper, 4: "roughly 80-20").
pub const POSITIVE_FRACTION: f64 = 0.2;

/// Largest shift of an augmented patch in pixels, along each axis. The paper says "panning"
/// without a number; 3 px is about 2 mm, less than the radius of the smallest nodule.
pub const AUGMENT_SHIFT_PX: f32 = 3.0;

/// Share of augmented patches that are turned by a quarter only, which needs no interpolation
/// and so keeps the grain of the scan; the others are turned by any angle.
pub const AUGMENT_QUARTER_TURNS: f64 = 0.5;

/// Specificity at which the paper reports its recall (paper, 5), and at which ours is compared.
pub const PAPER_SPECIFICITY: f64 = 0.9709;

/// Largest difference in a logit between two engines that are called equal. Both sum the same
/// 9,216 products of the first dense layer in single precision, in another order.
pub const LOGIT_TOLERANCE: f32 = 1e-3;

/// Names the preprocessing: the method's constants and the version of the code. It stands in
/// the weights file, and a mismatch is an error.
#[must_use]
pub fn preprocess_id() -> String {
    format!("patch{PATCH_SIZE}-hu{WINDOW_LOW_HU}..{WINDOW_HIGH_HU}-v{PREPROCESS_VERSION}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preprocess_id_spells_out_the_method() {
        assert_eq!(preprocess_id(), "patch50-hu-1000..400-v1");
    }
}
