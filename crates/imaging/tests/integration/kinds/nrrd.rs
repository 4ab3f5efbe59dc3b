use super::{Case, read, refused, same_hu, scan, told};
use crate::support::files::*;
use nodulens_imaging::geometry::SpacingMm;

/// A header of the volume with pieces of its text changed, and samples behind it.
fn with(changes: &[(&str, &str)], samples: Vec<u8>) -> Vec<(&'static str, Vec<u8>)> {
    let mut text = nrrd(UPRIGHT, "left-posterior-superior", "raw", "endian: little\n\n");
    for (old, new) in changes {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    vec![("scan.nrrd", [text.into_bytes(), samples].concat())]
}

fn samples() -> Vec<u8> {
    shorts(false)
}

const DIRECTIONS: &str = "space directions: (0.7,0,0) (0,0.8,0) (0,0,2.5)\n";
const SPACE: &str = "space: left-posterior-superior\n";
const ORIGIN_LINE: &str = "space origin: (-10,20,-30.5)\n";

pub fn cases() -> Vec<Case> {
    let gz = ("encoding: raw", "encoding: gzip");
    let text: Vec<u8> = all().iter().flat_map(|hu| format!("{hu}\n").into_bytes()).collect();
    let lines = b"first line\nsecond line\n".to_vec();
    vec![
        read("one file (.nrrd)", with(&[], samples())),
        read(
            "header and samples (.nhdr)",
            vec![
                (
                    "scan.nhdr",
                    nrrd(UPRIGHT, "LPS", "raw", "endian: little\ndata file: scan.raw\n").into(),
                ),
                ("scan.raw", samples()),
            ],
        ),
        read(
            "old spelling of fields (datafile, byteskip, lineskip)",
            vec![
                ("scan.nhdr", {
                    let more = "endian: little\nlineskip: 2\nbyteskip: 3\ndatafile: scan.raw\n";
                    nrrd(UPRIGHT, "LPS", "raw", more).into()
                }),
                ("scan.raw", [lines.clone(), vec![7; 3], samples()].concat()),
            ],
        ),
        read("gzip", with(&[gz], gzip(&samples()))),
        read("zlib, though NRRD has gzip", with(&[gz], crate::support::pictures::zlib(&samples()))),
        read("text", with(&[("encoding: raw", "encoding: text")], text)),
        read("big endian", with(&[("endian: little", "endian: big")], shorts(true))),
        read(
            "line skip and byte skip before raw samples",
            with(
                &[("endian: little", "endian: little\nline skip: 2\nbyte skip: 3")],
                [lines.clone(), vec![7; 3], samples()].concat(),
            ),
        ),
        read(
            "line skip before the packed samples, byte skip in what they become",
            with(
                &[gz, ("endian: little", "endian: little\nline skip: 2\nbyte skip: 3")],
                [lines, gzip(&[vec![7; 3], samples()].concat())].concat(),
            ),
        ),
        read(
            "byte skip -1",
            with(
                &[("endian: little", "endian: little\nbyte skip: -1")],
                [vec![7; 99], samples()].concat(),
            ),
        ),
        read(
            "byte skip -1 in packed samples",
            with(
                &[gz, ("endian: little", "endian: little\nbyte skip: -1")],
                gzip(&[vec![7; 9999], samples()].concat()),
            ),
        ),
        read(
            "space RAS",
            vec![(
                "scan.nrrd",
                [nrrd(UPRIGHT, "RAS", "raw", "endian: little\n\n").into_bytes(), samples()]
                    .concat(),
            )],
        ),
        read(
            "space LAS",
            with(
                &[
                    ("left-posterior-superior", "left-anterior-superior"),
                    ("(0,0.8,0)", "(0,-0.8,0)"),
                    ("(-10,20,-30.5)", "(-10,-20,-30.5)"),
                ],
                samples(),
            ),
        ),
        read(
            "in micrometres (space units)",
            with(
                &[
                    (SPACE, "space: LPS\nspace units: \"um\" \"um\" \"um\"\n"),
                    (DIRECTIONS, "space directions: (700,0,0) (0,800,0) (0,0,2500)\n"),
                    (ORIGIN_LINE, "space origin: (-10000,20000,-30500)\n"),
                ],
                samples(),
            ),
        ),
        told(
            "another space (scanner-xyz)",
            with(&[("left-posterior-superior", "scanner-xyz")], samples()),
            &["no-orientation"],
        ),
        told(
            "spacings alone",
            with(
                &[(SPACE, ""), (DIRECTIONS, "spacings: 0.7 0.8 2.5\n"), (ORIGIN_LINE, "")],
                samples(),
            ),
            &["no-orientation", "no-origin"],
        )
        .so(|found| {
            same_hu(scan(found));
            let spacing = SpacingMm { x: 0.7, y: 0.8, z: 2.5 };
            assert_eq!(scan(found).volume.geometry().spacing_mm(), spacing);
        }),
        told(
            "neither spacing nor place, as pynrrd writes by default",
            with(&[(SPACE, ""), (DIRECTIONS, ""), (ORIGIN_LINE, "")], samples()),
            &["no-orientation", "no-origin", "no-spacing"],
        )
        .so(|found| {
            same_hu(scan(found));
            let unit = SpacingMm { x: 1.0, y: 1.0, z: 1.0 };
            assert_eq!(scan(found).volume.geometry().spacing_mm(), unit);
        }),
        told(
            "spacings that are not numbers (NaN)",
            with(&[(DIRECTIONS, "spacings: nan nan nan\n")], samples()),
            &["no-spacing"],
        )
        .so(|found| same_hu(scan(found))),
        told(
            "a segmentation of 3D Slicer",
            with(&[(SPACE, "Segment0_ID:=Segment_1\nspace: left-posterior-superior\n")], samples()),
            &["not-ct"],
        ),
        told(
            "another unit (sample units)",
            with(&[(SPACE, "sample units: Bq/ml\nspace: left-posterior-superior\n")], samples()),
            &["not-hu"],
        ),
        told("no space origin", with(&[(ORIGIN_LINE, "")], samples()), &["no-origin"])
            .so(|found| same_hu(scan(found))),
        refused(
            "an axis of colours (kinds)",
            with(&[("kinds: domain domain domain", "kinds: RGB-color domain domain")], samples()),
            "unsupported-format",
        ),
        refused(
            "an axis of vectors, last",
            with(&[("kinds: domain domain domain", "kinds: domain domain vector")], samples()),
            "unsupported-format",
        ),
        refused(
            "an axis that is a list",
            with(&[("kinds: domain domain domain", "kinds: domain domain list")], samples()),
            "unsupported-format",
        ),
        refused(
            "an axis that is time",
            with(&[("kinds: domain domain domain", "kinds: domain domain time")], samples()),
            "unsupported-format",
        ),
        refused(
            "an axis without direction (none)",
            with(&[("kinds: domain domain domain\n", ""), ("(0.7,0,0)", "none")], samples()),
            "unsupported-format",
        ),
        refused(
            "an axis without spacing (NaN)",
            with(
                &[("kinds: domain domain domain\n", ""), (DIRECTIONS, "spacings: nan 0.8 2.5\n")],
                samples(),
            ),
            "unsupported-format",
        ),
        refused(
            "colours and space: four dimensions",
            with(
                &[
                    ("dimension: 3", "dimension: 4"),
                    ("sizes: 3 5 7", "sizes: 3 3 5 7"),
                    ("kinds: domain", "kinds: RGB-color domain"),
                    ("space directions: ", "space directions: none "),
                ],
                [samples(), samples(), samples()].concat(),
            ),
            "unsupported-format",
        ),
        read(
            "a fourth dimension of one",
            with(
                &[
                    ("dimension: 3", "dimension: 4"),
                    ("sizes: 3 5 7", "sizes: 1 3 5 7"),
                    ("kinds: domain", "kinds: vector domain"),
                    ("space directions: ", "space directions: none "),
                ],
                samples(),
            ),
        ),
        refused(
            "a space with time",
            with(&[("left-posterior-superior", "left-posterior-superior-time")], samples()),
            "unsupported-format",
        ),
        refused("no endian", with(&[("endian: little\n", "")], samples()), "bad-header"),
        refused("blocks", with(&[("type: short", "type: block")], samples()), "unsupported-format"),
        refused(
            "bzip2",
            with(&[("encoding: raw", "encoding: bzip2")], samples()),
            "unsupported-format",
        ),
        refused(
            "hex",
            with(&[("encoding: raw", "encoding: hex")], samples()),
            "unsupported-format",
        ),
        refused(
            "samples in several files (LIST)",
            with(&[("endian: little", "endian: little\ndata file: LIST")], Vec::new()),
            "unsupported-format",
        ),
        refused(
            "samples in several files (a pattern)",
            with(&[("endian: little", "endian: little\ndata file: s%03d.raw 1 7 1")], Vec::new()),
            "unsupported-format",
        ),
        refused("gzip that is none", with(&[gz], vec![b'Z'; 300]), "unsupported-format"),
        refused("cut off", with(&[], samples()[..100].to_vec()), "truncated"),
    ]
}
