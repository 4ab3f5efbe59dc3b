//! Into how many parts a JPEG 2000 codestream divides its picture (T.800, annexes A and B). The
//! decoder makes a record of every tile, precinct and block before it looks for their data, so a
//! kilobyte can ask for gigabytes: what is absurd is refused first.

/// Most tiles: their number has 16 bits (T.800, A.4.2).
const MOST_TILES: u64 = 65_535;
/// Most precincts and blocks (once for each layer) in all, a hundred bytes each. 8192 x 8192 pixels
/// in blocks of 32 x 32 and four layers have 350,000; scanners write blocks of 64 x 64 in one.
const MOST_PARTS: u64 = 1 << 19;

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
    // Layers and styles are set anew anywhere before the data: the worst counts. In the data these
    // marks cannot occur (T.800, B.10.1).
    let (mut layers, mut worst) = (1, 0);
    let mut styles = Vec::new();
    for (place, pair) in stream.windows(2).enumerate() {
        let rest = stream.get(place + 4..).unwrap_or_default();
        match pair {
            // Flags, order of progression, layers, component transform; then the style.
            [0xFF, 0x52] => {
                if let (Some(flags), Some([high, low]), Some(style)) =
                    (rest.first(), rest.get(2..4), rest.get(5..))
                {
                    layers = layers.max(u64::from(u16::from_be_bytes([*high, *low])));
                    styles.extend(read(*flags, style));
                }
            }
            // Component, flags; then the style.
            [0xFF, 0x53] => {
                if let (Some(flags), Some(style)) = (rest.get(1), rest.get(2..)) {
                    styles.extend(read(*flags, style));
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
