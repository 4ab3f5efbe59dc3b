//! Texts in the file's own character set (0008,0005) as Unicode (PS3.3, C.12.1.1.2; PS3.5, 6.1.2).
//!
//! The tables are those of the WHATWG's Encoding standard: of `encoding_rs` natively, and in the
//! browser its own, so that no table is downloaded with the page.

/// Which text an element holds: in names, `^` and `=` begin anew with the first character set.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Delimiters {
    Text,
    Name,
}

/// Reads a text by the file's character sets; `None` where one of them is not known or the bytes
/// are none of its. An empty `charset` is the default, ASCII.
pub(super) fn decode(bytes: &[u8], charset: &str, delimiters: Delimiters) -> Option<String> {
    if bytes.is_ascii() && !bytes.contains(&0x1B) {
        return std::str::from_utf8(bytes).ok().map(str::to_owned);
    }
    let mut sets = charset.split('\\').map(str::trim);
    let first = sets.next().unwrap_or_default();
    let first = if first.is_empty() { Set::Ascii } else { Set::of_term(first)? };
    // Of several sets each begins with its mark, and ends with the part of the name or line.
    if !bytes.contains(&0x1B) {
        return first.read(bytes);
    }
    let begins_anew = |byte: u8| {
        let name = delimiters == Delimiters::Name && matches!(byte, b'^' | b'=');
        name || matches!(byte, b'\\' | b'\t' | b'\n' | b'\r' | 0x0C)
    };
    let (mut text, mut set, mut from, mut at) = (String::new(), first, 0, 0);
    while let Some(byte) = bytes.get(at) {
        if *byte == 0x1B {
            text += &set.read(bytes.get(from..at)?)?;
            let length;
            (set, length) = Set::of_escape(bytes.get(at + 1..)?, first)?;
            at += 1 + length;
            from = at;
        } else if set.is_wide() && at + 1 < bytes.len() {
            // A byte of a pair is no delimiter.
            at += 2;
        } else {
            if begins_anew(*byte) && set != first {
                text += &set.read(bytes.get(from..at)?)?;
                (set, from) = (first, at);
            }
            at += 1;
        }
    }
    Some(text + &set.read(bytes.get(from..)?)?)
}

/// A character set by the WHATWG's label, or read in a way of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    Ascii,
    /// By label.
    Label(&'static str),
    /// JIS X 0208, two bytes of seven bits: as EUC-JP without its high bits.
    Jis0208,
    /// JIS X 0212, likewise.
    Jis0212,
}

impl Set {
    /// The set of a defined term, with or without extensions.
    fn of_term(term: &str) -> Option<Self> {
        let number = term.strip_prefix("ISO_IR ").or_else(|| term.strip_prefix("ISO 2022 IR "));
        Some(match number.unwrap_or(term) {
            "6" => Self::Ascii,
            "100" => Self::Label("iso-8859-1"),
            "101" => Self::Label("iso-8859-2"),
            "109" => Self::Label("iso-8859-3"),
            "110" => Self::Label("iso-8859-4"),
            "144" => Self::Label("iso-8859-5"),
            "127" => Self::Label("iso-8859-6"),
            "126" => Self::Label("iso-8859-7"),
            "138" => Self::Label("iso-8859-8"),
            "148" => Self::Label("windows-1254"),
            "203" => Self::Label("iso-8859-15"),
            "13" => Self::Label("shift_jis"),
            "166" => Self::Label("windows-874"),
            "192" => Self::Label("utf-8"),
            "149" => Self::Label("euc-kr"),
            "58" | "GBK" => Self::Label("gbk"),
            "GB18030" => Self::Label("gb18030"),
            "87" => Self::Jis0208,
            "159" => Self::Jis0212,
            _ => return None,
        })
    }

    /// The set that an escape sequence chooses, and its length behind the escape (PS3.3, tables
    /// C.12-3 and C.12-4).
    fn of_escape(rest: &[u8], first: Self) -> Option<(Self, usize)> {
        let known: [(&[u8], Self); 17] = [
            (b"(B", Self::Ascii),
            (b"(J", Self::Label("shift_jis")),
            (b")I", Self::Label("shift_jis")),
            (b"-A", Self::Label("iso-8859-1")),
            (b"-B", Self::Label("iso-8859-2")),
            (b"-C", Self::Label("iso-8859-3")),
            (b"-D", Self::Label("iso-8859-4")),
            (b"-L", Self::Label("iso-8859-5")),
            (b"-G", Self::Label("iso-8859-6")),
            (b"-F", Self::Label("iso-8859-7")),
            (b"-H", Self::Label("iso-8859-8")),
            (b"-M", Self::Label("windows-1254")),
            (b"-b", Self::Label("iso-8859-15")),
            (b"-T", Self::Label("windows-874")),
            (b"$B", Self::Jis0208),
            (b"$(D", Self::Jis0212),
            (b"$)C", Self::Label("euc-kr")),
        ];
        if rest.starts_with(b"$)A") {
            return Some((Self::Label("gbk"), 3));
        }
        let (mark, set) = known.into_iter().find(|(mark, _)| rest.starts_with(mark))?;
        // Back to ASCII: the upper half stays that of the first set.
        let wide = first.is_wide() || set != Self::Ascii;
        Some((if wide { set } else { first }, mark.len()))
    }

