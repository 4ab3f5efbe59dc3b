//! Volumes in one piece, in one file or in two that come in any order.

use super::added::Refusal;
use super::{Added, Import, Waiting, names, sample_bytes};
use crate::decode::kind::base_name;
use crate::decode::metaimage::{self, DataFile};
use crate::decode::nifti::{self, Place};
use crate::decode::series::{HeaderLine, Series, SeriesInfo, Warning};
use crate::decode::{inflate, nrrd, orient};
use crate::hash;
use crate::volume::Volume;

impl Import {
    pub(super) fn metaimage(&mut self, name: &str, bytes: Vec<u8>) -> Result<Added, Refusal> {
        let header = metaimage::Header::parse(&bytes)?;
        self.enough(header.voxels() as u64)?;
        match header.data {
            DataFile::Beside(wants) => self.wait(name, bytes, "MetaImage", wants),
            DataFile::Local { .. } => {
                let volume = metaimage::decode_mha(&bytes)?;
                let tags = metaimage_tags(&bytes);
                self.volume("MetaImage", volume, Vec::new(), tags, &[&bytes])
            }
        }
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
        let tags = grid.tags.clone();
        self.enough(grid.voxels())?;
        let (volume, warnings) = grid.read(&bytes, &self.limits)?;
        self.volume("NIfTI", volume, warnings, tags, &[&bytes])
    }

    pub(super) fn nrrd(&mut self, name: &str, bytes: Vec<u8>) -> Result<Added, Refusal> {
        let nrrd::Header { grid, offset, data_file } = nrrd::parse(&bytes, &self.limits)?;
        self.enough(grid.voxels())?;
        if let Some(wants) = data_file {
            return self.wait(name, bytes, "NRRD", wants);
        }
        let tags = grid.tags.clone();
        let (volume, warnings) =
            grid.read(bytes.get(offset..).unwrap_or_default(), &self.limits)?;
        self.volume("NRRD", volume, warnings, tags, &[&bytes])
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
        let files = [header.bytes.as_slice(), data];
        match header.format {
            "MetaImage" => {
                self.enough(metaimage::Header::parse(&header.bytes)?.voxels() as u64)?;
                let volume = metaimage::decode_mhd(&header.bytes, data)?;
                let tags = metaimage_tags(&header.bytes);
                self.volume("MetaImage", volume, Vec::new(), tags, &files)
            }
            "NIfTI" => {
                let head = match header.bytes.starts_with(&[0x1F, 0x8B]) {
                    true => inflate::gzip_head(&header.bytes, nifti::HEADER),
                    false => header.bytes.clone(),
                };
                let gzip = data.starts_with(&[0x1F, 0x8B]);
                let grid = nifti::parse(&head, Place::Beside, gzip, &self.limits)?;
                self.enough(grid.voxels())?;
                let tags = grid.tags.clone();
                let (volume, warnings) = grid.read(data, &self.limits)?;
                self.volume("NIfTI", volume, warnings, tags, &files)
            }
            _ => {
                let nrrd::Header { grid, .. } = nrrd::parse(&header.bytes, &self.limits)?;
                self.enough(grid.voxels())?;
                let tags = grid.tags.clone();
                let (volume, warnings) = grid.read(data, &self.limits)?;
                self.volume("NRRD", volume, warnings, tags, &files)
            }
        }
    }

    fn volume(
        &mut self,
        format: &'static str,
        volume: Volume,
        warnings: Vec<Warning>,
        tags: Vec<HeaderLine>,
        files: &[&[u8]],
    ) -> Result<Added, Refusal> {
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
            tags,
            ..SeriesInfo::default()
        };
        self.series.push(Series { volume, info, warnings });
        Ok(Added::Volume { format })
    }
}

/// The lines of a MetaImage header. Comments and keys of the writer's own may hold anything.
fn metaimage_tags(bytes: &[u8]) -> Vec<HeaderLine> {
    const PLAIN: [&str; 16] = [
        "ObjectType",
        "NDims",
        "BinaryData",
        "BinaryDataByteOrderMSB",
        "CompressedData",
        "CompressedDataSize",
        "TransformMatrix",
        "Offset",
        "CenterOfRotation",
        "AnatomicalOrientation",
        "ElementSpacing",
        "ElementSize",
        "DimSize",
        "ElementType",
        "ElementNumberOfChannels",
        "Modality",
    ];
    let mut tags = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n').take(200) {
        let Ok(line) = std::str::from_utf8(line) else { break };
        let Some((key, value)) = line.split_once('=') else { continue };
        let key = key.trim();
        if key == "ElementDataFile" {
            break;
        }
        let identifies = !PLAIN.contains(&key);
        let value = value.trim().chars().take(256).collect();
        tags.push(HeaderLine { tag: key.chars().take(64).collect(), name: "", value, identifies });
    }
    tags
}
