//! Published figures, as data with their source; docs/equations.md, section 4.1, holds the same table.

use glocal_core::LearningRule;

use crate::report::{Published, PublishedPoint};

/// Variances of the gaussian noise at which test accuracy was published.
pub const NOISE_VARIANCES: [f64; 7] = [0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06];

/// One source's accuracies of one arm, in per cent, beside their variances.
struct Row {
    rule: LearningRule,
    source: &'static str,
    percent: &'static [(f64, f64)],
}

/// The demo on Fashion-MNIST, 784-512-10: an independent re-run of the authors' scripts, and the scripts' own readme.
const FASHION_DEMO: [Row; 6] = [
    Row {
        rule: LearningRule::Local,
        source: REPRO,
        percent: &[(0.0, 73.6), (0.01, 72.6), (0.02, 71.0), (0.03, 69.9), (0.04, 68.4), (0.05, 66.7), (0.06, 65.7)],
    },
    Row {
        rule: LearningRule::Global,
        source: REPRO,
        percent: &[(0.0, 87.3), (0.01, 81.5), (0.02, 76.4), (0.03, 71.5), (0.04, 67.9), (0.05, 64.2), (0.06, 61.2)],
    },
    Row {
        rule: LearningRule::Hybrid,
        source: REPRO,
        percent: &[(0.0, 88.2), (0.01, 82.7), (0.02, 78.7), (0.03, 74.7), (0.04, 72.6), (0.05, 69.6), (0.06, 67.7)],
    },
    Row { rule: LearningRule::Local, source: PAPER_CODE, percent: &[(0.0, 75.8), (0.06, 69.2)] },
    Row { rule: LearningRule::Global, source: PAPER_CODE, percent: &[(0.0, 87.9), (0.06, 65.5)] },
    Row { rule: LearningRule::Hybrid, source: PAPER_CODE, percent: &[(0.0, 88.3), (0.06, 72.2)] },
];

/// Tag of an independent re-run of the authors' public scripts.
pub const REPRO: &str = "[repro]";
/// Tag of the authors' public scripts and their readme files.
pub const PAPER_CODE: &str = "[paper-code]";

/// What was published about one arm of the Fashion-MNIST demo.
pub fn fashion_demo(rule: LearningRule) -> Vec<Published> {
    let rows = FASHION_DEMO.iter().filter(|row| row.rule == rule);
    rows.map(|row| Published {
        source: row.source.to_owned(),
        points: row.percent.iter().map(|&(variance, percent)| PublishedPoint { variance, percent }).collect(),
    })
    .collect()
}

/// One published accuracy in per cent, if that source gives it.
pub fn fashion_demo_percent(rule: LearningRule, source: &str, variance: f64) -> Option<f64> {
    let row = FASHION_DEMO.iter().find(|row| row.rule == rule && row.source == source)?;
    row.percent.iter().find(|&&(v, _)| v == variance).map(|&(_, percent)| percent)
}
