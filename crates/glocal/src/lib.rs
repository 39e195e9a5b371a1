//! Glocal: the facade.
