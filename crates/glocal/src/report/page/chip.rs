//! Networks on a chip: what is left of their accuracy, what they take of the chip, and what damage does to them.

use maud::{Markup, html};

use super::chip_episodes;
use super::continual::swatch;
use super::placed;
use super::table::{MOST_ROWS, Table};
use crate::report::data::{ChipNetwork, Chips, PlacedNetwork, Report};
use crate::report::figures::chip_faults::{Damaged, damaged, kinds, panel};
use crate::report::format::{amount, energy, mean_sd, mean_sd_to, plain, signed_mean_sd_to, thousands};
use crate::report::stats::Summary;
use crate::report::svg::responsive;

/// The report holds no more networks.
const MOST_NETWORKS: usize = Report::MOST_OF_CHIPS[0];
/// Images from which on a second decimal of an accuracy says something.
const MANY_IMAGES: u64 = 1000;

/// The tables, each network in its places, and accuracy under damage.
pub(super) fn section(chips: &Chips) -> Markup {
    let networks = &chips.networks;
    let episodes = chip_episodes::tables(&chips.episodes);
    let parts = [accuracies(networks), costs(networks), episodes, places(networks), damage(networks)];
    html! {
        @if parts.iter().any(Option::is_some) {
            section id="chips" {
                h2 { "On the cores of a chip" }
                p {
                    "Trained networks are turned into integers, cut into the cores of a simulated chip, and judged again. "
                    "Look first at what the integers cost in accuracy, then at what makes a phase as long as it is and at "
                    "where the energy goes."
                }
                @for part in parts.iter().flatten() { (part) }
                @if networks.len() >= MOST_NETWORKS { p.what { "At most " (MOST_NETWORKS) " networks are shown." } }
            }
        }
    }
}

fn accuracies(networks: &[ChipNetwork]) -> Option<Markup> {
    let is_judged =
        |network: &&ChipNetwork| [&network.float, &network.integer, &network.on_chip].iter().any(|a| !a.is_empty());
    let row = |network: &ChipNetwork| {
        let places = if network.images > MANY_IMAGES { 2 } else { 1 };
        let words = |percent: &[f64]| mean_sd_to(&Summary::of(percent), places);
        vec![
            network.label.clone(),
            or_dash(&network.chip),
            words(&network.float),
            words(&network.integer),
            words(&network.on_chip),
            signed_mean_sd_to(&difference(network), places),
            count(network.images),
        ]
    };
    let table = Table {
        caption: "Test accuracy in per cent in floats, in integers and on the chip, mean ± standard deviation over seeds; \
            the difference between the last of them and floats, in points",
        heads: ["network", "chip", "floats", "integers", "on chip", "difference", "images"].map(str::to_owned).to_vec(),
        rows: networks.iter().filter(is_judged).map(row).collect(),
    };
    (!table.rows.is_empty()).then(|| {
        html! {
            (table.html())
            @if networks.iter().any(|network| !network.integer.is_empty() && !network.on_chip.is_empty()) {
                p.what {
                    "The cores are to compute what the integers say: where both were judged on the same images, the two "
                    "columns should agree."
                }
            }
        }
    })
}

/// Seed by seed where there are as many of both, else between the means.
fn difference(network: &ChipNetwork) -> Summary {
    let reached = if network.on_chip.is_empty() { &network.integer } else { &network.on_chip };
    if reached.len() == network.float.len() {
        return Summary::of(
            &reached.iter().zip(&network.float).map(|(after, before)| after - before).collect::<Vec<_>>(),
        );
    }
    let means = [reached, &network.float].map(|percent| Summary::of(percent).mean);
    let [Some(after), Some(before)] = means else { return Summary::of(&[]) };
    Summary::of(&[after - before])
}

fn costs(networks: &[ChipNetwork]) -> Option<Markup> {
    let row = |(network, placed): (&ChipNetwork, &PlacedNetwork)| {
        vec![
            network.label.clone(),
            or_dash(&network.chip),
            cores(placed),
            count(placed.chips),
            amount(placed.microseconds),
            energy(placed.nanojoules),
            images_a_second(placed.microseconds),
        ]
    };
    let table = Table {
        caption: "Cores used of those there are, chips, and for each image time, energy (low–high), and how many images \
            a second that is, one after the other",
        heads: ["network", "chip", "cores", "chips", "µs an image", "energy an image", "images a second"]
            .map(str::to_owned)
            .to_vec(),
        rows: placed_networks(networks).map(row).collect(),
    };
    let is_assumed = placed_networks(networks).any(|(_, placed)| !placed.assumptions.is_empty());
    (!table.rows.is_empty()).then(|| {
        html! {
            h3 { "What an image takes" }
            (table.html())
            p.what {
                "Operations, packets and hops are counted. Energy is these counts and the time, times numbers of the "
                "chip" @if is_assumed { ", some of which are assumed" }
                ": low takes all of them at their least, high all at their most. Trust ratios between networks on one "
                "chip before you trust joules."
            }
        }
    })
}

fn placed_networks(networks: &[ChipNetwork]) -> impl Iterator<Item = (&ChipNetwork, &PlacedNetwork)> {
    networks.iter().filter_map(|network| Some((network, network.placed.as_ref()?)))
}

