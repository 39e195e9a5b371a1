//! Membrane potentials of a few neurons with their threshold and spikes.

use maud::{Markup, html};

use super::raster::step_scale;
use crate::report::data::PotentialTrace;
use crate::report::svg::{Drawing, Frame, Layout, Margin, Scale, coordinate, line, polyline, shorten, text};

const PANEL: f64 = 74.0;
const GAP: f64 = 40.0;

/// The drawing: one panel per neuron over a common time axis.
pub(in crate::report) fn chart(traces: &[PotentialTrace], steps: usize, layout: Layout) -> Drawing {
    let size = (layout.width(), traces.len() as f64 * (PANEL + GAP) + 48.0);
    let body = html! {
        @for (index, trace) in traces.iter().enumerate() {
            @let top = index as f64 * (PANEL + GAP) + GAP;
            @let margin = Margin { top, right: layout.pick(84.0, 8.0), bottom: size.1 - top - PANEL, left: 56.0 };
            (panel(trace, steps, &Frame { size, margin }, layout, index + 1 == traces.len()))
        }
    };
    Drawing { size, label: "Membrane potentials".to_owned(), body }
}

fn panel(trace: &PotentialTrace, steps: usize, frame: &Frame, layout: Layout, is_last: bool) -> Markup {
    let x = step_scale(steps.max(trace.membrane_potential.len()), frame);
    let values = trace.membrane_potential.iter().copied().chain([trace.threshold, 0.0]);
    let y = Scale::fit(values, 0.08, frame.upwards());
    let (left, right) = frame.across();
    let points = trace.membrane_potential.iter().enumerate();
    let title = format!("{} · neuron {}", shorten(&trace.layer, 30), trace.neuron);
    html! {
        (text(left, frame.margin.top - 16.0, "start", "name", &title))
        (frame.y_name_beside("potential"))
        (frame.y_axis(&y, &y.ticks(3)))
        @if trace.threshold.is_finite() { (threshold(trace.threshold, &y, (left, right), layout)) }
        path.potential d=(polyline(points.map(|(step, v)| (x.at(step as f64), y.at(*v))))) {}
        @for &step in &trace.spike_steps { (spike_mark(x.at(step as f64), frame.margin.top - 5.0)) }
        (line((left, frame.upwards().0), (right, frame.upwards().0), "axis"))
        @if is_last { (frame.x_axis(&x, &x.whole_ticks(10), "time step")) }
    }
}

fn threshold(value: f64, y: &Scale, (left, right): (f64, f64), layout: Layout) -> Markup {
    let height = y.at(value);
    html! {
        (line((left, height), (right, height), "threshold"))
        @if layout == Layout::Wide { (text(right + 8.0, height + 4.5, "start", "tick", "threshold")) }
    }
}

/// A small triangle pointing down at the moment of a spike.
fn spike_mark(x: f64, y: f64) -> Markup {
    let (left, right, top) = (coordinate(x - 4.5), coordinate(x + 4.5), coordinate(y - 7.0));
    html! { path.spike-mark d=(format!("M{left} {top}L{right} {top}L{} {}Z", coordinate(x), coordinate(y))) {} }
}
