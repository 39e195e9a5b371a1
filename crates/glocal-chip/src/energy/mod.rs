//! Level 3: what the chip's work costs.

mod activity;

use serde::Serialize;

pub use activity::{Activity, full_load};

use crate::spec::ChipSpec;

/// What energy is spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Component {
    /// Synapses multiplied and added.
    Synapses,
    /// Weights read.
    WeightReads,
    /// Plastic weights read.
    PlasticReads,
    /// Plastic weights written.
    PlasticWrites,
    /// Steps of neurons.
    Soma,
    /// Spikes, from the neuron to the router.
    Spikes,
    /// Values looked up.
    Tables,
    /// Packets from router to router on a chip.
    Hops,
    /// Packets from chip to chip.
    ChipHops,
    /// What is exchanged with the host.
    Host,
    /// Cores being on.
    Static,
}

/// Energies between bounds.
///
/// # Units
/// Picojoules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Picojoules {
    /// The least that it may be.
    pub low: f64,
    /// What it is taken for.
    pub nominal: f64,
    /// The most that it may be.
    pub high: f64,
}

/// Energy by component.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Energy {
    parts: Vec<(Component, Picojoules)>,
}

/// What `activity` costs on `chip`.
///
/// # Equation
/// E = dynamic_scale · (n_op e_op + n_read e_read + n_plastic-read e_plastic-read + n_plastic-write e_plastic-write + n_soma e_soma
/// + n_spike e_spike + n_lut e_lut + n_hop e_hop + n_chip-hop e_chip-hop + n_host e_host) + static_core_mw · cores · t.
///
/// SANA-FE adds the same way, E = Σ synapse events · e_synapse + Σ soma accesses · e_access + Σ updates · e_update + Σ spikes ·
/// e_spike + Σ packets out · e_axon + Σ hops · e_hop: access and update are one number here, spike and packet out are one, and
/// it has no static power. Bounds add up as if all were low or all high at once: wider than if they varied on their own.
///
/// # Units
/// Counts as they are; picojoules. 1 mW for 1 µs is 1,000 pJ.
///
/// # References
/// Boyle et al., SANA-FE, IEEE Transactions on Computer-Aided Design (2025).
pub fn energy(activity: &Activity, chip: &ChipSpec) -> Energy {
    let spec = &chip.energy;
    let counted = [
        (Component::Synapses, activity.synaptic_ops, &spec.synaptic_op),
        (Component::WeightReads, activity.weight_bytes_read, &spec.weight_read_byte),
        (Component::PlasticReads, activity.plastic_bytes_read, &spec.plastic_read_byte),
        (Component::PlasticWrites, activity.plastic_bytes_written, &spec.plastic_write_byte),
        (Component::Soma, activity.soma_updates, &spec.soma_update),
        (Component::Spikes, activity.spikes, &spec.spike),
        (Component::Tables, activity.lut_reads, &spec.lut_read),
        (Component::Hops, activity.packet_hops, &spec.hop),
        (Component::ChipHops, activity.chip_hops, &spec.chip_hop),
        (Component::Host, activity.host_bytes, &spec.host_byte),
    ];
    let scale = spec.dynamic_scale.value;
    let dynamic =
        counted.map(|(component, count, each)| (component, Picojoules::of(each.values(), scale * count as f64)));
    let microseconds = activity.cycles as f64 / chip.phase.clock_mhz.value;
    let on = activity.cores_on as f64 * microseconds * 1e3;
    let static_part = (Component::Static, Picojoules::of(spec.static_core_mw.values(), on));
    Energy { parts: dynamic.into_iter().chain([static_part]).collect() }
}

impl Energy {
    /// Component by component, in the order of [`Component`].
    pub fn parts(&self) -> &[(Component, Picojoules)] {
        &self.parts
    }

    /// What one component takes.
    pub fn of(&self, component: Component) -> Picojoules {
        self.parts.iter().find(|(own, _)| *own == component).map_or(Picojoules::default(), |(_, energy)| *energy)
    }

    /// All components together.
    pub fn total(&self) -> Picojoules {
        self.parts.iter().fold(Picojoules::default(), |sum, (_, part)| Picojoules {
            low: sum.low + part.low,
            nominal: sum.nominal + part.nominal,
            high: sum.high + part.high,
        })
    }
}

impl Picojoules {
    fn of([low, nominal, high]: [f64; 3], times: f64) -> Picojoules {
        Picojoules { low: low * times, nominal: nominal * times, high: high * times }
    }

    /// The mean power over a time, in watts: low, nominal, high.
    pub fn watts(&self, microseconds: f64) -> [f64; 3] {
        [self.low, self.nominal, self.high].map(|energy| energy / microseconds * 1e-6)
    }
}
