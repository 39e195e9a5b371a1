//! How long phases take, and when each core computes what.

use crate::error::{ChipError, Obstacle};
use crate::integer::Plastic;
use crate::map::{Core, Job, Mapping, Remembered, Sender, Traffic};
use crate::network::{PlasticForm, QuantizedLayer, QuantizedNetwork};
use crate::spec::ChipSpec;

/// When each core computes what of a sample, every core as busy as a phase may ask of it.
///
/// # Equation
/// A job starts as soon as it can: one phase after everything that it needs of the same step was sent, after its core's job before,
/// and after the postsynaptic factors of the step before where plastic weights wait for those of neurons that fire elsewhere, or for
/// the host, which moves them when all neurons of the layer have fired.
///
/// # Units
/// Clocks; phases.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Clocks of a phase.
    pub phase_cycles: u64,
    /// Phases until the last layer has answered the first step.
    pub depth: u64,
    /// Phases from the last step but one to the last.
    pub interval: u64,
    /// Phases of a sample.
    pub phases: u64,
    /// The same in microseconds.
    pub microseconds: f64,
    /// The phase of each job at each step, `[T, jobs]`, core after core.
    phase: Vec<u32>,
    /// Of each core its first job's number.
    first: Vec<usize>,
}

impl Schedule {
    /// The phase in which a core computes a job at a step.
    ///
    /// At a step at which the read-out of episodes does not run its cores have the phase [`Schedule::NEVER`].
    pub fn phase(&self, step: usize, core: usize, job: usize) -> u64 {
        let jobs = self.first[self.first.len() - 1];
        u64::from(self.phase[step * jobs + self.first[core] + job])
    }

    /// A phase that does not come.
    pub const NEVER: u64 = u32::MAX as u64;

    /// Steps of all samples.
    pub fn steps(&self) -> usize {
        self.phase.len() / self.first[self.first.len() - 1].max(1)
    }
}

/// Clocks that a core is busy in a phase: its overhead, a multiplication for each synapse, plastic or not, and a move for each
/// plastic one while they learn; an addition for each sum that it takes; what remembering past steps takes. Of its largest job.
pub fn busy_cycles(core: &Core, chip: &ChipSpec, plastic: Plastic) -> u64 {
    let past = if plastic == Plastic::Moving { past_operations(core) } else { 0 };
    let of_job = |job: &Job| {
        let synapses = (job.inputs.len() * job.neurons.len()) as u64;
        let plastic_products = if core.plastic { chip.plastic_products() } else { 0 };
        let kinds = u64::from(core.weights) + plastic_products;
        let sums = (core.sums * job.neurons.len()) as u64;
        let multiplied = (synapses * kinds + sums + past).div_ceil(chip.core.macs_per_cycle.value);
        let moves = plastic == Plastic::Moving && core.learns;
        let moved = chip.plasticity.as_ref().filter(|_| moves);
        let moved = moved.map_or(0, |plasticity| synapses.div_ceil(plasticity.synapses_per_cycle.value));
        chip.phase.overhead_cycles.value + multiplied + moved
    };
    core.jobs.iter().map(of_job).max().unwrap_or(0)
}

/// Products that one weighed score of 64 bits takes with a value, 16 bits at a time.
pub(super) const SCORE_PRODUCTS: u64 = 4;

/// Operations of a core that remembers, all past steps there: two products make each input's key and one takes it to a score; scores of
/// the blocks are added and weighed by the share of their steps, and multiplied with the values of every neuron.
fn past_operations(core: &Core) -> u64 {
    let Some(past) = core.past else { return 0 };
    let (steps, inputs, neurons) = (past.steps as u64, core.input_axons() as u64, core.neurons() as u64);
    match past.of {
        Remembered::Keys => inputs * (steps + 2),
        Remembered::Values => steps * (past.blocks as u64 + SCORE_PRODUCTS + SCORE_PRODUCTS * neurons),
    }
}

/// The phases of a mapped network; of one in episodes those of a picture.
///
/// # Errors
/// A phase of fixed length that a core overruns, with the core.
pub fn schedule(
    network: &QuantizedNetwork,
    mapping: &Mapping,
    chip: &ChipSpec,
    plastic: Plastic,
) -> Result<Schedule, ChipError> {
    schedule_of(network, mapping, chip, (plastic, 1))
}

