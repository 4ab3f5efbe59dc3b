//! A synthetic chest of full size as a scanner's files would be.

use anyhow::{Context, Result};
use clap::ValueEnum;
use nodulens_imaging::encode::{dicom_slice, metaimage, nifti, nrrd};
use nodulens_imaging::geometry::SpacingMm;
use nodulens_imaging::phantom::thorax::{EXAMPLE, SYNTHETIC, Thorax};
use std::fs;
use std::path::Path;

/// Field of view along x and y, mm.
const FIELD_MM: f64 = 358.4;
/// Between slices, mm.
const SLICES_MM: f64 = 2.5;

/// How a scan is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One file a slice.
    Dicom,
    /// MetaImage, header and samples apart.
    Mhd,
    /// MetaImage in one file.
    Mha,
    /// NIfTI, compressed.
    Nifti,
    /// NRRD, compressed.
    Nrrd,
}

/// Writes the scan and `nodules.json` into `out`.
///
/// # Errors
/// Where the disk refuses.
pub fn write(out: &Path, seed: u64, format: Format, slices: usize, side: usize) -> Result<()> {
    fs::create_dir_all(out).with_context(|| out.display().to_string())?;
    let pixel = FIELD_MM / side as f64;
    let spacing = SpacingMm { x: pixel, y: pixel, z: SLICES_MM };
    let chest = Thorax::new(seed, [side, side, slices], spacing, &EXAMPLE)?;
    let (name, geometry) = (format!("phantom-{seed}"), chest.geometry());
    let whole = || -> Vec<i16> { (0..slices).flat_map(|z| chest.slice(z)).collect() };
    match format {
        Format::Dicom => {
            for z in 0..slices {
                // The UIDs follow from the name, so other sizes are other scans.
                let series = format!("{name} {side} {slices}");
                let bytes = dicom_slice(geometry, z, &chest.slice(z), &series, SYNTHETIC);
                fs::write(out.join(format!("{name}-{z:04}.dcm")), bytes)?;
            }
        }
        Format::Mhd => {
            let raw = format!("{name}.raw");
            fs::write(out.join(format!("{name}.mhd")), metaimage(geometry, &[], Some(&raw)))?;
            let bytes: Vec<u8> = whole().into_iter().flat_map(i16::to_le_bytes).collect();
            fs::write(out.join(raw), bytes)?;
        }
        Format::Mha => {
            fs::write(out.join(format!("{name}.mha")), metaimage(geometry, &whole(), None))?;
        }
        Format::Nifti => {
            let bytes = nifti(geometry, &whole(), SYNTHETIC)?;
            fs::write(out.join(format!("{name}.nii.gz")), bytes)?;
        }
        Format::Nrrd => {
            fs::write(out.join(format!("{name}.nrrd")), nrrd(geometry, &whole(), SYNTHETIC)?)?;
        }
    }
    let nodules: Vec<_> = chest
        .nodules()
        .iter()
        .map(|nodule| {
            let at = nodule.center;
            serde_json::json!({
                "world_mm": [at.x, at.y, at.z],
                "diameter_mm": nodule.planned.diameter_mm,
                "density": format!("{:?}", nodule.planned.density),
                "pleural": nodule.planned.pleural,
            })
        })
        .collect();
    let told = serde_json::json!({ "what": SYNTHETIC, "seed": seed, "nodules": nodules });
    fs::write(out.join("nodules.json"), serde_json::to_vec_pretty(&told)?)?;
    Ok(())
}
