//! Small writers of the codecs that no crate at hand writes in all their forms.

#![allow(dead_code)] // Each test takes what it needs.

/// A frame of 16-bit samples in run lengths: the high bytes literally, the low ones as runs.
pub fn run_lengths(samples: &[u16]) -> Vec<u8> {
    let mut high = Vec::new();
    for part in samples.chunks(128) {
        high.push(part.len() as u8 - 1);
        high.extend(part.iter().map(|sample| (sample >> 8) as u8));
    }
    let mut low = vec![0x80]; // No operation.
    for run in samples.chunk_by(|a, b| a & 0xFF == b & 0xFF) {
        if let [sample] = run {
            low.extend([0, *sample as u8]);
        } else {
            low.extend([(257 - run.len()) as u8, run[0] as u8]);
        }
    }
    let mut bytes = Vec::new();
    for number in [2, 64, 64 + high.len() as u32] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.resize(64, 0);
    [bytes, high, low].concat()
}

/// A lossless JPEG (T.81, annex H) of 16 bits with one table: every category in five bits.
pub fn jpeg_lossless(samples: &[u16], width: usize, predictor: u8) -> Vec<u8> {
    jpeg_lossless_with(samples, width, predictor, 16, 0, 0)
}

/// The same with a precision in bits, bits that are cut off below (the point transform), and a
/// restart after so many lines, 0 for none.
pub fn jpeg_lossless_with(
    samples: &[u16],
    width: usize,
    predictor: u8,
    precision: u8,
    transform: u8,
    lines: usize,
) -> Vec<u8> {
    let height = samples.len() / width;
    let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xC3, 0, 11, precision];
    bytes.extend([0, height as u8, 0, width as u8, 1, 1, 0x11, 0]);
    bytes.extend([0xFF, 0xC4, 0, 19 + 17, 0, 0, 0, 0, 0, 17]);
    bytes.extend([0; 11]);
    bytes.extend(0..17);
    let interval = if lines == 0 { samples.len() } else { lines * width };
    if lines > 0 {
        bytes.extend([0xFF, 0xDD, 0, 4, (interval >> 8) as u8, interval as u8]);
    }
    bytes.extend([0xFF, 0xDA, 0, 8, 1, 1, 0, predictor, 0, transform]);
    let samples: Vec<u16> = samples.iter().map(|sample| sample >> transform).collect();
    for (part, interval) in samples.chunks(interval).enumerate() {
        if part > 0 {
            bytes.extend([0xFF, 0xD0 + (part as u8 - 1) % 8]);
        }
        let mut bits: Vec<bool> = Vec::new();
        let mut push =
            |value: u32, count: u32| bits.extend((0..count).rev().map(|i| value >> i & 1 == 1));
        for (i, sample) in interval.iter().enumerate() {
            let at = |back: usize| i32::from(interval[i - back]);
            let guess = match (i / width, i % width, predictor) {
                (0, 0, _) => 1 << (precision - transform - 1),
                (0, _, _) => at(1),
                (_, 0, _) => at(width),
                (_, _, 1) => at(1),
                (_, _, 2) => at(width),
                (_, _, 3) => at(width + 1),
                (_, _, 4) => at(1) + at(width) - at(width + 1),
                (_, _, 5) => at(1) + ((at(width) - at(width + 1)) >> 1),
                (_, _, 6) => at(width) + ((at(1) - at(width + 1)) >> 1),
                _ => (at(1) + at(width)) >> 1,
            };
            let apart = i32::from(sample.wrapping_sub(guess as u16) as i16);
            let category = 32 - apart.unsigned_abs().leading_zeros();
            push(category, 5);
            if category < 16 {
                push(if apart < 0 { apart - 1 } else { apart } as u32, category);
            }
        }
        bits.resize(bits.len().next_multiple_of(8), true);
        for byte in bits.chunks(8) {
            let byte = byte.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
            bytes.push(byte);
            if byte == 0xFF {
                bytes.push(0);
            }
        }
    }
    bytes.extend([0xFF, 0xD9]);
    bytes
}
