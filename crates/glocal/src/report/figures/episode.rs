//! One episode inside the read-out: potentials of the way neurons, and answers to queries.

use maud::{Markup, html};

use crate::report::data::{ExplainedEpisode, ShownPicture, highest};
use crate::report::format::decimals;
use crate::report::svg::{
    Drawing, Frame, Layout, Margin, Scale, coordinate, filled_box, has_place, line, polyline, text,
};

/// Steps beyond which bars would be thinner than a pixel.
const MOST_STEPS: usize = 256;
/// Columns of at least this width have a picture below.
const PICTURE_COLUMN: f64 = 30.0;
/// Levels from here on are ink.
const INK: u8 = 96;

/// Whether the potentials have a place on a drawing.
pub(in crate::report) fn has_potentials(episode: &ExplainedEpisode) -> bool {
    (1..=MOST_STEPS).contains(&episode.potentials.len()) && neurons(episode) > 0
}

fn neurons(episode: &ExplainedEpisode) -> usize {
    episode.potentials.iter().map(Vec::len).max().unwrap_or(0)
}

/// The drawing: a row per way neuron, a column per step.
pub(in crate::report) fn potentials(episode: &ExplainedEpisode, layout: Layout) -> Drawing {
    let chart = Chart::new(episode, layout);
    let body = html! {
        (chart.query_column())
        @for neuron in 0..chart.neurons { (chart.row(neuron)) }
        (chart.bars())
        (chart.columns())
        (chart.key())
    };
    Drawing { size: chart.frame.size, label: "Potentials of the way neurons over one episode".to_owned(), body }
}

/// What a bar stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bar {
    /// The label drives this neuron.
    Driven,
    /// Another class is shown.
    Idle,
    /// The answer to the query.
    Answer,
}

impl Bar {
    const ALL: [Self; 3] = [Self::Driven, Self::Idle, Self::Answer];

    fn class(self) -> &'static str {
        match self {
            Self::Driven => "driven",
            Self::Idle => "idle",
            Self::Answer => "answer",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Driven => "driven by its label; a tip: beyond the scale",
            Self::Idle => "another class is shown",
            Self::Answer => "answer to the query",
        }
    }
}

struct Chart<'a> {
    episode: &'a ExplainedEpisode,
    layout: Layout,
    frame: Frame,
    x: Scale,
    /// Width of a column and height of a row.
    cell: (f64, f64),
    neurons: usize,
    /// Lowest and highest value of a row.
    span: (f64, f64),
}

impl<'a> Chart<'a> {
    fn new(episode: &'a ExplainedEpisode, layout: Layout) -> Self {
        let (neurons, steps) = (neurons(episode), episode.potentials.len());
        let row = match neurons {
            ..=6 => 46.0,
            7..=12 => 32.0,
            _ => 24.0,
        };
        let (left, right) = (if neurons > 10 { 68.0 } else { 58.0 }, 64.0);
        let column = (layout.width() - left - right) / steps.max(1) as f64;
        let below = if column >= PICTURE_COLUMN { picture_side(column) + 30.0 } else { 26.0 };
        let key = 22.0 * layout.pick(1.0, Bar::ALL.len() as f64);
        let margin = Margin { top: 26.0, right, bottom: below + 26.0 + key, left };
        let height = margin.top + row * neurons as f64 + margin.bottom;
        let frame = Frame { size: (layout.width(), height), margin };
        let x = Scale::fit([-0.5, steps.max(1) as f64 - 0.5], 0.0, frame.across());
        Self { episode, layout, frame, x, cell: (column, row), neurons, span: span(episode) }
    }

    fn last(&self) -> usize {
        self.episode.potentials.len().saturating_sub(1)
    }

    fn kind(&self, step: usize, neuron: usize) -> Bar {
        match step {
            step if step == self.last() => Bar::Answer,
            _ if self.episode.is_driven(step, neuron) => Bar::Driven,
            _ => Bar::Idle,
        }
    }

    /// The vertical scale of one row.
    fn y(&self, neuron: usize) -> Scale {
        let top = self.frame.margin.top + self.cell.1 * neuron as f64;
        Scale::fit([self.span.0, self.span.1], 0.0, (top + self.cell.1 - 2.0, top + self.tip() + 2.0))
    }

    /// Height of the tip on a bar that leaves the scale.
    fn tip(&self) -> f64 {
        0.14 * self.cell.1
    }

    /// The ground behind the query.
    fn query_column(&self) -> Markup {
        let (bottom, top) = self.frame.upwards();
        let left = self.x.at(self.last() as f64 - 0.5);
        html! {
            path.asked d=(filled_box((left, top), self.cell.0, bottom - top)) {}
            (text(left + self.cell.0 / 2.0, top - 9.0, "middle", "name", "query"))
            (text(self.frame.across().0, top - 9.0, "start", "name", self.layout.pick("support, step by step", "support")))
        }
    }

