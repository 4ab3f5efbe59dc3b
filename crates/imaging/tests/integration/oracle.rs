//! Well-formed files by chance, written by writers of the tests' own, in all combinations of what a
//! format allows: each voxel's value and place is what the writer meant, and other readers agree.

mod compare;
mod dicom;
mod meaning;
mod metaimage;
mod nifti;
mod nrrd;

use compare::differ;
use meaning::{Random, Written};
use nodulens_imaging::decode::Limits;
use nodulens_imaging::decode::import::Import;
use std::collections::BTreeSet;

/// The first of the seeds. Another may be given, to search further: NODULENS_SEED.
fn first_seed() -> u64 {
    let given = std::env::var("NODULENS_SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or(1)
}

/// Opens what was written; the reason where it is not what was meant.
fn fault(written: &Written) -> Option<String> {
    let mut import = Import::new(Limits::default());
    for (name, bytes) in &written.files {
        import.add(name, bytes.clone());
    }
    let found = import.finish();
    if !found.problems.is_empty() {
        return Some(format!("{:?}", found.problems));
    }
    let [series] = &found.series[..] else {
        return Some(format!("{} series came out", found.series.len()));
    };
    let told: BTreeSet<&str> = series.warnings.iter().map(|warning| warning.code).collect();
    if told != written.meant.told {
        return Some(format!("told is {told:?}, not {:?}", written.meant.told));
    }
    differ(series, &written.meant)
}

/// Writes and opens `count` files or series; counts files.
fn run(name: &str, count: u64, write: impl Fn(u64) -> Written) {
    let first = first_seed();
    let (mut files, mut faults) = (0, Vec::new());
    for seed in first..first + count {
        let written = write(seed);
        files += written.files.len();
        if let Some(reason) = fault(&written) {
            faults.push(format!("seed {seed}: {reason}\n{}", written.how));
        }
    }
    println!("{name}: seeds {first} to {}, {files} files", first + count - 1);
    let shown = faults.iter().take(5).cloned().collect::<Vec<_>>().join("\n\n");
    assert!(faults.is_empty(), "{} of {count} differ:\n{shown}", faults.len());
}

#[test]
fn metaimages_by_chance() {
    run("MetaImage", 3000, |seed| metaimage::write(&mut Random::new(seed)));
}

#[test]
fn niftis_by_chance() {
    run("NIfTI", 3000, |seed| nifti::write(&mut Random::new(seed)));
}

#[test]
fn nrrds_by_chance() {
    run("NRRD", 3000, |seed| nrrd::write(&mut Random::new(seed)));
}

#[test]
fn dicom_series_by_chance() {
    run("DICOM", 2000, |seed| dicom::write(&mut Random::new(seed), seed));
}
