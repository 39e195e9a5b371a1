//! Routers and links, clock by clock.
//!
//! A router has an input with a buffer from each of its neighbours, one from its core and one from the host; an output to each
//! neighbour and one into the core. In a clock each output takes one packet of those at the heads of the inputs, in turn. A packet
//! leaves only if the buffer that it goes to has room: the sender counts, and hears of freed room a clock later. All routers see the
//! state at the start of the clock, so that their order does not matter.

use super::Clocks;
use super::router::{Asking, CORE, HOST, NOBODY, Router, Slot, Target, empty, router};
use super::sources::Sources;
use crate::error::ChipError;
use crate::place::Region;
use crate::route::Routes;
use crate::spec::NocSpec;

/// What a clock brought.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// Packets that moved.
    pub(super) moved: u32,
    /// The next clock at which a packet or link becomes ready that was not; `u32::MAX` if there is none.
    pub(super) wake: u32,
}

/// Packets under way so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) arrived: u64,
    pub(super) delivered: u64,
    pub(super) hops: u64,
    pub(super) chip_hops: u64,
}

/// The routers of a region, and what is in their buffers.
#[derive(Clone, Debug)]
pub(super) struct Fabric {
    routers: Vec<Router>,
    /// Routers that are looked at in the next clock, as bits: those in which anything may move.
    active: Vec<u64>,
    /// Packets behind the first of each input.
    buffers: Vec<Slot>,
    /// A buffer's size is a power of two: its exponent.
    buffer_bits: u32,
    depth: u16,
    /// Room that was freed: router · 4 + output.
    freed: Vec<u32>,
    targets: Vec<Target>,
    receives: Vec<bool>,
    /// Legs that follow each leg.
    first_next: Vec<u32>,
    next: Vec<u32>,
    pub(super) sources: Sources,
    columns: usize,
    clocks: Clocks,
    pub(super) counts: Counts,
}

/// Places in all buffers at most.
const MOST_SLOTS: u64 = 1 << 26;

impl Fabric {
    pub(super) fn new(routes: &Routes, region: &Region, noc: &NocSpec) -> Result<Fabric, ChipError> {
        let depth = u16::try_from(noc.buffer_packets.value).unwrap_or(u16::MAX >> 1).clamp(1, u16::MAX >> 1);
        let size = u64::from(depth.next_power_of_two());
        let routers = region.len() as u64;
        if routers * 4 * size > MOST_SLOTS {
            return Err(ChipError::TooManyRouters { routers, most: MOST_SLOTS / 4 / size });
        }
        let target =
            |number: usize| Target { column: number as u32 % region.columns, row: number as u32 / region.columns };
        let legs = routes.legs();
        let targets = legs.iter().map(|leg| target(region.index(leg.to).unwrap_or(0))).collect();
        let (first_next, next) = following(routes);
        Ok(Fabric {
            routers: (0..region.len()).map(|number| router(number, region, routes.board(), depth)).collect(),
            active: vec![0; region.len().div_ceil(64)],
            buffers: vec![Slot::default(); (routers * 4 * size) as usize],
            buffer_bits: size.trailing_zeros(),
            depth,
            freed: Vec::new(),
            targets,
            receives: legs.iter().map(|leg| leg.receives).collect(),
            first_next,
            next,
            sources: Sources::new(region.len()),
            columns: region.columns as usize,
            clocks: Clocks::of(noc),
            counts: Counts::default(),
        })
    }

    /// Empties everything.
    pub(super) fn clear(&mut self) {
        let depth = self.depth;
        for router in &mut self.routers {
            *router = Router { column: router.column, row: router.row, crossing: router.crossing, ..empty(depth) };
        }
        self.active.fill(0);
        self.freed.clear();
        self.sources.clear();
        self.counts = Counts::default();
    }

    /// Takes the first packets out of the memories of a router's senders.
    pub(super) fn start(&mut self, router: usize) {
        for port in [CORE, HOST] {
            if self.routers[router].head[port].ready == u32::MAX {
                self.refill(router, port);
            }
        }
    }

    /// One clock of all routers with packets.
    pub(super) fn clock(&mut self, now: u32) -> Clock {
        let mut clock = Clock { moved: 0, wake: u32::MAX };
        for word in 0..self.active.len() {
            let mut left = self.active[word];
            while left != 0 {
                let bit = left.trailing_zeros();
                left &= left - 1;
                let router = word * 64 + bit as usize;
                let (moved, wake) = self.router(router, now);
                clock.moved += moved;
                clock.wake = clock.wake.min(wake);
                // If nothing moved and nothing will by itself, only a packet that comes or room that is freed changes that.
                if moved == 0 && wake == u32::MAX {
                    self.active[word] &= !(1 << bit);
                }
            }
        }
        for &link in &self.freed {
            let router = link as usize / 4;
            self.routers[router].room[link as usize % 4] += 1;
            self.active[router / 64] |= 1 << (router % 64);
        }
        self.freed.clear();
        clock
    }

    /// Clocks that packets waited at a router, and packets that it gave its core.
    pub(super) fn of_router(&self, router: usize) -> (u64, u64) {
        (self.routers[router].stalls, self.routers[router].delivered)
    }

    pub(super) fn routers(&self) -> usize {
        self.routers.len()
    }

