//! NEON, which every 64-bit ARM has.

use super::instruction_set::InstructionSet;
use super::scalar::Scalar;
use super::token::{Isa, Kernel, Vector};
use core::arch::aarch64::*;

/// The processor has NEON.
#[derive(Clone, Copy)]
pub(crate) struct Neon(());

impl Neon {
    fn detected() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Self(()))
    }
}

/// Return whether this processor has a set beside [`InstructionSet::Scalar`].
pub(super) fn has(set: InstructionSet) -> bool {
    set == InstructionSet::Neon && Neon::detected().is_some()
}

/// Run a kernel with this set, or with none in particular where the processor lacks it.
pub(crate) fn run(set: InstructionSet, kernel: impl Kernel) {
    match Neon::detected() {
        // SAFETY: the token says that the processor has NEON.
        Some(isa) if set == InstructionSet::Neon => unsafe { with(isa, kernel) },
        _ => kernel.run(Scalar),
    }
}

#[target_feature(enable = "neon")]
fn with(isa: Neon, kernel: impl Kernel) {
    kernel.run(isa);
}

#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Lanes(float32x4_t);

impl Isa for Neon {
    type V = Lanes;
    const LANES: usize = 4;

    #[inline(always)]
    fn splat(self, value: f32) -> Lanes {
        // SAFETY: the token says that the processor has NEON.
        Lanes(unsafe { vdupq_n_f32(value) })
    }
}

// Lanes come from the token alone, which says that the processor has NEON.
impl Vector for Lanes {
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: lanes come from a token of NEON.
        Self(unsafe { vaddq_f32(self.0, other.0) })
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: lanes come from a token of NEON.
        Self(unsafe { vsubq_f32(self.0, other.0) })
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        // SAFETY: lanes come from a token of NEON.
        Self(unsafe { vmulq_f32(self.0, other.0) })
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        // SAFETY: lanes come from a token of NEON.
        Self(unsafe { vmaxq_f32(self.0, other.0) })
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        // SAFETY: lanes come from a token of NEON.
        Self(unsafe { vfmaq_f32(addend.0, self.0, factor.0) })
    }

    #[inline(always)]
    fn where_positive(self, value: Self) -> Self {
        // SAFETY: lanes come from a token of NEON.
        Self(unsafe { vbslq_f32(vcgtzq_f32(self.0), value.0, vdupq_n_f32(0.0)) })
    }

    #[inline(always)]
    fn where_equal(self, other: Self, value: Self) -> Self {
        // SAFETY: lanes come from a token of NEON.
        Self(unsafe { vbslq_f32(vceqq_f32(self.0, other.0), value.0, vdupq_n_f32(0.0)) })
    }
}
