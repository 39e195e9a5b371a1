//! The training loop: epochs of shuffled batches, validation, metrics, checkpoints, and continuing to the same bits.
//!
//! A run's result depends on its config alone: not on the thread count, the clock, or how often it was stopped and
//! continued. Everything random is forked by name from the config's seed, and everything that training moves is in the
//! checkpoint: the [`Learner`]'s arrays and the loop's own [`Position`].

mod from;
mod memory;
mod position;
mod run;
pub(crate) mod seal;
mod summary;

use std::path::{Path, PathBuf};
use std::time::Duration;

use glocal_core::Learner;
use glocal_data::Locations;
use tracing::{debug, info, info_span};

use crate::board::BoardOutput;
use crate::config::parse::Source;
use crate::config::{RunConfig, Select};
use crate::continual::{self, ContinualConfig, Tasks};
use crate::error::GlocalError;
use crate::interrupt::StopSignal;
use crate::progress::Progress;
use crate::run_folder::{Checkpoint, RunFolder, is_occupied};
use crate::samples::{RunSamples, Samples};

use from::network_from;
use run::Run;

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
    /// Whether event files for TensorBoard are written.
    pub board: BoardOutput,
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
            board: BoardOutput::default(),
            source: None,
            resume_command: None,
        }
    }

    /// Whether a process that has taken so many steps is to stop.
    pub(crate) fn asks_to_stop(&self, steps: u64) -> bool {
        self.stop_after_steps.is_some_and(|most| steps >= most) || self.stop.is_requested()
    }

    /// Learns the rest of the run's epochs by `learn`, which heeds the stop signal and saves. What comes afterwards heeds no signal, so
    /// an answer is given here to one that came too late for `learn`.
    pub(crate) fn learning(
        &self,
        folder: &RunFolder,
        epochs: u64,
        learn: impl FnOnce() -> Result<(), GlocalError>,
    ) -> Result<(), GlocalError> {
        let heeded = self.stop.heed();
        learn()?;
        drop(heeded);
        if self.stop.is_requested() { Err(self.stopped(folder, (epochs, epochs), None)) } else { Ok(()) }
    }

    /// What a run says that stops in epoch `epoch` of so many, from 1; `since` what it will begin again, if it saves at larger
    /// steps.
    pub(crate) fn stopped(
        &self,
        folder: &RunFolder,
        (epoch, epochs): (u64, u64),
        since: Option<String>,
    ) -> GlocalError {
        let own = || format!("glocal train --resume {}", folder.root().display());
        let command = self.resume_command.clone().unwrap_or_else(own);
        GlocalError::Stopped { run: folder.root().to_owned(), epoch, epochs, since, command }
    }
}

/// Trains the network of `config` and leaves everything in the folder `out`.
///
/// # Errors
/// Bad config, data or folder; a disk that refuses; divergence; or [`GlocalError::Stopped`] after a wish to stop. The
/// folder's files are whole in each case.
pub fn train(config: &RunConfig, out: &Path, options: &TrainOptions) -> Result<Summary, GlocalError> {
    if let Some(continual) = &config.continual {
        return train_tasks(config, continual, out, options);
    }
    let images = Samples::of(config, &options.locations)?;
    train_on(&images, config, out, options)
}

/// As [`train`], on images that are loaded already.
///
/// # Errors
/// As [`train`].
pub fn train_on(
    images: &Samples,
    config: &RunConfig,
    out: &Path,
    options: &TrainOptions,
) -> Result<Summary, GlocalError> {
    config.validate()?;
    let _span = info_span!("train", run = %options.label).entered();
    let images = RunSamples::new(images, config, options.source.as_ref())?;
    memory::check(config, images.most_samples())?;
    if let (Start::New, Some(from)) = (options.start, &config.training.from) {
        // Refused before there is a folder.
        network_from(from, config)?;
    }
    let folder = open_folder(config, out, options.start)?;
    match Summary::read(&folder)? {
        Some(finished) => {
            info!(run = %out.display(), "is finished already");
            Ok(finished)
        }
        None => Run::begin(config, &images, &folder, options)?.finish(),
    }
}

/// As [`train`], several tasks.
fn train_tasks(
    config: &RunConfig,
    continual: &ContinualConfig,
    out: &Path,
    options: &TrainOptions,
) -> Result<Summary, GlocalError> {
    config.validate()?;
    let tasks = Tasks::open(config, continual, (&options.locations, options.source.as_ref()))?;
    let folder = open_folder(config, out, options.start)?;
    match Summary::read(&folder)? {
        Some(finished) => Ok(finished),
        None => continual::learn(tasks, continual, &folder, options),
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
    let before = folder.config()?;
    match before.differences(config) {
        keys if keys.is_empty() => Ok(folder),
        _ if continual::may_differ(&before, config) => {
            Summary::remove(&folder)?;
            folder.replace_config(config)?;
            Ok(folder)
        }
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

/// A new run's folder with a network that is already there: `train --resume` trains it from the first epoch on.
///
/// # Errors
/// The folder is in use, or cannot be written.
pub fn create_with_network(root: &Path, config: &RunConfig, learner: &Learner) -> Result<RunFolder, GlocalError> {
    let folder = RunFolder::create(root, config)?;
    let metadata = Position::default().to_metadata(&config.hash());
    folder.save_checkpoint(Checkpoint::Last, &seal::sealed(learner, metadata))?;
    Ok(folder)
}

fn load(folder: &RunFolder, config: &RunConfig, which: Checkpoint) -> Result<Option<(Learner, Position)>, GlocalError> {
    if config.continual.is_some() {
        return Err(GlocalError::RunFolder {
            path: folder.root().to_owned(),
            message: "learned several tasks: it has a network for each of them".into(),
            hint: "continual.json in the folder has its figures, `glocal report` shows them".into(),
        });
    }
    let Some(bytes) = intact_checkpoint(folder, which)? else { return Ok(None) };
    debug!(checkpoint = %folder.checkpoint_path(which).display(), bytes = bytes.len(), "reads a checkpoint");
    let path = folder.checkpoint_path(which);
    let (learner, metadata) =
        Learner::from_bytes(config.learner.clone(), &bytes).map_err(GlocalError::core(path.display().to_string()))?;
    let position = Position::from_metadata(&metadata, &config.hash()).map_err(|message| damaged(path, message))?;
    Ok(Some((learner, position)))
}

/// The bytes of a checkpoint whose checksum is right; `None` if there is none yet.
pub(crate) fn intact_checkpoint(folder: &RunFolder, which: Checkpoint) -> Result<Option<Vec<u8>>, GlocalError> {
    let bytes = folder.load_checkpoint(which)?;
    if bytes.as_ref().is_some_and(|bytes| !seal::is_intact(bytes)) {
        return Err(damaged(folder.checkpoint_path(which), "is damaged: its checksum does not match".into()));
    }
    Ok(bytes)
}

pub(crate) fn damaged(path: PathBuf, message: String) -> GlocalError {
    let hint = "restore the run's own files, or start a new run with --out".into();
    GlocalError::RunFolder { path, message, hint }
}
