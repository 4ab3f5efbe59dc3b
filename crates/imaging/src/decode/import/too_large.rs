//! What does not fit: refused whole, and in the same words for every format.

use super::added::Refusal;
use crate::decode::limits::Limits;
use crate::decode::series::FileProblem;

/// DICOM series that do not fit: never a part of one is shown as if it were all.
#[derive(Default)]
pub(super) struct TooLarge(Vec<OneTooLarge>);

struct OneTooLarge {
    series: String,
    /// The file that did not fit.
    name: String,
    files: usize,
    bytes: u64,
}

impl TooLarge {
    pub fn has(&self, series: &str) -> bool {
        self.0.iter().any(|one| one.series == series)
    }

    pub fn add(&mut self, series: &str, name: &str, files: usize, bytes: u64) {
        match self.0.iter_mut().find(|one| one.series == series) {
            Some(one) => {
                one.files += files;
                one.bytes += bytes;
            }
            None => {
                let (series, name) = (series.to_owned(), name.to_owned());
                self.0.push(OneTooLarge { series, name, files, bytes });
            }
        }
    }

    /// One for each series, not for each of its files.
    pub fn problems(self, limits: &Limits) -> impl Iterator<Item = FileProblem> {
        let limits = limits.clone();
        self.0.into_iter().map(move |one| {
            let Refusal { code, message, hint } = no_room(one.bytes, &limits);
            let message = format!("{message}; its series of {} files is not opened", one.files);
            FileProblem { name: one.name, code, message, hint }
        })
    }
}

/// The refusal of what takes so many bytes.
pub(super) fn no_room(needed: u64, limits: &Limits) -> Refusal {
    let (needed, most) = (needed.div_ceil(1 << 20), limits.kept_bytes >> 20);
    let message = format!("its samples take {needed} MB, and at most {most} MB are opened at once");
    Refusal::new("too-large", message, "Open fewer files at once, or cut out the chest first.")
}
