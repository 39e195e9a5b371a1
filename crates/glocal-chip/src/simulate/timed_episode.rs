//! When and how much: an episode on placed cores, its support and its queries apart.

use super::functional::Machine;
use super::tally::Tally;
use super::timed::{Follower, Network, Placed};
use crate::energy::Activity;
use crate::error::ChipError;
use crate::integer::{Answer, Plastic, Shown};
use crate::map::Core;
use crate::network::QuantizedNetwork;
use crate::place::Board;
use crate::spec::ChipSpec;
use glocal_core::neuron::NeuronConfig;

/// An episode on placed cores.
#[derive(Clone, Debug, PartialEq)]
pub struct TimedEpisode {
    /// What the network says of each query.
    pub answers: Vec<Answer>,
    /// Storing the support, from its first picture to the last plastic weight moved.
    pub stored: Tally,
    /// Asking about the queries, one after the other; nothing without any.
    pub asked: Tally,
}

/// What episodes are simulated with: pictures of the support follow each other as soon as cores are free, then those that are asked
/// about.
#[derive(Debug)]
pub struct TimedEpisodes<'p, 'm> {
    chip: &'p ChipSpec,
    machine: Machine<'p, 'm>,
    store: (&'p Placed<'m>, Follower<'p, 'm>),
    ask: (&'p Placed<'m>, Follower<'p, 'm>),
}

impl<'p, 'm> TimedEpisodes<'p, 'm> {
    /// `store` and `ask`: the placed network as [`Placed::showing`] makes it of so many pictures of the support, and of so many queries.
    ///
    /// # Errors
    /// A rectangle of routers that takes too much memory.
    pub fn new(
        [store, ask]: [&'p Placed<'m>; 2],
        machine: Machine<'p, 'm>,
        chip: &'p ChipSpec,
        network: Network,
    ) -> Result<Self, ChipError> {
        let (store, ask) = ((store, Follower::new(store, network)?), (ask, Follower::new(ask, network)?));
        Ok(TimedEpisodes { chip, machine, store, ask })
    }

    /// Runs an episode phase by phase.
    ///
    /// # Errors
    /// Pictures of another size, or another number of them; a label that no neuron stands for; a phase of fixed length that packets
    /// overrun.
    pub fn run(&mut self, support: &[(&[i8], u32)], queries: &[&[i8]]) -> Result<TimedEpisode, ChipError> {
        self.machine.begin()?;
        let support = support.iter().map(|&(picture, label)| (picture, Shown::Support(label)));
        let (_, stored) = shown(&mut self.machine, self.chip, &mut self.store, support)?;
        let queries = queries.iter().map(|&picture| (picture, Shown::Query));
        let (answers, asked) = shown(&mut self.machine, self.chip, &mut self.ask, queries)?;
        Ok(TimedEpisode { answers, stored, asked })
    }
}

/// Shows pictures one after the other, and follows their packets.
fn shown<'a>(
    machine: &mut Machine<'_, '_>,
    chip: &ChipSpec,
    (placed, follower): &mut (&Placed<'_>, Follower<'_, '_>),
    pictures: impl ExactSizeIterator<Item = (&'a [i8], Shown)>,
) -> Result<(Vec<Answer>, Tally), ChipError> {
    let (network, cores) = (placed.network(), &placed.mapping().cores);
    let expected = placed.schedule().steps() / network.steps;
    if pictures.len() != expected {
        return Err(ChipError::Pictures { expected, found: pictures.len() });
    }
    let mut answers = Vec::with_capacity(expected);
    let mut packets = Vec::with_capacity(expected * machine.packets().len());
    let mut did = vec![Activity::default(); cores.len()];
    let mut labels = Activity::default();
    for (picture, shown) in pictures {
        answers.push(machine.show(picture, shown, |_| ())?);
        packets.extend_from_slice(machine.packets());
        let counted = machine.active_synapses().iter().zip(machine.moved_synapses());
        for ((sum, core), (&active, &moved)) in did.iter_mut().zip(cores).zip(counted) {
            *sum += of_picture(network, core, chip, (active, moved), shown);
        }
        if let Shown::Support(label) = shown {
            labels += of_label(placed, chip, label);
        }
    }
    let mut tally = follower.follow(&packets, did, &[])?;
    tally.activity += labels;
    Ok((answers, tally))
}

/// What a core did for a picture, without its packets' ways.
///
/// # Equation
/// As of a sample, [`super::Placed`]; neurons of the read-out step once, values are looked up by tanh units and by a read-out that
/// stores. Plastic weights are written where they move: all with decay, else those of neurons with a postsynaptic factor, and a byte is
/// read for each one's rate.
fn of_picture(
    network: &QuantizedNetwork,
    core: &Core,
    chip: &ChipSpec,
    (active, moved): (u64, u64),
    shown: Shown,
) -> Activity {
    let (bytes, storage) = (chip.plastic_bytes(), chip.core.storage());
    let is_readout = core.layer == network.embedding();
    let steps = if is_readout { 1 } else { network.steps as u64 };
    let updates = if core.fires { steps * core.neurons() as u64 } else { 0 };
    let stores = is_readout && shown != Shown::Query;
    let looks_up = stores || matches!(network.layers[core.layer].neuron, NeuronConfig::Tanh {});
    let plastic_read = if core.plastic { active * bytes } else { 0 };
    Activity {
        synaptic_ops: active * (u64::from(core.weights) + u64::from(core.plastic)) + moved,
        weight_bytes_read: (active * u64::from(core.weights) * storage.bits()).div_ceil(8),
        plastic_bytes_read: plastic_read + moved * (bytes + 1),
        plastic_bytes_written: moved * bytes,
        soma_updates: updates,
        lut_reads: if looks_up { updates } else { 0 },
        ..Activity::default()
    }
}

/// A packet of the host that drives the label's neuron. It travels by itself: no phase waits for it.
fn of_label(placed: &Placed<'_>, chip: &ChipSpec, label: u32) -> Activity {
    let board = Board::of(chip);
    let mut cores = placed.mapping().cores.iter().zip(&placed.placement().at);
    let readout = placed.network().embedding();
    let fires = |core: &Core| core.layer == readout && core.fires && core.jobs[0].neurons.contains(&label);
    let Some((_, &at)) = cores.find(|(core, _)| fires(core)) else { return Activity::default() };
    let (hops, across) = (board.hops(board.host(), at), board.crossings(board.host(), at));
    Activity {
        spikes: 1,
        packet_hops: u64::from(hops - across),
        chip_hops: u64::from(across),
        host_bytes: chip.noc.packet_bytes.value,
        ..Activity::default()
    }
}

impl Placed<'_> {
    /// The same cores storing so many pictures, and asking about so many.
    ///
    /// # Errors
    /// A phase that a core overruns; no pictures to store.
    pub fn of_episode(&self, supports: usize, queries: usize) -> Result<[Self; 2], ChipError> {
        if self.network().episode.is_none() {
            return Err(ChipError::Episodes { in_episodes: false });
        }
        Ok([self.showing(supports, Plastic::Moving)?, self.showing(queries, Plastic::Resting)?])
    }
}
