//! Small writers of pictures: independent of the decoders, and able to write what these refuse.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Each test takes what it needs.

use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write;
use std::path::Path;

/// Columns and rows of every picture that is written here: unequal, so that a swap shows.
pub const COLUMNS: usize = 7;
pub const ROWS: usize = 5;

/// The grey of a pixel, of 255; each another one.
pub fn grey(x: usize, y: usize) -> u8 {
    (x * 31 + y * 9) as u8
}

/// All greys, row by row.
pub fn greys() -> Vec<u8> {
    (0..COLUMNS * ROWS).map(|i| grey(i % COLUMNS, i / COLUMNS)).collect()
}

/// A file of the fixtures.
pub fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/formats");
    std::fs::read(folder.join(name)).unwrap()
}

/// Writes numbers of either byte order.
pub struct Numbers {
    pub bytes: Vec<u8>,
    pub big: bool,
}

impl Numbers {
    pub fn put(&mut self, value: u64, size: usize) {
        let all = value.to_be_bytes();
        let used = &all[8 - size..];
        match self.big {
            true => self.bytes.extend(used),
            false => self.bytes.extend(used.iter().rev()),
        }
    }
}

/// An EXIF block that says how the picture is to be turned.
pub fn exif(orientation: u16, big: bool) -> Vec<u8> {
    let mut block = Numbers { bytes: if big { b"MM" } else { b"II" }.to_vec(), big };
    for (value, size) in [(42, 2), (8, 4), (1, 2), (0x0112, 2), (3, 2), (1, 4)] {
        block.put(value, size);
    }
    block.put(u64::from(orientation), 2);
    block.bytes.extend([0; 6]);
    block.bytes
}

/// A segment of a JPEG.
pub fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u16 + 2).to_be_bytes();
    [&[0xFF, marker], length.as_slice(), content].concat()
}

/// The grey JPEG of the fixtures with more segments behind its beginning.
pub fn jpeg(segments: &[Vec<u8>]) -> Vec<u8> {
    let whole = fixture("grey8.jpg");
    [whole[..2].to_vec(), segments.concat(), whole[2..].to_vec()].concat()
}

/// A JPEG with another kind of frame: its marker and its bits a sample.
pub fn jpeg_of(marker: u8, bits: u8, components: u8) -> Vec<u8> {
    let mut frame = vec![bits, 0, 5, 0, 7, components];
    for component in 1..=components {
        frame.extend([component, 0x11, 0]);
    }
    let scan = [1, 1, 0, 0, 63, 0];
    let start = vec![0xFF, 0xD8];
    [start, segment(marker, &frame), segment(0xDA, &scan), vec![0x12, 0x34, 0xFF, 0xD9]].concat()
}

/// A chunk of a PNG.
pub fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    crc.update(content);
    let length = (content.len() as u32).to_be_bytes();
    [length.as_slice(), kind, content, &crc.sum().to_be_bytes()].concat()
}

/// How a PNG stores its pixels.
#[derive(Clone, Copy)]
pub struct Png {
    /// 0 grey, 2 colour, 3 palette, 4 grey and alpha, 6 colour and alpha.
    pub colour: u8,
    pub bits: u8,
    pub interlaced: bool,
}

/// A PNG whose samples `sample` gives by column, row and channel; `before` and `behind` are
/// chunks before and behind its data.
pub fn png(
    how: Png,
    sample: impl Fn(usize, usize, usize) -> u16,
    before: &[Vec<u8>],
    behind: &[Vec<u8>],
) -> Vec<u8> {
    let channels = [1, 0, 3, 1, 2, 0, 4][usize::from(how.colour)];
    let mut raw = Vec::new();
    // Adam7: the first column and row, and the steps, of each pass.
    let adam = [
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ];
    let passes = if how.interlaced { adam.as_slice() } else { &[(0, 0, 1, 1)] };
    for &(left, top, across, down) in passes {
        let columns: Vec<usize> = (left..COLUMNS).step_by(across).collect();
        if columns.is_empty() {
            continue;
        }
        for y in (top..ROWS).step_by(down) {
            raw.push(0); // No filter.
            let samples = columns
                .iter()
                .flat_map(|x| (0..channels).map(|c| sample(*x, y, c)).collect::<Vec<_>>());
            raw.extend(packed(samples, how.bits));
        }
    }
    let mut header = Vec::new();
    header.extend((COLUMNS as u32).to_be_bytes());
    header.extend((ROWS as u32).to_be_bytes());
    header.extend([how.bits, how.colour, 0, 0, u8::from(how.interlaced)]);
    let parts = [
        b"\x89PNG\r\n\x1A\n".to_vec(),
        chunk(b"IHDR", &header),
        before.concat(),
        chunk(b"IDAT", &zlib(&raw)),
        behind.concat(),
        chunk(b"IEND", &[]),
    ];
    parts.concat()
}

