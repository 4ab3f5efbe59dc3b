//! MetaImage files of every kind of number give one volume; what is none is refused with its reason.

use crate::support::files::{codes, one};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use nodulens_imaging::UserError;
use nodulens_imaging::decode::GridError;
use nodulens_imaging::decode::metaimage::{Header, MetaImageError, decode_mha, decode_mhd};
use nodulens_imaging::geometry::{SpacingMm, VoxelPoint, WorldMm};
use nodulens_imaging::intensity::Hu;
use proptest::prelude::*;
use std::io::Write;

/// A header of 3 x 5 x 7 voxels; `more` lines replace the usual ones of the same key.
fn header(more: &[(&str, &str)]) -> String {
    let mut lines = vec![
        ("ObjectType", "Image"),
        ("NDims", "3"),
        ("BinaryData", "True"),
        ("BinaryDataByteOrderMSB", "False"),
        ("CompressedData", "False"),
        ("TransformMatrix", "1 0 0 0 1 0 0 0 1"),
        ("Offset", "-10 20 -30.5"),
        ("ElementSpacing", "0.7 0.8 2.5"),
        ("DimSize", "3 5 7"),
        ("ElementType", "MET_SHORT"),
        ("ElementDataFile", "scan.raw"),
    ];
    for (key, value) in more {
        match lines.iter_mut().find(|(old, _)| old == key) {
            Some(line) => line.1 = value,
            None => lines.insert(2, (key, value)),
        }
    }
    lines.iter().map(|(key, value)| format!("{key} = {value}\n")).collect()
}

/// 105 samples, each another one, -105 .. 0 or 0 .. 105.
fn values(signed: bool) -> impl Iterator<Item = i32> {
    (0..105).map(move |i| if signed { i - 105 } else { i })
}

fn refused(more: &[(&str, &str)]) -> MetaImageError {
    decode_mhd(header(more).as_bytes(), &[0; 1000]).unwrap_err()
}

#[test]
fn every_kind_of_number_in_both_byte_orders_is_the_same_hu() {
    macro_rules! check {
        ($name:literal, $kind:ty) => {
            let signed = <$kind>::MIN != 0 as $kind;
            for big in [false, true] {
                let data: Vec<u8> = values(signed)
                    .map(|value| value as $kind)
                    .flat_map(|v| if big { v.to_be_bytes() } else { v.to_le_bytes() })
                    .collect();
                let order = if big { "True" } else { "False" };
                let text = header(&[("ElementType", $name), ("BinaryDataByteOrderMSB", order)]);
                let volume = decode_mhd(text.as_bytes(), &data).unwrap();
                for (i, value) in values(signed).enumerate() {
                    let (x, y, z) = (i % 3, i / 3 % 5, i / 15);
                    let hu = volume.hu(x as i64, y as i64, z as i64);
                    assert_eq!(hu, Some(Hu(value as f32)), "{} {big} {x} {y} {z}", $name);
                }
            }
        };
    }
    check!("MET_CHAR", i8);
    check!("MET_UCHAR", u8);
    check!("MET_SHORT", i16);
    check!("MET_USHORT", u16);
    check!("MET_INT", i32);
    check!("MET_UINT", u32);
    check!("MET_FLOAT", f32);
    check!("MET_DOUBLE", f64);
}

