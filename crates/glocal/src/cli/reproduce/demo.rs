//! `glocal reproduce fashion-demo`.

use glocal::GlocalError;
use glocal::compare::Headings;
use glocal::compare::table::{Align, Judged, accuracy_table, aligned, sentence};
use glocal::experiments::{Effect, Results, carry_out, fashion_demo};

use super::ReproduceArgs;
use crate::args::Context;
use crate::report::write_page;

/// Epochs of the quick form.
const QUICK_EPOCHS: u64 = 3;

pub(super) fn run(args: &ReproduceArgs, context: &Context) -> Result<(), GlocalError> {
    let (out, seeds) = (args.out(), args.seeds(&fashion_demo::SEEDS));
    let epochs = args.epochs.or(args.quick.then_some(QUICK_EPOCHS));
    let runs = fashion_demo::plan(&args.arms(), &seeds, epochs)?;
    let command = args.command(&out, &seeds);
    let records = carry_out(&runs, &out, &args.options(context, &command)?)?;
    let results = Results::of(fashion_demo::NAME, &records);
    results.write(&out)?;
    let page = write_page(&records, headings(&results, command), &out.join("report.html"), context)?;
    context.print(&results, || in_words(&results))?;
    context.progress.say(&format!("page: {}\nfigures: {}", page.display(), out.join(Results::FILE).display()));
    Ok(())
}

fn headings(results: &Results, command: String) -> Headings {
    let verdicts = results.effects.iter().map(|effect| {
        let frozen = match effect.frozen_verdict == effect.verdict {
            true => String::new(),
            false => format!(" (with the plastic weights frozen: {})", effect.frozen_verdict.words()),
        };
        format!(" {}: {}{frozen}.", sentence(effect.claim), effect.verdict.words())
    });
    Headings {
        title: "Fashion-MNIST under noise: the published demo, reproduced".into(),
        summary: format!(
            "A 784-512-10 spiking network learns clean Fashion-MNIST by local plasticity alone (LP), by backprop \
             through time alone (GP) and by both at once (HP), and is tested on images with gaussian noise that it \
             has never met.{}",
            verdicts.collect::<String>()
        ),
        commands: vec![command],
    }
}

fn in_words(results: &Results) -> String {
    format!(
        "Plastic weights moving during the test, as in the published scripts (mean ± sd over seeds):\n{}\n\
         Plastic weights frozen during the test:\n{}\n\
         Published effects, in percentage points:\n{}",
        accuracy_table(&results.arms, Judged::Moving),
        accuracy_table(&results.arms, Judged::Frozen),
        effects_table(&results.effects)
    )
}

fn effects_table(effects: &[Effect]) -> String {
    if effects.is_empty() {
        return "  none: these arms alone show no published effect\n".into();
    }
    let heading = ["effect", "published", "here", "", "frozen", ""].map(str::to_owned).to_vec();
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(effects.iter().map(effect_row)).collect();
    let align = [Align::Left, Align::Left, Align::Right, Align::Left, Align::Right, Align::Left];
    aligned(&rows, &align)
}

fn effect_row(effect: &Effect) -> Vec<String> {
    let published: Vec<String> =
        effect.published.iter().map(|(source, points)| format!("{points:+.1} {source}")).collect();
    vec![
        effect.claim.to_owned(),
        published.join(", "),
        effect.mean_sd(),
        effect.verdict.words().to_owned(),
        effect.frozen_mean_sd(),
        effect.frozen_verdict.words().to_owned(),
    ]
}
