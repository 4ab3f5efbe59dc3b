//! The directories of a TIFF, which EXIF blocks have, too: fields by their numbers.

/// Most values of one field that are looked at: one for each sample of a pixel.
const MOST_VALUES: u64 = 16;

/// A directory of a TIFF, or of the EXIF block of another picture.
#[derive(Clone, Copy)]
pub(super) struct Directory<'a> {
    bytes: &'a [u8],
    big_endian: bool,
    /// 64 bits where others have 32 (BigTIFF).
    large: bool,
    /// Where it stands.
    pub at: u64,
}

/// A field of a directory.
pub(super) struct Entry {
    tag: u64,
    kind: u64,
    /// How many numbers its value has.
    pub count: u64,
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
    pub fn next(&self) -> Option<Self> {
        let size = if self.large { 8 } else { 4 };
        let at = self.read(self.entry(self.count()?)?, size)?;
        let next = Self { at, ..*self };
        (at != 0 && next.count().is_some()).then_some(next)
    }

    /// Bytes of the number of entries.
    fn head(&self) -> u64 {
        if self.large { 8 } else { 2 }
    }

    /// How many fields it promises.
    pub fn count(&self) -> Option<u64> {
        self.read(self.at, self.head())
    }

    /// Where an entry stands.
    fn entry(&self, index: u64) -> Option<u64> {
        let size = if self.large { 20 } else { 12 };
        self.at.checked_add(self.head())?.checked_add(index.checked_mul(size)?)
    }

    /// Its fields, as far as the bytes go.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
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

    /// Whether a field is there.
    pub fn has(&self, tag: u64) -> bool {
        self.entries().any(|entry| entry.tag == tag)
    }

    /// The first number of a field.
    pub fn number(&self, tag: u64) -> Option<u64> {
        self.numbers(tag).first().copied()
    }

    /// The first numbers of a field of whole ones; none where it is not there.
    pub fn numbers(&self, tag: u64) -> Vec<u64> {
        let entry = self.entries().find(|entry| entry.tag == tag);
        entry.map(|entry| self.values(&entry)).unwrap_or_default()
    }

    /// Whether any field of a tag begins with a number.
    pub fn says(&self, tag: u64, number: u64) -> bool {
        let mut fields = self.entries().filter(|entry| entry.tag == tag);
        fields.any(|entry| self.values(&entry).first() == Some(&number))
    }

    /// The first numbers of a field, where they are whole. Signed ones are taken as their bits.
    fn values(&self, entry: &Entry) -> Vec<u64> {
        let size = match entry.kind {
            1 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 13 => 4,
            16..=18 => 8,
            _ => return Vec::new(),
        };
        let Some(start) = self.value(entry, size) else { return Vec::new() };
        let numbers = (0..entry.count.min(MOST_VALUES))
            .map_while(|index| self.read(start.checked_add(index * size)?, size));
        numbers.collect()
    }

    /// The beginning of a field of text.
    pub fn text(&self, tag: u64) -> Option<&'a str> {
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
