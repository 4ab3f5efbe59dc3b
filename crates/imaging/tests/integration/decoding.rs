//! What a picture becomes, and what is said of it.

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
