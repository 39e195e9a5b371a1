//! When and how much: the phases of an image on placed cores, with every packet on its way.

use std::ops::AddAssign;

use serde::Serialize;

use super::functional::Machine;
use super::host::{Exchanged, Written, bytes_read};
use super::phase::{SCORE_PRODUCTS, Schedule, busy_cycles, schedule, schedule_of};
use super::tally::Tally;
use crate::energy::Activity;
use crate::error::{ChipError, Obstacle};
use crate::integer::{Answer, Plastic};
use crate::map::{Core, Mapping, Past, Remembered, Sender};
use crate::network::{PlasticForm, QuantizedNetwork};
use crate::noc::{Delivered, Simulator, load};
use crate::place::{Endpoint, Flow, Placement, Position};
use crate::route::{Cast, Link, Routes, route};
use crate::spec::{ChipSpec, WeightStorage};

impl AddAssign for PhaseFigures {
    fn add_assign(&mut self, other: PhaseFigures) {
        let sums = [
            (&mut self.computing, other.computing),
            (&mut self.sending, other.sending),
            (&mut self.cycles, other.cycles),
            (&mut self.sent, other.sent),
            (&mut self.delivered, other.delivered),
            (&mut self.hops, other.hops),
            (&mut self.stalls, other.stalls),
            (&mut self.waiting, other.waiting),
        ];
        sums.into_iter().for_each(|(sum, own)| *sum += own);
    }
}

/// How packets are followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// By what each link carries: the least that a phase can take.
    Load,
    /// From router to router through finite buffers.
    #[default]
    Buffers,
}

/// A mapped network whose cores have places, and its packets ways.
#[derive(Debug)]
pub struct Placed<'m> {
    network: &'m QuantizedNetwork,
    mapping: &'m Mapping,
    chip: &'m ChipSpec,
    plastic: Plastic,
    placement: Placement,
    schedule: Schedule,
    routes: Routes,
    /// Of each phase the messages that travel in it, with their steps; the first is the one in which the host loads the first step.
    traffic: Vec<Vec<(usize, usize)>>,
    /// Clocks that cores compute in each phase, the busiest of those that do.
    computing: Vec<u64>,
}

/// A phase of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PhaseFigures {
    /// Clocks of the busiest core.
    pub computing: u64,
    /// Clocks until the last packet has arrived.
    pub sending: u64,
    /// Clocks of the phase.
    pub cycles: u64,
    /// Packets that cores and the host sent.
    pub sent: u64,
    /// Packets that receivers got.
    pub delivered: u64,
    /// Packets times hops, within chips and between them.
    pub hops: u64,
    /// Packets times clocks that they waited.
    pub stalls: u64,
    /// Clocks that the chip waited at its end for the host, which moves plastic weights.
    pub waiting: u64,
}

/// An image on placed cores.
#[derive(Clone, Debug, PartialEq)]
pub struct Timed {
    /// What the network says.
    pub answer: Answer,
    /// Phase by phase, the loading of the first step first.
    pub phases: Vec<PhaseFigures>,
    /// Packets that each of the mapping's messages carried.
    pub messages: Vec<u64>,
    /// What each core did, without its packets' ways.
    pub cores: Vec<Activity>,
    /// What the chip did, all in all.
    pub activity: Activity,
    /// What went over the link to a host that moves plastic weights.
    pub link: Exchanged,
    /// Time without the loading of the first step, in microseconds.
    pub microseconds: f64,
}

/// What an image is simulated with.
#[derive(Debug)]
pub struct TimedMachine<'p, 'm> {
    machine: Machine<'p, 'm>,
    follower: Follower<'p, 'm>,
}

/// What follows packets on the ways of a placed network.
#[derive(Debug)]
pub(super) struct Follower<'p, 'm> {
    placed: &'p Placed<'m>,
    simulator: Option<Simulator<'p>>,
    counts: Vec<u64>,
}

/// What cores send each other in a step if every input is active and every neuron spikes: what places are chosen by.
pub fn flows(mapping: &Mapping) -> Vec<Flow> {
    let flow =
        |edge: &crate::map::Edge| Flow { from: endpoint(edge.from), to: edge.to, packets: edge.numbers.len() as f64 };
    mapping.edges.iter().map(flow).collect()
}

fn endpoint(sender: Sender) -> Endpoint {
    match sender {
        Sender::Host => Endpoint::Host,
        Sender::Core(core) => Endpoint::Core(core),
    }
}

