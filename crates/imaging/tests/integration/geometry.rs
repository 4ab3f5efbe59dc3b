//! A volume of 3 x 5 x 7 voxels with unequal spacing and one HU a voxel, turned in every way, in
//! every format: each HU is found at its place in the body.

use crate::support::files::*;
use nodulens_imaging::decode::series::Series;
use nodulens_imaging::geometry::{VoxelPoint, WorldMm};
use nodulens_imaging::intensity::Hu;
use nodulens_imaging::volume::Samples;

type Axes = [[f64; 3]; 3];

/// Flipped and turned; the last is oblique. All right-handed, as slices' axes are.
const FRAMES: [Axes; 5] = [
    UPRIGHT,
    [[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]],
    [[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, -1.0]],
    // Coronal: rows to the left, columns to the feet.
    [[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]],
    [[0.36, 0.48, -0.8], [-0.8, 0.6, 0.0], [0.48, 0.64, 0.6]],
];

/// Place of a voxel of the file's own array.
fn world(axes: Axes, [x, y, z]: [usize; 3]) -> WorldMm {
    let steps = [x as f64 * SPACING[0], y as f64 * SPACING[1], z as f64 * SPACING[2]];
    let along = |k: usize| ORIGIN[k] + (0..3).map(|i| steps[i] * axes[i][k]).sum::<f64>();
    WorldMm { x: along(0), y: along(1), z: along(2) }
}

/// Each HU lies where the file put it, and the slices ascend along their normal.
fn right_everywhere(series: &Series, axes: Axes, what: &str) {
    let geometry = series.volume.geometry();
    for z in 0..7 {
        for y in 0..5 {
            for x in 0..3 {
                let VoxelPoint { x: i, y: j, z: k } =
                    geometry.voxel_from_world(world(axes, [x, y, z]));
                for place in [i, j, k] {
                    assert!((place - place.round()).abs() < 1e-3, "{what} {place}");
                }
                let found = series.volume.hu(i.round() as i64, j.round() as i64, k.round() as i64);
                assert_eq!(found, Some(Hu(f32::from(hu(x, y, z)))), "{what} {x} {y} {z}");
            }
        }
    }
    let [row, column, through]: Axes = geometry.axes().into();
    let normal = [
        row[1] * column[2] - row[2] * column[1],
        row[2] * column[0] - row[0] * column[2],
        row[0] * column[1] - row[1] * column[0],
    ];
    let along: f64 = (0..3).map(|k| normal[k] * through[k]).sum();
    assert!((along - 1.0).abs() < 1e-3, "{what}: z does not ascend along the normal");
}

#[test]
fn dicom_slices_in_any_order() {
    for axes in FRAMES {
        for order in [[0, 1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1, 0], [3, 0, 6, 1, 5, 2, 4]] {
            let files = order.map(|z| ("slice", Dicom::slice(EXPLICIT, z, axes).file()));
            let series = one(files);
            right_everywhere(&series, axes, "DICOM");
            assert_eq!(series.volume.geometry().size(), SIZE);
            assert!(codes(&series).is_empty(), "{:?}", series.warnings);
        }
    }
}

#[test]
fn metaimage_in_one_file_and_in_two() {
    for axes in FRAMES {
        let local = [metaimage(axes, "LOCAL").into_bytes(), shorts(false)].concat();
        right_everywhere(&one([("scan.mha", local)]), axes, "mha");
        // The header remembers a path of the machine where it was written.
        let header = metaimage(axes, "C:\\scans\\Scan.RAW").into_bytes();
        let files = [("a/scan.mhd", header), ("a/scan.raw", shorts(false))];
        right_everywhere(&one(files.clone()), axes, "mhd, raw");
        let [header, data] = files;
        right_everywhere(&one([data, header]), axes, "raw, mhd");
    }
}

#[test]
fn nifti_by_matrix_plain_and_packed_in_both_byte_orders() {
    for axes in FRAMES {
        for big in [false, true] {
            let file = [nifti(axes, Form::Matrix, big), shorts(big)].concat();
            right_everywhere(&one([("scan.nii.gz", gzip(&file))]), axes, "nii.gz");
            right_everywhere(&one([("scan.nii", file)]), axes, "nii");
        }
    }
}

