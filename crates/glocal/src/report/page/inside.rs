//! What happens inside the network: spikes, potentials and plastic weights.

use maud::{Markup, html};

use super::table::{MOST_ROWS, Table};
use crate::report::data::{HybridField, Matrix, PlasticLayer, PotentialTrace, SampleActivity, WeightView};
use crate::report::figures::fields::{PARTS, Range, groups, picture};
use crate::report::figures::{potential, raster};
use crate::report::format::{or_dash, significant};
use crate::report::pixels;
use crate::report::svg::responsive;

/// One sample: its picture, its spikes and a few potentials.
pub(super) fn activity_section(sample: &SampleActivity) -> Markup {
    html! {
        @if !(sample.layers.is_empty() && sample.potentials.is_empty() && sample.image.is_none()) {
            section {
                h2 { "One sample inside the network" }
                @if !sample.name.is_empty() { p { (sample.name) } }
                @if !sample.layers.is_empty() || sample.image.is_some() { (raster_figure(sample)) }
                @if !sample.potentials.is_empty() { (potential_figure(sample)) }
            }
        }
    }
}

fn raster_figure(sample: &SampleActivity) -> Markup {
    html! {
        figure {
            div class=(if sample.image.is_some() { "beside" } else { "alone" }) {
                @if let Some(image) = &sample.image {
                    div.seen {
                        @match pixels::picture(image) {
                            Some(uri) => { img.pixels src=(uri) alt={ "The input: " (sample.name) }; }
                            None => { p.missing { "The input picture's size and data disagree." } }
                        }
                        span { "input" }
                    }
                }
                @if !sample.layers.is_empty() { (responsive(|layout| raster::chart(sample, layout))) }
            }
            figcaption {
                "Every mark is one spike: time runs to the right, each row of a panel is one neuron, and panels "
                "follow the layers from the input to the read-out. "
                "Empty rows are silent neurons, full rows neurons that fire at every step; the share in brackets is "
                "the fraction of all possible spikes."
            }
            @if !sample.layers.is_empty() { (spike_counts(sample).folded()) }
        }
    }
}

fn spike_counts(sample: &SampleActivity) -> Table<'static> {
    let heads =
        std::iter::once("time step".to_owned()).chain(sample.layers.iter().map(|layer| layer.name.clone())).collect();
    let mut counts = vec![vec![0_usize; sample.layers.len()]; sample.steps.min(MOST_ROWS)];
    for (column, layer) in sample.layers.iter().enumerate() {
        for spike in &layer.spikes {
            if let Some(cell) = counts.get_mut(spike.step).and_then(|row| row.get_mut(column)) {
                *cell += 1;
            }
        }
    }
    let row = |(step, row): (usize, &Vec<usize>)| {
        std::iter::once(step.to_string()).chain(row.iter().map(usize::to_string)).collect()
    };
    Table {
        caption: "Spikes of each layer at each time step",
        heads,
        rows: counts.iter().enumerate().map(row).collect(),
    }
}

fn potential_figure(sample: &SampleActivity) -> Markup {
    let traces = &sample.potentials;
    html! {
        figure {
            (responsive(|layout| potential::chart(traces, sample.steps, layout)))
            figcaption {
                "Membrane potentials of single neurons before the reset (blue line; model units, as the weights), "
                "with the threshold (dashed) and a triangle above each spike. "
                "A neuron fires only where its line is strictly above the threshold; after a spike the potential "
                "starts again lower."
            }
            (potential_table(traces).folded())
        }
    }
}

fn potential_table(traces: &[PotentialTrace]) -> Table<'static> {
    let steps = traces.iter().map(|trace| trace.membrane_potential.len()).max().unwrap_or(0);
    let heads = std::iter::once("time step".to_owned())
        .chain(traces.iter().map(|t| format!("{} · neuron {}", t.layer, t.neuron)))
        .collect();
    let cell = |trace: &PotentialTrace, step: usize| {
        let value = trace.membrane_potential.get(step).map_or("–".to_owned(), |v| significant(*v));
        if trace.spike_steps.contains(&step) { format!("{value} spike") } else { value }
    };
    let row =
        |step: usize| std::iter::once(step.to_string()).chain(traces.iter().map(|trace| cell(trace, step))).collect();
    Table { caption: "Membrane potential by time step", heads, rows: (0..steps.min(MOST_ROWS)).map(row).collect() }
}

