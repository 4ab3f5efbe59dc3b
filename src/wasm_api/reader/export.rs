//! Findings as files. They come back from the page as it got them from the engine.

use crate::findings::{
    InputUsed, ModelUsed, Report, Search, SrSource, csv, heat_map_png, html, structured_report,
};
use crate::method::{FINDING_DISTANCE_MM, MODEL_WINDOW, SCAN_STRIDE_PX};
use crate::preprocess::display_bytes;
use crate::scan::{Facts, Finding, HeatMap, suitability};
use crate::wasm_api::shapes::FindingShape;
use nodulens_imaging::decode::series::Series;
use nodulens_imaging::intensity::{Hu, Window};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    findings: Vec<FindingShape>,
    model: JsModel,
    lungs_only: bool,
    slices_scanned: usize,
    notes: Vec<String>,
    /// Whether to say who the patient is.
    identity: bool,
    /// For people: "2026-11-23 04:05".
    created: String,
    /// DICOM's: date and time.
    written: (String, String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsModel {
    model_id: String,
    weights_sha256: String,
    threshold: f32,
    temperature: f32,
    preprocess_id: String,
}

/// A heat map of an acquired slice, as the engine gave it to the page.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JsMap {
    z: usize,
    width: usize,
    height: usize,
    step_px: [f64; 2],
    probability: Vec<f32>,
}

/// The file's bytes, or a code and a message. `maps` are drawn into the page to print; as
/// "heat-map" the first of them is the file.
pub(super) fn export(
    series: &Series,
    format: &str,
    request: &str,
    maps: Vec<JsMap>,
) -> Result<Vec<u8>, (&'static str, String)> {
    let request: Request =
        serde_json::from_str(request).map_err(|reason| ("internal", reason.to_string()))?;
    let written = request.written.clone();
    let report = report(series, request);
    match format {
        "csv" => Ok(csv(&[&report]).into_bytes()),
        "html" => {
            let drawn = |map: JsMap| {
                let title = format!("Slice {}", map.z + 1);
                Ok((title, picture(series, map, &report)?))
            };
            let pictures = maps.into_iter().map(drawn).collect::<Result<Vec<_>, _>>()?;
            Ok(html(&report, &pictures).into_bytes())
        }
        "heat-map" => match maps.into_iter().next() {
            Some(map) => picture(series, map, &report),
            None => Err(("no-heat-map", "this slice has not been searched".to_owned())),
        },
        "dicom-sr" => {
            let spacing = series.volume.geometry().spacing_mm();
            let source = SrSource::of(&series.info, spacing, written).ok_or_else(|| {
                let message = "a structured report refers to DICOM images, and these are none";
                ("not-dicom", message.to_owned())
            })?;
            Ok(structured_report(&report, &source))
        }
        _ => {
            let json = report.json().map_err(|reason| ("internal", reason.to_string()))?;
            Ok(json.into_bytes())
        }
    }
}

/// The map over its slice as the model sees it, as PNG.
fn picture(
    series: &Series,
    map: JsMap,
    report: &Report,
) -> Result<Vec<u8>, (&'static str, String)> {
    let JsMap { z, width, height, step_px, probability } = map;
    let [columns, rows, _] = series.volume.geometry().size();
    let values: Vec<f32> =
        series.volume.slice(z).into_iter().map(|hu| MODEL_WINDOW.apply(Hu(hu)).0).collect();
    let map = HeatMap { width, height, step_px, probability };
    heat_map_png(&map, [columns, rows], Some(&display_bytes(&values)), report)
        .map_err(|reason| ("internal", reason.to_string()))
}

fn report(series: &Series, request: Request) -> Report {
    let (info, geometry) = (&series.info, series.volume.geometry());
    let spacing = geometry.spacing_mm();
    let JsModel { model_id, weights_sha256, threshold, temperature, preprocess_id } = request.model;
    let model =
        ModelUsed { id: model_id, sha256: weights_sha256, threshold, temperature, preprocess_id };
    let placed = info.format != "picture";
    let input = InputUsed {
        title: info.title.clone(),
        format: info.format.to_owned(),
        sha256: info.sha256.clone(),
        size: geometry.size(),
        spacing_mm: placed.then_some([spacing.x, spacing.y, spacing.z]),
        identity: if request.identity { info.identity() } else { Vec::new() },
    };
    let search = Search {
        stride_px: SCAN_STRIDE_PX,
        lung_mask: request.lungs_only,
        min_probability: threshold,
        min_distance_mm: FINDING_DISTANCE_MM,
        slices_scanned: request.slices_scanned,
    };
    let findings: Vec<Finding> = request.findings.into_iter().map(Into::into).collect();
    let mut report = Report::new(model, input, search, &findings, placed);
    report.created = Some(request.created);
    report.concerns = suitability(&Facts::of(&series.volume, info.modality.as_deref()));
    report.notes.extend(request.notes);
    report
}
