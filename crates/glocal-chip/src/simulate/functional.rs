//! What the cores compute and send, without their time: to the bit what the integer reference computes, wherever they lie.

use std::ops::Range;

use crate::error::ChipError;
use crate::integer::kernels::{plastic_sums, weighted_sums};
use crate::integer::{Answer, LayerStep, Plastic, Reading, Soma, currents, postsynaptic, soma};
use crate::map::{Core, Mapping, Sender, Traffic, overlap};
use crate::network::{QuantizedNetwork, QuantizedPlasticity};
use crate::number::Fixed;

/// What each core holds before a sample.
#[derive(Debug)]
pub struct Program<'n> {
    network: &'n QuantizedNetwork,
    mapping: &'n Mapping,
    memories: Vec<Memory>,
    /// To each core those that send it sums.
    sums_to: Vec<Vec<usize>>,
}

/// A core's memory: its rows of the layer's weights.
#[derive(Debug)]
struct Memory {
    /// `[neurons, inputs]`; empty if it holds none.
    weight: Vec<i8>,
    plastic: Vec<i16>,
    rate: Vec<i16>,
}

/// Cores at work.
#[derive(Debug)]
pub struct Machine<'p, 'n> {
    program: &'p Program<'n>,
    plastic: Plastic,
    cores: Vec<CoreState>,
    /// What each layer puts out, as its firing cores send it.
    outputs: Vec<Vec<i8>>,
    /// Potentials of whole layers, for whoever looks.
    potentials: Vec<Vec<Fixed>>,
    /// Postsynaptic factors of whole layers, as firing cores send them back.
    factors: Vec<Vec<i8>>,
    /// Packets that each edge carried, all samples together.
    packets: Vec<u64>,
}

/// What a core holds from step to step, and room for a step.
#[derive(Debug)]
struct CoreState {
    soma: Option<Box<dyn Soma>>,
    /// Plastic weights, where they move.
    plastic: Vec<i16>,
    /// Sums of its own synapses.
    sums: Vec<i32>,
    plastic_sums: Vec<i32>,
    current: Vec<Fixed>,
    potential: Vec<Fixed>,
    spikes: Vec<i8>,
    post: Vec<i8>,
    pre: Vec<i16>,
}

/// What a layer sees.
fn seen<'a>(outputs: &'a [Vec<i8>], layer: usize, input: &'a [i8]) -> &'a [i8] {
    if layer == 0 { input } else { &outputs[layer - 1] }
}

/// Columns `inputs` of rows `neurons` of a matrix `[O,I]`.
fn part<T: Copy>(matrix: &[T], width: usize, neurons: &Range<usize>, inputs: &Range<usize>) -> Vec<T> {
    neurons.clone().flat_map(|o| matrix[o * width..][inputs.clone()].iter().copied()).collect()
}

impl<'n> Program<'n> {
    /// Loads the cores of `mapping` with what they hold of `network`.
    pub fn new(network: &'n QuantizedNetwork, mapping: &'n Mapping) -> Program<'n> {
        let memory = |core: &Core| {
            let layer = &network.layers[core.layer];
            let width = layer.wiring.inputs();
            let plasticity = layer.plasticity.as_ref().filter(|_| core.plastic);
            Memory {
                weight: if core.weights { part(&layer.weight, width, &core.neurons, &core.inputs) } else { Vec::new() },
                plastic: plasticity.map_or(Vec::new(), |p| part(&p.start, width, &core.neurons, &core.inputs)),
                rate: plasticity.map_or(Vec::new(), |p| p.rate[core.inputs.clone()].to_vec()),
            }
        };
        let mut sums_to = vec![Vec::new(); mapping.cores.len()];
        for edge in mapping.edges.iter().filter(|edge| edge.traffic == Traffic::Sums) {
            if let Sender::Core(from) = edge.from {
                sums_to[edge.to].push(from);
            }
        }
        Program { network, mapping, memories: mapping.cores.iter().map(memory).collect(), sums_to }
    }
}

impl<'p, 'n> Machine<'p, 'n> {
    /// At rest.
    pub fn new(program: &'p Program<'n>, plastic: Plastic) -> Machine<'p, 'n> {
        let layers = &program.network.layers;
        let state = |(core, memory): (&Core, &Memory)| {
            let neurons = core.neurons.len();
            let if_firing = |count: usize| if core.fires { count } else { 0 };
            let neuron = soma(&layers[core.layer].neuron, neurons).filter(|_| core.fires);
            CoreState {
                soma: neuron,
                plastic: Vec::new(),
                sums: vec![0; if memory.weight.is_empty() { 0 } else { neurons }],
                plastic_sums: vec![0; if memory.plastic.is_empty() { 0 } else { neurons }],
                current: vec![Fixed(0); if_firing(neurons)],
                potential: vec![Fixed(0); if_firing(neurons)],
                spikes: vec![0; if_firing(neurons)],
                post: vec![0; if_firing(neurons)],
                pre: vec![0; memory.rate.len()],
            }
        };
        Machine {
            cores: program.mapping.cores.iter().zip(&program.memories).map(state).collect(),
            outputs: layers.iter().map(|layer| vec![0; layer.wiring.neurons()]).collect(),
            potentials: layers.iter().map(|layer| vec![Fixed(0); layer.wiring.neurons()]).collect(),
            factors: layers.iter().map(|layer| vec![0; layer.wiring.neurons()]).collect(),
            packets: vec![0; program.mapping.edges.len()],
            program,
            plastic,
        }
    }

