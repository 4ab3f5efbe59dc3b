//! The CSV files of LUNA16.

use crate::dataset::readers::READERS;
use anyhow::{Context, Result, ensure};
use nodulens_imaging::geometry::WorldMm;
use nodulens_imaging::hash::hex;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

/// Candidate lists by preference: the paper used version 1.
const CANDIDATE_FILES: [&str; 2] = ["candidates.csv", "candidates_V2.csv"];

/// A location to classify.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Row of the candidates file, from 0, the header not counted. Names the pictures.
    pub row: u64,
    /// Where it is.
    pub world: WorldMm,
    /// Whether it is a nodule.
    pub nodule: bool,
    /// Diameter of the nodule, where the list of candidates says it; LUNA16's annotations do.
    pub diameter_mm: Option<f64>,
}

/// The candidates of every scan, and the file that they are from.
#[derive(Debug)]
pub struct Candidates {
    /// Name of the file, without its folder.
    pub file: String,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// By scan, in the order of the series UIDs; each scan's in the order of the file.
    pub scans: BTreeMap<String, Vec<Candidate>>,
}

/// A reference nodule: a row of `annotations.csv`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Annotation {
    /// Row of the file, from 0, the header not counted.
    pub row: u64,
    /// Its centre.
    pub world: WorldMm,
    /// Its diameter in mm.
    pub diameter_mm: f64,
}

/// The annotations of every scan.
#[derive(Debug)]
pub struct Annotations {
    /// SHA-256 of the file, hex.
    pub sha256: String,
    scans: HashMap<String, Vec<Annotation>>,
    excluded: Option<Excluded>,
}

/// Findings that LUNA16 excludes, because fewer than three of four readers took them for a nodule
/// of 3 mm or more: `annotations_excluded.csv`. Each is a centre, and whether a reader outlined a
/// nodule there.
#[derive(Debug)]
struct Excluded {
    sha256: String,
    scans: HashMap<String, Vec<(WorldMm, bool)>>,
}

/// What the readers say of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// Whether a finding that is excluded lies within 5 mm.
    pub contested: bool,
    /// Readers who outlined a nodule there.
    pub readers: u32,
}

/// How near an excluded finding contests a candidate, in mm.
const CONTESTED_MM: f64 = 5.0;
/// The scans of LUNA16 that are known to be of one patient: LIDC-IDRI-0332, in subsets 2 and 6.
/// LUNA16 itself names no patients.
const SAME_PATIENT: [&str; 2] = [
    "1.3.6.1.4.1.14519.5.2.1.6279.6001.159996104466052855396410079250",
    "1.3.6.1.4.1.14519.5.2.1.6279.6001.316900421002460665752357657094",
];

/// Return the patient of a scan, where LUNA16 has more than one of theirs: otherwise the scan stands
/// for the patient.
pub fn patient(series: &str) -> Option<&'static str> {
    SAME_PATIENT.contains(&series).then_some("LIDC-IDRI-0332")
}

#[derive(Deserialize)]
struct CandidateRow {
    seriesuid: String,
    #[serde(rename = "coordX")]
    x: f64,
    #[serde(rename = "coordY")]
    y: f64,
    #[serde(rename = "coordZ")]
    z: f64,
    class: u8,
}

#[derive(Deserialize)]
struct AnnotationRow {
    seriesuid: String,
    #[serde(rename = "coordX")]
    x: f64,
    #[serde(rename = "coordY")]
    y: f64,
    #[serde(rename = "coordZ")]
    z: f64,
    diameter_mm: f64,
}

impl Candidates {
    /// Return the list that is used where none is named: `candidates.csv` (version 1, the paper's)
    /// and, where that is not there, `candidates_V2.csv`.
    ///
    /// # Errors
    /// Neither is in the folder.
    pub fn find(luna16: &Path) -> Result<PathBuf> {
        let found = CANDIDATE_FILES.map(|name| luna16.join(name)).into_iter().find(|p| p.is_file());
        found.with_context(|| {
            format!(
                "{} holds neither candidates.csv nor candidates_V2.csv; name the file with \
                 --candidates",
                luna16.display()
            )
        })
    }

    /// Read the list.
    ///
    /// # Errors
    /// An unreadable file, or a row that is no candidate; it is named.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).with_context(|| path.display().to_string())?;
        let mut scans = BTreeMap::<String, Vec<Candidate>>::new();
        for_each_row(path, &bytes, |row, candidate: CandidateRow| {
            ensure!(candidate.class <= 1, "class is {}, expected 0 or 1", candidate.class);
            let world = world(candidate.x, candidate.y, candidate.z)?;
            let nodule = candidate.class == 1;
            let candidate_of = Candidate { row, world, nodule, diameter_mm: None };
            match scans.get_mut(&candidate.seriesuid) {
                Some(scan) => scan.push(candidate_of),
                None => {
                    check_series(&candidate.seriesuid)?;
                    scans.insert(candidate.seriesuid, vec![candidate_of]);
                }
            }
            Ok(())
        })?;
        ensure!(!scans.is_empty(), "{} has no row", path.display());
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { file, sha256: hex(&Sha256::digest(&bytes)), scans })
    }
}

impl Annotations {
    /// Return none, for lists that say themselves what is where.
    #[must_use]
    pub fn none() -> Self {
        Self { sha256: String::new(), scans: HashMap::new(), excluded: None }
    }

