//! Headers and the files of their samples: which belong together.

use crate::support::files::*;
use nodulens_imaging::decode::Limits;
use nodulens_imaging::decode::import::{Import, Imported};

fn header(data: &str) -> Vec<u8> {
    format!(
        "ObjectType = Image\nNDims = 3\nDimSize = 3 5 7\nElementSpacing = 0.7 0.8 2.5\n\
         Offset = -10 20 -30.5\nElementType = MET_SHORT\nElementDataFile = {data}\n"
    )
    .into_bytes()
}

fn nhdr(data: &str) -> Vec<u8> {
    format!(
        "NRRD0004\ntype: int16\ndimension: 3\nsizes: 3 5 7\nspacings: 0.7 0.8 2.5\nendian: little\n\
         encoding: raw\ndata file: {data}\n\n"
    )
    .into_bytes()
}

fn samples(shift: i16) -> Vec<u8> {
    all().iter().flat_map(|hu| (hu + shift).to_le_bytes()).collect()
}

/// Opens the files in each order of two: as they are, and turned round.
fn orders(files: &[(&str, Vec<u8>)]) -> [Imported; 2] {
    let forwards = import(files.iter().cloned());
    [forwards, import(files.iter().rev().cloned())]
}

/// The first HU of each volume, ascending, and names and codes of the problems.
fn opened(imported: &Imported) -> (Vec<i64>, Vec<(String, &'static str)>) {
    let first = |one: &nodulens_imaging::decode::series::Series| {
        one.volume.hu(0, 0, 0).map(|hu| hu.0 as i64).unwrap_or_default()
    };
    let mut values: Vec<i64> = imported.series.iter().map(first).collect();
    values.sort_unstable();
    let problems = imported.problems.iter().map(|one| (one.name.clone(), one.code)).collect();
    (values, problems)
}

#[test]
fn the_same_folder_comes_first() {
    for wrap in [header as fn(&str) -> Vec<u8>, nhdr] {
        let files = [
            ("a/scan.h", wrap("scan.raw")),
            ("b/scan.h", wrap("scan.raw")),
            ("b/scan.raw", samples(0)),
            ("a/scan.raw", samples(1)),
        ];
        for imported in orders(&files) {
            assert_eq!(opened(&imported), (vec![-400, -399], vec![]));
        }
        // Without its own, a header does not get the other's.
        let missing = [files[0].clone(), files[1].clone(), files[2].clone()];
        for imported in orders(&missing) {
            let problem = ("a/scan.h".to_owned(), "data-elsewhere");
            assert_eq!(opened(&imported), (vec![-400], vec![problem]));
        }
    }
}

#[test]
fn elsewhere_only_a_name_that_is_alone() {
    let apart = [("headers/scan.mhd", header("/home/me/scan.raw")), ("data/scan.raw", samples(0))];
    for imported in orders(&apart) {
        assert_eq!(opened(&imported), (vec![-400], vec![]));
    }
    // Two files of the name.
    let two = [apart[0].clone(), apart[1].clone(), ("more/scan.raw", samples(1))];
    for imported in orders(&two) {
        let (values, problems) = opened(&imported);
        assert_eq!((values, problems[0].1), (vec![], "data-elsewhere"));
        assert!(imported.problems[0].message.contains("not certain"));
    }
    // Two headers.
    let two = [apart[0].clone(), ("more/scan.mhd", header("scan.raw")), apart[1].clone()];
    for imported in orders(&two) {
        assert_eq!(opened(&imported).0, Vec::<i64>::new());
        assert_eq!(imported.problems.iter().filter(|one| one.code == "data-elsewhere").count(), 2);
    }
}

#[test]
fn a_data_file_serves_one_header() {
    let files = [
        ("one.mhd", header("scan.raw")),
        ("two.mhd", header("scan.raw")),
        ("scan.raw", samples(0)),
    ];
    for imported in orders(&files) {
        let (values, problems) = opened(&imported);
        assert_eq!((values, problems.len(), problems[0].1), (vec![-400], 1, "data-taken"));
    }
}

#[test]
fn paths_case_and_zips() {
    for (name, wants, data) in [
        ("scan.mhd", "C:\\\\scans\\\\scan.raw", "scan.raw"),
        ("scan.mhd", "SCAN.RAW", "scan.raw"),
        ("a/scan.mhd", "raw/scan.raw", "a/raw/scan.raw"),
        ("a/scan.mhd", "./scan.raw", "a/scan.raw"),
    ] {
        for imported in orders(&[(name, header(wants)), (data, samples(0))]) {
            assert_eq!(opened(&imported), (vec![-400], vec![]), "{wants}");
        }
    }
    // Within an archive, and of two letters' case the right one.
    let (one, raw, other) = (header("scan.raw"), samples(0), samples(1));
    for files in [
        [("a/Scan.raw", &*other), ("a/scan.raw", &*raw), ("a/scan.mhd", &*one)],
        [("a/scan.mhd", &*one), ("a/Scan.raw", &*other), ("a/scan.raw", &*raw)],
    ] {
        let imported = import([("scans.zip", zip(&files, true))]);
        assert_eq!(opened(&imported).0, [-400]);
    }
}

#[test]
fn samples_that_look_like_something_else() {
    // Text, a picture's beginning, zeros: before the header and behind it.
    let header = String::from_utf8(header("scan.raw")).unwrap();
    let bytes = header.replace("MET_SHORT", "MET_UCHAR").into_bytes();
    let like = |start: &[u8]| {
        let mut raw = start.to_vec();
        raw.resize(105, b'#');
        raw
    };
    for raw in [
        like(b"plain text"),
        like(b"BM"),
        like(b"\x1F\x8B\x08"),
        like(b"PK\x03\x04"),
        like(b"%PDF"),
    ] {
        for imported in orders(&[("scan.mhd", bytes.clone()), ("scan.raw", raw.clone())]) {
            let (values, problems) = opened(&imported);
            assert_eq!((values, problems), (vec![i64::from(raw[0])], vec![]));
        }
    }
    // Alone it is what it looks like.
    let imported = import([("scan.raw", like(b"plain text"))]);
    assert_eq!(imported.problems[0].code, "not-an-image");
}

#[test]
fn a_nifti_pair_of_which_one_is_compressed() {
    let mut header = vec![0; 348];
    header[..4].copy_from_slice(&348_i32.to_le_bytes());
    for (i, side) in [3_i16, 3, 5, 7].iter().enumerate() {
        header[40 + 2 * i..42 + 2 * i].copy_from_slice(&side.to_le_bytes());
    }
    header[70..72].copy_from_slice(&4_i16.to_le_bytes());
    header[72..74].copy_from_slice(&16_i16.to_le_bytes());
    for (i, side) in [1.0_f32, 0.7, 0.8, 2.5].iter().enumerate() {
        header[76 + 4 * i..80 + 4 * i].copy_from_slice(&side.to_le_bytes());
    }
    header[344..348].copy_from_slice(b"ni1\0");
    let packed = gzip(&samples(0));
    for imported in orders(&[("scan.hdr", header), ("scan.img.gz", packed)]) {
        assert_eq!(
            (imported.series.len(), imported.problems.len()),
            (1, 0),
            "{:?}",
            imported.problems
        );
    }
}

#[test]
fn a_series_that_does_not_fit_is_refused_whole() {
    // Three of seven slices of 30 bytes fit.
    let limits = Limits { kept_bytes: 100, ..Limits::default() };
    let files = |from: usize| (from..7).map(|z| Dicom::slice(EXPLICIT, z, UPRIGHT).file());
    let mut import = Import::new(limits.clone());
    let other = Dicom::slice(EXPLICIT, 0, UPRIGHT).text(0x0020_000E, b"UI", "9.9").file();
    import.add("small", other);
    for (z, file) in files(0).enumerate() {
        import.add(&format!("large {z}"), file);
    }
    let imported = import.finish();
    let names: Vec<_> = imported.series.iter().map(|one| one.info.series_uid.clone()).collect();
    assert_eq!(names, [Some("9.9".to_owned())]);
    assert_eq!(imported.problems.len(), 1, "one for all its files: {:?}", imported.problems);
    let problem = &imported.problems[0];
    assert_eq!(problem.code, "too-large");
    assert!(problem.message.contains("its series of 7 files"), "{}", problem.message);
    // The same volume in one file is refused in the same words.
    let mha = [header("LOCAL"), samples(0)].concat();
    let frames = Dicom::slice(EXPLICIT, 0, UPRIGHT).text(0x0028_0008, b"IS", "7").with(
        0x7FE0_0010,
        b"OW",
        Value::Words(vec![0; 105]),
    );
    for (name, bytes) in [("one.mha", mha), ("frames", frames.file())] {
        let mut import = Import::new(limits.clone());
        import.add(name, bytes);
        let problem = import.finish().problems.remove(0);
        assert_eq!(problem.code, "too-large");
        assert!(problem.message.contains("its samples take 1 MB"), "{}", problem.message);
    }
}
