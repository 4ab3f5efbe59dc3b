//! `nodulens cubes`: how many nodules a weights file finds in native HU, and in thicker slices.

use crate::dataset::cubes::{Cube, read_cubes};
use crate::dataset::learnt::Learnt;
use crate::device::{self, DeviceChoice};
use anyhow::{Context, Result, ensure};
use nodulens::classifier::{Classifier, Decision, Prediction};
use nodulens::patch::Patch;
use nodulens::preprocess::model_values;
use nodulens::weights::Head;
use nodulens_imaging::hash::hex;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

/// Slices that are averaged: none, and what a thicker reconstruction averages.
const SLICES: [usize; 4] = [1, 2, 3, 5];
/// Readers from whom on LUNA16 takes a finding for a nodule.
const READERS: u32 = 3;

/// Arguments of `nodulens cubes`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Weights file, as written by `export`.
    #[arg(long)]
    weights: PathBuf,
    /// Folder with manifest.csv and a NumPy archive for each nodule: array hu, 16-bit HU, [row,
    /// column, slice].
    #[arg(long)]
    cubes: PathBuf,
    /// Write every answer as JSON, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where to compute.
    #[arg(long, value_enum, default_value = "auto")]
    device: DeviceChoice,
}

/// What a head says of a nodule.
#[derive(Clone, Debug, Serialize)]
struct Line {
    file: String,
    patient: String,
    diameter_mm: f64,
    readers: u32,
    /// Whether the weights have learnt from the patient; `null` where they do not say from whom.
    learnt: Option<bool>,
    slices: usize,
    thickness_mm: f64,
    head: Head,
    probability: f32,
    found: bool,
}

/// What is measured, as JSON.
#[derive(Serialize)]
struct Written<'a> {
    model_id: String,
    weights_sha256: &'a str,
    manifest_sha256: String,
    answers: &'a [Line],
}

