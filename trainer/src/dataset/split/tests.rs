use super::*;

#[test]
fn part_names_round_trip_and_unknown_ones_list_the_choices() {
    for name in ["all", "subset-9", "paper-test", "patientwise-valid", "luna16-fold-7-test"] {
        assert_eq!(name.parse::<Part>().unwrap().to_string(), name);
    }
    for name in ["patientwise", "patientwise-val"] {
        assert_eq!(name.parse::<Part>().unwrap().to_string(), "patientwise-valid");
    }
    for name in ["validation", "luna16-fold-10", "luna16-fold-x-test"] {
        let error = name.parse::<Part>().unwrap_err().to_string();
        assert!(error.contains("patientwise-valid"), "{error}");
    }
}

#[test]
fn folds_rotate_over_the_subsets_that_are_there() {
    let row = |fold: u32| ManifestRow {
        candidate_row: fold.to_string(),
        luna_subset: Some(fold),
        ..ManifestRow::default()
    };
    let rows: Vec<_> = [0, 2, 3, 8].map(row).to_vec();
    let folds = |part: &str| -> Vec<u32> {
        let part: Part = part.parse().unwrap();
        part.of(rows.clone()).iter().filter_map(|row| row.luna_subset).collect()
    };
    assert_eq!(folds("luna16-fold-0-test"), [0]);
    assert_eq!(folds("luna16-fold-0-valid"), [2]);
    assert_eq!(folds("luna16-fold-0-train"), [3, 8]);
    assert_eq!(folds("luna16-fold-8-valid"), [0]);
    assert_eq!(folds("luna16-fold-8-train"), [2, 3]);
}

#[test]
fn a_patient_with_scans_in_two_subsets_stays_on_one_side() {
    let row = |(candidate, patient, fold, side): (&str, &str, u32, &str)| ManifestRow {
        candidate_row: candidate.to_owned(),
        seriesuid: Some(format!("{patient} in {fold}")),
        patient_id: Some(patient.to_owned()),
        luna_subset: Some(fold),
        split_patientwise: Some(side.to_owned()),
        ..ManifestRow::default()
    };
    let rows: Vec<_> = [
        ("1", "A", 2, "train"),
        ("2", "B", 2, "train"),
        ("3", "C", 3, "val"),
        ("4", "B", 6, "train"),
        ("5", "D", 6, "test"),
        ("6", "E", 7, "train"),
        ("7", "D", 7, "train"),
        ("8", "D", 7, "val"),
    ]
    .map(row)
    .to_vec();
    let of = |part: &str| -> String {
        let part: Part = part.parse().unwrap();
        part.of(rows.clone()).iter().map(|row| row.candidate_row.as_str()).collect()
    };
    // Whoever is tested is learnt from nowhere; the tested rows are the whole subset.
    assert_eq!((of("luna16-fold-2-test"), of("luna16-fold-2-train")), ("12".into(), "5678".into()));
    assert_eq!((of("luna16-fold-6-test"), of("luna16-fold-6-train")), ("45".into(), "13".into()));
    // D is tested in 6, so its rows in 7 do not validate either; B validates in no fold 7.
    assert_eq!(of("luna16-fold-6-valid"), "6");
    assert_eq!((of("luna16-fold-3-valid"), of("luna16-fold-3-train")), ("45".into(), "16".into()));
    // The columns of a manifest are held to the same.
    assert_eq!((of("patientwise-test"), of("patientwise-valid")), ("5".into(), "3".into()));
    assert_eq!(of("patientwise-train"), "1246");
    // All folds together test each row once.
    let tested: String =
        ["2", "3", "6", "7"].map(|fold| of(&format!("luna16-fold-{fold}-test"))).concat();
    assert_eq!(tested, "12345678");
}

/// Skips without the real data.
#[test]
fn no_patient_of_the_real_manifest_is_on_two_sides() {
    let Some(folder) = crate::dataset::real_patches() else { return };
    let rows = crate::dataset::read_manifest(&folder).unwrap();
    let units = |part: Part| -> BTreeSet<String> {
        part.of(rows.clone()).iter().map(|row| row.unit().to_owned()).collect()
    };
    let folds: BTreeSet<u32> = rows.iter().filter_map(|row| row.luna_subset).collect();
    let splits = folds
        .iter()
        .map(|fold| Split::Luna16Fold(Fold::of(*fold).unwrap()))
        .chain([Split::Patientwise]);
    for split in splits {
        let parts = [split.train(), split.valid(), split.test()].map(units);
        for (i, part) in parts.iter().enumerate() {
            for other in &parts[i + 1..] {
                let shared: Vec<_> = part.intersection(other).collect();
                assert!(shared.is_empty(), "{split}: {shared:?} stand on two sides");
            }
        }
    }
    // The one whom this is about, so that the test cannot pass by looking at nothing.
    let twice = rows.iter().filter(|row| row.patient_id.as_deref() == Some("LIDC-IDRI-0332"));
    let subsets: BTreeSet<_> = twice.filter_map(|row| row.luna_subset).collect();
    assert_eq!(subsets, BTreeSet::from([2, 6]));
}
