//! Dual numbers: a value and its derivative along one direction.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::scalar::Scalar;
use crate::surrogate::{Surrogate, derivative};

/// a + b ε with ε² = 0: evaluating an equation on duals gives its value and its derivative along one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dual<S> {
    /// The value.
    pub value: S,
    /// The derivative along the chosen direction.
    pub slope: S,
}

impl<S: Scalar> Dual<S> {
    /// A number that does not depend on the direction.
    #[inline(always)]
    pub fn constant(value: S) -> Self {
        Dual { value, slope: S::of(0.0) }
    }

    /// The variable that the derivative is taken along.
    #[inline(always)]
    pub fn variable(value: S) -> Self {
        Dual { value, slope: S::of(1.0) }
    }

    /// `value`, seeded with slope 1 if `is_direction`, else 0.
    #[inline(always)]
    pub fn seeded(value: S, is_direction: bool) -> Self {
        if is_direction { Dual::variable(value) } else { Dual::constant(value) }
    }
}

impl<S: Scalar> Add for Dual<S> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Dual { value: self.value + other.value, slope: self.slope + other.slope }
    }
}

impl<S: Scalar> Sub for Dual<S> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Dual { value: self.value - other.value, slope: self.slope - other.slope }
    }
}

impl<S: Scalar> Mul for Dual<S> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Dual { value: self.value * other.value, slope: self.slope * other.value + self.value * other.slope }
    }
}

impl<S: Scalar> Div for Dual<S> {
    type Output = Self;
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        Dual { value, slope: (self.slope - value * other.slope) / other.value }
    }
}

impl<S: Scalar> Neg for Dual<S> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Dual { value: -self.value, slope: -self.slope }
    }
}

impl<S: Scalar> Scalar for Dual<S> {
    #[inline(always)]
    fn of(value: f64) -> Self {
        Dual::constant(S::of(value))
    }
    #[inline(always)]
    fn times(self, constant: f64) -> Self {
        Dual { value: self.value.times(constant), slope: self.slope.times(constant) }
    }
    #[inline(always)]
    fn if_positive(self, yes: Self, no: Self) -> Self {
        Dual { value: self.value.if_positive(yes.value, no.value), slope: self.value.if_positive(yes.slope, no.slope) }
    }
    #[inline(always)]
    fn exp(self) -> Self {
        let value = self.value.exp();
        Dual { value, slope: value * self.slope }
    }
    #[inline(always)]
    fn tanh(self) -> Self {
        let value = self.value.tanh();
        Dual { value, slope: (S::of(1.0) - value * value) * self.slope }
    }
    #[inline(always)]
    fn atan(self) -> Self {
        Dual { value: self.value.atan(), slope: self.slope / (S::of(1.0) + self.value * self.value) }
    }
    #[inline(always)]
    fn spike<G: Surrogate>(self, surrogate: &G) -> Self {
        Dual { value: self.value.spike(surrogate), slope: derivative(surrogate, self.value) * self.slope }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_by_hand() {
        let x = Dual::variable(0.3f64);
        // d/dx (x tanh x / (1 + x²)) against central differences.
        let f = |x: f64| x * libm::tanh(x) / (1.0 + x * x);
        let y = x * x.tanh() / (Dual::of(1.0) + x * x);
        let h = 1e-6;
        assert!((y.value - f(0.3)).abs() < 1e-15);
        assert!((y.slope - (f(0.3 + h) - f(0.3 - h)) / (2.0 * h)).abs() < 1e-9);
    }

    #[test]
    fn clamp_conventions() {
        let at = |x: f64| Dual::variable(x);
        let (low, high) = (Dual::of(-4.0), Dual::of(4.0));
        assert_eq!(at(4.0).clamp(low, high).slope, 1.0); // closed
        assert_eq!(at(4.1).clamp(low, high).slope, 0.0);
        assert_eq!(at(4.0).saturate(low, high).slope, 0.0); // open
        assert_eq!(at(3.9).saturate(low, high).slope, 1.0);
    }
}