impl<'m> Placed<'m> {
    /// Routes the packets of `mapping` between cores that lie as `placement` says, around `dead` links.
    ///
    /// # Errors
    /// A phase that a core overruns; places outside the machine; links whose loss leaves no way.
    pub fn new(
        network: &'m QuantizedNetwork,
        mapping: &'m Mapping,
        placement: Placement,
        chip: &'m ChipSpec,
        plastic: Plastic,
        dead: &[Link],
    ) -> Result<Placed<'m>, ChipError> {
        let schedule = schedule(network, mapping, chip, plastic)?;
        let casts: Vec<Cast> = mapping
            .messages
            .iter()
            .map(|message| Cast { from: endpoint(message.from), to: message.to.clone() })
            .collect();
        let routes = route(&placement, &casts, chip, chip.noc.casting.value, dead)?;
        let (traffic, computing) = (Vec::new(), Vec::new());
        let mut placed = Placed { network, mapping, chip, plastic, placement, routes, traffic, computing, schedule };
        placed.plan();
        Ok(placed)
    }

    /// The same cores and ways for several pictures of an episode, stored while plastic weights move, else asked about.
    ///
    /// # Errors
    /// A phase that a core overruns.
    pub fn showing(&self, pictures: usize, plastic: Plastic) -> Result<Placed<'m>, ChipError> {
        let schedule = schedule_of(self.network, self.mapping, self.chip, (plastic, pictures))?;
        let (placement, routes) = (self.placement.clone(), self.routes.clone());
        let mut placed =
            Placed { plastic, schedule, placement, routes, traffic: Vec::new(), computing: Vec::new(), ..*self };
        placed.plan();
        Ok(placed)
    }

    /// Which messages travel in which phase, and how long cores compute.
    fn plan(&mut self) {
        let phases = self.schedule.phases as usize + 1;
        (self.traffic, self.computing) = (vec![Vec::new(); phases], vec![0; phases]);
        for step in 0..self.schedule.steps() {
            for (number, message) in self.mapping.messages.iter().enumerate() {
                // A phase's packets leave when it has computed; the host's before it does.
                let phase = match message.from {
                    Sender::Core(core) => self.schedule.phase(step, core, message.job) + 1,
                    Sender::Host => {
                        let needed = message.to.iter().map(|&core| self.schedule.phase(step, core, message.job));
                        needed.min().unwrap_or(0)
                    }
                };
                // What is sent after the last answer changes nothing.
                if let Some(of_phase) = self.traffic.get_mut(phase as usize) {
                    of_phase.push((step, number));
                }
            }
            for (core, of) in self.mapping.cores.iter().enumerate() {
                let busy = busy_cycles(of, self.chip, self.plastic);
                for job in 0..of.jobs.len() {
                    let phase = self.schedule.phase(step, core, job) as usize + 1;
                    if let Some(computing) = self.computing.get_mut(phase) {
                        *computing = busy.max(*computing);
                    }
                }
            }
        }
    }

    /// When each core computes what.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The network.
    pub fn network(&self) -> &'m QuantizedNetwork {
        self.network
    }

    /// What plastic weights do.
    pub fn plastic(&self) -> Plastic {
        self.plastic
    }

    /// The mapping whose cores have places.
    pub fn mapping(&self) -> &'m Mapping {
        self.mapping
    }

    /// Where each core lies.
    pub fn placement(&self) -> &Placement {
        &self.placement
    }

    /// The ways of the mapping's messages.
    pub fn routes(&self) -> &Routes {
        &self.routes
    }

    /// Packets that each message carries in a phase.
    fn counts(&self, phase: usize, packets: &[u32], counts: &mut [u64]) {
        counts.fill(0);
        for &(step, message) in &self.traffic[phase] {
            counts[message] += u64::from(packets[step * counts.len() + message]);
        }
    }
}

impl<'p, 'm> TimedMachine<'p, 'm> {
    /// `machine` runs the program of the placed mapping.
    ///
    /// # Errors
    /// A rectangle of routers that takes too much memory.
    pub fn new(placed: &'p Placed<'m>, machine: Machine<'p, 'm>, network: Network) -> Result<Self, ChipError> {
        Ok(TimedMachine { machine, follower: Follower::new(placed, network)? })
    }

    /// Runs a sample from rest, phase by phase.
    ///
    /// # Errors
    /// An input of another size; a phase of fixed length that packets overrun, with the router at which most wait.
    pub fn run(&mut self, input: &[i8]) -> Result<Timed, ChipError> {
        let answer = self.machine.run(input, |_| ())?;
        let placed = self.follower.placed;
        let cores = placed.activity(&self.machine);
        let exchanges = placed.exchanges(&self.machine);
        let tally = self.follower.follow(self.machine.packets(), cores, &exchanges)?;
        let Tally { phases, messages, cores, activity, link, .. } = tally;
        let microseconds = activity.cycles as f64 / placed.chip.phase.clock_mhz.value;
        Ok(Timed { answer, phases, messages, cores, activity, link, microseconds })
    }
}

