//! Against real slices and the published manifest, where they are at hand.

use super::support::*;
use std::fs;
use trainer::luna16::tables::Annotations;

/// The series of scans/lidc0003_6slices.mhd.
const REAL_SERIES: &str = "1.3.6.1.4.1.14519.5.2.1.6279.6001.170706757615202213033480003264";

/// Rows, columns and pitch of its slices, the centre of its first voxel, and its slices.
const REAL_SIDE: usize = 512;
const REAL_SPACING: [f64; 3] = [0.820312, 0.820312, 2.5];
const REAL_ORIGIN: [f64; 3] = [-228.800003, -210.0, -199.0];

/// Six real slices: the patches from the MetaImage are those that this test cuts from the DICOM
/// files of the same scan, and the published JPEG where the manifest has one.
#[test]
fn patches_of_real_slices_are_those_of_the_dicom_files() {
    let Some(data) = real_data() else { return };
    let folder = tempfile::tempdir().unwrap();
    let luna16 = folder.path().join("luna16");
    let scans = luna16.join("subset5");
    fs::create_dir_all(&scans).unwrap();
    let header = fs::read_to_string(data.join("scans/lidc0003_6slices.mhd")).unwrap();
    let header = header.replace("lidc0003_6slices.raw", &format!("{REAL_SERIES}.raw"));
    fs::write(scans.join(format!("{REAL_SERIES}.mhd")), header).unwrap();
    fs::copy(data.join("scans/lidc0003_6slices.raw"), scans.join(format!("{REAL_SERIES}.raw")))
        .unwrap();
    fs::copy(data.join("luna16-csv/annotations.csv"), luna16.join("annotations.csv")).unwrap();

    // The published candidates within the slices, the annotated nodule of 21 mm, and a grid.
    let within = |world: [f64; 3]| (-199.0..-184.0).contains(&world[2]);
    let published: Vec<Row> = table(&data.join("luna16-patches/manifest.csv"))
        .into_iter()
        .filter(|row| row["seriesuid"] == REAL_SERIES && within(world(row)))
        .collect();
    println!("{} published patches lie in the six slices", published.len());
    let mut places: Vec<([f64; 3], u8)> =
        published.iter().map(|row| (world(row), row["class"].parse().unwrap())).collect();
    places.push(([72.28670656, 76.90023946, -190.4589276], 1));
    for i in 0..24 {
        let step = f64::from(i);
        let place = [-150.3 + 12.7 * step, -120.9 + 9.1 * step, -198.9 + 14.7 * step / 24.0];
        places.push((place, 0));
    }
    let mut candidates = "seriesuid,coordX,coordY,coordZ,class\n".to_owned();
    for ([x, y, z], class) in &places {
        candidates += &format!("{REAL_SERIES},{x},{y},{z},{class}\n");
    }
    fs::write(luna16.join("candidates.csv"), candidates).unwrap();
    let out = folder.path().join("out");
    dataset(&luna16, &out, &["--negatives", "all"], 0);

    let dicom = data
        .join("scans/lidc-idri-0003-dicom")
        .join("1.3.6.1.4.1.14519.5.2.1.6279.6001.101370605276577556143013894866")
        .join(REAL_SERIES);
    let rows = table(&out.join("manifest.csv"));
    assert_eq!(rows.len(), places.len());
    for (row, (place, _)) in rows.iter().zip(&places) {
        let [x, y, z] =
            [0, 1, 2].map(|k| ((place[k] - REAL_ORIGIN[k]).abs() / REAL_SPACING[k]).floor());
        let file = dicom.join(format!("{:.6}.dcm", REAL_ORIGIN[2] + z * REAL_SPACING[2]));
        let bytes = fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        // Explicit little endian, 16 bits, not compressed: the pixels are the end of the file.
        let pixels = &bytes[bytes.len() - REAL_SIDE * REAL_SIDE * 2..];
        let (left, top) = (x as usize - 25, y as usize - 25);
        let expected: Vec<u8> = (0..2500)
            .map(|i| {
                let at = ((top + i / 50) * REAL_SIDE + left + i % 50) * 2;
                let stored = i16::from_le_bytes([pixels[at], pixels[at + 1]]);
                grey(stored.saturating_sub(1024))
            })
            .collect();
        let patch = patch(&out, row);
        let off: Vec<u8> = patch.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).collect();
        let mean = off.iter().map(|o| f64::from(*o)).sum::<f64>() / 2500.0;
        // A level where the formula is exactly between two.
        assert!(mean < 0.01 && off.iter().all(|o| *o <= 1), "{mean} mean error: {row:?}");
    }
    // The annotated nodule is in the middle of its patch.
    let nodule = &rows[published.len()];
    assert_eq!(nodule["annotation_index"], "n0257");
    assert!(number(nodule, "annotation_distance_mm") < 1e-9);
    let bright = patch(&out, nodule);
    assert!((22..28).all(|y| (22..28).all(|x| bright[y * 50 + x] > 120)), "a dense middle");

    for (row, published) in rows.iter().zip(&published) {
        let jpeg = format!("luna16-patches/crops50/{}.jpg", published["candidate_row"]);
        let (jpeg, _) = picture(&data.join(jpeg));
        let off =
            patch(&out, row).iter().zip(&jpeg).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>();
        assert!(off / 2500.0 <= 2.0, "{} grey levels off: {row:?}", off / 2500.0);
    }

    // The .mha of the same slices gives the same patches.
    fs::remove_file(scans.join(format!("{REAL_SERIES}.mhd"))).unwrap();
    fs::remove_file(scans.join(format!("{REAL_SERIES}.raw"))).unwrap();
    fs::copy(data.join("scans/lidc0003_6slices.mha"), scans.join(format!("{REAL_SERIES}.mha")))
        .unwrap();
    let again = folder.path().join("again");
    dataset(&luna16, &again, &["--negatives", "all"], 0);
    same(&out, &again);
}

