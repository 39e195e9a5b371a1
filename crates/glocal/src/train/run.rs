//! One run under way: its epochs, steps and checkpoints.

use std::time::Instant;

use glocal_core::params::Group;
use glocal_core::{EpisodeReadout, EpisodeRecording, Finding, Learner};
use tracing::{debug, info, info_span, trace};

use super::from::network_from;
use super::{Best, Position, Summary, TrainOptions, damaged, load, load_network, seal};
use crate::board::{Board, BoardOutput, Shown};
use crate::config::{MetaSchedule, RunConfig, Select};
use crate::error::GlocalError;
use crate::evaluate::{EvalOptions, Evaluation, evaluate};
use crate::progress::Work;
use crate::run_folder::{Checkpoint, EpochMetrics, RunFolder};
use crate::samples::{Damage, Feed, Part, RunSamples};

/// A run under way.
pub(super) struct Run<'a> {
    config: &'a RunConfig,
    config_hash: String,
    images: &'a RunSamples<'a>,
    folder: &'a RunFolder,
    options: &'a TrainOptions,
    learner: Learner,
    position: Position,
    feed: Feed,
    /// What the hypergradient compares with.
    meta_feed: Feed,
    work: Work,
    clock: Clock,
    findings: Vec<Finding>,
    board: Board,
}

/// What this process has done so far; never part of a result.
struct Clock {
    steps: u64,
    epoch_began: Instant,
    epoch_steps: u64,
    epoch_samples: u64,
    saved: Instant,
}

impl Clock {
    fn start() -> Self {
        let now = Instant::now();
        Clock { steps: 0, epoch_began: now, epoch_steps: 0, epoch_samples: 0, saved: now }
    }

    fn count(&mut self, samples: u64) {
        self.steps += 1;
        self.epoch_steps += 1;
        self.epoch_samples += samples;
    }

    fn begin_epoch(&mut self) {
        *self = Clock { steps: self.steps, saved: self.saved, ..Clock::start() };
    }
}

impl<'a> Run<'a> {
    /// Where the last checkpoint left off, or the beginning.
    pub(super) fn begin(
        config: &'a RunConfig,
        images: &'a RunSamples<'a>,
        folder: &'a RunFolder,
        options: &'a TrainOptions,
    ) -> Result<Self, GlocalError> {
        let (learner, position) = match load(folder, config, Checkpoint::Last)? {
            Some(saved) => saved,
            None => (start(config)?, Position::default()),
        };
        let run = Run {
            config_hash: config.hash(),
            work: Self::start_work(config, images, options, &position),
            clock: Clock::start(),
            feed: Feed::default(),
            meta_feed: Feed::default(),
            findings: Vec::new(),
            board: Board::new(options.board, position.epoch),
            config,
            images,
            folder,
            options,
            learner,
            position,
        };
        run.check_position()?;
        let Position { epoch, batch, .. } = run.position;
        info!(run = %folder.root().display(), epoch, batch, config = %run.config_hash, "begins");
        folder.keep_epochs_before(run.position.epoch)?;
        Ok(run)
    }

    fn start_work(config: &RunConfig, images: &RunSamples<'_>, options: &TrainOptions, position: &Position) -> Work {
        let per_epoch = images.numbers(Part::Train).len() as u64;
        let batch = config.training.batch_size as u64;
        let of_epoch = position.batch.saturating_mul(batch).min(per_epoch);
        let done = position.epoch.saturating_mul(per_epoch).saturating_add(of_epoch);
        let unit = if config.episodes.is_some() { "episodes" } else { "images" };
        options.progress.start(&options.label, unit, config.training.epochs.saturating_mul(per_epoch), done)
    }

    /// A checkpoint may be whole and still not be this run's.
    fn check_position(&self) -> Result<(), GlocalError> {
        let within = self.position.epoch <= self.config.training.epochs && self.position.batch <= self.batches();
        if within {
            return Ok(());
        }
        let message =
            format!("stands at epoch {}, batch {}, beyond the run's end", self.position.epoch, self.position.batch);
        Err(damaged(self.folder.checkpoint_path(Checkpoint::Last), message))
    }

    fn batches(&self) -> u64 {
        self.images.numbers(Part::Train).len().div_ceil(self.config.training.batch_size) as u64
    }

