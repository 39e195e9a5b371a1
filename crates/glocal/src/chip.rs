//! Trained networks in integers and in the cores of a chip, judged on a run's samples.

use std::borrow::Cow;
use std::path::Path;

use glocal_chip::integer::{Plastic, Reference};
use glocal_chip::map::{Core, MapOptions, Mapping, Traffic, map};
use glocal_chip::simulate::{Machine, Program, Schedule, busy_cycles, schedule};
use glocal_chip::{ChipError, ChipSpec, QuantizedNetwork};
use glocal_core::Input;
use rayon::prelude::*;
use serde::Serialize;

use crate::error::GlocalError;
use crate::samples::{Damage, Feed, Part, RunSamples};

/// Images that are encoded at once.
const BATCH: usize = 256;

/// What a network in integers made of some images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct IntegerEvaluation {
    /// Images judged.
    pub samples: u64,
    /// Of these, classified rightly.
    pub correct: u64,
    /// `correct / samples`, 0..=1.
    pub accuracy: f64,
}

/// Judges `network` on the samples of a part, each by itself.
///
/// # Errors
/// Samples that cannot be read, or do not fit the network.
pub fn judge(
    network: &QuantizedNetwork,
    plastic: Plastic,
    samples: &RunSamples<'_>,
    part: Part,
) -> Result<IntegerEvaluation, GlocalError> {
    judged_by(network, samples, part, |images| {
        let classes = images.par_iter().map_init(
            || Reference::new(network, plastic),
            |reference, image| reference.run(image, |_| ()).map(|answer| answer.class as u32),
        );
        classes.collect()
    })
}

/// Each image of a batch as the chip's axons take it: `[I]`, or `[T,I]`.
fn integers(network: &QuantizedNetwork, input: Input<'_, f32>, batch: usize) -> Result<Vec<Vec<i8>>, GlocalError> {
    let levels = network.input_levels as f32;
    let level = |&value: &f32| (value * levels).round_ties_even().clamp(0.0, levels) as i8;
    let (values, steps) = match input {
        Input::Constant(values) => (values, 1),
        Input::Series(values) => (values, network.steps),
    };
    let found = values.len() / (batch * steps).max(1);
    if found != network.inputs {
        return Err(ChipError::Input { expected: network.inputs, steps: network.steps, found }.into());
    }
    let of_image = |image: usize| {
        let rows = (0..steps).map(|t| &values[(t * batch + image) * network.inputs..][..network.inputs]);
        rows.flatten().map(level).collect()
    };
    Ok((0..batch).map(of_image).collect())
}

/// The chip of this name, or the one that a TOML file describes.
///
/// # Errors
/// Neither; or a description that cannot be read.
pub fn chip(name: &str) -> Result<ChipSpec, GlocalError> {
    Ok(ChipSpec::parse(&description(name)?)?)
}

/// Its description as TOML.
///
/// # Errors
/// No such chip, and no such file.
pub fn description(name: &str) -> Result<Cow<'static, str>, GlocalError> {
    if let Some(text) = ChipSpec::preset_text(name) {
        return Ok(text.into());
    }
    let path = Path::new(name);
    let known: Vec<&str> = ChipSpec::presets().collect();
    if !path.is_file() {
        return Err(GlocalError::Usage {
            message: format!("`{name}` is no chip and no file"),
            hint: format!(
                "known are {}; `glocal chip show tianjic > my-chip.toml` begins one of your own",
                known.join(", ")
            ),
        });
    }
    let hint = "give a description as `glocal chip show tianjic` prints it".to_owned();
    let read = std::fs::read_to_string(path);
    Ok(read.map_err(|source| GlocalError::Read { path: path.to_owned(), source, hint })?.into())
}

/// A network in the cores of a chip.
#[derive(Debug)]
pub struct OnChip<'n> {
    network: &'n QuantizedNetwork,
    chip: ChipSpec,
    plastic: Plastic,
    mapping: Mapping,
    schedule: Schedule,
}

/// What a network takes of a chip.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fit {
    /// The chip.
    pub chip: String,
    /// Cores used, cores of a chip, and chips.
    pub cores: usize,
    /// Cores of a chip.
    pub cores_per_chip: u64,
    /// Chips needed.
    pub chips: u64,
    /// Layer by layer.
    pub layers: Vec<LayerFit>,
    /// Steps of an image.
    pub steps: usize,
    /// Clocks of a phase.
    pub phase_cycles: u64,
    /// Phases until the first step is answered.
    pub depth: u64,
    /// Phases of an image.
    pub phases: u64,
    /// The same in microseconds.
    pub microseconds: f64,
    /// Numbers of the description that nobody measured, with their sources.
    pub assumptions: Vec<(String, String)>,
}

/// What a layer takes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerFit {
    /// Layer.
    pub layer: usize,
    /// Cores.
    pub cores: usize,
    /// Of these, where neurons fire.
    pub firing: usize,
    /// Of these, with plastic weights.
    pub plastic: usize,
    /// Mean share of a core's axons that is used.
    pub axons_percent: f64,
    /// Mean share of a core's memory for weights that is used.
    pub memory_percent: f64,
    /// Clocks that the busiest core needs in a phase.
    pub busiest_cycles: u64,
}

