//! How a dense layer is cut into tiles that fit cores.

use std::ops::Range;

use crate::spec::CoreSpec;

/// How a dense layer's inputs are cut into blocks and its neurons into tiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tiling {
    /// Inputs of each block, and the neurons of the block's tiles.
    pub blocks: Vec<BlockTiling>,
    /// Who adds the blocks' sums and fires.
    pub firing: Firing,
}

/// A block of inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockTiling {
    /// Its inputs.
    pub inputs: Range<usize>,
    /// Neurons of each tile that holds weights, with or without plastic ones beside them.
    pub tiles: Vec<Range<usize>>,
    /// Neurons of each tile that holds plastic weights alone.
    pub plastic: Vec<Range<usize>>,
}

/// Where the sums of a neuron come together, and its potential lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Firing {
    /// In the tiles of the last block of inputs, which is the only one or has axons to spare for the others' sums.
    Tiles,
    /// In cores of their own: neurons of each.
    Reductions(Vec<Range<usize>>),
}

/// What a core must hold of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// I.
    pub inputs: usize,
    /// O.
    pub outputs: usize,
    /// Bytes of a synapse's plastic weight; 0 without one.
    pub plastic_bytes: u64,
    /// Whether plastic weights lie in cores of their own.
    pub apart: bool,
    /// Sums that a neuron takes beside those of blocks: 1 where values send theirs.
    pub other_sums: u64,
    /// Whether tiles may add the other blocks' sums.
    pub may_fuse: bool,
}

/// Blocks of inputs tried beyond the fewest possible.
const MORE_BLOCKS: usize = 8;

/// The tiling of fewest cores; `None` if not even a single neuron with a single input fits.
pub fn tiling(demand: &Demand, core: &CoreSpec) -> Option<Tiling> {
    tiling_where(demand, core, |_| true)
}

/// That of those in which one core fires all neurons.
pub fn tiling_together(demand: &Demand, core: &CoreSpec) -> Option<Tiling> {
    tiling_where(demand, core, |tiling| tiling.firing_cores() == 1)
}

fn tiling_where(demand: &Demand, core: &CoreSpec, is_allowed: impl Fn(&Tiling) -> bool) -> Option<Tiling> {
    let axons = usize::try_from(core.axons.value).unwrap_or(usize::MAX);
    let fewest = demand.inputs.div_ceil(axons);
    let tried = (fewest..=fewest + MORE_BLOCKS).filter(|&count| count <= demand.inputs);
    let cuts = tried.flat_map(|count| cuts(demand.inputs, count, axons));
    let tilings = cuts.flat_map(|cut| {
        let separate = with_reductions(demand, core, &cut);
        let fused = if demand.may_fuse || cut.len() == 1 { fused(demand, core, &cut) } else { None };
        [separate, fused]
    });
    // The first of those with fewest cores.
    tilings.flatten().filter(is_allowed).min_by_key(Tiling::cores)
}

/// Ways to cut `inputs` into `count` blocks of at most `most`: even ones, and full ones with a small last one.
fn cuts(inputs: usize, count: usize, most: usize) -> Vec<Vec<Range<usize>>> {
    let even = inputs.div_ceil(count);
    let mut found = Vec::new();
    for first in [even, most] {
        let blocks: Vec<Range<usize>> =
            (0..count).map(|b| (b * first).min(inputs)..((b + 1) * first).min(inputs)).collect();
        let covers = blocks.last().is_some_and(|last| last.end == inputs);
        let whole = blocks.iter().all(|block| !block.is_empty() && block.len() <= most);
        if covers && whole && !found.contains(&blocks) {
            found.push(blocks);
        }
    }
    found
}

/// Runs of at most `most` of 0..count, as even as they can be; `None` if `most` is 0.
pub(super) fn runs(count: usize, most: usize) -> Option<Vec<Range<usize>>> {
    let runs = count.div_ceil(most.min(count).max(1));
    (most > 0).then(|| (0..runs).map(|r| r * count / runs..(r + 1) * count / runs).collect())
}

