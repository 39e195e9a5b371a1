//! The chip against the integer reference, and the integer reference against the network in floats.

mod episodes;
mod float;
mod made;
mod mapped;
mod timed;
mod windows;
