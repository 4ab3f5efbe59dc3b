//! A folder of nodules in native HU: `manifest.csv` and a NumPy archive each, whose array `hu` holds
//! whole numbers `[row, column, slice]`, slices from the feet up.

use super::ManifestRow;
use anyhow::{Context, Result, bail, ensure};
use nodulens::patch::Patch;
use nodulens_imaging::geometry::{Axes, SpacingMm, VolumeGeometry, VoxelPoint, WorldMm};
use nodulens_imaging::volume::{Samples, Volume};
use serde::Deserialize;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use zip::ZipArchive;

/// Most voxels of a cube: 100 x 100 pixels of 1,000 slices.
const MOST_VOXELS: usize = 10_000_000;

/// What the manifest says of a cube. Indices count from 0 at the centre of the first voxel.
#[derive(Clone, Debug, Deserialize)]
pub struct CubeRow {
    /// Name of the archive.
    pub file: String,
    /// Patient.
    pub patient: String,
    /// Scan.
    pub seriesuid: String,
    /// Side of a pixel, mm.
    pub pixel_spacing_mm: f64,
    /// From slice to slice, mm.
    pub slice_step_mm: f64,
    /// Row of the nodule's centre.
    pub centre_row: f64,
    /// Its column.
    pub centre_col: f64,
    /// Its slice.
    pub centre_slice: f64,
    /// Readers who marked it.
    pub n_readers: u32,
    /// Its diameter, mm.
    pub diameter_mm: f64,
}

impl CubeRow {
    /// Return it as a row by which whom a network learnt from is looked up.
    pub fn named(&self) -> ManifestRow {
        ManifestRow {
            patient_id: Some(self.patient.clone()),
            seriesuid: Some(self.seriesuid.clone()),
            ..ManifestRow::default()
        }
    }
}

/// A nodule and what lies around it.
#[derive(Clone, Debug)]
pub struct Cube {
    /// What is known of it.
    pub row: CubeRow,
    /// Rows, columns, slices.
    size: [usize; 3],
    hu: Vec<i16>,
}

impl Cube {
    /// Return the patch at the nodule's centre, with its surroundings, of the mean of so many slices
    /// about it: what a thicker slice shows. `None` where there are fewer.
    ///
    /// # Errors
    /// A spacing that no scan has.
    pub fn patch(&self, slices: usize) -> Result<Option<Patch>> {
        let [rows, columns, depth] = self.size;
        let Some(last) = depth.checked_sub(slices) else { return Ok(None) };
        let first = self.row.centre_slice - (slices as f64 - 1.0) / 2.0;
        let first = (first.round().max(0.0) as usize).min(last);
        let pixels = self.hu.chunks_exact(depth).map(|through| {
            let sum: i32 = through[first..first + slices].iter().map(|hu| i32::from(*hu)).sum();
            sum as f32 / slices as f32
        });
        let origin = WorldMm { x: 0.0, y: 0.0, z: 0.0 };
        let side = self.row.pixel_spacing_mm;
        let spacing = SpacingMm { x: side, y: side, z: self.row.slice_step_mm };
        let geometry = VolumeGeometry::new([columns, rows, 1], origin, spacing, Axes::IDENTITY)?;
        let slice = Volume::new(Samples::Float32(pixels.collect()), geometry)?;
        let centre = VoxelPoint { x: self.row.centre_col, y: self.row.centre_row, z: 0.0 };
        Ok(Some(Patch::from_volume(&slice, centre)?.0))
    }
}

/// Read the cubes of a folder.
///
/// # Errors
/// A missing manifest, an archive that is damaged or holds another array.
pub fn read_cubes(folder: &Path) -> Result<Vec<Cube>> {
    let path = folder.join("manifest.csv");
    let mut table = csv::Reader::from_path(&path).with_context(|| path.display().to_string())?;
    let read = |row: csv::Result<CubeRow>| {
        let row = row.with_context(|| path.display().to_string())?;
        let path = folder.join(&row.file);
        let (size, hu) = read_array(&path).with_context(|| path.display().to_string())?;
        Ok(Cube { row, size, hu })
    };
    table.deserialize().map(read).collect()
}

/// Read the array `hu` of an archive: its shape, and the numbers in C order.
fn read_array(path: &Path) -> Result<([usize; 3], Vec<i16>)> {
    let mut archive = ZipArchive::new(File::open(path)?)?;
    let file = archive.by_name("hu.npy").context("it has no array 'hu'")?;
    let mut bytes = Vec::new();
    // What the archive says of its size may be wrong.
    file.take(2 * MOST_VOXELS as u64 + 4096).read_to_end(&mut bytes)?;
    let (header, data) = npy(&bytes).context("its array has no NumPy header")?;
    ensure!(
        header.contains("'descr': '<i2'") && header.contains("'fortran_order': False"),
        "its array is no list of 16-bit numbers in C order: {header}"
    );
    let shape: Option<Vec<usize>> = header
        .split_once("'shape': (")
        .and_then(|(_, rest)| rest.split_once(')'))
        .and_then(|(sides, _)| sides.split(',').map(|side| side.trim().parse().ok()).collect());
    let Some(&[rows, columns, slices]) = shape.as_deref() else {
        bail!("its array has no rows, columns and slices: {header}");
    };
    let size = [rows, columns, slices];
    let voxels = size.iter().try_fold(1usize, |all, side| all.checked_mul(*side));
    ensure!(
        voxels.is_some_and(|n| (1..=MOST_VOXELS).contains(&n) && data.len() == 2 * n),
        "its array is cut off, empty or too large: {size:?} in {} bytes",
        data.len()
    );
    let (pairs, _) = data.as_chunks::<2>();
    Ok((size, pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect()))
}

