//! `glocal quickstart`.

use std::path::{Path, PathBuf};

use clap::Args;
use glocal::board::BoardOutput;
use glocal::compare::table::{Judged, accuracy_table};
use glocal::compare::{Headings, RunRecord};
use glocal::experiments::{Results, carry_out, quickstart};
use glocal::run_folder::is_occupied;
use glocal::{GlocalError, TrainOptions};

use crate::args::Context;
use crate::report::write_page;

/// Options of `glocal quickstart`.
#[derive(Debug, Args)]
pub struct QuickstartArgs {
    /// Folder for runs and page, new or empty [default: runs/quickstart, or the next free -2, -3, ...]
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Epochs of each arm
    #[arg(long, value_name = "N", default_value_t = quickstart::EPOCHS, value_parser = clap::value_parser!(u64).range(1..))]
    epochs: u64,
    /// Write no event files for TensorBoard
    #[arg(long)]
    no_tensorboard: bool,
}

/// Trains the three arms, prints their table and writes the page.
///
/// # Errors
/// A folder that is occupied or cannot be written; Ctrl-C.
pub fn run(args: &QuickstartArgs, context: &Context) -> Result<(), GlocalError> {
    let out = match &args.out {
        Some(out) => out.clone(),
        None => next_free(Path::new("runs/quickstart"))?,
    };
    let runs = quickstart::plan(args.epochs)?;
    let options = TrainOptions { board: BoardOutput::unless(args.no_tensorboard), ..context.train_options()? };
    let records = carry_out(&runs, &out, &options)?;
    let results = Results::of("quickstart", &records);
    results.write(&out)?;
    let page = write_page(&records, headings(), &out.join("report.html"), context)?;
    context.print(&results, || in_words(&results, &records))?;
    context.progress.say(&format!("page: {}\nnext: glocal reproduce fashion-demo", page.display()));
    Ok(())
}

fn next_free(first: &Path) -> Result<PathBuf, GlocalError> {
    let mut folder = first.to_owned();
    for number in 2.. {
        if !is_occupied(&folder)? {
            break;
        }
        folder = first.with_file_name(format!("quickstart-{number}"));
    }
    Ok(folder)
}

fn headings() -> Headings {
    Headings {
        title: "Glocal quickstart: the hybrid network and its two halves".into(),
        summary:
            "A spiking network of 784-512-10 neurons learns 5,500 clean images of Fashion-MNIST three times: by local \
            plasticity alone (LP), by backprop through time alone (GP), and by both at once (HP). It is then tested on \
            images with gaussian noise that it has never met. One seed, a subset: a demonstration, not the published \
            comparison; glocal reproduce fashion-demo repeats that one."
                .into(),
        commands: vec!["glocal quickstart".into()],
    }
}

fn in_words(results: &Results, records: &[RunRecord]) -> String {
    let samples =
        records.iter().filter_map(|record| record.noise.as_ref()).map(|noise| noise.samples).max().unwrap_or(0);
    let table = accuracy_table(&results.arms, Judged::Moving);
    format!(
        "{table}on {samples} test images, trained on clean ones; plastic weights move during the test, as published\n"
    )
}
