//! `glocal reproduce multi-task`.

use glocal::GlocalError;
use glocal::compare::Headings;
use glocal::compare::table::{Align, aligned};
use glocal::experiments::multi_task::{self, MultiTaskResults, NetworkResult, SEEDS};
use glocal::report::mean_and_deviation;

use super::ReproduceArgs;
use crate::args::Context;
use crate::report::write_page;

pub(super) fn run(args: &ReproduceArgs, context: &Context) -> Result<(), GlocalError> {
    let (out, seeds) = (args.out(), args.seeds(&SEEDS));
    let runs = multi_task::plan(&args.arms(), &seeds, args.epochs, args.quick)?;
    let command = args.command(&out, &seeds);
    let records = multi_task::carry_out(&runs, &out, &args.options(context, &command)?)?;
    let results = MultiTaskResults::of(&records);
    results.write(&out)?;
    let page = write_page(&records, headings(command, &results), &out.join("report.html"), context)?;
    context.print(&results, || table(&results))?;
    let figures = out.join(MultiTaskResults::FILE);
    context.progress.say(&format!("page: {}\nfigures: {}", page.display(), figures.display()));
    Ok(())
}

fn headings(command: String, results: &MultiTaskResults) -> Headings {
    Headings {
        title: "Multi-task learning: several data sets at once".into(),
        summary: format!(
            "One spiking network learns {} at once, by local plasticity (LP), backprop (GP) or both (HP): with all synapses \
             for all tasks, or with a mask of synapses for each. The test set is judged once, after the last epoch.",
            results.tasks.join(", ")
        ),
        commands: vec![command],
    }
}

fn table(results: &MultiTaskResults) -> String {
    let last = ["mean", "not told, by energy", "minutes"];
    let heading = std::iter::once("test accuracy %").chain(results.tasks.iter().map(String::as_str)).chain(last);
    let row = |network: &NetworkResult| -> Vec<String> {
        let each = (0..results.tasks.len()).map(|task| mean_and_deviation(&network.on(task)));
        let unnamed = network.unnamed.map_or("–".into(), |found| format!("{:.1}", 100.0 * found.by_energy[0]));
        let last = [mean_and_deviation(&network.mean), unnamed, mean_and_deviation(&network.minutes)];
        std::iter::once(network.label.clone()).chain(each).chain(last).collect()
    };
    let heading: Vec<String> = heading.map(str::to_owned).collect();
    aligned(&std::iter::once(heading).chain(results.networks.iter().map(row)).collect::<Vec<_>>(), &[Align::Left])
}
