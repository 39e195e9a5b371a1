//! Published results and first demonstrations: several runs, carried out one after the other and compared.

pub mod chip;
pub mod chip_episodes;
pub mod classification;
pub mod continual;
mod effects;
pub mod fashion_demo;
pub mod fault_tolerance;
pub mod few_shot;
pub mod multi_task;
pub mod quickstart;

use std::path::{Path, PathBuf};

use glocal_core::{Learner, LearningRule};

use crate::compare::{NoiseCurve, RunRecord, letters};
use crate::config::RunConfig;
use crate::error::GlocalError;
use crate::report::Arm;
use crate::run_folder::{RunFolder, is_occupied, write_json};
use crate::samples::{RunSamples, Samples};
use crate::train::{Start, TrainOptions, load_network, train, train_on};

pub use effects::{Effect, Verdict};

/// Variances of the gaussian noise at which test accuracy was published.
pub const NOISE_VARIANCES: [f64; 7] = [0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06];

/// A run that an experiment consists of.
#[derive(Clone, Debug)]
pub struct PlannedRun {
    /// Its folder's name inside the experiment's.
    pub name: String,
    /// What it is called in messages.
    pub label: String,
    /// Its config.
    pub config: RunConfig,
}

impl PlannedRun {
    /// The run of `config`, named by arm and seed.
    pub fn new(config: RunConfig) -> Self {
        let letters = letters(config.learner.network.learning_rule);
        let seed = config.training.seed;
        PlannedRun {
            name: format!("{}-seed{seed}", letters.to_lowercase()),
            label: format!("{letters} seed {seed}"),
            config,
        }
    }

    /// How it is carried out: in its own folder, which may hold a part of it already.
    fn options(&self, options: &TrainOptions) -> TrainOptions {
        TrainOptions { label: self.label.clone(), start: Start::NewOrResume, ..options.clone() }
    }
}

/// Refuses to begin in a folder that holds something.
fn check_free(out: &Path, options: &TrainOptions) -> Result<(), GlocalError> {
    match options.start == Start::New && is_occupied(out)? {
        true => Err(GlocalError::OutputExists(out.to_owned())),
        false => Ok(()),
    }
}

/// What an experiment found, as results.json holds it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Results {
    /// The experiment's name.
    pub experiment: String,
    /// Version of the program.
    pub version: String,
    /// Folders of its runs, relative to the experiment's.
    pub runs: Vec<PathBuf>,
    /// The arms over their seeds, beside the published figures.
    pub arms: Vec<Arm>,
    /// Whether each published effect is seen here.
    pub effects: Vec<Effect>,
}

impl Results {
    /// Name of the file in the experiment's folder.
    pub const FILE: &'static str = "results.json";

