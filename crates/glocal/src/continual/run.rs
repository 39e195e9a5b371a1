//! One run of tasks in a row under way.

use std::collections::BTreeMap;
use std::time::Instant;

use glocal_core::checkpoint;
use glocal_core::loss::{certainty, prediction};
use glocal_core::params::Group;
use glocal_core::{Examples, Learner, LearningRule};
use glocal_data::tasks::{TaskKind, TaskSequence, TaskSet};
use glocal_data::{ImageDataset, Locations, Split, Stream};

use super::bank::{Bank, Places, Wiring};
use super::figures::{ContinualFigures, Cost, Unnamed, memory_bytes};
use super::memory::Memory;
use super::{ContinualConfig, Method};
use crate::config::RunConfig;
use crate::config::parse::Source;
use crate::error::GlocalError;
use crate::evaluate::{EvalOptions, Evaluation, evaluate};
use crate::progress::Work;
use crate::run_folder::{Checkpoint, EpochMetrics, RunFolder};
use crate::samples::{Damage, Feed, Part, RunSamples, Samples};
use crate::train::{Summary, TrainOptions, damaged, intact_checkpoint, seal};

/// Metadata of a checkpoint: what run it is of, and the figures so far.
const HASH: &str = "config_hash";
const FIGURES: &str = "figures";

/// Tasks, their images, and which of these are learned from.
pub(crate) struct Tasks<'a> {
    config: &'a RunConfig,
    sequence: TaskSequence,
    /// As [`Tasks::config`], for samples that were chosen already.
    chosen: RunConfig,
    stream: Stream,
}

/// A run between two tasks.
struct Run<'a> {
    config: &'a RunConfig,
    continual: &'a ContinualConfig,
    tasks: Tasks<'a>,
    wiring: Wiring,
    bank: Bank,
    learner: Option<Learner>,
    memory: Memory,
    figures: ContinualFigures,
    folder: &'a RunFolder,
    options: &'a TrainOptions,
    work: Work,
    steps: u64,
}

/// Whether `new` is `old` with a longer sequence of tasks: a run may go on so.
pub(crate) fn may_differ(old: &RunConfig, new: &RunConfig) -> bool {
    let count = |config: &RunConfig| config.continual.as_ref().and_then(|c| number_of_tasks(c.tasks));
    matches!((count(old), count(new)), (Some(old), Some(new)) if new >= old) && of_any_length(old) == of_any_length(new)
}

fn number_of_tasks(kind: TaskKind) -> Option<usize> {
    match kind {
        TaskKind::Permuted { tasks } | TaskKind::Rotated { tasks, .. } => Some(tasks),
        TaskKind::Split { .. } | TaskKind::Sets {} => None,
    }
}

/// The config of a sequence however long it is.
fn of_any_length(config: &RunConfig) -> RunConfig {
    let mut config = config.clone();
    if let Some(TaskKind::Permuted { tasks } | TaskKind::Rotated { tasks, .. }) =
        config.continual.as_mut().map(|c| &mut c.tasks)
    {
        *tasks = 1;
    }
    config
}

/// Learns the tasks that are not learned yet and sums up.
///
/// # Errors
/// A damaged checkpoint; divergence; or [`GlocalError::Stopped`] after a wish to stop.
pub(crate) fn learn(
    tasks: Tasks<'_>,
    continual: &ContinualConfig,
    folder: &RunFolder,
    options: &TrainOptions,
) -> Result<Summary, GlocalError> {
    let config = tasks.config;
    let mut run = Run::begin(config, continual, tasks, folder, options)?;
    for task in run.figures.tasks()..run.tasks.sequence.len() {
        run.task(task)?;
    }
    let test = run.judge_all()?;
    let summary = Summary::of_tasks(config, folder, test)?;
    summary.write(folder)?;
    Ok(summary)
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
        let tasks = Tasks { config, sequence, chosen, stream };
        for task in 0..tasks.sequence.len() {
            tasks.numbers(task, Part::Train)?;
            let first = tasks.test(task, 1)?;
            RunSamples::new(&first, &tasks.chosen, source)?;
        }
        Ok(tasks)
    }

    /// Numbers of a task's training images that are learned from, or that choose values of a method.
    fn numbers(&self, task: usize, part: Part) -> Result<Vec<u32>, GlocalError> {
        let data = &self.config.data;
        let split = self.sequence.split_validation(task, data.validation, &self.stream.fork("validation split"))?;
        Ok(match part {
            Part::Validation => split.validation,
            _ => split.train.into_iter().take(data.train_limit.unwrap_or(usize::MAX)).collect(),
        })
    }

    /// What a task is learned from: its own images, and those kept of earlier tasks.
    fn training(&self, task: usize, method: Method) -> Result<Samples, GlocalError> {
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
    fn test(&self, task: usize, most: usize) -> Result<Samples, GlocalError> {
        let count = self.sequence.count(task, Split::Test)?;
        let most = most.min(self.config.data.test_limit.unwrap_or(usize::MAX)).min(count);
        let numbers: Vec<u32> = (0..most as u32).collect();
        Ok(judged(self.sequence.images(task, Split::Test, Some(&numbers))?))
    }

    fn view<'s>(&'s self, samples: &'s Samples) -> Result<RunSamples<'s>, GlocalError> {
        RunSamples::new(samples, &self.chosen, None)
    }
}

