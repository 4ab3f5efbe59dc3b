//! What comes of each kind of input: read, told or refused. `docs/scans.md` has the table that this
//! list makes.
//!
//! A row is a [`Case`] in the list of its format (`kinds/`): files that an independent writer of
//! `support/` makes, and what must come of them. `NODULENS_WRITE_DOCS=1` writes the table anew.

mod dicom;
mod metaimage;
mod nifti;
mod nrrd;
mod others;
mod packed;
mod pictures;

use crate::support::files::*;
use crate::support::pictures::{COLUMNS, ROWS, grey};
use nodulens_imaging::decode::import::Imported;
use nodulens_imaging::decode::series::{Picture, Series};
use nodulens_imaging::geometry::VoxelPoint;
use nodulens_imaging::intensity::Hu;
use std::fmt::Write;

/// A kind of input, and what comes of it.
pub struct Case {
    /// What it is, as the table calls it.
    input: &'static str,
    /// Names and bytes, in the order in which they are opened.
    files: Vec<(&'static str, Vec<u8>)>,
    outcome: Outcome,
    check: fn(&Imported),
}

/// What comes of files.
enum Outcome {
    /// It opens, and nothing is said.
    Read,
    /// It opens, and this is said: codes of warnings, or how notes begin.
    Told(&'static [&'static str]),
    /// It opens as several scans, and the first says this: codes of warnings.
    Several(usize, &'static [&'static str]),
    /// It is refused with this code.
    Refused(&'static str),
    /// A part of it opens, and another is refused with this code.
    Partly(&'static [&'static str], &'static str),
}

/// Something that opens with nothing to say: by default the volume of `support/files.rs`, upright
/// in its place, or the picture of `support/pictures.rs`.
pub fn read(input: &'static str, files: Vec<(&'static str, Vec<u8>)>) -> Case {
    Case { input, files, outcome: Outcome::Read, check: as_written }
}

/// Something that opens with a word: the codes of a scan's warnings, in their order, or how the
/// notes on a picture begin.
pub fn told(
    input: &'static str,
    files: Vec<(&'static str, Vec<u8>)>,
    words: &'static [&'static str],
) -> Case {
    Case { input, files, outcome: Outcome::Told(words), check: as_written }
}

/// Something that opens as several scans, with the codes of the first one's warnings.
pub fn several(
    input: &'static str,
    files: Vec<(&'static str, Vec<u8>)>,
    count: usize,
    words: &'static [&'static str],
) -> Case {
    Case { input, files, outcome: Outcome::Several(count, words), check: |_| {} }
}

/// Something of which one file is refused with a code, and the others open with a word.
pub fn partly(
    input: &'static str,
    files: Vec<(&'static str, Vec<u8>)>,
    words: &'static [&'static str],
    code: &'static str,
) -> Case {
    Case { input, files, outcome: Outcome::Partly(words, code), check: |_| {} }
}

