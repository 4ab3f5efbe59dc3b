//! Small files that promise or become far more than they hold: each is refused, quickly, and
//! before the memory is taken.

#![cfg(feature = "formats")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/counting.rs"]
mod counting;
#[path = "support/formats.rs"]
mod support;

use nodulens::decode::Limits;
use nodulens::decode::import::{Import, Imported};
use std::time::{Duration, Instant};
use support::*;

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
    let file = include_bytes!("fixtures/dicom/jpeg2000-unsigned.dcm");
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
