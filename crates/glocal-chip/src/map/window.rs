//! How a convolution is cut into tiles that fit cores.

use std::ops::Range;

use glocal_core::config::Convolution;

use super::tiling::{Firing, runs};
use crate::spec::CoreSpec;

/// How a convolution's map of neurons is cut, and the channels that it sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowTiling {
    /// Rows of each band of neurons, before pooling.
    pub bands: Vec<Range<usize>>,
    /// Columns of each tile.
    pub columns: Vec<Range<usize>>,
    /// Input channels of each block, and the neurons' channels of its tiles.
    pub blocks: Vec<(Range<usize>, Vec<Range<usize>>)>,
    /// Who adds the blocks' sums and fires: runs of the neurons' channels.
    pub firing: Firing,
    /// Whether the same cores compute all bands, one after the other.
    pub folded: bool,
}

/// What a convolution asks of cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowDemand {
    /// Side, stride and padding.
    pub window: Convolution,
    /// The map it sees, (C, H, W).
    pub input: [usize; 3],
    /// The map of its neurons, (O, H', W').
    pub output: [usize; 3],
    /// Side of the pooled windows, 1 without: a core that fires pools its own spikes, so that tiles hold whole windows.
    pub pool: usize,
    /// Bytes of a neuron's state.
    pub state_bytes: u64,
    /// Whether cores compute band after band.
    pub folded: bool,
    /// Whether tiles may add the other blocks' sums.
    pub may_fuse: bool,
}

/// The tiling of fewest cores, those with the fewest uses among them; `None` if not even one pooled window of one channel fits.
pub fn window_tiling(demand: &WindowDemand, core: &CoreSpec) -> Option<WindowTiling> {
    let [_, rows, columns] = demand.output;
    let limit = usize::try_from(core.neurons.value).unwrap_or(usize::MAX);
    let heights = sides(rows, demand.pool, limit);
    let widths = sides(columns, demand.pool, limit);
    let heights = if demand.folded { &heights[..1] } else { &heights[..] };
    let shapes = heights.iter().flat_map(|&height| widths.iter().map(move |&width| (height, width)));
    let tilings = shapes.filter(|&(height, width)| height.saturating_mul(width) <= limit).flat_map(|shape| {
        let of = |fused| with_shape(demand, core, shape, fused);
        [of(false), of(true)]
    });
    tilings.flatten().min_by_key(WindowTiling::cores)
}

/// Heights or widths of a tile that are worth a try: whole pooled windows, the smallest that make so many tiles.
fn sides(length: usize, pool: usize, most: usize) -> Vec<usize> {
    let windows = length.div_ceil(pool);
    let mut found: Vec<usize> =
        (1..=windows).map(|tiles| windows.div_ceil(tiles) * pool).map(|s| s.min(length)).collect();
    found.dedup();
    found.reverse();
    found.retain(|&side| side <= most.max(pool.min(length)));
    found
}

/// Inputs along one side that so many neurons see.
fn reach(demand: &WindowDemand, neurons: usize, length: usize) -> usize {
    let Convolution { kernel, stride, .. } = demand.window;
    ((neurons - 1) * stride + kernel).min(length)
}

/// Blocks of input channels so that a patch of each fits a core's axons, tiles of channels that fit the rest of it.
fn with_shape(
    demand: &WindowDemand,
    core: &CoreSpec,
    (height, width): (usize, usize),
    fused: bool,
) -> Option<WindowTiling> {
    let ([channels, rows, columns], [outputs, out_rows, out_columns]) = (demand.input, demand.output);
    let place = height * width;
    // Rows beyond the edge take axons where bands share a core.
    let patch_rows = if demand.folded {
        (height - 1) * demand.window.stride + demand.window.kernel
    } else {
        reach(demand, height, rows)
    };
    let patch = patch_rows * reach(demand, width, columns);
    let axons = usize::try_from(core.axons.value).unwrap_or(usize::MAX);
    if patch > axons {
        return None;
    }
    let blocks = channels.div_ceil(axons / patch.max(1)).max(1);
    if (fused && blocks > 1 && !demand.may_fuse) || (!fused && blocks == 1) {
        return None;
    }
    let bands = whole(out_rows, height);
    let uses = if demand.folded { bands.len() as u64 } else { 1 };
    // Neurons whose state a firing core holds.
    let held = |bytes: u64| core.state_bytes.value / (bytes * uses).max(1);
    let firing_neurons = core.neurons.value.min(held(demand.state_bytes));
    let tile = |inputs: usize, neurons: u64, sums: usize| {
        let by_memory = core.synapses(true, 0) / (inputs as u64 * patch as u64).max(1);
        let free = (axons - inputs * patch) as u64;
        let by_axons = free.checked_div(sums as u64).unwrap_or(u64::MAX);
        let most = by_memory.min(neurons).min(by_axons) / place as u64;
        runs(outputs, usize::try_from(most).unwrap_or(usize::MAX))
    };
    let cut = (0..blocks).map(|b| b * channels / blocks..(b + 1) * channels / blocks);
    let cut = cut.enumerate().map(|(index, inputs)| {
        let fires = fused && index + 1 == blocks;
        let (neurons, sums) = if fires { (firing_neurons, blocks - 1) } else { (core.neurons.value, 0) };
        tile(inputs.len(), neurons, sums).map(|tiles| (inputs, tiles))
    });
    let blocks_of_tiles = cut.collect::<Option<Vec<_>>>()?;
    let firing = if fused {
        Firing::Tiles
    } else {
        let most = (core.axons.value / blocks as u64).min(firing_neurons) / place as u64;
        Firing::Reductions(runs(outputs, usize::try_from(most).unwrap_or(usize::MAX))?)
    };
    let columns = whole(out_columns, width);
    Some(WindowTiling { bands, columns, blocks: blocks_of_tiles, firing, folded: demand.folded })
}

