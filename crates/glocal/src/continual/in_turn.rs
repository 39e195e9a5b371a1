//! A run that learns one task after the other.

use glocal_core::params::Group;
use glocal_core::{Learner, LearningRule};
use glocal_data::Split;
use tracing::{info, info_span};

use super::figures::ContinualFigures;
use super::judge::{Judge, Judged};
use super::memory::Memory;
use super::networks::TaskNetworks;
use super::saved::{Saved, Words};
use super::tally::Tally;
use super::tasks::{Tasks, judged};
use super::{ContinualConfig, Method};
use crate::board::Board;
use crate::config::RunConfig;
use crate::error::GlocalError;
use crate::progress::Work;
use crate::run_folder::{EpochMetrics, RunFolder};
use crate::samples::{Feed, Part, RunSamples, Samples};
use crate::train::TrainOptions;

/// A run between two tasks.
struct Run<'a> {
    config: &'a RunConfig,
    continual: &'a ContinualConfig,
    tasks: Tasks<'a>,
    networks: TaskNetworks,
    memory: Memory,
    figures: ContinualFigures,
    folder: &'a RunFolder,
    options: &'a TrainOptions,
    work: Work,
    steps: u64,
    board: Board,
}

/// Learns the tasks that are not learned yet; the judgement of all.
pub(super) fn learn(
    tasks: Tasks<'_>,
    continual: &ContinualConfig,
    folder: &RunFolder,
    options: &TrainOptions,
) -> Result<Judged, GlocalError> {
    let config = tasks.config;
    let mut run = Run::begin(config, continual, tasks, folder, options)?;
    let all = run.tasks.sequence.len();
    options.learning(folder, config.training.epochs * all as u64, || {
        (run.figures.tasks()..all).try_for_each(|task| run.task(task))
    })?;
    let mut figures = run.figures.clone();
    let test = run.judge().all(&mut figures)?;
    run.figures = figures;
    run.save()?;
    Ok(test)
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
        let networks = TaskNetworks::new(config, continual, &tasks.stream);
        let first = tasks.training(0, continual.method)?;
        let per_epoch = tasks.view(&first)?.numbers(Part::Train).len() as u64;
        let mut run = Run {
            memory: Memory::Nothing,
            figures: ContinualFigures::default(),
            work: options.progress.start(&options.label, "images", 0, 0),
            steps: 0,
            board: Board::new(options.board, 0),
            config,
            continual,
            tasks,
            networks,
            folder,
            options,
        };
        let (learner, _) = run.networks.take(0)?;
        run.memory = Memory::new(continual.method, &learner);
        run.networks.put_back(learner);
        run.resume()?;
        let epochs = config.training.epochs;
        let done = run.figures.tasks() as u64 * epochs;
        folder.keep_epochs_before(done)?;
        info!(run = %folder.root().display(), tasks = run.figures.tasks(), epochs = done, "begins");
        run.board = Board::new(options.board, done);
        let total = run.tasks.sequence.len() as u64 * epochs;
        run.work = options.progress.start(&options.label, "images", total * per_epoch, done * per_epoch);
        Ok(run)
    }

    fn resume(&mut self) -> Result<(), GlocalError> {
        let Some(saved) = Saved::find(self.folder)? else { return Ok(()) };
        let (mut arrays, _, figures) = saved.read(self.config, self.tasks.sequence.len())?;
        self.networks.bank.read(&mut arrays)?;
        let (learner, _) = self.networks.take(figures.tasks().saturating_sub(1))?;
        self.memory.read(&learner, &mut arrays)?;
        arrays.finish().map_err(|error| saved.core(error))?;
        self.networks.put_back(learner);
        self.figures = figures;
        // A longer sequence has a task after the one that was the last.
        self.complete_row()
    }

    fn save(&self) -> Result<(), GlocalError> {
        let learner = self.networks.last().expect("a task was learned");
        let mut arrays = self.networks.bank.arrays();
        arrays.extend(self.memory.arrays(learner.specs()));
        Saved::write(self.folder, self.config, &self.figures, &arrays, Words::new())
    }

    fn judge(&mut self) -> Judge<'_, 'a> {
        Judge { continual: self.continual, tasks: &self.tasks, networks: &mut self.networks }
    }

    fn task(&mut self, task: usize) -> Result<(), GlocalError> {
        if self.figures.untrained.len() == task {
            let accuracy = self.judge().untrained(task)?;
            self.figures.untrained.push(accuracy);
        }
        let _span = info_span!("task", task).entered();
        let samples = self.tasks.training(task, self.continual.method)?;
        self.learn(task, &samples)?;
        self.meta_phase(task)?;
        let next = (task + 2).min(self.tasks.sequence.len());
        let row = (0..next).map(|other| self.judge().accuracy(other)).collect::<Result<Vec<_>, _>>()?;
        self.figures.matrix.push(row);
        self.figures.cost = self.networks.wiring.cost(task + 1);
        self.save()?;
        let mean = self.figures.course()[task];
        self.work.stage(&format!("task {}/{}: mean {:.1} %", task + 1, self.tasks.sequence.len(), 100.0 * mean));
        Ok(())
    }

    fn learn(&mut self, task: usize, samples: &Samples) -> Result<(), GlocalError> {
        // A new one: what it counts begins with the task, in whichever process that is.
        let (mut learner, places) = self.networks.take_new(task)?;
        let epochs = self.config.training.epochs;
        let mut feed = Feed::default();
        for epoch in 0..epochs {
            learner.begin_epoch(epoch);
            let number = task as u64 * epochs + epoch;
            let metrics = self.epoch(&mut learner, &mut feed, samples, number)?;
            self.folder.append_metrics(&metrics)?;
            // Of hundreds of epochs, the last of each task shows the network.
            let shown = (epoch + 1 == epochs).then_some((&learner).into());
            self.board.write(self.folder, &metrics, shown)?;
        }
        let last = (task as u64 + 1) * epochs - 1;
        let images = RunSamples::new(samples, &self.tasks.chosen, None)?;
        let draws = self.tasks.stream.fork("labels of importance").fork_index(task as u64).draws();
        self.memory.end_task(&mut learner, &images, last, draws)?;
        self.networks.bank.take_back(&learner, &places);
        self.networks.put_back(learner);
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
        let mut tally = Tally::begin();
        for numbers in images.training_order(number).chunks(self.config.training.batch_size) {
            self.stop_if_asked(number)?;
            images.training_batch(feed, numbers, number)?;
            let report = match self.memory.beside() {
                Some(memory) => learner.step_beside(feed.examples(), memory),
                None => learner.step_on(feed.examples(), &Group::ALL),
            };
            let report = report.map_err(|error| GlocalError::core(self.place(number))(error))?;
            tally.count(&report, numbers.len());
            self.steps += 1;
            self.work.advance(numbers.len() as u64);
        }
        Ok(tally.metrics(number, learner.health()))
    }

    fn place(&self, number: u64) -> String {
        let epochs = self.config.training.epochs;
        format!("{}: task {}, epoch {}", self.options.label, number / epochs + 1, number % epochs + 1)
    }

    fn stop_if_asked(&self, number: u64) -> Result<(), GlocalError> {
        if !self.options.asks_to_stop(self.steps) {
            return Ok(());
        }
        let epochs = self.config.training.epochs;
        let all = epochs * self.tasks.sequence.len() as u64;
        let task = format!("task {}", self.figures.tasks() + 1);
        Err(self.options.stopped(self.folder, (number + 1, all), Some(task)))
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
            let (mut learner, places) = self.networks.take(earlier)?;
            let images = RunSamples::new(&samples, &self.tasks.chosen, None)?;
            for numbers in images.numbers(Part::Train).chunks(batch) {
                self.stop_if_asked(epoch)?;
                images.training_batch(&mut feed, numbers, epoch)?;
                let stepped = learner.step_on(feed.examples(), &[Group::Meta]);
                stepped.map_err(|error| GlocalError::core(self.place(epoch))(error))?;
            }
            self.networks.bank.take_back(&learner, &places);
            self.networks.put_back(learner);
        }
        Ok(())
    }

    /// The last row of a run that is made longer lacks the task that follows.
    fn complete_row(&mut self) -> Result<(), GlocalError> {
        let learned = self.figures.tasks();
        let lacking = self.figures.matrix.last().is_some_and(|row| row.len() == learned);
        if lacking && learned < self.tasks.sequence.len() {
            let accuracy = self.judge().accuracy(learned)?;
            self.figures.matrix.last_mut().expect("a task was learned").push(accuracy);
        }
        Ok(())
    }
}
