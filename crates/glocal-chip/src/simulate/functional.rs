//! What mapped cores compute: to the bit what the integer reference computes, wherever they lie.

mod episode;

use std::ops::Range;

use glocal_core::neuron::NeuronConfig;

use super::faults::Losses;
use super::host::{Host, Written};
use super::past::PastState;
use super::program::{Memory, Program, Source};
use crate::error::ChipError;
use crate::integer::kernels::{plastic_sums, weighted_sums};
use crate::integer::rank::{add_resting, plastic_weights, shares};
use crate::integer::{Answer, LayerStep, Plastic, Reading, Shown, Soma, currents, pooled, soma};
use crate::map::{Core, NO_INPUT, Remembered, Traffic};
use crate::network::{PlasticForm, QuantizedPlasticity};
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
    /// Of each core the synapses whose input was not zero, all steps of the last sample; of one that remembers the keys of past steps of
    /// such inputs, or the values whose score was not zero.
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
    /// The host, where it moves plastic weights.
    host: Option<Host>,
    /// What is left of a step, where plastic weights are in rank form.
    shares: Vec<i32>,
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
pub(super) struct CoreState {
    soma: Option<Box<dyn Soma>>,
    /// Plastic weights, where they move.
    pub(super) plastic: Vec<i16>,
    /// What it remembers, where plastic weights move in rank form.
    pub(super) past: PastState,
    /// Synapses of the last step whose input was not zero.
    active: u64,
    /// What its axons carry.
    pub(super) axons: Vec<i8>,
    /// Sums of its own synapses, of all jobs.
    sums: Vec<i32>,
    plastic_sums: Vec<i32>,
    /// Sums of all cores, where neurons fire: of weights, of plastic ones, and of values.
    all: [Vec<i32>; 3],
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
pub(super) struct Moment<'x> {
    pub(super) step: usize,
    input: &'x [i8],
    /// Whether the first layer sees what it saw at the step before.
    is_known: bool,
    pub(super) losses: Losses,
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
        let state = |(core, memory): (&Core, &Memory)| {
            let steps = if plastic == Plastic::Moving { network.steps } else { 0 };
            CoreState::new(core, memory, &network.layers[core.layer].neuron, steps)
        };
        let layer = |layer: &crate::network::QuantizedLayer| {
            let neurons = layer.wiring.neurons();
            let plasticity = layer.plasticity.as_ref().filter(|_| plastic == Plastic::Moving);
            let of_form = |form| plasticity.filter(|plasticity| plasticity.form == form);
            let steps = network.steps;
            LayerState {
                host: of_form(PlasticForm::HostLp).map(|_| Host::new(neurons)),
                shares: of_form(PlasticForm::Rank).map_or(Vec::new(), |plasticity| shares(plasticity.decay, steps)),
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
        for (state, layer) in self.layers.iter_mut().zip(&network.layers) {
            if let (Some(host), Some(plasticity)) = (&mut state.host, &layer.plasticity) {
                host.rest(&plasticity.start);
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

    /// Of each core the synapses, of one kind, whose input was not zero, all steps of the last sample; of one that remembers the keys
    /// of past steps of such inputs, or the values whose score was not zero.
    pub fn active_synapses(&self) -> &[u64] {
        &self.active_synapses
    }

    /// What the host wrote into a layer's cores at each step of the last sample; nothing where it moves no plastic weights.
    pub(super) fn written(&self, layer: usize) -> &[Written] {
        self.layers[layer].host.as_ref().map_or(&[], Host::written)
    }

    /// One step of the cores of a layer: those that hold synapses, those that fire, and those again whose weights move.
    fn layer(&mut self, index: usize, moment: Moment<'_>) {
        let Program { network, mapping, memories, .. } = self.program;
        let layer = &network.layers[index];
        let own = mapping.of_layer(index);
        if !self.layers[index].shares.is_empty() {
            self.recall(index, moment);
        }
        let (below, _) = self.layers.split_at(index);
        let seen = match (moment.readout, below.last()) {
            (Some(_), _) => &self.counts,
            (None, Some(below)) => below.output(),
            (None, None) => moment.input,
        };
        let is_known = index == 0 && moment.is_known;
        let is_alive = |number: &usize| !memories[*number].is_dead;
        for number in own.clone().filter(|&number| mapping.cores[number].holds()).filter(is_alive) {
            let core = (number, &mapping.cores[number]);
            let own = &mut self.cores[number];
            let moves = self.plastic == Plastic::Moving && layer.form() != Some(PlasticForm::Rank);
            own.add(core, &memories[number], (seen, is_known), moment, moves);
            self.active_synapses[number] += own.active;
        }
        for number in own.clone().filter(|&number| mapping.cores[number].fires).filter(is_alive) {
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
            let parts = [&from.sums, &from.plastic_sums, &from.past.sums];
            for (kind, (into, from)) in all.iter_mut().zip(parts).enumerate() {
                if from.is_empty() {
                    continue;
                }
                let (into, from) = (&mut into[intake.to..][..intake.len], &from[intake.at..][..intake.len]);
                let may_get_lost = moment.losses.any() && intake.from != number;
                for (at, (sum, &part)) in into.iter_mut().zip(from).enumerate() {
                    // Who sends sums of values sends no others.
                    let packet = (intake.at + at) * 2 + kind.min(1);
                    if !(may_get_lost && moment.losses.lost("sums", intake.from, moment.step, packet)) {
                        *sum += part;
                    }
                }
            }
        }
        if let Some(&share) = self.layers[core.layer].shares.get(moment.step) {
            let [_, resting, moved] = &mut all;
            add_resting(resting, share, moved);
            resting.copy_from_slice(moved);
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
        let looked_up = layer.plasticity.as_ref().filter(|plasticity| plasticity.form != PlasticForm::HostLp);
        if let (Some(plasticity), Plastic::Moving) = (looked_up, self.plastic) {
            plasticity.post(potential, &memory.sliding_threshold, post);
        }
    }

    /// Scores of past steps, and what their values make of them; keys of this step.
    fn recall(&mut self, index: usize, moment: Moment<'_>) {
        let Program { network, mapping, memories, .. } = self.program;
        let Some(plasticity) = &network.layers[index].plasticity else { return };
        let remembering = |of| {
            let cores = mapping.of_layer(index).filter(move |&number| mapping.cores[number].remembers(of));
            cores.filter(|&number| !memories[number].is_dead)
        };
        let (below, own) = self.layers.split_at(index);
        let (seen, shares) = (below.last().map_or(moment.input, |below| below.output()), &own[0].shares);
        for number in remembering(Remembered::Keys) {
            let (core, memory, own) = (&mapping.cores[number], &memories[number], &mut self.cores[number]);
            own.receive(number, &core.jobs[0].inputs, (seen, 0), moment);
            let steps = own.past.recall(plasticity, moment.step, (&own.axons, memory));
            self.active_synapses[number] += u64::from(active(&own.axons)) * steps as u64;
        }
        for number in remembering(Remembered::Values) {
            let mut past = std::mem::take(&mut self.cores[number].past);
            past.scores.fill(0);
            for from in mapping.of_layer(index).filter(|&from| mapping.cores[from].remembers(Remembered::Keys)) {
                past.hear(number, from, &self.cores[from].past.scores, moment);
            }
            let scored = past.evaluate(plasticity, shares, moment.step);
            self.active_synapses[number] += (scored * mapping.cores[number].neurons()) as u64;
            self.cores[number].past = past;
        }
    }

    /// Factors go back, and plastic weights move by them; or the host moves them; or values are remembered.
    fn learn(&mut self, index: usize, plasticity: &QuantizedPlasticity, moment: Moment<'_>) {
        let Program { mapping, memories, .. } = self.program;
        let own = mapping.of_layer(index);
        if plasticity.form == PlasticForm::HostLp {
            self.learn_by_host(index, plasticity, moment);
        }
        let state = &mut self.layers[index];
        for number in own.clone().filter(|&number| mapping.cores[number].fires) {
            let neurons = mapping.cores[number].jobs.iter().flat_map(|job| &job.neurons);
            neurons.zip(&self.cores[number].post).for_each(|(&neuron, &post)| state.factors[neuron as usize] = post);
        }
        let hears = |core: &Core| core.learns || core.remembers(Remembered::Values);
        for number in own.filter(|&number| hears(&mapping.cores[number]) && !memories[number].is_dead) {
            let (core, memory, own) = (&mapping.cores[number], &memories[number], &mut self.cores[number]);
            let neurons = core.jobs.iter().flat_map(|job| &job.neurons);
            for (at, (back, &neuron)) in own.back.iter_mut().zip(neurons).enumerate() {
                let is_lost = !core.fires && moment.losses.any();
                let is_lost = is_lost && moment.losses.lost("factors", number, moment.step, at);
                *back = if is_lost { 0 } else { state.factors[neuron as usize] };
            }
            let CoreState { axons, back, pre, plastic, past, .. } = own;
            if !core.learns {
                past.keep_values(moment.step, back, memory);
                continue;
            }
            match &plasticity.readout {
                Some(readout) => {
                    readout.learn(plasticity, (axons, &memory.synapse_rate), back, plastic);
                    self.moved_synapses[number] += plasticity.rows_moved(back) * axons.len() as u64;
                }
                None => plasticity.learn(moment.step, (axons, &memory.rate), back, pre, plastic),
            }
            memory.stuck.iter().for_each(|stuck| stuck.hold(plastic));
        }
        if self.shows_plastic {
            self.gather_plastic(index, plasticity, moment.step);
        }
    }

    /// The host reads potentials, moves plastic weights, and writes those that have changed.
    fn learn_by_host(&mut self, index: usize, plasticity: &QuantizedPlasticity, moment: Moment<'_>) {
        let Program { mapping, memories, .. } = self.program;
        let (below, own) = self.layers.split_at_mut(index);
        let LayerState { host, potential, .. } = &mut own[0];
        let Some(host) = host else { return };
        let seen = below.last().map_or(moment.input, |below| below.output());
        host.learn(plasticity, moment.step, seen, potential);
        let is_last = moment.step + 1 == self.program.network.steps;
        for number in mapping.of_layer(index).filter(|&number| mapping.cores[number].plastic) {
            let (core, memory) = (&mapping.cores[number], &memories[number]);
            // Nothing sees what the last step would change; H_0 is put back instead.
            let begin = is_last.then_some(&plasticity.start[..]);
            host.write(core, begin, &mut self.cores[number].plastic);
            memory.stuck.iter().for_each(|stuck| stuck.hold(&mut self.cores[number].plastic));
        }
    }

    /// Plastic weights, for whoever looks.
    fn gather_plastic(&mut self, index: usize, plasticity: &QuantizedPlasticity, step: usize) {
        let Program { network, mapping, .. } = self.program;
        let wiring = &network.layers[index].wiring;
        let (width, height, steps) = (wiring.inputs(), wiring.neurons(), network.steps);
        let state = &mut self.layers[index];
        state.plastic.resize(width * height, 0);
        // Nothing where plastic weights are matrices.
        let remembered = if state.shares.is_empty() { 0 } else { steps };
        let (mut keys, mut values) = (vec![0; remembered * width], vec![0; remembered * height]);
        for (core, own) in mapping.of_layer(index).map(|number| (&mapping.cores[number], &self.cores[number])) {
            let job = &core.jobs[0];
            if core.plastic && state.shares.is_empty() {
                for (&neuron, row) in job.neurons.iter().zip(own.plastic.chunks_exact(job.inputs.len().max(1))) {
                    let all = &mut state.plastic[neuron as usize * width..][..width];
                    job.inputs.iter().zip(row).for_each(|(&input, &h)| all[input as usize] = h);
                }
            }
            scatter(&own.past.keys, &job.inputs, width, &mut keys);
            scatter(&own.past.values, &job.neurons, height, &mut values);
        }
        if let Some(host) = &state.host {
            state.plastic.copy_from_slice(host.plastic());
        } else if !state.shares.is_empty() {
            plastic_weights(plasticity, (step, &state.shares), &keys, &values, &mut state.plastic);
        }
    }

    /// Counts what each message carries at a step: what is not zero.
    fn count(&mut self, moment: Moment<'_>) {
        let Program { sources, .. } = self.program;
        let packets = &mut self.packets[moment.step * sources.len()..][..sources.len()];
        for (source, packets) in sources.iter().zip(packets) {
            *packets = match source {
                Source::Activity { of, ranges } => {
                    let seen = of.checked_sub(1).map_or(moment.input, |below| self.layers[below].output());
                    ranges.iter().map(|range| active(&seen[range.clone()])).sum()
                }
                Source::Core { from, ranges, what } => {
                    let CoreState { sums, plastic_sums, past, post, .. } = &self.cores[*from];
                    let count = |range: &Range<usize>| match what {
                        Traffic::Sums | Traffic::Activity => active_pairs([sums, plastic_sums, &past.sums], range),
                        // A query writes nothing; and nobody looks potentials up while plastic weights rest.
                        Traffic::Factors if moment.readout == Some(Shown::Query) => 0,
                        Traffic::Factors => active(&post[range.clone()]),
                        Traffic::Scores => active_scores(&past.scores, range),
                    };
                    ranges.iter().map(count).sum()
                }
            };
        }
    }
}

pub(super) fn active(values: &[i8]) -> u32 {
    values.iter().filter(|&&value| value != 0).count() as u32
}

/// Past steps whose score is not zero.
fn active_scores(scores: &[i64], range: &Range<usize>) -> u32 {
    scores[range.clone()].iter().filter(|&&score| score != 0).count() as u32
}

/// Puts rows of some columns into rows of all.
fn scatter<T: Copy>(rows: &[T], columns: &[u32], width: usize, all: &mut [T]) {
    for (row, all) in rows.chunks_exact(columns.len().max(1)).zip(all.chunks_exact_mut(width)) {
        columns.iter().zip(row).for_each(|(&column, &value)| all[column as usize] = value);
    }
}

/// Neurons one of whose sums is not zero: a packet holds both.
fn active_pairs(sums: [&[i32]; 3], range: &Range<usize>) -> u32 {
    let part = |sums: &[i32], at: usize| sums.get(at).copied().unwrap_or(0);
    range.clone().filter(|&at| sums.iter().any(|sums| part(sums, at) != 0)).count() as u32
}

impl CoreState {
    fn new(core: &Core, memory: &Memory, neuron: &NeuronConfig, steps: usize) -> CoreState {
        let neurons = core.neurons();
        let if_firing = |count: usize| if core.fires { count } else { 0 };
        CoreState {
            soma: core.fires.then(|| soma(neuron, neurons)),
            plastic: Vec::new(),
            past: PastState::new(core, steps),
            active: 0,
            axons: vec![0; core.input_axons()],
            sums: vec![0; if core.weights { neurons } else { 0 }],
            plastic_sums: vec![0; if core.plastic { neurons } else { 0 }],
            all: std::array::from_fn(|_| vec![0; if_firing(neurons)]),
            current: vec![Fixed(0); if_firing(neurons)],
            potential: vec![Fixed(0); if_firing(neurons)],
            spikes: vec![0; if_firing(neurons)],
            post: vec![0; if_firing(neurons)],
            back: vec![0; if core.learns || core.remembers(Remembered::Values) { neurons } else { 0 }],
            pre: vec![0; memory.rate.len()],
        }
    }

    /// What reaches its axons, unless it gets lost; `at`: the number of the first packet.
    fn receive(&mut self, number: usize, inputs: &[u32], (seen, at): (&[i8], usize), moment: Moment<'_>) {
        for (slot, (axon, &input)) in self.axons.iter_mut().zip(inputs).enumerate() {
            *axon = if input == NO_INPUT { 0 } else { seen[input as usize] };
            if moment.losses.any() && *axon != 0 && moment.losses.lost("axons", number, moment.step, at + slot) {
                *axon = 0;
            }
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
        moves: bool,
    ) {
        let moves = moves && core.plastic;
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
                self.receive(number, &job.inputs, (seen, at), moment);
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
