//! A processor for which there is nothing beside [`InstructionSet::Scalar`].

use super::instruction_set::InstructionSet;
use super::scalar::Scalar;
use super::token::Kernel;

/// Return whether this processor has a set beside the scalar one.
pub(super) fn has(_: InstructionSet) -> bool {
    false
}

/// Run a kernel.
pub(crate) fn run(_: InstructionSet, kernel: impl Kernel) {
    kernel.run(Scalar);
}
