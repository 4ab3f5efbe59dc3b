//! What is to be done, and under which options: `work/plan.json`.
//!
//! Every shard and every rerun must have the same plan, or the manifest would be made of two
//! kinds of patches. What a plan does not hold (threads, shard) cannot change a byte of the result.

use super::sample::{Negatives, select};
use super::tables::{Annotations, Candidate, Candidates};
use crate::files::write_whole;
use anyhow::{Context, Result, bail};
use nodulens::constants::{CONTEXT_SIZE, PATCH_SIZE, preprocess_id};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Raise it whenever the same scans and options would give other files.
const FORMAT: u32 = 2;

/// What shapes the patches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PatchOptions {
    /// Version of this command's output.
    pub format: u32,
    /// The preprocessing that the patches are made for.
    pub preprocess_id: String,
    /// Pixels a side of a patch.
    pub patch_size: usize,
    /// Pixels a side of the context pictures; `None` without them.
    pub context_size: Option<usize>,
    /// Slices on each side that are written too.
    pub adjacent: u32,
    /// Seed of the sample.
    pub seed: u64,
    /// Candidates without a nodule.
    pub negatives: String,
    /// Name of the candidates file.
    pub candidates_file: String,
    /// SHA-256 of the candidates file, hex.
    pub candidates_sha256: String,
    /// SHA-256 of the annotations, hex.
    pub annotations_sha256: String,
    /// SHA-256 of the excluded findings, hex; `None` where there are none to tell contested
    /// candidates by.
    pub excluded_sha256: Option<String>,
    /// How the scans lie.
    #[serde(default)]
    pub layout: Layout,
}

/// How scans lie on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// As LUNA16 is downloaded.
    #[default]
    Luna16,
    /// Any volumes, found by a list.
    Volumes,
}

impl Layout {
    /// Return a short name of data of which nothing else is known.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Luna16 => "scans in LUNA16's layout",
            Self::Volumes => "volumes of a list",
        }
    }

    /// Say the same at the beginning of a sentence.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Luna16 => "Scans in LUNA16's layout",
            Self::Volumes => "Volumes of a list",
        }
    }
}

/// What is asked for on the command line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request {
    /// Also write the surroundings.
    pub context: bool,
    /// Slices on each side.
    pub adjacent: u32,
    /// Seed of the sample.
    pub seed: u64,
    /// Candidates without a nodule.
    pub negatives: Negatives,
    /// How the scans lie.
    pub layout: Layout,
}

/// A scan of the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedScan {
    /// Its series UID.
    pub series: String,
    /// Nodules to be cut.
    pub positives: usize,
    /// Others to be cut.
    pub negatives: usize,
}

/// The whole job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What shapes the patches.
    pub options: PatchOptions,
    /// Nodules in the candidates file.
    pub candidate_positives: usize,
    /// Others in the candidates file.
    pub candidate_negatives: usize,
    /// Every scan that has a kept candidate, by series UID. Shards count in this list.
    pub scans: Vec<PlannedScan>,
}

impl Plan {
    /// Draw the sample. With the plan come the kept candidates of each of its scans.
    pub fn new(
        request: Request,
        candidates: &Candidates,
        annotations: &Annotations,
    ) -> (Self, BTreeMap<String, Vec<Candidate>>) {
        let kept = select(candidates, request.negatives, request.seed);
        let count = |scan: &[Candidate]| {
            let positives = scan.iter().filter(|candidate| candidate.nodule).count();
            (positives, scan.len() - positives)
        };
        let scans = kept.iter().map(|(series, scan)| {
            let (positives, negatives) = count(scan);
            PlannedScan { series: series.clone(), positives, negatives }
        });
        let all = candidates.scans.values().map(|scan| count(scan));
        let (positives, negatives) = all.fold((0, 0), |sum, scan| (sum.0 + scan.0, sum.1 + scan.1));
        let options = PatchOptions {
            format: FORMAT,
            preprocess_id: preprocess_id(),
            patch_size: PATCH_SIZE,
            context_size: request.context.then_some(CONTEXT_SIZE),
            adjacent: request.adjacent,
            seed: request.seed,
            negatives: request.negatives.to_string(),
            candidates_file: candidates.file.clone(),
            candidates_sha256: candidates.sha256.clone(),
            annotations_sha256: annotations.sha256.clone(),
            excluded_sha256: annotations.excluded_sha256().map(str::to_owned),
            layout: request.layout,
        };
        let plan = Self {
            options,
            candidate_positives: positives,
            candidate_negatives: negatives,
            scans: scans.collect(),
        };
        (plan, kept)
    }

    /// Begin the work in `out`, or find it begun with the same plan.
    ///
    /// # Errors
    /// The folder holds patches of another origin, or was begun with other options.
    pub fn begin(&self, out: &Path) -> Result<()> {
        let path = path(out);
        // Looked at first and made last, so that a shard which begins at the same moment never
        // sees pictures without a plan.
        let pictures = out.join("manifest.csv").exists() || out.join("crops50").exists();
        if path.is_file() {
            let begun = Self::read(out)?;
            if begun != *self {
                bail!(
                    "{} was begun with other options: {}. Give the same ones to continue, \
                     another --out, or delete the folder",
                    out.display(),
                    begun.differences(self)
                );
            }
        } else if pictures {
            bail!(
                "{} holds patches already, not made by this command; choose another --out",
                out.display()
            );
        } else {
            let work = out.join("work");
            fs::create_dir_all(&work).with_context(|| work.display().to_string())?;
            write_whole(&path, &serde_json::to_vec_pretty(self)?)?;
        }
        for folder in self.folders(out) {
            fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        }
        Ok(())
    }

    /// Return the plan that the work in `out` was begun with.
    ///
    /// # Errors
    /// There is none.
    pub fn read(out: &Path) -> Result<Self> {
        let path = path(out);
        let bytes = fs::read(&path)
            .with_context(|| format!("{}: no work was begun in this folder", path.display()))?;
        serde_json::from_slice(&bytes).with_context(|| path.display().to_string())
    }

    fn folders(&self, out: &Path) -> Vec<PathBuf> {
        let mut folders = vec![out.join("work/scans"), out.join("crops50")];
        folders.extend(self.options.context_size.map(|_| out.join("crops100")));
        folders.extend((self.options.adjacent > 0).then(|| out.join("adjacent")));
        folders
    }

    /// Return the options that differ, as `name was old, is new`.
    fn differences(&self, other: &Self) -> String {
        let (Ok(serde_json::Value::Object(was)), Ok(serde_json::Value::Object(is))) =
            (serde_json::to_value(&self.options), serde_json::to_value(&other.options))
        else {
            return "unreadable".to_owned();
        };
        let differing: Vec<String> = was
            .iter()
            .filter(|(name, old)| is.get(*name) != Some(*old))
            .map(|(name, old)| {
                let new = is.get(name).cloned().unwrap_or_default();
                format!("{name} was {old}, is {new}")
            })
            .collect();
        if differing.is_empty() { "the list of scans".to_owned() } else { differing.join("; ") }
    }
}

fn path(out: &Path) -> PathBuf {
    out.join("work/plan.json")
}
