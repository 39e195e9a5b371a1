//! A small panel of lines with bands over seeds; panels of one set stand beside each other and share their scales.

use maud::{Markup, html};

use super::course::Look;
use crate::report::format::mean_sd;
use crate::report::stats::Summary;
use crate::report::svg::{Drawing, Frame, Layout, Margin, Scale, band, line, polyline, spread, text};

/// From the end of a line to its name.
pub(super) const LABEL_GAP: f64 = 19.0;

/// One line of a panel.
pub(super) struct Line {
    /// What stands at its right end.
    pub label: String,
    /// What a pointer on a marker is told first.
    pub name: String,
    pub look: Look,
    pub stroke: Stroke,
    /// From left to right.
    pub points: Vec<(f64, Summary)>,
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stroke {
    /// Thick, with markers and a band of one standard deviation.
    Full,
    /// Thin dashes without markers and band.
    Thin,
}

/// What the horizontal axis shows.
pub(super) struct Axis {
    pub name: &'static str,
    pub ticks: fn(&Scale) -> Vec<(f64, String)>,
    /// A place on it in words, for instance `level 3`.
    pub at: fn(f64) -> String,
}

/// The scales and the room of a set of panels.
pub(super) struct Panel {
    frame: Frame,
    x: Scale,
    y: Scale,
    axis: Axis,
}

impl Panel {
    /// Holds all points of `across` from left to right and all of `upwards` in height; names take `right` beside it.
    pub(super) fn new<'a>(
        across: impl IntoIterator<Item = &'a Line>,
        upwards: impl IntoIterator<Item = &'a Line>,
        right: f64,
        layout: Layout,
        axis: Axis,
    ) -> Self {
        let margin = Margin { top: 34.0, right, bottom: 52.0, left: 34.0 };
        let frame = Frame { size: (layout.pick(428.0, Layout::Narrow.width()), layout.pick(280.0, 260.0)), margin };
        let (left, right) = frame.across();
        let places = across.into_iter().flat_map(|line| &line.points).map(|(at, _)| *at);
        let x = Scale::fit(places, 0.0, (left + 8.0, right - 6.0)).within(0.0, f64::INFINITY);
        let y = Scale::fit(upwards.into_iter().flat_map(heights), 0.06, frame.upwards()).within(0.0, 100.0);
        Self { frame, x, y, axis }
    }

    /// The drawing of some of the lines.
    pub(super) fn drawing(&self, lines: &[Line], label: String) -> Drawing {
        let body = html! {
            (self.frame.y_axis(&self.y, &self.y.ticks(5)))
            (self.frame.x_axis(&self.x, &(self.axis.ticks)(&self.x), self.axis.name))
            (self.frame.y_name("test accuracy, %"))
            @for line in lines { g class=(line.look.class()) { (self.line(line)) } }
            (self.labels(lines))
        };
        Drawing { size: self.frame.size, label, body }
    }

    fn at(&self, place: f64, percent: f64) -> (f64, f64) {
        (self.x.at(place), self.y.at(percent))
    }

    fn line(&self, line: &Line) -> Markup {
        let centre = line.points.iter().map(|(place, s)| self.at(*place, s.mean.unwrap_or(f64::NAN)));
        match line.stroke {
            Stroke::Thin => html! { path.frozen d=(polyline(centre)) {} },
            Stroke::Full => html! {
                (self.deviation(line))
                path.line d=(polyline(centre)) {}
                @for (place, summary) in &line.points { (self.point(line, *place, summary)) }
            },
        }
    }

    /// One standard deviation to both sides of the mean.
    fn deviation(&self, drawn: &Line) -> Markup {
        let edge = |(place, summary): &(f64, Summary)| {
            let (mean, sd) = (summary.mean?, summary.sd?);
            let (x, high) = self.at(*place, (mean + sd).min(100.0));
            Some((x, high, self.y.at((mean - sd).max(0.0))))
        };
        let edges: Vec<_> = drawn.points.iter().filter_map(edge).collect();
        html! {
            @if edges.len() > 1 { path.band d=(band(&edges)) {} }
            @else { @for &(x, high, low) in &edges { (line((x, low), (x, high), "bar")) } }
        }
    }

    fn point(&self, line: &Line, place: f64, summary: &Summary) -> Markup {
        let tip = format!("{}: {} % at {}", line.name, mean_sd(summary), (self.axis.at)(place));
        html! { @if let Some(mean) = summary.mean { (line.look.point(self.at(place, mean), 3.0, &tip)) } }
    }

    /// The names of all lines, each joined to the end of its line: lines that end close together would be mistaken.
    fn labels(&self, lines: &[Line]) -> Markup {
        let ends: Vec<_> = lines.iter().filter_map(|line| Some((line, line.end()?))).collect();
        let heights: Vec<f64> = ends.iter().map(|(_, (_, percent))| self.y.at(*percent)).collect();
        let (bottom, top) = self.frame.upwards();
        let placed = spread(&heights, 15.0, top, bottom - 5.0);
        html! {
            @for ((named, (place, _)), (from, to)) in ends.iter().zip(heights.iter().zip(placed)) {
                @let x = self.x.at(*place);
                g class=(named.look.class()) {
                    (line((x + 5.0, *from), (x + LABEL_GAP - 2.0, to), "leader"))
                    (text(x + LABEL_GAP, to + 4.5, "start", named.label_class(), &named.label))
                }
            }
        }
    }
}

impl Line {
    fn label_class(&self) -> &'static str {
        match self.stroke {
            Stroke::Full => "label",
            Stroke::Thin => "frozen-label",
        }
    }

    /// The last place with a finite mean.
    fn end(&self) -> Option<(f64, f64)> {
        self.points.iter().rev().find_map(|(place, summary)| Some((*place, summary.mean?)))
    }
}

/// Everything of a line that the vertical axis must hold.
fn heights(line: &Line) -> Vec<f64> {
    let reach = |(_, summary): &(f64, Summary)| {
        let (mean, sd) = (summary.mean?, summary.sd.filter(|_| line.stroke == Stroke::Full).unwrap_or(0.0));
        Some([mean - sd, mean + sd])
    };
    line.points.iter().filter_map(reach).flatten().collect()
}
