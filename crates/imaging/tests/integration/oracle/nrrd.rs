//! Random NRRDs.

use super::meaning::{
    KINDS, Kind, Lps, Meant, Random, Written, axes, leaning, origin, pitch, scaled, size, values,
};
use crate::support::files::gzip;
use std::collections::BTreeSet;

/// The names under which a type is known.
fn names(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::I8 => &["signed char", "int8", "int8_t"],
        Kind::U8 => &["uchar", "unsigned char", "uint8", "uint8_t"],
        Kind::I16 => {
            &["short", "short int", "signed short", "signed short int", "int16", "int16_t"]
        }
        Kind::U16 => &["ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"],
        Kind::I32 => &["int", "signed int", "int32", "int32_t"],
        Kind::U32 => &["uint", "unsigned int", "uint32", "uint32_t"],
        Kind::I64 => &["longlong", "long long", "long long int", "int64", "int64_t"],
        Kind::U64 => &["ulonglong", "unsigned long long", "uint64", "uint64_t"],
        Kind::F32 => &["float"],
        Kind::F64 => &["double"],
    }
}

pub fn write(random: &mut Random) -> Written {
    let (mut told, mut rare) = (BTreeSet::new(), Vec::new());
    let (size, pitch) = (size(random), pitch(random));
    let (mut origin, mut axes) = (origin(random), axes(random, false));
    let kind = random.pick(&KINDS);
    let count = size.iter().product();
    let (stored, hu) = values(random, kind, count, (1.0, 0.0), &mut told);
    let (big, local) = (random.chance(40), random.chance(60));
    let encoding =
        random.pick(&["raw", "raw", "raw", "gzip", "gzip", "gz", "text", "txt", "ascii"]);
    let (text, packed) =
        (encoding.len() > 3 && encoding != "gzip" || encoding == "txt", encoding.starts_with('g'));
    let mut data: Vec<u8> = match text {
        true => stored.iter().flat_map(|value| format!("{value}\n").into_bytes()).collect(),
        false => stored.iter().flat_map(|value| kind.bytes(*value, big)).collect(),
    };

    if text {
        rare.push("text");
    }
    let mut fields = Vec::new();
    let mut field = |name: &str, value: String| fields.push(format!("{name}: {value}"));
    field("type", random.pick(names(kind)).to_owned());
    field("sizes", size.map(|side| side.to_string()).join(" "));
    field("encoding", encoding.to_owned());
    if kind.bytes(0.0, false).len() > 1 && !text || random.chance(20) {
        field("endian", if big { "big" } else { "little" }.to_owned());
    }
    let old = random.chance(30);
    let spelled = |name: &str| if old { name.replace(' ', "") } else { name.to_owned() };
    // Bytes within what is packed, lines before it.
    if !text && random.chance(25) {
        let skip = random.whole(1, 30) as usize;
        data.splice(0..0, (0..skip).map(|i| i as u8));
        let last = random.chance(40);
        rare.push(if packed { "byte skip in packed samples" } else { "byte skip" });
        field(&spelled("byte skip"), if last { "-1".to_owned() } else { skip.to_string() });
    } else if !text && random.chance(10) {
        data.extend(b"behind");
        told.insert("bytes-behind");
    }
    if packed {
        data = gzip(&data);
    }
    if random.chance(15) {
        data.splice(0..0, b"a line\nand another\n".iter().copied());
        field(&spelled("line skip"), "2".to_owned());
    }

    let words = |vector: Lps, signs: Lps| {
        let sides = [0, 1, 2].map(|k| if vector[k] == 0.0 { 0.0 } else { vector[k] * signs[k] });
        format!("({})", sides.map(|side| side.to_string()).join(","))
    };
    let spaces: [(&str, Lps); 6] = [
        ("left-posterior-superior", [1.0, 1.0, 1.0]),
        ("LPS", [1.0, 1.0, 1.0]),
        ("right-anterior-superior", [-1.0, -1.0, 1.0]),
        ("RAS", [-1.0, -1.0, 1.0]),
        ("left-anterior-superior", [1.0, -1.0, 1.0]),
        ("LAS", [1.0, -1.0, 1.0]),
    ];
    let mut first = vec!["dimension: 3".to_owned()];
    let mut steps = [0, 1, 2].map(|k| scaled(axes[k], pitch[k]));
    if random.chance(80) {
        let (space, signs) = random.pick(&spaces);
        if random.chance(15) {
            told.insert("tilted");
            steps = leaning(random, axes, pitch);
        }
        first.push(format!("space: {space}"));
        field("space directions", steps.map(|step| words(step, signs)).join(" "));
        if random.chance(90) {
            field("space origin", words(origin, signs));
        } else {
            told.insert("no-origin");
            origin = [0.0; 3];
        }
        if random.chance(20) {
            field("space units", "\"mm\" \"mm\" \"mm\"".to_owned());
        }
        if random.chance(20) {
            field("measurement frame", "(1,0,0) (0,1,0) (0,0,1)".to_owned());
        }
    } else {
        told.extend(["no-orientation", "no-origin"]);
        axes = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        origin = [0.0; 3];
        let mut pitch = pitch;
        if random.chance(70) {
            field("spacings", pitch.map(|side| side.to_string()).join(" "));
        } else {
            told.insert("no-spacing");
            pitch = [1.0; 3];
        }
        steps = [0, 1, 2].map(|k| scaled(axes[k], pitch[k]));
    }
    for (name, value) in [
        ("kinds", "domain domain domain"),
        ("kinds", "space space space"),
        ("labels", "\"x: a\" \"y\" \"z\""),
        ("content", "drawn by chance"),
        (if old { "centers" } else { "centerings" }, "cell cell cell"),
        ("thicknesses", "nan nan 2"),
    ] {
        let twice = fields.iter().any(|field| field.starts_with(name));
        if !twice && random.chance(25) {
            fields.push(format!("{name}: {value}"));
        }
    }
    if random.chance(20) {
        fields.push("# a comment: none".to_owned());
        fields.push("made by:=chance: the writer".to_owned());
    }
    if !local {
        fields.push(format!("{}: data.raw", if old { "datafile" } else { "data file" }));
    }
    random.shuffle(&mut fields);
    first.extend(fields);
    let end = if random.chance(10) { "\r\n" } else { "\n" };
    if end == "\r\n" {
        rare.push("carriage returns");
    }
    let version = random.whole(4, 5);
    let header = format!("NRRD000{version}{end}{}{end}", first.join(end));
    let how = format!("NRRD\n{header}");
    let files = match local {
        true => {
            let whole = [header.into_bytes(), end.as_bytes().to_vec(), data].concat();
            vec![("scan.nrrd".to_owned(), whole)]
        }
        false => {
            let mut files =
                vec![("scan.nhdr".to_owned(), header.into_bytes()), ("data.raw".to_owned(), data)];
            random.shuffle(&mut files);
            files
        }
    };
    Written { files, how, rare, meant: Meant { size, steps, origin, hu, told } }
}
