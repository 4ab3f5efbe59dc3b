//! JPEG lossless with Huffman codes (T.81, annex H): all seven predictors, point transform,
//! restart intervals, one component of 2 to 16 bits, or three of 8.
//!
//! Our own, for the decoders at hand do not know restart intervals and point transforms here, and
//! give other pixels without a word.

use super::frame::{Frame, colour};
use super::jpeg::{damaged, same_size};
use crate::decode::dicom::error::DicomError;
use crate::decode::dicom::shape::Shape;

const NAME: &str = "JPEG lossless";

/// Decodes a frame.
pub(super) fn decode(bytes: &[u8], shape: &Shape) -> Result<Frame, DicomError> {
    let planes = planes(bytes, shape)?;
    if let [red, green, blue] = planes.as_slice() {
        let low = |plane: &Vec<u16>| plane.iter().map(|value| *value as u8).collect::<Vec<_>>();
        let bytes = [low(red), low(green), low(blue)].concat();
        return Ok(Frame::Luma(colour(&bytes, &Shape { planar: true, ..*shape })));
    }
    let grey = planes.into_iter().next();
    grey.map(Frame::Grey).ok_or_else(|| damaged(NAME, "it has no scan"))
}

/// A component of the frame.
#[derive(Clone, Copy, Default)]
struct Component {
    id: u8,
    table: usize,
}

/// The samples of each component.
fn planes(bytes: &[u8], shape: &Shape) -> Result<Vec<Vec<u16>>, DicomError> {
    let mut tables: [Option<Table>; 4] = [const { None }; 4];
    let (mut components, mut precision, mut restart) = (Vec::new(), 0, 0_usize);
    let mut planes: Vec<Vec<u16>> = Vec::new();
    let mut offset = 2;
    while planes.len() < shape.channels() {
        let (kind, segment, next) = segment(bytes, offset)?;
        offset = next;
        match kind {
            0xC4 => huffman(segment, &mut tables)?,
            0xC3 => (precision, components) = frame(segment, shape)?,
            0xDD => restart = number(segment, 0).ok_or_else(short)?,
            0xDA => {
                let scan = Scan::read(segment, &components, precision)?;
                let mut found;
                (found, offset) = scan.decode(bytes, offset, &tables, shape, restart)?;
                planes.append(&mut found);
                components.drain(..scan.components.len().min(components.len()));
            }
            0xC0..=0xCF => return Err(damaged(NAME, "it has frames of two kinds")),
            0xD9 => return Err(damaged(NAME, "it ends before its pixels")),
            _ => {}
        }
    }
    Ok(planes)
}

fn short() -> DicomError {
    damaged(NAME, "a segment of its header ends early")
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let two = bytes.get(at..)?.first_chunk::<2>()?;
    Some(usize::from(u16::from_be_bytes(*two)))
}

/// Kind and content of the segment at an offset, and where the next begins.
fn segment(bytes: &[u8], mut offset: usize) -> Result<(u8, &[u8], usize), DicomError> {
    // Marks may be filled up with any number of 0xFF.
    while bytes.get(offset) == Some(&0xFF) && bytes.get(offset + 1) == Some(&0xFF) {
        offset += 1;
    }
    if bytes.get(offset) != Some(&0xFF) {
        return Err(damaged(NAME, "its header is broken"));
    }
    let kind = *bytes.get(offset + 1).ok_or_else(short)?;
    if kind == 0xD9 {
        return Ok((kind, &[], offset + 2));
    }
    let length = number(bytes, offset + 2).filter(|length| *length >= 2).ok_or_else(short)?;
    let end = offset + 2 + length;
    Ok((kind, bytes.get(offset + 4..end).ok_or_else(short)?, end))
}

/// Precision and components of the frame (B.2.2).
fn frame(segment: &[u8], shape: &Shape) -> Result<(u32, Vec<Component>), DicomError> {
    let precision = u32::from(*segment.first().ok_or_else(short)?);
    let height = number(segment, 1).ok_or_else(short)?;
    let width = number(segment, 3).ok_or_else(short)?;
    same_size(NAME, shape, width, height)?;
    if !(2..=16).contains(&precision) {
        return Err(damaged(NAME, format!("it has {precision} bits a pixel")));
    }
    let count = usize::from(*segment.get(5).ok_or_else(short)?);
    if count != shape.channels() {
        return Err(damaged(NAME, "it has another number of colours than the file says"));
    }
    let described = segment.get(6..6 + 3 * count).ok_or_else(short)?.as_chunks::<3>().0;
    if count > 1 && described.iter().any(|[_, sampling, _]| *sampling != 0x11) {
        return Err(DicomError::TransferSyntax("subsampled colours in JPEG lossless".to_owned()));
    }
    Ok((precision, described.iter().map(|[id, ..]| Component { id: *id, table: 0 }).collect()))
}

