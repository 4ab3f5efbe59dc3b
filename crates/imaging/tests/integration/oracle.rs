//! Well-formed files by chance, written by writers of the tests' own, in all combinations of what a
//! format allows: each voxel's value and place is what the writer meant, and other readers agree.

mod compare;
mod dicom;
mod dicom_rs;
mod meaning;
mod metaimage;
mod nifti;
mod nrrd;
mod pictures;
mod python;

use crate::kinds;
use compare::{differ, lack};
use meaning::{Meant, Random, Written};
use nodulens_imaging::decode::import::{Import, Imported};
use nodulens_imaging::decode::{GreyImage, Limits, decode_raster};
use python::{Desk, Question};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The first of the seeds. Another may be given, to search further: NODULENS_SEED.
fn first_seed() -> u64 {
    let given = std::env::var("NODULENS_SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or(1)
}

/// A folder of the data that are not part of the repository; `None` where it is not there.
fn shared(folder: &str) -> Option<PathBuf> {
    let data = std::env::var_os("NODULENS_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let folder = data.join(folder);
    if !folder.is_dir() {
        println!("skipped: no files at {}", folder.display());
        return None;
    }
    Some(folder)
}

/// All files below a folder, in their order by name.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let files = entries.into_iter().flat_map(|path| match path.is_dir() {
        true => below(&path),
        false => vec![path],
    });
    files.collect()
}

fn opened<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Imported {
    let mut import = Import::new(Limits::default());
    for (name, bytes) in files {
        import.add(name, bytes.to_vec());
    }
    import.finish()
}

/// The reason why no scan holds a slice as another reader has it; `None` where one does.
fn nowhere(found: &Imported, meant: &Meant) -> Option<String> {
    let mut reasons = Vec::new();
    for series in &found.series {
        match lack(series, meant) {
            None => return None,
            Some(reason) => reasons.push(reason),
        }
    }
    Some(format!("{reasons:?}, {} problems", found.problems.len()))
}