/// Neurons of a tile whose synapses have a weight or none, and a plastic weight of so many bytes.
fn width(inputs: usize, (weights, plastic_bytes): (bool, u64), core: &CoreSpec) -> usize {
    let held = core.synapses(weights, plastic_bytes) / (inputs as u64).max(1);
    usize::try_from(held.min(core.neurons.value)).unwrap_or(usize::MAX)
}

impl Demand {
    fn block(&self, inputs: Range<usize>, core: &CoreSpec, most: usize) -> Option<BlockTiling> {
        let beside = if self.apart { 0 } else { self.plastic_bytes };
        let tiles = runs(self.outputs, width(inputs.len(), (true, beside), core).min(most))?;
        let plastic = match self.plastic_bytes {
            bytes if bytes > 0 && self.apart => runs(self.outputs, width(inputs.len(), (false, bytes), core))?,
            _ => Vec::new(),
        };
        Some(BlockTiling { inputs, tiles, plastic })
    }
}

fn with_reductions(demand: &Demand, core: &CoreSpec, cut: &[Range<usize>]) -> Option<Tiling> {
    let blocks: Option<Vec<BlockTiling>> = cut.iter().map(|i| demand.block(i.clone(), core, usize::MAX)).collect();
    let (axons, neurons) = (core.axons.value, core.neurons.value);
    // An axon for each block's sum of a neuron, and those beside.
    let sums = cut.len() as u64 + demand.other_sums;
    let most = usize::try_from((axons / sums).min(neurons)).unwrap_or(usize::MAX);
    Some(Tiling { blocks: blocks?, firing: Firing::Reductions(runs(demand.outputs, most)?) })
}

/// The last block's tiles take the other blocks' sums, and those of plastic weights that lie apart from theirs, on axons that
/// their inputs leave free.
fn fused(demand: &Demand, core: &CoreSpec, cut: &[Range<usize>]) -> Option<Tiling> {
    let (last, others) = cut.split_last()?;
    let free = core.axons.value.checked_sub(last.len() as u64)?;
    let sums = others.len() as u64 + u64::from(demand.plastic_bytes > 0 && demand.apart) + demand.other_sums;
    let most = free.checked_div(sums).map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
    let mut blocks: Vec<BlockTiling> =
        others.iter().map(|i| demand.block(i.clone(), core, usize::MAX)).collect::<Option<_>>()?;
    blocks.push(demand.block(last.clone(), core, most)?);
    Some(Tiling { blocks, firing: Firing::Tiles })
}

impl Tiling {
    /// Cores whose neurons fire.
    fn firing_cores(&self) -> usize {
        match &self.firing {
            Firing::Reductions(runs) => runs.len(),
            Firing::Tiles => self.blocks.last().map_or(0, |block| block.tiles.len()),
        }
    }

