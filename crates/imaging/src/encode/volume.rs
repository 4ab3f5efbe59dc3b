//! A volume as MetaImage, NIfTI, NRRD, or a DICOM slice. Samples are stored as 16-bit HU.

use super::dicom::{DataSet, decimal, file, uid};
use crate::geometry::{Vec3, VolumeGeometry, VoxelPoint};
use crate::tags;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

/// CT Image Storage.
const CT_IMAGE: &str = "1.2.840.10008.5.1.4.1.1.2";
/// What is added to a stored value to give HU, as scanners have it.
const INTERCEPT: i16 = -1024;

/// A `.mha`: header and samples in one; with `raw` the header of a `.mhd` that names that file,
/// without samples.
#[must_use]
pub fn metaimage(geometry: &VolumeGeometry, hu: &[i16], raw: Option<&str>) -> Vec<u8> {
    let [width, height, depth] = geometry.size();
    let (origin, spacing) = (geometry.origin(), geometry.spacing_mm());
    let axes: Vec<String> =
        geometry.axes().0.iter().flat_map(|axis| axis.0).map(|side| side.to_string()).collect();
    let header = format!(
        "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n\
         CompressedData = False\nTransformMatrix = {}\nOffset = {} {} {}\n\
         CenterOfRotation = 0 0 0\nAnatomicalOrientation = RAI\nElementSpacing = {} {} {}\n\
         DimSize = {width} {height} {depth}\nElementType = MET_SHORT\nElementDataFile = {}\n",
        axes.join(" "),
        origin.x,
        origin.y,
        origin.z,
        spacing.x,
        spacing.y,
        spacing.z,
        raw.unwrap_or("LOCAL"),
    );
    let mut bytes = header.into_bytes();
    if raw.is_none() {
        bytes.extend(little_endian(hu));
    }
    bytes
}

/// A `.nii.gz` (NIfTI-1): the sform holds the axes, turned from LPS to RAS. `description` of at
/// most 79 bytes.
///
/// # Errors
/// None in practice: memory does not refuse to be written.
pub fn nifti(
    geometry: &VolumeGeometry,
    hu: &[i16],
    description: &str,
) -> Result<Vec<u8>, std::io::Error> {
    let mut header = vec![0_u8; 352];
    let mut put = |at: usize, bytes: &[u8]| {
        if let Some(field) = header.get_mut(at..at + bytes.len()) {
            field.copy_from_slice(bytes);
        }
    };
    put(0, &348_i32.to_le_bytes());
    let [width, height, depth] = geometry.size();
    for (k, side) in [3, width, height, depth, 1, 1, 1, 1].into_iter().enumerate() {
        put(40 + 2 * k, &(side as i16).to_le_bytes());
    }
    // int16, 16 bits
    put(70, &4_i16.to_le_bytes());
    put(72, &16_i16.to_le_bytes());
    let spacing = geometry.spacing_mm();
    for (k, side) in [1.0, spacing.x, spacing.y, spacing.z].into_iter().enumerate() {
        put(76 + 4 * k, &(side as f32).to_le_bytes());
    }
    // Samples from 352 on, slope 1, mm.
    put(108, &352_f32.to_le_bytes());
    put(112, &1_f32.to_le_bytes());
    put(123, &[2]);
    let description = description.as_bytes();
    put(148, &description[..description.len().min(79)]);
    // Only the sform is given (scanner's axes).
    put(254, &1_i16.to_le_bytes());
    let (origin, axes) = (geometry.origin(), geometry.axes());
    let (offset, pitch) = (Vec3::from(origin), Vec3::from(spacing));
    for row in 0..3 {
        let sign = if row < 2 { -1.0 } else { 1.0 };
        let line = [0, 1, 2].map(|k| axes[k][row] * pitch[k]);
        for (k, value) in line.into_iter().chain([offset[row]]).enumerate() {
            put(280 + 16 * row + 4 * k, &((sign * value) as f32).to_le_bytes());
        }
    }
    put(344, b"n+1\0");
    let mut zipped = GzEncoder::new(Vec::new(), Compression::fast());
    zipped.write_all(&header)?;
    zipped.write_all(&little_endian(hu))?;
    zipped.finish()
}

/// A `.nrrd` with its samples, gzip'ed, in LPS. `content` says what it is.
///
/// # Errors
/// None in practice: memory does not refuse to be written.
pub fn nrrd(
    geometry: &VolumeGeometry,
    hu: &[i16],
    content: &str,
) -> Result<Vec<u8>, std::io::Error> {
    let [width, height, depth] = geometry.size();
    let (origin, spacing, axes) = (geometry.origin(), geometry.spacing_mm(), geometry.axes());
    let pitch = Vec3::from(spacing);
    let directions = [0, 1, 2].map(|k| {
        let Vec3([x, y, z]) = axes[k] * pitch[k];
        format!("({x},{y},{z})")
    });
    let header = format!(
        "NRRD0004\ncontent: {content}\ntype: short\ndimension: 3\nspace: left-posterior-superior\n\
         sizes: {width} {height} {depth}\nspace directions: {}\nkinds: domain domain domain\n\
         endian: little\nencoding: gzip\nspace origin: ({},{},{})\n\n",
        directions.join(" "),
        origin.x,
        origin.y,
        origin.z,
    );
    let mut zipped = GzEncoder::new(header.into_bytes(), Compression::fast());
    zipped.write_all(&little_endian(hu))?;
    zipped.finish()
}

