//! A mapped network at work.

mod functional;
mod phase;

pub use functional::{Machine, Program};
pub use phase::{Schedule, busy_cycles, schedule};