/// Which nodule a candidate hits, against every row of the published manifest.
#[test]
fn annotations_are_matched_as_in_the_published_manifest() {
    let Some(data) = real_data() else { return };
    let annotations = Annotations::read(&data.join("luna16-csv/annotations.csv")).unwrap();
    let rows = table(&data.join("luna16-patches/manifest.csv"));
    for row in &rows {
        let [x, y, z] = world(row);
        let hit =
            annotations.hit(&row["seriesuid"], nodulens_imaging::geometry::WorldMm { x, y, z });
        let (index, distance) = match hit {
            Some((nodule, distance)) => (format!("n{:04}", nodule.row), distance),
            None => (String::new(), f64::NAN),
        };
        assert_eq!(index, row["annotation_index"], "{row:?}");
        if !index.is_empty() {
            assert!((distance - number(row, "annotation_distance_mm")).abs() < 1e-6, "{row:?}");
        }
    }
    println!("{} rows of the published manifest", rows.len());
}

/// Which negatives are contested, and how many readers outlined a nodule there, against every
/// negative of the published table.
#[test]
fn contested_negatives_are_those_of_the_published_table() {
    let Some(data) = real_data() else { return };
    let annotations = Annotations::read(&data.join("luna16-csv/annotations.csv")).unwrap();
    let annotations =
        annotations.with_excluded(&data.join("luna16-csv/annotations_excluded.csv")).unwrap();
    let readers: std::collections::HashMap<String, Row> =
        table(&data.join("luna16-patches/readers.csv"))
            .into_iter()
            .map(|row| (row["candidate_row"].clone(), row))
            .collect();
    let mut contested = 0;
    for row in table(&data.join("luna16-patches/manifest.csv")) {
        if row["class"] == "1" {
            continue;
        }
        let [x, y, z] = world(&row);
        let at = nodulens_imaging::geometry::WorldMm { x, y, z };
        let marks = annotations.marks(&row["seriesuid"], at).unwrap();
        let said = &readers[&row["candidate_row"]];
        assert_eq!(u8::from(marks.contested).to_string(), said["contested"], "{row:?}");
        if marks.contested {
            assert_eq!(marks.readers.to_string(), said["n_readers"], "{row:?}");
            contested += 1;
        }
    }
    assert_eq!(contested, 56);
}
