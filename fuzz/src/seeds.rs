//! What fuzzing begins with: sound files of every format, small, of phantoms and of the tests'
//! own writers. Made anew each time, never committed.

#[path = "../../crates/imaging/tests/integration/support/codecs.rs"]
mod codecs;
#[path = "../../crates/imaging/tests/integration/support/files.rs"]
mod formats;

use formats::*;
use image::{DynamicImage, ImageFormat};
use nodulens::patch::PatchSamples;
use nodulens::phantom;
use nodulens::weights::{Card, WeightsHeader, write_weights};
use nodulens_imaging::encode;
use nodulens_imaging::geometry::{SpacingMm, VolumeGeometry, WorldMm};
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

/// A seed's name and its bytes.
pub type Seed = (String, Vec<u8>);

/// Between a header and its samples in one input.
pub const SPLIT: &[u8] = b"<|>\n";

/// Encodings of frames that [`framed`] knows.
const CODECS: [&str; 7] = [
    RLE,
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.90",
    EXPLICIT,
];

/// Most bytes to which [`declared`] lets a weights file be filled up.
const FILLED: usize = 1 << 20;

/// Columns and rows of the fixtures' frames (tests/reference/dicom.py).
const SAMPLE: [u16; 2] = [40, 36];

static COMPACT: &[u8] = include_bytes!("../../www/models/compact.nodulens");

/// The seeds of a target.
///
/// # Panics
/// Where the target is none.
#[must_use]
pub fn of(target: &str) -> Vec<Seed> {
    match target {
        "raster" => raster(),
        "dicom" => dicom(),
        "dicom_pixels" => dicom_pixels(),
        "nifti" => nifti_files(),
        "nrrd" => nrrd_files(),
        "metaimage" => metaimage_files(),
        "archive" => archives(),
        "weights" => weights(),
        other => panic!("{other} is no target"),
    }
}

/// Three slices of one series.
pub fn sound_slices() -> Vec<Vec<u8>> {
    [0, 1, 3].map(|z| Dicom::slice(EXPLICIT, z, UPRIGHT).file()).to_vec()
}

/// The repository's folder, for whichever crate has this file.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    if here.join("tests").is_dir() { here.to_owned() } else { here.join("..") }
}

/// Committed files of a folder, by name.
fn folder(path: &str) -> Vec<Seed> {
    let mut files: Vec<Seed> = std::fs::read_dir(root().join(path))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                std::fs::read(&path).unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}

/// HU of a phantom's patch.
fn phantom_hu(seed: u64) -> Vec<i16> {
    let patch = phantom::patch(seed, true).patch;
    let PatchSamples::Hu(samples) = patch.samples() else { unreachable!("phantoms are in HU") };
    samples.iter().map(|hu| hu.0 as i16).collect()
}

/// Two patches on one another, tilted.
fn phantom_volume() -> (VolumeGeometry, Vec<i16>) {
    let axes = [[1.0, 0.0, 0.0], [0.0, 0.8, 0.6], [0.0, -0.6, 0.8]];
    let geometry = VolumeGeometry::new(
        [50, 50, 2],
        WorldMm { x: -20.0, y: 3.5, z: 100.0 },
        SpacingMm { x: 0.7, y: 0.7, z: 1.25 },
        axes.into(),
    );
    (geometry.unwrap(), [phantom_hu(1), phantom_hu(2)].concat())
}

fn raster() -> Vec<Seed> {
    let grey = image::GrayImage::from_fn(50, 50, |x, y| {
        let hu = phantom_hu(3)[(y * 50 + x) as usize];
        image::Luma([((i32::from(hu) + 1000) * 255 / 1400).clamp(0, 255) as u8])
    });
    let grey = DynamicImage::from(grey);
    let small = grey.crop_imm(10, 10, 9, 7);
    let mut files = folder("tests/fixtures/formats");
    files.extend(folder("fuzz/seeds/raster"));
    let deep = |image: &DynamicImage| DynamicImage::from(image.to_rgba16());
    for (name, image) in [
        ("grey", grey.clone()),
        ("small", small.clone()),
        ("small16", small.to_luma16().into()),
        ("alpha", small.to_rgba8().into()),
        ("deep", deep(&small)),
        ("float", DynamicImage::from(small.to_rgb32f())),
    ] {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Tiff, ImageFormat::Bmp] {
            let mut bytes = Cursor::new(Vec::new());
            if image.write_to(&mut bytes, format).is_ok() {
                files.push((format!("{name}.{}", format.extensions_str()[0]), bytes.into_inner()));
            }
        }
    }
    files
}

