//! TensorBoard event files: what the epochs of a run showed, beside its `metrics.jsonl`.
//!
//! Each process that trains in a run folder writes a file of its own, `events.out.tfevents.NNNNNNNNNN.glocal`, numbered in
//! the order of the processes; TensorBoard reads a folder's files in the order of their names as one run. A file begins
//! with a `SessionLog` whose status is START and whose step is the first that follows: readers drop what earlier files
//! hold from that step on, so that epochs done again by `--resume` are shown once.
//!
//! A step is an epoch, from 1. Nothing here changes a result: the only thing in a file that two equal runs do not share is
//! the time of day.

mod histogram;
mod message;
mod network;
mod record;

use std::time::{SystemTime, UNIX_EPOCH};

use glocal_core::{EpisodeRecording, Learner};
use prost::Message;

use crate::error::GlocalError;
use crate::run_folder::{EpochMetrics, RunFolder};
use message::{Event, SessionLog, SessionStatus, Summary, Value, event::What};

/// Whether a run writes event files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BoardOutput {
    /// Scalars, histograms and pictures of each epoch.
    #[default]
    Full,
    /// None.
    Off,
}

impl BoardOutput {
    /// Everything, unless `none` is wanted.
    pub fn unless(none: bool) -> BoardOutput {
        if none { BoardOutput::Off } else { BoardOutput::Full }
    }
}

/// What the names of event files begin with; TensorBoard finds them by it.
pub const PREFIX: &str = "events.out.tfevents.";

/// Version of the format that the first record of each file names.
const FILE_VERSION: &str = "brain.Event:2";

/// What of a network is shown after an epoch.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The network.
    pub learner: &'a Learner,
    /// An episode, whose plastic weights end with it: no array of the learner holds them.
    pub episode: Option<&'a EpisodeRecording>,
}

impl<'a> From<&'a Learner> for Shown<'a> {
    fn from(learner: &'a Learner) -> Self {
        Shown { learner, episode: None }
    }
}

/// The event file of one process.
#[derive(Debug)]
pub struct Board {
    output: BoardOutput,
    /// Epochs that earlier processes finished.
    epochs_before: u64,
    /// Absent until there is something to write: a process without an epoch leaves no file.
    file: Option<String>,
}

impl Board {
    /// For a process that goes on after so many epochs.
    pub fn new(output: BoardOutput, epochs_before: u64) -> Board {
        Board { output, epochs_before, file: None }
    }

    /// Writes what an epoch showed, and what the network is after it, if there is one to be shown.
    ///
    /// # Errors
    /// The disk refuses; no part of the epoch stays in the file.
    pub fn write(
        &mut self,
        folder: &RunFolder,
        metrics: &EpochMetrics,
        shown: Option<Shown<'_>>,
    ) -> Result<(), GlocalError> {
        if self.output == BoardOutput::Off {
            return Ok(());
        }
        let _span = tracing::debug_span!("board", epoch = metrics.epoch).entered();
        let mut values = scalars(metrics);
        values.extend(shown.into_iter().flat_map(|shown| network::values(shown, metrics.epoch)));
        let name = self.file(folder)?;
        folder.append(&name, &record(metrics.epoch + 1, What::Summary(Summary { values })))
    }

    /// The name of this process's file, begun if there is none yet.
    fn file(&mut self, folder: &RunFolder) -> Result<String, GlocalError> {
        if let Some(name) = &self.file {
            return Ok(name.clone());
        }
        let name = format!("{PREFIX}{:010}.glocal", next_number(&folder.names()?));
        let start = SessionLog { status: SessionStatus::Start.into() };
        let mut bytes = record(0, What::FileVersion(FILE_VERSION.into()));
        bytes.extend(record(self.epochs_before + 1, What::SessionLog(start)));
        tracing::debug!(file = name, first_step = self.epochs_before + 1, "begins an event file");
        folder.append(&name, &bytes)?;
        Ok(self.file.insert(name).clone())
    }
}

fn record(step: u64, what: What) -> Vec<u8> {
    let event = Event { wall_time: now(), step: i64::try_from(step).unwrap_or(i64::MAX), what: Some(what) };
    record::framed(&event.encode_to_vec())
}

/// Seconds since 1970; readers show it, no result holds it.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// One more than the largest number of an event file among `names`.
fn next_number(names: &[String]) -> u64 {
    let number = |name: &String| name.strip_prefix(PREFIX)?.split('.').next()?.parse::<u64>().ok();
    names.iter().filter_map(number).max().map_or(0, |last| last.saturating_add(1))
}

/// Every number of a line of metrics.jsonl.
fn scalars(metrics: &EpochMetrics) -> Vec<Value> {
    let found = [
        ("loss/train", Some(metrics.train_loss)),
        ("loss/validation", metrics.validation_loss),
        ("accuracy/train", Some(metrics.train_accuracy)),
        ("accuracy/validation", metrics.validation_accuracy),
        ("speed/samples_per_s", Some(metrics.samples_per_s)),
        ("speed/step_ms", Some(metrics.step_ms)),
        ("speed/epoch_seconds", Some(metrics.seconds)),
        ("health/findings", Some(metrics.health.len() as f64)),
    ];
    found.into_iter().filter_map(|(tag, value)| value.map(|value| Value::scalar(tag, value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_numbered_in_the_order_of_their_processes() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(next_number(&names(&["config.toml", "metrics.jsonl"])), 0);
        let there = ["events.out.tfevents.0000000000.glocal", "events.out.tfevents.0000000009.glocal"];
        assert_eq!(next_number(&names(&there)), 10);
        // One that another program left there counts, too: it would be read before ours.
        assert_eq!(next_number(&names(&["events.out.tfevents.1700000000.host.7.0"])), 1_700_000_001);
    }
}
