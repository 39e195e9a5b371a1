//! What a run of tasks in a row showed, and the field's measures of it.

use serde::{Deserialize, Serialize};

use super::Method;
use crate::error::GlocalError;
use crate::run_folder::RunFolder;

/// Name of the file in the run folder.
const FILE: &str = "continual.json";

/// What a run of tasks in a row showed so far. Accuracies are shares, 0..=1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ContinualFigures {
    /// Test accuracy on each task (column) after each task was learned (row), by the first images of each test set. A row ends
    /// with the task after the one just learned, if there is one: it was not learned yet. Empty where all tasks are learned
    /// together.
    pub matrix: Vec<Vec<f64>>,
    /// Accuracy on each task before any was learned, by the same images.
    pub untrained: Vec<f64>,
    /// Accuracy on each task after the last one, by all test images.
    pub last: Vec<f64>,
    /// The same by validation images: what values of a method are chosen by. Empty without any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validation: Vec<f64>,
    /// Judged without telling the task; absent where that was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unnamed: Option<Unnamed>,
    /// What it took.
    pub cost: Cost,
}

/// Test images judged by a network that is not told their task: it tries the parts of all tasks and believes one of them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unnamed {
    /// Images of each task.
    pub images: usize,
    /// Accuracy, and share of images for which the right task was found, where the part with the largest probability of its
    /// answer is believed.
    pub by_confidence: [f64; 2],
    /// The same where the part with the lowest energy, -ln Σ exp(answer), is believed.
    pub by_energy: [f64; 2],
}

/// What a method needs beside the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Trained weights of all tasks together.
    pub weights: u64,
    /// Bytes that the method keeps beside the weights, after the last task.
    pub memory_bytes: u64,
    /// Synaptic operations of the trained weights for one image, all time steps.
    pub operations: u64,
}

impl ContinualFigures {
    /// The figures in a run folder; `None` before its first task is learned.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn read(folder: &RunFolder) -> Result<Option<ContinualFigures>, GlocalError> {
        folder.read_json(FILE)
    }

    pub(super) fn write(&self, folder: &RunFolder) -> Result<(), GlocalError> {
        folder.write_json(FILE, self)
    }

    /// Tasks learned.
    pub fn tasks(&self) -> usize {
        // Of tasks learned together there is no matrix.
        if self.matrix.is_empty() { self.last.len() } else { self.matrix.len() }
    }

    /// Mean accuracy over all tasks after the last one, by all test images.
    pub fn average_accuracy(&self) -> f64 {
        mean(self.last.iter().copied())
    }

    /// Mean accuracy over the tasks learned so far, after each task.
    pub fn course(&self) -> Vec<f64> {
        self.matrix.iter().enumerate().map(|(task, row)| mean(row[..=task].iter().copied())).collect()
    }

    /// Mean accuracy and backward transfer in one line.
    pub fn in_words(&self) -> String {
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        let transfer =
            self.backward_transfer().map_or(String::new(), |t| format!(", backward transfer {}", percent(t)));
        format!("mean over {} tasks {}{transfer}", self.tasks(), percent(self.average_accuracy()))
    }

    /// How much later tasks changed earlier ones; below 0: forgetting. `None` for one task.
    ///
    /// # Equation
    /// mean over i < T of R_T,i - R_i,i.
    ///
    /// # References
    /// D. Lopez-Paz, M. Ranzato, "Gradient episodic memory" (2017), arXiv:1706.08840, eq. 3.
    pub fn backward_transfer(&self) -> Option<f64> {
        let last = self.matrix.last()?;
        let earlier = self.matrix.iter().enumerate().take(self.matrix.len() - 1);
        some_mean(earlier.map(|(task, row)| last[task] - row[task]))
    }

    /// How much earlier tasks helped a task before it was learned. `None` for one task.
    ///
    /// # Equation
    /// mean over i > 1 of R_(i-1),i - b_i, b_i the accuracy of the untrained network.
    ///
    /// # References
    /// As [`ContinualFigures::backward_transfer`], eq. 4.
    pub fn forward_transfer(&self) -> Option<f64> {
        let ahead = self.matrix.iter().enumerate().filter_map(|(task, row)| row.get(task + 1).map(|r| (task + 1, r)));
        some_mean(ahead.filter_map(|(task, reached)| self.untrained.get(task).map(|start| reached - start)))
    }

    /// How much of the best accuracy on each task is lost in the end. `None` for one task.
    ///
    /// # Equation
    /// mean over i < T of max over l < T of R_l,i - R_T,i.
    ///
    /// # References
    /// A. Chaudhry et al., "Riemannian walk for incremental learning" (2018), arXiv:1801.10112.
    pub fn forgetting(&self) -> Option<f64> {
        let (last, earlier) = self.matrix.split_last()?;
        let best = |task: usize| earlier[task..].iter().map(|row| row[task]).fold(f64::MIN, f64::max);
        some_mean((0..earlier.len()).map(|task| best(task) - last[task]))
    }
}

fn some_mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    (!values.is_empty()).then(|| mean(values.into_iter()))
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len().max(1) as f64;
    values.sum::<f64>() / n
}

/// Bytes that `method` keeps beside the weights after `tasks` tasks of images of `inputs` values.
pub(super) fn memory_bytes(method: &Method, weights: u64, tasks: u64, inputs: u64) -> u64 {
    let number = size_of::<f32>() as u64;
    match method {
        Method::FineTuning {} => 0,
        // Masks and gates are drawn from a seed for each task.
        Method::Masks { .. } | Method::ContextGating { .. } => tasks * size_of::<u64>() as u64,
        // Importance and pull, of all tasks together.
        Method::Ewc { .. } => 2 * number * weights,
        // The same, the task's start and its path integral.
        Method::SynapticIntelligence { .. } => 4 * number * weights,
        Method::Rehearsal { images } => tasks * *images as u64 * (inputs + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three tasks, by hand: R = (0.9 0.2 | 0.7 0.8 0.3 | 0.5 0.6 0.9), untrained 0.1 each.
    #[test]
    fn measures_of_three_tasks_by_hand() {
        let figures = ContinualFigures {
            matrix: vec![vec![0.9, 0.2], vec![0.7, 0.8, 0.3], vec![0.5, 0.6, 0.9]],
            untrained: vec![0.1; 3],
            last: vec![0.5, 0.7, 0.9],
            ..ContinualFigures::default()
        };
        let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
        assert!(near(figures.average_accuracy(), 0.7));
        assert!(near(figures.course()[1], 0.75) && near(figures.course()[2], 2.0 / 3.0));
        assert!(near(figures.backward_transfer().unwrap(), (-0.4 - 0.2) / 2.0));
        assert!(near(figures.forward_transfer().unwrap(), (0.1 + 0.2) / 2.0));
        assert!(near(figures.forgetting().unwrap(), (0.4 + 0.2) / 2.0));
        let one = ContinualFigures { matrix: vec![vec![0.9]], untrained: vec![0.1], ..ContinualFigures::default() };
        assert_eq!((one.backward_transfer(), one.forward_transfer(), one.forgetting()), (None, None, None));
    }
}
