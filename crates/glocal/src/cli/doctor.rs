//! `glocal doctor`.

use glocal::GlocalError;
use glocal::compare::table::{Align, aligned};
use glocal::doctor::{Diagnosis, diagnose};

use crate::args::Context;

/// Looks around and prints what was found.
///
/// # Errors
/// Stdout cannot be written.
pub fn run(context: &Context) -> Result<(), GlocalError> {
    let found = diagnose(&context.locations);
    context.print(&found, || in_words(&found))
}

fn in_words(found: &Diagnosis) -> String {
    let Diagnosis { build, machine, .. } = found;
    let memory =
        machine.memory_bytes.map_or("unknown".into(), |bytes| format!("{:.1} GB of memory", bytes as f64 / 1e9));
    let rows = [
        ["program", &format!("glocal {}, {}, opt-level {}", build.version, build.target, build.opt_level)],
        ["compiler", &build.compiler],
        ["machine", &format!("{}, {memory}", machine.in_words())],
        ["threads", &found.threads.to_string()],
        ["loops", &machine.instruction_set],
        ["features", &machine.features.join(" ")],
    ];
    let facts: Vec<Vec<String>> = rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
    let folders = found.folders.iter().map(|folder| {
        let state = folder.problem.as_ref().map_or("writable".into(), |problem| format!("not writable: {problem}"));
        vec![folder.purpose.to_owned(), folder.folder.display().to_string(), state]
    });
    let sets = found.data_sets.iter().map(|set| vec![set.name.to_owned(), set.place.in_words()]);
    format!(
        "{}\n{}\n{}\n{}",
        aligned(&facts, &[Align::Left, Align::Left]),
        aligned(&folders.collect::<Vec<_>>(), &[Align::Left, Align::Left, Align::Left]),
        aligned(&sets.collect::<Vec<_>>(), &[Align::Left, Align::Left]),
        hints(found)
    )
}

fn hints(found: &Diagnosis) -> String {
    match &found.hints[..] {
        [] => "nothing is missing\n".into(),
        hints => hints.iter().map(|hint| format!("hint: {hint}\n")).collect(),
    }
}