/// Opens what was written; the reason where it is not what was meant.
fn fault(written: &Written) -> Option<String> {
    let found = opened(written.files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
    if !found.problems.is_empty() {
        return Some(format!("{:?}", found.problems));
    }
    let [series] = &found.series[..] else {
        return Some(format!("{} series came out", found.series.len()));
    };
    let told: BTreeSet<&str> = series.warnings.iter().map(|warning| warning.code).collect();
    if told != written.meant.told {
        return Some(format!("told is {told:?}, not {:?}", written.meant.told));
    }
    differ(series, &written.meant)
}

/// Writes and opens `count` files or series; counts files.
fn run(name: &str, count: u64, write: impl Fn(u64) -> Written) {
    let first = first_seed();
    let (mut files, mut faults) = (0, Vec::new());
    for seed in first..first + count {
        let written = write(seed);
        files += written.files.len();
        if let Some(reason) = fault(&written) {
            faults.push(format!("seed {seed}: {reason}\n{}", written.how));
        }
    }
    println!("{name}: seeds {first} to {}, {files} files", first + count - 1);
    let shown = faults.iter().take(5).cloned().collect::<Vec<_>>().join("\n\n");
    assert!(faults.is_empty(), "{} of {count} differ:\n{shown}", faults.len());
}

#[test]
fn metaimages_by_chance() {
    run("MetaImage", 3000, |seed| metaimage::write(&mut Random::new(seed)));
}

#[test]
fn niftis_by_chance() {
    run("NIfTI", 3000, |seed| nifti::write(&mut Random::new(seed)));
}

#[test]
fn nrrds_by_chance() {
    run("NRRD", 3000, |seed| nrrd::write(&mut Random::new(seed)));
}

#[test]
fn dicom_series_by_chance() {
    run("DICOM", 2000, |seed| dicom::write(&mut Random::new(seed), seed));
}

#[test]
fn enhanced_dicom_by_chance() {
    run("enhanced DICOM", 1000, |seed| dicom::enhanced(&mut Random::new(seed), seed));
}

#[test]
fn pictures_by_chance() {
    let first = first_seed();
    let mut faults = Vec::new();
    for seed in first..first + 3000 {
        let mut random = Random::new(seed);
        for shown in [pictures::write_png(&mut random), pictures::write_tiff(&mut random)] {
            let reason = match decode_raster(&shown.bytes) {
                Ok(image) => unlike_picture(&image, &shown.meant),
                Err(error) => Some(error.to_string()),
            };
            faults.extend(reason.map(|reason| format!("seed {seed}: {reason}\n{}", shown.how)));
        }
    }
    println!("pictures: seeds {first} to {}", first + 2999);
    let shown = faults.iter().take(5).cloned().collect::<Vec<_>>().join("\n\n");
    assert!(faults.is_empty(), "{} differ:\n{shown}", faults.len());
}

#[test]
fn dicom_rs_reads_the_same_out_of_series_by_chance() {
    let first = first_seed();
    let (mut slices, mut faults) = (0, Vec::new());
    for seed in first..first + 500 {
        let written = dicom::write(&mut Random::new(seed), seed);
        // dicom-rs takes the lowest bits wherever the highest one is; today's standard (PS3.5, 8.1.1)
        // leaves no choice, older files have one.
        if written.rare.contains(&"high bit") {
            continue;
        }
        let files = written.files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
        let found = opened(files);
        for (name, bytes) in &written.files {
            slices += 1;
            let reason = match dicom_rs::slice(bytes) {
                Ok(meant) => nowhere(&found, &meant),
                Err(reason) => Some(format!("dicom-rs: {reason}")),
            };
            faults.extend(reason.map(|reason| format!("{name}: {reason}\n{}", written.how)));
        }
    }
    println!("seeds {first} to {}: {slices} slices", first + 499);
    let shown = faults.iter().take(5).cloned().collect::<Vec<_>>().join("\n\n");
    assert!(slices > 1000 && faults.is_empty(), "{} of {slices} differ:\n{shown}", faults.len());
}

/// Real files, and those that are met outside. dicom-rs cannot decode all; where it reads a slice with
/// a place, we hold the same.
#[test]
fn dicom_rs_reads_the_same_out_of_files_from_outside() {
    // Where dicom-rs reads something else, and is wrong.
    let others = [(
        "jpegll-restart.dcm",
        "dicom-rs takes no restart intervals in lossless JPEG, and gives values up to 33620",
    )];
    let (mut slices, mut faults) = (0, Vec::new());
    for folder in ["scans", "wild"] {
        let Some(folder) = shared(folder) else { return };
        for group in groups(&folder) {
            let bytes: Vec<Vec<u8>> =
                group.iter().map(|path| std::fs::read(path).unwrap()).collect();
            let found = opened(bytes.iter().map(|bytes| ("slice", bytes.as_slice())));
            for (path, bytes) in group.iter().zip(&bytes) {
                let meant = match dicom_rs::slice(bytes) {
                    Ok(meant) => meant,
                    Err(reason) => {
                        println!("not read by dicom-rs: {}: {reason}", path.display());
                        continue;
                    }
                };
                slices += 1;
                let reason = nowhere(&found, &meant);
                if let Some(reason) = reason {
                    let explained = others.iter().find(|(known, _)| path.ends_with(known));
                    match explained {
                        Some((_, why)) => println!("{}: {why}", path.display()),
                        None => faults.push(format!("{}: {reason}", path.display())),
                    }
                }
            }
        }
    }
    assert!(slices > 50 && faults.is_empty(), "{slices} slices, {faults:#?}");
}

/// The DICOM files below a folder, those of one folder together; single files alone.
fn groups(folder: &Path) -> Vec<Vec<PathBuf>> {
    let is_dicom = |path: &PathBuf| {
        std::fs::read(path).is_ok_and(|bytes| bytes.get(128..132) == Some(b"DICM"))
    };
    let files: Vec<PathBuf> = below(folder).into_iter().filter(is_dicom).collect();
    let mut groups: Vec<Vec<PathBuf>> = Vec::new();
    for file in files {
        // One slice in several encodings.
        let encodings =
            file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("CT1"));
        let alone = encodings || file.parent() == Some(folder);
        match groups.last_mut().filter(|group| !alone && group[0].parent() == file.parent()) {
            Some(group) => group.push(file),
            None => groups.push(vec![file]),
        }
    }
    groups
}

/// Why a reader of Python is not asked about a random file: what it does otherwise, and wrong.
fn unlike(reader: &str, written: &Written) -> Option<&'static str> {
    let rare = |name| written.rare.contains(&name);
    let told = |code| written.meant.told.contains(code);
    match reader {
        // By today's standard (PS3.5, 8.1.1) the highest bit leaves no choice; older files have one.
        "pydicom" if rare("high bit") => Some("takes the lowest bits wherever the highest one is"),
        "pynrrd" if rare("byte skip in packed samples") => {
            Some("skips twice: before it inflates, and after")
        }
        "pynrrd" if told("bytes-behind") => Some("refuses more samples than the header promises"),
        "pynrrd" if rare("text") && told("not-a-number") => Some("reads no infinity out of text"),
        "simpleitk" if told("tilted") => Some("takes no axes that lean"),
        "simpleitk" if rare("NIfTI-2") => Some("reads no NIfTI-2"),
        "simpleitk" if rare("shuffled") => Some("wants NDims before the numbers"),
        "simpleitk" if rare("text") => Some("swaps the bytes of numbers that were text"),
        "simpleitk" if rare("no CompressedDataSize") => {
            Some("takes the length of the whole file for that of its samples")
        }
        "simpleitk" if told("not-a-number") && written.how.starts_with("NIfTI") => {
            Some("makes 0 of what is no number")
        }
        _ => None,
    }
}

