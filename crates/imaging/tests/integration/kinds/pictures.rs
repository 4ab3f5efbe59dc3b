use super::{Case, pixels, read, refused, told};
use crate::support::pictures::*;
use nodulens_imaging::decode::decode_raster;
use nodulens_imaging::decode::import::Imported;

const GREY: Png = Png { colour: 0, bits: 8, interlaced: false };

fn file(bytes: Vec<u8>) -> Vec<(&'static str, Vec<u8>)> {
    vec![("slice", bytes)]
}

fn plain_png(before: &[Vec<u8>], behind: &[Vec<u8>]) -> Vec<(&'static str, Vec<u8>)> {
    file(png(GREY, |x, y, _| grey(x, y).into(), before, behind))
}

fn one(page: Page) -> Vec<(&'static str, Vec<u8>)> {
    file(tiff(&[page], false, false))
}

/// Two rows a strip, as most writers cut.
fn strips() -> Page {
    let strips = greys().chunks(2 * COLUMNS).map(<[u8]>::to_vec).collect();
    Page::grey().with(278, &[2]).strips(strips)
}

/// Tiles of 16 x 16.
fn tiles() -> Page {
    let mut tile = vec![0; 256];
    for y in 0..ROWS {
        for x in 0..COLUMNS {
            tile[y * 16 + x] = grey(x, y);
        }
    }
    let page = Page::grey().without(278).with(322, &[16]).with(323, &[16]);
    Page { tiled: true, ..page.strips(vec![tile]) }
}

/// Differences to the pixel at the left (Predictor 2), deflated.
fn differences() -> Page {
    let mut rows = greys();
    for row in rows.chunks_mut(COLUMNS) {
        for x in (1..COLUMNS).rev() {
            row[x] = row[x].wrapping_sub(row[x - 1]);
        }
    }
    Page::grey().with(259, &[8]).with(317, &[2]).strips(vec![zlib(&rows)])
}

/// Colours: grey, grey, grey.
fn colours(planes: bool) -> Page {
    let page = Page::grey().with(262, &[2]).with(277, &[3]).with(258, &[8, 8, 8]);
    match planes {
        true => page.with(284, &[2]).strips(vec![greys(); 3]),
        false => page.strips(vec![greys().iter().flat_map(|grey| [*grey; 3]).collect()]),
    }
}

/// White under a mask of the greys: over black it is the grey.
fn transparent(premultiplied: bool) -> Page {
    let pixel = |grey: &u8| if premultiplied { [*grey; 4] } else { [255, 255, 255, *grey] };
    let kind = if premultiplied { 1 } else { 2 };
    let page = Page::grey().with(262, &[2]).with(277, &[4]).with(258, &[8; 4]).with(338, &[kind]);
    page.strips(vec![greys().iter().flat_map(pixel).collect()])
}

/// The fixture's JPEG is as it is without the segment, turned by 90 degrees clockwise.
fn clockwise(found: &Imported) {
    let stored = decode_raster(&fixture("grey8.jpg")).unwrap();
    let (columns, rows) = (stored.height, stored.width);
    pixels(found, [columns, rows], |x, y| {
        f64::from(stored.samples[(stored.height - 1 - x) * stored.width + y].0) * 255.0
    });
}

fn as_stored(found: &Imported) {
    let stored = decode_raster(&fixture("grey8.jpg")).unwrap();
    pixels(found, [stored.width, stored.height], |x, y| {
        f64::from(stored.samples[y * stored.width + x].0) * 255.0
    });
}

fn upright_from_3(found: &Imported) {
    pixels(found, [COLUMNS, ROWS], |x, y| f64::from(grey(COLUMNS - 1 - x, ROWS - 1 - y)));
}