/// Huffman codes of one table (annex C), for every next 16 bits: length and number of bits.
struct Table(Vec<(u8, u8)>);

/// Reads the tables of a segment (B.2.4.2).
fn huffman(mut segment: &[u8], tables: &mut [Option<Table>; 4]) -> Result<(), DicomError> {
    while let Some((head, rest)) = segment.split_first() {
        let counts = rest.first_chunk::<16>().ok_or_else(short)?;
        let total: usize = counts.iter().map(|count| usize::from(*count)).sum();
        let values = rest.get(16..16 + total).ok_or_else(short)?;
        let wrong = || damaged(NAME, "a table of its codes is broken");
        let mut codes = vec![(0, 0); 1 << 16];
        let (mut next, mut code) = (0, 0_usize);
        for (length, count) in (1_u8..).zip(counts) {
            for value in values.get(next..next + usize::from(*count)).ok_or_else(wrong)? {
                let free = 16 - u32::from(length);
                let range = code << free..(code + 1) << free;
                codes.get_mut(range).ok_or_else(wrong)?.fill((length, *value));
                code += 1;
            }
            next += usize::from(*count);
            code <<= 1;
        }
        if values.iter().any(|value| *value > 16) {
            return Err(wrong());
        }
        // The upper half of the byte tells DC tables, the only ones here, from AC tables.
        let slot = tables.get_mut(usize::from(*head)).ok_or_else(wrong)?;
        *slot = Some(Table(codes));
        segment = rest.get(16 + total..).unwrap_or_default();
    }
    Ok(())
}

/// A scan of one component, or of all, sample by sample.
struct Scan {
    components: Vec<Component>,
    predictor: u8,
    /// Bits that were cut off below.
    transform: u32,
    precision: u32,
}

impl Scan {
    /// Reads its header (B.2.3).
    fn read(segment: &[u8], left: &[Component], precision: u32) -> Result<Self, DicomError> {
        let count = usize::from(*segment.first().ok_or_else(short)?);
        let described = segment.get(1..1 + 2 * count).ok_or_else(short)?.as_chunks::<2>().0;
        let wrong = || damaged(NAME, "a scan does not fit its frame");
        let components: Vec<Component> = described
            .iter()
            .map(|[id, table]| Component { id: *id, table: usize::from(table >> 4) })
            .collect();
        let ids = |components: &[Component]| -> Vec<u8> {
            components.iter().map(|component| component.id).collect()
        };
        if count == 0 || left.get(..count).map(ids) != Some(ids(&components)) {
            return Err(wrong());
        }
        let last = segment.get(1 + 2 * count..4 + 2 * count).ok_or_else(short)?;
        let (predictor, transform) = (last.first().copied(), last.last().map(|bits| bits & 15));
        let (Some(predictor @ 1..=7), Some(transform)) = (predictor, transform) else {
            return Err(wrong());
        };
        let transform = u32::from(transform);
        if transform >= precision {
            return Err(wrong());
        }
        Ok(Self { components, predictor, transform, precision })
    }

    /// Decodes its planes; returns where its bytes end too.
    fn decode(
        &self,
        bytes: &[u8],
        offset: usize,
        tables: &[Option<Table>; 4],
        shape: &Shape,
        restart: usize,
    ) -> Result<(Vec<Vec<u16>>, usize), DicomError> {
        let (width, pixels) = (shape.columns, shape.pixels());
        let none = || damaged(NAME, "a scan wants codes that are not there");
        let table = |component: &Component| tables.get(component.table)?.as_ref();
        let tables: Option<Vec<&Table>> = self.components.iter().map(table).collect();
        let tables = tables.ok_or_else(none)?;
        // A sample takes at least a bit.
        if bytes.len().saturating_sub(offset).saturating_mul(8) < pixels {
            return Err(damaged(NAME, "pixels are missing"));
        }
        let first = 1_u16 << (self.precision - self.transform - 1);
        let mut planes = vec![vec![0_u16; pixels]; tables.len()];
        let mut bits = Bits { bytes, offset, held: 0, count: 0 };
        // Where prediction began anew.
        let mut begun = 0;
        for at in 0..pixels {
            if restart > 0 && at > 0 && at % restart == 0 {
                bits.restart()?;
                begun = at;
            }
            for (plane, table) in planes.iter_mut().zip(&tables) {
                let difference = bits.difference(table)?;
                let left = |plane: &[u16]| at.checked_sub(1).and_then(|i| plane.get(i)).copied();
                let above = at.checked_sub(width).and_then(|i| plane.get(i)).copied();
                let predicted = if at == begun {
                    first
                } else if at < (begun / width + 1) * width {
                    // The first line knows no line above (H.1.2.1).
                    left(plane).unwrap_or(first)
                } else if at % width == 0 {
                    above.unwrap_or(first)
                } else {
                    let (a, b) = (left(plane).unwrap_or(first), above.unwrap_or(first));
                    let c = at.checked_sub(width + 1).and_then(|i| plane.get(i)).copied();
                    predict(self.predictor, a, b, c.unwrap_or(first))
                };
                if let Some(sample) = plane.get_mut(at) {
                    // Modulo 2^16 (H.1.2.1).
                    *sample = predicted.wrapping_add(difference);
                }
            }
        }
        let most = ((1_u32 << (self.precision - self.transform)) - 1) as u16;
        if planes.iter().flatten().any(|sample| *sample > most) {
            return Err(damaged(NAME, "its samples are beyond their range"));
        }
        for sample in planes.iter_mut().flatten() {
            *sample <<= self.transform;
        }
        Ok((planes, bits.end()))
    }
}

