//! How the values of one sample are arranged.

use std::fmt;

/// Arrangement of the values of one sample at one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A plain row of neurons.
    Flat(usize),
    /// A map. Between layers channels come last: value (c, y, x) stands at `(y * width + x) * channels + c`.
    Map {
        /// Channels C.
        channels: usize,
        /// Height H.
        height: usize,
        /// Width W.
        width: usize,
    },
}

impl Shape {
    /// Number of values; 0 if it does not fit into a machine word.
    pub fn len(self) -> usize {
        self.checked_len().unwrap_or(0)
    }

    /// Number of values, if it fits into a machine word.
    pub fn checked_len(self) -> Option<usize> {
        match self {
            Shape::Flat(len) => Some(len),
            Shape::Map { channels, height, width } => channels.checked_mul(height)?.checked_mul(width),
        }
    }

    /// Whether it has no value.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shape::Flat(len) => write!(f, "{len}"),
            Shape::Map { channels, height, width } => write!(f, "{channels} x {height} x {width}"),
        }
    }
}
