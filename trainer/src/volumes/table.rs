//! A CSV of candidates in any volumes.

use super::{Place, Portion};
use anyhow::{Context, Result, ensure};
use nodulens_imaging::geometry::WorldMm;
use serde::Deserialize;
use std::path::Path;

/// The columns; others are passed over.
#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    file: String,
    #[serde(default)]
    seriesuid: String,
    #[serde(rename = "coordX")]
    x: f64,
    #[serde(rename = "coordY")]
    y: f64,
    #[serde(rename = "coordZ")]
    z: f64,
    class: u8,
    #[serde(default)]
    diameter_mm: Option<f64>,
    #[serde(default)]
    patient_id: String,
    #[serde(default)]
    part: String,
}

/// Read the rows. `file` names the volume; without it `seriesuid` does.
///
/// # Errors
/// A row that is no candidate; it is named by its line.
pub fn read(path: &Path, bytes: &[u8]) -> Result<Vec<Place>> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let rows = reader.deserialize::<Row>().enumerate();
    let place = |row: Result<Row, csv::Error>| -> Result<Place> {
        let row = row?;
        ensure!(row.class <= 1, "class is {}, expected 0 or 1", row.class);
        let finite = [row.x, row.y, row.z].iter().all(|mm| mm.is_finite());
        ensure!(finite, "a coordinate is not a number");
        if let Some(mm) = row.diameter_mm {
            ensure!(mm > 0.0 && mm.is_finite(), "diameter_mm is {mm}, expected more than 0");
        }
        let series = Some(row.seriesuid).filter(|series| !series.is_empty());
        let file = if row.file.is_empty() { series.clone().unwrap_or_default() } else { row.file };
        ensure!(!file.is_empty(), "neither file nor seriesuid names a volume");
        Ok(Place {
            file,
            series,
            world: WorldMm { x: row.x, y: row.y, z: row.z },
            nodule: row.class == 1,
            diameter_mm: row.diameter_mm.filter(|_| row.class == 1),
            patient: Some(row.patient_id).filter(|patient| !patient.is_empty()),
            part: Portion::read(&row.part)?,
        })
    };
    rows.map(|(i, row)| place(row).with_context(|| format!("{}, line {}", path.display(), i + 2)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_and_a_bad_one_is_named_by_its_line() {
        let read = |text: &str| read(Path::new("list.csv"), text.as_bytes());
        let header = "file,coordX,coordY,coordZ,class,diameter_mm,patient_id,part\n";
        let places =
            read(&format!("{header}a/b.nii.gz,1,-2,3.5,1,6.5,P1,val\nc.nrrd,0,0,0,0,,,\n"));
        let places = places.unwrap();
        assert_eq!(places[0].world, WorldMm { x: 1.0, y: -2.0, z: 3.5 });
        assert_eq!((places[0].diameter_mm, places[0].part), (Some(6.5), Some(Portion::Valid)));
        assert_eq!((places[1].patient.as_deref(), places[1].nodule), (None, false));
        let by_series = read("seriesuid,coordX,coordY,coordZ,class\n1.2.3,1,2,3,0\n").unwrap();
        assert_eq!(
            (by_series[0].file.as_str(), by_series[0].series.as_deref()),
            ("1.2.3", Some("1.2.3"))
        );
        for (row, said) in [
            ("a,1,2,x,0,,,", "line 2"),
            ("a,1,2,3,2,,,", "class is 2"),
            ("a,1,2,nan,0,,,", "not a number"),
            (",1,2,3,0,,,", "names a volume"),
            ("a,1,2,3,1,-4,,", "diameter_mm is -4"),
            ("a,1,2,3,1,4,,later", "part is 'later'"),
        ] {
            let error = format!("{:#}", read(&format!("{header}{row}\n")).unwrap_err());
            assert!(error.contains(said) && error.contains("list.csv, line 2"), "{error}");
        }
    }
}
