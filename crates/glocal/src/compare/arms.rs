//! Runs of the same learning rule, seen as one arm over its seeds.

use glocal_core::LearningRule;

use super::RunRecord;
use crate::experiments::fashion_demo;
use crate::report::{Arm, NoiseAccuracy, Published, SeedCurve};

/// The literature's letters of an arm.
pub fn letters(rule: LearningRule) -> &'static str {
    match rule {
        LearningRule::Local => "LP",
        LearningRule::Global => "GP",
        LearningRule::Hybrid => "HP",
    }
}

/// An arm in words.
pub fn words(rule: LearningRule) -> &'static str {
    match rule {
        LearningRule::Local => "local only",
        LearningRule::Global => "global only",
        LearningRule::Hybrid => "hybrid",
    }
}

/// The arms of some runs, in the order LP, GP, HP; each with its published figures where its runs are the published
/// experiment.
pub fn arms(records: &[RunRecord]) -> Vec<Arm> {
    let of = |rule| records.iter().filter(|r| r.config.learner.network.learning_rule == rule).collect::<Vec<_>>();
    let rules = [LearningRule::Local, LearningRule::Global, LearningRule::Hybrid];
    rules
        .into_iter()
        .map(|rule| (rule, of(rule)))
        .filter(|(_, runs)| !runs.is_empty())
        .map(|(r, runs)| arm(r, &runs))
        .collect()
}

fn arm(rule: LearningRule, runs: &[&RunRecord]) -> Arm {
    let times: Vec<f64> = runs.iter().filter_map(|run| run.summary.as_ref()).map(|s| s.step_ms).collect();
    let epochs = runs.iter().map(|run| run.metrics.len()).max().unwrap_or(0);
    Arm {
        accuracies: accuracies(runs),
        published: if runs.iter().all(|run| fashion_demo::is_demo(&run.config)) {
            Published::fashion_demo(rule)
        } else {
            Vec::new()
        },
        step_time_ms: (!times.is_empty()).then(|| times.iter().sum::<f64>() / times.len() as f64),
        epochs: u32::try_from(epochs).ok(),
        seeds: runs.iter().map(|run| run.config.training.seed).collect(),
        curves: runs.iter().map(|run| curve(run)).collect(),
        ..Arm::new(rule)
    }
}

/// Accuracies at the variances of the first run that has any; a run with a noise curve or, failing that, its clean test.
fn accuracies(runs: &[&RunRecord]) -> Vec<NoiseAccuracy> {
    let points: Vec<Vec<(f64, f64, Option<f64>)>> = runs.iter().map(|run| accuracies_of(run)).collect();
    let Some(longest) = points.iter().max_by_key(|points| points.len()) else { return Vec::new() };
    let at =
        |variance: f64| points.iter().filter_map(move |p| p.iter().find(|&&(v, ..)| v == variance)).collect::<Vec<_>>();
    let percent = |share: f64| 100.0 * share;
    longest
        .iter()
        .map(|&(variance, ..)| NoiseAccuracy {
            variance,
            percent: at(variance).iter().map(|&&(_, frozen, moving)| percent(moving.unwrap_or(frozen))).collect(),
            frozen_percent: at(variance)
                .iter()
                .filter_map(|&&(_, frozen, moving)| moving.map(|_| percent(frozen)))
                .collect(),
        })
        .collect()
}

/// (variance, frozen, moving) of one run.
fn accuracies_of(run: &RunRecord) -> Vec<(f64, f64, Option<f64>)> {
    match (&run.noise, &run.summary) {
        (Some(noise), _) => noise.points.iter().map(|p| (p.variance, p.frozen, p.moving)).collect(),
        (None, Some(s)) => vec![(0.0, s.test.accuracy, s.test_moving.as_ref().map(|moving| moving.accuracy))],
        (None, None) => Vec::new(),
    }
}

fn curve(run: &RunRecord) -> SeedCurve {
    let percent = |share: f64| 100.0 * share;
    SeedCurve {
        seed: run.config.training.seed,
        training_loss: run.metrics.iter().map(|m| m.train_loss).collect(),
        validation_loss: run.metrics.iter().filter_map(|m| m.validation_loss).collect(),
        training_percent: run.metrics.iter().map(|m| percent(m.train_accuracy)).collect(),
        validation_percent: run.metrics.iter().filter_map(|m| m.validation_accuracy).map(percent).collect(),
        test_percent: Vec::new(),
    }
}