/// Images to be judged as if they were test images.
fn judged(images: ImageDataset) -> Samples {
    Samples::Images([images.clone(), images])
}

impl<'a> Run<'a> {
    /// Where the last checkpoint left off, or the beginning.
    fn begin(
        config: &'a RunConfig,
        continual: &'a ContinualConfig,
        tasks: Tasks<'a>,
        folder: &'a RunFolder,
        options: &'a TrainOptions,
    ) -> Result<Run<'a>, GlocalError> {
        let network = continual.method.network(&config.learner);
        let wiring = Wiring::new(continual.method, &network, config.training.seed, &tasks.stream);
        let bank = Bank::new(&network, &wiring);
        let first = tasks.training(0, continual.method)?;
        let per_epoch = tasks.view(&first)?.numbers(Part::Train).len() as u64;
        let mut run = Run {
            memory: Memory::Nothing,
            figures: ContinualFigures::default(),
            learner: None,
            work: options.progress.start(&options.label, "images", 0, 0),
            steps: 0,
            config,
            continual,
            tasks,
            wiring,
            bank,
            folder,
            options,
        };
        let (learner, _) = run.filled(0)?;
        run.memory = Memory::new(continual.method, &learner);
        run.learner = Some(learner);
        run.resume()?;
        let epochs = config.training.epochs;
        let done = run.figures.tasks() as u64 * epochs;
        folder.keep_epochs_before(done)?;
        let total = run.tasks.sequence.len() as u64 * epochs;
        run.work = options.progress.start(&options.label, "images", total * per_epoch, done * per_epoch);
        Ok(run)
    }

    fn resume(&mut self) -> Result<(), GlocalError> {
        let Some(bytes) = intact_checkpoint(self.folder, Checkpoint::Last)? else { return Ok(()) };
        let path = self.folder.checkpoint_path(Checkpoint::Last);
        let place = || path.display().to_string();
        let (mut arrays, metadata) = checkpoint::read(&bytes).map_err(GlocalError::core(place()))?;
        if metadata.get(HASH) != Some(&of_any_length(self.config).hash()) {
            return Err(damaged(path, "it was written by a run with another config".into()));
        }
        let figures = metadata.get(FIGURES).and_then(|text| serde_json::from_str::<ContinualFigures>(text).ok());
        let Some(figures) = figures.filter(|figures| figures.tasks() <= self.tasks.sequence.len()) else {
            return Err(damaged(path, "lacks readable figures of its tasks".into()));
        };
        self.bank.read(&mut arrays)?;
        let (learner, _) = self.filled(figures.tasks().saturating_sub(1))?;
        self.memory.read(&learner, &mut arrays)?;
        arrays.finish().map_err(GlocalError::core(place()))?;
        self.learner = Some(learner);
        self.figures = figures;
        // A longer sequence has a task after the one that was the last.
        self.complete_row()
    }

    fn save(&self) -> Result<(), GlocalError> {
        let figures = serde_json::to_string(&self.figures).expect("numbers and lists");
        let entries = [(HASH, of_any_length(self.config).hash()), (FIGURES, figures), (seal::KEY, seal::placeholder())];
        let metadata: BTreeMap<String, String> = entries.map(|(key, value)| (key.to_owned(), value)).into();
        let learner = self.learner.as_ref().expect("a task was learned");
        let mut arrays = self.bank.arrays();
        arrays.extend(self.memory.arrays(learner.specs()));
        self.folder.save_checkpoint(Checkpoint::Last, &seal::seal(checkpoint::write(&arrays, &metadata)))?;
        self.figures.write(self.folder)
    }

    /// The network of a task as it is now, and where its arrays lie in the bank.
    fn filled(&mut self, task: usize) -> Result<(Learner, Places), GlocalError> {
        let (mut learner, places) = self.wiring.connect(self.learner.take(), task)?;
        self.bank.fill(&mut learner, &places);
        Ok((learner, places))
    }

    fn task(&mut self, task: usize) -> Result<(), GlocalError> {
        if self.figures.untrained.len() == task {
            let accuracy = self.untrained(task)?;
            self.figures.untrained.push(accuracy);
        }
        let samples = self.tasks.training(task, self.continual.method)?;
        self.learn(task, &samples)?;
        self.meta_phase(task)?;
        let next = (task + 2).min(self.tasks.sequence.len());
        let row = (0..next).map(|other| self.judge(other)).collect::<Result<Vec<_>, _>>()?;
        self.figures.matrix.push(row);
        self.figures.cost = self.cost();
        self.save()?;
        let mean = self.figures.course()[task];
        self.work.stage(&format!("task {}/{}: mean {:.1} %", task + 1, self.tasks.sequence.len(), 100.0 * mean));
        Ok(())
    }

    fn learn(&mut self, task: usize, samples: &Samples) -> Result<(), GlocalError> {
        // A new one: what it counts begins with the task, in whichever process that is.
        self.learner = None;
        let (mut learner, places) = self.filled(task)?;
        let epochs = self.config.training.epochs;
        let mut feed = Feed::default();
        for epoch in 0..epochs {
            learner.begin_epoch(epoch);
            let number = task as u64 * epochs + epoch;
            let metrics = self.epoch(&mut learner, &mut feed, samples, number)?;
            self.folder.append_metrics(&metrics)?;
        }
        let last = (task as u64 + 1) * epochs - 1;
        let images = RunSamples::new(samples, &self.tasks.chosen, None)?;
        self.memory.end_task(&mut learner, &images, last)?;
        self.bank.take_back(&learner, &places);
        self.learner = Some(learner);
        Ok(())
    }

    fn epoch(
        &mut self,
        learner: &mut Learner,
        feed: &mut Feed,
        samples: &Samples,
        number: u64,
    ) -> Result<EpochMetrics, GlocalError> {
        let images = RunSamples::new(samples, &self.tasks.chosen, None)?;
        let began = Instant::now();
        let (mut loss, mut correct, mut steps) = (0.0, 0, 0u64);
        let order = images.training_order(number);
        for numbers in order.chunks(self.config.training.batch_size) {
            self.stop_if_asked(number)?;
            images.training_batch(feed, numbers, number)?;
            let report = match self.memory.beside() {
                Some(memory) => learner.step_beside(feed.examples(), memory),
                None => learner.step_on(feed.examples(), &Group::ALL),
            };
            let report = report.map_err(|error| GlocalError::core(self.place(number))(error))?;
            loss += report.loss * numbers.len() as f64;
            correct += report.correct;
            steps += 1;
            self.steps += 1;
            self.work.advance(numbers.len() as u64);
        }
        let (seen, seconds) = (order.len().max(1) as f64, began.elapsed().as_secs_f64());
        Ok(EpochMetrics {
            epoch: number,
            train_loss: loss / seen,
            train_accuracy: correct as f64 / seen,
            validation_loss: None,
            validation_accuracy: None,
            samples_per_s: seen / seconds.max(1e-9),
            seconds,
            step_ms: 1e3 * seconds / steps.max(1) as f64,
            health: learner.health(),
        })
    }

    fn place(&self, number: u64) -> String {
        let epochs = self.config.training.epochs;
        format!("{}: task {}, epoch {}", self.options.label, number / epochs + 1, number % epochs + 1)
    }

    fn stop_if_asked(&self, number: u64) -> Result<(), GlocalError> {
        if !self.options.asks_to_stop(self.steps) {
            return Ok(());
        }
        let epochs = self.config.training.epochs * self.tasks.sequence.len() as u64;
        Err(self.options.stopped(self.folder, number + 1, epochs))
    }

    /// As long as an epoch: meta-parameters alone learn from earlier tasks.
    fn meta_phase(&mut self, task: usize) -> Result<(), GlocalError> {
        let plastic = self.config.learner.network.learning_rule != LearningRule::Global;
        let phase = match self.continual.method {
            Method::Masks { meta_phase: Some(phase), .. } if plastic && (1..phase.tasks).contains(&task) => phase,
            _ => return Ok(()),
        };
        let mut draws = self.tasks.stream.fork("meta phase").fork_index(task as u64).draws();
        let batch = self.config.training.batch_size;
        let epoch = (task as u64 + 1) * self.config.training.epochs - 1;
        let mut feed = Feed::default();
        for _ in 0..phase.visits {
            let earlier = draws.below(task as u64) as usize;
            let all = self.tasks.numbers(earlier, Part::Train)?;
            let count = all.len().div_ceil(batch).div_ceil(phase.visits) * batch;
            let numbers: Vec<u32> = (0..count).map(|_| all[draws.below(all.len() as u64) as usize]).collect();
            let samples = judged(self.tasks.sequence.images(earlier, Split::Train, Some(&numbers))?);
            let (mut learner, places) = self.filled(earlier)?;
            let images = RunSamples::new(&samples, &self.tasks.chosen, None)?;
            for numbers in images.numbers(Part::Train).chunks(batch) {
                self.stop_if_asked(epoch)?;
                images.training_batch(&mut feed, numbers, epoch)?;
                let stepped = learner.step_on(feed.examples(), &[Group::Meta]);
                stepped.map_err(|error| GlocalError::core(self.place(epoch))(error))?;
            }
            self.bank.take_back(&learner, &places);
            self.learner = Some(learner);
        }
        Ok(())
    }

    /// Accuracy on a task by the images of the matrix.
    fn judge(&mut self, task: usize) -> Result<f64, GlocalError> {
        let samples = self.tasks.test(task, self.continual.matrix_images)?;
        Ok(self.judge_on(task, &samples)?.accuracy)
    }

    fn judge_on(&mut self, task: usize, samples: &Samples) -> Result<Evaluation, GlocalError> {
        let (mut learner, _) = self.filled(task)?;
        let options = EvalOptions {
            plastic: self.config.training.validation_plastic.into(),
            damage: Damage::none(),
            batch: self.config.eval_batch(),
        };
        let found = evaluate(&mut learner, &self.tasks.view(samples)?, Part::Test, &options);
        self.learner = Some(learner);
        found
    }

    /// Accuracy of the network that has learned nothing.
    fn untrained(&mut self, task: usize) -> Result<f64, GlocalError> {
        let network = self.continual.method.network(&self.config.learner);
        let start = Bank::new(&network, &self.wiring);
        let learned = std::mem::replace(&mut self.bank, start);
        let found = self.judge(task);
        self.bank = learned;
        found
    }

    /// The last row of a run that is made longer lacks the task that follows.
    fn complete_row(&mut self) -> Result<(), GlocalError> {
        let learned = self.figures.tasks();
        let lacking = self.figures.matrix.last().is_some_and(|row| row.len() == learned);
        if lacking && learned < self.tasks.sequence.len() {
            let accuracy = self.judge(learned)?;
            self.figures.matrix.last_mut().expect("a task was learned").push(accuracy);
        }
        Ok(())
    }

    fn cost(&self) -> Cost {
        let [own, all] = self.wiring.weights();
        let (tasks, inputs) = (self.figures.tasks() as u64, self.tasks.sequence.inputs() as u64);
        Cost {
            weights: all as u64,
            memory_bytes: memory_bytes(&self.continual.method, all as u64, tasks, inputs),
            operations: own as u64 * self.config.learner.network.steps as u64,
        }
    }

    /// All tasks after the last one, by all test images; their sum.
    fn judge_all(&mut self) -> Result<Evaluation, GlocalError> {
        let tasks = self.tasks.sequence.len();
        let mut each = Vec::with_capacity(tasks);
        for task in 0..tasks {
            let samples = self.tasks.test(task, usize::MAX)?;
            each.push(self.judge_on(task, &samples)?);
        }
        self.figures.last = each.iter().map(|evaluation| evaluation.accuracy).collect();
        self.figures.validation = self.validate()?;
        self.figures.unnamed = self.judge_unnamed()?;
        self.save()?;
        Ok(Evaluation::total(&each))
    }

    /// Accuracy on the validation images of each task, where there are some.
    fn validate(&mut self) -> Result<Vec<f64>, GlocalError> {
        if self.config.data.validation == 0 {
            return Ok(Vec::new());
        }
        let tasks = 0..self.tasks.sequence.len();
        let of_task = |task: usize| {
            let numbers = self.tasks.numbers(task, Part::Validation)?;
            let samples = judged(self.tasks.sequence.images(task, Split::Train, Some(&numbers))?);
            Ok(self.judge_on(task, &samples)?.accuracy)
        };
        tasks.map(of_task).collect()
    }

    /// Each image is seen by the parts of all tasks, and one of them is believed.
    fn judge_unnamed(&mut self) -> Result<Option<Unnamed>, GlocalError> {
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
            let (mut learner, _) = self.filled(part)?;
            for (task, samples) in samples.iter().enumerate() {
                let view = self.tasks.view(samples)?;
                for numbers in view.numbers(Part::Test).chunks(self.config.eval_batch()) {
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
            self.learner = Some(learner);
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
