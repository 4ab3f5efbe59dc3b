//! Where the scans lie: `subset0/ ... subset9/`, each with `<series UID>.mhd`.

use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs;
use std::path::{Path, PathBuf};

/// How deep a subset's folder is searched: some unpackers make `subset0/subset0/`.
const DEPTH: usize = 2;

/// A scan on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanFile {
    /// Its `.mhd` or `.mha`; of other volumes, whatever holds it.
    pub header: PathBuf,
    /// The subset by its folder; `None` outside every `subsetK`.
    pub subset: Option<u32>,
    /// Series of a folder that holds several.
    pub series: Option<String>,
    /// Patient, where a list names one.
    pub patient: Option<String>,
    /// Part of the split by patient, where a list says it; LUNA16's follows from the subset.
    pub part: Option<&'static str>,
}

/// Find every scan below `luna16` by series UID (the file's name). One that is there twice counts
/// once: the lower subset, and `.mha` before `.mhd`.
///
/// # Errors
/// An unreadable folder, or one without any scan.
pub fn find_scans(luna16: &Path) -> Result<BTreeMap<String, ScanFile>> {
    let mut scans = BTreeMap::new();
    for entry in entries(luna16)? {
        match subset(&entry) {
            Some(subset) if entry.is_dir() => search(&entry, Some(subset), DEPTH, &mut scans)?,
            _ if entry.is_file() => take(&entry, None, &mut scans),
            _ => {}
        }
    }
    ensure!(
        !scans.is_empty(),
        "{} holds no scan; expected subset0/ ... subset9/ with .mhd and .raw (or .zraw) files in them",
        luna16.display()
    );
    Ok(scans)
}

fn search(
    folder: &Path,
    subset: Option<u32>,
    depth: usize,
    scans: &mut BTreeMap<String, ScanFile>,
) -> Result<()> {
    for entry in entries(folder)? {
        if entry.is_dir() && depth > 1 {
            search(&entry, subset, depth - 1, scans)?;
        } else if entry.is_file() {
            take(&entry, subset, scans);
        }
    }
    Ok(())
}

/// List a folder in the order of the names, which the file system does not promise.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut entries = Vec::new();
    for entry in read {
        entries.push(entry.with_context(|| folder.display().to_string())?.path());
    }
    entries.sort();
    Ok(entries)
}

fn take(file: &Path, subset: Option<u32>, scans: &mut BTreeMap<String, ScanFile>) {
    let is_header =
        file.extension().is_some_and(|extension| extension == "mhd" || extension == "mha");
    let Some(series) = file.file_stem().filter(|_| is_header) else { return };
    if let Entry::Vacant(entry) = scans.entry(series.to_string_lossy().into_owned()) {
        entry.insert(ScanFile { header: file.to_owned(), subset, ..ScanFile::default() });
    }
}

/// Read the number of a subset: `subset7` -> 7.
fn subset(folder: &Path) -> Option<u32> {
    folder.file_name()?.to_str()?.strip_prefix("subset")?.parse().ok().filter(|subset| *subset <= 9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scans_are_found_by_subset_once_each() {
        let folder = tempfile::tempdir().unwrap();
        for file in [
            "subset3/1.2.3.mhd",
            "subset3/1.2.3.raw",
            "subset7/subset7/1.2.4.mhd",
            "subset8/1.2.3.mhd",
            "seg-lungs-LUNA16/1.2.5.mhd",
            "1.2.6.mha",
            "annotations.csv",
        ] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let scans = find_scans(folder.path()).unwrap();
        let found: Vec<_> = scans.iter().map(|(uid, scan)| (uid.as_str(), scan.subset)).collect();
        assert_eq!(found, [("1.2.3", Some(3)), ("1.2.4", Some(7)), ("1.2.6", None)]);
        let error = find_scans(&folder.path().join("subset3/nowhere")).unwrap_err();
        assert!(error.to_string().contains("nowhere"));
    }
}
