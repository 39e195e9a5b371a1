//! The training loop: epochs of shuffled batches, validation, metrics, checkpoints, and continuing to the same bits.
//!
//! A run's result depends on its config alone: not on the thread count, the clock, or how often it was stopped and
//! continued. Everything random is forked by name from the config's seed, and everything that training moves is in the
//! checkpoint: the [`Learner`]'s arrays and the loop's own [`Position`].

mod position;
mod seal;
mod summary;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use glocal_core::{Finding, Learner};
use glocal_data::Locations;

use crate::config::parse::Source;
use crate::config::{RunConfig, Select};
use crate::error::GlocalError;
use crate::evaluate::{EvalOptions, Evaluation, evaluate};
use crate::images::{Feed, Images, Part, RunImages};
use crate::interrupt::StopSignal;
use crate::progress::{Progress, Work};
use crate::run_folder::{Checkpoint, EpochMetrics, RunFolder, is_occupied};

pub use position::{Best, Position};
pub use summary::Summary;

/// How a run is carried out: nothing here changes its result.
#[derive(Clone, Debug)]
pub struct TrainOptions {
    /// Where data sets are looked for.
    pub locations: Locations,
    /// Whether the output folder is new.
    pub start: Start,
    /// Where progress is told.
    pub progress: Progress,
    /// What the run is called in messages.
    pub label: String,
    /// Who may ask it to stop.
    pub stop: StopSignal,
    /// Save and stop after so many steps of this process, as a wish to stop would.
    pub stop_after_steps: Option<u64>,
    /// Longest time without a checkpoint within an epoch.
    pub checkpoint_interval: Duration,
    /// Where the config's values stand, for messages.
    pub source: Option<Source>,
    /// The command that goes on after a stop; absent: `glocal train --resume RUN`.
    pub resume_command: Option<String>,
}

/// Whether a run begins or goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// In a folder that is not there yet, or empty.
    #[default]
    New,
    /// From the folder's last checkpoint; anew if there is none yet.
    Resume,
    /// Whichever of the two fits.
    NewOrResume,
}

impl TrainOptions {
    /// A new, silent run with a checkpoint a minute.
    pub fn new(locations: Locations) -> Self {
        TrainOptions {
            locations,
            start: Start::New,
            progress: Progress::Silent,
            label: "run".into(),
            stop: StopSignal::default(),
            stop_after_steps: None,
            checkpoint_interval: Duration::from_secs(60),
            source: None,
            resume_command: None,
        }
    }
}

/// Trains the network of `config` and leaves everything in the folder `out`.
///
/// # Errors
/// Bad config, data or folder; a disk that refuses; divergence; or [`GlocalError::Stopped`] after a wish to stop. The
/// folder's files are whole in each case.
pub fn train(config: &RunConfig, out: &Path, options: &TrainOptions) -> Result<Summary, GlocalError> {
    let images = Images::load(&config.data.dataset, &options.locations)?;
    train_on(&images, config, out, options)
}

/// As [`train`], on images that are loaded already.
///
/// # Errors
/// As [`train`].
pub fn train_on(
    images: &Images,
    config: &RunConfig,
    out: &Path,
    options: &TrainOptions,
) -> Result<Summary, GlocalError> {
    config.validate()?;
    let images = RunImages::new(images, config, options.source.as_ref())?;
    let folder = open_folder(config, out, options.start)?;
    match Summary::read(&folder)? {
        Some(finished) => Ok(finished),
        None => Run::begin(config, &images, &folder, options)?.finish(),
    }
}

fn open_folder(config: &RunConfig, out: &Path, start: Start) -> Result<RunFolder, GlocalError> {
    let resume = match start {
        Start::New => false,
        Start::Resume => true,
        Start::NewOrResume => is_occupied(out)?,
    };
    if !resume {
        return RunFolder::create(out, config);
    }
    let folder = RunFolder::open(out)?;
    match folder.config()?.differences(config) {
        keys if keys.is_empty() => Ok(folder),
        keys => Err(GlocalError::ConfigChanged { run: out.to_owned(), keys }),
    }
}

/// The network that is the result of a run, or, of an unfinished one, the last saved; with the epochs it has seen.
///
/// # Errors
/// There is no checkpoint yet, or it is damaged.
pub fn load_network(folder: &RunFolder, config: &RunConfig) -> Result<(Learner, Position), GlocalError> {
    let which = match config.training.select {
        Select::BestValidation => Checkpoint::Best,
        Select::Last => Checkpoint::Last,
    };
    let found = match load(folder, config, which)? {
        None => load(folder, config, Checkpoint::Last)?,
        found => found,
    };
    found.ok_or_else(|| GlocalError::RunFolder {
        path: folder.root().to_owned(),
        message: "has no checkpoint yet".into(),
        hint: format!("train it first: `glocal train --resume {}`", folder.root().display()),
    })
}

fn load(folder: &RunFolder, config: &RunConfig, which: Checkpoint) -> Result<Option<(Learner, Position)>, GlocalError> {
    let Some(bytes) = folder.load_checkpoint(which)? else { return Ok(None) };
    let path = folder.checkpoint_path(which);
    if !seal::is_intact(&bytes) {
        return Err(damaged(path, "is damaged: its checksum does not match".into()));
    }
    let (learner, metadata) =
        Learner::from_bytes(config.learner.clone(), &bytes).map_err(GlocalError::core(path.display().to_string()))?;
    let position = Position::from_metadata(&metadata, &config.hash()).map_err(|message| damaged(path, message))?;
    Ok(Some((learner, position)))
}

