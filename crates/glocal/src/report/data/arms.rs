//! The compared learning rules, what they reached and what was published.

use serde::{Deserialize, Serialize};

use super::number;

/// Which parts of the network were allowed to learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArmKind {
    /// GP: global learning only.
    Global,
    /// LP: local learning only.
    Local,
    /// HP: the hybrid.
    Hybrid,
}

impl ArmKind {
    /// The paper's two letters.
    pub fn letters(self) -> &'static str {
        match self {
            Self::Global => "GP",
            Self::Local => "LP",
            Self::Hybrid => "HP",
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Global => "global only",
            Self::Local => "local only",
            Self::Hybrid => "hybrid",
        }
    }
}

/// One learning rule over all its seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// Which parts learnt.
    pub kind: ArmKind,
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
    pub fn new(kind: ArmKind) -> Self {
        Self {
            kind,
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

/// The figures of one published source.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Published {
    /// The source's tag, for instance `[repro]` or `[paper-code]`.
    pub source: String,
    /// Its figures.
    pub points: Vec<PublishedPoint>,
}

/// One published figure.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PublishedPoint {
    /// The variance of the noise.
    #[serde(deserialize_with = "number::one")]
    pub variance: f64,
    /// Accuracy in per cent.
    #[serde(deserialize_with = "number::one")]
    pub percent: f64,
}

/// The learning curves of one seed; entry `i` belongs to epoch `i + 1`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SeedCurve {
    /// The seed.
    pub seed: u64,
    /// Mean training loss of each epoch.
    #[serde(deserialize_with = "number::many")]
    pub training_loss: Vec<f64>,
    /// Validation accuracy after each epoch, in per cent.
    #[serde(deserialize_with = "number::many")]
    pub validation_percent: Vec<f64>,
}
