//! Accuracy against a number: of labelled pictures of each class, or of classes.

use glocal_core::LearningRule;
use maud::{Markup, html};

use crate::report::data::{ShotCurve, ShotPoint};
use crate::report::format::with_interval;
use crate::report::svg::{
    Drawing, Fill, Frame, Layout, Margin, Scale, arm_class, band, diamond, label_width, line, marker, polyline,
    shorten, spread, text,
};

/// What the horizontal axis counts.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) struct Axis {
    /// Its name.
    pub name: &'static str,
    /// The drawing, for those who do not see it.
    pub label: &'static str,
    /// What stands behind the number in a point's tip.
    pub tip: &'static str,
}

/// Labelled pictures of each class.
pub(in crate::report) const SHOTS: Axis = Axis {
    name: "labelled pictures of each class (shots)",
    label: "Accuracy against the number of labelled pictures",
    tip: "of each class",
};

/// Classes so far, where they come in sessions.
pub(in crate::report) const CLASSES: Axis =
    Axis { name: "classes so far", label: "Accuracy against the number of classes so far", tip: "classes" };

/// Points of accuracy within which curves are close.
const CLOSE: f64 = 12.0;
/// From the end of a line to its name.
const LABEL_GAP: f64 = 21.0;

/// Whether there are at least two numbers of pictures to draw a line between.
pub(in crate::report) fn is_worth_drawing(curves: &[ShotCurve]) -> bool {
    all_shots(curves).len() > 1
}

/// All numbers of pictures, ascending.
pub(in crate::report) fn all_shots<'a>(curves: impl IntoIterator<Item = &'a ShotCurve>) -> Vec<u32> {
    let mut all: Vec<u32> = curves.into_iter().flat_map(|curve| &curve.points).map(|point| point.shots).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// A curve and how its markers are filled.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) struct Line<'a> {
    curve: &'a ShotCurve,
    fill: Fill,
}

/// All curves.
pub(in crate::report) fn lines(curves: &[ShotCurve]) -> Vec<Line<'_>> {
    let rules: Vec<_> = curves.iter().map(|curve| curve.rule).collect();
    curves.iter().zip(fills(&rules)).map(|(curve, fill)| Line { curve, fill }).collect()
}

/// Further curves of one rule have hollow markers, so that lines of one colour can be told apart.
pub(in crate::report) fn fills(rules: &[Option<LearningRule>]) -> Vec<Fill> {
    let earlier = |index: usize| rules.iter().take(index).filter(|rule| **rule == rules[index]).count();
    (0..rules.len()).map(|index| earlier(index).checked_sub(1).map_or(Fill::Solid, Fill::Hollow)).collect()
}

/// The curves that end close to the highest one, where others press them together; else `None`.
pub(in crate::report) fn close_up<'a>(lines: &[Line<'a>]) -> Option<Vec<Line<'a>>> {
    let top = lines.iter().filter_map(|line| last(line.curve)).map(|point| point.percent).reduce(f64::max)?;
    let is_close = |line: &&Line| last(line.curve).is_some_and(|point| point.percent > top - CLOSE);
    let close: Vec<_> = lines.iter().filter(is_close).copied().collect();
    (2..lines.len()).contains(&close.len()).then_some(close)
}

/// The last point that was measured.
fn last(curve: &ShotCurve) -> Option<ShotPoint> {
    curve.sorted().into_iter().rev().find(|point| point.percent.is_finite())
}

/// The drawing.
pub(in crate::report) fn chart(lines: &[Line], axis: Axis, layout: Layout) -> Drawing {
    let chart = Chart::new(lines, axis, layout);
    let body = html! {
        (chart.frame.y_axis(&chart.y, &chart.y.ticks(6)))
        (chart.frame.x_axis(&chart.x, &chart.shot_ticks(), axis.name))
        (chart.frame.y_name("accuracy, %"))
        @for line in lines { g class=(class(line.curve.rule)) { (chart.draw(line)) } }
        (chart.labels())
    };
    Drawing { size: chart.frame.size, label: axis.label.to_owned(), body }
}

/// A marker in the shape of a rule, or of none.
pub(in crate::report) fn point(rule: Option<LearningRule>, fill: Fill, at: (f64, f64), r: f64, tip: &str) -> Markup {
    match rule {
        Some(rule) => marker(rule, fill, at, r, tip),
        None => diamond(fill, at, r, tip),
    }
}

/// The CSS class of a rule, or of none.
pub(in crate::report) fn class(rule: Option<LearningRule>) -> &'static str {
    rule.map_or("arm-other", arm_class)
}

struct Chart<'a> {
    lines: &'a [Line<'a>],
    axis: Axis,
    layout: Layout,
    frame: Frame,
    x: Scale,
    y: Scale,
}

