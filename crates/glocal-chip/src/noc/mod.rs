//! Level 2: how long packets take.
//!
//! The time of a packet: it may leave its sender at clock 0, arrives `noc.hop_cycles` (`noc.chip_hop_cycles`) after it took a link, and
//! takes one clock from the last router into the core. So h hops take h · hop_cycles + 1 clocks if nothing is in the way. A packet
//! that is handed on may leave in the clock after it arrived. A sender's packets leave one a clock, those of its casts in turn.
//!
//! [`load`] bounds the clocks of a phase from below, by what each link carries; [`Simulator`] lets every packet go from router to
//! router.

mod fabric;
mod load;
mod router;
mod simulator;
mod sources;

pub use load::{Load, load};
pub use simulator::{Delivered, Simulator};

use crate::error::ChipError;
use crate::place::Region;
use crate::route::Routes;
use crate::spec::NocSpec;

/// Routers of the largest rectangle that is looked at.
pub(crate) const MOST_ROUTERS: u64 = 1 << 20;

/// The rectangle of routers that `routes` pass.
fn region(routes: &Routes) -> Result<Region, ChipError> {
    let region = routes.region();
    let routers = u64::from(region.columns) * u64::from(region.rows);
    if routers > MOST_ROUTERS {
        return Err(ChipError::TooManyRouters { routers, most: MOST_ROUTERS });
    }
    Ok(region)
}

/// Packets that all legs together carry, if casts send so many.
fn packets_of_legs(routes: &Routes, packets: &[u64], most: u64, done: &'static str) -> Result<u64, ChipError> {
    if packets.len() != routes.casts() {
        return Err(ChipError::Counts { expected: routes.casts(), found: packets.len() });
    }
    let total = routes.legs().iter().fold(0, |sum: u64, leg| sum.saturating_add(packets[leg.cast]));
    if total > most { Err(ChipError::TooManyPackets { packets: total, most, done }) } else { Ok(total) }
}

/// Clocks of a hop, and for which it takes the link: within a chip, and from chip to chip.
#[derive(Clone, Copy, Debug)]
struct Clocks {
    hop: [u32; 2],
    link: [u32; 2],
}

impl Clocks {
    /// Those of a description, also of one that was never checked.
    fn of(noc: &NocSpec) -> Clocks {
        let within = |cycles: u64, least: u64| cycles.clamp(least, 1 << 16) as u32;
        Clocks {
            hop: [within(noc.hop_cycles.value, 1), within(noc.chip_hop_cycles.value, 1)],
            link: [within(noc.link_cycles.value, 0), within(noc.chip_link_cycles.value, 0)],
        }
    }
}
