//! Which instruction sets there are.

/// Instructions that the kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstructionSet {
    /// None in particular: every processor; left out where a whole module is compiled for another.
    Scalar,
    /// x86-64 with AVX2 and FMA: 8 lanes.
    Avx2,
    /// x86-64 with AVX-512 F: 16 lanes.
    Avx512,
    /// 64-bit ARM: 4 lanes.
    Neon,
    /// WebAssembly's fixed-width SIMD: 4 lanes.
    Simd128,
}

impl InstructionSet {
    /// Every one, the fastest first.
    pub const ALL: [Self; 5] = [Self::Avx512, Self::Avx2, Self::Neon, Self::Simd128, Self::Scalar];

    /// As it is shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Avx2 => "AVX2",
            Self::Avx512 => "AVX-512",
            Self::Neon => "NEON",
            Self::Simd128 => "SIMD 128",
        }
    }

    /// Numbers side by side.
    pub(crate) fn lanes(self) -> usize {
        self.panel() / 2
    }

    /// Columns of a panel; every channel count but the input's is rounded up to it.
    pub(crate) fn panel(self) -> usize {
        match self {
            Self::Avx2 => 16,
            Self::Avx512 => 32,
            Self::Scalar | Self::Neon | Self::Simd128 => 8,
        }
    }
}
