//! What asks for more than it may is refused before memory is taken, each by its own limit.

use crate::support::files::*;
use nodulens_imaging::decode::Limits;
use nodulens_imaging::decode::import::{Added, Import};

fn slice() -> Dicom {
    Dicom::slice(EXPLICIT, 0, UPRIGHT)
}

/// The code with which a file is refused within limits of its own.
fn limited(limits: Limits, name: &str, bytes: Vec<u8>) -> &'static str {
    match Import::new(limits).add(name, bytes) {
        Added::Refused { code, .. } => code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn sides_frames_and_voxels() {
    assert_eq!(refused(slice().word(0x0028_0010, 9000).file()), "too-large");
    assert_eq!(refused(slice().word(0x0028_0011, 0).file()), "bad-header");
    // Within the limits, but not there.
    assert_eq!(
        refused(slice().word(0x0028_0010, 8000).word(0x0028_0011, 8000).file()),
        "truncated"
    );
    assert_eq!(refused(slice().text(0x0028_0008, b"IS", "2000000000").file()), "too-large");
    assert_eq!(refused(slice().text(0x0028_0008, b"IS", "-1").file()), "too-large");
    assert_eq!(refused(slice().text(0x0028_0008, b"IS", "4000").file()), "truncated");
    let many =
        slice().word(0x0028_0010, 8000).word(0x0028_0011, 8000).text(0x0028_0008, b"IS", "4000");
    assert_eq!(refused(many.file()), "too-large");
    // Compressed pixels of a kilobyte that promise 64 million.
    for syntax in
        [RLE, "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90"]
    {
        let mut large =
            Dicom::slice(RLE, 0, UPRIGHT).word(0x0028_0010, 8000).word(0x0028_0011, 8000);
        large.syntax = syntax;
        assert_eq!(refused(large.packed(vec![0; 1000]).file()), "damaged", "{syntax}");
    }
}

#[test]
fn run_lengths_that_are_too_short() {
    let promise = |side: u16, frame: Vec<u8>| {
        let large = Dicom::slice(RLE, 0, UPRIGHT).word(0x0028_0010, side).word(0x0028_0011, side);
        refused(large.packed(frame).file())
    };
    let frame = run_lengths(&[1024; 100]);
    assert_eq!(promise(2000, frame.clone()), "damaged");
    assert_eq!(promise(8000, frame), "damaged");
    // Segments outside the frame, before its data, in the wrong order.
    for numbers in [[2, 64, 5000], [2, 0, 70], [2, 70, 64], [3, 64, 70]] {
        let mut bytes = run_lengths(&[1024; 15]);
        for (i, number) in numbers.iter().enumerate() {
            bytes[i * 4..i * 4 + 4].copy_from_slice(&u32::to_le_bytes(*number));
        }
        let file = Dicom::slice(RLE, 0, UPRIGHT).packed(bytes).file();
        assert_eq!(refused(file), "damaged", "{numbers:?}");
    }
}

#[test]
fn lengths_beyond_the_file() {
    let mut bytes = slice().file();
    let end = bytes.len() - 30;
    bytes[end - 4..end].copy_from_slice(&0x7FFF_FFFE_u32.to_le_bytes());
    assert_eq!(refused(bytes), "truncated");
    let long = slice().with(0x0028_3000, b"SQ", Value::Items(Vec::new(), false)).file();
    let at = long.windows(6).position(|six| six == [0x28, 0, 0, 0x30, b'S', b'Q']).unwrap();
    let mut wrong = long;
    wrong[at + 8..at + 12].copy_from_slice(&0x7000_0000_u32.to_le_bytes());
    assert_eq!(refused(wrong), "truncated");
}

#[test]
fn sequences_within_sequences_and_elements() {
    // Each level 12 bytes: a file of 12 kB would be a thousand deep.
    let mut deep = vec![0x08, 0, 0x05, 0, b'C', b'S', 0, 0];
    for _ in 0..1000 {
        deep.extend([0x09, 0, 0x10, 0, b'S', b'Q', 0, 0, 255, 255, 255, 255]);
        deep.extend([0xFE, 0xFF, 0x00, 0xE0, 255, 255, 255, 255]);
    }
    let marked = [vec![0; 128], b"DICM".to_vec(), deep].concat();
    assert_eq!(refused(marked), "too-large");
    // Empty elements of 8 bytes each.
    let mut many = [vec![0; 128], b"DICM".to_vec()].concat();
    for _ in 0..200_001 {
        many.extend([0x09, 0, 0x10, 0, b'C', b'S', 0, 0]);
    }
    assert_eq!(refused(many), "too-large");
    // Empty items of 8 bytes each.
    let mut items = [vec![0; 128], b"DICM".to_vec()].concat();
    items.extend([0x09, 0, 0x10, 0, b'S', b'Q', 0, 0, 255, 255, 255, 255]);
    for _ in 0..200_001 {
        items.extend([0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0]);
    }
    assert_eq!(refused(items), "too-large");
}

#[test]
fn bombs_of_deflate() {
    // A hundred megabytes of zeros in a hundred kilobytes.
    let zeros = vec![0; 100 << 20];
    let bomb = deflate(&zeros);
    let packed = gzip(&zeros);
    drop(zeros);
    assert!(bomb.len() < 200_000);
    let file = [slice().file()[..132].to_vec(), Vec::new()].concat();
    let meta = b"\x02\0\x10\0UI\x16\x001.2.840.10008.1.2.1.99";
    assert_eq!(refused([file, meta.to_vec(), bomb].concat()), "too-large");
    assert_eq!(refused(packed.clone()), "too-large");
    // As the samples of a volume of 105 voxels: only these are read.
    let header = nrrd(UPRIGHT, "LPS", "gzip", "endian: little\n\n").into_bytes();
    assert_eq!(import([("scan.nrrd", [header, packed].concat())]).series.len(), 1);
    let zip = zip(&[("bomb", &vec![0; 100 << 20])], true);
    assert_eq!(refused(zip.clone()), "too-large");
    // Whatever the archive says of its content.
    let mut liar = zip;
    for mark in [b"PK\x01\x02", b"PK\x03\x04"] {
        let at = liar.windows(4).position(|four| four == mark).unwrap();
        let size = at + if mark == b"PK\x01\x02" { 24 } else { 22 };
        liar[size..size + 4].copy_from_slice(&10_u32.to_le_bytes());
    }
    assert!(["too-large", "damaged"].contains(&refused(liar)));
}

#[test]
fn archives_in_archives() {
    let inner = zip(&[("slice", &slice().file())], false);
    let two = zip(&[("inner.zip", &inner)], false);
    let three = zip(&[("two.zip", &two)], false);
    assert_eq!(import([("two.zip", two.clone())]).series.len(), 1);
    assert_eq!(refused(three), "nested-archive");
    assert_eq!(refused(gzip(&gzip(&gzip(&slice().file())))), "nested-archive");
    assert_eq!(refused(zip(&[("x.zip", &gzip(&gzip(&two)))], true)), "nested-archive");
}

#[test]
fn damaged_and_locked_archives() {
    let whole = zip(&[("slice", &slice().file())], true);
    assert_eq!(refused(whole[..whole.len() - 10].to_vec()), "damaged");
    let mut changed = whole.clone();
    changed[60] ^= 0x55;
    assert_eq!(refused(changed), "damaged");
    let mut locked = whole;
    for mark in [b"PK\x01\x02", b"PK\x03\x04"] {
        let at = locked.windows(4).position(|four| four == mark).unwrap();
        locked[at + if mark == b"PK\x01\x02" { 8 } else { 6 }] |= 1;
    }
    assert_eq!(refused(locked), "encrypted");
}

#[test]
fn an_archive_with_two_files_of_one_name_says_that_one_was_not_read() {
    let (first, last) = (slice().file(), slice().word(0x0028_1052, 7).file());
    assert_ne!(first, last);
    let twice = import([("disc.zip", zip(&[("slice", &first), ("slice", &last)], true))]);
    let codes: Vec<_> = twice.problems.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["same-names"]);
    assert_eq!(twice.series.len(), 1);
}

