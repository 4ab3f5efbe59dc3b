//! Random pictures: every way to store greys and colours that the formats have and we read.

use super::meaning::{Meant, Random};
use crate::support::pictures::{
    COLUMNS, Numbers, Page, Png, ROWS, chunk, exif, packed, png, tiff, zlib,
};
use std::collections::BTreeSet;

/// A picture, what it shows, and how it is written.
pub struct Shown {
    pub bytes: Vec<u8>,
    /// Columns and rows, and greys from 0 to 1.
    pub meant: Meant,
    pub how: String,
}

/// Colours of a pixel, and how opaque it is, of `full`.
#[derive(Clone, Copy)]
struct Pixel {
    colours: [u16; 3],
    alpha: u16,
}

/// Pixels at random, row by row: of one grey each, or coloured.
fn pixels(random: &mut Random, full: u16, coloured: bool, alpha: bool) -> Vec<Pixel> {
    let mut number = || random.whole(0, full.into()) as u16;
    let mut pixel = || {
        let grey = number();
        let colours = if coloured { [grey, number(), number()] } else { [grey; 3] };
        Pixel { colours, alpha: if alpha { number() } else { full } }
    };
    (0..COLUMNS * ROWS).map(|_| pixel()).collect()
}

/// Brightness over black (ITU-R BT.601), rounded to the file's own step.
fn grey(pixel: Pixel, full: u16) -> f64 {
    let [red, green, blue] = pixel.colours.map(f64::from);
    let luma = match red == green && green == blue {
        true => red,
        false => (0.299 * red + 0.587 * green + 0.114 * blue).round(),
    };
    luma / f64::from(full) * f64::from(pixel.alpha) / f64::from(full)
}

/// The picture once it is turned: by EXIF's table, where the pixel of a column and a row is stored.
fn shown(greys: &[f64], orientation: u16) -> Meant {
    let [columns, rows] = if orientation < 5 { [COLUMNS, ROWS] } else { [ROWS, COLUMNS] };
    let mut hu = Vec::new();
    for y in 0..rows {
        for x in 0..columns {
            let (left, top) = match orientation {
                2 => (COLUMNS - 1 - x, y),
                3 => (COLUMNS - 1 - x, ROWS - 1 - y),
                4 => (x, ROWS - 1 - y),
                5 => (y, x),
                6 => (y, ROWS - 1 - x),
                7 => (COLUMNS - 1 - y, ROWS - 1 - x),
                8 => (COLUMNS - 1 - y, x),
                _ => (x, y),
            };
            hu.push(greys[top * COLUMNS + left]);
        }
    }
    let size = [columns, rows, 1];
    Meant { size, steps: [[0.0; 3]; 3], origin: [0.0; 3], hu, told: BTreeSet::new() }
}

pub fn write_png(random: &mut Random) -> Shown {
    let colour = random.pick(&[0, 0, 2, 3, 4, 6]);
    let bits: u8 = match colour {
        0 => random.pick(&[1, 2, 4, 8, 16]),
        3 => random.pick(&[1, 2, 4, 8]),
        _ => random.pick(&[8, 16]),
    };
    let full = (1_u32 << bits) as u16;
    let full = full.wrapping_sub(1);
    let how = Png { colour, bits, interlaced: random.chance(50) };
    let (coloured, alpha) = (matches!(colour, 2 | 6), matches!(colour, 4 | 6));
    let pixels = pixels(random, full, coloured, alpha);
    let mut before = Vec::new();
    let (mut behind, orientation) = (Vec::new(), random.whole(1, 8) as u16);
    // Colours of a palette are of 8 bits, whatever their number.
    let table: Vec<[u8; 3]> = (0..=full).map(|_| [0; 3].map(|_| random.below(256) as u8)).collect();
    let greys: Vec<f64> = match colour {
        3 => {
            before.push(chunk(b"PLTE", &table.concat()));
            let look = |pixel: &Pixel| {
                let colours = table[usize::from(pixel.colours[0])].map(u16::from);
                grey(Pixel { colours, alpha: 255 }, 255)
            };
            pixels.iter().map(look).collect()
        }
        _ => pixels.iter().map(|pixel| grey(*pixel, full)).collect(),
    };
    let block = chunk(b"eXIf", &exif(orientation, random.chance(50)));
    if random.chance(50) {
        before.push(block)
    } else {
        behind.push(block)
    }
    let sample = |x: usize, y: usize, channel: usize| {
        let Pixel { colours, alpha } = pixels[y * COLUMNS + x];
        match (how.colour, channel) {
            (4, 1) | (6, 3) => alpha,
            (2 | 6, channel) => colours[channel],
            _ => colours[0],
        }
    };
    let bytes = png(how, sample, &before, &behind);
    let interlaced = how.interlaced;
    let how =
        format!("PNG, colour {colour}, {bits} bits, interlaced {interlaced}, turned {orientation}");
    Shown { bytes, meant: shown(&greys, orientation), how }
}

