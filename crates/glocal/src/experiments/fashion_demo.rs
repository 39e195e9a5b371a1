//! The published demo: Fashion-MNIST, 784-512-10, trained on clean images, tested under gaussian noise.
//!
//! # References
//! docs/equations.md, section 4.1.

use glocal_core::LearningRule;

use super::PlannedRun;
use crate::config::RunConfig;
use crate::error::GlocalError;

/// Name on the command line.
pub const NAME: &str = "fashion-demo";

/// Seeds of the published comparison.
pub const SEEDS: [u64; 3] = [1, 2, 3];

/// The config file of an arm, as `experiments/fashion-demo/` holds it.
pub fn config_text(rule: LearningRule) -> &'static str {
    match rule {
        LearningRule::Local => include_str!("../../../../experiments/fashion-demo/lp.toml"),
        LearningRule::Global => include_str!("../../../../experiments/fashion-demo/gp.toml"),
        LearningRule::Hybrid => include_str!("../../../../experiments/fashion-demo/hp.toml"),
    }
}

/// An arm's config with some values replaced, written as `key=value`.
///
/// # Errors
/// A replaced value that is wrong.
pub fn config(rule: LearningRule, overrides: &[String]) -> Result<RunConfig, GlocalError> {
    RunConfig::parse(None, config_text(rule), overrides)
}

/// The runs of the demo: every seed of every arm, seeds outermost so that an early stop leaves whole comparisons.
///
/// # Errors
/// An epoch count or seed that makes no sense.
pub fn plan(rules: &[LearningRule], seeds: &[u64], epochs: Option<u64>) -> Result<Vec<PlannedRun>, GlocalError> {
    let run = |seed: u64, rule: LearningRule| {
        let mut overrides = vec![format!("training.seed={seed}")];
        overrides.extend(epochs.map(|epochs| format!("training.epochs={epochs}")));
        config(rule, &overrides).map(PlannedRun::new)
    };
    seeds.iter().flat_map(|&seed| rules.iter().map(move |&rule| run(seed, rule))).collect()
}

/// Whether `config` is one of the demo's: nothing but seed, epochs and evaluation differ.
pub fn is_demo(run: &RunConfig) -> bool {
    let Ok(demo) = config(run.learner.network.learning_rule, &[]) else { return false };
    run.data == demo.data
        && run.encoder == demo.encoder
        && run.learner == demo.learner
        && run.training.batch_size == demo.training.batch_size
        && run.training.select == demo.training.select
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_arm_reads_and_is_the_demo() {
        let rules = [LearningRule::Local, LearningRule::Global, LearningRule::Hybrid];
        let runs = plan(&rules, &SEEDS, Some(2)).unwrap();
        assert_eq!(runs.len(), 9);
        assert!(runs.iter().all(|run| is_demo(&run.config) && run.config.training.epochs == 2));
        assert_eq!(runs[4].name, "gp-seed2");
        let smaller = config(LearningRule::Hybrid, &["learner.network.layers.0.size=64".into()]).unwrap();
        assert!(!is_demo(&smaller));
    }

    #[test]
    fn arms_differ_in_their_learning_rule_only() {
        // The global arm has no plasticity table and its read-out need not say that it is global.
        let [lp, hp] = [LearningRule::Local, LearningRule::Hybrid].map(|rule| config(rule, &[]).unwrap());
        assert_eq!(lp.differences(&hp), ["learner.network.learning_rule (\"local\" -> \"hybrid\")"]);
    }
}
