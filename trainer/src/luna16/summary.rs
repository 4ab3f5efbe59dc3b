//! All records to `manifest.csv`, `dataset.json` and `summary.json`, and what is printed.
//!
//! Nothing in them depends on the time, the machine, the number of threads or the shards.

use super::plan::{Layout, PatchOptions, Plan};
use super::scan::{PatchRow, ScanOutcome, ScanRecord};
use crate::dataset::description::DataCard;
use crate::files::write_whole;
use anyhow::{Context, Result};
use nodulens::constants::DIAMETER_BINS_MM;
use nodulens_imaging::hash::hex;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// Nodules and others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Patches with a nodule.
    pub nodules: usize,
    /// Patches without.
    pub others: usize,
}

/// A scan that was skipped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Its series UID.
    pub series: String,
    /// Why.
    pub reason: String,
}

/// What came out.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DatasetSummary {
    /// All patches.
    pub patches: Count,
    /// By LUNA16's subset; `unknown` for scans outside a `subsetK` folder.
    pub by_subset: BTreeMap<String, Count>,
    /// By part of the split by patient.
    pub by_split_patientwise: BTreeMap<String, Count>,
    /// Nodules by diameter in mm; `unknown` where no annotation is hit.
    pub nodules_by_diameter_mm: Vec<(String, usize)>,
    /// Others that lie within an annotated nodule: label noise.
    pub others_inside_a_nodule: usize,
    /// Patches that reach beyond their scan and were filled with air.
    pub padded_patches: usize,
    /// The same of the context pictures.
    pub padded_contexts: usize,
    /// Scans of the plan.
    pub scans: usize,
    /// Scans with their patches written.
    pub scans_done: usize,
    /// Scans that could not be read.
    pub scans_broken: Vec<Skipped>,
    /// Scans that are not on disk.
    pub scans_absent: Vec<String>,
    /// Patches of the plan that the two cost.
    pub patches_missing: Count,
    /// Rows of the candidates file with a position outside their scan.
    pub candidates_outside: Vec<u64>,
}

impl Count {
    fn add(&mut self, nodule: bool) {
        *(if nodule { &mut self.nodules } else { &mut self.others }) += 1;
    }

    /// Return the number of both.
    pub fn total(self) -> usize {
        self.nodules + self.others
    }
}

impl DatasetSummary {
    /// Count the records of a plan's scans.
    pub fn new(plan: &Plan, records: &[ScanRecord]) -> Self {
        let mut summary = Self { scans: plan.scans.len(), ..Self::default() };
        let mut diameters = [0; DIAMETER_BINS_MM.len() + 2];
        for (planned, record) in plan.scans.iter().zip(records) {
            match &record.outcome {
                ScanOutcome::Done => summary.scans_done += 1,
                ScanOutcome::Absent => summary.scans_absent.push(record.series.clone()),
                ScanOutcome::Broken(reason) => summary
                    .scans_broken
                    .push(Skipped { series: record.series.clone(), reason: reason.clone() }),
            }
            if record.outcome != ScanOutcome::Done {
                summary.patches_missing.nodules += planned.positives;
                summary.patches_missing.others += planned.negatives;
            }
            for row in &record.rows {
                summary.take(row);
                if row.class == 1 {
                    diameters[diameter_bin(row)] += 1;
                }
            }
            summary.padded_contexts += record.padded_contexts;
            summary.candidates_outside.extend(&record.outside);
        }
        summary.candidates_outside.sort_unstable();
        summary.nodules_by_diameter_mm = diameter_names().into_iter().zip(diameters).collect();
        summary
    }

    /// Tell whether something was skipped that is not merely absent.
    pub fn faulty(&self) -> bool {
        !self.scans_broken.is_empty() || !self.candidates_outside.is_empty()
    }

    fn take(&mut self, row: &PatchRow) {
        let nodule = row.class == 1;
        let unknown = || "unknown".to_owned();
        let subset = row.luna_subset.map_or_else(unknown, |subset| subset.to_string());
        let split = row.split_patientwise.clone().unwrap_or_else(unknown);
        self.patches.add(nodule);
        self.by_subset.entry(subset).or_default().add(nodule);
        self.by_split_patientwise.entry(split).or_default().add(nodule);
        self.padded_patches += usize::from(row.padded_px > 0);
        self.others_inside_a_nodule += usize::from(!nodule && row.diameter_mm.is_some());
    }
}

/// Return an index into [`diameter_names`].
fn diameter_bin(row: &PatchRow) -> usize {
    let diameter = row.diameter_mm.as_ref().and_then(|diameter| diameter.parse::<f64>().ok());
    let Some(diameter) = diameter else { return DIAMETER_BINS_MM.len() + 1 };
    DIAMETER_BINS_MM.iter().filter(|end| diameter >= **end).count()
}

/// Name the bins: "<6", "6-8", "8-15", ">=15", "unknown".
fn diameter_names() -> Vec<String> {
    let mut names = vec![format!("<{}", DIAMETER_BINS_MM[0])];
    names.extend(DIAMETER_BINS_MM.windows(2).map(|ends| format!("{}-{}", ends[0], ends[1])));
    names.push(format!(">={}", DIAMETER_BINS_MM[DIAMETER_BINS_MM.len() - 1]));
    names.push("unknown".to_owned());
    names
}

