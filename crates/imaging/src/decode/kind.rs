//! What a file is, by its first bytes.

use super::{archive, dicom, inflate, metaimage, nifti, nrrd, raster};

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
const OTHERS: [(&[u8], &str); 16] = [
    (b"%PDF", "a PDF document"),
    (b"Rar!", "a RAR archive; only zip is opened"),
    (b"7z\xBC\xAF\x27\x1C", "a 7z archive; only zip is opened"),
    (b"\xFD7zXZ\0", "an xz archive; only zip is opened"),
    (b"\x28\xB5\x2F\xFD", "a file compressed with zstd; only zip and gzip are opened"),
    (b"\x1F\x9D", "a file compressed with compress (.Z); only zip and gzip are opened"),
    (b"CDF\x01", "a netCDF file, as MINC has it"),
    (b"GIF8", "a GIF picture; save it as PNG"),
    (b"\0\0\0\x0CjP  \r\n\x87\n", "a JPEG 2000 picture; save it as PNG"),
    (b"\xFF\x4F\xFF\x51", "a JPEG 2000 picture; save it as PNG"),
    (b"\0\0\0\x0CJXL \r\n\x87\n", "a JPEG XL picture; save it as PNG"),
    (b"8BPS", "a Photoshop picture; save it as PNG"),
    (b"\x76\x2F\x31\x01", "an OpenEXR picture; save it as PNG"),
    (b"\x8AMNG\r\n\x1A\n", "an MNG animation; save it as PNG"),
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "a document of an office program"),
    (b"\x89HDF", "an HDF5 file"),
];

/// Pictures whose format is named behind their first bytes.
fn other_picture(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Some("a WebP picture; save it as PNG");
    }
    // ISO/IEC 14496-12: a box "ftyp" with the brand.
    if bytes.get(4..8) != Some(b"ftyp") {
        return None;
    }
    match bytes.get(8..12)? {
        b"avif" | b"avis" => Some("an AVIF picture; save it as PNG"),
        b"heic" | b"heix" | b"hevc" | b"hevx" | b"heim" | b"heis" | b"mif1" | b"msf1" => {
            Some("an HEIC picture; save it as PNG")
        }
        _ => Some("a video"),
    }
}

/// Names of leftovers, in lower case.
const LEFTOVERS: [&str; 3] = [".ds_store", "thumbs.db", "desktop.ini"];

/// The last part of a name with folders.
pub(crate) fn base_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

/// Tells what a file is, by its content. The name tells leftovers apart, and the one kind of picture
/// whose mark is too short.
pub(crate) fn kind(name: &str, bytes: &[u8]) -> Kind {
    let base = base_name(name).to_ascii_lowercase();
    if LEFTOVERS.contains(&base.as_str()) || base.starts_with("._") || name.contains("__MACOSX/") {
        return Kind::Leftover;
    }
    if archive::begins(bytes) {
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
    if raster::is_picture(bytes) {
        return Kind::Picture;
    }
    // Before the programs: one that unpacks itself is an archive, too.
    if archive::ends(bytes) {
        return Kind::Zip;
    }
    if let Some(what) = other_picture(bytes) {
        return Kind::Other(what);
    }
    // Letters that any text may begin with: what follows tells.
    if bytes.starts_with(b"BZh") && bytes.get(4..10) == Some(b"1AY&SY") {
        return Kind::Other("a file compressed with bzip2; only zip and gzip are opened");
    }
    if bytes.starts_with(b"MZ") && bytes.get(..64).is_some_and(|head| head.contains(&0)) {
        return Kind::Other("a Windows program, as image discs carry");
    }
    // Two bytes tell too little of a picture that is not read anyway.
    if bytes.starts_with(&[0xFF, 0x0A]) && base.ends_with(".jxl") {
        return Kind::Other("a JPEG XL picture; save it as PNG");
    }
    // POSIX: the mark stands behind the name and numbers of the first file.
    if bytes.get(257..262) == Some(b"ustar") {
        return Kind::Other("a tar archive; only zip is opened");
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