    /// Trains to the end and judges the chosen network.
    pub(super) fn finish(mut self) -> Result<Summary, GlocalError> {
        let epochs = self.config.training.epochs;
        self.options.learning(self.folder, epochs, || {
            while self.position.epoch < epochs {
                self.epoch()?;
            }
            Ok(())
        })?;
        let (mut chosen, _) = match self.config.training.select {
            Select::Last => (self.learner, self.position),
            Select::BestValidation => load_network(self.folder, self.config)?,
        };
        let summary = Summary::of(self.config, self.images, self.folder, &mut chosen, self.position.best)?;
        summary.write(self.folder)?;
        Ok(summary)
    }

    fn epoch(&mut self) -> Result<(), GlocalError> {
        let _span = info_span!("epoch", epoch = self.position.epoch).entered();
        // In the middle of an epoch the checkpoint's learner knows its epoch and what the epoch has shown so far.
        if self.position.batch == 0 {
            self.learner.begin_epoch(self.position.epoch);
        }
        self.clock.begin_epoch();
        let order = self.images.training_order(self.position.epoch);
        let batches = order.chunks(self.config.training.batch_size);
        for numbers in batches.skip(self.position.batch as usize) {
            self.step(numbers)?;
            self.save_or_stop()?;
        }
        self.end_epoch()
    }

    fn step(&mut self, numbers: &[u32]) -> Result<(), GlocalError> {
        self.images.training_batch(&mut self.feed, numbers, self.position.epoch)?;
        let groups = match self.config.training.meta_schedule {
            MetaSchedule::Joint {} => &Group::ALL[..],
            MetaSchedule::SecondOrder { .. } => &[Group::Weights],
        };
        let stepped = self.learner.step_on(self.feed.examples(), groups);
        let report = stepped.map_err(|error| GlocalError::core(self.place())(error))?;
        self.follow_hypergradient(numbers)?;
        trace!(batch = self.position.batch, loss = report.loss, correct = report.correct, "step");
        self.position.count(&report, self.feed.asked().len());
        self.clock.count(numbers.len() as u64);
        self.work.advance(numbers.len() as u64);
        Ok(())
    }

    /// A step of the meta-parameters alone, where it is their turn.
    fn follow_hypergradient(&mut self, numbers: &[u32]) -> Result<(), GlocalError> {
        let MetaSchedule::SecondOrder { weight_steps, gradient } = self.config.training.meta_schedule else {
            return Ok(());
        };
        if !(self.position.batch + 1).is_multiple_of(weight_steps) {
            return Ok(());
        }
        self.images.meta_batch(&mut self.meta_feed, numbers, self.position.epoch)?;
        let (training, other) = (self.feed.examples(), self.meta_feed.examples());
        let stepped = self.learner.hyper_step(training, other, gradient);
        stepped.map(|_| ()).map_err(|error| GlocalError::core(self.place())(error))
    }

    fn place(&self) -> String {
        format!("{}: epoch {}, batch {}", self.options.label, self.position.epoch + 1, self.position.batch + 1)
    }

    fn save_or_stop(&mut self) -> Result<(), GlocalError> {
        if self.options.asks_to_stop(self.clock.steps) {
            self.save(self.position)?;
            return Err(self.options.stopped(
                self.folder,
                (self.position.epoch + 1, self.config.training.epochs),
                None,
            ));
        }
        if self.clock.saved.elapsed() >= self.options.checkpoint_interval && self.position.batch < self.batches() {
            self.save(self.position)?;
        }
        Ok(())
    }

    fn save(&mut self, position: Position) -> Result<(), GlocalError> {
        let bytes = self.bytes(&position);
        debug!(epoch = position.epoch, batch = position.batch, bytes = bytes.len(), "saves a checkpoint");
        self.folder.save_checkpoint(Checkpoint::Last, &bytes)?;
        self.clock.saved = Instant::now();
        Ok(())
    }

    fn bytes(&self, position: &Position) -> Vec<u8> {
        seal::sealed(&self.learner, position.to_metadata(&self.config_hash))
    }

