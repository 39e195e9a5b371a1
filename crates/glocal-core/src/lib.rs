//! The science of Glocal.
