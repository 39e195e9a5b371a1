//! Mean accuracy over the tasks learned so far against their number: a line per method.

use glocal_core::LearningRule;
use maud::{Markup, html};

use super::every;
use super::shots::{fills, point};
use crate::report::data::ContinualMethod;
use crate::report::format::mean_sd;
use crate::report::stats::{Summary, by_epoch};
use crate::report::svg::{
    Drawing, Fill, Frame, Layout, Margin, Scale, arm_class, band, label_width, line, polyline, shorten, spread, text,
};

/// From the right end of the lines to their names.
const LABEL_GAP: f64 = 21.0;
/// From one name to the next below it.
const LABEL_HEIGHT: f64 = 18.0;
/// The least distance of two markers on a line.
const MARKER_GAP: f64 = 44.0;

/// What tells a method's line from others: colour, dashes, shape and filling of its markers.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) struct Look {
    rule: Option<LearningRule>,
    fill: Fill,
    class: &'static str,
    /// Further lines of a colour are thinner.
    weight: &'static str,
}

/// The look of each method; methods without a rule take turns in colour and dashes.
pub(in crate::report) fn looks(methods: &[ContinualMethod]) -> Vec<Look> {
    looks_of(&methods.iter().map(|method| method.rule).collect::<Vec<_>>())
}

/// The looks of so many lines that have no rule.
pub(in crate::report) fn other_looks(count: usize) -> Vec<Look> {
    looks_of(&vec![None; count])
}

fn looks_of(rules: &[Option<LearningRule>]) -> Vec<Look> {
    rules.iter().zip(fills(rules)).map(|(rule, fill)| Look::new(*rule, fill)).collect()
}

impl Look {
    const OTHERS: [&'static str; 3] = ["arm-other", "arm-other-1", "arm-other-2"];

    fn new(rule: Option<LearningRule>, fill: Fill) -> Self {
        let earlier = if let Fill::Hollow(index) = fill { index + 1 } else { 0 };
        let (colours, class) = match rule {
            Some(rule) => (1, arm_class(rule)),
            None => (Self::OTHERS.len(), Self::OTHERS[earlier % Self::OTHERS.len()]),
        };
        Self { rule, fill, class, weight: if earlier < colours { "first" } else { "again" } }
    }

    /// The look of a rule's only line.
    pub(in crate::report) fn of_rule(rule: LearningRule) -> Self {
        Self::new(Some(rule), Fill::Solid)
    }

    /// The CSS classes.
    pub(in crate::report) fn class(&self) -> String {
        format!("{} {}", self.class, self.weight)
    }

    /// The marker.
    pub(in crate::report) fn point(&self, at: (f64, f64), r: f64, tip: &str) -> Markup {
        point(self.rule, self.fill, at, r, tip)
    }
}

/// Mean and deviation over seeds after each task.
pub(in crate::report) fn course(method: &ContinualMethod) -> Vec<Summary> {
    by_epoch(&method.course.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// Whether there are at least two tasks to draw a line between.
pub(in crate::report) fn is_worth_drawing(methods: &[ContinualMethod]) -> bool {
    methods.iter().any(|method| course(method).iter().filter_map(mean).count() > 1)
}

/// The drawing.
pub(in crate::report) fn chart(methods: &[ContinualMethod], looks: &[Look], layout: Layout) -> Drawing {
    let chart = Chart::new(methods, looks, layout);
    let body = html! {
        (chart.frame.y_axis(&chart.y, &chart.y.ticks(6)))
        (chart.frame.x_axis(&chart.x, &chart.x.whole_ticks(layout.pick(10, 5)), "tasks learned"))
        (chart.frame.y_name(layout.pick("mean accuracy over the tasks learned so far, %", "mean accuracy so far, %")))
        @for line in &chart.lines { g class=(line.look.class()) { (chart.draw(line)) } }
        (chart.labels())
    };
    let label = "Mean accuracy over the tasks learned so far, by their number".to_owned();
    Drawing { size: chart.frame.size, label, body }
}

struct Line<'a> {
    name: &'a str,
    look: &'a Look,
    course: Vec<Summary>,
}

struct Chart<'a> {
    lines: Vec<Line<'a>>,
    layout: Layout,
    frame: Frame,
    x: Scale,
    y: Scale,
    /// Tasks of the longest line.
    tasks: usize,
}

impl<'a> Chart<'a> {
    fn new(methods: &'a [ContinualMethod], looks: &'a [Look], layout: Layout) -> Self {
        let all = methods.iter().zip(looks);
        let all = all.map(|(method, look)| Line { name: &method.label, look, course: course(method) });
        let lines: Vec<_> = all.filter(|line| last(&line.course).is_some()).collect();
        let names: Vec<String> = lines.iter().map(|line| shorten(line.name, longest_name(layout))).collect();
        let margin = Margin { top: 34.0, right: label_width(&names) + LABEL_GAP, bottom: 52.0, left: 42.0 };
        let room = margin.top + margin.bottom + LABEL_HEIGHT * lines.len() as f64;
        let frame = Frame { size: (layout.width(), layout.pick(380.0_f64, 320.0).max(room)), margin };
        let (left, right) = frame.across();
        let tasks = lines.iter().map(|line| line.course.len()).max().unwrap_or(0);
        let x = Scale::fit([1.0, tasks.max(1) as f64], 0.0, (left + 12.0, right - 6.0));
        let ends = lines.iter().flat_map(|line| &line.course).filter_map(reach).flatten();
        let y = Scale::fit(ends, 0.06, frame.upwards()).within(0.0, 100.0);
        Self { lines, layout, frame, x, y, tasks }
    }

