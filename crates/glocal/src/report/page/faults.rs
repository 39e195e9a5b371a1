//! Fault tolerance: how accuracy falls as test samples are damaged.

use glocal_core::LearningRule;
use maud::{Markup, html};

use super::arms::swatch;
use super::table::{MOST_ROWS, Table, caption, scrolling};
use crate::report::data::{FaultArm, FaultExample, FaultKind, FaultTolerance, PlasticState};
use crate::report::figures::faults::{is_measured, panel};
use crate::report::figures::{letters, rule_name};
use crate::report::format::mean_sd;
use crate::report::pixels;
use crate::report::stats::Summary;
use crate::report::svg::responsive;

/// A panel per kind of damage, and the areas under all curves.
pub(super) fn section(tolerance: &FaultTolerance) -> Markup {
    html! {
        @if !tolerance.kinds.is_empty() {
            section id="faults" {
                h2 { "Fault tolerance" }
                figure {
                    div.kinds { @for kind in &tolerance.kinds { (kind_panel(tolerance, kind)) } }
                    figcaption {
                        "Accuracy as test samples are damaged more and more; below each panel one sample at a few "
                        "levels. Look at how far to the right a line stays high. Lines join means, bands are one "
                        "standard deviation over seeds. All panels share their scales; the vertical axis need not "
                        "start at zero."
                        @if tolerance.kinds.iter().any(has_frozen) {
                            " Thin dashes: the same networks with their plastic weights frozen during the test; in "
                            "the thick lines they move within each test batch."
                        }
                    }
                }
                (areas(&tolerance.kinds))
            }
        }
    }
}

fn has_frozen(kind: &FaultKind) -> bool {
    columns(kind).any(|(state, _, curve)| state == PlasticState::Frozen && !curve.is_empty())
}

/// Four parts, so that neighbouring panels can be aligned part by part.
fn kind_panel(tolerance: &FaultTolerance, kind: &FaultKind) -> Markup {
    html! {
        div.kind {
            div { h3 { (kind.name) } @if !kind.what.is_empty() { p.what { (kind.what) } } }
            div {
                @if is_measured(kind) { (responsive(|layout| panel(tolerance, kind, layout))) }
                @else { p.missing { "No accuracy was measured." } }
            }
            div.examples { @for example in &kind.examples { (example_tile(kind, example)) } }
            div { @if is_measured(kind) { (accuracies(kind).folded()) } }
        }
    }
}

fn example_tile(kind: &FaultKind, example: &FaultExample) -> Markup {
    html! {
        div.tile {
            @match pixels::picture(&example.image) {
                Some(uri) => { img.pixels src=(uri) alt={ "A sample under " (kind.name) " at level " (example.level) }; }
                None => { p.missing { "The picture's size and data disagree." } }
            }
            span { "level " (example.level) }
        }
    }
}

/// All levels of one kind: a column per arm, and one more where its plastic state was also frozen.
fn accuracies(kind: &FaultKind) -> Table<'static> {
    let columns: Vec<_> = columns(kind).filter(|(.., curve)| !curve.is_empty()).collect();
    let mut levels: Vec<u32> = columns.iter().flat_map(|(.., curve)| curve.iter().map(|(level, _)| *level)).collect();
    levels.sort_unstable();
    levels.dedup();
    let cell = |curve: &[(u32, Summary)], level: u32| {
        curve.iter().find(|(l, _)| *l == level).map_or("–".to_owned(), |(_, summary)| mean_sd(summary))
    };
    let row = |level: u32| {
        std::iter::once(level.to_string()).chain(columns.iter().map(|(.., curve)| cell(curve, level))).collect()
    };
    Table {
        caption: "Test accuracy in per cent by level, mean ± standard deviation over seeds",
        heads: std::iter::once("level".to_owned()).chain(columns.iter().map(|(_, name, _)| name.clone())).collect(),
        rows: levels.into_iter().take(MOST_ROWS).map(row).collect(),
    }
}

/// Arm by arm, moving before frozen: what the plastic state does, the name, and the summary of every level.
fn columns(kind: &FaultKind) -> impl Iterator<Item = (PlasticState, String, Vec<(u32, Summary)>)> {
    kind.arms.iter().flat_map(|arm| {
        let name = letters(arm.rule);
        let named = [(PlasticState::Moving, name.to_owned()), (PlasticState::Frozen, format!("{name} frozen"))];
        named.map(|(state, name)| (state, name, state.curve(arm)))
    })
}

/// A group of rows per kind: the areas, the same with the plastic state frozen, and what follows from them.
fn areas(kinds: &[FaultKind]) -> Markup {
    let words = "Area under each curve: accuracy averaged over the levels, in per cent; \
        mean ± standard deviation over seeds.";
    let rules = rules(kinds);
    let body = html! {
        (caption(words))
        thead {
            tr {
                th scope="col" { "damage" }
                @for rule in &rules { th.arm scope="col" { (swatch(*rule)) (rule_name(*rule)) } }
            }
        }
        @for kind in kinds { tbody { (area_rows(kind, &rules)) } }
    };
    html! { @if !rules.is_empty() { (scrolling(words, &body)) } }
}

fn area_rows(kind: &FaultKind, rules: &[LearningRule]) -> Markup {
    html! {
        tr {
            th scope="row" { (kind.name) }
            @for rule in rules { td { strong { (area(kind, *rule, PlasticState::Moving)) } } }
        }
        @if kind.arms.iter().any(|arm| !arm.frozen_areas.is_empty()) {
            tr {
                th.row-name scope="row" { "frozen" }
                @for rule in rules { td { (area(kind, *rule, PlasticState::Frozen)) } }
            }
        }
        @if !kind.verdict.is_empty() {
            tr { td.verdict colspan=(rules.len() + 1) { span { (kind.verdict) } } }
        }
    }
}

fn area(kind: &FaultKind, rule: LearningRule, state: PlasticState) -> String {
    let arm = kind.arms.iter().find(|arm| arm.rule == rule);
    mean_sd(&Summary::of(arm.map_or(&[], |arm| state.areas(arm))))
}

/// The rules of all kinds, in order of appearance.
fn rules(kinds: &[FaultKind]) -> Vec<LearningRule> {
    let mut found = Vec::new();
    for FaultArm { rule, .. } in kinds.iter().flat_map(|kind| &kind.arms) {
        if !found.contains(rule) {
            found.push(*rule);
        }
    }
    found
}
