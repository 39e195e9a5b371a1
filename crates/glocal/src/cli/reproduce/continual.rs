//! `glocal reproduce continual`.

use glocal::GlocalError;
use glocal::compare::table::{Align, aligned};
use glocal::compare::{Headings, RunRecord};
use glocal::experiments::continual::{self, ContinualResults, MethodResult, SEEDS, validation};
use glocal::report::mean_and_deviation;
use serde::Serialize;

use super::ReproduceArgs;
use crate::args::Context;
use crate::report::write_page;

pub(super) fn run(args: &ReproduceArgs, context: &Context) -> Result<(), GlocalError> {
    let (out, seeds) = (args.out(), args.seeds(&SEEDS));
    let command = args.command(&out, &seeds);
    let options = args.options(context, &command)?;
    if args.tune {
        let records =
            continual::carry_out(&continual::plan_grid(&args.only, (args.epochs, args.tasks))?, &out, &options)?;
        let rows: Vec<GridRow> = records.iter().map(GridRow::of).collect();
        return context.print(&rows, || grid_table(&rows));
    }
    let runs = continual::plan(&args.only, &seeds, (args.epochs, args.tasks), args.quick)?;
    let records = continual::carry_out(&runs, &out, &options)?;
    let results = ContinualResults::of(&records);
    results.write(&out)?;
    let page = write_page(&records, headings(command, &results), &out.join("report.html"), context)?;
    context.print(&results, || in_words(&results))?;
    let figures = out.join(ContinualResults::FILE);
    context.progress.say(&format!("page: {}\nfigures: {}", page.display(), figures.display()));
    Ok(())
}

fn headings(command: String, results: &ContinualResults) -> Headings {
    let summary = "Permuted MNIST: in each task the pixels of all images stand in another order, and a network learns one \
                   task after the other without seeing the earlier ones again (but for rehearsal, and for the \
                   meta-parameters' phases of HP). What does it still know in the end?";
    Headings {
        title: "Continual learning: many tasks in a row".into(),
        summary: format!("{summary} {}", results.verdict()).trim_end().to_owned(),
        commands: vec![command],
    }
}

fn table(results: &ContinualResults) -> String {
    let heading = ["mean accuracy %", "tasks", "told", "accuracy", "backward", "forward", "forgetting", "minutes"];
    let row = |method: &MethodResult| -> Vec<String> {
        let told = if method.told { "yes" } else { "no" };
        vec![
            method.label.clone(),
            method.tasks.to_string(),
            told.into(),
            mean_and_deviation(&method.average_accuracy),
            mean_and_deviation(&method.backward_transfer),
            mean_and_deviation(&method.forward_transfer),
            mean_and_deviation(&method.forgetting),
            mean_and_deviation(&method.minutes),
        ]
    };
    let unnamed = |method: &MethodResult| -> Option<Vec<String>> {
        let found = method.figures.first()?.unnamed?;
        let percent = |[right, found]: [f64; 2]| format!("{:.1} (task found {:.1})", 100.0 * right, 100.0 * found);
        let tasks = method.tasks.to_string();
        let words = format!("    the same, task not told: by confidence {}", percent(found.by_confidence));
        Some(vec![words, tasks, "no".into(), format!("by energy {}", percent(found.by_energy))])
    };
    let rows = results.methods.iter().flat_map(|method| std::iter::once(row(method)).chain(unnamed(method)));
    let rows: Vec<Vec<String>> = std::iter::once(heading.map(str::to_owned).to_vec()).chain(rows).collect();
    aligned(&rows, &[Align::Left])
}

fn in_words(results: &ContinualResults) -> String {
    match results.verdict() {
        verdict if verdict.is_empty() => table(results),
        verdict => format!("{}{verdict}\n", table(results)),
    }
}

/// A run of the grid.
#[derive(Debug, Serialize)]
struct GridRow {
    run: String,
    /// Mean over tasks, in percent.
    validation: Option<f64>,
}

impl GridRow {
    fn of(record: &RunRecord) -> GridRow {
        let run = record.root.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
        GridRow { run, validation: validation(record) }
    }
}

fn grid_table(rows: &[GridRow]) -> String {
    let row =
        |row: &GridRow| vec![row.run.clone(), row.validation.map_or("–".into(), |percent| format!("{percent:.2}"))];
    let heading = ["run".to_owned(), "mean over tasks, validation images, %".to_owned()].to_vec();
    aligned(&std::iter::once(heading).chain(rows.iter().map(row)).collect::<Vec<_>>(), &[Align::Left])
}
