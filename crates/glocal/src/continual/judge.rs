//! How good a network is at each of its tasks, told which one it is or not.

use glocal_core::Examples;
use glocal_core::loss::{certainty, prediction};
use glocal_data::Split;

use super::ContinualConfig;
use super::figures::{ContinualFigures, Unnamed};
use super::networks::TaskNetworks;
use super::tasks::{Tasks, judged};
use crate::cost::{self, Cost};
use crate::error::GlocalError;
use crate::evaluate::{EvalOptions, Evaluation, evaluate};
use crate::samples::{Damage, Feed, Part, Samples};

/// What is found of the networks of all tasks.
pub(crate) struct Judged {
    /// On all test images.
    pub evaluation: Evaluation,
    /// Of the last task's network.
    pub cost: Option<Cost>,
}

/// Judges the networks of all tasks.
pub(super) struct Judge<'r, 'a> {
    pub continual: &'r ContinualConfig,
    pub tasks: &'r Tasks<'a>,
    pub networks: &'r mut TaskNetworks,
}

impl Judge<'_, '_> {
    /// Accuracy on a task by the images of the matrix.
    pub fn accuracy(&mut self, task: usize) -> Result<f64, GlocalError> {
        let samples = self.tasks.test(task, self.continual.matrix_images)?;
        Ok(self.on(task, &samples)?.accuracy)
    }

    fn on(&mut self, task: usize, samples: &Samples) -> Result<Evaluation, GlocalError> {
        let (mut learner, _) = self.networks.take(task)?;
        let config = self.tasks.config;
        let options = EvalOptions {
            plastic: config.training.validation_plastic.into(),
            damage: Damage::none(),
            batch: config.eval_batch(),
        };
        let found = evaluate(&mut learner, &self.tasks.view(samples)?, Part::Test, &options);
        self.networks.put_back(learner);
        found
    }

    /// As [`Judge::accuracy`], of the network that has learned nothing.
    pub fn untrained(&mut self, task: usize) -> Result<f64, GlocalError> {
        let (continual, tasks) = (self.continual, self.tasks);
        self.networks.untrained(|networks| Judge { continual, tasks, networks }.accuracy(task))
    }

    /// All tasks by all test images, and by all other measures; the sum over the test images.
    pub fn all(&mut self, figures: &mut ContinualFigures) -> Result<Judged, GlocalError> {
        let (mut each, mut cost) = (Vec::new(), None);
        for task in 0..self.tasks.sequence.len() {
            let samples = self.tasks.test(task, usize::MAX)?;
            each.push(self.on(task, &samples)?);
            if task + 1 == self.tasks.sequence.len() {
                cost = self.cost(task, &samples)?;
            }
        }
        figures.last = each.iter().map(|evaluation| evaluation.accuracy).collect();
        figures.validation = self.validation()?;
        figures.unnamed = self.unnamed()?;
        Ok(Judged { evaluation: Evaluation::total(&each), cost })
    }

    fn cost(&mut self, task: usize, samples: &Samples) -> Result<Option<Cost>, GlocalError> {
        let (mut learner, _) = self.networks.take(task)?;
        let found = cost::measure(&mut learner, &self.tasks.view(samples)?, Part::Test, &Damage::none());
        self.networks.put_back(learner);
        found
    }

    /// Accuracy on the validation images of each task, where there are some.
    pub fn validation(&mut self) -> Result<Vec<f64>, GlocalError> {
        if self.tasks.config.data.validation == 0 {
            return Ok(Vec::new());
        }
        let tasks = 0..self.tasks.sequence.len();
        let of_task = |task: usize| {
            let numbers = self.tasks.numbers(task, Part::Validation)?;
            let samples = judged(self.tasks.sequence.images(task, Split::Train, Some(&numbers))?);
            Ok(self.on(task, &samples)?.accuracy)
        };
        tasks.map(of_task).collect()
    }

    /// Each image is seen by the parts of all tasks, and one of them is believed.
    fn unnamed(&mut self) -> Result<Option<Unnamed>, GlocalError> {
        let images = self.continual.unnamed_images;
        if images == 0 || !self.continual.method.is_told() {
            return Ok(None);
        }
        let tasks = self.tasks.sequence.len();
        let samples = (0..tasks).map(|task| self.tasks.test(task, images)).collect::<Result<Vec<_>, _>>()?;
        // Of each image the best part so far, by both measures: its number, its worth, and the answer.
        let mut best: Vec<Vec<[Belief; 2]>> =
            samples.iter().map(|s| vec![[Belief::NONE; 2]; s.len(Split::Test)]).collect();
        let mut labels: Vec<Vec<u32>> = vec![Vec::new(); tasks];
        let mut feed = Feed::default();
        for part in 0..tasks {
            let (mut learner, _) = self.networks.take(part)?;
            for (task, samples) in samples.iter().enumerate() {
                let view = self.tasks.view(samples)?;
                for numbers in view.numbers(Part::Test).chunks(self.tasks.config.eval_batch()) {
                    view.evaluation_batch(&mut feed, Part::Test, numbers, &Damage::none())?;
                    let examples: Examples<'_, f32> = feed.examples();
                    let answers = learner.answer(examples)?;
                    let classes = answers.len() / numbers.len();
                    for (&number, answers) in numbers.iter().zip(answers.chunks_exact(classes)) {
                        let believed = &mut best[task][number as usize];
                        believed.iter_mut().zip(Belief::of(part, answers)).for_each(|(best, new)| {
                            if new.worth > best.worth {
                                *best = new;
                            }
                        });
                    }
                    if part == 0 {
                        labels[task].extend(feed.labels());
                    }
                }
            }
            self.networks.put_back(learner);
        }
        let share = |measure: usize| {
            let (mut right, mut found, mut all) = (0u64, 0u64, 0u64);
            for (task, (best, labels)) in best.iter().zip(&labels).enumerate() {
                for (believed, &label) in best.iter().zip(labels) {
                    right += u64::from(believed[measure].class == label as usize);
                    found += u64::from(believed[measure].part == task);
                    all += 1;
                }
            }
            [right as f64 / all.max(1) as f64, found as f64 / all.max(1) as f64]
        };
        Ok(Some(Unnamed { images, by_confidence: share(0), by_energy: share(1) }))
    }
}

/// What a part of the network says of an image, and how much that is worth.
#[derive(Clone, Copy)]
struct Belief {
    part: usize,
    class: usize,
    worth: f64,
}

impl Belief {
    const NONE: Belief = Belief { part: usize::MAX, class: usize::MAX, worth: f64::NEG_INFINITY };

    /// By the largest probability, and by energy.
    fn of(part: usize, answers: &[f32]) -> [Belief; 2] {
        let class = prediction(answers) as usize;
        certainty(answers).map(|worth| Belief { part, class, worth })
    }
}
