//! Patches and their surroundings, read from a folder.

use super::manifest::{ManifestRow, read_manifest};
use super::split::Part;
use anyhow::{Context, Result, bail, ensure};
use nodulens::constants::{CONTEXT_SIZE, PATCH_SIZE, preprocess_id};
use nodulens::metrics::bootstrap::number;
use nodulens::patch::{Patch, SizePolicy};
use nodulens::preprocess::{display_bytes, model_values, view};
use nodulens_imaging::decode::decode_raster;
use nodulens_imaging::hash::hex;
use rayon::prelude::*;
use serde::Deserialize;
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
    /// SHA-256 of the bytes of its files, the patch and then its surroundings.
    pub digest: [u8; 32],
    /// Whether it was mined elsewhere, as a hard negative.
    pub mined: bool,
}

impl Example {
    /// Return the patch with its surroundings, as a network with a context sees it: a view of 5,000
    /// values; `None` where the surroundings are not known.
    #[must_use]
    pub fn view(&self) -> Option<Vec<f32>> {
        let values: Vec<f32> =
            self.canvas.grey.iter().map(|grey| f32::from(*grey) / 255.0).collect();
        self.has_surroundings().then(|| view(&values))
    }

    /// Tell whether the surroundings are known.
    #[must_use]
    pub fn has_surroundings(&self) -> bool {
        self.canvas.side == CONTEXT_SIZE
    }
}

/// A square grey picture with the patch in its middle.
#[derive(Clone, Debug)]
pub struct Canvas {
    /// Pixels a side: 100, or 50 where there is no context.
    pub side: usize,
    /// `side * side` bytes, row-major.
    pub grey: Vec<u8>,
    /// The same as the file with the surroundings has it, whose middle is compressed as hard as the
    /// rest; absent where there is none.
    pub coarse: Option<Vec<u8>>,
}

/// Patches that were read, and those that could not be.
#[derive(Debug)]
pub struct Dataset {
    /// In the manifest's order.
    pub examples: Vec<Example>,
    /// Rows without a usable picture, each with its reason.
    pub skipped: Vec<String>,
    /// SHA-256, hex, over all that was read: rows, labels, units and the bytes of the pictures.
    /// It names this very selection of this very data.
    pub hash: String,
}

impl Dataset {
    /// Read the patches of `part` from `folder`, all cores at work.
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
        let hash = hash(&examples);
        Ok(Self { examples, skipped, hash })
    }

    /// Return it without the contested negatives.
    #[must_use]
    pub fn without_contested(mut self) -> Self {
        self.examples.retain(|example| !example.row.is_contested_negative());
        self.hash = hash(&self.examples);
        self
    }

    /// Return it without the patients who have a patch in these LUNA16 subsets.
    #[must_use]
    pub fn without_subsets(mut self, subsets: &[u32]) -> Self {
        if !subsets.is_empty() {
            let rows = self.examples.iter().map(|example| &example.row);
            let left = units_in(rows, subsets);
            self.examples.retain(|example| !left.contains(example.row.unit()));
            self.hash = hash(&self.examples);
        }
        self
    }

    /// Return it with the patches of another set behind its own, as mined.
    #[must_use]
    pub fn with_mined(mut self, mined: Self) -> Self {
        let mined = mined.examples.into_iter().map(|one| Example { mined: true, ..one });
        self.examples.extend(mined);
        self.hash = hash(&self.examples);
        self
    }

    /// Count the nodules among the examples.
    pub fn positives(&self) -> usize {
        self.examples.iter().filter(|example| example.row.nodule()).count()
    }

    /// Number the patients (or scans), the units of the bootstrap, an entry a patch; and return how many
    /// there are.
    pub fn units(&self) -> (Vec<usize>, usize) {
        let names: Vec<&str> = self.examples.iter().map(|example| example.row.unit()).collect();
        number(&names)
    }

    /// Count the scans among the examples.
    pub fn series(&self) -> usize {
        let series: HashSet<&str> =
            self.examples.iter().map(|example| example.row.series()).collect();
        series.len()
    }

    /// Count the scans that stand in both: figures on one are optimistic about the other.
    pub fn shared_series(&self, other: &Self) -> usize {
        let series = |set: &Self| -> HashSet<String> {
            set.examples.iter().map(|example| example.row.series().to_owned()).collect()
        };
        series(self).intersection(&series(other)).count()
    }
}

