use super::{Neuron, NeuronOutput, Reset};
use crate::scalar::Scalar;
use crate::surrogate::Surrogate;

/// Leaky integrate-and-fire neuron.
///
/// # Equation
/// v_t = decay · u_{t-1} + I_t, s_t = `1[v_t > threshold]`, u_t = reset(v_t, s_t).
///
/// # References
/// Wu et al., Front. Neurosci. 12:331 (2018), doi 10.3389/fnins.2018.00331.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lif<G> {
    /// Firing threshold.
    pub threshold: f64,
    /// Share of the potential kept per step.
    pub decay: f64,
    /// What a spike does to the potential.
    pub reset: Reset,
    /// Stand-in for the derivative of the spike.
    pub surrogate: G,
}

impl<G: Surrogate> Neuron for Lif<G> {
    /// The potential after the reset, u.
    type State<S: Scalar> = [S; 1];

    #[inline(always)]
    fn step<S: Scalar>(&self, [after_reset]: [S; 1], current: S) -> ([S; 1], NeuronOutput<S>) {
        let threshold = S::of(self.threshold);
        let membrane_potential = after_reset.times(self.decay) + current;
        let spike = (membrane_potential - threshold).spike(&self.surrogate);
        let next = self.reset.apply(membrane_potential, spike, threshold);
        ([next], NeuronOutput { membrane_potential, output: spike })
    }

    fn threshold(&self) -> f64 {
        self.threshold
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surrogate::Rectangle;

    /// Constant current I: v_n = I (1 - decay^n)/(1 - decay), so the first spike comes at the smallest n with
    /// v_n > threshold, n = ceil(log(1 - threshold (1 - decay)/I)/log decay).
    #[test]
    fn first_spike_time_is_the_closed_form() {
        for decay in [0.2, 0.5, 0.9, 0.97] {
            let lif = Lif { threshold: 1.0, decay, reset: Reset::Subtract, surrogate: Rectangle { half_width: 0.5 } };
            for current in [0.11, 0.3, 0.52, 0.7, 0.99] {
                let mut state = [0.0f64];
                let fired = (1..200).find(|_| {
                    let (next, out) = lif.step(state, current);
                    state = next;
                    out.output > 0.0
                });
                let reachable = current / (1.0 - decay) > 1.0;
                let expected =
                    reachable.then(|| (libm::log(1.0 - (1.0 - decay) / current) / libm::log(decay)).floor() as i32 + 1);
                assert_eq!(fired, expected, "decay {decay}, current {current}");
            }
        }
    }

    #[test]
    fn resets_by_hand() {
        let step = |reset| {
            let lif = Lif { threshold: 0.5, decay: 0.5, reset, surrogate: Rectangle { half_width: 0.5 } };
            lif.step([0.4f64], 0.7)
        };
        // v = 0.2 + 0.7 = 0.9 > 0.5.
        let (subtract, out) = step(Reset::Subtract);
        assert!((out.membrane_potential - 0.9).abs() < 1e-15 && out.output == 1.0);
        assert!((subtract[0] - 0.4).abs() < 1e-15);
        assert_eq!(step(Reset::ToZero).0[0], 0.0);
    }
}
