//! Several data sets at once (section 4.6): one network for all, with all synapses for each task or with a mask for each.

use std::path::{Path, PathBuf};

use glocal_core::LearningRule;
use serde::Serialize;

use super::{PlannedRun, carry_out_tasks, over_seeds};
use crate::compare::{RunRecord, letters};
use crate::config::RunConfig;
use crate::continual::{Method, Unnamed};
use crate::error::GlocalError;
use crate::run_folder::write_json;
use crate::samples::ALPHABET;
use crate::train::TrainOptions;

/// The experiment's name.
pub const NAME: &str = "multi-task";

/// Runs of each network unless asked otherwise.
pub const SEEDS: [u64; 3] = [1, 2, 3];

/// The hybrid network's config, as text.
pub const HYBRID: &str = include_str!("../../../../experiments/multi-task/hp.toml");

/// What `--quick` changes: a taste in minutes.
const QUICK: [&str; 3] = ["training.epochs=2", "data.train_limit=10000", "data.test_limit=2000"];

/// What a network with a mask for each task changes: synapses are dealt, a fifth of them to each of the five tasks.
const MASKED: [&str; 6] = [
    "continual.method={kind=\"masks\"}",
    "learner.network.layers.0.mask={density=0.2}",
    "learner.network.layers.1.mask={density=0.2}",
    "learner.network.layers.2.mask={density=0.2}",
    "learner.network.layers.0.plasticity.coupling={kind=\"masked\"}",
    "learner.network.layers.1.plasticity.coupling={kind=\"masked\"}",
];

/// The runs: each arm with all synapses for all tasks, then with a mask for each, for every seed.
///
/// # Errors
/// An epoch count that makes no sense.
pub fn plan(
    arms: &[LearningRule],
    seeds: &[u64],
    epochs: Option<u64>,
    quick: bool,
) -> Result<Vec<PlannedRun>, GlocalError> {
    let run = |(rule, masked, seed): (LearningRule, bool, u64)| {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let mut overrides = if masked { owned(&MASKED) } else { Vec::new() };
        if quick {
            overrides.extend(owned(&QUICK));
        }
        overrides.extend(epochs.map(|epochs| format!("training.epochs={epochs}")));
        overrides.push(format!("training.seed={seed}"));
        let rule_in_quotes = serde_json::to_string(&rule).expect("a word");
        overrides.push(format!("learner.network.learning_rule={rule_in_quotes}"));
        let (form, words) = if masked { ("-masks", ", masks") } else { ("", "") };
        Ok(PlannedRun {
            name: format!("{}{form}-seed{seed}", letters(rule).to_lowercase()),
            label: format!("{}{words}, seed {seed}", letters(rule)),
            config: RunConfig::parse(None, HYBRID, &overrides)?,
        })
    };
    let forms = arms.iter().flat_map(|&rule| [(rule, false), (rule, true)]);
    forms.flat_map(|(rule, masked)| seeds.iter().map(move |&seed| (rule, masked, seed))).map(run).collect()
}

/// Carries out every run in its folder inside `out`; keeps what is finished.
///
/// # Errors
/// `out` is occupied and `options` ask for a new run; data that are not there; whatever a run meets.
pub fn carry_out(runs: &[PlannedRun], out: &Path, options: &TrainOptions) -> Result<Vec<RunRecord>, GlocalError> {
    carry_out_tasks(runs, out, options, |record| {
        let last = record.continual.as_ref().map_or(&[][..], |figures| &figures.last);
        let percent: Vec<String> = last.iter().map(|share| format!("{:.1}", 100.0 * share)).collect();
        format!("accuracy % on each task {}", percent.join(" "))
    })
}

/// What the experiment found, as results.json holds it.
#[derive(Clone, Debug, Serialize)]
pub struct MultiTaskResults {
    /// The experiment's name.
    pub experiment: String,
    /// Version of the program.
    pub version: String,
    /// Data sets, in the order of all lists.
    pub tasks: Vec<String>,
    /// In the order of the runs.
    pub networks: Vec<NetworkResult>,
}