    /// The name, the lines of zero and of the threshold, and the answer as a number.
    fn row(&self, neuron: usize) -> Markup {
        let (left, right) = self.frame.across();
        let y = self.y(neuron);
        let (zero, threshold) = (y.at(0.0), y.at(1.0));
        let middle = self.frame.margin.top + self.cell.1 * (neuron as f64 + 0.5) + 4.5;
        let answers = self.episode.potentials.last().map_or(&[][..], Vec::as_slice);
        let is_highest = highest(answers) == Some(neuron);
        html! {
            (text(left - 8.0, middle, "end", "tick", &format!("class {neuron}")))
            (line((left, zero), (right, zero), "grid"))
            (line((left, threshold), (right, threshold), "threshold"))
            @if let Some(answer) = answers.get(neuron) {
                @let number = if answer.is_finite() { decimals(f64::from(*answer), 2) } else { "not fin.".to_owned() };
                @let words = if is_highest { format!("◂{number}") } else { number };
                (text(right + 6.0, middle, "start", if is_highest { "highest" } else { "tick" }, &words))
            }
        }
    }

    /// All bars of one kind as one path, and a tip on each that leaves the scale.
    fn bars(&self) -> Markup {
        let mut paths = [const { String::new() }; Bar::ALL.len()];
        for (step, values) in self.episode.potentials.iter().enumerate() {
            for (neuron, value) in values.iter().enumerate().filter(|(_, value)| value.is_finite()) {
                let kind = self.kind(step, neuron);
                paths[kind as usize] += &self.bar(step, neuron, f64::from(*value));
            }
        }
        html! {
            @for (kind, path) in Bar::ALL.iter().zip(paths) { path class=(kind.class()) d=(path) {} }
        }
    }

    fn bar(&self, step: usize, neuron: usize, value: f64) -> String {
        let y = self.y(neuron);
        let width = (0.62 * self.cell.0).clamp(0.8, 26.0);
        let middle = self.x.at(step as f64);
        let (from, to) = (y.at(0.0), y.at(value.clamp(self.span.0, self.span.1)));
        let height = (from - to).abs().max(0.8);
        let mut path = filled_box((middle - width / 2.0, from.min(to)), width, height);
        if value > self.span.1 {
            let half = 0.5 * width;
            path += &(polyline([(middle - half, to), (middle, to - self.tip()), (middle + half, to)]) + "Z");
        }
        path
    }

    /// What was shown at each step: the picture where there is room, and its class.
    fn columns(&self) -> Markup {
        let base = self.frame.upwards().0;
        let side = picture_side(self.cell.0);
        let (left, right) = self.frame.across();
        let has_pictures = self.cell.0 >= PICTURE_COLUMN;
        let below = if has_pictures { base + side + 20.0 } else { base + 16.0 };
        let every = ((20.0 / self.cell.0.max(0.1)).ceil() as usize).max(1);
        html! {
            (line((left, base), (right, base), "axis"))
            @if has_pictures {
                @for step in 0..=self.last() {
                    @if let Some(picture) = self.shown(step) {
                        (drawing(picture, self.episode.side, (self.x.at(step as f64) - side / 2.0, base + 6.0), side))
                    }
                }
            }
            // the last place but one is left free where it would touch the query's
            @for step in (0..(self.last() + 1).saturating_sub(every)).step_by(every) {
                @if let Some(picture) = self.episode.support.get(step) {
                    (text(self.x.at(step as f64), below, "middle", "tick", &picture.label.to_string()))
                }
            }
            (text(self.x.at(self.last() as f64), below, "middle", "tick", "?"))
            (text(left - 14.0, below, "end", "name", "label"))
        }
    }

    fn shown(&self, step: usize) -> Option<&'a ShownPicture> {
        if step == self.last() { self.episode.queries.first() } else { self.episode.support.get(step) }
    }

    fn key(&self) -> Markup {
        let bottom = self.frame.size.1;
        let rows = self.layout.pick(1, Bar::ALL.len());
        let place = |index: usize| match rows {
            1 => (self.frame.across().0 + [0.0, 330.0, 530.0][index], bottom - 8.0),
            _ => (0.0, bottom - 8.0 - 22.0 * (rows - 1 - index) as f64),
        };
        html! {
            @for (index, kind) in Bar::ALL.iter().enumerate() {
                @let (x, y) = place(index);
                path class=(kind.class()) d=(filled_box((x, y - 11.0), 12.0, 12.0)) {}
                (text(x + 19.0, y, "start", "tick", kind.words()))
            }
        }
    }
}

