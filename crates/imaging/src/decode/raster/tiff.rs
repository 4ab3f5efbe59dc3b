//! A look at a TIFF's directory before it is decoded.

/// Whether a value of the first directory claims more numbers than the file has bytes: the
/// decoder reserves 32 bytes for each before it looks.
pub(super) fn lies(bytes: &[u8]) -> bool {
    directory(bytes)
        .is_some_and(|counts| counts.into_iter().any(|count| count > bytes.len() as u64))
}

/// How many numbers each value of the first directory has; `None` where there is no directory.
fn directory(bytes: &[u8]) -> Option<Vec<u64>> {
    let big_endian = bytes.starts_with(b"MM");
    let number = |at: u64, size: usize| -> Option<u64> {
        let bytes = bytes.get(usize::try_from(at).ok()?..)?.get(..size)?;
        let join = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(match big_endian {
            true => bytes.iter().fold(0, join),
            false => bytes.iter().rev().fold(0, join),
        })
    };
    // BigTIFF has 64 bits where TIFF has 32 (or 16, for the number of entries).
    let (word, head, entry) = if number(2, 2)? == 43 { (8, 8, 20) } else { (4, 2, 12) };
    let start = number(if word == 8 { 8 } else { 4 }, word)?;
    let entries = number(start, head)?.min(bytes.len() as u64);
    let offset = |i: u64| start.checked_add(head as u64)?.checked_add(i * entry)?.checked_add(4);
    Some((0..entries).map_while(|i| number(offset(i)?, word)).collect())
}
