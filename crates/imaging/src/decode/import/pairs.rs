//! A header and its samples in two files that come in any order.
//!
//! They meet in the same folder first. Elsewhere they meet only at the end, and only where one file
//! alone has the name: then no other can have been meant. A data file never serves two headers.

use super::added::Refusal;
use crate::decode::kind::base_name;

/// A header that waits for its samples.
pub(super) struct Waiting {
    pub name: String,
    pub bytes: Vec<u8>,
    pub format: &'static str,
    /// The names that its samples may have: paths of the machine that wrote it, perhaps.
    pub wants: Vec<String>,
}

/// A file that may be the samples of a header.
pub(super) struct Data {
    pub name: String,
    pub bytes: Vec<u8>,
    /// What is said of it where no header names it.
    pub otherwise: Refusal,
}

/// Endings of files that hold samples, in lower case. What they hold may look like anything: text,
/// a picture, an archive.
const ENDINGS: [&str; 9] =
    [".raw", ".zraw", ".img", ".dat", ".bin", ".raw.gz", ".img.gz", ".data", ".ima"];

/// Whether a file of this name may be the samples of a header, whatever its content looks like.
pub(super) fn may_be_samples(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// The folders of a name, with the last separator; empty where there is none.
fn folder(name: &str) -> &str {
    name.get(..name.len() - base_name(name).len()).unwrap_or_default()
}

impl Waiting {
    /// Whether this is the very file that the header names: in its folder, or below it.
    pub fn beside(&self, name: &str) -> bool {
        self.wants.iter().any(|wants| {
            let inner = wants.replace('\\', "/");
            let inner = inner.strip_prefix("./").unwrap_or(&inner);
            let path = |below: &str| format!("{}{below}", folder(&self.name)) == name;
            path(base_name(wants)) || path(inner)
        })
    }

    /// Whether the name is right but for its folder and the case of its letters.
    pub fn names(&self, name: &str) -> bool {
        self.wants.iter().any(|wants| base_name(wants).eq_ignore_ascii_case(base_name(name)))
    }

    /// The name of the file that it takes at the end: the only one of the name in its folder, or
    /// `anywhere` the only one of all, where no other of the `headers` that wait names it.
    pub fn choose(&self, headers: &[Self], data: &[Data], anywhere: bool) -> Option<String> {
        let mut named = data.iter().filter(|one| {
            self.names(&one.name) && (anywhere || folder(&one.name) == folder(&self.name))
        });
        let (one, other) = (named.next()?, named.next());
        let rivals = headers.iter().filter(|header| header.names(&one.name)).count();
        (other.is_none() && (!anywhere || rivals == 1)).then(|| one.name.clone())
    }

    /// Why it opens nothing. `taken`: names of data files that met their header, and of these.
    pub fn refusal(&self, data: &[Data], taken: &[(String, String)]) -> Refusal {
        let wants = self.wants.first().map(|wants| base_name(wants)).unwrap_or_default();
        if let Some((_, header)) = taken.iter().find(|(name, _)| self.beside(name)) {
            let message =
                format!("its samples, {wants}, belong to another header already, {header}");
            let hint = "Open the headers one at a time, or give each its own file of samples.";
            return Refusal::new("data-taken", message, hint);
        }
        let elsewhere = match data.iter().any(|one| self.names(&one.name)) {
            true => "; files of that name are in other folders, and which is meant is not certain",
            false => "",
        };
        let message = format!("the samples lie in another file, {wants}{elsewhere}");
        Refusal::new("data-elsewhere", message, "Give that file together with the header.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_bases() {
        for (name, expected) in [("a/b/c.raw", "a/b/"), ("c.raw", ""), ("a\\b\\c.raw", "a\\b\\")] {
            assert_eq!(folder(name), expected);
        }
    }
}
