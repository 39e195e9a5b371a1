//! What mapped cores compute: to the bit what the integer reference computes, wherever they lie.

mod episode;

use super::faults::Losses;
use super::program::{Memory, Program, Source};
use crate::error::ChipError;
use crate::integer::kernels::{plastic_sums, weighted_sums};
use crate::integer::{Answer, LayerStep, Plastic, Reading, Shown, Soma, currents, pooled, soma};
use crate::map::{Core, NO_INPUT};
use crate::network::QuantizedPlasticity;
use crate::number::Fixed;

/// Cores at work.
#[derive(Debug)]
pub struct Machine<'p, 'n> {
    program: &'p Program<'n>,
    plastic: Plastic,
    cores: Vec<CoreState>,
    layers: Vec<LayerState>,
    /// Packets of each message at each step of the last sample, `[T,M]`.
    packets: Vec<u32>,
    /// Of each core the synapses whose input was not zero, all steps of the last sample.
    active_synapses: Vec<u64>,
    /// Of each core the plastic weights that it wrote while the last picture was stored.
    moved_synapses: Vec<u64>,
    /// What the read-out of episodes sees of a picture.
    counts: Vec<i8>,
    /// Whether whoever looks sees plastic weights.
    shows_plastic: bool,
}

/// What a layer puts out, gathered from its firing cores.
#[derive(Debug)]
struct LayerState {
    spikes: Vec<i8>,
    /// Pooled; empty without pooling.
    output: Vec<i8>,
    potential: Vec<Fixed>,
    /// Postsynaptic factors.
    factors: Vec<i8>,
    /// Plastic weights, where they are shown.
    plastic: Vec<i16>,
}

/// What a core holds from step to step, and room for a step.
#[derive(Debug)]
struct CoreState {
    soma: Option<Box<dyn Soma>>,
    /// Plastic weights, where they move.
    plastic: Vec<i16>,
    /// Synapses of the last step whose input was not zero.
    active: u64,
    /// What its axons carry.
    axons: Vec<i8>,
    /// Sums of its own synapses, of all jobs.
    sums: Vec<i32>,
    plastic_sums: Vec<i32>,
    /// Sums of all cores, where neurons fire.
    all: [Vec<i32>; 2],
    current: Vec<Fixed>,
    potential: Vec<Fixed>,
    spikes: Vec<i8>,
    post: Vec<i8>,
    /// Factors that came back to plastic weights.
    back: Vec<i8>,
    pre: Vec<i16>,
}

/// A step of a sample.
#[derive(Clone, Copy)]
struct Moment<'x> {
    step: usize,
    input: &'x [i8],
    /// Whether the first layer sees what it saw at the step before.
    is_known: bool,
    losses: Losses,
    /// What the picture is shown for, where the read-out of episodes steps.
    readout: Option<Shown>,
}

impl LayerState {
    fn output(&self) -> &[i8] {
        if self.output.is_empty() { &self.spikes } else { &self.output }
    }
}

impl<'p, 'n> Machine<'p, 'n> {
    /// At rest.
    pub fn new(program: &'p Program<'n>, plastic: Plastic) -> Machine<'p, 'n> {
        let Program { network, mapping, memories, .. } = program;
        let state = |(core, memory): (&Core, &Memory)| CoreState::new(core, memory, &network.layers[core.layer].neuron);
        let layer = |layer: &crate::network::QuantizedLayer| {
            let neurons = layer.wiring.neurons();
            LayerState {
                spikes: vec![0; neurons],
                output: vec![0; if layer.pool.is_some() { layer.outputs() } else { 0 }],
                potential: vec![Fixed(0); neurons],
                factors: vec![0; if layer.plasticity.is_some() { neurons } else { 0 }],
                plastic: Vec::new(),
            }
        };
        Machine {
            cores: mapping.cores.iter().zip(memories).map(state).collect(),
            layers: network.layers.iter().map(layer).collect(),
            packets: vec![0; network.steps * mapping.messages.len()],
            active_synapses: vec![0; mapping.cores.len()],
            moved_synapses: vec![0; mapping.cores.len()],
            counts: Vec::new(),
            shows_plastic: false,
            program,
            plastic,
        }
    }

