//! What waits in the memories of senders.

use std::collections::VecDeque;

use super::fabric::{HOST, Slot};

/// A core's own packets, or the host's: casts that still send, in turn.
#[derive(Clone, Copy, Debug, Default)]
struct Source {
    first: u32,
    casts: u32,
    turn: u32,
}

/// Packets of a leg that its sender has not sent yet.
#[derive(Clone, Copy, Debug)]
struct Unsent {
    leg: u32,
    packets: u64,
}

/// Senders' memories, two at each router: the core's and the host's.
#[derive(Clone, Debug)]
pub(super) struct Sources {
    sources: Vec<Source>,
    unsent: Vec<Unsent>,
    /// Packets that each core is to hand on: their legs, and when they may leave.
    relays: Vec<VecDeque<Slot>>,
}

impl Sources {
    pub(super) fn new(routers: usize) -> Sources {
        Sources {
            sources: vec![Source::default(); routers * 2],
            unsent: Vec::new(),
            relays: vec![VecDeque::new(); routers],
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.sources.fill(Source::default());
        self.unsent.clear();
        self.relays.iter_mut().for_each(VecDeque::clear);
    }

    /// Adds packets of a leg from the memory `port` of `router`; those of a memory must follow one another.
    pub(super) fn add(&mut self, router: usize, port: usize, leg: u32, packets: u64) {
        let source = &mut self.sources[router * 2 + usize::from(port == HOST)];
        if source.casts == 0 {
            source.first = self.unsent.len() as u32;
        }
        source.casts += 1;
        self.unsent.push(Unsent { leg, packets });
    }

    /// Lets the core at `router` hand on a packet.
    pub(super) fn relay(&mut self, router: usize, slot: Slot) {
        self.relays[router].push_back(slot);
    }

    /// The next packet out of the memory `port` of `router`, its leg and the clock from which on it may leave: first what is handed
    /// on, then the core's own, a packet of each cast in turn.
    #[inline]
    pub(super) fn next(&mut self, router: usize, port: usize) -> Option<Slot> {
        if port != HOST
            && let Some(slot) = self.relays[router].pop_front()
        {
            return Some(slot);
        }
        let source = &mut self.sources[router * 2 + usize::from(port == HOST)];
        if source.casts == 0 {
            return None;
        }
        let at = (source.first + source.turn) as usize;
        let Unsent { leg, packets } = &mut self.unsent[at];
        *packets -= 1;
        let slot = Slot { ready: 0, packet: *leg };
        if *packets == 0 {
            source.casts -= 1;
            self.unsent.swap(at, (source.first + source.casts) as usize);
        } else {
            source.turn += 1;
        }
        if source.turn >= source.casts {
            source.turn = 0;
        }
        Some(slot)
    }
}
