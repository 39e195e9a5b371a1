use super::{Neuron, NeuronOutput, Reset};
use crate::scalar::Scalar;
use crate::surrogate::Surrogate;

/// LIF neuron whose threshold rises with its own spikes.
///
/// # Equation
/// v_t = decay · u_{t-1} + I_t, θ_t = threshold + strength · a_t, s_t = `1[v_t > θ_t]`, u_t = reset(v_t, s_t; θ_t),
/// a_{t+1} = adaptation_decay · a_t + s_t.
///
/// # References
/// Bellec et al., NeurIPS 2018, arXiv 1803.09574.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdaptiveLif<G> {
    /// Resting threshold.
    pub threshold: f64,
    /// Share of the potential kept per step.
    pub decay: f64,
    /// Share of the adaptation kept per step.
    pub adaptation_decay: f64,
    /// Threshold rise per unit of adaptation.
    pub adaptation_strength: f64,
    /// What a spike does to the potential.
    pub reset: Reset,
    /// Stand-in for the derivative of the spike.
    pub surrogate: G,
}

impl<G: Surrogate> Neuron for AdaptiveLif<G> {
    /// The potential after the reset, and the adaptation.
    type State<S: Scalar> = [S; 2];

    #[inline(always)]
    fn step<S: Scalar>(&self, [after_reset, adaptation]: [S; 2], current: S) -> ([S; 2], NeuronOutput<S>) {
        let threshold = S::of(self.threshold) + adaptation.times(self.adaptation_strength);
        let membrane_potential = after_reset.times(self.decay) + current;
        let spike = (membrane_potential - threshold).spike(&self.surrogate);
        let next = self.reset.apply(membrane_potential, spike, threshold);
        let adaptation = adaptation.times(self.adaptation_decay) + spike;
        ([next, adaptation], NeuronOutput { membrane_potential, output: spike })
    }

    fn threshold(&self) -> f64 {
        self.threshold
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surrogate::Rectangle;

    /// threshold 1, strength 0.5, adaptation kept whole, no leak, reset to zero, current 1.2:
    /// step 1 fires (1.2 > 1); the threshold is 1.5; step 2 holds 1.2; step 3 fires (2.4 > 1.5); then 2.0: 1.2, 2.4 fires.
    #[test]
    fn threshold_rises_by_hand() {
        let neuron = AdaptiveLif {
            threshold: 1.0,
            decay: 1.0,
            adaptation_decay: 1.0,
            adaptation_strength: 0.5,
            reset: Reset::ToZero,
            surrogate: Rectangle { half_width: 0.5 },
        };
        let mut state = [0.0f64; 2];
        let spikes: Vec<f64> = (0..5)
            .map(|_| {
                let (next, out) = neuron.step(state, 1.2);
                state = next;
                out.output
            })
            .collect();
        assert_eq!(spikes, [1.0, 0.0, 1.0, 0.0, 1.0]);
    }
}
