//! Four numbers without any particular instruction; the compiler may still find some.

// Left out where the whole module is compiled for another set.
#![allow(dead_code)]

use super::token::{Isa, Vector};

/// Every processor has it.
#[derive(Clone, Copy)]
pub(crate) struct Scalar;

#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Lanes([f32; 4]);

impl Isa for Scalar {
    type V = Lanes;
    const LANES: usize = 4;

    #[inline(always)]
    fn splat(self, value: f32) -> Lanes {
        Lanes([value; 4])
    }
}

impl Lanes {
    #[inline(always)]
    fn zip(self, other: Self, of: impl Fn(f32, f32) -> f32) -> Self {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        Self([of(a, e), of(b, f), of(c, g), of(d, h)])
    }
}

impl Vector for Lanes {
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| if a < b { b } else { a })
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        self.mul(factor).add(addend)
    }

    #[inline(always)]
    fn where_positive(self, value: Self) -> Self {
        self.zip(value, |lane, value| if lane > 0.0 { value } else { 0.0 })
    }

    #[inline(always)]
    fn where_equal(self, other: Self, value: Self) -> Self {
        let mut found = [0.0; 4];
        for lane in 0..4 {
            if self.0[lane] == other.0[lane] {
                found[lane] = value.0[lane];
            }
        }
        Self(found)
    }
}