fn dicom() -> Vec<Seed> {
    let mut files = folder("tests/fixtures/dicom");
    let mut add = |name: &str, bytes: Vec<u8>| files.push((name.to_owned(), bytes));
    let slice = |syntax| Dicom::slice(syntax, 2, UPRIGHT);
    for syntax in [IMPLICIT, EXPLICIT, BIG, DEFLATED] {
        add(syntax, slice(syntax).file());
    }
    add("bare", slice(IMPLICIT).data_set());
    let stored: Vec<u16> = all()[30..45].iter().map(|hu| (hu + 1024) as u16).collect();
    add("rle", slice(RLE).packed(run_lengths(&stored)).file());
    add("lossless", slice(CODECS[3]).packed(jpeg_lossless(&stored, 3, 1)).file());
    for explicit in [true, false] {
        let syntax = if explicit { EXPLICIT } else { IMPLICIT };
        let place = |z: f64| {
            let place = Dicom::empty(syntax).text(0x0020_0032, b"DS", &format!("1\\2\\{z}"));
            Dicom::empty(syntax).with(0x0020_9113, b"SQ", Value::Items(vec![place], explicit))
        };
        let frames = slice(syntax)
            .text(0x0028_0008, b"IS", "2")
            .with(0x5200_9230, b"SQ", Value::Items(vec![place(3.0), place(5.0)], !explicit))
            .with(0x7FE0_0010, b"OW", Value::Words(vec![5; 30]));
        add(if explicit { "frames" } else { "frames-implicit" }, frames.file());
    }
    let colour = slice(EXPLICIT)
        .word(0x0028_0002, 3)
        .text(0x0028_0004, b"CS", "YBR_FULL")
        .word(0x0028_0006, 0)
        .word(0x0028_0100, 8)
        .word(0x0028_0101, 8)
        .word(0x0028_0102, 7)
        .word(0x0028_0103, 0)
        .with(0x7FE0_0010, b"OW", Value::Bytes((0..46).collect()));
    add("colour", colour.file());
    let tilted = [[1.0, 0.0, 0.0], [0.0, 0.96, 0.28], [0.0, -0.28, 0.96]];
    let tags = Dicom::slice(EXPLICIT, 2, tilted)
        .text(0x0008_0005, b"CS", "ISO_IR 100")
        .with(0x0008_103E, b"LO", Value::Bytes(b"Thorax <b>&\xC4\xD6".to_vec()))
        .text(0x0018_1120, b"DS", "16")
        .text(0x0018_1210, b"SH", "B60f")
        .text(0x0028_0120, b"SS", "\u{0}\u{1}")
        .text(0x0028_0301, b"CS", "YES")
        .text(0x0028_1050, b"DS", "40\\-600")
        .text(0x0028_1051, b"DS", "400\\1500")
        .with(0x0009_0010, b"UN", Value::Bytes(vec![1, 2, 3, 4]));
    add("tags", tags.file());
    let (geometry, hu) = phantom_volume();
    add("phantom", encode::dicom_slice(&geometry, 1, &hu[2500..], "1.2.3.4", "phantom"));
    files
}

/// A frame's bytes for [`framed`]: codec, whether signed and of how many bits, columns, rows.
fn frame(codec: u8, flags: u8, size: [u16; 2], bytes: &[u8]) -> Vec<u8> {
    [&[codec, flags], &size[0].to_le_bytes()[..], &size[1].to_le_bytes(), bytes].concat()
}

