//! Numbers on which a spike is smooth.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::scalar::{Evaluate, Float, Scalar};
use crate::surrogate::Surrogate;

/// Like `F`, but the spike is the surrogate's smooth step: the network whose true gradient is the surrogate gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Smooth<F>(pub F);

macro_rules! lift {
    ($trait:ident, $method:ident) => {
        impl<F: Float> $trait for Smooth<F> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Smooth($trait::$method(self.0, other.0))
            }
        }
    };
}
lift!(Add, add);
lift!(Sub, sub);
lift!(Mul, mul);
lift!(Div, div);

impl<F: Float> Neg for Smooth<F> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Smooth(-self.0)
    }
}

impl<F: Float> Scalar for Smooth<F> {
    #[inline(always)]
    fn of(value: f64) -> Self {
        Smooth(F::of(value))
    }
    #[inline(always)]
    fn if_positive(self, yes: Self, no: Self) -> Self {
        Smooth(self.0.if_positive(yes.0, no.0))
    }
    #[inline(always)]
    fn exp(self) -> Self {
        Smooth(self.0.exp())
    }
    #[inline(always)]
    fn tanh(self) -> Self {
        Smooth(self.0.tanh())
    }
    #[inline(always)]
    fn atan(self) -> Self {
        Smooth(self.0.atan())
    }
    #[inline(always)]
    fn spike<G: Surrogate>(self, surrogate: &G) -> Self {
        surrogate.smooth_step(self)
    }
}

impl<F: Float> Evaluate<F> for Smooth<F> {
    #[inline(always)]
    fn wrap(value: F) -> Self {
        Smooth(value)
    }
    #[inline(always)]
    fn value(self) -> F {
        self.0
    }
}
