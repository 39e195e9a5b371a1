//! Accuracy against the variance of the noise: our mean and deviation beside the published points.

use glocal_core::LearningRule;
use maud::{Markup, html};

use super::{long_name, short_name};
use crate::report::data::{Arm, Report};
use crate::report::format;
use crate::report::stats::Summary;
use crate::report::svg::{
    Drawing, Fill, Frame, Layout, Margin, Scale, arm_class, band, label_width, line, marker, polyline, shorten, spread,
    text,
};

/// What the horizontal axis is called unless the report says otherwise.
pub(in crate::report) const DEFAULT_AXIS: &str = "variance of gaussian pixel noise";

/// Whether there are at least two variances to draw a line between.
pub(in crate::report) fn is_worth_drawing(report: &Report) -> bool {
    variances(&report.arms).len() > 1
}

/// All variances of ours and of the published figures, ascending.
pub(in crate::report) fn variances(arms: &[Arm]) -> Vec<f64> {
    let ours = arms.iter().flat_map(|arm| arm.accuracies.iter().map(|a| a.variance));
    let theirs = arms.iter().flat_map(|arm| &arm.published).flat_map(|p| p.points.iter().map(|p| p.variance));
    let mut all: Vec<f64> = ours.chain(theirs).filter(|v| v.is_finite()).collect();
    all.sort_by(f64::total_cmp);
    all.dedup_by(|a, b| same_variance(*a, *b));
    all
}

/// Variances are written by hand in decimals: equal up to rounding.
pub(in crate::report) fn same_variance(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

/// The sources of published figures, in order of appearance.
pub(in crate::report) fn sources(arms: &[Arm]) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for published in arms.iter().flat_map(|arm| &arm.published) {
        if !found.contains(&published.source.as_str()) {
            found.push(&published.source);
        }
    }
    found
}

/// The drawing.
pub(in crate::report) fn chart(report: &Report, layout: Layout) -> Drawing {
    let chart = Chart::new(report, layout);
    let axis = report.noise_axis.as_deref().unwrap_or(DEFAULT_AXIS);
    let body = html! {
        (chart.axes(axis))
        @for arm in &report.arms { g class=(arm_class(arm.rule)) { (chart.ours(arm)) } }
        @for arm in &report.arms { g class=(arm_class(arm.rule)) { (chart.theirs(arm)) } }
        (chart.labels(&report.arms))
        (chart.key())
    };
    Drawing { size: chart.frame.size, label: format!("Test accuracy against {axis}"), body }
}

struct Chart<'a> {
    layout: Layout,
    frame: Frame,
    x: Scale,
    y: Scale,
    sources: Vec<&'a str>,
}

/// One seed-averaged point.
struct Point {
    variance: f64,
    summary: Summary,
}

fn points(arm: &Arm) -> Vec<Point> {
    let mut points: Vec<_> =
        arm.accuracies.iter().map(|a| Point { variance: a.variance, summary: Summary::of(&a.percent) }).collect();
    points.sort_by(|a, b| a.variance.total_cmp(&b.variance));
    points
}

impl<'a> Chart<'a> {
    fn new(report: &'a Report, layout: Layout) -> Self {
        let sources = sources(&report.arms);
        let key_rows = (sources.len() + 1).div_ceil(key_columns(layout)) as f64;
        let names: Vec<String> = report.arms.iter().map(|arm| label(arm, layout)).collect();
        let margin =
            Margin { top: 34.0, right: label_width(&names) + 18.0, bottom: 58.0 + key_rows * 24.0, left: 40.0 };
        let frame = Frame { size: (layout.width(), layout.pick(400.0, 340.0) + key_rows * 24.0), margin };
        let (left, right) = frame.across();
        let x = Scale::fit(variances(&report.arms), 0.0, (left + 12.0, right - 14.0));
        let y = Scale::fit(heights(&report.arms), 0.06, frame.upwards()).within(0.0, 100.0);
        Self { layout, frame, x, y, sources }
    }

    fn at(&self, variance: f64, percent: f64) -> (f64, f64) {
        (self.x.at(variance), self.y.at(percent))
    }

    fn axes(&self, axis: &str) -> Markup {
        html! {
            (self.frame.y_axis(&self.y, &self.y.ticks(6)))
            (self.frame.x_axis(&self.x, &self.x.ticks(self.layout.pick(7, 4)), axis))
            (self.frame.y_name("test accuracy, %"))
        }
    }