/// Samples of 1 to 16 bits, the first in the highest bits, to whole bytes.
pub fn packed(samples: impl Iterator<Item = u16>, bits: u8) -> Vec<u8> {
    let (mut bytes, mut held, mut count) = (Vec::new(), 0_u32, 0);
    for sample in samples {
        held = held << bits | u32::from(sample);
        count += u32::from(bits);
        while count >= 8 {
            count -= 8;
            bytes.push((held >> count) as u8);
        }
    }
    if count > 0 {
        bytes.push((held << (8 - count)) as u8);
    }
    bytes
}

pub fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut writer = ZlibEncoder::new(Vec::new(), Compression::best());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// A page of a TIFF: its fields without those that place its data, and its data by strip or tile.
#[derive(Clone)]
pub struct Page {
    /// Tag, kind (2 text, 3 of 16 bits, 4 of 32 bits) and values.
    pub fields: Vec<(u16, u16, Vec<u64>)>,
    pub strips: Vec<Vec<u8>>,
    pub tiled: bool,
}

impl Page {
    /// A grey page of 8 bits.
    pub fn grey() -> Self {
        let fields =
            [(256, COLUMNS), (257, ROWS), (258, 8), (259, 1), (262, 1), (277, 1), (278, ROWS)];
        let fields = fields.map(|(tag, value)| (tag, 3, vec![value as u64]));
        Self { fields: fields.to_vec(), strips: vec![greys()], tiled: false }
    }

    /// The page with a field of 16-bit values in place of what it had.
    pub fn with(mut self, tag: u16, values: &[u64]) -> Self {
        self.fields.retain(|(other, _, _)| *other != tag);
        self.fields.push((tag, 3, values.to_vec()));
        self
    }

    pub fn without(mut self, tag: u16) -> Self {
        self.fields.retain(|(other, _, _)| *other != tag);
        self
    }

    pub fn strips(mut self, strips: Vec<Vec<u8>>) -> Self {
        self.strips = strips;
        self
    }
}

/// A TIFF of pages, of either byte order, with places of 32 or (BigTIFF) 64 bits.
pub fn tiff(pages: &[Page], big: bool, large: bool) -> Vec<u8> {
    let word = if large { 8 } else { 4 };
    let mut file = Numbers { bytes: if big { b"MM" } else { b"II" }.to_vec(), big };
    file.put(if large { 43 } else { 42 }, 2);
    if large {
        file.put(8, 2);
        file.put(0, 2);
    }
    // Where the place of the next directory is to be written.
    let mut link = file.bytes.len();
    file.put(0, word);
    for page in pages {
        let mut places = Vec::new();
        for strip in &page.strips {
            places.push(file.bytes.len() as u64);
            file.bytes.extend(strip);
            file.bytes.resize(file.bytes.len().next_multiple_of(2), 0);
        }
        let counts = page.strips.iter().map(|strip| strip.len() as u64).collect();
        let mut fields = page.fields.clone();
        let (offsets, lengths) = if page.tiled { (324, 325) } else { (273, 279) };
        fields.extend([(offsets, 4, places), (lengths, 4, counts)]);
        fields.sort();
        let size_of = |kind: u16| [0, 1, 1, 2, 4][usize::from(kind)];
        // Values that do not fit beside their tag stand before the directory.
        let mut beside = Vec::new();
        for (_, kind, values) in &fields {
            let start = file.bytes.len();
            if values.len() * size_of(*kind) > word {
                for value in values {
                    file.put(*value, size_of(*kind));
                }
                file.bytes.resize(file.bytes.len().next_multiple_of(2), 0);
            }
            beside.push(start as u64);
        }
        let directory = file.bytes.len() as u64;
        let mut place = Numbers { bytes: Vec::new(), big };
        place.put(directory, word);
        file.bytes[link..link + word].copy_from_slice(&place.bytes);
        file.put(fields.len() as u64, if large { 8 } else { 2 });
        for ((tag, kind, values), start) in fields.iter().zip(beside) {
            file.put(u64::from(*tag), 2);
            file.put(u64::from(*kind), 2);
            file.put(values.len() as u64, word);
            let end = file.bytes.len() + word;
            if values.len() * size_of(*kind) > word {
                file.put(start, word);
            } else {
                for value in values {
                    file.put(*value, size_of(*kind));
                }
                file.bytes.resize(end, 0);
            }
        }
        link = file.bytes.len();
        file.put(0, word);
    }
    file.bytes
}

