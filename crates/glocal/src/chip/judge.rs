//! Samples judged by integers and by the cores of a chip.

use glocal_chip::integer::{Answer, LayerStep, Plastic, Reference};
use glocal_chip::map::Traffic;
use glocal_chip::simulate::{Faults, Machine, Network, Placed, Program, Tally, TimedMachine};
use glocal_chip::{ChipError, QuantizedNetwork};
use glocal_core::Input;
use rayon::prelude::*;
use serde::Serialize;

use super::OnChip;
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
    /// Scores of past steps.
    pub score_packets: f64,
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
    judged_by(network, (samples, part, usize::MAX), |images| {
        let classes = images.par_iter().map_init(
            || Reference::new(network, plastic),
            |reference, image| reference.run(image, |_| ()).map(|answer| answer.class as u32),
        );
        classes.collect()
    })
}

/// Each image of a batch as the chip's axons take it: `[I]`, or `[T,I]`.
pub(super) fn integers(
    network: &QuantizedNetwork,
    input: Input<'_, f32>,
    batch: usize,
) -> Result<Vec<Vec<i8>>, GlocalError> {
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

/// As [`judge`], by the cores of a chip that may be damaged; of the first `images` of the part.
///
/// # Errors
/// As [`judge`].
pub fn judge_on_chip(
    on_chip: &OnChip<'_>,
    samples: &RunSamples<'_>,
    part: Part,
    images: usize,
    faults: Faults,
) -> Result<ChipEvaluation, GlocalError> {
    let program = Program::with_faults(on_chip.network(), on_chip.mapping(), faults);
    let messages = &on_chip.mapping().messages;
    let mut packets = vec![0; messages.len()];
    let judged = judged_by(on_chip.network(), (samples, part, images), |images| {
        // Machines that count, each for a share of the images.
        let share = images.len().div_ceil(rayon::current_num_threads()).max(1);
        let run = |images: &[Vec<i8>]| {
            let mut machine = Machine::new(&program, on_chip.plastic());
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
        score_packets: of(Traffic::Scores),
    })
}

/// Follows the packets of the first `images` images of a part; with how they were judged.
///
/// # Errors
/// As [`judge`]; a phase of fixed length that packets overrun.
pub fn time_on_chip(
    placed: &Placed<'_>,
    network: Network,
    samples: &RunSamples<'_>,
    part: Part,
    images: usize,
) -> Result<(Tally, IntegerEvaluation), GlocalError> {
    let program = Program::new(placed.network(), placed.mapping());
    let mut tally = Tally::default();
    let judged = judged_by(placed.network(), (samples, part, images), |images| {
        let share = images.len().div_ceil(rayon::current_num_threads()).max(1);
        let run = |images: &[Vec<i8>]| {
            let machine = Machine::new(&program, placed.plastic());
            let mut machine = TimedMachine::new(placed, machine, network)?;
            let mut tally = Tally::default();
            let mut classes = Vec::with_capacity(images.len());
            for image in images {
                let timed = machine.run(image)?;
                classes.push(timed.answer.class as u32);
                tally.add(&timed);
            }
            Ok((classes, tally))
        };
        let shares = images.par_chunks(share).map(run).collect::<Result<Vec<_>, ChipError>>()?;
        shares.iter().for_each(|(_, own)| tally.join(own));
        Ok(shares.into_iter().flat_map(|(classes, _)| classes).collect())
    })?;
    Ok((tally, judged))
}

/// Runs one image of a part on the cores; `look` sees every layer at every step, plastic weights too. With the packets of each
/// message at each step, `[T,M]`.
///
/// # Errors
/// As [`judge`]; fewer images in the part.
pub fn probe_on_chip(
    on_chip: &OnChip<'_>,
    samples: &RunSamples<'_>,
    part: Part,
    image: usize,
    mut look: impl FnMut(LayerStep<'_>),
) -> Result<(Answer, Vec<u32>), GlocalError> {
    let numbers = samples.numbers(part);
    let number = numbers.get(image).ok_or_else(|| GlocalError::Usage {
        message: format!("there is no image {image}: there are {}", numbers.len()),
        hint: "count from 0".into(),
    })?;
    let mut feed = Feed::default();
    samples.evaluation_batch(&mut feed, part, std::slice::from_ref(number), &Damage::none())?;
    let images = integers(on_chip.network(), feed.input(), 1)?;
    let program = Program::new(on_chip.network(), on_chip.mapping());
    let mut machine = Machine::new(&program, on_chip.plastic()).showing_plastic();
    let answer = machine.run(&images[0], &mut look)?;
    Ok((answer, machine.packets().to_vec()))
}

/// Judges by classes that `classify` finds for images as the chip takes them.
fn judged_by(
    network: &QuantizedNetwork,
    (samples, part, most): (&RunSamples<'_>, Part, usize),
    mut classify: impl FnMut(&[Vec<i8>]) -> Result<Vec<u32>, ChipError>,
) -> Result<IntegerEvaluation, GlocalError> {
    let mut feed = Feed::default();
    let (mut judged, mut correct) = (0, 0);
    let numbers = samples.numbers(part);
    for numbers in numbers[..most.min(numbers.len())].chunks(BATCH) {
        samples.evaluation_batch(&mut feed, part, numbers, &Damage::none())?;
        let classes = classify(&integers(network, feed.input(), numbers.len())?)?;
        judged += numbers.len() as u64;
        correct += classes.iter().zip(feed.labels()).filter(|(found, label)| found == label).count() as u64;
    }
    Ok(IntegerEvaluation { samples: judged, correct, accuracy: correct as f64 / judged.max(1) as f64 })
}
