//! Elements as writers write them, and as the standard does not.

use crate::support::files::*;
use nodulens_imaging::decode::series::Series;
use nodulens_imaging::volume::Samples;

fn slice() -> Dicom {
    Dicom::slice(EXPLICIT, 2, UPRIGHT)
}

fn opens(name: &str, bytes: Vec<u8>) -> Series {
    let series = one([(name, bytes)]);
    assert!(*series.volume.samples() == Samples::Int16(all()[30..45].to_vec()), "{name}");
    assert!(series.warnings.is_empty(), "{name}: {:?}", series.warnings);
    series
}

/// Puts bytes before the element of a tag.
fn before(file: Vec<u8>, tag: [u8; 4], bytes: &[u8]) -> Vec<u8> {
    let at = file.windows(4).position(|four| four == tag).unwrap();
    [&file[..at], bytes, &file[at..]].concat()
}

/// The first element of group 0028, in little endian.
const GROUP_28: [u8; 4] = [0x28, 0, 2, 0];

#[test]
fn icons_with_compressed_pixels_at_any_depth() {
    for open in [false, true] {
        let icon = Dicom::empty(EXPLICIT)
            .word(0x0028_0010, 2)
            .packed(vec![0xFF, 0xD8, 0xFF, 0xD9])
            .word(0x0028_0011, 2);
        let icon = Value::Items(vec![icon], open);
        let within = Dicom::empty(EXPLICIT).with(0x0088_0200, b"SQ", icon.clone());
        let file = slice()
            .with(0x0009_1010, b"SQ", Value::Items(vec![within], open))
            .with(0x0019_1010, b"OB", Value::Fragments(vec![vec![], vec![1, 2]]))
            .with(0x0028_9999, b"SQ", icon);
        opens("icon", file.file());
    }
}

#[test]
fn private_elements_in_another_encoding() {
    // Without a type, in an explicit file, as pydicom and DCMTK read past.
    opens("no type", before(slice().file(), GROUP_28, b"\x21\0\x10\0\x04\0\0\0LONG"));
    opens("nothing", before(slice().file(), GROUP_28, b"\x21\0\x11\0\0\0\0\0"));
    // With a type, in an implicit file.
    let implicit = || Dicom::slice(IMPLICIT, 2, UPRIGHT).file();
    opens("a type", before(implicit(), GROUP_28, b"\x21\0\x10\0LO\x04\0LONG"));
    // A sequence of unknown type whose items are implicit.
    let mut unknown = b"\x21\0\x10\0UN\0\0\xFF\xFF\xFF\xFF".to_vec();
    unknown.extend(b"\xFE\xFF\0\xE0\xFF\xFF\xFF\xFF\x21\0\x01\0\x02\0\0\0ab");
    unknown.extend(b"\xFE\xFF\x0D\xE0\0\0\0\0\xFE\xFF\xDD\xE0\0\0\0\0");
    opens("unknown", before(slice().file(), GROUP_28, &unknown));
    // What has no type and no length that fits is damaged.
    let file = before(slice().file(), GROUP_28, b"\x21\0\x10\0\0\0\0\x7F");
    assert_eq!(refused(file), "damaged");
}

#[test]
fn delimiters_where_none_are_needed_and_none_where_they_are() {
    let item = b"\xFE\xFF\0\xE0\x0A\0\0\0\x21\0\x01\0LO\x02\0ab".as_slice();
    let delimiter = b"\xFE\xFF\xDD\xE0\0\0\0\0".as_slice();
    let ended = b"\xFE\xFF\x0D\xE0\0\0\0\0".as_slice();
    let sequence = |content: &[&[u8]]| {
        let content = content.concat();
        let length = (content.len() as u32).to_le_bytes();
        [b"\x21\0\x10\0SQ\0\0", &length[..], &content].concat()
    };
    for (name, content) in [
        ("sequence's", vec![item, delimiter]),
        ("item's", vec![item, ended, item]),
        ("both", vec![item, ended, delimiter]),
    ] {
        opens(name, before(slice().file(), GROUP_28, &sequence(&content)));
    }
    // The item of undefined length ends with its sequence.
    let open =
        b"\x21\0\x10\0SQ\0\0\xFF\xFF\xFF\xFF\xFE\xFF\0\xE0\xFF\xFF\xFF\xFF\x21\0\x01\0LO\x02\0ab";
    opens("no end of an item", before(slice().file(), GROUP_28, &[open, delimiter].concat()));
}

