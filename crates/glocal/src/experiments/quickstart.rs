//! The first thing to run: the demo's three arms, smaller, on the embedded images.

use glocal_core::LearningRule;
use glocal_data::embedded::FASHION_MNIST_SUBSET;

use super::{PlannedRun, fashion_demo};
use crate::error::GlocalError;

/// What differs from the demo, so that all three arms take less than a minute on two cores.
const OVERRIDES: [&str; 3] = ["data.validation=500", "learner.network.layers.0.size=256", "training.batch_size=50"];

/// Epochs that fit the minute.
pub const EPOCHS: u64 = 12;

/// One run per arm.
///
/// # Errors
/// An epoch count that makes no sense.
pub fn plan(epochs: u64) -> Result<Vec<PlannedRun>, GlocalError> {
    let mut overrides: Vec<String> = OVERRIDES.map(str::to_owned).into();
    overrides.push(format!("data.dataset={FASHION_MNIST_SUBSET}"));
    overrides.push(format!("training.epochs={epochs}"));
    let rules = [LearningRule::Local, LearningRule::Global, LearningRule::Hybrid];
    rules.into_iter().map(|rule| fashion_demo::config(rule, &overrides).map(PlannedRun::new)).collect()
}
