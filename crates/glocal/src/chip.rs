//! Trained networks in integers, judged on a run's samples.

use glocal_chip::integer::{Plastic, Reference};
use glocal_chip::{ChipError, QuantizedNetwork};
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

/// Judges `network` on the first `most` samples of a part, each by itself.
///
/// # Errors
/// Samples that cannot be read, or do not fit the network.
pub fn judge(
    network: &QuantizedNetwork,
    plastic: Plastic,
    samples: &RunSamples<'_>,
    (part, most): (Part, usize),
) -> Result<IntegerEvaluation, GlocalError> {
    let numbers = samples.numbers(part);
    let mut feed = Feed::default();
    let (mut judged, mut correct) = (0, 0);
    for numbers in numbers[..most.min(numbers.len())].chunks(BATCH) {
        samples.evaluation_batch(&mut feed, part, numbers, &Damage::none())?;
        let images = integers(network, feed.input(), numbers.len())?;
        let classes = images.par_iter().map_init(
            || Reference::new(network, plastic),
            |reference, image| reference.run(image, |_| ()).map(|answer| answer.class as u32),
        );
        let classes = classes.collect::<Result<Vec<u32>, ChipError>>()?;
        judged += numbers.len() as u64;
        correct += classes.iter().zip(feed.labels()).filter(|(found, label)| found == label).count() as u64;
    }
    Ok(IntegerEvaluation { samples: judged, correct, accuracy: correct as f64 / judged.max(1) as f64 })
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
