//! A folder of patches: `manifest.csv`, `crops50/<row>.<ext>` and, where there are, `crops100/`.
//!
//! Required columns: `candidate_row` (names the files) and `class` (1 nodule, 0 not). Used where
//! present: `seriesuid` and `patient_id` (the unit of the bootstrap), `luna_subset`,
//! `split_paper`, `split_patientwise`, and for the report `diameter_mm`, `slice_thickness_mm`,
//! `pixel_spacing_mm`, `coord_{x,y,z}_mm`. Any folder of this layout will do.

pub use crate::split::{Part, Portion, Split};
use anyhow::{Context, Result, ensure};
use nodulens::method::{CONTEXT_SIZE, PATCH_SIZE, preprocess_id};
use nodulens::patch::{Patch, SizePolicy};
use nodulens::preprocess::{display_bytes, model_values};
use nodulens_imaging::decode::decode_raster;
use nodulens_imaging::hash::hex;
use rayon::prelude::*;
use serde::{Deserialize, Deserializer};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// One candidate with its picture.
#[derive(Clone, Debug)]
pub struct Example {
    /// The row of the manifest.
    pub row: ManifestRow,
    /// What the network sees: 2,500 values in [0, 1].
    pub values: Vec<f32>,
    /// The same with its surroundings, for augmentation.
    pub canvas: Canvas,
}

/// A square grey picture whose middle is the patch.
#[derive(Clone, Debug)]
pub struct Canvas {
    /// Pixels a side: 100, or 50 where there is no context.
    pub side: usize,
    /// `side * side` bytes, row-major.
    pub grey: Vec<u8>,
}

/// The columns that are used.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct ManifestRow {
    /// Names the files.
    pub candidate_row: String,
    /// 1 nodule, 0 not.
    pub class: u8,
    /// Scan; where absent, every patch counts as a scan of its own.
    #[serde(default)]
    pub seriesuid: Option<String>,
    /// LUNA16's own fold, 0-9.
    #[serde(default)]
    pub luna_subset: Option<u32>,
    /// Part in the paper's split by crop.
    #[serde(default)]
    pub split_paper: Option<String>,
    /// Part in the split by patient.
    #[serde(default)]
    pub split_patientwise: Option<String>,
    /// Patient; a few have more than one scan.
    #[serde(default)]
    pub patient_id: Option<String>,
    /// Diameter of the nodule, mm.
    #[serde(default, deserialize_with = "measure")]
    pub diameter_mm: Option<f64>,
    /// Of the scan, mm.
    #[serde(default, deserialize_with = "measure")]
    pub slice_thickness_mm: Option<f64>,
    /// Of the scan, mm.
    #[serde(default, deserialize_with = "measure")]
    pub pixel_spacing_mm: Option<f64>,
    /// Position in the world of the scan, mm.
    #[serde(default, deserialize_with = "measure")]
    pub coord_x_mm: Option<f64>,
    /// As `coord_x_mm`.
    #[serde(default, deserialize_with = "measure")]
    pub coord_y_mm: Option<f64>,
    /// As `coord_x_mm`.
    #[serde(default, deserialize_with = "measure")]
    pub coord_z_mm: Option<f64>,
}

/// A number of the scan; what is empty or no number is not known. The report lacks it then, but
/// nothing else does.
fn measure<'de, D: Deserializer<'de>>(cell: D) -> Result<Option<f64>, D::Error> {
    Ok(csv::invalid_option(cell)?.filter(|number: &f64| number.is_finite()))
}

impl ManifestRow {
    /// Radius of the nodule in pixels, 0 where the manifest does not say it; `None` where the row
    /// is no nodule.
    pub fn nodule_radius_px(&self) -> Option<f32> {
        let radius =
            || Some(self.diameter_mm? / 2.0 / self.pixel_spacing_mm.filter(|mm| *mm > 0.0)?);
        self.nodule().then(|| radius().unwrap_or(0.0) as f32)
    }

    /// Whether it is labelled a nodule.
    pub fn nodule(&self) -> bool {
        self.class == 1
    }

    /// The scan, or the row where the manifest names none.
    pub fn series(&self) -> &str {
        self.seriesuid.as_deref().unwrap_or(&self.candidate_row)
    }

    /// What the bootstrap draws: the patient, or the scan where the manifest names none.
    pub fn unit(&self) -> &str {
        self.patient_id.as_deref().unwrap_or_else(|| self.series())
    }

    /// Position in the world of the scan in mm, where it is known.
    pub fn position_mm(&self) -> Option<[f64; 3]> {
        Some([self.coord_x_mm?, self.coord_y_mm?, self.coord_z_mm?])
    }
}

