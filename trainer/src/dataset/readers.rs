//! How many readers marked what, and which negatives are contested: within 5 mm of a finding that
//! LUNA16 excludes, because fewer than three of four readers marked it.
//!
//! The columns stand in `manifest.csv` itself, or in a `readers.csv` beside it.

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Deserializer};
use std::collections::HashMap;
use std::path::Path;

/// Readers of a scan of LIDC.
pub const READERS: u32 = 4;

/// What the readers say of a row.
#[derive(Debug, Deserialize)]
pub struct Said {
    candidate_row: String,
    /// Readers who outlined a nodule there.
    #[serde(default)]
    pub n_readers: Option<u32>,
    /// Whether a finding that LUNA16 excludes lies within 5 mm.
    #[serde(default, deserialize_with = "flag")]
    pub contested: Option<bool>,
}

/// Read `readers.csv` by row; nothing where the folder has none.
///
/// # Errors
/// A file that is no such table, a row that stands in it twice.
pub fn read(folder: &Path) -> Result<HashMap<String, Said>> {
    let path = folder.join("readers.csv");
    let mut known = HashMap::new();
    if !path.is_file() {
        return Ok(known);
    }
    let shown = || path.display().to_string();
    let mut reader = csv::Reader::from_path(&path).with_context(shown)?;
    for (i, said) in reader.deserialize().enumerate() {
        let at = || format!("{}, line {}", path.display(), i + 2);
        let said: Said = said.with_context(at)?;
        if let Some(twice) = known.insert(said.candidate_row.clone(), said) {
            bail!("{}: candidate_row {} stands in it twice", at(), twice.candidate_row);
        }
    }
    Ok(known)
}

/// Read 0 or 1; empty is not known.
pub fn flag<'de, D: Deserializer<'de>>(cell: D) -> Result<Option<bool>, D::Error> {
    match Option::<String>::deserialize(cell)?.as_deref().map(str::trim) {
        None | Some("") => Ok(None),
        Some("0" | "False" | "false") => Ok(Some(false)),
        Some("1" | "True" | "true") => Ok(Some(true)),
        Some(other) => {
            Err(serde::de::Error::custom(format!("contested is '{other}', expected 0 or 1")))
        }
    }
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