#[test]
fn pixels_whose_end_mark_is_missing() {
    let stored: Vec<u16> = all()[30..45].iter().map(|hu| (hu + 1024) as u16).collect();
    let mut packed = jpeg_lossless(&stored, 3, 1);
    packed.resize(packed.len().next_multiple_of(2), 0);
    let file = Dicom::slice("1.2.840.10008.1.2.4.70", 2, UPRIGHT).packed(packed).file();
    let cut = file[..file.len() - 8].to_vec();
    opens("cut", cut.clone());
    for (name, tail) in [
        ("two zeros", vec![0; 2]),
        ("many zeros", vec![0; 300]),
        ("padding", b"\xFC\xFF\xFC\xFFOB\0\0\x04\0\0\0\0\0\0\0".to_vec()),
    ] {
        opens(name, [cut.clone(), tail].concat());
    }
    assert_eq!(refused([cut, vec![1; 30]].concat()), "damaged");
}

#[test]
fn decimal_commas_are_decimals() {
    let file = slice()
        .text(0x0028_0030, b"DS", "0,8\\0,7")
        .text(0x0018_0050, b"DS", "2,5")
        .text(0x0020_0032, b"DS", "-10,25\\20,5\\-25,5")
        .text(0x0028_1052, b"DS", "-1024,0");
    let series = opens("commas", file.file());
    let geometry = series.volume.geometry();
    assert_eq!((geometry.spacing_mm().x, geometry.spacing_mm().y), (0.7, 0.8));
    assert_eq!((geometry.origin().x, geometry.origin().z), (-10.25, -25.5));
    assert_eq!(series.info.slice_thickness_mm, Some(2.5));
}

#[test]
fn half_a_rescale_is_told() {
    let told = |file: Dicom| one([("file", file.file())]).warnings.remove(0).message;
    assert!(told(slice().without(0x0028_1053)).contains("Slope"));
    assert!(told(slice().text(0x0028_1053, b"DS", "0")).contains("Slope"));
    let none = one([("file", slice().without(0x0028_1052).file())]);
    assert!(none.warnings[0].message.contains("Intercept"), "{:?}", none.warnings);
}

#[test]
fn names_in_their_character_sets() {
    let names: [(&str, &[u8], &str); 5] = [
        ("ISO_IR 100", b"Buc^J\xE9r\xF4me", "Buc^Jérôme"),
        ("ISO_IR 192", "Wang^小東".as_bytes(), "Wang^小東"),
        ("ISO_IR 144", b"\xBB\xEE\xDA\xE1", "Люкс"),
        (
            "\\ISO 2022 IR 87",
            b"Yamada^Tarou=\x1B$B;3ED\x1B(B^\x1B$BB@O:\x1B(B",
            "Yamada^Tarou=山田^太郎",
        ),
        // Not known: its bytes in Latin-1, as a hint to people.
        ("ISO_IR 9999", b"J\xE9", "Jé"),
    ];
    for (charset, bytes, expected) in names {
        let mut name = bytes.to_vec();
        name.resize(name.len().next_multiple_of(2), b' ');
        let file = slice().text(0x0008_0005, b"CS", charset).with(
            0x0010_0010,
            b"PN",
            Value::Bytes(name.clone()),
        );
        let info = opens("name", file.file()).info;
        let line = info.tags.iter().find(|line| line.tag == "(0010,0010)").unwrap();
        assert_eq!(line.value, expected);
        assert_eq!(info.identity()[0], ("PatientName".to_owned(), expected.to_owned()));
        assert_eq!(info.patient[0].bytes, name);
        assert_eq!(info.charset.as_deref(), Some(charset));
    }
}

#[test]
fn functional_groups_are_merged_and_the_frame_s_own_wins() {
    let empty = || Dicom::empty(EXPLICIT);
    let group = |tag: u32, inner: Dicom| empty().with(tag, b"SQ", Value::Items(vec![inner], false));
    let file = |shared: Dicom, own: Dicom| {
        slice()
            .text(0x0028_0030, b"DS", "9\\9")
            .text(0x0018_0050, b"DS", "9")
            .with(0x5200_9229, b"SQ", Value::Items(vec![shared], false))
            .with(0x5200_9230, b"SQ", Value::Items(vec![own], false))
            .file()
    };
    // Pixel Spacing is shared, the thickness each frame's own; and the other way round.
    let spacing = || empty().text(0x0028_0030, b"DS", "0.8\\0.7");
    let thickness = || empty().text(0x0018_0050, b"DS", "3");
    for (shared, own) in [(spacing(), thickness()), (thickness(), spacing())] {
        let series = opens("split", file(group(0x0028_9110, shared), group(0x0028_9110, own)));
        let found = series.volume.geometry().spacing_mm();
        assert_eq!((found.x, found.y, series.info.slice_thickness_mm), (0.7, 0.8, Some(3.0)));
    }
    // Both have it: the frame's own counts.
    let both =
        |side: &str| group(0x0028_9110, empty().text(0x0028_0030, b"DS", &format!("0.8\\{side}")));
    let series = opens("both", file(both("0.5"), both("0.7")));
    assert_eq!(series.volume.geometry().spacing_mm().x, 0.7);
}
