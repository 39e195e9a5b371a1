use super::{Neuron, NeuronOutput};
use crate::scalar::Scalar;

/// Tanh unit: no memory and no spikes, as in the published few-shot embedding.
///
/// # Equation
/// v_t = I_t, output tanh(v_t).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tanh;

impl Neuron for Tanh {
    type State<S: Scalar> = [S; 1];

    #[inline(always)]
    fn step<S: Scalar>(&self, state: [S; 1], current: S) -> ([S; 1], NeuronOutput<S>) {
        (state, NeuronOutput { membrane_potential: current, output: current.tanh() })
    }

    fn threshold(&self) -> f64 {
        1.0
    }

    fn spiking(&self) -> bool {
        false
    }
}