    fn ours(&self, arm: &Arm) -> Markup {
        let points = points(arm);
        let centre = points.iter().filter_map(|p| Some(self.at(p.variance, p.summary.mean?)));
        let edges: Vec<_> = points.iter().filter_map(|p| self.edges(p)).collect();
        html! {
            @if edges.len() > 1 { path.band d=(band(&edges)) {} }
            @else { @for &(x, high, low) in &edges { (line((x, low), (x, high), "bar")) } }
            path.line d=(polyline(centre)) {}
            @for point in &points {
                @if let Some(mean) = point.summary.mean {
                    @let tip = tip(&long_name(arm), &format::mean_sd(&point.summary), point.variance);
                    (marker(arm.rule, Fill::Solid, self.at(point.variance, mean), 4.0, &tip))
                }
            }
        }
    }

    /// Where the band of one standard deviation has its edges: `(x, upper, lower)`.
    fn edges(&self, point: &Point) -> Option<(f64, f64, f64)> {
        let (mean, sd) = (point.summary.mean?, point.summary.sd?);
        let (x, high) = self.at(point.variance, (mean + sd).min(100.0));
        Some((x, high, self.y.at((mean - sd).max(0.0))))
    }

    fn theirs(&self, arm: &Arm) -> Markup {
        html! {
            @for published in &arm.published {
                @let source = self.sources.iter().position(|s| *s == published.source).unwrap_or(0);
                @for p in &published.points {
                    @let name = format!("{} {}", published.source, long_name(arm));
                    @let tip = tip(&name, &format::plain(p.percent), p.variance);
                    (marker(arm.rule, Fill::Hollow(source), self.at(p.variance, p.percent), 6.0, &tip))
                }
            }
        }
    }

    /// The arms' names at the right ends of their lines.
    fn labels(&self, arms: &[Arm]) -> Markup {
        let ends: Vec<_> = arms.iter().filter_map(|arm| Some((arm, last_point(arm)?))).collect();
        let heights: Vec<f64> = ends.iter().map(|(_, (_, percent))| self.y.at(*percent)).collect();
        let (bottom, top) = self.frame.upwards();
        let placed = spread(&heights, 18.0, top + 4.0, bottom - 4.0);
        html! {
            @for ((arm, (variance, _)), y) in ends.iter().zip(placed) {
                @let name = label(arm, self.layout);
                g class=(arm_class(arm.rule)) { (text(self.x.at(*variance) + 17.0, y + 5.0, "start", "label", &name)) }
            }
        }
    }

    /// What solid and hollow markers mean.
    fn key(&self) -> Markup {
        let first = "this run: mean ± sd".to_owned();
        let published =
            self.sources.iter().enumerate().map(|(i, s)| (Fill::Hollow(i), format!("published {}", shorten(s, 20))));
        let entries: Vec<_> = std::iter::once((Fill::Solid, first)).chain(published).collect();
        let (left, base) = (self.frame.across().0 + 14.0, self.frame.upwards().0 + 70.0);
        let columns = key_columns(self.layout);
        let place = |i: usize| (left + 270.0 * (i % columns) as f64, base + 24.0 * (i / columns) as f64);
        html! {
            @for (i, (fill, words)) in entries.iter().enumerate() {
                @let (x, y) = place(i);
                g.key { (marker(LearningRule::Hybrid, *fill, (x, y), if i == 0 { 4.0 } else { 6.0 }, "")) }
                (text(x + 18.0, y + 4.5, "start", "tick", words))
            }
        }
    }
}

/// What a pointer resting on a marker is told.
fn tip(name: &str, percent: &str, variance: f64) -> String {
    format!("{name}: {percent} % at {}", format::plain(variance))
}

/// How many entries of the key stand in one row.
fn key_columns(layout: Layout) -> usize {
    layout.pick(3, 1)
}

/// What stands at the end of an arm's line.
fn label(arm: &Arm, layout: Layout) -> String {
    shorten(&layout.pick(long_name(arm), short_name(arm)), layout.pick(24, 14))
}

/// Everything the vertical axis must hold.
fn heights(arms: &[Arm]) -> Vec<f64> {
    let ours = arms.iter().flat_map(points).filter_map(|p| Some((p.summary.mean?, p.summary.sd.unwrap_or(0.0))));
    let ours = ours.flat_map(|(mean, sd)| [mean - sd, mean + sd]);
    let theirs = arms.iter().flat_map(|arm| &arm.published).flat_map(|p| p.points.iter().map(|p| p.percent));
    ours.chain(theirs).collect()
}

/// The end of an arm's line, or of its published points where nothing was run.
fn last_point(arm: &Arm) -> Option<(f64, f64)> {
    let ours = points(arm).into_iter().rev().find_map(|p| Some((p.variance, p.summary.mean?)));
    let theirs = || {
        arm.published.iter().flat_map(|p| &p.points).map(|p| (p.variance, p.percent)).max_by(|a, b| a.0.total_cmp(&b.0))
    };
    ours.or_else(theirs).filter(|(variance, percent)| variance.is_finite() && percent.is_finite())
}
