//! DICOM files (PS3.10), written as explicit VR little endian: elements, sequences, file meta.

use crate::tags::{self, Tag};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Explicit VR little endian (PS3.5, annex A.2).
const TRANSFER_SYNTAX: &str = "1.2.840.10008.1.2.1";
/// Names this program's files: 2.25 and a number that is a hash of its name.
const IMPLEMENTATION: &str = "2.25.302043790172249692526321623266752743501";

/// Elements in the order of their tags.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DataSet(BTreeMap<Tag, (&'static str, Value)>);

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Bytes(Vec<u8>),
    Items(Vec<DataSet>),
}

impl DataSet {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A string of a VR such as `LO`, `UI`, `DS`; several values are separated by backslashes.
    #[must_use]
    pub fn text(mut self, tag: Tag, vr: &'static str, value: &str) -> Self {
        let mut bytes = value.as_bytes().to_vec();
        if !bytes.len().is_multiple_of(2) {
            bytes.push(if vr == "UI" { 0 } else { b' ' });
        }
        self.0.insert(tag, (vr, Value::Bytes(bytes)));
        self
    }

    /// A string as bytes in the data set's character set; of odd length, a space is added.
    #[must_use]
    pub fn bytes(mut self, tag: Tag, vr: &'static str, mut bytes: Vec<u8>) -> Self {
        if !bytes.len().is_multiple_of(2) {
            bytes.push(b' ');
        }
        self.0.insert(tag, (vr, Value::Bytes(bytes)));
        self
    }

    /// Whether every text in it is ASCII, so that it is the same in every character set.
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.0.values().all(|(vr, value)| match value {
            Value::Bytes(bytes) => matches!(*vr, "US" | "FL" | "OW") || bytes.is_ascii(),
            Value::Items(items) => items.iter().all(Self::is_ascii),
        })
    }

    /// Unsigned numbers of 16 bits.
    #[must_use]
    pub fn numbers(mut self, tag: Tag, values: &[u16]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.0.insert(tag, ("US", Value::Bytes(bytes)));
        self
    }

    /// Numbers of single precision.
    #[must_use]
    pub fn floats(mut self, tag: Tag, values: &[f32]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.0.insert(tag, ("FL", Value::Bytes(bytes)));
        self
    }

    /// Words of 16 bits, little endian, as pixels are.
    #[must_use]
    pub fn words(mut self, tag: Tag, bytes: Vec<u8>) -> Self {
        self.0.insert(tag, ("OW", Value::Bytes(bytes)));
        self
    }

    /// A sequence; empty where there are no items.
    #[must_use]
    pub fn items(mut self, tag: Tag, items: Vec<DataSet>) -> Self {
        self.0.insert(tag, ("SQ", Value::Items(items)));
        self
    }

    /// All of another's elements too.
    #[must_use]
    pub fn with(mut self, other: DataSet) -> Self {
        self.0.extend(other.0);
        self
    }

    fn write(&self, out: &mut Vec<u8>) {
        for (tag, (vr, value)) in &self.0 {
            let mut nested = Vec::new();
            let bytes = match value {
                Value::Bytes(bytes) => bytes,
                Value::Items(items) => {
                    for item in items {
                        let mut inside = Vec::new();
                        item.write(&mut inside);
                        put_tag(tags::ITEM, &mut nested);
                        nested.extend(length(inside.len()).to_le_bytes());
                        nested.extend(inside);
                    }
                    &nested
                }
            };
            put_tag(*tag, out);
            out.extend(vr.as_bytes());
            if matches!(*vr, "SQ" | "OW" | "OB" | "UT") {
                out.extend([0, 0]);
                out.extend(length(bytes.len()).to_le_bytes());
            } else {
                // A longer value than this VR may have does not occur; it would be cut.
                let short = u16::try_from(bytes.len()).unwrap_or(u16::MAX - 1);
                out.extend(short.to_le_bytes());
                out.extend(&bytes[..usize::from(short).min(bytes.len())]);
                continue;
            }
            out.extend(bytes);
        }
    }
}