#[test]
fn header_and_samples_in_one_file_compressed_or_not() {
    let data: Vec<u8> = values(true).flat_map(|value| (value as i16).to_le_bytes()).collect();
    let plain = decode_mhd(header(&[]).as_bytes(), &data).unwrap();

    let local = header(&[("ElementDataFile", "LOCAL")]).into_bytes();
    assert_eq!(decode_mha(&[local, data.clone()].concat()).unwrap(), plain);

    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(&data).unwrap();
    let zlib = zlib.finish().unwrap();
    let compressed = header(&[("CompressedData", "True"), ("ElementDataFile", "LOCAL")]);
    let whole = [compressed.into_bytes(), zlib.clone()].concat();
    assert_eq!(decode_mha(&whole).unwrap(), plain);

    // Carriage returns, as a Windows editor leaves them.
    let windows = header(&[]).replace('\n', "\r\n");
    assert_eq!(decode_mhd(windows.as_bytes(), &data).unwrap(), plain);

    let late = [vec![1, 2, 3], data].concat();
    for skip in ["3", "-1"] {
        let text = header(&[("HeaderSize", skip)]);
        assert_eq!(decode_mhd(text.as_bytes(), &late).unwrap(), plain);
    }

    // A checksum or a length that does not fit is damage, not a scan.
    let mut wrong = whole.clone();
    *wrong.last_mut().unwrap() ^= 1;
    assert!(matches!(decode_mha(&wrong), Err(MetaImageError::Samples(GridError::Damaged(_)))));
    let short = decode_mha(&whole[..whole.len() - zlib.len() / 2]);
    assert!(
        matches!(short, Err(MetaImageError::Samples(GridError::Truncated { needed: 210, .. }))),
        "{short:?}"
    );
    let small =
        header(&[("CompressedData", "True"), ("ElementDataFile", "LOCAL"), ("DimSize", "3 5 6")]);
    // More than the header says is no damage: the importer tells of it.
    let long = one([("scan.mha", [small.into_bytes(), zlib].concat())]);
    assert_eq!(codes(&long), ["bytes-behind"]);
    assert_eq!(long.volume.geometry().size(), [3, 5, 6]);
}

#[test]
fn place_and_axes_under_each_of_their_names() {
    let spacing = SpacingMm { x: 0.7, y: 0.8, z: 2.5 };
    for (origin, axes) in
        [("Offset", "TransformMatrix"), ("Origin", "Orientation"), ("Position", "Rotation")]
    {
        let text = header(&[]).replace("Offset", origin).replace("TransformMatrix", axes);
        let text = text.replace("1 0 0 0 1 0 0 0 1", "-1 0 0 0 -1 0 0 0 1");
        let header = Header::parse(text.as_bytes()).unwrap();
        assert_eq!(header.geometry().spacing_mm(), spacing);
        let world = header.geometry().world_from_voxel(VoxelPoint { x: 1.0, y: 2.0, z: 3.0 });
        assert!(world.distance(WorldMm { x: -10.7, y: 18.4, z: -23.0 }) < 1e-9, "{world:?}");
    }
}

/// SimpleITK 2.5.7 (tests/reference/metaimage.py), for a header with three oblique axes.
#[test]
fn oblique_axes_are_read_as_itk_reads_them() {
    let text = header(&[("TransformMatrix", "0.36 0.48 -0.8 -0.8 0.6 0 0.48 0.64 0.6")]);
    let geometry = Header::parse(text.as_bytes()).unwrap().geometry().clone();
    let world = geometry.world_from_voxel(VoxelPoint { x: 1.0, y: 2.0, z: 3.0 });
    assert!(world.distance(WorldMm { x: -7.428, y: 26.096, z: -26.56 }) < 1e-9, "{world:?}");
    let voxel = geometry.voxel_from_world(WorldMm { x: 1.0, y: 2.0, z: 3.0 });
    for (ours, itk) in
        [voxel.x, voxel.y, voxel.z].iter().zip([-44.971_428_571_428_575, -24.5, 5.544])
    {
        assert!((ours - itk).abs() < 1e-9, "{voxel:?}");
    }
}

