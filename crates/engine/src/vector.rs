//! A few lanes of single precision, on whatever the processor has.
//!
//! Kernels are written once over [`Vector`]. Everything that takes one is inlined into the single
//! entry for its instruction set (`run.rs`), where the compiler may use those instructions. So the
//! kernels are loops: a closure given to a function of the standard library may stay outside, where
//! a vector is no register and each operation a call.

#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;
#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(target_arch = "aarch64")]
pub(crate) use neon::Neon;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(crate) use scalar::Scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(crate) use wasm::Simd128;
#[cfg(target_arch = "x86_64")]
pub(crate) use x86::Avx2;

/// Vectors in a panel: what a micro-kernel computes side by side.
pub(crate) const WIDE: usize = 2;

/// [`Self::LANES`] numbers.
///
/// # Safety
/// Of every function: the processor has the instructions of the type ([`InstructionSet::available`]),
/// and a pointer is valid for the lanes that are read or written, aligned to a number.
pub(crate) trait Vector: Copy {
    /// Numbers in a vector.
    const LANES: usize;
    /// Columns of a panel of weights.
    const PANEL: usize = Self::LANES * WIDE;

    unsafe fn splat(value: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    /// A panel's width.
    #[inline(always)]
    unsafe fn load_panel(from: *const f32) -> [Self; WIDE] {
        // SAFETY: the caller's, for a panel of numbers.
        unsafe { [Self::load(from), Self::load(from.add(Self::LANES))] }
    }
    /// One number, in every lane.
    unsafe fn load_splat(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    /// The larger; where `self` is not a number, not a number, so that a fault is not hidden by ReLU.
    unsafe fn max(self, other: Self) -> Self;
    /// `self * factor + addend`, rounded once or twice.
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self;
}

/// Instructions that the kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstructionSet {
    /// None in particular: every processor; left out where a whole module is compiled for another.
    Scalar,
    /// x86-64 with AVX2 and FMA: 8 lanes.
    Avx2,
    /// 64-bit ARM: 4 lanes.
    Neon,
    /// WebAssembly's fixed-width SIMD: 4 lanes.
    Simd128,
}

impl InstructionSet {
    /// Every one, the fastest first.
    pub const ALL: [Self; 4] = [Self::Avx2, Self::Neon, Self::Simd128, Self::Scalar];

    /// Whether this build has it and this processor runs it.
    #[must_use]
    pub fn available(self) -> bool {
        match self {
            Self::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Self::Simd128 => true,
            _ => false,
        }
    }

    /// The fastest that is available.
    #[must_use]
    pub fn best() -> Self {
        Self::ALL.into_iter().find(|set| set.available()).unwrap_or(Self::Scalar)
    }

    /// As it is shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Avx2 => "AVX2",
            Self::Neon => "NEON",
            Self::Simd128 => "SIMD 128",
        }
    }

    /// Columns of a panel; every channel count but the input's is rounded up to it.
    pub(crate) fn panel(self) -> usize {
        match self {
            Self::Avx2 => 16,
            Self::Scalar | Self::Neon | Self::Simd128 => 8,
        }
    }
}
