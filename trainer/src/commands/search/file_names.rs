//! Names of the files that a search writes: within their folder whatever a UID says, and no two the
//! same.

use std::collections::HashSet;

/// Longest name in bytes, so that an ending fits behind it in every file system.
const LONGEST: usize = 100;

/// Names that were given.
#[derive(Default)]
pub struct FileNames(HashSet<String>);

impl FileNames {
    /// Return a name, without an ending, of letters that every file system takes, and of its own: the
    /// second of a name gets a number.
    pub fn give(&mut self, wanted: &str) -> String {
        let safe = safe(wanted);
        let numbered = (2..).map(|number| format!("{safe}-{number}"));
        let mut names = std::iter::once(safe.clone()).chain(numbered);
        // Windows and macOS do not tell capitals apart.
        let name = names.find(|name| self.0.insert(name.to_lowercase()));
        name.unwrap_or(safe)
    }
}

fn safe(wanted: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let mut name: String = wanted.chars().map(plain).collect();
    while name.len() > LONGEST {
        name.pop();
    }
    // Neither hidden, nor the folder above, nor one of Windows' devices.
    let name = name.trim_matches('.');
    let device = ["con", "prn", "aux", "nul", "com", "lpt"];
    let stem = name.split('.').next().unwrap_or_default().to_lowercase();
    let stem = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    match name {
        "" => "series".to_owned(),
        _ if device.contains(&stem) => format!("_{name}"),
        _ => name.to_owned(),
    }
}

/// The last part of a path, without its ending.
pub fn base_name(path: &str) -> &str {
    let base = path.rsplit(['/', '\\']).next().unwrap_or(path);
    base.rsplit_once('.').map_or(base, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_its_folder() {
        let hostile =
            ["../../etc/passwd", "/etc/passwd", "C:\\x", "..", ".", "", "a\0b", "CON", "nul.x"];
        for name in hostile {
            let given = FileNames::default().give(name);
            assert!(!given.is_empty() && !given.starts_with('.'), "{name:?}: {given:?}");
            assert!(!given.contains(['/', '\\', ':', '\0']), "{name:?}: {given:?}");
            assert!(!["con", "nul.x"].contains(&&*given.to_lowercase()), "{given:?}");
        }
        assert_eq!(FileNames::default().give("1.2.840.7"), "1.2.840.7");
        assert!(FileNames::default().give(&"1.".repeat(500)).len() <= LONGEST);
    }

    #[test]
    fn two_series_never_share_a_name() {
        let mut names = FileNames::default();
        let given = ["a", "A", "a-2", "a", "b/c", "b:c"].map(|name| names.give(name));
        assert_eq!(given, ["a", "A-2", "a-2-2", "a-3", "b_c", "b_c-2"]);
    }
}
