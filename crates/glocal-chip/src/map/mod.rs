//! From a network in integers to cores: which core holds which synapses, and who sends what to whom.

mod cores;
mod edges;
mod messages;
mod past;
mod runs;
mod tiling;
mod window;

use std::ops::Range;

pub use messages::Message;
pub use past::{Past, PastTiling, Remembered, past_tiling};
pub use runs::Runs;
pub use tiling::{BlockTiling, Demand, Firing, Tiling, tiling, tiling_together};
pub use window::{WindowDemand, WindowTiling, window_tiling};

use glocal_core::config::Pool;

use crate::error::{ChipError, Obstacle};
use crate::network::{PlasticForm, QuantizedLayer, QuantizedNetwork, QuantizedPlasticity, Wiring};
use crate::spec::{ChipSpec, WeightStorage};

/// How a network is cut into cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapOptions {
    /// Whether plastic weights lie in cores of their own.
    pub apart: bool,
    /// Whether tiles with axons to spare add the other blocks' sums, or cores of their own do.
    pub fuse: bool,
    /// Whether the bands of a convolution's map have cores of their own.
    pub folding: Folding,
}

/// Whether the bands of a convolution's map have cores of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Folding {
    /// Every neuron has its own place: the fewest phases.
    #[default]
    Unfolded,
    /// The same cores compute one band of rows after the other: the fewest cores.
    Bands,
}

impl Default for MapOptions {
    fn default() -> Self {
        MapOptions { apart: false, fuse: true, folding: Folding::Unfolded }
    }
}

/// A network on cores that have no place yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// Layer by layer.
    pub cores: Vec<Core>,
    /// What one core sends another at each step.
    pub edges: Vec<Edge>,
    /// The same by what is sent to the same cores.
    pub messages: Vec<Message>,
}

/// What a core does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Core {
    /// Layer that it belongs to.
    pub layer: usize,
    /// What it computes at a step, one after the other: one job, or one for each band of a folded map.
    pub jobs: Vec<Job>,
    /// Whether it holds weights.
    pub weights: bool,
    /// Whether it holds plastic weights.
    pub plastic: bool,
    /// Whether it moves them itself.
    pub learns: bool,
    /// What it remembers of past steps, where plastic weights move in rank form.
    pub past: Option<Past>,
    /// Whether potentials live in it.
    pub fires: bool,
    /// Sums of other cores that it takes for each neuron.
    pub sums: usize,
}

/// What a core computes in a phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Inputs of the layer, axon after axon; [`NO_INPUT`] beyond a map's edge. None in a core that only adds and fires.
    pub inputs: Vec<u32>,
    /// Neurons that these reach, or that it adds and fires.
    pub neurons: Vec<u32>,
}

/// An axon that nothing reaches.
pub const NO_INPUT: u32 = u32::MAX;

impl Mapping {
    /// Numbers of a layer's cores, which follow one another.
    pub fn of_layer(&self, layer: usize) -> Range<usize> {
        Mapping::layer_of(&self.cores, layer)
    }

    fn layer_of(cores: &[Core], layer: usize) -> Range<usize> {
        cores.partition_point(|core| core.layer < layer)..cores.partition_point(|core| core.layer <= layer)
    }
}

impl Core {
    /// Whether it has synapses, of either kind.
    pub fn holds(&self) -> bool {
        self.weights || self.plastic
    }

    /// Whether it remembers this.
    pub fn remembers(&self, what: Remembered) -> bool {
        self.past.is_some_and(|past| past.of == what)
    }

    /// Axons that its inputs take.
    pub fn input_axons(&self) -> usize {
        self.jobs.first().map_or(0, |job| job.inputs.len())
    }

    /// Neurons of its largest job.
    pub fn width(&self) -> usize {
        self.jobs.iter().map(|job| job.neurons.len()).max().unwrap_or(0)
    }

    /// Neurons of all jobs.
    pub fn neurons(&self) -> usize {
        self.jobs.iter().map(|job| job.neurons.len()).sum()
    }

    /// Axons that it uses: its inputs, one for each sum of a neuron, and one for each score that reaches its values.
    pub fn axons(&self) -> usize {
        let scores = self.past.map_or(0, |past| past.steps * past.blocks);
        self.input_axons() + self.sums * self.width() + scores
    }

    /// Bytes of its weights and plastic weights, which all its jobs share, and of what it remembers.
    pub fn weight_bytes(&self, storage: WeightStorage, plastic_bytes: u64) -> u64 {
        let synapses = (self.input_axons() * self.width()) as u64;
        let (bits, codebook) = if self.weights { (storage.bits(), storage.codebook_bytes()) } else { (0, 0) };
        let plastic = if self.plastic { synapses * plastic_bytes } else { 0 };
        let remembered = self.past.map_or(0, |past| past.steps as u64 * self.step_bytes(past.of, plastic_bytes));
        (synapses * bits).div_ceil(8) + codebook + plastic + remembered
    }

