//! A folder of patches: `manifest.csv`, `crops50/<row>.<ext>` and, where there are, `crops100/`.
//!
//! Required columns: `candidate_row` (names the files) and `class` (1 nodule, 0 not). Used where
//! present: `seriesuid` and `patient_id` (the units of splits and bootstrap), `luna_subset`,
//! `split_paper`, `split_patientwise`, and for the report `diameter_mm`, `slice_thickness_mm`,
//! `pixel_spacing_mm`, `coord_{x,y,z}_mm`; `n_readers` and
//! `contested`, here or in `readers.csv`; `target` and `weight` for the loss. Any folder of this layout will do.
//!
//! | module | what |
//! |---|---|
//! | [`manifest`] | the rows of `manifest.csv` |
//! | [`description`] | what a data set says of itself |
//! | [`learnt`] | whom a network has learnt from |
//! | [`readers`] | how many readers marked what, and which negatives are contested |
//! | [`split`] | which rows train, validate and test |
//! | [`patches`] | the pictures of those rows |
//! | [`cubes`] | another layout: nodules in native HU, all their slices |

pub mod cubes;
pub mod description;
pub mod learnt;
pub mod manifest;
pub mod patches;
pub mod readers;
pub mod split;

pub use manifest::{ManifestRow, read_manifest, unit_word};
pub use patches::{Canvas, Dataset, Example, units_in};
pub use split::{Fold, Part, Portion, Split};

/// The published patches for tests; `None` says on the console that a test is skipped.
#[cfg(test)]
pub(crate) fn real_patches() -> Option<std::path::PathBuf> {
    let data = std::env::var_os("NODULENS_DATA").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        std::path::PathBuf::from,
    );
    let folder = data.join("luna16-patches");
    if folder.join("manifest.csv").is_file() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no {}; NODULENS_DATA names the folder above it", folder.display());
    None
}
