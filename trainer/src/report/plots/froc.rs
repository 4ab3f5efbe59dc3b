//! The FROC curve.

use super::{BLUE, HEIGHT, WIDTH, chart, percent, svg};
use crate::metrics::froc::{Froc, RATES};
use anyhow::Result;
use plotters::prelude::*;

/// 0.125 -> "1/8".
pub fn rate_name(rate: f64) -> String {
    if rate < 1.0 { format!("1/{:.0}", 1.0 / rate) } else { format!("{rate:.0}") }
}

/// Sensitivity over the false positives a scan, from 1/8 to 8, with the seven points.
///
/// # Errors
/// Where the plotting library refuses.
pub fn froc(froc: &Froc) -> Result<String> {
    let (first, last) = (RATES[0], RATES[RATES.len() - 1]);
    let label = format!("FROC curve: mean sensitivity (CPM) {:.3}", froc.cpm);
    svg((2 * WIDTH, HEIGHT), &label, |area| {
        let name = |rate: &f64| rate_name(*rate);
        let rates = (first..last * 1.05).log_scale().base(2.0).with_key_points(RATES.to_vec());
        let mut chart = chart(
            area,
            (rates, "False positives a scan", &name),
            (0.0..1.0, "Sensitivity (share of nodules found)", &percent),
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
