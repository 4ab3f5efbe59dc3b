//! Curves: ROC, precision-recall, reliability, decision, learning.

use super::{Area, BLUE, GREEN, HEIGHT, MUTED, ORANGE, WIDTH, chart, outline, percent, svg};
use crate::metrics::counts::wilson;
use crate::report::Report;
use anyhow::Result;
use nodulens::weights::CardEpoch;
use plotters::prelude::*;
use std::ops::Range;

/// Draw sensitivity over the false-positive rate, with band, our and the paper's operating point.
///
/// # Errors
/// Where the plotting library refuses.
pub fn roc(report: &Report) -> Result<String> {
    let label = format!(
        "ROC curve of {} on {}: area {:.3}",
        report.model_id,
        report.split,
        report.roc_auc.unwrap_or(0.0)
    );
    svg((WIDTH, HEIGHT), &label, |area| draw_roc(area, report, 0.0..1.0, 0.0..1.0))
}

/// Draw the corner of the ROC curve in which a classifier is used.
///
/// # Errors
/// Where the plotting library refuses.
pub fn roc_corner(report: &Report) -> Result<String> {
    let label =
        format!("The corner of the same ROC curve with few false positives, {}", report.split);
    svg((WIDTH, HEIGHT), &label, |area| draw_roc(area, report, 0.0..0.2, 0.5..1.0))
}

fn draw_roc(area: &Area<'_>, report: &Report, fpr: Range<f64>, tpr: Range<f64>) -> Result<()> {
    let inside = fpr.clone();
    let mut chart = chart(
        area,
        (fpr, "False-positive rate (1 − specificity)", &percent),
        (tpr.clone(), "Sensitivity (recall)", &percent),
    )?;
    // The plotting library draws past its frame, so what is outside stays out.
    let clamp = |y: f64| y.clamp(tpr.start, tpr.end);
    let band = report.roc.band.iter().filter(|point| point.x <= inside.end + 1e-9);
    let edge = outline(band.map(|point| (point.x, clamp(point.low), clamp(point.high))));
    if !edge.is_empty() {
        chart.draw_series([Polygon::new(edge, BLUE.mix(0.18))])?;
    }
    if tpr.start == 0.0 {
        chart.draw_series(DashedLineSeries::new(
            [(0.0, 0.0), (1.0, 1.0)],
            8,
            8,
            MUTED.stroke_width(2),
        ))?;
    }
    let line =
        clip(report.roc.points.iter().map(|point| (point.fpr, point.tpr)), &inside, tpr.start);
    chart.draw_series(LineSeries::new(line, BLUE.stroke_width(4)))?;
    let paper = (1.0 - report.paper.specificity, report.paper.recall);
    let ours = (1.0 - report.specificity, report.recall);
    let mark = |at: (f64, f64)| inside.contains(&at.0) && at.1 >= tpr.start;
    if mark(ours) {
        chart.draw_series([Circle::new(ours, 10, BLUE.filled())])?;
    }
    if mark(paper) {
        chart.draw_series([TriangleMarker::new(paper, 14, ORANGE.filled())])?;
    }
    Ok(())
}

/// Cut a rising line to x in `range` and y from `floor` on.
fn clip(
    points: impl Iterator<Item = (f64, f64)>,
    range: &Range<f64>,
    floor: f64,
) -> Vec<(f64, f64)> {
    let mut kept: Vec<(f64, f64)> = Vec::new();
    let mut before: Option<(f64, f64)> = None;
    for point in points {
        if let Some((x, y)) = before.filter(|_| point.1 > floor) {
            let along = |part: f64| (x + part * (point.0 - x), y + part * (point.1 - y));
            if y < floor {
                kept.push(along((floor - y) / (point.1 - y)));
            }
            if point.0 > range.end {
                kept.push(along((range.end - x) / (point.0 - x)));
                return kept;
            }
        }
        if point.1 >= floor && point.0 <= range.end {
            kept.push(point);
        }
        before = Some(point);
    }
    kept
}

/// Draw precision over recall, with band and the share of nodules that chance would reach.
///
/// # Errors
/// Where the plotting library refuses.
pub fn precision_recall(report: &Report) -> Result<String> {
    let label = format!(
        "Precision-recall curve of {} on {}: average precision {:.3}",
        report.model_id,
        report.split,
        report.average_precision.unwrap_or(0.0)
    );
    svg((WIDTH, HEIGHT), &label, |area| {
        let mut chart = chart(
            area,
            (0.0..1.0, "Sensitivity (recall)", &percent),
            (0.0..1.0, "Precision", &percent),
        )?;
        let edge = outline(report.pr.band.iter().map(|point| (point.x, point.low, point.high)));
        if !edge.is_empty() {
            chart.draw_series([Polygon::new(edge, BLUE.mix(0.18))])?;
        }
        let share = report.positives as f64 / report.n.max(1) as f64;
        chart.draw_series(DashedLineSeries::new(
            [(0.0, share), (1.0, share)],
            8,
            8,
            MUTED.stroke_width(2),
        ))?;
        let line = report.pr.points.iter().map(|point| (point.recall, point.precision));
        chart.draw_series(LineSeries::new(line, BLUE.stroke_width(4)))?;
        let paper = (report.paper.recall, report.paper.precision);
        chart.draw_series([Circle::new((report.recall, report.precision), 10, BLUE.filled())])?;
        chart.draw_series([TriangleMarker::new(paper, 14, ORANGE.filled())])?;
        Ok(())
    })
}