fn put_tag(tag: Tag, out: &mut Vec<u8>) {
    out.extend(((tag >> 16) as u16).to_le_bytes());
    out.extend((tag as u16).to_le_bytes());
}

/// A length that DICOM can say; files made here are far below it.
fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX - 1)
}

/// A file of one object: preamble, file meta information, data set. SOP class and instance are put
/// into both.
#[must_use]
pub fn file(sop_class: &str, sop_instance: &str, data: DataSet) -> Vec<u8> {
    let meta = DataSet::new()
        .text(tags::MEDIA_STORAGE_SOP_CLASS_UID, "UI", sop_class)
        .text(tags::MEDIA_STORAGE_SOP_INSTANCE_UID, "UI", sop_instance)
        .text(tags::TRANSFER_SYNTAX_UID, "UI", TRANSFER_SYNTAX)
        .text(tags::IMPLEMENTATION_CLASS_UID, "UI", IMPLEMENTATION)
        .text(tags::IMPLEMENTATION_VERSION_NAME, "SH", "NODULENS");
    let mut version = DataSet::new();
    version.0.insert(tags::FILE_META_INFORMATION_VERSION, ("OB", Value::Bytes(vec![0, 1])));
    let mut body = Vec::new();
    version.with(meta).write(&mut body);
    let mut out = vec![0; 128];
    out.extend(b"DICM");
    put_tag(tags::FILE_META_INFORMATION_GROUP_LENGTH, &mut out);
    out.extend(b"UL");
    out.extend(4_u16.to_le_bytes());
    out.extend(length(body.len()).to_le_bytes());
    out.extend(body);
    let data = data.text(tags::SOP_CLASS_UID, "UI", sop_class).text(
        tags::SOP_INSTANCE_UID,
        "UI",
        sop_instance,
    );
    data.write(&mut out);
    out
}

/// A UID that follows from what it names: 2.25 and 128 bits of its hash (PS3.5, annex B.2). The
/// same name is the same object.
#[must_use]
pub fn uid(name: &str) -> String {
    let digest = Sha256::digest(name.as_bytes());
    let number =
        digest.iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    format!("2.25.{number}")
}

/// A number of at most 16 characters (VR DS).
#[must_use]
pub fn decimal(value: f64) -> String {
    if !value.is_finite() {
        return "0".to_owned();
    }
    let plain = format!("{value}");
    if plain.len() <= 16 {
        return plain;
    }
    (0..=10)
        .rev()
        .map(|digits| format!("{value:.digits$}"))
        .find(|text| text.len() <= 16)
        .unwrap_or_else(|| format!("{value:.6e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fit_and_uids_are_stable() {
        assert_eq!(decimal(-0.1), "-0.1");
        assert_eq!(decimal(-1.0 / 3.0), "-0.3333333333");
        assert_eq!(decimal(123_456_789.123_456_79), "123456789.123457");
        assert!(decimal(-1.0e300 / 3.0).len() <= 16, "{}", decimal(-1.0e300 / 3.0));
        assert_eq!(decimal(f64::NAN), "0");
        assert_eq!(uid("a"), uid("a"));
        assert!(uid("b").len() <= 64 && uid("b") != uid("a"));
    }

    #[test]
    fn elements_are_sorted_padded_and_nested() {
        let item = DataSet::new().text(tags::CODE_VALUE, "SH", "abc");
        let data =
            DataSet::new().items(tags::CONTENT_SEQUENCE, vec![item]).numbers(tags::ROWS, &[512]);
        let mut bytes = Vec::new();
        data.write(&mut bytes);
        let expected = [
            &[0x28, 0, 0x10, 0, b'U', b'S', 2, 0, 0, 2][..],
            &[0x40, 0, 0x30, 0xA7, b'S', b'Q', 0, 0, 20, 0, 0, 0],
            &[0xFE, 0xFF, 0, 0xE0, 12, 0, 0, 0],
            &[8, 0, 0, 1, b'S', b'H', 4, 0, b'a', b'b', b'c', b' '],
        ];
        assert_eq!(bytes, expected.concat());
    }
}
