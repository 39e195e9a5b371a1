use super::{Neuron, NeuronOutput};
use crate::scalar::Scalar;

/// Leaky integrator: integrates like a LIF neuron, never fires, and passes on its potential.
///
/// # Equation
/// v_t = decay · v_{t-1} + I_t.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeakyIntegrator {
    /// Share of the potential kept per step.
    pub decay: f64,
    /// What read-outs and plasticity normalise the potential by.
    pub threshold: f64,
}

impl Neuron for LeakyIntegrator {
    type State<S: Scalar> = [S; 1];

    #[inline(always)]
    fn step<S: Scalar>(&self, [potential]: [S; 1], current: S) -> ([S; 1], NeuronOutput<S>) {
        let membrane_potential = potential.times(self.decay) + current;
        ([membrane_potential], NeuronOutput { membrane_potential, output: membrane_potential })
    }

    fn threshold(&self) -> f64 {
        self.threshold
    }

    fn spiking(&self) -> bool {
        false
    }
}
