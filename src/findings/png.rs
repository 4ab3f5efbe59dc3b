//! The heat map as a picture.

use super::report::Report;
use crate::detection::HeatMap;
use flate2::Crc;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

/// Opacity of a probability of 1, in [0, 255]: what lies under it stays visible.
const OPACITY: f32 = 200.0;

/// Length of a PNG's signature and its first chunk, after which others may stand.
const AFTER_HEADER: usize = 8 + 25;

/// The map over a slice of `width` x `height` pixels: transparent where nothing was asked, from
/// yellow to red where something is probable. With `grey` (8 bits a pixel) under it; otherwise
/// to be laid over the slice.
///
/// # Errors
/// Where the picture cannot be encoded, as of no size.
pub fn heat_map_png(
    map: &HeatMap,
    [width, height]: [usize; 2],
    grey: Option<&[u8]>,
    report: &Report,
) -> Result<Vec<u8>, image::ImageError> {
    let mut rgba = Vec::with_capacity(width * height * 4);
    for y in 0..height {
        for x in 0..width {
            let cell = |k: usize, at: usize| (at as f64 / map.step_px[k] + 0.5) as usize;
            let (column, row) = (cell(0, x), cell(1, y));
            // The last pixels belong to the last cell.
            let probability = map
                .at(column.min(map.width.saturating_sub(1)), row.min(map.height.saturating_sub(1)));
            let under = grey.map(|grey| f32::from(grey.get(y * width + x).copied().unwrap_or(0)));
            let heat = probability.map(|p| ([255.0, 220.0 * (1.0 - p), 0.0], p * OPACITY));
            rgba.extend(match (under, heat) {
                (None, None) => [0; 4],
                (None, Some((colour, alpha))) => {
                    [colour[0] as u8, colour[1] as u8, colour[2] as u8, alpha as u8]
                }
                (Some(under), heat) => {
                    let (colour, alpha) = heat.unwrap_or(([0.0; 3], 0.0));
                    let part = alpha / 255.0;
                    let mix = colour.map(|colour| (under + (colour - under) * part) as u8);
                    [mix[0], mix[1], mix[2], 255]
                }
            });
        }
    }
    let mut png = Vec::new();
    let (columns, rows) = (width as u32, height as u32);
    PngEncoder::new(&mut png).write_image(&rgba, columns, rows, ExtendedColorType::Rgba8)?;
    let told: Vec<&str> = report.warnings.iter().map(|one| &*one.message).collect();
    Ok(png_with_text(
        &png,
        &[
            ("Warning", &told.join(" ")),
            ("Software", &report.program),
            ("Disclaimer", report.notice),
            ("Source", &format!("{} SHA-256 {}", report.input.title, report.input.sha256)),
            ("Comment", &format!("{} SHA-256 {}", report.model.id, report.model.sha256)),
        ],
    ))
}

/// A PNG with these texts in it (chunks iTXt, UTF-8).
#[must_use]
pub fn png_with_text(png: &[u8], texts: &[(&str, &str)]) -> Vec<u8> {
    let Some((head, tail)) = png.split_at_checked(AFTER_HEADER) else { return png.to_vec() };
    let mut out = head.to_vec();
    for (key, text) in texts {
        let mut chunk = b"iTXt".to_vec();
        chunk.extend(key.as_bytes());
        // Not compressed, no language, no translated key.
        chunk.extend([0, 0, 0, 0, 0]);
        chunk.extend(text.as_bytes());
        let mut crc = Crc::new();
        crc.update(&chunk);
        out.extend(((chunk.len() - 4) as u32).to_be_bytes());
        out.extend(chunk);
        out.extend(crc.sum().to_be_bytes());
    }
    out.extend(tail);
    out
}
