//! DICOM's elements: tag, type, value (PS3.5, section 7). Values are borrowed from the file.

use crate::tags::{self, Tag};

/// What an element holds.
#[derive(Debug)]
pub(crate) enum Value<'a> {
    /// Its bytes, in the file's byte order.
    Bytes(&'a [u8]),
    /// A sequence's items.
    Items(Vec<DataSet<'a>>),
    /// Encapsulated pixels: the offset table, then the fragments.
    Fragments(Vec<&'a [u8]>),
}

/// One attribute.
#[derive(Debug)]
pub(crate) struct Element<'a> {
    /// Which attribute.
    pub tag: Tag,
    /// Its type by two letters; `UN` where the file does not say.
    pub vr: [u8; 2],
    /// What it holds.
    pub value: Value<'a>,
}

/// Attributes in the order of the file.
#[derive(Debug, Default)]
pub(crate) struct DataSet<'a> {
    /// The attributes.
    pub elements: Vec<Element<'a>>,
    /// Whether binary numbers have their most significant byte first.
    pub big_endian: bool,
}

/// As (gggg,eeee), the way the standard prints it.
pub(crate) fn tag_text(tag: Tag) -> String {
    format!("({:04X},{:04X})", tag >> 16, tag & 0xFFFF)
}

impl<'a> DataSet<'a> {
    fn element(&self, tag: Tag) -> Option<&Element<'a>> {
        self.elements.iter().find(|element| element.tag == tag)
    }

    /// The bytes of a value; `None` where it is missing or empty.
    pub fn bytes(&self, tag: Tag) -> Option<&'a [u8]> {
        match self.element(tag)?.value {
            Value::Bytes(bytes) if !bytes.is_empty() => Some(bytes),
            _ => None,
        }
    }

    /// The pixels' fragments, the offset table first.
    pub fn fragments(&self) -> Option<&[&'a [u8]]> {
        match &self.element(tags::PIXEL_DATA)?.value {
            Value::Fragments(fragments) => Some(fragments),
            _ => None,
        }
    }

    /// A sequence's items.
    pub fn items(&self, tag: Tag) -> &[DataSet<'a>] {
        match self.element(tag).map(|element| &element.value) {
            Some(Value::Items(items)) => items,
            _ => &[],
        }
    }

    /// The value as text, without its padding; `None` where there is none.
    pub fn text(&self, tag: Tag) -> Option<String> {
        Some(text(self.bytes(tag)?)).filter(|text| !text.is_empty())
    }

    /// Decimal numbers: text (DS, IS) whatever type the file gives it, or binary (FL, FD).
    /// A number that cannot be read makes the whole value missing.
    pub fn decimals(&self, tag: Tag) -> Option<Vec<f64>> {
        let element = self.element(tag)?;
        let bytes = self.bytes(tag)?;
        let swap = self.big_endian;
        let numbers: Option<Vec<f64>> = match &element.vr {
            b"FD" => Some(
                bytes
                    .as_chunks::<8>()
                    .0
                    .iter()
                    .map(|b| if swap { f64::from_be_bytes(*b) } else { f64::from_le_bytes(*b) })
                    .collect(),
            ),
            b"FL" => Some(
                bytes
                    .as_chunks::<4>()
                    .0
                    .iter()
                    .map(|b| {
                        f64::from(if swap {
                            f32::from_be_bytes(*b)
                        } else {
                            f32::from_le_bytes(*b)
                        })
                    })
                    .collect(),
            ),
            _ => text(bytes).split('\\').map(decimal).collect(),
        };
        numbers.filter(|numbers| !numbers.is_empty() && numbers.iter().all(|n| n.is_finite()))
    }

    /// The first decimal number.
    pub fn decimal(&self, tag: Tag) -> Option<f64> {
        self.decimals(tag)?.first().copied()
    }

    /// Exactly `N` decimal numbers.
    pub fn vector<const N: usize>(&self, tag: Tag) -> Option<[f64; N]> {
        self.decimals(tag)?.try_into().ok()
    }

    /// A whole number without sign: binary of 16 or 32 bits, or text.
    pub fn unsigned(&self, tag: Tag) -> Option<u32> {
        let (element, bytes) = (self.element(tag)?, self.bytes(tag)?);
        if matches!(&element.vr, b"IS" | b"DS") {
            return text(bytes).split('\\').next()?.trim().parse().ok();
        }
        let mut bytes =
            bytes.get(..if bytes.len() >= 4 && bytes.len() != 6 { 4 } else { 2 })?.to_vec();
        // Two 16-bit values, as US of multiplicity 2: the first counts.
        if element.vr == *b"US" {
            bytes.truncate(2);
        }
        if self.big_endian {
            bytes.reverse();
        }
        Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }
}

/// A decimal number, with a decimal comma too, as some exports write it.
fn decimal(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    text.parse().or_else(|_| text.replacen(',', ".", 1).parse()).ok()
}

/// Text of a value. Names in UTF-8 or Latin-1 come out right, others as their bytes in Latin-1:
/// only people read them, and nothing is decided by them.
pub(crate) fn text(bytes: &[u8]) -> String {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    };
    text.trim_matches(|c: char| c.is_whitespace() || c == '\0').to_owned()
}
