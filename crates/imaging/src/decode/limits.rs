//! What a file may ask for. A header of a hundred bytes can promise a terabyte; these are the
//! numbers that its promises are held against before memory is taken.

/// Inflated data below this is never suspicious: a slice of pure air shrinks a thousandfold.
const SMALL: u64 = 64 << 20;

/// Largest side of a picture in pixels. A slice has 512 to 1,024, a photographed film 8,000.
pub(crate) const MAX_SIDE: u32 = 16_384;
/// Most memory that decoding a picture may take, in bytes.
pub(crate) const MAX_MEMORY: u64 = 256 * 1024 * 1024;
/// Decoded bytes that a picture may have however small its file is.
pub(crate) const FREE_MEMORY: u64 = 16 * 1024 * 1024;
/// Most bytes that a byte of a larger file becomes: deflate reaches 1032, LZW 1365.
pub(crate) const MOST_INFLATION: u64 = 2048;

/// Bounds on what is opened: one in bytes for every format, and others on what a header may ask for.
/// The default suits a 32-bit WebAssembly memory of 4 GiB and a scan of 1,000 slices of 768 x 768,
/// which takes 1.1 GiB and, while its slices are brought together, twice that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of one file, also once inflated.
    pub file_bytes: u64,
    /// Most bytes of decoded samples and of data files that wait for their header, all together.
    pub kept_bytes: u64,
    /// Most pixels along a side of a slice.
    pub side: usize,
    /// Most frames of one file: as many as files, so that neither opens what the other does not.
    pub frames: usize,
    /// Most files, those within archives counted.
    pub files: usize,
    /// Most bytes that a byte of a large archive may become.
    pub inflation: u64,
    /// Most bytes that all archives together may become, those that are refused counted: files of a
    /// zip can share their bytes, so that a megabyte of twenty thousand takes hours.
    pub unpacked: u64,
    /// Most archives within archives: 1 is a zip in a zip.
    pub nesting: usize,
    /// Most DICOM sequences within sequences.
    pub depth: usize,
    /// Most DICOM elements of one file, those within sequences counted.
    pub elements: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 1536 << 20,
            kept_bytes: 1536 << 20,
            side: 8192,
            frames: 20_000,
            files: 20_000,
            inflation: 200,
            unpacked: 4 << 30,
            nesting: 1,
            depth: 16,
            elements: 200_000,
        }
    }
}

impl Limits {
    /// Most voxels that a volume can have: those of 16 bits that fit.
    pub(crate) fn voxels(&self) -> u64 {
        self.kept_bytes / 2
    }

    /// Most bytes that `compressed` bytes may become.
    pub(crate) fn inflated(&self, compressed: u64) -> u64 {
        compressed.saturating_mul(self.inflation).max(SMALL).min(self.file_bytes)
    }
}
