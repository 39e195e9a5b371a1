//! What each link carries, and the clocks that this takes at least.

use serde::Serialize;

use super::{Clocks, packets_of_legs, region};
use crate::energy::Activity;
use crate::error::ChipError;
use crate::place::{Board, Position, Region};
use crate::route::{Direction, Leg, Link, Routes, xy};
use crate::spec::{ChipSpec, NocSpec};

/// Packets of a phase that are counted at most.
const MOST_PACKETS: u64 = 1 << 40;

/// What a phase's packets ask of the links.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    region: Region,
    /// Links of each router in the order of [`Direction::ALL`].
    links: Vec<u64>,
    /// Counts and bounds.
    pub figures: LoadFigures,
}

/// A phase's packets in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LoadFigures {
    /// Packets that cores and the host send.
    pub injected: u64,
    /// Of these, the host's.
    pub from_host: u64,
    /// Packets that receivers and stops on detours send on.
    pub relayed: u64,
    /// Packets that receivers get.
    pub delivered: u64,
    /// Packets times hops, within chips.
    pub packet_hops: u64,
    /// Packets times hops from chip to chip.
    pub chip_hops: u64,
    /// The link that carries most, and how many; `None` if nothing leaves its router.
    pub busiest: Option<(Link, u64)>,
    /// Clocks that the packet with the longest way takes alone.
    pub longest: u64,
    /// Clocks that the phase takes at least.
    pub cycles_at_least: u64,
}

/// What limits packets: a router's links, its way into the core, the core's way out, the host's.
const LANES: usize = 7;
const INTO_CORE: usize = 4;
const OUT_OF_CORE: usize = 5;
const OUT_OF_HOST: usize = 6;

/// What one lane carries: packets, the clock at which the first may come, and the clocks that the last still needs.
#[derive(Clone, Copy, Debug)]
struct Lane {
    packets: u64,
    head: u64,
    tail: u64,
}

/// What `routes` ask of every link if casts send so many `packets`.
///
/// # Equation
/// A lane that n packets take for c clocks each is done after head + (n - 1) c + tail, where head is when the first can be there and
/// tail what is left of the shortest way from there. The phase takes at least the most of these over all lanes, and the longest way.
///
/// # Errors
/// Counts that are not as many as casts; more than 2⁴⁰ packets; more than 2²⁰ routers.
pub fn load(routes: &Routes, chip: &ChipSpec, packets: &[u64]) -> Result<Load, ChipError> {
    packets_of_legs(routes, packets, MOST_PACKETS, "counted")?;
    let clocks = Clocks::of(&chip.noc);
    let times = Times::new(routes, &clocks);
    let region = region(routes)?;
    let mut counter = Counter {
        region,
        board: routes.board(),
        clocks,
        lanes: vec![Lane { packets: 0, head: u64::MAX, tail: u64::MAX }; region.len() * LANES],
        figures: LoadFigures::default(),
    };
    for (number, leg) in routes.legs().iter().enumerate().filter(|(_, leg)| packets[leg.cast] > 0) {
        counter.leg(leg, packets[leg.cast], routes.from_host(leg.cast), (times.start[number], times.after[number]));
    }
    Ok(counter.finish())
}

impl Load {
    /// Packets that take `link`.
    pub fn of(&self, link: Link) -> u64 {
        self.region.index(link.from).map_or(0, |router| self.links[router * 4 + link.toward as usize])
    }

    /// All links that carry anything, with their packets, router by router.
    pub fn links(&self) -> impl Iterator<Item = (Link, u64)> + '_ {
        let used = self.links.iter().enumerate().filter(|(_, packets)| **packets > 0);
        used.map(|(number, &packets)| (link_of(&self.region, number / 4, number % 4), packets))
    }
}

impl LoadFigures {
    /// What the packets add to the chip's work.
    pub fn activity(&self, noc: &NocSpec) -> Activity {
        Activity {
            spikes: self.injected - self.from_host + self.relayed,
            packet_hops: self.packet_hops,
            chip_hops: self.chip_hops,
            host_bytes: self.from_host.saturating_mul(noc.packet_bytes.value),
            ..Activity::default()
        }
    }
}

fn link_of(region: &Region, router: usize, direction: usize) -> Link {
    Link { from: region.position(router), toward: Direction::ALL[direction] }
}

/// 1 for a link to another chip, else 0.
fn crosses(link: Link, board: &Board) -> usize {
    usize::from(link.to().is_some_and(|to| board.crossings(link.from, to) > 0))
}

