//! Classes that come in sessions: how accuracy falls as they become more.

use maud::{Markup, html};

use super::table::{MOST_ROWS, Table};
use crate::report::data::{ClassIncremental, SessionAccuracy, SessionCurve};
use crate::report::figures::shots::{CLASSES, chart, is_worth_drawing, lines};
use crate::report::format::{decimals, with_interval};
use crate::report::svg::responsive;

/// The curve and the numbers.
pub(super) fn section(found: &ClassIncremental) -> Markup {
    let drawn = found.drawn();
    html! {
        @if !found.curves.is_empty() {
            section id="class-incremental" {
                h2 { "Classes in sessions" }
                p {
                    "Few-shot class-incremental learning, after NeuroBench: new classes come session after session, a few "
                    "labelled pictures of each, and nothing of an earlier session is seen again. After each session the network "
                    "is asked about all classes so far. No weight is trained meanwhile; the plastic read-out grows by a "
                    "neuron for each class, prototypes keep the mean embedding of each."
                }
                p { (found.setting) }
                @if is_worth_drawing(&drawn) {
                    figure {
                        (responsive(|layout| chart(&lines(&drawn), CLASSES, layout)))
                        figcaption {
                            "Accuracy on all classes so far, with its 95 % confidence interval over repetitions. Guessing gets less "
                            "likely to be right with each class, too: compare with chance."
                            @if beyond(found) {
                                " All sessions have more classes than an episode that the network learned in ("
                                (found.trained_ways) ")."
                            }
                        }
                    }
                }
                (means(&found.curves).html())
                (sessions(&found.curves).folded())
            }
        }
    }
}

/// Whether every session has more classes than the network has met at once.
fn beyond(found: &ClassIncremental) -> bool {
    let mut sessions = found.curves.iter().flat_map(|curve| &curve.sessions);
    found.trained_ways > 0 && sessions.all(|session| session.classes > found.trained_ways)
}

fn words([percent, interval]: [f64; 2]) -> String {
    with_interval(percent, Some(interval))
}

fn means(curves: &[SessionCurve]) -> Table<'static> {
    let row = |curve: &SessionCurve| {
        let ends = |of: Option<&SessionAccuracy>| of.map_or("–".to_owned(), |session| words(session.all));
        let last = curve.sessions.last();
        let of_last =
            |of: &dyn Fn(&SessionAccuracy) -> Option<[f64; 2]>| last.and_then(of).map_or("–".to_owned(), words);
        vec![
            curve.label.clone(),
            words(curve.mean),
            ends(curve.sessions.first()),
            ends(last),
            of_last(&|session| Some(session.base)),
            of_last(&|session| session.new),
        ]
    };
    let heads =
        ["method", "mean over sessions", "base session", "last session", "of it: base classes", "of it: new classes"];
    Table {
        caption: "Accuracy in per cent on all classes so far, mean ± half the 95 % confidence interval over repetitions",
        heads: heads.map(str::to_owned).to_vec(),
        rows: curves.iter().map(row).collect(),
    }
}

fn sessions(curves: &[SessionCurve]) -> Table<'static> {
    let heads = |curve: &SessionCurve| {
        ["all", "base", "new", "stored for their class"].map(|head| format!("{}: {head}", curve.label))
    };
    let cells = |session: &SessionAccuracy| {
        [words(session.all), words(session.base), session.new.map_or("–".to_owned(), words), words(session.stored)]
    };
    let row = |number: usize| -> Option<Vec<String>> {
        let first = curves.first()?.sessions.get(number)?;
        let start = [first.classes.to_string(), decimals(first.chance(), 1)];
        let own = curves.iter().filter_map(|curve| curve.sessions.get(number)).flat_map(cells);
        Some(start.into_iter().chain(own).collect())
    };
    Table {
        caption: "After each session in per cent: accuracy on all classes so far, on those of the base session, on those since; \
            labelled pictures of the session that were stored for their own class",
        heads: ["classes", "chance"].map(str::to_owned).into_iter().chain(curves.iter().flat_map(heads)).collect(),
        rows: (0..MOST_ROWS).map_while(row).collect(),
    }
}