/// Take a file of NumPy's apart: header and data.
fn npy(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let rest = bytes.strip_prefix(b"\x93NUMPY")?;
    let (version, rest) = rest.split_at_checked(2)?;
    let (length, rest) = match version[0] {
        1 => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_le_bytes(*length)), rest)
        }
        _ => {
            let (length, rest) = rest.split_first_chunk::<4>()?;
            (u32::from_le_bytes(*length) as usize, rest)
        }
    };
    let (header, data) = rest.split_at_checked(length)?;
    Some((std::str::from_utf8(header).ok()?, data))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nodulens::preprocess::{model_values, view_values};
    use std::io::Write;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    /// Rows, columns and slices all differ, and each voxel says where it lies: a row is 4 HU, a column
    /// 1 HU, a slice 100 HU.
    const SIZE: [usize; 3] = [80, 90, 5];

    fn voxel(row: usize, column: usize, slice: usize) -> i16 {
        (4 * row + column + 100 * slice) as i16 - 900
    }

    fn write(folder: &Path, header: &str, cut: usize) {
        let path = folder.join("a.npz");
        let mut zip = ZipWriter::new(File::create(path).unwrap());
        zip.start_file("hu.npy", SimpleFileOptions::default()).unwrap();
        zip.write_all(b"\x93NUMPY\x01\x00").unwrap();
        zip.write_all(&u16::try_from(header.len()).unwrap().to_le_bytes()).unwrap();
        zip.write_all(header.as_bytes()).unwrap();
        let [rows, columns, slices] = SIZE;
        let places = (0..rows).flat_map(|r| (0..columns).map(move |c| (r, c)));
        let bytes: Vec<u8> = places
            .flat_map(|(r, c)| (0..slices).flat_map(move |s| voxel(r, c, s).to_le_bytes()))
            .collect();
        zip.write_all(&bytes[..bytes.len() - cut]).unwrap();
        zip.finish().unwrap();
        let manifest = "file,patient,seriesuid,pixel_spacing_mm,slice_step_mm,centre_row,centre_col,\
                        centre_slice,n_readers,diameter_mm\na.npz,P,S,0.7,2.5,41.2,46.9,1.8,3,8\n";
        std::fs::write(folder.join("manifest.csv"), manifest).unwrap();
    }

    const HEADER: &str = "{'descr': '<i2', 'fortran_order': False, 'shape': (80, 90, 5), }  \n";

    #[test]
    fn a_patch_is_cut_about_the_centre_and_thick_slices_are_means() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), HEADER, 0);
        let cubes = read_cubes(folder.path()).unwrap();
        let grey = |hu: f32| (hu + 1000.0) / 1400.0;
        // Slices about 1.8: 2; 1 and 2; 1 to 3; all five.
        for (slices, mean) in [(1, 2.0), (2, 1.5), (3, 2.0), (4, 1.5), (5, 2.0)] {
            let patch = cubes[0].patch(slices).unwrap().unwrap();
            // Row 41 - 25 and column 46 - 25 stand first.
            let expected = grey(4.0 * 16.0 + 21.0 + 100.0 * mean - 900.0);
            let found = model_values(&patch)[0];
            assert!((found - expected).abs() < 1e-5, "{slices}: {found}, {expected}");
            let view = view_values(&patch);
            // Row 41 - 50 of the surroundings lies beyond the cube.
            assert_eq!(view[2500], 0.0);
        }
        assert!(cubes[0].patch(6).unwrap().is_none());
    }

    #[test]
    fn other_arrays_are_refused_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        for (header, cut, reason) in [
            (HEADER, 2, "cut off"),
            (&*HEADER.replace("<i2", "<f4"), 0, "16-bit"),
            (&*HEADER.replace("False", "True"), 0, "C order"),
            (&*HEADER.replace("90, 5", "450"), 0, "no rows, columns and slices"),
            (&*HEADER.replace("80,", "18446744073709551615,"), 0, "too large"),
        ] {
            write(folder.path(), header, cut);
            let error = format!("{:#}", read_cubes(folder.path()).unwrap_err());
            assert!(error.contains(reason) && error.contains("a.npz"), "{error}");
        }
    }

    #[test]
    fn the_nodules_of_the_shared_data_are_denser_than_the_lung_about_them() {
        let Some(patches) = crate::dataset::real_patches() else { return };
        let folder = patches.with_file_name("lidc-nodule-cubes");
        if !folder.is_dir() {
            eprintln!("SKIPPED: no {}", folder.display());
            return;
        }
        let cubes = read_cubes(&folder).unwrap();
        assert_eq!(cubes.len(), 24);
        let denser = cubes.iter().filter(|cube| {
            let values = model_values(&cube.patch(1).unwrap().unwrap());
            let mean = |places: &[usize]| {
                places.iter().map(|i| values[*i]).sum::<f32>() / places.len() as f32
            };
            let near = |i: &usize| (i % 50).abs_diff(25) < 2 && (i / 50).abs_diff(25) < 2;
            let (middle, rest): (Vec<usize>, Vec<usize>) = (0..2500).partition(near);
            mean(&middle) > mean(&rest)
        });
        assert!(denser.count() >= 22);
    }
}
