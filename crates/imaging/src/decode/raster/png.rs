//! A look at a PNG's chunks before it is decoded.

use super::orientation::Orientation;

/// What the chunks say.
pub(super) struct Look {
    pub orientation: Orientation,
    /// Frames of an animation; 0 where there is none.
    pub frames: u32,
    /// Whether it is Apple's own variant, whose data are no zlib.
    pub apple: bool,
}

/// Walks from chunk to chunk to the end, or as far as they go.
pub(super) fn look(bytes: &[u8]) -> Look {
    let mut look = Look { orientation: Orientation::UPRIGHT, frames: 0, apple: false };
    let mut at = 8;
    while let Some(head) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let [a, b, c, d, kind @ ..] = *head;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let Some(end) = at.checked_add(12).and_then(|end| end.checked_add(length)) else { break };
        let data = bytes.get(at + 8..end - 4).unwrap_or_default();
        match &kind {
            b"IEND" => break,
            b"CgBI" => look.apple = true,
            b"acTL" => {
                let frames = data.first_chunk::<4>().map_or(0, |count| u32::from_be_bytes(*count));
                look.frames = frames;
            }
            b"eXIf" => look.orientation = Orientation::in_exif(data),
            _ => {}
        }
        at = end;
    }
    look
}
