//! Point markers: a shape per learning rule, so that colour never carries the meaning alone.

use glocal_core::LearningRule;
use maud::{Markup, html};

use super::{coordinate, has_place, polyline};

/// How a marker is filled: our points are solid, the published ones hollow, and sources differ by the strokes beside
/// the marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Fill {
    /// A number of ours.
    Solid,
    /// A published number, by the position of its source.
    Hollow(usize),
}

/// The CSS class which sets an arm's colour and dashes.
pub(in crate::report) fn arm_class(rule: LearningRule) -> &'static str {
    match rule {
        LearningRule::Global => "arm-gp",
        LearningRule::Local => "arm-lp",
        LearningRule::Hybrid => "arm-hp",
    }
}

/// A marker of half-width `r`, with the words a pointer resting on it shows.
pub(in crate::report) fn marker(rule: LearningRule, fill: Fill, at: (f64, f64), r: f64, tip: &str) -> Markup {
    placed(shape(rule, at, r), fill, at, r, tip)
}

/// The marker of what has no learning rule.
pub(in crate::report) fn diamond(fill: Fill, (x, y): (f64, f64), r: f64, tip: &str) -> Markup {
    let far = 1.25 * r;
    let corners = [(x, y - far), (x + far, y), (x, y + far), (x - far, y)];
    placed(html! { path d=(polyline(corners) + "Z") {} }, fill, (x, y), r, tip)
}

fn placed(shape: Markup, fill: Fill, at: (f64, f64), r: f64, tip: &str) -> Markup {
    if !(has_place(at.0) && has_place(at.1)) {
        return html! {};
    }
    let class = if fill == Fill::Solid { "solid" } else { "hollow" };
    html! {
        g class=(class) {
            (shape)
            (strokes(fill, at, r))
            @if !tip.is_empty() { title { (tip) } }
        }
    }
}

fn shape(rule: LearningRule, (x, y): (f64, f64), r: f64) -> Markup {
    match rule {
        LearningRule::Global => {
            let side = coordinate(1.8 * r);
            html! { rect x=(coordinate(x - 0.9 * r)) y=(coordinate(y - 0.9 * r)) width=(side) height=(side) {} }
        }
        LearningRule::Local => {
            let corners = [(x, y - 1.2 * r), (x + 1.1 * r, y + 0.8 * r), (x - 1.1 * r, y + 0.8 * r)];
            html! { path d=(polyline(corners) + "Z") {} }
        }
        LearningRule::Hybrid => html! { circle cx=(coordinate(x)) cy=(coordinate(y)) r=(coordinate(r)) {} },
    }
}

fn strokes(fill: Fill, (x, y): (f64, f64), r: f64) -> Markup {
    let (near, far) = (1.2 * r, 2.1 * r);
    let ends = match fill {
        Fill::Solid | Fill::Hollow(0) => return html! {},
        Fill::Hollow(1) => [((x - far, y), (x - near, y)), ((x + near, y), (x + far, y))],
        Fill::Hollow(_) => [((x, y - far), (x, y - near)), ((x, y + near), (x, y + far))],
    };
    html! { @for (from, to) in ends { path d=(polyline([from, to])) {} } }
}
