//! A run's folder on disk, and the only place that writes to it.
//!
//! ```text
//! RUN/config.toml                  the resolved config
//! RUN/metrics.jsonl                one EpochMetrics per line
//! RUN/events.out.tfevents.*        the same and more for TensorBoard, a file of each process that trained
//! RUN/checkpoints/last.safetensors where --resume continues
//! RUN/checkpoints/best.safetensors the network with the best validation accuracy, if the run selects by it
//! RUN/summary.json                 the result, and what reproduces it; its presence says that the run is finished
//! ```
//!
//! Whole files are written to a temporary name, synced, renamed, and the folder synced: at any moment, even when the
//! machine dies or the disk fills, each file is the old one or the new one. A metrics line that does not fit is taken
//! back.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use glocal_data::whole_file::{self, TEMPORARY_PREFIX};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::config::RunConfig;
use crate::error::GlocalError;

/// A run's folder, held by this process alone.
#[derive(Debug)]
pub struct RunFolder {
    root: PathBuf,
    _lock: Option<File>,
}

/// Which of a run's checkpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checkpoint {
    /// Where the run goes on.
    Last,
    /// Best validation accuracy so far.
    Best,
}

impl Checkpoint {
    fn file_name(self) -> &'static str {
        match self {
            Checkpoint::Last => "last.safetensors",
            Checkpoint::Best => "best.safetensors",
        }
    }
}

/// What one epoch showed: a line of metrics.jsonl.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochMetrics {
    /// From 0.
    pub epoch: u64,
    /// Mean over the epoch's samples, each before the step that learned from it.
    pub train_loss: f64,
    /// Share of the epoch's samples, 0..=1.
    pub train_accuracy: f64,
    /// Mean over the validation samples; absent without validation.
    pub validation_loss: Option<f64>,
    /// Share of the validation samples, 0..=1.
    pub validation_accuracy: Option<f64>,
    /// Training samples per second of wall time, in the part of the epoch that this process ran.
    pub samples_per_s: f64,
    /// Wall time in seconds of that part.
    pub seconds: f64,
    /// Mean wall time of a training step in milliseconds.
    pub step_ms: f64,
    /// Findings of the health check.
    pub health: Vec<glocal_core::Finding>,
}

impl EpochMetrics {
    /// In one line, for a log.
    pub fn line(&self, epochs: u64) -> String {
        let epoch = self.epoch + 1;
        let train = format!("loss {:.5}  train {:.1} %", self.train_loss, 100.0 * self.train_accuracy);
        let validation = self.validation_accuracy.map_or(String::new(), |a| format!("  validation {:.1} %", 100.0 * a));
        format!("epoch {epoch}/{epochs}  {train}{validation}")
    }
}

impl RunFolder {
    /// A new run's folder, with its config.
    ///
    /// # Errors
    /// `root` exists and is not empty (nothing in it is touched), or cannot be written.
    pub fn create(root: &Path, config: &RunConfig) -> Result<RunFolder, GlocalError> {
        if is_occupied(root)? {
            return Err(GlocalError::OutputExists(root.to_owned()));
        }
        fs::create_dir_all(root.join("checkpoints")).map_err(GlocalError::write(root))?;
        let folder = Self::locked(root)?;
        write_atomically(&folder.path("config.toml"), config.to_toml().as_bytes())?;
        Ok(folder)
    }

    /// An existing run's folder, to go on writing in it.
    ///
    /// # Errors
    /// `root` is no run folder, or another process writes in it.
    pub fn open(root: &Path) -> Result<RunFolder, GlocalError> {
        let _ = Self::read_only(root)?;
        fs::create_dir_all(root.join("checkpoints")).map_err(GlocalError::write(root))?;
        Self::locked(root)
    }

