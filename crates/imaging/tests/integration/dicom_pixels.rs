//! What the stored values of DICOM's pixels mean; their encodings are in `codecs`.

mod codecs;

use crate::support::files::*;
use nodulens_imaging::volume::Samples;

const FIRST: &str = "1.2.840.10008.1.2.4.70";
const JPEG_LS: &str = "1.2.840.10008.1.2.4.80";

fn slice(syntax: &'static str) -> Dicom {
    Dicom::slice(syntax, 2, UPRIGHT)
}

fn expected() -> Vec<i16> {
    all()[30..45].to_vec()
}

/// HU of a file with one series.
fn hus(file: Vec<u8>) -> Vec<i16> {
    match one([("file", file)]).volume.samples() {
        Samples::Int16(samples) => samples.clone(),
        Samples::Float32(samples) => panic!("not whole: {samples:?}"),
    }
}

/// The stored values of the slice.
fn stored() -> Vec<u16> {
    expected().iter().map(|hu| (hu + 1024) as u16).collect()
}

#[test]
fn plain_pixels_in_every_syntax() {
    for syntax in [IMPLICIT, EXPLICIT, BIG, DEFLATED] {
        assert_eq!(hus(slice(syntax).file()), expected(), "{syntax}");
    }
}

#[test]
fn many_frames_in_one_file() {
    let frames = |count: usize| -> Vec<Vec<u16>> {
        (0..count)
            .map(|z| all()[z * 15..z * 15 + 15].iter().map(|hu| (hu + 1024) as u16).collect())
            .collect()
    };
    // Enhanced CT: places and rescale stand in functional groups, the shared ones and each
    // frame's own, with lengths and without.
    for (syntax, open) in
        [(EXPLICIT, false), (EXPLICIT, true), (IMPLICIT, false), (IMPLICIT, true), (BIG, true)]
    {
        let item = |tag: u32, inner: Dicom| {
            Dicom::empty(syntax).with(tag, b"SQ", Value::Items(vec![inner], open))
        };
        let empty = || Dicom::empty(syntax);
        let mut shared = item(
            0x0028_9110,
            empty().text(0x0028_0030, b"DS", "0.8\\0.7").text(0x0018_0050, b"DS", "2"),
        );
        let turned = item(0x0020_9116, empty().text(0x0020_0037, b"DS", "1\\0\\0\\0\\1\\0"));
        let rescale = empty().text(0x0028_1052, b"DS", "-1024").text(0x0028_1053, b"DS", "1");
        shared.elements.extend(turned.elements);
        shared.elements.extend(item(0x0028_9145, rescale).elements);
        // Frames against the order of their places.
        let places = [6, 5, 4, 3, 2, 1, 0_usize];
        let own = places.map(|z| {
            let place = join(&[ORIGIN[0], ORIGIN[1], ORIGIN[2] + z as f64 * SPACING[2]]);
            item(0x0020_9113, empty().text(0x0020_0032, b"DS", &place))
        });
        let pixels = places.iter().flat_map(|z| frames(7)[*z].clone()).collect();
        let file = slice(syntax)
            .without(0x0020_0032)
            .without(0x0020_0037)
            .without(0x0028_0030)
            .without(0x0028_1052)
            .without(0x0028_1053)
            .text(0x0028_0008, b"IS", "7")
            .with(0x5200_9229, b"SQ", Value::Items(vec![shared], open))
            .with(0x5200_9230, b"SQ", Value::Items(own.to_vec(), open))
            .with(0x7FE0_0010, b"OW", Value::Words(pixels));
        let series = one([("enhanced", file.file())]);
        assert!(codes(&series).is_empty(), "{:?}", series.warnings);
        assert_eq!(series.volume.geometry().size(), SIZE);
        assert_eq!(series.volume.geometry().origin().z, ORIGIN[2]);
        assert_eq!(series.volume.geometry().spacing_mm().x, 0.7);
        assert!(*series.volume.samples() == Samples::Int16(all()));
        assert_eq!((series.info.files, series.info.slices[0].frame), (1, Some(7)));
    }

    // Frames in one fragment each, in two with an offset table, in two without.
    let packed: Vec<Vec<u8>> = frames(3)
        .iter()
        .map(|frame| {
            let mut bytes = jpeg_lossless(frame, 3, 1);
            bytes.resize(bytes.len().next_multiple_of(2), 0);
            bytes
        })
        .collect();
    let halves: Vec<Vec<u8>> = packed
        .iter()
        .flat_map(|frame| {
            [frame[..frame.len() / 4 * 2].to_vec(), frame[frame.len() / 4 * 2..].to_vec()]
        })
        .collect();
    let mut table = Vec::new();
    let mut place = 0_u32;
    for pair in halves.chunks(2) {
        table.extend(place.to_le_bytes());
        place += (pair[0].len() + pair[1].len() + 16) as u32;
    }
    for (table, parts) in [(Vec::new(), packed), (table, halves.clone()), (Vec::new(), halves)] {
        let fragments = [vec![table], parts].concat();
        let file = slice(FIRST).text(0x0028_0008, b"IS", "3").with(
            0x7FE0_0010,
            b"OB",
            Value::Fragments(fragments),
        );
        let series = one([("frames", file.file())]);
        assert!(*series.volume.samples() == Samples::Int16(all()[..45].to_vec()));
        assert!(codes(&series).contains(&"no-positions"));
    }
}

