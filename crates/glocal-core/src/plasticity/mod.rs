//! Plasticity rules: each is ONE function, [`PlasticityRule::post`], generic over the scalar type, beside its choice of
//! presynaptic factors.
//!
//! Every rule is a decay plus a sum of rank-1 updates:
//!
//! # Equation
//! E_{t+1} = eligibility_decay · E_t + Σ_r outer(a_{r,t}, local_learning_rate ∘ b_{r,t}),
//! P_{t+1} = clamp((plastic_decay - f_t) ∘ P_t + m_t E_{t+1}, -c, c)
//!
//! with postsynaptic factors a, forgetting f and third factor m of the rule, and presynaptic factors b that are linear
//! filters of the input. A plastic weight shared by the batch takes the mean of a bᵀ, and of f, over the samples.
//!
//! A rule of your own is a type that implements [`PlasticityRule`]; nothing else is needed to train through it.

mod config;
mod kernel;
mod rules;

pub use config::{PostFactor, RuleConfig};
pub use kernel::{RuleAdjointRow, RuleKernel, RuleRow};
pub use rules::{Bcm, Hebbian, HebbianSoftmax, Oja, Stdp, ThreeFactor};

use crate::scalar::Scalar;

/// Most rank-1 terms of a rule.
pub const MOST_TERMS: usize = 2;

/// What a synapse sees of its postsynaptic neuron, at one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PostSignal<S> {
    /// v_t: after the current, before the reset.
    pub membrane_potential: S,
    /// The neuron's threshold, a constant.
    pub threshold: f64,
    /// The spike (or the output of a non-spiking neuron).
    pub output: S,
    /// Meta-parameter of the neuron.
    pub sliding_threshold: S,
}

impl<S: Scalar> PostSignal<S> {
    /// v/threshold - sliding_threshold.
    #[inline(always)]
    pub fn normalised(&self) -> S {
        self.membrane_potential.times(1.0 / self.threshold) - self.sliding_threshold
    }
}

/// What a rule makes of a [`PostSignal`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PostFactors<S> {
    /// a_r, one for each presynaptic factor of the rule.
    pub factors: [S; MOST_TERMS],
    /// f: share of P lost beyond the plastic decay. Used if the rule says that it [forgets](PlasticityRule::FORGETS).
    pub forgetting: S,
}

impl<S: Scalar> PostFactors<S> {
    /// One rank-1 term, no forgetting.
    #[inline(always)]
    pub fn one(factor: S) -> Self {
        PostFactors { factors: [factor, S::of(0.0)], forgetting: S::of(0.0) }
    }

    /// Two rank-1 terms, no forgetting.
    #[inline(always)]
    pub fn two(first: S, second: S) -> Self {
        PostFactors { factors: [first, second], forgetting: S::of(0.0) }
    }
}

/// What a synapse sees of its presynaptic neuron; always linear in the input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PreFactor {
    /// The input of the step itself, in_t.
    Activity,
    /// Trace: x̄_t = decay · x̄_{t-1} + in_t.
    Trace {
        /// Share kept per step.
        decay: f64,
    },
}

/// What is done to the postsynaptic factor across the neurons of a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Normalisation {
    /// Nothing.
    #[default]
    None,
    /// scale · softmax over the layer's neurons, of the first factor.
    Softmax {
        /// Factor of the softmax.
        scale: f64,
    },
}

/// A plasticity rule, in discrete time.
///
/// Mark `post` `#[inline(always)]`: it is compiled once for each instruction set.
pub trait PlasticityRule: Copy + std::fmt::Debug + Send + Sync + 'static {
    /// Whether `post` keeps a trace from step to step.
    const HAS_TRACE: bool = false;
    /// Whether `post` depends on the spike.
    const SEES_OUTPUT: bool = false;
    /// Whether `post` returns a forgetting term.
    const FORGETS: bool = false;

    /// Presynaptic factors, one for each rank-1 term.
    fn pre(&self) -> &[PreFactor] {
        &[PreFactor::Activity]
    }

    /// The postsynaptic factors of one step: trace (zero at first) and signal to next trace and factors.
    fn post<S: Scalar>(&self, trace: S, signal: PostSignal<S>) -> (S, PostFactors<S>);

    /// What is done across the layer's neurons.
    fn normalisation(&self) -> Normalisation {
        Normalisation::None
    }

    /// Bound of |a_r|, if there is one: it lets the planner prove that a clamp cannot be reached.
    fn post_bound(&self) -> Option<f64> {
        None
    }

    /// Share of the eligibility trace E kept per step; 0: the rule has none.
    fn eligibility_decay(&self) -> f64 {
        0.0
    }

    /// m_t.
    fn third_factor(&self, step: usize) -> f64 {
        let _ = step;
        1.0
    }
}
