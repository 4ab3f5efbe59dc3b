//! Small writers of the formats that are opened: independent of the readers, and able to lie.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Each test takes what it needs.

use nodulens_imaging::decode::Limits;
use nodulens_imaging::decode::import::{Import, Imported};
use nodulens_imaging::decode::series::Series;
use std::collections::BTreeMap;

pub use super::codecs::*;

/// Columns, rows and slices of the volume that every format holds.
pub const SIZE: [usize; 3] = [3, 5, 7];
/// Its pitch in mm: unequal, so that a swap shows.
pub const SPACING: [f64; 3] = [0.7, 0.8, 2.5];
/// Centre of its first voxel.
pub const ORIGIN: [f64; 3] = [-10.0, 20.0, -30.5];
pub const UPRIGHT: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

pub const IMPLICIT: &str = "1.2.840.10008.1.2";
pub const EXPLICIT: &str = "1.2.840.10008.1.2.1";
pub const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
pub const BIG: &str = "1.2.840.10008.1.2.2";
pub const RLE: &str = "1.2.840.10008.1.2.5";

/// HU of a voxel: each another one.
pub fn hu(x: usize, y: usize, z: usize) -> i16 {
    ((z * 5 + y) * 3 + x) as i16 * 7 - 400
}

/// All HU, x fastest.
pub fn all() -> Vec<i16> {
    let [width, height, depth] = SIZE;
    let place = |i: usize| hu(i % width, i / width % height, i / width / height);
    (0..width * height * depth).map(place).collect()
}

pub fn import<'a>(files: impl IntoIterator<Item = (&'a str, Vec<u8>)>) -> Imported {
    let mut import = Import::new(Limits::default());
    for (name, bytes) in files {
        import.add(name, bytes);
    }
    import.finish()
}

/// The one series of some files, with nothing gone wrong.
pub fn one<'a>(files: impl IntoIterator<Item = (&'a str, Vec<u8>)>) -> Series {
    let mut imported = import(files);
    assert!(imported.problems.is_empty(), "{:?}", imported.problems);
    assert_eq!(imported.series.len(), 1);
    imported.series.remove(0)
}

/// The code with which one file is refused.
pub fn refused(bytes: Vec<u8>) -> &'static str {
    let imported = import([("file", bytes)]);
    assert!(imported.series.is_empty() && imported.pictures.is_empty());
    assert_eq!(imported.problems.len(), 1, "{:?}", imported.problems);
    let problem = &imported.problems[0];
    assert!(!problem.message.is_empty() && !problem.hint.is_empty());
    problem.code
}

pub fn codes(series: &Series) -> Vec<&'static str> {
    series.warnings.iter().map(|warning| warning.code).collect()
}

/// A value of a DICOM element.
#[derive(Clone)]
pub enum Value {
    /// Bytes that have no order.
    Bytes(Vec<u8>),
    Words(Vec<u16>),
    /// Items; whether lengths are left undefined.
    Items(Vec<Dicom>, bool),
    Fragments(Vec<Vec<u8>>),
}

/// A DICOM data set to be written.
#[derive(Clone)]
pub struct Dicom {
    pub syntax: &'static str,
    pub elements: BTreeMap<u32, ([u8; 2], Value)>,
    /// Group 2, beside the transfer syntax.
    pub meta: Vec<(u32, [u8; 2], Vec<u8>)>,
}

impl Dicom {
    pub fn empty(syntax: &'static str) -> Self {
        Self { syntax, elements: BTreeMap::new(), meta: Vec::new() }
    }

