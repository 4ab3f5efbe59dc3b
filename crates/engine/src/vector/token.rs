//! Tokens, and the vectors that they make.

/// Vectors in a panel: what a micro-kernel computes side by side.
pub(crate) const WIDE: usize = 2;

/// The proof that the processor has an instruction set: a type of it can be made only where that was
/// found out.
pub(crate) trait Isa: Copy {
    /// Numbers side by side.
    type V: Vector;
    /// Numbers in a vector.
    const LANES: usize;
    /// Columns of a panel of weights.
    const PANEL: usize = Self::LANES * WIDE;

    /// Put a number in every lane.
    fn splat(self, value: f32) -> Self::V;

    /// Read a vector.
    ///
    /// # Safety
    /// `from` is valid for `LANES` numbers.
    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> Self::V {
        // SAFETY: a vector is `LANES` numbers without padding, for which the pointer is valid, and any
        // bits are a number.
        unsafe { from.cast::<Self::V>().read_unaligned() }
    }

    /// Read a panel's width.
    ///
    /// # Safety
    /// `from` is valid for `PANEL` numbers.
    #[inline(always)]
    unsafe fn load_panel(self, from: *const f32) -> [Self::V; WIDE] {
        // SAFETY: a panel is two vectors, one behind the other.
        unsafe { [self.load(from), self.load(from.add(Self::LANES))] }
    }

    /// Read a number into every lane.
    ///
    /// # Safety
    /// `from` is valid for a number.
    #[inline(always)]
    unsafe fn load_splat(self, from: *const f32) -> Self::V {
        // SAFETY: the pointer is valid for the one number that is read.
        self.splat(unsafe { from.read() })
    }
}

/// As many numbers side by side as its token has lanes, without padding. It comes from its token alone.
pub(crate) trait Vector: Copy {
    /// Add lane by lane.
    fn add(self, other: Self) -> Self;
    /// Subtract lane by lane.
    fn sub(self, other: Self) -> Self;
    /// Multiply lane by lane.
    fn mul(self, other: Self) -> Self;
    /// Return the larger; where `self` is not a number, not a number, so that a fault is not hidden by
    /// ReLU.
    fn max(self, other: Self) -> Self;
    /// Compute `self * factor + addend`, rounded once or twice.
    fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// Return `value` in the lanes that are above zero, zero in the others.
    fn where_positive(self, value: Self) -> Self;
    /// Return `value` in the lanes that equal those of `other`, zero in the others.
    fn where_equal(self, other: Self, value: Self) -> Self;

    /// Write a vector.
    ///
    /// # Safety
    /// `to` is valid for as many numbers as the vector has lanes.
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: a vector is its lanes without padding, for which the pointer is valid.
        unsafe { to.cast::<Self>().write_unaligned(self) }
    }
}

/// Work that is compiled for each instruction set.
pub(crate) trait Kernel {
    /// Do it, with the instructions of this set. Implementations are `#[inline(always)]`.
    fn run<I: Isa>(self, isa: I);
}
