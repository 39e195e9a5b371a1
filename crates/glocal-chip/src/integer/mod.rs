//! The integer reference: a network as the chip computes it, without a chip. Whatever is mapped must agree with it to the bit.

mod episode;
pub mod kernels;
pub mod rank;
mod softmax;
mod soma;

use glocal_core::config::{Pool, Readout};
use glocal_core::plasticity::{PostFactor, RuleConfig};

pub(crate) use episode::count;
pub use episode::{Episodes, Shown};
pub use softmax::softmax;
pub use soma::{Soma, VALUE_FRACTION, postsynaptic, soma};

use crate::error::ChipError;
use crate::network::{PlasticForm, QuantizedLayer, QuantizedNetwork, QuantizedPlasticity, Wiring};
use crate::number::{FRACTION, Fixed};
use kernels::{Course, move_plastic, plastic_sums, weighted_sums};
use rank::Past;

/// What plastic weights do while a sample is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plastic {
    /// They stay as learned.
    Resting,
    /// They move, from what was learned, and start anew with the next sample.
    Moving,
}

/// What the network says of a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The read-out: potentials in thresholds, or spikes. `[C]`.
    pub values: Vec<i32>,
    /// The first of the largest.
    pub class: usize,
}

/// What a layer did at a step, for whoever wants to look.
#[derive(Clone, Copy, Debug)]
pub struct LayerStep<'a> {
    /// Layer.
    pub layer: usize,
    /// Step.
    pub step: usize,
    /// v_t of each neuron, before the reset.
    pub potential: &'a [Fixed],
    /// What the next layer sees.
    pub output: &'a [i8],
    /// H after the step; empty without plastic weights, while they rest, or if nobody wants to see them in rank form.
    pub plastic: &'a [i16],
}

/// A network under way.
#[derive(Debug)]
pub struct Reference<'n> {
    network: &'n QuantizedNetwork,
    plastic: Plastic,
    layers: Vec<LayerState>,
    /// Whether whoever looks sees H in rank form.
    shows_plastic: bool,
}

/// What a layer holds from step to step, and room for a step.
#[derive(Debug)]
struct LayerState {
    soma: Box<dyn Soma>,
    sums: Vec<i32>,
    plastic_sums: Vec<i32>,
    current: Vec<Fixed>,
    potential: Vec<Fixed>,
    spikes: Vec<i8>,
    output: Vec<i8>,
    window: Vec<i8>,
    /// H, where it moves.
    plastic: Vec<i16>,
    /// What stands for H, where it moves in rank form.
    past: Option<Past>,
    pre: Vec<i16>,
    post: Vec<i8>,
}