/// A network's figures; in per cent, an entry for each seed.
#[derive(Clone, Debug, Serialize)]
pub struct NetworkResult {
    /// What it is called in tables.
    pub label: String,
    /// Its arm.
    pub rule: LearningRule,
    /// Whether each task has a mask of its own, and is told at test.
    pub masked: bool,
    /// Its runs, relative to the experiment's folder.
    pub runs: Vec<PathBuf>,
    /// Test accuracy on each task.
    pub accuracy: Vec<Vec<f64>>,
    /// Mean of the accuracies on all tasks.
    pub mean: Vec<f64>,
    /// Judged without telling the task; of the first seed.
    pub unnamed: Option<Unnamed>,
    /// Synaptic operations of the trained weights for one image.
    pub operations: u64,
    /// Wall time of training, in minutes.
    pub minutes: Vec<f64>,
}

impl MultiTaskResults {
    /// Name of the file in the experiment's folder.
    pub const FILE: &'static str = "results.json";

    /// Sums up the runs that learned several tasks together; those of one config, whatever their seeds, as one network.
    pub fn of(records: &[RunRecord]) -> MultiTaskResults {
        let finished = records.iter().filter(|record| record.learned_together() && record.summary.is_some());
        let groups = over_seeds(finished);
        let tasks = groups.first().map(|(config, _)| names(config)).unwrap_or_default();
        let alike = groups.iter().filter(|(config, _)| names(config) == tasks);
        MultiTaskResults {
            experiment: NAME.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            networks: alike.map(|(config, records)| NetworkResult::of(config, records)).collect(),
            tasks,
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

impl NetworkResult {
    fn of(config: &RunConfig, records: &[&RunRecord]) -> NetworkResult {
        let rule = config.learner.network.learning_rule;
        let masked = config.continual.as_ref().is_some_and(|c| matches!(c.method, Method::Masks { .. }));
        let figures = || records.iter().filter_map(|record| record.continual.as_ref());
        let percents = |shares: &[f64]| shares.iter().map(|share| 100.0 * share).collect::<Vec<f64>>();
        let form = if masked { ", masks" } else { "" };
        NetworkResult {
            label: format!("{}{form}", letters(rule)),
            rule,
            masked,
            runs: records.iter().filter_map(|record| record.root.file_name()).map(PathBuf::from).collect(),
            accuracy: figures().map(|figures| percents(&figures.last)).collect(),
            mean: figures().map(|figures| 100.0 * figures.average_accuracy()).collect(),
            unnamed: figures().next().and_then(|figures| figures.unnamed),
            operations: figures().next().map_or(0, |figures| figures.cost.operations),
            minutes: records.iter().filter_map(|r| r.summary.as_ref()).map(|s| s.train_seconds / 60.0).collect(),
        }
    }

    /// Accuracy on one task, of each seed.
    pub fn on(&self, task: usize) -> Vec<f64> {
        self.accuracy.iter().filter_map(|accuracies| accuracies.get(task).copied()).collect()
    }
}

/// The data sets that a run learned from, alphabets by their own name.
fn names(config: &RunConfig) -> Vec<String> {
    let more = config.continual.iter().flat_map(|continual| &continual.more_datasets);
    let short = |name: &String| name.strip_prefix(ALPHABET).unwrap_or(name).to_owned();
    std::iter::once(&config.data.dataset).chain(more).map(short).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_networks_that_differ_in_arm_and_masks() {
        let arms = [LearningRule::Local, LearningRule::Global, LearningRule::Hybrid];
        let runs = plan(&arms, &SEEDS, None, false).unwrap();
        assert_eq!(runs.len(), 18);
        let names: Vec<&str> = runs.iter().step_by(3).map(|run| &run.name[..]).collect();
        let seeds = ["lp-seed1", "lp-masks-seed1", "gp-seed1", "gp-masks-seed1", "hp-seed1", "hp-masks-seed1"];
        assert_eq!(names, seeds);
        for pair in runs.chunks(6) {
            let masked = |run: &PlannedRun| run.config.learner.network.layers.iter().all(|layer| layer.mask.is_some());
            assert_eq!(pair.iter().map(masked).collect::<Vec<_>>(), [false, false, false, true, true, true]);
            let rules: Vec<LearningRule> = pair.iter().map(|run| run.config.learner.network.learning_rule).collect();
            assert!(rules.windows(2).all(|pair| pair[0] == pair[1]));
        }
        assert_eq!(plan(&arms[..1], &[1], Some(2), true).unwrap()[1].config.training.epochs, 2);
    }
}
