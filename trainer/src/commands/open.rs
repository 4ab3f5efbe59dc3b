//! What `classify` and `search` have in common: the network that answers, and the way from paths to
//! pictures and series by the importer that the page has.

use crate::device::{self, DeviceChoice};
use anyhow::{Context, Result, bail};
use nodulens::classifier::Classifier;
use nodulens_imaging::decode::import::{Added, Import};
use nodulens_imaging::decode::series::{FileProblem, Series};
use nodulens_imaging::decode::{GreyImage, Limits};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The network that answers, and the device that computes.
#[derive(clap::Args)]
pub struct Answering {
    /// Weights file.
    #[arg(long, default_value = "www/models/paper.nodulens")]
    weights: PathBuf,
    /// Take the weights that ship for this network instead: context, compact or paper.
    #[arg(long, conflicts_with = "weights")]
    network: Option<String>,
    /// Where to compute.
    #[arg(long, value_enum, default_value = "auto")]
    device: DeviceChoice,
}

impl Answering {
    /// Open the device and load the weights.
    ///
    /// # Errors
    /// No such device, a file that holds no weights.
    pub fn classifier(&self) -> Result<Classifier> {
        let shipped = |name| PathBuf::from(format!("www/models/{name}.nodulens"));
        let path = self.network.as_ref().map_or(self.weights.clone(), shipped);
        device::open(self.device)?.load(&path)
    }
}

/// What was opened.
pub enum Opened {
    /// Grey without known HU.
    Picture {
        /// Of the file.
        sha256: String,
        /// Its samples.
        image: GreyImage,
    },
    /// HU in the body.
    Series {
        /// DICOM's series UID, or the name of the file.
        title: String,
        /// The scan, and what its files say.
        series: Box<Series>,
    },
}

/// Why a file has no answer.
#[derive(Clone, Debug, Serialize)]
pub struct Refusal {
    /// Stable, for programs.
    pub code: &'static str,
    /// What happened.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl Refusal {
    /// Refuse in plain words.
    pub fn new(code: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: hint.into() }
    }

    /// Print the refusal as a line of the answers.
    pub fn print(&self, file: &str) {
        println!("          -  refused    {file}: {}. {}", self.message, self.hint);
    }

    /// Refuse a file that the disk does not give.
    pub fn unreadable(error: &std::io::Error) -> Self {
        Self::new("unreadable", error.to_string(), "Check the path and the permissions.")
    }
}

/// Endings of pictures, small.
const PICTURES: [&str; 6] = ["png", "jpg", "jpeg", "tif", "tiff", "bmp"];

