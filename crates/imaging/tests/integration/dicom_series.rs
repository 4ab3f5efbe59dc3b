//! DICOM files as they come: in any order, with gaps, duplicates and strangers among them.

use crate::support::files::*;
use nodulens_imaging::decode::import::{Added, Import};
use nodulens_imaging::decode::{Limits, series::Series};
use nodulens_imaging::volume::Samples;

fn slice(z: usize) -> Dicom {
    Dicom::slice(EXPLICIT, z, UPRIGHT)
}

fn files(slices: impl IntoIterator<Item = Dicom>) -> Vec<(&'static str, Vec<u8>)> {
    const NAMES: [&str; 16] =
        ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p"];
    slices.into_iter().zip(NAMES).map(|(slice, name)| (name, slice.file())).collect()
}

fn series(slices: impl IntoIterator<Item = Dicom>) -> Vec<Series> {
    let imported = import(files(slices));
    assert!(imported.problems.is_empty(), "{:?}", imported.problems);
    imported.series
}

fn depth(series: &Series) -> usize {
    series.volume.geometry().size()[2]
}

fn message(series: &Series, code: &str) -> String {
    series.warnings.iter().find(|warning| warning.code == code).unwrap().message.clone()
}

#[test]
fn what_is_told_of_a_series() {
    let one = &series((0..7).map(slice))[0];
    let info = &one.info;
    assert_eq!(info.title, "CT series 3, 7 slices every 2.50 mm");
    assert_eq!(info.series_uid.as_deref(), Some("1.2.3.4"));
    assert_eq!((info.slice_thickness_mm, info.files), (Some(2.0), 7));
    assert!(info.identifies, "there is a name");
    let name = info.tags.iter().find(|tag| tag.tag == "(0010,0010)").unwrap();
    assert_eq!(
        (name.name, name.value.as_str(), name.identifies),
        ("Patient's Name", "Doe^Jane", true)
    );
    assert_eq!(info.slices[0].sop_instance_uid.as_deref(), Some("1.2.3.4.1"));
    assert_eq!(info.slices[6].instance_number, Some(94));
    let page = serde_json::to_value(info).unwrap();
    assert_eq!(page["slices"][0]["sopInstanceUid"], "1.2.3.4.1");
    assert_eq!(page["frameOfReferenceUid"], serde_json::Value::Null);
    let clean = series([slice(0).text(0x0012_0062, b"CS", "YES")]);
    assert!(!clean[0].info.identifies);
}

#[test]
fn gaps_are_told_with_their_place() {
    let one = &series([0, 1, 2, 5, 6].map(slice))[0];
    assert_eq!((codes(one), depth(one)), (vec!["gap"], 5));
    assert_eq!(one.volume.geometry().spacing_mm().z, 2.5);
    assert_eq!((one.info.gaps[0].after, one.info.gaps[0].distance_mm), (2, 7.5));
    let message = message(one, "gap");
    assert!(message.contains("7.50 mm between -25.50 (c) and -18.00 (d)"), "{message}");
}

#[test]
fn duplicates_stay_once() {
    // The same slice three times, in two encodings.
    let again = Dicom::slice(BIG, 3, UPRIGHT);
    let same = series((0..7).map(slice).chain([again, slice(3)]));
    assert_eq!((depth(&same[0]), codes(&same[0])), (7, vec!["copies"]));
    assert!(message(&same[0], "copies").starts_with("2 slices are copies of others"));
    // Another slice at the same place is; the lower instance number stays.
    let other = slice(3).text(0x0020_0013, b"IS", "200").with(
        0x7FE0_0010,
        b"OW",
        Value::Words(vec![0; 15]),
    );
    for slices in
        [[slice(2), slice(3), other.clone(), slice(4)], [other, slice(4), slice(3), slice(2)]]
    {
        let one = &series(slices)[0];
        assert_eq!((depth(one), codes(one)), (3, vec!["duplicates"]));
        assert!(*one.volume.samples() == Samples::Int16(all()[30..75].to_vec()));
    }
}

#[test]
fn two_acquisitions_in_one_series_are_two() {
    let breath = |number: &str, z: usize| {
        let slice = slice(z).text(0x0020_0012, b"IS", number);
        if number == "1" {
            slice
        } else {
            slice.with(0x7FE0_0010, b"OW", Value::Words(vec![0; 15]))
        }
    };
    let both = (0..5).map(|z| breath("1", z)).chain((0..5).map(|z| breath("2", z)));
    let two = series(both);
    assert_eq!((two.len(), depth(&two[0]), depth(&two[1])), (2, 5, 5));
}

