//! Small damage to bytes, the same for the same seed.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// Numbers at the ends of their ranges find more than those between.
const ENDS: [&[u8]; 8] = [
    &[0xFF; 4],
    &[0; 4],
    &[0xFF, 0xFF, 0xFF, 0x7F],
    &[0x7F, 0xFF, 0xFF, 0xFF],
    &[0, 0, 0, 0x80],
    &[0xFF; 2],
    &[0xFF; 8],
    &[1, 0, 0, 0],
];

/// `bytes` with one to six changes, of which one may be taken from `other`.
#[must_use]
pub fn mutated(bytes: &[u8], other: &[u8], seed: u64) -> Vec<u8> {
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    let mut bytes = bytes.to_vec();
    for _ in 0..rng.random_range(1..7) {
        if bytes.is_empty() {
            break;
        }
        // Headers are where it matters: half of the changes fall into the first bytes.
        let within = if rng.random_bool(0.5) { bytes.len().min(700) } else { bytes.len() };
        let at = rng.random_range(0..within);
        let run = rng.random_range(1..65).min(bytes.len() - at);
        match rng.random_range(0..9) {
            0 => bytes[at] = rng.random(),
            1 => bytes[at] ^= 1 << rng.random_range(0..8),
            2 => bytes[at] = bytes[at].wrapping_add(1),
            3 => bytes[at] = bytes[at].wrapping_sub(1),
            4 => {
                let end = ENDS[rng.random_range(0..ENDS.len())];
                let count = end.len().min(bytes.len() - at);
                bytes[at..at + count].copy_from_slice(&end[..count]);
            }
            5 => drop(bytes.drain(at..at + run)),
            6 => {
                let copy = bytes[at..at + run].to_vec();
                bytes.splice(at..at, copy);
            }
            7 if !other.is_empty() => {
                let from = rng.random_range(0..other.len());
                let count = run.min(other.len() - from);
                bytes[at..at + count].copy_from_slice(&other[from..from + count]);
            }
            _ if rng.random_bool(0.3) => bytes.truncate(at),
            _ => bytes[at..at + run].fill(b'9'),
        }
    }
    bytes
}
