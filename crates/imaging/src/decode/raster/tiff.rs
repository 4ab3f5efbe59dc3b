//! A look at a TIFF's directories before it is decoded.

use super::directory::Directory;
use super::orientation::Orientation;

/// Most pages that are counted.
const MOST_PAGES: usize = 10_000;

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
    if first.count() != Some(first.entries().count() as u64) {
        return Err(Fault::Broken("its directory ends early"));
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
    if page.number(254).is_some_and(|kind| kind & 1 == 1) {
        return Some("its first page is a small copy of another one".into());
    }
    if let Some(depth @ 2..) = page.number(32_997) {
        return Some(format!("it is a volume of {depth} planes (ImageDepth)"));
    }
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
    match page.numbers(339).iter().find(|format| **format != 1) {
        None => {}
        Some(2) => return Some("its samples are signed numbers".into()),
        Some(3) => return Some("its samples are floating-point numbers".into()),
        Some(5 | 6) => return Some("its samples are complex numbers".into()),
        Some(_) => return Some("it does not say what kind of number its samples are".into()),
    }
    // Whatever else the file says of these: a field may be there twice.
    if page.says(284, 2) && (page.has(322) || page.has(324)) {
        // The decoder takes tiles of the second plane for others than they are, and panics.
        return Some("its colours lie in separate planes of tiles".into());
    }
    let grey = photometric < 2;
    if bits.iter().any(|bits| !(matches!(bits, 8 | 16) || (*bits == 1 && grey))) {
        let bits: Vec<String> = bits.iter().map(u64::to_string).collect();
        return Some(format!("its samples have {} bits", bits.join(", ")));
    }
    (page.number(266) == Some(2)).then(|| "its bits are stored in reverse (FillOrder 2)".into())
}

/// How many pages there are, this one included.
fn pages(first: &Directory<'_>) -> usize {
    // A directory may point back: one that is met again ends the count (Brent's algorithm).
    let (mut pages, mut marked, mut steps, mut turn) = (1, first.at, 0, 1);
    let mut next = first.next();
    while let Some(page) = next
        && pages < MOST_PAGES
        && page.at != marked
    {
        // Small copies and masks belong to another page.
        let kind = page.number(254).unwrap_or(0);
        pages += usize::from(kind & 0b101 == 0);
        steps += 1;
        if steps == turn {
            (marked, steps, turn) = (page.at, 0, turn * 2);
        }
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
