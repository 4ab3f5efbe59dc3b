//! Files in files: zip archives, and single files packed with gzip.

use super::Import;
use super::added::{Added, Refusal};
use super::pairs::may_be_samples;
use crate::decode::archive::Archive;
use crate::decode::inflate;
use crate::decode::kind::{Kind, kind};
use crate::decode::series::{FileProblem, Warning};

impl Import {
    pub(super) fn archive(
        &mut self,
        name: &str,
        bytes: &[u8],
        nesting: usize,
    ) -> Result<Added, Refusal> {
        if nesting > self.limits.nesting {
            let message = "it is an archive within archives";
            return Err(Refusal::new("nested-archive", message, "Unpack the outer one first."));
        }
        let mut archive = Archive::open(bytes)?;
        if archive.len() == 0 {
            let hint = "Make it again, with the files in it.";
            return Err(Refusal::new("empty-file", "the archive has no files in it", hint));
        }
        let mut files = 0;
        for index in 0..archive.len() {
            let file = archive.file(index, &self.limits, &mut self.unpackable);
            let Some((inner, content)) = file else { continue };
            let inner = format!("{name}/{inner}");
            files += 1;
            match content {
                Ok(content) => {
                    self.take(&inner, content, nesting + 1);
                }
                Err(error) => {
                    let Refusal { code, message, hint } = error.into();
                    self.files += 1;
                    self.problems.push(FileProblem { name: inner, code, message, hint });
                }
            }
            if self.unpackable == 0 {
                let message =
                    format!("archives are unpacked to {} bytes at most", self.limits.unpacked);
                return Err(Refusal::new("too-large", message, "Unpack it first."));
            }
            if self.files > self.limits.files {
                let message = format!("only the first {} files of it were read", self.limits.files);
                return Err(Refusal::new(
                    "too-many",
                    message,
                    "Unpack it, and choose fewer files.",
                ));
            }
        }
        if archive.repeats() {
            let message = "several of its files have one name: of these, the last alone was read";
            let (name, message) = (name.to_owned(), message.to_owned());
            let hint = "Unpack it first, then choose the files.".to_owned();
            self.problems.push(FileProblem { name, code: "same-names", message, hint });
        }
        Ok(Added::Archive { files })
    }

    /// A single file packed with gzip; a header may also name it as it is.
    pub(super) fn unpack(
        &mut self,
        name: &str,
        bytes: Vec<u8>,
        nesting: usize,
    ) -> Result<Added, Refusal> {
        if nesting > self.limits.nesting {
            let message = "it is an archive within archives";
            return Err(Refusal::new("nested-archive", message, "Unpack the outer one first."));
        }
        let (inflated, behind) = match inflate::gzip(&bytes, &self.limits, &mut self.unpackable) {
            Ok(unpacked) => unpacked,
            Err(error @ inflate::InflateError::TooLarge { .. }) => {
                let hint = "Unpack it first, and choose the files that are needed.";
                return Err(Refusal::new("too-large", error.to_string(), hint));
            }
            Err(error) => {
                return Err(Refusal::new("damaged", error.to_string(), "Copy it again."));
            }
        };
        let inner = name.strip_suffix(".gz").unwrap_or(name);
        match kind(inner, &inflated) {
            Kind::Unknown => self.unknown(name, bytes),
            // A header that names it means it as it is: packed.
            Kind::Other(what) if may_be_samples(name) => {
                self.set_aside(name, bytes, Refusal::not_an_image(what))
            }
            _ => {
                drop(bytes);
                let (series, pictures) = (self.series.len(), self.pictures.len());
                let added = self.open(inner, inflated, nesting + 1);
                if behind {
                    self.tell_of_bytes_behind(series, pictures);
                }
                added
            }
        }
    }

    /// Says of what came out of a gzip file, all after those many, that bytes were passed over.
    fn tell_of_bytes_behind(&mut self, series: usize, pictures: usize) {
        let message = "Behind the packed file stand other bytes, which were passed over.";
        for one in self.series.iter_mut().skip(series) {
            one.warnings.push(Warning::new("bytes-behind", message));
        }
        for one in self.pictures.iter_mut().skip(pictures) {
            one.image.notes.push(message.to_owned());
        }
    }
}
