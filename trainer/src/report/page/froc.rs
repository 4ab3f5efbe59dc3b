//! `froc.html`: the FROC curve and its table.

use super::tables::{interval, percent, table, three};
use super::{STYLE, escape, figure};
use crate::commands::froc::FrocReport;
use crate::report::plots::froc as plot;
use anyhow::Result;

/// Renders the page.
///
/// # Errors
/// Where the plotting library refuses.
pub fn render(report: &FrocReport) -> Result<String> {
    let froc = &report.froc;
    let mut rows: Vec<Vec<String>> = froc
        .sensitivities
        .iter()
        .map(|at| {
            vec![
                plot::rate_name(at.false_positives_per_scan),
                percent(at.sensitivity),
                interval(at.sensitivity_ci95, percent),
            ]
        })
        .collect();
    rows.push(vec!["CPM (their mean)".to_owned(), three(froc.cpm), interval(froc.cpm_ci95, three)]);
    let caption = format!(
        "Share of the {} nodules found over the mean number of false positives in {} scans. \
         Bars: 95 % by bootstrap over scans.",
        froc.nodules, froc.scans
    );
    let scans = if report.series_given {
        "The scans that were searched were given."
    } else {
        "The scans are those that have a finding: a scan that was searched without any would count \
         too, were it named by --series."
    };
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
         several on one nodule count once, with the highest probability. {excluded} {scans} \
         {resamples} resamples, seed {seed}, commit <code>{commit}</code>, annotations \
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
        plot = figure(&plot::froc(froc)?, &caption, &[("blue line", "sensitivity")]),
        table = table(
            "Sensitivity at LUNA16’s seven rates",
            &["False positives a scan", "Sensitivity", "95 % interval"],
            &rows
        ),
        resamples = froc.bootstrap_resamples,
        seed = froc.seed,
        commit = escape(&report.commit),
        annotations = escape(&report.annotations_file),
    ))
}
