//! The transforms of Winograd's minimal filtering: `F(M, R)` computes M outputs of a kernel of R
//! taps with N = M + R - 1 products, by evaluating polynomials at N points.
//!
//! Points are 0, the pairs 1 and -1, 2 and -2, 1/2 and -1/2, as many as N needs, and infinity, in
//! this order. Since they come in pairs, the even and the odd powers of a pair are summed once and
//! added and subtracted. (S. Winograd, Arithmetic Complexity of Computations, 1980; A. Lavin and
//! S. Gray, Fast Algorithms for Convolutional Neural Networks, 2015.)

use crate::vector::{Isa, Vector};

/// The positive one of each pair.
const PAIRS: [f64; 3] = [1.0, 2.0, 0.5];

/// Points of `F(M, R)`, for an even N of at most 8.
pub(super) struct Points<const N: usize>;

impl<const N: usize> Points<N> {
    const PAIRS: usize = (N - 2) / 2;
    /// Coefficients of the product of `t - p^2` over all pairs, by power of t.
    const WHOLE: [f32; 4] = narrow(product(Self::PAIRS, usize::MAX));
    /// The same without one pair.
    const WITHOUT: [[f32; 4]; 3] = [
        narrow(product(Self::PAIRS, 0)),
        narrow(product(Self::PAIRS, 1)),
        narrow(product(Self::PAIRS, 2)),
    ];

    /// Return the point at a finite position: all but the last, which is infinity.
    pub(super) fn finite(position: usize) -> f64 {
        match position {
            0 => 0.0,
            odd if odd % 2 == 1 => PAIRS[odd / 2],
            even => -PAIRS[even / 2 - 1],
        }
    }

    /// Position of the point 1, where a constant of the output stands alone.
    pub(super) const ONE: usize = 1;

    /// Return what each point makes of the taps of a kernel: `[N][R]`.
    pub(super) fn kernel<const R: usize>() -> [[f64; R]; N] {
        let mut rows = [[0.0; R]; N];
        for (j, row) in rows[..N - 1].iter_mut().enumerate() {
            let point = Self::finite(j);
            let others = (0..N - 1).filter(|other| *other != j);
            let scale: f64 = others.map(|other| point - Self::finite(other)).product();
            for (power, tap) in row.iter_mut().enumerate() {
                *tap = point.powi(power as i32) / scale;
            }
        }
        rows[N - 1][R - 1] = 1.0;
        rows
    }

    /// Values at N places to values at N points.
    #[inline(always)]
    pub(super) fn input<I: Isa>(isa: I, values: &[I::V; N]) -> [I::V; N] {
        let mut points = *values;
        points[0] = weighted(isa, values, 0, &Self::WHOLE, Self::PAIRS + 1, 1.0);
        points[N - 1] = weighted(isa, values, 1, &Self::WHOLE, Self::PAIRS + 1, 1.0);
        Self::enter::<I, 0>(isa, values, &mut points);
        Self::enter::<I, 1>(isa, values, &mut points);
        Self::enter::<I, 2>(isa, values, &mut points);
        points
    }

    /// The points of one pair, where N has it. By a constant, not in a loop, so that every factor
    /// is known to the compiler.
    #[inline(always)]
    fn enter<I: Isa, const PAIR: usize>(isa: I, values: &[I::V; N], points: &mut [I::V; N]) {
        if PAIR >= Self::PAIRS {
            return;
        }
        let rest = &const { Self::WITHOUT[PAIR] };
        let even = weighted(isa, values, 2, rest, Self::PAIRS, 1.0);
        let odd = weighted(isa, values, 1, rest, Self::PAIRS, const { PAIRS[PAIR] as f32 });
        points[2 * PAIR + 1] = even.add(odd);
        points[2 * PAIR + 2] = even.sub(odd);
    }

    /// Products at N points to M outputs, at most six.
    #[inline(always)]
    pub(super) fn output<I: Isa, const M: usize>(isa: I, points: &[I::V; N]) -> [I::V; M] {
        let mut outputs = [points[0]; M];
        let (mut sums, mut differences) = ([points[0]; 3], [points[0]; 3]);
        for pair in 0..Self::PAIRS {
            sums[pair] = points[2 * pair + 1].add(points[2 * pair + 2]);
            differences[pair] = points[2 * pair + 1].sub(points[2 * pair + 2]);
        }
        let mut first = points[0].add(sums[0]);
        for pair in 1..Self::PAIRS {
            first = first.add(sums[pair]);
        }
        outputs[0] = first;
        Self::leave::<I, M, 1>(isa, &differences, &mut outputs);
        Self::leave::<I, M, 2>(isa, &sums, &mut outputs);
        Self::leave::<I, M, 3>(isa, &differences, &mut outputs);
        Self::leave::<I, M, 4>(isa, &sums, &mut outputs);
        Self::leave::<I, M, 5>(isa, &differences, &mut outputs);
        outputs[M - 1] = outputs[M - 1].add(points[N - 1]);
        outputs
    }

