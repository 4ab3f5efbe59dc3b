//! Files of one series UID that are several series, and those that are one.

use crate::support::files::*;
use nodulens_imaging::decode::series::Series;

fn slice(z: usize) -> Dicom {
    Dicom::slice(EXPLICIT, z, UPRIGHT)
}

/// The same place with other pixels.
fn later(z: usize) -> Dicom {
    let pixels = (0..15).map(|i| 3000 + i * z as u16).collect();
    slice(z).with(0x7FE0_0010, b"OW", Value::Words(pixels))
}

fn series(slices: Vec<Dicom>) -> Vec<Series> {
    // In an order that has nothing to do with theirs.
    let count = slices.len();
    let names: Vec<String> = (0..count).map(|i| format!("file {i:02}")).collect();
    let mixed = (0..count).map(|i| (i * 7 + 3) % count).map(|i| (&*names[i], slices[i].file()));
    let imported = import(mixed);
    assert!(imported.problems.is_empty(), "{:?}", imported.problems);
    imported.series
}

fn depth(series: &Series) -> usize {
    series.volume.geometry().size()[2]
}

/// Slices 0 to 4 of one kind and 0 to 4, or 5 to 9, of another.
fn two(one: impl Fn(Dicom) -> Dicom, other: impl Fn(Dicom) -> Dicom, apart: usize) -> Vec<Dicom> {
    let first = (0..5).map(|z| one(slice(z)));
    first.chain((apart..apart + 5).map(|z| other(later(z)))).collect()
}

#[test]
fn what_differs_becomes_a_series_of_its_own_whose_name_says_why() {
    let set = |tag: u32, vr: &'static [u8; 2], text: &'static str| {
        move |slice: Dicom| slice.text(tag, vr, text)
    };
    type Case =
        (&'static str, &'static str, u32, &'static [u8; 2], &'static str, &'static str, bool);
    let cases: [Case; 10] = [
        ("patient", "patient 1", 0x0010_0020, b"LO", "A", "B", true),
        ("study", "study 1", 0x0020_000D, b"UI", "1.2.3", "1.2.4", true),
        (
            "image type",
            "ORIGINAL",
            0x0008_0008,
            b"CS",
            "ORIGINAL\\PRIMARY\\AXIAL",
            "DERIVED\\SECONDARY\\MPR",
            true,
        ),
        ("kernel", "kernel B30f", 0x0018_1210, b"SH", "B30f", "B70f", true),
        ("modality", "CT", 0x0008_0060, b"CS", "CT", "PT", true),
        ("frame of reference", "frame of reference 1", 0x0020_0052, b"UI", "1.7", "1.8", true),
        ("temporal position", "temporal position 1", 0x0020_0100, b"IS", "1", "2", true),
        ("trigger time", "trigger time 35.5 ms", 0x0018_1060, b"DS", "35.5", "350", false),
        ("acquisition", "acquisition 1", 0x0020_0012, b"IS", "1", "2", false),
        ("time", "time 1", 0x0008_0032, b"TM", "120000", "120010", false),
    ];
    for (reason, label, tag, vr, one, other, everywhere) in cases {
        for apart in [0, 5] {
            let found = series(two(set(tag, vr, one), set(tag, vr, other), apart));
            // Times and counters go on within one scan: only at the same places they are phases.
            let expected = if apart == 0 || everywhere { vec![5, 5] } else { vec![10] };
            let depths: Vec<usize> = found.iter().map(depth).collect();
            assert_eq!(depths, expected, "{reason}, {apart} slices apart");
            if depths.len() == 2 {
                let titles: Vec<&str> = found.iter().map(|one| &*one.info.title).collect();
                assert!(titles.iter().any(|title| title.contains(label)), "{titles:?}");
                assert_ne!(titles[0], titles[1]);
                let told = found[0].warnings.iter().find(|one| one.code == "mixed-series").unwrap();
                assert!(told.message.contains(reason), "{}", told.message);
                assert!(!codes(&found[0]).contains(&"duplicates"));
            }
        }
    }
}

#[test]
fn a_patient_s_name_stays_out_of_the_title() {
    let set = |text: &'static str| move |slice: Dicom| slice.text(0x0010_0010, b"PN", text);
    let found = series(two(set("Doe^Jane"), set("Roe^Richard"), 5));
    assert_eq!(found.len(), 2);
    for one in &found {
        assert!(!one.info.title.contains("Doe") && !one.info.title.contains("Roe"));
    }
    // Of one ID, two spellings of a name are one patient.
    let id = |text: &'static str| {
        move |slice: Dicom| slice.text(0x0010_0010, b"PN", text).text(0x0010_0020, b"LO", "7")
    };
    assert_eq!(series(two(id("Doe^Jane"), id("DOE^JANE"), 5)).len(), 1);
}

