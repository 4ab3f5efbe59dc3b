//! Bytes to elements (PS3.5, section 7), past what writers do against the standard.
//!
//! A reader of our own, for three reasons: dicom-rs refuses files whose application title is
//! over 16 bytes, as whole public collections have; it reserves what a length declares before
//! it looks whether the bytes are there; and its dictionary would be downloaded with the page.

use super::dataset::{DataSet, Element, Value, tag_text};
use super::error::DicomError;
use super::syntax::Encoding;
use crate::decode::limits::Limits;
use crate::tags::{self, Tag};

/// The length of what ends at a mark of its own.
const UNDEFINED: u32 = u32::MAX;

/// Sequences that are read. Without type in the file (implicit), nothing else tells them apart
/// from other values of defined length.
const SEQUENCES: [Tag; 14] = [
    tags::MODALITY_LUT_SEQUENCE,
    tags::PIXEL_MEASURES_SEQUENCE,
    tags::FRAME_VOI_LUT_SEQUENCE,
    tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE,
    tags::FRAME_CONTENT_SEQUENCE,
    tags::CT_RECONSTRUCTION_SEQUENCE,
    tags::CT_X_RAY_DETAILS_SEQUENCE,
    tags::TEMPORAL_POSITION_SEQUENCE,
    tags::CARDIAC_SYNCHRONIZATION_SEQUENCE,
    tags::PLANE_POSITION_SEQUENCE,
    tags::PLANE_ORIENTATION_SEQUENCE,
    tags::CT_IMAGE_FRAME_TYPE_SEQUENCE,
    tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
    tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
];

/// Whether the letters are two capitals, as every type's are.
pub(crate) fn is_vr(vr: [u8; 2]) -> bool {
    vr.iter().all(u8::is_ascii_uppercase)
}

/// Types whose length has 16 bits. All others, those of the future too, have 32 (PS3.5, 7.1.2).
fn has_short_length(vr: [u8; 2]) -> bool {
    const SHORT: [&[u8; 2]; 20] = [
        b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FL", b"FD", b"IS", b"LO", b"LT", b"PN",
        b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL",
    ];
    SHORT.contains(&&vr) || vr == *b"US"
}

