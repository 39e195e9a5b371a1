//! The chip against the integer reference, and the integer reference against the network in floats.

mod codebook;
mod float;
mod forms;
mod made;
mod mapped;
mod timed;
mod windows;