#[test]
fn mixed_files_become_series_of_their_own() {
    let wide = |z: usize| slice(z).text(0x0028_0030, b"DS", "1.6\\1.4");
    let coronal = Dicom::slice(EXPLICIT, 1, [[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]]);
    let scout = slice(0).text(0x0008_0008, b"CS", "ORIGINAL\\PRIMARY\\LOCALIZER");
    let other = slice(2).text(0x0020_000E, b"UI", "1.2.3.5");
    let all = (0..4).map(slice).chain([wide(0), wide(1), coronal, scout, other]);
    let found = series(all);
    assert_eq!(found.iter().map(depth).collect::<Vec<_>>(), [4, 2, 1, 1, 1]);
    assert_eq!(codes(&found[0]), ["mixed-series"]);
    assert!(message(&found[0], "mixed-series").contains("direction"));
    let last = found.last().unwrap();
    assert!(last.info.localizer && codes(last).contains(&"localizer"));
    assert_eq!(found.iter().filter(|one| one.info.localizer).count(), 1);
    let alone = found.iter().find(|one| one.info.series_uid.as_deref() == Some("1.2.3.5")).unwrap();
    assert!(codes(alone).is_empty());
}

#[test]
fn what_is_missing_is_told() {
    let one = |slices: Vec<Dicom>| series(slices).remove(0);
    let lone = one(vec![slice(3)]);
    assert_eq!((depth(&lone), lone.volume.geometry().spacing_mm().z), (1, 2.0));
    assert_eq!(lone.info.title, "CT series 3, one slice");
    assert!(codes(&lone).is_empty());
    assert_eq!(codes(&one(vec![slice(3).without(0x0018_0050)])), ["no-thickness"]);

    let bare = one((0..3).map(|z| slice(z).without(0x0028_0030)).collect());
    assert_eq!(
        (codes(&bare), bare.volume.geometry().spacing_mm().x),
        (vec!["no-pixel-spacing"], 1.0)
    );
    // The detector's spacing is better than none.
    let detector = one(vec![slice(0).without(0x0028_0030).text(0x0018_1164, b"DS", "0.3\\0.2")]);
    assert_eq!(detector.volume.geometry().spacing_mm().x, 0.2);

    let unplaced = |z: usize| slice(z).without(0x0020_0032);
    let located =
        |z: usize| unplaced(z).text(0x0020_1041, b"DS", &format!("{}", z as f64 * 2.5 - 4.0));
    let by_location = one([4, 2, 3].map(located).to_vec());
    assert_eq!(codes(&by_location), ["no-positions"]);
    assert!(*by_location.volume.samples() == Samples::Int16(all()[30..75].to_vec()));
    assert_eq!(by_location.volume.geometry().origin().z, 1.0);
    // By number: these ascend against the places.
    let numbered = one([4, 2, 3].map(unplaced).to_vec());
    assert_eq!(codes(&numbered), ["no-positions"]);
    let last = numbered.volume.hu(0, 0, 2).unwrap().0;
    assert_eq!(last, f32::from(hu(0, 0, 2)));

    assert_eq!(codes(&one(vec![slice(0).without(0x0020_0037)])), ["no-orientation"]);
    assert_eq!(
        codes(&one(vec![slice(0).text(0x0020_0037, b"DS", "1\\0\\0\\1\\0\\0")])),
        ["no-orientation"]
    );
    assert_eq!(
        codes(&one((0..3).map(|z| slice(z).without(0x0020_000E)).collect())),
        ["no-series-uid"]
    );
    assert_eq!(codes(&one(vec![slice(0).without(0x0008_0060)])), ["no-modality"]);
    let mr = one(vec![slice(0).text(0x0008_0060, b"CS", "MR")]);
    assert!(codes(&mr) == ["not-ct"] && message(&mr, "not-ct").contains("MR"));
    assert_eq!(codes(&one(vec![slice(0).text(0x0028_1054, b"LO", "US")])), ["not-hu"]);
    assert_eq!(codes(&one(vec![slice(0).text(0x0028_2110, b"CS", "01")])), ["lossy"]);
}

