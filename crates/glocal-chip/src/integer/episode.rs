//! Episodes in integers, without a chip: pictures that are stored, and pictures that are asked about.

use super::{Answer, LayerState, LayerStep, Plastic, Reading, currents, sums};
use crate::error::ChipError;
use crate::integer::kernels::{Course, move_by_synapse, plastic_sums};
use crate::network::{QuantizedEpisode, QuantizedLayer, QuantizedNetwork, QuantizedPlasticity, ReadoutPlasticity};
use crate::number::Fixed;

/// What a picture is shown for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// To be stored, with its label among the episode's classes.
    Support(u32),
    /// To be asked about: nothing of it is kept.
    Query,
}

impl Shown {
    /// The current of the label, added to its neuron.
    pub(crate) fn drive(self, episode: QuantizedEpisode, neuron: usize, current: Fixed) -> Fixed {
        match self {
            Shown::Support(label) if label as usize == neuron => current + episode.drive,
            _ => current,
        }
    }

    /// # Errors
    /// A label that no neuron stands for.
    pub(crate) fn check(self, network: &QuantizedNetwork) -> Result<Self, ChipError> {
        match self {
            Shown::Support(label) if label as usize >= network.classes() => {
                Err(ChipError::Label { label, ways: network.classes() })
            }
            _ => Ok(self),
        }
    }
}

impl ReadoutPlasticity {
    /// One picture moves the plastic weights of some inputs and neurons.
    pub(crate) fn learn(&self, of: &QuantizedPlasticity, (x, rate): (&[i8], &[i8]), post: &[i8], plastic: &mut [i16]) {
        let course = Course { decay: of.decay, bound: of.bound, shift: self.shift };
        move_by_synapse(plastic, rate, post, x, course);
    }
}

/// Adds what a layer put out at a step to what the read-out sees of a picture.
pub(crate) fn count(counts: &mut [i8], output: &[i8]) {
    counts.iter_mut().zip(output).for_each(|(count, &output)| *count = count.saturating_add(output));
}

/// A network that meets its classes in episodes, under way.
///
/// # Equation
/// Of each picture the embedding runs T steps from rest; x is the sum of what it sent. Then one step of the read-out: current = Σ W x +
/// Σ H x + bias (+ drive at the label's neuron), potentials by its neuron. A support's step is kept, and moves H; a query's is read.
#[derive(Debug)]
pub struct Episodes<'n> {
    network: &'n QuantizedNetwork,
    episode: QuantizedEpisode,
    layers: Vec<LayerState>,
    counts: Vec<i8>,
}

impl<'n> Episodes<'n> {
    /// Before a first episode.
    ///
    /// # Errors
    /// A network that does not meet its classes in episodes.
    pub fn new(network: &'n QuantizedNetwork) -> Result<Episodes<'n>, ChipError> {
        let episode = network.episode.ok_or(ChipError::Episodes { in_episodes: false })?;
        let layers: Vec<LayerState> =
            network.layers.iter().map(|layer| LayerState::new(layer, Plastic::Moving)).collect();
        let seen = network.layers.last().map_or(0, |readout| readout.wiring.inputs());
        let mut episodes = Episodes { network, episode, layers, counts: vec![0; seen] };
        episodes.begin();
        Ok(episodes)
    }

    /// Forgets what was stored.
    pub fn begin(&mut self) {
        if let (Some(state), Some(readout)) = (self.layers.last_mut(), self.network.layers.last()) {
            state.rest(readout, Plastic::Moving);
        }
    }

    /// Stores a picture under a label: `[I]` if it is the same at all steps, else `[T,I]`.
    ///
    /// # Errors
    /// A picture of another size, a label that no neuron stands for.
    pub fn store(&mut self, picture: &[i8], label: u32, look: impl FnMut(LayerStep<'_>)) -> Result<(), ChipError> {
        self.show(picture, Shown::Support(label), look).map(drop)
    }

    /// Asks about a picture.
    ///
    /// # Errors
    /// A picture of another size.
    pub fn ask(&mut self, picture: &[i8], look: impl FnMut(LayerStep<'_>)) -> Result<Answer, ChipError> {
        self.show(picture, Shown::Query, look)
    }

    fn show(&mut self, picture: &[i8], shown: Shown, mut look: impl FnMut(LayerStep<'_>)) -> Result<Answer, ChipError> {
        let (network, shown) = (self.network, shown.check(self.network)?);
        let planes = network.planes(picture)?;
        let is_constant = picture.len() == network.inputs;
        let embedding = network.embedding();
        self.counts.fill(0);
        self.layers[..embedding].iter_mut().zip(&network.layers).for_each(|(own, of)| own.rest(of, Plastic::Resting));
        for (step, seen) in planes.enumerate() {
            for index in 0..embedding {
                let (below, rest) = self.layers.split_at_mut(index);
                let x = below.last().map_or(seen, |below| below.output());
                let (layer, state) = (&network.layers[index], &mut rest[0]);
                let is_known = index == 0 && is_constant && step > 0;
                state.step(layer, x, (step, is_known), Plastic::Resting);
                look(LayerStep {
                    layer: index,
                    step,
                    potential: &state.potential,
                    output: state.output(),
                    plastic: &[],
                });
            }
            count(&mut self.counts, self.layers[embedding - 1].output());
        }
        let (layer, state) = (&network.layers[embedding], &mut self.layers[embedding]);
        state.readout(layer, &self.counts, shown, self.episode);
        let LayerState { potential, spikes, plastic, .. } = state;
        look(LayerStep { layer: embedding, step: network.steps - 1, potential, output: spikes, plastic });
        let mut reading = Reading::new(network);
        reading.see(network.steps - 1, potential, spikes);
        Ok(reading.answer())
    }
}

impl LayerState {
    /// The read-out's step of a picture.
    fn readout(&mut self, layer: &QuantizedLayer, x: &[i8], shown: Shown, episode: QuantizedEpisode) {
        let LayerState { soma, current, potential, spikes, plastic, post, .. } = self;
        sums(layer, x, &mut self.window, &mut self.sums);
        plastic_sums(plastic, x, &mut self.plastic_sums);
        let neurons = (0..).zip(layer.bias.iter().copied());
        currents(layer, 0, neurons, [&self.sums, &self.plastic_sums], current);
        current.iter_mut().enumerate().for_each(|(neuron, current)| *current = shown.drive(episode, neuron, *current));
        let Shown::Support(_) = shown else {
            spikes.fill(0);
            return soma.look(current, potential);
        };
        soma.step(current, potential, spikes);
        if let Some((plasticity, readout)) = layer.plasticity.as_ref().and_then(|of| Some((of, of.readout.as_ref()?))) {
            plasticity.post(potential, &plasticity.sliding_threshold, post);
            readout.learn(plasticity, (x, &readout.rate), post, plastic);
        }
    }
}