/// Draw the share of nodules over the mean probability, bin by bin, with Wilson intervals.
///
/// # Errors
/// Where the plotting library refuses.
pub fn reliability(report: &Report) -> Result<String> {
    let label =
        format!("Reliability diagram: expected calibration error {:.3}", report.ece.unwrap_or(0.0));
    svg((WIDTH, HEIGHT), &label, |area| {
        let mut chart = chart(
            area,
            (0.0..1.0, "Mean probability in the bin", &percent),
            (0.0..1.0, "Share of nodules in the bin", &percent),
        )?;
        chart.draw_series(DashedLineSeries::new(
            [(0.0, 0.0), (1.0, 1.0)],
            8,
            8,
            MUTED.stroke_width(2),
        ))?;
        for bin in report.calibration.bins.iter().filter(|bin| bin.n > 0) {
            let (x, y) = (bin.mean_probability, bin.observed());
            let [low, high] = wilson(bin.positives, bin.n);
            chart.draw_series(LineSeries::new([(x, low), (x, high)], BLUE.stroke_width(2)))?;
            // The area follows the count, so that a bin of three patches does not look like one
            // of three hundred.
            let radius = 5.0 + 16.0 * (bin.n as f64 / report.n.max(1) as f64).sqrt();
            chart.draw_series([Circle::new((x, y), radius as i32, BLUE.mix(0.8).filled())])?;
        }
        Ok(())
    })
}

/// Draw net benefit over the probability from which one would act.
///
/// # Errors
/// Where the plotting library refuses.
pub fn decision(report: &Report) -> Result<String> {
    let share = report.positives as f64 / report.n.max(1) as f64;
    let top = (share * 1.15).max(0.01);
    let label = "Decision curve: net benefit of acting on the model, on every patch and on none";
    svg((WIDTH, HEIGHT), label, |area| {
        let digits = |value: &f64| format!("{value:.2}");
        let mut chart = chart(
            area,
            (0.0..1.0, "Probability from which one acts", &percent),
            (-0.25 * top..top, "Net benefit (true positives a patch)", &digits),
        )?;
        let curve = &report.decision_curve;
        // Below the frame there is nothing to see.
        let all: Vec<(f64, f64)> = curve
            .iter()
            .map(|point| (point.threshold, point.all))
            .take_while(|(_, benefit)| *benefit >= -0.25 * top)
            .collect();
        let model = curve.iter().map(|point| (point.threshold, point.model.max(-0.25 * top)));
        chart.draw_series(LineSeries::new([(0.0, 0.0), (1.0, 0.0)], MUTED.stroke_width(2)))?;
        chart.draw_series(LineSeries::new(all, ORANGE.stroke_width(4)))?;
        chart.draw_series(LineSeries::new(model, BLUE.stroke_width(4)))?;
        let threshold = [(report.threshold, -0.25 * top), (report.threshold, top)];
        chart.draw_series(DashedLineSeries::new(threshold, 8, 8, GREEN.stroke_width(3)))?;
        Ok(())
    })
}

/// One line of a picture: its colour and its value in an epoch, where there is one.
type Line = (RGBColor, fn(&CardEpoch) -> Option<f64>);

/// Draw the loss (cross-entropy, nats) of training and validation.
///
/// # Errors
/// Where the plotting library refuses.
pub fn loss(report: &Report) -> Result<String> {
    let lines: [Line; 2] =
        [(ORANGE, |epoch| Some(epoch.train_loss)), (BLUE, |epoch| Some(epoch.valid_loss))];
    let digits = |value: &f64| format!("{value:.2}");
    draw_learning(
        report,
        ("Learning curve: loss by epoch", "Cross-entropy (nats)"),
        &lines,
        &digits,
    )
}

/// Draw the accuracy at probability 0.5 of training and validation, and the validation AUC.
///
/// # Errors
/// Where the plotting library refuses.
pub fn accuracy(report: &Report) -> Result<String> {
    let lines: [Line; 3] = [
        (ORANGE, |epoch| epoch.train_accuracy),
        (BLUE, |epoch| Some(epoch.valid_accuracy)),
        (GREEN, |epoch| Some(epoch.valid_auc)),
    ];
    draw_learning(report, ("Learning curve: accuracy by epoch", "Accuracy; AUC"), &lines, &percent)
}

fn draw_learning(
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

#[cfg(test)]
mod tests {
    use super::clip;

    #[test]
    fn a_line_is_cut_at_its_frame() {
        let line = [(0.0, 0.0), (0.1, 0.6), (0.3, 0.8), (1.0, 1.0)];
        let cut = clip(line.into_iter(), &(0.0..0.2), 0.3);
        let expected = [(0.05, 0.3), (0.1, 0.6), (0.2, 0.7)];
        assert_eq!(cut.len(), 3);
        for (ours, known) in cut.iter().zip(expected) {
            assert!((ours.0 - known.0).abs() < 1e-12 && (ours.1 - known.1).abs() < 1e-12);
        }
    }
}