#[test]
fn files_that_other_readers_refuse() {
    let whole = |file: Vec<u8>| {
        let series = one([("file", file)]);
        assert!(codes(&series).is_empty(), "{:?}", series.warnings);
        assert!(*series.volume.samples() == Samples::Int16(all()[..15].to_vec()));
    };
    // An application title beyond its 16 bytes, as in a whole public collection.
    let mut titled = slice(0);
    titled.meta = vec![(0x0002_0016, *b"AE", b"A_TITLE_OF_MORE_THAN_16_BYTES_".to_vec())];
    whole(titled.file());
    // Group 2 whose declared length is wrong.
    titled.meta = vec![(0x0002_0000, *b"UL", vec![1, 0, 0, 0])];
    whole(titled.file());
    // Without preamble; with the mark alone; without group 2.
    for syntax in [IMPLICIT, EXPLICIT, BIG] {
        whole(Dicom::slice(syntax, 0, UPRIGHT).data_set());
    }
    let file = slice(0).file();
    whole(file[128..].to_vec());
    whole(file[132..].to_vec());
    // Private sequences of unknown type without length, and sequences in sequences.
    let inner = |open| {
        let deep = Dicom::empty(IMPLICIT).text(0x0009_1010, b"LO", "private");
        let deep =
            Dicom::empty(IMPLICIT).with(0x0009_1011, b"SQ", Value::Items(vec![deep; 2], open));
        Value::Items(vec![deep], open)
    };
    for open in [false, true] {
        whole(Dicom::slice(IMPLICIT, 0, UPRIGHT).with(0x0008_1140, b"SQ", inner(open)).file());
        whole(slice(0).with(0x0008_1140, b"SQ", inner(open)).file());
    }
    // A type that is not yet known has a length of 32 bits; UN without length is implicit.
    let mut later = slice(0).data_set();
    let mut unknown = vec![0x08, 0, 0x05, 0, b'Z', b'Z', 0, 0, 4, 0, 0, 0, 1, 2, 3, 4];
    unknown.append(&mut later);
    whole(unknown);
    let implicit = Dicom::empty(IMPLICIT).text(0x0008_0100, b"SH", "code").data_set();
    let mut open = vec![0x08, 0, 0x06, 0, b'U', b'N', 0, 0, 255, 255, 255, 255];
    open.extend([0xFE, 0xFF, 0x00, 0xE0, 255, 255, 255, 255]);
    open.extend(implicit);
    open.extend([0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0, 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    open.extend(slice(0).data_set());
    whole(open);
    // Padding after the pixels.
    whole([file, vec![0; 30]].concat());
}

#[test]
fn a_disc_with_everything_on_it() {
    let directory = {
        let mut file = Dicom::empty(EXPLICIT).text(0x0004_1130, b"CS", "DISC");
        file.meta = vec![(0x0002_0002, *b"UI", b"1.2.840.10008.1.3.10".to_vec())];
        file.file()
    };
    let mut import = Import::new(Limits::default());
    assert!(matches!(import.add("DICOMDIR", directory.clone()), Added::Passed { .. }));
    assert!(matches!(import.add("folder/.DS_Store", vec![0, 0, 0, 1]), Added::Passed { .. }));
    assert!(matches!(import.add("a/__MACOSX/._b", vec![0, 5, 22, 7]), Added::Passed { .. }));
    for z in [3, 1, 2] {
        assert_eq!(import.add(&format!("IM{z}"), slice(z).file()), Added::Dicom { frames: 1 });
    }
    let notes = b"Thank you for choosing our hospital.".to_vec();
    assert!(matches!(import.add("README.TXT", notes), Added::Refused { code: "not-an-image", .. }));
    assert!(matches!(import.add("x", Vec::new()), Added::Refused { code: "empty-file", .. }));
    assert_eq!(import.add("noise", vec![7, 0, 9]), Added::Data);
    let cut = slice(5).file();
    let cut = import.add("cut", cut[..cut.len() - 10].to_vec());
    let Added::Refused { code: "truncated", message, .. } = cut else { panic!("{cut:?}") };
    assert!(message.contains("(7FE0,0010): 20 of 30 bytes"), "{message}");
    let imported = import.finish();
    assert_eq!(imported.series.len(), 1);
    let problems: Vec<_> = imported.problems.iter().map(|p| (p.name.as_str(), p.code)).collect();
    let expected = [
        ("README.TXT", "not-an-image"),
        ("x", "empty-file"),
        ("cut", "truncated"),
        ("noise", "unknown-format"),
    ];
    assert_eq!(problems, expected);

    // The same disc as an archive, within another, packed or not.
    let named: Vec<(String, Vec<u8>)> =
        (0..7).map(|z| (format!("disc/IM{z}"), slice(z).file())).collect();
    let mut parts: Vec<(&str, &[u8])> =
        named.iter().map(|(name, file)| (name.as_str(), file.as_slice())).collect();
    parts.push(("DICOMDIR", &directory));
    parts.push(("disc/", &[]));
    for deflated in [false, true] {
        let disc = zip(&parts, deflated);
        let mut import = Import::new(Limits::default());
        assert_eq!(import.add("disc.zip", disc.clone()), Added::Archive { files: 8 });
        let imported = import.finish();
        assert!(imported.problems.is_empty(), "{:?}", imported.problems);
        let one = &imported.series[0];
        assert!(*one.volume.samples() == Samples::Int16(all()));
        assert_eq!(one.info.slices[0].file, "disc.zip/disc/IM0");
        let outer = zip(&[("inner.zip", &disc)], deflated);
        assert_eq!(import_series(outer), 1);
    }
    // A single slice packed with gzip.
    assert_eq!(import_series(gzip(&slice(0).file())), 1);
}

fn import_series(file: Vec<u8>) -> usize {
    let imported = import([("file", file)]);
    assert!(imported.problems.is_empty(), "{:?}", imported.problems);
    imported.series.len()
}

#[test]
fn headers_and_data_that_never_meet() {
    let header = metaimage(UPRIGHT, "scan.raw").into_bytes();
    let imported = import([("scan.mhd", header), ("other.raw", shorts(false))]);
    let problems: Vec<_> = imported.problems.iter().map(|p| (p.name.as_str(), p.code)).collect();
    assert_eq!(problems, [("scan.mhd", "data-elsewhere"), ("other.raw", "unknown-format")]);
    assert!(imported.problems[0].message.contains("scan.raw"));
}