/// `31 of 156`.
fn cores(placed: &PlacedNetwork) -> String {
    let used = count(placed.cores as u64);
    match placed.cores_per_chip.checked_mul(placed.chips) {
        Some(all) if all > 0 => format!("{used} of {}", thousands(all)),
        _ => used,
    }
}

fn images_a_second(microseconds: f64) -> String {
    if microseconds == 0.0 { "–".to_owned() } else { amount(1e6 / microseconds) }
}

/// A count where 0 stands for unknown.
fn count(value: u64) -> String {
    if value == 0 { "–".to_owned() } else { thousands(value) }
}

fn or_dash(words: &str) -> String {
    if words.is_empty() { "–".to_owned() } else { words.to_owned() }
}

/// The first network in full, the others behind a line that opens them.
fn places(networks: &[ChipNetwork]) -> Option<Markup> {
    let shown: Vec<_> = placed_networks(networks).filter(|(_, placed)| placed::has_anything(placed)).collect();
    let ((first, first_placed), others) = shown.split_first()?;
    Some(html! {
        h3 { (placed::name(first)) }
        (placed::network(first_placed))
        @for (network, placed) in others {
            details.network { summary { (placed::name(network)) } (placed::network(placed)) }
        }
    })
}

/// A panel per kind of damage, and the names of their lines.
fn damage(networks: &[ChipNetwork]) -> Option<Markup> {
    let damaged = damaged(networks);
    let has_bands = damaged.iter().flat_map(|d| &d.network.faults).flat_map(|f| &f.points).any(|(_, p)| p.len() > 1);
    (!damaged.is_empty()).then(|| {
        html! {
            h3 { "When the chip is damaged" }
            figure {
                ol.networks {
                    @for damaged in &damaged { li { (swatch(&damaged.look)) (damaged.number) " " (damaged.network.label) } }
                }
                div.kinds { @for kind in kinds(&damaged) { (kind_panel(&damaged, kind)) } }
                figcaption {
                    "Accuracy as more and more of the chip is damaged; the number at a line is its network's. Look at how "
                    "far to the right a line stays high. Lines join means"
                    @if has_bands { ", bands are one standard deviation over seeds" }
                    ". Panels share the scale of accuracy, which need not start at zero, but not that of the shares."
                }
            }
        }
    })
}

fn kind_panel(damaged: &[Damaged], kind: &str) -> Markup {
    html! {
        div.kind {
            div { h3 { (kind) } }
            div { (responsive(|layout| panel(damaged, kind, layout))) }
            div { (damage_table(damaged, kind).folded()) }
        }
    }
}

fn damage_table(damaged: &[Damaged], kind: &str) -> Table<'static> {
    let curves: Vec<_> = damaged.iter().map(|damaged| (damaged, damaged.curve(kind))).collect();
    let curves: Vec<_> = curves.into_iter().filter(|(_, curve)| !curve.is_empty()).collect();
    let mut shares: Vec<f64> = curves.iter().flat_map(|(_, curve)| curve).map(|(share, _)| *share).collect();
    shares.sort_by(f64::total_cmp);
    shares.dedup();
    let cell = |curve: &[(f64, Summary)], share: f64| {
        curve.iter().find(|(own, _)| *own == share).map_or("–".to_owned(), |(_, summary)| mean_sd(summary))
    };
    let row =
        |share: f64| std::iter::once(plain(share)).chain(curves.iter().map(|(_, curve)| cell(curve, share))).collect();
    let name = |(damaged, _): &(&Damaged, _)| format!("{} {}", damaged.number, damaged.network.label);
    Table {
        caption: "Test accuracy in per cent by the share damaged in per cent, mean ± standard deviation over seeds",
        heads: std::iter::once("share".to_owned()).chain(curves.iter().map(name)).collect(),
        rows: shares.into_iter().take(MOST_ROWS).map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_taken_seed_by_seed() {
        let of = |float: &[f64], integer: &[f64], on_chip: &[f64]| {
            difference(&ChipNetwork {
                float: float.to_vec(),
                integer: integer.to_vec(),
                on_chip: on_chip.to_vec(),
                ..ChipNetwork::default()
            })
        };
        // −1 and −1 by seed, whatever the seeds differ among themselves
        let by_seed = of(&[90.0, 70.0], &[], &[89.0, 69.0]);
        assert_eq!((by_seed.mean, by_seed.sd), (Some(-1.0), Some(0.0)));
        let by_mean = of(&[90.0, 70.0], &[], &[79.0]);
        assert_eq!((by_mean.mean, by_mean.sd), (Some(-1.0), None));
        assert_eq!(of(&[90.0], &[88.0], &[]).mean, Some(-2.0));
        assert_eq!(of(&[], &[88.0], &[]).mean, None);
    }

    #[test]
    fn a_rate_follows_from_a_time() {
        let rates = [250.0, 0.0, f64::NAN, 2e6].map(images_a_second);
        assert_eq!(rates, ["4\u{202f}000", "–", "not finite", "0.500"]);
    }

    #[test]
    fn cores_are_set_beside_those_there_are() {
        let words = |cores_per_chip, chips| {
            cores(&PlacedNetwork { cores: 31, cores_per_chip, chips, ..PlacedNetwork::default() })
        };
        assert_eq!([words(156, 1), words(156, 2), words(0, 1)], ["31 of 156", "31 of 312", "31"]);
        assert_eq!(words(u64::MAX, 2), "31");
    }
}
