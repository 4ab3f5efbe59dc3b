//! One scan: its file to a volume, its candidates to pictures, and the record of both.

use super::layout::ScanFile;
use super::plan::PatchOptions;
use super::tables::{Annotations, Candidate, patient};
use crate::files::write_whole;
use anyhow::{Context, Result, ensure};
use image::GrayImage;
use nodulens::constants::{PATIENTWISE_TEST, PATIENTWISE_VALID};
use nodulens::patch::crop::{Crop, crop};
use nodulens_imaging::UserError;
use nodulens_imaging::decode::metaimage::{DataFile, Header, MetaImageError, read_volume};
use nodulens_imaging::geometry::VoxelPoint;
use nodulens_imaging::volume::Volume;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Bytes of a file in which its header must lie.
const HEADER_BYTES: u64 = 64 * 1024;

/// What became of a scan: `work/scans/<series>.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScanRecord {
    /// Its series UID.
    pub series: String,
    /// What became of it.
    pub outcome: ScanOutcome,
    /// Its patches.
    pub rows: Vec<PatchRow>,
    /// Rows of the candidates file with a position outside the scan.
    pub outside: Vec<u64>,
    /// Context pictures that reach beyond the scan.
    pub padded_contexts: usize,
}

/// What became of a scan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScanOutcome {
    /// Its patches were written.
    Done,
    /// It is not on disk.
    Absent,
    /// It could not be read, and why.
    Broken(String),
}

/// A row of `manifest.csv`. Numbers stand as the text that the file gets, so that no way through
/// JSON can change a digit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the columns, which docs/dataset.md explains")]
pub struct PatchRow {
    pub candidate_row: u64,
    pub seriesuid: String,
    pub coord_x_mm: String,
    pub coord_y_mm: String,
    pub coord_z_mm: String,
    pub class: u8,
    pub luna_subset: Option<u32>,
    pub slice_thickness_mm: String,
    pub pixel_spacing_mm: String,
    pub annotation_index: Option<String>,
    pub annotation_distance_mm: Option<String>,
    pub diameter_mm: Option<String>,
    pub split_patientwise: Option<String>,
    pub has_crop100: String,
    pub padded_px: usize,
    pub patient_id: Option<String>,
    pub n_readers: Option<u32>,
    pub contested: Option<u8>,
}

impl ScanRecord {
    fn path(out: &Path, series: &str) -> PathBuf {
        out.join("work/scans").join(format!("{series}.json"))
    }

    /// Return the record that an earlier run or another shard left; `None` without one.
    ///
    /// # Errors
    /// A record that cannot be read.
    pub fn read(out: &Path, series: &str) -> Result<Option<Self>> {
        let path = Self::path(out, series);
        if !path.is_file() {
            return Ok(None);
        }
        let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
        let record = serde_json::from_slice(&bytes).with_context(|| path.display().to_string())?;
        Ok(Some(record))
    }

    /// Leave the record for the merge and for reruns.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn write(&self, out: &Path) -> Result<()> {
        write_whole(&Self::path(out, &self.series), &serde_json::to_vec(self)?)
    }

    /// Tell whether the scan needs no second look: its patches were written and are all still
    /// there.
    pub fn stands(&self, out: &Path, options: &PatchOptions) -> bool {
        self.outcome == ScanOutcome::Done
            && self.rows.iter().all(|row| {
                pictures(options, row.candidate_row).iter().all(|name| out.join(name).is_file())
            })
    }

    fn empty(series: &str, outcome: ScanOutcome) -> Self {
        Self {
            series: series.to_owned(),
            outcome,
            rows: vec![],
            outside: vec![],
            padded_contexts: 0,
        }
    }
}

/// Return the pictures of a candidate, below the output folder.
fn pictures(options: &PatchOptions, row: u64) -> Vec<String> {
    let mut names = vec![format!("crops50/{row}.png")];
    names.extend(options.context_size.map(|_| format!("crops100/{row}.png")));
    names.extend(steps(options).map(|step| format!("adjacent/{row}_{step:+}.png")));
    names
}

/// Return the steps to the neighbouring slices: -N ... -1, 1 ... N.
fn steps(options: &PatchOptions) -> impl Iterator<Item = i64> {
    let most = i64::from(options.adjacent);
    (-most..=most).filter(|step| *step != 0)
}

/// A scan that was opened.
#[derive(Debug)]
pub struct Scan {
    /// Its voxels.
    pub volume: Volume,
    /// Its patient, where its files, or what is known of its series, tell.
    pub patient: Option<String>,
}

/// What opens a scan.
pub type Opener<'a> = &'a (dyn Fn(&ScanFile) -> Result<Scan> + Sync);

/// Open a scan of LUNA16.
///
/// # Errors
/// A file that is missing, unreadable or no volume.
pub fn open_luna16(file: &ScanFile) -> Result<Scan> {
    let series = file.header.file_stem().unwrap_or_default().to_string_lossy();
    Ok(Scan { volume: open(&file.header)?, patient: patient(&series).map(str::to_owned) })
}

