//! What a file is, by its first bytes.

use super::{dicom, inflate, metaimage, nifti, nrrd};

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Zip,
    Gzip,
    Dicom,
    MetaImage,
    Nifti(nifti::Place),
    Analyze,
    Nrrd,
    Picture,
    /// What file managers leave in folders.
    Leftover,
    /// A file of a kind that holds no image, by name.
    Other(&'static str),
    /// Of no kind that is known: perhaps the samples of a header elsewhere.
    Unknown,
}

/// Beginnings of files that hold no image, for a better message.
const OTHERS: [(&[u8], &str); 9] = [
    (b"%PDF", "a PDF document"),
    (b"Rar!", "a RAR archive; only zip is opened"),
    (b"7z\xBC\xAF\x27\x1C", "a 7z archive; only zip is opened"),
    (b"\xFD7zXZ\0", "an xz archive; only zip is opened"),
    (b"\x28\xB5\x2F\xFD", "compressed with zstd; only zip and gzip are opened"),
    (b"BZh", "compressed with bzip2; only zip and gzip are opened"),
    (b"GIF8", "a GIF picture; save it as PNG"),
    (b"MZ", "a Windows program, as image discs carry"),
    (b"\x89HDF", "an HDF5 file"),
];

/// Names of leftovers, in lower case.
const LEFTOVERS: [&str; 3] = [".ds_store", "thumbs.db", "desktop.ini"];

/// The last part of a name with folders.
pub(crate) fn base_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

/// Tells what a file is. Its name only tells leftovers apart.
pub(crate) fn kind(name: &str, bytes: &[u8]) -> Kind {
    let base = base_name(name).to_ascii_lowercase();
    if LEFTOVERS.contains(&base.as_str()) || base.starts_with("._") || name.contains("__MACOSX/") {
        return Kind::Leftover;
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return Kind::Zip;
    }
    if bytes.starts_with(&[0x1F, 0x8B]) {
        let head = inflate::gzip_head(bytes, nifti::HEADER);
        return match nifti::place(&head) {
            Some(place) => Kind::Nifti(place),
            None => Kind::Gzip,
        };
    }
    if let Some(place) = nifti::place(bytes) {
        return Kind::Nifti(place);
    }
    if nifti::is_analyze(bytes) {
        return Kind::Analyze;
    }
    if nrrd::is_nrrd(bytes) {
        return Kind::Nrrd;
    }
    // DICOM's mark stands after 128 bytes of any content, those of a TIFF for example.
    if dicom::is_dicom(bytes) {
        return Kind::Dicom;
    }
    if let Ok(format) = image::guess_format(bytes)
        && matches!(
            format,
            image::ImageFormat::Png
                | image::ImageFormat::Jpeg
                | image::ImageFormat::Tiff
                | image::ImageFormat::Bmp
        )
    {
        return Kind::Picture;
    }
    if let Some((_, what)) = OTHERS.iter().find(|(start, _)| bytes.starts_with(start)) {
        return Kind::Other(what);
    }
    if metaimage::is_metaimage(bytes) {
        return Kind::MetaImage;
    }
    if !bytes.contains(&0) && std::str::from_utf8(bytes.get(..256).unwrap_or(bytes)).is_ok() {
        return Kind::Other("text");
    }
    Kind::Unknown
}
