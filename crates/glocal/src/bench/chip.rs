//! Networks on a chip in `glocal bench`: images a second by the cores, and with every packet followed; seconds to map.

use std::time::Instant;

use glocal_chip::integer::Plastic;
use glocal_chip::map::{MapOptions, map};
use glocal_chip::place::{Method, place};
use glocal_chip::simulate::{Faults, Network, Placed, flows};
use glocal_chip::{ChipSpec, QuantiseOptions, QuantizedLayer, QuantizedNetwork, Wiring, quantise};
use glocal_core::config::Readout;
use glocal_core::{Input, Learner, LearningRule};
use serde::Serialize;

use super::{Data, lif, median};
use crate::chip::{OnChip, chip, judge_on_chip, time_on_chip};
use crate::config::RunConfig;
use crate::error::GlocalError;
use crate::experiments::fashion_demo;
use crate::samples::{Part, RunSamples, Samples};

/// Sizes of dense networks that take about so many cores.
const OF_156_CORES: [usize; 5] = [784, 1024, 2048, 1024, 10];
const OF_10000_CORES: [usize; 5] = [784, 8192, 16_384, 11_000, 10];

/// What a chip's simulation takes.
#[derive(Clone, Debug, Serialize)]
pub struct ChipSpeed {
    /// Images a second, plastic weights moving, every core's integers.
    pub chip_l1_images_per_s: f64,
    /// The same with every packet followed from router to router.
    pub chip_l2_images_per_s: f64,
    /// Seconds to map, place and route a dense network that takes about 156 cores.
    pub chip_map_156_cores_s: f64,
    /// The same of 10,000 cores.
    pub chip_map_10000_cores_s: f64,
}

/// Measures each for about `seconds`.
///
/// # Errors
/// What training, mapping or simulation reports.
pub fn chip_speed(seconds: f64) -> Result<ChipSpeed, GlocalError> {
    let network = network()?;
    let overrides = ["data.dataset=\"embedded-fashion-mnist\"".to_owned()];
    let config = fashion_demo::config(LearningRule::Hybrid, &overrides)?;
    let samples = Samples::of(&config, &glocal_data::Locations::default())?;
    let samples = RunSamples::new(&samples, &config, None)?;
    let on_chip = OnChip::new(&network, chip("tianjic-lp")?, &MapOptions::default(), Plastic::Moving)?;
    let placed = on_chip.placed(Method::annealing(on_chip.mapping().cores.len(), 1), &[], &[])?;
    let images = samples.numbers(Part::Test).len();
    let per_second = |work: &dyn Fn() -> Result<(), GlocalError>| -> Result<f64, GlocalError> {
        let (mut rates, start) = (Vec::new(), Instant::now());
        while rates.is_empty() || start.elapsed().as_secs_f64() < seconds {
            let one = Instant::now();
            work()?;
            rates.push(images as f64 / one.elapsed().as_secs_f64());
        }
        Ok(median(rates))
    };
    Ok(ChipSpeed {
        chip_l1_images_per_s: per_second(&|| {
            judge_on_chip(&on_chip, &samples, Part::Test, images, Faults::default()).map(|_| ())
        })?,
        chip_l2_images_per_s: per_second(&|| {
            time_on_chip(&placed, Network::Buffers, &samples, Part::Test, images).map(|_| ())
        })?,
        chip_map_156_cores_s: map_seconds(&OF_156_CORES)?.0,
        chip_map_10000_cores_s: map_seconds(&OF_10000_CORES)?.0,
    })
}

/// The published demo's hybrid network after a few batches, so that its neurons spike and its plastic weights have moved.
fn network() -> Result<QuantizedNetwork, GlocalError> {
    let config: RunConfig = fashion_demo::config(LearningRule::Hybrid, &[])?;
    let mut learner = Learner::new(config.learner, 1)?;
    let data = Data::new();
    for _ in 0..30 {
        learner.step(Input::Constant(&data.x), &data.labels)?;
    }
    Ok(quantise(&learner, &QuantiseOptions::default())?)
}

/// Seconds to map, place and route a dense network of these sizes, and the cores that it takes.
fn map_seconds(sizes: &[usize]) -> Result<(f64, usize), GlocalError> {
    let layer = |pair: &[usize]| QuantizedLayer {
        wiring: Wiring::Dense { inputs: pair[0], outputs: pair[1] },
        weight: Vec::new(),
        weight_scale: 1.0,
        scale: Vec::new(),
        bias: Vec::new(),
        neuron: lif(),
        pool: None,
        plasticity: None,
    };
    let layers = sizes.windows(2).map(layer).collect();
    let (inputs, readout) = (sizes[0], Readout::Rate);
    let network = QuantizedNetwork { inputs, input_levels: 127, steps: 10, layers, readout, episode: None };
    let mut chip = ChipSpec::preset("tianjic").expect("a preset");
    // As many chips as it takes.
    chip.grid.chips.value = 100;
    chip.grid.chips_per_row.value = 10;
    let start = Instant::now();
    let mapping = map(&network, &chip, &MapOptions::default())?;
    let found = mapping.cores.len();
    let placement = place(found, &flows(&mapping), &chip, &[], Method::annealing(found, 1))?;
    Placed::new(&network, &mapping, placement, &chip, Plastic::Resting, &[])?;
    Ok((start.elapsed().as_secs_f64(), found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_take_about_as_many_cores_as_they_are_named_for() {
        for (sizes, cores) in [(OF_156_CORES, 156_usize), (OF_10000_CORES, 10_000)] {
            let (_, found) = map_seconds(&sizes).unwrap();
            assert!(found.abs_diff(cores) * 10 < cores, "{found} cores, not about {cores}");
        }
    }
}
