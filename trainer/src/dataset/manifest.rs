//! `manifest.csv`: one row a patch.

use super::readers::{self, flag};
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Deserializer};
use std::path::Path;

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
    /// Readers who outlined a nodule there, of four; see [`super::readers`].
    #[serde(default)]
    pub n_readers: Option<u32>,
    /// Whether a finding that LUNA16 excludes lies within 5 mm; `None` where it is not known.
    #[serde(default, deserialize_with = "flag")]
    pub contested: Option<bool>,
    /// Probability of a nodule to be learnt, in [0, 1], where it is not simply the class (soft
    /// label). Figures always count the class.
    #[serde(default)]
    pub target: Option<f64>,
    /// Weight in the loss, 0 or more; 1 where it is empty.
    #[serde(default)]
    pub weight: Option<f64>,
}

/// Read a number of the scan; what is empty or no number is not known. The report lacks it then,
/// but nothing else does.
fn measure<'de, D: Deserializer<'de>>(cell: D) -> Result<Option<f64>, D::Error> {
    Ok(csv::invalid_option(cell)?.filter(|number: &f64| number.is_finite()))
}

impl ManifestRow {
    /// Return the radius of the nodule in pixels, 0 where the manifest does not say it; `None`
    /// where the row is no nodule.
    pub fn nodule_radius_px(&self) -> Option<f32> {
        let radius =
            || Some(self.diameter_mm? / 2.0 / self.pixel_spacing_mm.filter(|mm| *mm > 0.0)?);
        self.nodule().then(|| radius().unwrap_or(0.0) as f32)
    }

    /// Tell whether it is a negative that is contested.
    pub fn is_contested_negative(&self) -> bool {
        !self.nodule() && self.contested == Some(true)
    }

    /// Tell whether it is labelled a nodule.
    pub fn nodule(&self) -> bool {
        self.class == 1
    }

    /// Return the scan, or the row where the manifest names none.
    pub fn series(&self) -> &str {
        self.seriesuid.as_deref().unwrap_or(&self.candidate_row)
    }

    /// Return what the bootstrap draws: the patient, or the scan where the manifest names none.
    pub fn unit(&self) -> &str {
        self.patient_id.as_deref().unwrap_or_else(|| self.series())
    }

    /// Return the position in the world of the scan in mm, where it is known.
    pub fn position_mm(&self) -> Option<[f64; 3]> {
        Some([self.coord_x_mm?, self.coord_y_mm?, self.coord_z_mm?])
    }
}

/// Say what [`ManifestRow::unit`] is in these rows: what a bootstrap over them draws.
pub fn unit_word<'a>(rows: impl IntoIterator<Item = &'a ManifestRow>) -> &'static str {
    let known = |row: &ManifestRow| (row.patient_id.is_some(), row.seriesuid.is_some());
    let mut kinds: Vec<_> = rows.into_iter().map(known).collect();
    kinds.sort_unstable();
    kinds.dedup();
    match kinds.as_slice() {
        _ if kinds.iter().all(|(patient, _)| *patient) => "patients",
        [(false, true)] => "scans",
        [(false, false)] => "patches",
        _ => "patients, or scans where a patient is not known",
    }
}

/// Return the rows of a folder's manifest, in its order.
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
        let at = |name: &str, value: f64, range: &str| {
            format!("{}, line {}: {name} is {value}, expected {range}", path.display(), i + 2)
        };
        if let Some(target) = row.target {
            ensure!((0.0..=1.0).contains(&target), at("target", target, "0 to 1"));
        }
        if let Some(weight) = row.weight {
            ensure!(weight >= 0.0 && weight.is_finite(), at("weight", weight, "0 or more"));
        }
        rows.push(row);
    }
    // What the manifest does not say itself, the table beside it may.
    let readers = readers::read(folder)?;
    for row in &mut rows {
        if let Some(said) = readers.get(&row.candidate_row) {
            row.n_readers = row.n_readers.or(said.n_readers);
            row.contested = row.contested.or(said.contested);
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_and_weights_out_of_their_range_are_refused_with_their_line() {
        let folder = tempfile::tempdir().unwrap();
        for (cells, said) in [
            ("1.5,1", "target is 1.5"),
            ("-0.1,1", "target is -0.1"),
            ("NaN,1", "target is NaN"),
            ("0.5,-1", "weight is -1"),
            ("0.5,inf", "weight is inf"),
            ("0.5,NaN", "weight is NaN"),
        ] {
            let text = format!("candidate_row,class,target,weight\n1,0,,\n2,0,{cells}\n");
            std::fs::write(folder.path().join("manifest.csv"), text).unwrap();
            let error = read_manifest(folder.path()).unwrap_err().to_string();
            assert!(error.contains("line 3") && error.contains(said), "{error}");
        }
    }

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
        assert_eq!(unit_word([&rows[0], &rows[2]]), "patients");
        assert_eq!(unit_word([&rows[1]]), "patches");
        assert!(unit_word(&rows).starts_with("patients, or scans"));
        let scan = ManifestRow { seriesuid: Some("1.2".to_owned()), ..ManifestRow::default() };
        assert_eq!(unit_word([&scan]), "scans");
    }
}