    /// Lets whoever looks see plastic weights, which takes time.
    pub fn showing_plastic(mut self) -> Self {
        self.shows_plastic = true;
        self
    }

    /// Runs a sample from rest; as [`Reference::run`](crate::integer::Reference::run).
    ///
    /// # Errors
    /// An input of another size; a network that meets its classes in episodes.
    pub fn run(&mut self, input: &[i8], mut look: impl FnMut(LayerStep<'_>)) -> Result<Answer, ChipError> {
        let Program { network, memories, faults, .. } = self.program;
        if network.episode.is_some() {
            return Err(ChipError::Episodes { in_episodes: true });
        }
        let planes = network.planes(input)?;
        let is_constant = input.len() == network.inputs;
        let losses = faults.losses(input);
        for (state, memory) in self.cores.iter_mut().zip(memories) {
            state.soma.iter_mut().for_each(|soma| soma.rest());
            if self.plastic == Plastic::Moving {
                state.plastic.clone_from(&memory.plastic);
            }
        }
        self.active_synapses.fill(0);
        let mut reading = Reading::new(network);
        for (step, input) in planes.enumerate() {
            let is_known = is_constant && step > 0 && !losses.any();
            let moment = Moment { step, input, is_known, losses, readout: None };
            for layer in 0..network.layers.len() {
                self.layer(layer, moment);
                let LayerState { potential, plastic, .. } = &self.layers[layer];
                look(LayerStep { layer, step, potential, output: self.layers[layer].output(), plastic });
            }
            self.count(moment);
            let last = self.layers.last().expect("a network has a layer");
            reading.see(step, &last.potential, &last.spikes);
        }
        Ok(reading.answer())
    }

    /// Packets of each of the mapping's messages at each step of the last sample, `[T,M]`.
    pub fn packets(&self) -> &[u32] {
        &self.packets
    }

    /// Of each core the synapses, of one kind, whose input was not zero, all steps of the last sample.
    pub fn active_synapses(&self) -> &[u64] {
        &self.active_synapses
    }

    /// One step of the cores of a layer: those that hold synapses, those that fire, and those again whose weights move.
    fn layer(&mut self, index: usize, moment: Moment<'_>) {
        let Program { network, mapping, memories, .. } = self.program;
        let layer = &network.layers[index];
        let own = mapping.of_layer(index);
        let (below, _) = self.layers.split_at(index);
        let seen = match (moment.readout, below.last()) {
            (Some(_), _) => &self.counts,
            (None, Some(below)) => below.output(),
            (None, None) => moment.input,
        };
        let is_known = index == 0 && moment.is_known;
        for number in own.clone().filter(|&number| mapping.cores[number].holds() && !memories[number].is_dead) {
            let core = (number, &mapping.cores[number]);
            let own = &mut self.cores[number];
            own.add(core, &memories[number], (seen, is_known), moment, self.plastic);
            self.active_synapses[number] += own.active;
        }
        for number in own.clone().filter(|&number| mapping.cores[number].fires && !memories[number].is_dead) {
            self.fire(number, moment);
            let (state, core) = (&mut self.layers[index], &self.cores[number]);
            let neurons = mapping.cores[number].jobs.iter().flat_map(|job| &job.neurons);
            for (at, &neuron) in neurons.enumerate() {
                state.spikes[neuron as usize] = core.spikes[at];
                state.potential[neuron as usize] = core.potential[at];
            }
        }
        let state = &mut self.layers[index];
        if let Some(pool) = layer.pool {
            pooled(layer, pool, &state.spikes, &mut state.output);
        }
        let writes = self.plastic == Plastic::Moving && moment.readout != Some(Shown::Query);
        if let Some(plasticity) = layer.plasticity.as_ref().filter(|_| writes) {
            self.learn(index, plasticity, moment);
        }
    }

    /// Adds the sums that reach core `number`, and runs its neurons.
    fn fire(&mut self, number: usize, moment: Moment<'_>) {
        let Program { network, mapping, memories, sums, .. } = self.program;
        let (core, memory) = (&mapping.cores[number], &memories[number]);
        let layer = &network.layers[core.layer];
        let mut all = std::mem::take(&mut self.cores[number].all);
        all.iter_mut().for_each(|sums| sums.fill(0));
        for intake in &sums[number] {
            let from = &self.cores[intake.from];
            for (kind, (into, from)) in all.iter_mut().zip([&from.sums, &from.plastic_sums]).enumerate() {
                if from.is_empty() {
                    continue;
                }
                let (into, from) = (&mut into[intake.to..][..intake.len], &from[intake.at..][..intake.len]);
                let may_get_lost = moment.losses.any() && intake.from != number;
                for (at, (sum, &part)) in into.iter_mut().zip(from).enumerate() {
                    let packet = (intake.at + at) * 2 + kind;
                    if !(may_get_lost && moment.losses.lost("sums", intake.from, moment.step, packet)) {
                        *sum += part;
                    }
                }
            }
        }
        let own = &mut self.cores[number];
        let neurons = || core.jobs.iter().flat_map(|job| &job.neurons).map(|&neuron| neuron as usize);
        let biased = neurons().zip(memory.bias.iter().copied());
        currents(layer, moment.step, biased, [&all[0], &all[1]], &mut own.current);
        own.all = all;
        if let (Some(shown), Some(episode)) = (moment.readout, network.episode) {
            let driven = own.current.iter_mut().zip(neurons());
            driven.for_each(|(current, neuron)| *current = shown.drive(episode, neuron, *current));
            if shown == Shown::Query {
                return own.look();
            }
        }
        let CoreState { soma, current, potential, spikes, post, .. } = own;
        if let Some(soma) = soma {
            soma.step(current, potential, spikes);
        }
        if let (Some(plasticity), Plastic::Moving) = (&layer.plasticity, self.plastic) {
            plasticity.post(potential, &memory.sliding_threshold, post);
        }
    }

    /// Factors go back, and plastic weights move by them.
    fn learn(&mut self, index: usize, plasticity: &QuantizedPlasticity, moment: Moment<'_>) {
        let Program { network, mapping, memories, .. } = self.program;
        let own = mapping.of_layer(index);
        let state = &mut self.layers[index];
        for number in own.clone().filter(|&number| mapping.cores[number].fires) {
            let neurons = mapping.cores[number].jobs.iter().flat_map(|job| &job.neurons);
            neurons.zip(&self.cores[number].post).for_each(|(&neuron, &post)| state.factors[neuron as usize] = post);
        }
        for number in own.filter(|&number| mapping.cores[number].plastic && !memories[number].is_dead) {
            let (core, memory, own) = (&mapping.cores[number], &memories[number], &mut self.cores[number]);
            let neurons = core.jobs.iter().flat_map(|job| &job.neurons);
            for (at, (back, &neuron)) in own.back.iter_mut().zip(neurons).enumerate() {
                let is_lost = !core.fires && moment.losses.any();
                let is_lost = is_lost && moment.losses.lost("factors", number, moment.step, at);
                *back = if is_lost { 0 } else { state.factors[neuron as usize] };
            }
            let CoreState { axons, back, pre, plastic, .. } = own;
            match &plasticity.readout {
                Some(readout) => {
                    readout.learn(plasticity, (axons, &memory.synapse_rate), back, plastic);
                    self.moved_synapses[number] += plasticity.rows_moved(back) * axons.len() as u64;
                }
                None => plasticity.learn(moment.step, (axons, &memory.rate), back, pre, plastic),
            }
            memory.stuck.iter().for_each(|stuck| stuck.hold(plastic));
            if self.shows_plastic {
                let width = network.layers[index].wiring.inputs();
                state.plastic.resize(width * network.layers[index].wiring.neurons(), 0);
                let job = &core.jobs[0];
                for (&neuron, row) in job.neurons.iter().zip(plastic.chunks_exact(job.inputs.len().max(1))) {
                    let all = &mut state.plastic[neuron as usize * width..][..width];
                    job.inputs.iter().zip(row).for_each(|(&input, &h)| all[input as usize] = h);
                }
            }
        }
    }

    /// Counts what each message carries at a step: what is not zero.
    fn count(&mut self, moment: Moment<'_>) {
        let Program { network, sources, .. } = self.program;
        let packets = &mut self.packets[moment.step * sources.len()..][..sources.len()];
        for (source, packets) in sources.iter().zip(packets) {
            *packets = match source {
                Source::Activity { of, ranges } => {
                    let seen = of.checked_sub(1).map_or(moment.input, |below| self.layers[below].output());
                    ranges.iter().map(|range| active(&seen[range.clone()])).sum()
                }
                Source::Core { from, ranges, factors: false } => {
                    let CoreState { sums, plastic_sums, .. } = &self.cores[*from];
                    ranges.iter().map(|range| active_pairs([sums, plastic_sums], range)).sum()
                }
                Source::Core { from, ranges, factors: true } => {
                    let is_learned = network.layers[self.program.mapping.cores[*from].layer].plasticity.is_some();
                    let post = &self.cores[*from].post;
                    let writes = moment.readout != Some(Shown::Query);
                    let moves = is_learned && writes && self.plastic == Plastic::Moving;
                    if moves { ranges.iter().map(|range| active(&post[range.clone()])).sum() } else { 0 }
                }
            };
        }
    }
}

fn active(values: &[i8]) -> u32 {
    values.iter().filter(|&&value| value != 0).count() as u32
}

/// Neurons one of whose sums is not zero: a packet holds both.
fn active_pairs(sums: [&[i32]; 2], range: &std::ops::Range<usize>) -> u32 {
    let part = |sums: &[i32], at: usize| sums.get(at).copied().unwrap_or(0);
    range.clone().filter(|&at| sums.iter().any(|sums| part(sums, at) != 0)).count() as u32
}

impl CoreState {
    fn new(core: &Core, memory: &Memory, neuron: &glocal_core::neuron::NeuronConfig) -> CoreState {
        let neurons = core.neurons();
        let if_firing = |count: usize| if core.fires { count } else { 0 };
        CoreState {
            soma: core.fires.then(|| soma(neuron, neurons)),
            plastic: Vec::new(),
            active: 0,
            axons: vec![0; core.input_axons()],
            sums: vec![0; if core.weights { neurons } else { 0 }],
            plastic_sums: vec![0; if core.plastic { neurons } else { 0 }],
            all: [vec![0; if_firing(neurons)], vec![0; if_firing(neurons)]],
            current: vec![Fixed(0); if_firing(neurons)],
            potential: vec![Fixed(0); if_firing(neurons)],
            spikes: vec![0; if_firing(neurons)],
            post: vec![0; if_firing(neurons)],
            back: vec![0; if core.plastic { neurons } else { 0 }],
            pre: vec![0; memory.rate.len()],
        }
    }

