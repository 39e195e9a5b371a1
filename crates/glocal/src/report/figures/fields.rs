//! Plastic weights as pictures.

use maud::{Markup, html};

use crate::report::data::{Matrix, PlasticLayer, ReceptiveField, WeightView};
use crate::report::format::significant;
use crate::report::pixels;

/// The drawing with its colour bar.
pub(in crate::report) fn picture(layer: &PlasticLayer) -> Markup {
    let limit = pixels::limit_of(all_weights(&layer.view));
    html! {
        @match &layer.view {
            WeightView::ReceptiveFields(fields) => {
                div.fields { @for field in fields { (field_tile(field, limit)) } }
            }
            WeightView::Matrix(matrix) => { (matrix_picture(matrix, limit)) }
        }
        (colour_bar(limit))
    }
}

/// All weights shown.
pub(in crate::report) fn all_weights(view: &WeightView) -> Vec<&f32> {
    match view {
        WeightView::ReceptiveFields(fields) => fields.iter().flat_map(|field| &field.weights).collect(),
        WeightView::Matrix(matrix) => matrix.weights.iter().collect(),
    }
}

/// Smallest, mean and largest finite weight, and how many were not finite.
pub(in crate::report) fn range<'a>(weights: impl IntoIterator<Item = &'a f32>) -> (f64, f64, f64, usize) {
    let (mut low, mut sum, mut high, mut count, mut lost) = (f64::INFINITY, 0.0, f64::NEG_INFINITY, 0_usize, 0);
    for &weight in weights {
        let weight = f64::from(weight);
        if !weight.is_finite() {
            lost += 1;
            continue;
        }
        (low, sum, high, count) = (low.min(weight), sum + weight, high.max(weight), count + 1);
    }
    if count == 0 { (f64::NAN, f64::NAN, f64::NAN, lost) } else { (low, sum / count as f64, high, lost) }
}

fn field_tile(field: &ReceptiveField, limit: f32) -> Markup {
    let label = format!("Incoming plastic weights of neuron {}", field.neuron);
    html! {
        div.tile {
            (shown(pixels::heat_map(field.width, field.height, &field.weights, limit), &label))
            span { (field.neuron) }
        }
    }
}

fn matrix_picture(matrix: &Matrix, limit: f32) -> Markup {
    let [rows, columns] = matrix.shape;
    let [outputs, inputs] = matrix.full_shape;
    let label = format!("Plastic weights, {outputs} output rows by {inputs} input columns");
    let tall = if rows.saturating_mul(4) < columns { "matrix flat" } else { "matrix" };
    html! {
        div class=(tall) {
            span.across { "input neuron 0 to " (inputs.saturating_sub(1)) " →" }
            span.down { "output neuron 0 to " (outputs.saturating_sub(1)) " ↓" }
            (shown(pixels::heat_map(columns, rows, &matrix.weights, limit), &label))
        }
    }
}

fn shown(uri: Option<String>, label: &str) -> Markup {
    html! {
        @match uri {
            Some(uri) => { img.pixels src=(uri) alt=(label) title=(label); }
            None => { p.missing { "The sizes of this picture and of its data disagree, or there are no data." } }
        }
    }
}

fn colour_bar(limit: f32) -> Markup {
    let end = significant(f64::from(limit));
    html! {
        @if let Some(uri) = pixels::colour_bar() {
            div.colour-bar {
                span { "≤ " (if limit > 0.0 { format!("−{end}") } else { end.clone() }) }
                div { img.pixels src=(uri) alt="Colour scale"; span { "0" } }
                span { "≥ " (end) }
            }
        }
    }
}
