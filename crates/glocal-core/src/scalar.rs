//! The numbers that equations are written over.
//!
//! An equation is one function generic over [`Scalar`]. On `f32` it is the fast forward pass (branch-free, so that the
//! compiler vectorises it over neurons), on `f64` the reference, on [`Dual`](crate::dual::Dual) numbers it yields the local
//! Jacobian that backprop needs, and on [`Smooth`](crate::smooth::Smooth) numbers the spike becomes the antiderivative of
//! its surrogate, so that finite differences can check every gradient.

use std::fmt::Debug;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

use crate::linalg::{Into, narrow_product, no_narrow_product};
use crate::simd::lanes::{Lanes, Plain};
use crate::surrogate::Surrogate;
use crate::view::{MatMut, MatRef};

/// A number that an equation can be evaluated on.
pub trait Scalar:
    Copy
    + Debug
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + 'static
{
    /// A constant.
    fn of(value: f64) -> Self;

    /// `yes` where `self > 0` (strict; also no for NaN), else `no`.
    fn if_positive(self, yes: Self, no: Self) -> Self;

    /// e^x.
    fn exp(self) -> Self;

    /// tanh x.
    fn tanh(self) -> Self;

    /// arctan x.
    fn atan(self) -> Self;

    /// The spike `1[u > 0]` (strict) of the distance u between potential and threshold, whose derivative is the surrogate's.
    fn spike<G: Surrogate>(self, surrogate: &G) -> Self;

    /// x · constant; on dual numbers half the work of a product.
    #[inline(always)]
    fn times(self, constant: f64) -> Self {
        self * Self::of(constant)
    }

    /// |x|.
    #[inline(always)]
    fn abs(self) -> Self {
        self.if_positive(self, -self)
    }

    /// min(x, bound); derivative 1 where x <= bound.
    #[inline(always)]
    fn at_most(self, bound: Self) -> Self {
        (self - bound).if_positive(bound, self)
    }

    /// x limited to the closed interval; derivative 1 on the closed interval.
    #[inline(always)]
    fn clamp(self, low: Self, high: Self) -> Self {
        (self - high).if_positive(high, (low - self).if_positive(low, self))
    }

    /// x limited to the open interval; derivative 1 strictly inside.
    #[inline(always)]
    fn saturate(self, low: Self, high: Self) -> Self {
        (high - self).if_positive((self - low).if_positive(self, low), high)
    }

    /// 1/(1 + e^-x).
    #[inline(always)]
    fn sigmoid(self) -> Self {
        Self::of(0.5) * (Self::of(0.5) * self).tanh() + Self::of(0.5)
    }
}