impl<'n> Reference<'n> {
    /// At rest.
    pub fn new(network: &'n QuantizedNetwork, plastic: Plastic) -> Reference<'n> {
        let layer = |layer| LayerState::new(layer, plastic);
        Reference { network, plastic, layers: network.layers.iter().map(layer).collect(), shows_plastic: false }
    }

    /// Lets whoever looks see plastic weights in rank form too, which takes time.
    pub fn showing_plastic(mut self) -> Self {
        self.shows_plastic = true;
        self
    }

    /// Runs a sample from rest. `input`: 0..=`input_levels`, `[I]` if it is the same at all steps, else `[T,I]`.
    ///
    /// # Errors
    /// An input of another size; a network that meets its classes in episodes.
    pub fn run(&mut self, input: &[i8], mut look: impl FnMut(LayerStep<'_>)) -> Result<Answer, ChipError> {
        if self.network.episode.is_some() {
            return Err(ChipError::Episodes { in_episodes: true });
        }
        let planes = self.network.planes(input)?;
        let is_constant = input.len() == self.network.inputs;
        for (state, layer) in self.layers.iter_mut().zip(&self.network.layers) {
            state.rest(layer, self.plastic);
        }
        let mut reading = Reading::new(self.network);
        for (step, seen) in planes.enumerate() {
            for index in 0..self.layers.len() {
                let (below, rest) = self.layers.split_at_mut(index);
                let x = below.last().map_or(seen, |below| below.output());
                let (layer, state) = (&self.network.layers[index], &mut rest[0]);
                // Sums over an input that stays the same stay the same.
                let is_known = index == 0 && is_constant && step > 0;
                state.step(layer, x, (step, is_known), self.plastic);
                if let (Some(plasticity), Some(past), true) = (&layer.plasticity, &state.past, self.shows_plastic) {
                    past.plastic(plasticity, step, &mut state.plastic);
                }
                let (potential, output, plastic) = (&state.potential[..], state.output(), &state.plastic[..]);
                look(LayerStep { layer: index, step, potential, output, plastic });
            }
            let last = self.layers.last().expect("a network has a layer");
            reading.see(step, &last.potential, &last.spikes);
        }
        Ok(reading.answer())
    }
}

impl LayerState {
    fn new(layer: &QuantizedLayer, plastic: Plastic) -> LayerState {
        let (neurons, inputs) = (layer.wiring.neurons(), layer.wiring.inputs());
        let if_plastic = |count: usize| if layer.plasticity.is_some() { count } else { 0 };
        let in_rank_form = layer.plasticity.as_ref().filter(|plasticity| plasticity.in_rank_form(plastic));
        LayerState {
            soma: soma(&layer.neuron, neurons),
            sums: vec![0; neurons],
            plastic_sums: vec![0; if_plastic(neurons)],
            current: vec![Fixed(0); neurons],
            potential: vec![Fixed(0); neurons],
            spikes: vec![0; neurons],
            output: vec![0; if layer.pool.is_some() { layer.outputs() } else { 0 }],
            window: vec![0; layer.wiring.fan_in()],
            plastic: Vec::new(),
            past: in_rank_form.map(Past::new),
            pre: vec![0; if_plastic(inputs)],
            post: vec![0; if_plastic(neurons)],
        }
    }

    fn rest(&mut self, layer: &QuantizedLayer, plastic: Plastic) {
        self.soma.rest();
        if let (Some(plasticity), Plastic::Moving, None) = (&layer.plasticity, plastic, &self.past) {
            self.plastic.clone_from(&plasticity.start);
        }
    }

    fn output(&self) -> &[i8] {
        if self.output.is_empty() { &self.spikes } else { &self.output }
    }

    fn step(&mut self, layer: &QuantizedLayer, x: &[i8], (step, is_known): (usize, bool), plastic: Plastic) {
        if !is_known {
            sums(layer, x, &mut self.window, &mut self.sums);
        }
        match (&layer.plasticity, &mut self.past) {
            (Some(plasticity), Some(past)) => {
                if !is_known && plasticity.begins_with_any() {
                    plastic_sums(&plasticity.start, x, &mut past.resting);
                }
                past.sums(plasticity, step, x, &mut self.plastic_sums);
            }
            (Some(plasticity), None) => {
                let weights = if plastic == Plastic::Moving { &self.plastic } else { &plasticity.start };
                if plastic == Plastic::Moving || !is_known {
                    plastic_sums(weights, x, &mut self.plastic_sums);
                }
            }
            (None, _) => {}
        }
        // Neurons of a map have the bias of their channel, place after place.
        let neurons = (0..).zip(layer.bias.iter().copied().cycle());
        currents(layer, step, neurons, [&self.sums, &self.plastic_sums], &mut self.current);
        self.soma.step(&self.current, &mut self.potential, &mut self.spikes);
        if let (Some(plasticity), Plastic::Moving) = (&layer.plasticity, plastic) {
            plasticity.post(&self.potential, &plasticity.sliding_threshold, &mut self.post);
            match &mut self.past {
                Some(past) => past.keep(plasticity, step, x, &self.post),
                None => {
                    plasticity.learn(step, (x, &plasticity.rate), &self.post, &mut self.pre, &mut self.plastic);
                }
            }
        }
        if let Some(pool) = layer.pool {
            pooled(layer, pool, &self.spikes, &mut self.output);
        }
    }
}

impl QuantizedPlasticity {
    /// The gain of a neuron at step `t`.
    pub fn gain_at(&self, t: usize, neuron: usize) -> crate::number::Multiplier {
        let rows = self.gain.len() / self.gains;
        self.gain[t.min(rows - 1) * self.gains + neuron.min(self.gains - 1)]
    }

    /// Postsynaptic factors of some neurons; of a softmax, which needs them all, of all.
    pub(crate) fn post(&self, potential: &[Fixed], sliding: &[Fixed], post: &mut [i8]) {
        match (&self.rule, &self.readout) {
            (&RuleConfig::Hebbian { post: PostFactor::Softmax, sign }, Some(readout)) => {
                softmax((sign, self.post_fraction), readout.threshold, potential, sliding, post)
            }
            (rule, _) => postsynaptic(rule, self.post_fraction, potential, sliding, post),
        }
    }

    /// Neurons among those of `post` whose plastic weights a step writes: without decay those alone that have a factor.
    pub(crate) fn rows_moved(&self, post: &[i8]) -> u64 {
        let keeps = self.decay == 1 << 15;
        post.iter().filter(|&&post| !keeps || post != 0).count() as u64
    }

    /// One step of some inputs and neurons: `rate` of the inputs, `post` of the neurons, `plastic` of both; `pre` is room.
    pub(crate) fn learn(
        &self,
        step: usize,
        (x, rate): (&[i8], &[i16]),
        post: &[i8],
        pre: &mut [i16],
        plastic: &mut [i16],
    ) {
        self.factors(step, (x, rate), pre);
        move_plastic(plastic, post, pre, Course { decay: self.decay, bound: self.bound, shift: self.shift() });
    }

    /// Whether keys and values stand for H.
    pub(crate) fn in_rank_form(&self, plastic: Plastic) -> bool {
        plastic == Plastic::Moving && self.form == PlasticForm::Rank
    }
}

/// Currents of some neurons at a step, from the sums of their weights and of their plastic ones. `neurons`: their numbers and
/// biases, as many as there are currents.
pub(crate) fn currents(
    layer: &QuantizedLayer,
    step: usize,
    neurons: impl Iterator<Item = (usize, Fixed)>,
    [sums, plastic_sums]: [&[i32]; 2],
    current: &mut [Fixed],
) {
    let scale = layer.scale_at(step);
    let Some(plasticity) = &layer.plasticity else {
        for ((current, &sum), (_, bias)) in current.iter_mut().zip(sums).zip(neurons) {
            *current = scale.apply(sum) + bias;
        }
        return;
    };
    for (((current, &sum), &plastic), (neuron, bias)) in current.iter_mut().zip(sums).zip(plastic_sums).zip(neurons) {
        *current = scale.apply(sum) + bias + plasticity.gain_at(step, neuron).apply(plastic);
    }
}

/// Σ W x of every neuron. Neurons of a map lie place after place.
fn sums(layer: &QuantizedLayer, x: &[i8], window: &mut [i8], sums: &mut [i32]) {
    let Wiring::Convolution { output: [channels, height, width], .. } = layer.wiring else {
        return weighted_sums(&layer.weight, x, sums);
    };
    for (place, sums) in sums.chunks_exact_mut(channels).enumerate().take(height * width) {
        gather(&layer.wiring, x, (place / width, place % width), window);
        weighted_sums(&layer.weight, window, sums);
    }
}

/// What the neurons of a place of a map see, `[K,K,C]`; zeros beyond the edge.
pub fn gather(wiring: &Wiring, x: &[i8], (row, column): (usize, usize), window: &mut [i8]) {
    let &Wiring::Convolution { window: shape, input: [channels, height, width], planar, .. } = wiring else { return };
    window.fill(0);
    for ky in 0..shape.kernel {
        let Some(y) = (row * shape.stride + ky).checked_sub(shape.padding).filter(|&y| y < height) else { continue };
        for kx in 0..shape.kernel {
            let Some(at) = (column * shape.stride + kx).checked_sub(shape.padding).filter(|&at| at < width) else {
                continue;
            };
            let into = &mut window[(ky * shape.kernel + kx) * channels..][..channels];
            if planar {
                let plane = height * width;
                into.iter_mut().enumerate().for_each(|(c, value)| *value = x[c * plane + y * width + at]);
            } else {
                into.copy_from_slice(&x[(y * width + at) * channels..][..channels]);
            }
        }
    }
}

/// Whether any neuron of a window spiked, or how many did; the largest value of tanh units.
pub(crate) fn pooled(layer: &QuantizedLayer, pool: Pool, spikes: &[i8], out: &mut [i8]) {
    let Wiring::Convolution { output: [channels, height, width], .. } = layer.wiring else { return };
    let side = pool.side();
    let columns = width / side;
    for (place, out) in out.chunks_exact_mut(channels).enumerate().take((height / side) * columns) {
        // Values of tanh units may all be below zero.
        out.fill(if let Pool::Max(_) = pool { i8::MIN } else { 0 });
        for inside in 0..side * side {
            let (row, column) = (place / columns * side + inside / side, place % columns * side + inside % side);
            let spikes = &spikes[(row * width + column) * channels..][..channels];
            for (out, &spike) in out.iter_mut().zip(spikes) {
                *out = if let Pool::Max(_) = pool { (*out).max(spike) } else { *out + spike };
            }
        }
    }
}

/// A read-out on its way.
#[derive(Debug)]
pub(crate) struct Reading {
    readout: Readout,
    steps: usize,
    values: Vec<i32>,
    is_read: bool,
}

impl Reading {
    pub(crate) fn new(network: &QuantizedNetwork) -> Reading {
        let values = vec![0; network.classes()];
        Reading { readout: network.readout, steps: network.steps, values, is_read: false }
    }

    /// What the last layer did at a step.
    pub(crate) fn see(&mut self, step: usize, potential: &[Fixed], spikes: &[i8]) {
        let is_last = step + 1 == self.steps;
        let one = 1 << FRACTION;
        match self.readout {
            Readout::Rate => self.values.iter_mut().zip(spikes).for_each(|(sum, &spike)| *sum += i32::from(spike)),
            Readout::Membrane { cap } if is_last => {
                let most = cap.map_or(i32::MAX, |cap| Fixed::nearest(cap).0);
                self.values.iter_mut().zip(potential).for_each(|(value, v)| *value = v.0.min(most));
            }
            Readout::Membrane { .. } => {}
            Readout::FirstSpike { .. } => {
                if !self.is_read && (is_last || potential.iter().any(|v| v.0 > one)) {
                    self.values.iter_mut().zip(potential).for_each(|(value, v)| *value = v.0);
                    self.is_read = true;
                }
            }
        }
    }

    /// After the last step.
    pub(crate) fn answer(self) -> Answer {
        let mut class = 0;
        for (index, value) in self.values.iter().enumerate() {
            if *value > self.values[class] {
                class = index;
            }
        }
        Answer { values: self.values, class }
    }
}