    /// The order matters to a process killed in between: the metrics line is taken back on resume if the checkpoint
    /// that follows it is missing, and the epoch is done again.
    fn end_epoch(&mut self) -> Result<(), GlocalError> {
        let validation = self.validate()?;
        let metrics = self.metrics(validation.as_ref());
        let next = self.keep_if_best(validation.as_ref())?;
        self.folder.append_metrics(&metrics)?;
        let episode = self.recorded_episode()?;
        let shown = Shown { learner: &self.learner, episode: episode.as_ref() };
        self.board.write(self.folder, &metrics, Some(shown))?;
        if next.epoch == self.config.training.epochs || next.epoch.is_multiple_of(self.config.training.checkpoint_every)
        {
            self.save(next)?;
        }
        info!(train_loss = metrics.train_loss, validation_accuracy = metrics.validation_accuracy, "epoch is done");
        self.tell(&metrics);
        self.position = next;
        Ok(())
    }

    /// The first validation episode, for its plastic weights to be shown.
    fn recorded_episode(&mut self) -> Result<Option<EpisodeRecording>, GlocalError> {
        let plastic = matches!(self.config.learner.network.episode, Some(EpisodeReadout::Plastic { .. }));
        if self.options.board == BoardOutput::Off || !plastic || !self.config.is_plastic() {
            return Ok(None);
        }
        let mut feed = Feed::default();
        self.images.evaluation_batch(&mut feed, Part::Validation, &[0], &Damage::none())?;
        Ok(Some(self.learner.record_episode(feed.examples())?))
    }

    fn validate(&mut self) -> Result<Option<Evaluation>, GlocalError> {
        if self.images.numbers(Part::Validation).is_empty() {
            return Ok(None);
        }
        let plastic = self.config.training.validation_plastic.into();
        let options = EvalOptions { plastic, damage: Damage::none(), batch: self.config.eval_batch() };
        evaluate(&mut self.learner, self.images, Part::Validation, &options).map(Some)
    }

    /// Saves the network if no earlier one was as good; returns the next epoch's position.
    fn keep_if_best(&self, validation: Option<&Evaluation>) -> Result<Position, GlocalError> {
        let mut next = self.position.next_epoch();
        let Some(accuracy) = validation.map(|v| v.accuracy) else { return Ok(next) };
        if next.best.is_none_or(|best| accuracy > best.accuracy) {
            next.best = Some(Best { epoch: self.position.epoch, accuracy });
            if self.config.training.select == Select::BestValidation {
                self.folder.save_checkpoint(Checkpoint::Best, &self.bytes(&next))?;
            }
        }
        Ok(next)
    }

    fn metrics(&self, validation: Option<&Evaluation>) -> EpochMetrics {
        let seconds = self.clock.epoch_began.elapsed().as_secs_f64();
        EpochMetrics {
            epoch: self.position.epoch,
            train_loss: self.position.mean_loss(),
            train_accuracy: self.position.accuracy(),
            validation_loss: validation.map(|v| v.loss),
            validation_accuracy: validation.map(|v| v.accuracy),
            samples_per_s: self.clock.epoch_samples as f64 / seconds.max(1e-9),
            seconds,
            step_ms: 1e3 * seconds / self.clock.epoch_steps.max(1) as f64,
            health: self.learner.health(),
        }
    }

    /// The epoch's line, and the findings that the epoch before did not have.
    fn tell(&mut self, metrics: &EpochMetrics) {
        self.work.stage(&metrics.line(self.config.training.epochs));
        let known =
            |finding: &Finding| self.findings.iter().any(|f| f.layer == finding.layer && f.hint == finding.hint);
        for finding in metrics.health.iter().filter(|finding| !known(finding)) {
            self.work.say(&describe(finding));
        }
        self.findings.clone_from(&metrics.health);
    }
}

/// The network that a run begins with.
fn start(config: &RunConfig) -> Result<Learner, GlocalError> {
    match &config.training.from {
        Some(from) => network_from(from, config),
        None => Ok(Learner::new(config.learner.clone(), config.training.seed)?),
    }
}

/// A finding of the health check as two lines.
fn describe(finding: &Finding) -> String {
    let severity = match finding.severity {
        glocal_core::learner::Severity::Note => "note",
        glocal_core::learner::Severity::Warning => "warning",
    };
    format!("{severity}: {}: {}\n  hint: {}", finding.layer, finding.what, finding.hint)
}
