//! Several tasks for one network, which learns them in turn or together and is judged on all of them.
//!
//! All weights lie in a bank; a task's network is filled from it. In turn, a run's state between two tasks is the bank, what the
//! method remembers, and the figures so far; it is saved after every task. A run that was stopped goes on with the task that it
//! was at, to the same bits, and a sequence may be made longer later. Together, the state is saved after every epoch.

mod bank;
mod config;
mod figures;
mod in_turn;
mod judge;
mod memory;
mod networks;
mod saved;
mod tally;
mod tasks;
mod together;

use crate::error::GlocalError;
use crate::run_folder::RunFolder;
use crate::train::{Summary, TrainOptions};

pub use config::{ContinualConfig, FisherLabels, MaskSharing, MetaPhase, Method, Order};
pub use figures::{ContinualFigures, Cost, Unnamed};

pub(crate) use config::may_differ;
pub(crate) use judge::Judged;
pub(crate) use tasks::Tasks;

/// Learns what is not learned yet and sums up.
///
/// # Errors
/// A damaged checkpoint; divergence; or [`GlocalError::Stopped`] after a wish to stop.
pub(crate) fn learn(
    tasks: Tasks<'_>,
    continual: &ContinualConfig,
    folder: &RunFolder,
    options: &TrainOptions,
) -> Result<Summary, GlocalError> {
    let config = tasks.config;
    let test = match continual.order {
        Order::InTurn => in_turn::learn(tasks, continual, folder, options),
        Order::Together => together::learn(tasks, continual, folder, options),
    }?;
    let summary = Summary::of_tasks(config, folder, test)?;
    summary.write(folder)?;
    Ok(summary)
}
