//! Opens files and folders, and prints what each series in them is.
//!
//!     cargo run --package nodulens-imaging --example describe -- FILE_OR_FOLDER ...

use nodulens_imaging::decode::Limits;
use nodulens_imaging::decode::import::Import;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let mut import = Import::new(Limits::default());
    for path in env::args_os().skip(1) {
        for file in files(Path::new(&path))? {
            import.add(&file.to_string_lossy(), fs::read(&file)?);
        }
    }
    let imported = import.finish();
    for series in &imported.series {
        let geometry = series.volume.geometry();
        let ([width, height, depth], spacing) = (geometry.size(), geometry.spacing_mm());
        println!("{}", series.info.title);
        println!("  format    {} in {} file(s)", series.info.format, series.info.files);
        println!("  modality  {}", series.info.modality.as_deref().unwrap_or("not given"));
        println!("  size      {width} x {height} x {depth} voxels");
        println!("  spacing   {} x {} x {} mm", spacing.x, spacing.y, spacing.z);
        for warning in &series.warnings {
            println!("  warning   {}: {}", warning.code, warning.message);
        }
    }
    for picture in &imported.pictures {
        let image = &picture.image;
        println!("{}: {} of {} x {} pixels", picture.name, image.format, image.width, image.height);
        for note in &image.notes {
            println!("  note      {note}");
        }
    }
    for problem in &imported.problems {
        println!("{}: {}: {}. {}", problem.name, problem.code, problem.message, problem.hint);
    }
    Ok(())
}

/// Return the file, or all files below the folder, sorted.
fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path()));
    let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    Ok(entries.iter().map(|path| files(path)).collect::<io::Result<Vec<_>>>()?.concat())
}
