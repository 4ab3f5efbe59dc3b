//! Zip archives: each file in turn, within bounds.

use super::inflate::{self, InflateError};
use super::limits::Limits;
use crate::UserError;
use std::borrow::Cow;
use std::io::Cursor;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

/// How the record at an archive's end begins.
const END: [u8; 4] = *b"PK\x05\x06";
/// Bytes of that record before its comment, which has 65,535 at most.
const END_LENGTH: usize = 22;

/// Why an archive, or a file in it, is not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ArchiveError {
    #[error("the zip archive is damaged or cut off: {0}")]
    Damaged(String),
    #[error("it is encrypted")]
    Encrypted,
    #[error("it is compressed with method {number}{name}, which is not read")]
    Method { number: u16, name: &'static str },
    #[error("the archive is split into several files")]
    Split,
    #[error("it is packed in a way that is not read: {0}")]
    Unsupported(String),
    #[error("it inflates to more than {most} bytes")]
    TooLarge { most: u64 },
}

impl UserError for ArchiveError {
    fn code(&self) -> &'static str {
        match self {
            Self::Damaged(_) => "damaged",
            Self::Encrypted => "encrypted",
            Self::Method { .. } | Self::Split | Self::Unsupported(_) => "unsupported-encoding",
            Self::TooLarge { .. } => "too-large",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Damaged(_) => "Copy or download it again.",
            Self::Encrypted => "Unpack it with its password first, then choose the files.",
            Self::Method { .. } | Self::Split | Self::Unsupported(_) => {
                "Unpack it first, then choose the files."
            }
            Self::TooLarge { .. } => "Unpack it first, and choose the files that are needed.",
        }
    }
}

/// Whether bytes begin as a zip archive does, also one in several parts.
pub(crate) fn begins(bytes: &[u8]) -> bool {
    let marks: [&[u8]; 4] = [b"PK\x03\x04", &END, b"PK\x07\x08PK\x03\x04", b"PK00PK\x03\x04"];
    marks.iter().any(|mark| bytes.starts_with(mark))
}

/// Whether bytes end as a zip archive does, whatever stands before it: a program that unpacks
/// itself, for example.
pub(crate) fn ends(bytes: &[u8]) -> bool {
    let Some(end) = end(bytes) else { return false };
    let length = end.get(12..).and_then(<[u8]>::first_chunk::<4>);
    let length = length.map_or(0, |length| u32::from_le_bytes(*length) as usize);
    let directory = (bytes.len() - end.len()).checked_sub(length);
    directory.is_some_and(|at| bytes.get(at..).is_some_and(|rest| rest.starts_with(b"PK\x01\x02")))
}

/// The record at an archive's end, and its comment.
fn end(bytes: &[u8]) -> Option<&[u8]> {
    let from = bytes.len().saturating_sub(END_LENGTH + usize::from(u16::MAX));
    let tail = bytes.get(from..)?;
    let mut places = tail.windows(END.len()).enumerate().rev().filter(|(_, mark)| *mark == END);
    places.find_map(|(at, _)| {
        let record = tail.get(at..)?;
        let comment = record.get(20..).and_then(<[u8]>::first_chunk::<2>)?;
        (END_LENGTH + usize::from(u16::from_le_bytes(*comment)) <= record.len()).then_some(record)
    })
}

/// What a compression method is called (APPNOTE 4.4.5), in brackets.
fn name_of(method: u16) -> &'static str {
    match method {
        1 => " (shrink)",
        2..=5 => " (reduce)",
        6 => " (implode)",
        9 => " (Deflate64)",
        12 => " (bzip2)",
        14 => " (LZMA)",
        20 | 93 => " (zstd)",
        94 => " (MP3)",
        95 => " (xz)",
        96 => " (JPEG)",
        97 => " (WavPack)",
        98 => " (PPMd)",
        _ => "",
    }
}

/// An archive whose files are read one at a time.
pub(crate) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
}

impl<'a> Archive<'a> {
    pub fn open(bytes: &'a [u8]) -> Result<Self, ArchiveError> {
        let Some(end) = end(bytes) else {
            // The first part of several says so; the last has the list of the files.
            let split = bytes.starts_with(b"PK\x07\x08PK");
            let reason = "the list of its files, which stands at its end, is missing";
            return Err(if split {
                ArchiveError::Split
            } else {
                ArchiveError::Damaged(reason.into())
            });
        };
        // The number of the last part; of an archive of 64 bits it stands elsewhere.
        let part = end.get(4..).and_then(<[u8]>::first_chunk::<2>);
        if part.is_some_and(|part| ![0, u16::MAX].contains(&u16::from_le_bytes(*part))) {
            return Err(ArchiveError::Split);
        }
        Ok(Self { zip: ZipArchive::new(Cursor::new(bytes)).map_err(error)? })
    }

    /// How many files and folders it has.
    pub fn len(&self) -> usize {
        self.zip.len()
    }

    /// Whether two of its files have one name: then the last of them alone is read.
    pub fn repeats(&self) -> bool {
        self.zip.has_duplicate_names()
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
        #[allow(deprecated)] // The crate has no other way to tell the number.
        if let CompressionMethod::Unsupported(number) = file.compression() {
            return Some((name, Err(ArchiveError::Method { number, name: name_of(number) })));
        }
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
        ZipError::UnsupportedArchive(reason) if reason.contains("multi-disk") => {
            ArchiveError::Split
        }
        ZipError::UnsupportedArchive(reason) => ArchiveError::Unsupported(reason.to_string()),
        ZipError::CompressionMethodNotSupported(number) => {
            ArchiveError::Method { number, name: name_of(number) }
        }
        other => ArchiveError::Damaged(other.to_string()),
    }
}
