//! What cores hold before a sample.

use std::ops::Range;

use super::faults::{Faults, Stuck};
use crate::map::{Core, Mapping, Message, NO_INPUT, Remembered, Runs, Sender, Traffic};
use crate::network::{QuantizedLayer, QuantizedNetwork, Wiring};
use crate::number::Fixed;

/// What each core holds before a sample.
#[derive(Debug)]
pub struct Program<'n> {
    pub(super) network: &'n QuantizedNetwork,
    pub(super) mapping: &'n Mapping,
    pub(super) memories: Vec<Memory>,
    /// Sums that each firing core takes.
    pub(super) sums: Vec<Vec<Intake>>,
    /// What each message looks at, in the order of the mapping's.
    pub(super) sources: Vec<Source>,
    pub(super) faults: Faults,
}

/// A core's memory: its part of the layer's numbers.
#[derive(Debug)]
pub(super) struct Memory {
    /// `[neurons of its largest job, axons]`; empty if it holds none.
    pub(super) weight: Vec<i8>,
    pub(super) plastic: Vec<i16>,
    /// Local learning rates of its axons, where they move plastic weights or make keys.
    pub(super) rate: Vec<i16>,
    /// Rates of its synapses, of the read-out of episodes; else empty.
    pub(super) synapse_rate: Vec<i8>,
    /// Of the neurons that fire, all jobs.
    pub(super) bias: Vec<Fixed>,
    pub(super) sliding_threshold: Vec<Fixed>,
    /// Whether it does nothing at all.
    pub(super) is_dead: bool,
    /// Bits of its plastic weights, or its keys, that do not move.
    pub(super) stuck: Vec<Stuck<i16>>,
    /// Bits of its values that do not move.
    pub(super) stuck_values: Vec<Stuck<i8>>,
}

/// Sums of one core that another takes: neurons `at..at + len` of all its jobs, into `to..to + len`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Intake {
    pub(super) from: usize,
    pub(super) at: usize,
    pub(super) to: usize,
    pub(super) len: usize,
}

/// Where a message's numbers are found.
#[derive(Debug)]
pub(super) enum Source {
    /// Among what a layer sees.
    Activity {
        /// The layer.
        of: usize,
        /// Parts of it.
        ranges: Vec<Range<usize>>,
    },
    /// Among what a core made.
    Core {
        /// The core.
        from: usize,
        /// Parts of its neurons of all jobs, or of past steps.
        ranges: Vec<Range<usize>>,
        /// Sums, factors or scores.
        what: Traffic,
    },
}

impl Source {
    fn of(message: &Message, mapping: &Mapping) -> Source {
        let of = mapping.cores[message.to[0]].layer;
        match (message.from, message.traffic) {
            (Sender::Core(from), Traffic::Scores) => {
                Source::Core { from, ranges: message.numbers.ranges().collect(), what: Traffic::Scores }
            }
            (Sender::Core(from), what @ (Traffic::Sums | Traffic::Factors)) => {
                let jobs = &mapping.cores[from].jobs;
                let before: usize = jobs[..message.job].iter().map(|job| job.neurons.len()).sum();
                let own = (before as u32..).zip(&jobs[message.job].neurons);
                let sent = own.filter(|&(_, &neuron)| message.numbers.contains(neuron));
                let ranges = Runs::of(sent.map(|(at, _)| at)).ranges().collect();
                Source::Core { from, ranges, what }
            }
            _ => Source::Activity { of, ranges: message.numbers.ranges().collect() },
        }
    }
}

impl<'n> Program<'n> {
    /// Loads the cores of `mapping` with what they hold of `network`.
    pub fn new(network: &'n QuantizedNetwork, mapping: &'n Mapping) -> Program<'n> {
        Program::with_faults(network, mapping, Faults::default())
    }

    /// The same in a chip that is damaged.
    pub fn with_faults(network: &'n QuantizedNetwork, mapping: &'n Mapping, faults: Faults) -> Program<'n> {
        let dead = faults.dead(mapping.cores.len());
        let mut slots = Slots::default();
        let memories = mapping.cores.iter().enumerate().map(|(number, core)| {
            let layer = &network.layers[core.layer];
            let mut memory = memory(core, layer, &mut slots);
            memory.is_dead = dead[number];
            faults.stick(number, &mut memory.weight);
            let remembered = |of| if core.remembers(of) { core.past.map_or(0, |past| past.steps) } else { 0 };
            let keys = remembered(Remembered::Keys) * core.input_axons();
            memory.stuck = faults.stuck(number, memory.plastic.len() + keys);
            memory.stuck_values = faults.stuck_values(number, remembered(Remembered::Values) * core.neurons());
            if core.plastic {
                memory.stuck.iter().for_each(|stuck| stuck.hold(&mut memory.plastic));
            }
            memory
        });
        let memories = memories.collect();
        let sources = mapping.messages.iter().map(|message| Source::of(message, mapping)).collect();
        Program { network, mapping, memories, sums: intakes(network, mapping), sources, faults }
    }
}

/// Where a layer's inputs lie among a core's axons.
#[derive(Default)]
struct Slots {
    /// Of each input its axon, for those of the job at hand.
    of: Vec<u32>,
}

