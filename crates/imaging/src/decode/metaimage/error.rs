//! What can be wrong with a MetaImage.

use crate::UserError;
use crate::decode::grid::GridError;

/// Why bytes are no volume.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MetaImageError {
    /// The first lines are not `key = value`, or do not say that it is an image.
    #[error("the content is not a MetaImage header")]
    NotMetaImage,
    /// A key that is needed is not there.
    #[error("the header has no {0}")]
    Missing(&'static str),
    /// A value that cannot be understood.
    #[error("the header says {key} = {value}, expected {expected}")]
    Value {
        /// The key.
        key: &'static str,
        /// What stands there, shortened.
        value: String,
        /// What would be understood.
        expected: &'static str,
    },
    /// A MetaImage of a kind that is not read.
    #[error("this MetaImage cannot be read: {0}")]
    Unsupported(String),
    /// The samples lie in another file.
    #[error("the samples lie in another file, {0}")]
    DataElsewhere(String),
    /// Size, place or samples are those of no volume.
    #[error(transparent)]
    Samples(#[from] GridError),
}

impl UserError for MetaImageError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotMetaImage => "not-metaimage",
            Self::Missing(_) | Self::Value { .. } => "bad-header",
            Self::Unsupported(_) => "unsupported-format",
            Self::DataElsewhere(_) => "data-elsewhere",
            Self::Samples(error) => error.code(),
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::NotMetaImage => "Choose the .mhd or .mha file, not its .raw.",
            Self::DataElsewhere(_) => "Give the .raw or .zraw file together with the .mhd.",
            Self::Missing(_) | Self::Value { .. } | Self::Unsupported(_) => {
                "Write it again as a three-dimensional MetaImage, for example with SimpleITK."
            }
            Self::Samples(error) => error.hint(),
        }
    }
}
