//! Several tasks learned at once by one network.

use glocal_core::LearningRule;
use serde::{Deserialize, Serialize};

use super::UnnamedAccuracy;
use super::number;

/// How well networks learned several tasks at once.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MultiTask {
    /// Names of the tasks, in the order of all lists.
    pub tasks: Vec<String>,
    /// In the order of the table.
    pub networks: Vec<MultiTaskNetwork>,
}

/// A network that learned all tasks. Accuracies are in per cent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MultiTaskNetwork {
    /// Its name.
    pub label: String,
    /// Which parts were allowed to learn.
    pub rule: Option<LearningRule>,
    /// Whether it has a part for each task, and is told which one an image is of.
    pub told: bool,
    /// Of each seed, test accuracy on each task.
    #[serde(deserialize_with = "number::rows")]
    pub accuracy: Vec<Vec<f64>>,
    /// The same network where nobody tells it the task.
    pub unnamed: Option<UnnamedAccuracy>,
    /// Synaptic operations of the trained weights for one image; 0 where unknown.
    pub operations: u64,
    /// Wall time of the training.
    #[serde(deserialize_with = "number::many")]
    pub minutes: Vec<f64>,
}

impl MultiTask {
    /// Only the first so many networks and tasks.
    pub(in crate::report) fn bounded(&mut self, [networks, tasks]: [usize; 2]) {
        self.networks.truncate(networks);
        self.tasks.truncate(tasks);
    }
}

impl MultiTaskNetwork {
    /// Of each seed, the mean over all tasks.
    pub(crate) fn means(&self) -> Vec<f64> {
        let mean = |accuracies: &Vec<f64>| accuracies.iter().sum::<f64>() / accuracies.len() as f64;
        self.accuracy.iter().filter(|accuracies| !accuracies.is_empty()).map(mean).collect()
    }

    /// Of each seed, accuracy on a task.
    pub(in crate::report) fn on(&self, task: usize) -> Vec<f64> {
        self.accuracy.iter().filter_map(|accuracies| accuracies.get(task).copied()).collect()
    }
}