    /// Slice `z` of the volume: CT, 16 bits, signed, intercept -1024.
    pub fn slice(syntax: &'static str, z: usize, axes: [[f64; 3]; 3]) -> Self {
        let [width, height, _] = SIZE;
        let pixels: Vec<u16> =
            (0..width * height).map(|i| (hu(i % width, i / width, z) + 1024) as u16).collect();
        let position = [0, 1, 2].map(|k| ORIGIN[k] + z as f64 * SPACING[2] * axes[2][k]);
        let orientation = [axes[0], axes[1]].concat();
        Self::empty(syntax)
            .text(0x0008_0008, b"CS", "ORIGINAL\\PRIMARY\\AXIAL")
            .text(0x0008_0016, b"UI", "1.2.840.10008.5.1.4.1.1.2")
            .text(0x0008_0018, b"UI", &format!("1.2.3.4.{}", z + 1))
            .text(0x0008_0060, b"CS", "CT")
            .text(0x0010_0010, b"PN", "Doe^Jane")
            .text(0x0018_0050, b"DS", "2")
            .text(0x0020_000D, b"UI", "1.2.3")
            .text(0x0020_000E, b"UI", "1.2.3.4")
            .text(0x0020_0011, b"IS", "3")
            // Against the order of the places, as many scanners number.
            .text(0x0020_0013, b"IS", &(100 - z).to_string())
            .text(0x0020_0032, b"DS", &join(&position))
            .text(0x0020_0037, b"DS", &join(&orientation))
            .word(0x0028_0002, 1)
            .text(0x0028_0004, b"CS", "MONOCHROME2")
            .word(0x0028_0010, height as u16)
            .word(0x0028_0011, width as u16)
            .text(0x0028_0030, b"DS", &format!("{}\\{}", SPACING[1], SPACING[0]))
            .word(0x0028_0100, 16)
            .word(0x0028_0101, 16)
            .word(0x0028_0102, 15)
            .word(0x0028_0103, 1)
            .text(0x0028_1052, b"DS", "-1024")
            .text(0x0028_1053, b"DS", "1")
            .with(0x7FE0_0010, b"OW", Value::Words(pixels))
    }

    pub fn with(mut self, tag: u32, vr: &[u8; 2], value: Value) -> Self {
        self.elements.insert(tag, (*vr, value));
        self
    }

    pub fn text(self, tag: u32, vr: &[u8; 2], text: &str) -> Self {
        let mut bytes = text.as_bytes().to_vec();
        if bytes.len() % 2 == 1 {
            bytes.push(if vr == b"UI" { 0 } else { b' ' });
        }
        self.with(tag, vr, Value::Bytes(bytes))
    }

    pub fn word(self, tag: u32, word: u16) -> Self {
        self.with(tag, b"US", Value::Words(vec![word]))
    }

    pub fn without(mut self, tag: u32) -> Self {
        self.elements.remove(&tag);
        self
    }

    /// Pixels in one fragment.
    pub fn packed(self, frame: Vec<u8>) -> Self {
        self.with(0x7FE0_0010, b"OB", Value::Fragments(vec![Vec::new(), frame]))
    }

    /// The data set alone.
    pub fn data_set(&self) -> Vec<u8> {
        let (explicit, big) = (self.syntax != IMPLICIT, self.syntax == BIG);
        let mut bytes = Vec::new();
        for (tag, (vr, value)) in &self.elements {
            element(&mut bytes, *tag, *vr, value, explicit, big);
        }
        bytes
    }

    /// The file.
    pub fn file(&self) -> Vec<u8> {
        let mut meta = Vec::new();
        let mut push = |tag: u32, vr: [u8; 2], bytes: Vec<u8>| {
            element(&mut meta, tag, vr, &Value::Bytes(bytes), true, false);
        };
        let mut uid = self.syntax.as_bytes().to_vec();
        uid.resize(uid.len().next_multiple_of(2), 0);
        push(0x0002_0010, *b"UI", uid);
        for (tag, vr, bytes) in &self.meta {
            push(*tag, *vr, bytes.clone());
        }
        let mut data = self.data_set();
        if self.syntax == DEFLATED {
            data = deflate(&data);
        }
        [&[0; 128], b"DICM".as_slice(), &meta, &data].concat()
    }
}

pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut writer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

pub fn join(numbers: &[f64]) -> String {
    numbers.iter().map(f64::to_string).collect::<Vec<_>>().join("\\")
}

