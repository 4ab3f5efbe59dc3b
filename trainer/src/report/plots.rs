//! The report's pictures: [`Report`](super::Report) -> SVG, to stand inside the page.
//!
//! Colours are named here once, as the page's style sheet names them: it repaints them for a dark
//! screen by their very value. They are Okabe and Ito's, which colour-blind readers tell apart.

pub mod curves;
pub mod shares;

use anyhow::Result;
use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::prelude::*;

/// Words and axes.
pub const INK: RGBColor = RGBColor(0x1B, 0x1F, 0x24);
/// Ticks, references.
pub const MUTED: RGBColor = RGBColor(0x5F, 0x68, 0x73);
/// Lines behind the data.
pub const GRID: RGBColor = RGBColor(0xDD, 0xE1, 0xE6);
/// Ours; validation; nodules.
pub const BLUE: RGBColor = RGBColor(0x00, 0x72, 0xB2);
/// The paper's; training; patches without a nodule.
pub const ORANGE: RGBColor = RGBColor(0xD5, 0x5E, 0x00);
/// A third thing.
pub const GREEN: RGBColor = RGBColor(0x00, 0x9E, 0x73);

/// Width of a picture in pixels of its own. The library rounds to whole pixels, so they are small:
/// the page shows two as one.
pub const WIDTH: u32 = 1040;
/// Height of most pictures.
pub const HEIGHT: u32 = 800;

/// Size of numbers on an axis and of words in a plot; the library draws at four fifths of it.
pub const LABEL: u32 = 34;
/// Size of an axis' name.
pub const NAME: u32 = 36;

/// A drawing area that ends up in a string.
pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// An axis: its range, its name with the unit, and how its numbers are written.
pub type Axis<'a, Range> = (Range, &'a str, &'a dyn Fn(&f64) -> String);

/// A chart with both axes.
pub type Chart<'a, 'b, X, Y> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<X, Y>>;

/// Draw, and make the result fit to stand in a page: scalable, named for those who cannot see it,
/// and without the address of a name space that inline SVG does not need.
///
/// # Errors
/// Where the plotting library refuses.
pub fn svg(
    (width, height): (u32, u32),
    label: &str,
    draw: impl FnOnce(&Area<'_>) -> Result<()>,
) -> Result<String> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, (width, height)).into_drawing_area();
        draw(&area)?;
        area.present()?;
    }
    let body = text.split_once('>').map_or("", |(_, body)| body);
    Ok(format!(
        "<svg role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {width} {height}\">{}",
        super::html::escape(label),
        body.trim_end()
    ))
}

/// Return the style of words on a plot.
pub fn words(size: u32, color: RGBColor) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&color)
}

/// Write a share of a hundred, for an axis.
pub fn percent(value: &f64) -> String {
    format!("{:.0} %", value * 100.0)
}

/// Draw an empty chart with axes, their names and a quiet grid.
///
/// # Errors
/// Where the plotting library refuses.
pub fn chart<'a, 'b, X, Y>(
    area: &'a Area<'b>,
    (x, x_name, x_format): Axis<'_, X>,
    (y, y_name, y_format): Axis<'_, Y>,
) -> Result<Chart<'a, 'b, X::CoordDescType, Y::CoordDescType>>
where
    X: AsRangedCoord<Value = f64>,
    Y: AsRangedCoord<Value = f64>,
    X::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
    Y::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let mut chart = ChartBuilder::on(area)
        .margin_top(24)
        .margin_right(48)
        .x_label_area_size(100)
        .y_label_area_size(150)
        .build_cartesian_2d(x, y)?;
    chart
        .configure_mesh()
        .x_labels(6)
        .y_labels(6)
        .max_light_lines(0)
        .bold_line_style(GRID.stroke_width(2))
        .axis_style(MUTED.stroke_width(2))
        .label_style(words(LABEL, MUTED))
        .set_all_tick_mark_size(8)
        .axis_desc_style(words(NAME, INK))
        .x_desc(x_name)
        .y_desc(y_name)
        .x_label_formatter(x_format)
        .y_label_formatter(y_format)
        .draw()?;
    Ok(chart)
}

/// Return the outline of a band: its upper edge forth, its lower edge back.
pub fn outline(
    points: impl DoubleEndedIterator<Item = (f64, f64, f64)> + Clone,
) -> Vec<(f64, f64)> {
    let upper = points.clone().map(|(x, _, high)| (x, high));
    let lower = points.rev().map(|(x, low, _)| (x, low));
    upper.chain(lower).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_named_and_asks_for_nothing() {
        let text = svg((100, 50), "one \"two\" <three>", |area| {
            chart(area, (0.0..1.0, "x", &percent), (0.0..1.0, "y", &percent)).map(|_| ())
        })
        .unwrap();
        assert!(
            text.starts_with("<svg role=\"img\" aria-label=\"one &quot;two&quot; &lt;three&gt;\"")
        );
        assert!(text.ends_with("</svg>") && !text.contains("http"), "{text}");
    }
}
