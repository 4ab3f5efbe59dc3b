//! Random DICOM series.

use super::meaning::{Meant, Random, Written, axes, origin, pitch, scaled};
use crate::support::files::{
    BIG, DEFLATED, Dicom, EXPLICIT, IMPLICIT, RLE, Value, deflate, jpeg_lossless,
};
use std::collections::BTreeSet;

/// How a sample's bits lie in a word.
#[derive(Clone, Copy, Debug)]
struct Bits {
    allocated: u32,
    stored: u32,
    high: u32,
    signed: bool,
}

impl Bits {
    fn draw(random: &mut Random) -> Self {
        let allocated = random.pick(&[16, 16, 16, 8]);
        let stored = match random.chance(70) {
            true => random.pick(if allocated == 16 { &[12, 16, 16, 10] } else { &[8, 8, 7] }),
            false => random.whole(2, allocated) as u32,
        };
        let allocated = allocated as u32;
        let high = match random.chance(85) {
            true => stored - 1,
            false => random.whole((stored - 1).into(), (allocated - 1).into()) as u32,
        };
        Self { allocated, stored, high, signed: random.chance(50) }
    }

    /// A number that the bits can store.
    fn number(self, random: &mut Random) -> i64 {
        let whole = 1_i64 << self.stored;
        let (least, most) = if self.signed { (-whole / 2, whole / 2 - 1) } else { (0, whole - 1) };
        match random.chance(5) {
            true => random.pick(&[least, most]),
            false => random.whole(least.max(-2000), most.min(4000)),
        }
    }

    /// The word of a number. Above the highest bit stand copies of the sign, or zeros.
    fn word(self, number: i64) -> u16 {
        let shift = self.high + 1 - self.stored;
        let extended = self.signed && shift == 0;
        let mask = if extended { u64::from(u16::MAX) } else { (1 << self.stored) - 1 };
        let word = (number as u64 & mask) << shift;
        if self.allocated == 8 { (word & 0xFF) as u16 } else { word as u16 }
    }
}

/// Bytes in runs (PS3.5, G.3.1): those that are alike in a run, others as they are.
fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    for run in bytes.chunk_by(|a, b| a == b) {
        for part in run.chunks(128) {
            match part {
                [byte] => packed.extend([0, *byte]),
                part => packed.extend([(257 - part.len()) as u8, part[0]]),
            }
        }
    }
    packed.resize(packed.len().next_multiple_of(2), 0x80);
    packed
}

/// A frame in run lengths: the high bytes in one segment, the low ones in the next.
fn run_lengths(words: &[u16], bytes: u32) -> Vec<u8> {
    let planes: Vec<Vec<u8>> = (0..bytes)
        .rev()
        .map(|plane| {
            packed(&words.iter().map(|word| (word >> (plane * 8)) as u8).collect::<Vec<_>>())
        })
        .collect();
    let mut head = (bytes).to_le_bytes().to_vec();
    let mut place = 64_u32;
    for plane in &planes {
        head.extend(place.to_le_bytes());
        place += plane.len() as u32;
    }
    head.resize(64, 0);
    [head, planes.concat()].concat()
}

/// JPEG lossless with any predictor, and with the first.
const LOSSLESS: &str = "1.2.840.10008.1.2.4.57";
const FIRST_ORDER: &str = "1.2.840.10008.1.2.4.70";

/// Slope and intercept as decimal strings.
fn scale(random: &mut Random) -> (&'static str, &'static str) {
    random.pick(&[
        ("1", "-1024"),
        ("1.0", "-1.024e3"),
        ("1", "0"),
        (" 1", "-1000 "),
        ("2", "-1024"),
        ("0.5", "-1024.5"),
        ("0.0012207", "3"),
    ])
}

