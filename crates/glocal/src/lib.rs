//! Glocal: the facade.

pub mod report;
