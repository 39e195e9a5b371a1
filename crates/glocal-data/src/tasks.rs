//! Sequences of tasks for continual learning: one data set seen in many ways, cut by its classes, or several data sets.
//!
//! A task is a function of the sequence's kind, its data sets, its stream and its number alone: a sequence that grows keeps
//! the tasks that it had.
//!
//! ```
//! use glocal_data::tasks::{TaskKind, TaskSequence, TaskSet};
//! use glocal_data::{Split, Stream, embedded};
//! # fn main() -> Result<(), glocal_data::DataError> {
//! let set = TaskSet { train: embedded::fashion_mnist(Split::Train)?, test: embedded::fashion_mnist(Split::Test)? };
//! let tasks = TaskSequence::new(TaskKind::Permuted { tasks: 50 }, vec![set], &Stream::new(1))?;
//! assert_eq!(tasks.task(49)?.train.inputs(), 784);
//! # Ok(())
//! # }
//! ```

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::augment::Map;
use crate::split::stratified;
use crate::{DataError, ImageDataset, ImageShape, Split, Stream, ValidationSplit, dataset::intensity, text::check};

/// How tasks are made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum TaskKind {
    /// The values of all images in another order in each task; in the first as they are.
    ///
    /// # References
    /// I. Goodfellow et al., "An empirical investigation of catastrophic forgetting" (2013), arXiv:1312.6211.
    Permuted {
        /// How many.
        tasks: usize,
    },
    /// All images turned, by an angle more in each task; in the first as they are.
    ///
    /// # Equation
    /// Task k: counter-clockwise about the centre by k · degrees, interpolated between the four pixels around.
    ///
    /// # References
    /// D. Lopez-Paz, M. Ranzato, "Gradient episodic memory" (2017), arXiv:1706.08840.
    Rotated {
        /// How many.
        tasks: usize,
        /// From one to the next.
        degrees: f64,
    },
    /// Some classes in each task, in the order of their labels.
    ///
    /// # References
    /// F. Zenke, B. Poole, S. Ganguli, "Continual learning through synaptic intelligence" (2017), arXiv:1703.04200.
    Split {
        /// Classes of a task.
        classes: usize,
        /// What their labels are.
        #[serde(default)]
        labels: TaskLabels,
    },
    /// Each data set is a task.
    Sets {
        /// The first so many classes of each; absent: all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        classes: Option<usize>,
    },
}

/// Labels of the classes of a task that has some of a data set's.
///
/// # References
/// G. van de Ven, A. Tolias, "Three scenarios for continual learning" (2019), arXiv:1904.07734.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskLabels {
    /// 0, 1, ... in every task: task-incremental, or domain-incremental where the task is not told.
    #[default]
    Own,
    /// Those of the data set: class-incremental.
    Shared,
}

/// Images to learn from and to test with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskSet {
    /// To learn from.
    pub train: ImageDataset,
    /// To test with.
    pub test: ImageDataset,
}

/// A sequence of tasks of one input size and number of classes.
#[derive(Clone, Debug)]
pub struct TaskSequence {
    kind: TaskKind,
    sets: Vec<TaskSet>,
    stream: Stream,
}

/// Why data sets make no sequence.
#[derive(Debug, Error)]
pub enum TaskError {
    /// Another number of data sets than the kind works on.
    #[error("{given} data sets given, {kind} tasks are made of {expected}")]
    Sets {
        /// Kind of tasks.
        kind: &'static str,
        /// What would be right.
        expected: &'static str,
        /// How many were given.
        given: usize,
    },
    /// Two parts that one network cannot take both.
    #[error("{name} has {found}, {first_name} has {first}: one network learns all tasks")]
    Uneven {
        /// The first data set.
        first_name: String,
        /// What it has.
        first: String,
        /// The other one.
        name: String,
        /// What that one has.
        found: String,
    },
    /// Classes do not fill whole tasks.
    #[error("{name} has {found} classes: they make no whole tasks of {classes}")]
    Classes {
        /// Data set.
        name: String,
        /// Its classes.
        found: usize,
        /// Classes of a task.
        classes: usize,
    },
    /// A task without images.
    #[error("task {task} of {name} has no images")]
    Empty {
        /// Data set.
        name: String,
        /// Number of the task, from 0.
        task: usize,
    },
    /// A task beyond the last one.
    #[error("there is no task {task}: the sequence has {tasks}, counted from 0")]
    NoSuchTask {
        /// Number asked for.
        task: usize,
        /// Tasks.
        tasks: usize,
    },
}

impl TaskError {
    /// What usually helps.
    pub fn hint(&self) -> &'static str {
        match self {
            TaskError::Sets { .. } => "give one data set, or several with kind = \"sets\"",
            TaskError::Uneven { .. } => {
                "scale the images to one size; `classes = 10` takes the first ten classes of each set"
            }
            TaskError::Classes { .. } => "choose a divisor of the number of classes",
            TaskError::Empty { .. } => "each class needs images to learn from and to test with",
            TaskError::NoSuchTask { .. } => "make the sequence longer; the tasks it has stay as they are",
        }
    }
}

