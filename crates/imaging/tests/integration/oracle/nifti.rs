//! Random NIfTIs.

use super::meaning::{
    KINDS, Kind, Lps, Meant, Random, Written, axes, leaning, origin, pitch, quaternion, rotation,
    scaled, size, values,
};
use crate::support::files::gzip;
use std::collections::BTreeSet;

/// A header under construction: version 1 of 348 bytes, or 2 of 540.
struct Header {
    bytes: Vec<u8>,
    second: bool,
    big: bool,
}

impl Header {
    fn put(&mut self, at: usize, mut value: Vec<u8>) {
        if self.big {
            value.reverse();
        }
        self.bytes[at..at + value.len()].copy_from_slice(&value);
    }

    /// A whole number: 16 bits at the first place, or 64 at the second.
    fn whole(&mut self, first: usize, second: usize, value: i64) {
        match self.second {
            true => self.put(second, value.to_le_bytes().to_vec()),
            false => self.put(first, (value as i16).to_le_bytes().to_vec()),
        }
    }

    /// A code: 16 bits or 32.
    fn code(&mut self, first: usize, second: usize, value: i32) {
        match self.second {
            true => self.put(second, value.to_le_bytes().to_vec()),
            false => self.put(first, (value as i16).to_le_bytes().to_vec()),
        }
    }

    /// A floating number: 32 bits or 64. Returns what is stored.
    fn float(&mut self, first: usize, second: usize, value: f64) -> f64 {
        if self.second {
            self.put(second, value.to_le_bytes().to_vec());
            value
        } else {
            self.put(first, (value as f32).to_le_bytes().to_vec());
            (value as f32).into()
        }
    }
}

/// Left and posterior the other way: between LPS and RAS.
fn turned(vector: Lps) -> Lps {
    [0, 1, 2].map(|k| if k < 2 && vector[k] != 0.0 { -vector[k] } else { vector[k] })
}

