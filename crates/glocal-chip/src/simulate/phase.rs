//! How long phases take, and how many a sample needs.

use crate::error::{ChipError, Obstacle};
use crate::integer::Plastic;
use crate::map::{Core, Mapping};
use crate::network::QuantizedNetwork;
use crate::spec::ChipSpec;

/// The time of a sample, every core as busy as a phase may ask of it.
///
/// # Equation
/// A layer takes one phase if its neurons fire in the cores of all their synapses, else two: sums first. Steps follow each other
/// phase by phase; where plastic weights wait for the factors of neurons that fire elsewhere, every second phase.
///
/// # Units
/// Clocks; phases.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// Clocks of a phase.
    pub phase_cycles: u64,
    /// Phases until the last layer has answered the first step.
    pub depth: u64,
    /// Phases from one step to the next.
    pub interval: u64,
    /// Phases of a sample.
    pub phases: u64,
    /// The same in microseconds.
    pub microseconds: f64,
}

/// Clocks that a core is busy in a phase: its overhead, a multiplication for each synapse, plastic or not, and a move for each
/// plastic one while they learn; an addition for each sum that it takes.
pub fn busy_cycles(core: &Core, chip: &ChipSpec, plastic: Plastic) -> u64 {
    let synapses = (core.inputs.len() * core.neurons.len()) as u64;
    let kinds = u64::from(core.weights) + u64::from(core.plastic);
    let sums = (core.sums * core.neurons.len()) as u64;
    let multiplied = (synapses * kinds + sums).div_ceil(chip.core.macs_per_cycle.value);
    let moves = plastic == Plastic::Moving && core.plastic;
    let moved = chip.plasticity.as_ref().filter(|_| moves);
    let moved = moved.map_or(0, |plasticity| synapses.div_ceil(plasticity.synapses_per_cycle.value));
    chip.phase.overhead_cycles.value + multiplied + moved
}

/// The phases of a mapped network.
///
/// # Errors
/// A phase of fixed length that a core overruns, with the core.
pub fn schedule(
    network: &QuantizedNetwork,
    mapping: &Mapping,
    chip: &ChipSpec,
    plastic: Plastic,
) -> Result<Schedule, ChipError> {
    let busy = |core: &Core| busy_cycles(core, chip, plastic);
    let slowest = mapping.cores.iter().map(busy).max().unwrap_or(0);
    let phase_cycles = chip.phase.cycles.as_ref().map_or(slowest, |cycles| cycles.value);
    let late = mapping.cores.iter().enumerate().filter(|(_, core)| busy(core) > phase_cycles);
    let obstacles: Vec<Obstacle> = late
        .map(|(number, core)| Obstacle {
            place: format!("core {number} of layers.{}", core.layer),
            what: format!("needs {} clocks, a phase has {phase_cycles}", busy(core)),
            hint: "leave phase.cycles out, so that a phase is as long as its slowest core needs".into(),
        })
        .collect();
    if !obstacles.is_empty() {
        return Err(ChipError::DoesNotFit { chip: chip.name.clone(), obstacles });
    }
    let waits = |layer: usize| mapping.cores[mapping.of_layer(layer)].iter().any(|core| core.fires && core.sums > 0);
    let depth = (0..network.layers.len()).map(|layer| 1 + u64::from(waits(layer))).sum();
    let learns = |layer: usize| plastic == Plastic::Moving && network.layers[layer].plasticity.is_some();
    let interval = 1 + u64::from((0..network.layers.len()).any(|layer| learns(layer) && waits(layer)));
    let phases = depth + (network.steps as u64).saturating_sub(1) * interval;
    let microseconds = (phases * phase_cycles) as f64 / chip.phase.clock_mhz.value;
    Ok(Schedule { phase_cycles, depth, interval, phases, microseconds })
}
