//! Small files that promise or become far more than they hold: each is refused, quickly, and
//! before the memory is taken.

use crate::support::counting;
use crate::support::files::*;
use nodulens_imaging::decode::Limits;
use nodulens_imaging::decode::import::{Import, Imported};
use std::time::{Duration, Instant};

/// Most that any of these may take.
const MOST: usize = 96 << 20;
/// Far more than any of these needs, far less than what it asks for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens files within limits of time and memory.
fn opened(files: &[(&str, &[u8])]) -> Imported {
    let started = Instant::now();
    let (taken, imported) = counting::taken(|| {
        let mut import = Import::new(Limits::default());
        for (name, bytes) in files {
            import.add(name, bytes.to_vec());
        }
        import.finish()
    });
    let elapsed = started.elapsed();
    println!("{:>5} MB, {:>5} ms", taken >> 20, elapsed.as_millis());
    assert!(taken < MOST, "{} MB were taken", taken >> 20);
    assert!(elapsed < PATIENCE, "{elapsed:?}");
    imported
}

/// The code with which a file is refused.
fn code(bytes: &[u8]) -> &'static str {
    let imported = opened(&[("file", bytes)]);
    assert!(imported.series.is_empty() && imported.pictures.is_empty());
    imported.problems[0].code
}

/// The codestream of a committed JPEG 2000 file: 40 x 36, one tile, no precincts.
fn codestream() -> Vec<u8> {
    let file = include_bytes!("../../../../tests/fixtures/dicom/jpeg2000-unsigned.dcm");
    let start = file.windows(4).position(|four| four == [0xFF, 0x4F, 0xFF, 0x51]).unwrap();
    file[start..].to_vec()
}

/// A DICOM file of so many columns and rows around a JPEG 2000 codestream.
fn jpeg2000(side: u16, stream: Vec<u8>) -> Vec<u8> {
    Dicom::slice("1.2.840.10008.1.2.4.90", 0, UPRIGHT)
        .word(0x0028_0010, side)
        .word(0x0028_0011, side)
        .word(0x0028_0101, 12)
        .word(0x0028_0102, 11)
        .word(0x0028_0103, 0)
        .packed(stream)
        .file()
}

/// Sets 32-bit numbers of the size segment: 0 and 1 are the image's, 4 and 5 a tile's.
fn sized(mut stream: Vec<u8>, numbers: [(usize, u32); 4]) -> Vec<u8> {
    for (i, number) in numbers {
        stream[8 + i * 4..12 + i * 4].copy_from_slice(&number.to_be_bytes());
    }
    stream
}

#[test]
fn jpeg_2000_of_millions_of_tiles() {
    for side in [512, 2000] {
        let tiles = sized(codestream(), [(0, side), (1, side), (4, 1), (5, 1)]);
        assert_eq!(code(&jpeg2000(side as u16, tiles)), "damaged");
    }
}

#[test]
fn jpeg_2000_of_millions_of_precincts_or_blocks() {
    let whole = sized(codestream(), [(0, 2048), (1, 2048), (4, 2048), (5, 2048)]);
    let at = whole.windows(2).position(|two| two == [0xFF, 0x52]).unwrap();
    // Precincts of one sample (of two, where there is more than one resolution).
    let mut precincts = whole.clone();
    precincts[at + 3] = 18;
    precincts[at + 4] |= 1;
    precincts.splice(at + 14..at + 14, [0x00, 0x11, 0x11, 0x11, 0x11, 0x11]);
    assert_eq!(code(&jpeg2000(2048, precincts)), "damaged");
    // Blocks of 4 x 4 in 32 layers.
    let mut blocks = whole;
    blocks[at + 7] = 32;
    blocks[at + 10..at + 12].copy_from_slice(&[0, 0]);
    assert_eq!(code(&jpeg2000(2048, blocks)), "damaged");
}

/// Within limits of its own.
fn limited(limits: Limits, bytes: &[u8]) -> Imported {
    let mut import = Import::new(limits);
    import.add("file", bytes.to_vec());
    import.finish()
}