fn damaged(path: PathBuf, message: String) -> GlocalError {
    let hint = "restore the run's own files, or start a new run with --out".into();
    GlocalError::RunFolder { path, message, hint }
}

/// A run under way.
struct Run<'a> {
    config: &'a RunConfig,
    config_hash: String,
    images: &'a RunImages<'a>,
    folder: &'a RunFolder,
    options: &'a TrainOptions,
    learner: Learner,
    position: Position,
    feed: Feed,
    work: Work,
    clock: Clock,
    findings: Vec<Finding>,
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
    fn begin(
        config: &'a RunConfig,
        images: &'a RunImages<'a>,
        folder: &'a RunFolder,
        options: &'a TrainOptions,
    ) -> Result<Self, GlocalError> {
        let (learner, position) = match load(folder, config, Checkpoint::Last)? {
            Some(saved) => saved,
            None => (Learner::new(config.learner.clone(), config.training.seed)?, Position::default()),
        };
        let run = Run {
            config_hash: config.hash(),
            work: Self::start_work(config, images, options, &position),
            clock: Clock::start(),
            feed: Feed::default(),
            findings: Vec::new(),
            config,
            images,
            folder,
            options,
            learner,
            position,
        };
        run.check_position()?;
        folder.keep_epochs_before(run.position.epoch)?;
        Ok(run)
    }

    fn start_work(config: &RunConfig, images: &RunImages<'_>, options: &TrainOptions, position: &Position) -> Work {
        let per_epoch = images.numbers(Part::Train).len() as u64;
        let done = position.epoch.saturating_mul(per_epoch).saturating_add(position.seen);
        options.progress.start(&options.label, config.training.epochs.saturating_mul(per_epoch), done)
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

    fn finish(mut self) -> Result<Summary, GlocalError> {
        while self.position.epoch < self.config.training.epochs {
            self.epoch()?;
        }
        let (mut chosen, _) = match self.config.training.select {
            Select::Last => (self.learner, self.position),
            Select::BestValidation => load_network(self.folder, self.config)?,
        };
        let summary = Summary::of(self.config, self.images, self.folder, &mut chosen, self.position.best)?;
        summary.write(self.folder)?;
        Ok(summary)
    }

    fn epoch(&mut self) -> Result<(), GlocalError> {
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
        let stepped = self.learner.step(self.feed.input(), self.feed.labels());
        let report = stepped.map_err(|error| GlocalError::core(self.place())(error))?;
        self.position.count(&report, numbers.len());
        self.clock.count(numbers.len() as u64);
        self.work.advance(numbers.len() as u64);
        Ok(())
    }

    fn place(&self) -> String {
        format!("{}: epoch {}, batch {}", self.options.label, self.position.epoch + 1, self.position.batch + 1)
    }

    fn save_or_stop(&mut self) -> Result<(), GlocalError> {
        let enough = self.options.stop_after_steps.is_some_and(|most| self.clock.steps >= most);
        if enough || self.options.stop.is_requested() {
            self.save(self.position)?;
            return Err(GlocalError::Stopped {
                run: self.folder.root().to_owned(),
                epoch: self.position.epoch + 1,
                epochs: self.config.training.epochs,
                command: self.resume_command(),
            });
        }
        if self.clock.saved.elapsed() >= self.options.checkpoint_interval && self.position.batch < self.batches() {
            self.save(self.position)?;
        }
        Ok(())
    }

    fn resume_command(&self) -> String {
        let own = || format!("glocal train --resume {}", self.folder.root().display());
        self.options.resume_command.clone().unwrap_or_else(own)
    }

    fn save(&mut self, position: Position) -> Result<(), GlocalError> {
        self.folder.save_checkpoint(Checkpoint::Last, &self.bytes(&position))?;
        self.clock.saved = Instant::now();
        Ok(())
    }

    fn bytes(&self, position: &Position) -> Vec<u8> {
        let mut metadata = position.to_metadata(&self.config_hash);
        metadata.insert(seal::KEY.into(), seal::placeholder());
        seal::seal(self.learner.to_bytes(&metadata))
    }

    /// The order matters to a process killed in between: the metrics line is taken back on resume if the checkpoint
    /// that follows it is missing, and the epoch is done again.
    fn end_epoch(&mut self) -> Result<(), GlocalError> {
        let validation = self.validate()?;
        let metrics = self.metrics(validation.as_ref());
        let next = self.keep_if_best(validation.as_ref())?;
        self.folder.append_metrics(&metrics)?;
        if next.epoch == self.config.training.epochs || next.epoch.is_multiple_of(self.config.training.checkpoint_every)
        {
            self.save(next)?;
        }
        self.tell(&metrics);
        self.position = next;
        Ok(())
    }

    fn validate(&mut self) -> Result<Option<Evaluation>, GlocalError> {
        if self.images.numbers(Part::Validation).is_empty() {
            return Ok(None);
        }
        let plastic = self.config.training.validation_plastic.into();
        let options = EvalOptions { plastic, corruption: None, batch: self.config.eval_batch() };
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

/// A finding of the health check as two lines.
fn describe(finding: &Finding) -> String {
    let severity = match finding.severity {
        glocal_core::learner::Severity::Note => "note",
        glocal_core::learner::Severity::Warning => "warning",
    };
    format!("{severity}: {}: {}\n  hint: {}", finding.layer, finding.what, finding.hint)
}