/// How a BMP stores its pixels.
#[derive(Clone, Copy, PartialEq)]
pub enum Bmp {
    /// 8 bits through a palette of greys.
    Palette,
    /// 24 bits, rows from top to bottom.
    TopDown,
    /// 24 bits behind the short header of OS/2.
    Os2,
    /// 8 bits in run lengths.
    Runs,
    /// 32 bits, the fourth byte unused and 0.
    Four,
    /// 1 bit, of a palette of black and white: columns and rows alternate.
    One,
    /// 4 bits of a palette of 16 greys, which rise along both axes.
    Nibbles,
    /// 16 bits, five a colour, which rise along both axes.
    Fives,
}

/// A BMP of the greys.
pub fn bmp(how: Bmp) -> Vec<u8> {
    let bits = match how {
        Bmp::Palette | Bmp::Runs => 8,
        Bmp::TopDown | Bmp::Os2 => 24,
        Bmp::Four => 32,
        Bmp::One => 1,
        Bmp::Nibbles => 4,
        Bmp::Fives => 16,
    };
    let mut data = Vec::new();
    for row in 0..ROWS {
        let y = if how == Bmp::TopDown { row } else { ROWS - 1 - row };
        if matches!(how, Bmp::One | Bmp::Nibbles) {
            let mask = (1 << bits) - 1;
            data.extend(packed((0..COLUMNS).map(|x| (x + y) as u16 & mask), bits as u8));
        }
        for x in 0..COLUMNS {
            match how {
                Bmp::Palette => data.push(grey(x, y)),
                Bmp::Runs => data.extend([1, grey(x, y)]),
                Bmp::TopDown | Bmp::Os2 => data.extend([grey(x, y); 3]),
                Bmp::Four => data.extend([grey(x, y), grey(x, y), grey(x, y), 0]),
                Bmp::Fives => {
                    let five = (x + y) as u16 & 31;
                    data.extend((five << 10 | five << 5 | five).to_le_bytes());
                }
                Bmp::One | Bmp::Nibbles => {}
            }
        }
        match how {
            Bmp::Runs => data.extend([0, 0]),
            _ => data.resize(data.len().next_multiple_of(4), 0),
        }
    }
    if how == Bmp::Runs {
        data.extend([0, 1]);
    }
    let palette: Vec<u8> = match how {
        Bmp::Palette | Bmp::Runs => (0..=255).flat_map(|grey| [grey, grey, grey, 0]).collect(),
        Bmp::One => vec![0, 0, 0, 0, 255, 255, 255, 0],
        Bmp::Nibbles => (0..16).flat_map(|grey| [grey * 17, grey * 17, grey * 17, 0]).collect(),
        _ => Vec::new(),
    };
    let header = if how == Bmp::Os2 { 12 } else { 40 };
    let offset = 14 + header + palette.len();
    let mut file = Numbers { bytes: b"BM".to_vec(), big: false };
    for value in [offset + data.len(), 0, offset, header] {
        file.put(value as u64, 4);
    }
    if how == Bmp::Os2 {
        for value in [COLUMNS, ROWS, 1, bits] {
            file.put(value as u64, 2);
        }
    } else {
        let rows = if how == Bmp::TopDown { -(ROWS as i64) } else { ROWS as i64 };
        file.put(COLUMNS as u64, 4);
        file.put(rows as u64 & 0xFFFF_FFFF, 4);
        file.put(1, 2);
        file.put(bits as u64, 2);
        let colours = if how == Bmp::One { 2 } else { 0 };
        for value in [u64::from(how == Bmp::Runs), data.len() as u64, 2835, 2835, colours, 0] {
            file.put(value, 4);
        }
    }
    [file.bytes, palette, data].concat()
}
