//! The few-shot network of `glocal bench`: the published embedding below a plastic read-out, five classes, one example.

use glocal_core::params::Group;
use glocal_core::{EpisodeShape, Examples, Input, Learner};
use glocal_data::Stream;

use super::{Least, median_ms};
use crate::config::RunConfig;
use crate::error::GlocalError;
use crate::experiments::few_shot;

/// Episodes of a step.
const BATCH: usize = 16;
/// 5-way 1-shot with a query of each class.
const SHAPE: EpisodeShape = EpisodeShape { ways: 5, supports: 5, queries: 5 };

/// What is measured, in words.
pub(super) fn name() -> String {
    format!("4 convolutions of 128 channels, 31 by 31, 5-way 1-shot, 5 queries, batch {BATCH}")
}

/// Episodes of training in a second: forward, backward and both optimisers.
///
/// # Errors
/// What training reports.
pub(super) fn per_second(seconds: f64) -> Result<f64, GlocalError> {
    let config = config()?;
    let mut learner = Learner::new(config.learner.clone(), 1)?;
    let mut draws = Stream::new(0).fork("bench").draws();
    let samples = BATCH * SHAPE.samples();
    let strokes = |_| if draws.uniform() < 0.1 { 1.0 } else { 0.0 };
    let x: Vec<f32> = (0..samples * config.learner.network.inputs).map(strokes).collect();
    let labels: Vec<u32> = (0..samples).map(|sample| (sample % SHAPE.ways) as u32).collect();
    let examples = Examples::in_episodes(Input::Constant(&x), &labels, SHAPE);
    let step = || learner.step_on(examples, &Group::ALL).map(|_| ());
    Ok(1e3 * BATCH as f64 / median_ms(Least::default(), seconds, step)?)
}

/// The experiment's own network, for five classes and with the published numbers of channels.
fn config() -> Result<RunConfig, GlocalError> {
    let channels = (0..4).map(|layer| format!("learner.network.layers[{layer}].channels=128"));
    let ways = ["episodes.ways=5".to_owned(), "learner.network.layers[4].size=5".to_owned()];
    RunConfig::parse(None, few_shot::HYBRID, &ways.into_iter().chain(channels).collect::<Vec<_>>())
}