/// What the cores made of some images; packets are means over images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ChipEvaluation {
    /// Images judged.
    #[serde(flatten)]
    pub judged: IntegerEvaluation,
    /// Inputs that are not zero, and spikes.
    pub activity_packets: f64,
    /// Sums of blocks of inputs.
    pub sum_packets: f64,
    /// Postsynaptic factors.
    pub factor_packets: f64,
}

impl<'n> OnChip<'n> {
    /// Maps `network` onto `chip`.
    ///
    /// # Errors
    /// Everything that does not fit.
    pub fn new(
        network: &'n QuantizedNetwork,
        chip: ChipSpec,
        options: &MapOptions,
        plastic: Plastic,
    ) -> Result<OnChip<'n>, GlocalError> {
        let mapping = map(network, &chip, options)?;
        let schedule = schedule(network, &mapping, &chip, plastic)?;
        Ok(OnChip { network, chip, plastic, mapping, schedule })
    }

    /// What it takes.
    pub fn fit(&self) -> Fit {
        let (cores, per_chip) = (self.mapping.cores.len(), self.chip.cores_per_chip());
        Fit {
            chip: self.chip.name.clone(),
            cores,
            cores_per_chip: per_chip,
            chips: (cores as u64).div_ceil(per_chip),
            layers: (0..self.network.layers.len()).map(|layer| self.layer(layer)).collect(),
            steps: self.network.steps,
            phase_cycles: self.schedule.phase_cycles,
            depth: self.schedule.depth,
            phases: self.schedule.phases,
            microseconds: self.schedule.microseconds,
            assumptions: self.chip.assumptions(),
        }
    }

    fn layer(&self, layer: usize) -> LayerFit {
        let core = &self.chip.core;
        let own = &self.mapping.cores[self.mapping.of_layer(layer)];
        let plastic_bytes = self.chip.plasticity.as_ref().map_or(0, |plasticity| plasticity.bytes.value);
        let mean = |share: &dyn Fn(&Core) -> f64| 100.0 * own.iter().map(share).sum::<f64>() / own.len().max(1) as f64;
        LayerFit {
            layer,
            cores: own.len(),
            firing: own.iter().filter(|core| core.fires).count(),
            plastic: own.iter().filter(|core| core.plastic).count(),
            axons_percent: mean(&|used| used.axons() as f64 / core.axons.value as f64),
            memory_percent: mean(&|used| used.weight_bytes(plastic_bytes) as f64 / core.weight_bytes.value as f64),
            busiest_cycles: own.iter().map(|core| busy_cycles(core, &self.chip, self.plastic)).max().unwrap_or(0),
        }
    }
}

/// As [`judge`], by the cores of a chip.
///
/// # Errors
/// As [`judge`].
pub fn judge_on_chip(
    on_chip: &OnChip<'_>,
    samples: &RunSamples<'_>,
    part: Part,
) -> Result<ChipEvaluation, GlocalError> {
    let program = Program::new(on_chip.network, &on_chip.mapping);
    let messages = &on_chip.mapping.messages;
    let mut packets = vec![0; messages.len()];
    let judged = judged_by(on_chip.network, samples, part, |images| {
        // Machines that count, each for a share of the images.
        let share = images.len().div_ceil(rayon::current_num_threads()).max(1);
        let run = |images: &[Vec<i8>]| {
            let mut machine = Machine::new(&program, on_chip.plastic);
            let mut packets = vec![0_u64; messages.len()];
            let mut classes = Vec::with_capacity(images.len());
            for image in images {
                classes.push(machine.run(image, |_| ())?.class as u32);
                for of_step in machine.packets().chunks_exact(messages.len().max(1)) {
                    packets.iter_mut().zip(of_step).for_each(|(sum, &own)| *sum += u64::from(own));
                }
            }
            Ok((classes, packets))
        };
        let shares = images.par_chunks(share).map(run).collect::<Result<Vec<_>, ChipError>>()?;
        let mut classes = Vec::with_capacity(images.len());
        for (found, counted) in shares {
            classes.extend(found);
            packets.iter_mut().zip(counted).for_each(|(sum, own)| *sum += own);
        }
        Ok(classes)
    })?;
    let of = |traffic: Traffic| {
        let own = messages.iter().zip(&packets).filter(|(message, _)| message.traffic == traffic);
        own.map(|(_, &count)| count).sum::<u64>() as f64 / judged.samples.max(1) as f64
    };
    Ok(ChipEvaluation {
        judged,
        activity_packets: of(Traffic::Activity),
        sum_packets: of(Traffic::Sums),
        factor_packets: of(Traffic::Factors),
    })
}

/// Judges by classes that `classify` finds for images as the chip takes them.
fn judged_by(
    network: &QuantizedNetwork,
    samples: &RunSamples<'_>,
    part: Part,
    mut classify: impl FnMut(&[Vec<i8>]) -> Result<Vec<u32>, ChipError>,
) -> Result<IntegerEvaluation, GlocalError> {
    let mut feed = Feed::default();
    let (mut judged, mut correct) = (0, 0);
    for numbers in samples.numbers(part).chunks(BATCH) {
        samples.evaluation_batch(&mut feed, part, numbers, &Damage::none())?;
        let classes = classify(&integers(network, feed.input(), numbers.len())?)?;
        judged += numbers.len() as u64;
        correct += classes.iter().zip(feed.labels()).filter(|(found, label)| found == label).count() as u64;
    }
    Ok(IntegerEvaluation { samples: judged, correct, accuracy: correct as f64 / judged.max(1) as f64 })
}
