//! `glocal reproduce few-shot`.

use glocal::GlocalError;
use glocal::compare::Headings;
use glocal::compare::table::{Align, aligned};
use glocal::experiments::few_shot::{
    self, COLUMNS, ContestantResult, EPISODES, FewShotResults, LOOKS, PUBLISHED, QUICK_EPISODES, SEEDS, percent,
};

use super::ReproduceArgs;
use crate::args::Context;
use crate::report::write_page;

pub(super) fn run(args: &ReproduceArgs, context: &Context) -> Result<(), GlocalError> {
    let (out, seeds) = (args.out(), args.seeds(&SEEDS));
    let runs = few_shot::plan(&args.only, &seeds, args.epochs, args.quick)?;
    let command = args.command(&out, &seeds);
    let episodes = if args.quick { QUICK_EPISODES } else { EPISODES };
    let records = few_shot::carry_out(&runs, &out, &args.options(context, &command)?, episodes)?;
    let results = FewShotResults::of(&records);
    results.write(&out)?;
    let page = write_page(&records, headings(command), &out.join("report.html"), context)?;
    context.print(&results, || table(&results))?;
    let figures = out.join(FewShotResults::FILE);
    context.progress.say(&format!("page: {}\nfigures: {}", page.display(), figures.display()));
    Ok(())
}

fn headings(command: String) -> Headings {
    Headings {
        title: "Few-shot learning: new characters from one example".into(),
        summary: "Omniglot, in episodes: a network meets characters that it has never seen, in one labelled drawing \
                  each (or a few), and is asked about others. Backprop has learnt the embedding and the local rule's \
                  meta-parameters on other characters; within an episode only plastic weights move. Validation \
                  characters choose the epoch; the test characters are of other alphabets. Where one example is all there \
                  is, a second row shows five looks at each picture: as it is, and four times moved a little; the \
                  answers are averaged."
            .into(),
        commands: vec![command],
    }
}

fn table(results: &FewShotResults) -> String {
    let task = |&(ways, shots): &(usize, usize)| format!("{ways}-way {shots}-shot");
    let heading = std::iter::once("test accuracy %, 95 % interval".to_owned()).chain(COLUMNS.iter().map(task));
    let row = |result: &ContestantResult, label: String, looks: usize| -> Vec<String> {
        let figure = |&(ways, shots): &(usize, usize)| result.figures.task(ways, shots, looks);
        let cells = COLUMNS.iter().map(|task| figure(task).map_or("–".into(), percent));
        std::iter::once(label).chain(cells).collect()
    };
    let own = |result: &ContestantResult| -> Vec<Vec<String>> {
        let several = result.figures.tasks.iter().any(|task| task.looks == LOOKS);
        let first = row(result, format!("{}, seed {}", result.label, result.seed), 1);
        let again = several.then(|| row(result, format!("    the same, {LOOKS} looks at each picture"), LOOKS));
        std::iter::once(first).chain(again).collect()
    };
    let published = |(label, cells): &(&str, [Option<f64>; 4])| -> Vec<String> {
        let cell = |value: &Option<f64>| value.map_or("–".into(), |percent| format!("{percent:.1}"));
        std::iter::once(format!("    {label}")).chain(cells.iter().map(cell)).collect()
    };
    let rows = std::iter::once(heading.collect());
    let rows: Vec<Vec<String>> =
        rows.chain(results.runs.iter().flat_map(own)).chain(PUBLISHED.iter().map(published)).collect();
    aligned(&rows, &[Align::Left])
}
