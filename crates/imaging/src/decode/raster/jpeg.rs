//! A look at a JPEG's markers before it is decoded (ITU-T T.81, annex B).

use super::orientation::Orientation;
use super::scan::Scans;

/// What the markers say.
#[derive(Debug)]
pub(super) struct Look {
    pub orientation: Orientation,
    /// Whether another picture follows the end.
    pub more: bool,
}

/// Why the picture is not decoded.
#[derive(Debug)]
pub(super) enum Fault {
    /// A kind of JPEG that is not read.
    Kind(String),
    /// It ends early.
    Cut,
    /// It ends, but not all of it is there.
    Short,
}

/// Walks from marker to marker, up to the picture's own end: one within a segment, that of a
/// thumbnail, ends nothing.
pub(super) fn look(bytes: &[u8]) -> Result<Look, Fault> {
    let mut look = Look { orientation: Orientation::UPRIGHT, more: false };
    let mut scans = Scans::default();
    let mut at = 2;
    loop {
        let (marker, next) = next_marker(bytes, at).ok_or(Fault::Cut)?;
        at = next;
        match marker {
            // The end.
            0xD9 => {
                let rest = bytes.get(at..).unwrap_or_default();
                let behind = rest.iter().position(|byte| *byte != 0);
                let rest = behind.and_then(|start| rest.get(start..)).unwrap_or_default();
                look.more = rest.starts_with(&[0xFF, 0xD8, 0xFF]);
                return Ok(look);
            }
            // Without a segment: restarts, the beginning again, a private one.
            0x01 | 0xD0..=0xD8 => continue,
            _ => {}
        }
        let length = bytes.get(at..).and_then(<[u8]>::first_chunk::<2>).ok_or(Fault::Cut)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let segment = bytes.get(at + 2..at + length.max(2)).ok_or(Fault::Cut)?;
        at += length.max(2);
        match marker {
            0xC4 => scans.tables(segment),
            0xC0..=0xCF if ![0xC8, 0xCC].contains(&marker) => {
                frame(marker, segment)?;
                scans.frame(marker, segment);
            }
            0xDD => scans.interval(segment),
            0xF7 => return Err(kind("JPEG-LS")),
            0xDE => return Err(kind("a hierarchical JPEG")),
            0xE1 => {
                if let Some(block) = segment.strip_prefix(b"Exif\0\0") {
                    look.orientation = Orientation::in_exif(block);
                }
            }
            // A scan's data follow its header: within them 0xFF is followed by 0 or a restart.
            0xDA => {
                let data = bytes.get(at..).unwrap_or_default();
                let end = data.windows(2).position(
                    |pair| matches!(pair, [0xFF, next] if !matches!(next, 0 | 0xD0..=0xD7 | 0xFF)),
                );
                let end = end.ok_or(Fault::Cut)?;
                if !scans.whole(segment, data.get(..end).unwrap_or_default()) {
                    return Err(Fault::Short);
                }
                at += end;
            }
            _ => {}
        }
    }
}

/// The next marker and where what follows it begins. Other bytes before it are passed over, as
/// every decoder does.
fn next_marker(bytes: &[u8], from: usize) -> Option<(u8, usize)> {
    let rest = bytes.get(from..)?;
    let at = rest
        .windows(2)
        .position(|pair| matches!(pair, [0xFF, next] if ![0, 0xFF].contains(next)))?;
    Some((*rest.get(at + 1)?, from + at + 2))
}

/// Refuses a frame whose coding is not read, by its name.
fn frame(marker: u8, segment: &[u8]) -> Result<(), Fault> {
    let [bits, high, low, ..] = segment else { return Err(Fault::Cut) };
    match marker {
        0xC0..=0xC2 => {}
        0xC3 | 0xC7 | 0xCB | 0xCF => return Err(kind("a lossless JPEG")),
        0xC9 | 0xCA | 0xCD | 0xCE => return Err(kind("an arithmetic-coded JPEG")),
        _ => return Err(kind("a hierarchical JPEG")),
    }
    if *bits != 8 {
        return Err(kind(&format!("a JPEG of {bits} bits")));
    }
    if [*high, *low] == [0, 0] {
        return Err(kind("a JPEG whose height stands behind its data"));
    }
    Ok(())
}

fn kind(name: &str) -> Fault {
    Fault::Kind(format!("it is {name}"))
}
