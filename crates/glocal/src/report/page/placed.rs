//! A network in the places of a chip: its layers, its energy, the mesh of its cores and its phases.

use maud::{Markup, html};

use super::table::{MOST_ROWS, Table};
use crate::report::data::{ChipLayer, ChipMesh, ChipNetwork, ChipPhase, Limit, PlacedNetwork, UsedPlace};
use crate::report::figures::{energy as bars, mesh, phases};
use crate::report::format::{amount, energy, thousands};
use crate::report::svg::responsive;

/// Places listed of each network: the JSON has everything.
const MOST_PLACES: usize = 256;
/// Assumed numbers, joined components and layers that are named.
const MOST_NAMED: usize = 60;

/// Whether there is anything to show.
pub(super) fn has_anything(placed: &PlacedNetwork) -> bool {
    parts(placed).iter().any(Option::is_some)
}

/// What stands above it: the network and its chip.
pub(super) fn name(network: &ChipNetwork) -> String {
    [network.label.as_str(), &network.chip].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" on ")
}

/// All that is known of it.
pub(super) fn network(placed: &PlacedNetwork) -> Markup {
    html! { @for part in parts(placed).iter().flatten() { (part) } }
}

fn parts(placed: &PlacedNetwork) -> [Option<Markup>; 6] {
    [
        plasticity(placed),
        layers(placed),
        energy_figure(placed),
        mesh_figure(placed),
        phase_figure(&placed.phases),
        assumed(placed),
    ]
}

/// The form in which plastic weights move, and what it takes of a link to a host.
fn plasticity(placed: &PlacedNetwork) -> Option<Markup> {
    (!placed.plasticity.is_empty()).then(|| {
        html! {
            p.what {
                "Plastic weights move in the form " strong { (placed.plasticity) } "."
                @if let Some(link) = &placed.link {
                    " The host writes " (amount(link.changed)) " of them for an image: it reads " (amount(link.bytes_read))
                    " bytes and writes " (amount(link.bytes_written)) ", for which the chip waits "
                    (amount(link.microseconds)) " µs."
                }
            }
        }
    })
}

fn layers(placed: &PlacedNetwork) -> Option<Markup> {
    let row = |layer: &ChipLayer| {
        vec![
            layer.name.clone(),
            thousands(layer.cores as u64),
            thousands(layer.busiest_cycles),
            amount(layer.operations),
            amount(layer.packets),
            energy(layer.nanojoules),
        ]
    };
    let table = Table {
        caption: "Layer by layer: cores, clocks of the busiest core in a phase, synaptic operations and packets of an image, \
            energy of the cores (low–high) without that of the packets' ways",
        heads: ["layer", "cores", "busiest, clocks", "operations", "packets", "energy"].map(str::to_owned).to_vec(),
        rows: placed.layers.iter().take(MOST_ROWS).map(row).collect(),
    };
    let followed =
        if placed.images == 1 { "one image".to_owned() } else { format!("{} images", thousands(placed.images)) };
    (!table.rows.is_empty()).then(|| {
        html! {
            (table.html())
            @if placed.images > 0 { p.what { "Operations, packets and energy are means over " (followed) "." } }
        }
    })
}

fn energy_figure(placed: &PlacedNetwork) -> Option<Markup> {
    let parts = bars::parts(&placed.components);
    let joined: Vec<String> = parts.iter().flat_map(|part| part.joined.clone()).collect();
    let has_bounds = parts.iter().any(|part| part.nanojoules[0] < part.nanojoules[2]);
    if !bars::is_worth_drawing(&parts) {
        return (!placed.components.is_empty()).then(|| html! { p.missing { "No energy was counted." } });
    }
    Some(html! {
        figure {
            (responsive(|layout| bars::chart(&parts, layout)))
            figcaption {
                "What the energy of an image is spent on, and its share of the nominal total."
                @if has_bounds {
                    " The line through a bar runs from the low to the high bound: where two lines overlap, it is not known "
                    "which is the larger."
                }
                @if !joined.is_empty() { " Small parts are joined: " (named(&joined, ", ")) "." }
            }
        }
    })
}

