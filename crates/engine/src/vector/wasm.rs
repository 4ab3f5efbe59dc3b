//! WebAssembly's fixed-width SIMD, where the whole module is compiled for it: it would not have
//! started without.

use super::instruction_set::InstructionSet;
use super::token::{Isa, Kernel, Vector};
use core::arch::wasm32::*;

/// The module runs, so that there are these instructions.
#[derive(Clone, Copy)]
pub(crate) struct Simd128;

/// Return whether this module is compiled for a set.
pub(super) fn has(set: InstructionSet) -> bool {
    set == InstructionSet::Simd128
}

/// Run a kernel. There is one set in the module, whatever is asked for.
pub(crate) fn run(_: InstructionSet, kernel: impl Kernel) {
    kernel.run(Simd128);
}

#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Lanes(v128);

impl Isa for Simd128 {
    type V = Lanes;
    const LANES: usize = 4;

    #[inline(always)]
    fn splat(self, value: f32) -> Lanes {
        Lanes(f32x4_splat(value))
    }
}

impl Vector for Lanes {
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(f32x4_add(self.0, other.0))
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(f32x4_sub(self.0, other.0))
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(f32x4_mul(self.0, other.0))
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self(f32x4_pmax(self.0, other.0))
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        #[cfg(target_feature = "relaxed-simd")]
        return Self(f32x4_relaxed_madd(self.0, factor.0, addend.0));
        #[cfg(not(target_feature = "relaxed-simd"))]
        Self(f32x4_add(f32x4_mul(self.0, factor.0), addend.0))
    }

    #[inline(always)]
    fn where_positive(self, value: Self) -> Self {
        Self(v128_and(f32x4_gt(self.0, f32x4_splat(0.0)), value.0))
    }

    #[inline(always)]
    fn where_equal(self, other: Self, value: Self) -> Self {
        Self(v128_and(f32x4_eq(self.0, other.0), value.0))
    }
}