    /// Cores that it takes.
    pub fn cores(&self) -> usize {
        let tiles: usize = self.blocks.iter().map(|block| block.tiles.len() + block.plastic.len()).sum();
        tiles + if let Firing::Reductions(runs) = &self.firing { runs.len() } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::ChipSpec;

    fn cores(inputs: usize, outputs: usize, plastic_bytes: u64, apart: bool, may_fuse: bool) -> usize {
        let demand = Demand { inputs, outputs, plastic_bytes, apart, other_sums: 0, may_fuse };
        tiling(&demand, &ChipSpec::preset("tianjic").unwrap().core).unwrap().cores()
    }

    /// 784-512-10 on cores of 256 x 256. GP as the reference counts, 8 + 8 and 2 + 1: 19; with sums added in the tiles of the
    /// last sixteen inputs, whose other 240 axons take three sums of 80 neurons, 6 + 7 and 3: 16.
    /// HP, weights and plastic weights in one core: four even blocks of 196 inputs hold 111 neurons each, 20 + 8 and 2 + 1: 31
    /// (the reference's 34 has three blocks of 256 and 85 neurons, 21 + 2 + 8 and 3). Apart: 8 + 14 + 8 and 2 + 2 + 1: 35 (37:
    /// the plastic weights of the last sixteen inputs need two cores, not four).
    #[test]
    fn reference_sizes_are_reached_or_bettered() {
        let network =
            |plastic, apart, fuse| cores(784, 512, plastic, apart, fuse) + cores(512, 10, plastic, apart, fuse);
        assert_eq!((network(0, false, false), network(0, false, true)), (19, 16));
        assert_eq!((network(2, false, false), network(2, true, false)), (31, 35));
        assert!(network(2, false, true) <= 31 && network(2, true, true) <= 35);
    }

    #[test]
    fn every_synapse_lies_in_one_tile_and_no_limit_is_passed() {
        let core = ChipSpec::preset("tianjic-lp").unwrap().core;
        for (inputs, outputs) in [(1, 1), (256, 256), (257, 3), (784, 512), (1000, 999), (5, 2000), (3136, 256)] {
            for (plastic_bytes, apart, may_fuse) in [
                (0, false, false),
                (0, false, true),
                (2, false, false),
                (2, true, false),
                (2, false, true),
                (2, true, true),
            ] {
                let demand = Demand { inputs, outputs, plastic_bytes, apart, other_sums: 0, may_fuse };
                let found = tiling(&demand, &core).unwrap();
                let mut next = 0;
                for (index, block) in found.blocks.iter().enumerate() {
                    assert_eq!(block.inputs.start, next);
                    next = block.inputs.end;
                    let is_last = index + 1 == found.blocks.len();
                    let others = found.blocks.len() - 1 + usize::from(!block.plastic.is_empty());
                    let sums = if is_last && found.firing == Firing::Tiles { others } else { 0 };
                    let with = if apart { 1 } else { 1 + plastic_bytes };
                    for (runs, bytes) in [(&block.tiles, with), (&block.plastic, plastic_bytes)] {
                        assert!(runs.is_empty() || runs.iter().map(Range::len).sum::<usize>() == outputs);
                        for run in runs {
                            assert!(run.len() <= 256 && block.inputs.len() * run.len() * bytes as usize <= 65_536);
                        }
                    }
                    block.tiles.iter().for_each(|run| assert!(block.inputs.len() + sums * run.len() <= 256));
                    assert_eq!(block.plastic.is_empty(), !(apart && plastic_bytes > 0));
                }
                assert_eq!(next, inputs);
                if let Firing::Reductions(runs) = &found.firing {
                    assert_eq!(runs.iter().map(Range::len).sum::<usize>(), outputs);
                    runs.iter().for_each(|run| assert!(run.len() * found.blocks.len() <= 256));
                }
            }
        }
    }

    /// Twenty neurons of 1,024 inputs, 4 bytes a synapse: four blocks, and a core that adds; with 60 neurons 4 x 60 sums are 240 axons,
    /// with 70 no core takes them all.
    #[test]
    fn neurons_that_fire_together() {
        let core = ChipSpec::preset("tianjic-lp").unwrap().core;
        let of = |outputs| {
            let demand =
                Demand { inputs: 1024, outputs, plastic_bytes: 3, apart: false, other_sums: 0, may_fuse: true };
            tiling_together(&demand, &core).map(|found| (found.cores(), found.firing_cores()))
        };
        assert_eq!((of(20), of(60), of(70)), (Some((5, 1)), Some((5, 1)), None));
    }

    #[test]
    fn what_cannot_fit_is_said() {
        let mut core = ChipSpec::preset("tianjic").unwrap().core;
        core.weight_bytes.value = 100;
        // A neuron's block of inputs takes 256 bytes, of which eight more blocks than the fewest hold 784 / 12 = 66.
        let demand = Demand { inputs: 784, outputs: 2, plastic_bytes: 0, apart: false, other_sums: 0, may_fuse: true };
        assert!(tiling(&demand, &core).is_some());
        core.weight_bytes.value = 10;
        assert_eq!(tiling(&demand, &core), None);
    }
}