/// A sound DICOM file around the pixels that an input gives; `None` where it is too short.
#[must_use]
pub fn framed(bytes: &[u8]) -> Option<Vec<u8>> {
    let ([codec, flags, x0, x1, y0, y1], pixels) = bytes.split_first_chunk::<6>()?;
    let syntax = CODECS[usize::from(*codec) % CODECS.len()];
    let bits = [16, 12, 8, 1][usize::from(flags >> 1 & 3)];
    let colour = flags & 8 != 0;
    let file = Dicom::slice(syntax, 0, UPRIGHT)
        .word(0x0028_0002, if colour { 3 } else { 1 })
        .text(0x0028_0004, b"CS", if colour { "RGB" } else { "MONOCHROME2" })
        .word(0x0028_0006, u16::from(flags >> 4 & 1))
        .word(0x0028_0010, u16::from_le_bytes([*y0, *y1]) & 0x7FF)
        .word(0x0028_0011, u16::from_le_bytes([*x0, *x1]) & 0x7FF)
        .word(0x0028_0100, if bits == 12 { 16 } else { bits })
        .word(0x0028_0101, bits)
        .word(0x0028_0102, bits - 1)
        .word(0x0028_0103, u16::from(flags & 1));
    let file = if syntax == EXPLICIT {
        file.with(0x7FE0_0010, b"OW", Value::Bytes(pixels.to_vec()))
    } else {
        file.packed(pixels.to_vec())
    };
    Some(file.file())
}

/// The first frame of an encapsulated file.
fn first_frame(file: &[u8]) -> Option<&[u8]> {
    let at = file.windows(4).position(|four| four == [0xE0, 0x7F, 0x10, 0])? + 12;
    let item = |at: usize| {
        let length = u32::from_le_bytes(*file.get(at + 4..)?.first_chunk::<4>()?) as usize;
        Some((at + 8, length))
    };
    let (table, length) = item(at)?;
    let (start, length) = item(table + length)?;
    file.get(start..start + length)
}

fn dicom_pixels() -> Vec<Seed> {
    let stored: Vec<u16> = all()[30..45].iter().map(|hu| (hu + 1024) as u16).collect();
    let mut seeds = Vec::new();
    let mut add = |name: &str, bytes: Vec<u8>| seeds.push((name.to_owned(), bytes));
    add("rle", frame(0, 1, [3, 5], &run_lengths(&stored)));
    for (name, image) in folder("tests/fixtures/formats") {
        if name == "grey8.jpg" {
            add("jpeg", frame(1, 4, [50, 50], &image));
        }
    }
    add("lossless", frame(2, 1, [3, 5], &jpeg_lossless(&stored, 3, 7)));
    add("first", frame(3, 1, [3, 5], &jpeg_lossless(&stored, 3, 1)));
    let colour = image::RgbImage::from_fn(16, 8, |x, y| image::Rgb([x as u8, y as u8, 99]));
    let mut jpeg = Cursor::new(Vec::new());
    colour.write_to(&mut jpeg, ImageFormat::Jpeg).unwrap();
    add("colour", frame(1, 12, [16, 8], &jpeg.into_inner()));
    add("plain", frame(6, 1, [3, 5], &[7; 30]));
    for (name, file) in folder("tests/fixtures/dicom") {
        let codec = [("rle", 0), ("jpegls", 4), ("jpeg2000", 5)]
            .iter()
            .find(|(start, _)| name.starts_with(start));
        if let (Some((_, codec)), Some(pixels)) = (codec, first_frame(&file)) {
            add(&name, frame(*codec, u8::from(name.ends_with("-signed.dcm")), SAMPLE, pixels));
        }
    }
    seeds
}

fn nifti_files() -> Vec<Seed> {
    let turned = Form::Quaternion([0.5, 0.5, 0.5, 0.5], true);
    let whole = |form, big| [nifti(UPRIGHT, form, big), shorts(big)].concat();
    let mut apart = nifti(UPRIGHT, Form::Matrix, false);
    apart[108..112].copy_from_slice(&0_f32.to_le_bytes());
    apart[344..348].copy_from_slice(b"ni1\0");
    let (geometry, hu) = phantom_volume();
    [
        ("matrix", whole(Form::Matrix, false)),
        ("none", whole(Form::None, false)),
        ("turned", whole(turned, true)),
        ("packed", gzip(&whole(Form::Matrix, false))),
        ("second", nifti2()),
        ("apart", [&apart, SPLIT, &shorts(false)].concat()),
        ("phantom", encode::nifti(&geometry, &hu, "phantom").unwrap()),
    ]
    .map(|(name, bytes)| (name.to_owned(), bytes))
    .to_vec()
}