/// Slice `z` of a volume as a DICOM CT image. `series` names the series: the same name, the same
/// UIDs. `description` becomes the patient's name and the series' description.
#[must_use]
pub fn dicom_slice(
    geometry: &VolumeGeometry,
    z: usize,
    hu: &[i16],
    series: &str,
    description: &str,
) -> Vec<u8> {
    let [width, height, _] = geometry.size();
    let (spacing, axes) = (geometry.spacing_mm(), geometry.axes());
    let at = geometry.world_from_voxel(VoxelPoint { x: 0.0, y: 0.0, z: z as f64 });
    let list =
        |values: &[f64]| values.iter().map(|value| decimal(*value)).collect::<Vec<_>>().join("\\");
    let stored: Vec<i16> = hu.iter().map(|hu| hu.saturating_sub(INTERCEPT)).collect();
    let number = (z + 1).to_string();
    let data = DataSet::new()
        .text(tags::SPECIFIC_CHARACTER_SET, "CS", "ISO_IR 192")
        .text(tags::IMAGE_TYPE, "CS", "DERIVED\\SECONDARY\\AXIAL")
        .text(tags::STUDY_DATE, "DA", "")
        .text(tags::STUDY_TIME, "TM", "")
        .text(tags::ACCESSION_NUMBER, "SH", "")
        .text(tags::MODALITY, "CS", "CT")
        .text(tags::MANUFACTURER, "LO", "Nodulens")
        .text(tags::REFERRING_PHYSICIAN_NAME, "PN", "")
        .text(tags::SERIES_DESCRIPTION, "LO", description)
        .text(tags::PATIENT_NAME, "PN", "Synthetic^Phantom")
        .text(tags::PATIENT_ID, "LO", "SYNTHETIC")
        .text(tags::PATIENT_BIRTH_DATE, "DA", "")
        .text(tags::PATIENT_SEX, "CS", "")
        .text(tags::SLICE_THICKNESS, "DS", &decimal(spacing.z))
        .text(tags::KVP, "DS", "")
        .text(tags::PATIENT_POSITION, "CS", "HFS")
        .text(tags::STUDY_INSTANCE_UID, "UI", &uid(&format!("study of {series}")))
        .text(tags::SERIES_INSTANCE_UID, "UI", &uid(&format!("series of {series}")))
        .text(tags::STUDY_ID, "SH", "")
        .text(tags::SERIES_NUMBER, "IS", "1")
        .text(tags::ACQUISITION_NUMBER, "IS", "")
        .text(tags::INSTANCE_NUMBER, "IS", &number)
        .text(tags::IMAGE_POSITION_PATIENT, "DS", &list(&[at.x, at.y, at.z]))
        .text(tags::IMAGE_ORIENTATION_PATIENT, "DS", &list(&[axes[0].0, axes[1].0].concat()))
        .text(tags::FRAME_OF_REFERENCE_UID, "UI", &uid(&format!("frame of reference of {series}")))
        .text(tags::POSITION_REFERENCE_INDICATOR, "LO", "")
        .numbers(tags::SAMPLES_PER_PIXEL, &[1])
        .text(tags::PHOTOMETRIC_INTERPRETATION, "CS", "MONOCHROME2")
        .numbers(tags::ROWS, &[height as u16])
        .numbers(tags::COLUMNS, &[width as u16])
        .text(tags::PIXEL_SPACING, "DS", &list(&[spacing.y, spacing.x]))
        .numbers(tags::BITS_ALLOCATED, &[16])
        .numbers(tags::BITS_STORED, &[16])
        .numbers(tags::HIGH_BIT, &[15])
        .numbers(tags::PIXEL_REPRESENTATION, &[1])
        .text(tags::BURNED_IN_ANNOTATION, "CS", "NO")
        .text(tags::WINDOW_CENTER, "DS", "-600")
        .text(tags::WINDOW_WIDTH, "DS", "1500")
        .text(tags::RESCALE_INTERCEPT, "DS", &INTERCEPT.to_string())
        .text(tags::RESCALE_SLOPE, "DS", "1")
        .text(tags::RESCALE_TYPE, "LO", "HU")
        .words(tags::PIXEL_DATA, little_endian(&stored));
    file(CT_IMAGE, &uid(&format!("slice {z} of {series}")), data)
}

fn little_endian(values: &[i16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
