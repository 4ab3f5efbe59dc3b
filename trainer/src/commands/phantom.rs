//! `nodulens phantom`: synthetic patches in the layout that `train` reads, or synthetic scans
//! in the layout that `dataset` reads.

mod luna16;

use crate::dataset::description::DataCard;
use anyhow::{Context, Result};
use clap::ValueEnum;
use image::{DynamicImage, GrayImage, ImageBuffer, ImageFormat, Luma, Rgb};
use nodulens::constants::{PATCH_SIZE, preprocess_id};
use nodulens::phantom::{Phantom, patches};
use nodulens::preprocess::{display_bytes, model_values};
use nodulens_imaging::encode::{dicom_slice, metaimage, nifti, nrrd};
use nodulens_imaging::geometry::SpacingMm;
use nodulens_imaging::phantom::thorax::{EXAMPLE, SYNTHETIC, Thorax};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Every so many patches, one is for validation.
const VALID_EVERY: usize = 4;
/// Folds, as LUNA16 has.
const SUBSETS: usize = 10;

/// Field of view along x and y, mm.
const FIELD_MM: f64 = 358.4;
/// Between slices, mm.
const SLICES_MM: f64 = 2.5;

/// Arguments of `nodulens phantom`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Folder for manifest.csv and crops50/, or with --luna16 for whole scans.
    #[arg(long)]
    out: PathBuf,
    /// Patches, alternately with and without a nodule.
    #[arg(long, default_value_t = 200)]
    count: usize,
    /// Seed of the first patch; the others follow.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Also write one patch in every kind of file, and some that must be refused, to formats/.
    #[arg(long)]
    formats: bool,
    /// Write whole scans instead, laid out as a LUNA16 download: what `nodulens dataset`
    /// reads. They are small chests with two nodules each, stored in four ways in turn: plain,
    /// the same anatomy with reversed axes, compressed with unequal spacing, compressed thin slices.
    #[arg(long, conflicts_with_all = ["count", "formats"])]
    luna16: bool,
    /// Write one whole chest instead, with nodules at places that nodules.json lists.
    #[arg(long, conflicts_with_all = ["count", "formats", "luna16"])]
    scan: bool,
    /// How --scan is stored.
    #[arg(long, value_enum, default_value = "dicom", requires = "scan")]
    format: Format,
    /// Slices of --scan, 2.5 mm apart, of 512 x 512 pixels.
    #[arg(long, default_value_t = 48, requires = "scan", value_parser = clap::value_parser!(u16).range(1..=600))]
    slices: u16,
    /// Pixels a side of --scan; the field of view stays the same.
    #[arg(long, default_value_t = 512, requires = "scan", value_parser = clap::value_parser!(u16).range(64..=1024))]
    side: u16,
    /// Scans of --luna16; the first ten lie in subset0 to subset9.
    #[arg(long, default_value_t = 10, requires = "luna16")]
    scans: usize,
    /// Cut the last scan's file short, as a broken download would.
    #[arg(long, requires = "luna16")]
    truncated: bool,
}

/// How a scan is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
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

/// Write the patches or the scans.
///
/// # Errors
/// Where the disk refuses.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    if arguments.scan {
        let Arguments { out, seed, format, slices, side, .. } = arguments;
        write_scan(out, *seed, *format, usize::from(*slices), usize::from(*side))?;
        println!("Wrote a synthetic chest to {}", out.display());
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.luna16 {
        let Arguments { out, seed, scans, truncated, .. } = arguments;
        luna16::write(out, *seed, *scans, *truncated)?;
        println!("Wrote {scans} synthetic scans to {}", out.display());
        return Ok(ExitCode::SUCCESS);
    }
    let phantoms = patches(arguments.seed, arguments.count);
    write_phantoms(&arguments.out, &phantoms)?;
    if arguments.formats {
        write_formats(&arguments.out.join("formats"), arguments.seed)?;
    }
    println!("Wrote {} synthetic patches to {}", phantoms.len(), arguments.out.display());
    Ok(ExitCode::SUCCESS)
}

