//! Glocal: train, evaluate and reproduce spiking networks that learn globally and locally at once.
//!
//! The facade over [`glocal_core`] (the science) and [`glocal_data`] (bytes to samples): it knows files, epochs and
//! clocks, and contains no equation. A run follows
//!
//! ```text
//! RunConfig -> Images -> train -> RunFolder{config, metrics, checkpoints, summary} -> evaluate -> Report
//! ```

pub mod bench;
pub mod board;
#[cfg(doctest)]
mod book;
pub mod chip;
pub mod class_incremental;
pub mod compare;
pub mod config;
pub mod continual;
pub mod cost;
pub mod doctor;
pub mod error;
pub mod evaluate;
pub mod event_picture;
pub mod experiments;
pub mod few_shot;
pub mod interrupt;
pub mod machine;
pub mod nir;
pub mod progress;
pub mod report;
pub mod run_folder;
pub mod samples;
pub mod train;

pub use config::RunConfig;
pub use error::GlocalError;
pub use evaluate::{EvalOptions, Evaluation, evaluate};
pub use run_folder::RunFolder;
pub use samples::{Damage, Part, RunSamples, Samples};
pub use train::{Summary, TrainOptions, train};