fn number(bytes: &mut Vec<u8>, value: u64, size: usize, big: bool) {
    let all = value.to_le_bytes();
    let mut used = all[..size].to_vec();
    if big {
        used.reverse();
    }
    bytes.extend(used);
}

fn element(bytes: &mut Vec<u8>, tag: u32, vr: [u8; 2], value: &Value, explicit: bool, big: bool) {
    number(bytes, u64::from(tag >> 16), 2, big);
    number(bytes, u64::from(tag & 0xFFFF), 2, big);
    let mut content = Vec::new();
    let mut undefined = false;
    match value {
        Value::Bytes(value) => content.extend(value),
        Value::Words(words) => {
            for word in words {
                number(&mut content, u64::from(*word), 2, big);
            }
        }
        Value::Items(items, open) => {
            undefined = *open;
            for item in items {
                let mut inner = Vec::new();
                for (tag, (vr, value)) in &item.elements {
                    element(&mut inner, *tag, *vr, value, explicit, big);
                }
                mark(&mut content, 0xE000, if *open { u32::MAX } else { inner.len() as u32 }, big);
                content.extend(inner);
                if *open {
                    mark(&mut content, 0xE00D, 0, big);
                }
            }
            if *open {
                mark(&mut content, 0xE0DD, 0, big);
            }
        }
        Value::Fragments(fragments) => {
            undefined = true;
            for fragment in fragments {
                mark(&mut content, 0xE000, fragment.len().next_multiple_of(2) as u32, big);
                content.extend(fragment);
                content.resize(content.len().next_multiple_of(2), 0);
            }
            mark(&mut content, 0xE0DD, 0, big);
        }
    }
    let length = if undefined { u64::from(u32::MAX) } else { content.len() as u64 };
    if !explicit {
        number(bytes, length, 4, big);
    } else if matches!(&vr, b"OB" | b"OF" | b"OW" | b"SQ" | b"UN" | b"UT") {
        bytes.extend(vr);
        number(bytes, 0, 2, big);
        number(bytes, length, 4, big);
    } else {
        bytes.extend(vr);
        number(bytes, length, 2, big);
    }
    bytes.extend(content);
}

fn mark(bytes: &mut Vec<u8>, element: u64, length: u32, big: bool) {
    number(bytes, 0xFFFE, 2, big);
    number(bytes, element, 2, big);
    number(bytes, u64::from(length), 4, big);
}

/// A zip archive, uncompressed or deflated.
pub fn zip(files: &[(&str, &[u8])], deflated: bool) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let packed = if deflated { deflate(content) } else { content.to_vec() };
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let mut head = Vec::new();
        for (value, size) in [
            (20, 2),
            (0, 2),
            (if deflated { 8 } else { 0 }, 2),
            (0, 4),
            (u64::from(crc.sum()), 4),
            (packed.len() as u64, 4),
            (content.len() as u64, 4),
            (name.len() as u64, 2),
            (0, 2),
        ] {
            number(&mut head, value, size, false);
        }
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&head);
        directory.extend([0; 10]);
        number(&mut directory, bytes.len() as u64, 4, false);
        directory.extend(name.as_bytes());
        bytes.extend(b"PK\x03\x04");
        bytes.extend(head);
        bytes.extend(name.as_bytes());
        bytes.extend(packed);
    }
    let start = bytes.len() as u64;
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    for (value, size) in [
        (files.len() as u64, 2),
        (files.len() as u64, 2),
        (directory.len() as u64, 4),
        (start, 4),
        (0, 2),
    ] {
        number(&mut bytes, value, size, false);
    }
    bytes
}

/// A MetaImage header of the volume; the samples follow where `data` is "LOCAL".
pub fn metaimage(axes: [[f64; 3]; 3], data: &str) -> String {
    let words = |numbers: &[f64]| join(numbers).replace('\\', " ");
    format!(
        "ObjectType = Image\nNDims = 3\nBinaryData = True\nTransformMatrix = {}\nOffset = {}\n\
         ElementSpacing = {}\nDimSize = 3 5 7\nElementType = MET_SHORT\nElementDataFile = {data}\n",
        words(&axes.concat()),
        words(&ORIGIN),
        words(&SPACING),
    )
}

