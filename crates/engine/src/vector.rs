//! A few lanes of single precision, on whatever the processor has.
//!
//! Kernels are written once over a token of an instruction set, [`Isa`], and the vectors that it
//! makes. A token exists only where the processor has the instructions, and a vector comes only from
//! its token: so arithmetic is safe, and what is left to check are the pointers of loads and stores.
//! (The idea is rten-simd's.)
//!
//! Everything that takes a token is inlined into the single entry for its instruction set, where the
//! compiler may use those instructions. So the kernels are loops: a closure given to a function of the
//! standard library may stay outside, where a vector is no register and each operation a call.

mod instruction_set;
mod scalar;
mod token;
// What this build has beside the scalar set.
#[cfg_attr(target_arch = "x86_64", path = "vector/x86.rs")]
#[cfg_attr(target_arch = "aarch64", path = "vector/neon.rs")]
#[cfg_attr(all(target_arch = "wasm32", target_feature = "simd128"), path = "vector/wasm.rs")]
#[cfg_attr(
    not(any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        all(target_arch = "wasm32", target_feature = "simd128")
    )),
    path = "vector/fallback.rs"
)]
mod target;

pub use instruction_set::InstructionSet;
#[cfg(test)]
pub(crate) use scalar::Scalar;
pub(crate) use target::run;
pub(crate) use token::{Isa, Kernel, Vector, WIDE};

impl InstructionSet {
    /// Return whether this build has it and this processor runs it.
    #[must_use]
    pub fn available(self) -> bool {
        self == Self::Scalar || target::has(self)
    }

    /// Return the widest that is available and whose panels all these counts of channels fill to three
    /// quarters: the rest is computed for nothing.
    #[must_use]
    pub fn suited(channels: &[usize]) -> Self {
        let fills = |set: &Self| {
            let filled = |count: &usize| 4 * count >= 3 * count.next_multiple_of(set.panel());
            // The narrowest serve whatever there is.
            set.panel() <= 16 || channels.iter().all(filled)
        };
        let mut sets = Self::ALL.into_iter().filter(|set| set.available());
        sets.find(fills).unwrap_or(Self::Scalar)
    }
}
