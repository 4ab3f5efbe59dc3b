//! Connected components of a slice.

/// Pixels that hang together by their sides.
pub(super) struct Component {
    /// Indices into the slice, in no order.
    pub(super) pixels: Vec<u32>,
    /// Whether one of them lies on the edge of the slice.
    pub(super) on_edge: bool,
}

/// The components where `chosen` holds, in the order of their first pixels.
pub(super) fn components(chosen: &[bool], width: usize) -> Vec<Component> {
    let mut left: Vec<bool> = chosen.to_vec();
    let mut found = Vec::new();
    for first in 0..left.len() {
        if left[first] {
            found.push(take(&mut left, width, first));
        }
    }
    found
}

/// Those that an edge pixel of the slice can reach through `open` pixels.
pub(super) fn reached_from_edge(open: &[bool], width: usize) -> Vec<bool> {
    let mut left: Vec<bool> = open.to_vec();
    let height = open.len() / width.max(1);
    for y in 0..height {
        let edge_row = y == 0 || y + 1 == height;
        let step = if edge_row { 1 } else { (width - 1).max(1) };
        for x in (0..width).step_by(step) {
            if left[y * width + x] {
                take(&mut left, width, y * width + x);
            }
        }
    }
    // What was open and is gone has been reached.
    left.iter().zip(open).map(|(left, open)| *open && !left).collect()
}

/// Takes the component of `first` out of `left`.
fn take(left: &mut [bool], width: usize, first: usize) -> Component {
    let mut pixels = Vec::new();
    let mut on_edge = false;
    let mut waiting = vec![first as u32];
    left[first] = false;
    while let Some(pixel) = waiting.pop() {
        pixels.push(pixel);
        let i = pixel as usize;
        let x = i % width;
        let (below, above) = (i + width, i.wrapping_sub(width));
        on_edge |= x == 0 || x + 1 == width || i < width || below >= left.len();
        let mut visit = |next: usize| {
            if left.get(next) == Some(&true) {
                left[next] = false;
                waiting.push(next as u32);
            }
        };
        if x > 0 {
            visit(i - 1);
        }
        if x + 1 < width {
            visit(i + 1);
        }
        visit(above);
        visit(below);
    }
    Component { pixels, on_edge }
}
