//! What a classifier asks of the program that executes its network.

use nodulens_imaging::UserError;
use std::fmt::Debug;
use std::pin::Pin;

/// Logits that are on their way: a graphics card answers later.
pub type Logits<'a> = Pin<Box<dyn Future<Output = Result<Vec<f32>, ClassifyError>> + 'a>>;

/// A network with its parameters where it computes.
pub trait Inference: Debug + Send + Sync {
    /// Compute logits of `[batch, 50, 50]` values in [0, 1], whole patches, as `[batch, 2]`.
    fn logits(&self, values: Vec<f32>) -> Logits<'_>;

    /// Compute logits of every patch of a picture of `width * height` values, both at least 50, as
    /// `[rows, columns, 2]`, `stride` pixels apart. Asked only of networks that have a
    /// [`dense_stride`](crate::model::NetworkKind::dense_stride).
    fn dense_logits(&self, values: Vec<f32>, size: [usize; 2], stride: usize) -> Logits<'_>;

    /// Compute logits of patches with their surroundings, [`views`](crate::preprocess::view) of 5,000
    /// values, as `[batch, 2]`. Asked only of networks that have a
    /// [`context`](crate::model::NetworkKind::context).
    fn logits_in_context(&self, views: Vec<f32>) -> Logits<'_>;

    /// Compute logits of every patch of a picture with its surroundings, of which the picture of
    /// `width * height` values, both at least 100, holds those of the outermost patches, too; as
    /// `[rows, columns, 2]`, `stride` pixels apart. Asked only of networks that have a context.
    fn dense_logits_in_context(
        &self,
        values: Vec<f32>,
        size: [usize; 2],
        stride: usize,
    ) -> Logits<'_>;

    /// Return where it computes, as it is shown.
    fn name(&self) -> String;
}

/// Why a batch has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClassifyError {
    /// The device did not give the result back.
    #[error("the device did not return the result: {0}")]
    Device(String),
    /// The engine cannot take this input.
    #[error("{0}")]
    Input(String),
    /// A result that no sound network gives; the device computes wrongly.
    #[error("the device returned a number that is not finite")]
    NotFinite,
}

impl UserError for ClassifyError {
    fn code(&self) -> &'static str {
        match self {
            Self::Device(_) => "device-failed",
            Self::Input(_) => "input-refused",
            Self::NotFinite => "device-wrong",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Input(_) => "Cut the picture into smaller ones.",
            Self::Device(_) | Self::NotFinite => "Choose the CPU engine; the images are unchanged.",
        }
    }
}
