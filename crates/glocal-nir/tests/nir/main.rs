//! `glocal-nir` from outside.

mod damage;
mod exported;
mod golden;
mod imported;
mod interop;
mod made;
mod nodes;
mod refused;