/// Return the patients (or scans) who have a row in these LUNA16 subsets: LUNA16 divides scans, and a
/// patient may have one in each of two.
pub fn units_in<'a>(
    rows: impl IntoIterator<Item = &'a ManifestRow>,
    subsets: &[u32],
) -> HashSet<String> {
    let holds = |row: &&ManifestRow| row.luna_subset.is_some_and(|one| subsets.contains(&one));
    rows.into_iter().filter(holds).map(|row| row.unit().to_owned()).collect()
}

/// Hash what a network can learn or be measured on. A line an example, each field behind its
/// length, so that no two selections write the same bytes.
fn hash(examples: &[Example]) -> String {
    let mut hasher = Sha256::new();
    for Example { row, digest, .. } in examples {
        let told = format!(
            "{} {:?} {:?} {:?} {:?}",
            row.class, row.target, row.weight, row.n_readers, row.contested
        );
        for field in [&row.candidate_row, &told, row.unit(), row.series()] {
            hasher.update((field.len() as u64).to_le_bytes());
            hasher.update(field);
        }
        hasher.update(digest);
    }
    hex(&hasher.finalize())
}

/// Check what the patches were made for. Those of `nodulens dataset` say it; others, such as the
/// published ones, have no `dataset.json` and are taken at their word.
fn check_preprocessing(folder: &Path) -> Result<()> {
    #[derive(Deserialize)]
    struct Description {
        preprocess_id: String,
        #[serde(default)]
        options: Options,
    }
    #[derive(Default, Deserialize)]
    struct Options {
        spacing_mm: Option<f64>,
    }
    let path = folder.join("dataset.json");
    if !path.exists() {
        return Ok(());
    }
    let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
    let Description { preprocess_id: found, options } =
        serde_json::from_slice(&bytes).with_context(|| path.display().to_string())?;
    // Earlier builds resampled on demand and left the id as it was.
    if let Some(mm) = options.spacing_mm {
        bail!(
            "the patches in {} were resampled to {mm} mm a pixel, at which no network is used: page and \
             commands cut the scan's own pixels. Make them again: cargo trainer dataset --luna16 DIR \
             --out NEW",
            folder.display()
        );
    }
    let expected = preprocess_id();
    ensure!(
        found == expected,
        "the patches in {} were made for the preprocessing '{found}', this program uses \
         '{expected}'. Make them again: cargo trainer dataset --luna16 DIR --out NEW",
        folder.display()
    );
    Ok(())
}

fn read_example(folder: &Path, row: ManifestRow) -> Result<Example> {
    let path = picture(folder, "crops50", &row.candidate_row)
        .with_context(|| format!("row {}: no picture in crops50", row.candidate_row))?;
    let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
    let values = values(&bytes).with_context(|| path.display().to_string())?;
    let mut hasher = Sha256::new_with_prefix(&bytes);
    let canvas = canvas(folder, &row.candidate_row, &values, &mut hasher);
    Ok(Example { row, values, canvas, digest: hasher.finalize().into(), mined: false })
}

/// Return the file of this row, whatever its format.
fn picture(folder: &Path, kind: &str, row: &str) -> Option<PathBuf> {
    ["jpg", "png", "jpeg", "tiff", "tif", "bmp"]
        .iter()
        .map(|extension| folder.join(kind).join(format!("{row}.{extension}")))
        .find(|path| path.is_file())
}

