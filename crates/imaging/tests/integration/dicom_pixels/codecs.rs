//! Each encoding of pixels gives the same slice, and what is not read of one is refused by name.

use super::{FIRST, JPEG_LS, expected, hus, slice, stored};
use crate::support::files::*;
use std::path::Path;

const JPEG: &str = "1.2.840.10008.1.2.4.50";
const LOSSLESS: &str = "1.2.840.10008.1.2.4.57";

#[test]
fn run_lengths_and_jpeg_ls_of_our_own_making() {
    assert_eq!(hus(slice(RLE).packed(run_lengths(&stored())).file()), expected());
    let mut ls = Vec::new();
    jpegls::encode(&stored(), 3, 5, &mut ls).unwrap();
    assert_eq!(hus(slice(JPEG_LS).packed(ls).file()), expected());
}

#[test]
fn jpeg_lossless_in_all_its_forms() {
    // Every predictor, restarts after one and after two lines, one that ends with the last line,
    // and samples that lost bits below.
    for predictor in 1..=7 {
        for lines in [0, 1, 2, 5] {
            for (precision, transform) in [(16, 0), (13, 0), (12, 0), (16, 3), (12, 1)] {
                let packed =
                    jpeg_lossless_with(&stored(), 3, predictor, precision, transform, lines);
                let cut = |hu: &i16| ((hu + 1024) >> transform << transform) - 1024;
                let cut: Vec<i16> = expected().iter().map(cut).collect();
                for syntax in [FIRST, LOSSLESS] {
                    let found = hus(slice(syntax).packed(packed.clone()).file());
                    assert_eq!(found, cut, "{predictor} {lines} {precision} {transform}");
                }
            }
        }
    }
    // Restart marks that are missing, and pixels, are told.
    let mut packed = jpeg_lossless_with(&stored(), 3, 1, 16, 0, 1);
    let mark = packed.windows(2).position(|two| two == [0xFF, 0xD1]).unwrap();
    packed[mark + 1] = 0;
    assert_eq!(refused(slice(FIRST).packed(packed).file()), "damaged");
    let mut packed = jpeg_lossless(&stored(), 3, 1);
    packed.truncate(packed.len() - 10);
    assert_eq!(refused(slice(FIRST).packed(packed).file()), "damaged");
    // Signed values below 0 are their bits.
    let below: Vec<u16> = (0..15_i16).map(|i| (i * 300 - 2000) as u16).collect();
    let file = slice(FIRST).packed(jpeg_lossless(&below, 3, 1)).file();
    assert_eq!(hus(file), (0..15).map(|i| i * 300 - 3024).collect::<Vec<i16>>());
}

#[test]
fn jpeg_baseline_of_eight_bits() {
    let image = image::GrayImage::from_fn(16, 8, |x, y| image::Luma([(x * 10 + y) as u8]));
    let mut jpeg = std::io::Cursor::new(Vec::new());
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 100)
        .encode_image(&image)
        .unwrap();
    let jpeg = jpeg.into_inner();
    let file = |jpeg: &[u8]| {
        let mut jpeg = jpeg.to_vec();
        jpeg.resize(jpeg.len().next_multiple_of(2), 0);
        slice(JPEG)
            .word(0x0028_0010, 8)
            .word(0x0028_0011, 16)
            .word(0x0028_0100, 8)
            .word(0x0028_0101, 8)
            .word(0x0028_0102, 7)
            .word(0x0028_0103, 0)
            .packed(jpeg)
            .file()
    };
    // Cut within its data, and ended as a whole one is.
    let cut = [&jpeg[..jpeg.len() - 30], &[0xFF, 0xD9]].concat();
    assert_eq!(refused(file(&cut)), "damaged");
    let found = hus(file(&jpeg));
    let worst =
        found.iter().zip(image.pixels()).map(|(hu, grey)| (hu + 1024 - i16::from(grey.0[0])).abs());
    assert!(worst.max() <= Some(2));
}

