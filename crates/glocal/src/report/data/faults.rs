//! How accuracy falls as test samples are damaged, and for how long each learning rule holds out.

use glocal_core::LearningRule;
use serde::{Deserialize, Serialize};

use super::{Image, number};
use crate::report::stats::Summary;

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

impl FaultKind {
    /// Keeps at most `most` examples, spread evenly from the first to the last.
    pub(in crate::report) fn thin_examples(&mut self, most: usize) {
        let (before, gaps) = (self.examples.len(), most.saturating_sub(1).max(1));
        if before > most {
            let kept: Vec<usize> = (0..most).map(|i| i * (before - 1) / gaps).collect();
            let mut index = 0..;
            self.examples.retain(|_| index.next().is_some_and(|i| kept.binary_search(&i).is_ok()));
        }
    }
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

/// What the plastic weights do while the network is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum PlasticState {
    /// They move within each test batch.
    Moving,
    /// They stay as trained.
    Frozen,
}

impl PlasticState {
    /// The accuracy of each seed at one level.
    pub(in crate::report) fn percent(self, level: &LevelAccuracy) -> &[f64] {
        match self {
            Self::Moving => &level.percent,
            Self::Frozen => &level.frozen_percent,
        }
    }

    /// The area of each seed.
    pub(in crate::report) fn areas(self, arm: &FaultArm) -> &[f64] {
        match self {
            Self::Moving => &arm.areas,
            Self::Frozen => &arm.frozen_areas,
        }
    }

    /// The summary of every level at which something was measured, ascending.
    pub(in crate::report) fn curve(self, arm: &FaultArm) -> Vec<(u32, Summary)> {
        let measured = arm.levels.iter().filter(|level| !self.percent(level).is_empty());
        let mut curve: Vec<_> = measured.map(|level| (level.level, Summary::of(self.percent(level)))).collect();
        curve.sort_by_key(|(level, _)| *level);
        curve
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinned_examples_keep_their_ends() {
        let examples = (0..100).map(|level| FaultExample { level, ..FaultExample::default() }).collect();
        let mut kind = FaultKind { examples, ..FaultKind::default() };
        kind.thin_examples(4);
        let levels: Vec<u32> = kind.examples.iter().map(|example| example.level).collect();
        assert_eq!(levels, [0, 33, 66, 99]);
        kind.thin_examples(1);
        assert_eq!(kind.examples.len(), 1);
        kind.thin_examples(0);
        assert_eq!(kind.examples.len(), 0);
    }

    #[test]
    fn a_curve_is_ascending_and_leaves_out_what_was_not_measured() {
        let level = |level, percent: &[f64]| LevelAccuracy { level, percent: percent.to_vec(), ..Default::default() };
        let levels = vec![level(2, &[50.0]), level(1, &[]), level(0, &[80.0, 82.0])];
        let arm = FaultArm { rule: LearningRule::Hybrid, levels, areas: vec![], frozen_areas: vec![] };
        let means: Vec<_> = PlasticState::Moving.curve(&arm).iter().map(|(level, s)| (*level, s.mean)).collect();
        assert_eq!(means, [(0, Some(81.0)), (2, Some(50.0))]);
        assert!(PlasticState::Frozen.curve(&arm).is_empty());
    }
}