impl<'p, 'm> Follower<'p, 'm> {
    /// # Errors
    /// A rectangle of routers that takes too much memory.
    pub(super) fn new(placed: &'p Placed<'m>, network: Network) -> Result<Self, ChipError> {
        let simulator = match network {
            Network::Buffers => Some(Simulator::new(&placed.routes, placed.chip)?),
            Network::Load => None,
        };
        let counts = vec![0; placed.mapping.messages.len()];
        Ok(Follower { placed, simulator, counts })
    }

    /// Follows `packets`, those of each message at each step, `[T,M]`, phase by phase, of cores that did so much, and waits for what goes
    /// over the link to the host at the end of each phase; an empty slice for nothing. A tally of one.
    ///
    /// # Errors
    /// A phase of fixed length that packets overrun, with the router at which most wait.
    pub(super) fn follow(
        &mut self,
        packets: &[u32],
        mut cores: Vec<Activity>,
        exchanges: &[Exchanged],
    ) -> Result<Tally, ChipError> {
        let placed = self.placed;
        let mut link = Exchanged::default();
        exchanges.iter().for_each(|exchange| link += *exchange);
        let host_bytes = placed.host_bytes(packets) + link.bytes();
        let mut activity = Activity { host_bytes, ..Activity::default() };
        // Whatever cores it is written into.
        activity.plastic_bytes_written = link.changed * placed.chip.plastic_bytes();
        cores.iter().for_each(|&core| activity += core);
        let mut messages = vec![0; self.counts.len()];
        let mut phases = Vec::with_capacity(placed.traffic.len());
        for phase in 0..placed.traffic.len() {
            let exchanged = exchanges.get(phase).copied().unwrap_or_default();
            placed.counts(phase, packets, &mut self.counts);
            messages.iter_mut().zip(&self.counts).for_each(|(sum, own)| *sum += own);
            let delivered = match &mut self.simulator {
                Some(simulator) => simulator.run(&self.counts)?,
                None => at_least(&placed.routes, placed.chip, &self.counts)?,
            };
            let figures = self.figures(phase, delivered, exchanged)?;
            activity.spikes += delivered.injected + delivered.relayed;
            activity.packet_hops += delivered.packet_hops;
            activity.chip_hops += delivered.chip_hops;
            phases.push(figures);
        }
        let cycles: u64 = phases.iter().skip(1).map(|phase| phase.cycles).sum();
        activity.cycles = cycles;
        activity.cores_on = placed.mapping.cores.len() as u64;
        cores.iter_mut().for_each(|core| (core.cycles, core.cores_on) = (cycles, 1));
        Ok(Tally { images: 1, phases, messages, cores, activity, link })
    }

    fn figures(&self, phase: usize, delivered: Delivered, exchanged: Exchanged) -> Result<PhaseFigures, ChipError> {
        let placed = self.placed;
        let (computing, sending) = (placed.computing[phase], delivered.cycles);
        let needed = computing.max(sending);
        let fixed = placed.chip.phase.cycles.as_ref().map(|cycles| cycles.value);
        if let Some(fixed) = fixed.filter(|&fixed| sending > fixed) {
            return Err(self.overrun(phase, sending, fixed));
        }
        let waiting = exchanged.cycles(placed.chip);
        Ok(PhaseFigures {
            computing,
            sending,
            waiting,
            cycles: fixed.unwrap_or(needed) + waiting,
            sent: delivered.injected,
            delivered: delivered.delivered,
            hops: delivered.packet_hops + delivered.chip_hops,
            stalls: delivered.stalls,
        })
    }

    fn overrun(&self, phase: usize, sending: u64, fixed: u64) -> ChipError {
        let busiest = self.simulator.as_ref().and_then(|simulator| {
            simulator.routers().max_by_key(|&(at, stalls, _)| (stalls, std::cmp::Reverse(at))).map(|(at, ..)| at)
        });
        let place = busiest
            .map_or("its links".into(), |Position { column, row }| format!("the router at column {column}, row {row}"));
        let what = format!("its packets take {sending} clocks, a phase has {fixed}; most wait at {place}");
        let hint = "leave phase.cycles out, or place cores by annealing".into();
        let obstacles = vec![Obstacle { place: format!("phase {phase}"), what, hint }];
        ChipError::DoesNotFit { chip: self.placed.chip.name.clone(), obstacles }
    }
}

/// What links carry, as if no packet ever waited.
fn at_least(routes: &Routes, chip: &ChipSpec, counts: &[u64]) -> Result<Delivered, ChipError> {
    let figures = load(routes, chip, counts)?.figures;
    Ok(Delivered {
        cycles: figures.cycles_at_least,
        injected: figures.injected,
        relayed: figures.relayed,
        delivered: figures.delivered,
        packet_hops: figures.packet_hops,
        chip_hops: figures.chip_hops,
        stalls: 0,
    })
}

