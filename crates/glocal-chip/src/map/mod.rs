//! From a network in integers to cores: which core holds which synapses, and who sends what to whom.

mod tiling;

use std::ops::Range;

pub use tiling::{BlockTiling, Demand, Firing, Tiling, tiling};

use crate::error::{ChipError, Obstacle};
use crate::network::{QuantizedLayer, QuantizedNetwork, Wiring};
use crate::spec::ChipSpec;

/// How a network is cut into cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapOptions {
    /// Whether plastic weights lie in cores of their own.
    pub apart: bool,
    /// Whether tiles with axons to spare add the other blocks' sums, or cores of their own do.
    pub fuse: bool,
}

impl Default for MapOptions {
    fn default() -> Self {
        MapOptions { apart: false, fuse: true }
    }
}

/// A network on cores that have no place yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// Layer by layer.
    pub cores: Vec<Core>,
    /// What one core sends another at each step.
    pub edges: Vec<Edge>,
}

/// What a core does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Core {
    /// Layer that it belongs to.
    pub layer: usize,
    /// Inputs of the layer whose synapses it holds; empty in a core that only adds and fires.
    pub inputs: Range<usize>,
    /// Neurons that these reach, or that it adds and fires.
    pub neurons: Range<usize>,
    /// Whether it holds weights.
    pub weights: bool,
    /// Whether it holds plastic weights.
    pub plastic: bool,
    /// Whether potentials live in it.
    pub fires: bool,
    /// Sums of other cores that it takes for each neuron.
    pub sums: usize,
}

impl Mapping {
    /// Numbers of a layer's cores, which follow one another.
    pub fn of_layer(&self, layer: usize) -> Range<usize> {
        of_layer(&self.cores, layer)
    }
}

fn of_layer(cores: &[Core], layer: usize) -> Range<usize> {
    cores.partition_point(|core| core.layer < layer)..cores.partition_point(|core| core.layer <= layer)
}

impl Core {
    /// Axons that it uses: its inputs, and one for each sum of a neuron.
    pub fn axons(&self) -> usize {
        self.inputs.len() + self.sums * self.neurons.len()
    }

    /// Bytes of its weights and plastic weights.
    pub fn weight_bytes(&self, plastic_bytes: u64) -> u64 {
        let each = u64::from(self.weights) + if self.plastic { plastic_bytes } else { 0 };
        (self.inputs.len() * self.neurons.len()) as u64 * each
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
    /// Inputs of the network, or spikes.
    Activity,
    /// Sums of a block of inputs.
    Sums,
    /// Postsynaptic factors, back to plastic weights.
    Factors,
}

/// What one core sends another at each step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// From.
    pub from: Sender,
    /// To, by its number.
    pub to: usize,
    /// What.
    pub traffic: Traffic,
    /// Of which inputs of the receiver's layer, or of which neurons of it.
    pub range: Range<usize>,
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
        let demand = demand(layer, chip, options);
        match tiling(&demand, &chip.core) {
            Some(tiling) => cores.extend(cores_of(index, layer.plasticity.is_some(), &tiling)),
            None => obstacles.push(Obstacle {
                place: format!("layers.{index}"),
                what: format!(
                    "a core of {} bytes holds no neuron of {} inputs",
                    chip.core.weight_bytes.value, demand.inputs
                ),
                hint: "use fewer inputs, or a chip with larger cores".into(),
            }),
        }
    }
    let most = chip.cores_per_chip() * chip.grid.chips.value;
    if obstacles.is_empty() && cores.len() as u64 > most {
        obstacles.push(Obstacle {
            place: "network".into(),
            what: format!("needs {} cores, {} chips have {most}", cores.len(), chip.grid.chips.value),
            hint: "use smaller layers, or a machine of more chips".into(),
        });
    }
    if !obstacles.is_empty() {
        return Err(ChipError::DoesNotFit { chip: chip.name.clone(), obstacles });
    }
    let edges = edges(&cores);
    Ok(Mapping { cores, edges })
}

fn refusals(index: usize, layer: &QuantizedLayer, chip: &ChipSpec) -> Vec<Obstacle> {
    let mut found = Vec::new();
    let mut refuse = |what: String, hint: &str| {
        found.push(Obstacle { place: format!("layers.{index}"), what, hint: hint.into() });
    };
    if let Wiring::Convolution { .. } = layer.wiring {
        refuse(
            "is a convolution: only dense layers are mapped so far".into(),
            "judge it in integers: `glocal chip quantise`",
        );
    }
    if layer.plasticity.is_some() && chip.plasticity.is_none() {
        let hint = "fold the plastic weights into the others (`--plastic folded`), or take tianjic-lp";
        refuse(format!("has plastic weights, and {} moves none", chip.name), hint);
    }
    found
}

