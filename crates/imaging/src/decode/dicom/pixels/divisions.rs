//! Into how many parts a JPEG 2000 codestream divides its picture (T.800, annexes A and B). The
//! decoder makes a record of every tile, precinct and block before it looks for their data, so a
//! kilobyte can ask for gigabytes: what is absurd is refused first.

/// Most tiles: their number has 16 bits (T.800, A.4.2).
const MOST_TILES: u64 = 65_535;
/// Most precincts and blocks (once for each layer) in all, a hundred bytes each. 8192 x 8192 pixels
/// in blocks of 32 x 32 and four layers have 350,000; scanners write blocks of 64 x 64 in one.
const MOST_PARTS: u64 = 1 << 19;

/// Most layers that the decoder takes.
const MOST_LAYERS: u16 = 32;

/// A coding style: what COD and COC segments hold in common.
struct Style {
    levels: u32,
    /// Binary logarithms of a block's sides.
    block: [u32; 2],
    /// Of a precinct's, by resolution; empty where precincts are as large as can be.
    precincts: Vec<[u32; 2]>,
}

/// Whether a codestream, which begins with its two first marks, divides its picture sensibly.
pub(super) fn sensible(stream: &[u8]) -> bool {
    let Some((area, tiles)) = sizes(stream) else { return false };
    if tiles > MOST_TILES {
        return false;
    }
    // The decoder reads a style wherever it meets one and does not look at its segment's length, so
    // all that could be one counts, and of those the worst. In the data such bytes occur, too (only
    // marks from FF90 on do not: T.800, B.10.1): what the decoder would refuse is no style.
    let (mut layers, mut worst) = (1, 0);
    let mut styles = Vec::new();
    let components = stream.get(40..).and_then(<[u8]>::first_chunk::<2>);
    let components = components.map_or(0, |pair| u16::from_be_bytes(*pair));
    for (offset, pair) in stream.windows(2).enumerate() {
        let rest = stream.get(offset + 4..).unwrap_or_default();
        match pair {
            // Flags, order of progression, layers, component transform; then the style.
            [0xFF, 0x52] => {
                if let Some([flags, 0..=4, high, low, _]) = rest.first_chunk()
                    && let count @ 1..=MOST_LAYERS = u16::from_be_bytes([*high, *low])
                    && let Some(style) = read(*flags, rest.get(5..).unwrap_or_default())
                {
                    layers = layers.max(u64::from(count));
                    styles.push(style);
                }
            }
            // Component, flags; then the style.
            [0xFF, 0x53] => {
                if let Some([component, flags]) = rest.first_chunk()
                    && u16::from(*component) < components
                {
                    styles.extend(read(*flags, rest.get(2..).unwrap_or_default()));
                }
            }
            _ => {}
        }
    }
    for style in &styles {
        worst = worst.max(parts(style, area, tiles, layers));
    }
    worst <= MOST_PARTS
}

/// Whether every part of a tile is there to its end (T.800, A.4.2), or the end mark where the last
/// does not say how long it is. The decoder fills up what is missing without a word.
pub(super) fn complete(stream: &[u8]) -> bool {
    let pair = |at: usize| stream.get(at..).and_then(<[u8]>::first_chunk::<2>).copied();
    // The main header: segments, each with its length, up to the first part.
    let mut at = 2;
    loop {
        match pair(at) {
            Some([0xFF, 0x90]) => break,
            Some([0xFF, _]) => {
                let length = pair(at + 2).map_or(0, u16::from_be_bytes);
                if length < 2 {
                    return false;
                }
                at += 2 + usize::from(length);
            }
            _ => return false,
        }
    }
    while pair(at) == Some([0xFF, 0x90]) {
        let length = stream.get(at + 6..).and_then(<[u8]>::first_chunk::<4>);
        match length.map(|length| u32::from_be_bytes(*length) as usize) {
            // To the end mark, behind which zeros may make the length even.
            Some(0) => {
                let end = stream.iter().rposition(|byte| *byte != 0).unwrap_or(0);
                return end.checked_sub(1).and_then(pair) == Some([0xFF, 0xD9]);
            }
            Some(length) if length >= 12 => at = at.saturating_add(length),
            _ => return false,
        }
    }
    at <= stream.len()
}

