//! What a checkpoint of several tasks holds beside arrays: which run it is of, and the figures so far.

use std::collections::BTreeMap;
use std::path::PathBuf;

use glocal_core::checkpoint::{self, Arrays, Named};

use super::config::of_any_length;
use super::figures::ContinualFigures;
use crate::config::RunConfig;
use crate::error::GlocalError;
use crate::run_folder::{Checkpoint, RunFolder};
use crate::train::{damaged, intact_checkpoint, seal};

const HASH: &str = "config_hash";
const FIGURES: &str = "figures";

/// The bytes of a run's last checkpoint.
pub(super) struct Saved {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// Words beside the arrays, by name.
pub(super) type Words = BTreeMap<String, String>;

impl Saved {
    /// `None` before the first one.
    ///
    /// # Errors
    /// Its checksum is wrong.
    pub fn find(folder: &RunFolder) -> Result<Option<Saved>, GlocalError> {
        let path = folder.checkpoint_path(Checkpoint::Last);
        Ok(intact_checkpoint(folder, Checkpoint::Last)?.map(|bytes| Saved { path, bytes }))
    }

    /// Its parts, if it is of this run, however long, and tells of `most` tasks at most.
    ///
    /// # Errors
    /// It is of another one, or lacks what it should hold.
    pub fn read(&self, config: &RunConfig, most: usize) -> Result<(Arrays<'_>, Words, ContinualFigures), GlocalError> {
        let (arrays, words) = checkpoint::read(&self.bytes).map_err(|error| self.core(error))?;
        if words.get(HASH) != Some(&of_any_length(config).hash()) {
            return Err(self.damaged("it was written by a run with another config"));
        }
        let figures = words.get(FIGURES).and_then(|text| serde_json::from_str::<ContinualFigures>(text).ok());
        match figures.filter(|figures| figures.tasks() <= most) {
            Some(figures) => Ok((arrays, words, figures)),
            None => Err(self.damaged("lacks readable figures of its tasks")),
        }
    }

    pub fn core(&self, error: glocal_core::CoreError) -> GlocalError {
        GlocalError::core(self.path.display().to_string())(error)
    }

    pub fn damaged(&self, what: &str) -> GlocalError {
        damaged(self.path.clone(), what.into())
    }

    /// Writes a checkpoint and the figures.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn write(
        folder: &RunFolder,
        config: &RunConfig,
        figures: &ContinualFigures,
        arrays: &[Named<'_, f32>],
        mut words: Words,
    ) -> Result<(), GlocalError> {
        let text = serde_json::to_string(figures).expect("numbers and lists");
        words.extend([(HASH, of_any_length(config).hash()), (FIGURES, text)].map(|(k, v)| (k.to_owned(), v)));
        words.insert(seal::KEY.to_owned(), seal::placeholder());
        folder.save_checkpoint(Checkpoint::Last, &seal::seal(checkpoint::write(arrays, &words)))?;
        figures.write(folder)
    }
}