impl Slots {
    fn fill(&mut self, inputs: &[u32], width: usize) {
        self.of.clear();
        self.of.resize(width, NO_INPUT);
        for (slot, &input) in (0..).zip(inputs).filter(|(_, input)| **input != NO_INPUT) {
            self.of[input as usize] = slot;
        }
    }
}

fn memory(core: &Core, layer: &QuantizedLayer, slots: &mut Slots) -> Memory {
    let neurons = || core.jobs.iter().flat_map(|job| &job.neurons).map(|&neuron| neuron as usize);
    let plasticity = layer.plasticity.as_ref();
    let held = plasticity.filter(|_| core.plastic);
    let readout = held.and_then(|held| held.readout.as_ref());
    let if_firing = |of: &[Fixed]| match of.len() {
        0 => Vec::new(),
        count if core.fires => neurons().map(|neuron| of[neuron % count]).collect(),
        _ => Vec::new(),
    };
    let by_input = plasticity.filter(|plasticity| plasticity.readout.is_none());
    let rated = by_input.filter(|_| core.learns || core.remembers(Remembered::Keys));
    // Plastic layers are dense: one job.
    let inputs = core.jobs.first().map_or(&[][..], |job| &job.inputs[..]);
    Memory {
        weight: if core.weights { weights(core, layer, slots) } else { Vec::new() },
        plastic: held.map_or(Vec::new(), |held| part(&held.start, layer.wiring.inputs(), inputs, neurons())),
        rate: rated.map_or(Vec::new(), |rated| inputs.iter().map(|&input| rated.rate[input as usize]).collect()),
        synapse_rate: readout.map_or(Vec::new(), |of| part(&of.rate, layer.wiring.inputs(), inputs, neurons())),
        bias: if_firing(&layer.bias),
        sliding_threshold: plasticity.map_or(Vec::new(), |plasticity| if_firing(&plasticity.sliding_threshold)),
        is_dead: false,
        stuck: Vec::new(),
        stuck_values: Vec::new(),
    }
}

/// Some columns of some rows of a matrix `[O,I]`.
fn part<T: Copy>(matrix: &[T], width: usize, inputs: &[u32], neurons: impl Iterator<Item = usize>) -> Vec<T> {
    neurons.flat_map(|o| inputs.iter().map(move |&input| matrix[o * width + input as usize])).collect()
}

/// A core's weights, `[neurons, axons]`: the same for all its jobs, as a job sees the inputs of another one some rows further.
fn weights(core: &Core, layer: &QuantizedLayer, slots: &mut Slots) -> Vec<i8> {
    let inputs = layer.wiring.inputs();
    if let (Wiring::Dense { .. }, [job]) = (layer.wiring, &core.jobs[..]) {
        return part(&layer.weight, inputs, &job.inputs, job.neurons.iter().map(|&neuron| neuron as usize));
    }
    let axons = core.input_axons();
    let mut found = vec![0; core.width() * axons];
    for job in &core.jobs {
        slots.fill(&job.inputs, inputs);
        for (&neuron, row) in job.neurons.iter().zip(found.chunks_exact_mut(axons.max(1))) {
            layer.wiring.synapses(neuron as usize, |input, weight| {
                let slot = slots.of[input];
                if slot != NO_INPUT {
                    row[slot as usize] = layer.weight[weight];
                }
            });
        }
    }
    found
}

/// For each core the sums that it takes, its own first.
fn intakes(network: &QuantizedNetwork, mapping: &Mapping) -> Vec<Vec<Intake>> {
    let most = network.layers.iter().map(|layer| layer.wiring.neurons()).max().unwrap_or(0);
    // Where each neuron of a layer lies among those that its firing core has.
    let mut position = vec![0_usize; most];
    let mut found: Vec<Vec<Intake>> = vec![Vec::new(); mapping.cores.len()];
    for layer in 0..network.layers.len() {
        let own = mapping.of_layer(layer);
        for number in own.clone().filter(|&number| mapping.cores[number].fires) {
            let core = &mapping.cores[number];
            let neurons = core.jobs.iter().flat_map(|job| &job.neurons);
            neurons.enumerate().for_each(|(at, &neuron)| position[neuron as usize] = at);
            if core.holds() {
                found[number].push(Intake { from: number, at: 0, to: 0, len: core.neurons() });
            }
        }
        let mut edges: Vec<_> = mapping.edges.iter().filter(|edge| own.contains(&edge.to)).collect();
        edges.retain(|edge| edge.traffic == Traffic::Sums);
        for edge in edges {
            let Sender::Core(from) = edge.from else { continue };
            let before = mapping.cores[from].jobs[..edge.from_job].iter().map(|job| job.neurons.len()).sum::<usize>();
            let job = &mapping.cores[from].jobs[edge.from_job];
            for (at, &neuron) in job.neurons.iter().enumerate() {
                if edge.numbers.contains(neuron) {
                    add(&mut found[edge.to], Intake { from, at: before + at, to: position[neuron as usize], len: 1 });
                }
            }
        }
    }
    found
}

/// Neighbours become one.
fn add(intakes: &mut Vec<Intake>, next: Intake) {
    match intakes.last_mut() {
        Some(last) if last.from == next.from && last.at + last.len == next.at && last.to + last.len == next.to => {
            last.len += 1;
        }
        _ => intakes.push(next),
    }
}