/// The meshes beside each other; those that are too large to be drawn are named.
fn mesh_figure(placed: &PlacedNetwork) -> Option<Markup> {
    let (drawn, others): (Vec<_>, Vec<_>) = placed.meshes.iter().partition(|mesh| mesh::is_worth_drawing(mesh));
    let too_large: Vec<_> = others.into_iter().filter(|mesh| mesh.values.is_empty() && mesh.columns > 0).collect();
    let lost: usize = drawn.iter().map(|mesh| mesh.used().filter(|place| !place.value.is_finite()).count()).sum();
    let has_unused = drawn.iter().any(|mesh| mesh.used().count() < mesh.values.len());
    (!drawn.is_empty() || !too_large.is_empty()).then(|| {
        html! {
            @if !drawn.is_empty() {
                figure {
                    div.meshes { @for mesh in &drawn { div { (mesh::chart(mesh, &placed.layers)) } } }
                    figcaption {
                        "The mesh of cores, a square for each. The stronger the colour, the more; lines run around layers"
                        @if drawn.iter().any(|mesh| mesh::is_numbered(mesh)) { " (" (layer_names(&placed.layers)) ")" }
                        @if has_unused { "; small hollow squares are cores that are not used" }
                        ". Look for a few strong squares among pale ones: "
                        "there the work or the traffic is uneven."
                        @if lost > 0 { " Not finite, red and crossed: " (lost) "." }
                    }
                    (mesh_table(&drawn, &placed.layers).folded())
                }
            }
            @for mesh in too_large { p.missing { (mesh::name(mesh)) ": the mesh has too many places to be drawn." } }
        }
    })
}

/// `L0 is layers.0, L1 is layers.1`.
fn layer_names(layers: &[ChipLayer]) -> String {
    let name = |layer: usize| format!("{} is {}", mesh::short_name(layer), mesh::layer_name(layers, layer));
    let names: Vec<String> = (0..layers.len().max(1)).map(name).collect();
    named(&names, ", ")
}

/// A row per used place of the first mesh, a column per mesh.
fn mesh_table(meshes: &[&ChipMesh], layers: &[ChipLayer]) -> Table<'static> {
    let places = meshes.first().into_iter().flat_map(|mesh| mesh.used()).take(MOST_PLACES);
    let row = |place: UsedPlace| {
        let layer = place.layer.map_or("–".to_owned(), |layer| mesh::layer_name(layers, layer));
        let value = |mesh: &&ChipMesh| {
            mesh.place(place.column, place.row).map_or("–".to_owned(), |p| mesh::value_words(p.value))
        };
        let at = format!("column {}, row {}", place.column + 1, place.row + 1);
        [at, layer].into_iter().chain(meshes.iter().map(value)).collect()
    };
    let heads = ["place", "layer"].map(str::to_owned).into_iter();
    Table {
        caption: "The cores that are used, row after row",
        heads: heads.chain(meshes.iter().map(|mesh| mesh::name(mesh))).collect(),
        rows: places.map(row).collect(),
    }
}

fn phase_figure(all: &[ChipPhase]) -> Option<Markup> {
    let [computing, sending, host, neither] = phases::limits(all);
    let drawn = all.len().min(phases::MOST_PHASES);
    phases::is_worth_drawing(all).then(|| {
        html! {
            figure {
                (responsive(|layout| phases::chart(all, layout)))
                figcaption {
                    "The phases of an image, one after the other: in each, cores compute and packets travel at the same time. "
                    "The bar that fills its phase makes it as long as it is; pale is waiting. Of "
                    (drawn) @if drawn == 1 { " phase" } @else { " phases" } " computing limits " (computing) ", sending " (sending)
                    @if host > 0 { ", waiting for the host " (host) }
                    @if neither > 0 { ", neither " (neither) " (of fixed length, empty, or different from image to image)" }
                    "."
                    @if all.len() > drawn { " The first " (drawn) " of " (all.len()) " phases are drawn." }
                }
                (phase_table(all).folded())
            }
        }
    })
}

fn phase_table(all: &[ChipPhase]) -> Table<'static> {
    let row = |(number, phase): (usize, &ChipPhase)| {
        let limit = match phase.limit() {
            Limit::Computing => "computing",
            Limit::Sending => "sending",
            Limit::Host => "host",
            Limit::Neither => "–",
        };
        let counts = [phase.computing, phase.sending, phase.cycles].map(amount);
        let more = [limit.to_owned(), amount(phase.packets), amount(phase.stalls)];
        std::iter::once(phases::head(number)).chain(counts).chain(more).collect()
    };
    Table {
        caption: "Phase by phase: clocks of computing, of sending and of the phase, what limits it, packets that arrive, and \
            packets times clocks that they waited",
        heads: ["phase", "computing", "sending", "length", "limit", "packets", "waited"].map(str::to_owned).to_vec(),
        rows: all.iter().take(MOST_ROWS).enumerate().map(row).collect(),
    }
}

fn assumed(placed: &PlacedNetwork) -> Option<Markup> {
    (!placed.assumptions.is_empty()).then(|| {
        html! { p.what.assumed { strong { "Assumed, not measured: " } (named(&placed.assumptions, "; ")) "." } }
    })
}

/// The first of many names, and how many more there are.
fn named(names: &[String], between: &str) -> String {
    let first = names.iter().take(MOST_NAMED).map(String::as_str).collect::<Vec<_>>().join(between);
    match names.len().checked_sub(MOST_NAMED) {
        None | Some(0) => first,
        Some(more) => format!("{first} and {more} more"),
    }
}
