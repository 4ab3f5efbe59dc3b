//! Learning curves: training and validation over the epochs (the paper's figures 4 to 7).

use super::{BLUE, GREEN, HEIGHT, MUTED, ORANGE, WIDTH, chart, percent, svg};
use crate::report::Report;
use anyhow::Result;
use nodulens::weights::CardEpoch;
use plotters::prelude::*;

/// One line of a picture: its colour and its value in an epoch, where there is one.
type Line = (RGBColor, fn(&CardEpoch) -> Option<f64>);

/// Loss (cross-entropy, nats) of training and validation.
///
/// # Errors
/// Where the plotting library refuses.
pub fn loss(report: &Report) -> Result<String> {
    let lines: [Line; 2] =
        [(ORANGE, |epoch| Some(epoch.train_loss)), (BLUE, |epoch| Some(epoch.valid_loss))];
    let digits = |value: &f64| format!("{value:.2}");
    draw(report, ("Learning curve: loss by epoch", "Cross-entropy (nats)"), &lines, &digits)
}

/// Accuracy at probability 0.5 of training and validation, and the validation AUC.
///
/// # Errors
/// Where the plotting library refuses.
pub fn accuracy(report: &Report) -> Result<String> {
    let lines: [Line; 3] = [
        (ORANGE, |epoch| epoch.train_accuracy),
        (BLUE, |epoch| Some(epoch.valid_accuracy)),
        (GREEN, |epoch| Some(epoch.valid_auc)),
    ];
    draw(report, ("Learning curve: accuracy by epoch", "Accuracy; AUC"), &lines, &percent)
}

fn draw(
    report: &Report,
    (label, y_name): (&str, &str),
    lines: &[Line],
    format: &dyn Fn(&f64) -> String,
) -> Result<String> {
    let history = &report.history;
    let values: Vec<f64> =
        history.iter().flat_map(|epoch| lines.iter().filter_map(|(_, of)| of(epoch))).collect();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // A little air, and never a range of nothing.
    let air = ((high - low) * 0.06).max(0.005);
    let last = history.iter().map(|epoch| epoch.epoch).max().unwrap_or(1).max(2) as f64;
    svg((WIDTH, HEIGHT), label, |area| {
        let whole = |epoch: &f64| format!("{epoch:.0}");
        let range = low - air..high + air;
        let mut chart = chart(area, (1.0..last, "Epoch", &whole), (range.clone(), y_name, format))?;
        let kept = report.epoch as f64;
        if kept >= 1.0 {
            let line = [(kept, range.start), (kept, range.end)];
            chart.draw_series(DashedLineSeries::new(line, 8, 8, MUTED.stroke_width(2)))?;
        }
        for (color, of) in lines {
            let points = history.iter().filter_map(|e| Some((e.epoch as f64, of(e)?)));
            chart.draw_series(LineSeries::new(points, color.stroke_width(4)))?;
        }
        Ok(())
    })
}