/// Read a patch just as the page does.
pub fn read_values(path: &Path) -> Result<Vec<f32>> {
    values(&std::fs::read(path)?)
}

fn values(bytes: &[u8]) -> Result<Vec<f32>> {
    let image = decode_raster(bytes)?;
    Ok(model_values(&Patch::from_image(&image, SizePolicy::Refuse)?))
}

/// Lay the patch into its context, if there is one, and put the bytes of that into the hash. The
/// context files are compressed harder than the patches, so the middle is the patch itself.
fn canvas(folder: &Path, row: &str, values: &[f32], hasher: &mut Sha256) -> Canvas {
    let patch = display_bytes(values);
    let context = picture(folder, "crops100", row)
        .and_then(|path| std::fs::read(path).ok())
        .inspect(|bytes| hasher.update(bytes))
        .and_then(|bytes| decode_raster(&bytes).ok())
        .filter(|image| image.width == CONTEXT_SIZE && image.height == CONTEXT_SIZE);
    let Some(context) = context else {
        return Canvas { side: PATCH_SIZE, grey: patch, coarse: None };
    };
    let samples: Vec<f32> = context.samples.iter().map(|grey| grey.0).collect();
    let coarse = display_bytes(&samples);
    let mut grey = coarse.clone();
    let offset = (CONTEXT_SIZE - PATCH_SIZE) / 2;
    for (y, row) in patch.chunks_exact(PATCH_SIZE).enumerate() {
        let start = (y + offset) * CONTEXT_SIZE + offset;
        grey[start..start + PATCH_SIZE].copy_from_slice(row);
    }
    Canvas { side: CONTEXT_SIZE, grey, coarse: Some(coarse) }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn patches_that_an_earlier_build_resampled_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let id = preprocess_id();
        let write = |mm: &str| {
            let text = format!(r#"{{"preprocess_id": "{id}", "options": {{"spacing_mm": {mm}}}}}"#);
            std::fs::write(folder.path().join("dataset.json"), text).unwrap();
        };
        write("0.5");
        let error = format!("{:#}", check_preprocessing(folder.path()).unwrap_err());
        assert!(error.contains("resampled to 0.5 mm"), "{error}");
        write("null");
        check_preprocessing(folder.path()).unwrap();
    }

    #[test]
    fn the_hash_names_rows_labels_patients_and_pixels() {
        let folder = tempfile::tempdir().unwrap();
        for kind in ["crops50", "crops100"] {
            std::fs::create_dir(folder.path().join(kind)).unwrap();
        }
        let picture = |kind: &str, side: u32, grey: u8| {
            let path = folder.path().join(kind).join("1.png");
            image::GrayImage::from_pixel(side, side, image::Luma([grey])).save(path).unwrap();
        };
        let hash = |manifest: &str| {
            std::fs::write(folder.path().join("manifest.csv"), manifest).unwrap();
            Dataset::load(folder.path(), &Part::All).unwrap().hash
        };
        let plain = "candidate_row,class,patient_id\n1,0,P\n";
        picture("crops50", 50, 51);
        let mut seen = vec![hash(plain)];
        assert_eq!(hash(plain), seen[0]);
        seen.push(hash("candidate_row,class,patient_id\n1,1,P\n"));
        seen.push(hash("candidate_row,class,patient_id\n1,0,Q\n"));
        seen.push(hash("candidate_row,class,patient_id,target\n1,0,P,0.25\n"));
        seen.push(hash("candidate_row,class,patient_id,weight\n1,0,P,0.25\n"));
        seen.push(hash("candidate_row,class,patient_id,contested\n1,0,P,1\n"));
        picture("crops100", 100, 7);
        seen.push(hash(plain));
        picture("crops100", 100, 8);
        seen.push(hash(plain));
        picture("crops50", 50, 52);
        seen.push(hash(plain));
        let different: HashSet<&String> = seen.iter().collect();
        assert_eq!(different.len(), seen.len(), "{seen:?}");
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