/// Patches that were read, and those that could not be.
#[derive(Debug)]
pub struct Dataset {
    /// In the manifest's order.
    pub examples: Vec<Example>,
    /// Rows without a usable picture, each with its reason.
    pub skipped: Vec<String>,
    /// SHA-256 over the rows and classes that were read, hex: names this very selection.
    pub hash: String,
}

impl Dataset {
    /// Reads the patches of `part` from `folder`, all cores at work.
    ///
    /// # Errors
    /// A missing or malformed manifest, patches made for another preprocessing, or no patch at
    /// all. A single bad picture is skipped and
    /// listed instead.
    pub fn load(folder: &Path, part: &Part) -> Result<Self> {
        check_preprocessing(folder)?;
        let rows = part.of(read_manifest(folder)?);
        ensure!(
            !rows.is_empty(),
            "{} has no row in part '{part}'; is its split column there?",
            folder.join("manifest.csv").display()
        );
        let read: Vec<_> = rows.into_par_iter().map(|row| read_example(folder, row)).collect();
        let (mut examples, mut skipped) = (Vec::new(), Vec::new());
        for result in read {
            match result {
                Ok(example) => examples.push(example),
                Err(reason) => skipped.push(format!("{reason:#}")),
            }
        }
        ensure!(
            !examples.is_empty(),
            "no patch of {} could be read; the first: {}",
            folder.display(),
            skipped.first().map_or("", String::as_str)
        );
        let mut hasher = Sha256::new();
        for example in &examples {
            hasher.update(format!("{},{}\n", example.row.candidate_row, example.row.class));
        }
        Ok(Self { examples, skipped, hash: hex(&hasher.finalize()) })
    }

    /// Nodules among the examples.
    pub fn positives(&self) -> usize {
        self.examples.iter().filter(|example| example.row.nodule()).count()
    }

    /// Scans among the examples.
    pub fn series(&self) -> usize {
        let series: HashSet<&str> =
            self.examples.iter().map(|example| example.row.series()).collect();
        series.len()
    }

    /// Scans that stand in both: figures on one are optimistic about the other.
    pub fn shared_series(&self, other: &Self) -> usize {
        let series = |set: &Self| -> HashSet<String> {
            set.examples.iter().map(|example| example.row.series().to_owned()).collect()
        };
        series(self).intersection(&series(other)).count()
    }
}

/// Patches that `cargo trainer dataset` made say what for. Others, such as the published ones,
/// have no `dataset.json` and are taken at their word.
fn check_preprocessing(folder: &Path) -> Result<()> {
    #[derive(Deserialize)]
    struct Description {
        preprocess_id: String,
    }
    let path = folder.join("dataset.json");
    if !path.exists() {
        return Ok(());
    }
    let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
    let Description { preprocess_id: found } =
        serde_json::from_slice(&bytes).with_context(|| path.display().to_string())?;
    let expected = preprocess_id();
    ensure!(
        found == expected,
        "the patches in {} were made for the preprocessing '{found}', this program uses \
         '{expected}'. Make them again: cargo trainer dataset --luna16 DIR --out NEW",
        folder.display()
    );
    Ok(())
}

/// The rows of a folder's manifest, in its order.
///
/// # Errors
/// A missing or malformed manifest.
pub fn read_manifest(folder: &Path) -> Result<Vec<ManifestRow>> {
    let path = folder.join("manifest.csv");
    let mut reader = csv::Reader::from_path(&path).with_context(|| {
        format!("{} is needed: one row a patch, with candidate_row and class", path.display())
    })?;
    let mut rows = Vec::new();
    for (i, row) in reader.deserialize().enumerate() {
        let row: ManifestRow =
            row.with_context(|| format!("{}, line {}", path.display(), i + 2))?;
        ensure!(
            row.class <= 1,
            "{}, line {}: class is {}, expected 0 or 1",
            path.display(),
            i + 2,
            row.class
        );
        rows.push(row);
    }
    Ok(rows)
}

fn read_example(folder: &Path, row: ManifestRow) -> Result<Example> {
    let path = picture(folder, "crops50", &row.candidate_row)
        .with_context(|| format!("row {}: no picture in crops50", row.candidate_row))?;
    let values = read_values(&path).with_context(|| path.display().to_string())?;
    let canvas = canvas(folder, &row.candidate_row, &values);
    Ok(Example { row, values, canvas })
}

