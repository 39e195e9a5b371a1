//! The tasks of a run: their images, and which of these are learned from.

use glocal_data::tasks::{TaskSequence, TaskSet};
use glocal_data::{ImageDataset, Locations, Split, Stream};

use super::{ContinualConfig, Method};
use crate::config::RunConfig;
use crate::config::parse::Source;
use crate::error::GlocalError;
use crate::samples::{Part, RunSamples, Samples};

/// Tasks, their images, and which of these are learned from.
pub(crate) struct Tasks<'a> {
    pub config: &'a RunConfig,
    pub sequence: TaskSequence,
    /// As [`Tasks::config`], for samples that were chosen already.
    pub chosen: RunConfig,
    pub stream: Stream,
    /// Training images of the largest task.
    largest: usize,
}

impl<'a> Tasks<'a> {
    /// Loads the data and looks at every task before the first is learned.
    ///
    /// # Errors
    /// Data that are not there, or make no tasks that the network could learn.
    pub fn open(
        config: &'a RunConfig,
        continual: &ContinualConfig,
        (locations, source): (&Locations, Option<&Source>),
    ) -> Result<Tasks<'a>, GlocalError> {
        let names = std::iter::once(&config.data.dataset).chain(&continual.more_datasets);
        let set = |name: &String| match Samples::load(name, locations)? {
            Samples::Images([train, test]) => Ok(TaskSet { train, test }),
            other => Err(GlocalError::Usage {
                message: format!("`{name}` holds {}: tasks in a row are made of images", other.kind()),
                hint: "give a data set of images, such as mnist or pictures:FOLDER".into(),
            }),
        };
        let sets = names.map(set).collect::<Result<Vec<_>, GlocalError>>()?;
        let stream = Stream::new(config.training.seed);
        let sequence = TaskSequence::new(continual.tasks, sets, &stream.fork("tasks"))?;
        let mut chosen = config.clone();
        (chosen.data.validation, chosen.data.train_limit, chosen.data.test_limit) = (0, None, None);
        let counts = (0..sequence.len()).map(|task| sequence.count(task, Split::Train));
        let largest = counts.collect::<Result<Vec<_>, _>>()?.into_iter().max().unwrap_or(0);
        let tasks = Tasks { config, sequence, chosen, stream, largest };
        for task in 0..tasks.sequence.len() {
            tasks.numbers(task, Part::Train)?;
            let first = tasks.test(task, 1)?;
            RunSamples::new(&first, &tasks.chosen, source)?;
        }
        Ok(tasks)
    }

    /// As large a part of a task's training images as `count` are of the largest task's.
    fn share_of_largest(&self, task: usize, count: usize) -> Result<usize, GlocalError> {
        let (own, most) = (self.sequence.count(task, Split::Train)?, self.largest);
        Ok(if count >= most { count } else { (count as f64 * own as f64 / most as f64).round() as usize })
    }

    /// Numbers of a task's training images that are learned from, or that choose values of a method.
    pub fn numbers(&self, task: usize, part: Part) -> Result<Vec<u32>, GlocalError> {
        let data = &self.config.data;
        let validation = self.share_of_largest(task, data.validation)?;
        let split = self.sequence.split_validation(task, validation, &self.stream.fork("validation split"))?;
        Ok(match part {
            Part::Validation => split.validation,
            _ => split.train.into_iter().take(data.train_limit.unwrap_or(usize::MAX)).collect(),
        })
    }

    /// What a task is learned from: its own images, and those kept of earlier tasks.
    pub fn training(&self, task: usize, method: Method) -> Result<Samples, GlocalError> {
        let mut train = self.sequence.images(task, Split::Train, Some(&self.numbers(task, Part::Train)?))?;
        if let Method::Rehearsal { images } = method {
            for earlier in 0..task {
                let mut kept = self.numbers(earlier, Part::Train)?;
                self.stream.fork("rehearsal").fork_index(earlier as u64).draws().shuffle(&mut kept);
                kept.truncate(images);
                train = train.joined(&self.sequence.images(earlier, Split::Train, Some(&kept))?)?;
            }
        }
        Ok(Samples::Images([train, self.sequence.images(task, Split::Test, Some(&[0]))?]))
    }

    /// The first test images of a task.
    pub fn test(&self, task: usize, most: usize) -> Result<Samples, GlocalError> {
        let count = self.sequence.count(task, Split::Test)?;
        let most = most.min(self.config.data.test_limit.unwrap_or(usize::MAX)).min(count);
        let numbers: Vec<u32> = (0..most as u32).collect();
        Ok(judged(self.sequence.images(task, Split::Test, Some(&numbers))?))
    }

    pub fn view<'s>(&'s self, samples: &'s Samples) -> Result<RunSamples<'s>, GlocalError> {
        RunSamples::new(samples, &self.chosen, None)
    }
}

/// Images to be judged as if they were test images.
pub(super) fn judged(images: ImageDataset) -> Samples {
    Samples::Images([images.clone(), images])
}
