//! Tasks in a row: one network learns them one after the other, and is judged on all of them.
//!
//! A run's state between two tasks is all weights (the bank), what the method remembers, and the figures so far; it is saved
//! after every task. A run that was stopped goes on with the task that it was at, to the same bits, and a sequence may be made
//! longer later.

mod bank;
mod config;
mod figures;
mod memory;
mod run;

pub use config::{ContinualConfig, MaskSharing, MetaPhase, Method};
pub use figures::{ContinualFigures, Cost, Unnamed};

pub(crate) use run::{Tasks, learn, may_differ};