#[test]
fn nifti_by_quaternion() {
    // Half turns about the axes of RAS, and one about (1, 2, 2) by 90 degrees.
    let half = std::f64::consts::FRAC_1_SQRT_2;
    let frames: [([f64; 4], Axes); 3] = [
        ([1.0, 0.0, 0.0, 0.0], [[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]]),
        ([0.0, 0.0, 0.0, 1.0], UPRIGHT),
        // About z by 90 degrees: array x runs to the front, y to the patient's right.
        ([half, 0.0, 0.0, half], [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),
    ];
    for (quaternion, axes) in frames {
        for mirrored in [false, true] {
            let mut axes = axes;
            if mirrored {
                axes[2] = axes[2].map(|side: f64| -side);
            }
            let header = nifti(axes, Form::Quaternion(quaternion, mirrored), false);
            let series = one([("scan.nii", [header, shorts(false)].concat())]);
            right_everywhere(&series, axes, &format!("{quaternion:?} {mirrored}"));
        }
    }
}

#[test]
fn nifti_in_two_files_and_without_orientation() {
    let mut header = nifti(UPRIGHT, Form::Matrix, false);
    header[344..348].copy_from_slice(b"ni1\0");
    header[108..112].copy_from_slice(&0_f32.to_le_bytes());
    header.truncate(348);
    let files = [("scan.hdr", header), ("scan.img", shorts(false))];
    right_everywhere(&one(files), UPRIGHT, "hdr, img");

    let file = [nifti(UPRIGHT, Form::None, false), shorts(false)].concat();
    assert_eq!(codes(&one([("scan.nii", file)])), ["no-orientation"]);
}

#[test]
fn nrrd_in_each_space_and_encoding() {
    let text = all().iter().map(i16::to_string).collect::<Vec<_>>().join(" ").into_bytes();
    for axes in FRAMES {
        for space in ["left-posterior-superior", "LPS", "right-anterior-superior", "RAS"] {
            for (encoding, more, data) in [
                ("raw", "endian: little\n\n", shorts(false)),
                ("raw", "endian: big\n\n", shorts(true)),
                ("gzip", "endian: little\n\n", gzip(&shorts(false))),
                ("ascii", "\n", text.clone()),
            ] {
                let file = [nrrd(axes, space, encoding, more).into_bytes(), data].concat();
                right_everywhere(&one([("scan.nrrd", file)]), axes, encoding);
            }
            let header =
                nrrd(axes, space, "raw", "endian: big\nbyte skip: -1\ndata file: scan.raw\n");
            let data = [vec![1, 2, 3], shorts(true)].concat();
            let files = [("scan.raw", data), ("scan.nhdr", header.into_bytes())];
            right_everywhere(&one(files), axes, "nhdr");
        }
    }
}

#[test]
fn a_sheared_volume_is_shown_with_a_warning() {
    let lean = 10_f64.to_radians();
    let axes = [UPRIGHT[0], UPRIGHT[1], [0.0, lean.sin(), lean.cos()]];
    let file =
        [nrrd(axes, "LPS", "raw", "endian: little\n\n").into_bytes(), shorts(false)].concat();
    let series = one([("scan.nrrd", file)]);
    assert_eq!(codes(&series), ["tilted"]);
    let spacing = series.volume.geometry().spacing_mm().z;
    assert!((spacing - 2.5 * lean.cos()).abs() < 1e-9);
    // Each slice lies where the header says, also where the axes are turned round on opening.
    let turned = [UPRIGHT[0], UPRIGHT[1].map(|side| -side), [0.0, lean.sin(), -lean.cos()]];
    let over =
        [nrrd(turned, "LPS", "raw", "endian: little\n\n").into_bytes(), shorts(false)].concat();
    for (file, axes) in [(series, axes), (one([("scan.nrrd", over)]), turned)] {
        for value in [hu(0, 0, 0), hu(2, 1, 3), hu(1, 4, 6)] {
            let at = all().iter().position(|hu| *hu == value).unwrap();
            let index = [at % 3, at / 3 % 5, at / 15];
            let Samples::Int16(samples) = file.volume.samples() else { panic!("not whole") };
            let found = samples.iter().position(|hu| *hu == value).unwrap();
            let voxel = VoxelPoint {
                x: (found % 3) as f64,
                y: (found / 3 % 5) as f64,
                z: (found / 15) as f64,
            };
            let world = file.volume.geometry().world_from_voxel(voxel);
            for (k, world) in [world.x, world.y, world.z].into_iter().enumerate() {
                let expected = ORIGIN[k]
                    + (0..3).map(|i| index[i] as f64 * SPACING[i] * axes[i][k]).sum::<f64>();
                assert!((world - expected).abs() < 1e-9, "{value}: {world} {expected}");
            }
        }
    }

    let files = (0..7).map(|z| {
        let position = [0.0, z as f64 * 2.5 * lean.sin(), z as f64 * 2.5 * lean.cos()];
        let slice = Dicom::slice(EXPLICIT, z, UPRIGHT).text(0x0020_0032, b"DS", &join(&position));
        ("slice", slice.file())
    });
    let series = one(files);
    assert_eq!(codes(&series), ["tilted"]);
    assert!((series.info.tilt_degrees - 10.0).abs() < 1e-6);
    let spacing = series.volume.geometry().spacing_mm().z;
    assert!((spacing - 2.5 * lean.cos()).abs() < 1e-9);
}
