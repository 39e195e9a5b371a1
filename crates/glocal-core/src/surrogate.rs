//! Surrogate gradients: what stands in for the derivative of the spike.
//!
//! Each surrogate is ONE function, the smooth step; its derivative is what backprop uses, and comes from the same
//! function evaluated on dual numbers.
//!
//! References: Neftci, Mostafa & Zenke, IEEE Signal Process. Mag. 36 (2019), doi 10.1109/MSP.2019.2931595.

use serde::{Deserialize, Serialize};

use crate::error::ConfigErrors;

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
