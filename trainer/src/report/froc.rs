//! FROC of whole scans: `froc.json`, and `froc.html` with the curve and its table.

use super::html::{STYLE, escape, figure, interval, percent, table, three};
use super::plots::{BLUE, HEIGHT, WIDTH, chart, percent as axis_percent, svg};
use crate::metrics::froc::{Froc, MARKS, RATES};
use anyhow::Result;
use plotters::prelude::*;
use serde::{Deserialize, Serialize};

/// What `froc.json` holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrocReport {
    /// Commit of this program.
    pub commit: String,
    /// File of the findings.
    pub findings_file: String,
    /// File of the annotations.
    pub annotations_file: String,
    /// Whether excluded annotations were given.
    pub excluded_given: bool,
    /// File of the scans that were searched.
    pub series_file: String,
    /// The measurement.
    #[serde(flatten)]
    pub froc: Froc,
}

/// Render the page.
///
/// # Errors
/// Where the plotting library refuses.
pub fn page(report: &FrocReport) -> Result<String> {
    let froc = &report.froc;
    let mut rows: Vec<Vec<String>> = froc
        .sensitivities
        .iter()
        .map(|at| {
            vec![
                rate_name(at.false_positives_per_scan),
                percent(at.sensitivity),
                interval(at.sensitivity_ci95, percent),
            ]
        })
        .collect();
    rows.push(vec!["CPM (their mean)".to_owned(), three(froc.cpm), interval(froc.cpm_ci95, three)]);
    let caption = format!(
        "Share of the {} nodules found over the mean number of false positives in {} scans. \
         Bars: 95 % by bootstrap over {}.",
        froc.nodules, froc.scans, froc.bootstrap_units
    );
    let excluded = if report.excluded_given {
        "Findings on excluded annotations are ignored."
    } else {
        "No excluded annotations were given, so findings on them count as false positives."
    };
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Nodulens FROC: {file}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header><p class=\"brand\">Nodulens · FROC by LUNA16’s rule</p><h1>{file}</h1>\n\
         <p class=\"lead\">CPM {cpm} ({range}): {findings} findings in {scans_n} scans with \
         {nodules} nodules; {found} nodules have a finding, {false_positives} findings are false \
         positives, {ignored} are ignored.</p></header>\n<main>\n{plot}{table}\
         <p>A finding hits a nodule where it lies nearer to its centre than half its diameter; \
         several on one nodule count once, with the highest probability. Of a scan the {MARKS} \
         most probable findings count ({beyond} are beyond that). {excluded} Every scan of \
         <code>{series}</code> counts, with findings or without. {resamples} resamples of \
         {units}, seed {seed}, commit <code>{commit}</code>, annotations \
         <code>{annotations}</code>.</p>\n</main>\n<footer><p>Research and teaching software, not \
         a medical device.</p></footer>\n</body>\n</html>\n",
        file = escape(&report.findings_file),
        cpm = three(froc.cpm),
        range = interval(froc.cpm_ci95, three),
        findings = froc.findings,
        scans_n = froc.scans,
        nodules = froc.nodules,
        found = froc.found,
        false_positives = froc.false_positives,
        ignored = froc.ignored,
        plot = figure(&plot(froc)?, &caption, &[("blue line", "sensitivity")]),
        table = table(
            "Sensitivity at LUNA16’s seven rates",
            &["False positives a scan", "Sensitivity", "95 % interval"],
            &rows
        ),
        beyond = froc.beyond_marks,
        series = escape(&report.series_file),
        resamples = froc.bootstrap_resamples,
        units = froc.bootstrap_units,
        seed = froc.seed,
        commit = escape(&report.commit),
        annotations = escape(&report.annotations_file),
    ))
}

/// Write a rate as LUNA16 does: 0.125 -> "1/8".
fn rate_name(rate: f64) -> String {
    if rate < 1.0 { format!("1/{:.0}", 1.0 / rate) } else { format!("{rate:.0}") }
}

/// Draw sensitivity over the false positives a scan, from 1/8 to 8, with the seven points.
///
/// # Errors
/// Where the plotting library refuses.
fn plot(froc: &Froc) -> Result<String> {
    let (first, last) = (RATES[0], RATES[RATES.len() - 1]);
    let label = format!("FROC curve: mean sensitivity (CPM) {:.3}", froc.cpm);
    svg((2 * WIDTH, HEIGHT), &label, |area| {
        let name = |rate: &f64| rate_name(*rate);
        let rates = (first..last * 1.05).log_scale().base(2.0).with_key_points(RATES.to_vec());
        let mut chart = chart(
            area,
            (rates, "False positives a scan", &name),
            (0.0..1.0, "Sensitivity (share of nodules found)", &axis_percent),
        )?;
        let inside = froc
            .curve
            .iter()
            .filter(|point| (first..=last).contains(&point.false_positives_per_scan));
        // The curve between the seven rates, and the rates themselves where it has no point.
        let mut line: Vec<(f64, f64)> =
            inside.map(|point| (point.false_positives_per_scan, point.sensitivity)).collect();
        line.extend(
            froc.sensitivities.iter().map(|at| (at.false_positives_per_scan, at.sensitivity)),
        );
        line.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        chart.draw_series(LineSeries::new(line, BLUE.stroke_width(4)))?;
        for at in &froc.sensitivities {
            let x = at.false_positives_per_scan;
            if let Some([low, high]) = at.sensitivity_ci95 {
                chart.draw_series(LineSeries::new([(x, low), (x, high)], BLUE.stroke_width(2)))?;
            }
            chart.draw_series([Circle::new((x, at.sensitivity), 10, BLUE.filled())])?;
        }
        Ok(())
    })
}
