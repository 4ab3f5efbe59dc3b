//! What a picture becomes, and what is said of it.

use crate::support::pictures::*;
use nodulens_imaging::UserError;
use nodulens_imaging::decode::{GreyImage, decode_raster};
use std::path::PathBuf;

fn file(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/formats");
    std::fs::read(folder.join(name)).unwrap()
}

fn image(name: &str) -> GreyImage {
    decode_raster(&file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn what_was_done_to_a_picture_is_said() {
    assert!(image("grey8.png").notes.is_empty());
    assert!(image("rgb.png").notes.is_empty(), "grey in three channels loses nothing");
    assert!(image("grey16.png").notes[0].starts_with("16-bit image"));
    assert_eq!((image("grey16.tiff").bit_depth, image("grey16.tiff").format), (16, "TIFF"));
}

#[test]
fn a_cut_off_file_is_refused_and_not_filled_in() {
    for name in ["grey8.png", "grey8.tiff", "grey8.bmp", "grey8.jpg"] {
        let whole = file(name);
        for length in [whole.len() / 2, whole.len() * 9 / 10] {
            let error = decode_raster(&whole[..length]).map(|image| image.format);
            assert_eq!(error.map_err(|error| error.code()), Err("truncated"), "{name} {length}");
        }
    }
    let jpeg = file("grey8.jpg");
    assert!(decode_raster(&jpeg[..jpeg.len() - 1]).is_err());
}

#[test]
fn files_cut_off_anywhere_never_panic() {
    for name in ["grey8.png", "grey16.tiff", "grey8.bmp", "grey8.jpg"] {
        let whole = file(name);
        for length in (0..whole.len()).step_by(7) {
            // Some decoders fill what is missing; none may panic.
            let _ = decode_raster(&whole[..length]);
        }
    }
}

/// Each of EXIF's eight in a JPEG, and TIFF's tag in both kinds of TIFF, in both byte orders: the
/// pixel that comes to the top left is the one that the standard's table names.
#[test]
fn every_orientation_in_every_format_that_has_one() {
    let stored = decode_raster(&jpeg(&[])).unwrap();
    let (last, below) = (stored.width - 1, stored.height - 1);
    // The stored column and row of the pixel at the top left, and of the next to the right of it.
    let corners = [
        ((0, 0), (1, 0)),
        ((last, 0), (last - 1, 0)),
        ((last, below), (last - 1, below)),
        ((0, below), (1, below)),
        ((0, 0), (0, 1)),
        ((0, below), (0, below - 1)),
        ((last, below), (last, below - 1)),
        ((last, 0), (last, 1)),
    ];
    for (number, (corner, next)) in (1_u16..).zip(corners) {
        for big in [false, true] {
            let block = [b"Exif\0\0".to_vec(), exif(number, big)].concat();
            let shown = decode_raster(&jpeg(&[segment(0xE1, &block)])).unwrap();
            let at = |(x, y): (usize, usize)| stored.samples[y * stored.width + x];
            assert_eq!(shown.samples[..2], [at(corner), at(next)], "{number} {big}");
            assert_eq!(shown.notes.len(), usize::from(number > 1), "{number}");
            for large in [false, true] {
                let page = Page::grey().with(274, &[number.into()]);
                let shown = decode_raster(&tiff(&[page], big, large)).unwrap();
                let right = match number {
                    1 | 5 => (0, 0),
                    2 | 8 => (COLUMNS - 1, 0),
                    3 | 7 => (COLUMNS - 1, ROWS - 1),
                    _ => (0, ROWS - 1),
                };
                let columns = if number < 5 { COLUMNS } else { ROWS };
                assert_eq!(shown.width, columns, "{number}");
                let top_left = shown.samples[0].0 * 255.0;
                assert_eq!(top_left.round() as u8, grey(right.0, right.1), "{number} {big}");
            }
        }
    }
}

/// The decoder panics over tiles in separate planes: whatever the fields' types and their number.
#[test]
fn tiles_in_separate_planes_never_reach_the_decoder() {
    let tile = Page::grey().without(278).with(322, &[16]).with(323, &[16]).with(262, &[2]);
    let tile = tile.with(277, &[3]).with(258, &[8; 3]).strips(vec![vec![0; 256]; 3]);
    for (kind, twice) in [(3, false), (4, false), (1, false), (3, true)] {
        let mut page = Page { tiled: true, ..tile.clone() };
        if twice {
            page.fields.push((284, 3, vec![1]));
        }
        page.fields.push((284, kind, vec![2]));
        let refused = decode_raster(&tiff(&[page], false, false)).map(|image| image.format);
        assert_eq!(refused.map_err(|error| error.code()), Err("unsupported-format"));
    }
}

/// Cut anywhere within its data and ended as a whole one is: what is missing would be painted grey.
#[test]
fn a_jpeg_whose_data_end_early_is_refused_wherever_it_was_cut() {
    let whole = file("grey8.jpg");
    let data = whole.windows(2).rposition(|pair| pair == [0xFF, 0xDA]).unwrap() + 10;
    // The last bytes may hold nothing but what fills them up.
    for length in data..whole.len() - 4 {
        let cut = [&whole[..length], &[0xFF, 0xD9]].concat();
        let refused = decode_raster(&cut).map(|image| image.format);
        assert_eq!(refused.map_err(|error| error.code()), Err("truncated"), "{length}");
    }
}