fn demand(layer: &QuantizedLayer, chip: &ChipSpec, options: &MapOptions) -> Demand {
    let plastic = chip.plasticity.as_ref().filter(|_| layer.plasticity.is_some());
    Demand {
        inputs: layer.wiring.inputs(),
        outputs: layer.wiring.neurons(),
        weight_bytes: 1,
        plastic_bytes: plastic.map_or(0, |plastic| plastic.bytes.value),
        apart: options.apart,
        may_fuse: options.fuse,
    }
}

fn cores_of(layer: usize, plastic: bool, tiling: &Tiling) -> Vec<Core> {
    let mut cores = Vec::with_capacity(tiling.cores());
    let blocks = tiling.blocks.len();
    for (index, block) in tiling.blocks.iter().enumerate() {
        let fires = tiling.firing == Firing::Tiles && index + 1 == blocks;
        // Plastic weights that lie apart send their sums into the same axons as their block's weights.
        let sums = if fires { blocks - 1 + usize::from(!block.plastic.is_empty()) } else { 0 };
        let core = |neurons: &Range<usize>, weights, plastic, fires, sums| Core {
            layer,
            inputs: block.inputs.clone(),
            neurons: neurons.clone(),
            weights,
            plastic,
            fires,
            sums,
        };
        let beside = plastic && block.plastic.is_empty();
        cores.extend(block.plastic.iter().map(|neurons| core(neurons, false, true, false, 0)));
        cores.extend(block.tiles.iter().map(|neurons| core(neurons, true, beside, fires, sums)));
    }
    if let Firing::Reductions(runs) = &tiling.firing {
        let reduction = |neurons: &Range<usize>| Core {
            layer,
            inputs: 0..0,
            neurons: neurons.clone(),
            weights: false,
            plastic: false,
            fires: true,
            sums: blocks,
        };
        cores.extend(runs.iter().map(reduction));
    }
    cores
}

/// What two ranges have in common.
pub(crate) fn overlap(a: &Range<usize>, b: &Range<usize>) -> Range<usize> {
    let (start, end) = (a.start.max(b.start), a.end.min(b.end));
    start..end.max(start)
}

/// Who must hear from whom.
fn edges(cores: &[Core]) -> Vec<Edge> {
    let mut edges = Vec::new();
    let of_layer = |layer: usize| of_layer(cores, layer).map(|number| (number, &cores[number]));
    for (to, core) in cores.iter().enumerate() {
        let holds = core.weights || core.plastic;
        if holds && core.layer == 0 {
            edges.push(Edge { from: Sender::Host, to, traffic: Traffic::Activity, range: core.inputs.clone() });
        }
        let mut hear = |from: usize, traffic, range: Range<usize>| {
            if !range.is_empty() && from != to {
                edges.push(Edge { from: Sender::Core(from), to, traffic, range });
            }
        };
        if holds && core.layer > 0 {
            let below = of_layer(core.layer - 1).filter(|(_, below)| below.fires);
            below.for_each(|(from, below)| hear(from, Traffic::Activity, overlap(&below.neurons, &core.inputs)));
        }
        let own = || of_layer(core.layer);
        if core.fires {
            let adding = own().filter(|(_, other)| !other.fires || other.inputs != core.inputs);
            let adding = adding.filter(|(_, other)| other.weights || other.plastic);
            adding.for_each(|(from, other)| hear(from, Traffic::Sums, overlap(&other.neurons, &core.neurons)));
        }
        if core.plastic {
            let firing = own().filter(|(_, other)| other.fires);
            firing.for_each(|(from, other)| hear(from, Traffic::Factors, overlap(&other.neurons, &core.neurons)));
        }
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two inputs blocks for three neurons, in cores that hold what they must; who hears whom.
    #[test]
    fn edges_of_a_small_layer() {
        let all = || std::iter::once(0..3).collect::<Vec<_>>();
        let block = |inputs: Range<usize>| BlockTiling { inputs, tiles: vec![0..2, 2..3], plastic: all() };
        let tiling = Tiling { blocks: vec![block(0..4), block(4..6)], firing: Firing::Reductions(all()) };
        let cores = cores_of(0, true, &tiling);
        assert_eq!(cores.len(), 7);
        let edges = edges(&cores);
        let count = |traffic| edges.iter().filter(|edge| edge.traffic == traffic).count();
        // Six cores take inputs; six send sums to the reduction; two plastic ones hear its factors.
        assert_eq!((count(Traffic::Activity), count(Traffic::Sums), count(Traffic::Factors)), (6, 6, 2));
        let sums = edges.iter().filter(|edge| edge.traffic == Traffic::Sums && edge.to == 6);
        assert_eq!(sums.map(|edge| edge.range.len()).sum::<usize>(), 2 * (3 + 3));
    }
}