#[test]
fn two_acquisitions_that_overlap_are_two_and_that_follow_each_other_one() {
    let number = |number: &'static str| move |slice: Dicom| slice.text(0x0020_0012, b"IS", number);
    // Every other slice.
    let slices: Vec<Dicom> =
        (0..8).map(|z| number(if z % 2 == 0 { "1" } else { "2" })(slice(z))).collect();
    assert_eq!(series(slices).iter().map(depth).collect::<Vec<_>>(), [4, 4]);
    // Far apart.
    assert_eq!(series(two(number("1"), number("2"), 20)).len(), 2);
    // One behind the other, and a slice of one is missing.
    let mut slices = two(number("1"), number("2"), 5);
    slices.remove(2);
    assert_eq!(series(slices).iter().map(depth).collect::<Vec<_>>(), [9]);
    // Each slice its own, as step-and-shoot scanners count.
    let slices = (0..8).map(|z| slice(z).text(0x0020_0012, b"IS", &z.to_string())).collect();
    assert_eq!(series(slices).iter().map(depth).collect::<Vec<_>>(), [8]);
}

#[test]
fn copies_do_not_hide_phases() {
    let phase = |number: &'static str| move |slice: Dicom| slice.text(0x0020_0100, b"IS", number);
    let mut slices = two(phase("1"), phase("2"), 0);
    slices.push(slices[2].clone());
    slices.push(slices[7].clone());
    let found = series(slices);
    assert_eq!(found.iter().map(depth).collect::<Vec<_>>(), [5, 5]);
    assert!(found.iter().all(|one| codes(one).contains(&"copies")));
}

#[test]
fn a_slice_without_a_place_is_named_and_the_others_open() {
    let lost = slice(3).without(0x0020_0032);
    let files = [slice(0), slice(1), slice(2), lost, slice(4)];
    let imported =
        import(["a", "b", "c", "lost", "e"].into_iter().zip(files.map(|file| file.file())));
    assert_eq!(imported.problems.len(), 1);
    let problem = &imported.problems[0];
    assert_eq!((&*problem.name, problem.code), ("lost", "no-position"));
    assert!(problem.message.contains("(0020,0032)"), "{}", problem.message);
    assert_eq!((depth(&imported.series[0]), codes(&imported.series[0])), (4, vec!["gap"]));
    assert!(imported.series[0].info.placed);
    // Where most have none, no place is certain.
    let files = [slice(0), slice(1).without(0x0020_0032), slice(2).without(0x0020_0032)];
    let found = series(files.to_vec());
    assert_eq!((depth(&found[0]), found[0].info.placed), (3, false));
    assert!(codes(&found[0]).contains(&"no-positions"));
}

#[test]
fn every_slice_lies_where_its_file_says() {
    // A gap, an uneven step and a tilted gantry at once.
    let at = |z: usize, height: f64| {
        let place = [ORIGIN[0], ORIGIN[1] + height * 0.3, ORIGIN[2] + height];
        (slice(z).text(0x0020_0032, b"DS", &join(&place)), place)
    };
    let files = [at(0, 0.0), at(1, 2.5), at(2, 12.5), at(3, 14.0), at(4, 17.5)];
    // One slice aside of the others is no tilted gantry.
    let aside = (0..5).map(|z| {
        let x = if z == 2 { 40.0 } else { 0.0 };
        let place = [ORIGIN[0] + x, ORIGIN[1], ORIGIN[2] + z as f64 * 2.5];
        slice(z).text(0x0020_0032, b"DS", &join(&place))
    });
    let found = series(aside.collect());
    assert_eq!(codes(&found[0]), ["shifted"]);
    assert!(found[0].warnings[0].message.contains("40.0 mm"), "{:?}", found[0].warnings);
    assert_eq!(found[0].info.tilt_degrees, 0.0);
    let found = series(files.iter().map(|(file, _)| file.clone()).collect());
    let (one, geometry) = (&found[0], found[0].volume.geometry());
    assert!(codes(one).contains(&"gap") && codes(one).contains(&"tilted"));
    for (z, (_, place)) in files.iter().enumerate() {
        let voxel = nodulens_imaging::geometry::VoxelPoint { x: 2.0, y: 4.0, z: z as f64 };
        let world = geometry.world_from_voxel(voxel);
        let expected = [place[0] + 1.4, place[1] + 3.2, place[2]];
        for (found, expected) in [world.x, world.y, world.z].into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-9, "slice {z}: {world:?} {expected:?}");
        }
        let back = geometry.voxel_from_world(world);
        assert!((back.z - z as f64).abs() < 1e-9 && (back.y - 4.0).abs() < 1e-9);
    }
}