/// NIfTI-2: 16-bit samples after 544 bytes.
fn nifti2() -> Vec<u8> {
    let mut bytes = vec![0; 544];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(0, &540_i32.to_le_bytes());
    put(4, b"n+2\0\r\n\x1a\n");
    put(12, &4_i16.to_le_bytes());
    put(14, &16_i16.to_le_bytes());
    for (i, side) in [3, 3, 5, 7, 1, 1, 1, 1_i64].iter().enumerate() {
        put(16 + i * 8, &side.to_le_bytes());
    }
    for (i, pitch) in [1.0, 0.7, 0.8, 2.5_f64].iter().enumerate() {
        put(104 + i * 8, &pitch.to_le_bytes());
    }
    put(168, &544_i64.to_le_bytes());
    put(348, &1_i32.to_le_bytes());
    for (at, value) in [(400, -0.7), (440, -0.8), (480, 2.5_f64)] {
        put(at, &value.to_le_bytes());
    }
    put(500, &2_i32.to_le_bytes());
    [bytes, shorts(false)].concat()
}

fn nrrd_files() -> Vec<Seed> {
    let text: Vec<String> = all().iter().map(i16::to_string).collect();
    let lines = [b"a line\n".to_vec(), shorts(false)].concat();
    let mut seeds = Vec::new();
    for (name, encoding, more, data) in [
        ("raw", "raw", "endian: little\n\n", shorts(false)),
        ("gzip", "gzip", "endian: big\n\n", gzip(&shorts(true))),
        ("text", "text", "\n", text.join(" ").into_bytes()),
        ("lines", "raw", "endian: little\nline skip: 1\n\n", lines),
        ("skip", "raw", "endian: little\nbyte skip: -1\n\n", shorts(false)),
        ("apart", "raw", "endian: little\ndata file: scan.raw\n<|>\n", shorts(false)),
        (
            "packed",
            "gz",
            "endian: little\nbyte skip: 2\ndata file: scan.raw\n<|>\n",
            gzip(&[7; 212]),
        ),
    ] {
        let header = nrrd(UPRIGHT, "LPS", encoding, more).into_bytes();
        seeds.push((name.to_owned(), [header, data].concat()));
    }
    let plain = "NRRD0001\ntype: unsigned char\ndimension: 3\nsizes: 3 5 7\nspacings: 1 1 2\n\
                 axis mins: 0 0 0\ncenterings: cell cell cell\nencoding: raw\n\n";
    seeds.push(("plain".to_owned(), [plain.as_bytes(), &[9; 105]].concat()));
    let (geometry, hu) = phantom_volume();
    seeds.push(("phantom".to_owned(), encode::nrrd(&geometry, &hu, "phantom").unwrap()));
    seeds
}

fn metaimage_files() -> Vec<Seed> {
    let (geometry, hu) = phantom_volume();
    let local = metaimage(UPRIGHT, "LOCAL");
    let beside = metaimage(UPRIGHT, "scan.raw");
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&shorts(false)).unwrap();
    let packed = packed.finish().unwrap();
    let compressed =
        |text: &str| text.replace("BinaryData =", "CompressedData = True\nBinaryData =");
    let other = local
        .replace("MET_SHORT", "MET_FLOAT")
        .replace("Offset", "Position")
        .replace("BinaryData =", "BinaryDataByteOrderMSB = True\nBinaryData =");
    [
        ("local", [local.as_bytes(), &shorts(false)].concat()),
        ("packed", [compressed(&local).as_bytes(), &packed].concat()),
        ("float", [other.as_bytes(), &[0x44; 420]].concat()),
        ("apart", [beside.as_bytes(), SPLIT, &shorts(false)].concat()),
        ("apart-packed", [compressed(&beside).as_bytes(), SPLIT, &packed].concat()),
        (
            "skip",
            [
                beside.replace("DimSize", "HeaderSize = -1\nDimSize").as_bytes(),
                SPLIT,
                &shorts(true),
            ]
            .concat(),
        ),
        ("phantom", encode::metaimage(&geometry, &hu, None)),
    ]
    .map(|(name, bytes)| (name.to_owned(), bytes))
    .to_vec()
}

