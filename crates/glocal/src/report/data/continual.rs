//! Continual learning: many tasks one after the other, and what is left of the earlier ones in the end.

use glocal_core::LearningRule;
use serde::{Deserialize, Serialize};

use super::number;

/// What each method reached on tasks in a row, and what it took.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Continual {
    /// Which tasks, in one sentence.
    pub setting: String,
    /// In the order of the tables.
    pub methods: Vec<ContinualMethod>,
    /// Accuracy task by task, usually of one or two methods.
    pub matrices: Vec<TaskMatrix>,
}

/// One way to learn tasks in a row. Lists have an entry per seed and are empty where nothing is known.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ContinualMethod {
    /// Its name.
    pub label: String,
    /// Which parts were allowed to learn; absent of other methods.
    pub rule: Option<LearningRule>,
    /// Whether the network is told which task an image of the test belongs to.
    pub told: bool,
    /// Mean accuracy over all tasks after the last one, in per cent.
    #[serde(deserialize_with = "number::many")]
    pub average: Vec<f64>,
    /// How much later tasks changed the earlier ones, in points of per cent.
    #[serde(deserialize_with = "number::many")]
    pub backward_transfer: Vec<f64>,
    /// How much earlier tasks helped a task before it was learned, in points of per cent.
    #[serde(deserialize_with = "number::many")]
    pub forward_transfer: Vec<f64>,
    /// How much of the best accuracy on each task is lost in the end, in points of per cent.
    #[serde(deserialize_with = "number::many")]
    pub forgetting: Vec<f64>,
    /// Of each seed, mean accuracy over the tasks learned so far, after each task, in per cent.
    #[serde(deserialize_with = "number::rows")]
    pub course: Vec<Vec<f64>>,
    /// Trained weights of all tasks together; 0 where unknown.
    pub weights: u64,
    /// Bytes kept beside the weights, for instance images of earlier tasks.
    pub memory_bytes: u64,
    /// Synaptic operations of the trained weights for one image; 0 where unknown.
    pub operations: u64,
    /// Wall time of the training.
    #[serde(deserialize_with = "number::many")]
    pub minutes: Vec<f64>,
    /// The same network where nobody tells it the task.
    pub unnamed: Option<UnnamedAccuracy>,
}

/// Accuracy where the network itself has to find out which task an image belongs to: accuracy, and share of the images
/// whose task was found, both in per cent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UnnamedAccuracy {
    /// Test images of each task.
    pub images: usize,
    /// The task is believed in which the network is surest of its answer.
    #[serde(deserialize_with = "number::pair")]
    pub by_confidence: [f64; 2],
    /// The task is believed in which the outputs are strongest taken together.
    #[serde(deserialize_with = "number::pair")]
    pub by_energy: [f64; 2],
}

/// Accuracy on each task after each task.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TaskMatrix {
    /// Whose.
    pub label: String,
    /// In per cent: a row after each task, a column on each task. Rows may end early; one may go on to tasks that were
    /// not learned yet.
    #[serde(deserialize_with = "number::rows")]
    pub rows: Vec<Vec<f64>>,
}

/// One accuracy of a matrix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::report) struct TaskAccuracy {
    pub after: usize,
    pub on: usize,
    pub percent: f64,
}

impl TaskAccuracy {
    /// Whether the task was learned by then.
    pub(in crate::report) fn is_learned(&self) -> bool {
        self.on <= self.after
    }
}

/// How far one task fell from when it was learned to the end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::report) struct Fall {
    pub task: usize,
    pub from: f64,
    pub to: f64,
}

impl TaskMatrix {
    /// Tasks, whether learned or only tested.
    pub(in crate::report) fn tasks(&self) -> usize {
        self.rows.iter().map(Vec::len).max().unwrap_or(0).max(self.rows.len())
    }

