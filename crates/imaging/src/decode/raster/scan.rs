//! Whether the scans of a JPEG hold all that its frame promises. The decoder paints what is missing
//! grey and says nothing: a file that was cut, and ended by whoever mended it, would look whole.
//!
//! Nothing is decoded: codes are counted (ITU-T T.81, annexes F and G). Scans that refine others are
//! not judged, for they need the values.

use crate::decode::limits::{MAX_MEMORY, MAX_SIDE};

/// Most blocks that are counted in a file: a second's work.
const MOST_BLOCKS: u64 = 1 << 26;

/// A component of a frame.
#[derive(Clone, Copy, Debug)]
struct Component {
    id: u8,
    /// Blocks of a unit across and down.
    across: usize,
    down: usize,
}

/// A table of Huffman codes: how many of each length, and what they stand for.
#[derive(Clone, Debug, Default)]
struct Table {
    counts: [u8; 16],
    symbols: Vec<u8>,
}

/// What the segments before a scan say.
#[derive(Debug, Default)]
pub(super) struct Scans {
    columns: usize,
    rows: usize,
    progressive: bool,
    components: Vec<Component>,
    /// Those of the first coefficients, then of the others.
    tables: [[Option<Table>; 4]; 2],
    restart: usize,
    counted: u64,
}

impl Scans {
    /// Takes a frame's header.
    pub fn frame(&mut self, marker: u8, segment: &[u8]) {
        let [_, rows_high, rows_low, columns_high, columns_low, _, components @ ..] = segment
        else {
            return;
        };
        self.rows = usize::from(u16::from_be_bytes([*rows_high, *rows_low]));
        self.columns = usize::from(u16::from_be_bytes([*columns_high, *columns_low]));
        self.progressive = marker == 0xC2;
        let component = |part: &[u8; 3]| Component {
            id: part[0],
            across: usize::from(part[1] >> 4).clamp(1, 4),
            down: usize::from(part[1] & 0xF).clamp(1, 4),
        };
        self.components = components.as_chunks::<3>().0.iter().map(component).collect();
    }

    /// Takes tables of codes.
    pub fn tables(&mut self, mut segment: &[u8]) {
        while let Some((head, rest)) = segment.split_first_chunk::<17>() {
            let [place, counts @ ..] = *head;
            let count = counts.iter().map(|count| usize::from(*count)).sum();
            let Some((symbols, rest)) = rest.split_at_checked(count) else { return };
            let class = self.tables.get_mut(usize::from(place >> 4));
            if let Some(table) = class.and_then(|class| class.get_mut(usize::from(place & 0xF))) {
                *table = Some(Table { counts, symbols: symbols.to_vec() });
            }
            segment = rest;
        }
    }

    /// Takes the number of units between restarts.
    pub fn interval(&mut self, segment: &[u8]) {
        if let Some(interval) = segment.first_chunk::<2>() {
            self.restart = usize::from(u16::from_be_bytes(*interval));
        }
    }

    /// Whether the data of a scan, whose header is given, hold all its blocks; also where that
    /// cannot be told.
    pub fn whole(&mut self, header: &[u8], data: &[u8]) -> bool {
        let Some((count, rest)) = header.split_first() else { return true };
        let Some((parts, &[first, last, approximation, ..])) =
            rest.split_at_checked(usize::from(*count) * 2)
        else {
            return true;
        };
        // A refinement, more than is counted, or a frame that is refused for its size.
        let samples = self.columns as u64 * self.rows as u64 * self.components.len() as u64;
        let large = self.columns.max(self.rows) > MAX_SIDE as usize || samples > MAX_MEMORY;
        if approximation >> 4 != 0 || large || self.counted > MOST_BLOCKS {
            return true;
        }
        let find = |part: &[u8; 2]| {
            let component = self.components.iter().find(|component| component.id == part[0])?;
            let table =
                |class: usize, place: u8| self.tables.get(class)?.get(usize::from(place))?.as_ref();
            Some((*component, table(0, part[1] >> 4), table(1, part[1] & 0xF)))
        };
        let chosen: Option<Vec<_>> = parts.as_chunks::<2>().0.iter().map(find).collect();
        let Some(chosen) = chosen else { return true };
        let most =
            |side: fn(&Component) -> usize| self.components.iter().map(side).max().unwrap_or(1);
        let (across, down) = (most(|one| one.across), most(|one| one.down));
        // Alone, a component has units of one block, and none beyond its own edge.
        let (units, blocks): (usize, Vec<_>) = match &chosen[..] {
            [(one, first, others)] => {
                let side = |pixels: usize, own: usize, most: usize| {
                    (pixels * own).div_ceil(most).div_ceil(8)
                };
                let wide = side(self.columns, one.across, across);
                (wide * side(self.rows, one.down, down), vec![(1, *first, *others)])
            }
            several => {
                let wide = self.columns.div_ceil(8 * across);
                let blocks = several.iter().map(|(one, dc, ac)| (one.across * one.down, *dc, *ac));
                (wide * self.rows.div_ceil(8 * down), blocks.collect())
            }
        };
        let mut codes = Codes { data, at: 0, held: 0, left: 0, run: 0 };
        for unit in 0..units {
            if self.restart > 0 && unit > 0 && unit % self.restart == 0 && !codes.restart() {
                return false;
            }
            for (count, first_table, other_table) in &blocks {
                for _ in 0..*count {
                    self.counted += 1;
                    let band = (first, last, self.progressive);
                    match codes.block(band, *first_table, *other_table) {
                        Some(true) => {}
                        Some(false) => return false,
                        None => return true,
                    }
                }
            }
            if self.counted > MOST_BLOCKS {
                return true;
            }
        }
        true
    }
}

