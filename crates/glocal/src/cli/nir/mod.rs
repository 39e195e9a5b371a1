//! `glocal nir`.

mod export;
mod import;
mod run;
mod show;

use clap::{Args, Subcommand, ValueEnum};
use glocal::GlocalError;
use glocal_nir::Discretisation;

use crate::args::Context;

/// Commands of `glocal nir`.
#[derive(Debug, Subcommand)]
pub enum NirCommand {
    /// Write a trained network as a NIR file, for norse, snnTorch, sinabs and others
    Export(export::ExportArgs),
    /// Make a run of a NIR file, to judge it and train it on
    Import(import::ImportArgs),
    /// What is in a NIR file: nodes, shapes, parameters, and what is wrong with it
    Show(show::ShowArgs),
    /// Run a NIR file on an input, node by node, layers or not
    Run(run::RunArgs),
}

/// Carries out the command.
///
/// # Errors
/// A folder that is no run, a file that is no NIR file, a network that NIR cannot say or the engine has no layers for.
pub fn run(command: &NirCommand, context: &Context) -> Result<(), GlocalError> {
    match command {
        NirCommand::Export(args) => args.run(context),
        NirCommand::Import(args) => args.run(context),
        NirCommand::Show(args) => args.run(context),
        NirCommand::Run(args) => args.run(context),
    }
}

/// Whose neurons a file's are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Reader {
    /// Euler steps of dt, hard reset: norse, snnTorch and most others
    Euler,
    /// tau in steps, several spikes a step, soft reset
    Sinabs,
}

/// What the time constants of a file mean.
#[derive(Clone, Copy, Debug, Args)]
struct TimeArgs {
    /// Time step in seconds: NIR keeps none. snnTorch takes 1e-4, norse 1e-3 unless told [default: the file's, if
    /// Glocal wrote it]
    #[arg(long, value_name = "SECONDS")]
    dt: Option<f64>,
    /// The file is sinabs': time constants in steps, several spikes a step
    #[arg(long, conflicts_with = "dt")]
    sinabs: bool,
}

impl TimeArgs {
    fn discretisation(self) -> Option<Discretisation> {
        match self.sinabs {
            true => Some(Discretisation::Sinabs),
            false => self.dt.map(|dt| Discretisation::Euler { dt }),
        }
    }
}
