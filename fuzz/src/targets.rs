//! A function for every kind of file. Each opens the bytes as the page does and looks at
//! everything that the page would show. None may panic, hang, or take memory that the bytes do
//! not account for.

use nodulens::classifier::Classifier;
use nodulens::constants::MODEL_WINDOW;
use nodulens::detection::{Facts, Finding, SliceImage, suitability};
use nodulens::findings::{InputUsed, ModelUsed, Report, Search, SrSource, csv, html};
use nodulens::patch::{Patch, SizePolicy};
use nodulens::weights::{Head, read_weights};
use nodulens_imaging::decode::import::{Added, Import};
use nodulens_imaging::decode::series::Series;
use nodulens_imaging::decode::{Limits, decode_raster};
use nodulens_imaging::geometry::VoxelPoint;
use nodulens_imaging::lungs::lung_mask;
use nodulens_imaging::reformat::{Plane, Reformat};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

use super::seeds;

/// A target: its name, and what opens the bytes and says how much it found in them.
pub type Target = (&'static str, fn(&[u8]) -> usize);

/// All of them.
pub const TARGETS: [Target; 8] = [
    ("raster", raster),
    ("dicom", dicom),
    ("dicom_pixels", dicom_pixels),
    ("nifti", nifti),
    ("nrrd", nrrd),
    ("metaimage", metaimage),
    ("archive", archive),
    ("weights", weights),
];

/// Narrow, so that what is taken within them is no finding.
pub fn limits() -> Limits {
    Limits {
        file_bytes: 8 << 20,
        kept_bytes: 2 << 20,
        side: 1024,
        frames: 64,
        files: 64,
        elements: 5000,
        ..Limits::default()
    }
}

/// A picture as a patch: the engine's worker.
pub fn raster(bytes: &[u8]) -> usize {
    if let Ok(image) = decode_raster(bytes) {
        assert_eq!(image.samples.len(), image.width * image.height);
        assert!(image.samples.iter().all(|grey| (0.0..=1.0).contains(&grey.0)));
        let _ = Patch::from_image(&image, SizePolicy::CenterCrop);
    }
    opened(&[("picture", bytes)])
}

/// A file alone, then between sound slices of one series.
pub fn dicom(bytes: &[u8]) -> usize {
    static SLICES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(seeds::sound_slices);
    let alone = opened(&[("file.dcm", bytes)]);
    if alone > 0 {
        let [first, second, third] = &SLICES[..] else { unreachable!("three slices") };
        opened(&[("1", first), ("2", bytes), ("3", second), ("4", third), ("5", bytes)]);
    }
    alone
}

/// A frame within a sound DICOM file. The first bytes say how it is encoded and how large it is.
pub fn dicom_pixels(bytes: &[u8]) -> usize {
    seeds::framed(bytes).map_or(0, |file| opened(&[("frame.dcm", &file)]))
}

/// NIfTI, packed or not, in one file or two.
pub fn nifti(bytes: &[u8]) -> usize {
    opened(&[("scan.nii", bytes)]) + pair("scan.hdr", "scan.img", bytes)
}

/// NRRD, in one file or two.
pub fn nrrd(bytes: &[u8]) -> usize {
    opened(&[("scan.nrrd", bytes)]) + pair("scan.nhdr", "scan.raw", bytes)
}

/// MetaImage, in one file or two.
pub fn metaimage(bytes: &[u8]) -> usize {
    opened(&[("scan.mha", bytes)]) + pair("scan.mhd", "scan.raw", bytes)
}

/// Zip and gzip, and what is in them.
pub fn archive(bytes: &[u8]) -> usize {
    opened(&[("files.zip", bytes)])
}

/// A weights file: as it is, with a right checksum, and with its parameters filled up with
/// zeros, so that small bytes reach the making of a network.
pub fn weights(bytes: &[u8]) -> usize {
    let mut whole = bytes.to_vec();
    let mut made = network(bytes) + network(&sealed(&whole));
    if let Some(length) = seeds::declared(bytes)
        && length > whole.len()
    {
        whole.resize(length, 0);
        made += network(&sealed(&whole));
    }
    made
}

fn sealed(body: &[u8]) -> Vec<u8> {
    [body, &Sha256::digest(body)[..]].concat()
}

fn network(file: &[u8]) -> usize {
    let Ok(content) = read_weights(file) else { return 0 };
    for (_, parameter) in content.parameters.iter() {
        let size = parameter.shape.iter().product::<usize>();
        assert_eq!(size, parameter.values.len());
    }
    let Ok(classifier) = Classifier::on_engine(file) else { return 0 };
    // Parameters at the ends of their range may give what is not finite: an error.
    if let Ok(predictions) = pollster::block_on(classifier.classify_values(vec![0.5; 2500])) {
        assert!(predictions.iter().all(|one| (0.0..=1.0).contains(&one.probability)));
    }
    1
}

/// The bytes before the mark as a header, those behind it as its samples, in both orders.
fn pair(header: &str, data: &str, bytes: &[u8]) -> usize {
    let Some(at) = bytes.windows(seeds::SPLIT.len()).position(|four| four == seeds::SPLIT) else {
        return 0;
    };
    let (head, samples) = (&bytes[..at], &bytes[at + seeds::SPLIT.len()..]);
    // Samples that come first and look like another file are taken for one: then nothing is found.
    opened(&[(header, head), (data, samples)]) + opened(&[(data, samples), (header, head)])
}

/// Opens files together, and looks at all that comes of them. How many scans and pictures it was.
fn opened(files: &[(&str, &[u8])]) -> usize {
    let mut import = Import::new(limits());
    for (name, bytes) in files {
        let added = import.add(name, bytes.to_vec());
        if let Added::Refused { code, message, hint } = &added {
            assert!(!code.is_empty() && !message.is_empty() && !hint.is_empty(), "{added:?}");
        }
        serde_json::to_string(&added).expect("goes to the page");
    }
    let imported = import.finish();
    serde_json::to_string(&imported.problems).expect("goes to the page");
    for picture in imported.pictures.iter().take(4) {
        if let Some(series) = picture.read(MODEL_WINDOW, 0.7) {
            shown(&series);
        }
    }
    for series in imported.series.iter().take(4) {
        shown(series);
    }
    imported.series.len() + imported.pictures.len()
}

/// What the page asks of a scan: its facts, a slice of every plane, its lungs, and exports.
fn shown(series: &Series) {
    let (volume, info) = (&series.volume, &series.info);
    let geometry = volume.geometry();
    let ([width, height, depth], spacing) = (geometry.size(), geometry.spacing_mm());
    assert_eq!(volume.samples().len(), width * height * depth);
    // A picture of millions of pixels is slow to look at, and so is nothing that a fuzzer should do.
    if width * height > 1 << 18 {
        return;
    }
    serde_json::to_string(info).expect("goes to the page");
    serde_json::to_string(&series.warnings).expect("goes to the page");
    let facts = Facts::of(volume, info.modality.as_deref());
    let concerns = suitability(&facts);
    for plane in [Plane::Axial, Plane::Coronal, Plane::Sagittal] {
        let reformat = Reformat::new(geometry, plane);
        let (columns, rows, count) = (reformat.width(), reformat.height(), reformat.count());
        let voxel = reformat.voxel(columns as f64 - 1.0, 0.0, count as f64 - 1.0);
        let _ = geometry.world_from_voxel(voxel);
        for index in [0, count / 2, count - 1] {
            let slice = reformat.slice(volume, index).expect("within the volume");
            assert_eq!(slice.len(), columns * rows);
        }
        assert!(reformat.slice(volume, count).is_none());
    }
    let (hu, pixel_mm) = (volume.slice(depth / 2), [spacing.x, spacing.y]);
    let mask = lung_mask(&hu, width, height, pixel_mm);
    assert_eq!(mask.inside.len(), width * height);
    let _ = SliceImage::from_hu(&hu, [width, height], pixel_mm);
    exported(series, concerns);
}

/// One finding in the middle, in every format.
fn exported(series: &Series, concerns: Vec<nodulens::detection::Concern>) {
    let (geometry, info) = (series.volume.geometry(), &series.info);
    let middle = geometry.size().map(|side| side / 2);
    let voxel = VoxelPoint { x: middle[0] as f64, y: middle[1] as f64, z: middle[2] as f64 };
    let finding = Finding {
        voxel,
        world: geometry.world_from_voxel(voxel),
        slices: [middle[2]; 2],
        probability: 0.5,
        diameter_mm: Some(6.0),
    };
    let model = ModelUsed {
        id: "compact-00000000".to_owned(),
        sha256: "00".to_owned(),
        head: Head::Patch,
        threshold: 0.5,
        temperature: 1.0,
        preprocess_id: "patch50".to_owned(),
    };
    let spacing = geometry.spacing_mm();
    let input = InputUsed {
        series_uid: None,
        title: info.title.clone(),
        format: info.format.to_owned(),
        sha256: info.sha256.clone(),
        size: geometry.size(),
        spacing_mm: Some([spacing.x, spacing.y, spacing.z]),
        identity: info.tags.iter().map(|tag| (tag.name.to_owned(), tag.value.clone())).collect(),
    };
    let search = Search {
        stride_px: 4,
        lung_mask: true,
        min_probability: 0.5,
        min_distance_mm: 10.0,
        slices_scanned: 1,
    };
    let mut report = Report::new(model, input, search, &[finding], true);
    report.concerns = concerns;
    let written = ("20261123".to_owned(), "091500".to_owned());
    let _ = (csv(&[&report]), html(&report, &[]), report.json());
    if let Some(source) = SrSource::of(info, spacing, written) {
        let _ = nodulens::findings::structured_report(&report, &source);
    }
}
