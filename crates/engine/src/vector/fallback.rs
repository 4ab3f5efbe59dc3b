//! A processor for which there is nothing beside [`InstructionSet::Scalar`].

use super::instruction_set::InstructionSet;
use super::scalar::Scalar;
use super::token::Kernel;

/// Return the set that this processor has beside the scalar one.
pub(super) fn found() -> Option<InstructionSet> {
    None
}

/// Run a kernel.
pub(crate) fn run(_: InstructionSet, kernel: impl Kernel) {
    kernel.run(Scalar);
}
