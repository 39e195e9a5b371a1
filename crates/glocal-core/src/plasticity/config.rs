//! The built-in rules as config values.

use serde::{Deserialize, Serialize};

use super::{Bcm, Hebbian, HebbianSoftmax, Oja, RuleKernel, Stdp, ThreeFactor};
use crate::error::ConfigErrors;
use crate::scalar::Float;

/// The bounded function ρ of the postsynaptic potential in a Hebbian rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PostFactor {
    /// tanh(v/threshold - sliding_threshold).
    #[default]
    Tanh,
    /// v/threshold - sliding_threshold.
    Identity,
    /// softmax over the layer's neurons of (v - sliding_threshold).
    Softmax,
}

/// A choice of plasticity rule, with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RuleConfig {
    /// sign · ρ(post) · pre: the variants of the published scripts.
    Hebbian {
        /// ρ.
        #[serde(default)]
        post: PostFactor,
        /// +1 Hebbian, -1 anti-Hebbian.
        #[serde(default = "unit")]
        sign: f64,
    },
    /// y (x - forgetting · y P), y = v/threshold - sliding_threshold (Oja 1982).
    Oja {
        /// ζ: strength of the forgetting term y² P.
        forgetting: f64,
    },
    /// y (y - θ) x with θ a running mean of y² (Bienenstock, Cooper & Munro 1982).
    Bcm {
        /// Share of θ kept per step.
        average_decay: f64,
    },
    /// A₊ s_post x̄ - A₋ ȳ s_pre with pre- and post-trace (pair-based STDP, Morrison et al. 2008).
    Stdp {
        /// A₊.
        potentiation: f64,
        /// A₋.
        depression: f64,
        /// Share of the presynaptic trace kept per step.
        pre_trace_decay: f64,
        /// Share of the postsynaptic trace kept per step.
        post_trace_decay: f64,
    },
    /// reward_t · E, E an eligibility trace of tanh(v/threshold - sliding_threshold) · pre (Frémaux & Gerstner 2016).
    ThreeFactor {
        /// Share of the eligibility trace kept per step.
        eligibility_decay: f64,
        /// Steps before the reward arrives: reward_t = 0 for t < `reward_onset`, else `reward`.
        #[serde(default)]
        reward_onset: usize,
        /// The third factor once it has arrived.
        #[serde(default = "unit")]
        reward: f64,
    },
}

fn unit() -> f64 {
    1.0
}

impl RuleConfig {
    pub(crate) fn collect_violations(&self, key: &str, found: &mut ConfigErrors) {
        let mut share = |name: &str, value: f64| {
            found.require((0.0..=1.0).contains(&value), format!("{key}.{name}"), value, "must be in 0..=1");
        };
        match *self {
            RuleConfig::Stdp { pre_trace_decay, post_trace_decay, .. } => {
                share("pre_trace_decay", pre_trace_decay);
                share("post_trace_decay", post_trace_decay);
            }
            RuleConfig::Bcm { average_decay } => share("average_decay", average_decay),
            RuleConfig::ThreeFactor { eligibility_decay, .. } => share("eligibility_decay", eligibility_decay),
            RuleConfig::Hebbian { .. } | RuleConfig::Oja { .. } => {}
        }
        let mut finite = |name: &str, value: f64| {
            found.require(value.is_finite(), format!("{key}.{name}"), value, "must be finite");
        };
        match *self {
            RuleConfig::Hebbian { sign, .. } => finite("sign", sign),
            RuleConfig::Oja { forgetting } => found.require(
                forgetting.is_finite() && forgetting >= 0.0,
                format!("{key}.forgetting"),
                forgetting,
                "must be finite and >= 0",
            ),
            RuleConfig::Bcm { .. } => {}
            RuleConfig::Stdp { potentiation, depression, .. } => {
                finite("potentiation", potentiation);
                finite("depression", depression);
            }
            RuleConfig::ThreeFactor { reward, .. } => finite("reward", reward),
        }
    }

    /// The rule, compiled.
    pub fn build<F: Float>(&self) -> Box<dyn RuleKernel<F>> {
        match *self {
            RuleConfig::Hebbian { post: PostFactor::Softmax, sign } => Box::new(HebbianSoftmax { sign }),
            RuleConfig::Hebbian { post: PostFactor::Tanh, sign } => Box::new(Hebbian::<true> { sign }),
            RuleConfig::Hebbian { post: PostFactor::Identity, sign } => Box::new(Hebbian::<false> { sign }),
            RuleConfig::Oja { forgetting } => Box::new(Oja { forgetting }),
            RuleConfig::Bcm { average_decay } => Box::new(Bcm { average_decay }),
            RuleConfig::Stdp { potentiation, depression, pre_trace_decay, post_trace_decay } => {
                Box::new(Stdp::new(potentiation, depression, pre_trace_decay, post_trace_decay))
            }
            RuleConfig::ThreeFactor { eligibility_decay, reward_onset, reward } => {
                Box::new(ThreeFactor { eligibility_decay, reward_onset, reward })
            }
        }
    }
}