/// Write patches as 8-bit PNG with a manifest.
///
/// # Errors
/// Where the disk refuses.
pub fn write_phantoms(folder: &Path, phantoms: &[Phantom]) -> Result<()> {
    let pictures = folder.join("crops50");
    fs::create_dir_all(&pictures).with_context(|| pictures.display().to_string())?;
    let mut manifest = csv::Writer::from_path(folder.join("manifest.csv"))?;
    let columns = ["candidate_row", "seriesuid", "class", "luna_subset", "split_patientwise"];
    manifest.write_record(columns)?;
    for (i, phantom) in phantoms.iter().enumerate() {
        let name = phantom.seed.to_string();
        grey(phantom)?.save(pictures.join(format!("{name}.png")))?;
        // In pairs, so that both parts hold both classes.
        let part = if i / 2 % VALID_EVERY == VALID_EVERY - 1 { "val" } else { "train" };
        let class = u8::from(phantom.nodule).to_string();
        let subset = (i / 2 % SUBSETS).to_string();
        manifest.write_record([&name, &format!("phantom-{name}"), &class, &subset, part])?;
    }
    manifest.flush()?;
    let card = DataCard {
        name: "synthetic patches".to_owned(),
        description: "Synthetic patches, drawn by `nodulens phantom`; not from a patient."
            .to_owned(),
        license: "none needed: drawn by a program".to_owned(),
        limits: vec!["It has never seen a lung.".to_owned()],
        citations: Vec::new(),
        preprocess_id: preprocess_id(),
    };
    let path = folder.join("dataset.json");
    fs::write(&path, serde_json::to_vec_pretty(&card)?).with_context(|| path.display().to_string())
}

fn grey(phantom: &Phantom) -> Result<GrayImage> {
    let side = PATCH_SIZE as u32;
    let bytes = display_bytes(&model_values(&phantom.patch));
    GrayImage::from_raw(side, side, bytes).context("a phantom has the size of a patch")
}

/// Write the same patch in every kind of file, and files that are refused for one reason each.
fn write_formats(folder: &Path, seed: u64) -> Result<()> {
    fs::create_dir_all(folder)?;
    let patch = grey(&nodulens::phantom::patch(seed, true))?;
    let side = PATCH_SIZE as u32;
    let deep: ImageBuffer<Luma<u16>, _> =
        ImageBuffer::from_fn(side, side, |x, y| Luma([u16::from(patch.get_pixel(x, y)[0]) * 257]));
    let colour: ImageBuffer<Rgb<u8>, _> =
        ImageBuffer::from_fn(side, side, |x, y| Rgb([patch.get_pixel(x, y)[0]; 3]));
    let (large, small) = (512, 20);
    let offset = (large - side) / 2;
    let mut slice = GrayImage::from_pixel(large, large, Luma([30]));
    image::imageops::replace(&mut slice, &patch, i64::from(offset), i64::from(offset));
    let cut = image::imageops::crop_imm(&patch, 0, 0, small, small).to_image();
    let files: [(&str, DynamicImage, ImageFormat); 9] = [
        ("grey8.png", patch.clone().into(), ImageFormat::Png),
        ("grey16.png", deep.clone().into(), ImageFormat::Png),
        ("rgb.png", colour.into(), ImageFormat::Png),
        ("grey8.tiff", patch.clone().into(), ImageFormat::Tiff),
        ("grey16.tiff", deep.into(), ImageFormat::Tiff),
        ("grey8.bmp", patch.clone().into(), ImageFormat::Bmp),
        ("grey8.jpg", patch.into(), ImageFormat::Jpeg),
        ("large-512.png", slice.into(), ImageFormat::Png),
        ("small-20.png", cut.into(), ImageFormat::Png),
    ];
    for (name, image, format) in files {
        image.save_with_format(folder.join(name), format)?;
    }
    fs::write(folder.join("text.png"), "This is a text file whose name ends in .png.\n")?;
    Ok(())
}

/// Write the scan and `nodules.json` into `out`.
///
/// # Errors
/// Where the disk refuses.
fn write_scan(out: &Path, seed: u64, format: Format, slices: usize, side: usize) -> Result<()> {
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
