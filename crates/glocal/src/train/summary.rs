//! A run's result, and what reproduces it.

use glocal_core::{Learner, LearningRule, PlasticEval};
use serde::{Deserialize, Serialize};

use super::Best;
use crate::config::{RunConfig, Select};
use crate::continual::Judged;
use crate::cost::{self, Cost};
use crate::error::GlocalError;
use crate::evaluate::{EvalOptions, Evaluation, evaluate};
use crate::machine::Environment;
use crate::run_folder::{EpochMetrics, RunFolder};
use crate::samples::{Damage, Part, RunSamples};

/// Name of the file in the run folder.
const FILE: &str = "summary.json";

/// What a finished run reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Version of the program that trained.
    pub version: String,
    /// SHA-256 of the resolved config.
    pub config_hash: String,
    /// The arm.
    pub learning_rule: LearningRule,
    /// The config's data set.
    pub dataset: String,
    /// The config's seed.
    pub seed: u64,
    /// Epochs trained.
    pub epochs: u64,
    /// Epoch whose network is the result, from 1.
    pub selected_epoch: u64,
    /// Mean loss over the last epoch's samples.
    pub train_loss: f64,
    /// Share of the last epoch's samples, 0..=1.
    pub train_accuracy: f64,
    /// Best share of the validation samples over all epochs, 0..=1; absent without validation.
    pub validation_accuracy: Option<f64>,
    /// The selected network on the test images, plastic weights as trained.
    pub test: Evaluation,
    /// The same with the plastic weights moving within each batch; absent without plastic weights.
    pub test_moving: Option<Evaluation>,
    /// What the selected network costs, on the first test images; absent in files of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// Mean wall time of a training step in milliseconds, validation included.
    pub step_ms: f64,
    /// Wall time of all epochs in seconds; of an epoch that was interrupted, the last part only.
    pub train_seconds: f64,
    /// Threads of the process that finished the run; they change the time, never the result.
    pub threads: usize,
    /// Build and machine of the process that finished the run; absent in files of older versions. Between processors or builds
    /// matrix products may round differently.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
}

impl Summary {
    /// Judges the chosen network on the test images and sums up.
    pub(super) fn of(
        config: &RunConfig,
        images: &RunSamples<'_>,
        folder: &RunFolder,
        chosen: &mut Learner,
        best: Option<Best>,
    ) -> Result<Summary, GlocalError> {
        let metrics = folder.metrics()?;
        let mut test = |plastic| {
            let options = EvalOptions { plastic, damage: Damage::none(), batch: config.eval_batch() };
            evaluate(chosen, images, Part::Test, &options)
        };
        let rule = config.learner.network.learning_rule;
        Ok(Summary {
            version: env!("CARGO_PKG_VERSION").into(),
            config_hash: config.hash(),
            learning_rule: rule,
            dataset: config.data.dataset.clone(),
            seed: config.training.seed,
            epochs: config.training.epochs,
            selected_epoch: selected_epoch(config, best),
            train_loss: metrics.last().map_or(0.0, |m| m.train_loss),
            train_accuracy: metrics.last().map_or(0.0, |m| m.train_accuracy),
            validation_accuracy: best.map(|best| best.accuracy),
            test: test(PlasticEval::Frozen)?,
            test_moving: (config.is_plastic() && config.episodes.is_none())
                .then(|| test(PlasticEval::Moving))
                .transpose()?,
            cost: cost::measure(chosen, images, Part::Test, &Damage::none())?,
            step_ms: mean(&metrics, |m| m.step_ms),
            train_seconds: metrics.iter().map(|m| m.seconds).sum(),
            threads: rayon::current_num_threads(),
            environment: Some(Environment::here()),
        })
    }

    /// Sums up a run of several tasks; `test`: the test images of all of them.
    ///
    /// # Errors
    /// The run's metrics cannot be read.
    pub(crate) fn of_tasks(config: &RunConfig, folder: &RunFolder, test: Judged) -> Result<Summary, GlocalError> {
        let metrics = folder.metrics()?;
        Ok(Summary {
            version: env!("CARGO_PKG_VERSION").into(),
            config_hash: config.hash(),
            learning_rule: config.learner.network.learning_rule,
            dataset: config.data.dataset.clone(),
            seed: config.training.seed,
            epochs: metrics.len() as u64,
            selected_epoch: metrics.len() as u64,
            train_loss: metrics.last().map_or(0.0, |m| m.train_loss),
            train_accuracy: metrics.last().map_or(0.0, |m| m.train_accuracy),
            validation_accuracy: None,
            test: test.evaluation,
            test_moving: None,
            cost: test.cost,
            step_ms: mean(&metrics, |m| m.step_ms),
            train_seconds: metrics.iter().map(|m| m.seconds).sum(),
            threads: rayon::current_num_threads(),
            environment: Some(Environment::here()),
        })
    }

    /// The summary in a run folder; `None` if the run is not finished.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn read(folder: &RunFolder) -> Result<Option<Summary>, GlocalError> {
        folder.read_json(FILE)
    }

    /// Forgets that the run was finished.
    pub(super) fn remove(folder: &RunFolder) -> Result<(), GlocalError> {
        folder.remove(FILE)
    }

    pub(crate) fn write(&self, folder: &RunFolder) -> Result<(), GlocalError> {
        folder.write_json(FILE, self)
    }
}

fn selected_epoch(config: &RunConfig, best: Option<Best>) -> u64 {
    match (config.training.select, best) {
        (Select::BestValidation, Some(best)) => best.epoch + 1,
        _ => config.training.epochs,
    }
}

fn mean(metrics: &[EpochMetrics], of: impl Fn(&EpochMetrics) -> f64) -> f64 {
    metrics.iter().map(of).sum::<f64>() / metrics.len().max(1) as f64
}