#[test]
fn a_zip_whose_files_share_their_bytes() {
    // 2,000 files of 20 megabytes in 20 kilobytes: all of them name the first.
    let one = zip(&[("file", &vec![b'a'; 20 << 20])], true);
    let directory = one.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    let end = one.windows(4).position(|four| four == b"PK\x05\x06").unwrap();
    let mut shared = one[..directory].to_vec();
    for i in 0..2000 {
        shared.extend(&one[directory..end - 4]);
        shared.extend(format!("{i:04}").as_bytes());
    }
    let length = shared.len() - directory;
    shared.extend(&one[end..end + 8]);
    shared.extend(2000_u16.to_le_bytes());
    shared.extend(2000_u16.to_le_bytes());
    shared.extend((length as u32).to_le_bytes());
    shared.extend(&one[end + 16..]);
    let limits = Limits { unpacked: 100 << 20, ..Limits::default() };
    let imported = limited(limits.clone(), &shared);
    // Whether as files that share their bytes, or because there are too many of them.
    assert!(imported.problems.len() < 10, "{} files were read", imported.problems.len());
    assert!(imported.problems.iter().any(|problem| problem.code == "too-large"));
    // Two files side by side have the same bytes to share, and so have two gzips.
    let two = zip(&[("a", &vec![b'a'; 60 << 20]), ("b", &vec![b'b'; 60 << 20])], true);
    let codes: Vec<_> = limited(limits.clone(), &two).problems.iter().map(|p| p.code).collect();
    assert_eq!(codes, ["not-an-image", "too-large"]);
    let mut import = Import::new(limits);
    let packed = gzip(&vec![b'a'; 60 << 20]);
    import.add("a.gz", packed.clone());
    import.add("b.gz", packed);
    let codes: Vec<_> = import.finish().problems.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["not-an-image", "too-large"]);
}

#[test]
fn bytes_and_lines_to_pass_over_in_compressed_samples() {
    let scan = |more: &str, before: &[u8], data: &[u8]| {
        let header = nrrd(UPRIGHT, "LPS", "gzip", &format!("endian: little\n{more}\n\n"));
        [header.into_bytes(), before.to_vec(), gzip(data)].concat()
    };
    let file = scan("line skip: 2", b"a line\nanother\n", &shorts(false));
    assert_eq!(opened(&[("file", &file)]).series.len(), 1);
    let endless = "line skip: 9000000000000000000";
    assert_eq!(code(&scan(endless, b"a line\n", &shorts(false))), "damaged");
    // A line of two megabytes.
    assert_eq!(code(&scan("line skip: 1", &vec![0; 2 << 20], &[])), "damaged");
    assert_eq!(code(&scan("byte skip: 1000000000", &[], &shorts(false))), "bad-header");
    // The end of a hundred megabytes, which had to be inflated to find it.
    assert_eq!(code(&scan("byte skip: -1", &[], &vec![0; 100 << 20])), "too-large");
    let mut nii = nifti(UPRIGHT, Form::Matrix, false);
    nii[108..112].copy_from_slice(&1e9_f32.to_le_bytes());
    assert_eq!(code(&gzip(&[nii, shorts(false)].concat())), "bad-header");
}

#[test]
fn samples_that_meet_their_header_when_there_is_no_room() {
    let limits = Limits { kept_bytes: 5000, ..Limits::default() };
    let mut header = nifti(UPRIGHT, Form::Matrix, false);
    header[344..348].copy_from_slice(b"ni1\0");
    header[108..112].copy_from_slice(&0_f32.to_le_bytes());
    let side = 200_i16.to_le_bytes();
    header[42..48].copy_from_slice(&[side, side, side].concat());
    let data = gzip(&vec![0; 16 << 20]);
    let (taken, imported) = counting::taken(|| {
        let mut import = Import::new(limits);
        import.add("a.hdr", header);
        import.add("a.img", data);
        import.finish()
    });
    assert_eq!(imported.problems[0].code, "too-large");
    assert!(taken < 1 << 20, "{taken} bytes were taken");
}

#[test]
fn headers_that_do_not_end() {
    let comments = b"# a comment of no use, but there are many of them\n".repeat(20_000);
    let long = nrrd(UPRIGHT, "LPS", "raw", "endian: little\n").into_bytes();
    assert_eq!(code(&[long, comments, b"\n".to_vec(), shorts(false)].concat()), "bad-header");
    let comments = b"Comment = of no use, but there are many of them\n".repeat(20_000);
    let long = [&comments, metaimage(UPRIGHT, "LOCAL").as_bytes(), &shorts(false)].concat();
    assert_eq!(code(&long), "unknown-format");
    let large = metaimage(UPRIGHT, "LOCAL").replace("3 5 7", "3000 3000 3000");
    assert_eq!(code(large.as_bytes()), "too-large");
}

