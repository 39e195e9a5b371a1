//! How accuracy falls as test samples are damaged, and for how long each learning rule holds out.

use glocal_core::LearningRule;
use serde::{Deserialize, Serialize};

use super::{Image, number};

/// Accuracy of all arms as damage of several kinds grows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FaultTolerance {
    /// The kinds of damage, in the order of the page.
    pub kinds: Vec<FaultKind>,
}

/// One kind of damage.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FaultKind {
    /// Its name, for instance `gaussian noise`.
    pub name: String,
    /// The unit of the levels in words, for instance `level i: variance 0.01 i`.
    pub what: String,
    /// The learning rules, each once.
    pub arms: Vec<FaultArm>,
    /// A sentence: whether the hybrid arm's area is above the others' by more than the seeds' deviation.
    pub verdict: String,
    /// One sample at a few levels.
    pub examples: Vec<FaultExample>,
}

/// One learning rule under one kind of damage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultArm {
    /// Which parts were allowed to learn.
    pub rule: LearningRule,
    /// Test accuracy at each level, in any order.
    #[serde(default)]
    pub levels: Vec<LevelAccuracy>,
    /// Area under the curve of each seed: mean accuracy over the levels, in per cent.
    #[serde(default, deserialize_with = "number::many")]
    pub areas: Vec<f64>,
    /// The same with the plastic state frozen; empty where there is none.
    #[serde(default, deserialize_with = "number::many")]
    pub frozen_areas: Vec<f64>,
}

/// Test accuracy at one level of damage.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LevelAccuracy {
    /// The level; 0 is no damage.
    pub level: u32,
    /// Accuracy of each seed, in per cent, the plastic state moving within each test batch; as trained where there is
    /// none.
    #[serde(deserialize_with = "number::many")]
    pub percent: Vec<f64>,
    /// Accuracy of each seed, in per cent, with the plastic state frozen; empty where there is none.
    #[serde(deserialize_with = "number::many")]
    pub frozen_percent: Vec<f64>,
}

/// What a sample looks like at one level of damage.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FaultExample {
    /// The level.
    pub level: u32,
    /// The damaged sample.
    pub image: Image,
}