/// List the files named, and of the folders named the pictures, with the folders in them.
///
/// # Errors
/// A folder that cannot be read.
pub fn pictures(given: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in given {
        if path.is_dir() {
            let mut inside = Vec::new();
            walk(path, &mut inside)?;
            inside.retain(|path| PICTURES.contains(&extension(path).as_str()));
            files.extend(inside);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

/// Files that are opened together: a scan in one file by itself, all others of a folder at once,
/// because a DICOM series is many.
pub struct Group {
    files: Vec<PathBuf>,
    /// Files that may hold the samples of a header, of all that was named.
    samples: Arc<Vec<PathBuf>>,
}

/// List the files named and those of the folders named, with the folders in them, as groups.
///
/// # Errors
/// A folder that cannot be read.
pub fn groups(given: &[PathBuf]) -> Result<Vec<Group>> {
    let mut files = Vec::new();
    for path in given {
        if path.is_dir() { walk(path, &mut files)? } else { files.push(path.clone()) }
    }
    let mut alone = Vec::new();
    let mut folders: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    let mut samples = Vec::new();
    for path in files {
        match extension(&path).as_str() {
            // They belong to a header, which names them.
            "raw" | "zraw" | "img" => samples.push(path),
            "gz" if path.to_string_lossy().to_lowercase().ends_with(".img.gz") => {
                samples.push(path)
            }
            "mhd" | "mha" | "nii" | "gz" | "nrrd" | "nhdr" | "hdr" => alone.push(vec![path]),
            _ => {
                let folder = path.parent().map(Path::to_owned).unwrap_or_default();
                folders.entry(folder).or_default().push(path);
            }
        }
    }
    alone.extend(folders.into_values());
    let samples = Arc::new(samples);
    Ok(alone.into_iter().map(|files| Group { files, samples: Arc::clone(&samples) }).collect())
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let place = || folder.display().to_string();
    let entries = fs::read_dir(folder).with_context(place)?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<_>>>()
        .with_context(place)?;
    paths.sort();
    for path in paths {
        if path.is_dir() { walk(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

fn extension(path: &Path) -> String {
    path.extension().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// Open a group: each series, picture and refused file with the name to call it by.
pub fn open(group: &Group) -> Vec<(String, Result<Opened, Refusal>)> {
    let mut import = Import::new(Limits::default());
    let mut opened = Vec::new();
    for path in &group.files {
        let name = path.display().to_string();
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                opened.push((name, Err(Refusal::unreadable(&error))));
                continue;
            }
        };
        if let Added::Header { wants, .. } = import.add(&name, bytes) {
            for path in samples_of(path, &wants, &group.samples) {
                if let Ok(bytes) = fs::read(&path) {
                    import.add(&path.display().to_string(), bytes);
                }
            }
        }
    }
    let imported = import.finish();
    for series in imported.series {
        let info = &series.info;
        let first = info.slices.first().map(|slice| slice.file.clone());
        let file = first.or_else(|| group.files.first().map(|path| path.display().to_string()));
        let file = file.unwrap_or_default();
        let stem = Path::new(&file).file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let title = info.series_uid.clone().or(stem).unwrap_or_default();
        // A series goes by the folder that its files lie in.
        let name = match Path::new(&file).parent() {
            Some(folder) if info.files > 1 && info.format == "DICOM" => {
                folder.display().to_string()
            }
            _ => file,
        };
        opened.push((name, Ok(Opened::Series { title, series: Box::new(series) })));
    }
    for picture in imported.pictures {
        let (sha256, image) = (picture.sha256, picture.image);
        opened.push((picture.name, Ok(Opened::Picture { sha256, image })));
    }
    for FileProblem { name, code, message, hint } in imported.problems {
        opened.push((name, Err(Refusal { code, message, hint })));
    }
    opened
}

/// The files that may hold the samples of a header: the one that it names, or those of that name
/// elsewhere, among which the importer decides. One that lies beside a header that names it, too,
/// belongs to that.
fn samples_of(header: &Path, wants: &str, samples: &[PathBuf]) -> Vec<PathBuf> {
    let wants = wants.replace('\\', "/");
    let base = wants.rsplit('/').next().unwrap_or_default();
    let beside = [header.with_file_name(&wants), header.with_file_name(base)];
    if let Some(path) = beside.into_iter().find(|path| path.is_file()) {
        return vec![path];
    }
    let is_base = |path: &Path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().eq_ignore_ascii_case(base))
    };
    // NIfTI's other form, and names in another case.
    let here =
        fs::read_dir(header.parent().filter(|at| at != &Path::new("")).unwrap_or(Path::new(".")));
    let packed = format!("{base}.gz");
    let here: Vec<PathBuf> = here
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(header.with_file_name(entry.ok()?.file_name())))
        .filter(|path| is_base(path) || path.file_name().is_some_and(|name| *name == *packed))
        .collect();
    if !here.is_empty() {
        return here;
    }
    let free = |path: &&PathBuf| is_base(path) && !is_taken(path);
    samples.iter().filter(free).cloned().collect()
}

/// Whether a header lies beside the file that names it.
fn is_taken(samples: &Path) -> bool {
    let name = samples.file_name().unwrap_or_default().to_string_lossy();
    let folder = samples.parent().filter(|at| at != &Path::new("")).unwrap_or(Path::new("."));
    let entries =
        fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let mut headers = entries.filter(|path| {
        ["mhd", "nhdr", "hdr", "gz"].contains(&extension(path).as_str()) && path != samples
    });
    headers.any(|header| {
        let mut import = Import::new(Limits::default());
        let Ok(bytes) = fs::read(&header) else { return false };
        match import.add(&header.display().to_string(), bytes) {
            Added::Header { wants, .. } => {
                let wants = wants.rsplit(['/', '\\']).next().unwrap_or_default();
                wants.eq_ignore_ascii_case(&name)
            }
            _ => false,
        }
    })
}

/// Wait for an answer; the command line has nothing else to do.
///
/// # Errors
/// Those of the answer.
pub fn wait<T, E: std::fmt::Display>(answer: impl Future<Output = Result<T, E>>) -> Result<T> {
    match pollster::block_on(answer) {
        Ok(value) => Ok(value),
        Err(error) => bail!("{error}"),
    }
}
