//! A mapped network at work.

mod faults;
mod functional;
mod phase;
mod program;
mod timed;

pub use faults::Faults;
pub use functional::Machine;
pub use phase::{Schedule, busy_cycles, schedule};
pub use program::Program;
pub use timed::{Network, PhaseFigures, Placed, Timed, TimedMachine, flows};