#[test]
fn what_is_no_volume_is_refused_with_its_reason() {
    let codes = |more: &[(&str, &str)]| refused(more).code();
    assert_eq!(decode_mha(b"").unwrap_err(), MetaImageError::NotMetaImage);
    assert_eq!(decode_mha(b"\x89PNG\r\n").unwrap_err(), MetaImageError::NotMetaImage);
    assert_eq!(decode_mha(b"a text\n").unwrap_err(), MetaImageError::NotMetaImage);
    let elsewhere = decode_mha(header(&[]).as_bytes()).unwrap_err();
    assert_eq!(elsewhere, MetaImageError::DataElsewhere("scan.raw".into()));
    let cut = header(&[]).replace("ElementDataFile = scan.raw\n", "");
    let cut = decode_mhd(cut.as_bytes(), &[]).unwrap_err();
    assert_eq!(cut, MetaImageError::Missing("ElementDataFile"));
    assert_eq!(codes(&[("NDims", "4")]), "bad-header");
    assert_eq!(codes(&[("NDims", "4"), ("DimSize", "3 5 7 2")]), "unsupported-format");
    assert_eq!(codes(&[("ElementNumberOfChannels", "3")]), "unsupported-format");
    assert_eq!(codes(&[("ElementToIntensityFunctionOffset", "-1024")]), "unsupported-format");
    assert_eq!(codes(&[("ElementDataFile", "slice%03d.raw 1 7 1")]), "unsupported-format");
    assert_eq!(codes(&[("ElementType", "MET_STRING")]), "bad-header");
    assert_eq!(codes(&[("DimSize", "3 5")]), "bad-header");
    assert_eq!(codes(&[("DimSize", "3 -5 7")]), "bad-header");
    assert_eq!(codes(&[("DimSize", "3 5 0")]), "bad-header");
    assert_eq!(codes(&[("ElementSpacing", "0.7 0.8 0")]), "bad-header");
    assert_eq!(codes(&[("ElementSpacing", "0.7 0.8 nan")]), "bad-header");
    assert_eq!(codes(&[("Offset", "0 0 inf")]), "bad-header");
    assert_eq!(codes(&[("TransformMatrix", "1 0 0 0 1 0 0 1 1")]), "bad-header");
    assert_eq!(codes(&[("DimSize", "4294967295 4294967295 4294967295")]), "too-large");
    // Promises a gigabyte, has a kilobyte: told before anything is reserved.
    for compressed in ["True", "False"] {
        let huge = refused(&[("DimSize", "1024 1024 1024"), ("CompressedData", compressed)]);
        assert_eq!(
            huge,
            MetaImageError::Samples(GridError::Truncated { needed: 1 << 31, found: 1000 })
        );
    }
    let short = decode_mhd(header(&[]).as_bytes(), &[0; 209]).unwrap_err();
    assert_eq!(short, MetaImageError::Samples(GridError::Truncated { needed: 210, found: 209 }));
    assert!(short.to_string().contains("209 of 210") && short.hint().contains("again"));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        let _ = decode_mha(&bytes);
        let _ = decode_mhd(header(&[]).as_bytes(), &bytes);
        let compressed = header(&[("CompressedData", "True")]);
        let _ = decode_mhd(compressed.as_bytes(), &bytes);
    }

    #[test]
    fn no_header_makes_it_panic(
        key in 0..16_usize,
        value in "[-0-9a-zA-Z_. ]{0,40}",
        numbers in prop::collection::vec(prop::num::i64::ANY, 0..10),
        floats in prop::collection::vec(prop::num::f64::ANY, 0..10),
        kind in 0..3_usize,
    ) {
        const KEYS: [&str; 16] = [
            "ObjectType", "NDims", "BinaryData", "BinaryDataByteOrderMSB", "CompressedData",
            "TransformMatrix", "Offset", "ElementSpacing", "DimSize", "ElementType",
            "ElementDataFile", "HeaderSize", "ElementSize", "ElementNumberOfChannels",
            "ElementToIntensityFunctionSlope", "Rotation",
        ];
        let join = |parts: Vec<String>| parts.join(" ");
        let value = match kind {
            0 => value,
            1 => join(numbers.iter().map(i64::to_string).collect()),
            _ => join(floats.iter().map(f64::to_string).collect()),
        };
        let text = header(&[(KEYS[key], &value)]);
        let _ = decode_mhd(text.as_bytes(), &[7; 300]);
        let _ = decode_mha(&[text.as_bytes(), &[7; 300]].concat());
    }
}
