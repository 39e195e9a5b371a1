//! A mapped network at work.

mod faults;
mod functional;
mod phase;
mod program;

pub use faults::Faults;
pub use functional::Machine;
pub use phase::{Schedule, busy_cycles, schedule};
pub use program::Program;