/// A machine number: what arrays hold.
pub trait Float: Scalar + Evaluate<Self> + PartialOrd + Default + AddAssign + std::iter::Sum {
    /// Sixteen of them where AVX-512 was detected.
    type Avx512: Lanes<Self>;
    /// Sixteen of them where AVX2 and FMA were detected.
    type Avx2: Lanes<Self>;
    /// Name in checkpoints (`F32`, `F64`).
    const NAME: &'static str;
    /// The smallest normal number divided by the distance from 1 to the next number: far below what a sum notices, and still
    /// normal after a product with anything that matters.
    const TINY: Self;
    /// Itself, or 0 below [`Float::TINY`]. Decay alone never gets there: the smallest subnormal number times 0.95 is rounded to
    /// itself, and many processors take a hundred times longer for each product with it.
    #[inline(always)]
    fn flushed(self) -> Self {
        if self < Self::TINY && -self < Self::TINY { Self::of(0.0) } else { self }
    }
    /// As `f64`, exactly.
    fn to_f64(self) -> f64;
    /// Neither NaN nor infinite.
    fn finite(self) -> bool;
    /// Square root, correctly rounded.
    fn sqrt(self) -> Self;
    /// Little-endian bytes.
    fn to_bytes(values: &[Self]) -> Vec<u8>;
    /// The numbers of little-endian bytes; an incomplete last one is left out.
    fn of_bytes(bytes: &[u8]) -> Vec<Self>;
    /// C = α A B and so on if this type has a kernel for these shapes; else nothing, and `false`.
    #[doc(hidden)]
    fn narrow_product(c: MatMut<'_, Self>, into: Into, alpha: Self, a: MatRef<'_, Self>, b: MatRef<'_, Self>) -> bool;
}

/// A scalar that arrays of `F` are evaluated through: `F` itself, or [`Smooth`](crate::smooth::Smooth).
pub trait Evaluate<F>: Scalar {
    /// A stored number, for the equation.
    fn wrap(value: F) -> Self;
    /// The equation's result, for the array.
    fn value(self) -> F;
}

/// Largest power of e whose exponential is a normal number, and the smallest.
const EXP_F32: (f32, f32) = (-87.0, 88.0);
const EXP_F64: (f64, f64) = (-708.0, 709.0);

/// 1/k!, k = 1..: e^r - 1 = r(1 + r/2 + r²/6 + ...).
const INVERSE_FACTORIALS: [f64; 13] = [
    1.0,
    1.0 / 2.0,
    1.0 / 6.0,
    1.0 / 24.0,
    1.0 / 120.0,
    1.0 / 720.0,
    1.0 / 5040.0,
    1.0 / 40320.0,
    1.0 / 362880.0,
    1.0 / 3628800.0,
    1.0 / 39916800.0,
    1.0 / 479001600.0,
    1.0 / 6227020800.0,
];

macro_rules! machine_number {
    ($F:ty, $avx512:ty, $avx2:ty, $name:literal, $terms:literal, $magic:expr, $ln2_high:expr, $ln2_low:expr, $bias:literal, $mantissa:literal, $exp_range:expr, $tanh_limit:expr, $narrow:path) => {
        impl Parts for $F {
            /// x = n ln 2 + r, |r| <= ln 2 / 2; gives (2^n, e^r - 1). `x` must be inside the range of normal results.
            ///
            /// Separate multiplies and adds, no fused ones: the same bits with and without FMA hardware.
            #[inline(always)]
            fn split_exp(x: $F) -> ($F, $F) {
                // Adding 1.5·2^mantissa rounds to the nearest integer and leaves it in the low bits.
                let shifted = x * std::f64::consts::LOG2_E as $F + $magic;
                let n = shifted - $magic;
                let exponent = shifted.to_bits().wrapping_sub(($magic).to_bits());
                let power = <$F>::from_bits(exponent.wrapping_add($bias) << $mantissa);
                let r = (x - n * $ln2_high) - n * $ln2_low;
                let mut sum = INVERSE_FACTORIALS[$terms - 1] as $F;
                let mut k = $terms - 1;
                while k > 0 {
                    k -= 1;
                    sum = sum * r + INVERSE_FACTORIALS[k] as $F;
                }
                (power, sum * r)
            }
        }

        impl Scalar for $F {
            #[inline(always)]
            fn of(value: f64) -> Self {
                value as $F
            }
            #[inline(always)]
            fn if_positive(self, yes: Self, no: Self) -> Self {
                if self > 0.0 { yes } else { no }
            }
            #[inline(always)]
            fn exp(self) -> Self {
                let (power, minus_one) = <$F>::split_exp(Scalar::clamp(self, $exp_range.0, $exp_range.1));
                power * minus_one + power
            }
            #[inline(always)]
            fn tanh(self) -> Self {
                // tanh x = (e^2x - 1)/(e^2x + 1); e^2x - 1 from its own series keeps full relative accuracy near 0.
                let (power, minus_one) = <$F>::split_exp(Scalar::clamp(self + self, -$tanh_limit, $tanh_limit));
                let e2x_minus_one = power * minus_one + (power - 1.0);
                e2x_minus_one / (e2x_minus_one + 2.0)
            }
            #[inline(always)]
            fn atan(self) -> Self {
                libm::atan(self as f64) as $F
            }
            #[inline(always)]
            fn spike<G: Surrogate>(self, _: &G) -> Self {
                if self > 0.0 { 1.0 } else { 0.0 }
            }
        }

        impl Float for $F {
            const NAME: &'static str = $name;
            const TINY: Self = <$F>::MIN_POSITIVE / <$F>::EPSILON;
            fn narrow_product(
                c: MatMut<'_, Self>,
                into: Into,
                alpha: Self,
                a: MatRef<'_, Self>,
                b: MatRef<'_, Self>,
            ) -> bool {
                $narrow(c, into, alpha, a, b)
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn finite(self) -> bool {
                self.is_finite()
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                <$F>::sqrt(self)
            }
            type Avx512 = $avx512;
            type Avx2 = $avx2;
            fn to_bytes(values: &[Self]) -> Vec<u8> {
                values.iter().flat_map(|v| v.to_le_bytes()).collect()
            }
            fn of_bytes(bytes: &[u8]) -> Vec<Self> {
                let (whole, _) = bytes.as_chunks();
                whole.iter().map(|b| <$F>::from_le_bytes(*b)).collect()
            }
        }

        impl Evaluate<$F> for $F {
            #[inline(always)]
            fn wrap(value: $F) -> Self {
                value
            }
            #[inline(always)]
            fn value(self) -> $F {
                self
            }
        }
    };
}

trait Parts: Sized {
    fn split_exp(x: Self) -> (Self, Self);
}

#[cfg(target_arch = "x86_64")]
use crate::simd::lanes::{Avx2, Avx512};
#[cfg(not(target_arch = "x86_64"))]
type Avx512 = Plain<f32>;
#[cfg(not(target_arch = "x86_64"))]
type Avx2 = Plain<f32>;

machine_number!(
    f32,
    Avx512,
    Avx2,
    "F32",
    8,
    12_582_912.0_f32,
    0.693_359_4_f32,
    -2.121_944_4e-4_f32,
    127,
    23,
    EXP_F32,
    20.0_f32,
    narrow_product
);
machine_number!(
    f64,
    Plain<f64>,
    Plain<f64>,
    "F64",
    13,
    6_755_399_441_055_744.0_f64,
    0.693_147_180_369_123_8_f64,
    1.908_214_929_270_587_7e-10_f64,
    1023,
    52,
    EXP_F64,
    40.0_f64,
    no_narrow_product
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_and_tanh_agree_with_libm_in_double() {
        for i in -4000..=4000 {
            let x = i as f64 * 0.0101;
            let exp = Scalar::exp(x);
            assert!((exp / libm::exp(x) - 1.0).abs() < 4e-16, "exp {x}");
            let tanh = Scalar::tanh(x);
            assert!((tanh - libm::tanh(x)).abs() <= 4e-16 * libm::tanh(x).abs(), "tanh {x}");
        }
    }

    #[test]
    fn exp_and_tanh_agree_with_libm_in_single() {
        for i in -4000..=4000 {
            let x = i as f32 * 0.0101;
            let exp = Scalar::exp(x) as f64;
            assert!((exp / libm::exp(x as f64) - 1.0).abs() < 3e-7, "exp {x}: {exp}");
            let tanh = Scalar::tanh(x) as f64;
            let exact = libm::tanh(x as f64);
            assert!((tanh - exact).abs() <= 3e-7 * exact.abs(), "tanh {x}: {tanh} {exact}");
        }
    }

    #[test]
    fn extreme_arguments_stay_finite() {
        for x in [-1e30, -200.0, 200.0, 1e30, f64::MAX] {
            assert!(Scalar::tanh(x).abs() <= 1.0);
            assert!(Scalar::exp(x).is_finite() && Scalar::exp(x as f32).is_finite());
            assert!(Scalar::tanh(x as f32).abs() <= 1.0);
        }
    }

    #[test]
    fn interval_conventions() {
        assert_eq!(Scalar::clamp(4.0f64, -4.0, 4.0), 4.0);
        assert_eq!(Scalar::saturate(0.7f64, -0.5, 0.5), 0.5);
        assert_eq!(1.2f64.at_most(1.1), 1.1);
    }
}