/// The plastic weights of every layer given.
pub(super) fn weights_section(layers: &[PlasticLayer]) -> Markup {
    html! {
        @if !layers.is_empty() {
            section id="plastic" {
                h2 { "What the local rule has written" }
                @for layer in layers { (weights_figure(layer)) }
            }
        }
    }
}

fn weights_figure(layer: &PlasticLayer) -> Markup {
    let groups: Vec<_> = groups(&layer.view).into_iter().map(|(name, weights)| (name, Range::of(weights))).collect();
    let lost: usize = groups.iter().map(|(_, range)| range.not_finite).sum();
    let reach: Vec<String> = groups.iter().map(|(name, range)| format!("{name} from {}", range.words())).collect();
    html! {
        figure {
            (picture(layer))
            figcaption {
                (layer.layer) ": " (layer.what) ". " (how_to_read(&layer.view))
                " White is zero; the colours end at the 99.5th percentile of magnitudes. Extremes: "
                (reach.join(", ")) "."
                @if lost > 0 { " " (lost) " values are not finite and shown in magenta." }
            }
            (weights_table(&layer.view).folded())
        }
    }
}

fn how_to_read(view: &WeightView) -> String {
    match view {
        WeightView::HybridFields(_) => {
            "For each of the neurons whose plastic part is strongest: W, which the global rule trained; P, which the \
            local rule wrote while the network ran; and gP, P times its gain, which is added to W. Each pixel is the \
            weight from that pixel of the input. Shapes of the images in gP say that the local rule stores what the \
            neuron saw."
                .to_owned()
        }
        WeightView::ReceptiveFields(_) => {
            "Each tile shows the weights from every input pixel to one neuron, whose number is below it: \
            shapes of the images say that the neuron has stored what it saw, speckle that it has not."
                .to_owned()
        }
        WeightView::Matrix(matrix) => match matrix.block() {
            [1, 1] => "Each cell is one synapse: rows are output neurons, columns input neurons.".to_owned(),
            [rows, columns] => {
                format!(
                    "Rows are output neurons, columns input neurons; each cell stands for {rows} × {columns} synapses \
                    and shows the one of largest magnitude."
                )
            }
        },
    }
}

fn weights_table(view: &WeightView) -> Table<'static> {
    let rows = match view {
        WeightView::HybridFields(fields) => fields.neurons.iter().flat_map(hybrid_rows).collect(),
        WeightView::ReceptiveFields(fields) => {
            fields.iter().map(|field| range_row(field.neuron.to_string(), &field.weights)).collect()
        }
        WeightView::Matrix(matrix) => matrix_rows(matrix),
    };
    let heads = ["neuron", "smallest", "mean", "largest", "not finite"].map(str::to_owned).to_vec();
    Table { caption: "Incoming weights by neuron, as shown", heads, rows }
}

fn hybrid_rows(field: &HybridField) -> impl Iterator<Item = Vec<String>> {
    PARTS.iter().map(|part| range_row(format!("{} · {}", field.neuron, part.name), (part.of)(field)))
}

fn matrix_rows(matrix: &Matrix) -> Vec<Vec<String>> {
    let rows = matrix.weights.chunks(matrix.shape[1].max(1)).take(MOST_ROWS).enumerate();
    rows.map(|(index, weights)| range_row(index.saturating_mul(matrix.block()[0]).to_string(), weights)).collect()
}

fn range_row(name: String, weights: &[f32]) -> Vec<String> {
    let range = Range::of(weights);
    let ends = [range.low, range.mean, range.high].map(|value| or_dash(value, significant));
    std::iter::once(name).chain(ends).chain([range.not_finite.to_string()]).collect()
}
