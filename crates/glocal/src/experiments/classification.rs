//! Classification: the convolutional hybrid networks, small enough for a plain computer.
//!
//! # References
//! docs/equations.md, section 4.2.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{PlannedRun, carry_out_with};
use crate::compare::RunRecord;
use crate::config::RunConfig;
use crate::error::GlocalError;
use crate::report::format::mean_sd;
use crate::report::stats::Summary;
use crate::run_folder::write_json;
use crate::train::TrainOptions;

/// Name on the command line.
pub const NAME: &str = "classification";

/// One seed: a network takes minutes.
pub const SEEDS: [u64; 1] = [1];

/// What the quick form leaves out.
const QUICK: [&str; 2] = ["training.epochs=1", "data.train_limit=10000"];

/// A data set, its config and what is published of the large network on it.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// Name in folders and tables.
    pub name: &'static str,
    /// Its config, as `experiments/classification/` holds it.
    pub config: &'static str,
    /// Published test accuracy of the full-size hybrid network, in per cent.
    pub published: Option<f64>,
}

/// All of them.
pub const SUBJECTS: [Subject; 3] = [
    Subject {
        name: "mnist",
        config: include_str!("../../../../experiments/classification/small-mnist-hp.toml"),
        published: Some(99.5),
    },
    Subject {
        name: "fashion-mnist",
        config: include_str!("../../../../experiments/classification/small-fashion-mnist-hp.toml"),
        published: Some(93.3),
    },
    Subject {
        name: "n-mnist",
        config: include_str!("../../../../experiments/classification/small-n-mnist-hp.toml"),
        published: None,
    },
];

/// The runs: every subject for every seed.
///
/// # Errors
/// An epoch count or seed that makes no sense.
pub fn plan(seeds: &[u64], epochs: Option<u64>, quick: bool) -> Result<Vec<PlannedRun>, GlocalError> {
    let run = |subject: &Subject, seed: u64| {
        let mut overrides: Vec<String> = if quick { QUICK.map(str::to_owned).to_vec() } else { Vec::new() };
        overrides.push(format!("training.seed={seed}"));
        overrides.extend(epochs.map(|epochs| format!("training.epochs={epochs}")));
        let config = RunConfig::parse(None, subject.config, &overrides)?;
        let planned = PlannedRun::new(config);
        Ok(PlannedRun {
            name: format!("{}-{}", subject.name, planned.name),
            label: format!("{}, {}", subject.name, planned.label),
            ..planned
        })
    };
    SUBJECTS.iter().flat_map(|subject| seeds.iter().map(move |&seed| (subject, seed))).map(|(s, n)| run(s, n)).collect()
}

/// Trains every run of [`plan`]; a run's summary is its measurement.
///
/// # Errors
/// As [`carry_out_with`].
pub fn carry_out(runs: &[PlannedRun], out: &Path, options: &TrainOptions) -> Result<Vec<RunRecord>, GlocalError> {
    carry_out_with(runs, out, options, &|_| Ok(true), &|_, _, _, _| Ok(()))
}

/// What the experiment found, as results.json holds it.
#[derive(Clone, Debug, Serialize)]
pub struct ClassificationResults {
    /// The experiment's name.
    pub experiment: String,
    /// Version of the program.
    pub version: String,
    /// Folders of its runs, relative to the experiment's.
    pub runs: Vec<PathBuf>,
    /// One for each data set.
    pub subjects: Vec<SubjectResult>,
}

/// Test accuracy on one data set, in per cent, one of each seed.
#[derive(Clone, Debug, Serialize)]
pub struct SubjectResult {
    /// Data set.
    pub dataset: String,
    /// Plastic weights as trained.
    pub frozen: Vec<f64>,
    /// Plastic weights moving within each test batch.
    pub moving: Vec<f64>,
    /// Best validation accuracy.
    pub validation: Vec<f64>,
    /// Published figure of the full-size network.
    pub published: Option<f64>,
    /// Wall time of training, in minutes.
    pub train_minutes: Vec<f64>,
}

impl SubjectResult {
    /// Mean and deviation of the frozen test accuracy over seeds.
    pub fn mean_sd(&self) -> String {
        mean_sd(&Summary::of(&self.frozen))
    }

    /// The same with moving plastic weights.
    pub fn moving_mean_sd(&self) -> String {
        mean_sd(&Summary::of(&self.moving))
    }

    /// Mean wall time of training, in minutes.
    pub fn minutes(&self) -> String {
        mean_sd(&Summary::of(&self.train_minutes))
    }
}

impl ClassificationResults {
    /// Name of the file in the experiment's folder.
    pub const FILE: &'static str = "results.json";

    /// Sums up the runs.
    pub fn of(records: &[RunRecord]) -> ClassificationResults {
        let result = |subject: &Subject| {
            let summaries = || {
                let own = records.iter().filter(|record| record.config.data.dataset == subject.name);
                own.filter_map(|record| record.summary.as_ref())
            };
            SubjectResult {
                dataset: subject.name.into(),
                frozen: summaries().map(|summary| 100.0 * summary.test.accuracy).collect(),
                moving: summaries().filter_map(|s| s.test_moving.as_ref()).map(|test| 100.0 * test.accuracy).collect(),
                validation: summaries().filter_map(|s| s.validation_accuracy).map(|share| 100.0 * share).collect(),
                published: subject.published,
                train_minutes: summaries().map(|summary| summary.train_seconds / 60.0).collect(),
            }
        };
        ClassificationResults {
            experiment: NAME.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            runs: records.iter().filter_map(|record| record.root.file_name()).map(PathBuf::from).collect(),
            subjects: SUBJECTS.iter().map(result).filter(|subject| !subject.frozen.is_empty()).collect(),
        }
    }

    /// Writes results.json into the experiment's folder.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn write(&self, out: &Path) -> Result<(), GlocalError> {
        write_json(&out.join(Self::FILE), self)
    }
}
