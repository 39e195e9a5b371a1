//! The learning curves.

use maud::{Markup, html};

use super::table::Table;
use crate::report::data::Arm;
use crate::report::figures::curves::{Quantity, is_recorded, panel};
use crate::report::figures::short_name;
use crate::report::format::significant;
use crate::report::stats::Summary;
use crate::report::svg::responsive;

/// Loss and accuracy side by side.
pub(super) fn section(arms: &[Arm]) -> Markup {
    let shown: Vec<_> = Quantity::ALL.into_iter().filter(|quantity| is_recorded(arms, *quantity)).collect();
    html! {
        @if !shown.is_empty() {
            section id="learning" {
                h2 { "Learning curves" }
                figure {
                    div.pair {
                        @for quantity in &shown { div { (responsive(|layout| panel(arms, *quantity, layout))) } }
                    }
                    figcaption {
                        "How training went, epoch by epoch: thick lines are means over seeds, thin lines single seeds. "
                        "A loss that has levelled off says that longer training would change little; thin lines far "
                        "apart say that one seed is not enough."
                    }
                    (table(arms, &shown).folded())
                }
            }
        }
    }
}

fn table(arms: &[Arm], shown: &[Quantity]) -> Table<'static> {
    let columns: Vec<(String, Vec<Summary>)> = shown
        .iter()
        .flat_map(|quantity| {
            arms.iter().map(move |arm| (format!("{} {}", short_name(arm), quantity.name()), quantity.epochs(arm)))
        })
        .filter(|(_, epochs)| !epochs.is_empty())
        .collect();
    let epochs = columns.iter().map(|(_, epochs)| epochs.len()).max().unwrap_or(0);
    let row = |epoch: usize| {
        let cells = columns.iter().map(|(_, values)| values.get(epoch).map_or("–".to_owned(), cell));
        std::iter::once((epoch + 1).to_string()).chain(cells).collect()
    };
    let heads = std::iter::once("epoch".to_owned()).chain(columns.iter().map(|(name, _)| name.clone())).collect();
    Table { caption: "Mean over seeds by epoch", heads, rows: (0..epochs).map(row).collect() }
}

/// The mean, and whether a seed was lost.
fn cell(summary: &Summary) -> String {
    let mean = significant(summary.mean.unwrap_or(f64::NAN));
    if summary.not_finite > 0 && summary.mean.is_some() {
        format!("{mean} ({} not finite)", summary.not_finite)
    } else {
        mean
    }
}