/// Runs of `side`, the last one shorter.
fn whole(length: usize, side: usize) -> Vec<Range<usize>> {
    (0..length.div_ceil(side)).map(|at| at * side..((at + 1) * side).min(length)).collect()
}

impl WindowTiling {
    /// Cores that it takes.
    pub fn cores(&self) -> usize {
        let places = self.columns.len() * if self.folded { 1 } else { self.bands.len() };
        let tiles: usize = self.blocks.iter().map(|(_, tiles)| tiles.len()).sum();
        places * (tiles + if let Firing::Reductions(runs) = &self.firing { runs.len() } else { 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::ChipSpec;

    /// Every tiling of some shapes covers the map once and keeps within a core's limits.
    #[test]
    fn tilings_cover_and_fit() {
        let core = ChipSpec::preset("tianjic").unwrap().core;
        for (input, channels, kernel, padding, pool) in [
            ([1, 28, 28], 12, 5, 2, 2),
            ([16, 14, 14], 32, 3, 1, 2),
            ([64, 7, 7], 64, 3, 0, 1),
            ([2, 34, 34], 8, 3, 1, 3),
        ] {
            let window = Convolution { kernel, stride: 1, padding };
            let side = |length: usize| length + 2 * padding + 1 - kernel;
            let output = [channels, side(input[1]), side(input[2])];
            for (folded, may_fuse) in [(false, false), (false, true), (true, false), (true, true)] {
                let demand = WindowDemand { window, input, output, pool, state_bytes: 3, folded, may_fuse };
                let found = window_tiling(&demand, &core).unwrap();
                let covered = |runs: &[Range<usize>]| {
                    assert!(runs.windows(2).all(|pair| pair[0].end == pair[1].start));
                    (runs[0].start, runs.last().unwrap().end)
                };
                assert_eq!((covered(&found.bands), covered(&found.columns)), ((0, output[1]), (0, output[2])));
                let place = found.bands[0].len() * found.columns[0].len();
                for runs in [&found.bands, &found.columns] {
                    assert!(runs.iter().all(|run| run.start % pool == 0));
                }
                let patch = (found.bands[0].len() - 1 + kernel) * reach(&demand, found.columns[0].len(), input[2]);
                let mut next = 0;
                for (index, (inputs, tiles)) in found.blocks.iter().enumerate() {
                    assert_eq!((inputs.start, covered(tiles)), (next, (0, channels)));
                    next = inputs.end;
                    let fires = found.firing == Firing::Tiles && index + 1 == found.blocks.len();
                    for tile in tiles {
                        let neurons = tile.len() * place;
                        let sums = if fires { found.blocks.len() - 1 } else { 0 };
                        let rows = found.bands[0].len() - 1 + kernel;
                        let seen = inputs.len() * if folded { patch } else { patch / rows * rows.min(input[1]) };
                        assert!(neurons <= 256 && seen + sums * neurons <= 256 && seen * neurons <= 65_536);
                        let uses = if folded { found.bands.len() } else { 1 };
                        assert!(!fires || (uses * neurons * 3) as u64 <= core.state_bytes.value);
                    }
                }
                assert_eq!(next, input[0]);
                if let Firing::Reductions(runs) = &found.firing {
                    assert_eq!(covered(runs), (0, channels));
                    assert!(runs.iter().all(|run| run.len() * place * found.blocks.len() <= 256));
                }
            }
        }
    }

    /// A window of 17 x 17 has 289 inputs.
    #[test]
    fn a_window_beyond_a_core_has_no_tiling() {
        let core = ChipSpec::preset("tianjic").unwrap().core;
        let window = Convolution { kernel: 17, stride: 1, padding: 0 };
        let (input, output) = ([1, 20, 20], [1, 4, 4]);
        let demand = WindowDemand { window, input, output, pool: 1, state_bytes: 3, folded: false, may_fuse: true };
        assert_eq!(window_tiling(&demand, &core), None);
    }
}
