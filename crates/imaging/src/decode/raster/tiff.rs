//! A look at a TIFF's directories before it is decoded.

use super::orientation::Orientation;
use std::collections::BTreeSet;

/// Most pages that are counted.
const MOST_PAGES: usize = 10_000;
/// Most values of one field that are looked at: one for each sample of a pixel.
const MOST_VALUES: u64 = 16;

/// What the directories say.
#[derive(Debug)]
pub(super) struct Look {
    pub orientation: Orientation,
    /// Pages, small copies of them and masks not counted.
    pub pages: usize,
    /// Whether colours are already multiplied by their transparency.
    pub premultiplied: bool,
}

/// Why the picture is not decoded.
#[derive(Debug)]
pub(super) enum Fault {
    /// A kind of TIFF that is not read.
    Kind(String),
    /// What the directory says cannot be.
    Broken(&'static str),
}

/// Looks at the first directory, and counts the others.
pub(super) fn look(bytes: &[u8]) -> Result<Look, Fault> {
    let missing = Fault::Broken("its directory is missing");
    let first = Directory::first(bytes).ok_or(missing)?;
    // The decoder reserves 32 bytes for each number of a value before it looks.
    if first.entries().any(|entry| entry.count > bytes.len() as u64) {
        return Err(Fault::Broken("its directory is longer than the file"));
    }
    if let Some(reason) = unread(&first) {
        return Err(Fault::Kind(reason));
    }
    Ok(Look {
        orientation: first.number(274).map_or(Orientation::UPRIGHT, Orientation::of),
        pages: pages(&first),
        premultiplied: first.number(338) == Some(1),
    })
}

/// What of the first page is not read, or read wrongly, by the decoder.
fn unread(page: &Directory<'_>) -> Option<String> {
    let compression = page.number(259).unwrap_or(1);
    let named = match compression {
        1 | 4 | 5 | 7 | 8 | 32_773 | 32_946 => None,
        2 | 3 => Some("CCITT runs or group 3"),
        6 => Some("JPEG of the old kind"),
        34_712 | 33_003 | 33_005 => Some("JPEG 2000"),
        34_887 => Some("LERC"),
        34_892 => Some("lossy JPEG"),
        34_925 => Some("LZMA"),
        50_000 => Some("zstd"),
        50_001 => Some("WebP"),
        50_002 => Some("JPEG XL"),
        _ => Some("a method that is not known"),
    };
    if let Some(name) = named {
        return Some(format!("its samples are compressed with {name} ({compression})"));
    }
    let bits = page.numbers(258);
    let bits = if bits.is_empty() { vec![1] } else { bits };
    let Some(photometric) = page.number(262) else {
        return Some("it does not say what its samples mean (photometric interpretation)".into());
    };
    let samples = page.number(277).unwrap_or(1);
    match photometric {
        0 | 1 if samples == 2 => return Some("it is grey with transparency".into()),
        0 | 1 if samples != 1 => return Some(format!("it is grey with {samples} samples a pixel")),
        0..=2 | 5 => {}
        3 => return Some("its colours come from a palette".into()),
        4 => return Some("it is a mask".into()),
        6 => return Some("its colours are stored as YCbCr".into()),
        8..=10 => return Some("its colours are stored as CIE L*a*b*".into()),
        32_803 | 34_892 => return Some("it holds a camera's raw samples".into()),
        other => return Some(format!("its samples mean something not known ({other})")),
    }
    let grey = photometric < 2;
    if bits.iter().any(|bits| !(matches!(bits, 8 | 16) || (*bits == 1 && grey))) {
        let bits: Vec<String> = bits.iter().map(u64::to_string).collect();
        return Some(format!("its samples have {} bits", bits.join(", ")));
    }
    match page.numbers(339).iter().find(|format| **format != 1) {
        None => {}
        Some(2) => return Some("its samples are signed numbers".into()),
        Some(3) => return Some("its samples are floating-point numbers".into()),
        Some(5 | 6) => return Some("its samples are complex numbers".into()),
        Some(_) => return Some("it does not say what kind of number its samples are".into()),
    }
    (page.number(266) == Some(2)).then(|| "its bits are stored in reverse (FillOrder 2)".into())
}

/// How many pages there are, this one included.
fn pages(first: &Directory<'_>) -> usize {
    let (mut pages, mut seen) = (1, BTreeSet::from([first.at]));
    let mut next = first.next();
    while let Some(page) = next
        && pages < MOST_PAGES
        && seen.insert(page.at)
    {
        // Small copies and masks belong to another page.
        let kind = page.number(254).unwrap_or(0);
        pages += usize::from(kind & 0b101 == 0);
        next = page.next();
    }
    if pages > 1 {
        return pages;
    }
    // ImageJ writes large stacks behind one directory, and says so in its description.
    let text = first.text(270).filter(|text| text.starts_with("ImageJ="));
    let images = text.and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("images="));
        line.and_then(|count| count.trim().parse().ok())
    });
    images.unwrap_or(1)
}

