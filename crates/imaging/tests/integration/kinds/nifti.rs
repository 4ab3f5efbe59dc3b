use super::{Case, read, refused, same_hu, scan, told};
use crate::support::files::*;
use nodulens_imaging::geometry::SpacingMm;
use nodulens_imaging::intensity::Hu;

/// A file of the volume with bytes of its header changed.
fn nii(changes: &[(usize, &[u8])]) -> Vec<(&'static str, Vec<u8>)> {
    vec![("scan.nii", changed(changes, shorts(false)))]
}

fn changed(changes: &[(usize, &[u8])], samples: Vec<u8>) -> Vec<u8> {
    let mut bytes = [nifti(UPRIGHT, Form::Matrix, false), samples].concat();
    for (at, value) in changes {
        bytes[*at..*at + value.len()].copy_from_slice(value);
    }
    bytes
}

fn short(value: i16) -> [u8; 2] {
    value.to_le_bytes()
}

fn float(value: f32) -> [u8; 4] {
    value.to_le_bytes()
}

/// The matrix with axes of the array in another order, its slices shifted against each other by
/// `lean` mm a slice: slices lie along the first axis, as a permutation leaves them.
fn permuted(lean: f64) -> Vec<(&'static str, Vec<u8>)> {
    // Array axes: z of the body, leaning to the back; x to the left; y to the back.
    let steps = [[0.0, -lean, 2.5], [-0.8, 0.0, 0.0], [0.0, -0.8, 0.0]];
    let mut header = nifti(UPRIGHT, Form::Matrix, false);
    for (i, side) in [3_i16, 7, 3, 5, 1, 1, 1, 1].iter().enumerate() {
        header[40 + i * 2..42 + i * 2].copy_from_slice(&side.to_le_bytes());
    }
    for k in 0..3 {
        for (i, step) in steps.iter().enumerate() {
            let at = 280 + k * 16 + i * 4;
            header[at..at + 4].copy_from_slice(&(step[k] as f32).to_le_bytes());
        }
    }
    let mut samples = Vec::new();
    for y in 0..5 {
        for x in 0..3 {
            samples.extend((0..7).flat_map(|z| hu(x, y, z).to_le_bytes()));
        }
    }
    vec![("scan.nii", [header, samples].concat())]
}

/// NIfTI-2: 540 bytes of header, four of flags.
pub fn second() -> Vec<u8> {
    let mut bytes = vec![0; 544];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(0, &540_i32.to_le_bytes());
    put(4, b"n+2\0\r\n\x1A\n");
    put(12, &4_i16.to_le_bytes());
    put(14, &16_i16.to_le_bytes());
    for (i, side) in [3_i64, 3, 5, 7, 1, 1, 1, 1].iter().enumerate() {
        put(16 + i * 8, &side.to_le_bytes());
    }
    for (i, side) in [1.0, SPACING[0], SPACING[1], SPACING[2]].iter().enumerate() {
        put(104 + i * 8, &side.to_le_bytes());
    }
    put(168, &544_i64.to_le_bytes());
    put(348, &1_i32.to_le_bytes());
    put(500, &2_i32.to_le_bytes());
    for k in 0..3 {
        let sign = if k < 2 { -1.0 } else { 1.0 };
        put(400 + k * 32 + k * 8, &(sign * SPACING[k]).to_le_bytes());
        put(400 + k * 32 + 24, &(sign * ORIGIN[k]).to_le_bytes());
    }
    [bytes, shorts(false)].concat()
}

