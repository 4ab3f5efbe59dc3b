//! Kernels to the points of a filter.

use super::filter::Filter;
use super::points::Points;
use crate::vector::{Isa, Kernel, Vector};

/// The kernels of a layer at the points: `G k G^T` for each pair of channels.
pub(super) struct Carry<'a> {
    pub(super) filter: Filter,
    /// In panels, each `[y][x][channels of the input map][panel]`.
    pub(super) packed: &'a [f32],
    pub(super) inputs: usize,
    /// A matrix in panels for each point, `[N * N][panels][inputs][panel]`.
    pub(super) weights: &'a mut [f32],
}

impl Kernel for Carry<'_> {
    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        match self.filter {
            Filter::F4x3 => self.run::<I, 6, 3>(isa),
            Filter::F6x3 => self.run::<I, 8, 3>(isa),
            Filter::F5x4 => self.run::<I, 8, 4>(isa),
            Filter::F4x5 => self.run::<I, 8, 5>(isa),
        }
    }
}

impl Carry<'_> {
    #[inline(always)]
    fn run<I: Isa, const N: usize, const R: usize>(self, isa: I) {
        let Self { packed, inputs, weights, .. } = self;
        let taps = inputs * I::PANEL;
        let panels = packed.len() / (R * R * taps);
        // What the pointers below rely on.
        assert!(packed.len() == panels * R * R * taps && weights.len() == N * N * panels * taps);
        let rows = Points::<N>::kernel::<R>().map(|row| row.map(|of| of as f32));
        for panel in 0..panels {
            for lanes in (0..taps).step_by(I::LANES) {
                // SAFETY: taps and points of this panel lie within the lengths checked, a vector within
                // the numbers of a tap.
                unsafe {
                    let from = packed.as_ptr().add(panel * R * R * taps + lanes);
                    let to = weights.as_mut_ptr().add(panel * taps + lanes);
                    let mut half = [[isa.splat(0.0); R]; N];
                    for x in 0..R {
                        for y in 0..R {
                            let tap = isa.load(from.add((y * R + x) * taps));
                            for point in 0..N {
                                let of = isa.splat(rows[point][y]);
                                half[point][x] = tap.mul_add(of, half[point][x]);
                            }
                        }
                    }
                    for y in 0..N {
                        for x in 0..N {
                            let mut value = isa.splat(0.0);
                            for tap in 0..R {
                                value = half[y][tap].mul_add(isa.splat(rows[x][tap]), value);
                            }
                            value.store(to.add((y * N + x) * panels * taps));
                        }
                    }
                }
            }
        }
    }
}
