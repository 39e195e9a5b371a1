//! `glocal reproduce fault-tolerance`.

use glocal::GlocalError;
use glocal::compare::table::{Align, aligned};
use glocal::compare::{Headings, letters};
use glocal::experiments::fault_tolerance::{self, ArmAreas, FaultResults, LEVELS, LadderResult, QUICK_LEVELS, SEEDS};
use glocal::report::LearningRule;

use super::ReproduceArgs;
use crate::args::Context;
use crate::report::write_page;

pub(super) fn run(args: &ReproduceArgs, context: &Context) -> Result<(), GlocalError> {
    let (out, seeds) = (args.out(), args.seeds(&SEEDS));
    let runs = fault_tolerance::plan(&args.arms(), &seeds, args.epochs, args.quick)?;
    let command = args.command(&out, &seeds);
    let levels = if args.quick { &QUICK_LEVELS[..] } else { &LEVELS[..] };
    let records = fault_tolerance::carry_out(&runs, &out, &args.options(context, &command)?, levels)?;
    let results = FaultResults::of(&records);
    results.write(&out)?;
    let page = write_page(&records, headings(&results, command), &out.join("report.html"), context)?;
    context.print(&results, || in_words(&results))?;
    context.progress.say(&format!("page: {}\nfigures: {}", page.display(), out.join(FaultResults::FILE).display()));
    Ok(())
}

fn headings(results: &FaultResults, command: String) -> Headings {
    let holds: Vec<&LadderResult> =
        results.ladders.iter().filter(|l| l.moving.as_ref().is_some_and(|c| c.holds)).collect();
    let names: Vec<&str> = holds.iter().map(|ladder| ladder.name.as_str()).collect();
    let frozen = results.ladders.iter().filter(|ladder| ladder.frozen.as_ref().is_some_and(|c| c.holds)).count();
    let claim = match names.as_slice() {
        [] => "On none of them is the hybrid network's area under the curve above both others' by more than the seeds' deviation".to_owned(),
        names => format!(
            "The hybrid network's area under the curve is above both others' by more than the seeds' deviation on {} of {} kinds of damage ({})",
            names.len(),
            results.ladders.len(),
            names.join(", ")
        ),
    };
    Headings {
        title: "Fault tolerance: networks that learnt clean images and events, as damage grows".into(),
        summary: format!(
            "Spiking networks learn clean Fashion-MNIST, as images (784-512-10) and as events of a simulated camera \
             (2312-512-10), by local plasticity alone (LP), by backprop through time alone (GP) and by both (HP). They \
             are then judged on damage that they have never met, in 14 levels of each kind. {claim}, with the plastic \
             weights moving within each test batch, as published; with frozen plastic weights on {frozen}."
        ),
        commands: vec![command],
    }
}

fn in_words(results: &FaultResults) -> String {
    let verdicts: Vec<String> =
        results.ladders.iter().map(|ladder| format!("{}: {}\n", ladder.name, ladder.verdict())).collect();
    format!(
        "Area under the curve (mean accuracy over the levels), %, mean ± sd over seeds; plastic weights moving:\n{}\n\
         Plastic weights frozen:\n{}\n{}",
        table(results, true),
        table(results, false),
        verdicts.concat()
    )
}

fn table(results: &FaultResults, moving: bool) -> String {
    let rules = [LearningRule::Local, LearningRule::Global, LearningRule::Hybrid];
    let heading = std::iter::once("damage".to_owned()).chain(rules.map(|rule| letters(rule).to_owned())).collect();
    let cell = |arms: &[ArmAreas], rule| {
        arms.iter().find(|arm| arm.rule == rule).map_or("–".to_owned(), |arm| arm.mean_sd(moving))
    };
    let row = |ladder: &LadderResult| -> Vec<String> {
        std::iter::once(ladder.name.clone()).chain(rules.map(|rule| cell(&ladder.arms, rule))).collect()
    };
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(results.ladders.iter().map(row)).collect();
    aligned(&rows, &[Align::Left])
}
