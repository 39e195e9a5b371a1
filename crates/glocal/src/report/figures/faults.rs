//! Accuracy against the level of damage of samples: one small panel per kind, all on the same scales.

use super::course::Look;
use super::panel::{Axis, Line, Panel, Stroke};
use super::{letters, rule_name};
use crate::report::data::{FaultArm, FaultKind, FaultTolerance, PlasticState};
use crate::report::svg::{Drawing, Layout};

/// Whether anything of this kind was measured.
pub(in crate::report) fn is_measured(kind: &FaultKind) -> bool {
    lines(kind).next().is_some()
}

/// The drawing of one kind.
pub(in crate::report) fn panel(tolerance: &FaultTolerance, kind: &FaultKind, layout: Layout) -> Drawing {
    let all: Vec<Line> = tolerance.kinds.iter().flat_map(lines).collect();
    let has_frozen = all.iter().any(|line| line.stroke == Stroke::Thin);
    let axis =
        Axis { name: "level of damage", ticks: |scale| scale.whole_ticks(8), at: |level| format!("level {level}") };
    let panel = Panel::new(&all, &all, if has_frozen { 84.0 } else { 44.0 }, layout, axis);
    panel.drawing(&lines(kind).collect::<Vec<_>>(), format!("Test accuracy by level of {}", kind.name))
}

/// What was measured, frozen lines first: the moving ones are drawn over them.
fn lines(kind: &FaultKind) -> impl Iterator<Item = Line> {
    let of = |state: PlasticState| move |arm: &FaultArm| line(arm, state);
    let all = kind.arms.iter().map(of(PlasticState::Frozen)).chain(kind.arms.iter().map(of(PlasticState::Moving)));
    all.filter(|line| !line.points.is_empty())
}

fn line(arm: &FaultArm, state: PlasticState) -> Line {
    let (label, stroke) = match state {
        PlasticState::Moving => (letters(arm.rule).to_owned(), Stroke::Full),
        PlasticState::Frozen => (format!("{} frozen", letters(arm.rule)), Stroke::Thin),
    };
    let points = state.curve(arm).into_iter().map(|(level, summary)| (f64::from(level), summary)).collect();
    Line { label, name: rule_name(arm.rule), look: Look::of_rule(arm.rule), stroke, points }
}