/// Measure the weights and print what they find.
///
/// # Errors
/// Unreadable weights or cubes, a failing device, a full disk.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let classifier = device::open(arguments.device)?.load(&arguments.weights)?;
    let cubes = read_cubes(&arguments.cubes)?;
    ensure!(!cubes.is_empty(), "{} lists no nodule", arguments.cubes.display());
    let learnt = Learnt::read(&classifier.header().card.read()?.learnt)?;
    let lines = answers(&classifier, &cubes, learnt.as_ref())?;
    println!("{} on {} nodules in native HU", classifier.model_id(), cubes.len());
    println!("{}", seen(&lines, learnt.as_ref()));
    let looks = classifier.kind().context().is_some();
    let heads: &[Head] = if looks { &[Head::Patch, Head::Context] } else { &[Head::Patch] };
    for head in heads {
        let threshold = classifier.header().operating(*head).threshold;
        let title = if *head == Head::Patch { "patches alone" } else { "with surroundings" };
        println!("{title}, threshold {threshold:.4}");
        println!(
            "  {:<16}{:<12}{:<18}{:<18}patients not learnt from",
            "mean of slices", "found", "3 or 4 readers", "1 or 2 readers"
        );
        for slices in SLICES {
            let of = |group: &dyn Fn(&Line) -> bool| -> String {
                let group =
                    lines.iter().filter(|l| l.head == *head && l.slices == slices && group(l));
                let (found, n) =
                    group.fold((0, 0), |(found, n), line| (found + usize::from(line.found), n + 1));
                format!("{found} of {n}")
            };
            let most = of(&|line| line.readers >= READERS);
            let fewer = of(&|line| line.readers < READERS);
            let others = of(&|line| line.learnt == Some(false));
            println!("  {slices:<16}{:<12}{most:<18}{fewer:<18}{others}", of(&|_| true));
        }
    }
    if let Some(path) = &arguments.json {
        let manifest = fs::read(arguments.cubes.join("manifest.csv"))?;
        let written = Written {
            model_id: classifier.model_id(),
            weights_sha256: classifier.sha256(),
            manifest_sha256: hex(&Sha256::digest(&manifest)),
            answers: &lines,
        };
        fs::write(path, serde_json::to_vec_pretty(&written)?)
            .with_context(|| path.display().to_string())?;
        println!("Wrote {}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Ask both heads about every nodule, in slices as they are and in thicker ones.
fn answers(classifier: &Classifier, cubes: &[Cube], learnt: Option<&Learnt>) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for slices in SLICES {
        let cut: Vec<(&Cube, Patch)> = cubes
            .iter()
            .filter_map(|cube| Some(cube.patch(slices).transpose()?.map(|patch| (cube, patch))))
            .collect::<Result<_>>()?;
        let patches: Vec<Patch> = cut.iter().map(|(_, patch)| patch.clone()).collect();
        let alone = patches.iter().flat_map(model_values).collect();
        let mut found = vec![pollster::block_on(classifier.classify_values(alone))?];
        if classifier.kind().context().is_some() {
            found.push(pollster::block_on(classifier.classify(&patches))?);
        }
        for predictions in found {
            let pairs = cut.iter().zip(&predictions);
            lines.extend(pairs.map(|((cube, _), one)| line(cube, one, slices, learnt)));
        }
    }
    Ok(lines)
}

fn line(cube: &Cube, one: &Prediction, slices: usize, learnt: Option<&Learnt>) -> Line {
    let row = &cube.row;
    let named = row.named();
    Line {
        file: row.file.clone(),
        patient: row.patient.clone(),
        diameter_mm: row.diameter_mm,
        readers: row.n_readers,
        learnt: learnt.map(|learnt| learnt.shared([&named]).shared_rows > 0),
        slices,
        thickness_mm: slices as f64 * row.slice_step_mm,
        head: one.head,
        probability: one.probability,
        found: one.decision == Decision::Nodule,
    }
}

/// Say from which patients the weights have learnt.
fn seen(lines: &[Line], learnt: Option<&Learnt>) -> String {
    let Some(learnt) = learnt else {
        return "NOTE  The weights do not say whom they have learnt from: they may know these patients."
            .to_owned();
    };
    let patients = |known: bool| -> Vec<&str> {
        let of = lines.iter().filter(|line| line.learnt == Some(known));
        of.map(|line| line.patient.as_str()).collect::<BTreeSet<_>>().into_iter().collect()
    };
    let (known, others) = (patients(true), patients(false));
    let gaps = if learnt.gaps.is_empty() { "" } else { ", and perhaps from others" };
    if known.is_empty() {
        return format!(
            "The weights have learnt from none of these {} patients{gaps}.",
            others.len()
        );
    }
    format!(
        "NOTE  The weights, or networks that taught them, have learnt from {} of the {} patients \
         ({}){gaps}: recall on those is optimistic.",
        known.len(),
        known.len() + others.len(),
        known.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::ManifestRow;

    #[test]
    fn patients_who_were_learnt_from_are_named() {
        let line = |patient: &str, learnt| Line {
            file: format!("{patient}_0.npz"),
            patient: patient.to_owned(),
            diameter_mm: 8.0,
            readers: 3,
            learnt,
            slices: 1,
            thickness_mm: 2.5,
            head: Head::Patch,
            probability: 0.5,
            found: true,
        };
        let row = |patient: &str| ManifestRow {
            patient_id: Some(patient.to_owned()),
            ..ManifestRow::default()
        };
        let learnt = Learnt::of(&[row("B")]);
        let lines = [line("B", Some(true)), line("B", Some(true)), line("A", Some(false))];
        let some = seen(&lines, Some(&learnt));
        assert!(some.contains("learnt from 1 of the 2 patients (B):"), "{some}");
        let none = seen(&lines[2..], Some(&learnt));
        assert!(none.contains("learnt from none of these 1 patients."), "{none}");
        let nameless = Learnt::of(&[row("B"), ManifestRow::default()]);
        assert!(seen(&lines[2..], Some(&nameless)).contains("and perhaps from others"));
        assert!(seen(&lines, None).contains("do not say whom"));
    }
}
