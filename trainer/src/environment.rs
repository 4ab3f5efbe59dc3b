//! Where this program comes from.

use std::process::Command;

/// Return the commit of the sources, `-dirty` with changes, or `unknown`.
pub fn commit() -> String {
    let git = |arguments: &[&str]| {
        // Of the sources this was built from, wherever it is run.
        let sources = ["-C", env!("CARGO_MANIFEST_DIR")];
        let output = Command::new("git").args(sources).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    match git(&["rev-parse", "--short=12", "HEAD"]) {
        Some(commit)
            if git(&["status", "--porcelain", "--untracked-files=no"]).as_deref() == Some("") =>
        {
            commit
        }
        Some(commit) => format!("{commit}-dirty"),
        None => "unknown".to_owned(),
    }
}
