//! Findings as files. They come back from the page as it got them from the engine.

use super::convert::{error, internal, refused};
use super::shapes::FindingShape;
use nodulens::constants::{FINDING_DISTANCE_MM, SCAN_STRIDE_PX};
use nodulens::detection::{Finding, HeatMap};
use nodulens::findings::{self, Export, ModelUsed, Report, Search};
use nodulens::weights::Head;
use nodulens_imaging::decode::series::Series;
use serde::Deserialize;
use wasm_bindgen::JsValue;

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
    written: [String; 2],
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsModel {
    model_id: String,
    weights_sha256: String,
    head: Head,
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

impl From<JsMap> for (usize, HeatMap) {
    fn from(JsMap { z, width, height, step_px, probability }: JsMap) -> Self {
        (z, HeatMap { width, height, step_px, probability })
    }
}

/// Return the file's bytes. `maps` are drawn into the page to print; as "heat-map" the first of them
/// is the file.
pub(super) fn export(
    series: &Series,
    format: &str,
    request: &str,
    maps: Vec<JsMap>,
) -> Result<Vec<u8>, JsValue> {
    let request: Request = serde_json::from_str(request).map_err(internal)?;
    let mut maps = maps.into_iter().map(Into::into);
    let format = match format {
        "csv" => Export::Csv,
        "html" => Export::Html(maps.collect()),
        "heat-map" => {
            let (z, map) = maps.next().ok_or_else(|| {
                error("no-heat-map", "this slice has not been searched", "Search it first.")
            })?;
            Export::HeatMap(z, map)
        }
        "dicom-sr" => Export::DicomSr(request.written.clone()),
        _ => Export::Json,
    };
    findings::export(&report(series, request), series, &format).map_err(refused)
}

fn report(series: &Series, request: Request) -> Report {
    let JsModel {
        model_id: id,
        weights_sha256: sha256,
        head,
        threshold,
        temperature,
        preprocess_id,
    } = request.model;
    let model = ModelUsed { id, sha256, head, threshold, temperature, preprocess_id };
    let search = Search {
        stride_px: SCAN_STRIDE_PX,
        lung_mask: request.lungs_only,
        min_probability: threshold,
        min_distance_mm: FINDING_DISTANCE_MM,
        slices_scanned: request.slices_scanned,
    };
    let findings: Vec<Finding> = request.findings.into_iter().map(Into::into).collect();
    let mut report = Report::of_series(series, model, search, &findings, request.identity);
    report.created = Some(request.created);
    report.notes.extend(request.notes);
    report
}
