//! Histogram of probabilities, results by group, predictive value over prevalence.

use super::{
    BLUE, GREEN, HEIGHT, INK, LABEL, MUTED, NAME, ORANGE, WIDTH, chart, outline, percent, svg,
    words,
};
use crate::metrics::subgroups::Subgroup;
use crate::report::Report;
use crate::report::measure::MARKED_PREVALENCE;
use anyhow::Result;
use plotters::prelude::*;

/// Draw the probabilities of nodules (above) and of the others (below), as shares of their class:
/// there are five times as many others.
///
/// # Errors
/// Where the plotting library refuses.
pub fn histogram(report: &Report) -> Result<String> {
    let label = "Histogram of the probabilities of nodules and of patches without one";
    svg((2 * WIDTH, 840), label, |area| {
        let (upper, lower) = area.split_vertically(392);
        let classes = [
            (upper, &report.histogram.nodules, BLUE, "Nodules", ""),
            (lower, &report.histogram.others, ORANGE, "No nodule", "Probability of a nodule"),
        ];
        for (area, counts, color, name, x_name) in classes {
            let all = counts.iter().sum::<usize>().max(1) as f64;
            let most = counts.iter().max().copied().unwrap_or(0).max(1) as f64 / all;
            let y_name = format!("{name}, share");
            let mut chart =
                chart(&area, (0.0..1.0, x_name, &percent), (0.0..most * 1.1, &y_name, &percent))?;
            let width = 1.0 / counts.len().max(1) as f64;
            chart.draw_series(counts.iter().enumerate().map(|(i, count)| {
                let left = i as f64 * width;
                let top = *count as f64 / all;
                let corners = [(left + 0.08 * width, 0.0), (left + 0.92 * width, top)];
                Rectangle::new(corners, color.filled())
            }))?;
            let line = [(report.threshold, 0.0), (report.threshold, most * 1.1)];
            chart.draw_series(DashedLineSeries::new(line, 8, 8, GREEN.stroke_width(3)))?;
        }
        Ok(())
    })
}

/// Draw the recall of each group with its interval, the recall of all as a dashed line.
///
/// # Errors
/// Where the plotting library refuses.
pub fn recall_by_group(report: &Report, name: &str, groups: &[&Subgroup]) -> Result<String> {
    let groups: Vec<&&Subgroup> = groups.iter().filter(|group| group.recall.is_some()).collect();
    let height = 148 + 68 * groups.len() as u32;
    svg((WIDTH, height), &format!("Sensitivity by {name}"), |area| {
        let rows = groups.len() as f64;
        let mut chart = ChartBuilder::on(area)
            .margin_top(20)
            .margin_right(48)
            .x_label_area_size(100)
            .y_label_area_size(380)
            .build_cartesian_2d(0.0..1.0, 0.0..rows)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .x_labels(6)
            .max_light_lines(0)
            .bold_line_style(GRID_LINE)
            .axis_style(MUTED.stroke_width(2))
            .label_style(words(LABEL, MUTED))
            .set_all_tick_mark_size(8)
            .axis_desc_style(words(NAME, INK))
            .x_desc("Sensitivity (recall), 95 % interval")
            .x_label_formatter(&percent)
            .draw()?;
        let all = [(report.recall, 0.0), (report.recall, rows)];
        chart.draw_series(DashedLineSeries::new(all, 8, 8, MUTED.stroke_width(2)))?;
        for (i, group) in groups.iter().enumerate() {
            let y = rows - 0.5 - i as f64;
            let (Some(recall), Some([low, high])) = (group.recall, group.recall_ci95) else {
                continue;
            };
            chart.draw_series(LineSeries::new([(low, y), (high, y)], BLUE.stroke_width(4)))?;
            chart.draw_series([Circle::new((recall, y), 10, BLUE.filled())])?;
            let text = format!("{} (n = {})", group.label, group.positives);
            let style = words(LABEL, INK).pos(plotters::style::text_anchor::Pos::new(
                plotters::style::text_anchor::HPos::Right,
                plotters::style::text_anchor::VPos::Center,
            ));
            chart.draw_series([EmptyElement::at((0.0, y)) + Text::new(text, (-16, 0), style)])?;
        }
        Ok(())
    })
}

/// The quiet grid, where [`chart`] cannot be used.
const GRID_LINE: ShapeStyle = ShapeStyle {
    color: RGBAColor(super::GRID.0, super::GRID.1, super::GRID.2, 1.0),
    filled: false,
    stroke_width: 2,
};

/// Draw the predictive value of "nodule" over the share of nodules, with the marked shares.
///
/// # Errors
/// Where the plotting library refuses.
pub fn predictive_value(report: &Report) -> Result<String> {
    let label = "Positive predictive value over prevalence, at the threshold";
    svg((2 * WIDTH, HEIGHT), label, |area| {
        let one_in = |share: &f64| format!("1 in {:.0}", 1.0 / share);
        let mut chart = chart(
            area,
            ((0.001..0.5).log_scale(), "Share of nodules among the candidates", &one_in),
            (0.0..1.0, "Chance that “nodule” is right (PPV)", &percent),
        )?;
        let points = report.prevalence.iter().filter(|point| point.prevalence >= 0.000_999);
        let band = points
            .clone()
            .filter_map(|point| point.ppv_ci95.map(|[low, high]| (point.prevalence, low, high)));
        let band: Vec<_> = band.collect();
        if !band.is_empty() {
            chart.draw_series([Polygon::new(outline(band.into_iter()), BLUE.mix(0.18))])?;
        }
        let line = points.filter_map(|point| Some((point.prevalence, point.ppv?)));
        chart.draw_series(LineSeries::new(line, BLUE.stroke_width(4)))?;
        for (share, name) in MARKED_PREVALENCE.into_iter().zip(["1 in 6", "1 in 408"]) {
            let line = [(share, 0.0), (share, 1.0)];
            chart.draw_series(DashedLineSeries::new(line, 8, 8, MUTED.stroke_width(2)))?;
            let at = report.prevalence.iter().find(|point| point.prevalence == share);
            if let Some(ppv) = at.and_then(|point| point.ppv) {
                chart.draw_series([Circle::new((share, ppv), 10, BLUE.filled())])?;
                let text =
                    Text::new(format!("{name}: {}", percent(&ppv)), (18, 20), words(NAME, INK));
                chart.draw_series([EmptyElement::at((share, ppv)) + text])?;
            }
        }
        Ok(())
    })
}
