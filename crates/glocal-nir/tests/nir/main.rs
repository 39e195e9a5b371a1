//! `glocal-nir` from outside.

mod golden;
