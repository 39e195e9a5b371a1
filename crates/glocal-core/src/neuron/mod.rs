//! Neuron models.

use serde::{Deserialize, Serialize};

use crate::error::ConfigErrors;
use crate::surrogate::SurrogateGradient;

/// What a spike does to the membrane potential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reset {
    /// v - threshold·s.
    #[default]
    Subtract,
    /// v·(1 - s).
    ToZero,
}

/// A choice of neuron model, with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum NeuronConfig {
    /// Leaky integrate-and-fire.
    Lif {
        /// Firing threshold.
        threshold: f64,
        /// Share of the potential kept per step.
        decay: f64,
        /// What a spike does to the potential.
        #[serde(default)]
        reset: Reset,
        /// Stand-in for the derivative of the spike.
        #[serde(default)]
        surrogate: SurrogateGradient,
    },
    /// Leaky integrator: the output is the potential itself.
    LeakyIntegrator {
        /// Share of the potential kept per step.
        decay: f64,
        /// What read-outs and plasticity normalise the potential by.
        #[serde(default = "unit")]
        threshold: f64,
    },
    /// LIF whose threshold rises with each spike (Bellec et al. 2018).
    AdaptiveLif {
        /// Resting threshold.
        threshold: f64,
        /// Share of the potential kept per step.
        decay: f64,
        /// Share of the adaptation kept per step.
        adaptation_decay: f64,
        /// Threshold rise per unit of adaptation.
        adaptation_strength: f64,
        /// What a spike does to the potential.
        #[serde(default)]
        reset: Reset,
        /// Stand-in for the derivative of the spike.
        #[serde(default)]
        surrogate: SurrogateGradient,
    },
}

fn unit() -> f64 {
    1.0
}

impl NeuronConfig {
    pub(crate) fn collect_violations(&self, key: &str, found: &mut ConfigErrors) {
        let mut share = |name: &str, value: f64| {
            found.require((0.0..=1.0).contains(&value), format!("{key}.{name}"), value, "must be in 0..=1");
        };
        match *self {
            NeuronConfig::Lif { decay, .. } | NeuronConfig::LeakyIntegrator { decay, .. } => share("decay", decay),
            NeuronConfig::AdaptiveLif { decay, adaptation_decay, .. } => {
                share("decay", decay);
                share("adaptation_decay", adaptation_decay);
            }
        }
        let threshold = self.threshold();
        let positive = threshold > 0.0 && threshold.is_finite();
        found.require(positive, format!("{key}.threshold"), threshold, "must be finite and above 0");
        match *self {
            NeuronConfig::Lif { surrogate, .. } | NeuronConfig::AdaptiveLif { surrogate, .. } => {
                surrogate.collect_violations(&format!("{key}.surrogate"), found)
            }
            NeuronConfig::LeakyIntegrator { .. } => {}
        }
    }

    /// Firing threshold, or what the potential is normalised by.
    pub fn threshold(&self) -> f64 {
        match *self {
            NeuronConfig::Lif { threshold, .. }
            | NeuronConfig::LeakyIntegrator { threshold, .. }
            | NeuronConfig::AdaptiveLif { threshold, .. } => threshold,
        }
    }
}