pub fn cases() -> Vec<Case> {
    let whole = fixture("grey8.jpg");
    let thumbnail = segment(0xE1, &[b"Exif\0\0".to_vec(), exif(1, true), whole.clone()].concat());
    let cut = jpeg(std::slice::from_ref(&thumbnail));
    let cut = cut[..cut.len() - 30].to_vec();
    let turned = |number| segment(0xE1, &[b"Exif\0\0".to_vec(), exif(number, number > 4)].concat());
    let two = [whole.clone(), whole.clone()].concat();
    let ended = [&whole[..whole.len() * 7 / 10], &[0xFF, 0xD9]].concat();
    let mut jpegs = vec![
        read("JPEG", file(whole)).so(as_stored),
        refused("JPEG cut within its data, and ended", file(ended), "truncated"),
        read("JPEG with a thumbnail", file(jpeg(&[thumbnail]))).so(as_stored),
        refused("JPEG with a thumbnail, cut off", file(cut), "truncated"),
        told(
            "JPEG turned by its EXIF block",
            file(jpeg(&[turned(6)])),
            &["The picture was turned"],
        )
        .so(clockwise),
        // Pillow wrote it, for the fuzzer.
        told(
            "JPEG of four colours (CMYK)",
            file(include_bytes!("../../../../../fuzz/seeds/raster/cmyk.jpg").to_vec()),
            &["Colour image"],
        )
        .so(|_| {}),
        told("JPEG with another behind it", file(two), &["The file holds more pictures"])
            .so(as_stored),
    ];
    for (input, marker, bits, components) in [
        ("JPEG, lossless", 0xC3, 8, 1),
        ("JPEG, arithmetic", 0xC9, 8, 1),
        ("JPEG, hierarchical", 0xC5, 8, 1),
        ("JPEG of 12 bits", 0xC1, 12, 1),
        ("JPEG-LS", 0xF7, 8, 1),
    ] {
        let bytes = jpeg_of(marker, bits, components);
        jpegs.push(refused(input, file(bytes), "unsupported-format"));
    }

    let frames = [2_u32.to_be_bytes(), 0_u32.to_be_bytes()].concat();
    let control = [vec![0; 4], vec![0, 0, 0, 7, 0, 0, 0, 5], vec![0; 12], vec![0, 0]].concat();
    let animated = [chunk(b"acTL", &frames), chunk(b"fcTL", &control)];
    let palette: Vec<u8> = (0..=255).flat_map(|grey| [grey; 3]).collect();
    let palette = |bits: u8, interlaced| {
        let how = Png { colour: 3, bits, interlaced };
        let steps = (1 << bits) - 1;
        let table: Vec<u8> = match bits {
            8 => palette.clone(),
            _ => (0..=steps).flat_map(|i| [(i * 255 / steps) as u8; 3]).collect(),
        };
        let sample = move |x: usize, y: usize, _: usize| match bits {
            8 => u16::from(grey(x, y)),
            _ => (x + y) as u16 & steps,
        };
        file(png(how, sample, &[chunk(b"PLTE", &table)], &[]))
    };
    let shallow = |bits: u8| {
        let how = Png { colour: 0, bits, interlaced: bits == 2 };
        file(png(how, move |x, y, _| (x + y) as u16 & ((1 << bits) - 1), &[], &[]))
    };
    let alpha = Png { colour: 6, ..GREY };
    let pngs = vec![
        read("PNG of 8 bits", plain_png(&[], &[])),
        read(
            "PNG, interlaced",
            file(png(Png { interlaced: true, ..GREY }, |x, y, _| grey(x, y).into(), &[], &[])),
        ),
        told(
            "PNG of 16 bits",
            file(png(Png { bits: 16, ..GREY }, |x, y, _| u16::from(grey(x, y)) * 257, &[], &[])),
            &["16-bit image"],
        ),
        read("PNG of 1 bit", shallow(1)).so(|found| {
            pixels(found, [COLUMNS, ROWS], |x, y| if (x + y) % 2 == 1 { 255.0 } else { 0.0 });
        }),
        read("PNG of 2 bits, interlaced", shallow(2)).so(|found| {
            pixels(found, [COLUMNS, ROWS], |x, y| ((x + y) % 4) as f64 * 85.0);
        }),
        read("PNG of 4 bits", shallow(4)).so(|found| {
            pixels(found, [COLUMNS, ROWS], |x, y| ((x + y) % 16) as f64 * 17.0);
        }),
        read("PNG with a palette", palette(8, false)),
        read("PNG with a palette of 4, interlaced", palette(2, true)).so(|found| {
            pixels(found, [COLUMNS, ROWS], |x, y| ((x + y) % 4) as f64 * 85.0);
        }),
        told(
            "PNG, transparent",
            file(png(alpha, |x, y, c| if c == 3 { grey(x, y).into() } else { 255 }, &[], &[])),
            &["Transparent pixels"],
        ),
        told(
            "PNG turned by its EXIF block",
            plain_png(&[], &[chunk(b"eXIf", &exif(3, true))]),
            &["The picture was turned by 180"],
        )
        .so(upright_from_3),
        told("PNG, animated", plain_png(&animated, &[]), &["An animation of 2 pictures"]),
        refused(
            "PNG of Apple's own kind",
            file({
                let mut bytes = png(GREY, |x, y, _| grey(x, y).into(), &[], &[]);
                bytes.splice(8..8, chunk(b"CgBI", &[0x50, 0, 0x20, 6]));
                bytes
            }),
            "unsupported-format",
        ),
    ];

    let deep: Vec<u8> =
        greys().iter().flat_map(|grey| (u16::from(*grey) * 257).to_le_bytes()).collect();
    let inverted: Vec<u8> = greys().iter().map(|grey| 255 - grey).collect();
    let small = Page::grey().with(254, &[1]);
    let bit = |value: usize| {
        Page::grey().with(262, &[value as u64]).with(258, &[1]).strips(vec![
            (0..ROWS)
                .flat_map(|y| packed((0..COLUMNS).map(move |x| ((x + y + value) % 2) as u16), 1))
                .collect(),
        ])
    };
    let stack = Page {
        fields: [
            Page::grey().fields,
            vec![(270, 2, b"ImageJ=1.54\nimages=9\n\0".map(u64::from).to_vec())],
        ]
        .concat(),
        ..Page::grey()
    };
    let tiffs = vec![
        read("TIFF of 8 bits", one(Page::grey())),
        refused(
            "TIFF whose first page is a thumbnail",
            file(tiff(&[Page::grey().with(254, &[1]), Page::grey()], false, false)),
            "unsupported-format",
        ),
        refused(
            "TIFF of a volume (ImageDepth)",
            one(Page::grey().with(32_997, &[16])),
            "unsupported-format",
        ),
        read("TIFF, big endian", file(tiff(&[Page::grey()], true, false))),
        read("BigTIFF", file(tiff(&[Page::grey()], false, true))),
        read("BigTIFF, big endian", file(tiff(&[strips()], true, true))),
        read("TIFF in strips", one(strips())),
        read("TIFF in tiles", one(tiles())),
        read("TIFF, deflated differences", one(differences())),
        read("TIFF with white as 0", one(Page::grey().with(262, &[0]).strips(vec![inverted]))),
        read("TIFF of 1 bit", one(bit(1))).so(|found| {
            pixels(found, [COLUMNS, ROWS], |x, y| if (x + y) % 2 == 0 { 255.0 } else { 0.0 });
        }),
        read("TIFF of 1 bit with white as 0", one(bit(0))).so(|found| {
            pixels(found, [COLUMNS, ROWS], |x, y| if (x + y) % 2 == 0 { 255.0 } else { 0.0 });
        }),
        told(
            "TIFF of 16 bits",
            one(Page::grey().with(258, &[16]).strips(vec![deep])),
            &["16-bit image"],
        ),
        read("TIFF of colours", one(colours(false))),
        read("TIFF of colours in separate planes", one(colours(true))),
        told("TIFF, transparent", one(transparent(false)), &["Transparent pixels"]),
        told(
            "TIFF, transparent and already multiplied",
            one(transparent(true)),
            &["Transparent pixels"],
        ),
        told(
            "TIFF turned by its tag",
            one(Page::grey().with(274, &[3])),
            &["The picture was turned by 180"],
        )
        .so(upright_from_3),
        told(
            "TIFF of three pages",
            file(tiff(&[Page::grey(), strips(), Page::grey()], false, false)),
            &["The file has 3 pages"],
        ),
        told(
            "BigTIFF of two pages",
            file(tiff(&[Page::grey(), tiles()], false, true)),
            &["The file has 2 pages"],
        ),
        told(
            "TIFF of ImageJ with nine pages behind one directory",
            one(stack),
            &["The file has 9 pages"],
        ),
        read("TIFF with a small copy of itself", file(tiff(&[Page::grey(), small], false, false))),
        refused(
            "TIFF of colours in separate planes of tiles",
            one({
                let page = Page::grey().without(278).with(322, &[16]).with(323, &[16]);
                let page = page.with(262, &[2]).with(277, &[3]).with(258, &[8; 3]).with(284, &[2]);
                Page { tiled: true, ..page.strips(vec![vec![0; 256]; 3]) }
            }),
            "unsupported-format",
        ),
        refused("TIFF of 12 bits", one(Page::grey().with(258, &[12])), "unsupported-format"),
        refused("TIFF of 32 bits", one(Page::grey().with(258, &[32])), "unsupported-format"),
        refused("TIFF of 4 bits", one(Page::grey().with(258, &[4])), "unsupported-format"),
        refused("TIFF with a palette", one(Page::grey().with(262, &[3])), "unsupported-format"),
        refused(
            "TIFF, grey with transparency",
            one(Page::grey().with(277, &[2])),
            "unsupported-format",
        ),
        refused("TIFF of signed numbers", one(Page::grey().with(339, &[2])), "unsupported-format"),
        refused(
            "TIFF of floating-point numbers",
            one(Page::grey().with(258, &[32]).with(339, &[3])),
            "unsupported-format",
        ),
        refused("TIFF of YCbCr", one(Page::grey().with(262, &[6])), "unsupported-format"),
        refused(
            "TIFF with bits in reverse",
            one(Page::grey().with(266, &[2])),
            "unsupported-format",
        ),
        refused("TIFF, old JPEG", one(Page::grey().with(259, &[6])), "unsupported-format"),
        refused("TIFF, zstd", one(Page::grey().with(259, &[50_000])), "unsupported-format"),
        refused(
            "TIFF, cut off",
            file(tiff(&[Page::grey()], false, false)[..60].to_vec()),
            "truncated",
        ),
    ];

    let mut unpacked = bmp(Bmp::Palette);
    unpacked[30] = 4; // A JPEG within.
    let bmps = vec![
        read("BMP with a palette", file(bmp(Bmp::Palette))),
        read("BMP of 24 bits from the top", file(bmp(Bmp::TopDown))),
        read("BMP of OS/2", file(bmp(Bmp::Os2))),
        read("BMP in run lengths", file(bmp(Bmp::Runs))),
        read("BMP of 32 bits", file(bmp(Bmp::Four))),
        read("BMP of 1 bit", file(bmp(Bmp::One))).so(|found| {
            pixels(found, [COLUMNS, ROWS], |x, y| if (x + y) % 2 == 1 { 255.0 } else { 0.0 });
        }),
        read("BMP of 4 bits", file(bmp(Bmp::Nibbles))).so(|found| {
            pixels(found, [COLUMNS, ROWS], |x, y| ((x + y) % 16) as f64 * 17.0);
        }),
        read("BMP of 16 bits", file(bmp(Bmp::Fives))).so(|found| {
            pixels(found, [COLUMNS, ROWS], |x, y| ((x + y) % 32) as f64 * 255.0 / 31.0);
        }),
        refused("BMP around a JPEG", file(unpacked), "unsupported-format"),
    ];
    [jpegs, pngs, tiffs, bmps].into_iter().flatten().collect()
}
