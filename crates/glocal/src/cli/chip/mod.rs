//! `glocal chip`.

mod check;
mod episodes;
mod map;
mod probe;
mod quantise;
mod show;
mod simulate;
mod subject;

use clap::Subcommand;
use glocal::GlocalError;

use crate::args::Context;

/// Commands of `glocal chip`.
#[derive(Debug, Subcommand)]
pub enum ChipCommand {
    /// What is left of a trained network's accuracy in integers
    Quantise(quantise::QuantiseArgs),
    /// Whether a trained network fits a chip, and if not, why
    Check(check::CheckArgs),
    /// Which core holds what, where it lies, and who sends what to whom
    Map(map::MapArgs),
    /// What neurons, plastic weights and packets do for one image
    Probe(probe::ProbeArgs),
    /// What the cores of a chip compute, how exactly and how fast
    Simulate(simulate::SimulateArgs),
    /// A chip's description, every number with its source
    Show(show::ShowArgs),
}

/// Carries out the command.
///
/// # Errors
/// A folder that is no run, data that are not there, a network that cannot be quantised or does not fit.
pub fn run(command: &ChipCommand, context: &Context) -> Result<(), GlocalError> {
    match command {
        ChipCommand::Quantise(args) => args.run(context),
        ChipCommand::Check(args) => args.run(context),
        ChipCommand::Map(args) => args.run(context),
        ChipCommand::Probe(args) => args.run(context),
        ChipCommand::Simulate(args) => args.run(context),
        ChipCommand::Show(args) => args.run(context),
    }
}
