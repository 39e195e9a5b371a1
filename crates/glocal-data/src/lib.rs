//! Bytes to samples.