impl<'a> Chart<'a> {
    fn new(lines: &'a [Line<'a>], axis: Axis, layout: Layout) -> Self {
        let names: Vec<String> = lines.iter().map(|line| label(line.curve, layout)).collect();
        let margin = Margin { top: 34.0, right: label_width(&names) + LABEL_GAP, bottom: 52.0, left: 42.0 };
        let frame = Frame { size: (layout.width(), layout.pick(380.0, 320.0)), margin };
        let (left, right) = frame.across();
        let points = || lines.iter().flat_map(|line| &line.curve.points);
        let x = Scale::fit(points().map(|point| f64::from(point.shots)), 0.0, (left + 12.0, right - 6.0));
        let y = Scale::fit(points().filter_map(reach).flatten(), 0.06, frame.upwards()).within(0.0, 100.0);
        Self { lines, axis, layout, frame, x, y }
    }

    fn at(&self, point: &ShotPoint) -> (f64, f64) {
        (self.x.at(f64::from(point.shots)), self.y.at(point.percent))
    }

    /// The numbers that were measured, as many as there is room for.
    fn shot_ticks(&self) -> Vec<(f64, String)> {
        let mut last = f64::NEG_INFINITY;
        let mut has_room = |shots: &u32| {
            let x = self.x.at(f64::from(*shots));
            let is_free = x - last >= 22.0;
            last = if is_free { x } else { last };
            is_free
        };
        let kept = all_shots(self.lines.iter().map(|line| line.curve)).into_iter().filter(|shots| has_room(shots));
        kept.map(|shots| (f64::from(shots), shots.to_string())).collect()
    }

    fn draw(&self, &Line { curve, fill }: &Line) -> Markup {
        let points = curve.sorted();
        let edges: Vec<_> = points.iter().filter_map(|point| self.edges(point)).collect();
        html! {
            @if edges.len() > 1 { path.band d=(band(&edges)) {} }
            @else { @for &(x, high, low) in &edges { (line((x, low), (x, high), "bar")) } }
            path.line d=(polyline(points.iter().map(|point| self.at(point)))) {}
            @for point in &points {
                @let percent = with_interval(point.percent, Some(point.interval));
                @let tip = format!("{}: {percent} % with {} {}", curve.label, point.shots, self.axis.tip);
                (self::point(curve.rule, fill, self.at(point), 4.0, &tip))
            }
        }
    }

    /// Where the band of the interval has its edges: `(x, upper, lower)`.
    fn edges(&self, point: &ShotPoint) -> Option<(f64, f64, f64)> {
        let [low, high] = reach(point).filter(|_| point.interval.abs() > 0.0)?;
        Some((self.at(point).0, self.y.at(high.min(100.0)), self.y.at(low.max(0.0))))
    }

    /// The names, each joined to the end of its line.
    fn labels(&self) -> Markup {
        let end = |line: &Line<'a>| Some((line.curve, self.at(&last(line.curve)?)));
        let ends: Vec<_> = self.lines.iter().filter_map(end).collect();
        let heights: Vec<f64> = ends.iter().map(|(_, (_, y))| *y).collect();
        let (bottom, top) = self.frame.upwards();
        let placed = spread(&heights, 18.0, top + 4.0, bottom - 4.0);
        html! {
            @for ((curve, (x, from)), to) in ends.iter().zip(placed) {
                g class=(class(curve.rule)) {
                    (line((x + 6.0, *from), (x + LABEL_GAP - 2.0, to), "leader"))
                    (text(x + LABEL_GAP, to + 4.5, "start", "label", &label(curve, self.layout)))
                }
            }
        }
    }
}

/// What stands at the end of a line.
fn label(curve: &ShotCurve, layout: Layout) -> String {
    shorten(&curve.label, layout.pick(24, 14))
}

/// Both ends of the interval; `None` where there is no point. A missing interval has no width.
fn reach(point: &ShotPoint) -> Option<[f64; 2]> {
    let half = if point.interval.is_finite() { point.interval.abs() } else { 0.0 };
    point.percent.is_finite().then_some([point.percent - half, point.percent + half])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(percents: &[f64]) -> ShotCurve {
        let points = (1..).zip(percents).map(|(shots, &percent)| ShotPoint { shots, percent, interval: 0.5 });
        ShotCurve { label: String::new(), rule: None, points: points.collect() }
    }

    #[test]
    fn close_curves_are_drawn_again_where_others_press_them_together() {
        let number = |ends: &[f64]| {
            let curves: Vec<_> = ends.iter().map(|end| curve(&[20.0, *end, f64::NAN])).collect();
            close_up(&lines(&curves)).map(|close| close.len())
        };
        assert_eq!(number(&[99.0, 95.0, 30.0]), Some(2));
        assert_eq!([number(&[99.0, 95.0]), number(&[99.0, 60.0, 30.0]), number(&[])], [None; 3]);
    }

    #[test]
    fn further_curves_of_a_rule_are_hollow() {
        let (hybrid, none) = (Some(LearningRule::Hybrid), None);
        let expected = [Fill::Solid, Fill::Solid, Fill::Hollow(0), Fill::Hollow(1), Fill::Hollow(0)];
        assert_eq!(fills(&[hybrid, none, hybrid, hybrid, none]), expected);
    }
}
