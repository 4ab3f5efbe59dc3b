//! Random MetaImages.

use super::meaning::{
    KINDS, Kind, Meant, Random, Written, axes, origin, pitch, scaled, size, values,
};
use crate::support::files::gzip;
use crate::support::pictures::zlib;
use std::collections::BTreeSet;

pub fn write(random: &mut Random) -> Written {
    let (mut told, mut rare) = (BTreeSet::new(), Vec::new());
    let (size, pitch, origin, axes) =
        (size(random), pitch(random), origin(random), axes(random, false));
    let kind = random.pick(&KINDS);
    let name = match kind {
        Kind::I8 => "MET_CHAR",
        Kind::U8 => "MET_UCHAR",
        Kind::I16 => "MET_SHORT",
        Kind::U16 => "MET_USHORT",
        Kind::I32 => random.pick(&["MET_INT", "MET_LONG"]),
        Kind::U32 => random.pick(&["MET_UINT", "MET_ULONG"]),
        Kind::I64 => "MET_LONG_LONG",
        Kind::U64 => "MET_ULONG_LONG",
        Kind::F32 => "MET_FLOAT",
        Kind::F64 => "MET_DOUBLE",
    };
    let count = size.iter().product();
    let (stored, hu) = values(random, kind, count, (1.0, 0.0), &mut told);
    let (big, local) = (random.chance(40), random.chance(60));
    // 0 raw, 1 compressed, 2 text.
    let how = random.pick(&[0, 0, 0, 1, 1, 2]);
    let plain: Vec<u8> = match how {
        2 => stored.iter().flat_map(|value| format!("{value} ").into_bytes()).collect(),
        _ => stored.iter().flat_map(|value| kind.bytes(*value, big)).collect(),
    };
    let words = |numbers: &[f64]| numbers.iter().map(f64::to_string).collect::<Vec<_>>().join(" ");
    let mut lines = vec![
        ("ObjectType".to_owned(), "Image".to_owned()),
        ("NDims".to_owned(), "3".to_owned()),
        ("DimSize".to_owned(), size.map(|side| side.to_string()).join(" ")),
        ("ElementType".to_owned(), name.to_owned()),
    ];
    let mut line = |key: &str, value: String| lines.push((key.to_owned(), value));
    let orders = ["BinaryDataByteOrderMSB", "ElementByteOrderMSB"];
    line(random.pick(&orders), if big { "True" } else { "False" }.to_owned());
    line(random.pick(&["TransformMatrix", "Rotation", "Orientation"]), words(&axes.concat()));
    let mut meant_origin = origin;
    if random.chance(10) {
        told.insert("no-origin");
        meant_origin = [0.0; 3];
    } else {
        line(random.pick(&["Offset", "Origin", "Position"]), words(&origin));
    }
    let mut meant_pitch = pitch;
    match random.below(10) {
        0 => {
            told.insert("no-spacing");
            meant_pitch = [1.0; 3];
        }
        1 => line("ElementSize", words(&pitch)),
        2 => {
            line("ElementSpacing", words(&pitch));
            line("ElementSize", words(&pitch.map(|side| side / 2.0)));
        }
        _ => line("ElementSpacing", words(&pitch)),
    }
    if how == 2 {
        rare.push("text");
        line("BinaryData", "False".to_owned());
    } else if random.chance(80) {
        line("BinaryData", "True".to_owned());
    }
    let mut data = match how {
        1 => {
            let packed = match random.chance(15) {
                true => {
                    rare.push("gzip");
                    gzip(&plain)
                }
                false => zlib(&plain),
            };
            line("CompressedData", "True".to_owned());
            if random.chance(70) {
                line("CompressedDataSize", packed.len().to_string());
            } else {
                rare.push("no CompressedDataSize");
            }
            packed
        }
        _ => plain,
    };
    let mut before = None;
    let mut behind = how != 2 && random.chance(15);
    if how == 0 && random.chance(20) {
        let skip = random.whole(1, 40) as usize;
        data.splice(0..0, (0..skip).map(|i| i as u8));
        if random.chance(50) {
            line("HeaderSize", "-1".to_owned());
            behind = false;
        } else {
            // Of the file that holds the samples: the length of a header before them is not known yet.
            before = Some(skip);
            line("HeaderSize", "00000".to_owned());
        }
    }
    if behind {
        match random.chance(50) {
            true => data.extend([0; 9]),
            false => {
                data.extend(b"behind");
                told.insert("bytes-behind");
            }
        }
    }
    for (key, value) in [
        ("Comment", "by hand = yes"),
        ("AnatomicalOrientation", "RAI"),
        ("CenterOfRotation", "0 0 0"),
        ("ElementNumberOfChannels", "1"),
        ("Modality", "MET_MOD_CT"),
    ] {
        if random.chance(30) {
            line(key, value.to_owned());
        }
    }
    let shuffled = random.chance(30);
    if shuffled {
        rare.push("shuffled");
        random.shuffle(&mut lines);
    }
    let end = if random.chance(10) { "\r\n" } else { "\n" };
    if end == "\r\n" {
        rare.push("carriage returns");
    }
    let mut header = String::new();
    for (key, value) in &lines {
        header.push_str(&format!("{key} = {value}{end}"));
    }
    let target = if local { "LOCAL" } else { "data.raw" };
    header.push_str(&format!("ElementDataFile = {target}{end}"));
    if let Some(skip) = before {
        let all = if local { header.len() + skip } else { skip };
        header = header.replace("HeaderSize = 00000", &format!("HeaderSize = {all:05}"));
    }
    let how = format!("MetaImage\n{header}");
    let files = match local {
        true => vec![("scan.mha".to_owned(), [header.into_bytes(), data].concat())],
        false => {
            let mut files =
                vec![("scan.mhd".to_owned(), header.into_bytes()), ("data.raw".to_owned(), data)];
            random.shuffle(&mut files);
            files
        }
    };
    let steps = [0, 1, 2].map(|k| scaled(axes[k], meant_pitch[k]));
    Written { files, how, rare, meant: Meant { size, steps, origin: meant_origin, hu, told } }
}
