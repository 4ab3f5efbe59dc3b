//! What can be wrong with a DICOM file.

use crate::UserError;

/// Why a DICOM file gives no slices.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DicomError {
    /// Neither the mark "DICM" nor a data set.
    #[error("the content is not a DICOM file")]
    NotDicom,
    /// The bytes end within an element.
    #[error("the file ends early, in element {tag}: {found} of {needed} bytes are there")]
    Truncated {
        /// The element, as (gggg,eeee).
        tag: String,
        /// Bytes that it declares.
        needed: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// Bytes that contradict the standard or each other.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// An attribute without which there is no image.
    #[error("{name} {tag} is missing")]
    Missing {
        /// Name of the attribute.
        name: &'static str,
        /// Its tag.
        tag: &'static str,
    },
    /// A value that no image can have.
    #[error("{name} is {value}, which cannot be read")]
    Value {
        /// Name of the attribute.
        name: &'static str,
        /// What stands there, shortened.
        value: String,
    },
    /// An encoding of pixels that is not read.
    #[error("its pixels are encoded as {0}, which is not supported")]
    TransferSyntax(String),
    /// The transfer syntax says one thing, the content is another.
    #[error("its transfer syntax and its content disagree: {0}")]
    Disagrees(String),
    /// An object that holds no picture.
    #[error("it is not an image but {0}")]
    NotAnImage(String),
    /// The list of the files of a disc.
    #[error("it is a DICOMDIR, the list of a disc's files")]
    Directory,
    /// No room beside what is open already.
    #[error("its samples take {} MB, and at most {} MB are opened at once", needed >> 20, most >> 20)]
    NoRoom {
        /// Bytes that its samples take.
        needed: u64,
        /// Bytes that all samples together may take.
        most: u64,
        /// To which series it belongs.
        series: Option<String>,
    },
    /// Beyond the limits.
    #[error("{what} is {value}; at most {most} can be read")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// How large it is.
        value: u64,
        /// How large it may be.
        most: u64,
    },
}

impl UserError for DicomError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotDicom => "not-dicom",
            Self::Truncated { .. } => "truncated",
            Self::Damaged(_) => "damaged",
            Self::Missing { .. } => "missing-tag",
            Self::Value { .. } => "bad-header",
            Self::TransferSyntax(_) => "unsupported-encoding",
            Self::Disagrees(_) => "wrong-transfer-syntax",
            Self::NotAnImage(_) => "not-an-image",
            Self::Directory => "dicomdir",
            Self::TooLarge { .. } | Self::NoRoom { .. } => "too-large",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::NotDicom => "Choose DICOM, MetaImage, NIfTI or NRRD files, or pictures.",
            Self::Truncated { .. } | Self::Damaged(_) => {
                "Copy or export the file again; part of it is missing or changed."
            }
            Self::Missing { .. } | Self::Value { .. } => {
                "Export the series again from the system that it came from."
            }
            Self::TransferSyntax(_) => {
                "Export it uncompressed (explicit VR little endian), or convert it, \
                 for example with dcmdjpeg or gdcmconv --raw."
            }
            Self::Disagrees(_) => {
                "Export it again, or correct the transfer syntax (0002,0010) where it was made."
            }
            Self::NotAnImage(_) => "Nothing to do: only images are shown.",
            Self::Directory => "Give the files that lie beside it too.",
            Self::NoRoom { .. } => "Open fewer files at once, or cut out the chest first.",
            Self::TooLarge { .. } => "Open a smaller part of it.",
        }
    }
}
