//! Volumes in one piece, in one file or in two that come in any order.

use super::added::{Added, Refusal};
use super::pairs::Waiting;
use super::too_large::no_room;
use super::{Import, sample_bytes};
use crate::decode::grid::{DataFile, Grid};
use crate::decode::kind::base_name;
use crate::decode::metaimage;
use crate::decode::nifti::{self, Place};
use crate::decode::series::{FileProblem, Series, SeriesInfo};
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
            // Each of the two may be compressed by itself.
            let (plain, packed) = (format!("{stem}.img"), format!("{stem}.img.gz"));
            let wants = if gzip { vec![packed, plain] } else { vec![plain, packed] };
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
            DataFile::Beside(wants) => self.wait(name, bytes, format, vec![wants]),
            DataFile::Local { offset } => {
                let data = bytes.get(offset..).unwrap_or_default();
                self.volume(name, format, grid, data, &[&bytes])
            }
        }
    }

    /// Refuses a volume for which there is no room, before it is read.
    fn enough(&self, voxels: u64) -> Result<(), Refusal> {
        let needed = voxels.saturating_mul(2);
        if self.fits(needed) { Ok(()) } else { Err(no_room(needed, &self.limits)) }
    }

    /// Keeps a header until its samples are there.
    fn wait(
        &mut self,
        name: &str,
        bytes: Vec<u8>,
        format: &'static str,
        wants: Vec<String>,
    ) -> Result<Added, Refusal> {
        let waiting = Waiting { name: name.to_owned(), bytes, format, wants };
        if let Some(index) = self.data.iter().position(|data| waiting.beside(&data.name)) {
            let data = self.data.swap_remove(index);
            self.kept = self.kept.saturating_sub(data.bytes.len() as u64);
            self.kept += waiting.bytes.len() as u64;
            return self.meet(waiting, &data.name, &data.bytes);
        }
        self.keep(waiting.bytes.len() as u64)?;
        let wants = waiting.wants.first().cloned().unwrap_or_default();
        self.waiting.push(waiting);
        Ok(Added::Header { format, wants })
    }

    /// Brings samples to a header, which does not wait any more.
    pub(super) fn meet(
        &mut self,
        waiting: Waiting,
        name: &str,
        bytes: &[u8],
    ) -> Result<Added, Refusal> {
        self.kept = self.kept.saturating_sub(waiting.bytes.len() as u64);
        self.taken.push((name.to_owned(), waiting.name.clone()));
        self.join(&waiting, bytes)
    }

    /// Brings samples to the headers that still wait, from other folders too where it is certain
    /// which are meant. What still waits then is a problem.
    pub(super) fn meet_elsewhere(&mut self) {
        // The same in whatever order the files came.
        self.waiting.sort_by(|a, b| a.name.cmp(&b.name));
        self.data.sort_by(|a, b| a.name.cmp(&b.name));
        // Those of a header's own folder first, so that no other takes them.
        for anywhere in [false, true] {
            let headers = std::mem::take(&mut self.waiting);
            let choose = |header: &Waiting| header.choose(&headers, &self.data, anywhere);
            let chosen: Vec<Option<String>> = headers.iter().map(choose).collect();
            for (header, chosen) in headers.into_iter().zip(chosen) {
                let index =
                    chosen.and_then(|name| self.data.iter().position(|one| one.name == name));
                let Some(index) = index else {
                    self.waiting.push(header);
                    continue;
                };
                let data = self.data.remove(index);
                self.kept = self.kept.saturating_sub(data.bytes.len() as u64);
                let name = header.name.clone();
                if let Err(refusal) = self.meet(header, &data.name, &data.bytes) {
                    self.problem(name, refusal);
                }
            }
        }
        for header in std::mem::take(&mut self.waiting) {
            let refusal = header.refusal(&self.data, &self.taken);
            self.problem(header.name, refusal);
        }
    }

    fn problem(&mut self, name: String, refusal: Refusal) {
        let Refusal { code, message, hint } = refusal;
        self.problems.push(FileProblem { name, code, message, hint });
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
        self.volume(&header.name, header.format, &grid, data, &[&header.bytes, data])
    }

    fn volume(
        &mut self,
        name: &str,
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
            series_uid: uid_of(name),
            tags: grid.tags.clone(),
            // A volume that does not say where it lies has no places.
            placed: !grid.warnings.iter().any(|warning| warning.code == "no-origin"),
            ..SeriesInfo::default()
        };
        self.series.push(Series { volume, info, warnings });
        Ok(Added::Volume { format })
    }
}

/// The series UID as which LUNA16 names its files, and whoever takes files from there.
fn uid_of(name: &str) -> Option<String> {
    let base = base_name(name);
    let stem = [".nii.gz", ".mhd", ".mha", ".nii", ".nrrd", ".nhdr", ".hdr"]
        .iter()
        .find_map(|ending| base.strip_suffix(ending))?;
    let is_uid = stem.len() <= 64
        && stem.matches('.').count() > 2
        && stem.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    is_uid.then(|| stem.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luna16_names_its_files_by_the_series() {
        let uid = "1.3.6.1.4.1.14519.5.2.1.6279.6001.100225287222365663678666836860";
        assert_eq!(uid_of(&format!("subset0/{uid}.mhd")).as_deref(), Some(uid));
        assert_eq!(uid_of(&format!("{uid}.nii.gz")).as_deref(), Some(uid));
        for other in ["Doe_Jane.mhd", "1.2.mhd", "1..2.3.4.mhd", uid, "1.2.3.4.a.mhd"] {
            assert_eq!(uid_of(other), None, "{other}");
        }
    }
}
