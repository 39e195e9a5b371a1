//! The built-in rules.

use super::{Normalisation, PlasticityRule, PostFactors, PostSignal, PreFactor};
use crate::scalar::Scalar;

/// Hebbian rule of the published scripts.
///
/// # Equation
/// a = sign · ρ(v/threshold - sliding_threshold), b = in_t; ρ = tanh if `BOUNDED`, else the identity.
///
/// # References
/// Wu et al., Nat. Commun. 13:65 (2022), eq. 8.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hebbian<const BOUNDED: bool> {
    /// +1 Hebbian, -1 anti-Hebbian.
    pub sign: f64,
}

impl<const BOUNDED: bool> PlasticityRule for Hebbian<BOUNDED> {
    #[inline(always)]
    fn post<S: Scalar>(&self, trace: S, signal: PostSignal<S>) -> (S, PostFactors<S>) {
        let y = signal.normalised();
        let rho = if BOUNDED { y.tanh() } else { y };
        (trace, PostFactors::one(rho.times(self.sign)))
    }

    fn post_bound(&self) -> Option<f64> {
        BOUNDED.then_some(self.sign.abs())
    }
}

/// Hebbian rule whose postsynaptic factor is a softmax over the layer: few-shot learning's.
///
/// # Equation
/// a = sign · softmax_O(v - sliding_threshold), b = in_t.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HebbianSoftmax {
    /// +1 Hebbian, -1 anti-Hebbian.
    pub sign: f64,
}

impl PlasticityRule for HebbianSoftmax {
    #[inline(always)]
    fn post<S: Scalar>(&self, trace: S, signal: PostSignal<S>) -> (S, PostFactors<S>) {
        (trace, PostFactors::one(signal.membrane_potential - signal.sliding_threshold))
    }

    fn normalisation(&self) -> Normalisation {
        Normalisation::Softmax { scale: self.sign }
    }

    fn post_bound(&self) -> Option<f64> {
        Some(self.sign.abs())
    }
}

/// Oja's rule: Hebbian growth, and forgetting that keeps the weights bounded.
///
/// # Equation
/// a = y, b = in_t, f = forgetting · y², y = v/threshold - sliding_threshold. The local learning rate scales a bᵀ; the
/// strength of forgetting is its own.
///
/// # References
/// Oja, J. Math. Biol. 15:267 (1982), doi 10.1007/BF00275687.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Oja {
    /// ζ.
    pub forgetting: f64,
}

impl PlasticityRule for Oja {
    const FORGETS: bool = true;

    #[inline(always)]
    fn post<S: Scalar>(&self, trace: S, signal: PostSignal<S>) -> (S, PostFactors<S>) {
        let y = signal.normalised();
        (trace, PostFactors { forgetting: (y * y).times(self.forgetting), ..PostFactors::one(y) })
    }
}

/// Bienenstock-Cooper-Munro rule: the sign of change turns at a threshold that follows the neuron's own activity.
///
/// # Equation
/// a = y (y - θ), b = in_t, θ_{t+1} = average_decay · θ_t + (1 - average_decay) y²,
/// y = v/threshold - sliding_threshold.
///
/// # References
/// Bienenstock, Cooper & Munro, J. Neurosci. 2:32 (1982), doi 10.1523/JNEUROSCI.02-01-00032.1982.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bcm {
    /// Share of θ kept per step.
    pub average_decay: f64,
}

impl PlasticityRule for Bcm {
    const HAS_TRACE: bool = true;

    #[inline(always)]
    fn post<S: Scalar>(&self, average: S, signal: PostSignal<S>) -> (S, PostFactors<S>) {
        let y = signal.normalised();
        let next = average.times(self.average_decay) + (y * y).times(1.0 - self.average_decay);
        (next, PostFactors::one(y * (y - average)))
    }
}

/// Pair-based STDP in trace form.
///
/// # Equation
/// x̄_t = pre_trace_decay · x̄_{t-1} + in_t, ȳ_{t+1} = post_trace_decay · ȳ_t + s_t, Σ_r a_r b_rᵀ = A₊ s_t x̄_tᵀ - A₋ ȳ_t in_tᵀ:
/// spikes of the same step count as pre before post.
///
/// # References
/// Morrison, Diesmann & Gerstner, Biol. Cybern. 98:459 (2008), doi 10.1007/s00422-008-0233-1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stdp {
    potentiation: f64,
    depression: f64,
    post_trace_decay: f64,
    pre: [PreFactor; 2],
}

impl Stdp {
    /// A₊, A₋, and the shares of the two traces kept per step.
    pub fn new(potentiation: f64, depression: f64, pre_trace_decay: f64, post_trace_decay: f64) -> Self {
        let pre = [PreFactor::Trace { decay: pre_trace_decay }, PreFactor::Activity];
        Stdp { potentiation, depression, post_trace_decay, pre }
    }
}

impl PlasticityRule for Stdp {
    const HAS_TRACE: bool = true;
    const SEES_OUTPUT: bool = true;

    fn pre(&self) -> &[PreFactor] {
        &self.pre
    }

    #[inline(always)]
    fn post<S: Scalar>(&self, trace: S, signal: PostSignal<S>) -> (S, PostFactors<S>) {
        let factors = PostFactors::two(signal.output.times(self.potentiation), trace.times(-self.depression));
        (trace.times(self.post_trace_decay) + signal.output, factors)
    }
}

/// Reward-modulated Hebbian rule: an eligibility trace waits for a third factor.
///
/// # Equation
/// a = tanh(v/threshold - sliding_threshold), b = in_t, m_t = reward for t >= reward_onset, else 0.
///
/// # References
/// Frémaux & Gerstner, Front. Neural Circuits 9:85 (2016), doi 10.3389/fncir.2015.00085.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ThreeFactor {
    /// Share of the eligibility trace kept per step.
    pub eligibility_decay: f64,
    /// Steps before the reward arrives.
    pub reward_onset: usize,
    /// The third factor once it has arrived.
    pub reward: f64,
}

impl PlasticityRule for ThreeFactor {
    #[inline(always)]
    fn post<S: Scalar>(&self, trace: S, signal: PostSignal<S>) -> (S, PostFactors<S>) {
        (trace, PostFactors::one(signal.normalised().tanh()))
    }

    fn post_bound(&self) -> Option<f64> {
        Some(1.0)
    }

    fn eligibility_decay(&self) -> f64 {
        self.eligibility_decay
    }

    fn third_factor(&self, step: usize) -> f64 {
        if step >= self.reward_onset { self.reward } else { 0.0 }
    }
}
