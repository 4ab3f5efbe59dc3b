//! NRRD: a header of text, the samples behind it or in a file of their own.
//! <https://teem.sourceforge.net/nrrd/format.html>

use super::grid::{self, DataFile, Encoding, Grid, GridError};
use super::limits::Limits;
use super::numbers::Number;
use super::series::{HeaderLine, Warning};
use crate::geometry::{Vec3, WorldMm};

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
    let fields = Fields { lines: &lines };
    let grid = fields.grid(limits)?;
    let data_file = fields.get("data file").or_else(|| fields.get("datafile"));
    if let Some(name) = data_file.filter(|name| name.starts_with("LIST") || name.contains('%')) {
        let name: String = name.chars().take(60).collect();
        return Err(GridError::Unsupported(format!("its samples lie in several files ({name})")));
    }
    let local = DataFile::Local { offset };
    Ok((grid, data_file.map_or(local, |name| DataFile::Beside(name.to_owned()))))
}

struct Fields<'a> {
    lines: &'a [String],
}

impl<'a> Fields<'a> {
    fn get(&self, key: &str) -> Option<&'a str> {
        self.lines.iter().skip(1).filter(|line| !line.starts_with('#')).find_map(|line| {
            let (name, value) = line.split_once(": ").or_else(|| line.split_once(':'))?;
            (name.eq_ignore_ascii_case(key) && !value.starts_with('=')).then(|| value.trim())
        })
    }

    fn grid(&self, limits: &Limits) -> Result<Grid, GridError> {
        let whole = |key: &'static str| {
            self.get(key).map(|value| value.parse::<i64>().map_err(|_| bad(key, value))).transpose()
        };
        match whole("dimension")? {
            Some(3) => {}
            Some(other) => {
                let reason = format!("it has {other} dimensions; only three are read");
                return Err(GridError::Unsupported(reason));
            }
            None => return Err(GridError::Missing("dimension")),
        }
        let sizes = self.get("sizes").ok_or(GridError::Missing("sizes"))?;
        let sides =
            sizes.split_whitespace().map(|side| side.parse().ok()).collect::<Option<Vec<i64>>>();
        let sides =
            sides.and_then(|sides| sides.try_into().ok()).ok_or_else(|| bad("sizes", sizes))?;
        let size = grid::size(sides, limits.voxels())?;
        let kind = self.get("type").ok_or(GridError::Missing("type"))?;
        let number = number(kind).ok_or_else(|| bad("type", kind))?;
        let encoding = self.get("encoding").ok_or(GridError::Missing("encoding"))?;
        let encoding = match encoding.to_ascii_lowercase().as_str() {
            "raw" => Encoding::Raw,
            "gzip" | "gz" => Encoding::Gzip,
            "ascii" | "text" | "txt" => Encoding::Text,
            other => {
                let other: String = other.chars().take(20).collect();
                return Err(GridError::Unsupported(format!("its samples are encoded as {other}")));
            }
        };
        let big_endian = match self.get("endian").map(str::to_ascii_lowercase).as_deref() {
            Some("big") => true,
            Some("little") => false,
            None if number.bytes() == 1 || encoding == Encoding::Text => false,
            None => return Err(GridError::Missing("endian")),
            Some(other) => return Err(bad("endian", other)),
        };
        let byte_skip = whole("byte skip")?.or(whole("byteskip")?).unwrap_or(0);
        let skip = match byte_skip {
            -1 if encoding == Encoding::Raw => None,
            skip => Some(u64::try_from(skip).map_err(|_| bad("byte skip", &skip.to_string()))?),
        };
        let line_skip = whole("line skip")?.or(whole("lineskip")?).unwrap_or(0);
        let line_skip = u64::try_from(line_skip).map_err(|_| bad("line skip", "negative"))?;
        let mut warnings = Vec::new();
        let (steps, origin) = self.placed(&mut warnings)?;
        let geometry = grid::geometry(size, origin, steps, &mut warnings)?;
        let tags = self.tags();
        let scale = None;
        Ok(Grid { geometry, number, big_endian, scale, encoding, skip, line_skip, warnings, tags })
    }

    /// Steps along the array's axes and the first voxel's place, LPS, mm.
    fn placed(&self, warnings: &mut Vec<Warning>) -> Result<([Vec3; 3], WorldMm), GridError> {
        let space = self.get("space").map(str::to_ascii_lowercase);
        let signs = match space.as_deref() {
            Some("left-posterior-superior" | "lps") => [1.0, 1.0, 1.0],
            Some("right-anterior-superior" | "ras") => [-1.0, -1.0, 1.0],
            Some("left-anterior-superior" | "las") => [1.0, -1.0, 1.0],
            Some(_) | None => {
                let message = "The file does not say how the volume lies in the body: left and \
                               right may be exchanged.";
                warnings.push(Warning::new("no-orientation", message));
                [1.0, 1.0, 1.0]
            }
        };
        let signed = |vector: [f64; 3]| {
            // Without the test, 0 would become -0.
            let side =
                |k: usize| if signs[k] < 0.0 && vector[k] != 0.0 { -vector[k] } else { vector[k] };
            Vec3([0, 1, 2].map(side))
        };
        let origin = match self.get("space origin") {
            Some(text) => match vectors(text).as_deref() {
                Some([origin]) => signed(*origin),
                _ => return Err(bad("space origin", text)),
            },
            None => Vec3::ZERO,
        };
        let origin = origin.into();
        if let Some(text) = self.get("space directions") {
            return match vectors(text).as_deref() {
                Some([x, y, z]) => Ok(([signed(*x), signed(*y), signed(*z)], origin)),
                _ => Err(bad("space directions", text)),
            };
        }
        let text = self.get("spacings").ok_or(GridError::Missing("space directions"))?;
        let sides: Option<Vec<f64>> =
            text.split_whitespace().map(|side| side.parse().ok()).collect();
        let [x, y, z] =
            sides.and_then(|s| s.try_into().ok()).ok_or_else(|| bad("spacings", text))?;
        Ok(([Vec3([x, 0.0, 0.0]), Vec3([0.0, y, 0.0]), Vec3([0.0, 0.0, z])], origin))
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

fn bad(key: &'static str, value: &str) -> GridError {
    GridError::Value { key, value: value.chars().take(60).collect() }
}

/// `(a,b,c) (d,e,f) ...`
fn vectors(text: &str) -> Option<Vec<[f64; 3]>> {
    let parts = text.split('(').skip(1);
    let vectors = parts.map(|part| {
        let numbers: Option<Vec<f64>> =
            part.split(')').next()?.split(',').map(|number| number.trim().parse().ok()).collect();
        numbers?.try_into().ok()
    });
    vectors.take(4).collect()
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
