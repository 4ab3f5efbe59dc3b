//! Files of every format, changed and cut at random: nothing panics, and nothing takes memory
//! that the file does not account for.

use crate::kinds;
use crate::support::counting;
use crate::support::files::*;
use nodulens_imaging::decode::Limits;
use nodulens_imaging::decode::import::Import;
use proptest::prelude::*;
use std::path::Path;
use std::sync::LazyLock;

/// More than any file of a few kilobytes may take: 2048 x 2048 pixels, as numbers of 32 bits and
/// once more while they are transformed.
const MOST: usize = 128 << 20;

/// Opens files; fails if more memory was taken than a small file accounts for.
fn open(files: &[(&str, &[u8])]) -> usize {
    let (taken, found) = counting::taken(|| {
        let mut import = Import::new(Limits::default());
        for (name, bytes) in files {
            import.add(name, bytes.to_vec());
        }
        import.finish()
    });
    assert!(taken < MOST, "{taken} bytes were taken");
    found.series.len() + found.pictures.len()
}

/// One whole file of each kind.
static FILES: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let mut files = Vec::new();
    let mut add = |name: &str, bytes: Vec<u8>| files.push((name.to_owned(), bytes));
    let slice = |syntax| Dicom::slice(syntax, 0, UPRIGHT);
    for syntax in [IMPLICIT, EXPLICIT, BIG, DEFLATED] {
        add(syntax, slice(syntax).file());
    }
    add("bare", slice(IMPLICIT).data_set());
    let deep = Dicom::empty(EXPLICIT).text(0x0020_0032, b"DS", "1\\2\\3");
    let deep = Dicom::empty(EXPLICIT).with(0x0020_9113, b"SQ", Value::Items(vec![deep], true));
    let frames = slice(EXPLICIT)
        .text(0x0028_0008, b"IS", "2")
        .with(0x5200_9230, b"SQ", Value::Items(vec![deep.clone(), deep], false))
        .with(0x7FE0_0010, b"OW", Value::Words(vec![5; 30]));
    add("frames", frames.file());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
    for sub in ["dicom", "formats"] {
        for entry in std::fs::read_dir(folder.join(sub)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension != "txt") {
                add(&path.file_name().unwrap().to_string_lossy(), std::fs::read(&path).unwrap());
            }
        }
    }
    add("scan.mha", [metaimage(UPRIGHT, "LOCAL").into_bytes(), shorts(false)].concat());
    let nii = [nifti(UPRIGHT, Form::Matrix, false), shorts(false)].concat();
    add("scan.nii.gz", gzip(&nii));
    add("scan.nii", nii);
    let turned = Form::Quaternion([0.5, 0.5, 0.5, 0.5], true);
    add("turned.nii", [nifti(UPRIGHT, turned, true), shorts(true)].concat());
    for (encoding, data) in [("raw", shorts(false)), ("gzip", gzip(&shorts(false)))] {
        let header = nrrd(UPRIGHT, "LPS", encoding, "endian: little\n\n");
        add("scan.nrrd", [header.into_bytes(), data].concat());
    }
    add("disc.zip", zip(&[("a", &slice(EXPLICIT).file()), ("b", b"text")], true));
    for (name, bytes) in kinds::whole_files() {
        add(name, bytes);
    }
    files.sort();
    files
});

/// A file with some bytes changed, some of a run replaced, and perhaps its end cut off.
fn changed() -> impl Strategy<Value = (String, Vec<u8>)> {
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6);
    // Numbers at the ends of their ranges find more than those between.
    let ends = prop::option::of((any::<prop::sample::Index>(), 0..4_usize));
    let cut = prop::option::weighted(0.3, any::<prop::sample::Index>());
    (any::<prop::sample::Index>(), edits, ends, cut).prop_map(|(file, edits, ends, cut)| {
        let (name, mut bytes) = file.get(&FILES).clone();
        // Headers are where it matters: half of the edits fall into the first 700 bytes.
        for (i, (place, byte)) in edits.into_iter().enumerate() {
            let within = if i % 2 == 0 { bytes.len().min(700) } else { bytes.len() };
            bytes[place.index(within)] = byte;
        }
        if let Some((place, kind)) = ends {
            let run = [[0xFF; 4], [0; 4], [0xFF, 0xFF, 0xFF, 0x7F], [0x7F, 0xFF, 0xFF, 0xFF]][kind];
            let at = place.index(bytes.len());
            let end = (at + 4).min(bytes.len());
            bytes[at..end].copy_from_slice(&run[..end - at]);
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        (name, bytes)
    })
}

#[test]
fn the_files_are_whole_to_begin_with() {
    for (name, bytes) in FILES.iter().filter(|(name, _)| name != "text.png") {
        assert_eq!(open(&[(name, bytes)]), 1, "{name}");
    }
}

#[test]
fn files_cut_off_anywhere() {
    for (name, bytes) in FILES.iter() {
        for length in (0..bytes.len()).step_by(1 + bytes.len() / 97) {
            open(&[(name, &bytes[..length])]);
        }
    }
}

/// 60 slices of 512 x 512, in place of 600: what is taken grows with their number.
#[test]
fn a_scan_takes_twice_its_size() {
    let file = |z: usize| {
        Dicom::slice(EXPLICIT, z, UPRIGHT)
            .word(0x0028_0010, 512)
            .word(0x0028_0011, 512)
            .with(0x7FE0_0010, b"OW", Value::Words(vec![z as u16; 512 * 512]))
            .file()
    };
    let one = file(0).len();
    let (taken, imported) = counting::taken(|| {
        let mut import = Import::new(Limits::default());
        for z in 0..60 {
            // Writing the file takes four times its size: not the importer's.
            let bytes = file(z);
            counting::forget();
            import.add("slice", bytes);
        }
        import.finish()
    });
    assert_eq!(imported.series[0].volume.geometry().size(), [512, 512, 60]);
    let volume = 60 * 512 * 512 * 2;
    println!("{:.2} times the volume", taken as f64 / volume as f64);
    assert!(taken < 2 * volume + 2 * one, "{taken} of {volume}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn changed_files((name, bytes) in changed()) {
        open(&[(&name, &bytes)]);
    }

    #[test]
    fn several_changed_files_together(files in prop::collection::vec(changed(), 2..6)) {
        let files: Vec<_> = files.iter().map(|(n, b)| (n.as_str(), b.as_slice())).collect();
        open(&files);
    }

    #[test]
    fn headers_with_data_of_any_kind(bytes: Vec<u8>, header in 0..2_usize) {
        let metaimage = metaimage(UPRIGHT, "scan.raw").into_bytes();
        let nrrd = nrrd(UPRIGHT, "RAS", "gzip", "endian: big\ndata file: scan.raw\n").into_bytes();
        let header = [metaimage, nrrd][header].clone();
        open(&[("scan.raw", &bytes), ("scan", &header)]);
        open(&[("scan", &header), ("scan.raw", &bytes)]);
    }
}
