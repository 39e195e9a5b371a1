//! A run that learns all tasks together: multi-task learning.
//!
//! Tasks whose synapses are their own have an optimiser each, and what they share (meta-parameters, synapses of two masks)
//! travels through the bank from step to step. Tasks that share everything are one network with one optimiser.

use glocal_core::Learner;
use glocal_core::params::Group;
use tracing::info;

use super::bank::Places;
use super::figures::ContinualFigures;
use super::judge::{Judge, Judged};
use super::networks::TaskNetworks;
use super::saved::{Saved, Words};
use super::tally::Tally;
use super::tasks::Tasks;
use super::{ContinualConfig, Method};
use crate::board::Board;
use crate::config::RunConfig;
use crate::error::GlocalError;
use crate::progress::Work;
use crate::run_folder::{EpochMetrics, RunFolder};
use crate::samples::{Feed, Part, RunSamples, Samples};
use crate::train::TrainOptions;

/// Metadata of a checkpoint: epochs learned.
const EPOCHS: &str = "epochs";

/// A run between two epochs.
struct Together<'a> {
    config: &'a RunConfig,
    continual: &'a ContinualConfig,
    tasks: Tasks<'a>,
    networks: TaskNetworks,
    /// One for each task, or one for all.
    learners: Vec<(Learner, Places)>,
    epochs: u64,
    folder: &'a RunFolder,
    options: &'a TrainOptions,
    work: Work,
    steps: u64,
}

/// A batch of an epoch.
struct Visit {
    task: usize,
    /// Which order of the task's images.
    order: u64,
    numbers: Vec<u32>,
}

/// Learns the epochs that are not learned yet; the judgement of all tasks.
pub(super) fn learn(
    tasks: Tasks<'_>,
    continual: &ContinualConfig,
    folder: &RunFolder,
    options: &TrainOptions,
) -> Result<Judged, GlocalError> {
    let all = 0..tasks.sequence.len();
    let samples = all.map(|task| tasks.training(task, continual.method)).collect::<Result<Vec<_>, _>>()?;
    let mut run = Together::begin(continual, tasks, folder, options)?;
    let (per_epoch, epochs) = (run.images_of_an_epoch(&samples)?, run.config.training.epochs);
    run.work = options.progress.start(&options.label, "images", epochs * per_epoch, run.epochs * per_epoch);
    let mut board = Board::new(options.board, run.epochs);
    options.learning(folder, epochs, || {
        while run.epochs < epochs {
            let metrics = run.epoch(&samples)?;
            folder.append_metrics(&metrics)?;
            board.write(folder, &metrics, run.only_learner().map(Into::into))?;
            run.epochs += 1;
            run.save(&ContinualFigures::default())?;
            let validation = metrics.validation_accuracy.map(|share| format!(", validation {:.1} %", 100.0 * share));
            let words = format!("epoch {}/{epochs}: train {:.1} %", run.epochs, 100.0 * metrics.train_accuracy);
            run.work.stage(&format!("{words}{}", validation.unwrap_or_default()));
        }
        Ok(())
    })?;
    let mut figures = ContinualFigures { cost: run.networks.wiring.cost(samples.len()), ..ContinualFigures::default() };
    let test = run.judge().all(&mut figures)?;
    run.save(&figures)?;
    Ok(test)
}

