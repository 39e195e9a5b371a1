//! From tilings to cores: which inputs and neurons each one has, in which order.

use std::ops::Range;

use super::past::{Past, PastTiling, Remembered};
use super::tiling::{Firing, Tiling};
use super::window::WindowTiling;
use super::{Core, Job, NO_INPUT, Synapses};
use crate::network::{QuantizedLayer, Wiring};

/// What a core does, before it has inputs and neurons.
#[derive(Clone, Copy)]
struct Role {
    layer: usize,
    weights: bool,
    plastic: Synapses,
    fires: bool,
    sums: usize,
}

impl Role {
    fn core(self, jobs: Vec<Job>) -> Core {
        let Role { layer, weights, plastic: Synapses { held, learn }, fires, sums } = self;
        Core { layer, jobs, weights, plastic: held, learns: learn, past: None, fires, sums }
    }
}

fn numbers(range: &Range<usize>) -> Vec<u32> {
    (range.start as u32..range.end as u32).collect()
}

/// Cores of a dense layer; those that remember first.
pub(super) fn dense_cores(layer: usize, plastic: Synapses, tiling: &Tiling, past: Option<&PastTiling>) -> Vec<Core> {
    let mut cores = past.map_or(Vec::new(), |past| past_cores(layer, past));
    cores.reserve(tiling.cores());
    let blocks = tiling.blocks.len();
    // Sums of values.
    let others = usize::from(!cores.is_empty());
    for (index, block) in tiling.blocks.iter().enumerate() {
        let fires = tiling.firing == Firing::Tiles && index + 1 == blocks;
        // Plastic weights that lie apart send their sums into the same axons as their block's weights.
        let sums = if fires { blocks - 1 + usize::from(!block.plastic.is_empty()) + others } else { 0 };
        let job = |neurons: &Range<usize>| vec![Job { inputs: numbers(&block.inputs), neurons: numbers(neurons) }];
        let apart = Role { layer, weights: false, plastic, fires: false, sums: 0 };
        cores.extend(block.plastic.iter().map(|neurons| apart.core(job(neurons))));
        let beside = if block.plastic.is_empty() { plastic } else { Synapses::NONE };
        let tile = Role { layer, weights: true, plastic: beside, fires, sums };
        cores.extend(block.tiles.iter().map(|neurons| tile.core(job(neurons))));
    }
    if let Firing::Reductions(runs) = &tiling.firing {
        let role = reduction(layer, blocks + others);
        let job = |neurons: &Range<usize>| vec![Job { inputs: Vec::new(), neurons: numbers(neurons) }];
        cores.extend(runs.iter().map(|neurons| role.core(job(neurons))));
    }
    cores
}

fn reduction(layer: usize, sums: usize) -> Role {
    Role { layer, weights: false, plastic: Synapses::NONE, fires: true, sums }
}

/// Cores with keys, then those with values, which wait for them.
fn past_cores(layer: usize, tiling: &PastTiling) -> Vec<Core> {
    let (steps, all) = (tiling.steps, tiling.keys.len());
    let core = |of, blocks, job| {
        let past = Some(Past { of, steps, blocks });
        let role = Role { layer, weights: false, plastic: Synapses::NONE, fires: false, sums: 0 };
        Core { past, ..role.core(vec![job]) }
    };
    let keys = |inputs| core(Remembered::Keys, 0, Job { inputs: numbers(inputs), neurons: Vec::new() });
    let values = |neurons| core(Remembered::Values, all, Job { inputs: Vec::new(), neurons: numbers(neurons) });
    tiling.keys.iter().map(keys).chain(tiling.values.iter().map(values)).collect()
}

/// Cores of a convolution.
pub(super) fn window_cores(layer: usize, of: &QuantizedLayer, tiling: &WindowTiling) -> Vec<Core> {
    let mut cores = Vec::with_capacity(tiling.cores());
    let height = tiling.bands[0].len();
    let groups: Vec<&[Range<usize>]> =
        if tiling.folded { vec![&tiling.bands[..]] } else { tiling.bands.chunks(1).collect() };
    let blocks = tiling.blocks.len();
    for bands in groups {
        for columns in &tiling.columns {
            let patch = |channels: &Range<usize>, band: &Range<usize>| {
                let whole = band.start..band.start + if tiling.folded { height } else { band.len() };
                patch(&of.wiring, channels, [&whole, columns], tiling.folded)
            };
            let jobs = |inputs: Option<&Range<usize>>, channels: &Range<usize>| {
                let job = |band: &Range<usize>| Job {
                    inputs: inputs.map_or(Vec::new(), |inputs| patch(inputs, band)),
                    neurons: places(&of.wiring, channels, [band, columns]),
                };
                bands.iter().map(job).collect()
            };
            for (index, (inputs, tiles)) in tiling.blocks.iter().enumerate() {
                let fires = tiling.firing == Firing::Tiles && index + 1 == blocks;
                let sums = if fires { blocks - 1 } else { 0 };
                let role = Role { layer, weights: true, plastic: Synapses::NONE, fires, sums };
                cores.extend(tiles.iter().map(|channels| role.core(jobs(Some(inputs), channels))));
            }
            if let Firing::Reductions(runs) = &tiling.firing {
                cores.extend(runs.iter().map(|channels| reduction(layer, blocks).core(jobs(None, channels))));
            }
        }
    }
    cores
}

/// Neurons of some channels at some rows and columns, place after place.
fn places(wiring: &Wiring, channels: &Range<usize>, [rows, columns]: [&Range<usize>; 2]) -> Vec<u32> {
    let &Wiring::Convolution { output: [depth, _, width], .. } = wiring else { return Vec::new() };
    let mut found = Vec::with_capacity(channels.len() * rows.len() * columns.len());
    for row in rows.clone() {
        for column in columns.clone() {
            let place = (row * width + column) * depth;
            found.extend(channels.clone().map(|channel| (place + channel) as u32));
        }
    }
    found
}

/// Inputs that neurons at some rows and columns see of some channels, place after place. Rows beyond the edge are left out, or keep
/// their axons where every band must find its inputs on the same ones.
fn patch(wiring: &Wiring, channels: &Range<usize>, [rows, columns]: [&Range<usize>; 2], keep: bool) -> Vec<u32> {
    let &Wiring::Convolution { window, input: [depth, height, width], planar, .. } = wiring else { return Vec::new() };
    let seen = |of: &Range<usize>| of.start * window.stride..(of.end - 1) * window.stride + window.kernel;
    let mut found = Vec::new();
    for y in seen(rows) {
        let y = y.checked_sub(window.padding).filter(|&y| y < height);
        if y.is_none() && !keep {
            continue;
        }
        for x in seen(columns) {
            let Some(x) = x.checked_sub(window.padding).filter(|&x| x < width) else { continue };
            found.extend(channels.clone().map(|channel| match y {
                None => NO_INPUT,
                Some(y) if planar => (channel * height * width + y * width + x) as u32,
                Some(y) => ((y * width + x) * depth + channel) as u32,
            }));
        }
    }
    found
}
