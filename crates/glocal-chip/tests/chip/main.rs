//! The chip against the integer reference, and the integer reference against the network in floats.

mod codebook;
mod episodes;
mod float;
mod forms;
mod made;
mod mapped;
mod timed;
mod windows;
