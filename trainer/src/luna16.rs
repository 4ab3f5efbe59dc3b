//! LUNA16 as it is downloaded, and the way from there to a folder of patches.
//!
//! | step | module |
//! |---|---|
//! | `candidates.csv`, `annotations.csv` -> rows | [`tables`] |
//! | folder -> where each scan's header lies | [`layout`] |
//! | candidates -> those that are kept | [`sample`] |
//! | what is to be done, and under which options | [`plan`] |
//! | one scan -> pictures and a record of them | [`scan`] |
//! | all records -> manifest, `dataset.json`, summary | [`merge`] and [`summary`] |

pub mod layout;
pub mod merge;
pub mod plan;
pub mod sample;
pub mod scan;
pub mod summary;
pub mod tables;

use anyhow::{Context, Result};
use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;

/// Writes a file so that a reader, or a rerun after a power cut, sees all of it or none.
///
/// # Errors
/// Where the disk refuses.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    // A random name keeps two shards apart that write the same file at once, on two machines even.
    let random = RandomState::new().build_hasher().finish();
    let draft = path.with_added_extension(format!("{random:016x}.part"));
    fs::write(&draft, bytes)
        .and_then(|()| fs::rename(&draft, path))
        .with_context(|| path.display().to_string())
}