/// A directory of a TIFF, or of the EXIF block of another picture.
#[derive(Clone, Copy)]
pub(super) struct Directory<'a> {
    bytes: &'a [u8],
    big_endian: bool,
    /// 64 bits where others have 32 (BigTIFF).
    large: bool,
    at: u64,
}

/// A field of a directory.
struct Entry {
    tag: u64,
    kind: u64,
    count: u64,
    /// Where its value, or the place of that, stands.
    at: u64,
}

impl<'a> Directory<'a> {
    /// The first directory; `None` where the bytes begin as no TIFF does.
    pub fn first(bytes: &'a [u8]) -> Option<Self> {
        let big_endian = match bytes.get(..2)? {
            b"II" => false,
            b"MM" => true,
            _ => return None,
        };
        let mut directory = Self { bytes, big_endian, large: false, at: 0 };
        directory.large = match directory.read(2, 2)? {
            42 => false,
            43 => true,
            _ => return None,
        };
        let (place, size) = if directory.large { (8, 8) } else { (4, 4) };
        directory.at = directory.read(place, size)?;
        directory.read(directory.at, directory.head())?;
        Some(directory)
    }

    /// The directory behind this one.
    fn next(&self) -> Option<Self> {
        let size = if self.large { 8 } else { 4 };
        let at = self.read(self.entry(self.count()?)?, size)?;
        let next = Self { at, ..*self };
        (at != 0 && next.count().is_some()).then_some(next)
    }

    /// Bytes of the number of entries.
    fn head(&self) -> u64 {
        if self.large { 8 } else { 2 }
    }

    fn count(&self) -> Option<u64> {
        self.read(self.at, self.head())
    }

    /// Where an entry stands.
    fn entry(&self, index: u64) -> Option<u64> {
        let size = if self.large { 20 } else { 12 };
        self.at.checked_add(self.head())?.checked_add(index.checked_mul(size)?)
    }

    fn entries(&self) -> impl Iterator<Item = Entry> {
        let word = if self.large { 8 } else { 4 };
        let all = self.count().unwrap_or(0).min(self.bytes.len() as u64);
        (0..all).map_while(move |index| {
            let at = self.entry(index)?;
            let [kind, count] = [at.checked_add(2)?, at.checked_add(4)?];
            Some(Entry {
                tag: self.read(at, 2)?,
                kind: self.read(kind, 2)?,
                count: self.read(count, word)?,
                at: count.checked_add(word)?,
            })
        })
    }

    /// The first number of a field.
    pub fn number(&self, tag: u64) -> Option<u64> {
        self.numbers(tag).first().copied()
    }

    /// The first numbers of a field of whole ones; none where it is not there.
    fn numbers(&self, tag: u64) -> Vec<u64> {
        let Some(entry) = self.entries().find(|entry| entry.tag == tag) else { return Vec::new() };
        let size = match entry.kind {
            1 | 7 => 1,
            3 => 2,
            4 | 13 => 4,
            16 | 18 => 8,
            _ => return Vec::new(),
        };
        let Some(start) = self.value(&entry, size) else { return Vec::new() };
        let numbers = (0..entry.count.min(MOST_VALUES))
            .map_while(|index| self.read(start.checked_add(index * size)?, size));
        numbers.collect()
    }

    /// The beginning of a field of text.
    fn text(&self, tag: u64) -> Option<&'a str> {
        let entry = self.entries().find(|entry| entry.tag == tag && entry.kind == 2)?;
        let start = usize::try_from(self.value(&entry, 1)?).ok()?;
        let length = usize::try_from(entry.count).ok()?.min(1024);
        let bytes = self.bytes.get(start..)?;
        let bytes = bytes.get(..length).unwrap_or(bytes);
        let end = bytes.iter().position(|byte| !byte.is_ascii()).unwrap_or(bytes.len());
        std::str::from_utf8(bytes.get(..end)?).ok()
    }

    /// Where a field's value of numbers of `size` bytes stands.
    fn value(&self, entry: &Entry, size: u64) -> Option<u64> {
        let room = if self.large { 8 } else { 4 };
        match entry.count.checked_mul(size)? <= room {
            true => Some(entry.at),
            false => self.read(entry.at, room),
        }
    }

    fn read(&self, at: u64, size: u64) -> Option<u64> {
        let bytes = self.bytes.get(usize::try_from(at).ok()?..)?.get(..size as usize)?;
        let join = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(match self.big_endian {
            true => bytes.iter().fold(0, join),
            false => bytes.iter().rev().fold(0, join),
        })
    }
}
