//! Volumes in one piece, in one file or in two that come in any order.

use super::added::Refusal;
use super::{Added, Import, Waiting, names, sample_bytes};
use crate::decode::grid::{DataFile, Grid};
use crate::decode::kind::base_name;
use crate::decode::metaimage;
use crate::decode::nifti::{self, Place};
use crate::decode::series::{Series, SeriesInfo};
use crate::decode::{inflate, nrrd, orient};
use crate::hash;

impl Import {
    pub(super) fn metaimage(&mut self, name: &str, bytes: Vec<u8>) -> Result<Added, Refusal> {
        let metaimage::Header { grid, data } = metaimage::Header::parse(&bytes)?;
        self.one_or_two(name, bytes, "MetaImage", &grid, data)
    }

    pub(super) fn nifti(
        &mut self,
        name: &str,
        bytes: Vec<u8>,
        place: Place,
    ) -> Result<Added, Refusal> {
        let gzip = bytes.starts_with(&[0x1F, 0x8B]);
        if place == Place::Beside {
            let base = base_name(name);
            let stem = base.strip_suffix(".gz").unwrap_or(base);
            let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
            let wants = format!("{stem}.img{}", if gzip { ".gz" } else { "" });
            return self.wait(name, bytes, "NIfTI", wants);
        }
        let head = if gzip { inflate::gzip_head(&bytes, nifti::HEADER) } else { Vec::new() };
        let grid = nifti::parse(if gzip { &head } else { &bytes }, place, gzip, &self.limits)?;
        self.one_or_two(name, bytes, "NIfTI", &grid, DataFile::Local { offset: 0 })
    }

    pub(super) fn nrrd(&mut self, name: &str, bytes: Vec<u8>) -> Result<Added, Refusal> {
        let (grid, data) = nrrd::parse(&bytes, &self.limits)?;
        self.one_or_two(name, bytes, "NRRD", &grid, data)
    }

    /// Reads the samples where they are in the same file, or waits for the other.
    fn one_or_two(
        &mut self,
        name: &str,
        bytes: Vec<u8>,
        format: &'static str,
        grid: &Grid,
        data: DataFile,
    ) -> Result<Added, Refusal> {
        self.enough(grid.voxels())?;
        match data {
            DataFile::Beside(wants) => self.wait(name, bytes, format, wants),
            DataFile::Local { offset } => {
                let data = bytes.get(offset..).unwrap_or_default();
                self.volume(format, grid, data, &[&bytes])
            }
        }
    }

    /// Refuses a volume for which there is no room, before it is read.
    fn enough(&self, voxels: u64) -> Result<(), Refusal> {
        let room = self.limits.kept_bytes - self.kept;
        if voxels > self.limits.voxels || voxels.saturating_mul(2) > room {
            let message = format!("the header promises {voxels} voxels, more than can be read");
            let hint = "Cut out the region of interest first, or open fewer files at once.";
            return Err(Refusal::new("too-large", message, hint));
        }
        Ok(())
    }

    /// Keeps a header until its samples are there.
    fn wait(
        &mut self,
        name: &str,
        bytes: Vec<u8>,
        format: &'static str,
        wants: String,
    ) -> Result<Added, Refusal> {
        let waiting = Waiting { name: name.to_owned(), bytes, format, wants };
        if let Some(index) = self.data.iter().position(|data| names(&waiting.wants, &data.name)) {
            let data = self.data.swap_remove(index);
            self.kept = self.kept.saturating_sub(data.bytes.len() as u64);
            return self.join(&waiting, &data.bytes);
        }
        self.keep(waiting.bytes.len() as u64)?;
        let wants = waiting.wants.clone();
        self.waiting.push(waiting);
        Ok(Added::Header { format, wants })
    }

    /// Brings samples to every header that names them.
    pub(super) fn meet(&mut self, name: &str, bytes: Vec<u8>) -> Result<Added, Refusal> {
        let mut added = Ok(Added::Data);
        while let Some(index) = self.waiting.iter().position(|one| names(&one.wants, name)) {
            let waiting = self.waiting.swap_remove(index);
            self.kept = self.kept.saturating_sub(waiting.bytes.len() as u64);
            added = self.join(&waiting, &bytes);
        }
        added
    }

    fn join(&mut self, header: &Waiting, data: &[u8]) -> Result<Added, Refusal> {
        let grid = match header.format {
            "MetaImage" => metaimage::Header::parse(&header.bytes)?.grid,
            "NIfTI" => {
                let head = match header.bytes.starts_with(&[0x1F, 0x8B]) {
                    true => inflate::gzip_head(&header.bytes, nifti::HEADER),
                    false => header.bytes.clone(),
                };
                let gzip = data.starts_with(&[0x1F, 0x8B]);
                nifti::parse(&head, Place::Beside, gzip, &self.limits)?
            }
            _ => nrrd::parse(&header.bytes, &self.limits)?.0,
        };
        self.enough(grid.voxels())?;
        self.volume(header.format, &grid, data, &[&header.bytes, data])
    }

    fn volume(
        &mut self,
        format: &'static str,
        grid: &Grid,
        data: &[u8],
        files: &[&[u8]],
    ) -> Result<Added, Refusal> {
        let (volume, mut warnings) = grid.read(data, data.len() as u64, &self.limits)?;
        warnings.extend_from_slice(&grid.warnings);
        self.keep(sample_bytes(volume.samples()))?;
        let volume = orient::upright(volume)?;
        let [_, _, depth] = volume.geometry().size();
        let spacing = volume.geometry().spacing_mm().z;
        let title = match depth {
            1 => format!("{format} volume, one slice"),
            _ => format!("{format} volume, {depth} slices every {spacing:.2} mm"),
        };
        let hashes: Vec<_> = files.iter().map(|file| hash::of_bytes(file)).collect();
        let info = SeriesInfo {
            format,
            title,
            files: files.len(),
            sha256: hash::of_files(hashes.iter().map(String::as_str)),
            tags: grid.tags.clone(),
            ..SeriesInfo::default()
        };
        self.series.push(Series { volume, info, warnings });
        Ok(Added::Volume { format })
    }
}
