//! One patch in every kind of file gives one patch; what is no patch is refused with its reason.

use nodulens::patch::{Patch, SizePolicy};
use nodulens::preprocess::{display_bytes, model_values};
use nodulens_imaging::UserError;
use nodulens_imaging::decode::{GreyImage, decode_raster};
use std::path::PathBuf;

fn file(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats");
    std::fs::read(folder.join(name)).unwrap()
}

fn image(name: &str) -> GreyImage {
    decode_raster(&file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn patch_bytes(name: &str, policy: SizePolicy) -> Vec<u8> {
    let patch = Patch::from_image(&image(name), policy).unwrap();
    display_bytes(&model_values(&patch))
}

#[test]
fn lossless_formats_give_the_same_patch() {
    let expected = patch_bytes("grey8.png", SizePolicy::Refuse);
    for name in ["grey16.png", "rgb.png", "grey8.tiff", "grey16.tiff", "grey8.bmp"] {
        assert_eq!(patch_bytes(name, SizePolicy::Refuse), expected, "{name}");
    }
    // The patch lies in the middle of the slice.
    assert_eq!(patch_bytes("large-512.png", SizePolicy::CenterCrop), expected);
}

#[test]
fn jpeg_is_decoded_as_pillow_decodes_it() {
    // Pillow: Image.open("grey8.jpg"), saved as PNG; decoders may round differently by one.
    let ours = patch_bytes("grey8.jpg", SizePolicy::Refuse);
    let pillow = patch_bytes("grey8.jpg.pillow.png", SizePolicy::Refuse);
    let worst = ours.iter().zip(&pillow).map(|(a, b)| a.abs_diff(*b)).max();
    println!("worst difference to Pillow: {worst:?} of 255 (tolerance 1)");
    assert!(worst <= Some(1));
}

#[test]
fn wrong_sizes_and_wrong_files_are_refused_by_name() {
    let refuse = |name| Patch::from_image(&image(name), SizePolicy::Refuse).unwrap_err();
    assert_eq!(refuse("large-512.png").code(), "not-patch-size");
    assert_eq!(refuse("small-20.png").code(), "too-small");
    assert!(refuse("small-20.png").to_string().contains("20 x 20"));
    assert_eq!(decode_raster(&file("text.png")).unwrap_err().code(), "not-an-image");
}
