use super::{Case, read, refused, same_hu, scan, told};
use crate::support::files::*;
use crate::support::pictures::zlib;
use nodulens_imaging::geometry::SpacingMm;
use nodulens_imaging::intensity::Hu;

/// A header of the volume; `more` are lines before that of the samples' file, in place of those of
/// the same key. An empty value takes a line out.
pub fn header(more: &[(&str, &str)], data: &str) -> Vec<u8> {
    let text = metaimage(UPRIGHT, "");
    let mut lines: Vec<(&str, &str)> =
        text.lines().filter_map(|line| line.split_once(" = ")).collect();
    for (key, value) in more {
        match lines.iter_mut().find(|(old, _)| old == key) {
            Some(line) => line.1 = value,
            None => lines.push((key, value)),
        }
    }
    lines.retain(|(key, value)| !value.is_empty() && *key != "ElementDataFile");
    lines.push(("ElementDataFile", data));
    lines.iter().flat_map(|(key, value)| format!("{key} = {value}\n").into_bytes()).collect()
}

/// One file of the volume.
fn mha(more: &[(&str, &str)], samples: Vec<u8>) -> Vec<(&'static str, Vec<u8>)> {
    vec![("scan.mha", [header(more, "LOCAL"), samples].concat())]
}

fn samples() -> Vec<u8> {
    shorts(false)
}

/// Samples of another kind, of either sign.
fn words<const N: usize>(bytes: impl Fn(i16) -> [u8; N]) -> Vec<u8> {
    all().into_iter().flat_map(bytes).collect()
}