#[test]
fn moments_that_nothing_names_are_told_apart_by_their_turn() {
    let at = |z: usize, phase: usize| {
        let words = (0..15).map(|i| 1000 + (i * phase + z) as u16).collect();
        slice(z).with(0x7FE0_0010, b"OW", Value::Words(words))
    };
    // Three turns over eight places: by a time that is another one for each slice, by the number.
    let time = |z: usize, phase: usize| format!("12{phase:02}{z:02}");
    let number = |z: usize, phase: usize| (phase * 8 + z + 1).to_string();
    let timed = |z, phase| at(z, phase).text(0x0008_0032, b"TM", &time(z, phase));
    let numbered = |z, phase| at(z, phase).text(0x0020_0013, b"IS", &number(z, phase));
    for made in [&timed as &dyn Fn(usize, usize) -> Dicom, &numbered] {
        let all = (0..3).flat_map(|phase| (0..8).map(move |z| (z, phase)));
        let found = series(all.map(|(z, phase)| made(z, phase)).collect());
        assert_eq!(found.iter().map(depth).collect::<Vec<_>>(), [8, 8, 8]);
        for one in &found {
            // Each of one turn: the values of a slice are those of its phase.
            let hu = |z: i64| one.volume.hu(1, 0, z).map(|hu| hu.0 - z as f32);
            assert!((0..8).all(|z| hu(z) == hu(0)), "{}", one.info.title);
        }
        let mut titles: Vec<_> = found.iter().map(|one| &one.info.title).collect();
        titles.dedup();
        assert_eq!(titles.len(), 3, "{titles:?}");
    }
    // A table that goes to and fro, and stays for two moments before it goes on.
    let to_and_fro = |z: usize, phase: usize| [z, 7 - z][phase % 2] + 8 * phase;
    let staying = |z: usize, phase: usize| z / 4 * 12 + phase * 4 + z % 4;
    for order in [&to_and_fro as &dyn Fn(usize, usize) -> usize, &staying] {
        let all = (0..3).flat_map(|phase| (0..8).map(move |z| (z, phase)));
        let made = |(z, phase)| {
            at(z, phase).text(0x0008_0032, b"TM", &format!("12{:04}", order(z, phase)))
        };
        let found = series(all.map(made).collect());
        assert_eq!(found.iter().map(depth).collect::<Vec<_>>(), [8, 8, 8]);
        for one in &found {
            let hu = |z: i64| one.volume.hu(1, 0, z).map(|hu| hu.0 - z as f32);
            assert!((0..8).all(|z| hu(z) == hu(0)), "{}", one.info.title);
        }
    }
    // Numbers whose turns overlap are no turns: nothing is guessed.
    let mixed = (0..2).flat_map(|phase| (0..8).map(move |z| (z, phase)));
    let mixed = mixed.map(|(z, phase)| {
        let number = z * 2 + (phase + z) % 2;
        at(z, phase).text(0x0020_0013, b"IS", &number.to_string())
    });
    let found = series(mixed.collect());
    assert_eq!((found.len(), codes(&found[0])), (1, vec!["duplicates"]));
}

#[test]
fn whatever_else_the_files_say_tells_slices_at_one_place_apart() {
    let cases: [(&str, u32, &[u8; 2], &str); 8] = [
        ("tube voltage", 0x0018_0060, b"DS", "80"),
        ("contrast agent", 0x0018_0010, b"LO", "Omnipaque"),
        ("slice thickness", 0x0018_0050, b"DS", "5"),
        ("protocol", 0x0018_1030, b"LO", "Thorax late"),
        ("description", 0x0008_103E, b"LO", "Late"),
        ("series number", 0x0020_0011, b"IS", "9"),
        ("patient's name", 0x0010_0010, b"PN", "Roe^Richard"),
        ("content time", 0x0008_0033, b"TM", "120000"),
    ];
    for (reason, tag, vr, value) in cases {
        // One half alone may carry it.
        let patient = |slice: Dicom| slice.text(0x0010_0020, b"LO", "7");
        let other = |slice| patient(slice).text(tag, vr, value);
        let found = series(two(patient, other, 0));
        assert_eq!(found.iter().map(depth).collect::<Vec<_>>(), [5, 5], "{reason}");
        // Between each other, too.
        let turns = (0..10).map(|z| if z % 2 == 0 { patient(slice(z)) } else { other(slice(z)) });
        let between = series(turns.collect());
        assert_eq!(between.iter().map(depth).collect::<Vec<_>>(), [5, 5], "{reason}");
        let told = found[0].warnings.iter().find(|one| one.code == "mixed-series").unwrap();
        assert!(told.message.contains(reason), "{}", told.message);
        assert!(!found.iter().any(|one| one.info.title.contains("Roe")));
    }
}