/// Whether the letters are one of the types that the standard has (PS3.5, 6.2).
pub(crate) fn is_known_vr(vr: [u8; 2]) -> bool {
    const LONG: [&[u8; 2]; 12] =
        [b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT"];
    has_short_length(vr) || LONG.contains(&&vr) || vr == *b"UV"
}

/// Where and how elements are read.
pub(crate) struct Reader<'a, 'l> {
    bytes: &'a [u8],
    offset: usize,
    explicit: bool,
    big_endian: bool,
    /// Elements that may still be read.
    left: usize,
    limits: &'l Limits,
}

impl<'a, 'l> Reader<'a, 'l> {
    pub fn new(bytes: &'a [u8], offset: usize, encoding: Encoding, limits: &'l Limits) -> Self {
        let Encoding { explicit, big_endian } = encoding;
        Self { bytes, offset, explicit, big_endian, left: limits.elements, limits }
    }

    /// Where the next element begins.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Reads the file's own group 2, up to the first element of another.
    pub fn file_meta(&mut self) -> Result<DataSet<'a>, DicomError> {
        let mut set = DataSet { elements: Vec::new(), big_endian: false };
        while self.bytes.get(self.offset..self.offset + 2) == Some(&[2, 0]) {
            let element = self.element(0)?;
            set.elements.push(element);
        }
        Ok(set)
    }

    /// Reads the file's data set, up to and with the pixels; what follows them is padding.
    pub fn data_set(&mut self) -> Result<DataSet<'a>, DicomError> {
        let mut set = DataSet { elements: Vec::new(), big_endian: self.big_endian };
        // A few zero bytes at the end are some writers' padding.
        while self.bytes.len().saturating_sub(self.offset) >= 8 {
            let element = self.element(0)?;
            let last = element.tag == tags::PIXEL_DATA;
            set.elements.push(element);
            if last {
                break;
            }
        }
        Ok(set)
    }

    fn u16(&self, bytes: &[u8]) -> u16 {
        let bytes = [byte(bytes, 0), byte(bytes, 1)];
        if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    fn u32(&self, bytes: &[u8]) -> u32 {
        let bytes = [byte(bytes, 0), byte(bytes, 1), byte(bytes, 2), byte(bytes, 3)];
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }

    /// The next `count` bytes.
    fn take(&mut self, count: usize, tag: Tag) -> Result<&'a [u8], DicomError> {
        let rest = self.bytes.get(self.offset..).unwrap_or_default();
        let Some(taken) = rest.get(..count) else {
            let (needed, found) = (count as u64, rest.len() as u64);
            return Err(DicomError::Truncated { tag: tag_text(tag), needed, found });
        };
        self.offset += count;
        Ok(taken)
    }

    fn tag(&mut self, within: Tag) -> Result<Tag, DicomError> {
        let bytes = self.take(4, within)?;
        Ok(u32::from(self.u16(bytes)) << 16 | u32::from(self.u16(&bytes[2..])))
    }

    fn length(&mut self, tag: Tag) -> Result<u32, DicomError> {
        let bytes = self.take(4, tag)?;
        Ok(self.u32(bytes))
    }

    fn element(&mut self, depth: usize) -> Result<Element<'a>, DicomError> {
        let most = self.limits.elements as u64;
        self.left = self.left.checked_sub(1).ok_or(DicomError::TooLarge {
            what: "the number of its elements",
            value: most + 1,
            most,
        })?;
        let tag = self.tag(0)?;
        let (vr, length) = if self.explicit && tag >> 16 != 0xFFFE {
            let head = self.take(4, tag)?;
            let vr = [byte(head, 0), byte(head, 1)];
            if is_vr(vr) {
                match has_short_length(vr) {
                    true => (vr, u32::from(self.u16(&head[2..]))),
                    false => (vr, self.length(tag)?),
                }
            } else {
                // Some writers leave the type of their private elements away: then a length stands
                // there, as pydicom and DCMTK read it.
                let length = self.u32(head);
                if length != UNDEFINED && length as usize > self.rest() {
                    let at = tag_text(tag);
                    return Err(DicomError::Damaged(format!("element {at} has no type")));
                }
                (*b"UN", length)
            }
        } else if tag >> 16 == 0xFFFE {
            // A mark has no value, whatever stands as its length.
            self.length(tag)?;
            (*b"UN", 0)
        } else {
            self.length_or_type(tag)?
        };
        let binary = matches!(&vr, b"OB" | b"OW" | b"OD" | b"OF" | b"OL" | b"OV");
        let encapsulated = length == UNDEFINED && (tag == tags::PIXEL_DATA || binary);
        let value = if encapsulated {
            // Of an icon too, which stands in a sequence.
            Value::Fragments(self.fragments(tag)?)
        } else if vr == *b"SQ" || length == UNDEFINED || (vr == *b"UN" && SEQUENCES.contains(&tag))
        {
            // Of unknown type and length, it is a sequence in implicit little endian (PS3.5, 6.2.2).
            let outer = (self.explicit, self.big_endian);
            if vr == *b"UN" && self.explicit {
                (self.explicit, self.big_endian) = (false, false);
            }
            let items = self.items(tag, length, depth + 1);
            (self.explicit, self.big_endian) = outer;
            Value::Items(items?)
        } else {
            Value::Bytes(self.take(length as usize, tag)?)
        };
        Ok(Element { tag, vr, value })
    }

    /// The bytes that are left.
    fn rest(&self) -> usize {
        self.bytes.len().saturating_sub(self.offset)
    }

    /// The length of an element without type; or type and length, where a writer gave them in a
    /// sequence all the same: two letters of a type are never a length that fits.
    fn length_or_type(&mut self, tag: Tag) -> Result<([u8; 2], u32), DicomError> {
        let head = self.take(4, tag)?;
        let (length, vr) = (self.u32(head), [byte(head, 0), byte(head, 1)]);
        if length == UNDEFINED || length as usize <= self.rest() || !is_known_vr(vr) {
            return Ok((*b"UN", length));
        }
        match has_short_length(vr) {
            true => Ok((vr, u32::from(self.u16(&head[2..])))),
            false => Ok((vr, self.length(tag)?)),
        }
    }

    fn items(
        &mut self,
        tag: Tag,
        length: u32,
        depth: usize,
    ) -> Result<Vec<DataSet<'a>>, DicomError> {
        if depth > self.limits.depth {
            let (value, most) = (depth as u64, self.limits.depth as u64);
            return Err(DicomError::TooLarge { what: "the depth of its sequences", value, most });
        }
        let end = self.end(tag, length)?;
        let mut items = Vec::new();
        while end.is_none_or(|end| self.offset < end) {
            let item = self.tag(tag)?;
            let length = self.length(tag)?;
            match item {
                tags::SEQUENCE_DELIMITATION_ITEM if end.is_none() => return Ok(items),
                // Needless where lengths are defined, but written by some.
                tags::SEQUENCE_DELIMITATION_ITEM | tags::ITEM_DELIMITATION_ITEM => continue,
                tags::ITEM => {}
                other => {
                    let (other, tag) = (tag_text(other), tag_text(tag));
                    let reason = format!("{other} stands where an item of {tag} is expected");
                    return Err(DicomError::Damaged(reason));
                }
            }
            let end = self.end(tag, length)?;
            let mut set = DataSet { elements: Vec::new(), big_endian: self.big_endian };
            while end.is_none_or(|end| self.offset < end) {
                let start = self.offset;
                let element = self.element(depth)?;
                match element.tag {
                    tags::ITEM_DELIMITATION_ITEM if end.is_none() => break,
                    // The item's own mark is missing: this one is the sequence's.
                    tags::SEQUENCE_DELIMITATION_ITEM if end.is_none() => {
                        self.offset = start;
                        break;
                    }
                    tags::ITEM_DELIMITATION_ITEM | tags::SEQUENCE_DELIMITATION_ITEM => {}
                    _ => set.elements.push(element),
                }
            }
            // An empty item costs 8 bytes of the file and more here: it counts as an element.
            self.left = self.left.saturating_sub(1);
            if self.left == 0 {
                let most = self.limits.elements as u64;
                let what = "the number of its elements";
                return Err(DicomError::TooLarge { what, value: most + 1, most });
            }
            items.push(set);
        }
        Ok(items)
    }

    /// Where a sequence or item of defined length ends.
    fn end(&self, tag: Tag, length: u32) -> Result<Option<usize>, DicomError> {
        if length == UNDEFINED {
            return Ok(None);
        }
        let found = self.bytes.len().saturating_sub(self.offset) as u64;
        if u64::from(length) > found {
            let needed = u64::from(length);
            return Err(DicomError::Truncated { tag: tag_text(tag), needed, found });
        }
        Ok(Some(self.offset + length as usize))
    }

    fn fragments(&mut self, within: Tag) -> Result<Vec<&'a [u8]>, DicomError> {
        let mut fragments = Vec::new();
        loop {
            // Some writers leave the end mark away, and pad with zeros or with the element that
            // the standard has for it; whether data is missing, the decoder will see.
            let rest = self.bytes.get(self.offset..).unwrap_or_default();
            if !fragments.is_empty() && (rest.iter().all(|byte| *byte == 0) || is_padding(rest)) {
                self.offset = self.bytes.len();
                return Ok(fragments);
            }
            let tag = self.tag(within)?;
            let length = self.length(within)?;
            match tag {
                tags::ITEM => fragments.push(self.take(length as usize, within)?),
                tags::SEQUENCE_DELIMITATION_ITEM => return Ok(fragments),
                other => {
                    let reason = format!("{} stands among the pixels' fragments", tag_text(other));
                    return Err(DicomError::Damaged(reason));
                }
            }
        }
    }
}

/// Whether these are Data Set Trailing Padding (FFFC,FFFC), in little endian.
fn is_padding(rest: &[u8]) -> bool {
    rest.starts_with(&[0xFC, 0xFF, 0xFC, 0xFF])
}

/// A byte of a slice that was checked to hold it.
fn byte(bytes: &[u8], index: usize) -> u8 {
    bytes.get(index).copied().unwrap_or_default()
}
