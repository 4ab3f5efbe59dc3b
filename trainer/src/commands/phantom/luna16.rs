//! Synthetic scans in the layout of a LUNA16 download.

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use nodulens_imaging::geometry::{SpacingMm, WorldMm};
use nodulens_imaging::phantom::chest::{Chest, chest};
use nodulens_imaging::volume::{Samples, Volume};
use std::fs;
use std::io::Write;
use std::path::Path;

/// Voxels of a scan along x, y and z: no two the same, so that mixed-up axes show.
const SIZE: [usize; 3] = [120, 100, 24];
/// Nodules of a scan.
const NODULES: usize = 2;
/// Candidates without a nodule of a scan: more than are kept, so that there is a sample to draw.
const OTHERS: usize = 16;

/// One way of storing a scan.
struct Kind {
    spacing: SpacingMm,
    reversed: [bool; 3],
    compressed: bool,
    /// Scans back to the one with the same anatomy.
    back: usize,
}

/// In turn.
const KINDS: [Kind; 4] = [
    Kind { spacing: mm(0.7, 0.7, 2.5), reversed: [false; 3], compressed: false, back: 0 },
    Kind { spacing: mm(0.7, 0.7, 2.5), reversed: [true, true, false], compressed: false, back: 1 },
    Kind { spacing: mm(0.6, 0.9, 3.0), reversed: [false; 3], compressed: true, back: 0 },
    Kind { spacing: mm(0.8, 0.8, 1.25), reversed: [false; 3], compressed: true, back: 0 },
];

const fn mm(x: f64, y: f64, z: f64) -> SpacingMm {
    SpacingMm { x, y, z }
}

/// Write `scans` scans with `annotations.csv` and `candidates.csv` into `out`.
///
/// # Errors
/// Where the disk refuses.
pub fn write(out: &Path, seed: u64, scans: usize, truncated: bool) -> Result<()> {
    fs::create_dir_all(out).with_context(|| out.display().to_string())?;
    let mut annotations = csv::Writer::from_path(out.join("annotations.csv"))?;
    annotations.write_record(["seriesuid", "coordX", "coordY", "coordZ", "diameter_mm"])?;
    let mut candidates = csv::Writer::from_path(out.join("candidates.csv"))?;
    candidates.write_record(["seriesuid", "coordX", "coordY", "coordZ", "class"])?;
    for i in 0..scans {
        let kind = &KINDS[i % KINDS.len()];
        let seed = seed.wrapping_add((i - kind.back) as u64);
        let chest = chest(seed, SIZE, kind.spacing, NODULES, OTHERS)?.reversed(kind.reversed)?;
        // 2.25 is the branch of UIDs that anyone may make.
        let series = format!("2.25.{}", 1000 + i);
        let folder = out.join(format!("subset{}", i % 10));
        fs::create_dir_all(&folder)?;
        let cut = truncated && i + 1 == scans;
        write_scan(&folder, &series, &chest.volume, kind.compressed, cut)?;
        for nodule in &chest.nodules {
            row(&mut annotations, &series, nodule.center, &nodule.diameter_mm.to_string())?;
        }
        for (at, class) in candidates_of(&chest) {
            row(&mut candidates, &series, at, class)?;
        }
    }
    annotations.flush()?;
    candidates.flush()?;
    Ok(())
}

/// Return the candidates. A detector's nodules lie a little off: here by a quarter of a millimetre
/// along each axis.
fn candidates_of(chest: &Chest) -> impl Iterator<Item = (WorldMm, &'static str)> {
    let off = |at: WorldMm| WorldMm { x: at.x + 0.25, y: at.y - 0.25, z: at.z + 0.25 };
    let nodules = chest.nodules.iter().map(move |nodule| (off(nodule.center), "1"));
    chest.others.iter().map(|at| (*at, "0")).chain(nodules)
}

fn row(table: &mut csv::Writer<fs::File>, series: &str, at: WorldMm, last: &str) -> Result<()> {
    let [x, y, z] = [at.x, at.y, at.z].map(|mm| mm.to_string());
    table.write_record([series, &x, &y, &z, last])?;
    Ok(())
}

/// Write a `.mhd` and its `.raw` or `.zraw`; the latter cut to half where asked.
fn write_scan(
    folder: &Path,
    series: &str,
    volume: &Volume,
    compressed: bool,
    cut: bool,
) -> Result<()> {
    let plain: Vec<u8> = match volume.samples() {
        Samples::Int16(samples) => samples.iter().flat_map(|hu| hu.to_le_bytes()).collect(),
        Samples::Float32(samples) => {
            samples.iter().flat_map(|hu| (*hu as i16).to_le_bytes()).collect()
        }
    };
    let mut data = plain;
    if compressed {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(&data)?;
        data = zlib.finish()?;
    }
    let extension = if compressed { "zraw" } else { "raw" };
    let geometry = volume.geometry();
    let [width, height, depth] = geometry.size();
    let (origin, spacing) = (geometry.origin(), geometry.spacing_mm());
    let axes: Vec<String> =
        geometry.axes().0.iter().flat_map(|axis| axis.0).map(|side| side.to_string()).collect();
    // LUNA16's keys, in LUNA16's order.
    let mut header = String::from("ObjectType = Image\nNDims = 3\nBinaryData = True\n");
    header += "BinaryDataByteOrderMSB = False\n";
    header += if compressed { "CompressedData = True\n" } else { "CompressedData = False\n" };
    if compressed {
        header += &format!("CompressedDataSize = {}\n", data.len());
    }
    header += &format!("TransformMatrix = {}\n", axes.join(" "));
    header += &format!("Offset = {} {} {}\n", origin.x, origin.y, origin.z);
    header += "CenterOfRotation = 0 0 0\nAnatomicalOrientation = RAI\n";
    header += &format!("ElementSpacing = {} {} {}\n", spacing.x, spacing.y, spacing.z);
    header += &format!("DimSize = {width} {height} {depth}\nElementType = MET_SHORT\n");
    header += &format!("ElementDataFile = {series}.{extension}\n");
    if cut {
        data.truncate(data.len() / 2);
    }
    fs::write(folder.join(format!("{series}.mhd")), header)?;
    fs::write(folder.join(format!("{series}.{extension}")), data)?;
    Ok(())
}