/// Something that is refused with a code. The message is in the table.
pub fn refused(
    input: &'static str,
    files: Vec<(&'static str, Vec<u8>)>,
    code: &'static str,
) -> Case {
    Case { input, files, outcome: Outcome::Refused(code), check: |_| {} }
}

impl Case {
    /// What else must hold, in place of what holds by default.
    pub fn so(mut self, check: fn(&Imported)) -> Self {
        self.check = check;
        self
    }

    /// Opens the files; returns what the table says of it.
    fn judge(self) -> (&'static str, String) {
        let Self { input, files, outcome, check } = self;
        let found = import(files);
        let words: Vec<String> = match (&found.series[..], &found.pictures[..]) {
            ([one, ..], []) => one.warnings.iter().map(|warning| warning.message.clone()).collect(),
            ([], [one]) => one.image.notes.clone(),
            _ => Vec::new(),
        };
        let problems: Vec<_> = found.problems.iter().map(|one| one.message.clone()).collect();
        let what = match outcome {
            Outcome::Refused(code) => {
                let none = found.series.is_empty() && found.pictures.is_empty();
                assert!(none && problems.len() == 1, "{input}: {problems:?}");
                let problem = &found.problems[0];
                assert_eq!(problem.code, code, "{input}: {}", problem.message);
                assert!(!problem.hint.is_empty(), "{input}");
                return (input, format!("refused | {}", problems[0]));
            }
            Outcome::Read => {
                assert!(problems.is_empty() && words.is_empty(), "{input}: {problems:?} {words:?}");
                "read | ".to_owned()
            }
            Outcome::Several(count, codes) => {
                assert_eq!((found.series.len(), problems.len()), (count, 0), "{input}");
                let told = found.series[0].warnings.iter().map(|warning| warning.code);
                assert!(told.eq(codes.iter().copied()), "{input}: {words:?}");
                let titles: Vec<&str> = found.series.iter().map(|one| &*one.info.title).collect();
                check(&found);
                return (input, format!("told | {} ({})", words.join(" "), titles.join("; ")));
            }
            Outcome::Partly(codes, code) => {
                assert_eq!((found.series.len(), problems.len()), (1, 1), "{input}: {problems:?}");
                assert_eq!(found.problems[0].code, code, "{input}");
                let told = found.series[0].warnings.iter().map(|warning| warning.code);
                assert!(told.eq(codes.iter().copied()), "{input}: {words:?}");
                check(&found);
                let words = [problems, words].concat().join(". ");
                return (input, format!("partly | {words}"));
            }
            Outcome::Told(codes) => {
                let beginnings: Vec<&str> = match &found.series[..] {
                    [one] => one.warnings.iter().map(|warning| warning.code).collect(),
                    _ => words.iter().map(String::as_str).collect(),
                };
                let alike = beginnings.len() == codes.len()
                    && beginnings.iter().zip(codes).all(|(word, code)| word.starts_with(code));
                assert!(problems.is_empty() && alike, "{input}: {problems:?} {words:?}");
                format!("told | {}", words.join(" "))
            }
        };
        assert_eq!(found.series.len() + found.pictures.len(), 1, "{input}");
        println!("{input}");
        check(&found);
        (input, what)
    }
}

/// The one scan of an import.
pub fn scan(found: &Imported) -> &Series {
    assert_eq!((found.series.len(), found.pictures.len()), (1, 0));
    &found.series[0]
}

/// The one picture of an import.
pub fn picture(found: &Imported) -> &Picture {
    assert_eq!((found.series.len(), found.pictures.len()), (0, 1));
    &found.pictures[0]
}

/// Every voxel or pixel is what the writers wrote.
fn as_written(found: &Imported) {
    if found.series.is_empty() { upright_picture(found) } else { in_place(scan(found)) }
}

/// The HU of the volume, at their places in the body.
pub fn in_place(series: &Series) {
    same_hu(series);
    let geometry = series.volume.geometry();
    for corner in [[0, 0, 0], [2, 0, 0], [0, 4, 0], [0, 0, 6]] {
        let voxel = corner.map(|index| index as f64);
        let world = geometry.world_from_voxel(VoxelPoint { x: voxel[0], y: voxel[1], z: voxel[2] });
        let right = [0, 1, 2].map(|k| ORIGIN[k] + voxel[k] * SPACING[k]);
        for (ours, right) in [world.x, world.y, world.z].into_iter().zip(right) {
            assert!((ours - right).abs() < 1e-4, "{world:?} {corner:?}");
        }
    }
}

/// The HU of the volume, wherever it is.
pub fn same_hu(series: &Series) {
    assert_eq!(series.volume.geometry().size(), SIZE);
    let [width, height, depth] = SIZE;
    for i in 0..width * height * depth {
        let (x, y, z) = (i % width, i / width % height, i / width / height);
        let found = series.volume.hu(x as i64, y as i64, z as i64);
        assert_eq!(found, Some(Hu(f32::from(hu(x, y, z)))), "{x} {y} {z}");
    }
}

/// Pixels are `pixel` of their column and row, of 255, to within half a step of 8 bits.
pub fn pixels(found: &Imported, size: [usize; 2], pixel: impl Fn(usize, usize) -> f64) {
    let image = &picture(found).image;
    assert_eq!([image.width, image.height], size);
    for y in 0..size[1] {
        for x in 0..size[0] {
            let ours = f64::from(image.samples[y * size[0] + x].0) * 255.0;
            assert!((ours - pixel(x, y)).abs() <= 0.5, "{x} {y}: {ours} for {}", pixel(x, y));
        }
    }
}

fn upright_picture(found: &Imported) {
    pixels(found, [COLUMNS, ROWS], |x, y| f64::from(grey(x, y)));
}

/// The pictures that open, by what they are called.
pub fn pictures() -> Vec<(&'static str, Vec<u8>)> {
    single(pictures::cases())
}

/// All that opens out of one file, by what it is called.
pub fn whole_files() -> Vec<(&'static str, Vec<u8>)> {
    all().into_iter().flat_map(|(_, cases)| single(cases)).collect()
}

fn single(cases: Vec<Case>) -> Vec<(&'static str, Vec<u8>)> {
    let opens = |case: &Case| matches!(case.outcome, Outcome::Read | Outcome::Told(_));
    let cases = cases.into_iter().filter(|case| opens(case) && case.files.len() == 1);
    cases.map(|mut case| (case.input, case.files.remove(0).1)).collect()
}

/// All lists, by the heading of their part of the table.
fn all() -> Vec<(&'static str, Vec<Case>)> {
    vec![
        ("DICOM", dicom::cases()),
        ("MetaImage", metaimage::cases()),
        ("NIfTI", nifti::cases()),
        ("NRRD", nrrd::cases()),
        ("Zip and gzip", packed::cases()),
        ("Pictures", pictures::cases()),
        ("Others", others::cases()),
    ]
}

const BEGIN: &str = "<!-- What comes of each kind of input. Written by NODULENS_WRITE_DOCS=1 cargo test -p \
                     nodulens-imaging --test integration kinds; do not edit. -->";
const END: &str = "<!-- The end of what is written. -->";

#[test]
fn what_comes_of_each_kind_of_input_is_what_the_docs_say() {
    let mut table = String::new();
    for (heading, cases) in all() {
        writeln!(table, "\n**{heading}**\n\n| input | | what is said |\n|---|---|---|").unwrap();
        let mut inputs = Vec::new();
        for case in cases {
            let (input, what) = case.judge();
            assert!(!inputs.contains(&input), "{input} is there twice");
            inputs.push(input);
            writeln!(table, "| {input} | {what} |").unwrap();
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/scans.md");
    let docs = std::fs::read_to_string(path).unwrap();
    let (before, rest) = docs.split_once(BEGIN).expect("the place of the table is missing");
    let (old, behind) = rest.split_once(END).expect("the end of the table is missing");
    let table = format!("\n{table}\n");
    if std::env::var_os("NODULENS_WRITE_DOCS").is_some() {
        std::fs::write(path, [before, BEGIN, &table, END, behind].concat()).unwrap();
    } else {
        assert!(
            old == table,
            "docs/scans.md is not what comes of the inputs: NODULENS_WRITE_DOCS=1 writes it"
        );
    }
}
