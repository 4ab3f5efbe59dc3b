//! Any volumes with a list: the same patches as by LUNA16's layout, whatever the format.

use super::support::*;
use std::fs;
use std::path::Path;

fn volumes(folder: &Path, lists: &str, out: &Path, more: &[&str], status: i32) -> String {
    let fixed = ["dataset", "--volumes", text(folder), "--candidates", lists, "--out", text(out)];
    told(&[&fixed[..], more].concat(), status)
}

/// LUNA16's candidates as a list of files, with the diameters of the annotations.
fn as_list(luna16: &Path, rows: &[Row]) -> String {
    let mut list = "file,coordX,coordY,coordZ,class,diameter_mm,part\n".to_owned();
    for row in rows {
        let subset = (0..10).find(|subset| {
            luna16.join(format!("subset{subset}/{}.mhd", row["seriesuid"])).is_file()
        });
        let part = if subset == Some(3) { "val" } else { "train" };
        list += &format!(
            "subset{}/{}.mhd,{},{},{},{},{},{part}\n",
            subset.unwrap(),
            row["seriesuid"],
            row["coordX"],
            row["coordY"],
            row["coordZ"],
            row["class"],
            if row["class"] == "1" { "7.5" } else { "" }
        );
    }
    list
}

#[test]
fn a_list_of_volumes_gives_the_patches_of_luna16s_layout() {
    let folder = tempfile::tempdir().unwrap();
    let luna16 = phantoms(folder.path(), false);
    let by_layout = folder.path().join("by-layout");
    dataset(&luna16, &by_layout, &["--negatives", "all", "--context"], 0);
    let rows = table(&luna16.join("candidates.csv"));
    let list = folder.path().join("list.csv");
    fs::write(&list, as_list(&luna16, &rows)).unwrap();
    let by_list = folder.path().join("by-list");
    volumes(&luna16, text(&list), &by_list, &["--negatives", "all", "--context"], 0);
    // A volume of a list is cut as the page shows it; LUNA16's as it is stored, one of them backwards.
    let straight: Vec<usize> = (0..rows.len())
        .filter(|row| {
            let list = fs::read_to_string(&list).unwrap();
            let file = list.lines().nth(row + 1).unwrap().split(',').next().unwrap().to_owned();
            let header = fs::read_to_string(luna16.join(file)).unwrap();
            header.contains("TransformMatrix = 1 0 0 0 1 0 0 0 1")
        })
        .collect();
    assert!(straight.len() * 2 > rows.len() && straight.len() < rows.len(), "{}", straight.len());
    for row in straight {
        for kind in ["crops50", "crops100"] {
            let [a, b] =
                [&by_list, &by_layout].map(|out| picture(&out.join(format!("{kind}/{row}.png"))));
            assert!(a == b, "{kind} of row {row}");
        }
    }
    assert_eq!(table(&by_list.join("manifest.csv")).len(), rows.len());
    for row in table(&by_list.join("manifest.csv")) {
        assert_eq!(row["diameter_mm"].is_empty(), row["class"] == "0");
        assert!(["train", "val"].contains(&row["split_patientwise"].as_str()));
    }
    let described = json(&by_list.join("dataset.json"));
    assert!(!described.to_string().contains("LUNA16"), "{described}");
}

#[test]
fn monais_datalist_is_read_with_a_list_of_others_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let luna16 = phantoms(folder.path(), false);
    let rows = table(&luna16.join("candidates.csv"));
    let nodule = rows.iter().find(|row| row["class"] == "1").unwrap();
    let other = rows.iter().find(|row| row["class"] == "0").unwrap();
    let list = folder.path().join("fold0.json");
    // As in MONAI's own list: the place is by name, and the ending is another.
    let document = format!(
        r#"{{"training": [{{"image": "{uid}/{uid}.nii.gz", "box": [[{}, {}, {}, 6, 6, 6]], "label": [0]}}],
            "validation": [{{"image": "gone.nii.gz", "box": [[0, 0, 0, 5, 5, 5]], "label": [0]}}]}}"#,
        nodule["coordX"],
        nodule["coordY"],
        nodule["coordZ"],
        uid = nodule["seriesuid"],
    );
    fs::write(&list, document).unwrap();
    let out = folder.path().join("out");
    let said = volumes(&luna16, text(&list), &out, &[], 0);
    assert!(
        said.contains("every place is a nodule") && said.contains("1 scans are not on disk"),
        "{said}"
    );
    let others = folder.path().join("others.csv");
    let row = format!(
        "{}.mhd,{},{},{},0\n",
        other["seriesuid"], other["coordX"], other["coordY"], other["coordZ"]
    );
    fs::write(&others, format!("file,coordX,coordY,coordZ,class\n{row}")).unwrap();
    let out = folder.path().join("both");
    let lists = format!("{},{}", text(&list), text(&others));
    let said = volumes(&luna16, &lists, &out, &[], 0);
    assert!(!said.contains("every place is a nodule"), "{said}");
    let found = table(&out.join("manifest.csv"));
    let told: Vec<_> = found
        .iter()
        .map(|row| {
            (row["class"].as_str(), row["diameter_mm"].as_str(), row["split_patientwise"].as_str())
        })
        .collect();
    assert_eq!(told, [("1", "6", "train"), ("0", "", "")]);
}

#[test]
fn every_format_of_real_slices_gives_the_same_patch() {
    let Some(scans) = real_data().map(|data| data.join("scans")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.csv");
    let names = [
        "lidc0003_6slices.mha",
        "lidc0003_6slices.mhd",
        "lidc0003_6slices.nii.gz",
        "lidc0003_6slices.nrrd",
        "lidc-idri-0003-dicom",
    ];
    let rows: String =
        names.map(|name| format!("{name},72.28670656,76.90023946,-190.4589276,0\n")).concat();
    fs::write(&list, format!("file,coordX,coordY,coordZ,class\n{rows}")).unwrap();
    let out = folder.path().join("out");
    let said = volumes(&scans, text(&list), &out, &["--negatives", "all"], 0);
    let patches: Vec<Vec<u8>> =
        table(&out.join("manifest.csv")).iter().map(|row| patch(&out, row)).collect();
    assert_eq!(patches.len(), names.len(), "{said}");
    assert!(
        patches.iter().all(|patch| *patch == patches[0]) && patches[0].iter().any(|grey| *grey > 0)
    );
}