pub fn write(random: &mut Random, seed: u64) -> Written {
    let size =
        [random.whole(1, 7), random.whole(1, 6), random.whole(1, 5)].map(|side| side as usize);
    let [width, height, depth] = size;
    let (pitch, origin, axes) = (pitch(random), origin(random), axes(random, true));
    // Along the normal or against it, as the files count.
    let normal = axes[2];
    let mut bits = Bits::draw(random);
    let syntax =
        random.pick(&[IMPLICIT, EXPLICIT, EXPLICIT, BIG, DEFLATED, RLE, LOSSLESS, FIRST_ORDER]);
    if [LOSSLESS, FIRST_ORDER].contains(&syntax) {
        // The writer has tables for 16 bits alone.
        bits = Bits { allocated: 16, stored: 16, high: 15, ..bits };
    }
    let (slope, intercept) = scale(random);
    let number = |text: &str| text.trim().parse::<f64>().unwrap();
    let (by, plus) = (number(slope), number(intercept));
    let series = format!("1.2.826.0.1.{seed}");
    let join = |numbers: &[f64]| numbers.iter().map(f64::to_string).collect::<Vec<_>>().join("\\");
    let six = |axes: &[[f64; 3]]| {
        // A decimal string has 16 characters at most.
        axes.concat().iter().map(|side| format!("{side:.9}")).collect::<Vec<_>>().join("\\")
    };
    let extras = [random.chance(30), random.chance(30), random.chance(30)];
    let mut hu = Vec::new();
    let mut files = Vec::new();
    for z in 0..depth {
        let words: Vec<u16> = (0..width * height)
            .map(|_| {
                let number = bits.number(random);
                hu.push(number as f64 * by + plus);
                bits.word(number)
            })
            .collect();
        let place = [0, 1, 2].map(|k| origin[k] + z as f64 * pitch[2] * normal[k]);
        let place = place.map(|side| format!("{side:.6}")).join("\\");
        let mut set = Dicom::empty(syntax)
            .text(0x0008_0008, b"CS", "ORIGINAL\\PRIMARY\\AXIAL")
            .text(0x0008_0016, b"UI", "1.2.840.10008.5.1.4.1.1.2")
            .text(0x0008_0018, b"UI", &format!("{series}.{}", z + 1))
            .text(0x0008_0060, b"CS", "CT")
            .text(0x0010_0010, b"PN", "Chance^Random")
            .text(0x0010_0020, b"LO", "7")
            .text(0x0018_0050, b"DS", &pitch[2].to_string())
            .text(0x0020_000D, b"UI", "1.2.826.0.1")
            .text(0x0020_000E, b"UI", &series)
            .text(0x0020_0013, b"IS", &random.whole(1, 900).to_string())
            .text(0x0020_0032, b"DS", &place)
            .text(0x0020_0037, b"DS", &six(&axes[..2]))
            .word(0x0028_0002, 1)
            .text(0x0028_0004, b"CS", "MONOCHROME2")
            .word(0x0028_0010, height as u16)
            .word(0x0028_0011, width as u16)
            .text(0x0028_0030, b"DS", &join(&[pitch[1], pitch[0]]))
            .word(0x0028_0100, bits.allocated as u16)
            .word(0x0028_0101, bits.stored as u16)
            .word(0x0028_0102, bits.high as u16)
            .word(0x0028_0103, bits.signed.into())
            .text(0x0028_1052, b"DS", intercept)
            .text(0x0028_1053, b"DS", slope);
        if extras[0] {
            set = set.text(0x0009_0010, b"LO", "CHANCE").with(
                0x0009_1001,
                b"UN",
                Value::Bytes(vec![1, 2, 3, 4]),
            );
        }
        if extras[1] {
            let item = Dicom::empty(EXPLICIT).text(0x0008_0100, b"SH", "T-28000");
            set = set.with(0x0008_2218, b"SQ", Value::Items(vec![item], random.chance(50)));
        }
        if extras[2] {
            // An overlay, whose rows are not the image's.
            set = set.word(0x6000_0010, 1).word(0x6000_0011, 8);
        }
        let bytes: Vec<u8> = words.iter().map(|word| *word as u8).collect();
        set = match (syntax, bits.allocated) {
            (LOSSLESS, _) => set.packed(jpeg_lossless(&words, width, random.pick(&[1, 7]))),
            (FIRST_ORDER, _) => set.packed(jpeg_lossless(&words, width, 1)),
            (RLE, allocated) => {
                let frame = run_lengths(&words, allocated / 8);
                set.packed(frame)
            }
            (IMPLICIT, 8) => set.with(0x7FE0_0010, b"OW", Value::Bytes(even(bytes))),
            (_, 8) => set.with(0x7FE0_0010, b"OB", Value::Bytes(even(bytes))),
            _ => set.with(0x7FE0_0010, b"OW", Value::Words(words)),
        };
        files.push((format!("IM{z:04}.dcm"), file(&set, &format!("{series}.{}", z + 1))));
    }
    random.shuffle(&mut files);
    let steps = [scaled(axes[0], pitch[0]), scaled(axes[1], pitch[1]), scaled(normal, pitch[2])];
    let rare = if bits.high + 1 == bits.stored { vec![] } else { vec!["high bit"] };
    let how = format!("DICOM {syntax}, {bits:?}, {slope} x + {intercept}, {size:?}, {axes:?}");
    Written { files, how, rare, meant: Meant { size, steps, origin, told: told(&hu), hu } }
}

