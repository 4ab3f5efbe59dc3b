//! NRRD: a header of text, the samples behind it or in a file of their own.
//! <https://teem.sourceforge.net/nrrd/format.html>

mod axes;
mod fields;

use super::grid::{self, DataFile, Encoding, Grid, GridError, Placed};
use super::limits::Limits;
use super::numbers::Number;
use super::series::{HeaderLine, Warning};
use fields::{Fields, bad};

/// Longest header that is read in bytes.
const MAX_HEADER: usize = 256 * 1024;
/// Longest value that is shown.
const SHOWN: usize = 256;

/// Whether the bytes begin as every NRRD does.
pub(crate) fn is_nrrd(bytes: &[u8]) -> bool {
    bytes.starts_with(b"NRRD000") && bytes.get(7).is_some_and(u8::is_ascii_digit)
}

/// Read a header.
pub(crate) fn parse(bytes: &[u8], limits: &Limits) -> Result<(Grid, DataFile), GridError> {
    let mut lines = Vec::new();
    let mut offset = 0;
    loop {
        let rest = bytes.get(offset..MAX_HEADER.min(bytes.len())).unwrap_or_default();
        if rest.is_empty() {
            // What stands behind it would be taken for samples.
            if bytes.len() > MAX_HEADER {
                return Err(GridError::Missing("end within 256 kB"));
            }
            break;
        }
        let end = rest.iter().position(|byte| *byte == b'\n');
        let line = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        offset += end.unwrap_or(rest.len()) + usize::from(end.is_some());
        let line = String::from_utf8_lossy(line).trim_end_matches('\r').to_owned();
        // An empty line ends the header; a detached one may end with its file.
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let fields = Fields::new(&lines);
    let grid = fields.grid(limits)?;
    let data_file = fields.get("data file");
    if let Some(name) = data_file.filter(|name| is_list(name)) {
        let name: String = name.chars().take(60).collect();
        return Err(GridError::Unsupported(format!("its samples lie in several files ({name})")));
    }
    let local = DataFile::Local { offset };
    Ok((grid, data_file.map_or(local, |name| DataFile::Beside(name.to_owned()))))
}

/// Whether a data file is a list of files, or a pattern with numbers: "slice%03d.raw 1 7 1". A
/// single name may hold the sign, too.
fn is_list(name: &str) -> bool {
    let words: Vec<&str> = name.split_whitespace().collect();
    let numbers = words.iter().skip(1).all(|word| word.parse::<i64>().is_ok());
    match words.first() {
        Some(&"LIST") => numbers,
        Some(pattern) => pattern.contains('%') && words.len() > 3 && numbers,
        None => false,
    }
}

impl Fields<'_> {
    fn grid(&self, limits: &Limits) -> Result<Grid, GridError> {
        let mut warnings = Vec::new();
        let axes::Placed { size, steps, origin } = axes::placed(self, &mut warnings)?;
        let size = grid::size(size, limits.voxels())?;
        let kind = self.get("type").ok_or(GridError::Missing("type"))?;
        if kind.eq_ignore_ascii_case("block") {
            let reason = "its samples are blocks of bytes (type block), not numbers".to_owned();
            return Err(GridError::Unsupported(reason));
        }
        let number = number(kind).ok_or_else(|| bad("type", kind))?;
        let encoding = self.get("encoding").ok_or(GridError::Missing("encoding"))?;
        let encoding = match encoding.to_ascii_lowercase().as_str() {
            "raw" => Encoding::Raw,
            "gzip" | "gz" => Encoding::Packed,
            "ascii" | "text" | "txt" => Encoding::Text,
            other => {
                let name = match other {
                    "bz2" | "bzip2" => "bzip2",
                    "zrl" => "run lengths (zrl)",
                    "hex" => "hexadecimal text (hex)",
                    other => &other.chars().take(20).collect::<String>(),
                };
                let reason =
                    format!("its samples are encoded as {name}; raw, gzip and text are read");
                return Err(GridError::Unsupported(reason));
            }
        };
        let big_endian = match self.get("endian").map(str::to_ascii_lowercase).as_deref() {
            Some("big") => true,
            Some("little") => false,
            None if number.bytes() == 1 || encoding == Encoding::Text => false,
            None => {
                return Err(GridError::Missing("endian, so the order of its bytes is not known"));
            }
            Some(other) => return Err(bad("endian", other)),
        };
        let byte_skip = self.whole("byte skip")?.unwrap_or(0);
        let skip = match byte_skip {
            -1 if encoding != Encoding::Text => None,
            skip => Some(u64::try_from(skip).map_err(|_| bad("byte skip", &skip.to_string()))?),
        };
        let line_skip = self.whole("line skip")?.unwrap_or(0);
        let line_skip = u64::try_from(line_skip).map_err(|_| bad("line skip", "negative"))?;
        let Placed { geometry, order } = grid::placed(size, origin, steps, &mut warnings)?;
        let tags = self.tags();
        // 3D Slicer's segmentations.
        if tags.iter().any(|line| line.tag.starts_with("Segment0_")) {
            let message = "The header says that its values are labels of segments, not CT numbers.";
            warnings.push(Warning::new("not-ct", message));
        }
        let unit = self.get("sample units").map(|unit| unit.trim_matches(['"', ' ']));
        if let Some(unit) =
            unit.filter(|unit| !["", "HU", "Hounsfield", "hounsfield"].contains(unit))
        {
            let unit: String = unit.chars().take(16).collect();
            warnings.push(Warning::new(
                "not-hu",
                format!("Its values are given in {unit}, not in HU."),
            ));
        }
        let scale = None;
        Ok(Grid {
            geometry,
            order,
            number,
            big_endian,
            scale,
            encoding,
            skip,
            line_skip,
            warnings,
            tags,
        })
    }

    /// The header's lines. Keys of the writer's own (`key:=value`) may hold anything.
    fn tags(&self) -> Vec<HeaderLine> {
        let lines = self.lines.iter().skip(1).filter(|line| !line.starts_with('#'));
        let tags = lines.filter_map(|line| {
            let (key, value) = line.split_once(':')?;
            let own = value.starts_with('=');
            let identifies = own || matches!(key, "content" | "data file" | "datafile");
            let value = value.trim_start_matches('=').trim().chars().take(SHOWN).collect();
            Some(HeaderLine { tag: key.chars().take(SHOWN).collect(), name: "", value, identifies })
        });
        tags.take(200).collect()
    }
}

fn number(kind: &str) -> Option<Number> {
    Some(match kind.to_ascii_lowercase().as_str() {
        "signed char" | "int8" | "int8_t" => Number::I8,
        "uchar" | "unsigned char" | "uint8" | "uint8_t" => Number::U8,
        "short" | "short int" | "signed short" | "signed short int" | "int16" | "int16_t" => {
            Number::I16
        }
        "ushort" | "unsigned short" | "unsigned short int" | "uint16" | "uint16_t" => Number::U16,
        "int" | "signed int" | "int32" | "int32_t" => Number::I32,
        "uint" | "unsigned int" | "uint32" | "uint32_t" => Number::U32,
        "longlong" | "long long" | "long long int" | "signed long long" | "int64" | "int64_t" => {
            Number::I64
        }
        "ulonglong" | "unsigned long long" | "unsigned long long int" | "uint64" | "uint64_t" => {
            Number::U64
        }
        "float" => Number::F32,
        "double" => Number::F64,
        _ => return None,
    })
}
