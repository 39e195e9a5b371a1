//! Episodes on cores: pictures that are stored, and pictures that are asked about.

use super::{Machine, Moment};
use crate::error::ChipError;
use crate::integer::{Answer, LayerStep, Plastic, Reading, Shown, count};
use crate::map::Sender;

impl Machine<'_, '_> {
    /// Begins an episode: forgets what was stored. As [`Episodes::begin`](crate::integer::Episodes::begin).
    ///
    /// # Errors
    /// A network that does not meet its classes in episodes.
    pub fn begin(&mut self) -> Result<(), ChipError> {
        let (network, memories) = (self.program.network, &self.program.memories);
        if network.episode.is_none() {
            return Err(ChipError::Episodes { in_episodes: false });
        }
        self.plastic = Plastic::Moving;
        let own = self.program.mapping.of_layer(network.embedding());
        for (state, memory) in self.cores[own.clone()].iter_mut().zip(&memories[own]) {
            state.plastic.clone_from(&memory.plastic);
            state.soma.iter_mut().for_each(|soma| soma.rest());
        }
        self.layers[network.embedding()].plastic.clear();
        self.counts.resize(network.layers[network.embedding()].wiring.inputs(), 0);
        Ok(())
    }

    /// Stores a picture under a label, or asks about one: `[I]` if it is the same at all steps, else `[T,I]`. Packets and synapses are
    /// counted anew with each picture. A support's answer is what the neurons held when it was stored.
    ///
    /// # Errors
    /// A picture of another size, a label that no neuron stands for; a network that does not meet its classes in episodes.
    pub fn show(
        &mut self,
        picture: &[i8],
        shown: Shown,
        mut look: impl FnMut(LayerStep<'_>),
    ) -> Result<Answer, ChipError> {
        let network = self.program.network;
        if self.counts.is_empty() {
            self.begin()?;
        }
        let planes = network.planes(picture)?;
        shown.check(network)?;
        let losses = self.program.faults.losses(picture);
        let is_constant = picture.len() == network.inputs;
        let embedding = network.embedding();
        self.rest_embedding();
        for (step, input) in planes.enumerate() {
            let is_known = is_constant && step > 0 && !losses.any();
            let moment = Moment { step, input, is_known, losses, readout: None };
            for layer in 0..embedding {
                self.layer(layer, moment);
                self.shown_to(&mut look, layer, step);
            }
            count(&mut self.counts, self.layers[embedding - 1].output());
            if step + 1 < network.steps {
                self.count(moment);
                self.silence_readout(step);
            } else {
                let moment = Moment { step: 0, readout: Some(shown), ..moment };
                self.layer(embedding, moment);
                self.shown_to(&mut look, embedding, step);
                self.count(Moment { step, ..moment });
            }
        }
        let mut reading = Reading::new(network);
        let readout = &self.layers[embedding];
        reading.see(network.steps - 1, &readout.potential, &readout.spikes);
        Ok(reading.answer())
    }

    /// Of each core the plastic weights that it wrote while the last picture was stored.
    pub fn moved_synapses(&self) -> &[u64] {
        &self.moved_synapses
    }

    fn rest_embedding(&mut self) {
        let network = self.program.network;
        let until = self.program.mapping.of_layer(network.embedding()).start;
        self.cores[..until].iter_mut().flat_map(|core| &mut core.soma).for_each(|soma| soma.rest());
        self.active_synapses.fill(0);
        self.moved_synapses.fill(0);
        self.counts.fill(0);
    }

    fn shown_to(&self, look: &mut impl FnMut(LayerStep<'_>), layer: usize, step: usize) {
        let state = &self.layers[layer];
        look(LayerStep { layer, step, potential: &state.potential, output: state.output(), plastic: &state.plastic });
    }

    /// Cores of the read-out send nothing before the last step of a picture.
    fn silence_readout(&mut self, step: usize) {
        let mapping = self.program.mapping;
        let own = mapping.of_layer(self.program.network.embedding());
        let packets = &mut self.packets[step * mapping.messages.len()..][..mapping.messages.len()];
        for (message, packets) in mapping.messages.iter().zip(packets) {
            if matches!(message.from, Sender::Core(core) if own.contains(&core)) {
                *packets = 0;
            }
        }
    }
}