#[test]
fn frames_of_two_moments_are_two_volumes() {
    let empty = || Dicom::empty(EXPLICIT);
    let group = |tag: u32, inner: Dicom| empty().with(tag, b"SQ", Value::Items(vec![inner], false));
    let frames = |moment: fn(usize) -> Dicom, place: fn(usize) -> f64| {
        let own = (0..8).map(|frame| {
            let at = join(&[ORIGIN[0], ORIGIN[1], ORIGIN[2] + place(frame)]);
            let mut own = group(0x0020_9113, empty().text(0x0020_0032, b"DS", &at));
            own.elements.extend(group(0x0020_9111, moment(frame)).elements);
            own
        });
        let words = (0..120).map(|i| i * 7).collect();
        let file = slice(0)
            .without(0x0020_0032)
            .text(0x0028_0008, b"IS", "8")
            .with(0x5200_9230, b"SQ", Value::Items(own.collect(), false))
            .with(0x7FE0_0010, b"OW", Value::Words(words));
        import([("enhanced", file.file())])
    };
    let index = |frame: usize| {
        let index = vec![(frame % 2 + 1) as u16, 0];
        Dicom::empty(EXPLICIT).with(0x0020_9128, b"UL", Value::Words(index))
    };
    let acquisition =
        |frame: usize| Dicom::empty(EXPLICIT).word(0x0020_9156, (frame % 2 + 1) as u16);
    let stack =
        |frame: usize| Dicom::empty(EXPLICIT).text(0x0020_9056, b"SH", ["A", "B"][frame % 2]);
    for moment in [index, acquisition, stack] {
        let found = frames(moment, |frame| (frame / 2) as f64 * 2.5);
        assert_eq!(found.series.iter().map(depth).collect::<Vec<_>>(), [4, 4]);
    }
    // A temporal position wherever it lies.
    let found = frames(index, |frame| frame as f64 * 2.5);
    assert_eq!(found.series.iter().map(depth).collect::<Vec<_>>(), [4, 4]);
    assert!(found.series[0].warnings[0].message.contains("temporal position"));
}

#[test]
fn one_place_for_all_is_none() {
    let slices = (0..5).map(|z| {
        slice(z).text(0x0020_0032, b"DS", "0\\0\\0").text(0x0020_1041, b"DS", &(z * 3).to_string())
    });
    let found = series(slices.collect());
    assert_eq!((depth(&found[0]), found[0].info.placed), (5, false));
    assert!(codes(&found[0]).contains(&"one-place"), "{:?}", codes(&found[0]));
    assert_eq!(found[0].volume.geometry().spacing_mm().z, 3.0);
}

#[test]
fn what_is_so_in_some_files_names_them() {
    let slices = (0..5).map(|z| match z {
        2 => slice(z).without(0x0028_1052).without(0x0028_1053),
        _ => slice(z),
    });
    let found = series(slices.collect());
    let told = &found[0].warnings[0];
    assert_eq!(told.code, "no-rescale");
    assert!(told.message.contains("This is so in 1 of 5 files: file 02."), "{}", told.message);
    // More of pixels than frames are counted.
    let more = slice(0).with(0x7FE0_0010, b"OW", Value::Words(vec![1024; 45]));
    let found = series(vec![more]);
    assert_eq!(codes(&found[0]), ["more-frames"]);
    let message = &found[0].warnings[0].message;
    assert!(message.contains("says 1") && message.contains("of 3:"), "{message}");
}

#[test]
fn two_persons_of_one_number_are_two() {
    let set = |tag: u32, vr: &'static [u8; 2], text: &'static str| {
        move |slice: Dicom| slice.text(0x0010_0020, b"LO", "7").text(tag, vr, text)
    };
    let names = two(set(0x0010_0010, b"PN", "Doe^Jane"), set(0x0010_0010, b"PN", "Roe^R"), 5);
    assert_eq!(series(names).len(), 2);
    let days = two(set(0x0010_0030, b"DA", "19500101"), set(0x0010_0030, b"DA", "19600101"), 5);
    assert_eq!(series(days).len(), 2);
}