fn picture_side(column: f64) -> f64 {
    (0.86 * column).min(56.0)
}

/// From the lowest to the highest potential that no label drives, so that these can be seen; the threshold, 1, fits in.
fn span(episode: &ExplainedEpisode) -> (f64, f64) {
    let last = episode.potentials.len().saturating_sub(1);
    let values = episode.potentials.iter().enumerate().flat_map(|(step, values)| {
        let kept =
            values.iter().enumerate().filter(move |(neuron, _)| step == last || !episode.is_driven(step, *neuron));
        kept.map(|(_, value)| f64::from(*value))
    });
    reach(values, 1.25)
}

/// The ends of an axis which holds 0, `least` and all finite values.
fn reach(values: impl Iterator<Item = f64>, least: f64) -> (f64, f64) {
    values.filter(|value| value.is_finite()).fold((0.0, least), |(low, high), value| (low.min(value), high.max(value)))
}

/// A drawing as one path in units of its pixels: sharp at any size.
fn drawing(picture: &ShownPicture, side: usize, (x, y): (f64, f64), size: f64) -> Markup {
    if side.checked_mul(side) != Some(picture.levels.len()) || side == 0 {
        return html! {};
    }
    let scale = format!("{:.3}", size / side as f64);
    html! {
        g transform=(format!("translate({} {}) scale({scale})", coordinate(x), coordinate(y))) {
            path.paper d=(format!("M0 0h{side}v{side}h-{side}z")) {}
            path.drawn d=(runs(&picture.levels, side)) {}
        }
    }
}

/// A box for every run of ink.
fn runs(levels: &[u8], side: usize) -> String {
    let mut path = String::new();
    for (row, levels) in levels.chunks_exact(side).enumerate() {
        let mut start = 0;
        for run in levels.chunk_by(|a, b| (*a >= INK) == (*b >= INK)) {
            if run[0] >= INK {
                path += &format!("M{start} {row}h{0}v1h-{0}z", run.len());
            }
            start += run.len();
        }
    }
    path
}

/// The common scale of the answers to all queries.
pub(in crate::report) fn answer_span(queries: &[ShownPicture]) -> (f64, f64) {
    reach(queries.iter().flat_map(|query| &query.answers).map(|answer| f64::from(*answer)), 1.0)
}

/// The answers to one query: a bar per way neuron, the highest in full colour.
pub(in crate::report) fn answers(query: &ShownPicture, span: (f64, f64)) -> Drawing {
    let row = if query.answers.len() > 10 { 13.0 } else { 16.0 };
    let size = (132.0, row * query.answers.len() as f64 + 2.0);
    let x = Scale::fit([span.0, span.1], 0.0, (22.0, 124.0));
    let highest = highest(&query.answers);
    let (zero, threshold) = (x.at(0.0), x.at(1.0));
    let class = |neuron: usize| match highest {
        Some(best) if best == neuron && best == query.label as usize => "right",
        Some(best) if best == neuron => "wrong",
        _ => "rest",
    };
    let body = html! {
        @for (neuron, answer) in query.answers.iter().enumerate() {
            @let top = row * neuron as f64 + 1.0;
            @let is_asked = neuron == query.label as usize;
            (text(15.0, top + row - 4.0, "end", if is_asked { "highest" } else { "small" }, &neuron.to_string()))
            @let end = x.at(f64::from(*answer));
            @if answer.is_finite() && has_place(end) {
                path class=(class(neuron)) d=(filled_box((zero.min(end), top + 2.0), (end - zero).abs().max(0.8), row - 4.0)) {}
            }
        }
        (line((zero, 0.0), (zero, size.1), "axis"))
        (line((threshold, 0.0), (threshold, size.1), "threshold"))
    };
    Drawing { size, label: format!("Answers to a query of class {}", query.label), body }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ink_becomes_runs() {
        // .##
        // #.#
        // ...
        assert_eq!(runs(&[0, 255, 96, 200, 95, 255, 0, 0, 0], 3), "M1 0h2v1h-2zM0 1h1v1h-1zM2 1h1v1h-1z");
    }

    #[test]
    fn driven_neurons_do_not_stretch_the_scale() {
        let shown = |label| ShownPicture { label, ..ShownPicture::default() };
        let episode = ExplainedEpisode {
            support: vec![shown(0), shown(1)],
            potentials: vec![vec![20.0, 0.5], vec![-0.5, 21.0], vec![1.5, f32::NAN]],
            ..ExplainedEpisode::default()
        };
        assert_eq!(span(&episode), (-0.5, 1.5));
    }
}
