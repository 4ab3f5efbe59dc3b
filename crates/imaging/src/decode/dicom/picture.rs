//! DICOM images without HU: screenshots, dose reports, photographs. They stay grey.

use super::dataset::DataSet;
use super::error::DicomError;
use super::pixels::{Frame, Pixels};
use super::shape::{Photometric, Shape};
use crate::decode::raster::GreyImage;
use crate::intensity::Grey;
use crate::tags;

/// Most frames of which pictures are made: a film of ultrasound has hundreds.
const MOST: usize = 64;

/// Why the image holds no HU; `None` where it does.
pub(crate) fn reason(set: &DataSet<'_>, shape: &Shape) -> Option<&'static str> {
    let class = set.text(tags::SOP_CLASS_UID).unwrap_or_default();
    let functional = !set.items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE).is_empty()
        || !set.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).is_empty();
    let rescaled = functional
        || [tags::RESCALE_SLOPE, tags::RESCALE_INTERCEPT]
            .iter()
            .any(|tag| set.decimal(*tag).is_some());
    match shape.photometric {
        Photometric::Colour { .. } => Some("a colour image"),
        _ if rescaled => None,
        _ if is_secondary(&class) => Some("a secondary capture without CT numbers"),
        _ if shape.stored <= 8 => Some("an image of 8 bits without CT numbers"),
        _ => None,
    }
}

/// Whether the SOP class is one of Secondary Capture's.
pub(crate) fn is_secondary(class: &str) -> bool {
    class.starts_with("1.2.840.10008.5.1.4.1.1.7")
        && matches!(class.as_bytes().get(25), None | Some(b'.'))
}

/// The pictures, one a frame.
pub(crate) fn read(
    pixels: &Pixels<'_>,
    shape: &Shape,
    reason: &str,
) -> Result<Vec<GreyImage>, DicomError> {
    let mut pictures = Vec::new();
    for index in 0..shape.frames.min(MOST) {
        let mut notes = vec![format!("DICOM, but {reason}: its grey values are not HU.")];
        let samples = match pixels.frame(index)? {
            Frame::Luma(luma) => luma.iter().map(|value| Grey(f32::from(*value) / 255.0)).collect(),
            Frame::Grey(bits) => {
                let lowest = if shape.signed { -(1_i32 << (shape.stored - 1)) } else { 0 };
                let range = ((1_u32 << shape.stored) - 1).max(1) as f32;
                let inverted = shape.photometric == Photometric::Monochrome1;
                let grey = |bits: &u16| {
                    let grey = (shape.value(*bits) - lowest) as f32 / range;
                    Grey(if inverted { 1.0 - grey } else { grey })
                };
                bits.iter().map(grey).collect()
            }
        };
        if shape.frames > 1 {
            let taken = shape.frames.min(MOST);
            notes.push(format!("Frame {} of {}; {taken} are shown.", index + 1, shape.frames));
        }
        pictures.push(GreyImage {
            width: shape.columns,
            height: shape.rows,
            samples,
            format: "DICOM",
            bit_depth: shape.allocated as u8,
            colour: matches!(shape.photometric, Photometric::Colour { .. }),
            notes,
        });
    }
    Ok(pictures)
}
