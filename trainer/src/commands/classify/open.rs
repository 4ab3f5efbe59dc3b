//! Files to pictures and series. The one place that knows formats: `decode::import::Import` of the
//! root crate takes its place when every format is opened the same way.

use anyhow::{Context, Result};
use nodulens::decode::metaimage::{DataFile, Header, MetaImageError, read_volume};
use nodulens::decode::{GreyImage, decode_raster};
use nodulens::volume::Volume;
use nodulens::weights::hex;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

/// What a file holds.
// There is one at a time, so nothing is saved by a box.
#[allow(clippy::large_enum_variant)]
pub enum Opened {
    /// Grey whose HU is not known.
    Picture {
        /// Of the file.
        sha256: String,
        /// Its samples.
        image: GreyImage,
    },
    /// HU in the body.
    Series {
        /// Of the file, or of the hashes of its files in their order.
        sha256: String,
        /// What to call it.
        title: String,
        /// "MetaImage".
        format: &'static str,
        /// DICOM's, where the file says.
        modality: Option<String>,
        /// The scan.
        volume: Volume,
    },
}

/// Why a file has no answer.
#[derive(Debug, Serialize)]
pub struct Refusal {
    /// Stable, for programs.
    pub code: &'static str,
    /// What happened.
    pub message: String,
    /// What to do.
    pub hint: &'static str,
}

impl Refusal {
    /// A file that the disk does not give.
    pub fn unreadable(error: &std::io::Error) -> Self {
        let hint = "Check the path and the permissions.";
        Self { code: "unreadable", message: error.to_string(), hint }
    }
}

/// The files of folders (not of the folders in them), by name, and those named themselves. The
/// samples of a `.mhd` are not a file of their own.
///
/// # Errors
/// A folder that cannot be read.
pub fn paths(given: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in given {
        if path.is_dir() {
            let entries = fs::read_dir(path).with_context(|| path.display().to_string())?;
            let mut inside =
                entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
            inside.retain(|path| path.is_file());
            inside.sort();
            found.extend(inside);
        } else {
            found.push(path.clone());
        }
    }
    let samples = |path: &PathBuf| {
        let extension =
            path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        matches!(extension.as_deref(), Some("raw" | "zraw"))
    };
    found.retain(|path| !samples(path));
    Ok(found)
}

/// Opens a file by its content.
///
/// # Errors
/// [`Refusal`].
pub fn open(path: &Path) -> Result<Opened, Refusal> {
    let bytes = fs::read(path).map_err(|error| Refusal::unreadable(&error))?;
    let title = path.file_stem().map_or(String::new(), |stem| stem.to_string_lossy().into_owned());
    match Header::parse(&bytes) {
        Ok(header) => {
            let (data, hashed) = match &header.data {
                DataFile::Local { offset } => (
                    bytes.get(*offset..).unwrap_or_default().to_vec(),
                    hex(&Sha256::digest(&bytes)),
                ),
                DataFile::Beside(name) => {
                    let data = fs::read(path.with_file_name(name))
                        .map_err(|error| Refusal::unreadable(&error))?;
                    let hashes = [&bytes, &data].map(Sha256::digest);
                    (data, hex(&Sha256::digest(hashes.concat())))
                }
            };
            let length = data.len() as u64;
            let volume = read_volume(&header, Cursor::new(data), length).map_err(metaimage)?;
            let format = "MetaImage";
            Ok(Opened::Series { sha256: hashed, title, format, modality: None, volume })
        }
        // Another kind of file.
        Err(MetaImageError::NotMetaImage) => {
            let image = decode_raster(&bytes).map_err(|error| Refusal {
                code: error.code(),
                message: error.to_string(),
                hint: error.hint(),
            })?;
            Ok(Opened::Picture { sha256: hex(&Sha256::digest(&bytes)), image })
        }
        Err(error) => Err(metaimage(error)),
    }
}

fn metaimage(error: MetaImageError) -> Refusal {
    Refusal { code: error.code(), message: error.to_string(), hint: error.hint() }
}