pub fn cases() -> Vec<Case> {
    let compressed = [("CompressedData", "True")];
    let mut late = header(&[], "scan.raw");
    late.extend(b"Comment = behind\n");
    let mut latin = b"Comment = M\xFCller\n".to_vec();
    latin.extend(header(&[], "LOCAL"));
    latin.extend(samples());
    let first = |line: &str| {
        let rest = header(&[], "LOCAL");
        vec![("scan.mha", [line.as_bytes(), &rest, &samples()].concat())]
    };
    vec![
        read("one file (.mha)", mha(&[], samples())),
        told("not CT (Modality)", mha(&[("Modality", "MET_MOD_MR")], samples()), &["not-ct"]),
        read(
            "header and samples (.mhd, .raw)",
            vec![("scan.mhd", header(&[], "scan.raw")), ("scan.raw", samples())],
        ),
        read(
            "a key behind ElementDataFile, in a header alone",
            vec![("scan.mhd", late), ("scan.raw", samples())],
        ),
        read("any key first: CompressedData", first("CompressedData = False\n")),
        read("any key first: a key of the writer's own", first("Scanner = 7\n")),
        read("a comment in Latin-1", vec![("scan.mha", latin)]),
        read("zlib", mha(&compressed, zlib(&samples()))),
        read("gzip, though MetaImage has zlib", mha(&compressed, gzip(&samples()))),
        read(
            "zeros behind the compressed samples",
            mha(&compressed, [zlib(&samples()), vec![0; 700]].concat()),
        ),
        told(
            "other bytes behind the compressed samples",
            mha(&compressed, [zlib(&samples()), b"more".to_vec()].concat()),
            &["bytes-behind"],
        ),
        told(
            "other bytes behind the samples",
            mha(&[], [samples(), b"more".to_vec()].concat()),
            &["bytes-behind"],
        ),
        read("HeaderSize with the header's own length, in one file", {
            let length = header(&[("HeaderSize", "0000")], "LOCAL").len() + 3;
            let size = format!("{length:04}");
            mha(&[("HeaderSize", &size)], [vec![7; 3], samples()].concat())
        }),
        refused(
            "HeaderSize less than the header, in one file",
            mha(&[("HeaderSize", "3")], [vec![7; 3], samples()].concat()),
            "bad-header",
        ),
        read("HeaderSize -1", mha(&[("HeaderSize", "-1")], [vec![7; 3], samples()].concat())),
        read("big endian, by either key", mha(&[("ElementByteOrderMSB", "True")], shorts(true))),
        read(
            "samples as text (BinaryData = False)",
            mha(
                &[("BinaryData", "False")],
                all().iter().flat_map(|hu| format!("{hu} ").into_bytes()).collect(),
            ),
        ),
        read(
            "64 bits (MET_LONG_LONG)",
            mha(&[("ElementType", "MET_LONG_LONG")], words(|hu| i64::from(hu).to_le_bytes())),
        ),
        told(
            "32 bits beyond 16",
            mha(&[("ElementType", "MET_INT")], words(|hu| (i32::from(hu) + 100_000).to_le_bytes())),
            &["beyond-hu"],
        )
        .so(|found| {
            let first = scan(found).volume.hu(0, 0, 0);
            assert_eq!(first, Some(Hu(f32::from(hu(0, 0, 0)) + 100_000.0)));
        }),
        told(
            "unsigned 16 bits above 32767",
            mha(&[("ElementType", "MET_USHORT")], {
                words(|value| (if value == hu(2, 4, 6) { 40_000 } else { 5_u16 }).to_le_bytes())
            }),
            &["beyond-hu"],
        )
        .so(|found| {
            assert!(scan(found).warnings[0].message.starts_with("1 voxel holds a value outside"));
            assert_eq!(scan(found).volume.hu(2, 4, 6), Some(Hu(40_000.0)));
        }),
        told(
            "not a number, or infinite",
            mha(&[("ElementType", "MET_FLOAT")], {
                words(|value| match value {
                    value if value == hu(0, 0, 0) => f32::NAN.to_le_bytes(),
                    value if value == hu(1, 0, 0) => f32::INFINITY.to_le_bytes(),
                    other => f32::from(other).to_le_bytes(),
                })
            }),
            &["not-a-number"],
        )
        .so(|found| {
            let volume = &scan(found).volume;
            let row = [0, 1, 2].map(|x| volume.hu(x, 0, 0).unwrap().0);
            assert_eq!(row, [-1000.0, -1000.0, f32::from(hu(2, 0, 0))]);
        }),
        told("no Offset", mha(&[("Offset", "")], samples()), &["no-origin"]).so(|found| {
            same_hu(scan(found));
            let origin = scan(found).volume.geometry().origin();
            assert_eq!([origin.x, origin.y, origin.z], [0.0; 3]);
        }),
        told("no ElementSpacing", mha(&[("ElementSpacing", "")], samples()), &["no-spacing"]).so(
            |found| {
                same_hu(scan(found));
                let one = SpacingMm { x: 1.0, y: 1.0, z: 1.0 };
                assert_eq!(scan(found).volume.geometry().spacing_mm(), one);
            },
        ),
        told("no TransformMatrix", mha(&[("TransformMatrix", "")], samples()), &["no-orientation"]),
        read(
            "ElementSize in place of ElementSpacing",
            mha(&[("ElementSpacing", ""), ("ElementSize", "0.7 0.8 2.5")], samples()),
        ),
        read(
            "in centimetres (DistanceUnits)",
            mha(
                &[
                    ("DistanceUnits", "cm"),
                    ("ElementSpacing", "0.07 0.08 0.25"),
                    ("Offset", "-1 2 -3.05"),
                ],
                samples(),
            ),
        ),
        read(
            "a fourth dimension of one",
            mha(
                &[
                    ("NDims", "4"),
                    ("DimSize", "3 5 7 1"),
                    ("ElementSpacing", "0.7 0.8 2.5 1"),
                    ("Offset", "-10 20 -30.5 0"),
                    ("TransformMatrix", "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1"),
                ],
                samples(),
            ),
        ),
        told(
            "one slice (NDims = 2)",
            mha(
                &[
                    ("NDims", "2"),
                    ("DimSize", "3 5"),
                    ("ElementSpacing", "0.7 0.8"),
                    ("Offset", "-10 20"),
                    ("TransformMatrix", "1 0 0 1"),
                ],
                samples()[..30].to_vec(),
            ),
            &["one-slice"],
        )
        .so(|found| assert_eq!(scan(found).volume.geometry().size(), [3, 5, 1])),
        refused(
            "a fourth dimension",
            mha(&[("NDims", "4"), ("DimSize", "3 5 7 2")], samples()),
            "unsupported-format",
        ),
        refused(
            "frames in time (Seq_Frame...)",
            mha(&[("Seq_Frame0000_Timestamp", "1.5"), ("Kinds", "domain domain list")], samples()),
            "unsupported-format",
        ),
        refused(
            "a third axis that is a list (Kinds)",
            mha(&[("Kinds", "domain domain list")], samples()),
            "unsupported-format",
        ),
        refused(
            "several values a voxel",
            mha(&[("ElementNumberOfChannels", "3")], samples()),
            "unsupported-format",
        ),
        refused(
            "rescaled by the header",
            mha(&[("ElementToIntensityFunctionSlope", "2")], samples()),
            "unsupported-format",
        ),
        refused(
            "slices in files of their own (LIST)",
            vec![("scan.mhd", header(&[], "LIST"))],
            "unsupported-format",
        ),
        refused(
            "slices in files of their own (a pattern)",
            vec![("scan.mhd", header(&[], "slice%03d.raw 1 7 1"))],
            "unsupported-format",
        ),
        read(
            "a single file with a % in its name",
            vec![("scan.mhd", header(&[], "scan%20x.raw")), ("scan%20x.raw", samples())],
        ),
        refused(
            "something else than an image",
            mha(&[("ObjectType", "Tube")], samples()),
            "unsupported-format",
        ),
        refused(
            "a type that is not known",
            mha(&[("ElementType", "MET_STRING")], samples()),
            "bad-header",
        ),
        refused(
            "compressed in another way",
            mha(&compressed, b"BZh91AY&SY".repeat(20)),
            "unsupported-format",
        ),
        refused("says not compressed, is gzip", mha(&[], gzip(&[0; 210])), "unsupported-format"),
        refused("says not compressed, is zlib", mha(&[], zlib(&[0; 210])), "unsupported-format"),
        refused("cut off", mha(&[], samples()[..100].to_vec()), "truncated"),
    ]
}
