//! The phases of an image along the clocks: how long cores compute, how long packets travel, and how long it lasts.

use maud::{Markup, html};

use crate::report::data::{ChipPhase, Limit};
use crate::report::format::amount;
use crate::report::svg::{Drawing, Frame, Layout, Margin, Scale, filled_box, line, text};

/// Phases at most: more are thinner than a line.
pub(in crate::report) const MOST_PHASES: usize = 200;
/// Where the numbers of the phases stand.
const HEAD: f64 = 16.0;
/// Height of a lane.
const LANE: f64 = 26.0;
/// From the top of one lane to the top of the next.
const STEP: f64 = 34.0;
/// Longer times than this are not drawn.
const LONGEST: f64 = 1e15;

/// Whether any of the phases drawn takes time.
pub(in crate::report) fn is_worth_drawing(phases: &[ChipPhase]) -> bool {
    drawn(phases).iter().any(|phase| clocks(phase.cycles) > 0.0)
}

/// How many of the phases drawn are limited in each way: computing, sending, the host, neither.
pub(in crate::report) fn limits(phases: &[ChipPhase]) -> [usize; 4] {
    let count = |limit| drawn(phases).iter().filter(|phase| phase.limit() == limit).count();
    [Limit::Computing, Limit::Sending, Limit::Host, Limit::Neither].map(count)
}

/// What the head of a phase's row or column says.
pub(in crate::report) fn head(phase: usize) -> String {
    if phase == 0 { "load".to_owned() } else { phase.to_string() }
}

/// The drawing.
pub(in crate::report) fn chart(phases: &[ChipPhase], layout: Layout) -> Drawing {
    let chart = Timeline::new(drawn(phases), layout);
    let body = html! {
        (chart.heads())
        @for (phase, start) in chart.phases.iter().zip(&chart.starts) { (chart.phase(phase, *start)) }
        (chart.boundaries())
        (chart.lane_names())
        (chart.frame.x_axis(&chart.x, &chart.x.whole_ticks(layout.pick(8, 4)), "clocks since the image began to be loaded"))
    };
    Drawing { size: chart.frame.size, label: "Clocks of each phase of an image".to_owned(), body }
}

fn drawn(phases: &[ChipPhase]) -> &[ChipPhase] {
    &phases[..phases.len().min(MOST_PHASES)]
}

/// Clocks that can be drawn; 0 for what is not finite.
fn clocks(value: f64) -> f64 {
    if (0.0..LONGEST).contains(&value) { value } else { 0.0 }
}

struct Timeline<'a> {
    phases: &'a [ChipPhase],
    /// When each phase begins, and when the last one ends.
    starts: Vec<f64>,
    frame: Frame,
    x: Scale,
}

impl<'a> Timeline<'a> {
    fn new(phases: &'a [ChipPhase], layout: Layout) -> Self {
        let lengths = phases.iter().map(|phase| clocks(phase.cycles));
        let ends = lengths.scan(0.0, |end, length| {
            *end += length;
            Some(*end)
        });
        let starts: Vec<f64> = std::iter::once(0.0).chain(ends).collect();
        let margin = Margin { top: HEAD + 10.0, right: 30.0, bottom: 52.0, left: 84.0 };
        let frame = Frame { size: (layout.width(), margin.top + STEP + LANE + 8.0 + margin.bottom), margin };
        let x = Scale::fit(starts.iter().copied(), 0.0, frame.across());
        Self { phases, starts, frame, x }
    }

    fn lane(&self, lane: usize) -> f64 {
        self.frame.margin.top + STEP * lane as f64
    }

    /// The numbers of the phases, as many as there is room for.
    fn heads(&self) -> Markup {
        let mut free = f64::NEG_INFINITY;
        let mut placed = Vec::new();
        for (phase, ends) in self.starts.windows(2).enumerate() {
            let middle = (self.x.at(ends[0]) + self.x.at(ends[1])) / 2.0;
            let half = 4.2 * head(phase).len() as f64;
            if middle - half >= free {
                placed.push((middle, head(phase)));
                free = middle + half + 6.0;
            }
        }
        html! {
            (text(0.0, HEAD, "start", "name", "phase"))
            @for (middle, words) in placed { (text(middle, HEAD, "middle", "tick", &words)) }
        }
    }

    fn phase(&self, phase: &ChipPhase, start: f64) -> Markup {
        let bar = |lane: usize, length: f64| {
            let (from, to) = (self.x.at(start), self.x.at(start + clocks(length).min(clocks(phase.cycles))));
            filled_box((from, self.lane(lane)), to - from, LANE)
        };
        let tip = format!(
            "computing {}, sending {}, length {} clocks",
            amount(phase.computing),
            amount(phase.sending),
            amount(phase.cycles)
        );
        html! {
            g {
                path.waiting d=(bar(0, phase.cycles) + &bar(1, phase.cycles)) {}
                path.computing d=(bar(0, phase.computing)) {}
                path.sending d=(bar(1, phase.sending)) {}
                title { (tip) }
            }
        }
    }

    /// A gap between phases that are not thinner than a few lines, with a tick above it.
    fn boundaries(&self) -> Markup {
        let (base, top) = self.frame.upwards();
        let mut last = f64::NEG_INFINITY;
        let places = self.starts.iter().map(|start| self.x.at(*start)).filter(|x| {
            let is_apart = x - last >= 3.0;
            last = if is_apart { *x } else { last };
            is_apart
        });
        html! {
            @for x in places {
                (line((x, top - 7.0), (x, top - 1.0), "axis"))
                (line((x, top), (x, base - 8.0), "gap"))
            }
        }
    }

    fn lane_names(&self) -> Markup {
        html! {
            (text(0.0, self.lane(0) + 17.5, "start", "name", "computing"))
            (text(0.0, self.lane(1) + 17.5, "start", "name", "sending"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phase(computing: f64, sending: f64, cycles: f64) -> ChipPhase {
        ChipPhase { computing, sending, cycles, ..ChipPhase::default() }
    }

    #[test]
    fn phases_follow_each_other() {
        let phases = [phase(0.0, 300.0, 300.0), phase(5000.0, 200.0, 5000.0), phase(1.0, f64::NAN, f64::NAN)];
        let timeline = Timeline::new(&phases, Layout::Wide);
        assert_eq!(timeline.starts, [0.0, 300.0, 5300.0, 5300.0]);
        // 84 to 850 for 5300 clocks
        assert_eq!([0.0, 5300.0].map(|at| timeline.x.at(at)), [84.0, 850.0]);
        assert_eq!(limits(&phases), [1, 1, 0, 1]);
    }

    #[test]
    fn phases_without_time_are_not_drawn() {
        assert!(!is_worth_drawing(&[]) && !is_worth_drawing(&[phase(1.0, 1.0, f64::INFINITY)]));
        assert!(is_worth_drawing(&[phase(0.0, 0.0, 1.0)]));
    }

    #[test]
    fn the_first_phase_is_the_loading() {
        assert_eq!([0, 1, 12].map(head), ["load", "1", "12"]);
    }
}