    /// Bytes that it remembers of a step: a key of each input, of as many bytes as a plastic weight, or a value of each neuron, of one.
    pub(crate) fn step_bytes(&self, of: Remembered, plastic_bytes: u64) -> u64 {
        match of {
            Remembered::Keys => self.input_axons() as u64 * plastic_bytes,
            Remembered::Values => self.neurons() as u64,
        }
    }
}

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// What encodes the input, at the chip's edge.
    Host,
    /// A core, by its number.
    Core(usize),
}

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// Inputs of the network, or spikes, pooled where the layer pools.
    Activity,
    /// Sums of a block of inputs.
    Sums,
    /// Postsynaptic factors, back to plastic weights or to values.
    Factors,
    /// Of each past step how much its keys resemble the input.
    Scores,
}

/// What a job of one core sends another core at each step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// From.
    pub from: Sender,
    /// Which of its jobs.
    pub from_job: usize,
    /// To, by its number.
    pub to: usize,
    /// The first of its jobs that needs it.
    pub to_job: usize,
    /// What.
    pub traffic: Traffic,
    /// Of which inputs of the receiver's layer, of which neurons of it, or of which past steps.
    pub numbers: Runs,
}

/// Cuts `network` into cores of `chip`.
///
/// # Errors
/// Every reason why it does not fit, at once.
pub fn map(network: &QuantizedNetwork, chip: &ChipSpec, options: &MapOptions) -> Result<Mapping, ChipError> {
    let (mut cores, mut obstacles) = (Vec::new(), Vec::new());
    for (index, layer) in network.layers.iter().enumerate() {
        let refused = refusals(index, layer, chip);
        if !refused.is_empty() {
            obstacles.extend(refused);
            continue;
        }
        match cores_of(index, layer, chip, options) {
            Ok(own) => cores.extend(own),
            Err(obstacle) => obstacles.push(obstacle),
        }
    }
    let most = chip.cores_per_chip() * chip.grid.chips.value;
    if obstacles.is_empty() && cores.len() as u64 > most {
        obstacles.push(Obstacle {
            place: "network".into(),
            what: format!("needs {} cores, {} chips have {most}", cores.len(), chip.grid.chips.value),
            hint: "use smaller layers, fold convolutions (`--fold`), or a machine of more chips".into(),
        });
    }
    if !obstacles.is_empty() {
        return Err(ChipError::DoesNotFit { chip: chip.name.clone(), obstacles });
    }
    let edges = edges::edges(network, &cores);
    let messages = messages::messages(&edges);
    Ok(Mapping { cores, edges, messages })
}

/// How many different weights there are, with 0, which is what a crossbar has where there is no synapse.
fn different(weights: &[i8]) -> usize {
    let mut seen = [false; 256];
    seen[128] = true;
    weights.iter().for_each(|&w| seen[(i16::from(w) + 128) as usize] = true);
    seen.iter().filter(|&&seen| seen).count()
}

/// Which plastic weights a layer's cores hold.
#[derive(Clone, Copy, Debug)]
struct Synapses {
    /// Whether there are any to hold.
    held: bool,
    /// Whether the cores move them.
    learn: bool,
}

impl Synapses {
    const NONE: Synapses = Synapses { held: false, learn: false };

    fn of(plasticity: Option<&QuantizedPlasticity>) -> Synapses {
        plasticity.map_or(Synapses::NONE, |plasticity| match plasticity.form {
            PlasticForm::OnChip => Synapses { held: true, learn: true },
            PlasticForm::HostLp => Synapses { held: true, learn: false },
            // H_0 rests, if there is any.
            PlasticForm::Rank => Synapses { held: plasticity.begins_with_any(), learn: false },
        })
    }
}

fn refusals(index: usize, layer: &QuantizedLayer, chip: &ChipSpec) -> Vec<Obstacle> {
    let mut found = Vec::new();
    let mut refuse = |is: bool, what: String, hint: &str| {
        if is {
            found.push(Obstacle { place: format!("layers.{index}"), what, hint: hint.into() });
        }
    };
    match layer.plasticity.as_ref().map(|plasticity| plasticity.form) {
        Some(PlasticForm::HostLp) => {
            let what = format!("has plastic weights that the host is to move, and {} has no link to one", chip.name);
            refuse(chip.host.is_none(), what, "describe the link in the chip's table `[host]`");
        }
        Some(PlasticForm::OnChip | PlasticForm::Rank) => {
            let what = format!("has plastic weights, and {} moves none", chip.name);
            let hint = "fold the plastic weights into the others (`--plastic folded`), let the host move them (`--plasticity \
                        host-lp`), or take tianjic-lp";
            refuse(chip.plasticity.is_none(), what, hint);
        }
        None => {}
    }
    if let WeightStorage::Indexed(bits) = chip.core.storage() {
        let (different, entries) = (different(&layer.weight), 1_usize << bits);
        let what = format!("has {different} different weights, the codebook of a core holds {entries}");
        refuse(different > entries, what, "quantise with a codebook of as many bits (`codebook_bits`)");
    }
    let many = layer.wiring.inputs().max(layer.wiring.neurons()) as u64 >= u64::from(NO_INPUT);
    refuse(many, "has more than 2^32 inputs or neurons".into(), "use a smaller layer");
    found
}

