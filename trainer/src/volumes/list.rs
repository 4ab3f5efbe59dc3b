//! Places to scans: which volume each is in, and what a scan is called in the manifest.

use super::{Place, datalist, table};
use crate::luna16::layout::ScanFile;
use crate::luna16::tables::{Candidate, Candidates};
use anyhow::{Context, Result, ensure};
use nodulens_imaging::hash::hex;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

/// How deep the folder of volumes is searched for one that is named without its place.
const DEPTH: usize = 6;

/// Lists of places, ready to be cut.
#[derive(Debug)]
pub struct Listed {
    /// Every scan's candidates, numbered through all lists.
    pub candidates: Candidates,
    /// Where each scan lies; what is not on disk is left out.
    pub files: BTreeMap<String, ScanFile>,
}

/// Read lists, CSV or JSON by their endings, of volumes below `folder`.
///
/// # Errors
/// An unreadable list; rows of a volume that contradict each other.
pub fn read(folder: &Path, lists: &[PathBuf]) -> Result<Listed> {
    ensure!(folder.is_dir(), "{} is no folder of volumes", folder.display());
    let (mut hasher, mut names, mut places) = (Sha256::new(), Vec::new(), Vec::new());
    for path in lists {
        let bytes = fs::read(path).with_context(|| path.display().to_string())?;
        hasher.update(&bytes);
        names.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
        let json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
        places.extend(if json {
            datalist::read(path, &bytes)?
        } else {
            table::read(path, &bytes)?
        });
    }
    ensure!(!places.is_empty(), "{} has no row", names.join(", "));
    let below = named(folder, DEPTH)?;
    let mut scans: BTreeMap<String, Vec<Candidate>> = BTreeMap::new();
    let mut files: BTreeMap<String, ScanFile> = BTreeMap::new();
    let mut known: HashMap<(String, Option<String>), String> = HashMap::new();
    let mut first: HashMap<String, Place> = HashMap::new();
    for (row, place) in places.into_iter().enumerate() {
        let key = (place.file.clone(), place.series.clone());
        let name = match known.get(&key) {
            Some(name) => name.clone(),
            None => {
                let name = unused(&scan_name(&place), &scans);
                known.insert(key, name.clone());
                name
            }
        };
        if let Some(before) = first.get(&name) {
            ensure!(
                (&before.patient, before.part) == (&place.patient, place.part),
                "row {row} says another patient or part of {} than a row before",
                place.file
            );
        } else {
            if let Some(header) = find(folder, &place.file, &below) {
                files.insert(
                    name.clone(),
                    ScanFile {
                        header,
                        subset: None,
                        series: place.series.clone(),
                        patient: place.patient.clone(),
                        part: place.part.map(super::Portion::word),
                    },
                );
            }
            first.insert(name.clone(), place.clone());
        }
        let Place { world, nodule, diameter_mm, .. } = place;
        let candidate = Candidate { row: row as u64, world, nodule, diameter_mm };
        scans.entry(name).or_default().push(candidate);
    }
    let sha256 = hex(&hasher.finalize());
    Ok(Listed { candidates: Candidates { file: names.join(", "), sha256, scans }, files })
}

/// Return what a scan is called: by its series UID, or by its file without its endings; in letters
/// that can name a file.
fn scan_name(place: &Place) -> String {
    let of_file = || stem(Path::new(place.file.trim_end_matches('/')));
    let name = place.series.clone().unwrap_or_else(of_file);
    let fine = |c: char| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '_' };
    let name: String = name.chars().map(fine).collect();
    let name = name.trim_start_matches('.');
    if name.is_empty() { "scan".to_owned() } else { name.to_owned() }
}

/// Return the name, or where another volume has it already with a number behind it.
fn unused(name: &str, taken: &BTreeMap<String, Vec<Candidate>>) -> String {
    let numbered =
        |number: usize| if number == 1 { name.to_owned() } else { format!("{name}-{number}") };
    let mut names = (1..).map(numbered);
    names.find(|name| !taken.contains_key(name)).unwrap_or_default()
}