/// Clocks that a packet takes alone from the beginning of a leg into the core at its end.
fn takes(leg: &Leg, board: &Board, clocks: &Clocks) -> u64 {
    let across = board.crossings(leg.from, leg.to);
    let within = board.hops(leg.from, leg.to) - across;
    u64::from(within) * u64::from(clocks.hop[0]) + u64::from(across) * u64::from(clocks.hop[1]) + 1
}

/// When each leg can start at the earliest, and the clocks that those after it still take.
struct Times {
    start: Vec<u64>,
    after: Vec<u64>,
}

impl Times {
    fn new(routes: &Routes, clocks: &Clocks) -> Times {
        let (board, legs) = (routes.board(), routes.legs());
        let takes = |leg: &Leg| takes(leg, board, clocks);
        let mut start = vec![0; legs.len()];
        for (number, leg) in legs.iter().enumerate() {
            start[number] = leg.after.map_or(0, |before| start[before] + takes(&legs[before]));
        }
        let mut after = vec![0; legs.len()];
        for (number, leg) in legs.iter().enumerate().rev() {
            if let Some(before) = leg.after {
                after[before] = after[before].max(takes(leg) + after[number]);
            }
        }
        Times { start, after }
    }
}

struct Counter<'a> {
    region: Region,
    board: &'a Board,
    clocks: Clocks,
    lanes: Vec<Lane>,
    figures: LoadFigures,
}

impl Counter<'_> {
    fn leg(&mut self, leg: &Leg, packets: u64, from_host: bool, (start, after): (u64, u64)) {
        let end = start + takes(leg, self.board, &self.clocks);
        let done = end + after;
        let out = if from_host && leg.after.is_none() { OUT_OF_HOST } else { OUT_OF_CORE };
        self.take(leg.from, out, packets, start, done);
        let mut now = start;
        for link in xy(leg.from, leg.to) {
            self.take(link.from, link.toward as usize, packets, now, done);
            now += u64::from(self.clocks.hop[crosses(link, self.board)]);
        }
        self.take(leg.to, INTO_CORE, packets, now, done);
        let figures = &mut self.figures;
        let across = u64::from(self.board.crossings(leg.from, leg.to));
        figures.chip_hops += packets * across;
        figures.packet_hops += packets * (u64::from(self.board.hops(leg.from, leg.to)) - across);
        figures.longest = figures.longest.max(end);
        figures.delivered += if leg.receives { packets } else { 0 };
        figures.relayed += if leg.after.is_some() { packets } else { 0 };
        figures.injected += if leg.after.is_none() { packets } else { 0 };
        figures.from_host += if out == OUT_OF_HOST { packets } else { 0 };
    }

    /// `packets` take a lane of the router at `at`, from clock `now` on; all that follows takes until `done`.
    fn take(&mut self, at: Position, lane: usize, packets: u64, now: u64, done: u64) {
        if let Some(router) = self.region.index(at) {
            let lane = &mut self.lanes[router * LANES + lane];
            lane.packets += packets;
            lane.head = lane.head.min(now);
            lane.tail = lane.tail.min(done - now);
        }
    }

    /// Clocks for which a packet takes this lane.
    fn taken(&self, router: usize, lane: usize) -> u64 {
        let within = u64::from(self.clocks.link[0]);
        match lane {
            INTO_CORE => within,
            OUT_OF_CORE | OUT_OF_HOST => within.min(1),
            _ => u64::from(self.clocks.link[crosses(link_of(&self.region, router, lane), self.board)]),
        }
    }

    fn finish(self) -> Load {
        let mut figures = self.figures;
        figures.cycles_at_least = figures.longest;
        let mut links = vec![0; self.region.len() * 4];
        for (number, lane) in self.lanes.iter().enumerate().filter(|(_, lane)| lane.packets > 0) {
            let (router, own) = (number / LANES, number % LANES);
            let waits = (lane.packets - 1).saturating_mul(self.taken(router, own));
            figures.cycles_at_least = figures.cycles_at_least.max((lane.head + lane.tail).saturating_add(waits));
            if own < 4 {
                links[router * 4 + own] = lane.packets;
                if figures.busiest.is_none_or(|(_, most)| lane.packets > most) {
                    figures.busiest = Some((link_of(&self.region, router, own), lane.packets));
                }
            }
        }
        Load { region: self.region, links, figures }
    }
}
