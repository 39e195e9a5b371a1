//! `glocal reproduce classification`.

use glocal::GlocalError;
use glocal::compare::Headings;
use glocal::compare::table::{Align, aligned};
use glocal::experiments::classification::{self, ClassificationResults, SEEDS, SubjectResult};

use super::ReproduceArgs;
use crate::args::Context;
use crate::report::write_page;

pub(super) fn run(args: &ReproduceArgs, context: &Context) -> Result<(), GlocalError> {
    let (out, seeds) = (args.out(), args.seeds(&SEEDS));
    let runs = classification::plan(&seeds, args.epochs, args.quick)?;
    let command = args.command(&out, &seeds);
    let records = classification::carry_out(&runs, &out, &args.options(context, &command)?)?;
    let results = ClassificationResults::of(&records);
    results.write(&out)?;
    let page = write_page(&records, headings(command), &out.join("report.html"), context)?;
    context.print(&results, || table(&results))?;
    let figures = out.join(ClassificationResults::FILE);
    context.progress.say(&format!("page: {}\nfigures: {}", page.display(), figures.display()));
    Ok(())
}

fn headings(command: String) -> Headings {
    Headings {
        title: "Classification: small convolutional hybrid networks".into(),
        summary:
            "Convolutional spiking networks with one plastic layer (HP), small enough for a plain computer, learn \
            MNIST, Fashion-MNIST and event recordings of N-MNIST. Validation samples choose the epoch; the test set is \
            judged once."
                .into(),
        commands: vec![command],
    }
}

fn table(results: &ClassificationResults) -> String {
    let heading =
        ["test accuracy %", "frozen", "moving", "published, full size", "minutes"].map(str::to_owned).to_vec();
    let row = |subject: &SubjectResult| {
        let published = subject.published.map_or("–".to_owned(), |percent| format!("{percent:.1}"));
        vec![subject.dataset.clone(), subject.mean_sd(), subject.moving_mean_sd(), published, subject.minutes()]
    };
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(results.subjects.iter().map(row)).collect();
    aligned(&rows, &[Align::Left])
}