/// Crop a scan's candidates, write the pictures into `out` and tell what became of it.
///
/// # Errors
/// Only where the pictures cannot be written. A scan that cannot be read is an outcome.
pub fn process(
    out: &Path,
    options: &PatchOptions,
    series: &str,
    file: Option<&ScanFile>,
    candidates: &[Candidate],
    annotations: &Annotations,
    open: Opener<'_>,
) -> Result<ScanRecord> {
    let Some(file) = file else { return Ok(ScanRecord::empty(series, ScanOutcome::Absent)) };
    let Scan { volume, patient: of_files } = match open(file) {
        Ok(scan) => scan,
        Err(reason) => {
            return Ok(ScanRecord::empty(series, ScanOutcome::Broken(format!("{reason:#}"))));
        }
    };
    let spacing = volume.geometry().spacing_mm();
    let mut record = ScanRecord::empty(series, ScanOutcome::Done);
    for candidate in candidates {
        let geometry = volume.geometry();
        let center = geometry.voxel_from_world(candidate.world);
        // What lies in a gap between slices is in none.
        let nearest = geometry.world_from_voxel(VoxelPoint { z: center.z.round(), ..center });
        if !geometry.contains(center) || nearest.distance(candidate.world) > spacing.z {
            record.outside.push(candidate.row);
            continue;
        }
        let square = |side, step| crop(&volume, center, side, step);
        let patch = square(options.patch_size, 0);
        let save = |name: String, cut: &Crop| save(&out.join(name), cut);
        save(format!("crops50/{}.png", candidate.row), &patch)?;
        if let Some(side) = options.context_size {
            let context = square(side, 0);
            record.padded_contexts += usize::from(context.padded > 0);
            save(format!("crops100/{}.png", candidate.row), &context)?;
        }
        for step in steps(options) {
            let name = format!("adjacent/{}_{step:+}.png", candidate.row);
            save(name, &square(options.patch_size, step))?;
        }
        let hit = annotations.hit(series, candidate.world);
        let marks = annotations.marks(series, candidate.world).filter(|_| !candidate.nodule);
        let python = |truth: bool| if truth { "True" } else { "False" };
        record.rows.push(PatchRow {
            candidate_row: candidate.row,
            seriesuid: series.to_owned(),
            coord_x_mm: candidate.world.x.to_string(),
            coord_y_mm: candidate.world.y.to_string(),
            coord_z_mm: candidate.world.z.to_string(),
            class: u8::from(candidate.nodule),
            luna_subset: file.subset,
            slice_thickness_mm: spacing.z.to_string(),
            pixel_spacing_mm: spacing.x.to_string(),
            annotation_index: hit.map(|(nodule, _)| format!("n{:04}", nodule.row)),
            annotation_distance_mm: hit.map(|(_, distance)| distance.to_string()),
            diameter_mm: hit
                .map(|(nodule, _)| nodule.diameter_mm)
                .or(candidate.diameter_mm)
                .map(|mm| mm.to_string()),
            split_patientwise: file.part.or(file.subset.map(patientwise)).map(str::to_owned),
            has_crop100: python(options.context_size.is_some()).to_owned(),
            padded_px: patch.padded,
            patient_id: file.patient.clone().or_else(|| of_files.clone()),
            n_readers: marks.map(|marks| marks.readers),
            contested: marks.map(|marks| u8::from(marks.contested)),
        });
    }
    Ok(record)
}

/// Return the part of the split by patient in which a subset lies, by the manifest's word.
fn patientwise(subset: u32) -> &'static str {
    if PATIENTWISE_VALID.contains(&subset) {
        "val"
    } else if PATIENTWISE_TEST.contains(&subset) {
        "test"
    } else {
        "train"
    }
}

/// Read a `.mhd` with its `.raw` or `.zraw`, or a `.mha`, block by block.
///
/// # Errors
/// A file that is missing, unreadable or no volume.
pub fn open(path: &Path) -> Result<Volume> {
    let mut file = File::open(path).with_context(|| name(path))?;
    let mut text = Vec::new();
    file.by_ref().take(HEADER_BYTES).read_to_end(&mut text).with_context(|| name(path))?;
    let explain = |error: MetaImageError, path: &Path| {
        anyhow::anyhow!("{}: {error}. {}", name(path), error.hint())
    };
    let header = Header::parse(&text).map_err(|error| explain(error, path))?;
    match &header.data {
        DataFile::Local { offset } => {
            let length = file.metadata()?.len().saturating_sub(*offset as u64);
            file.seek(SeekFrom::Start(*offset as u64))?;
            read_volume(&header, file, length).map_err(|error| explain(error, path))
        }
        DataFile::Beside(data) => {
            // A scan from elsewhere must not make us read whatever its header names.
            let plain = Path::new(data).file_name().is_some_and(|file| file == data.as_str());
            ensure!(plain, "{}: its samples lie in another folder, {data}", name(path));
            let path = path.with_file_name(data);
            let file = File::open(&path).with_context(|| name(&path))?;
            let length = file.metadata()?.len();
            read_volume(&header, file, length).map_err(|error| explain(error, &path))
        }
    }
}

/// Name a file without its folder: the same in every copy of the data, and so in every summary.
fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn save(path: &Path, cut: &Crop) -> Result<()> {
    let side = cut.side as u32;
    GrayImage::from_raw(side, side, cut.display_bytes())
        .context("a cut has side * side samples")?
        .save(path)
        .with_context(|| path.display().to_string())
}