impl fmt::Display for DatasetSummary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Count { nodules, others } = self.patches;
        writeln!(out, "{} patches: {nodules} nodules, {others} others", self.patches.total())?;
        writeln!(out, "  scans: {} of {}", self.scans_done, self.scans)?;
        let table = |out: &mut fmt::Formatter<'_>, name, counts: &BTreeMap<String, Count>| {
            for (key, count) in counts {
                let (nodules, others) = (count.nodules, count.others);
                writeln!(out, "  {name} {key:<7} {nodules:>6} nodules {others:>7} others")?;
            }
            Ok(())
        };
        table(out, "subset", &self.by_subset)?;
        table(out, "split ", &self.by_split_patientwise)?;
        for (name, count) in &self.nodules_by_diameter_mm {
            writeln!(out, "  {name:>7} mm {count:>9} nodules")?;
        }
        if self.others_inside_a_nodule > 0 {
            let count = self.others_inside_a_nodule;
            writeln!(out, "  {count} others lie inside an annotated nodule: label noise")?;
        }
        if self.padded_patches + self.padded_contexts > 0 {
            let (patches, contexts) = (self.padded_patches, self.padded_contexts);
            writeln!(
                out,
                "  {patches} patches and {contexts} context pictures reach beyond their scan: air there"
            )?;
        }
        if !self.scans_absent.is_empty() {
            writeln!(
                out,
                "  {} scans are not on disk, which leaves out {} nodules and {} others; summary.json lists them with the broken ones",
                self.scans_absent.len(),
                self.patches_missing.nodules,
                self.patches_missing.others
            )?;
        }
        if !self.candidates_outside.is_empty() {
            let count = self.candidates_outside.len();
            writeln!(out, "  {count} candidates lie outside their scan and were skipped")?;
        }
        for Skipped { series, reason } in &self.scans_broken {
            writeln!(out, "  skipped {series}: {reason}")?;
        }
        Ok(())
    }
}

/// `dataset.json`: what the patches are.
#[derive(Serialize)]
struct Description<'a> {
    #[serde(flatten)]
    card: DataCard,
    options: &'a PatchOptions,
    /// In the candidates file, before the sample was drawn.
    candidates: Count,
    patches: Count,
    scans: usize,
    manifest_sha256: String,
}

/// UIDs of the scans of LIDC-IDRI, from which LUNA16 is, begin so.
const LIDC_IDRI: &str = "1.3.6.1.4.1.14519.5.2.1.6279.6001.";

/// Return what the patches say of themselves. That they are LUNA16's is known from the scans' UIDs;
/// of others in the same layout nothing is known but how they were cut.
fn about(plan: &Plan) -> DataCard {
    let cut = format!(
        "candidates of {}: axial patches at each scan's own pixels, 8-bit PNG.",
        plan.options.candidates_file
    );
    let preprocess_id = plan.options.preprocess_id.clone();
    let lidc = plan.scans.iter().all(|scan| scan.series.starts_with(LIDC_IDRI));
    if !lidc || plan.options.layout != Layout::Luna16 {
        return DataCard {
            name: plan.options.layout.name().to_owned(),
            description: format!("{}, {cut}", plan.options.layout.description()),
            preprocess_id,
            ..DataCard::default()
        };
    }
    DataCard {
        name: "LUNA16".to_owned(),
        description: format!("LUNA16, {cut}"),
        license: "CC BY 4.0, as LUNA16".to_owned(),
        citations: CITATIONS.map(str::to_owned).to_vec(),
        limits: LIMITS.map(str::to_owned).to_vec(),
        preprocess_id,
    }
}

/// Works to cite where LUNA16 was used, as it asks.
const CITATIONS: [&str; 2] = [
    "Setio AAA et al. Validation, comparison, and combination of algorithms for automatic detection of pulmonary nodules in computed tomography images: the LUNA16 challenge. Med Image Anal 2017;42:1-13.",
    "Armato SG et al. The Lung Image Database Consortium (LIDC) and Image Database Resource Initiative (IDRI). Med Phys 2011;38:915-931.",
];
/// What a user of a network that learnt from LUNA16 must know.
const LIMITS: [&str; 2] = [
    "One candidate in 408 is a nodule in all of LUNA16 (version 1 of the candidates).",
    "Trained on candidates of 3 mm and more from one collection of scans; other scanners, children, and other diseases were not tried.",
];

/// Return the records of every scan of the plan, in its order, or how many scans have none yet.
///
/// # Errors
/// A record that cannot be read.
pub fn records(out: &Path, plan: &Plan) -> Result<Result<Vec<ScanRecord>, usize>> {
    let mut records = Vec::with_capacity(plan.scans.len());
    let mut missing = 0;
    for scan in &plan.scans {
        match ScanRecord::read(out, &scan.series)? {
            Some(record) => records.push(record),
            None => missing += 1,
        }
    }
    Ok(if missing == 0 { Ok(records) } else { Err(missing) })
}

/// Write the three files.
///
/// # Errors
/// Where the disk refuses.
pub fn merge(out: &Path, plan: &Plan, records: &[ScanRecord]) -> Result<DatasetSummary> {
    let summary = DatasetSummary::new(plan, records);
    let mut rows: Vec<&PatchRow> = records.iter().flat_map(|record| &record.rows).collect();
    rows.sort_by_key(|row| row.candidate_row);
    let mut manifest = csv::Writer::from_writer(Vec::new());
    for row in rows {
        manifest.serialize(row)?;
    }
    let manifest = manifest.into_inner().context("the manifest could not be completed")?;
    let description = Description {
        card: about(plan),
        options: &plan.options,
        candidates: Count { nodules: plan.candidate_positives, others: plan.candidate_negatives },
        patches: summary.patches,
        scans: summary.scans_done,
        manifest_sha256: hex(&Sha256::digest(&manifest)),
    };
    write_whole(&out.join("summary.json"), &serde_json::to_vec_pretty(&summary)?)?;
    write_whole(&out.join("dataset.json"), &serde_json::to_vec_pretty(&description)?)?;
    // Last: a folder with a manifest is complete.
    write_whole(&out.join("manifest.csv"), &manifest)?;
    Ok(summary)
}