/// Samples of all components on the reference grid, and tiles.
fn sizes(stream: &[u8]) -> Option<(u64, u64)> {
    let number = |i: usize| {
        let bytes = stream.get(8 + i * 4..)?.first_chunk::<4>()?;
        Some(u64::from(u32::from_be_bytes(*bytes)))
    };
    let components = u64::from(u16::from_be_bytes(*stream.get(40..)?.first_chunk::<2>()?));
    let side = |axis: usize| Some(number(axis)?.saturating_sub(number(2 + axis)?));
    let tiles = |axis: usize| {
        let length = number(axis)?.saturating_sub(number(6 + axis)?);
        Some(length.div_ceil(number(4 + axis)?.max(1)))
    };
    let area = side(0)?.saturating_mul(side(1)?).saturating_mul(components);
    Some((area, tiles(0)?.saturating_mul(tiles(1)?)))
}

/// A style, if the decoder would take it for one.
fn read(flags: u8, bytes: &[u8]) -> Option<Style> {
    let [levels, x, y, _, transform] = *bytes.first_chunk::<5>()?;
    if levels > 32 || x > 8 || y > 8 || x + y > 8 || transform > 1 {
        return None;
    }
    let levels = u32::from(levels);
    let precincts = match flags & 1 {
        0 => Vec::new(),
        _ => {
            let sizes = bytes.get(5..)?.get(..levels as usize + 1)?;
            sizes.iter().map(|size| [u32::from(size & 15), u32::from(size >> 4)]).collect()
        }
    };
    Some(Style { levels, block: [u32::from(x) + 2, u32::from(y) + 2], precincts })
}

/// About how many precincts and blocks there are, never far too few.
fn parts(style: &Style, area: u64, tiles: u64, layers: u64) -> u64 {
    let shifted = |area: u64, by: u32| area.checked_shr(by).unwrap_or(0);
    let mut parts = 0_u64;
    for resolution in 0..=style.levels {
        // Three bands of the size of the resolution below, but for the smallest.
        let (bands, down) = if resolution == 0 { (1, 0) } else { (3, 1) };
        let band = shifted(area, 2 * (style.levels - resolution + down));
        let [x, y] = style.precincts.get(resolution as usize).copied().unwrap_or([15; 2]);
        let (x, y) = (x.saturating_sub(down), y.saturating_sub(down));
        let block = x.min(style.block[0]) + y.min(style.block[1]);
        // At the edges of each tile there is one more.
        let precincts = shifted(band, x + y) + tiles;
        let blocks = (shifted(band, block) + tiles).saturating_mul(layers);
        parts = parts.saturating_add(precincts.saturating_add(blocks).saturating_mul(bands));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::sensible;

    /// A slice of 512 x 512: one tile, five levels, one layer, blocks of 64 x 64, and packets of
    /// pseudo-random bytes with a bit stuffed after FF, as coders write them.
    fn slice(seed: u32) -> Vec<u8> {
        let mut stream = vec![0xFF, 0x4F, 0xFF, 0x51, 0, 41, 0, 0];
        for number in [512_u32, 512, 0, 0, 512, 512, 0, 0] {
            stream.extend(number.to_be_bytes());
        }
        stream.extend([0, 1, 15, 1, 1]);
        stream.extend([0xFF, 0x52, 0, 12, 0, 0, 0, 1, 0, 5, 4, 4, 0, 1]);
        stream.extend([0xFF, 0x90, 0, 10, 0, 0, 0, 0, 0, 0, 0, 1, 0xFF, 0x93]);
        let mut state = seed;
        for _ in 0..300_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let byte = (state >> 24) as u8;
            let stuffed = stream.last() == Some(&0xFF);
            stream.push(if stuffed { byte & 0x7F } else { byte });
        }
        stream
    }

    #[test]
    fn what_stands_in_the_data_is_not_taken_for_a_style() {
        for seed in 0..60 {
            let stream = slice(seed);
            let marks = stream.windows(2).filter(|two| matches!(two, [0xFF, 0x52 | 0x53]));
            assert!(marks.count() > 3, "the data of seed {seed} tries nothing");
            assert!(sensible(&stream), "seed {seed}");
        }
    }
}
