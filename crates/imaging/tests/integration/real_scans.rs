//! Real scans in every format that they come in: the same HU at the same place.
//!
//! The files are not part of the repository (`shared/data/SOURCES.md`); without them, each test
//! says so and passes.

use nodulens_imaging::decode::Limits;
use nodulens_imaging::decode::import::{Added, Import, Imported};
use nodulens_imaging::decode::series::Series;
use nodulens_imaging::geometry::VoxelPoint;
use nodulens_imaging::volume::Samples;
use std::path::{Path, PathBuf};

/// The folder of real scans, where there is one.
fn scans() -> Option<PathBuf> {
    let data = std::env::var_os("NODULENS_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let folder = data.join("scans");
    if !folder.is_dir() {
        println!("skipped: no real scans at {}", folder.display());
        return None;
    }
    Some(folder)
}

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files_below(&path, files) } else { files.push(path) }
    }
}

fn import(files: &[PathBuf]) -> Imported {
    let mut import = Import::new(Limits::default());
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy();
        let added = import.add(&name, std::fs::read(file).unwrap());
        assert!(!matches!(added, Added::Refused { .. }), "{name}: {added:?}");
    }
    import.finish()
}

fn one(files: &[PathBuf]) -> Series {
    let mut imported = import(files);
    assert!(imported.problems.is_empty(), "{:?}", imported.problems);
    assert_eq!(imported.series.len(), 1);
    imported.series.remove(0)
}

fn lidc() -> Option<Vec<PathBuf>> {
    let mut files = Vec::new();
    files_below(&scans()?.join("lidc-idri-0003-dicom"), &mut files);
    files.retain(|file| file.extension().is_some_and(|extension| extension == "dcm"));
    Some(files)
}

fn whole(series: &Series) -> &[i16] {
    match series.volume.samples() {
        Samples::Int16(samples) => samples,
        Samples::Float32(_) => panic!("{} is not whole", series.info.title),
    }
}

#[test]
fn eleven_slices_are_one_scan() {
    let Some(mut files) = lidc() else { return };
    assert_eq!(files.len(), 11);
    files.sort();
    let scan = one(&files);
    assert!(scan.warnings.is_empty(), "{:?}", scan.warnings);
    let geometry = scan.volume.geometry();
    assert_eq!(geometry.size(), [512, 512, 11]);
    let [spacing, origin] = [geometry.spacing_mm().z, geometry.origin().z];
    assert_eq!((geometry.spacing_mm().x, spacing, origin), (0.820312, 2.5, -204.0));
    assert_eq!(scan.info.modality.as_deref(), Some("CT"));
    assert_eq!(scan.info.window, Some((-600.0, 1600.0)));
    assert_eq!(scan.info.slices[0].file, "-204.000000.dcm");
    assert_eq!((scan.info.identifies, scan.info.burned_in), (false, false));
    // In any order, and all within one archive or not, it is the same scan.
    files.reverse();
    files.swap(2, 7);
    let again = one(&files);
    assert!(again.volume == scan.volume && again.info == scan.info);
}

#[test]
fn five_formats_are_one_scan() {
    let (Some(folder), Some(dicom)) = (scans(), lidc()) else { return };
    let chosen: Vec<PathBuf> = dicom
        .into_iter()
        .filter(|file| {
            let z: f64 = file.file_stem().unwrap().to_string_lossy().parse().unwrap();
            (-199.0..=-186.5).contains(&z)
        })
        .collect();
    let dicom = one(&chosen);
    let name = |extension: &str| folder.join(format!("lidc0003_6slices.{extension}"));
    for files in [
        vec![name("mha")],
        vec![name("mhd"), name("raw")],
        vec![name("raw"), name("mhd")],
        vec![name("nii.gz")],
        vec![name("nrrd")],
    ] {
        let scan = one(&files);
        assert!(whole(&scan) == whole(&dicom), "{}", scan.info.title);
        let (a, b) = (scan.volume.geometry(), dicom.volume.geometry());
        for corner in [[0.0, 0.0, 0.0], [511.0, 0.0, 0.0], [0.0, 511.0, 0.0], [511.0, 511.0, 5.0]] {
            let voxel = VoxelPoint { x: corner[0], y: corner[1], z: corner[2] };
            let apart = a.world_from_voxel(voxel).distance(b.world_from_voxel(voxel));
            assert!(apart < 1e-3, "{} {apart}", scan.info.title);
        }
        assert!(scan.warnings.is_empty(), "{:?}", scan.warnings);
        assert_eq!(scan.info.files, files.len());
    }
}

#[test]
fn one_slice_in_seven_encodings() {
    let Some(folder) = scans() else { return };
    let folder = folder.join("ct1-chest-transfer-syntaxes");
    let packed = folder.join("CT1_UNC.zst");
    let plain = std::process::Command::new("zstd").arg("-dc").arg(&packed).output();
    let plain = match plain {
        Ok(output) if output.status.success() => output.stdout,
        _ => {
            println!("skipped: no zstd to unpack {}", packed.display());
            return;
        }
    };
    let mut import = Import::new(Limits::default());
    assert_eq!(import.add("CT1_UNC", plain), Added::Dicom { frames: 1 });
    let reference = import.finish().series.remove(0);
    let reference = whole(&reference);
    // The largest difference in HU: the near-lossless JPEG-LS declares NEAR = 4; the irreversible
    // JPEG 2000 (69 : 1) declares none, and may be as far off as OpenJPEG's 352
    // (tests/reference/dicom.py).
    for (name, most) in [
        ("CT1_RLE", 0),
        ("CT1_JPLL", 0),
        ("CT1_JLSL", 0),
        ("CT1_J2KR", 0),
        ("CT1_JLSN", 4),
        ("CT1_J2KI", 352),
    ] {
        let scan = one(&[folder.join(name)]);
        let apart = whole(&scan).iter().zip(reference).map(|(a, b)| a.abs_diff(*b)).max();
        println!("{name}: largest difference {apart:?} HU; {:?}", scan.warnings);
        assert!(apart <= Some(most), "{name}");
    }
}
