//! The first thing to run: the demo's three arms with the demo's settings, on the embedded tenth of its images.

use glocal_core::LearningRule;
use glocal_data::embedded::FASHION_MNIST_SUBSET;

use super::{PlannedRun, fashion_demo};
use crate::error::GlocalError;

/// Images set aside, so that the page shows validation curves.
const VALIDATION: usize = 500;

/// Epochs of each arm, so that all three take less than a minute on two cores.
pub const EPOCHS: u64 = 12;

/// One run per arm.
///
/// # Errors
/// An epoch count that makes no sense.
pub fn plan(epochs: u64) -> Result<Vec<PlannedRun>, GlocalError> {
    let overrides = [
        format!("data.dataset={FASHION_MNIST_SUBSET}"),
        format!("data.validation={VALIDATION}"),
        format!("training.epochs={epochs}"),
    ];
    let rules = [LearningRule::Local, LearningRule::Global, LearningRule::Hybrid];
    rules.into_iter().map(|rule| fashion_demo::config(rule, &overrides).map(PlannedRun::new)).collect()
}
