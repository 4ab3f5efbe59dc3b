//! Files in any order, one at a time, to series.
//!
//! Each file is decoded as it comes and its bytes go: what stays are 16-bit samples. A header
//! and its data may come in any order; DICOM slices are sorted when all are there.

mod added;
mod packed;
mod pairs;
mod room;
mod too_large;
mod volumes;

pub use added::{Added, Imported};

use super::dicom;
use super::dicom::DicomError;
use super::kind::{Kind, kind};
use super::limits::Limits;
use super::raster::decode_raster;
use super::series::{FileProblem, Picture, Series};
use crate::hash;
use crate::volume::Samples;
use added::Refusal;
use pairs::{Data, Waiting, may_be_samples};
use std::sync::Arc;
use too_large::TooLarge;

/// Takes files one at a time.
pub struct Import {
    limits: Limits,
    slices: Vec<dicom::slice::Slice>,
    series: Vec<Series>,
    pictures: Vec<Picture>,
    problems: Vec<FileProblem>,
    waiting: Vec<Waiting>,
    data: Vec<Data>,
    /// Names of data files that met their header, and of these headers.
    taken: Vec<(String, String)>,
    files: usize,
    /// Bytes of samples and data that are kept.
    kept: u64,
    /// Series that do not fit.
    too_large: TooLarge,
    /// Bytes that archives may still become.
    unpackable: u64,
}

