//! What everything that a core does costs.

use serde::{Deserialize, Serialize};

use super::Sourced;

/// Energies of what a chip does, before they are scaled, and its static power.
///
/// # Equation
/// E = dynamic_scale · Σ n · e + static_core_mw · cores · t: two knobs, since two figures of power are all that is published.
///
/// # Units
/// Picojoules each; milliwatts for each core that is on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnergySpec {
    /// Factor of all energies but the static one.
    pub dynamic_scale: Sourced<f64>,
    /// Power of a core that is on, whatever it does.
    pub static_core_mw: Estimate,
    /// A synapse multiplied and added.
    pub synaptic_op: Estimate,
    /// A byte of weights that is read.
    pub weight_read_byte: Estimate,
    /// A byte of plastic weights that is read.
    pub plastic_read_byte: Estimate,
    /// A byte of plastic weights that is written.
    pub plastic_write_byte: Estimate,
    /// A neuron's step.
    pub soma_update: Estimate,
    /// A spike, from the neuron to the router.
    pub spike: Estimate,
    /// A value looked up.
    pub lut_read: Estimate,
    /// A packet's way from one router to the next.
    pub hop: Estimate,
    /// The same to another chip.
    pub chip_hop: Estimate,
    /// A byte from or to the host.
    pub host_byte: Estimate,
}

/// A number that is known between bounds, and where it is from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    /// The least that it may be.
    pub low: f64,
    /// What it is taken for.
    pub nominal: f64,
    /// The most that it may be.
    pub high: f64,
    /// Where they are from.
    pub source: String,
}

impl Estimate {
    /// Low, nominal, high.
    pub fn values(&self) -> [f64; 3] {
        [self.low, self.nominal, self.high]
    }
}

impl EnergySpec {
    /// Every estimate with its key.
    pub fn estimates(&self) -> [(&'static str, &Estimate); 11] {
        [
            ("static_core_mw", &self.static_core_mw),
            ("synaptic_op", &self.synaptic_op),
            ("weight_read_byte", &self.weight_read_byte),
            ("plastic_read_byte", &self.plastic_read_byte),
            ("plastic_write_byte", &self.plastic_write_byte),
            ("soma_update", &self.soma_update),
            ("spike", &self.spike),
            ("lut_read", &self.lut_read),
            ("hop", &self.hop),
            ("chip_hop", &self.chip_hop),
            ("host_byte", &self.host_byte),
        ]
    }
}
