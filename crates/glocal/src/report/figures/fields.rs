//! Weights as pictures.

use maud::{Markup, html};

use crate::report::data::{
    ExplainedEpisode, HybridField, HybridFields, Matrix, PlasticLayer, ReceptiveField, WeightView,
};
use crate::report::format::{or_dash, significant};
use crate::report::pixels;

/// The drawing with its colour bars.
pub(in crate::report) fn picture(layer: &PlasticLayer) -> Markup {
    match &layer.view {
        WeightView::HybridFields(fields) => hybrid_fields(fields),
        WeightView::ReceptiveFields(fields) => {
            let limit = pixels::limit_of(fields.iter().flat_map(|field| &field.weights));
            html! { div.fields { @for field in fields { (field_tile(field, limit)) } } (colour_bar("", limit)) }
        }
        WeightView::Matrix(matrix) => {
            let limit = pixels::limit_of(&matrix.weights);
            html! { (matrix_picture(matrix, limit)) (colour_bar("", limit)) }
        }
    }
}

/// The numbers shown, by name.
pub(in crate::report) fn groups(view: &WeightView) -> Vec<(&'static str, Vec<&f32>)> {
    match view {
        WeightView::HybridFields(fields) => PARTS.iter().map(|part| (part.name, part.all(fields))).collect(),
        WeightView::ReceptiveFields(fields) => {
            vec![("values", fields.iter().flat_map(|field| &field.weights).collect())]
        }
        WeightView::Matrix(matrix) => vec![("values", matrix.weights.iter().collect())],
    }
}

/// Smallest, mean and largest finite weight, and how many were not finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::report) struct Range {
    pub low: Option<f64>,
    pub mean: Option<f64>,
    pub high: Option<f64>,
    pub not_finite: usize,
}

impl Range {
    pub(in crate::report) fn of<'a>(weights: impl IntoIterator<Item = &'a f32>) -> Self {
        let (lost, finite): (Vec<f64>, Vec<f64>) =
            weights.into_iter().map(|w| f64::from(*w)).partition(|w| !w.is_finite());
        let mean = (!finite.is_empty()).then(|| finite.iter().sum::<f64>() / finite.len() as f64);
        let end = |pick: fn(f64, f64) -> f64| finite.iter().copied().reduce(pick);
        Self { low: end(f64::min), mean, high: end(f64::max), not_finite: lost.len() }
    }

    /// `−0.1 to 0.2`.
    pub(in crate::report) fn words(&self) -> String {
        format!("{} to {}", or_dash(self.low, significant), or_dash(self.high, significant))
    }
}

/// One of the three numbers a hybrid synapse has.
pub(in crate::report) struct Part {
    pub name: &'static str,
    pub of: fn(&HybridField) -> &[f32],
}

/// In the order of the page.
pub(in crate::report) const PARTS: [Part; 3] = [
    Part { name: "W", of: |field| &field.weight },
    Part { name: "P", of: |field| &field.plastic_weight },
    Part { name: "gP", of: |field| &field.gained_plastic_weight },
];

impl Part {
    fn all<'a>(&self, fields: &'a HybridFields) -> Vec<&'a f32> {
        fields.neurons.iter().flat_map(|field| (self.of)(field)).collect()
    }
}

/// W and gP are added, so they share a scale; P is measured in its own units and has its own.
fn hybrid_fields(fields: &HybridFields) -> Markup {
    let [w, p, gp] = &PARTS;
    let joint = pixels::limit_of(w.all(fields).into_iter().chain(gp.all(fields)));
    let own = pixels::limit_of(p.all(fields));
    html! {
        @if fields.neurons.is_empty() { (missing()) }
        div.hybrids {
            @for field in &fields.neurons {
                div.hybrid {
                    div.neuron { "neuron " (field.neuron) }
                    @for (part, limit) in PARTS.iter().zip([joint, own, joint]) {
                        @let label = format!("{} of neuron {}", part.name, field.neuron);
                        (tile((fields.width, fields.height), (part.of)(field), limit, &label, part.name))
                    }
                }
            }
        }
        div.colour-bars { (colour_bar("W and gP", joint)) (colour_bar("P", own)) }
    }
}

