//! Scalars of a scan: phase, third factor, and how much of each update is left at each later step.

use crate::plasticity::RuleKernel;
use crate::scalar::Float;

/// k_t = exp(-t/τ_w) for steps `start..start + steps`; 1 without a time constant.
pub fn phase<F: Float>(time_constant: Option<f64>, start: usize, steps: usize) -> Vec<F> {
    let at = |t: usize| time_constant.map_or(1.0, |tau| libm::exp(-((start + t) as f64) / tau));
    (0..steps).map(|t| F::of(at(t))).collect()
}

/// Time course of plasticity, without the postsynaptic factors.
///
/// # Equation
/// E_{t+1} = λ E_t + U_t, P_{t+1} = d P_t + m_t E_{t+1}; hence P_t = d^t P_0 + Σ_{u<t} mix\[t\]\[u\] U_u (if E_0 = 0).
#[derive(Clone, Debug)]
pub(super) struct Coefficients<F> {
    /// d.
    pub decay: F,
    /// λ.
    pub eligibility_decay: F,
    /// m_t.
    pub third_factor: Vec<F>,
    /// d^t, t = 0..=T.
    pub carry: Vec<F>,
    steps: usize,
    /// `[T+1, T]`.
    mix: Vec<f64>,
}

impl<F: Float> Coefficients<F> {
    pub fn new(decay: f64, rule: &dyn RuleKernel<F>, start: usize, steps: usize) -> Self {
        let lambda = rule.eligibility_decay();
        let third_factor: Vec<f64> = (0..steps).map(|t| rule.third_factor(start + t)).collect();
        let mut mix = vec![0.0; (steps + 1) * steps];
        for u in 0..steps {
            let (mut eligibility, mut weight) = (1.0, 0.0);
            for t in u..steps {
                weight = decay * weight + third_factor[t] * eligibility;
                mix[(t + 1) * steps + u] = weight;
                eligibility *= lambda;
            }
        }
        let mut carried = 1.0;
        let carry = (0..=steps)
            .map(|_| {
                let now = carried;
                carried *= decay;
                F::of(now)
            })
            .collect();
        let third_factor = third_factor.into_iter().map(F::of).collect();
        Coefficients { decay: F::of(decay), eligibility_decay: F::of(lambda), third_factor, carry, steps, mix }
    }

    /// Share of update U_u in P_t.
    pub fn mix(&self, t: usize, u: usize) -> F {
        F::of(self.mix[t * self.steps + u])
    }

    /// Whether updates reach P through an eligibility trace.
    pub fn has_eligibility(&self) -> bool {
        self.eligibility_decay != F::of(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plasticity::ThreeFactor;

    /// Against the recurrence itself, run on one scalar synapse.
    #[test]
    fn mix_is_the_recurrence() {
        let rule = ThreeFactor { eligibility_decay: 0.7, reward_onset: 2, reward: 1.5 };
        let c = Coefficients::<f64>::new(0.9, &rule, 0, 6);
        let updates = [0.3, -1.0, 0.5, 2.0, -0.7, 0.1];
        let (mut e, mut p) = (0.0, 0.4);
        for t in 0..=6 {
            let sum: f64 = (0..t).map(|u| c.mix(t, u) * updates[u]).sum();
            assert!((c.carry[t] * 0.4 + sum - p).abs() < 1e-14);
            if t < 6 {
                e = 0.7 * e + updates[t];
                p = 0.9 * p + c.third_factor[t] * e;
            }
        }
    }
}