    /// Runs a sample from rest; as [`Reference::run`](crate::integer::Reference::run), whose plastic weights it does not show.
    ///
    /// # Errors
    /// An input of another size.
    pub fn run(&mut self, input: &[i8], mut look: impl FnMut(LayerStep<'_>)) -> Result<Answer, ChipError> {
        let network = self.program.network;
        let planes = network.planes(input)?;
        for (state, memory) in self.cores.iter_mut().zip(&self.program.memories) {
            state.soma.iter_mut().for_each(|soma| soma.rest());
            if self.plastic == Plastic::Moving {
                state.plastic.clone_from(&memory.plastic);
            }
        }
        let mut reading = Reading::new(network);
        for (step, input) in planes.enumerate() {
            for layer in 0..network.layers.len() {
                self.layer(layer, input, step);
                let (potential, output) = (&self.potentials[layer][..], &self.outputs[layer][..]);
                look(LayerStep { layer, step, potential, output, plastic: &[] });
            }
            let (potential, spikes) = (self.potentials.last(), self.outputs.last());
            reading.see(step, potential.map_or(&[], |p| p), spikes.map_or(&[], |s| s));
        }
        Ok(reading.answer())
    }

    /// Packets that each edge of the mapping carried, all samples together.
    pub fn packets(&self) -> &[u64] {
        &self.packets
    }

    /// One step of the cores of a layer: those that hold synapses, those that fire, and those again whose weights move.
    fn layer(&mut self, index: usize, input: &[i8], step: usize) {
        let mapping = self.program.mapping;
        let own = mapping.of_layer(index);
        for number in own.clone() {
            let (core, memory) = (&mapping.cores[number], &self.program.memories[number]);
            self.cores[number].add(core, memory, seen(&self.outputs, index, input), self.plastic);
        }
        for number in own.clone().filter(|&number| mapping.cores[number].fires) {
            self.fire(number, step);
            let (neurons, state) = (mapping.cores[number].neurons.clone(), &self.cores[number]);
            self.outputs[index][neurons.clone()].copy_from_slice(&state.spikes);
            self.potentials[index][neurons.clone()].copy_from_slice(&state.potential);
            self.factors[index][neurons].copy_from_slice(&state.post);
        }
        if let (Some(plasticity), Plastic::Moving) = (&self.program.network.layers[index].plasticity, self.plastic) {
            for number in own.filter(|&number| mapping.cores[number].plastic) {
                let (core, memory) = (&mapping.cores[number], &self.program.memories[number]);
                let post = &self.factors[index][core.neurons.clone()];
                self.cores[number].learn(core, memory, plasticity, (seen(&self.outputs, index, input), post, step));
            }
        }
        self.count(index, input);
    }

    /// Adds the sums that reach core `number`, and runs its neurons.
    fn fire(&mut self, number: usize, step: usize) {
        let Program { network, mapping, sums_to, .. } = self.program;
        let core = &mapping.cores[number];
        let layer = &network.layers[core.layer];
        let neurons = core.neurons.len();
        let (mut sums, mut plastic_sums) = (vec![0; neurons], vec![0; neurons]);
        let mut take = |from: &CoreState, other: &Core| {
            let Range { start, end } = overlap(&other.neurons, &core.neurons);
            for (into, from) in [(&mut sums, &from.sums), (&mut plastic_sums, &from.plastic_sums)] {
                if !from.is_empty() {
                    let from = &from[start - other.neurons.start..end - other.neurons.start];
                    let into = &mut into[start - core.neurons.start..end - core.neurons.start];
                    into.iter_mut().zip(from).for_each(|(sum, &part)| *sum += part);
                }
            }
        };
        take(&self.cores[number], core);
        for &from in &sums_to[number] {
            take(&self.cores[from], &mapping.cores[from]);
        }
        let CoreState { soma, current, potential, spikes, post, .. } = &mut self.cores[number];
        currents(layer, (step, core.neurons.start), [&sums, &plastic_sums], current);
        if let Some(soma) = soma {
            soma.step(current, potential, spikes);
        }
        if let (Some(plasticity), Plastic::Moving) = (&layer.plasticity, self.plastic) {
            let sliding = &plasticity.sliding_threshold[core.neurons.clone()];
            postsynaptic(&plasticity.rule, plasticity.post_fraction, potential, sliding, post);
        }
    }

    /// Counts what the edges into a layer carry at a step: an input or spike that is not zero, each sum, each factor.
    fn count(&mut self, index: usize, input: &[i8]) {
        let Program { mapping, .. } = self.program;
        for (edge, packets) in mapping.edges.iter().zip(&mut self.packets) {
            if mapping.cores[edge.to].layer != index {
                continue;
            }
            let x = seen(&self.outputs, index, input);
            *packets += match edge.traffic {
                Traffic::Activity => x[edge.range.clone()].iter().filter(|&&value| value != 0).count() as u64,
                Traffic::Factors if self.plastic == Plastic::Resting => 0,
                Traffic::Sums | Traffic::Factors => edge.range.len() as u64,
            };
        }
    }
}

impl CoreState {
    /// The sums of its own synapses.
    fn add(&mut self, core: &Core, memory: &Memory, x: &[i8], plastic: Plastic) {
        let x = &x[core.inputs.clone()];
        if !memory.weight.is_empty() {
            weighted_sums(&memory.weight, x, &mut self.sums);
        }
        if !memory.plastic.is_empty() {
            let weights = if plastic == Plastic::Moving { &self.plastic } else { &memory.plastic };
            plastic_sums(weights, x, &mut self.plastic_sums);
        }
    }

    /// Its plastic weights move by the factors that came back.
    fn learn(
        &mut self,
        core: &Core,
        memory: &Memory,
        plasticity: &QuantizedPlasticity,
        (x, post, step): (&[i8], &[i8], usize),
    ) {
        plasticity.learn(step, (&x[core.inputs.clone()], &memory.rate), post, &mut self.pre, &mut self.plastic);
    }
}