    /// Potentials as a step would find them; nothing is kept.
    fn look(&mut self) {
        self.spikes.fill(0);
        if let Some(soma) = &self.soma {
            soma.look(&self.current, &mut self.potential);
        }
    }

    /// The sums of its own synapses, job after job.
    fn add(
        &mut self,
        (number, core): (usize, &Core),
        memory: &Memory,
        (seen, is_known): (&[i8], bool),
        moment: Moment<'_>,
        plastic: Plastic,
    ) {
        let moves = plastic == Plastic::Moving && core.plastic;
        if is_known && !moves {
            return;
        }
        let mut at = 0;
        if !is_known {
            self.active = 0;
        }
        for job in &core.jobs {
            let until = at + job.neurons.len();
            if !is_known {
                for (slot, (axon, &input)) in self.axons.iter_mut().zip(&job.inputs).enumerate() {
                    *axon = if input == NO_INPUT { 0 } else { seen[input as usize] };
                    if moment.losses.any() && *axon != 0 && moment.losses.lost("axons", number, moment.step, at + slot)
                    {
                        *axon = 0;
                    }
                }
                self.active += u64::from(active(&self.axons)) * job.neurons.len() as u64;
                if core.weights {
                    let weight = &memory.weight[..job.neurons.len() * job.inputs.len()];
                    weighted_sums(weight, &self.axons, &mut self.sums[at..until]);
                }
            }
            if core.plastic {
                let weights = if moves { &self.plastic } else { &memory.plastic };
                plastic_sums(weights, &self.axons, &mut self.plastic_sums[at..until]);
            }
            at = until;
        }
    }
}