    /// An existing run's folder, to read.
    ///
    /// # Errors
    /// `root` is no run folder.
    pub fn read_only(root: &Path) -> Result<RunFolder, GlocalError> {
        if !root.join("config.toml").is_file() {
            return Err(GlocalError::RunFolder {
                path: root.to_owned(),
                message: "is not a run folder: it has no config.toml".into(),
                hint: "give the folder that `glocal train --out` wrote".into(),
            });
        }
        Ok(RunFolder { root: root.to_owned(), _lock: None })
    }

    fn locked(root: &Path) -> Result<RunFolder, GlocalError> {
        let path = root.join(".lock");
        let file = File::create(&path).map_err(GlocalError::write(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            // Some network file systems have no locks: then the user alone keeps two processes apart.
            Err(fs::TryLockError::Error(source)) if source.kind() == io::ErrorKind::Unsupported => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(GlocalError::RunFolder {
                    path: root.to_owned(),
                    message: "another process is training in this folder".into(),
                    hint: "wait for it to end, or choose another folder with --out".into(),
                });
            }
            Err(fs::TryLockError::Error(source)) => return Err(GlocalError::Write { path, source }),
        }
        let folder = RunFolder { root: root.to_owned(), _lock: Some(file) };
        folder.tidy().map_err(GlocalError::write(root))?;
        Ok(folder)
    }

    fn tidy(&self) -> io::Result<()> {
        remove_temporary_files(&self.root)?;
        remove_temporary_files(&self.path("checkpoints"))
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file of the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The resolved config.
    ///
    /// # Errors
    /// It cannot be read or is no longer right.
    pub fn config(&self) -> Result<RunConfig, GlocalError> {
        RunConfig::load(&self.path("config.toml"), &[])
    }

    /// Takes another config from now on.
    ///
    /// # Errors
    /// The disk refuses; the old config is intact.
    pub fn replace_config(&self, config: &RunConfig) -> Result<(), GlocalError> {
        write_atomically(&self.path("config.toml"), config.to_toml().as_bytes())
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn remove(&self, name: &str) -> Result<(), GlocalError> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(GlocalError::Write { path, source }),
            _ => Ok(()),
        }
    }

    /// The path of a checkpoint.
    pub fn checkpoint_path(&self, which: Checkpoint) -> PathBuf {
        self.root.join("checkpoints").join(which.file_name())
    }

    /// Writes a checkpoint; the old one is whole until the new one is.
    ///
    /// # Errors
    /// The disk refuses; the old checkpoint is intact.
    pub fn save_checkpoint(&self, which: Checkpoint, bytes: &[u8]) -> Result<(), GlocalError> {
        write_atomically(&self.checkpoint_path(which), bytes)
    }

