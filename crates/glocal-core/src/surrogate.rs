//! Surrogate gradients: what stands in for the derivative of the spike.
//!
//! Each surrogate is ONE function, the smooth step; its derivative is what backprop uses, and comes from the same
//! function evaluated on dual numbers.
//!
//! References: Neftci, Mostafa & Zenke, IEEE Signal Process. Mag. 36 (2019), doi 10.1109/MSP.2019.2931595.

use serde::{Deserialize, Serialize};

use crate::dual::Dual;
use crate::error::ConfigErrors;
use crate::scalar::Scalar;

/// A smooth step whose derivative stands in for the derivative of the spike `1[u > 0]`.
pub trait Surrogate: Copy + std::fmt::Debug + Send + Sync + 'static {
    /// The antiderivative of the surrogate, at distance `u` from the threshold.
    fn smooth_step<S: Scalar>(&self, u: S) -> S;
}

/// The surrogate gradient ds/du at distance `u` from the threshold.
#[inline(always)]
pub fn derivative<S: Scalar, G: Surrogate>(surrogate: &G, u: S) -> S {
    surrogate.smooth_step(Dual::variable(u)).slope
}

/// [`SurrogateGradient::Rectangle`] as a type of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rectangle {
    /// Half the width.
    pub half_width: f64,
}

impl Surrogate for Rectangle {
    #[inline(always)]
    fn smooth_step<S: Scalar>(&self, u: S) -> S {
        let half = S::of(self.half_width);
        u.saturate(-half, half) + half
    }
}

/// [`SurrogateGradient::Triangle`] as a type of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Triangle {
    /// Where it reaches zero.
    pub width: f64,
}

impl Surrogate for Triangle {
    #[inline(always)]
    fn smooth_step<S: Scalar>(&self, u: S) -> S {
        let x = (u / S::of(self.width)).saturate(S::of(-1.0), S::of(1.0));
        S::of(0.5) + x - S::of(0.5) * x * x.abs()
    }
}

/// [`SurrogateGradient::Sigmoid`] as a type of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sigmoid {
    /// Slope.
    pub slope: f64,
}

impl Surrogate for Sigmoid {
    #[inline(always)]
    fn smooth_step<S: Scalar>(&self, u: S) -> S {
        (S::of(self.slope) * u).sigmoid()
    }
}

/// [`SurrogateGradient::Arctan`] as a type of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arctan {
    /// Slope.
    pub slope: f64,
}

impl Surrogate for Arctan {
    #[inline(always)]
    fn smooth_step<S: Scalar>(&self, u: S) -> S {
        use std::f64::consts::{FRAC_1_PI, FRAC_PI_2};
        S::of(0.5) + S::of(FRAC_1_PI) * (S::of(FRAC_PI_2 * self.slope) * u).atan()
    }
}

/// [`SurrogateGradient::FastSigmoid`] as a type of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FastSigmoid {
    /// Slope.
    pub slope: f64,
}

impl Surrogate for FastSigmoid {
    #[inline(always)]
    fn smooth_step<S: Scalar>(&self, u: S) -> S {
        u / (S::of(1.0) + S::of(self.slope) * u.abs())
    }
}

/// A choice of surrogate, with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum SurrogateGradient {
    /// ds/du = 1 where |u| < `half_width` (strict), else 0 (Wu et al. 2018).
    Rectangle {
        /// Half the width, in units of the potential.
        #[serde(default = "half")]
        half_width: f64,
    },
    /// ds/du = max(0, 1 - |u|/width)/width.
    Triangle {
        /// Where it reaches zero.
        #[serde(default = "unit")]
        width: f64,
    },
    /// Derivative of 1/(1 + exp(-slope u)).
    Sigmoid {
        /// Slope.
        #[serde(default = "four")]
        slope: f64,
    },
    /// ds/du = (slope/2) / (1 + (π/2 slope u)²) (Fang et al. 2021).
    Arctan {
        /// Slope.
        #[serde(default = "two")]
        slope: f64,
    },
    /// ds/du = 1/(1 + slope |u|)² (Zenke & Ganguli 2018).
    FastSigmoid {
        /// Slope.
        #[serde(default = "twentyfive")]
        slope: f64,
    },
}

impl Default for SurrogateGradient {
    fn default() -> Self {
        SurrogateGradient::Rectangle { half_width: half() }
    }
}

impl SurrogateGradient {
    pub(crate) fn collect_violations(&self, key: &str, found: &mut ConfigErrors) {
        let (name, value) = match *self {
            SurrogateGradient::Rectangle { half_width } => ("half_width", half_width),
            SurrogateGradient::Triangle { width } => ("width", width),
            SurrogateGradient::Sigmoid { slope }
            | SurrogateGradient::Arctan { slope }
            | SurrogateGradient::FastSigmoid { slope } => ("slope", slope),
        };
        found.require(value > 0.0 && value.is_finite(), format!("{key}.{name}"), value, "must be finite and above 0");
    }
}

fn half() -> f64 {
    0.5
}
fn unit() -> f64 {
    1.0
}
fn two() -> f64 {
    2.0
}
fn four() -> f64 {
    4.0
}
fn twentyfive() -> f64 {
    25.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Closed forms of the derivatives, as the documentation states them.
    #[test]
    fn derivatives_are_the_documented_closed_forms() {
        for i in -60..=60 {
            let u = i as f64 * 0.05 + 0.001;
            let sigma = 1.0 / (1.0 + libm::exp(-4.0 * u));
            let half_pi = std::f64::consts::FRAC_PI_2;
            let pairs = [
                (derivative(&Rectangle { half_width: 0.5 }, u), f64::from(u8::from(u.abs() < 0.5))),
                (derivative(&Triangle { width: 0.8 }, u), f64::max(0.0, 1.0 - u.abs() / 0.8) / 0.8),
                (derivative(&Sigmoid { slope: 4.0 }, u), 4.0 * sigma * (1.0 - sigma)),
                (derivative(&Arctan { slope: 2.0 }, u), 1.0 / (1.0 + (half_pi * 2.0 * u) * (half_pi * 2.0 * u))),
                (derivative(&FastSigmoid { slope: 25.0 }, u), 1.0 / ((1.0 + 25.0 * u.abs()) * (1.0 + 25.0 * u.abs()))),
            ];
            for (which, (ours, exact)) in pairs.iter().enumerate() {
                assert!((ours - exact).abs() < 1e-13, "surrogate {which} at {u}: {ours} {exact}");
            }
        }
    }

    #[test]
    fn rectangle_is_strict_at_its_edge() {
        assert_eq!(derivative(&Rectangle { half_width: 0.5 }, 0.5f64), 0.0);
        assert_eq!(derivative(&Rectangle { half_width: 0.5 }, -0.5f64), 0.0);
    }
}
