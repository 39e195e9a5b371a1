//! Phases of traffic through finite buffers.

use serde::Serialize;

use super::fabric::Fabric;
use super::router::{CORE, HOST};
use super::{packets_of_legs, region};
use crate::error::ChipError;
use crate::place::{Position, Region};
use crate::route::Routes;
use crate::spec::ChipSpec;

/// Packets of a phase that are simulated at most.
const MOST_PACKETS: u64 = 1 << 26;

/// Clocks of a phase that are simulated at most.
const MOST_CYCLES: u32 = 1 << 30;

/// Lets phases of packets go through the routers.
#[derive(Clone, Debug)]
pub struct Simulator<'r> {
    routes: &'r Routes,
    region: Region,
    fabric: Fabric,
    /// Legs that senders send: router, memory, leg; those of a memory follow one another.
    sent: Vec<(usize, usize, u32)>,
}

/// What became of a phase's packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Delivered {
    /// Clocks until the last one had arrived.
    pub cycles: u64,
    /// Packets that cores and the host sent.
    pub injected: u64,
    /// Packets that receivers and stops on detours sent on.
    pub relayed: u64,
    /// Packets that receivers got.
    pub delivered: u64,
    /// Packets times hops, within chips.
    pub packet_hops: u64,
    /// Packets times hops from chip to chip.
    pub chip_hops: u64,
    /// Packets times clocks that they waited at the head of an input for a link, for room behind it, or for their turn.
    pub stalls: u64,
}

impl<'r> Simulator<'r> {
    /// The routers that `routes` pass, empty.
    ///
    /// # Errors
    /// A rectangle of routers that takes too much memory.
    pub fn new(routes: &'r Routes, chip: &ChipSpec) -> Result<Simulator<'r>, ChipError> {
        let region = region(routes)?;
        let fabric = Fabric::new(routes, &region, &chip.noc)?;
        let first = routes.legs().iter().enumerate().filter(|(_, leg)| leg.after.is_none());
        let memory = |cast| if routes.from_host(cast) { HOST } else { CORE };
        let mut sent: Vec<(usize, usize, u32)> =
            first.map(|(number, leg)| (region.index(leg.from).unwrap_or(0), memory(leg.cast), number as u32)).collect();
        sent.sort_unstable();
        Ok(Simulator { routes, region, fabric, sent })
    }

    /// A phase in which casts send so many `packets`, all of them waiting when it starts.
    ///
    /// # Errors
    /// Counts that are not as many as casts; more than 2²⁶ packets, or 2³⁰ clocks.
    pub fn run(&mut self, packets: &[u64]) -> Result<Delivered, ChipError> {
        let total = packets_of_legs(self.routes, packets, MOST_PACKETS, "simulated")?;
        self.fabric.clear();
        if total == 0 {
            return Ok(Delivered::default());
        }
        let injected = self.send(packets);
        let cycles = self.until_all_arrived(total)?;
        let counts = self.fabric.counts;
        Ok(Delivered {
            cycles,
            injected,
            relayed: counts.arrived - injected,
            delivered: counts.delivered,
            packet_hops: counts.hops - counts.chip_hops,
            chip_hops: counts.chip_hops,
            stalls: self.routers().map(|(_, stalls, _)| stalls).sum(),
        })
    }

    /// In the last phase, router by router: packets times clocks that they waited there, and packets that its core received.
    pub fn routers(&self) -> impl Iterator<Item = (Position, u64, u64)> + '_ {
        (0..self.fabric.routers()).map(|router| {
            let (stalls, delivered) = self.fabric.of_router(router);
            (self.region.position(router), stalls, delivered)
        })
    }

    /// Fills the senders' memories; how many packets they send.
    fn send(&mut self, packets: &[u64]) -> u64 {
        let legs = self.routes.legs();
        let mut injected = 0;
        for &(router, memory, leg) in &self.sent {
            let count = packets[legs[leg as usize].cast];
            if count > 0 {
                self.fabric.sources.add(router, memory, leg, count);
                injected += count;
            }
        }
        let mut last = None;
        for &(router, ..) in &self.sent {
            if last.replace(router) != Some(router) {
                self.fabric.start(router);
            }
        }
        injected
    }

    /// Clocks until `total` packets are at the ends of their legs.
    fn until_all_arrived(&mut self, total: u64) -> Result<u64, ChipError> {
        let mut now = 0;
        loop {
            let clock = self.fabric.clock(now);
            if self.fabric.counts.arrived == total {
                return Ok(u64::from(now) + 1);
            }
            // If nothing moved, nothing does until a packet or a link is ready; never, if none will be.
            now = if clock.moved == 0 { clock.wake } else { now + 1 };
            if now >= MOST_CYCLES {
                let delivered = self.fabric.counts.arrived;
                return Err(ChipError::Late { cycles: u64::from(now), delivered, packets: total });
            }
        }
    }
}
