//! The spikes of one sample, one panel per layer.

use maud::{Markup, html};

use crate::report::data::{LayerRaster, SampleActivity, Spike};
use crate::report::svg::{Drawing, Frame, Layout, Margin, Scale, coordinate, filled_box, line, shorten, text};

/// Room between two panels: the title of the lower one stands there.
const GAP: f64 = 34.0;

/// The drawing.
pub(in crate::report) fn chart(sample: &SampleActivity, layout: Layout) -> Drawing {
    let beside_picture = if sample.image.is_some() { 160.0 } else { 0.0 };
    let width = layout.pick(Layout::Wide.width() - beside_picture, Layout::Narrow.width());
    let heights: Vec<f64> = sample.layers.iter().map(|layer| panel_height(layer, layout)).collect();
    let total = heights.iter().map(|height| height + GAP).sum::<f64>() + 48.0;
    let tops = heights.iter().scan(0.0, |top, height| {
        let here = *top + GAP;
        *top = here + height;
        Some(here)
    });
    let panels: Vec<_> = sample.layers.iter().zip(tops.zip(&heights)).collect();
    let body = html! {
        @for (index, (layer, (top, height))) in panels.iter().enumerate() {
            @let margin = Margin { top: *top, right: 8.0, bottom: total - top - *height, left: 50.0 };
            (panel(layer, sample.steps, &Frame { size: (width, total), margin }, layout, index + 1 == panels.len()))
        }
    };
    Drawing { size: (width, total), label: format!("Spikes of {}", sample.name), body }
}

fn panel_height(layer: &LayerRaster, layout: Layout) -> f64 {
    let highest = layout.pick(190.0, 160.0);
    (layer.neurons as f64 * 12.0).clamp(48.0, highest)
}

/// The x axis of time steps: step `t` is centred on `t`.
pub(in crate::report) fn step_scale(steps: usize, frame: &Frame) -> Scale {
    Scale::fit([-0.5, steps.max(1) as f64 - 0.5], 0.0, frame.across())
}

fn panel(layer: &LayerRaster, steps: usize, frame: &Frame, layout: Layout, is_last: bool) -> Markup {
    let x = step_scale(steps, frame);
    let (bottom, top) = frame.upwards();
    let y = Scale::fit([-0.5, layer.neurons.max(1) as f64 - 0.5], 0.0, (bottom, top));
    let (left, right) = frame.across();
    let last_neuron = layer.neurons.saturating_sub(1);
    html! {
        (text(left, top - 9.0, "start", "name", &title(layer, steps, layout)))
        (frame.y_name_beside("neuron"))
        rect.panel x=(coordinate(left)) y=(coordinate(top)) width=(coordinate(right - left)) height=(coordinate(bottom - top)) {}
        (text(left - 7.0, bottom - 1.0, "end", "tick", "0"))
        (text(left - 7.0, top + 10.0, "end", "tick", &last_neuron.to_string()))
        path.spikes d=(marks(layer, steps, &x, &y)) {}
        (line((left, bottom), (right, bottom), "axis"))
        @if is_last { (frame.x_axis(&x, &x.whole_ticks(10), "time step")) }
    }
}

fn title(layer: &LayerRaster, steps: usize, layout: Layout) -> String {
    let name = shorten(&layer.name, layout.pick(40, 18));
    let chances = layer.neurons.saturating_mul(steps);
    let share = if chances > 0 { 100.0 * layer.count() as f64 / chances as f64 } else { 0.0 };
    let drawn = if layer.unlisted > 0 { format!(", {} drawn", layer.spikes.len()) } else { String::new() };
    format!("{name} · {} spikes ({share:.1} %){drawn}", layer.count())
}

/// Every spike as a small filled box, as one path.
fn marks(layer: &LayerRaster, steps: usize, x: &Scale, y: &Scale) -> String {
    let step_width = (x.at(1.0) - x.at(0.0)).abs();
    let row_height = (y.at(1.0) - y.at(0.0)).abs();
    let width = (0.55 * step_width).clamp(1.2, 22.0);
    let height = (0.75 * row_height).clamp(0.8, 7.0);
    let inside = layer.spikes.iter().filter(|s| s.step < steps && s.neuron < layer.neurons);
    let mark = |spike: &Spike| {
        let corner = (x.at(spike.step as f64) - width / 2.0, y.at(spike.neuron as f64) - height / 2.0);
        filled_box(corner, width, height)
    };
    inside.map(mark).collect()
}