fn cores_of(
    index: usize,
    layer: &QuantizedLayer,
    chip: &ChipSpec,
    options: &MapOptions,
) -> Result<Vec<Core>, Obstacle> {
    let obstacle = |what: String, hint: &str| Obstacle { place: format!("layers.{index}"), what, hint: hint.into() };
    match layer.wiring {
        Wiring::Dense { inputs, outputs } => {
            let plasticity = layer.plasticity.as_ref();
            let plastic = Synapses::of(plasticity);
            let hint = "use fewer steps or inputs, a chip with larger cores, or another form (`--plasticity`)";
            let past = plasticity.filter(|plasticity| plasticity.form == PlasticForm::Rank).map(|plasticity| {
                let steps = plasticity.remembered_steps();
                past_tiling([inputs, outputs], steps, chip.plastic_bytes(), &chip.core)
                    .map_err(|what| obstacle(what, hint))
            });
            let past = past.transpose()?;
            let demand = Demand {
                inputs,
                outputs,
                plastic_bytes: if plastic.held { layer.plastic_bytes(chip.plastic_bytes()) } else { 0 },
                apart: options.apart,
                other_sums: u64::from(past.as_ref().is_some_and(|past| past.cores() > 0)),
                may_fuse: options.fuse,
            };
            let (bytes, axons) = (chip.core.weight_bytes.value, chip.core.axons.value);
            let (found, what) = if layer.fires_together() {
                let what = format!(
                    "no core of {axons} axons takes the sums of all {outputs} neurons, and a softmax needs them"
                );
                (tiling_together(&demand, &chip.core), what)
            } else {
                (tiling(&demand, &chip.core), format!("a core of {bytes} bytes holds no neuron of {inputs} inputs"))
            };
            let tiling = found.ok_or_else(|| obstacle(what, "use fewer inputs, or a chip with larger cores"))?;
            Ok(cores::dense_cores(index, plastic, &tiling, past.as_ref()))
        }
        Wiring::Convolution { window, input, output, .. } => {
            let demand = WindowDemand {
                window,
                input,
                output,
                pool: layer.pool.map_or(1, Pool::side),
                state_bytes: layer.state_bytes(),
                folded: options.folding == Folding::Bands,
                may_fuse: options.fuse,
            };
            let (kernel, limits) = (window.kernel, &chip.core);
            let what = || {
                let (axons, neurons, bytes) = (limits.axons.value, limits.neurons.value, limits.weight_bytes.value);
                format!(
                    "a core of {axons} axons, {neurons} neurons and {bytes} bytes holds no {kernel} x {kernel} window"
                )
            };
            let hint = "use smaller windows or pools, unfold it, or take a chip with larger cores";
            let tiling = window_tiling(&demand, &chip.core).ok_or_else(|| obstacle(what(), hint))?;
            Ok(cores::window_cores(index, layer, &tiling))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::QuantizedNetwork;
    use glocal_core::config::Readout;
    use glocal_core::neuron::{NeuronConfig, Reset};

    /// Two blocks of inputs for three neurons, in cores that hold what they must; who hears whom.
    #[test]
    fn edges_of_a_small_layer() {
        let all = || std::iter::once(0..3).collect::<Vec<_>>();
        let block = |inputs: Range<usize>| BlockTiling { inputs, tiles: vec![0..2, 2..3], plastic: all() };
        let tiling = Tiling { blocks: vec![block(0..4), block(4..6)], firing: Firing::Reductions(all()) };
        let cores = cores::dense_cores(0, Synapses { held: true, learn: true }, &tiling, None);
        assert_eq!(cores.len(), 7);
        let layer = QuantizedLayer {
            wiring: Wiring::Dense { inputs: 6, outputs: 3 },
            weight: vec![1; 18],
            weight_scale: 1.0,
            scale: Vec::new(),
            bias: Vec::new(),
            neuron: NeuronConfig::Lif {
                threshold: 1.0,
                decay: 0.5,
                reset: Reset::Subtract,
                surrogate: Default::default(),
            },
            pool: None,
            plasticity: None,
        };
        let readout = Readout::Rate;
        let network =
            QuantizedNetwork { inputs: 6, input_levels: 1, steps: 1, layers: vec![layer], readout, episode: None };
        let edges = edges::edges(&network, &cores);
        let count = |traffic| edges.iter().filter(|edge| edge.traffic == traffic).count();
        // Six cores take inputs; six send sums to the reduction; two plastic ones hear its factors.
        assert_eq!((count(Traffic::Activity), count(Traffic::Sums), count(Traffic::Factors)), (6, 6, 2));
        let sums = edges.iter().filter(|edge| edge.traffic == Traffic::Sums && edge.to == 6);
        assert_eq!(sums.map(|edge| edge.numbers.len()).sum::<usize>(), 2 * (3 + 3));
    }
}