fn field_tile(field: &ReceptiveField, limit: f32) -> Markup {
    let label = format!("Incoming plastic weights of neuron {}", field.neuron);
    tile((field.width, field.height), &field.weights, limit, &label, &field.neuron.to_string())
}

fn tile((width, height): (usize, usize), weights: &[f32], limit: f32, label: &str, below: &str) -> Markup {
    html! {
        div.tile { (shown(pixels::heat_map(width, height, weights, limit), label)) span { (below) } }
    }
}

fn matrix_picture(matrix: &Matrix, limit: f32) -> Markup {
    let [rows, columns] = matrix.shape;
    let [outputs, inputs] = matrix.full_shape;
    let label = format!("Plastic weights, {outputs} output rows by {inputs} input columns");
    let class = if rows.saturating_mul(4) < columns { "matrix flat" } else { "matrix" };
    html! {
        div class=(class) {
            span.across { "input neuron 0 to " (inputs.saturating_sub(1)) " →" }
            span.down { "output neuron 0 to " (outputs.saturating_sub(1)) " ↓" }
            (shown(pixels::heat_map(columns, rows, &matrix.weights, limit), &label))
        }
    }
}

/// What the support wrote: each way neuron's weights before and after, all on one scale.
pub(in crate::report) fn before_and_after(episode: &ExplainedEpisode) -> Markup {
    let limit = pixels::limit_of(episode.before.iter().chain(&episode.after).flatten());
    let neurons = episode.before.len().max(episode.after.len());
    html! {
        div.written {
            @for neuron in 0..neurons {
                div.hybrid {
                    div.neuron { "neuron of class " (neuron) }
                    div.tile {
                        @match episode.first_of(neuron).and_then(|shown| pixels::ink(episode.side, &shown.levels)) {
                            Some(uri) => { img.pixels.ink src=(uri) alt={ "A labelled picture of class " (neuron) }; }
                            None => { p.missing { "no picture" } }
                        }
                        span { "picture" }
                    }
                    @for (weights, when) in [(&episode.before, "before"), (&episode.after, "after")] {
                        @let label = format!("Plastic weights of the neuron of class {neuron} {when} the support");
                        @let (size, weights) = wrapped(weights.get(neuron).map_or(&[], Vec::as_slice));
                        (tile(size, &weights, limit, &label, when))
                    }
                }
            }
        }
        (colour_bar("", limit))
    }
}

/// A long row broken into a nearly square picture; what is left of its last line is zero.
fn wrapped(row: &[f32]) -> ((usize, usize), Vec<f32>) {
    let width = (row.len() as f64).sqrt().ceil() as usize;
    // a divisor leaves nothing over; one far from the root makes a strip
    let width = (width..=width.saturating_mul(2)).find(|w| *w > 0 && row.len().is_multiple_of(*w)).unwrap_or(width);
    let height = row.len().div_ceil(width.max(1));
    let mut weights = row.to_vec();
    weights.resize(width.saturating_mul(height), 0.0);
    ((width, height), weights)
}

fn shown(uri: Option<String>, label: &str) -> Markup {
    html! {
        @match uri {
            Some(uri) => { img.pixels src=(uri) alt=(label) title=(label); }
            None => { (missing()) }
        }
    }
}

fn missing() -> Markup {
    html! { p.missing { "The sizes of this picture and of its data disagree, or there are no data." } }
}

fn colour_bar(name: &str, limit: f32) -> Markup {
    let end = significant(f64::from(limit));
    html! {
        @if let Some(uri) = pixels::colour_bar() {
            div.colour-bar {
                @if !name.is_empty() { strong { (name) } }
                span { "≤ " (if limit > 0.0 { format!("−{end}") } else { end.clone() }) }
                div { img.pixels src=(uri) alt="Colour scale"; span { "0" } }
                span { "≥ " (end) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_wrap_to_pictures_that_hold_them() {
        let size = |inputs: usize| wrapped(&vec![1.0; inputs]).0;
        assert_eq!([0, 1, 6, 64, 512, 1024].map(size), [(0, 0), (1, 1), (3, 2), (8, 8), (32, 16), (32, 32)]);
        let (size, weights) = wrapped(&[1.0; 7]);
        assert_eq!((size, weights.iter().sum::<f32>(), weights.len()), ((3, 3), 7.0, 9));
    }
}