impl<'a> Together<'a> {
    /// Where the last checkpoint left off, or the beginning.
    fn begin(
        continual: &'a ContinualConfig,
        tasks: Tasks<'a>,
        folder: &'a RunFolder,
        options: &'a TrainOptions,
    ) -> Result<Together<'a>, GlocalError> {
        let config = tasks.config;
        let mut networks = TaskNetworks::new(config, continual, &tasks.stream);
        let own = matches!(continual.method, Method::Masks { .. });
        let count = if own { tasks.sequence.len() } else { 1 };
        let learners = (0..count).map(|task| networks.take_new(task)).collect::<Result<Vec<_>, _>>()?;
        let work = options.progress.start(&options.label, "images", 0, 0);
        let mut run =
            Together { config, continual, tasks, networks, learners, epochs: 0, folder, options, work, steps: 0 };
        run.resume()?;
        folder.keep_epochs_before(run.epochs)?;
        info!(run = %folder.root().display(), epochs = run.epochs, "begins");
        Ok(run)
    }

    fn resume(&mut self) -> Result<(), GlocalError> {
        let Some(saved) = Saved::find(self.folder)? else { return Ok(()) };
        let (mut arrays, words, _) = saved.read(self.config, self.tasks.sequence.len())?;
        let epochs = words.get(EPOCHS).and_then(|text| text.parse().ok());
        self.epochs = epochs.ok_or_else(|| saved.damaged("lacks a readable number of epochs"))?;
        self.networks.bank.read(&mut arrays)?;
        for (index, (learner, _)) in self.learners.iter_mut().enumerate() {
            let prefix = prefix(index);
            let progress = words.get(&prefix).map_or("", |text| text);
            let taken = learner.take_arrays(&prefix, &mut arrays).and_then(|()| learner.take_progress(progress));
            taken.map_err(|error| saved.core(error))?;
        }
        arrays.finish().map_err(|error| saved.core(error))
    }

    fn save(&self, figures: &ContinualFigures) -> Result<(), GlocalError> {
        let mut arrays = self.networks.bank.arrays();
        let mut words = Words::from([(EPOCHS.to_owned(), self.epochs.to_string())]);
        for (index, (learner, _)) in self.learners.iter().enumerate() {
            let (own, progress) = learner.snapshot(&prefix(index));
            arrays.extend(own);
            words.insert(prefix(index), progress);
        }
        Saved::write(self.folder, self.config, figures, &arrays, words)
    }

    fn judge(&mut self) -> Judge<'_, 'a> {
        Judge { continual: self.continual, tasks: &self.tasks, networks: &mut self.networks }
    }

    /// The batches of an epoch, of all tasks in random order; see [`super::Order::Together`].
    fn visits(&self, epoch: u64, views: &[RunSamples<'_>]) -> Vec<Visit> {
        let images = |view: &RunSamples<'_>| view.numbers(Part::Train).len();
        let (batch, most) = (self.config.training.batch_size, views.iter().map(images).max().unwrap_or(0));
        let mut visits = Vec::new();
        for (task, view) in views.iter().enumerate() {
            let share = (images(view) as f64 / most.max(1) as f64).sqrt();
            let count = (share * most.div_ceil(batch) as f64).round().max(1.0) as usize;
            let passes = count.div_ceil(images(view).div_ceil(batch).max(1)) as u64;
            let of_pass = |order: u64| {
                let chunks = |numbers: Vec<u32>| numbers.chunks(batch).map(<[u32]>::to_vec).collect::<Vec<_>>();
                chunks(view.training_order(order)).into_iter().map(move |numbers| Visit { task, order, numbers })
            };
            visits.extend((epoch * passes..(epoch + 1) * passes).flat_map(of_pass).take(count));
        }
        self.tasks.stream.fork("visits").fork_index(epoch).draws().shuffle(&mut visits);
        visits
    }

    fn images_of_an_epoch(&self, samples: &[Samples]) -> Result<u64, GlocalError> {
        let views = samples.iter().map(|samples| self.tasks.view(samples)).collect::<Result<Vec<_>, _>>()?;
        Ok(self.visits(0, &views).iter().map(|visit| visit.numbers.len() as u64).sum())
    }

    fn epoch(&mut self, samples: &[Samples]) -> Result<EpochMetrics, GlocalError> {
        let epoch = self.epochs;
        let views: Vec<RunSamples<'_>> =
            samples.iter().map(|samples| self.tasks.view(samples)).collect::<Result<_, _>>()?;
        let visits = self.visits(epoch, &views);
        self.learners.iter_mut().for_each(|(learner, _)| learner.begin_epoch(epoch));
        let is_shared = self.learners.len() == 1;
        let (mut tally, mut feed) = (Tally::begin(), Feed::default());
        for Visit { task, order, numbers } in &visits {
            self.stop_if_asked()?;
            views[*task].training_batch(&mut feed, numbers, *order)?;
            let (learner, places) = &mut self.learners[if is_shared { 0 } else { *task }];
            if !is_shared {
                self.networks.bank.fill(learner, places);
            }
            let stepped = learner.step_on(feed.examples(), &Group::ALL);
            let place = || format!("{}: epoch {}, task {}", self.options.label, epoch + 1, task + 1);
            let report = stepped.map_err(|error| GlocalError::core(place())(error))?;
            if !is_shared {
                self.networks.bank.take_back(learner, places);
            }
            tally.count(&report, numbers.len());
            self.steps += 1;
            self.work.advance(numbers.len() as u64);
        }
        if let [(learner, places)] = &self.learners[..] {
            self.networks.bank.take_back(learner, places);
        }
        let health = self.learners.iter().flat_map(|(learner, _)| learner.health()).collect();
        let metrics = tally.metrics(epoch, health);
        let validation = self.judge().validation()?;
        let mean = validation.iter().sum::<f64>() / validation.len().max(1) as f64;
        Ok(EpochMetrics { validation_accuracy: (!validation.is_empty()).then_some(mean), ..metrics })
    }

    /// The network, where one learns all tasks.
    fn only_learner(&self) -> Option<&Learner> {
        match &self.learners[..] {
            [(learner, _)] => Some(learner),
            _ => None,
        }
    }

    fn stop_if_asked(&self) -> Result<(), GlocalError> {
        if !self.options.asks_to_stop(self.steps) {
            return Ok(());
        }
        let epoch = self.epochs + 1;
        Err(self.options.stopped(self.folder, (epoch, self.config.training.epochs), Some(format!("epoch {epoch}"))))
    }
}

/// What names of a learner's arrays begin with.
fn prefix(index: usize) -> String {
    format!("task{index}.")
}