pub fn write_tiff(random: &mut Random) -> Shown {
    let (big, large) = (random.chance(50), random.chance(40));
    // 0 grey with white as 0, 1 grey, 2 colour.
    let photometric = random.pick(&[0_u16, 1, 1, 2, 2]);
    let bits: u16 = random.pick(if photometric < 2 { &[1, 8, 16] } else { &[8, 16] });
    let full = ((1_u32 << bits) - 1) as u16;
    let alpha = photometric == 2 && random.chance(40);
    let pixels = pixels(random, full, photometric == 2, alpha);
    let channels = match photometric {
        2 => 3 + usize::from(alpha),
        _ => 1,
    };
    let planar = channels > 1 && random.chance(30);
    let deflated = random.chance(50);
    let differences = bits > 1 && deflated && random.chance(50);
    // Separate planes of tiles are refused.
    let tiled = bits > 1 && !planar && random.chance(30);
    let rows_a_strip = random.whole(1, ROWS as i64) as usize;
    let orientation = random.whole(1, 8) as u16;
    let value = |x: usize, y: usize, channel: usize| {
        // Beyond the edge, tiles hold anything.
        let Some(pixel) = pixels.get(y * COLUMNS + x).filter(|_| x < COLUMNS) else { return 1 };
        match (photometric, channel) {
            (0, _) => full - pixel.colours[0],
            (_, 3) => pixel.alpha,
            (_, channel) => pixel.colours[channel],
        }
    };
    // One block of pixels: rows of interleaved channels, each row to whole bytes.
    let block = |left: usize, top: usize, width: usize, height: usize, plane: Option<usize>| {
        let mut numbers = Numbers { bytes: Vec::new(), big };
        let planes: Vec<usize> = plane.map_or((0..channels).collect(), |plane| vec![plane]);
        for y in top..top + height {
            let mut row: Vec<u16> = (left..left + width)
                .flat_map(|x| planes.iter().map(move |plane| (x, *plane)))
                .map(|(x, plane)| value(x, y, plane))
                .collect();
            if differences {
                for i in (planes.len()..row.len()).rev() {
                    row[i] = row[i].wrapping_sub(row[i - planes.len()]) & full;
                }
            }
            match bits {
                16 => row.iter().for_each(|sample| numbers.put(u64::from(*sample), 2)),
                bits => numbers.bytes.extend(packed(row.into_iter(), bits as u8)),
            }
        }
        if deflated { zlib(&numbers.bytes) } else { numbers.bytes }
    };
    let planes: Vec<Option<usize>> =
        if planar { (0..channels).map(Some).collect() } else { vec![None] };
    let mut blocks = Vec::new();
    for plane in planes {
        match tiled {
            true => blocks.push(block(0, 0, 16, 16, plane)),
            false => {
                for top in (0..ROWS).step_by(rows_a_strip) {
                    blocks.push(block(0, top, COLUMNS, rows_a_strip.min(ROWS - top), plane));
                }
            }
        }
    }
    let mut page = Page::grey()
        .with(258, &vec![bits.into(); channels])
        .with(259, &[if deflated { 8 } else { 1 }])
        .with(262, &[photometric.into()])
        .with(277, &[channels as u64])
        .with(274, &[orientation.into()])
        .with(284, &[if planar { 2 } else { 1 }])
        .strips(blocks);
    page = match tiled {
        true => Page { tiled: true, ..page.without(278).with(322, &[16]).with(323, &[16]) },
        false => page.with(278, &[rows_a_strip as u64]),
    };
    if differences {
        page = page.with(317, &[2]);
    }
    if alpha {
        page = page.with(338, &[2]);
    }
    let greys: Vec<f64> = pixels.iter().map(|pixel| grey(*pixel, full)).collect();
    let how = format!(
        "TIFF, big endian {big}, 64 bits {large}, {bits} bits, photometric {photometric}, alpha {alpha}, planar \
         {planar}, deflated {deflated}, differences {differences}, tiled {tiled}, {rows_a_strip} rows, turned {orientation}"
    );
    Shown { bytes: tiff(&[page], big, large), meant: shown(&greys, orientation), how }
}
