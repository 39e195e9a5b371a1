//! Counts of what a chip did.

use std::ops::AddAssign;

use serde::Serialize;

use crate::spec::ChipSpec;

/// What a chip did: counts, in which energies are measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Activity {
    /// Synapses multiplied and added, plastic ones too.
    pub synaptic_ops: u64,
    /// Bytes of weights read.
    pub weight_bytes_read: u64,
    /// Bytes of plastic weights read.
    pub plastic_bytes_read: u64,
    /// Bytes of plastic weights written.
    pub plastic_bytes_written: u64,
    /// Steps of neurons.
    pub soma_updates: u64,
    /// Spikes, and whatever else a core sends: packets that enter the network.
    pub spikes: u64,
    /// Values looked up.
    pub lut_reads: u64,
    /// Packets times hops within chips.
    pub packet_hops: u64,
    /// Packets times hops from chip to chip.
    pub chip_hops: u64,
    /// Bytes exchanged with the host.
    pub host_bytes: u64,
    /// Clocks that it took.
    pub cycles: u64,
    /// Cores that were on.
    pub cores_on: u64,
}

/// A phase of one chip at full load: every core multiplies all its synapses, reads each of their bytes once, and each of its
/// neurons looks one value up, spikes, and sends one packet over one hop.
///
/// `None` for a chip whose phases have no fixed length.
pub fn full_load(chip: &ChipSpec) -> Option<Activity> {
    let cycles = chip.phase.cycles.as_ref()?.value;
    let cores = chip.cores_per_chip();
    let synapses = chip.core.axons.value.saturating_mul(chip.core.neurons.value);
    let synaptic_ops = cores.saturating_mul(synapses);
    let neurons = cores.saturating_mul(chip.core.neurons.value);
    Some(Activity {
        synaptic_ops,
        weight_bytes_read: synaptic_ops,
        soma_updates: neurons,
        spikes: neurons,
        lut_reads: neurons,
        packet_hops: neurons,
        cycles,
        cores_on: cores,
        ..Activity::default()
    })
}

impl AddAssign for Activity {
    /// Work in turn: all counts and clocks add up; cores are as many as were on at once.
    fn add_assign(&mut self, other: Activity) {
        let counts = [
            (&mut self.synaptic_ops, other.synaptic_ops),
            (&mut self.weight_bytes_read, other.weight_bytes_read),
            (&mut self.plastic_bytes_read, other.plastic_bytes_read),
            (&mut self.plastic_bytes_written, other.plastic_bytes_written),
            (&mut self.soma_updates, other.soma_updates),
            (&mut self.spikes, other.spikes),
            (&mut self.lut_reads, other.lut_reads),
            (&mut self.packet_hops, other.packet_hops),
            (&mut self.chip_hops, other.chip_hops),
            (&mut self.host_bytes, other.host_bytes),
            (&mut self.cycles, other.cycles),
        ];
        for (sum, count) in counts {
            *sum = sum.saturating_add(count);
        }
        self.cores_on = self.cores_on.max(other.cores_on);
    }
}