impl TaskSequence {
    /// Checks that the data sets make whole tasks, all of one input size and number of classes.
    ///
    /// # Errors
    /// [`TaskError`]; [`DataError::Parameter`] for no tasks, or an angle that is no number.
    pub fn new(kind: TaskKind, sets: Vec<TaskSet>, stream: &Stream) -> Result<Self, DataError> {
        let (name, several) = match kind {
            TaskKind::Permuted { .. } => ("permuted", false),
            TaskKind::Rotated { .. } => ("rotated", false),
            TaskKind::Split { .. } => ("split", false),
            TaskKind::Sets { .. } => ("sets", true),
        };
        let sets = match kind {
            TaskKind::Sets { classes: Some(classes) } => {
                sets.iter().map(|set| first_classes(set, classes)).collect::<Result<Vec<_>, _>>()?
            }
            _ => sets,
        };
        let expected = if several { "at least one" } else { "one" };
        let Some(first) = sets.first().filter(|_| several || sets.len() == 1) else {
            return Err(TaskError::Sets { kind: name, expected, given: sets.len() }.into());
        };
        match kind {
            TaskKind::Permuted { tasks } | TaskKind::Rotated { tasks, .. } => {
                check(tasks > 0, "tasks", tasks, "at least 1")?;
            }
            TaskKind::Split { classes, .. } => {
                let (name, found) = (first.train.name().to_owned(), first.train.classes());
                if classes == 0 || !found.is_multiple_of(classes) {
                    return Err(TaskError::Classes { name, found, classes }.into());
                }
            }
            TaskKind::Sets { .. } => {}
        }
        if let TaskKind::Rotated { degrees, .. } = kind {
            check(degrees.is_finite(), "degrees from task to task", degrees, "a number")?;
        }
        for half in sets.iter().flat_map(|set| [&set.train, &set.test]) {
            let uneven = |first_has: String, found: String| TaskError::Uneven {
                first_name: first.train.name().to_owned(),
                first: first_has,
                name: half.name().to_owned(),
                found,
            };
            if half.shape() != first.train.shape() {
                let images = |shape: ImageShape| format!("images of {shape}");
                return Err(uneven(images(first.train.shape()), images(half.shape())).into());
            }
            if half.classes() != first.train.classes() {
                let classes = |count: usize| format!("{count} classes");
                return Err(uneven(classes(first.train.classes()), classes(half.classes())).into());
            }
        }
        Ok(TaskSequence { kind, sets, stream: stream.clone() })
    }

    /// Data set that task number `task`, from 0, is made of.
    ///
    /// # Errors
    /// [`TaskError::NoSuchTask`].
    pub fn name(&self, task: usize) -> Result<&str, DataError> {
        Ok(self.half(task, Split::Train)?.name())
    }