#[test]
fn slope_and_intercept_whatever_their_type() {
    // dicom-rs gives 32 for such a value, silently: the text's bytes as a number.
    for (slope, intercept, vr) in [
        ("2", "-1024", b"DS"),
        ("2", "-1024", b"UN"),
        (" 2.0 ", "-1.024e3", b"UN"),
        ("2", "-1024", b"LO"),
    ] {
        let file = slice(EXPLICIT).text(0x0028_1053, vr, slope).text(0x0028_1052, vr, intercept);
        let doubled: Vec<i16> = expected().iter().map(|hu| (hu + 1024) * 2 - 1024).collect();
        assert_eq!(hus(file.file()), doubled, "{slope} {intercept}");
    }
    // What is not whole stays what it is.
    let half = slice(EXPLICIT).text(0x0028_1053, b"DS", "0.5").file();
    let series = one([("half", half)]);
    let expected: Vec<f32> =
        expected().iter().map(|hu| (f32::from(*hu) + 1024.0) / 2.0 - 1024.0).collect();
    assert!(*series.volume.samples() == Samples::Float32(expected));
    // So does what is beyond 16 bits.
    let steep = slice(EXPLICIT).text(0x0028_1053, b"DS", "1000").file();
    let series = one([("steep", steep)]);
    let expected: Vec<f32> =
        stored().iter().map(|value| f32::from(*value) * 1000.0 - 1024.0).collect();
    assert!(*series.volume.samples() == Samples::Float32(expected));
    let none = slice(EXPLICIT).without(0x0028_1052).without(0x0028_1053).file();
    let series = one([("none", none)]);
    assert!(codes(&series).contains(&"no-rescale"));
}

#[test]
fn bits_signs_and_inversion() {
    // 12 bits of 16, with an old overlay in the other four.
    let dirty: Vec<u16> = stored().iter().map(|value| value | 0xA000).collect();
    let twelve = slice(EXPLICIT)
        .word(0x0028_0101, 12)
        .word(0x0028_0102, 11)
        .word(0x0028_0103, 0)
        .with(0x7FE0_0010, b"OW", Value::Words(dirty));
    assert_eq!(hus(twelve.file()), expected());
    // The same bits, the highest of which is a sign.
    let signed =
        twelve.word(0x0028_0103, 1).with(0x7FE0_0010, b"OW", Value::Words(vec![0x0FFF; 15]));
    assert_eq!(hus(signed.file()), vec![-1025; 15]);
    // Unsigned: 65535 is not -1.
    let high = slice(EXPLICIT).word(0x0028_0103, 0).with(
        0x7FE0_0010,
        b"OW",
        Value::Words(vec![0xFFFF; 15]),
    );
    let series = one([("high", high.file())]);
    assert!(*series.volume.samples() == Samples::Float32(vec![64_511.0; 15]));
    assert_eq!(codes(&series), ["beyond-hu"]);
    assert!(series.warnings[0].message.starts_with("15 voxels"), "{:?}", series.warnings);
    let inverted = slice(EXPLICIT).text(0x0028_0004, b"CS", "MONOCHROME1").file();
    let series = one([("inverted", inverted)]);
    assert!(*series.volume.samples() == Samples::Int16(expected()));
    assert_eq!(codes(&series), ["monochrome1"]);
}

