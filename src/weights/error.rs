//! Why bytes are no weights.

use nodulens_imaging::UserError;

/// Why a file gives no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeightsError {
    /// Another kind of file.
    #[error("this is not a Nodulens weights file")]
    Foreign,
    /// The bytes end before the format allows.
    #[error("the weights file is cut off after {0} bytes")]
    Truncated(usize),
    /// Written by a later version.
    #[error("the weights file has format version {found}; this program reads up to {latest}")]
    Newer {
        /// Version in the file.
        found: u32,
        /// The latest that is read.
        latest: u32,
    },
    /// The checksum does not fit, or the content contradicts itself.
    #[error("the weights file is damaged: {0}")]
    Corrupt(String),
    /// A sound file for another network, preprocessing or program.
    #[error("the weights do not fit this program: {what} is {found}, expected {expected}")]
    Mismatch {
        /// Which property.
        what: String,
        /// In the file.
        found: String,
        /// Here.
        expected: String,
    },
}

impl UserError for WeightsError {
    fn code(&self) -> &'static str {
        match self {
            Self::Foreign => "weights-foreign",
            Self::Truncated(_) => "weights-truncated",
            Self::Newer { .. } => "weights-newer",
            Self::Corrupt(_) => "weights-corrupt",
            Self::Mismatch { .. } => "weights-mismatch",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Foreign => {
                "Weights are written by `cargo trainer export` and end in .nodulens; a .safetensors file of one of the networks will do, too."
            }
            Self::Truncated(_) | Self::Corrupt(_) => "Download or export the file again.",
            Self::Newer { .. } => "Update Nodulens, or export the weights with this version.",
            Self::Mismatch { .. } => {
                "Use the Nodulens that wrote the weights, or train and export them with this one."
            }
        }
    }
}

/// Make the error for content that is not what the format promises.
pub(super) fn corrupt(error: impl std::fmt::Display) -> WeightsError {
    WeightsError::Corrupt(error.to_string())
}

/// Make the error for a property that is another than this program needs.
pub(super) fn mismatch(what: &str, found: impl ToString, expected: impl ToString) -> WeightsError {
    let (found, expected) = (found.to_string(), expected.to_string());
    WeightsError::Mismatch { what: what.to_owned(), found, expected }
}
