//! An estimate of energy from counted operations and memory accesses.

use serde::{Deserialize, Serialize};

use super::{PlasticCost, SynapticOperations};

/// Picojoules of a 32-bit float addition, of a multiplication, and of 32 bits read from or written to on-chip memory, in 45 nm:
/// half of the 10 pJ of 64 bits of an 8 kB cache.
///
/// # References
/// Horowitz, "Computing's energy problem (and what we can do about it)", ISSCC 2014, doi 10.1109/ISSCC.2014.6757323, figure 1.1.9.
const ADD_PJ: f64 = 0.9;
const MULTIPLY_PJ: f64 = 3.7;
const SRAM_PJ: f64 = 5.0;

/// Picojoules of a sample, if every number were a 32-bit float in on-chip SRAM of 45 nm. An estimate to compare networks by,
/// not a measurement: no chip is built like that.
///
/// # Equation
/// With A accumulates, M multiply-accumulates, S values of neuron state over all steps, s outputs that are not zero, and of
/// plastic weights N operations, R reads and W writes:
/// synapses = A e_add + M (e_add + e_mul), neurons = S (e_add + e_mul), memory = (A + M + 2 S + 2 s) e_sram,
/// plastic = N (e_add + e_mul) + (R + W) e_sram. Each synaptic operation reads a weight, each value of state is read and
/// written at each step, each output is written and read once. `dense_pj` is the total of the same network, at rest, if
/// nothing spared zeros: synapses and memory with D multiply-accumulates in place of A + M.
///
/// # Units
/// pJ.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Energy {
    /// Synaptic operations.
    pub synapses_pj: f64,
    /// Updates of neuron state.
    pub neurons_pj: f64,
    /// Weights, neuron state and outputs, read and written.
    pub memory_pj: f64,
    /// Plastic weights while they move, memory included; zero without any.
    pub plastic_pj: f64,
    /// The sum of these.
    pub total_pj: f64,
    /// The same network at rest, if nothing spared zeros.
    pub dense_pj: f64,
}

impl Energy {
    /// Of counts of a sample: operations, values of neuron state and outputs that are not zero, plastic weights.
    pub(super) fn of(
        operations: &SynapticOperations,
        [states, outputs]: [f64; 2],
        plastic: Option<&PlasticCost>,
    ) -> Energy {
        let mac = ADD_PJ + MULTIPLY_PJ;
        let SynapticOperations { effective_macs, effective_acs, dense } = operations;
        let synapses_pj = effective_acs * ADD_PJ + effective_macs * mac;
        let neurons_pj = states * mac;
        let of_neurons = 2.0 * (states + outputs) * SRAM_PJ;
        let memory_pj = (effective_acs + effective_macs) * SRAM_PJ + of_neurons;
        let plastic_pj = plastic.map_or(0.0, |p| p.operations * mac + (p.reads + p.writes) * SRAM_PJ);
        Energy {
            synapses_pj,
            neurons_pj,
            memory_pj,
            plastic_pj,
            total_pj: synapses_pj + neurons_pj + memory_pj + plastic_pj,
            dense_pj: dense * (mac + SRAM_PJ) + neurons_pj + of_neurons,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let operations = SynapticOperations { effective_macs: 10.0, effective_acs: 100.0, dense: 1000.0 };
        let plastic = PlasticCost { footprint: 0, reads: 3.0, writes: 2.0, operations: 4.0 };
        let found = Energy::of(&operations, [20.0, 5.0], Some(&plastic));
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(near(found.synapses_pj, 100.0 * 0.9 + 10.0 * 4.6));
        assert!(near(found.neurons_pj, 20.0 * 4.6));
        assert!(near(found.memory_pj, (110.0 + 40.0 + 10.0) * 5.0));
        assert!(near(found.plastic_pj, 4.0 * 4.6 + 5.0 * 5.0));
        assert!(near(found.total_pj, 136.0 + 92.0 + 800.0 + 43.4));
        assert!(near(found.dense_pj, 9600.0 + 92.0 + 250.0));
    }
}