    /// One clock of a router; where links have no limit, as many packets as there is room for. How many moved, and when one may that
    /// was not ready yet.
    #[inline]
    fn router(&mut self, number: usize, now: u32) -> (u32, u32) {
        let (mut all_moved, mut wake) = (0, u32::MAX);
        let waiting = loop {
            let (moved, waiting) = self.round(number, now, &mut wake);
            all_moved += moved;
            if self.clocks.link[0] > 0 || moved == 0 {
                break waiting;
            }
        };
        // Since it was last looked at, the same packets waited.
        let router = &mut self.routers[number];
        router.stalls += u64::from(router.waiting) * u64::from(now - router.seen);
        (router.waiting, router.seen) = (waiting, now);
        (all_moved, wake)
    }

    /// Each output of a router takes a packet, if it can; how many moved, and how many waited.
    #[inline]
    fn round(&mut self, number: usize, now: u32, wake: &mut u32) -> (u32, u32) {
        let Asking { mut left, heads } = self.routers[number].asking(now, wake);
        let mut moved = 0;
        while left != 0 {
            let output = left.trailing_zeros() as usize / 8;
            let asking = (left >> (8 * output)) as u8;
            left &= !(0xFF << (8 * output));
            let router = &mut self.routers[number];
            if router.free_at[output] > now {
                *wake = (*wake).min(router.free_at[output]);
            } else if output == CORE || router.room[output & 3] > 0 {
                let input = router.choose(output, asking);
                self.pass(number, input, output, now);
                moved += 1;
            }
        }
        (moved, heads - moved)
    }

    /// Moves the first packet of an input through an output.
    #[inline]
    fn pass(&mut self, number: usize, input: usize, output: usize, now: u32) {
        let router = &mut self.routers[number];
        let leg = router.head[input & 7].packet >> 3;
        let crossing = usize::from(router.crossing >> output & 1);
        router.free_at[output & 7] = now + self.clocks.link[crossing];
        if input < 4 {
            self.advance(number, input);
        } else {
            self.refill(number, input);
        }
        if output == CORE {
            self.arrive(number, leg, now);
            return;
        }
        self.routers[number].room[output & 3] -= 1;
        self.counts.hops += 1;
        self.counts.chip_hops += crossing as u64;
        let to = self.neighbour(number, output);
        self.push(to, output ^ 1, leg, now + self.clocks.hop[crossing]);
    }

    /// The next packet of an input from a neighbour comes to the front.
    #[inline]
    fn advance(&mut self, number: usize, input: usize) {
        let sender = self.neighbour(number, input);
        self.freed.push((sender * 4 + (input ^ 1)) as u32);
        let router = &mut self.routers[number];
        let input = input & 3;
        router.length[input] -= 1;
        if router.length[input] == 0 {
            router.head[input] = NOBODY;
            return;
        }
        let mask = (1 << self.buffer_bits) - 1;
        let second = usize::from(router.second[input]);
        router.head[input] = self.buffers[((number * 4 + input) << self.buffer_bits) + (second & mask)];
        router.second[input] = ((second + 1) & mask) as u16;
    }

    /// The next packet out of a sender's memory comes to the front.
    #[inline]
    fn refill(&mut self, number: usize, port: usize) {
        match self.sources.next(number, port) {
            Some(Slot { ready, packet: leg }) => self.front(number, port, leg, ready),
            None => self.routers[number].head[port & 7] = NOBODY,
        }
    }

    /// A packet enters the buffer of an input from a neighbour.
    #[inline]
    fn push(&mut self, number: usize, input: usize, leg: u32, ready: u32) {
        let router = &mut self.routers[number];
        let input = input & 3;
        let length = usize::from(router.length[input]);
        router.length[input] += 1;
        if length == 0 {
            self.front(number, input, leg, ready);
            return;
        }
        let mask = (1 << self.buffer_bits) - 1;
        let at = (usize::from(router.second[input]) + length - 1) & mask;
        let slot = router.slot(leg, ready, self.targets[leg as usize]);
        self.buffers[((number * 4 + input) << self.buffer_bits) + at] = slot;
    }

    /// A packet is the first of an input that had none, or has none any more.
    #[inline]
    fn front(&mut self, number: usize, input: usize, leg: u32, ready: u32) {
        let router = &mut self.routers[number];
        router.head[input & 7] = router.slot(leg, ready, self.targets[leg as usize]);
        self.active[number / 64] |= 1 << (number % 64);
    }

    /// A packet is at the end of its leg; those that follow may leave from the next clock on.
    #[inline]
    fn arrive(&mut self, number: usize, leg: u32, now: u32) {
        let leg = leg as usize;
        let received = u64::from(self.receives[leg]);
        self.counts.arrived += 1;
        self.counts.delivered += received;
        self.routers[number].delivered += received;
        for next in self.first_next[leg]..self.first_next[leg + 1] {
            let slot = Slot { ready: now + 1, packet: self.next[next as usize] };
            self.sources.relay(number, slot);
        }
        if self.routers[number].head[CORE].ready == u32::MAX {
            self.refill(number, CORE);
        }
    }

    #[inline]
    fn neighbour(&self, number: usize, direction: usize) -> usize {
        match direction {
            0 => number + 1,
            1 => number - 1,
            2 => number + self.columns,
            _ => number - self.columns,
        }
    }
}

/// For each leg, the legs that wait for it.
fn following(routes: &Routes) -> (Vec<u32>, Vec<u32>) {
    let legs = routes.legs();
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    pairs.extend(legs.iter().enumerate().filter_map(|(number, leg)| Some((leg.after? as u32, number as u32))));
    pairs.sort_unstable();
    let first = (0..=legs.len()).map(|leg| pairs.partition_point(|pair| (pair.0 as usize) < leg) as u32).collect();
    (first, pairs.into_iter().map(|(_, leg)| leg).collect())
}
