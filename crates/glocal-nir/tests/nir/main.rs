//! `glocal-nir` from outside.

mod damage;
mod exported;
mod golden;
mod imported;
mod made;
mod refused;