#[test]
fn readers_of_python_read_the_same_out_of_files_by_chance() {
    let (first, desk) = (first_seed(), Desk::new("by-chance"));
    let (mut questions, mut asked) = (Vec::new(), Vec::new());
    for seed in first..first + 100 {
        let random = || Random::new(seed);
        for (name, written, readers) in [
            ("metaimage", metaimage::write(&mut random()), ["simpleitk"].as_slice()),
            ("nifti", nifti::write(&mut random()), &["nibabel", "simpleitk"]),
            ("nrrd", nrrd::write(&mut random()), &["pynrrd", "simpleitk"]),
            ("dicom", dicom::write(&mut random(), seed), &["pydicom"]),
            ("enhanced", dicom::enhanced(&mut random(), seed), &["pydicom"]),
        ] {
            let paths = desk.write(&format!("{name}-{seed}"), &written.files);
            for reader in readers {
                if unlike(reader, &written).is_none() {
                    let id = format!("{name}-{seed}-{reader}");
                    questions.push(Question { id, reader, paths: paths.clone() });
                    asked.push(written.clone());
                }
            }
        }
    }
    let Some(answers) = desk.ask(&questions) else { return };
    let mut faults = Vec::new();
    for ((question, written), answer) in questions.iter().zip(&asked).zip(answers) {
        let files = written.files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
        let found = opened(files);
        let reason = match answer {
            Err(reason) => Some(reason),
            Ok(pieces) if pieces.is_empty() => Some("it found nothing".to_owned()),
            Ok(pieces) => pieces.into_iter().find_map(|mut piece| {
                if !piece.placed || written.meant.told.contains("no-orientation") {
                    (piece.meant.steps, piece.meant.origin) =
                        (written.meant.steps, written.meant.origin);
                }
                nowhere(&found, &piece.meant)
            }),
        };
        let id = &question.id;
        let (rare, told) = (&written.rare, &written.meant.told);
        let how = &written.how;
        let fault = |reason| format!("{id}: {reason}\n{rare:?} {told:?} {how}");
        faults.extend(reason.map(fault));
    }
    println!("seeds {first} to {}: {} files read by others", first + 99, questions.len());
    let shown = faults.iter().take(400).cloned().collect::<Vec<_>>().join("\n\n");
    assert!(questions.len() > 400 && faults.is_empty(), "{} differ:\n{shown}", faults.len());
}

/// Where a reader of Python reads a file from outside otherwise, and why that is not wrong of us.
const OTHERWISE: [(&str, &str, &str); 4] = [
    ("CT1_J2KI", "pydicom", "was compressed with loss, and decoders round in their own way"),
    ("compressed-gzip.mha", "simpleitk", "takes the whole file's length for that of its samples"),
    ("rgb-2d-no-spacing-nan.nrrd", "pynrrd", "gives the array, whatever its axes mean"),
    ("seq-frames.mha", "simpleitk", "takes the frames of a sequence for slices"),
];

/// Who reads a file that is no DICOM, by its name.
fn readers_of(path: &Path) -> &'static [&'static str] {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let ends = |ending: &str| name.ends_with(ending);
    if ends(".nii") || ends(".nii.gz") {
        &["nibabel", "simpleitk"]
    } else if ends(".nrrd") {
        &["pynrrd", "simpleitk"]
    } else if ends(".mha") || ends(".mhd") {
        &["simpleitk"]
    } else if ends(".tif") {
        &["pillow", "tifffile"]
    } else if ends(".jpg") {
        &["pillow"]
    } else {
        &[]
    }
}

