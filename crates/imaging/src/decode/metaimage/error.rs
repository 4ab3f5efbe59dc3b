//! What can be wrong with a MetaImage.

use crate::UserError;
use crate::geometry::GeometryError;

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
    Unsupported(&'static str),
    /// More than any CT scan has.
    #[error("the header promises {voxels} voxels, more than can be read")]
    TooLarge {
        /// Voxels that the header promises.
        voxels: u64,
    },
    /// Spacing, origin or axes describe no volume.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    /// The samples lie in another file.
    #[error("the samples lie in another file, {0}")]
    DataElsewhere(String),
    /// Fewer samples than the header promises.
    #[error("the samples end early: {found} of {needed} bytes")]
    Truncated {
        /// Bytes that the header promises.
        needed: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// More samples than the header promises, in a compressed file.
    #[error("the compressed samples are more than the {needed} bytes that the header promises")]
    TooLong {
        /// Bytes that the header promises.
        needed: u64,
    },
    /// The compressed bytes contradict themselves.
    #[error("the compressed samples are damaged: {0}")]
    Damaged(String),
    /// The source of the samples failed.
    #[error("the samples could not be read: {0}")]
    Read(String),
}

impl UserError for MetaImageError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotMetaImage => "not-metaimage",
            Self::Missing(_) | Self::Value { .. } | Self::Geometry(_) => "bad-header",
            Self::Unsupported(_) => "unsupported-format",
            Self::TooLarge { .. } => "too-large",
            Self::DataElsewhere(_) => "data-elsewhere",
            Self::Truncated { .. } => "truncated",
            Self::TooLong { .. } | Self::Damaged(_) => "damaged",
            Self::Read(_) => "read-failed",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::NotMetaImage => "Choose the .mhd or .mha file, not its .raw.",
            Self::DataElsewhere(_) => "Give the .raw or .zraw file together with the .mhd.",
            Self::Missing(_) | Self::Value { .. } | Self::Unsupported(_) | Self::Geometry(_) => {
                "Write it again as a three-dimensional MetaImage, for example with SimpleITK."
            }
            Self::TooLarge { .. } => "Cut out the region of interest first.",
            Self::Truncated { .. } | Self::TooLong { .. } | Self::Damaged(_) | Self::Read(_) => {
                "Download or copy the file again; compare its size with the source."
            }
        }
    }
}