/// The same of several pictures of an episode, each begun as soon as the cores are free: stored while plastic weights move, else asked
/// about.
///
/// # Errors
/// As [`schedule`].
pub fn schedule_of(
    network: &QuantizedNetwork,
    mapping: &Mapping,
    chip: &ChipSpec,
    (plastic, pictures): (Plastic, usize),
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
    let mut timing = Timing::new(network, mapping, plastic, pictures);
    // The steps at which the last layer answers.
    let period = if network.episode.is_some() { network.steps } else { 1 };
    let ends = (0..network.steps * pictures).map(|step| (step, timing.step(step)));
    let ends: Vec<u64> = ends.filter(|(step, _)| (step + 1).is_multiple_of(period)).map(|(_, end)| end).collect();
    let phases = ends.last().map_or(0, |end| end + 1);
    let interval = if let [.., before, last] = ends[..] { last - before } else { 0 };
    let microseconds = (phases * phase_cycles) as f64 / chip.phase.clock_mhz.value;
    let depth = ends.first().map_or(0, |end| end + 1);
    let Timing { phase, first, .. } = timing;
    Ok(Schedule { phase_cycles, depth, interval, phases, microseconds, phase, first })
}

/// Phases found so far.
struct Timing<'m> {
    mapping: &'m Mapping,
    plastic: Plastic,
    layers: usize,
    /// Which layers the host moves plastic weights of.
    by_host: Vec<bool>,
    /// When each layer's last neurons fired, of the step before or of this one.
    fired: Vec<u32>,
    /// The read-out of episodes, if any, runs once in so many steps.
    readout: Option<(usize, usize)>,
    /// Of each core the edges into it, by the job that needs them first.
    into: Vec<Vec<usize>>,
    first: Vec<usize>,
    phase: Vec<u32>,
}

impl<'m> Timing<'m> {
    fn new(network: &QuantizedNetwork, mapping: &'m Mapping, plastic: Plastic, pictures: usize) -> Timing<'m> {
        let mut into = vec![Vec::new(); mapping.cores.len()];
        mapping.edges.iter().enumerate().for_each(|(number, edge)| into[edge.to].push(number));
        into.iter_mut().for_each(|edges: &mut Vec<usize>| edges.sort_by_key(|&edge| mapping.edges[edge].to_job));
        let mut first = vec![0];
        mapping.cores.iter().for_each(|core| first.push(first[first.len() - 1] + core.jobs.len()));
        let phase = vec![Schedule::NEVER as u32; network.steps * pictures * first[first.len() - 1]];
        let of_host = |layer: &QuantizedLayer| layer.form() == Some(PlasticForm::HostLp);
        let by_host = network.layers.iter().map(|layer| plastic == Plastic::Moving && of_host(layer)).collect();
        let layers = network.layers.len();
        let readout = network.episode.map(|_| (network.embedding(), network.steps));
        Timing { mapping, plastic, layers, by_host, fired: vec![0; layers], readout, into, first, phase }
    }

    /// Finds the phases of a step; the one in which the last layer fires.
    fn step(&mut self, step: usize) -> u64 {
        let mut end = 0;
        for layer in 0..self.layers {
            if !(step + 1).is_multiple_of(self.every(layer)) {
                continue;
            }
            end = 0;
            // Sums before those who take them.
            for fires in [false, true] {
                for core in self.mapping.of_layer(layer).filter(|&core| self.mapping.cores[core].fires == fires) {
                    end = end.max(self.core(step, core));
                }
            }
            // The last to fire are the last of all.
            self.fired[layer] = end;
        }
        u64::from(end)
    }

    /// Steps from one run of a layer to the next.
    fn every(&self, layer: usize) -> usize {
        self.readout.filter(|&(readout, _)| readout == layer).map_or(1, |(_, steps)| steps)
    }

    /// The phases of a core's jobs at a step; the last one.
    fn core(&mut self, step: usize, core: usize) -> u32 {
        let jobs = self.first[self.first.len() - 1];
        let mut edges = self.into[core].iter().map(|&edge| &self.mapping.edges[edge]).peekable();
        // When everything that a job needs has been sent.
        let step_before = step.checked_sub(self.every(self.mapping.cores[core].layer));
        let mut ready = match step_before {
            Some(before) => self.phase[before * jobs + self.first[core + 1] - 1] + 1,
            None => 0,
        };
        let Core { layer, plastic, .. } = self.mapping.cores[core];
        if plastic && step > 0 && self.by_host[layer] {
            ready = ready.max(self.fired[layer] + 1);
        }
        for job in 0..self.mapping.cores[core].jobs.len() {
            while let Some(edge) = edges.next_if(|edge| edge.to_job <= job) {
                let Sender::Core(from) = edge.from else { continue };
                let of_step = match edge.traffic {
                    Traffic::Factors if self.plastic == Plastic::Resting => None,
                    Traffic::Factors => step_before,
                    Traffic::Activity | Traffic::Sums | Traffic::Scores => Some(step),
                };
                if let Some(of_step) = of_step {
                    ready = ready.max(self.phase[of_step * jobs + self.first[from] + edge.from_job] + 1);
                }
            }
            self.phase[step * jobs + self.first[core] + job] = ready;
            ready += 1;
        }
        ready - 1
    }
}