#[test]
fn readers_of_python_read_the_same_out_of_files_from_outside() {
    let desk = Desk::new("from-outside");
    let (mut questions, mut opened_by_us) = (Vec::new(), Vec::new());
    for folder in ["scans", "wild"] {
        let Some(folder) = shared(folder) else { return };
        let groups = groups(&folder).into_iter().map(|group| (group, ["pydicom"].as_slice()));
        let others = below(&folder).into_iter().map(|path| {
            let readers = readers_of(&path);
            (vec![path], readers)
        });
        for (mut paths, readers) in groups.chain(others).filter(|(_, readers)| !readers.is_empty())
        {
            let raw = paths[0].with_extension("raw");
            if paths[0].extension().is_some_and(|ending| ending == "mhd") && raw.is_file() {
                paths.push(raw);
            }
            let bytes: Vec<_> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
            let names: Vec<_> =
                paths.iter().map(|path| path.file_name().unwrap().to_string_lossy()).collect();
            let files = names.iter().map(AsRef::as_ref).zip(bytes.iter().map(Vec::as_slice));
            let found = std::rc::Rc::new(opened(files));
            for reader in readers {
                let id = format!("{}-{reader}", questions.len());
                questions.push(Question { id, reader, paths: paths.clone() });
                opened_by_us.push(std::rc::Rc::clone(&found));
            }
        }
    }
    let Some(answers) = desk.ask(&questions) else { return };
    let (mut pieces, mut faults) = (0, Vec::new());
    for ((question, found), answer) in questions.iter().zip(opened_by_us).zip(answers) {
        let (path, reader) = (&question.paths[0], question.reader);
        let mut reasons = Vec::new();
        match answer {
            Err(reason) => println!("not read by {reader}: {}: {reason}", path.display()),
            Ok(read) => {
                for piece in read {
                    pieces += 1;
                    reasons.extend(match &found.pictures[..] {
                        [picture] => unlike_picture(&picture.image, &piece.meant),
                        _ if piece.placed => nowhere(&found, &piece.meant),
                        _ => None,
                    });
                }
            }
        }
        let Some(reason) = reasons.first() else { continue };
        let known = OTHERWISE.iter().find(|(name, by, _)| path.ends_with(name) && *by == reader);
        match known {
            Some((name, by, why)) => println!("{name}, {by}: {why}"),
            None => faults.push(format!("{}, {reader}: {reason}", path.display())),
        }
    }
    println!("{pieces} slices, volumes and pictures of {} answers", questions.len());
    assert!(pieces > 60 && faults.is_empty(), "{faults:#?}");
}

/// Where a picture differs by more than decoders may: half a step of 8 bits, one where transparency
/// is mixed, a few steps of JPEG.
fn unlike_picture(ours: &GreyImage, theirs: &Meant) -> Option<String> {
    let [width, height, _] = theirs.size;
    if [ours.width, ours.height] != [width, height] {
        return Some(format!("{} x {}, not {width} x {height}", ours.width, ours.height));
    }
    let mixed = ours.notes.iter().any(|note| note.starts_with("Transparent"));
    let steps = match ours.format {
        "JPEG" => 3.01,
        _ if mixed => 1.01,
        _ => 0.51,
    };
    let apart = |(ours, theirs): (f32, f64)| (f64::from(ours) - theirs).abs() * 255.0 > steps;
    let pairs = ours.samples.iter().map(|grey| grey.0).zip(theirs.hu.iter().copied());
    let wrong = pairs.enumerate().find(|(_, pair)| apart(*pair));
    wrong.map(|(at, (ours, theirs))| {
        format!("pixel {} of row {} is {ours}, not {theirs}", at % width, at / width)
    })
}

#[test]
fn readers_of_python_see_the_same_pictures() {
    let desk = Desk::new("pictures");
    let (mut questions, mut asked) = (Vec::new(), Vec::new());
    for (input, bytes) in kinds::pictures() {
        let tiff = input.contains("TIFF");
        let readers: &[&str] = if tiff { &["pillow", "tifffile"] } else { &["pillow"] };
        let folder = format!("picture-{}", questions.len());
        let paths = desk.write(&folder, &[("slice".to_owned(), bytes.clone())]);
        for reader in readers {
            let id = format!("{}-{reader}", questions.len());
            questions.push(Question { id, reader, paths: paths.clone() });
            asked.push((input, bytes.clone()));
        }
    }
    let Some(answers) = desk.ask(&questions) else { return };
    let mut faults = Vec::new();
    for ((question, (input, bytes)), answer) in questions.iter().zip(&asked).zip(answers) {
        let ours = decode_raster(bytes).unwrap();
        let reason = match answer {
            Err(reason) => Some(reason),
            Ok(pieces) => unlike_picture(&ours, &pieces[0].meant),
        };
        // Pillow knows the mark of BigTIFF in one byte order only, and rounds five bits down.
        let known = ["BigTIFF, big endian", "BMP of 16 bits"].contains(input);
        if reason.is_some() && known && question.reader == "pillow" {
            continue;
        }
        faults.extend(reason.map(|reason| format!("{input}, {}: {reason}", question.reader)));
    }
    println!("{} pictures seen by others", questions.len());
    assert!(questions.len() > 50 && faults.is_empty(), "{faults:#?}");
}