#[test]
fn many_files_and_many_bytes() {
    let two = Limits { files: 2, ..Limits::default() };
    let mut import = Import::new(two.clone());
    for _ in 0..2 {
        assert_eq!(import.add("slice", slice().file()), Added::Dicom { frames: 1 });
    }
    assert!(matches!(import.add("third", slice().file()), Added::Refused { code: "too-many", .. }));
    assert_eq!(import.finish().problems.len(), 1);
    let files = [("a", [0_u8; 0].as_slice()), ("b", &[]), ("c", &[]), ("d", &[])];
    assert_eq!(limited(two, "many.zip", zip(&files, false)), "too-many");

    let small = Limits { file_bytes: 100, ..Limits::default() };
    assert_eq!(limited(small, "slice", slice().file()), "too-large");
    let little = Limits { kept_bytes: 29, ..Limits::default() };
    assert_eq!(limited(little.clone(), "slice", slice().file()), "too-large");
    let mha = [metaimage(UPRIGHT, "LOCAL").into_bytes(), shorts(false)].concat();
    assert_eq!(limited(little.clone(), "scan.mha", mha), "too-large");
    let nii = [nifti(UPRIGHT, Form::Matrix, false), shorts(false)].concat();
    assert_eq!(limited(little.clone(), "scan.nii", nii), "too-large");
    assert_eq!(limited(little, "noise", vec![0; 30]), "unknown-format");
}