/// OpenJPEG wrote the file (tests/reference/dicom.py); the decoder fills up what is missing.
#[test]
fn a_jpeg_2000_that_ends_early_is_refused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/dicom");
    let file = std::fs::read(folder.join("jpeg2000-unsigned.dcm")).unwrap();
    let start = file.windows(4).position(|four| four == [0xFF, 0x4F, 0xFF, 0x51]).unwrap();
    let length = u32::from_le_bytes(*file[start - 4..].first_chunk().unwrap()) as usize;
    let stream = &file[start..start + length];
    let slice = |stream: &[u8]| {
        let mut stream = stream.to_vec();
        stream.resize(stream.len().next_multiple_of(2), 0);
        slice("1.2.840.10008.1.2.4.90")
            .word(0x0028_0010, 36)
            .word(0x0028_0011, 40)
            .word(0x0028_0101, 12)
            .word(0x0028_0102, 11)
            .word(0x0028_0103, 0)
            .packed(stream)
            .file()
    };
    assert_eq!(hus(slice(stream)).len(), 36 * 40);
    for part in 1..10 {
        assert_eq!(refused(slice(&stream[..length * part / 10])), "damaged", "{part}");
    }
}

#[test]
fn frames_without_an_offset_table() {
    let mut packed = jpeg_lossless(&stored(), 3, 1);
    packed.resize(packed.len().next_multiple_of(2), 0);
    let half = packed.len() / 4 * 2;
    for fragments in [vec![packed.clone()], vec![packed[..half].to_vec(), packed[half..].to_vec()]]
    {
        let file = slice(FIRST).with(0x7FE0_0010, b"OB", Value::Fragments(fragments));
        assert_eq!(hus(file.file()), expected());
    }
}

/// What the decoder would read past, or says that it does not read, is named and not called damaged.
#[test]
fn jpeg_ls_of_kinds_that_are_not_read() {
    let mut ls = Vec::new();
    jpegls::encode(&stored(), 3, 5, &mut ls).unwrap();
    let scan = ls.windows(2).position(|two| two == [0xFF, 0xDA]).unwrap();
    let mut shifted = ls.clone();
    shifted[scan + 9] = 2;
    let restarts = [&ls[..scan], &[0xFF, 0xDD, 0, 4, 0, 3], &ls[scan..]].concat();
    for (packed, words) in [(shifted, "point transform"), (restarts, "restart")] {
        let imported = import([("file", slice(JPEG_LS).packed(packed).file())]);
        let problem = &imported.problems[0];
        assert_eq!(problem.code, "unsupported-encoding", "{}", problem.message);
        assert!(problem.message.contains(words), "{}", problem.message);
    }
}

/// pydicom, CharLS and OpenJPEG wrote these (tests/reference/dicom.py): signed values of 16
/// bits, and 12 of 16 bits without sign.
#[test]
fn files_of_independent_writers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/dicom");
    let read = |name: &str, kind: &str| {
        hus(std::fs::read(folder.join(format!("{name}-{kind}.dcm"))).unwrap())
    };
    for (kind, intercept) in [("signed", 0), ("unsigned", -1024)] {
        let plain = read("plain", kind);
        // As the script makes them.
        let value = |x: i32, y: i32| match (x, y) {
            (0, 0) => 0,
            (39, 35) => 4095,
            (3..12, 4..8) => 1024,
            _ => (x * 37 + y * 101 + (x * y) % 7) % 4000,
        };
        let shift = if kind == "signed" { -2000 } else { intercept };
        for (i, hu) in plain.iter().enumerate() {
            assert_eq!(i32::from(*hu), value(i as i32 % 40, i as i32 / 40) + shift, "{i}");
        }
        for (name, most) in [
            ("rle", 0),
            ("jpegls", 0),
            ("jpegls-near2", 2),
            ("jpeg2000", 0),
            // OpenJPEG itself is off by 100 and 4: its error counts against the range of 16 bits.
            ("jpeg2000-lossy", if kind == "signed" { 101 } else { 5 }),
        ] {
            let apart = read(name, kind).iter().zip(&plain).map(|(a, b)| a.abs_diff(*b)).max();
            println!("{name}-{kind}: largest difference {apart:?}");
            assert!(apart <= Some(most), "{name}-{kind} {apart:?}");
        }
    }
}