    /// Read `annotations.csv`.
    ///
    /// # Errors
    /// An unreadable file, or a row that is no annotation; it is named.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path)
            .with_context(|| format!("{} is needed for the diameters", path.display()))?;
        let mut scans = HashMap::<String, Vec<Annotation>>::new();
        for_each_row(path, &bytes, |row, annotation: AnnotationRow| {
            let world = world(annotation.x, annotation.y, annotation.z)?;
            let diameter_mm = annotation.diameter_mm;
            ensure!(diameter_mm > 0.0, "diameter_mm is {diameter_mm}, expected more than 0");
            scans.entry(annotation.seriesuid).or_default().push(Annotation {
                row,
                world,
                diameter_mm,
            });
            Ok(())
        })?;
        Ok(Self { sha256: hex(&Sha256::digest(&bytes)), scans, excluded: None })
    }

    /// Read `annotations_excluded.csv` too.
    ///
    /// # Errors
    /// An unreadable file, or a row that is no finding; it is named.
    pub fn with_excluded(self, path: &Path) -> Result<Self> {
        let bytes = fs::read(path).with_context(|| path.display().to_string())?;
        let mut scans = HashMap::<String, Vec<(WorldMm, bool)>>::new();
        for_each_row(path, &bytes, |_, finding: AnnotationRow| {
            let at = world(finding.x, finding.y, finding.z)?;
            let diameter_mm = finding.diameter_mm;
            ensure!(diameter_mm.is_finite(), "diameter_mm is {diameter_mm}, expected mm or -1");
            scans.entry(finding.seriesuid).or_default().push((at, diameter_mm > 0.0));
            Ok(())
        })?;
        Ok(Self {
            excluded: Some(Excluded { sha256: hex(&Sha256::digest(&bytes)), scans }),
            ..self
        })
    }

    /// Return the hash of the excluded findings, where they were read.
    pub fn excluded_sha256(&self) -> Option<&str> {
        self.excluded.as_ref().map(|excluded| excluded.sha256.as_str())
    }

    /// Return what the readers say of a position; `None` where excluded findings were not read.
    /// Outlines of accepted nodules, which LUNA16 lists among the excluded findings too, do not
    /// count.
    pub fn marks(&self, series: &str, world: WorldMm) -> Option<Marks> {
        let excluded = self.excluded.as_ref()?;
        let found = excluded.scans.get(series).into_iter().flatten();
        let near = found.filter(|(at, _)| {
            at.distance(world) <= CONTESTED_MM && self.hit(series, *at).is_none()
        });
        let outlined: Vec<bool> = near.map(|(_, outlined)| *outlined).collect();
        let readers = outlined.iter().filter(|outlined| **outlined).count() as u32;
        Some(Marks { contested: !outlined.is_empty(), readers: readers.min(READERS) })
    }

    /// Return the nodule that a position hits by LUNA16's rule: it lies within the nodule's radius.
    /// Where it hits two, the one with the nearer centre. With it, the distance to its centre in
    /// mm.
    pub fn hit(&self, series: &str, world: WorldMm) -> Option<(Annotation, f64)> {
        let scan = self.scans.get(series)?;
        scan.iter()
            .map(|annotation| (*annotation, annotation.world.distance(world)))
            .filter(|(annotation, distance)| *distance <= annotation.diameter_mm / 2.0)
            .min_by(|(_, one), (_, other)| one.total_cmp(other))
    }
}

fn world(x: f64, y: f64, z: f64) -> Result<WorldMm> {
    ensure!([x, y, z].iter().all(|mm| mm.is_finite()), "a coordinate is not a number");
    Ok(WorldMm { x, y, z })
}

/// Check that a series can name files of the work folder: it must not name a way out of it.
fn check_series(series: &str) -> Result<()> {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let good = !series.is_empty() && !series.starts_with('.') && series.chars().all(fine);
    ensure!(good, "'{series}' is no series UID");
    Ok(())
}

fn for_each_row<T: DeserializeOwned>(
    path: &Path,
    bytes: &[u8],
    mut take: impl FnMut(u64, T) -> Result<()>,
) -> Result<()> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    for (row, value) in reader.deserialize().enumerate() {
        value
            .map_err(anyhow::Error::from)
            .and_then(|value| take(row as u64, value))
            .with_context(|| format!("{}, line {}", path.display(), row + 2))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("candidates.csv"), text).unwrap();
        folder
    }

    #[test]
    fn rows_are_counted_from_0_and_grouped_by_scan() {
        let folder = written(
            "seriesuid,coordX,coordY,coordZ,class\n1.2,1,2,3,0\n1.1,-4.5,5,6,1\n1.2,7,8,9,1\n",
        );
        let path = Candidates::find(folder.path()).unwrap();
        let candidates = Candidates::read(&path).unwrap();
        let rows: Vec<_> = candidates
            .scans
            .iter()
            .flat_map(|(series, scan)| scan.iter().map(move |c| (series.as_str(), c.row, c.nodule)))
            .collect();
        assert_eq!(rows, [("1.1", 1, true), ("1.2", 0, false), ("1.2", 2, true)]);
        assert_eq!(candidates.scans["1.1"][0].world, WorldMm { x: -4.5, y: 5.0, z: 6.0 });
        assert_eq!(candidates.file, "candidates.csv");
    }

    #[test]
    fn a_bad_row_is_named_by_its_line() {
        for (row, reason) in [
            ("1.1,1,2,x,0", "line 2"),
            ("1.1,1,2,3,2", "class is 2"),
            ("1.1,1,2,nan,0", "not a number"),
            ("../1,1,2,3,0", "no series UID"),
        ] {
            let folder = written(&format!("seriesuid,coordX,coordY,coordZ,class\n{row}\n"));
            let error = Candidates::read(&folder.path().join("candidates.csv")).unwrap_err();
            let error = format!("{error:#}");
            assert!(error.contains(reason) && error.contains("line 2"), "{error}");
        }
    }
}