/// What a core that remembers did in a sample; `active`: keys of inputs that are not zero, or values of scores that are not.
fn remembering(core: &Core, past: Past, active: u64, plastic_bytes: u64) -> Activity {
    let steps = past.steps as u64;
    let (inputs, products, bytes) = match past.of {
        // Two products make a key of each input.
        Remembered::Keys => (2 * core.input_axons() as u64, 1, plastic_bytes),
        Remembered::Values => (0, SCORE_PRODUCTS, 1),
    };
    Activity {
        synaptic_ops: active * products + steps * inputs,
        plastic_bytes_read: active * bytes,
        plastic_bytes_written: steps * core.step_bytes(past.of, plastic_bytes),
        ..Activity::default()
    }
}

impl Placed<'_> {
    /// What each core did in the last sample, without its packets' ways.
    ///
    /// # Equation
    /// A synapse works when its input is not zero; a plastic one is read and written at each step while its core moves it. Keys work as
    /// synapses do, values when their score is not zero, by words of it; each step writes a key and a value. Neurons step at each step of
    /// the network, each with one value looked up while plastic weights move on the chip. Of an indexed weight the index is read, and an entry looked up.
    fn activity(&self, machine: &Machine<'_, '_>) -> Vec<Activity> {
        let plastic_bytes = self.chip.plastic_bytes();
        let storage = self.chip.core.storage();
        let indexed = storage != WeightStorage::Dense8;
        let steps = self.network.steps as u64;
        let moving = self.plastic == Plastic::Moving;
        let of_core = |(core, &active): (&Core, &u64)| {
            if let Some(past) = core.past.filter(|_| moving) {
                return remembering(core, past, active, plastic_bytes);
            }
            let if_weights = |count: u64| if core.weights { count } else { 0 };
            let if_plastic = |count: u64| if core.plastic { count } else { 0 };
            let if_fires = |count: u64| if core.fires { count } else { 0 };
            let form = self.network.layers[core.layer].form();
            let looks_up = moving && form.is_some_and(|form| form != PlasticForm::HostLp);
            let moves = moving && core.learns;
            let moved = if moves { steps * (core.input_axons() * core.width()) as u64 } else { 0 };
            let updates = if_fires(steps * core.neurons() as u64);
            Activity {
                synaptic_ops: active * (u64::from(core.weights) + if_plastic(self.chip.plastic_products())) + moved,
                weight_bytes_read: if_weights((active * storage.bits()).div_ceil(8)),
                plastic_bytes_read: (if_plastic(active) + moved) * plastic_bytes,
                plastic_bytes_written: moved * plastic_bytes,
                soma_updates: updates,
                lut_reads: if looks_up { updates } else { 0 } + if_weights(if indexed { active } else { 0 }),
                ..Activity::default()
            }
        };
        self.mapping.cores.iter().zip(machine.active_synapses()).map(of_core).collect()
    }

    /// What goes over the link to a host that moves plastic weights, at the end of each phase: after a layer has fired the host reads
    /// what it has to know and writes what has changed; after the last step it only puts H_0 back.
    fn exchanges(&self, machine: &Machine<'_, '_>) -> Vec<Exchanged> {
        let mut found = vec![Exchanged::default(); self.traffic.len()];
        for (index, layer) in self.network.layers.iter().enumerate() {
            for (step, written) in machine.written(index).iter().enumerate() {
                let firing = self.mapping.of_layer(index).filter(|&core| self.mapping.cores[core].fires);
                let last_job = |core: usize| self.mapping.cores[core].jobs.len() - 1;
                let fired = firing.map(|core| self.schedule.phase(step, core, last_job(core)) as usize + 1).max();
                let is_last = step + 1 == self.network.steps;
                let bytes_read = if is_last { 0 } else { bytes_read(index, layer) };
                if let Some(exchanged) = fired.and_then(|phase| found.get_mut(phase)) {
                    let &Written { changed, bytes } = written;
                    *exchanged += Exchanged { exchanges: 1, changed, bytes_read, bytes_written: bytes };
                }
            }
        }
        found
    }

    /// Bytes that the host sent in packets of messages, step by step.
    fn host_bytes(&self, packets: &[u32]) -> u64 {
        let messages = self.mapping.messages.iter().cycle().zip(packets);
        let from_host = messages.filter(|(message, _)| message.from == Sender::Host);
        from_host.map(|(_, &packets)| u64::from(packets)).sum::<u64>() * self.chip.noc.packet_bytes.value
    }
}