/// One file of several frames (Enhanced CT), in an order of their own. What a frame has stands among
/// what all share, or with the frame.
pub fn enhanced(random: &mut Random, seed: u64) -> Written {
    let size =
        [random.whole(1, 6), random.whole(1, 5), random.whole(2, 5)].map(|side| side as usize);
    let [width, height, depth] = size;
    let (pitch, origin, axes) = (pitch(random), origin(random), axes(random, true));
    let bits = Bits::draw(random);
    let syntax = random.pick(&[IMPLICIT, EXPLICIT, BIG, DEFLATED, RLE]);
    let (slope, intercept) = scale(random);
    let number = |text: &str| text.trim().parse::<f64>().unwrap();
    let (by, plus) = (number(slope), number(intercept));
    let item = || Dicom::empty(EXPLICIT);
    let one = |tag: u32, set: Dicom, within: Dicom| {
        set.with(tag, b"SQ", Value::Items(vec![within], tag % 2 == 1))
    };
    let digits = |numbers: &[f64]| {
        numbers.iter().map(|side| format!("{side:.9}")).collect::<Vec<_>>().join("\\")
    };
    let pitches = format!("{}\\{}", pitch[1], pitch[0]);
    let measures =
        item().text(0x0018_0050, b"DS", &pitch[2].to_string()).text(0x0028_0030, b"DS", &pitches);
    let turn = item().text(0x0020_0037, b"DS", &digits(&axes[..2].concat()));
    let rescale = item().text(0x0028_1052, b"DS", intercept).text(0x0028_1053, b"DS", slope).text(
        0x0028_1054,
        b"LO",
        "HU",
    );
    let shared_measures = random.chance(50);
    let shared_scale = random.chance(50);
    let mut shared = one(0x0020_9116, item(), turn);
    if shared_measures {
        shared = one(0x0028_9110, shared, measures.clone());
    }
    if shared_scale {
        shared = one(0x0028_9145, shared, rescale.clone());
    }
    let mut order: Vec<usize> = (0..depth).collect();
    random.shuffle(&mut order);
    let mut hu = vec![0.0; width * height * depth];
    let (mut frames, mut words) = (Vec::new(), Vec::new());
    for z in order {
        let place = [0, 1, 2].map(|k| origin[k] + z as f64 * pitch[2] * axes[2][k]);
        let place = place.map(|side| format!("{side:.6}")).join("\\");
        let mut frame = one(0x0020_9113, item(), item().text(0x0020_0032, b"DS", &place));
        if !shared_measures {
            frame = one(0x0028_9110, frame, measures.clone());
        }
        if !shared_scale {
            frame = one(0x0028_9145, frame, rescale.clone());
        }
        frames.push(frame);
        let mut own = Vec::new();
        for voxel in &mut hu[z * width * height..(z + 1) * width * height] {
            let number = bits.number(random);
            *voxel = number as f64 * by + plus;
            own.push(bits.word(number));
        }
        words.push(own);
    }
    let series = format!("1.2.826.0.2.{seed}");
    let set = Dicom::empty(syntax)
        .text(0x0008_0008, b"CS", "ORIGINAL\\PRIMARY\\VOLUME\\NONE")
        .text(0x0008_0016, b"UI", "1.2.840.10008.5.1.4.1.1.2.1")
        .text(0x0008_0018, b"UI", &format!("{series}.1"))
        .text(0x0008_0060, b"CS", "CT")
        .text(0x0020_000D, b"UI", "1.2.826.0.2")
        .text(0x0020_000E, b"UI", &series)
        .word(0x0028_0002, 1)
        .text(0x0028_0004, b"CS", "MONOCHROME2")
        .text(0x0028_0008, b"IS", &depth.to_string())
        .word(0x0028_0010, height as u16)
        .word(0x0028_0011, width as u16)
        .word(0x0028_0100, bits.allocated as u16)
        .word(0x0028_0101, bits.stored as u16)
        .word(0x0028_0102, bits.high as u16)
        .word(0x0028_0103, bits.signed.into())
        .with(0x5200_9229, b"SQ", Value::Items(vec![shared], random.chance(50)))
        .with(0x5200_9230, b"SQ", Value::Items(frames, random.chance(50)));
    let bytes = || words.concat().iter().map(|word| *word as u8).collect();
    let set = match (syntax, bits.allocated) {
        (RLE, allocated) => {
            let packed = words.iter().map(|own| run_lengths(own, allocated / 8));
            let fragments = std::iter::once(Vec::new()).chain(packed).collect();
            set.with(0x7FE0_0010, b"OB", Value::Fragments(fragments))
        }
        (IMPLICIT, 8) => set.with(0x7FE0_0010, b"OW", Value::Bytes(even(bytes()))),
        (_, 8) => set.with(0x7FE0_0010, b"OB", Value::Bytes(even(bytes()))),
        _ => set.with(0x7FE0_0010, b"OW", Value::Words(words.concat())),
    };
    let rare = if bits.high + 1 == bits.stored { vec![] } else { vec!["high bit"] };
    let steps = [0, 1, 2].map(|k| scaled(axes[k], pitch[k]));
    let how = format!(
        "enhanced DICOM {syntax}, {bits:?}, {slope} x + {intercept}, {size:?}, shared measures {shared_measures}, shared scale {shared_scale}"
    );
    let files = vec![("enhanced.dcm".to_owned(), file(&set, &format!("{series}.1")))];
    Written { files, how, rare, meant: Meant { size, steps, origin, told: told(&hu), hu } }
}