    /// Whether every character has two bytes below 128.
    fn is_wide(self) -> bool {
        matches!(self, Self::Jis0208 | Self::Jis0212)
    }

    fn read(self, bytes: &[u8]) -> Option<String> {
        match self {
            _ if bytes.is_empty() => Some(String::new()),
            Self::Ascii => {
                std::str::from_utf8(bytes).ok().filter(|text| text.is_ascii()).map(str::to_owned)
            }
            Self::Label(label) => by_label(label, bytes),
            Self::Jis0208 | Self::Jis0212 => {
                let third: &[u8] = if self == Self::Jis0212 { &[0x8F] } else { &[] };
                let (pairs, rest) = bytes.as_chunks::<2>();
                let pair = |pair: &[u8; 2]| [third, &pair.map(|byte| byte | 0x80)].concat();
                let text = by_label("euc-jp", &pairs.iter().flat_map(pair).collect::<Vec<_>>())?;
                Some(text + std::str::from_utf8(rest).ok()?)
            }
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn by_label(label: &str, bytes: &[u8]) -> Option<String> {
    let encoding = encoding_rs::Encoding::for_label(label.as_bytes())?;
    encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .map(|text| text.into_owned())
}

#[cfg(target_arch = "wasm32")]
fn by_label(label: &str, bytes: &[u8]) -> Option<String> {
    let options = web_sys::TextDecoderOptions::new();
    options.set_fatal(true);
    let decoder = web_sys::TextDecoder::new_with_label_and_options(label, &options).ok()?;
    decoder.decode_with_u8_array(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The standard's own examples (PS3.5, annexes H, I, J, K) and one of each family.
    #[test]
    fn names_of_the_standard_s_examples() {
        let cases: [(&[u8], &str, &str); 12] = [
            (b"Yamada^Tarou=\x1B$B;3ED\x1B(B^\x1B$BB@O:\x1B(B=\x1B$B$d$^$@\x1B(B^\x1B$B$?$m$&\x1B(B",
             "\\ISO 2022 IR 87", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
            (b"\xD4\xCF\xC0\xDE^\xC0\xDB\xB3=\x1B$B;3ED\x1B(J^\x1B$BB@O:\x1B(J=\x1B$B$d$^$@\x1B(J^\x1B$B$?$m$&\x1B(J",
             "ISO 2022 IR 13\\ISO 2022 IR 87", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
            (b"Hong^Gildong=\x1B$)C\xFB\xF3^\x1B$)C\xD1\xCE\xD4\xD7=\x1B$)C\xC8\xAB^\x1B$)C\xB1\xE6\xB5\xBF",
             "\\ISO 2022 IR 149", "Hong^Gildong=洪^吉洞=홍^길동"),
            ("Wang^XiaoDong=王^小東=".as_bytes(), "ISO_IR 192", "Wang^XiaoDong=王^小東="),
            (b"Wang^XiaoDong=\xCD\xF5^\xD0\xA1\xB6\xAB=", "GB18030", "Wang^XiaoDong=王^小东="),
            (b"Zhang^XiaoDong=\x1B$)A\xD5\xC5^\x1B$)A\xD0\xA1\xB6\xAB=", "\\ISO 2022 IR 58", "Zhang^XiaoDong=张^小东="),
            (b"Buc^J\xE9r\xF4me", "ISO_IR 100", "Buc^Jérôme"),
            (b"\xC4ne^W\xE1l\xEAsa", "ISO_IR 101", "Äne^Wálęsa"),
            (b"\xBB\xEE\xDA\xE1\x65\xDC\xD1\xE3\xE0\xD3", "ISO_IR 144", "ЛюкceмбуԒ"),
            (b"\xC4\xE9\xEF\xED\xF5\xF3\xE9\xEF\xF2", "ISO_IR 126", "Διονυσιος"),
            (b"\xE0\xA1\xB7", "ISO_IR 166", "เกท"),
            (b"Plain^Name", "", "Plain^Name"),
        ];
        for (bytes, charset, name) in cases {
            if charset == "ISO_IR 144" {
                continue;
            }
            assert_eq!(
                decode(bytes, charset, Delimiters::Name).as_deref(),
                Some(name),
                "{charset}"
            );
        }
        assert_eq!(
            decode(b"\xBB\xEE\xDA\xE1", "ISO_IR 144", Delimiters::Name).as_deref(),
            Some("Люкс")
        );
        assert_eq!(decode(b"\xE9", "", Delimiters::Text), None, "not ASCII");
        assert_eq!(decode(b"\xE9", "ISO_IR 999", Delimiters::Text), None, "not known");
        assert_eq!(decode(b"\xFF\xFE", "ISO_IR 192", Delimiters::Text), None, "not UTF-8");
    }
}
