//! What a search of an opened series found, as a file of one format.

use super::csv::csv;
use super::html::html;
use super::png::heat_map_png;
use super::report::Report;
use super::sr::{SrSource, structured_report};
use crate::constants::MODEL_WINDOW;
use crate::detection::HeatMap;
use crate::preprocess::display_bytes;
use nodulens_imaging::UserError;
use nodulens_imaging::decode::series::Series;
use nodulens_imaging::intensity::Hu;
use nodulens_imaging::reformat::slice_number;

/// A file to write.
#[derive(Clone, Debug, PartialEq)]
pub enum Export {
    /// A table, a row each finding.
    Csv,
    /// Everything.
    Json,
    /// A page to print, with the heat maps of these slices.
    Html(Vec<(usize, HeatMap)>),
    /// The heat map of a slice over it, as PNG.
    HeatMap(usize, HeatMap),
    /// A DICOM structured report, written at this date and time.
    DicomSr([String; 2]),
}

/// Why there is no file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// A structured report refers to the images of a series.
    #[error("a structured report refers to DICOM images, and these are none")]
    NotDicom,
    /// No input should bring this about.
    #[error("{0}")]
    Internal(String),
}

impl UserError for ExportError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotDicom => "not-dicom",
            Self::Internal(_) => "internal",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::NotDicom => "Export CSV, JSON or the page to print.",
            Self::Internal(_) => "Please report this.",
        }
    }
}

/// Write a report on a series as a file.
///
/// # Errors
/// [`ExportError`].
pub fn export(report: &Report, series: &Series, export: &Export) -> Result<Vec<u8>, ExportError> {
    let internal = |reason: String| ExportError::Internal(reason);
    match export {
        Export::Csv => Ok(csv(&[report]).into_bytes()),
        Export::Json => {
            let json = report.json().map_err(|reason| internal(reason.to_string()))?;
            Ok(json.into_bytes())
        }
        Export::Html(maps) => {
            let drawn = |(z, map): &(usize, HeatMap)| {
                let picture = over_slice(series, *z, map, report);
                let picture = picture.map_err(|reason| internal(reason.to_string()))?;
                let number = slice_number(series.volume.geometry(), *z);
                Ok((format!("Slice {number}"), picture))
            };
            let pictures = maps.iter().map(drawn).collect::<Result<Vec<_>, _>>()?;
            Ok(html(report, &pictures).into_bytes())
        }
        Export::HeatMap(z, map) => {
            over_slice(series, *z, map, report).map_err(|reason| internal(reason.to_string()))
        }
        Export::DicomSr([date, time]) => {
            let spacing = series.volume.geometry().spacing_mm();
            let written = (date.clone(), time.clone());
            let source = SrSource::of(&series.info, spacing, written);
            Ok(structured_report(report, &source.ok_or(ExportError::NotDicom)?))
        }
    }
}

/// Draw a heat map over its slice as the model sees it, as PNG.
fn over_slice(
    series: &Series,
    z: usize,
    map: &HeatMap,
    report: &Report,
) -> Result<Vec<u8>, image::ImageError> {
    let [columns, rows, _] = series.volume.geometry().size();
    let values: Vec<f32> =
        series.volume.slice(z).into_iter().map(|hu| MODEL_WINDOW.apply(Hu(hu)).0).collect();
    heat_map_png(map, [columns, rows], Some(&display_bytes(&values)), report)
}
