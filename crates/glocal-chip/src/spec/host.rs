//! The link to a host that moves plastic weights.

use serde::{Deserialize, Serialize};

use super::Sourced;

/// The link between a chip and a host that reads potentials and writes plastic weights between phases, beside the packets.
///
/// # Equation
/// t = latency + bytes / rate, for each exchange of one step; the chip waits for it.
///
/// # Units
/// Bytes, microseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostSpec {
    /// Bytes that the link carries in a microsecond, either way.
    pub bytes_per_us: Sourced<f64>,
    /// Time of an exchange beside that of its bytes, there and back.
    pub latency_us: Sourced<f64>,
}

impl HostSpec {
    /// Microseconds of an exchange of so many bytes.
    pub fn microseconds(&self, bytes: u64) -> f64 {
        self.latency_us.value + bytes as f64 / self.bytes_per_us.value
    }
}
