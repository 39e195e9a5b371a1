//! Several tasks at once: what each network reached on each of them.

use maud::{Markup, html};

use super::continual::HOW_BELIEVED;
use super::table::Table;
use crate::report::data::{MultiTask, MultiTaskNetwork, UnnamedAccuracy};
use crate::report::format::{decimals, mean_sd, thousands};
use crate::report::stats::Summary;

/// The tables.
pub(super) fn section(multi_task: &MultiTask) -> Markup {
    let MultiTask { tasks, networks } = multi_task;
    let has_masks = networks.iter().any(|network| network.told);
    html! {
        @if !networks.is_empty() {
            section id="multi-task" {
                h2 { "Several tasks at once" }
                p {
                    "One network learns " (tasks.len()) " data sets together; their classes share its outputs. Where all "
                    "synapses serve all tasks it sees an image and nothing else."
                    @if has_masks {
                        " With masks each task has a share of the synapses; the network is told which task an image is of and "
                        "answers with that task's."
                    }
                }
                (accuracies(tasks, networks).html())
                @if let Some(table) = not_told(networks) {
                    h3 { "Not told the task" }
                    p { (HOW_BELIEVED) }
                    (table.html())
                }
            }
        }
    }
}

fn accuracies<'a>(tasks: &[String], networks: &[MultiTaskNetwork]) -> Table<'a> {
    let row = |network: &MultiTaskNetwork| -> Vec<String> {
        let words = |values: &[f64]| mean_sd(&Summary::of(values));
        let each = (0..tasks.len()).map(|task| words(&network.on(task)));
        let operations = if network.operations == 0 { "–".into() } else { thousands(network.operations) };
        let last = [words(&network.means()), operations, words(&network.minutes)];
        std::iter::once(network.label.clone()).chain(each).chain(last).collect()
    };
    let last = ["mean", "operations per image", "training, minutes"].map(str::to_owned);
    Table {
        caption: "Test accuracy in per cent on each task and their mean, mean ± standard deviation over seeds; \
            operations of trained weights for one image",
        heads: std::iter::once("network".to_owned()).chain(tasks.iter().cloned()).chain(last).collect(),
        rows: networks.iter().map(row).collect(),
    }
}

fn not_told<'a>(networks: &[MultiTaskNetwork]) -> Option<Table<'a>> {
    let judged = networks.iter().filter_map(|network| Some((network, network.unnamed.as_ref()?)));
    let row = |(network, unnamed): (&MultiTaskNetwork, &UnnamedAccuracy)| -> Vec<String> {
        let found = |[accuracy, share]: [f64; 2]| format!("{} ({})", decimals(accuracy, 1), decimals(share, 1));
        let told = mean_sd(&Summary::of(&network.means()));
        vec![network.label.clone(), told, found(unnamed.by_confidence), found(unnamed.by_energy)]
    };
    let rows: Vec<Vec<String>> = judged.map(row).collect();
    (!rows.is_empty()).then(|| Table {
        caption: "Accuracy in per cent where the network has to find out the task of an image, the same number of images \
            of each; in brackets the share of images whose task was found; first seed",
        heads: ["network", "told", "by confidence", "by energy"].map(str::to_owned).to_vec(),
        rows,
    })
}
