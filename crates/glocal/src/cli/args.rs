//! Options that all commands share, and what they amount to.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use glocal::interrupt::StopSignal;
use glocal::progress::Progress;
use glocal::{GlocalError, TrainOptions};
use glocal_data::Locations;
use serde::Serialize;

use crate::output::{print, print_json};
use crate::{
    bench, chip, class_incremental, completions, data, eval, fewshot, nir, quickstart, report, reproduce, train,
};

/// Spiking neural networks that learn globally (backprop through time) and locally (synaptic plasticity) at once.
#[derive(Debug, Parser)]
#[command(
    name = "glocal",
    version,
    propagate_version = true,
    after_help = "\
Examples:
  glocal quickstart                                     the three arms on built-in images, under a minute
  glocal train my.toml --set training.epochs=5          one run, into runs/my-seed0
  glocal train --resume runs/my-seed0                   go on after Ctrl-C, to the same bits
  glocal eval runs/my-seed0 --corrupt gaussian=0.06     accuracy on noisy test images
  glocal reproduce fashion-demo                         a published result, beside the published figures"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train the hybrid network and its two halves on built-in images and compare them
    Quickstart(quickstart::QuickstartArgs),
    /// Train a network from a config file, or go on with a run
    Train(train::TrainArgs),
    /// Judge a trained network, on clean or corrupted images
    Eval(eval::EvalArgs),
    /// Show a trained network a few pictures of your own classes, and ask about others
    Fewshot(fewshot::FewShotArgs),
    /// Show a few-shot network new classes session after session, and ask about all so far
    ClassIncremental(class_incremental::ClassIncrementalArgs),
    /// Carry out a published experiment and compare with the published figures
    Reproduce(reproduce::ReproduceArgs),
    /// List, fetch, find and check data sets; look at files of events and convert them
    #[command(subcommand)]
    Data(data::DataCommand),
    /// Write one self-contained HTML page about some runs
    Report(report::ReportArgs),
    /// Bring a trained network to the chip
    #[command(subcommand)]
    Chip(chip::ChipCommand),
    /// Exchange networks with other tools as NIR files
    #[command(subcommand)]
    Nir(nir::NirCommand),
    /// Measure the training step on this machine
    Bench(bench::BenchArgs),
    /// Tell what this machine and this installation have, and what is missing
    Doctor,
    /// Print what makes a shell complete commands and options
    Completions(completions::CompletionsArgs),
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// Worker threads [default: one per core]; results do not depend on it
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Folder with data sets, looked in before $GLOCAL_DATA, the user's and the system's
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Tell no progress; errors and results are still printed
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Print results as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// When to colour messages: auto, always or never; NO_COLOR is respected
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    pub color: ColorWhen,
}

/// When to colour messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal that wants it
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl ColorWhen {
    /// Tells the printing streams.
    pub fn write_global(self) {
        match self {
            ColorWhen::Auto => anstream::ColorChoice::Auto,
            ColorWhen::Always => anstream::ColorChoice::Always,
            ColorWhen::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

/// What the shared options amount to.
#[derive(Debug)]
pub struct Context {
    /// Where data sets are looked for.
    pub locations: Locations,
    /// Where progress is told.
    pub progress: Progress,
    /// How results are printed.
    pub form: Form,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Words,
    /// For programs.
    Json,
}

impl Context {
    /// Sets the thread count and looks at the machine.
    ///
    /// # Errors
    /// The threads cannot be started.
    pub fn new(global: Global) -> Result<Context, GlocalError> {
        if let Some(threads) = global.threads {
            let built = rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads)).build_global();
            built.map_err(|error| GlocalError::Usage {
                message: format!("cannot start {threads} threads: {error}"),
                hint: "give a smaller --threads".into(),
            })?;
        }
        Ok(Context {
            locations: Locations::of_this_machine(global.data),
            form: if global.json { Form::Json } else { Form::Words },
            progress: if global.quiet { Progress::Silent } else { Progress::for_stderr() },
        })
    }

    /// Prints a result, for people or for programs.
    ///
    /// # Errors
    /// Stdout cannot be written.
    pub fn print(&self, result: &impl Serialize, in_words: impl FnOnce() -> String) -> Result<(), GlocalError> {
        match self.form {
            Form::Words => print(&in_words()),
            Form::Json => print_json(result),
        }
    }

    /// Training that tells its progress and listens for Ctrl-C.
    ///
    /// # Errors
    /// The system refuses the signal handler.
    pub fn train_options(&self) -> Result<TrainOptions, GlocalError> {
        let stop = StopSignal::default();
        stop.listen()?;
        Ok(TrainOptions { progress: self.progress, stop, ..TrainOptions::new(self.locations.clone()) })
    }
}