/// Return the name of a file without the endings of volumes.
fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let endings = [".nii.gz", ".nii", ".nrrd", ".nhdr", ".mhd", ".mha", ".hdr", ".dcm"];
    let lower = name.to_lowercase();
    let ending = endings.into_iter().find(|ending| lower.ends_with(ending));
    ending.map_or(name.clone(), |ending| name[..name.len() - ending.len()].to_owned())
}

/// Find a volume: where the list says, else the one below the folder that is called so.
fn find(folder: &Path, file: &str, below: &HashMap<String, PathBuf>) -> Option<PathBuf> {
    let there = folder.join(file);
    // Only below the folder: a list from elsewhere must not make us read whatever it names.
    let inside = Path::new(file)
        .components()
        .all(|part| matches!(part, std::path::Component::Normal(_) | std::path::Component::CurDir));
    if inside && there.exists() {
        return Some(there);
    }
    below.get(&stem(Path::new(file))).cloned()
}

/// Return headers and folders below a folder by their names without endings; the first of a name.
fn named(folder: &Path, depth: usize) -> Result<HashMap<String, PathBuf>> {
    let mut found = HashMap::new();
    let mut open = vec![(folder.to_owned(), depth)];
    while let Some((folder, depth)) = open.pop() {
        let read = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
        let mut paths: Vec<PathBuf> = read.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        for path in paths {
            let name = stem(&path);
            // A file before the folder that bears its name, as MONAI lays them out.
            if path.is_dir() {
                found.entry(name).or_insert_with(|| path.clone());
                if depth > 1 {
                    open.push((path, depth - 1));
                }
            } else if name != path.file_name().unwrap_or_default().to_string_lossy() {
                let here = found.entry(name).or_insert_with(|| path.clone());
                if here.is_dir() {
                    *here = path;
                }
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_are_found_by_path_and_by_name_and_never_outside() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("volumes");
        for file in ["a/1.2.nii.gz", "b/1.2.nii.gz", "1.3/1.3.nii.gz", "deep/er/case 7.nrrd"] {
            let path = below.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        fs::write(folder.path().join("secret.nrrd"), "").unwrap();
        let list = folder.path().join("list.csv");
        let rows = "a/1.2.nii.gz,0,0,0,1,,\nb/1.2.nii.gz,0,0,0,0,,\n1.3,0,0,0,0,P,train\n\
                    case 7.mhd,0,0,0,0,,\n../secret.nrrd,0,0,0,0,,\na/1.2.nii.gz,1,1,1,0,,\n";
        let written = |rows: &str| {
            fs::write(&list, format!("file,coordX,coordY,coordZ,class,patient_id,part\n{rows}"))
                .unwrap();
            read(&below, std::slice::from_ref(&list))
        };
        let Listed { candidates, files } = written(rows).unwrap();
        let names: Vec<&str> = candidates.scans.keys().map(String::as_str).collect();
        assert_eq!(names, ["1.2", "1.2-2", "1.3", "case_7", "secret"]);
        assert_eq!(candidates.scans["1.2"].iter().map(|c| c.row).collect::<Vec<_>>(), [0, 5]);
        let at = |name: &str| {
            files.get(name).map(|file| file.header.strip_prefix(&below).unwrap().to_owned())
        };
        assert_eq!(at("1.2-2"), Some("b/1.2.nii.gz".into()));
        assert_eq!((at("1.3"), at("secret")), (Some("1.3".into()), None));
        // By name alone: another ending, another place.
        assert_eq!(at("case_7"), Some("deep/er/case 7.nrrd".into()));
        assert_eq!(
            (files["1.3"].part, files["1.3"].patient.as_deref()),
            (Some("train"), Some("P"))
        );
        let error = written("a/1.2.nii.gz,0,0,0,1,P,\na/1.2.nii.gz,0,0,0,1,Q,\n").unwrap_err();
        assert!(error.to_string().contains("row 1 says another patient"), "{error}");
    }
}
