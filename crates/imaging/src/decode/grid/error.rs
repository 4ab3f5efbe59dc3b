//! What can be wrong with a volume in one piece.

use crate::UserError;
use crate::geometry::GeometryError;

/// Why bytes are no volume.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GridError {
    /// The header ends early or is not of this format.
    #[error("the content is not a {0} header")]
    NotAHeader(&'static str),
    /// A field that is needed is not there.
    #[error("the header has no {0}")]
    Missing(&'static str),
    /// A value that cannot be understood.
    #[error("the header says {key} is {value}, which cannot be read")]
    Value {
        /// The field.
        key: &'static str,
        /// What stands there, shortened.
        value: String,
    },
    /// Numbers that place no volume in the body.
    #[error("the header does not say where the volume lies: {0}")]
    Place(&'static str),
    /// A volume of a kind that is not read.
    #[error("it cannot be read: {0}")]
    Unsupported(String),
    /// Beyond the limits.
    #[error("its samples take {} MB, more than are opened at once", voxels.saturating_mul(2) >> 20)]
    TooLarge {
        /// Voxels that the header promises.
        voxels: u64,
    },
    /// Spacing, origin or axes describe no volume.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    /// Fewer samples than the header promises.
    #[error("the samples end early: {found} of {needed} bytes")]
    Truncated {
        /// Bytes that the header promises.
        needed: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The bytes contradict themselves.
    #[error("the samples are damaged: {0}")]
    Damaged(String),
    /// The source of the samples failed.
    #[error("the samples could not be read: {0}")]
    Read(String),
}

impl UserError for GridError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotAHeader(_)
            | Self::Missing(_)
            | Self::Value { .. }
            | Self::Place(_)
            | Self::Geometry(_) => "bad-header",
            Self::Unsupported(_) => "unsupported-format",
            Self::TooLarge { .. } => "too-large",
            Self::Truncated { .. } => "truncated",
            Self::Damaged(_) => "damaged",
            Self::Read(_) => "read-failed",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::NotAHeader(_) | Self::Truncated { .. } | Self::Damaged(_) | Self::Read(_) => {
                "Download or copy the file again; compare its size with the source."
            }
            Self::TooLarge { .. } => "Open fewer files at once, or cut out the chest first.",
            _ => "Write it again as one three-dimensional volume, for example with SimpleITK.",
        }
    }
}