    fn at(&self, task: usize, percent: f64) -> (f64, f64) {
        (self.x.at(task as f64 + 1.0), self.y.at(percent))
    }

    fn draw(&self, line: &Line) -> Markup {
        let means = || line.course.iter().enumerate().filter_map(|(task, s)| Some((task, s, mean(s)?)));
        let edges: Vec<_> = means().filter_map(|(task, summary, _)| self.edges(task, summary)).collect();
        let has_marker = |task: usize| (line.course.len() - 1 - task).is_multiple_of(self.marker_step());
        html! {
            @if edges.len() > 1 { path.band d=(band(&edges)) {} }
            path.line d=(polyline(means().map(|(task, _, mean)| self.at(task, mean)))) {}
            @for (task, summary, mean) in means().filter(|(task, ..)| has_marker(*task)) {
                @let tip = format!("{}: {} % after {}", line.name, mean_sd(summary), tasks(task + 1));
                (line.look.point(self.at(task, mean), 4.0, &tip))
            }
        }
    }

    /// Where the band of the deviation has its edges: `(x, upper, lower)`.
    fn edges(&self, task: usize, summary: &Summary) -> Option<(f64, f64, f64)> {
        summary.sd?;
        let [low, high] = reach(summary)?;
        Some((self.at(task, low).0, self.y.at(high.min(100.0)), self.y.at(low.max(0.0))))
    }

    /// A marker every so many tasks.
    fn marker_step(&self) -> usize {
        every(self.x.at(2.0) - self.x.at(1.0), MARKER_GAP)
    }

    /// The names below each other at the right, each joined to the end of its line.
    fn labels(&self) -> Markup {
        let lasts = self.lines.iter().filter_map(|line| Some((line, last(&line.course)?)));
        let ends: Vec<_> = lasts.map(|(line, (task, percent))| (line, self.at(task, percent))).collect();
        let heights: Vec<f64> = ends.iter().map(|(_, (_, y))| *y).collect();
        let (bottom, top) = self.frame.upwards();
        let placed = spread(&heights, LABEL_HEIGHT, top + 4.0, bottom - 4.0);
        let x = self.x.at(self.tasks as f64) + LABEL_GAP;
        html! {
            @for ((named, (from, height)), to) in ends.iter().zip(placed) {
                g class=(named.look.class()) {
                    (line((from + 6.0, *height), (x - 2.0, to), "leader"))
                    (text(x, to + 4.5, "start", "label", &shorten(named.name, longest_name(self.layout))))
                }
            }
        }
    }
}

fn longest_name(layout: Layout) -> usize {
    layout.pick(28, 14)
}

/// `1 task`, `2 tasks`.
fn tasks(count: usize) -> String {
    format!("{count} {}", if count == 1 { "task" } else { "tasks" })
}

/// The mean where it can be drawn.
fn mean(summary: &Summary) -> Option<f64> {
    summary.mean.filter(|mean| mean.is_finite())
}

/// Both ends of the deviation; one seed has no width.
fn reach(summary: &Summary) -> Option<[f64; 2]> {
    let (mean, sd) = (mean(summary)?, summary.sd.filter(|sd| sd.is_finite()).unwrap_or(0.0));
    Some([mean - sd, mean + sd])
}

/// The last task with a mean.
fn last(course: &[Summary]) -> Option<(usize, f64)> {
    course.iter().enumerate().rev().find_map(|(task, summary)| Some((task, mean(summary)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_of_a_handful_looks_different() {
        let (hybrid, none) = (Some(LearningRule::Hybrid), None);
        let rules = [hybrid, none, none, hybrid, none, none];
        let methods = rules.map(|rule| ContinualMethod { rule, ..ContinualMethod::default() });
        let looks = looks(&methods);
        let classes: Vec<String> = looks.iter().map(Look::class).collect();
        let expected = [
            "arm-hp first",
            "arm-other first",
            "arm-other-1 first",
            "arm-hp again",
            "arm-other-2 first",
            "arm-other again",
        ];
        assert_eq!(classes, expected);
        assert!((1..looks.len()).all(|index| !looks[..index].contains(&looks[index])));
    }
}