pub fn cases() -> Vec<Case> {
    let zero = [0; 48];
    let nan = float(f32::NAN);
    let plain = changed(&[], shorts(false));
    let half_turn = Form::Quaternion([0.0, 0.0, 0.0, 1.0], false);
    let turned: [[f64; 3]; 3] = [[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]];
    let mut pair = nifti(UPRIGHT, Form::Matrix, false);
    pair[344..348].copy_from_slice(b"ni1\0");
    pair[108..112].copy_from_slice(&float(0.0));
    vec![
        read("one file (.nii)", nii(&[])),
        read("gzip (.nii.gz)", vec![("scan.nii.gz", gzip(&plain))]),
        read(
            "gzip in two streams",
            vec![("scan.nii.gz", [gzip(&plain[..400]), gzip(&plain[400..])].concat())],
        ),
        read(
            "zeros behind the gzip stream",
            vec![("scan.nii.gz", [gzip(&plain), vec![0; 1000]].concat())],
        ),
        told(
            "other bytes behind the gzip stream",
            vec![("scan.nii.gz", [gzip(&plain), b"\x1F more".to_vec()].concat())],
            &["bytes-behind"],
        ),
        read(
            "header and samples (.hdr, .img)",
            vec![("scan.hdr", pair[..348].to_vec()), ("scan.img", shorts(false))],
        ),
        read("NIfTI-2", vec![("scan.nii", second())]),
        read(
            "big endian",
            vec![("scan.nii", [nifti(UPRIGHT, Form::Matrix, true), shorts(true)].concat())],
        ),
        read(
            "samples at an odd place",
            vec![("scan.nii", {
                let mut file = changed(&[(108, &float(353.0))], Vec::new());
                file.push(0);
                [file, shorts(false)].concat()
            })],
        ),
        read("vox_offset 0 in one file", nii(&[(108, &float(0.0))])),
        refused("vox_offset within the header", nii(&[(108, &float(100.0))]), "bad-header"),
        refused("vox_offset with a fraction", nii(&[(108, &float(352.5))]), "bad-header"),
        read(
            "placed by a quaternion (qform)",
            vec![("scan.nii", {
                let quaternion = Form::Quaternion([0.0, 0.0, 0.0, 1.0], false);
                [nifti(UPRIGHT, quaternion, false), shorts(false)].concat()
            })],
        ),
        read(
            "a quaternion that is a little too long",
            vec![("scan.nii", {
                let mut file = [nifti(turned, half_turn, false), shorts(false)].concat();
                file[264..268].copy_from_slice(&float(1.000_000_1));
                file
            })],
        ),
        told(
            "no place (neither form)",
            vec![("scan.nii", [nifti(UPRIGHT, Form::None, false), shorts(false)].concat())],
            &["no-orientation"],
        )
        .so(|found| same_hu(scan(found))),
        told(
            "two places that differ",
            nii(&[(252, &short(1)), (256, &float(0.0)), (268, &float(500.0))]),
            &["two-places"],
        ),
        told(
            "a matrix of zeros beside a quaternion",
            vec![("scan.nii", {
                let quaternion = Form::Quaternion([0.0, 0.0, 0.0, 1.0], false);
                let mut file = [nifti(UPRIGHT, quaternion, false), shorts(false)].concat();
                file[254..256].copy_from_slice(&short(1));
                file
            })],
            &["two-places"],
        ),
        refused("a matrix of zeros alone", nii(&[(280, &zero)]), "bad-header"),
        refused("not a number in the matrix", nii(&[(280, &nan)]), "bad-header"),
        refused(
            "not a number in the quaternion",
            vec![("scan.nii", {
                let mut file = [nifti(UPRIGHT, half_turn, false), shorts(false)].concat();
                file[256..260].copy_from_slice(&nan);
                file
            })],
            "bad-header",
        ),
        read("scl_slope 0", nii(&[(112, &float(0.0)), (116, &float(7.0))])),
        read("scl_slope not a number", nii(&[(112, &nan), (116, &float(7.0))])),
        refused("scl_inter not a number", nii(&[(112, &float(2.0)), (116, &nan)]), "bad-header"),
        read("slope and intercept", nii(&[(112, &float(2.0)), (116, &float(-1024.0))])).so(
            |found| {
                let right = f32::from(hu(1, 2, 3)) * 2.0 - 1024.0;
                assert_eq!(scan(found).volume.hu(1, 2, 3), Some(Hu(right)));
            },
        ),
        read(
            "in metres (xyzt_units)",
            vec![("scan.nii", {
                let mut file = [nifti(UPRIGHT, Form::Matrix, false), shorts(false)].concat();
                file[123] = 1;
                for at in (280..328).step_by(4) {
                    let value = f32::from_le_bytes(file[at..at + 4].try_into().unwrap());
                    file[at..at + 4].copy_from_slice(&float(value / 1000.0));
                }
                file
            })],
        ),
        read(
            "in micrometres",
            vec![("scan.nii", {
                let mut file = [nifti(UPRIGHT, Form::Matrix, false), shorts(false)].concat();
                file[123] = 3;
                for at in (280..328).step_by(4) {
                    let value = f32::from_le_bytes(file[at..at + 4].try_into().unwrap());
                    file[at..at + 4].copy_from_slice(&float(value * 1000.0));
                }
                file
            })],
        ),
        told(
            "slices shifted against each other (gantry tilt)",
            nii(&[(304, &float(-0.6))]),
            &["tilted"],
        )
        .so(|found| {
            same_hu(scan(found));
            let SpacingMm { x, y, z } = scan(found).volume.geometry().spacing_mm();
            for (ours, right) in [(x, 0.7), (y, 0.8), (z, 2.5)] {
                assert!((ours - right).abs() < 1e-6, "{ours}");
            }
        }),
        told("the same with the axes in another order", permuted(0.6), &["tilted"]).so(|found| {
            same_hu(scan(found));
            let SpacingMm { x, y, z } = scan(found).volume.geometry().spacing_mm();
            for (ours, right) in [(x, 0.8), (y, 0.8), (z, 2.5)] {
                assert!((ours - right).abs() < 1e-6, "{ours}");
            }
        }),
        refused(
            "sheared, and either axis may be that of the slices",
            nii(&[(280, &float(-0.8)), (304, &float(-0.2)), (320, &float(0.774_597))]),
            "unsupported-format",
        ),
        read("a fourth dimension of one", nii(&[(40, &short(4)), (48, &short(1))])),
        refused(
            "a fourth dimension (time)",
            nii(&[(40, &short(4)), (48, &short(2))]),
            "unsupported-format",
        ),
        refused(
            "a fifth dimension (vectors)",
            nii(&[(40, &short(5)), (50, &short(3))]),
            "unsupported-format",
        ),
        told("one slice", nii(&[(40, &short(2))]), &["bytes-behind", "one-slice"])
            .so(|found| assert_eq!(scan(found).volume.geometry().size(), [3, 5, 1])),
        refused("colours (RGB24)", nii(&[(70, &short(128))]), "unsupported-format"),
        refused("colours (RGBA32)", nii(&[(70, &short(2304))]), "unsupported-format"),
        refused("complex numbers", nii(&[(70, &short(32))]), "unsupported-format"),
        refused("single bits", nii(&[(70, &short(1))]), "unsupported-format"),
        refused("a type that is not known", nii(&[(70, &short(99))]), "unsupported-format"),
        told("labels (intent 1002)", nii(&[(68, &short(1002))]), &["not-ct"]),
        told("statistics (intent 5)", nii(&[(68, &short(5))]), &["not-ct"]),
        told(
            "unsigned 32 bits beyond 16",
            nii(&[(70, &short(768)), (40, &short(3)), (46, &short(3))]),
            &["beyond-hu", "bytes-behind"],
        )
        .so(|_| {}),
        refused(
            "Analyze 7.5",
            vec![("scan.hdr", {
                let mut header = nifti(UPRIGHT, Form::None, false);
                header[344..348].copy_from_slice(&[0; 4]);
                header[..348].to_vec()
            })],
            "unsupported-format",
        ),
        refused("cut off", vec![("scan.nii", plain[..500].to_vec())], "truncated"),
    ]
}