#[test]
fn padding_is_air_around_the_body_only() {
    let mut pixels = stored();
    (pixels[0], pixels[1], pixels[2]) = (2000, -2000_i16 as u16, 2100);
    let file = slice(EXPLICIT).with(0x7FE0_0010, b"OW", Value::Words(pixels.clone()));
    let first = |file: &Dicom| hus(file.file())[..3].to_vec();
    let told = |file: &Dicom| {
        let series = one([("file", file.file())]);
        let message = series.warnings.iter().find(|warning| warning.code == "padding");
        message.map(|warning| warning.message.clone()).unwrap_or_default()
    };
    assert_eq!(first(&file), [976, -3024, 1076]);
    let one = file.clone().word(0x0028_0120, 2000);
    assert_eq!(first(&one), [-1000, -3024, 1076]);
    assert!(told(&one).starts_with("1 pixels around the body"), "{}", told(&one));
    // Below air it stays, as SimpleITK has it.
    let below = file.clone().word(0x0028_0120, -2000_i16 as u16);
    assert_eq!((first(&below), told(&below)), (vec![976, -3024, 1076], String::new()));
    let range = file.word(0x0028_0120, 2200).word(0x0028_0121, 1990);
    assert_eq!(first(&range), [-1000, -3024, -1000]);
    // In an MR image black is black, and so is it in another unit than HU.
    for other in [
        range.clone().text(0x0008_0060, b"CS", "MR"),
        range.clone().text(0x0028_1054, b"LO", "MGML"),
        range.clone().without(0x0028_1052).without(0x0028_1053),
    ] {
        assert_eq!(told(&other), "");
        assert!(!first(&other).contains(&-1000));
    }
    // The value of water as padding: what does not hang together with a corner is tissue.
    pixels[0] = 1024;
    pixels[3] = 1024;
    (pixels[7], pixels[13]) = (1024, 1024);
    let water = range.word(0x0028_0120, 1024).without(0x0028_0121);
    let water = water.with(0x7FE0_0010, b"OW", Value::Words(pixels));
    let found = hus(water.file());
    assert_eq!([found[0], found[3], found[7], found[13]], [-1000, -1000, 0, 0]);
    let told = told(&water);
    assert!(told.starts_with("2 pixels around") && told.contains("; 2 pixels elsewhere"), "{told}");
}

#[test]
fn a_syntax_that_is_not_the_content_s() {
    // The elements: read as what they are, and told.
    for (says, is) in [(IMPLICIT, EXPLICIT), (EXPLICIT, IMPLICIT), (EXPLICIT, BIG), (BIG, EXPLICIT)]
    {
        let (mut file, other) = (slice(says), slice(is));
        file.elements.clear();
        let file = [file.file(), other.data_set()].concat();
        let series = one([("file", file)]);
        assert_eq!(codes(&series), ["wrong-transfer-syntax"], "{says} {is}");
        assert!(*series.volume.samples() == Samples::Int16(expected()), "{says} {is}");
    }
    // The pixels: refused by both names.
    let (mut ls, lossless) = (Vec::new(), jpeg_lossless(&stored(), 3, 1));
    jpegls::encode(&stored(), 3, 5, &mut ls).unwrap();
    for (syntax, packed, words) in [
        (FIRST, ls.clone(), ["JPEG lossless", "JPEG-LS"]),
        (JPEG_LS, lossless.clone(), ["JPEG-LS", "JPEG lossless"]),
        ("1.2.840.10008.1.2.4.90", lossless, ["JPEG 2000", "JPEG lossless"]),
        (EXPLICIT, ls.clone(), ["uncompressed", "fragments"]),
        (RLE, ls, ["RLE", "JPEG-LS"]),
    ] {
        let imported = import([("file", slice(syntax).packed(packed).file())]);
        let problem = &imported.problems[0];
        assert_eq!(problem.code, "wrong-transfer-syntax", "{}", problem.message);
        assert!(words.iter().all(|word| problem.message.contains(word)), "{}", problem.message);
    }
}

