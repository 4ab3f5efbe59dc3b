use super::{Case, refused};

fn file(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    vec![("file", bytes.to_vec())]
}

/// A box of ISO/IEC 14496-12 with a brand.
fn brand(name: &[u8; 4]) -> Vec<u8> {
    [&[0, 0, 0, 24], b"ftyp".as_slice(), name, &[0; 4], name, b"mif1", &[0xFF; 100]].concat()
}

pub fn cases() -> Vec<Case> {
    let mut tar = vec![0; 1024];
    tar[..8].copy_from_slice(b"scan.dcm");
    tar[257..262].copy_from_slice(b"ustar");
    let no = |input, bytes: &[u8]| refused(input, file(bytes), "not-an-image");
    vec![
        no("WebP", b"RIFF\x10\0\0\0WEBPVP8 \0\0\0\0"),
        no("AVIF", &brand(b"avif")),
        no("HEIC", &brand(b"heic")),
        no("a video", &brand(b"isom")),
        no("JPEG 2000", b"\0\0\0\x0CjP  \r\n\x87\n\0\0\0\x14ftypjp2 "),
        no("JPEG 2000 without a container", b"\xFF\x4F\xFF\x51\0\x29\0\0"),
        no("JPEG XL", b"\0\0\0\x0CJXL \r\n\x87\n\0\0\0\x14ftypjxl "),
        refused(
            "JPEG XL without a container",
            vec![("slice.jxl", b"\xFF\x0A\x7F\x02".to_vec())],
            "not-an-image",
        ),
        no("GIF", b"GIF89a\x07\0\x05\0"),
        no("PDF", b"%PDF-1.7\n"),
        no("tar", &tar),
        no("RAR", b"Rar!\x1A\x07\x01\0"),
        no("7z", b"7z\xBC\xAF\x27\x1C\0\x04"),
        no("xz", b"\xFD7zXZ\0\0\x04"),
        no("zstd", b"\x28\xB5\x2F\xFD\x04\0"),
        no("bzip2", b"BZh91AY&SY"),
        no("HDF5", b"\x89HDF\r\n\x1A\n"),
        no("netCDF, as MINC has it", b"CDF\x01\0\0\0\0"),
        no("text", b"seriesuid,coordX,coordY\n1.2.3,4,5\n"),
        no("text that begins as a program does", b"MZ,age\n22,60\n"),
        no("a program", &[b"MZ\x90\0\x03\0".to_vec(), vec![0; 80]].concat()),
        no("text that begins as a bitmap does", b"BMI,age\n22,60\n21,58\n"),
        no("text with one key of a MetaImage", b"ObjectType = Image\nmade by = hand\n"),
        refused("bytes of no known kind", file(&[0x80, 0, 1, 2, 0xFE]), "unknown-format"),
        refused("an empty file", file(b""), "empty-file"),
    ]
}