    /// The bytes of a checkpoint; `None` if there is none yet.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn load_checkpoint(&self, which: Checkpoint) -> Result<Option<Vec<u8>>, GlocalError> {
        read_if_there(&self.checkpoint_path(which))
    }

    /// Appends one line to metrics.jsonl.
    ///
    /// # Errors
    /// The disk refuses; no part of the line stays.
    pub fn append_metrics(&self, metrics: &EpochMetrics) -> Result<(), GlocalError> {
        self.append("metrics.jsonl", format!("{}\n", to_json_line(metrics)).as_bytes())
    }

    /// Appends bytes to a file, new or not.
    ///
    /// # Errors
    /// The disk refuses; no part of the bytes stays.
    pub fn append(&self, name: &str, bytes: &[u8]) -> Result<(), GlocalError> {
        let path = self.path(name);
        append(&path, bytes).map_err(GlocalError::write(&path))
    }

    /// Names of the folder's files, sorted.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn names(&self) -> Result<Vec<String>, GlocalError> {
        let hint = || "check the folder's permissions".to_owned();
        let read = |source| GlocalError::Read { path: self.root.clone(), source, hint: hint() };
        let entries = fs::read_dir(&self.root).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(read)?;
        let mut names: Vec<String> = entries.iter().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        Ok(names)
    }

    /// Every whole line of metrics.jsonl.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn metrics(&self) -> Result<Vec<EpochMetrics>, GlocalError> {
        let bytes = read_if_there(&self.path("metrics.jsonl"))?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        Ok(text.lines().map_while(|line| serde_json::from_str(line).ok()).collect())
    }

    /// Drops the lines of epochs that the checkpoint does not hold, and what a killed process left half-written.
    ///
    /// # Errors
    /// The disk refuses; the file is as before.
    pub fn keep_epochs_before(&self, epoch: u64) -> Result<(), GlocalError> {
        let path = self.path("metrics.jsonl");
        let bytes = read_if_there(&path)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let earlier = |line: &&str| serde_json::from_str::<EpochMetrics>(line).is_ok_and(|m| m.epoch < epoch);
        let kept: String = text.lines().take_while(earlier).map(|line| format!("{line}\n")).collect();
        if kept.as_bytes() == bytes { Ok(()) } else { write_atomically(&path, kept.as_bytes()) }
    }

    /// Writes `name` as indented JSON.
    ///
    /// # Errors
    /// The disk refuses; an older file is intact.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), GlocalError> {
        write_json(&self.path(name), value)
    }

    /// Reads `name` as JSON; `None` if it is not there.
    ///
    /// # Errors
    /// It cannot be read, or holds something else.
    pub fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, GlocalError> {
        let path = self.path(name);
        let Some(bytes) = read_if_there(&path)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|e| GlocalError::RunFolder {
            path,
            message: format!("is damaged: {e}"),
            hint: "remove the file and run again with --resume".into(),
        })
    }
}

/// Whether `root` exists and holds anything but what a run killed in its first moment left there.
///
/// # Errors
/// The folder cannot be read.
pub fn is_occupied(root: &Path) -> Result<bool, GlocalError> {
    match fs::read_dir(root) {
        Ok(entries) => Ok(entries.flatten().any(|entry| !is_birth_remnant(&entry))),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) if e.kind() == io::ErrorKind::NotADirectory => Ok(true),
        Err(source) => {
            Err(GlocalError::Read { path: root.to_owned(), source, hint: "choose another folder with --out".into() })
        }
    }
}

fn is_birth_remnant(entry: &fs::DirEntry) -> bool {
    let name = entry.file_name();
    let is_empty = || fs::read_dir(entry.path()).is_ok_and(|mut entries| entries.next().is_none());
    name == ".lock" || name.to_string_lossy().starts_with(TEMPORARY_PREFIX) || name == "checkpoints" && is_empty()
}

/// Writes a whole file: temporary name, sync, rename, sync of the folder.
///
/// # Errors
/// The disk refuses; an older file is intact and no temporary file stays.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), GlocalError> {
    whole_file::write(path, bytes).map_err(GlocalError::write(path))
}

/// Writes indented JSON atomically.
///
/// # Errors
/// As [`write_atomically`].
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<(), GlocalError> {
    let mut text = serde_json::to_string_pretty(value).expect("results are trees of numbers and words");
    text.push('\n');
    write_atomically(path, text.as_bytes())
}

/// Removes what a killed process left half-written.
fn remove_temporary_files(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(TEMPORARY_PREFIX) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    let before = file.metadata()?.len();
    let written = file.write_all(bytes).and_then(|()| file.sync_data());
    if written.is_err() {
        file.set_len(before)?;
    }
    written
}

fn to_json_line(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("metrics are numbers and words")
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, GlocalError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => {
            Err(GlocalError::Read { path: path.to_owned(), source, hint: "check the file's permissions".into() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_appended_stands_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        append(&path, b"one\n").unwrap();
        append(&path, b"two\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    }

    #[test]
    fn an_atomic_write_replaces_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write_atomically(&path, b"old").unwrap();
        write_atomically(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write_atomically(Path::new("/dev/null/file"), b"x").is_err());
    }
}
