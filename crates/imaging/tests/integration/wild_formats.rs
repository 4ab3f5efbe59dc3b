//! Files as they are met outside, one a kind: volumes, pictures and archives.
//!
//! They are not part of the repository (`shared/data/SOURCES.md`); without them, each test says so
//! and passes. `kinds.rs` has the same kinds, written by the tests themselves.

use crate::support::files::codes;
use nodulens_imaging::decode::Limits;
use nodulens_imaging::decode::import::{Import, Imported};
use nodulens_imaging::decode::series::Series;
use std::path::{Path, PathBuf};

/// A file of the folder, opened alone; `None` without the folder.
fn open(name: &str) -> Option<Imported> {
    let data = std::env::var_os("NODULENS_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let folder = data.join("wild");
    if !folder.is_dir() {
        println!("skipped: no files at {}", folder.display());
        return None;
    }
    let mut import = Import::new(Limits::default());
    import.add(name, std::fs::read(folder.join(name)).unwrap());
    Some(import.finish())
}

/// The one scan in it.
fn one(found: &Imported) -> &Series {
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    assert_eq!((found.series.len(), found.pictures.len()), (1, 0));
    &found.series[0]
}

fn mean(series: &Series) -> f64 {
    let depth = series.volume.geometry().size()[2];
    let hu: Vec<f32> = (0..depth).flat_map(|z| series.volume.slice(z)).collect();
    hu.iter().map(|hu| f64::from(*hu)).sum::<f64>() / hu.len() as f64
}

/// Code and message of the one problem, with nothing opened.
fn refused(found: &Imported) -> (&'static str, &str) {
    assert!(found.series.is_empty() && found.pictures.is_empty());
    let problem = &found.problems[0];
    assert!(found.problems.iter().all(|other| other.code == problem.code));
    (problem.code, &problem.message)
}

#[test]
fn a_sheared_volume_with_its_axes_in_another_order_keeps_its_pixels() {
    let Some(found) = open("shear-permuted.nii") else { return };
    let geometry = one(&found).volume.geometry();
    let spacing = geometry.spacing_mm();
    assert_eq!(geometry.size(), [160, 160, 8]);
    for (ours, right) in [(spacing.x, 0.820_312), (spacing.y, 0.820_312), (spacing.z, 2.5)] {
        assert!((ours - right).abs() < 1e-5, "{spacing:?}");
    }
    assert_eq!(codes(one(&found)), ["tilted"]);
}

#[test]
fn an_axis_of_colours_is_no_axis_of_space() {
    let Some(found) = open("rgb-2d-no-spacing-nan.nrrd") else { return };
    let (code, message) = refused(&found);
    assert_eq!(code, "unsupported-format");
    assert!(message.contains("RGB-color") && message.contains("3 x 160 x 160"), "{message}");
}

#[test]
fn zeros_behind_gzip_are_padding() {
    let Some(found) = open("gzip-zero-padding.nii.gz") else { return };
    assert!(one(&found).warnings.is_empty());
    assert!((mean(one(&found)) - -467.27).abs() < 0.01, "{}", mean(one(&found)));
}

#[test]
fn a_metaimage_opens_without_offset_packed_as_gzip_or_with_any_key_first() {
    for (name, told) in [
        ("no-offset.mha", ["no-origin"].as_slice()),
        ("compressed-gzip.mha", &[]),
        ("compressed-key-first.mha", &[]),
    ] {
        let Some(found) = open(name) else { return };
        assert_eq!(codes(one(&found)), told, "{name}");
        assert!((mean(one(&found)) - -467.27).abs() < 0.01, "{name}");
    }
    let Some(found) = open("seq-frames.mha") else { return };
    let (code, message) = refused(&found);
    assert!(code == "unsupported-format" && message.contains("sequence in time"), "{message}");
}

#[test]
fn what_pynrrd_writes_by_default_opens_and_is_told() {
    let Some(found) = open("pynrrd-default.nrrd") else { return };
    let spacing = one(&found).volume.geometry().spacing_mm();
    assert_eq!([spacing.x, spacing.y, spacing.z], [1.0; 3]);
    assert!(codes(one(&found)).contains(&"no-spacing"));
    assert!((mean(one(&found)) - -467.27).abs() < 0.01);
}

#[test]
fn a_zip_method_that_is_not_read_is_named() {
    let Some(found) = open("bzip2.zip") else { return };
    let (code, message) = refused(&found);
    assert_eq!((code, found.problems.len()), ("unsupported-encoding", 8));
    assert!(message.contains("method 12 (bzip2)"), "{message}");
}

#[test]
fn pictures_are_turned_counted_or_refused_by_name() {
    for (name, size, told) in [
        ("tiff-big.tif", [50, 50], None),
        ("tiff-multipage.tif", [50, 50], Some("The file has 3 pages")),
        ("slice-exif-6.jpg", [140, 160], Some("The picture was turned by 90 degrees clockwise")),
    ] {
        let Some(found) = open(name) else { return };
        assert!(found.problems.is_empty() && found.pictures.len() == 1, "{name}");
        let image = &found.pictures[0].image;
        assert_eq!([image.width, image.height], size, "{name}");
        match told {
            Some(told) => assert!(image.notes[0].starts_with(told), "{name}: {:?}", image.notes),
            None => assert!(image.notes.is_empty(), "{name}: {:?}", image.notes),
        }
    }
    for (name, code, named) in [
        ("jpeg-lossless-sof3.jpg", "unsupported-format", "lossless JPEG"),
        ("jpeg-cut-with-thumbnail.jpg", "truncated", "its end is missing"),
    ] {
        let Some(found) = open(name) else { return };
        let (found, message) = refused(&found);
        assert!(found == code && message.contains(named), "{name}: {message}");
    }
}
