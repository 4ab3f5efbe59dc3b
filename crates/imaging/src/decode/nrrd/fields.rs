//! The fields of an NRRD's header, by name.

use crate::decode::grid::GridError;

/// The lines `field: value`.
pub(super) struct Fields<'a> {
    pub lines: &'a [String],
}

impl<'a> Fields<'a> {
    pub fn new(lines: &'a [String]) -> Self {
        Self { lines }
    }

    /// The value of a field. Older writers leave the space within some names away.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        let close = key.replace(' ', "");
        self.lines.iter().skip(1).filter(|line| !line.starts_with('#')).find_map(|line| {
            let (name, value) = line.split_once(": ").or_else(|| line.split_once(':'))?;
            let named = name.eq_ignore_ascii_case(key) || name.eq_ignore_ascii_case(&close);
            (named && !value.starts_with('=')).then(|| value.trim())
        })
    }

    /// The value of a field that holds a whole number.
    pub fn whole(&self, key: &'static str) -> Result<Option<i64>, GridError> {
        self.get(key).map(|value| value.parse().map_err(|_| bad(key, value))).transpose()
    }
}

/// A value that cannot be understood.
pub(super) fn bad(key: &'static str, value: &str) -> GridError {
    GridError::Value { key, value: value.chars().take(60).collect() }
}