/// The file of this row, whatever its format.
fn picture(folder: &Path, kind: &str, row: &str) -> Option<PathBuf> {
    ["jpg", "png", "jpeg", "tiff", "tif", "bmp"]
        .iter()
        .map(|extension| folder.join(kind).join(format!("{row}.{extension}")))
        .find(|path| path.is_file())
}

/// Reads a patch just as the page does.
pub fn read_values(path: &Path) -> Result<Vec<f32>> {
    let image = decode_raster(&std::fs::read(path)?)?;
    Ok(model_values(&Patch::from_image(&image, SizePolicy::Refuse)?))
}

/// The patch laid into its context, if there is one. The context files are compressed harder
/// than the patches, so the middle is the patch itself.
fn canvas(folder: &Path, row: &str, values: &[f32]) -> Canvas {
    let patch = display_bytes(values);
    let context = picture(folder, "crops100", row)
        .and_then(|path| std::fs::read(path).ok())
        .and_then(|bytes| decode_raster(&bytes).ok())
        .filter(|image| image.width == CONTEXT_SIZE && image.height == CONTEXT_SIZE);
    let Some(context) = context else { return Canvas { side: PATCH_SIZE, grey: patch } };
    let samples: Vec<f32> = context.samples.iter().map(|grey| grey.0).collect();
    let mut grey = display_bytes(&samples);
    let offset = (CONTEXT_SIZE - PATCH_SIZE) / 2;
    for (y, row) in patch.chunks_exact(PATCH_SIZE).enumerate() {
        let start = (y + offset) * CONTEXT_SIZE + offset;
        grey[start..start + PATCH_SIZE].copy_from_slice(row);
    }
    Canvas { side: CONTEXT_SIZE, grey }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_are_empty_or_no_numbers_are_not_known() {
        let folder = tempfile::tempdir().unwrap();
        let text = "candidate_row,class,diameter_mm,coord_x_mm,coord_y_mm,coord_z_mm,patient_id\n\
                    1,1,4.5,-1,2,3.5,P\n2,0,,1,,3,\n3,0,n/a,nan,0,0,P\n";
        std::fs::write(folder.path().join("manifest.csv"), text).unwrap();
        let rows = read_manifest(folder.path()).unwrap();
        assert_eq!(rows[0].diameter_mm, Some(4.5));
        assert_eq!(rows[0].position_mm(), Some([-1.0, 2.0, 3.5]));
        assert_eq!((rows[1].diameter_mm, rows[1].position_mm(), rows[1].unit()), (None, None, "2"));
        assert_eq!((rows[2].diameter_mm, rows[2].position_mm(), rows[2].unit()), (None, None, "P"));
        assert_eq!(rows[0].slice_thickness_mm, None);
    }

    #[test]
    fn a_folder_without_a_manifest_says_what_is_needed() {
        let folder = tempfile::tempdir().unwrap();
        let error = format!("{:#}", Dataset::load(folder.path(), &Part::All).unwrap_err());
        assert!(error.contains("manifest.csv") && error.contains("candidate_row"), "{error}");
    }

    #[test]
    fn patches_of_another_preprocessing_are_refused_with_a_hint() {
        let folder = tempfile::tempdir().unwrap();
        let description = r#"{"preprocess_id": "patch50-hu-1000..600-v0"}"#;
        std::fs::write(folder.path().join("dataset.json"), description).unwrap();
        std::fs::write(folder.path().join("manifest.csv"), "candidate_row,class\n1,0\n").unwrap();
        let error = format!("{:#}", Dataset::load(folder.path(), &Part::All).unwrap_err());
        assert!(error.contains("hu-1000..600-v0") && error.contains(&preprocess_id()), "{error}");
        assert!(error.contains("cargo trainer dataset"), "{error}");
    }

    #[test]
    fn bad_pictures_are_skipped_and_listed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("crops50")).unwrap();
        std::fs::write(folder.path().join("manifest.csv"), "candidate_row,class\n1,0\n2,1\n3,1\n")
            .unwrap();
        std::fs::write(folder.path().join("crops50/2.png"), "not a picture").unwrap();
        let side = PATCH_SIZE as u32;
        image::GrayImage::from_pixel(side, side, image::Luma([51]))
            .save(folder.path().join("crops50/3.png"))
            .unwrap();
        let dataset = Dataset::load(folder.path(), &Part::All).unwrap();
        assert_eq!(dataset.examples.len(), 1);
        assert_eq!(dataset.examples[0].values[0], 0.2);
        assert_eq!(dataset.skipped.len(), 2);
        assert!(dataset.skipped[1].contains("not a PNG"), "{:?}", dataset.skipped);
    }
}
