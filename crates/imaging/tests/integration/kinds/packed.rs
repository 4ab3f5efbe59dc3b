use super::{Case, read, refused, scan, told};
use crate::support::files::*;

/// The volume as one file.
fn mha() -> Vec<u8> {
    [metaimage(UPRIGHT, "LOCAL").into_bytes(), shorts(false)].concat()
}

/// An archive of the volume whose headers say another method, or other flags.
fn changed(place: usize, value: u16) -> Vec<(&'static str, Vec<u8>)> {
    let mut bytes = zip(&[("scan.mha", &mha())], true);
    for (mark, behind) in [(b"PK\x01\x02", place + 2), (b"PK\x03\x04", place)] {
        let at = bytes.windows(4).position(|four| four == mark).unwrap() + behind;
        bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
    }
    vec![("scan.zip", bytes)]
}

/// An archive whose sizes stand behind each file (flag 8), as streams are packed.
fn described() -> Vec<u8> {
    let mut bytes = zip(&[("scan.mha", &mha())], true);
    let sizes = bytes[14..26].to_vec();
    bytes[6..8].copy_from_slice(&8_u16.to_le_bytes());
    bytes[14..26].fill(0);
    let at = bytes.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    bytes[at + 8..at + 10].copy_from_slice(&8_u16.to_le_bytes());
    let descriptor = [b"PK\x07\x08".to_vec(), sizes].concat();
    bytes.splice(at..at, descriptor);
    let end = bytes.len() - 22;
    let start = (at as u32 + 16).to_le_bytes();
    bytes[end + 16..end + 20].copy_from_slice(&start);
    bytes
}

/// The archive with the end record of 64 bits, as large ones have it.
fn large() -> Vec<u8> {
    let mut bytes = zip(&[("scan.mha", &mha())], true);
    let end = bytes.len() - 22;
    let number = |at: usize| u64::from(u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()));
    let (length, start) = (number(end + 12), number(end + 16));
    let mut more = b"PK\x06\x06".to_vec();
    more.extend(44_u64.to_le_bytes());
    more.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for value in [1, 1, length, start] {
        more.extend(value.to_le_bytes());
    }
    more.extend(b"PK\x06\x07\0\0\0\0");
    more.extend((end as u64).to_le_bytes());
    more.extend(1_u32.to_le_bytes());
    bytes[end + 8..end + 20].fill(0xFF);
    bytes.splice(end..end, more);
    bytes
}

pub fn cases() -> Vec<Case> {
    let plain = mha();
    let whole = zip(&[("scan.mha", &plain)], true);
    let mut split = whole.clone();
    let end = split.len() - 22;
    split[end + 4] = 1;
    split[end + 6] = 1;
    let mut named = zip(&[("XXXX.mha", &plain)], false);
    for at in 0..named.len() - 4 {
        if &named[at..at + 4] == b"XXXX" {
            // "scan" in Cyrillic by code page 866.
            named[at..at + 4].copy_from_slice(b"\x91\x8A\x80\x8D");
        }
    }
    let method = |number| changed(8, number);
    vec![
        read("zip, deflated", vec![("scan.zip", whole.clone())]),
        read("zip, stored", vec![("scan.zip", zip(&[("scan.mha", &plain)], false))]),
        read("zip with sizes behind its files", vec![("scan.zip", described())]),
        read("zip of 64 bits", vec![("scan.zip", large())]),
        read("zip with names of an old code page", vec![("scan.zip", named)]),
        read(
            "zip behind a program that unpacks it",
            vec![("scan.exe", [b"MZ".to_vec(), vec![0x90; 500], whole.clone()].concat())],
        ),
        read("zip in zip", vec![("two.zip", zip(&[("scan.zip", &whole)], false))]),
        refused("zip, bzip2", method(12), "unsupported-encoding"),
        refused("zip, Deflate64", method(9), "unsupported-encoding"),
        refused("zip, LZMA", method(14), "unsupported-encoding"),
        refused("zip, zstd", method(93), "unsupported-encoding"),
        refused("zip, xz", method(95), "unsupported-encoding"),
        refused("zip, a method that has no name", method(77), "unsupported-encoding"),
        refused("zip, encrypted", changed(6, 1), "encrypted"),
        refused(
            "zip, split into parts: the last",
            vec![("scan.zip", split)],
            "unsupported-encoding",
        ),
        refused(
            "zip, split into parts: the first",
            vec![("scan.z01", [b"PK\x07\x08".to_vec(), whole[..80].to_vec()].concat())],
            "unsupported-encoding",
        ),
        refused("zip, cut off", vec![("scan.zip", whole[..whole.len() - 30].to_vec())], "damaged"),
        read("gzip", vec![("scan.mha.gz", gzip(&plain))]),
        read(
            "gzip with zeros behind it",
            vec![("scan.mha.gz", [gzip(&plain), vec![0; 512]].concat())],
        ),
        told(
            "gzip with other bytes behind it",
            vec![("scan.mha.gz", [gzip(&plain), b"tail".to_vec()].concat())],
            &["bytes-behind"],
        ),
        read(
            "gzip in several streams",
            vec![("scan.mha.gz", [gzip(&plain[..50]), vec![0; 5], gzip(&plain[50..])].concat())],
        )
        .so(|found| super::in_place(scan(found))),
        refused("gzip, cut off", vec![("scan.mha.gz", gzip(&plain)[..100].to_vec())], "damaged"),
    ]
}