    /// Number of tasks; never 0.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        match self.kind {
            TaskKind::Permuted { tasks } | TaskKind::Rotated { tasks, .. } => tasks,
            TaskKind::Split { classes, .. } => self.sets[0].train.classes() / classes,
            TaskKind::Sets { .. } => self.sets.len(),
        }
    }

    /// Classes of every task.
    pub fn classes(&self) -> usize {
        match self.kind {
            TaskKind::Split { classes, labels: TaskLabels::Own } => classes,
            _ => self.sets[0].train.classes(),
        }
    }

    /// Values of every image, I.
    pub fn inputs(&self) -> usize {
        self.sets[0].train.inputs()
    }

    /// Task number `task`, from 0.
    ///
    /// # Errors
    /// As [`TaskSequence::images`].
    pub fn task(&self, task: usize) -> Result<TaskSet, DataError> {
        let half = |split| self.images(task, split, None);
        Ok(TaskSet { train: half(Split::Train)?, test: half(Split::Test)? })
    }

    /// One half of task number `task`, from 0, or the images of it that have these numbers.
    ///
    /// # Errors
    /// [`TaskError::NoSuchTask`]; [`TaskError::Empty`] if its classes have no images; [`DataError::NoSuchSample`].
    pub fn images(&self, task: usize, split: Split, numbers: Option<&[u32]>) -> Result<ImageDataset, DataError> {
        let half = self.half(task, split)?;
        if let TaskKind::Split { classes, labels } = self.kind {
            let half = some_classes(half, (task, classes), labels)?;
            return numbers.map_or_else(|| Ok(half.clone()), |numbers| half.subset(half.name(), numbers));
        }
        let half = &match numbers {
            Some(numbers) => Cow::Owned(half.subset(half.name(), numbers)?),
            None => Cow::Borrowed(half),
        };
        match self.kind {
            TaskKind::Permuted { .. } if task > 0 => permuted(half, &self.order(task)),
            TaskKind::Rotated { degrees, .. } if task > 0 => {
                // Whole turns are taken off first, as an angle in radians would lose digits to them.
                let radians = (degrees * task as f64).rem_euclid(360.0).to_radians();
                moved(half, &Map::rotation(radians))
            }
            _ => Ok(half.clone().into_owned()),
        }
    }

    /// Number of images of one half of a task.
    ///
    /// # Errors
    /// As [`TaskSequence::images`].
    pub fn count(&self, task: usize, split: Split) -> Result<usize, DataError> {
        Ok(self.labels(task, split)?.len())
    }

    /// Sets training images of a task aside, as [`ImageDataset::split_validation`]; numbers are those of
    /// [`TaskSequence::images`].
    ///
    /// # Errors
    /// As [`TaskSequence::images`]; fewer images than are to be set aside.
    pub fn split_validation(
        &self,
        task: usize,
        validation: usize,
        stream: &Stream,
    ) -> Result<ValidationSplit, DataError> {
        stratified(self.labels(task, Split::Train)?.into_iter().map(u32::from), 256, validation, stream)
    }

    /// Labels of a half of a task.
    fn labels(&self, task: usize, split: Split) -> Result<Vec<u8>, DataError> {
        let half = self.half(task, split)?;
        let TaskKind::Split { classes, labels: kind } = self.kind else { return Ok(half.labels().to_vec()) };
        let own = task * classes..(task + 1) * classes;
        let first = if kind == TaskLabels::Own { own.start as u8 } else { 0 };
        let kept = half.labels().iter().filter(|&&label| own.contains(&usize::from(label)));
        let labels: Vec<u8> = kept.map(|&label| label - first).collect();
        if labels.is_empty() { Err(TaskError::Empty { name: half.name().into(), task }.into()) } else { Ok(labels) }
    }

    /// The half of the data set that a task is made of.
    fn half(&self, task: usize, split: Split) -> Result<&ImageDataset, DataError> {
        if task >= self.len() {
            return Err(TaskError::NoSuchTask { task, tasks: self.len() }.into());
        }
        let set = &self.sets[if let TaskKind::Sets { .. } = self.kind { task } else { 0 }];
        Ok(match split {
            Split::Train => &set.train,
            Split::Test => &set.test,
        })
    }

    /// Which value of an image stands at each place in task `task`.
    fn order(&self, task: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.inputs()).collect();
        self.stream.fork("permutation").fork_index(task as u64).draws().shuffle(&mut order);
        order
    }
}

fn permuted(set: &ImageDataset, order: &[usize]) -> Result<ImageDataset, DataError> {
    let images = set.pixels().chunks_exact(set.inputs());
    let pixels = images.flat_map(|image| order.iter().map(|&place| image[place])).collect();
    ImageDataset::new(set.name(), set.classes(), set.shape(), pixels, set.labels().to_vec())
}

fn moved(set: &ImageDataset, map: &Map) -> Result<ImageDataset, DataError> {
    let mut pixels = Vec::with_capacity(set.pixels().len());
    let (mut before, mut after) = (vec![0.0; set.inputs()], vec![0.0; set.inputs()]);
    for image in set.pixels().chunks_exact(set.inputs()) {
        before.iter_mut().zip(image).for_each(|(value, &level)| *value = intensity(level));
        map.apply(&before, &mut after, set.shape());
        pixels.extend(after.iter().map(|value| (value * 255.0).round() as u8));
    }
    ImageDataset::new(set.name(), set.classes(), set.shape(), pixels, set.labels().to_vec())
}

/// Both halves without any but the first `classes` classes.
fn first_classes(set: &TaskSet, classes: usize) -> Result<TaskSet, DataError> {
    let found = set.train.classes();
    check(
        classes > 0 && classes <= found,
        "classes of each data set",
        classes,
        "at least 1 and at most what each has",
    )?;
    let half = |half: &ImageDataset| some_classes(half, (0, classes), TaskLabels::Own);
    Ok(TaskSet { train: half(&set.train)?, test: half(&set.test)? })
}

/// The images of the `task`-th `classes` classes.
fn some_classes(
    set: &ImageDataset,
    (task, classes): (usize, usize),
    labels: TaskLabels,
) -> Result<ImageDataset, DataError> {
    let own = task * classes..(task + 1) * classes;
    let numbers = (0_u32..).zip(set.labels()).filter(|(_, label)| own.contains(&usize::from(**label)));
    let numbers: Vec<u32> = numbers.map(|(number, _)| number).collect();
    if numbers.is_empty() {
        return Err(TaskError::Empty { name: set.name().into(), task }.into());
    }
    let part = set.subset(set.name(), &numbers)?;
    if labels == TaskLabels::Shared {
        return Ok(part);
    }
    let labels = part.labels().iter().map(|&label| label - own.start as u8).collect();
    ImageDataset::new(set.name(), classes, set.shape(), part.pixels().to_vec(), labels)
}