#[test]
fn images_without_hu_are_pictures() {
    let grey = slice(EXPLICIT)
        .word(0x0028_0100, 8)
        .word(0x0028_0101, 8)
        .word(0x0028_0102, 7)
        .word(0x0028_0103, 0)
        .without(0x0028_1052)
        .without(0x0028_1053);
    let secondary = grey.clone().text(0x0008_0016, b"UI", "1.2.840.10008.5.1.4.1.1.7").with(
        0x7FE0_0010,
        b"OB",
        Value::Bytes((0..16).map(|i| i * 17).collect()),
    );
    let colour = secondary.clone().word(0x0028_0002, 3).text(0x0028_0004, b"CS", "RGB").with(
        0x7FE0_0010,
        b"OB",
        Value::Bytes([255, 0, 0].repeat(15).into_iter().chain([0]).collect()),
    );
    let planar = colour.clone().word(0x0028_0006, 1).with(
        0x7FE0_0010,
        b"OB",
        Value::Bytes([vec![255; 15], vec![0; 31]].concat()),
    );
    for (file, samples) in [
        (secondary.clone(), [0.0, 17.0 / 255.0]),
        (secondary.text(0x0028_0004, b"CS", "MONOCHROME1"), [1.0, 238.0 / 255.0]),
        (colour, [76.0 / 255.0; 2]),
        (planar, [76.0 / 255.0; 2]),
    ] {
        let imported = import([("screen", file.file())]);
        assert!(imported.series.is_empty() && imported.problems.is_empty());
        let picture = &imported.pictures[0];
        assert_eq!((picture.image.width, picture.image.height), (3, 5));
        for (found, wanted) in picture.image.samples.iter().zip(samples) {
            assert!((found.0 - wanted).abs() < 1e-6, "{found:?} {wanted}");
        }
        assert!(picture.image.notes[0].contains("not HU"), "{:?}", picture.image.notes);
    }
    // With a rescale, a secondary capture of CT is opened as such, with warnings.
    let captured = slice(EXPLICIT).text(0x0008_0016, b"UI", "1.2.840.10008.5.1.4.1.1.7.2");
    let series = one([("captured", captured.file())]);
    assert_eq!(codes(&series), ["secondary-capture"]);
    assert!(series.info.burned_in);
}

#[test]
fn what_is_not_read_is_named() {
    let named = |file: Dicom| {
        let imported = import([("file", file.file())]);
        let problem = imported.problems.into_iter().next().unwrap();
        (problem.code, problem.message)
    };
    for (syntax, name) in [
        ("1.2.840.10008.1.2.4.51", "JPEG extended, 12 bits"),
        ("1.2.840.10008.1.2.4.201", "High-Throughput JPEG 2000"),
        ("1.2.840.10008.1.2.4.102", "H.264"),
        ("1.2.840.10008.1.2.4.110", "JPEG XL"),
        ("1.3.46.670589.33.1.4.1", "1.3.46.670589.33.1.4.1"),
    ] {
        let (code, message) = named(slice(syntax).packed(vec![0; 10]));
        assert_eq!(code, "unsupported-encoding");
        assert!(message.contains(name) && message.contains(syntax), "{message}");
    }
    for (class, name) in [
        ("1.2.840.10008.5.1.4.1.1.88.33", "structured report"),
        ("1.2.840.10008.5.1.4.1.1.481.3", "structure set"),
        ("1.2.840.10008.5.1.4.1.1.11.1", "presentation state"),
        ("1.2.840.10008.5.1.4.1.1.104.1", "document"),
    ] {
        let file = Dicom::empty(EXPLICIT).text(0x0008_0016, b"UI", class);
        let (code, message) = named(file);
        assert!(code == "not-an-image" && message.contains(name), "{code} {message}");
    }
    for (class, name) in [
        ("1.2.840.10008.5.1.4.1.1.66.4", "a segmentation"),
        ("1.2.840.10008.5.1.4.1.1.481.2", "a radiotherapy dose"),
    ] {
        let file = slice(EXPLICIT).text(0x0008_0016, b"UI", class).word(0x0028_0100, 32);
        let (code, message) = named(file);
        assert!(code == "not-an-image" && message.contains(name), "{code} {message}");
    }
    let float =
        slice(EXPLICIT).without(0x7FE0_0010).with(0x7FE0_0008, b"OF", Value::Bytes(vec![0; 60]));
    let (code, message) = named(float);
    assert!(code == "unsupported-encoding" && message.contains("floating-point"), "{message}");
    let (code, message) = named(slice(EXPLICIT).without(0x7FE0_0010));
    assert!(code == "missing-tag" && message.contains("Pixel Data"));
    let (code, message) = named(slice(EXPLICIT).without(0x0028_0011));
    assert!(code == "missing-tag" && message.contains("Columns"));
    assert_eq!(named(slice(EXPLICIT).word(0x0028_0100, 32)).0, "bad-header");
    assert_eq!(named(slice(EXPLICIT).text(0x0028_0004, b"CS", "PALETTE COLOR")).0, "bad-header");
}
