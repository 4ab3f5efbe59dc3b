//! DICOM: encodings, elements, series.

use super::{Case, partly, read, refused, scan, several, told};
use crate::support::files::*;
use nodulens_imaging::decode::import::Imported;

const NAMES: [&str; 14] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n"];
const FIRST: &str = "1.2.840.10008.1.2.4.70";
const JPEG_LS: &str = "1.2.840.10008.1.2.4.80";

type Files = Vec<(&'static str, Vec<u8>)>;

/// The series in an encoding, last slice first.
fn series(syntax: &'static str) -> Files {
    let slices = NAMES.into_iter().zip(0..SIZE[2]);
    slices.map(|(name, z)| (name, Dicom::slice(syntax, SIZE[2] - 1 - z, UPRIGHT).file())).collect()
}

/// The series with every slice changed.
fn changed(change: impl Fn(usize, Dicom) -> Dicom) -> Files {
    let slices = NAMES.into_iter().zip(0..SIZE[2]);
    slices.map(|(name, z)| (name, change(z, Dicom::slice(EXPLICIT, z, UPRIGHT)).file())).collect()
}

/// The series, and the same with other pixels and something else changed.
fn twice(change: impl Fn(usize, Dicom) -> Dicom) -> Files {
    let other = |z: usize| {
        let words = (0..15).map(|i| 2000 + (i * (z + 1)) as u16).collect();
        change(z, Dicom::slice(EXPLICIT, z, UPRIGHT).with(0x7FE0_0010, b"OW", Value::Words(words)))
    };
    let others = NAMES.into_iter().skip(7).zip((0..SIZE[2]).map(|z| other(z).file()));
    series(EXPLICIT).into_iter().chain(others).collect()
}

fn stored(z: usize) -> Vec<u16> {
    all()[z * 15..z * 15 + 15].iter().map(|hu| (hu + 1024) as u16).collect()
}

/// The series with packed pixels.
fn packed(syntax: &'static str, pack: impl Fn(&[u16]) -> Vec<u8>) -> Files {
    let slice = |z: usize| {
        let mut bytes = pack(&stored(z));
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        Dicom::slice(syntax, z, UPRIGHT).packed(bytes).file()
    };
    NAMES.into_iter().zip((0..SIZE[2]).map(slice)).collect()
}

fn jpeg_ls(samples: &[u16]) -> Vec<u8> {
    let mut bytes = Vec::new();
    jpegls::encode(samples, 3, 5, &mut bytes).unwrap();
    bytes
}

/// Every slice lies where its own file says.
fn uneven(found: &Imported) {
    let geometry = scan(found).volume.geometry();
    assert!(geometry.slices_at().is_some(), "{geometry:?}");
}

fn without_places(found: &Imported) {
    assert!(!scan(found).info.placed);
}

pub fn cases() -> Vec<Case> {
    let slice = || Dicom::slice(EXPLICIT, 0, UPRIGHT);
    let mut cases = encodings();
    cases.extend(elements());
    cases.extend(places());
    cases.extend(several_series());
    for (name, syntax) in [
        ("JPEG extended", "1.2.840.10008.1.2.4.51"),
        ("JPEG XL", "1.2.840.10008.1.2.4.110"),
        ("High-Throughput JPEG 2000", "1.2.840.10008.1.2.4.201"),
        ("video", "1.2.840.10008.1.2.4.102"),
    ] {
        let file = Dicom::slice(syntax, 0, UPRIGHT).packed(vec![0; 16]).file();
        cases.push(refused(name, vec![("slice.dcm", file)], "unsupported-encoding"));
    }
    for (name, class, code) in [
        ("a segmentation", "1.2.840.10008.5.1.4.1.1.66.4", "not-an-image"),
        ("a radiotherapy dose", "1.2.840.10008.5.1.4.1.1.481.2", "not-an-image"),
    ] {
        let file = slice().text(0x0008_0016, b"UI", class).file();
        cases.push(refused(name, vec![("object.dcm", file)], code));
    }
    let report = Dicom::empty(EXPLICIT).text(0x0008_0016, b"UI", "1.2.840.10008.5.1.4.1.1.88.33");
    cases.push(refused("a structured report", vec![("sr.dcm", report.file())], "not-an-image"));
    let wide = slice().word(0x0028_0100, 32);
    cases.push(refused("32 bits a pixel", vec![("slice.dcm", wide.file())], "bad-header"));
    let float = slice().without(0x7FE0_0010).with(0x7FE0_0008, b"OF", Value::Bytes(vec![0; 60]));
    cases.push(refused(
        "floating-point pixels",
        vec![("slice.dcm", float.file())],
        "unsupported-encoding",
    ));
    let palette = slice().text(0x0028_0004, b"CS", "PALETTE COLOR");
    cases.push(refused("palette colour", vec![("slice.dcm", palette.file())], "bad-header"));
    cases
}

fn encodings() -> Vec<Case> {
    let declared = |says: &'static str, is: &'static str| -> Files {
        let file = |z: usize| {
            let mut file = Dicom::slice(says, z, UPRIGHT);
            file.elements.clear();
            [file.file(), Dicom::slice(is, z, UPRIGHT).data_set()].concat()
        };
        NAMES.into_iter().zip((0..SIZE[2]).map(file)).collect()
    };
    let plain = |syntax, bytes: Vec<u8>| {
        vec![("slice.dcm", Dicom::slice(syntax, 0, UPRIGHT).packed(bytes).file())]
    };
    let zipped: Files = series(EXPLICIT);
    let zipped: Vec<_> = zipped.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
    vec![
        read("explicit, little endian", series(EXPLICIT)),
        read("implicit", series(IMPLICIT)),
        read("big endian", series(BIG)),
        read("deflated", series(DEFLATED)),
        read("RLE", packed(RLE, run_lengths)),
        read("JPEG lossless, predictor 1", packed(FIRST, |samples| jpeg_lossless(samples, 3, 1))),
        read(
            "JPEG lossless, predictor 6, restarts every line",
            packed(FIRST, |samples| jpeg_lossless_with(samples, 3, 6, 16, 0, 1)),
        ),
        read("JPEG-LS", packed(JPEG_LS, jpeg_ls)),
        read("in a zip", vec![("scan.zip", zip(&zipped, true))]),
        told(
            "says implicit, is explicit",
            declared(IMPLICIT, EXPLICIT),
            &["wrong-transfer-syntax"],
        ),
        told(
            "says explicit, is implicit",
            declared(EXPLICIT, IMPLICIT),
            &["wrong-transfer-syntax"],
        ),
        told("says little endian, is big", declared(EXPLICIT, BIG), &["wrong-transfer-syntax"]),
        refused(
            "says JPEG-LS, is JPEG lossless",
            plain(JPEG_LS, jpeg_lossless(&stored(0), 3, 1)),
            "wrong-transfer-syntax",
        ),
        refused(
            "says uncompressed, is JPEG-LS",
            plain(EXPLICIT, jpeg_ls(&stored(0))),
            "wrong-transfer-syntax",
        ),
    ]
}

fn elements() -> Vec<Case> {
    let icon = || {
        let icon = Dicom::empty(EXPLICIT).word(0x0028_0010, 2).packed(vec![0xFF, 0xD8, 0xFF, 0xD9]);
        Value::Items(vec![icon], true)
    };
    vec![
        read(
            "an icon with compressed pixels",
            changed(|_, slice| slice.with(0x0088_0200, b"SQ", icon())),
        ),
        read("decimal commas", {
            changed(|_, slice| {
                slice.text(0x0028_0030, b"DS", "0,8\\0,7").text(0x0018_0050, b"DS", "2,0")
            })
        }),
        read("a name in another character set", {
            changed(|_, slice| {
                let name = Value::Bytes(b"Buc^J\xE9r\xF4me".to_vec());
                slice.text(0x0008_0005, b"CS", "ISO_IR 100").with(0x0010_0010, b"PN", name)
            })
        }),
        told(
            "no rescale",
            {
                changed(|z, slice| {
                    let words = stored(z).iter().map(|value| value.wrapping_sub(1024)).collect();
                    let slice = slice.with(0x7FE0_0010, b"OW", Value::Words(words));
                    slice.without(0x0028_1052).without(0x0028_1053)
                })
            },
            &["no-rescale"],
        ),
        told(
            "a rescale slope of 0",
            changed(|_, slice| slice.text(0x0028_1053, b"DS", "0")),
            &["rescale"],
        ),
        told(
            "values in another unit than HU",
            changed(|_, slice| slice.text(0x0028_1054, b"LO", "MGML")),
            &["not-hu"],
        ),
        told("not CT", changed(|_, slice| slice.text(0x0008_0060, b"CS", "MR")), &["not-ct"]),
        told(
            "inverted (MONOCHROME1)",
            changed(|_, slice| slice.text(0x0028_0004, b"CS", "MONOCHROME1")),
            &["monochrome1"],
        ),
        told(
            "padding around the body",
            {
                // The value of the first pixel of each slice.
                changed(|z, slice| slice.word(0x0028_0120, stored(z)[0]))
            },
            &["padding"],
        )
        .so(|found| {
            let hu = scan(found).volume.hu(0, 0, 0).unwrap();
            assert!((hu.0 + 1000.0).abs() < 1e-6, "{hu:?}");
        }),
        told(
            "padding inside the body",
            changed(|z, slice| slice.word(0x0028_0120, stored(z)[7])),
            &["padding"],
        ),
        told(
            "compressed with loss before",
            changed(|_, slice| slice.text(0x0028_2110, b"CS", "01")),
            &["lossy"],
        ),
    ]
}

fn places() -> Vec<Case> {
    let at = |z: usize, place: [f64; 3]| {
        let place = [0, 1, 2].map(|k| ORIGIN[k] + place[k]);
        Dicom::slice(EXPLICIT, z, UPRIGHT).text(0x0020_0032, b"DS", &join(&place)).file()
    };
    let moved = |place: fn(f64) -> [f64; 3]| -> Files {
        NAMES.into_iter().zip((0..SIZE[2]).map(|z| at(z, place(z as f64 * SPACING[2])))).collect()
    };
    vec![
        told("slices missing", moved(|z| [0.0, 0.0, if z > 5.0 { z + 7.5 } else { z }]), &["gap"])
            .so(uneven),
        told("a tilted gantry", moved(|z| [0.0, z * 0.3, z]), &["tilted"]).so(uneven),
        told(
            "a slice given twice",
            {
                let mut files = series(EXPLICIT);
                files.push(("z", files[3].1.clone()));
                files
            },
            &["copies"],
        ),
        told(
            "two slices at one place, nothing tells them apart",
            {
                let mut files = series(EXPLICIT);
                let other = Dicom::slice(EXPLICIT, 3, UPRIGHT).with(
                    0x7FE0_0010,
                    b"OW",
                    Value::Words(vec![9; 15]),
                );
                files.push(("z", other.file()));
                files
            },
            &["duplicates"],
        ),
        partly(
            "one slice without a place",
            changed(|z, slice| if z == 3 { slice.without(0x0020_0032) } else { slice }),
            &["gap"],
            "no-position",
        ),
        told(
            "no slice with a place",
            changed(|_, slice| slice.without(0x0020_0032)),
            &["no-positions"],
        )
        .so(without_places),
        told("no orientation", changed(|_, slice| slice.without(0x0020_0037)), &["no-orientation"]),
        told(
            "no pixel spacing",
            changed(|_, slice| slice.without(0x0028_0030)),
            &["no-pixel-spacing"],
        )
        .so(|_| {}),
        told("no series UID", changed(|_, slice| slice.without(0x0020_000E)), &["no-series-uid"]),
    ]
}

fn several_series() -> Vec<Case> {
    let set = |tag: u32, vr: &'static [u8; 2], text: &'static str| {
        twice(move |_, slice| slice.text(tag, vr, text))
    };
    let phase = |tag: u32, vr: &'static [u8; 2]| {
        let mut files = twice(move |_, slice| slice.text(tag, vr, "2"));
        for (z, file) in files.iter_mut().take(7).enumerate() {
            file.1 = Dicom::slice(EXPLICIT, z, UPRIGHT).text(tag, vr, "1").file();
        }
        files
    };
    const MIXED: &[&str] = &["mixed-series"];
    vec![
        several("two patients under one UID", set(0x0010_0010, b"PN", "Roe^Richard"), 2, MIXED),
        several("two studies under one UID", set(0x0020_000D, b"UI", "1.2.9"), 2, MIXED),
        several("two kernels", set(0x0018_1210, b"SH", "B70f"), 2, MIXED),
        several("a derived series", set(0x0008_0008, b"CS", "DERIVED\\SECONDARY\\MPR"), 2, MIXED),
        several("a localizer", set(0x0008_0008, b"CS", "ORIGINAL\\PRIMARY\\LOCALIZER"), 2, MIXED),
        several("two temporal positions", phase(0x0020_0100, b"IS"), 2, MIXED),
        several("two trigger times", phase(0x0018_1060, b"DS"), 2, MIXED),
        several("two acquisitions at the same places", phase(0x0020_0012, b"IS"), 2, MIXED),
    ]
}