    /// All that was measured, row by row.
    pub(in crate::report) fn accuracies(&self) -> impl Iterator<Item = TaskAccuracy> {
        let cells = |(after, row): (usize, &Vec<f64>)| {
            let row: Vec<_> = row.iter().copied().enumerate().collect();
            row.into_iter().map(move |(on, percent)| TaskAccuracy { after, on, percent })
        };
        self.rows.iter().enumerate().flat_map(cells)
    }

    /// Whether there is a number to draw.
    pub(in crate::report) fn is_measured(&self) -> bool {
        self.accuracies().any(|accuracy| accuracy.percent.is_finite())
    }

    /// Accuracy on each task when it had just been learned and in the end; tasks without both are left out.
    pub(in crate::report) fn falls(&self) -> Vec<Fall> {
        let Some(last) = self.rows.last() else { return Vec::new() };
        let ends = self.rows.iter().zip(last).enumerate();
        let falls = ends.filter_map(|(task, (row, &to))| Some(Fall { task, from: *row.get(task)?, to }));
        falls.filter(|fall| fall.from.is_finite() && fall.to.is_finite()).collect()
    }
}

impl Continual {
    /// Keeps at most so many methods, tasks and matrices; the setting says so.
    pub(in crate::report) fn bounded(&mut self, [methods, tasks, matrices]: [usize; 3]) {
        let courses = self.methods.iter().flat_map(|method| &method.course).map(Vec::len);
        let longest = courses.chain(self.matrices.iter().map(TaskMatrix::tasks)).max().unwrap_or(0);
        let counts = [
            (methods, self.methods.len(), "methods"),
            (tasks, longest, "tasks"),
            (matrices, self.matrices.len(), "matrices"),
        ];
        for (most, count, name) in counts.into_iter().filter(|(most, count, _)| count > most) {
            self.setting.push_str(&format!(" The first {most} of {count} {name} are shown."));
        }
        self.methods.truncate(methods);
        self.matrices.truncate(matrices);
        self.methods.iter_mut().flat_map(|method| &mut method.course).for_each(|course| course.truncate(tasks));
        self.matrices.iter_mut().for_each(|matrix| matrix.rows.truncate(tasks));
        self.matrices.iter_mut().flat_map(|matrix| &mut matrix.rows).for_each(|row| row.truncate(tasks));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn falls_go_from_the_diagonal_to_the_last_row() {
        let rows = vec![vec![90.0, 20.0], vec![70.0, 80.0, 30.0], vec![50.0, f64::NAN, 95.0]];
        let matrix = TaskMatrix { rows, ..TaskMatrix::default() };
        let expected = [Fall { task: 0, from: 90.0, to: 50.0 }, Fall { task: 2, from: 95.0, to: 95.0 }];
        assert_eq!(matrix.falls(), expected);
        assert_eq!((matrix.tasks(), matrix.accuracies().filter(TaskAccuracy::is_learned).count()), (3, 6));
        assert!(TaskMatrix::default().falls().is_empty() && !TaskMatrix::default().is_measured());
    }

    #[test]
    fn what_is_cut_is_said_once() {
        let method = ContinualMethod { course: vec![vec![50.0; 9]], ..ContinualMethod::default() };
        let matrix = TaskMatrix { rows: vec![vec![50.0; 12]; 2], ..TaskMatrix::default() };
        let (methods, matrices) = (vec![method; 3], vec![matrix]);
        let mut continual = Continual { setting: "Tasks.".into(), methods, matrices };
        continual.bounded([2, 4, 1]);
        assert_eq!(continual.setting, "Tasks. The first 2 of 3 methods are shown. The first 4 of 12 tasks are shown.");
        assert_eq!((continual.methods.len(), continual.methods[1].course[0].len()), (2, 4));
        assert_eq!(continual.matrices[0].rows, [[50.0; 4]; 2]);
        let once = continual.clone();
        continual.bounded([2, 4, 1]);
        assert_eq!(continual, once);
    }
}