fn archives() -> Vec<Seed> {
    let slice = Dicom::slice(EXPLICIT, 0, UPRIGHT).file();
    let scan = [metaimage(UPRIGHT, "scan.raw").into_bytes(), Vec::new()].concat();
    let picture = folder("tests/fixtures/formats");
    let picture = picture.iter().find(|(name, _)| name == "small-20.png").unwrap();
    let inner = zip(&[("slice", &slice)], true);
    [
        ("stored", zip(&[("a/slice", &slice), ("b/readme.txt", b"text")], false)),
        ("deflated", zip(&[("slice", &slice), ("p.png", &picture.1)], true)),
        ("pair", zip(&[("scan.raw", &shorts(false)), ("scan.mhd", &scan)], true)),
        ("nested", zip(&[("inner.zip", &inner), ("folder/", b"")], false)),
        ("gzip", gzip(&slice)),
        ("gzip-zip", gzip(&inner)),
        ("two", [gzip(&slice[..200]), gzip(&slice[200..])].concat()),
    ]
    .map(|(name, bytes)| (name.to_owned(), bytes))
    .to_vec()
}

/// How long a weights file without its checksum would be if its parameters were all there;
/// `None` where it cannot be told or is too long to be worth it.
#[must_use]
pub fn declared(body: &[u8]) -> Option<usize> {
    let header = u32::from_le_bytes(*body.get(12..)?.first_chunk::<4>()?) as usize;
    let parameters = body.get(16_usize.checked_add(header)?..)?;
    let length = usize::try_from(u64::from_le_bytes(*parameters.first_chunk::<8>()?)).ok()?;
    let names = parameters.get(8..8_usize.checked_add(length)?)?;
    let names: serde_json::Value = serde_json::from_slice(names).ok()?;
    let end = |tensor: &serde_json::Value| tensor["data_offsets"][1].as_u64();
    let data = usize::try_from(names.as_object()?.values().filter_map(end).max()?).ok()?;
    let whole = length.checked_add(data)?.checked_add(24)?.checked_add(header)?;
    (whole <= FILLED).then_some(whole)
}

/// Weights files without their parameters' numbers and without a checksum.
fn weights() -> Vec<Seed> {
    let length = u32::from_le_bytes(*COMPACT[12..].first_chunk::<4>().unwrap()) as usize;
    let parameters = &COMPACT[16 + length..COMPACT.len() - 32];
    let names = u64::from_le_bytes(*parameters.first_chunk::<8>().unwrap()) as usize + 8;
    let whole: serde_json::Value = serde_json::from_slice(&COMPACT[16..16 + length]).unwrap();
    let made = |change: &dyn Fn(&mut serde_json::Value), parameters: &[u8]| {
        let mut header = whole.clone();
        header["card"] = serde_json::json!({});
        change(&mut header);
        let header = serde_json::to_vec(&header).unwrap();
        let length = u32::try_from(header.len()).unwrap().to_le_bytes();
        [&COMPACT[..12], &length, &header, parameters].concat()
    };
    // The format's second version, ties stored once: of zeros they hold.
    let zeros = |(name, shape): (String, Vec<usize>)| {
        let values = vec![0.0; shape.iter().product()];
        (name, nodulens::weights::Parameter { shape, values })
    };
    let kind = nodulens::model::NetworkKind::Compact;
    let zeros = kind.parameter_shapes().into_iter().map(zeros).collect();
    let header = WeightsHeader::uncalibrated(kind, Card::default());
    let mut ties = write_weights(&header, &zeros).unwrap();
    ties.truncate(ties.len() - 32 - 2 * kind.parameters() / 8);
    let halves = [0x3C00_u16.to_le_bytes(), 0xBC00_u16.to_le_bytes()].concat();
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F16, vec![2], &halves);
    let small = safetensors::serialize([("fc2.bias", view.unwrap())], None).unwrap();
    [
        ("compact", made(&|_| {}, &parameters[..names])),
        ("started", made(&|_| {}, &parameters[..names + 2000])),
        ("paper", made(&|header| header["network"] = "paper".into(), &small)),
        ("wide", made(&|header| header["network"] = "wide".into(), &small)),
        ("card", made(&|header| header["card"] = whole["card"].clone(), &small)),
        ("cut", COMPACT[..400].to_vec()),
        ("ties", ties),
    ]
    .map(|(name, bytes)| (name.to_owned(), bytes))
    .to_vec()
}
