//! Neuron models: each is ONE function, [`Neuron::step`], generic over the scalar type.
//!
//! A model of your own is a type that implements [`Neuron`]; nothing else is needed to train it.

mod adaptive_lif;
mod kernel;
mod leaky_integrator;
mod lif;
mod tanh;

use serde::{Deserialize, Serialize};

pub use adaptive_lif::AdaptiveLif;
pub use kernel::{MOST_STATES, NeuronAdjointRow, NeuronKernel, NeuronRow};
pub use leaky_integrator::LeakyIntegrator;
pub use lif::Lif;
pub use tanh::Tanh;

use crate::error::ConfigErrors;
use crate::scalar::{Float, Scalar};
use crate::surrogate::{self, SurrogateGradient};

/// A fixed number of state variables. Implemented for arrays: write `type State<S: Scalar> = [S; 2];`.
pub trait Components<S>: Copy {
    /// How many.
    const LEN: usize;
    /// The components `f(0)`, `f(1)`, ...
    fn from_fn(f: impl FnMut(usize) -> S) -> Self;
    /// Component `i`.
    fn get(&self, i: usize) -> S;
}

impl<S: Copy, const N: usize> Components<S> for [S; N] {
    const LEN: usize = N;
    // Not `array::from_fn`: it is not inlined into the vectorised loops.
    #[inline(always)]
    fn from_fn(mut f: impl FnMut(usize) -> S) -> Self {
        const { assert!(N > 0, "a neuron needs a state variable") };
        let mut all = [f(0); N];
        let mut i = 1;
        while i < N {
            all[i] = f(i);
            i += 1;
        }
        all
    }
    #[inline(always)]
    fn get(&self, i: usize) -> S {
        self[i]
    }
}

/// What a neuron shows after a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NeuronOutput<S> {
    /// v_t: after the current, before the reset. Read-outs and plasticity see it.
    pub membrane_potential: S,
    /// What the next layer sees: the spike, or the potential of a non-spiking neuron.
    pub output: S,
}

/// A neuron model, in discrete time.
///
/// Mark `step` `#[inline(always)]`: it is compiled once for each instruction set.
pub trait Neuron: Copy + std::fmt::Debug + Send + Sync + 'static {
    /// State variables that live from step to step, `[S; N]`. All are zero at rest.
    type State<S: Scalar>: Components<S>;

    /// One time step: state and input current to next state and output.
    fn step<S: Scalar>(&self, state: Self::State<S>, current: S) -> (Self::State<S>, NeuronOutput<S>);

    /// Firing threshold, or what plasticity and read-outs normalise the potential by.
    fn threshold(&self) -> f64;

    /// Whether the output is a spike.
    fn spiking(&self) -> bool {
        true
    }
}

impl Reset {
    /// The potential that a step leaves behind.
    ///
    /// # Equation
    /// subtract: v - threshold·s; to zero: v (1 - s).
    #[inline(always)]
    pub fn apply<S: Scalar>(self, membrane_potential: S, spike: S, threshold: S) -> S {
        match self {
            Reset::Subtract => membrane_potential - threshold * spike,
            Reset::ToZero => membrane_potential * (S::of(1.0) - spike),
        }
    }
}

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
    /// Tanh unit: no memory, no spikes.
    Tanh {},
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
            NeuronConfig::Tanh {} => {}
        }
        if let NeuronConfig::AdaptiveLif { adaptation_strength: strength, .. } = *self {
            found.require(strength.is_finite(), format!("{key}.adaptation_strength"), strength, "must be finite");
        }
        let threshold = self.threshold();
        let positive = threshold > 0.0 && threshold.is_finite();
        found.require(positive, format!("{key}.threshold"), threshold, "must be finite and above 0");
        match *self {
            NeuronConfig::Lif { surrogate, .. } | NeuronConfig::AdaptiveLif { surrogate, .. } => {
                surrogate.collect_violations(&format!("{key}.surrogate"), found)
            }
            NeuronConfig::LeakyIntegrator { .. } | NeuronConfig::Tanh {} => {}
        }
    }

    /// Firing threshold, or what the potential is normalised by.
    pub fn threshold(&self) -> f64 {
        match *self {
            NeuronConfig::Lif { threshold, .. }
            | NeuronConfig::LeakyIntegrator { threshold, .. }
            | NeuronConfig::AdaptiveLif { threshold, .. } => threshold,
            NeuronConfig::Tanh {} => 1.0,
        }
    }
}

impl NeuronConfig {
    /// The model, compiled for its surrogate.
    pub fn build<F: Float>(&self) -> Box<dyn NeuronKernel<F>> {
        match *self {
            NeuronConfig::Lif { threshold, decay, reset, surrogate } => {
                with_surrogate(surrogate, BuildLif { threshold, decay, reset })
            }
            NeuronConfig::LeakyIntegrator { decay, threshold } => Box::new(LeakyIntegrator { decay, threshold }),
            NeuronConfig::Tanh {} => Box::new(Tanh),
            NeuronConfig::AdaptiveLif { threshold, decay, adaptation_decay, adaptation_strength, reset, surrogate } => {
                with_surrogate(
                    surrogate,
                    BuildAdaptive { threshold, decay, adaptation_decay, adaptation_strength, reset },
                )
            }
        }
    }
}

/// A model waiting for its surrogate.
trait Build<F> {
    fn with<G: surrogate::Surrogate>(self, surrogate: G) -> Box<dyn NeuronKernel<F>>;
}

struct BuildLif {
    threshold: f64,
    decay: f64,
    reset: Reset,
}

struct BuildAdaptive {
    threshold: f64,
    decay: f64,
    adaptation_decay: f64,
    adaptation_strength: f64,
    reset: Reset,
}

impl<F: Float> Build<F> for BuildLif {
    fn with<G: surrogate::Surrogate>(self, surrogate: G) -> Box<dyn NeuronKernel<F>> {
        Box::new(Lif { threshold: self.threshold, decay: self.decay, reset: self.reset, surrogate })
    }
}

impl<F: Float> Build<F> for BuildAdaptive {
    fn with<G: surrogate::Surrogate>(self, surrogate: G) -> Box<dyn NeuronKernel<F>> {
        Box::new(AdaptiveLif {
            threshold: self.threshold,
            decay: self.decay,
            adaptation_decay: self.adaptation_decay,
            adaptation_strength: self.adaptation_strength,
            reset: self.reset,
            surrogate,
        })
    }
}

/// Each surrogate is a type, so that inner loops hold no choice.
fn with_surrogate<F: Float>(config: SurrogateGradient, model: impl Build<F>) -> Box<dyn NeuronKernel<F>> {
    match config {
        SurrogateGradient::Rectangle { half_width } => model.with(surrogate::Rectangle { half_width }),
        SurrogateGradient::Triangle { width } => model.with(surrogate::Triangle { width }),
        SurrogateGradient::Sigmoid { slope } => model.with(surrogate::Sigmoid { slope }),
        SurrogateGradient::Arctan { slope } => model.with(surrogate::Arctan { slope }),
        SurrogateGradient::FastSigmoid { slope } => model.with(surrogate::FastSigmoid { slope }),
    }
}
