//! How a DICOM file is written: its transfer syntax (PS3.5, section 10).

/// A transfer syntax that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    ImplicitLittle,
    ExplicitLittle,
    ExplicitBig,
    Deflated,
    Rle,
    /// Baseline, 8 bits (50).
    Jpeg,
    /// Lossless, any predictor (57) or the first (70).
    JpegLossless,
    /// Lossless or near-lossless (80, 81).
    JpegLs,
    /// Reversible or not (90, 91).
    Jpeg2000,
}

/// How elements are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Encoding {
    /// Whether each element says its type.
    pub explicit: bool,
    /// Whether the most significant byte comes first.
    pub big_endian: bool,
}

impl Encoding {
    /// What the standard calls it.
    pub fn name(self) -> &'static str {
        match (self.explicit, self.big_endian) {
            (false, _) => "implicit VR little endian",
            (true, false) => "explicit VR little endian",
            (true, true) => "explicit VR big endian",
        }
    }
}

impl Syntax {
    /// The syntax of a UID, or the name of one that is not read.
    pub fn from_uid(uid: &str) -> Result<Self, String> {
        let known = match uid.strip_prefix("1.2.840.10008.1.2") {
            Some("") => Some(Self::ImplicitLittle),
            Some(".1") => Some(Self::ExplicitLittle),
            Some(".1.99") => Some(Self::Deflated),
            Some(".2") => Some(Self::ExplicitBig),
            Some(".4.50") => Some(Self::Jpeg),
            Some(".4.57" | ".4.70") => Some(Self::JpegLossless),
            Some(".4.80" | ".4.81") => Some(Self::JpegLs),
            Some(".4.90" | ".4.91") => Some(Self::Jpeg2000),
            Some(".5") => Some(Self::Rle),
            _ => None,
        };
        known.ok_or_else(|| match unsupported_name(uid) {
            Some(name) => format!("{name} ({uid})"),
            None => uid.chars().take(64).collect(),
        })
    }

    /// How its elements are written.
    pub fn encoding(self) -> Encoding {
        Encoding { explicit: self != Self::ImplicitLittle, big_endian: self == Self::ExplicitBig }
    }

    /// Whether its frames are those of the first JPEG standard.
    pub fn is_jpeg(self) -> bool {
        matches!(self, Self::Jpeg | Self::JpegLossless)
    }

    /// What its pixels are called.
    pub fn pixels(self) -> &'static str {
        match self {
            Self::Rle => "RLE",
            Self::Jpeg => "JPEG baseline",
            Self::JpegLossless => "JPEG lossless",
            Self::JpegLs => "JPEG-LS",
            Self::Jpeg2000 => "JPEG 2000",
            _ => "uncompressed",
        }
    }

    /// Whether the pixels are written plainly.
    pub fn native(self) -> bool {
        matches!(
            self,
            Self::ImplicitLittle | Self::ExplicitLittle | Self::ExplicitBig | Self::Deflated
        )
    }
}

/// What users may meet and should be told by name.
fn unsupported_name(uid: &str) -> Option<&'static str> {
    if uid == "1.2.840.113619.5.2" {
        return Some("GE's own mixture of byte orders");
    }
    Some(match uid.strip_prefix("1.2.840.10008.1.2.")? {
        "1.98" => "uncompressed fragments",
        "4.51" => "JPEG extended, 12 bits",
        "4.52" | "4.53" | "4.54" | "4.55" | "4.56" | "4.58" | "4.59" | "4.60" | "4.61" | "4.62"
        | "4.63" | "4.64" | "4.65" | "4.66" => "a retired JPEG process",
        "4.92" | "4.93" => "JPEG 2000 part 2",
        "4.94" | "4.95" => "JPIP",
        "4.100" | "4.100.1" | "4.101" | "4.101.1" => "MPEG-2 video",
        "4.102" | "4.102.1" | "4.103" | "4.103.1" | "4.104" | "4.104.1" | "4.105" | "4.105.1"
        | "4.106" | "4.106.1" => "H.264 video",
        "4.107" | "4.108" => "H.265 video",
        "4.110" | "4.111" | "4.112" => "JPEG XL",
        "4.201" | "4.202" | "4.203" => "High-Throughput JPEG 2000",
        "4.204" | "4.205" => "High-Throughput JPEG 2000 by JPIP",
        "6.1" | "6.2" => "a retired encapsulation",
        "8.1" => "deflated image frames",
        _ => return None,
    })
}