#[test]
fn volumes_that_promise_too_much() {
    let huge = |key: &str, value: &str, text: String| text.replace(key, value);
    let nhdr = nrrd(UPRIGHT, "LPS", "raw", "endian: little\n\n");
    let with = |text: String| [text.into_bytes(), vec![0; 500]].concat();
    assert_eq!(refused(with(huge("3 5 7", "3000 3000 3000", nhdr.clone()))), "too-large");
    assert_eq!(
        refused(with(huge("3 5 7", "99999999999 99999999999 99999999999", nhdr.clone()))),
        "too-large"
    );
    assert_eq!(refused(with(huge("3 5 7", "500 500 500", nhdr.clone()))), "truncated");
    assert_eq!(refused(with(huge("3 5 7", "3 -5 7", nhdr.clone()))), "bad-header");
    for encoding in ["gzip", "ascii"] {
        let text = huge("raw", encoding, huge("3 5 7", "500 500 500", nhdr.clone()));
        assert_eq!(refused(with(text)), "truncated", "{encoding}");
    }
    for (key, value) in [
        ("3 5 7", "3 5"),
        ("endian: little", "endian: middle"),
        ("(-10,20,-30.5)", "(-10,20)"),
        ("(-10,20,-30.5)", "(nan,20,1)"),
        ("(0.7,0,0)", "(0,0,0)"),
        ("(0.7,0,0)", "(0.7,0.7,0)"),
    ] {
        assert_eq!(refused(with(huge(key, value, nhdr.clone()))), "bad-header", "{value}");
    }
    assert_eq!(refused(with(huge("dimension: 3", "dimension: 4", nhdr.clone()))), "bad-header");
    for (key, value) in [("encoding: raw", "encoding: bzip2"), ("type: short", "type: block")] {
        assert_eq!(refused(with(huge(key, value, nhdr.clone()))), "unsupported-format", "{value}");
    }

    let nii = |at: usize, value: &[u8]| {
        let mut file = [nifti(UPRIGHT, Form::Matrix, false), shorts(false)].concat();
        file[at..at + value.len()].copy_from_slice(value);
        file
    };
    let side = 2000_i16.to_le_bytes();
    assert_eq!(refused(nii(42, &[side, side, side].concat())), "too-large");
    let side = 500_i16.to_le_bytes();
    let missing = nii(42, &[side, side, side].concat());
    assert_eq!(refused(gzip(&missing)), "truncated");
    assert_eq!(refused(missing), "truncated");
    assert_eq!(refused(nii(42, &(-3_i16).to_le_bytes())), "bad-header");
    assert_eq!(refused(nii(40, &9_i16.to_le_bytes())), "bad-header");
    assert_eq!(refused(nii(40, &[4, 0, 3, 0, 5, 0, 7, 0, 2, 0])), "unsupported-format");
    assert_eq!(refused(nii(70, &128_i16.to_le_bytes())), "unsupported-format");
    assert_eq!(refused(nii(108, &f32::NAN.to_le_bytes())), "bad-header");
    assert_eq!(refused(nii(108, &1e9_f32.to_le_bytes())), "truncated");
    assert_eq!(refused(nii(280, &f32::INFINITY.to_le_bytes())), "bad-header");
    // An Analyze header: NIfTI's, without its mark.
    assert_eq!(refused(nii(344, &[0; 4])[..348].to_vec()), "unsupported-format");
}
