//! Embeds the commit of the sources that are compiled, so that a program that was copied elsewhere,
//! or runs after the sources went on, still tells its own.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What the program is made of, from the repository's root. Only changes in these make it dirty.
const SOURCES: [&str; 5] = ["Cargo.lock", "Cargo.toml", "crates", "src", "trainer"];

fn main() {
    let root = Path::new("..");
    // A folder stands for all files below it.
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", root.join(source).display());
    }
    for file in moved_with_head() {
        println!("cargo::rerun-if-changed={}", file.display());
    }
    println!("cargo::rustc-env=NODULENS_COMMIT={}", commit());
}

fn commit() -> String {
    let status = ["status", "--porcelain", "--untracked-files=no", "--"];
    match git(&["rev-parse", "--short=12", "HEAD"]) {
        Some(commit) if git(&[&status[..], &SOURCES].concat()).as_deref() == Some("") => commit,
        Some(commit) => format!("{commit}-dirty"),
        None => "unknown".to_owned(),
    }
}

/// Files that change where another commit is checked out or made: HEAD and the branch that it
/// names. One that does not exist would have this script run at every build.
fn moved_with_head() -> Vec<PathBuf> {
    let branch = git(&["symbolic-ref", "--quiet", "HEAD"]).unwrap_or_default();
    ["HEAD", &branch, "packed-refs"]
        .into_iter()
        .filter(|name| !name.is_empty())
        .filter_map(|name| git(&["rev-parse", "--git-path", name]))
        .map(|path| Path::new("..").join(path))
        .filter(|path| path.exists())
        .collect()
}

/// Ask git at the repository's root; `None` where there is no git, or no repository, as in an
/// unpacked archive.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg("..").args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
