//! All records to `manifest.csv`, `dataset.json` and `summary.json`.
//!
//! Nothing in them depends on the time, the machine, the number of threads or the shards.

use super::plan::{Options, Plan};
use super::scan::{Record, Row};
use super::summary::{Count, Summary};
use crate::files::write_whole;
use anyhow::{Context, Result};
use nodulens::weights::hex;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::path::Path;

/// `dataset.json`: what the patches are.
#[derive(Serialize)]
struct Description<'a> {
    /// Compared by whoever loads the patches.
    preprocess_id: &'a str,
    options: &'a Options,
    /// In the candidates file, before the sample was drawn.
    candidates: Count,
    patches: Count,
    scans: usize,
    manifest_sha256: String,
}

/// The records of every scan of the plan, in its order, or how many scans have none yet.
///
/// # Errors
/// A record that cannot be read.
pub fn records(out: &Path, plan: &Plan) -> Result<Result<Vec<Record>, usize>> {
    let mut records = Vec::with_capacity(plan.scans.len());
    let mut missing = 0;
    for scan in &plan.scans {
        match Record::read(out, &scan.series)? {
            Some(record) => records.push(record),
            None => missing += 1,
        }
    }
    Ok(if missing == 0 { Ok(records) } else { Err(missing) })
}

/// Writes the three files.
///
/// # Errors
/// Where the disk refuses.
pub fn merge(out: &Path, plan: &Plan, records: &[Record]) -> Result<Summary> {
    let summary = Summary::new(plan, records);
    let mut rows: Vec<&Row> = records.iter().flat_map(|record| &record.rows).collect();
    rows.sort_by_key(|row| row.candidate_row);
    let mut manifest = csv::Writer::from_writer(Vec::new());
    for row in rows {
        manifest.serialize(row)?;
    }
    let manifest = manifest.into_inner().context("the manifest could not be completed")?;
    let description = Description {
        preprocess_id: &plan.options.preprocess_id,
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
