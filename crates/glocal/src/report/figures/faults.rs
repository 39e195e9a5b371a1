//! Accuracy against the level of damage: one small panel per kind, all on the same scales.

use glocal_core::LearningRule;
use maud::{Markup, html};

use super::{letters, rule_name};
use crate::report::data::{FaultArm, FaultKind, FaultTolerance, PlasticState};
use crate::report::format;
use crate::report::stats::Summary;
use crate::report::svg::{
    Drawing, Fill, Frame, Layout, Margin, Scale, arm_class, band, line, marker, polyline, spread, text,
};

/// From the end of a line to its name.
const LABEL_GAP: f64 = 19.0;

/// Whether anything of this kind was measured.
pub(in crate::report) fn is_measured(kind: &FaultKind) -> bool {
    curves(kind).next().is_some()
}

/// The drawing of one kind.
pub(in crate::report) fn panel(tolerance: &FaultTolerance, kind: &FaultKind, layout: Layout) -> Drawing {
    let panel = Panel::new(tolerance, layout);
    let body = html! {
        (panel.frame.y_axis(&panel.y, &panel.y.ticks(5)))
        (panel.frame.x_axis(&panel.x, &panel.x.whole_ticks(8), "level of damage"))
        (panel.frame.y_name("test accuracy, %"))
        @for curve in curves(kind) { g class=(arm_class(curve.rule)) { (panel.draw(&curve)) } }
        (panel.labels(kind))
    };
    Drawing { size: panel.frame.size, label: format!("Test accuracy by level of {}", kind.name), body }
}

/// One line of a panel.
struct Curve {
    rule: LearningRule,
    state: PlasticState,
    /// By level, ascending.
    points: Vec<(u32, Summary)>,
}

/// What was measured, frozen curves first: the moving ones are drawn over them.
fn curves(kind: &FaultKind) -> impl Iterator<Item = Curve> {
    let of = |state: PlasticState| move |arm: &FaultArm| Curve { rule: arm.rule, state, points: state.curve(arm) };
    let all = kind.arms.iter().map(of(PlasticState::Frozen)).chain(kind.arms.iter().map(of(PlasticState::Moving)));
    all.filter(|curve| !curve.points.is_empty())
}

impl Curve {
    /// What stands at its right end.
    fn label(&self) -> String {
        match self.state {
            PlasticState::Moving => letters(self.rule).to_owned(),
            PlasticState::Frozen => format!("{} frozen", letters(self.rule)),
        }
    }

    fn label_class(&self) -> &'static str {
        match self.state {
            PlasticState::Moving => "label",
            PlasticState::Frozen => "frozen-label",
        }
    }

    /// The last level with a finite mean.
    fn end(&self) -> Option<(u32, f64)> {
        self.points.iter().rev().find_map(|(level, summary)| Some((*level, summary.mean?)))
    }
}

struct Panel {
    frame: Frame,
    x: Scale,
    y: Scale,
}

impl Panel {
    /// The same for every kind, so that panels can be compared by eye.
    fn new(tolerance: &FaultTolerance, layout: Layout) -> Self {
        let all: Vec<Curve> = tolerance.kinds.iter().flat_map(curves).collect();
        let has_frozen = all.iter().any(|curve| curve.state == PlasticState::Frozen);
        let margin = Margin { top: 34.0, right: if has_frozen { 84.0 } else { 44.0 }, bottom: 52.0, left: 34.0 };
        let frame = Frame { size: (layout.pick(428.0, Layout::Narrow.width()), layout.pick(280.0, 260.0)), margin };
        let (left, right) = frame.across();
        let levels = all.iter().flat_map(|curve| &curve.points).map(|(level, _)| f64::from(*level));
        let x = Scale::fit(levels, 0.0, (left + 8.0, right - 6.0));
        let y = Scale::fit(all.iter().flat_map(heights), 0.06, frame.upwards()).within(0.0, 100.0);
        Self { frame, x, y }
    }

    fn at(&self, level: u32, percent: f64) -> (f64, f64) {
        (self.x.at(f64::from(level)), self.y.at(percent))
    }

    fn draw(&self, curve: &Curve) -> Markup {
        let centre = curve.points.iter().map(|(level, s)| self.at(*level, s.mean.unwrap_or(f64::NAN)));
        match curve.state {
            PlasticState::Frozen => html! { path.frozen d=(polyline(centre)) {} },
            PlasticState::Moving => html! {
                (self.deviation(curve))
                path.line d=(polyline(centre)) {}
                @for (level, summary) in &curve.points { (self.point(curve.rule, *level, summary)) }
            },
        }
    }

    /// One standard deviation to both sides of the mean.
    fn deviation(&self, curve: &Curve) -> Markup {
        let edge = |(level, summary): &(u32, Summary)| {
            let (mean, sd) = (summary.mean?, summary.sd?);
            let (x, high) = self.at(*level, (mean + sd).min(100.0));
            Some((x, high, self.y.at((mean - sd).max(0.0))))
        };
        let edges: Vec<_> = curve.points.iter().filter_map(edge).collect();
        html! {
            @if edges.len() > 1 { path.band d=(band(&edges)) {} }
            @else { @for &(x, high, low) in &edges { (line((x, low), (x, high), "bar")) } }
        }
    }

    fn point(&self, rule: LearningRule, level: u32, summary: &Summary) -> Markup {
        let tip = format!("{}: {} % at level {level}", rule_name(rule), format::mean_sd(summary));
        html! {
            @if let Some(mean) = summary.mean { (marker(rule, Fill::Solid, self.at(level, mean), 3.0, &tip)) }
        }
    }

    /// The names of all lines, each joined to the end of its line: lines that end close together would be mistaken.
    fn labels(&self, kind: &FaultKind) -> Markup {
        let ends: Vec<_> = curves(kind).filter_map(|curve| curve.end().map(|end| (curve, end))).collect();
        let heights: Vec<f64> = ends.iter().map(|(_, (_, percent))| self.y.at(*percent)).collect();
        let (bottom, top) = self.frame.upwards();
        let placed = spread(&heights, 15.0, top, bottom - 5.0);
        html! {
            @for (((curve, (level, _)), from), to) in ends.iter().zip(&heights).zip(placed) {
                @let x = self.x.at(f64::from(*level));
                g class=(arm_class(curve.rule)) {
                    (line((x + 5.0, *from), (x + LABEL_GAP - 2.0, to), "leader"))
                    (text(x + LABEL_GAP, to + 4.5, "start", curve.label_class(), &curve.label()))
                }
            }
        }
    }
}

/// Everything of a curve that the vertical axis must hold.
fn heights(curve: &Curve) -> Vec<f64> {
    let reach = |(_, summary): &(u32, Summary)| {
        let (mean, sd) = (summary.mean?, summary.sd.filter(|_| curve.state == PlasticState::Moving).unwrap_or(0.0));
        Some([mean - sd, mean + sd])
    };
    curve.points.iter().filter_map(reach).flatten().collect()
}
