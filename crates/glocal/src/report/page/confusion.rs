//! Which classes were taken for which.

use maud::{Markup, html};

use super::table::Table;
use crate::report::data::{Confusion, Mistake};
use crate::report::figures::confusion::{chart, needs_names, percent, reach, words};
use crate::report::svg::{Layout, responsive};

/// Mistakes named in words.
const NAMED: usize = 5;
/// Names of classes listed at once; more are folded away.
const LISTED: usize = 24;

/// A heat map per matrix, the largest confusions in words beside it.
pub(super) fn section(confusions: &[Confusion]) -> Markup {
    html! {
        @if !confusions.is_empty() {
            section id="confusions" {
                h2 { "Which classes are taken for which" }
                p {
                    "A row is a true class, a column is the network's answer, and a number is the share of the row's "
                    "samples in per cent; empty cells are zero. Blue is right, red is wrong; the stronger the colour, "
                    "the larger the share."
                }
                @for confusion in confusions { (matrix_figure(confusion)) }
            }
        }
    }
}

fn matrix_figure(confusion: &Confusion) -> Markup {
    html! {
        figure {
            @if confusion.total() == 0 { p.missing { "No sample was counted." } }
            @else {
                div.confusion {
                    div { (responsive(|layout| chart(confusion, layout))) (names(confusion)) }
                    (in_words(confusion))
                }
            }
            figcaption {
                (confusion.label) ". The strongest red stands for " (percent(reach(confusion))) "\u{a0}% of a row."
            }
            @if confusion.total() > 0 { (counts(confusion).folded()) }
        }
    }
}

/// The names of classes that are numbered in the drawing, shown where it has no room for them.
fn names(confusion: &Confusion) -> Markup {
    let class = match (needs_names(confusion, Layout::Wide), needs_names(confusion, Layout::Narrow)) {
        (true, _) => "everywhere",
        (false, true) => "narrow-only",
        (false, false) => return html! {},
    };
    let list = html! {
        ul.classes { @for class in 0..confusion.size() { li { strong { (class) } " " (confusion.name(class)) } } }
    };
    html! {
        div class=(class) {
            @if confusion.size() <= LISTED { (list) }
            @else { details { summary { "The names of the classes" } (list) } }
        }
    }
}

fn in_words(confusion: &Confusion) -> Markup {
    let (right, total) = (confusion.right(), confusion.total());
    let mistakes = confusion.mistakes();
    html! {
        div.mistakes {
            p { strong { (percent(right as f64 / total as f64)) "\u{a0}% right" } " (" (right) " of " (total) ")" }
            @if mistakes.is_empty() { p { "No sample was taken for another class." } }
            @else {
                p { "Largest confusions:" }
                ol { @for mistake in mistakes.into_iter().take(NAMED) { li { (mistake_words(confusion, mistake)) } } }
            }
        }
    }
}

fn mistake_words(confusion: &Confusion, mistake: Mistake) -> String {
    let share = confusion.share(mistake.class, mistake.taken_for);
    format!("{} ({}\u{a0}%)", words(confusion, mistake), percent(share))
}

fn counts(confusion: &Confusion) -> Table<'static> {
    let classes = || 0..confusion.size();
    let row = |class: usize| {
        let cells = classes().map(|predicted| confusion.count(class, predicted).to_string());
        std::iter::once(confusion.name(class)).chain(cells).collect()
    };
    Table {
        caption: "Samples by true class (rows) and answer (columns)",
        heads: std::iter::once("true class".to_owned()).chain(classes().map(|class| confusion.name(class))).collect(),
        rows: (0..confusion.counts.len()).map(row).collect(),
    }
}
