//! A small drawing kit: scales, axes, markers and paths as SVG text, coloured by CSS classes only.

mod frame;
mod marker;
mod path;
mod scale;

pub(super) use frame::{Frame, Margin};
pub(super) use marker::{Fill, arm_class, diamond, marker};
pub(super) use path::{band, coordinate, filled_box, has_place, polyline};
pub(super) use scale::Scale;

use maud::{Markup, Render, html};

/// The two drawings made of every wide chart; the style sheet shows the one that fits, so that text keeps its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    Wide,
    Narrow,
}

impl Layout {
    /// Width in drawing units, about one CSS pixel each.
    pub(super) fn width(self) -> f64 {
        match self {
            Self::Wide => 880.0,
            Self::Narrow => 358.0,
        }
    }

    pub(super) fn pick<T>(self, wide: T, narrow: T) -> T {
        match self {
            Self::Wide => wide,
            Self::Narrow => narrow,
        }
    }
}

/// Draws a chart for a desktop and for a phone.
pub(super) fn responsive(draw: impl Fn(Layout) -> Drawing) -> Markup {
    html! {
        div.wide-only { (draw(Layout::Wide)) }
        div.narrow-only { (draw(Layout::Narrow)) }
    }
}

/// A chart before it is put into a page or a file.
pub(super) struct Drawing {
    /// Width and height in drawing units.
    pub size: (f64, f64),
    /// What a reader who sees no pictures is told.
    pub label: String,
    pub body: Markup,
}

impl Render for Drawing {
    fn render(&self) -> Markup {
        let view = format!("0 0 {} {}", coordinate(self.size.0), coordinate(self.size.1));
        html! {
            svg.chart xmlns="http://www.w3.org/2000/svg" viewBox=(view) role="img" aria-label=(self.label) { (self.body) }
        }
    }
}

/// A line of text; `anchor` is `start`, `middle` or `end`.
pub(super) fn text(x: f64, y: f64, anchor: &str, class: &str, words: &str) -> Markup {
    html! { text class=(class) x=(coordinate(x)) y=(coordinate(y)) text-anchor=(anchor) { (words) } }
}

/// A straight line.
pub(super) fn line(from: (f64, f64), to: (f64, f64), class: &str) -> Markup {
    html! {
        line class=(class) x1=(coordinate(from.0)) y1=(coordinate(from.1)) x2=(coordinate(to.0)) y2=(coordinate(to.1)) {}
    }
}

/// A name for a drawing: cut where it would run out of its place, after a word unless that leaves less than half of it.
pub(super) fn shorten(name: &str, most: usize) -> String {
    if name.chars().count() <= most {
        return name.to_owned();
    }
    let fits: String = name.chars().take(most.saturating_sub(1)).collect();
    let is_cut = name[fits.len()..].starts_with(char::is_alphanumeric);
    let words = if is_cut { fits.rfind(' ').map_or("", |end| &fits[..end]) } else { &fits };
    let words = words.trim_end_matches([' ', ',', ':', '(']);
    let kept = if 2 * words.chars().count() >= most { words } else { &fits };
    format!("{kept}…")
}

/// The width that the widest of some names takes as a label, as DejaVu Sans in bold, the widest of the usual fonts, sets it.
pub(super) fn label_width(names: impl IntoIterator<Item = impl AsRef<str>>) -> f64 {
    const FONT_SIZE: f64 = 13.5;
    let em = |c: char| match c {
        'f' | 'i' | 'j' | 'l' | 'r' | 't' | ' ' | '.' | ',' | ':' | ';' | '-' | '(' | ')' | '/' | '|' | '!' | '\'' => {
            0.48
        }
        'm' | 'w' | 'M' | 'W' | '%' | '@' | '…' => 1.05,
        'A'..='Z' => 0.8,
        c if c.is_ascii() => 0.72,
        _ => 1.05,
    };
    names.into_iter().map(|name| FONT_SIZE * name.as_ref().chars().map(em).sum::<f64>()).fold(0.0, f64::max)
}

/// Moves heights apart until neighbours keep `gap`, staying inside `low..=high` where there is room; the order of the
/// input is kept.
pub(super) fn spread(heights: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..heights.len()).collect();
    order.sort_by(|&a, &b| heights[a].total_cmp(&heights[b]));
    let mut placed = heights.to_vec();
    let mut free = low;
    for &index in &order {
        placed[index] = placed[index].max(free);
        free = placed[index] + gap;
    }
    let mut limit = high;
    for &index in order.iter().rev() {
        placed[index] = placed[index].min(limit);
        limit = placed[index] - gap;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut() {
        assert_eq!(shorten("hybrid", 6), "hybrid");
        assert_eq!(shorten("hybrid, frozen", 7), "hybrid…");
        assert_eq!(shorten("hybrid, frozen", 12), "hybrid…");
        assert_eq!(shorten("HP, second-order meta-learning", 24), "HP, second-order…");
        assert_eq!(shorten("a Schrödinger", 9), "a Schröd…");
        assert_eq!(shorten("öäü", 0), "…");
    }

    #[test]
    fn labels_move_apart_and_keep_their_order() {
        assert_eq!(spread(&[50.0, 52.0, 10.0], 10.0, 0.0, 100.0), [50.0, 60.0, 10.0]);
    }

    #[test]
    fn labels_at_the_end_of_the_room_move_back() {
        assert_eq!(spread(&[99.0, 98.0], 10.0, 0.0, 100.0), [100.0, 90.0]);
    }
}
