//! What a compressed frame really is, by its first marks: files say one thing and hold another.

/// Kinds of codestreams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    /// JPEG of 8 bits, sequential: what the baseline and extended processes share.
    Baseline,
    /// JPEG lossless with Huffman codes.
    Lossless,
    /// A JPEG process that is not read, by its start of frame.
    OtherJpeg(u8),
    Ls,
    Jpeg2000,
}

impl Stream {
    /// The kind of a frame's bytes; `None` where they begin like none.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(&[0xFF, 0x4F, 0xFF, 0x51]) || bytes.get(4..8) == Some(b"jP  ") {
            return Some(Self::Jpeg2000);
        }
        if !bytes.starts_with(&[0xFF, 0xD8]) {
            return None;
        }
        let (kind, segment) = start_of_frame(bytes)?;
        Some(match kind {
            0xC0 | 0xC1 if segment.first() == Some(&8) => Self::Baseline,
            0xC3 => Self::Lossless,
            0xF7 => Self::Ls,
            other => Self::OtherJpeg(other),
        })
    }

    /// What people call it.
    pub fn name(self) -> String {
        match self {
            Self::Baseline => "JPEG baseline".to_owned(),
            Self::Lossless => "JPEG lossless".to_owned(),
            Self::OtherJpeg(0xC0 | 0xC1) => "JPEG of 12 bits".to_owned(),
            Self::OtherJpeg(0xC2) => "progressive JPEG".to_owned(),
            Self::OtherJpeg(0xC9..=0xCF) => "JPEG with arithmetic codes".to_owned(),
            Self::OtherJpeg(kind) => {
                format!("JPEG of process {}", kind.saturating_sub(0xC0))
            }
            Self::Ls => "JPEG-LS".to_owned(),
            Self::Jpeg2000 => "JPEG 2000".to_owned(),
        }
    }
}

/// Kind and content of the first segment that starts a frame (T.81, B.2.2; T.87, C.2.2).
pub(super) fn start_of_frame(bytes: &[u8]) -> Option<(u8, &[u8])> {
    // Tables and arithmetic conditioning stand among the numbers of the frames.
    first_segment(bytes, |kind| {
        matches!(kind, 0xC0..=0xCF | 0xF7) && !matches!(kind, 0xC4 | 0xC8 | 0xCC)
    })
}

/// Bits that the first scan cut off below: the point transform (T.81, B.2.3; T.87, C.2.3).
pub(super) fn point_transform(bytes: &[u8]) -> Option<u8> {
    let (_, scan) = first_segment(bytes, |kind| kind == 0xDA)?;
    scan.last().map(|bits| bits & 15)
}

/// Kind and content of the first segment of a kind, up to the first scan.
fn first_segment(bytes: &[u8], wanted: impl Fn(u8) -> bool) -> Option<(u8, &[u8])> {
    let mut offset = 2;
    loop {
        while bytes.get(offset) == Some(&0xFF) && bytes.get(offset + 1) == Some(&0xFF) {
            offset += 1;
        }
        let [mark, kind, high, low] = *bytes.get(offset..)?.first_chunk::<4>()?;
        if mark != 0xFF {
            return None;
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        if wanted(kind) {
            return Some((kind, bytes.get(offset + 4..offset + 2 + length)?));
        }
        if matches!(kind, 0xDA | 0xD9) {
            return None;
        }
        offset += 2 + length;
    }
}
