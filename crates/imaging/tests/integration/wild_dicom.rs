//! DICOM, pairs and folders as they came from public projects, a kind each, with the right answers
//! of independent readers (`shared/data/wild/expected.csv`).
//!
//! The files are not part of the repository; without them, each test says so and passes.

use nodulens_imaging::decode::Limits;
use nodulens_imaging::decode::import::{Import, Imported};
use nodulens_imaging::decode::series::Series;
use nodulens_imaging::volume::Samples;
use std::path::{Path, PathBuf};

/// Opens a file or folder of the wild ones, in the order of the names and against it; `None`
/// without them.
fn wild(name: &str) -> Option<[Imported; 2]> {
    let data = std::env::var_os("NODULENS_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let place = data.join("wild").join(name);
    if !place.exists() {
        println!("skipped: no wild file at {}", place.display());
        return None;
    }
    let mut files = Vec::new();
    below(&place, &mut files);
    files.sort();
    let open = |files: Vec<PathBuf>| {
        let mut import = Import::new(Limits::default());
        for file in files {
            import.add(&file.to_string_lossy(), std::fs::read(&file).unwrap());
        }
        import.finish()
    };
    let forwards = open(files.clone());
    files.reverse();
    Some([forwards, open(files)])
}

fn below(place: &Path, files: &mut Vec<PathBuf>) {
    if place.is_dir() {
        for entry in std::fs::read_dir(place).unwrap() {
            below(&entry.unwrap().path(), files);
        }
    } else {
        files.push(place.to_owned());
    }
}

fn hu(series: &Series) -> Vec<f64> {
    match series.volume.samples() {
        Samples::Int16(samples) => samples.iter().map(|hu| f64::from(*hu)).collect(),
        Samples::Float32(samples) => samples.iter().map(|hu| f64::from(*hu)).collect(),
    }
}

/// Smallest, largest and mean.
fn range(values: &[f64]) -> (f64, f64, f64) {
    let fold = |start, pick: fn(f64, f64) -> f64| values.iter().copied().fold(start, pick);
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (fold(f64::MAX, f64::min), fold(f64::MIN, f64::max), mean)
}

fn depths(imported: &Imported) -> Vec<usize> {
    imported.series.iter().map(|one| one.volume.geometry().size()[2]).collect()
}

fn codes(series: &Series) -> Vec<&str> {
    series.warnings.iter().map(|warning| warning.code).collect()
}

#[test]
fn headers_take_their_own_samples() {
    for imported in wild("missing-raw").into_iter().flatten() {
        assert_eq!(depths(&imported), [8]);
        assert_eq!(imported.problems.len(), 1);
        assert!(imported.problems[0].name.ends_with("a/scan.mhd"));
        assert_eq!(imported.problems[0].code, "data-elsewhere");
    }
    for imported in wild("raw-like-text").into_iter().flatten() {
        assert_eq!((depths(&imported), imported.problems.len()), (vec![8], 0));
    }
}

#[test]
fn patients_phases_and_localizers_do_not_mix() {
    for imported in wild("two-patients-one-uid").into_iter().flatten() {
        assert_eq!(depths(&imported), [4, 4]);
        assert!(imported.series.iter().all(|one| codes(one) == ["mixed-series"]));
    }
    for imported in wild("4dct-shuttle").into_iter().flatten() {
        assert_eq!(depths(&imported), [8, 8]);
        for (one, expected) in imported.series.iter().zip([-470.0, -170.0]) {
            let values = hu(one);
            let slices = values.chunks(values.len() / 8).map(|slice| range(slice).2);
            for mean in slices {
                assert!((mean - expected).abs() < 60.0, "{mean} {expected}");
            }
        }
    }
    for imported in wild("localizer-same-series").into_iter().flatten() {
        assert_eq!(depths(&imported), [8, 1]);
        assert_ne!(imported.series[0].info.title, imported.series[1].info.title);
    }
}

#[test]
fn lossless_jpeg_with_restarts() {
    for imported in wild("jpegll-restart.dcm").into_iter().flatten() {
        let (least, most, mean) = range(&hu(&imported.series[0]));
        assert_eq!((least, most), (-966.0, 1550.0));
        assert!((mean + 462.58).abs() < 0.01, "{mean}");
    }
}

#[test]
fn padding_within_the_body_stays() {
    for imported in wild("padding-zero-is-water").into_iter().flatten() {
        let one = &imported.series[0];
        assert_eq!(codes(one), ["padding"]);
        let values = hu(one);
        assert_eq!(values.iter().filter(|hu| **hu == 0.0).count(), 226);
    }
}

#[test]
fn headers_of_every_kind() {
    for imported in wild("enhanced-ct-split-measures.dcm").into_iter().flatten() {
        let one = &imported.series[0];
        assert_eq!(one.volume.geometry().size(), [160, 160, 8]);
        assert!((one.volume.geometry().spacing_mm().x - 0.8203).abs() < 1e-4);
        assert!(codes(one).is_empty());
    }
    for imported in wild("ct-with-packed-icon.dcm").into_iter().flatten() {
        assert_eq!((depths(&imported), imported.problems.len()), (vec![1], 0));
    }
    for imported in wild("ts-says-implicit-is-explicit").into_iter().flatten() {
        assert_eq!(depths(&imported), [8]);
        assert_eq!(codes(&imported.series[0]), ["wrong-transfer-syntax"]);
    }
    for imported in wild("one-slice-without-ipp").into_iter().flatten() {
        assert_eq!(depths(&imported), [7]);
        assert_eq!(imported.problems[0].code, "no-position");
        assert_eq!(codes(&imported.series[0]), ["gap"]);
    }
    for imported in wild("comma-decimals").into_iter().flatten() {
        assert!((imported.series[0].volume.geometry().spacing_mm().x - 0.8203).abs() < 1e-4);
    }
    for imported in wild("charsets").into_iter().flatten() {
        assert_eq!(depths(&imported), [8]);
        let info = &imported.series[0].info;
        assert!(info.charset.is_some() && !info.patient[0].bytes.is_empty());
    }
}
