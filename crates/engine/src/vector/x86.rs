//! AVX2 with fused multiply-add.

use super::instruction_set::InstructionSet;
use super::scalar::Scalar;
use super::token::{Isa, Kernel, Vector};
use core::arch::x86_64::*;

/// The processor has AVX2 and FMA.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    fn detected() -> Option<Self> {
        let found = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        found.then_some(Self(()))
    }
}

/// Return the set that this processor has beside [`InstructionSet::Scalar`].
pub(super) fn found() -> Option<InstructionSet> {
    Avx2::detected().map(|_| InstructionSet::Avx2)
}

/// Run a kernel with this set, or with none in particular where the processor lacks it.
pub(crate) fn run(set: InstructionSet, kernel: impl Kernel) {
    match Avx2::detected() {
        // SAFETY: the token says that the processor has both.
        Some(isa) if set == InstructionSet::Avx2 => unsafe { with(isa, kernel) },
        _ => kernel.run(Scalar),
    }
}

#[target_feature(enable = "avx2,fma")]
fn with(isa: Avx2, kernel: impl Kernel) {
    kernel.run(isa);
}

#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Lanes(__m256);

impl Isa for Avx2 {
    type V = Lanes;
    const LANES: usize = 8;

    #[inline(always)]
    fn splat(self, value: f32) -> Lanes {
        // SAFETY: the token says that the processor has AVX.
        Lanes(unsafe { _mm256_set1_ps(value) })
    }
}

// Lanes come from the token alone, which says that the processor has AVX2 and FMA.
impl Vector for Lanes {
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: lanes come from a token of AVX2.
        Self(unsafe { _mm256_add_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: lanes come from a token of AVX2.
        Self(unsafe { _mm256_sub_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        // SAFETY: lanes come from a token of AVX2.
        Self(unsafe { _mm256_mul_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        // SAFETY: lanes come from a token of AVX2.
        Self(unsafe { _mm256_max_ps(other.0, self.0) })
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        // SAFETY: lanes come from a token of FMA, too.
        Self(unsafe { _mm256_fmadd_ps(self.0, factor.0, addend.0) })
    }

    #[inline(always)]
    fn where_positive(self, value: Self) -> Self {
        // SAFETY: lanes come from a token of AVX2.
        Self(unsafe {
            let above = _mm256_cmp_ps::<_CMP_GT_OQ>(self.0, _mm256_setzero_ps());
            _mm256_and_ps(above, value.0)
        })
    }

    #[inline(always)]
    fn where_equal(self, other: Self, value: Self) -> Self {
        // SAFETY: lanes come from a token of AVX2.
        Self(unsafe { _mm256_and_ps(_mm256_cmp_ps::<_CMP_EQ_OQ>(self.0, other.0), value.0) })
    }
}
