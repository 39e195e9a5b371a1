//! How packets travel from core to core.

use serde::{Deserialize, Serialize};

use super::Sourced;

/// The mesh of routers, one for each core, and the links between chips.
///
/// # Units
/// Clocks of the chip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NocSpec {
    /// Bytes of a packet.
    pub packet_bytes: Sourced<u64>,
    /// Clocks from one router to the next.
    pub hop_cycles: Sourced<u64>,
    /// Clocks for which a packet takes a link; 0: links have no limit.
    pub link_cycles: Sourced<u64>,
    /// Clocks from a router to the next on another chip.
    pub chip_hop_cycles: Sourced<u64>,
    /// Clocks for which a packet takes a link between chips; 0: no limit.
    pub chip_link_cycles: Sourced<u64>,
    /// What a hop to another chip counts for when cores are placed, in hops.
    pub chip_hop_cost: Sourced<u64>,
    /// Packets that wait at each of a router's inputs.
    pub buffer_packets: Sourced<u64>,
    /// How a packet reaches several cores.
    pub casting: Sourced<Casting>,
    /// Column of the router at which the host's packets enter.
    pub host_column: Sourced<u64>,
    /// Row of that router.
    pub host_row: Sourced<u64>,
}

/// How a packet reaches several cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Casting {
    /// The sender sends one to each.
    Unicast,
    /// The sender sends one to the nearest, which hands it on to the one nearest to it, and so on.
    Chain,
    /// Along a shortest tree: who receives it hands it on to none, one or several.
    Tree,
}