impl Import {
    /// Nothing yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            unpackable: limits.unpacked,
            limits,
            slices: Vec::new(),
            series: Vec::new(),
            pictures: Vec::new(),
            problems: Vec::new(),
            waiting: Vec::new(),
            data: Vec::new(),
            taken: Vec::new(),
            files: 0,
            kept: 0,
            too_large: TooLarge::default(),
        }
    }

    /// Takes a file: tells its kind by its content, decodes it, and lets its bytes go. `name`
    /// may have folders. A file that cannot be opened does not keep the others from it.
    pub fn add(&mut self, name: &str, bytes: Vec<u8>) -> Added {
        self.take(name, bytes, 0)
    }

    fn take(&mut self, name: &str, bytes: Vec<u8>, nesting: usize) -> Added {
        self.files += 1;
        match self.open(name, bytes, nesting) {
            Ok(added) => added,
            Err(Refusal { code, message, hint }) => {
                // An archive of a million files would fill the list with one problem.
                if self.problems.len() < self.limits.files {
                    let (name, message, hint) = (name.to_owned(), message.clone(), hint.clone());
                    self.problems.push(FileProblem { name, code, message, hint });
                }
                Added::Refused { code, message, hint }
            }
        }
    }

    fn open(&mut self, name: &str, bytes: Vec<u8>, nesting: usize) -> Result<Added, Refusal> {
        let most = self.limits.files;
        if self.files > most {
            let message = format!("at most {most} files are opened at once");
            return Err(Refusal::new("too-many", message, "Choose fewer files."));
        }
        if bytes.is_empty() {
            let hint = "Copy or export the file again.";
            return Err(Refusal::new("empty-file", "the file is empty", hint));
        }
        if bytes.len() as u64 > self.limits.file_bytes {
            let message = format!("the file has more than {} bytes", self.limits.file_bytes);
            return Err(Refusal::new("too-large", message, "Open a smaller part of it."));
        }
        // The samples of a header that waits may look like anything.
        if let Some(index) = self.waiting.iter().position(|waiting| waiting.beside(name)) {
            let waiting = self.waiting.swap_remove(index);
            return self.meet(waiting, name, &bytes);
        }
        // So may those of a header that comes later, or that lies elsewhere.
        let named = || self.waiting.iter().any(|waiting| waiting.names(name));
        if may_be_samples(name) || named() {
            let otherwise = match kind(name, &bytes) {
                Kind::Unknown => Some(unknown_format()),
                Kind::Other(what) => Some(Refusal::not_an_image(what)),
                _ => None,
            };
            if let Some(otherwise) = otherwise {
                return self.set_aside(name, bytes, otherwise);
            }
            return match self.decode(name, bytes.clone(), nesting) {
                Err(refusal) if self.data.iter().all(|data| data.name != name) => {
                    self.set_aside(name, bytes, refusal)
                }
                opened => opened,
            };
        }
        self.decode(name, bytes, nesting)
    }

    /// Opens a file as what its content looks like.
    fn decode(&mut self, name: &str, bytes: Vec<u8>, nesting: usize) -> Result<Added, Refusal> {
        match kind(name, &bytes) {
            Kind::Leftover => Ok(Added::Passed { what: "a file manager's own file" }),
            Kind::Zip => self.archive(name, &bytes, nesting),
            Kind::Gzip => self.unpack(name, bytes, nesting),
            Kind::Dicom => self.dicom(name, bytes),
            Kind::MetaImage => self.metaimage(name, bytes),
            Kind::Nifti(place) => self.nifti(name, bytes, place),
            Kind::Nrrd => self.nrrd(name, bytes),
            Kind::Picture => {
                let image = decode_raster(&bytes)?;
                self.keep(image.samples.len() as u64 * 4)?;
                let format = image.format;
                let sha256 = hash::of_bytes(&bytes);
                self.pictures.push(Picture { name: name.to_owned(), image, sha256 });
                Ok(Added::Picture { format })
            }
            Kind::Analyze => {
                let message = "it is an Analyze 7.5 header, which does not tell left from right";
                let hint = "Convert it to NIfTI where it was made.";
                Err(Refusal::new("unsupported-format", message, hint))
            }
            Kind::Other(what) => Err(Refusal::not_an_image(what)),
            Kind::Unknown => self.unknown(name, bytes),
        }
    }

    fn dicom(&mut self, name: &str, bytes: Vec<u8>) -> Result<Added, Refusal> {
        let room = self.limits.kept_bytes - self.kept;
        let content = match dicom::read(name, &bytes, &self.limits, room) {
            Ok(content) => content,
            Err(DicomError::Directory) => {
                return Ok(Added::Passed { what: "DICOMDIR, the list of a disc's files" });
            }
            // Without the mark it was a guess, unless all of it could be read as a data set.
            Err(DicomError::NotDicom | DicomError::Truncated { .. } | DicomError::Damaged(_))
                if !dicom::has_mark(&bytes) =>
            {
                return self.unknown(name, bytes);
            }
            Err(DicomError::NoRoom { needed, series: Some(series), .. }) => {
                return self.refuse_series(&series, name, needed);
            }
            Err(error) => return Err(error.into()),
        };
        let sha256 = hash::of_bytes(&bytes);
        drop(bytes);
        let frames = match content {
            dicom::Content::Slices(mut slices) => {
                let sha256: Arc<str> = sha256.into();
                for slice in &mut slices {
                    slice.sha256 = Arc::clone(&sha256);
                }
                let needed = slices.iter().map(|slice| sample_bytes(&slice.samples)).sum();
                let series = slices.first().and_then(|slice| slice.file.series_uid.clone());
                if let Some(series) = series
                    && (self.too_large.has(&series) || !self.fits(needed))
                {
                    return self.refuse_series(&series, name, needed);
                }
                self.keep(needed)?;
                let frames = slices.len();
                self.slices.append(&mut slices);
                frames
            }
            dicom::Content::Pictures(images) => {
                self.keep(images.iter().map(|image| image.samples.len() as u64 * 4).sum())?;
                let frames = images.len();
                self.pictures.extend(images.into_iter().map(|image| Picture {
                    name: name.to_owned(),
                    image,
                    sha256: sha256.clone(),
                }));
                frames
            }
        };
        Ok(Added::Dicom { frames })
    }

    /// Keeps a file of no known kind, for a header may name it yet.
    fn unknown(&mut self, name: &str, bytes: Vec<u8>) -> Result<Added, Refusal> {
        self.set_aside(name, bytes, unknown_format())
    }

    /// Keeps a file that may be the samples of a header; where none names it, it is refused as
    /// `otherwise` says.
    fn set_aside(
        &mut self,
        name: &str,
        bytes: Vec<u8>,
        otherwise: Refusal,
    ) -> Result<Added, Refusal> {
        if self.keep(bytes.len() as u64).is_err() {
            return Err(otherwise);
        }
        self.data.push(Data { name: name.to_owned(), bytes, otherwise });
        Ok(Added::Data)
    }

    /// Sorts the DICOM slices into series and these into volumes. Memory: at most one series
    /// beside what is there.
    #[must_use]
    pub fn finish(mut self) -> Imported {
        self.meet_elsewhere();
        let Self { slices, mut series, pictures, mut problems, data, too_large, .. } = self;
        problems.extend(too_large.problems(&self.limits));
        for Data { name, otherwise, .. } in data {
            let Refusal { code, message, hint } = otherwise;
            problems.push(FileProblem { name, code, message, hint });
        }
        let (mut scans, mut lost) = dicom::assemble::assemble(slices);
        series.append(&mut scans);
        problems.append(&mut lost);
        let key =
            |one: &Series| (one.info.localizer, std::cmp::Reverse(one.volume.geometry().size()[2]));
        series.sort_by_key(key);
        Imported { series, pictures, problems }
    }
}

fn unknown_format() -> Refusal {
    let hint = "DICOM, MetaImage (.mha, or .mhd with its .raw), NIfTI, NRRD, zip, PNG, JPEG, TIFF \
                and BMP are opened.";
    Refusal::new("unknown-format", "its content is of no format that is known here", hint)
}

fn sample_bytes(samples: &Samples) -> u64 {
    match samples {
        Samples::Int16(samples) => samples.len() as u64 * 2,
        Samples::Float32(samples) => samples.len() as u64 * 4,
    }
}
