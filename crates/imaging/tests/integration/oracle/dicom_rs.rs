//! DICOM as dicom-rs reads it: a reader that shares no code with ours but the JPEG decoder.

use super::meaning::{Meant, cross, scaled};
use dicom_object::{FileDicomObject, InMemDicomObject, OpenFileOptions, Tag};
use dicom_pixeldata::PixelDecoder;
use std::collections::BTreeSet;

/// A slice of one frame; the reason where dicom-rs does not read it, or its place is not there.
pub fn slice(bytes: &[u8]) -> Result<Meant, String> {
    let set = OpenFileOptions::new().from_reader(bytes).map_err(|error| chain(&error))?;
    let vector = |group, element| numbers(&set, Tag(group, element));
    let (place, turn, pitch) =
        (vector(0x0020, 0x0032)?, vector(0x0020, 0x0037)?, vector(0x0028, 0x0030)?);
    let (&[x, y, z], &[a, b, c, d, e, f], &[down, across]) = (&place[..], &turn[..], &pitch[..])
    else {
        return Err("its place is not told".to_owned());
    };
    let (row, column) = ([a, b, c], [d, e, f]);
    let pixels = set.decode_pixel_data().map_err(|error| chain(&error))?;
    if pixels.number_of_frames() != 1 || pixels.samples_per_pixel() != 1 {
        return Err("it is no slice of one frame".to_owned());
    }
    let hu: Vec<f64> = pixels.to_vec().map_err(|error| chain(&error))?;
    Ok(Meant {
        size: [pixels.columns() as usize, pixels.rows() as usize, 1],
        // Along its normal a slice alone has no pitch: any will do.
        steps: [scaled(row, across), scaled(column, down), cross(row, column)],
        origin: [x, y, z],
        hu,
        told: BTreeSet::new(),
    })
}

fn numbers(set: &FileDicomObject<InMemDicomObject>, tag: Tag) -> Result<Vec<f64>, String> {
    let element = set.element(tag).map_err(|error| chain(&error))?;
    element.to_multi_float64().map_err(|error| chain(&error))
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
