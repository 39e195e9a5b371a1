//! Episodes on a chip: how well and at what cost classes are stored there.

use maud::{Markup, html};

use super::table::{MOST_ROWS, Table};
use crate::report::data::{ChipCost, ChipEpisodes, FewShotCell};
use crate::report::format::{amount, energy, thousands, with_interval};

/// Accuracies beside each other, and what a class and a query take; nothing without episodes.
pub(super) fn tables(episodes: &[ChipEpisodes]) -> Option<Markup> {
    let shown = &episodes[..episodes.len().min(MOST_ROWS)];
    let task = |of: &ChipEpisodes| format!("{}-way {}-shot", of.ways, of.shots);
    let accuracy = |of: &ChipEpisodes| {
        let cell = |cell: &FewShotCell| with_interval(cell.percent, cell.interval);
        let counted = of.on_chip.episodes.map_or("–".to_owned(), thousands);
        [of.label.clone(), task(of), cell(&of.float), cell(&of.integer), cell(&of.on_chip), counted].to_vec()
    };
    let accuracies = Table {
        caption: "Accuracy on new classes in per cent, mean ± half the 95 % confidence interval over episodes",
        heads: ["network", "task", "floats", "integers", "on chip", "episodes"].map(str::to_owned).to_vec(),
        rows: shown.iter().map(accuracy).collect(),
    };
    let cost = |of: &ChipEpisodes| {
        let words = |ChipCost { microseconds, nanojoules }| [amount(microseconds), energy(nanojoules)];
        let [store_time, store_energy] = words(of.class);
        let [ask_time, ask_energy] = words(of.query);
        let chips = if of.chips == 1 { of.chip.clone() } else { format!("{} {}", thousands(of.chips), of.chip) };
        let cores = format!("{} of {chips}", thousands(of.cores as u64));
        vec![of.label.clone(), task(of), cores, store_time, store_energy, ask_time, ask_energy]
    };
    let heads = ["network", "task", "cores", "µs a class", "energy a class", "µs a query", "energy a query"];
    let costs = Table {
        caption: "Cores used, and what it takes to store a class, all its pictures, and to answer a query: time, energy (low–high)",
        heads: heads.map(str::to_owned).to_vec(),
        rows: shown.iter().map(cost).collect(),
    };
    (!shown.is_empty()).then(|| {
        html! {
            h3 { "Classes stored on the chip" }
            p {
                "The network meets classes that it has never seen. Its read-out's plastic weights start each episode at zero, "
                "labelled pictures write them, queries are answered and write nothing."
            }
            (accuracies.html())
            (costs.html())
        }
    })
}
