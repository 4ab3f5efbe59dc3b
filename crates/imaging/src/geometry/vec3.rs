//! Three numbers that belong together, and three directions of them: the arithmetic of geometry.
//!
//! Neither says in which space it lies; [`super::WorldMm`] and [`super::VoxelPoint`] do. Sums run
//! from x to z, so that the same numbers give the same bits everywhere.

use std::ops::{Add, Div, Index, Mul, Sub};

/// A vector of three components.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Vec3(pub [f64; 3]);

impl Vec3 {
    /// The vector without length.
    pub const ZERO: Self = Self([0.0; 3]);

    /// Shorter than this, a vector has no direction.
    const SHORTEST: f64 = 1e-9;

    /// Return the scalar product.
    #[must_use]
    pub fn dot(self, other: Self) -> f64 {
        let (Self(a), Self(b)) = (self, other);
        a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    }

    /// Return the vector at right angles to both, by the right hand.
    #[must_use]
    pub fn cross(self, other: Self) -> Self {
        let (Self(a), Self(b)) = (self, other);
        Self([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])
    }

    /// Return the Euclidean length.
    #[must_use]
    pub fn length(self) -> f64 {
        self.dot(self).sqrt()
    }

    /// Return the vector of length 1 in the same direction; `None` for one without direction.
    #[must_use]
    pub fn normalized(self) -> Option<Self> {
        let length = self.length();
        (length.is_finite() && length > Self::SHORTEST).then(|| self / length)
    }

    /// Return whether no component is infinite or not a number.
    #[must_use]
    pub fn is_finite(self) -> bool {
        self.0.iter().all(|side| side.is_finite())
    }

    /// Apply a function to every component.
    #[must_use]
    pub fn map(self, function: impl FnMut(f64) -> f64) -> Self {
        Self(self.0.map(function))
    }
}

impl Add for Vec3 {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self([0, 1, 2].map(|k| self[k] + other[k]))
    }
}

impl Sub for Vec3 {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self([0, 1, 2].map(|k| self[k] - other[k]))
    }
}

impl Mul<f64> for Vec3 {
    type Output = Self;

    fn mul(self, factor: f64) -> Self {
        self.map(|side| side * factor)
    }
}

impl Div<f64> for Vec3 {
    type Output = Self;

    fn div(self, divisor: f64) -> Self {
        self.map(|side| side / divisor)
    }
}

impl Index<usize> for Vec3 {
    type Output = f64;

    fn index(&self, component: usize) -> &f64 {
        &self.0[component]
    }
}

/// Three directions: where the x, y and z of one frame run in another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axes(pub [Vec3; 3]);

impl Axes {
    /// The axes of the body itself.
    pub const IDENTITY: Self =
        Self([Vec3([1.0, 0.0, 0.0]), Vec3([0.0, 1.0, 0.0]), Vec3([0.0, 0.0, 1.0])]);

    /// Return the axes with rows and columns exchanged.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self([0, 1, 2].map(|k| Vec3([0, 1, 2].map(|i| self[i][k]))))
    }

    /// Return the axes that lead back, by the reciprocal frame: exact for axes of 0 and +-1, and
    /// for rounded ones better than the transpose. Not finite where the three lie in one plane.
    #[must_use]
    pub fn inverse(self) -> Self {
        let Self([x, y, z]) = self;
        let volume = x.dot(y.cross(z));
        Self([y.cross(z), z.cross(x), x.cross(y)].map(|side| side / volume)).transposed()
    }
}

/// Lead from coordinates along the axes to those of the frame in which the axes are given.
impl Mul<Vec3> for Axes {
    type Output = Vec3;

    fn mul(self, along: Vec3) -> Vec3 {
        let rows = self.transposed();
        Vec3(rows.0.map(|row| row.dot(along)))
    }
}

impl Index<usize> for Axes {
    type Output = Vec3;

    fn index(&self, axis: usize) -> &Vec3 {
        &self.0[axis]
    }
}

impl From<[[f64; 3]; 3]> for Axes {
    fn from(axes: [[f64; 3]; 3]) -> Self {
        Self(axes.map(Vec3))
    }
}

impl From<Axes> for [[f64; 3]; 3] {
    fn from(axes: Axes) -> Self {
        axes.0.map(|axis| axis.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_follow_the_right_hand() {
        let Axes([x, y, z]) = Axes::IDENTITY;
        assert_eq!([x.cross(y), y.cross(z), z.cross(x)], [z, x, y]);
        assert_eq!(Vec3([1.0, 2.0, 3.0]).dot(Vec3([4.0, 5.0, 6.0])), 32.0);
        assert_eq!(Vec3([2.0, 3.0, 6.0]).length(), 7.0);
    }

    #[test]
    fn only_a_direction_has_length_one() {
        assert_eq!(Vec3([0.0, -5.0, 0.0]).normalized(), Some(Vec3([0.0, -1.0, 0.0])));
        for none in [Vec3::ZERO, Vec3([f64::NAN, 0.0, 0.0]), Vec3([f64::INFINITY, 0.0, 0.0])] {
            assert_eq!(none.normalized(), None);
        }
    }

    #[test]
    fn axes_lead_there_and_back() {
        // x runs to z, y to -x, z to -y.
        let axes = Axes::from([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]);
        let there = axes * Vec3([1.0, 2.0, 3.0]);
        assert_eq!(there, Vec3([-2.0, -3.0, 1.0]));
        assert_eq!(axes.inverse() * there, Vec3([1.0, 2.0, 3.0]));
        // Of a frame at right angles, the inverse is the transpose.
        assert_eq!(axes.inverse(), axes.transposed());
        assert_eq!(Axes::IDENTITY * there, there);
    }
}
