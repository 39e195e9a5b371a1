//! What is wrong with a description, all at once.

use super::{
    ChipSpec, CoreSpec, EnergySpec, Estimate, Grid, HostSpec, NocSpec, PhaseSpec, PlasticitySpec, WeightStorage,
};
use crate::error::Obstacle;

/// Cores of the largest machine.
const MOST_CORES: u64 = 1 << 20;

/// Bounds of what counts clocks, packets and bytes of the network of routers.
const MOST_CYCLES: u64 = 4096;

/// Everything in a description that contradicts itself.
pub(super) fn violations(spec: &ChipSpec) -> Vec<Obstacle> {
    let mut found = Found::default();
    grid(&spec.grid, &mut found);
    core(&spec.core, &mut found);
    phase(&spec.phase, &mut found);
    if let Some(plasticity) = &spec.plasticity {
        self::plasticity(plasticity, &mut found);
    }
    if let Some(host) = &spec.host {
        self::host(host, &mut found);
    }
    noc(&spec.noc, &spec.grid, &mut found);
    energy(&spec.energy, &mut found);
    found.0
}

#[derive(Default)]
struct Found(Vec<Obstacle>);

impl Found {
    fn refuse(&mut self, is: bool, place: &str, what: String, hint: &str) {
        if is {
            self.0.push(Obstacle { place: place.into(), what, hint: hint.into() });
        }
    }

    fn at_least_one(&mut self, place: &str, count: u64) {
        self.refuse(count == 0, place, "is 0".into(), "give at least 1");
    }

    fn between(&mut self, place: &str, value: u64, least: u64) {
        let within = (least..=MOST_CYCLES).contains(&value);
        self.refuse(!within, place, format!("is {value}"), &format!("give {least} to {MOST_CYCLES}"));
    }
}

fn grid(grid: &Grid, found: &mut Found) {
    let Grid { columns, rows, chips, chips_per_row } = grid;
    for (place, count) in
        [("grid.columns", columns), ("grid.rows", rows), ("grid.chips", chips), ("grid.chips_per_row", chips_per_row)]
    {
        found.at_least_one(place, count.value);
    }
    let cores = columns.value.checked_mul(rows.value).and_then(|cores| cores.checked_mul(chips.value));
    let too_many = cores.is_none_or(|cores| cores > MOST_CORES);
    found.refuse(too_many, "grid", format!("makes more than {MOST_CORES} cores"), "describe a smaller machine");
    let uneven = chips.value.checked_rem(chips_per_row.value).is_some_and(|rest| rest != 0);
    let what = format!("is {}, which does not divide the {} chips", chips_per_row.value, chips.value);
    found.refuse(uneven, "grid.chips_per_row", what, "give a divisor of grid.chips");
}

fn core(core: &CoreSpec, found: &mut Found) {
    let CoreSpec { axons, neurons, weight_bytes, weight_bits, weight_storage, state_bytes, macs_per_cycle } = core;
    found.at_least_one("core.axons", axons.value);
    found.at_least_one("core.neurons", neurons.value);
    found.at_least_one("core.weight_bytes", weight_bytes.value);
    found.at_least_one("core.state_bytes", state_bytes.value);
    found.at_least_one("core.macs_per_cycle", macs_per_cycle.value);
    let bits = weight_bits.value;
    found.refuse(!(2..=8).contains(&bits), "core.weight_bits", format!("is {bits}"), "give 2 to 8");
    if let Some(WeightStorage::Indexed(bits)) = weight_storage.as_ref().map(|storage| storage.value) {
        let what = format!("has indices of {bits} bits");
        found.refuse(!(1..=8).contains(&bits), "core.weight_storage", what, "give 1 to 8");
    }
}

fn phase(phase: &PhaseSpec, found: &mut Found) {
    let clock = phase.clock_mhz.value;
    let stands = clock.is_finite() && clock > 0.0;
    found.refuse(!stands, "phase.clock_mhz", format!("is {clock}"), "give a clock above 0");
    if let Some(cycles) = &phase.cycles {
        let overhead = phase.overhead_cycles.value;
        let what = format!("is {}, no more than the overhead of {overhead}", cycles.value);
        found.refuse(cycles.value <= overhead, "phase.cycles", what, "leave clocks to the synapses");
    }
}

fn plasticity(plasticity: &PlasticitySpec, found: &mut Found) {
    let PlasticitySpec { bytes, synapses_per_cycle } = plasticity;
    found.refuse(bytes.value != 2, "plasticity.bytes", format!("is {}", bytes.value), "plastic weights have 2");
    found.at_least_one("plasticity.synapses_per_cycle", synapses_per_cycle.value);
}

/// Slowest link and longest latency: an exchange stays far below 2^63 clocks.
const SLOWEST_LINK: f64 = 1e-3;
const LONGEST_LATENCY: f64 = 1e6;

fn host(host: &HostSpec, found: &mut Found) {
    let (rate, latency) = (host.bytes_per_us.value, host.latency_us.value);
    let stands = rate.is_finite() && rate >= SLOWEST_LINK;
    found.refuse(!stands, "host.bytes_per_us", format!("is {rate}"), "give a finite rate of at least 0.001");
    let stands = (0.0..=LONGEST_LATENCY).contains(&latency);
    found.refuse(!stands, "host.latency_us", format!("is {latency}"), "give 0 to 1000000");
}

fn noc(noc: &NocSpec, grid: &Grid, found: &mut Found) {
    found.between("noc.packet_bytes", noc.packet_bytes.value, 1);
    found.between("noc.hop_cycles", noc.hop_cycles.value, 1);
    found.between("noc.link_cycles", noc.link_cycles.value, 0);
    found.between("noc.chip_hop_cycles", noc.chip_hop_cycles.value, 1);
    found.between("noc.chip_link_cycles", noc.chip_link_cycles.value, 0);
    found.between("noc.chip_hop_cost", noc.chip_hop_cost.value, 1);
    found.between("noc.buffer_packets", noc.buffer_packets.value, 1);
    let columns = grid.columns.value.saturating_mul(grid.chips_per_row.value);
    let chip_rows = grid.chips.value.checked_div(grid.chips_per_row.value).unwrap_or(0);
    let rows = grid.rows.value.saturating_mul(chip_rows);
    for (place, at, most) in
        [("noc.host_column", noc.host_column.value, columns), ("noc.host_row", noc.host_row.value, rows)]
    {
        // A machine without columns or rows is refused already.
        found.refuse(
            at >= most.max(1),
            place,
            format!("is {at} of a machine of {most}"),
            "let the host enter at a router",
        );
    }
}

fn energy(energy: &EnergySpec, found: &mut Found) {
    let scale = energy.dynamic_scale.value;
    let stands = scale.is_finite() && scale > 0.0;
    found.refuse(!stands, "energy.dynamic_scale", format!("is {scale}"), "give a factor above 0");
    for (key, Estimate { low, nominal, high, .. }) in energy.estimates() {
        let ordered = 0.0 <= *low && low <= nominal && nominal <= high && high.is_finite();
        let what = format!("has low {low}, nominal {nominal}, high {high}");
        found.refuse(!ordered, &format!("energy.{key}"), what, "give 0 <= low <= nominal <= high");
    }
}