pub fn write(random: &mut Random) -> Written {
    let (mut told, mut rare) = (BTreeSet::new(), Vec::new());
    let (size, pitch) = (size(random), pitch(random));
    let (mut origin, axes) = (origin(random), axes(random, false));
    let kind = random.pick(&KINDS);
    let (second, big) = (random.chance(35), random.chance(40));
    if second {
        rare.push("NIfTI-2");
    }
    let length = if second { 540 } else { 348 };
    let mut header = Header { bytes: vec![0; length], second, big };
    header.put(0, (length as i32).to_le_bytes().to_vec());
    let pair = random.chance(20);
    let magic: &[u8] = match (second, pair) {
        (false, false) => b"n+1\0",
        (false, true) => b"ni1\0",
        (true, false) => b"n+2\0\r\n\x1A\n",
        (true, true) => b"ni2\0\r\n\x1A\n",
    };
    let at = if second { 4 } else { 344 };
    header.bytes[at..at + magic.len()].copy_from_slice(magic);

    let dimensions = random.pick(&[3, 3, 3, 4, 5]);
    header.whole(40, 16, dimensions);
    for axis in 1..8 {
        let side = size.get(axis - 1).map_or(1, |side| *side as i64);
        header.whole(40 + axis * 2, 16 + axis * 8, side);
    }
    let (code, bits) = match kind {
        Kind::U8 => (2, 8),
        Kind::I16 => (4, 16),
        Kind::I32 => (8, 32),
        Kind::F32 => (16, 32),
        Kind::F64 => (64, 64),
        Kind::I8 => (256, 8),
        Kind::U16 => (512, 16),
        Kind::U32 => (768, 32),
        Kind::I64 => (1024, 64),
        Kind::U64 => (1280, 64),
    };
    let (at, behind) = if second { (12, 14) } else { (70, 72) };
    header.put(at, (code as i16).to_le_bytes().to_vec());
    header.put(behind, (bits as i16).to_le_bytes().to_vec());

    let scale = match random.below(4) {
        0 => {
            let (slope, intercept) = random.pick(&[
                (2.0, -1024.0),
                (0.5, 0.25),
                (1.0, -1024.0),
                (-1.0, 3.0),
                (0.001, 0.0),
            ]);
            (header.float(112, 176, slope), header.float(116, 184, intercept))
        }
        1 => {
            header.float(112, 176, 1.0);
            (1.0, 0.0)
        }
        2 => {
            header.float(112, 176, f64::NAN);
            header.float(116, 184, f64::NAN);
            (1.0, 0.0)
        }
        _ => (1.0, 0.0),
    };
    let count = size.iter().product();
    let (stored, hu) = values(random, kind, count, scale, &mut told);

    // Units: mm, or others whose numbers are divided or multiplied; or not known, which is mm.
    let (unit, per_mm) = random.pick(&[(2, 1.0), (2, 1.0), (0, 1.0), (1, 0.001), (3, 1000.0)]);
    match second {
        true => header.put(500, (unit | 8_i32).to_le_bytes().to_vec()),
        false => header.bytes[123] = unit as u8 | 8,
    }
    if per_mm != 1.0 {
        rare.push("units");
    }
    let steps;
    match random.below(10) {
        // A quaternion, perhaps mirrored.
        0..=3 => {
            let [_, parts @ ..] = quaternion(random);
            let mirrored = random.chance(40);
            header.float(76, 104, if mirrored { -1.0 } else { random.pick(&[1.0, 0.0]) });
            let mut stored_pitch = [0.0; 3];
            for (k, side) in pitch.into_iter().enumerate() {
                let side = header.float(80 + k * 4, 112 + k * 8, side * per_mm);
                stored_pitch[k] = side / per_mm;
            }
            let parts = [0, 1, 2].map(|k| header.float(256 + k * 4, 352 + k * 8, parts[k]));
            let real = (1.0 - parts.iter().map(|part| part * part).sum::<f64>()).max(0.0).sqrt();
            let ras = rotation([real, parts[0], parts[1], parts[2]]);
            for (k, place) in turned(origin).into_iter().enumerate() {
                header.float(268 + k * 4, 376 + k * 8, place * per_mm);
            }
            header.code(252, 344, random.pick(&[1, 2]));
            steps = [0, 1, 2].map(|k| {
                let sign = if k == 2 && mirrored { -1.0 } else { 1.0 };
                scaled(turned(ras[k]), stored_pitch[k] * sign)
            });
        }
        4 => {
            for (k, side) in pitch.into_iter().enumerate() {
                header.float(80 + k * 4, 112 + k * 8, side * per_mm);
            }
            told.insert("no-orientation");
            origin = [0.0; 3];
            steps = [0, 1, 2].map(|k| {
                let mut step = [0.0; 3];
                step[k] = pitch[k];
                step
            });
        }
        // A matrix; perhaps another form that places it the same, or that nobody should read.
        _ => {
            let meant = match random.chance(20) {
                true => {
                    told.insert("tilted");
                    leaning(random, axes, pitch)
                }
                false => [0, 1, 2].map(|k| scaled(axes[k], pitch[k])),
            };
            for row in 0..3 {
                for (k, step) in meant.into_iter().enumerate() {
                    let at = row * 4 + k;
                    header.float(280 + at * 4, 400 + at * 8, turned(step)[row] * per_mm);
                }
                let at = row * 4 + 3;
                header.float(280 + at * 4, 400 + at * 8, turned(origin)[row] * per_mm);
            }
            for (k, side) in pitch.into_iter().enumerate() {
                header.float(80 + k * 4, 112 + k * 8, side * per_mm);
            }
            header.code(254, 348, random.pick(&[1, 2, 4]));
            steps = meant;
        }
    }
    let mut skip = if pair { 0 } else { length + 4 };
    if random.chance(25) {
        skip += random.whole(1, 50) as usize;
    }
    match second {
        true => header.put(168, (skip as i64).to_le_bytes().to_vec()),
        false => {
            header.float(108, 0, skip as f64);
        }
    }
    let plain: Vec<u8> = stored.iter().flat_map(|value| kind.bytes(*value, big)).collect();
    let zipped = random.chance(45);
    let pack = |bytes: Vec<u8>| if zipped { gzip(&bytes) } else { bytes };
    let ending = if zipped { ".gz" } else { "" };
    let how = format!(
        "NIfTI-{} of {kind:?}, big endian {big}, pair {pair}, gzip {zipped}, unit {unit}, scale {scale:?}, {size:?}",
        1 + u8::from(second)
    );
    let files = if pair {
        let data = [vec![9; skip], plain].concat();
        let mut files = vec![
            (format!("scan.hdr{ending}"), pack(header.bytes)),
            (format!("scan.img{ending}"), pack(data)),
        ];
        random.shuffle(&mut files);
        files
    } else {
        let mut bytes = header.bytes;
        bytes.resize(skip, 0);
        vec![(format!("scan.nii{ending}"), pack([bytes, plain].concat()))]
    };
    Written { files, how, rare, meant: Meant { size, steps, origin, hu, told } }
}