/// A picture of 7 x 5 pixels whose header says another size.
fn picture(format: image::ImageFormat, side: u32) -> Vec<u8> {
    use image::ImageFormat::{Bmp, Jpeg, Png};
    let grey = image::DynamicImage::from(image::GrayImage::new(7, 5));
    let mut bytes = std::io::Cursor::new(Vec::new());
    grey.write_to(&mut bytes, format).unwrap();
    let mut bytes = bytes.into_inner();
    match format {
        Png => {
            bytes[16..24].copy_from_slice(&[side.to_be_bytes(); 2].concat());
            let mut crc = flate2::Crc::new();
            crc.update(&bytes[12..29]);
            bytes[29..33].copy_from_slice(&crc.sum().to_be_bytes());
        }
        Bmp => bytes[18..26].copy_from_slice(&[side.to_le_bytes(); 2].concat()),
        Jpeg => {
            let at = bytes.windows(2).position(|two| two == [0xFF, 0xC0]).unwrap() + 5;
            bytes[at..at + 4].copy_from_slice(&[(side as u16).to_be_bytes(); 2].concat());
        }
        // TIFF: width and height are the first two entries of the directory, as long numbers.
        _ => {
            let at = u32::from_le_bytes(*bytes[4..].first_chunk::<4>().unwrap()) as usize + 2;
            for entry in [at, at + 12] {
                bytes[entry + 2] = 4;
                bytes[entry + 8..entry + 12].copy_from_slice(&side.to_le_bytes());
            }
        }
    }
    bytes
}

#[test]
fn pictures_that_promise_millions_of_pixels() {
    use image::ImageFormat::{Bmp, Jpeg, Png, Tiff};
    for format in [Png, Bmp, Tiff, Jpeg] {
        assert_eq!(opened(&[("file", &picture(format, 5))]).pictures.len(), 1, "{format:?}");
        // Beyond what is read at all, and beyond what so few bytes can hold.
        assert_eq!(code(&picture(format, 60_000)), "too-large", "{format:?}");
        assert_eq!(code(&picture(format, 9000)), "truncated", "{format:?}");
    }
}

#[test]
fn a_progressive_jpeg_of_thousands_of_scans() {
    // 2048 x 2048 pixels; each scan of 18 bytes says four times that 16,384 blocks are empty.
    let mut bomb = vec![0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0];
    bomb.extend([1; 64]);
    bomb.extend([0xFF, 0xC2, 0, 11, 8, 8, 0, 8, 0, 1, 1, 0x11, 0]);
    bomb.extend([0xFF, 0xC4, 0, 20, 0x10, 1]);
    bomb.extend([0; 15]);
    bomb.push(0xE0);
    let scan = [0xFF, 0xDA, 0, 8, 1, 1, 0, 1, 63, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    bomb.extend(scan.repeat(60_000));
    bomb.extend([0xFF, 0xD9]);
    let file = Dicom::slice("1.2.840.10008.1.2.4.50", 0, UPRIGHT)
        .word(0x0028_0010, 2048)
        .word(0x0028_0011, 2048)
        .word(0x0028_0100, 8)
        .word(0x0028_0101, 8)
        .word(0x0028_0102, 7)
        .word(0x0028_0103, 0)
        .packed(bomb.clone())
        .file();
    // DICOM's JPEG has no such frames; as a picture, scans are counted.
    assert_eq!(code(&file), "unsupported-encoding");
    assert_eq!(code(&bomb), "truncated");
}

#[test]
fn the_codestream_that_is_looked_at_is_the_one_that_is_read() {
    let slice = |stream: &[u8]| {
        Dicom::slice("1.2.840.10008.1.2.4.90", 0, UPRIGHT)
            .word(0x0028_0010, 36)
            .word(0x0028_0011, 40)
            .word(0x0028_0101, 12)
            .word(0x0028_0102, 11)
            .word(0x0028_0103, 0)
            .packed(stream.to_vec())
            .file()
    };
    let signature = b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 \0\0\0\0jp2 ";
    let boxed = [&signature[..], b"\0\0\0\0jp2c", &codestream()].concat();
    assert_eq!(opened(&[("file", &slice(&boxed))]).series.len(), 1);
    // A box of the beginning of a small picture before one of millions of tiles.
    let tiles = sized(codestream(), [(0, 40), (1, 36), (4, 1), (5, 1)]);
    let decoy = &codestream()[..60];
    let length = (decoy.len() as u32 + 8).to_be_bytes();
    let file = [&signature[..], &length, b"uuid", decoy, b"\0\0\0\0jp2c", &tiles].concat();
    assert_eq!(code(&slice(&file)), "damaged");
}
