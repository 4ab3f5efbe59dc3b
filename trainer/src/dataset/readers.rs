//! How many readers marked what, and which negatives are contested: within 5 mm of a finding that
//! LUNA16 excludes, because fewer than three of four readers marked it.
//!
//! The columns stand in `manifest.csv` itself, or in a `readers.csv` beside it.

use super::manifest::{ManifestRow, flag};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::HashMap;
use std::path::Path;

/// Readers of a scan of LIDC.
pub const READERS: u32 = 4;

/// What the readers say of a row.
#[derive(Debug, Deserialize)]
struct ReadersRow {
    candidate_row: String,
    #[serde(default)]
    n_readers: Option<u32>,
    #[serde(default, deserialize_with = "flag")]
    contested: Option<bool>,
}

/// Fill in from `readers.csv`, where the folder has one, what the manifest does not say itself.
///
/// # Errors
/// A file that is no such table, a row that stands in it twice.
pub fn join(folder: &Path, rows: &mut [ManifestRow]) -> Result<()> {
    let path = folder.join("readers.csv");
    if !path.is_file() {
        return Ok(());
    }
    let shown = || path.display().to_string();
    let mut reader = csv::Reader::from_path(&path).with_context(shown)?;
    let mut known: HashMap<String, ReadersRow> = HashMap::new();
    for (i, said) in reader.deserialize().enumerate() {
        let at = || format!("{}, line {}", path.display(), i + 2);
        let said: ReadersRow = said.with_context(at)?;
        if let Some(twice) = known.insert(said.candidate_row.clone(), said) {
            bail!("{}: candidate_row {} stands in it twice", at(), twice.candidate_row);
        }
    }
    for row in rows {
        if let Some(said) = known.get(&row.candidate_row) {
            row.n_readers = row.n_readers.or(said.n_readers);
            row.contested = row.contested.or(said.contested);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::dataset::read_manifest;
    use std::fs;

    #[test]
    fn the_table_beside_fills_in_what_the_manifest_leaves_open() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("manifest.csv", "candidate_row,class,contested\n1,0,\n2,0,0\n3,1,\n4,0,\n");
        write("readers.csv", "candidate_row,n_readers,contested\n1,2,1\n2,1,1\n3,4,\n9,0,0\n");
        let said: Vec<_> = read_manifest(folder.path())
            .unwrap()
            .iter()
            .map(|row| (row.n_readers, row.contested, row.is_contested_negative()))
            .collect();
        let expected = [
            (Some(2), Some(true), true),
            (Some(1), Some(false), false),
            (Some(4), None, false),
            (None, None, false),
        ];
        assert_eq!(said, expected);
        write("readers.csv", "candidate_row,n_readers,contested\n1,2,1\n1,2,1\n");
        let error = format!("{:#}", read_manifest(folder.path()).unwrap_err());
        assert!(error.contains("readers.csv, line 3") && error.contains("twice"), "{error}");
        write("readers.csv", "candidate_row,contested\n1,maybe\n");
        let error = format!("{:#}", read_manifest(folder.path()).unwrap_err());
        assert!(error.contains("line 2"), "{error}");
    }

    /// Skips without the real data.
    #[test]
    fn the_published_patches_have_56_contested_negatives() {
        let Some(folder) = crate::dataset::real_patches() else { return };
        let rows = read_manifest(&folder).unwrap();
        assert_eq!(rows.iter().filter(|row| row.is_contested_negative()).count(), 56);
        assert!(rows.iter().all(|row| row.contested.is_some() && row.n_readers.is_some()));
    }
}
