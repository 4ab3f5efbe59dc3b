//! AVX2 with fused multiply-add, and AVX-512.

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

/// The processor has AVX-512 F.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    fn detected() -> Option<Self> {
        is_x86_feature_detected!("avx512f").then_some(Self(()))
    }
}

/// Return whether this processor has a set beside [`InstructionSet::Scalar`].
pub(super) fn has(set: InstructionSet) -> bool {
    match set {
        InstructionSet::Avx2 => Avx2::detected().is_some(),
        InstructionSet::Avx512 => Avx512::detected().is_some(),
        _ => false,
    }
}

/// Run a kernel with this set, or with none in particular where the processor lacks it.
pub(crate) fn run(set: InstructionSet, kernel: impl Kernel) {
    match (set, Avx2::detected(), Avx512::detected()) {
        // SAFETY: the token says that the processor has both.
        (InstructionSet::Avx2, Some(isa), _) => unsafe { with_avx2(isa, kernel) },
        // SAFETY: the token says that the processor has it.
        (InstructionSet::Avx512, _, Some(isa)) => unsafe { with_avx512(isa, kernel) },
        _ => kernel.run(Scalar),
    }
}

#[target_feature(enable = "avx2,fma")]
fn with_avx2(isa: Avx2, kernel: impl Kernel) {
    kernel.run(isa);
}

#[target_feature(enable = "avx512f")]
fn with_avx512(isa: Avx512, kernel: impl Kernel) {
    kernel.run(isa);
}

/// Eight numbers.
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

/// Sixteen numbers.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Wide(__m512);

impl Isa for Avx512 {
    type V = Wide;
    const LANES: usize = 16;

    #[inline(always)]
    fn splat(self, value: f32) -> Wide {
        // SAFETY: the token says that the processor has AVX-512.
        Wide(unsafe { _mm512_set1_ps(value) })
    }
}

// Lanes come from the token alone, which says that the processor has AVX-512 F.
impl Vector for Wide {
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: lanes come from a token of AVX-512.
        Self(unsafe { _mm512_add_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: lanes come from a token of AVX-512.
        Self(unsafe { _mm512_sub_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        // SAFETY: lanes come from a token of AVX-512.
        Self(unsafe { _mm512_mul_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        // SAFETY: lanes come from a token of AVX-512.
        Self(unsafe { _mm512_max_ps(other.0, self.0) })
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        // SAFETY: lanes come from a token of AVX-512.
        Self(unsafe { _mm512_fmadd_ps(self.0, factor.0, addend.0) })
    }

    #[inline(always)]
    fn where_positive(self, value: Self) -> Self {
        // SAFETY: lanes come from a token of AVX-512.
        Self(unsafe {
            let above = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(self.0, _mm512_setzero_ps());
            _mm512_maskz_mov_ps(above, value.0)
        })
    }

    #[inline(always)]
    fn where_equal(self, other: Self, value: Self) -> Self {
        // SAFETY: lanes come from a token of AVX-512.
        Self(unsafe {
            _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_EQ_OQ>(self.0, other.0), value.0)
        })
    }
}
