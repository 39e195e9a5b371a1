//! The compared learning rules, what they reached and what was published.

use glocal_core::LearningRule;
use serde::{Deserialize, Serialize};

use super::{Published, number};

/// One learning rule over all its seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// Which parts were allowed to learn.
    pub rule: LearningRule,
    /// Tells two arms of one kind apart.
    #[serde(default)]
    pub variant: Option<String>,
    /// Test accuracy at each noise variance; variance 0 is the clean test.
    #[serde(default)]
    pub accuracies: Vec<NoiseAccuracy>,
    /// The figures others published.
    #[serde(default)]
    pub published: Vec<Published>,
    /// Wall time of one training step.
    #[serde(default)]
    pub step_time_ms: Option<f64>,
    /// How many epochs were trained.
    #[serde(default)]
    pub epochs: Option<u32>,
    /// The seeds.
    #[serde(default)]
    pub seeds: Vec<u64>,
    /// Learning curves, one per seed.
    #[serde(default)]
    pub curves: Vec<SeedCurve>,
}

impl Arm {
    /// An arm about which nothing is known yet.
    pub fn new(rule: LearningRule) -> Self {
        Self {
            rule,
            variant: None,
            accuracies: Vec::new(),
            published: Vec::new(),
            step_time_ms: None,
            epochs: None,
            seeds: Vec::new(),
            curves: Vec::new(),
        }
    }
}

/// Test accuracy at one noise variance.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NoiseAccuracy {
    /// The variance of the noise added to the test images.
    #[serde(deserialize_with = "number::one")]
    pub variance: f64,
    /// Accuracy of each seed, in per cent, the plastic state moving during the test as in the published scripts.
    #[serde(deserialize_with = "number::many")]
    pub percent: Vec<f64>,
    /// Accuracy of each seed, in per cent, with the plastic state frozen; empty where there is none.
    #[serde(deserialize_with = "number::many")]
    pub frozen_percent: Vec<f64>,
}

/// The learning curves of one seed; entry `i` belongs to epoch `i + 1`. Curves that were not recorded stay empty.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SeedCurve {
    /// The seed.
    pub seed: u64,
    /// Mean training loss of each epoch.
    #[serde(deserialize_with = "number::many")]
    pub training_loss: Vec<f64>,
    /// Mean validation loss after each epoch.
    #[serde(deserialize_with = "number::many")]
    pub validation_loss: Vec<f64>,
    /// Training accuracy of each epoch, in per cent.
    #[serde(deserialize_with = "number::many")]
    pub training_percent: Vec<f64>,
    /// Validation accuracy after each epoch, in per cent.
    #[serde(deserialize_with = "number::many")]
    pub validation_percent: Vec<f64>,
    /// Test accuracy after each epoch, in per cent, where it was watched; it selects nothing.
    #[serde(deserialize_with = "number::many")]
    pub test_percent: Vec<f64>,
}
