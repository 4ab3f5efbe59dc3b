//! What comes back from the importer, for one file and for all.

use crate::UserError;
use crate::decode::series::{FileProblem, Picture, Series};
use serde::Serialize;

/// What a file was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Added {
    /// DICOM with so many slices or pictures.
    Dicom {
        /// How many.
        frames: usize,
    },
    /// A volume in one piece.
    Volume {
        /// "MetaImage", "NIfTI" or "NRRD".
        format: &'static str,
    },
    /// PNG, JPEG, TIFF or BMP.
    Picture {
        /// Which of them.
        format: &'static str,
    },
    /// A header whose samples lie in another file that is not here yet.
    Header {
        /// "MetaImage", "NIfTI" or "NRRD".
        format: &'static str,
        /// Name of the other file.
        wants: String,
    },
    /// Of no known kind; kept, for a header may name it yet.
    Data,
    /// An archive with so many files; what could not be opened of them is among the problems.
    Archive {
        /// Files in it, folders not counted.
        files: usize,
    },
    /// Belongs there, but shows nothing: the list of a disc's files, a file manager's leftovers.
    Passed {
        /// What it is.
        what: &'static str,
    },
    /// Could not be opened; it is among the problems too.
    Refused {
        /// Stable name, for programs.
        code: &'static str,
        /// What is wrong.
        message: String,
        /// What to do about it.
        hint: String,
    },
}

/// What all files together gave. Nothing is dropped silently.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// Scans, the one with most slices first, overviews last.
    pub series: Vec<Series>,
    /// Pictures, in the order of their coming.
    pub pictures: Vec<Picture>,
    /// Files that could not be opened, in the order of their coming.
    pub problems: Vec<FileProblem>,
}

/// Why a file could not be opened.
pub(super) struct Refusal {
    pub code: &'static str,
    pub message: String,
    pub hint: String,
}

impl Refusal {
    pub fn new(code: &'static str, message: impl Into<String>, hint: &str) -> Self {
        Self { code, message: message.into(), hint: hint.to_owned() }
    }

    /// The refusal of what is known, and is none.
    pub fn not_an_image(what: &str) -> Self {
        let hint = "Nothing to do unless it should be a scan: \
                    DICOM, MetaImage, NIfTI, NRRD, zip, PNG, JPEG, TIFF and BMP are opened.";
        Self::new("not-an-image", format!("it is not a scan but {what}"), hint)
    }
}

impl<E: UserError> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::new(error.code(), error.to_string(), error.hint())
    }
}
