//! Findings as CSV, a row each, with the columns that LUNA16's evaluation and `cargo trainer froc`
//! read.

use super::report::Report;
use crate::weights::Head;
use std::fmt::Write;

/// Columns.
const HEADER: &str = "seriesuid,rank,coordX,coordY,coordZ,probability,nodule,diameter_mm,pixel_x,\
                      pixel_y,slice_number,slice_index,first_slice_index,last_slice_index,model,\
                      model_sha256,seen,input_sha256,series_title,warnings,notice";

/// A header and a row for each finding; lines end as RFC 4180 wants. The series is its UID, or its
/// title where it has none; `slice_number` counts as viewers do, from 1, an index from 0. Positions
/// in mm are empty where the input does not say where it lies. `reports` of several scans become one
/// table.
#[must_use]
pub fn csv(reports: &[&Report]) -> String {
    let mut text = format!("{HEADER}\r\n");
    for report in reports {
        for row in &report.findings {
            let number = |value: Option<f64>| value.map_or(String::new(), |v| format!("{v:.3}"));
            let told: Vec<&str> = report.warnings.iter().map(|one| &*one.message).collect();
            let world = |k: usize| number(row.world_mm.map(|world| world[k]));
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "{},{},{},{},{},{:.6},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\r\n",
                field(report.input.series_uid.as_deref().unwrap_or(&report.input.title)),
                row.rank,
                world(0),
                world(1),
                world(2),
                row.probability,
                u8::from(row.nodule),
                number(row.diameter_mm),
                rounded(row.pixel[0]),
                rounded(row.pixel[1]),
                row.slice_number,
                row.slice_index,
                row.slice_indices[0],
                row.slice_indices[1],
                field(&report.model.id),
                field(&report.model.sha256),
                match report.model.head {
                    Head::Patch => "patch alone",
                    Head::Context => "with its surroundings",
                },
                field(&report.input.sha256),
                field(&report.input.title),
                field(&told.join(" ")),
                field(report.notice),
            );
        }
    }
    text
}

/// Whole where it is whole: only resampled slices have places between pixels.
fn rounded(pixel: f64) -> f64 {
    (pixel * 1000.0).round() / 1000.0
}

/// Quoted where it must be, and never a formula for a spreadsheet.
fn field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}