/// The codes of a scan, bit by bit.
struct Codes<'a> {
    data: &'a [u8],
    at: usize,
    held: u8,
    left: u32,
    /// Blocks that have no more coefficients in this band.
    run: u32,
}

impl Codes<'_> {
    /// `None` where the data end, or a marker stands.
    fn bit(&mut self) -> Option<u32> {
        if self.left == 0 {
            self.held = *self.data.get(self.at)?;
            if self.held == 0xFF {
                if self.data.get(self.at + 1) != Some(&0) {
                    return None;
                }
                self.at += 1;
            }
            self.at += 1;
            self.left = 8;
        }
        self.left -= 1;
        Some(u32::from(self.held >> self.left) & 1)
    }

    fn bits(&mut self, count: u8) -> Option<u32> {
        (0..count).try_fold(0, |number, _| Some(number << 1 | self.bit()?))
    }

    /// What the next code stands for; `None` where there is none.
    fn symbol(&mut self, table: &Table) -> Option<u8> {
        let (mut code, mut first, mut index) = (0_usize, 0, 0);
        for count in table.counts {
            code |= self.bit()? as usize;
            let count = usize::from(count);
            if let Some(place) = code.checked_sub(first)
                && place < count
            {
                return table.symbols.get(index + place).copied();
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        None
    }

    /// Goes to behind the restart that must stand here.
    fn restart(&mut self) -> bool {
        (self.left, self.run) = (0, 0);
        while self.data.get(self.at..self.at + 2) == Some(&[0xFF, 0xFF]) {
            self.at += 1;
        }
        let here = self.data.get(self.at..self.at + 2);
        self.at += 2;
        matches!(here, Some([0xFF, 0xD0..=0xD7]))
    }

    /// Passes over a block of a band (its first and last coefficient, and whether the frame is
    /// progressive): whether it is there. `None` where a table is missing.
    fn block(
        &mut self,
        (first, last, progressive): (u8, u8, bool),
        first_table: Option<&Table>,
        other_table: Option<&Table>,
    ) -> Option<bool> {
        if first == 0 {
            let table = first_table?;
            let there = self.symbol(table).and_then(|bits| self.bits(bits.min(16)));
            if there.is_none() {
                return Some(false);
            }
        }
        if last == 0 {
            return Some(true);
        }
        if self.run > 0 {
            self.run -= 1;
            return Some(true);
        }
        let table = other_table?;
        Some(self.coefficients(first.max(1), last, progressive, table).is_some())
    }

    fn coefficients(
        &mut self,
        first: u8,
        last: u8,
        progressive: bool,
        table: &Table,
    ) -> Option<()> {
        let mut at = u32::from(first);
        while at <= u32::from(last) {
            let symbol = self.symbol(table)?;
            match (symbol >> 4, symbol & 0xF) {
                (15, 0) => at += 16,
                (run, 0) => {
                    if progressive {
                        self.run = (1 << run) - 1 + self.bits(run)?;
                    }
                    break;
                }
                (zeros, bits) => {
                    self.bits(bits)?;
                    at += u32::from(zeros) + 1;
                }
            }
        }
        Some(())
    }
}
