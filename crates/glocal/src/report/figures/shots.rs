//! Accuracy against the number of labelled pictures of each class.

use glocal_core::LearningRule;
use maud::{Markup, html};

use crate::report::data::{ShotCurve, ShotPoint};
use crate::report::format::with_interval;
use crate::report::svg::{
    Drawing, Fill, Frame, Layout, Margin, Scale, arm_class, band, diamond, label_width, line, marker, polyline,
    shorten, spread, text,
};

/// From the end of a line to its name.
const LABEL_GAP: f64 = 21.0;

/// Whether there are at least two numbers of pictures to draw a line between.
pub(in crate::report) fn is_worth_drawing(curves: &[ShotCurve]) -> bool {
    all_shots(curves).len() > 1
}

/// All numbers of pictures, ascending.
pub(in crate::report) fn all_shots(curves: &[ShotCurve]) -> Vec<u32> {
    let mut all: Vec<u32> = curves.iter().flat_map(|curve| &curve.points).map(|point| point.shots).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The drawing.
pub(in crate::report) fn chart(curves: &[ShotCurve], layout: Layout) -> Drawing {
    let chart = Chart::new(curves, layout);
    let body = html! {
        (chart.frame.y_axis(&chart.y, &chart.y.ticks(6)))
        (chart.frame.x_axis(&chart.x, &chart.shot_ticks(), "labelled pictures of each class (shots)"))
        (chart.frame.y_name("accuracy, %"))
        @for (index, curve) in curves.iter().enumerate() {
            g class=(class(curve.rule)) { (chart.draw(curve, fill(curves, index))) }
        }
        (chart.labels())
    };
    Drawing { size: chart.frame.size, label: "Accuracy against the number of labelled pictures".to_owned(), body }
}

/// A second curve of one rule has hollow markers, so that crossing lines of one colour can be followed.
fn fill(curves: &[ShotCurve], index: usize) -> Fill {
    let is_first = curves.iter().take(index).all(|earlier| earlier.rule != curves[index].rule);
    if is_first { Fill::Solid } else { Fill::Hollow(0) }
}

fn class(rule: Option<LearningRule>) -> &'static str {
    rule.map_or("arm-other", arm_class)
}

struct Chart<'a> {
    curves: &'a [ShotCurve],
    layout: Layout,
    frame: Frame,
    x: Scale,
    y: Scale,
}

impl<'a> Chart<'a> {
    fn new(curves: &'a [ShotCurve], layout: Layout) -> Self {
        let names: Vec<String> = curves.iter().map(|curve| label(curve, layout)).collect();
        let margin = Margin { top: 34.0, right: label_width(&names) + LABEL_GAP, bottom: 52.0, left: 34.0 };
        let frame = Frame { size: (layout.width(), layout.pick(380.0, 320.0)), margin };
        let (left, right) = frame.across();
        let shots = all_shots(curves).into_iter().map(f64::from);
        let x = Scale::fit(shots, 0.0, (left + 12.0, right - 6.0));
        let points = || curves.iter().flat_map(|curve| &curve.points);
        let y = Scale::fit(points().filter_map(reach).flatten(), 0.06, frame.upwards()).within(0.0, 100.0);
        Self { curves, layout, frame, x, y }
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
        let kept = all_shots(self.curves).into_iter().filter(|shots| has_room(shots));
        kept.map(|shots| (f64::from(shots), shots.to_string())).collect()
    }

    fn draw(&self, curve: &ShotCurve, fill: Fill) -> Markup {
        let points = curve.sorted();
        let edges: Vec<_> = points.iter().filter_map(|point| self.edges(point)).collect();
        html! {
            @if edges.len() > 1 { path.band d=(band(&edges)) {} }
            @else { @for &(x, high, low) in &edges { (line((x, low), (x, high), "bar")) } }
            path.line d=(polyline(points.iter().map(|point| self.at(point)))) {}
            @for point in &points {
                @let percent = with_interval(point.percent, Some(point.interval));
                @let tip = format!("{}: {percent} % with {} of each class", curve.label, point.shots);
                @match curve.rule {
                    Some(rule) => { (marker(rule, fill, self.at(point), 4.0, &tip)) }
                    None => { (diamond(fill, self.at(point), 4.0, &tip)) }
                }
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
        let end = |curve: &'a ShotCurve| curve.sorted().into_iter().rev().find(|p| p.percent.is_finite());
        let ends: Vec<_> = self.curves.iter().filter_map(|curve| Some((curve, self.at(&end(curve)?)))).collect();
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
