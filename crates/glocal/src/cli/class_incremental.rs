//! `glocal class-incremental`.

use std::path::PathBuf;

use clap::Args;
use glocal::class_incremental::{ClassIncremental, MethodFigures, Protocol, SessionFigures, Share, measure};
use glocal::compare::table::{Align, aligned};
use glocal::train::load_network;
use glocal::{GlocalError, RunFolder, RunSamples, Samples};
use serde::Serialize;

use crate::args::Context;

/// Options of `glocal class-incremental`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  glocal class-incremental runs/few-shot/hp-seed1
  glocal class-incremental runs/few-shot/hp-seed1 --base 20 --ways 20 --sessions 9 --shots 1
  glocal class-incremental runs/few-shot/hp-seed1 --json | jq .methods[0].mean
  glocal report runs/few-shot/hp-seed1                  with the curve

The run must have learned in episodes. Its test classes come session after session; nothing of an earlier
session is seen again, and no weight is trained. After each session it is asked about all classes so far.
The figures are kept in the run's folder, class-incremental.json.")]
pub struct ClassIncrementalArgs {
    /// Folder of a run that learned in episodes
    run: PathBuf,
    /// Classes of the first session
    #[arg(long, value_name = "N", default_value_t = 100)]
    base: usize,
    /// Labelled pictures of each of them [default: as --shots]
    #[arg(long, value_name = "N")]
    base_shots: Option<usize>,
    /// Sessions after it
    #[arg(long, value_name = "N", default_value_t = 10)]
    sessions: usize,
    /// New classes of each
    #[arg(long, value_name = "N", default_value_t = 10)]
    ways: usize,
    /// Labelled pictures of each new class
    #[arg(long, value_name = "N", default_value_t = 5)]
    shots: usize,
    /// Pictures of each class to be asked about
    #[arg(long, value_name = "N", default_value_t = 5)]
    queries: usize,
    /// Times that classes and pictures are drawn anew
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    repetitions: u32,
}

/// The result as JSON prints it.
#[derive(Debug, Serialize)]
struct Judged {
    run: PathBuf,
    dataset: String,
    #[serde(flatten)]
    figures: ClassIncremental,
}

/// Judges, keeps the figures and prints them.
///
/// # Errors
/// As [`measure`]; a folder that is no run, data that are not there.
pub fn run(args: &ClassIncrementalArgs, context: &Context) -> Result<(), GlocalError> {
    let folder = RunFolder::read_only(&args.run)?;
    let config = folder.config()?;
    if config.episodes.is_none() {
        return Err(GlocalError::Usage {
            message: format!("{} did not learn in episodes: it knows its own classes only", args.run.display()),
            hint: "give a run of `glocal reproduce few-shot`, or of a config with a table [episodes]".into(),
        });
    }
    let (mut learner, _) = load_network(&folder, &config)?;
    let samples = Samples::of(&config, &context.locations)?;
    let mut samples = RunSamples::new(&samples, &config, None)?;
    let figures = measure(&mut learner, &mut samples, &config, args.protocol(), context.progress)?;
    figures.write(&folder)?;
    let judged = Judged { run: args.run.clone(), dataset: config.data.dataset, figures };
    context.print(&judged, || in_words(&judged.figures))
}

impl ClassIncrementalArgs {
    fn protocol(&self) -> Protocol {
        Protocol {
            base: self.base,
            base_shots: self.base_shots.unwrap_or(self.shots),
            sessions: self.sessions,
            ways: self.ways,
            shots: self.shots,
            queries: self.queries,
            repetitions: self.repetitions as usize,
        }
    }
}

fn percent(share: &Share) -> String {
    format!("{:.1} ± {:.1}", 100.0 * share.mean, 100.0 * share.interval)
}

/// A row for each session: accuracies on all classes so far, on those of the base session, on those since.
fn in_words(figures: &ClassIncremental) -> String {
    let heads = |of: &MethodFigures| ["all", "base", "new"].map(|head| format!("{}: {head}", of.method.words()));
    let mut heading = vec!["accuracy %, classes".to_owned(), "chance".to_owned()];
    heading.extend(figures.methods.iter().flat_map(heads));
    let cells = |of: &SessionFigures| {
        [Some(of.all), Some(of.base), of.new].map(|share| share.map_or("–".to_owned(), |share| percent(&share)))
    };
    let row = |session: usize| -> Option<Vec<String>> {
        let classes = figures.methods.first()?.sessions.get(session)?.classes;
        let own = figures.methods.iter().filter_map(|of| of.sessions.get(session)).flat_map(cells);
        Some([classes.to_string(), format!("{:.1}", 100.0 / classes as f64)].into_iter().chain(own).collect())
    };
    let mut mean = vec!["mean over sessions".to_owned(), String::new()];
    let of_method = |of: &MethodFigures| [percent(&of.mean), String::new(), String::new()];
    mean.extend(figures.methods.iter().flat_map(of_method));
    let rows: Vec<Vec<String>> =
        std::iter::once(heading).chain((0..).map_while(row)).chain(std::iter::once(mean)).collect();
    let repetitions = figures.protocol.repetitions;
    format!("{}95 % intervals over {repetitions} repetitions\n", aligned(&rows, &[Align::Left, Align::Right]))
}