/// Prediction from the samples to the left, above, and above the left (table H.1).
fn predict(predictor: u8, left: u16, above: u16, corner: u16) -> u16 {
    let (a, b, c) = (i32::from(left), i32::from(above), i32::from(corner));
    let predicted = match predictor {
        1 => a,
        2 => b,
        3 => c,
        4 => a + b - c,
        5 => a + ((b - c) >> 1),
        6 => b + ((a - c) >> 1),
        _ => (a + b) >> 1,
    };
    predicted as u16
}

/// Bits of a scan, in which a byte of 0 follows every 0xFF that is no mark.
struct Bits<'a> {
    bytes: &'a [u8],
    offset: usize,
    held: u32,
    count: u32,
}

impl Bits<'_> {
    /// Takes bytes up to the next mark, as many as there is room for.
    fn fill(&mut self) {
        while self.count <= 16 {
            let byte = match (self.bytes.get(self.offset), self.bytes.get(self.offset + 1)) {
                (Some(0xFF), Some(0)) => {
                    self.offset += 2;
                    0xFF
                }
                (Some(0xFF) | None, _) => return,
                (Some(byte), _) => {
                    self.offset += 1;
                    *byte
                }
            };
            self.held = self.held << 8 | u32::from(byte);
            self.count += 8;
        }
    }

    /// The next 16 bits, which stay; zeros beyond the mark.
    fn peek(&mut self) -> u32 {
        self.fill();
        let bits = match self.count.checked_sub(16) {
            Some(more) => self.held >> more,
            None => self.held << (16 - self.count),
        };
        bits & 0xFFFF
    }

    /// The next `count` bits, up to 16.
    fn take(&mut self, count: u32) -> Result<u32, DicomError> {
        self.fill();
        self.count =
            self.count.checked_sub(count).ok_or_else(|| damaged(NAME, "pixels are missing"))?;
        Ok(self.held >> self.count & ((1 << count) - 1))
    }

    /// A coded difference (H.1.2.2), modulo 2^16.
    fn difference(&mut self, table: &Table) -> Result<u16, DicomError> {
        let (length, bits) = table.0.get(self.peek() as usize).copied().unwrap_or_default();
        if length == 0 {
            return Err(damaged(NAME, "it has a code that its table does not know"));
        }
        self.take(u32::from(length))?;
        Ok(match u32::from(bits) {
            0 => 0,
            16 => 1 << 15,
            bits => {
                let value = self.take(bits)? as i32;
                // Without its leading one, it is a negative number.
                let negative = value >> (bits - 1) == 0;
                (if negative { value - (1 << bits) + 1 } else { value }) as u16
            }
        })
    }

    /// Goes on behind the mark that stands here (B.2.1).
    fn restart(&mut self) -> Result<(), DicomError> {
        (self.held, self.count) = (0, 0);
        while self.bytes.get(self.offset) == Some(&0xFF)
            && self.bytes.get(self.offset + 1) == Some(&0xFF)
        {
            self.offset += 1;
        }
        match (self.bytes.get(self.offset), self.bytes.get(self.offset + 1)) {
            (Some(0xFF), Some(0xD0..=0xD7)) => {
                self.offset += 2;
                Ok(())
            }
            _ => Err(damaged(NAME, "a restart mark is missing")),
        }
    }

    /// Where the next mark is.
    fn end(&self) -> usize {
        let rest = self.bytes.get(self.offset..).unwrap_or_default();
        let mark = rest.windows(2).position(|two| two[0] == 0xFF && two[1] != 0);
        self.offset + mark.unwrap_or(rest.len())
    }
}
