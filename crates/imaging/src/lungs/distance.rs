//! Distance to the nearest chosen pixel, exact and in mm: what growing, shrinking and measuring
//! by millimetres are made of (Felzenszwalb and Huttenlocher, "Distance transforms of sampled
//! functions", 2012).

/// Squared distance in mm² from each pixel's centre to the nearest one where `chosen` holds;
/// infinite where none is chosen.
///
/// # Shapes
/// `chosen`: `width * height`, row-major, as the result. `pixel_mm`: along x and y.
#[must_use]
pub fn squared_distance_mm2(
    chosen: &[bool],
    [width, height]: [usize; 2],
    pixel_mm: [f64; 2],
) -> Vec<f32> {
    let mut map: Vec<f32> =
        chosen.iter().map(|chosen| if *chosen { 0.0 } else { f32::INFINITY }).collect();
    if width == 0 || height == 0 || map.len() != width * height {
        return map;
    }
    let mut envelope = Envelope::new(width.max(height));
    let mut line = vec![0.0; width.max(height)];
    for row in map.chunks_exact_mut(width) {
        line[..width].copy_from_slice(row);
        envelope.of(&line[..width], pixel_mm[0] as f32, |x, value| row[x] = value);
    }
    for x in 0..width {
        for y in 0..height {
            line[y] = map[y * width + x];
        }
        envelope.of(&line[..height], pixel_mm[1] as f32, |y, value| map[y * width + x] = value);
    }
    map
}

/// The lower envelope of parabolas along a line, and room to find it in.
struct Envelope {
    /// Indices of the parabolas that form it.
    vertices: Vec<usize>,
    /// Where each begins, in mm.
    starts: Vec<f32>,
}

impl Envelope {
    fn new(longest: usize) -> Self {
        Self { vertices: Vec::with_capacity(longest), starts: Vec::with_capacity(longest) }
    }

    /// Hands each place's `min over q of heights[q] + (step * (place - q))²` to `take`.
    fn of(&mut self, heights: &[f32], step: f32, mut take: impl FnMut(usize, f32)) {
        self.vertices.clear();
        self.starts.clear();
        for (q, height) in heights.iter().enumerate() {
            if height.is_infinite() {
                continue;
            }
            let at = q as f32 * step;
            let mut start = f32::NEG_INFINITY;
            while let (Some(last), Some(begins)) = (self.vertices.last(), self.starts.last()) {
                let other = *last as f32 * step;
                let meets =
                    ((height + at * at) - (heights[*last] + other * other)) / (2.0 * (at - other));
                if meets > *begins {
                    start = meets;
                    break;
                }
                self.vertices.pop();
                self.starts.pop();
            }
            self.vertices.push(q);
            self.starts.push(start);
        }
        let mut current = 0;
        for index in 0..heights.len() {
            let at = index as f32 * step;
            while self.starts.get(current + 1).is_some_and(|start| *start < at) {
                current += 1;
            }
            let value = self.vertices.get(current).map_or(f32::INFINITY, |q| {
                let far = at - *q as f32 * step;
                heights[*q] + far * far
            });
            take(index, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_what_trying_every_pixel_gives(
            width in 1_usize..14,
            height in 1_usize..11,
            bits in prop::collection::vec(prop::bool::weighted(0.1), 160),
            mm in prop::array::uniform2(0.3..2.0_f64),
        ) {
            let chosen = &bits[..width * height];
            let map = squared_distance_mm2(chosen, [width, height], mm);
            for y in 0..height {
                for x in 0..width {
                    let nearest = (0..chosen.len())
                        .filter(|i| chosen[*i])
                        .map(|i| {
                            let (dx, dy) = (i % width, i / width);
                            let dx = (dx as f64 - x as f64) * mm[0];
                            let dy = (dy as f64 - y as f64) * mm[1];
                            dx * dx + dy * dy
                        })
                        .fold(f64::INFINITY, f64::min);
                    let found = f64::from(map[y * width + x]);
                    let same = found == nearest || (found - nearest).abs() < 1e-3;
                    prop_assert!(same, "{found} {nearest} at {x}, {y}");
                }
            }
        }
    }
}