/// What must be told of values.
fn told(hu: &[f64]) -> BTreeSet<&'static str> {
    let beyond = hu.iter().any(|hu| !(-32_768.0..=32_767.0).contains(hu));
    beyond.then_some("beyond-hu").into_iter().collect()
}

/// A whole file: the preamble, a group 2 as the standard has it (PS3.10, 7.1), and the data set.
fn file(set: &Dicom, instance: &str) -> Vec<u8> {
    let mut meta = b"\x02\0\x01\0OB\0\0\x02\0\0\0\0\x01".to_vec();
    for (element, uid) in [
        (0x02, "1.2.840.10008.5.1.4.1.1.2"),
        (0x03, instance),
        (0x10, set.syntax),
        (0x12, "1.2.826.0.1.9"),
    ] {
        let length = uid.len().next_multiple_of(2);
        meta.extend([2, 0, element, 0]);
        meta.extend(b"UI");
        meta.extend((length as u16).to_le_bytes());
        meta.extend(uid.as_bytes());
        meta.resize(meta.len() + length - uid.len(), 0);
    }
    let mut length = b"\x02\0\0\0UL\x04\0".to_vec();
    length.extend((meta.len() as u32).to_le_bytes());
    let mut data = set.data_set();
    if set.syntax == DEFLATED {
        data = deflate(&data);
    }
    [vec![0; 128], b"DICM".to_vec(), length, meta, data].concat()
}

fn even(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    bytes
}