/// Samples as 16-bit numbers.
pub fn shorts(big: bool) -> Vec<u8> {
    all().iter().flat_map(|hu| if big { hu.to_be_bytes() } else { hu.to_le_bytes() }).collect()
}

/// How a NIfTI file says where it lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    Matrix,
    /// A unit quaternion, and whether the third axis is mirrored.
    Quaternion([f64; 4], bool),
    None,
}

/// A NIfTI-1 header: 16-bit samples after 352 bytes.
pub fn nifti(axes: [[f64; 3]; 3], form: Form, big: bool) -> Vec<u8> {
    let mut bytes = vec![0; 352];
    let mut put = |at: usize, value: &[u8]| {
        let mut value = value.to_vec();
        if big {
            value.reverse();
        }
        bytes[at..at + value.len()].copy_from_slice(&value);
    };
    put(0, &348_i32.to_le_bytes());
    for (i, side) in [3, 3, 5, 7, 1, 1, 1, 1_i16].iter().enumerate() {
        put(40 + i * 2, &side.to_le_bytes());
    }
    put(70, &4_i16.to_le_bytes());
    put(72, &16_i16.to_le_bytes());
    let mirrored = matches!(form, Form::Quaternion(_, true));
    let pitch = [if mirrored { -1.0 } else { 1.0 }, SPACING[0], SPACING[1], SPACING[2]];
    for (i, side) in pitch.iter().enumerate() {
        put(76 + i * 4, &(*side as f32).to_le_bytes());
    }
    put(108, &352_f32.to_le_bytes());
    put(123, &[2]);
    // RAS: x and y the other way.
    let ras = |k: usize, value: f64| if k < 2 { -value } else { value };
    match form {
        Form::Matrix => {
            put(254, &1_i16.to_le_bytes());
            for k in 0..3 {
                for i in 0..3 {
                    let step = ras(k, axes[i][k] * SPACING[i]) as f32;
                    put(280 + k * 16 + i * 4, &step.to_le_bytes());
                }
                put(280 + k * 16 + 12, &(ras(k, ORIGIN[k]) as f32).to_le_bytes());
            }
        }
        Form::Quaternion([_, b, c, d], _) => {
            put(252, &1_i16.to_le_bytes());
            for (i, part) in [b, c, d].iter().enumerate() {
                put(256 + i * 4, &(*part as f32).to_le_bytes());
            }
            for (k, place) in ORIGIN.iter().enumerate() {
                put(268 + k * 4, &(ras(k, *place) as f32).to_le_bytes());
            }
        }
        Form::None => {}
    }
    bytes[344..348].copy_from_slice(b"n+1\0");
    bytes
}

/// An NRRD header of the volume without the empty line at its end.
pub fn nrrd(axes: [[f64; 3]; 3], space: &str, encoding: &str, more: &str) -> String {
    let signs = match space {
        "right-anterior-superior" | "RAS" => [-1.0, -1.0, 1.0],
        _ => [1.0; 3],
    };
    let vector = |vector: [f64; 3]| {
        let [x, y, z] = [0, 1, 2].map(|k| vector[k] * signs[k]);
        format!("({x},{y},{z})")
    };
    let steps: Vec<String> =
        (0..3).map(|i| vector(axes[i].map(|side| side * SPACING[i]))).collect();
    format!(
        "NRRD0004\n# a comment: ignored\ntype: short\ndimension: 3\nspace: {space}\nsizes: 3 5 7\n\
         space directions: {}\nkinds: domain domain domain\nencoding: {encoding}\n\
         space origin: {}\nmade by:=somebody\n{more}",
        steps.join(" "),
        vector(ORIGIN),
    )
}