    /// Sums up the runs of `experiment`.
    pub fn of(experiment: &str, records: &[RunRecord]) -> Results {
        let arms = crate::compare::arms(records);
        Results {
            experiment: experiment.to_owned(),
            version: env!("CARGO_PKG_VERSION").into(),
            runs: records.iter().filter_map(|record| record.root.file_name()).map(PathBuf::from).collect(),
            effects: effects::of(&arms),
            arms,
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

/// The learning rule that `lp`, `gp` or `hp` stands for.
pub fn arm_of_letters(word: &str) -> Option<LearningRule> {
    let rules = [LearningRule::Local, LearningRule::Global, LearningRule::Hybrid];
    rules.into_iter().find(|&rule| letters(rule).eq_ignore_ascii_case(word))
}

/// What is measured of a run's chosen network once it is trained, and written into the run's folder.
pub type Measure<'a> =
    dyn Fn(&PlannedRun, &RunFolder, &mut RunSamples<'_>, &mut Learner) -> Result<(), GlocalError> + 'a;

/// Trains every run in its folder inside `out` and measures it; keeps what is finished. `measured` tells whether a run's
/// folder holds the measurement already.
///
/// # Errors
/// `out` is occupied and `options` ask for a new run; data that are not there; whatever a run or its measurement meets.
pub fn carry_out_with(
    runs: &[PlannedRun],
    out: &Path,
    options: &TrainOptions,
    measured: &dyn Fn(&RunFolder) -> Result<bool, GlocalError>,
    measure: &Measure<'_>,
) -> Result<Vec<RunRecord>, GlocalError> {
    check_free(out, options)?;
    let mut loaded = None;
    let mut records = Vec::with_capacity(runs.len());
    for run in runs {
        let wanted = (run.config.data.dataset.as_str(), run.config.episodes.as_ref().map(|episodes| episodes.side));
        if loaded.as_ref().is_none_or(|(last, _)| *last != wanted) {
            loaded = Some((wanted, Samples::of(&run.config, &options.locations)?));
        }
        let (_, samples) = loaded.as_ref().expect("loaded above");
        let root = out.join(&run.name);
        let options = run.options(options);
        train_on(samples, &run.config, &root, &options)?;
        let folder = RunFolder::open(&root)?;
        if !measured(&folder)? {
            let mut samples = RunSamples::new(samples, &run.config, None)?;
            let (mut learner, _) = load_network(&folder, &run.config)?;
            measure(run, &folder, &mut samples, &mut learner)?;
        }
        records.push(RunRecord::read(&root)?);
    }
    Ok(records)
}

/// As [`carry_out_with`], measuring accuracy under the published gaussian noise.
///
/// # Errors
/// As [`carry_out_with`].
pub fn carry_out(runs: &[PlannedRun], out: &Path, options: &TrainOptions) -> Result<Vec<RunRecord>, GlocalError> {
    let measured =
        |folder: &RunFolder| Ok(NoiseCurve::read(folder)?.is_some_and(|curve| curve.covers(&NOISE_VARIANCES)));
    let measure = |run: &PlannedRun, folder: &RunFolder, samples: &mut RunSamples<'_>, learner: &mut Learner| {
        NoiseCurve::measure(learner, samples, &run.config, &NOISE_VARIANCES)?.write(folder)?;
        options.progress.say(&in_one_line(&run.label, &RunRecord::read(folder.root())?));
        Ok(())
    };
    carry_out_with(runs, out, options, &measured, &measure)
}

/// Carries out every run of several tasks in its folder inside `out` and says of each what `figures` says; keeps what is
/// finished.
fn carry_out_tasks(
    runs: &[PlannedRun],
    out: &Path,
    options: &TrainOptions,
    figures: impl Fn(&RunRecord) -> String,
) -> Result<Vec<RunRecord>, GlocalError> {
    check_free(out, options)?;
    let carry = |run: &PlannedRun| {
        let root = out.join(&run.name);
        let options = run.options(options);
        let summary = train(&run.config, &root, &options)?;
        let record = RunRecord::read(&root)?;
        let minutes = summary.train_seconds / 60.0;
        options.progress.say(&format!("{}: {}  ({minutes:.1} min)", run.label, figures(&record)));
        Ok(record)
    };
    runs.iter().map(carry).collect()
}

/// Records by their config, those that differ in the seed alone together; in the order of the first of each.
fn over_seeds<'a>(records: impl Iterator<Item = &'a RunRecord>) -> Vec<(RunConfig, Vec<&'a RunRecord>)> {
    let mut groups: Vec<(RunConfig, Vec<&RunRecord>)> = Vec::new();
    for record in records {
        let mut config = record.config.clone();
        config.training.seed = 0;
        match groups.iter_mut().find(|(known, _)| *known == config) {
            Some((_, records)) => records.push(record),
            None => groups.push((config, vec![record])),
        }
    }
    groups
}

fn in_one_line(label: &str, record: &RunRecord) -> String {
    let points = record.noise.iter().flat_map(|noise| &noise.points);
    let percent: Vec<String> = points.map(|p| format!("{:.1}", 100.0 * p.moving.unwrap_or(p.frozen))).collect();
    let seconds = record.summary.as_ref().map_or(0.0, |summary| summary.train_seconds);
    format!("{label}: accuracy % {} at noise variance 0 to 0.06  ({seconds:.0} s)", percent.join(" "))
}
