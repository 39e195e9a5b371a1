//! One episode of few-shot learning, step by step.

use maud::{Markup, html};

use crate::report::data::{ExplainedEpisode, ShownPicture, Verdict};
use crate::report::figures::episode::{answer_span, answers, has_potentials, potentials};
use crate::report::figures::fields::{Range, before_and_after};
use crate::report::format::significant;
use crate::report::pixels;
use crate::report::svg::responsive;

use super::table::Table;

/// Whether there is anything of an episode to be shown.
pub(super) fn has_anything(episode: &ExplainedEpisode) -> bool {
    !episode.support.is_empty() || !episode.queries.is_empty() || has_potentials(episode) || has_weights(episode)
}

fn has_weights(episode: &ExplainedEpisode) -> bool {
    episode.before.iter().chain(&episode.after).any(|weights| !weights.is_empty())
}

/// What was shown, what it did to the potentials, what was stored, and what was answered.
pub(super) fn explained(episode: &ExplainedEpisode) -> Markup {
    html! {
        h3 { "One episode, step by step" }
        @if !episode.support.is_empty() { (support_figure(episode)) }
        @if has_potentials(episode) { (potentials_figure(episode)) }
        @if has_weights(episode) { (weights_figure(episode)) }
        @if !episode.queries.is_empty() { (queries_figure(episode)) }
    }
}

fn support_figure(episode: &ExplainedEpisode) -> Markup {
    let (listed, all) = (episode.support.len(), episode.supports());
    html! {
        figure {
            div class=(if listed > 25 { "support many" } else { "support" }) {
                @for (step, shown) in episode.support.iter().enumerate() {
                    div.tile title=(shown.name) {
                        (picture(episode.side, shown, &format!("Step {step}: class {}", shown.label)))
                        span { strong { "class " (shown.label) } }
                        @if listed <= 25 && !shown.name.is_empty() { span.from { (breakable(&shown.name)) } }
                    }
                }
            }
            figcaption {
                "The support: all that the network may learn from, in the order in which it was shown, with the label "
                "given to it. The labels hold for this episode only."
                @if listed < all { " The first " (listed) " of " (all) " pictures." }
            }
        }
    }
}

/// A path that may break after its separators.
fn breakable(name: &str) -> Markup {
    html! { @for part in name.split_inclusive(['/', '_']) { (part) wbr; } }
}

fn picture(side: usize, shown: &ShownPicture, label: &str) -> Markup {
    html! {
        @match pixels::ink(side, &shown.levels) {
            Some(uri) => { img.pixels.ink src=(uri) alt=(label); }
            None => { p.missing { "The picture's size and data disagree." } }
        }
    }
}

fn potentials_figure(episode: &ExplainedEpisode) -> Markup {
    let lost = episode.potentials.iter().flatten().filter(|value| !value.is_finite()).count();
    html! {
        figure {
            (responsive(|layout| potentials(episode, layout)))
            figcaption {
                "Each class has a neuron; the bars are its membrane potential, as a multiple of the threshold (dashed). "
                "While the support is shown, the label drives the neuron of its class far beyond the threshold, and "
                "the local rule ties the picture to it. At the last step, shaded, the network sees a query without a "
                "label: the neuron with the highest potential is its answer (◂)."
                @if lost > 0 { " " (lost) " potentials are not finite and not drawn." }
            }
            (potentials_table(episode).folded())
        }
    }
}

fn potentials_table(episode: &ExplainedEpisode) -> Table<'static> {
    let neurons = episode.potentials.iter().map(Vec::len).max().unwrap_or(0);
    let last = episode.potentials.len().saturating_sub(1);
    let name = |step: usize| match episode.support.get(step) {
        _ if step == last => "query".to_owned(),
        Some(shown) => format!("{step} · class {}", shown.label),
        None => step.to_string(),
    };
    let row = |(step, values): (usize, &Vec<f32>)| {
        let cell = |neuron| values.get(neuron).map_or("–".to_owned(), |v| significant(f64::from(*v)));
        std::iter::once(name(step)).chain((0..neurons).map(cell)).collect()
    };
    Table {
        caption: "Membrane potential over threshold by step; a column per class's neuron",
        heads: std::iter::once("step".to_owned()).chain((0..neurons).map(|n| format!("class {n}"))).collect(),
        rows: episode.potentials.iter().enumerate().map(row).collect(),
    }
}

fn weights_figure(episode: &ExplainedEpisode) -> Markup {
    let [before, after] = [&episode.before, &episode.after].map(|weights| Range::of(weights.iter().flatten()));
    let lost = before.not_finite + after.not_finite;
    html! {
        figure {
            (before_and_after(episode))
            figcaption {
                "What the local rule wrote: the plastic weights into each class's neuron before and after the support, "
                "one pixel per input of the read-out, row by row. Classes that look different here are stored apart. "
                "White is zero; all maps share one scale, whose ends are the 99.5th percentile of magnitudes. Extremes: "
                "before " (before.words()) ", after " (after.words()) "."
                @if lost > 0 { " " (lost) " values are not finite and shown in magenta." }
            }
        }
    }
}

fn queries_figure(episode: &ExplainedEpisode) -> Markup {
    let span = answer_span(&episode.queries);
    let asked: Vec<Verdict> = episode.queries.iter().filter_map(ShownPicture::verdict).collect();
    let right = asked.iter().filter(|verdict| **verdict == Verdict::Right).count();
    html! {
        figure {
            div.queries { @for query in &episode.queries { (query_card(episode.side, query, span)) } }
            figcaption {
                "Queries and the answers to them. A bar is the potential of a class's neuron (dashed: the threshold), "
                "the longest is the answer; the number of the true class is bold."
                @if !asked.is_empty() { " " (right) " of these " (asked.len()) " are right." }
            }
        }
    }
}

fn query_card(side: usize, query: &ShownPicture, span: (f64, f64)) -> Markup {
    html! {
        div.query title=(query.name) {
            (picture(side, query, &format!("A query of class {}", query.label)))
            @if !query.answers.is_empty() { (answers(query, span)) }
            (verdict(query))
        }
    }
}

/// A sign, words and a colour.
fn verdict(query: &ShownPicture) -> Markup {
    let label = query.label;
    html! {
        p {
            @match query.verdict() {
                None => { "class " (label) }
                Some(Verdict::Right) => { span.hit { "✓ right" } ": class " (label) }
                Some(Verdict::Wrong(taken)) => { span.miss { "✗ wrong" } ": " (taken) " instead of " (label) }
                Some(Verdict::NotFinite) => { span.miss { "✗ not finite" } ": class " (label) }
            }
        }
    }
}
