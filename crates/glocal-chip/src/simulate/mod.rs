//! A mapped network at work.

mod faults;
mod functional;
mod host;
mod past;
mod phase;
mod program;
mod tally;
mod timed;
mod timed_episode;

pub use faults::Faults;
pub use functional::Machine;
pub use host::{Exchanged, most_exchanged};
pub use phase::{Schedule, busy_cycles, schedule, schedule_of};
pub use program::Program;
pub use tally::Tally;
pub use timed::{Network, PhaseFigures, Placed, Timed, TimedMachine, flows};
pub use timed_episode::{TimedEpisode, TimedEpisodes};
