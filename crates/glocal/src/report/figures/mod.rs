//! One file per figure: each turns data into a drawing, and knows nothing of the page around it.

pub(super) mod chip_faults;
pub(super) mod confusion;
pub(super) mod course;
pub(super) mod curves;
pub(super) mod energy;
pub(super) mod episode;
pub(super) mod faults;
pub(super) mod fields;
pub(super) mod mesh;
pub(super) mod noise;
mod panel;
pub(super) mod phases;
pub(super) mod potential;
pub(super) mod raster;
pub(super) mod shots;
pub(super) mod tasks;

use glocal_core::LearningRule;

use super::data::Arm;

/// Every how many of things `side` wide one has `room`: a round number.
fn every(side: f64, room: f64) -> usize {
    [1, 2, 5, 10, 20, 50].into_iter().find(|step| *step as f64 * side >= room).unwrap_or(100)
}

/// The paper's two letters.
pub(super) fn letters(rule: LearningRule) -> &'static str {
    match rule {
        LearningRule::Global => "GP",
        LearningRule::Local => "LP",
        LearningRule::Hybrid => "HP",
    }
}

fn words(rule: LearningRule) -> &'static str {
    match rule {
        LearningRule::Global => "global only",
        LearningRule::Local => "local only",
        LearningRule::Hybrid => "hybrid",
    }
}

/// `HP hybrid`.
pub(super) fn rule_name(rule: LearningRule) -> String {
    format!("{} {}", letters(rule), words(rule))
}

/// `HP hybrid`, with the variant if there is one.
pub(super) fn long_name(arm: &Arm) -> String {
    with_variant(rule_name(arm.rule), arm)
}

/// `HP`, with the variant if there is one.
pub(super) fn short_name(arm: &Arm) -> String {
    with_variant(letters(arm.rule).to_owned(), arm)
}

fn with_variant(name: String, arm: &Arm) -> String {
    match &arm.variant {
        Some(variant) => format!("{name}, {variant}"),
        None => name,
    }
}
