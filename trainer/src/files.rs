//! Files written so that a reader, or a rerun after a power cut, sees all of one or none of it.

use anyhow::{Context, Result};
use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Write;
use std::path::Path;

/// Replace a file at once. Make its folder where it is missing.
///
/// # Errors
/// Where the disk refuses; what was there before stays.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    // A random name keeps two shards apart that write the same file at once, on two machines even.
    let random = RandomState::new().build_hasher().finish();
    let draft = path.with_added_extension(format!("{random:016x}.part"));
    let written = || -> Result<()> {
        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        write_through(&draft, bytes)?;
        Ok(fs::rename(&draft, path)?)
    };
    // What is left of a failure is of no use.
    let failed = |_: &anyhow::Error| drop(fs::remove_file(&draft));
    written().inspect_err(failed).with_context(|| path.display().to_string())
}

/// Write a file and wait until it is on the disk.
///
/// # Errors
/// Where the disk refuses.
pub fn write_through(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(bytes)?;
    Ok(file.sync_all()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_leaves_no_draft_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made/here/config.toml");
        for text in ["one", "two"] {
            write_whole(&path, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        // A folder cannot be replaced by a file: the reason names it.
        let error = write_whole(path.parent().unwrap(), b"x").unwrap_err();
        assert!(format!("{error:#}").contains("here"), "{error:#}");
        assert_eq!(fs::read_dir(folder.path().join("made")).unwrap().count(), 1);
    }
}
