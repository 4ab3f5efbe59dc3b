//! Zip archives: each file in turn, within bounds.

use super::inflate::{self, InflateError};
use super::limits::Limits;
use crate::UserError;
use std::borrow::Cow;
use std::io::Cursor;
use zip::ZipArchive;
use zip::result::ZipError;

/// Why an archive, or a file in it, is not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ArchiveError {
    #[error("the zip archive is damaged or cut off: {0}")]
    Damaged(String),
    #[error("it is encrypted")]
    Encrypted,
    #[error("it is compressed in a way that is not read: {0}")]
    Unsupported(String),
    #[error("it inflates to more than {most} bytes")]
    TooLarge { most: u64 },
}

impl UserError for ArchiveError {
    fn code(&self) -> &'static str {
        match self {
            Self::Damaged(_) => "damaged",
            Self::Encrypted => "encrypted",
            Self::Unsupported(_) => "unsupported-encoding",
            Self::TooLarge { .. } => "too-large",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Damaged(_) => "Copy or download it again.",
            Self::Encrypted => "Unpack it with its password first, then choose the files.",
            Self::Unsupported(_) => "Unpack it first, then choose the files.",
            Self::TooLarge { .. } => "Unpack it first, and choose the files that are needed.",
        }
    }
}

/// An archive whose files are read one at a time.
pub(crate) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
}

impl<'a> Archive<'a> {
    pub fn open(bytes: &'a [u8]) -> Result<Self, ArchiveError> {
        Ok(Self { zip: ZipArchive::new(Cursor::new(bytes)).map_err(error)? })
    }

    /// How many files and folders it has.
    pub fn len(&self) -> usize {
        self.zip.len()
    }

    /// The name of a file, and its bytes, taken from those that are `left`; `None` for a folder.
    pub fn file(
        &mut self,
        index: usize,
        limits: &Limits,
        left: &mut u64,
    ) -> Option<(String, Result<Vec<u8>, ArchiveError>)> {
        let name = self.zip.name_for_index(index).and_then(Result::ok).map(Cow::into_owned);
        let name = name.unwrap_or_else(|| format!("file {}", index + 1));
        let file = match self.zip.by_index(index) {
            Ok(file) if file.is_dir() => return None,
            Ok(file) => file,
            Err(problem) => return Some((name, Err(error(problem)))),
        };
        // What it declares may be a lie: what it becomes is counted while it is read.
        let most = limits.inflated(file.compressed_size()).min(*left);
        if file.size() > most {
            return Some((name, Err(ArchiveError::TooLarge { most })));
        }
        let bytes = inflate::counted(file, most, left).map_err(|error| match error {
            InflateError::TooLarge { most } => ArchiveError::TooLarge { most },
            InflateError::Damaged(reason) => ArchiveError::Damaged(reason),
        });
        Some((name, bytes))
    }
}

fn error(error: ZipError) -> ArchiveError {
    match error {
        ZipError::UnsupportedArchive(reason) if reason == ZipError::PASSWORD_REQUIRED => {
            ArchiveError::Encrypted
        }
        ZipError::UnsupportedArchive(reason) => ArchiveError::Unsupported(reason.to_string()),
        ZipError::CompressionMethodNotSupported(method) => {
            ArchiveError::Unsupported(format!("method {method}"))
        }
        other => ArchiveError::Damaged(other.to_string()),
    }
}