    /// One output, where M has it: the sum of the pairs, each times its power.
    #[inline(always)]
    fn leave<I: Isa, const M: usize, const POWER: usize>(
        isa: I,
        of: &[I::V; 3],
        outputs: &mut [I::V; M],
    ) {
        if POWER >= M {
            return;
        }
        // The first pair is 1 and -1, whose powers need no product.
        let mut sum = of[0];
        if Self::PAIRS > 1 {
            sum = of[1].mul_add(isa.splat(const { raised(PAIRS[1], POWER) }), sum);
        }
        if Self::PAIRS > 2 {
            sum = of[2].mul_add(isa.splat(const { raised(PAIRS[2], POWER) }), sum);
        }
        outputs[POWER] = sum;
    }
}

/// The sum of every second value from `first` on, each times its coefficient and `scale`.
#[inline(always)]
fn weighted<I: Isa>(
    isa: I,
    values: &[I::V],
    first: usize,
    coefficients: &[f32; 4],
    count: usize,
    scale: f32,
) -> I::V {
    // The highest coefficient is 1.
    let highest = values[first + 2 * (count - 1)];
    let mut sum = if scale == 1.0 { highest } else { highest.mul(isa.splat(scale)) };
    for i in 0..count - 1 {
        sum = values[first + 2 * i].mul_add(isa.splat(coefficients[i] * scale), sum);
    }
    sum
}

const fn raised(base: f64, power: usize) -> f32 {
    let (mut value, mut i) = (1.0, 0);
    while i < power {
        value *= base;
        i += 1;
    }
    value as f32
}

/// Coefficients of the product of `t - p^2` over the first `pairs` pairs but `without`.
const fn product(pairs: usize, without: usize) -> [f64; 4] {
    let mut coefficients = [1.0, 0.0, 0.0, 0.0];
    let mut pair = 0;
    while pair < pairs {
        if pair != without {
            let square = PAIRS[pair] * PAIRS[pair];
            let mut power = 3;
            while power > 0 {
                coefficients[power] = coefficients[power - 1] - square * coefficients[power];
                power -= 1;
            }
            coefficients[0] *= -square;
        }
        pair += 1;
    }
    coefficients
}

const fn narrow(values: [f64; 4]) -> [f32; 4] {
    [values[0] as f32, values[1] as f32, values[2] as f32, values[3] as f32]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::Scalar;

    type Lanes = <Scalar as Isa>::V;

    fn lanes(value: f32) -> Lanes {
        Scalar.splat(value)
    }

    fn first(value: Lanes) -> f64 {
        let mut lanes = [0.0; 4];
        // SAFETY: four numbers, as many as lanes.
        unsafe { value.store(lanes.as_mut_ptr()) };
        f64::from(lanes[0])
    }

    /// Filters exactly representable numbers, so that all but the last digits must agree.
    fn filters_as_by_hand<const M: usize, const R: usize, const N: usize>() {
        let values: [f32; N] = std::array::from_fn(|i| ((i * 7 + 3) % 11) as f32 - 5.0);
        let taps: [f64; R] = std::array::from_fn(|i| ((i * 5 + 2) % 7) as f64 - 3.0);
        let points = Points::<N>::input(Scalar, &values.map(lanes));
        let kernel = Points::<N>::kernel::<R>().map(|row| {
            let at_point: f64 = row.iter().zip(&taps).map(|(of, tap)| of * tap).sum();
            at_point as f32
        });
        let products: [Lanes; N] =
            std::array::from_fn(|i| lanes(first(points[i]) as f32 * kernel[i]));
        let outputs: [Lanes; M] = Points::<N>::output(Scalar, &products);
        for (place, output) in outputs.into_iter().enumerate() {
            let by_hand: f64 = (0..R).map(|tap| f64::from(values[place + tap]) * taps[tap]).sum();
            assert!((first(output) - by_hand).abs() < 1e-3, "F({M}, {R}) at {place}");
        }
    }

    #[test]
    fn every_filter_is_a_convolution() {
        filters_as_by_hand::<4, 3, 6>();
        filters_as_by_hand::<6, 3, 8>();
        filters_as_by_hand::<4, 5, 8>();
        filters_as_by_hand::<5, 4, 8>();
    }

    #[test]
    fn a_constant_stands_at_one() {
        let mut products = [lanes(0.0); 8];
        products[Points::<8>::ONE] = lanes(2.5);
        let outputs: [Lanes; 6] = Points::<8>::output(Scalar, &products);
        assert!(outputs.into_iter().all(|output| first(output) == 2.5));
    }
}
